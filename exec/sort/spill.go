package sort

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
)

// forcedRun is the length of runs when spilling is forced, for tests.
const forcedRun = 100

// spillBatch is the number of rows in a frame of a spilled run.
const spillBatch = 1024

// spills are the runs of a sort that went to disk. A frame holds some rows:
// how many, their normalized keys, their values.
type spills struct {
	mu    sync.Mutex
	files []*mem.Spill
}

func (s *spills) some() bool { return len(s.files) > 0 }

// write sorts r and moves its rows to a file, the first most of them (negative:
// all); r is empty then.
func (s *spills) write(ctx context.Context, r *run, most int64) error {
	r.seal()
	ents, err := r.order(ctx)
	if err != nil {
		return err
	}
	if most >= 0 {
		ents = ents[:min(int64(len(ents)), most)]
	}
	return s.writeRows(ctx, r, ents)
}

// writeRows writes the rows of a sealed run in the order of its entries, and empties it.
func (s *spills) writeRows(ctx context.Context, r *run, ents []ent) error {
	f, err := mem.NewSpill(r.spec.env.SpillDir)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.files = append(s.files, f)
	s.mu.Unlock()
	var b vec.Batch
	var frame []byte
	part := make([]uint32, 0, spillBatch)
	for lo := 0; lo < len(ents); lo += spillBatch {
		if err := ctx.Err(); err != nil {
			return err
		}
		part = part[:0]
		for _, e := range ents[lo:min(lo+spillBatch, len(ents))] {
			part = append(part, e.row)
		}
		frame = binary.LittleEndian.AppendUint32(frame[:0], uint32(len(part)))
		for _, row := range part {
			frame = append(frame, r.key(row)...)
		}
		frame = mem.AppendBatch(frame, r.store.GatherRows(&b, part).Cols, len(part))
		if _, err := f.Write(frame); err != nil {
			return err
		}
	}
	r.release()
	return f.Flush()
}

// merged streams the input columns of all runs, on disk and in memory, in order.
func (s *spills) merged(ctx context.Context, o *Sorter) vec.Stream {
	cursors := make([]cursor, 0, len(s.files)+1)
	for _, f := range s.files {
		cursors = append(cursors, newFileCursor(f, o.spec))
	}
	if o.all != nil && len(o.rows) > 0 {
		cursors = append(cursors, &memoryCursor{run: o.all, rows: o.rows})
	}
	return mergeCursors(ctx, o.spec, cursors)
}

// fileCursor reads a spilled run.
type fileCursor struct {
	frames *mem.SpillReader
	spec   *Spec
	b      vec.Batch
}

func newFileCursor(f *mem.Spill, spec *Spec) *fileCursor {
	return &fileCursor{frames: f.Frames(0, f.Size()), spec: spec, b: *vec.NewBatch(spec.types, 0)}
}

func (c *fileCursor) next(ctx context.Context) (*vec.Batch, []byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	frame, err := c.frames.Next()
	if frame == nil || err != nil {
		return nil, nil, err
	}
	keys := frame[4:][:int(binary.LittleEndian.Uint32(frame))*c.spec.layout.stride]
	c.b.N, err = mem.ReadBatch(frame[4+len(keys):], c.spec.types, c.b.Cols)
	return &c.b, keys, err
}

func (c *fileCursor) close() {}

// memoryCursor reads an ordered run in memory.
type memoryCursor struct {
	run  *run
	rows []uint32
	keys []byte
	b    vec.Batch
}

func (c *memoryCursor) next(ctx context.Context) (*vec.Batch, []byte, error) {
	if err := ctx.Err(); err != nil || len(c.rows) == 0 {
		return nil, nil, err
	}
	part := c.rows[:min(spillBatch, len(c.rows))]
	c.rows = c.rows[len(part):]
	c.keys = c.keys[:0]
	for _, row := range part {
		c.keys = append(c.keys, c.run.key(row)...)
	}
	return c.run.store.GatherRows(&c.b, part), c.keys, nil
}

func (c *memoryCursor) close() {}

func (s *spills) close() {
	for _, f := range s.files {
		f.Close()
	}
	s.files = nil
}

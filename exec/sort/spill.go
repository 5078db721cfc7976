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
	files []*spilledRun
}

// spilledRun is a sorted run in a file. Frames of one bucket hold no rows of
// another; bucket b lies between ends[b] and ends[b+1].
type spilledRun struct {
	file *mem.Spill
	ends [Buckets + 1]int64
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
	return s.writeOrder(ctx, r, len(ents), func(i int) uint32 { return ents[i].row })
}

// writeNumbers is writeRows for row numbers.
func (s *spills) writeNumbers(ctx context.Context, r *run, rows []uint32) error {
	return s.writeOrder(ctx, r, len(rows), func(i int) uint32 { return rows[i] })
}

// writeOrder writes n rows of a sealed run, given in order, cut into buckets if
// the sort is partitioned, and empties the run.
func (s *spills) writeOrder(ctx context.Context, r *run, n int, row func(i int) uint32) error {
	f, err := mem.NewSpill(r.spec.env.SpillDir)
	if err != nil {
		return err
	}
	x := &spilledRun{file: f}
	s.mu.Lock()
	s.files = append(s.files, x)
	s.mu.Unlock()
	w := &frameWriter{file: f, run: r}
	if r.spec.parts == 0 {
		err = w.write(ctx, n, row)
	} else {
		rows, ends := r.cut(n, row)
		for b := range Buckets {
			lo, hi := ends[b], ends[b+1]
			if err = w.write(ctx, hi-lo, func(i int) uint32 { return rows[lo+i] }); err != nil {
				break
			}
			x.ends[b+1] = f.Size()
		}
	}
	if err != nil {
		return err
	}
	r.release()
	return f.Flush()
}

// frameWriter writes rows of a run to a file, frame by frame.
type frameWriter struct {
	file  *mem.Spill
	run   *run
	b     vec.Batch
	frame []byte
	part  []uint32
}

// write writes n rows, beginning a frame of their own.
func (w *frameWriter) write(ctx context.Context, n int, row func(i int) uint32) error {
	for i := 0; i < n; {
		if err := ctx.Err(); err != nil {
			return err
		}
		for w.part = w.part[:0]; i < n && len(w.part) < spillBatch; i++ {
			w.part = append(w.part, row(i))
		}
		w.frame = binary.LittleEndian.AppendUint32(w.frame[:0], uint32(len(w.part)))
		for _, x := range w.part {
			w.frame = append(w.frame, w.run.key(x)...)
		}
		w.frame = mem.AppendBatch(w.frame, w.run.store.GatherRows(&w.b, w.part).Cols, len(w.part))
		if _, err := w.file.Write(w.frame); err != nil {
			return err
		}
	}
	return nil
}

// merged streams the input columns of all runs, on disk and in memory, in order.
func (s *spills) merged(ctx context.Context, o *Sorter) vec.Stream {
	cursors := make([]cursor, 0, len(s.files)+1)
	for _, f := range s.files {
		cursors = append(cursors, newFileCursor(f.file, 0, f.file.Size(), o.spec))
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

func newFileCursor(f *mem.Spill, from, to int64, spec *Spec) *fileCursor {
	return &fileCursor{frames: f.Frames(from, to), spec: spec, b: *vec.NewBatch(spec.types, 0)}
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
		f.file.Close()
	}
	s.files = nil
}

package topk

import (
	"context"
	"encoding/binary"
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// run is what a bag wrote to disk at one time: its rows by part, packed.
type run struct {
	file *mem.Spill
	ends [parts]int64 // where each part ends in file
}

func (r *run) close() { r.file.Close() }

func (r *run) frames(part int) *mem.SpillReader {
	from := int64(0)
	if part > 0 {
		from = r.ends[part-1]
	}
	return r.file.Frames(from, r.ends[part])
}

// maxLevel bounds how often parts are split: below it the hash has no bits left for directories.
const maxLevel = 5

// frameRows is how many rows a frame has at most.
const frameRows = 1024

// spill moves the rows of the thread that matter to disk.
func (th *thread) spill() error {
	if th.bag.alive == 0 {
		return nil
	}
	if err := th.reduceAll(); err != nil {
		return err
	}
	r, err := th.bag.write(th.ctx)
	if err != nil {
		return err
	}
	th.t.mu.Lock()
	th.t.runs = append(th.t.runs, r)
	th.t.mu.Unlock()
	return nil
}

// write makes a run of the bag's rows, which is empty then.
func (b *bag) write(ctx context.Context) (*run, error) {
	f, err := mem.NewSpill(b.t.env.SpillDir)
	if err != nil {
		return nil, err
	}
	r := &run{file: f}
	var rows []rowPtr
	var frame []byte
	for p := range b.parts {
		rows = rows[:0]
		for _, s := range b.parts[p].segs {
			for _, x := range s.items {
				rows = append(rows, b.row(x.row))
			}
		}
		for lo := 0; lo < len(rows) && err == nil; lo += frameRows {
			some := rows[lo:min(lo+frameRows, len(rows))]
			frame = binary.LittleEndian.AppendUint32(frame[:0], uint32(len(some)))
			frame = b.t.layout.Pack(frame, some)
			if _, err = f.Write(frame); err == nil {
				err = ctx.Err()
			}
		}
		r.ends[p] = f.Size()
	}
	if err == nil {
		err = f.Flush()
	}
	if err != nil {
		r.close()
		return nil, err
	}
	b.free()
	return r, nil
}

// reading is one thread's work on parts that are on disk.
type reading struct {
	t   *TopK
	red *reducer
	out *output
}

// part hands on the first rows of a part of runs that bags of a level wrote.
// What does not fit in memory is written again, by the bits of the next level.
func (r *reading) part(ctx context.Context, runs []*run, p int, level uint) (more bool, err error) {
	th := &thread{t: r.t, ctx: ctx, red: r.red, bag: newBag(r.t, level+1), bounds: &bounds{off: true}}
	defer th.bag.free()
	var deeper []*run
	defer func() {
		for _, d := range deeper {
			d.close()
		}
	}()
	for _, x := range runs {
		in := x.frames(p)
		for {
			frame, err := in.Next()
			if err != nil {
				return false, err
			}
			if frame == nil {
				break
			}
			if deeper, err = th.load(frame, deeper); err != nil {
				return false, err
			}
		}
	}
	if len(deeper) > 0 {
		if deeper, err = th.deepen(deeper); err != nil {
			return false, err
		}
		for i := range parts {
			if more, err := r.part(ctx, deeper, i, level+1); err != nil || !more {
				return false, err
			}
		}
		return true, nil
	}
	for i := range th.bag.parts {
		if th.bag.parts[i].rows == 0 {
			continue
		}
		r.red.collect()
		r.red.add(th.bag, i)
		if err := r.red.run(ctx, level+1, true); err != nil {
			return false, err
		}
		r.out.take(r.red)
	}
	return r.out.flush(true)
}

// load adds the rows of a frame to the bag.
func (th *thread) load(frame []byte, deeper []*run) ([]*run, error) {
	if err := th.ctx.Err(); err != nil {
		return deeper, err
	}
	n := int(binary.LittleEndian.Uint32(frame))
	g, l := th.bag, th.t.layout
	rest := frame[4:]
	if err := g.room(n, len(rest)-n*l.Size); err != nil {
		if g.alive == 0 {
			return deeper, err
		}
		if deeper, err = th.deepen(deeper); err != nil {
			return deeper, err
		}
		if err := g.room(n, len(rest)-n*l.Size); err != nil {
			return deeper, err
		}
	}
	for range n {
		i, before := uint32(g.n), len(rest)
		p := g.newRow()
		rest = l.Unpack(rest, p, &g.heap)
		g.put(th.t.hash(p), prefix(unsafe.Add(p, l.Tail)), i)
		g.long += int64(before - len(rest) - l.Size)
	}
	if g.over {
		g.over = false
		if err := th.reduceDue(); err != nil {
			return deeper, err
		}
	}
	if th.t.env.ForceSpill && g.level == 1 && g.alive > 64 {
		return th.deepen(deeper)
	}
	return deeper, nil
}

// deepen writes the bag as one more run of its level.
func (th *thread) deepen(runs []*run) ([]*run, error) {
	if th.bag.alive == 0 {
		return runs, nil
	}
	if err := th.reduceAll(); err != nil {
		return runs, err
	}
	if th.bag.level >= maxLevel {
		return runs, sqlerr.New(sqlerr.MemoryLimit, "The first rows of one partition do not fit in memory.").
			WithHint("Raise --memory, or lower the number of threads.")
	}
	r, err := th.bag.write(th.ctx)
	if err != nil {
		return runs, err
	}
	return append(runs, r), nil
}

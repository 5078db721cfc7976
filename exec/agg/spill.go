package agg

import (
	"context"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// run is what one table spilled at one time: its rows by partition, as batches of keys and states.
type run struct {
	file *mem.Spill
	ends [parts]int64 // where each partition ends in file
}

func (r *run) close() { r.file.Close() }

func (r *run) frames(part int) *mem.SpillReader {
	from := int64(0)
	if part > 0 {
		from = r.ends[part-1]
	}
	return r.file.Frames(from, r.ends[part])
}

// canSpill reports whether the table's rows may go to disk and come back later.
func (t *table) canSpill() bool {
	return len(t.core.keys) > 0 && t.core.agg.node.Mode != physical.Partial
}

// maxLevel bounds how often partitions are split: below it the hash has no bits left.
const maxLevel = 5

// spill writes all rows to disk and empties the table.
func (t *table) spill() error {
	if t.rows == 0 {
		return nil
	}
	if t.moving != nil {
		if err := t.moving(); err != nil {
			return err
		}
	}
	r, err := t.writeRun()
	if err != nil {
		return err
	}
	t.core.mu.Lock()
	t.core.runs = append(t.core.runs, r)
	t.core.mu.Unlock()
	return t.reset()
}

func (t *table) writeRun() (*run, error) {
	e, err := newEmitter(t.core, true)
	if err != nil {
		return nil, err
	}
	f, err := mem.NewSpill(t.core.agg.env.SpillDir)
	if err != nil {
		return nil, err
	}
	r := &run{file: f}
	var rows []rowPtr
	var frame []byte
	write := func() error {
		b, err := e.batch(rows, t.accs)
		if err != nil {
			return err
		}
		frame = mem.AppendBatch(frame[:0], b.Cols, b.N)
		rows = rows[:0]
		_, err = f.Write(frame)
		return err
	}
	for p := range t.parts {
		for _, s := range t.parts[p].segs {
			for i := range s.n {
				if rows = append(rows, rowAt(s.base, i*t.core.layout.Size)); len(rows) == vec.DefaultSize {
					if err := write(); err != nil {
						r.close()
						return nil, err
					}
				}
			}
		}
		if len(rows) > 0 {
			if err := write(); err != nil {
				r.close()
				return nil, err
			}
		}
		r.ends[p] = f.Size()
	}
	if err := f.Flush(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// eachSpilled reads partitions of runs back, the rows of each into a table of
// their own, and hands on its rows. A partition that does not fit is spilled
// again by the bits of the next level.
func (c *core) eachSpilled(ctx context.Context, runs []*run, level uint, next *atomic.Int64,
	f func([]rowPtr, []function.Accumulator) (bool, error),
) error {
	for {
		p := int(next.Add(1)) - 1
		if p >= parts {
			return nil
		}
		more, err := c.readPartition(ctx, runs, p, level, f)
		if err != nil || !more {
			next.Store(parts)
			return err
		}
	}
}

func (c *core) readPartition(ctx context.Context, runs []*run, p int, level uint,
	f func([]rowPtr, []function.Accumulator) (bool, error),
) (bool, error) {
	t, err := newTable(c, level)
	if err != nil {
		return false, err
	}
	defer t.free()
	l := newLoader(c)
	var deeper []*run
	defer func() {
		for _, r := range deeper {
			r.close()
		}
	}()
	for _, r := range runs {
		in := r.frames(p)
		for {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			frame, err := in.Next()
			if err != nil {
				return false, err
			}
			if frame == nil {
				break
			}
			if deeper, err = l.load(t, frame, deeper); err != nil {
				return false, err
			}
		}
	}
	if len(deeper) > 0 {
		if deeper, err = t.deepen(deeper); err != nil {
			return false, err
		}
		more := true
		t.dropDir()
		var sub atomic.Int64
		err := c.eachSpilled(ctx, deeper, level+1, &sub, func(rows []rowPtr, accs []function.Accumulator) (bool, error) {
			var err error
			more, err = f(rows, accs)
			return more, err
		})
		return more, err
	}
	return t.hand(f)
}

// hand gives all rows of t to f.
func (t *table) hand(f func([]rowPtr, []function.Accumulator) (bool, error)) (bool, error) {
	m := &merger{core: t.core, accs: t.accs}
	for p := range t.parts {
		for _, s := range t.parts[p].segs {
			for i := range s.n {
				m.out = append(m.out, rowAt(s.base, i*t.core.layout.Size))
			}
		}
	}
	return m.flush(f, true)
}

// deepen spills t as one more run of the next level.
func (t *table) deepen(runs []*run) ([]*run, error) {
	if t.rows == 0 {
		return runs, nil
	}
	if t.level >= maxLevel {
		return runs, sqlerr.New(sqlerr.MemoryLimit, "Groups with equal hashes do not fit in memory.")
	}
	r, err := t.writeRun()
	if err != nil {
		return runs, err
	}
	return append(runs, r), t.reset()
}

// loader reads frames of a run.
type loader struct {
	types []types.Type
	cols  []*vec.Vec
	keys  []row.Prep
	prep  []*vec.Vec
	work  work
}

func newLoader(c *core) *loader {
	l := &loader{types: append([]types.Type(nil), c.keys...), keys: make([]row.Prep, len(c.keys)), prep: make([]*vec.Vec, len(c.keys))}
	for _, k := range c.calls {
		l.types = append(l.types, k.states...)
	}
	for range l.types {
		l.cols = append(l.cols, &vec.Vec{})
	}
	return l
}

// load adds the groups of a frame to t, spilling t first if it is full.
func (l *loader) load(t *table, frame []byte, deeper []*run) ([]*run, error) {
	n, err := mem.ReadBatch(frame, l.types, l.cols)
	if err != nil {
		return deeper, err
	}
	c, sel := t.core, vec.Identity[:n]
	l.work.size(n)
	for i := range l.keys {
		l.prep[i] = l.keys[i].Key(l.cols[i], sel)
	}
	hashKeys(c, l.prep, sel, l.work.hash)
	if err := t.room(l.prep, sel); err != nil {
		if t.rows == 0 {
			return deeper, err
		}
		if deeper, err = t.deepen(deeper); err != nil {
			return deeper, err
		}
		if err := t.room(l.prep, sel); err != nil {
			return deeper, err
		}
	}
	t.find(l.prep, l.work.hash, sel, l.work.ptrs)
	ins := l.cols[len(c.keys):]
	for i, k := range c.calls {
		l.work.slots = offset(l.work.slots, l.work.ptrs[:n], k.off)
		if err := t.accs[i].Load(c.agg.env.Context, l.work.slots, ins[:len(k.states)], sel); err != nil {
			return deeper, k.at(err)
		}
		ins = ins[len(k.states):]
	}
	if err := t.account(); err != nil {
		return t.deepen(deeper)
	}
	if c.agg.env.ForceSpill && t.level == 1 && t.rows > 64 {
		return t.deepen(deeper)
	}
	return deeper, nil
}

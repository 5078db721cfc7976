package agg

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// emitter makes batches of rows: keys, then results or states. It belongs to
// one thread and reuses its batch.
type emitter struct {
	core   *core
	states bool
	out    vec.Batch
	slots  []rowPtr
}

func newEmitter(c *core, states bool) (*emitter, error) {
	e := &emitter{core: c, states: states}
	n := len(c.keys)
	for _, k := range c.calls {
		if states {
			n += len(k.states)
		} else {
			n++
		}
	}
	e.out.Cols = make([]*vec.Vec, n)
	for i := range e.out.Cols {
		e.out.Cols[i] = &vec.Vec{}
	}
	return e, nil
}

func (e *emitter) batch(rows []rowPtr, accs []function.Accumulator) (*vec.Batch, error) {
	c, cols := e.core, e.out.Cols
	for i := range c.keys {
		c.layout.Gather(i, rows, cols[i])
	}
	col := len(c.keys)
	for i, k := range c.calls {
		e.slots = offset(e.slots, rows, k.off)
		var err error
		if e.states {
			outs := cols[col : col+len(k.states)]
			for j, t := range k.states {
				fresh(outs[j], t, len(rows))
			}
			err = accs[i].Save(e.slots, outs)
			col += len(outs)
		} else {
			fresh(cols[col], k.agg.T, len(rows))
			err = accs[i].Final(c.agg.env.Context, e.slots, cols[col])
			col++
		}
		if err != nil {
			return nil, k.at(err)
		}
	}
	e.out.N, e.out.Sel = len(rows), nil
	return &e.out, nil
}

func fresh(v *vec.Vec, t types.Type, n int) {
	v.Reset(t)
	v.Resize(n)
}

// Operator pre-aggregates one thread's stream in Partial mode.
func (a *Agg) Operator(int) (flow.Operator, error) {
	t, err := a.newThread()
	return (*partial)(t), err
}

type partial thread

// Run groups batches until the table is full, then passes the groups on.
func (p *partial) Run(ctx context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		t := (*thread)(p)
		if err := t.partial(ctx, in, yield); err != nil {
			yield(nil, err)
		}
	}
}

func (t *thread) partial(ctx context.Context, in vec.Stream, yield func(*vec.Batch, error) bool) error {
	g, err := newTable(t.agg.main, 0)
	if err != nil {
		return err
	}
	defer g.free()
	t.use(g)
	t.table.most = partialDir
	e, err := newEmitter(t.agg.main, true)
	if err != nil {
		return err
	}
	for b, err := range in {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		if t.table.full(b.Rows()) || t.agg.env.ForceSpill && t.table.rows > 0 && len(t.keys) > 0 {
			if more, err := t.pass(e, yield); err != nil || !more {
				return err
			}
		}
		err := t.add(b)
		if sqlerr.Is(err, sqlerr.MemoryLimit) && t.table.rows > 0 && len(t.keys) > 0 {
			// Nothing of the batch was added yet.
			if more, err := t.pass(e, yield); err != nil || !more {
				return err
			}
			err = t.add(b)
		}
		if err != nil {
			return err
		}
	}
	if len(t.keys) == 0 {
		t.single()
	}
	_, err = t.pass(e, yield)
	return err
}

// partialDir is the largest directory of a partial aggregation: what it holds
// is sent on, so groups far apart may come out twice.
const partialDir = 1 << 18

// full reports whether n more rows may not fit.
func (t *table) full(n int) bool {
	return t.used > 0 && 2*(t.used+n) > t.most
}

// pass yields all groups and empties the table.
func (t *thread) pass(e *emitter, yield func(*vec.Batch, error) bool) (bool, error) {
	if err := t.fast.forget(); err != nil {
		return false, err
	}
	size := max(t.agg.env.BatchSize, 1)
	var rows []rowPtr
	emit := func(all bool) (bool, error) {
		for len(rows) >= size || all && len(rows) > 0 {
			n := min(size, len(rows))
			b, err := e.batch(rows[:n], t.table.accs)
			if err != nil {
				return false, err
			}
			if !yield(b, nil) {
				return false, nil
			}
			rows = rows[:copy(rows, rows[n:])]
		}
		return true, nil
	}
	for p := range t.table.parts {
		for _, s := range t.table.parts[p].segs {
			for i := range s.n {
				rows = append(rows, rowAt(s.base, i*t.table.core.layout.Size))
			}
			if more, err := emit(false); err != nil || !more {
				return more, err
			}
		}
	}
	if more, err := emit(true); err != nil || !more {
		return more, err
	}
	most := t.table.most
	t.one = nil
	err := t.table.reset()
	t.table.most = most
	return err == nil, err
}

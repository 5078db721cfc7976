package agg

import (
	"context"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
)

func rowAt(p rowPtr, off int) rowPtr { return unsafe.Add(p, off) }

// addDistinct groups the rows of sel by key and arguments of set i.
func (t *thread) addDistinct(i int, sel []uint16) error {
	s, in := t.agg.sets[i], &t.sets[i]
	sel = t.rows(in.filter, sel)
	if len(sel) == 0 {
		return nil
	}
	t.prepare(t.all)
	n := copy(in.keys, t.keys)
	for j, x := range s.args {
		in.keys[n+j] = in.preps[n+j].Key(t.cols[x], sel)
	}
	if err := t.locate(t.dists[i], in.keys, sel); err != nil {
		return err
	}
	if t.agg.env.ForceSpill && t.count%2 == 0 {
		return t.dists[i].spill()
	}
	return nil
}

// feed gives the distinct values of d to the calls that want them: each
// thread adds those of the partitions it merges to its own table.
func (a *Agg) feed(ctx context.Context, par flow.Parallel, d *distinct) error {
	if err := d.core.settle(); err != nil {
		return err
	}
	n := len(a.threads)
	err := par(ctx, n, func(ctx context.Context, _, i int) error {
		t := a.threads[i]
		e, err := newEmitter(d.core, true)
		if err != nil {
			return err
		}
		nk := len(a.main.keys)
		return d.core.each(ctx, func(rows []rowPtr, accs []function.Accumulator) (bool, error) {
			b, err := e.batch(rows, accs)
			if err != nil {
				return false, err
			}
			t.work.size(b.N)
			return true, t.addValues(d, b.Cols[:nk], b.Cols[nk:], vec.Identity[:b.N])
		})
	})
	if err == nil {
		d.core.close()
	}
	return err
}

// addValues updates the calls of d with rows that are distinct in keys and args.
func (t *thread) addValues(d *distinct, keys, args []*vec.Vec, sel []uint16) error {
	for i := range t.keys {
		t.keys[i] = t.preps[i].Key(keys[i], sel)
	}
	if len(t.keys) > 0 {
		if err := t.locate(t.table, t.keys, sel); err != nil {
			return err
		}
	}
	for _, i := range d.calls {
		c := t.agg.main.calls[i]
		copy(t.calls[i].args, args)
		if len(t.keys) == 0 {
			t.single()
			if err := t.table.accs[i].UpdateOne(t.agg.env.Context, rowAt(t.one, c.off), args, sel); err != nil {
				return c.at(err)
			}
			continue
		}
		if err := t.update(i, c, sel); err != nil {
			return err
		}
	}
	return t.table.extraMemory()
}

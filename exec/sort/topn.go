package sort

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// topN keeps the first keep rows of the order. A thread collects candidates,
// and whenever there are about twice as many as can matter sorts them and drops
// the rest; the last survivor's key is then a bound that later rows must beat,
// shared by all threads. Rows that find no room are left to a Sorter, which
// spills: from then on the bound only keeps rows away from it.
type topN struct {
	spec          *Spec
	limit, offset int64
	keep          int
	threads       []*candidates
	bound         atomic.Pointer[bound]
	result        *run
	rows          []uint32
	rest          *Sorter // has all rows of threads whose candidates are nil
	spilling      atomic.Bool
}

// bound is the sure part of a key that as many rows as are kept do not exceed.
// Rows with a larger one cannot be among them; equal ones may hide differences.
type bound struct {
	k   uint64
	key []byte
}

type candidates struct {
	run *run
	sel []uint16
	cut []byte
}

func newTopN(spec *Spec, limit, offset int64) (*topN, error) {
	return &topN{
		spec: spec, limit: limit, offset: offset, keep: int(limit + offset),
		threads: make([]*candidates, spec.env.Threads), rest: sorterOf(spec, limit, offset),
	}, nil
}

// Drain implements flow.Sink.
func (t *topN) Drain(ctx context.Context, thread int, in vec.Stream) error {
	if t.keep == 0 || t.limit == 0 {
		return nil
	}
	c := t.threads[thread]
	if c == nil {
		r, err := newRun(t.spec)
		if err != nil {
			return err
		}
		c = &candidates{run: r}
		t.threads[thread] = c
	}
	if t.rest.runs[thread] != nil {
		t.rest.begin(thread, c.run)
	}
	for b, err := range in {
		if err == nil {
			err = c.run.evaluate(b)
		}
		if err == nil {
			err = t.add(ctx, thread, c, b)
		}
		if err != nil {
			return err
		}
	}
	if t.rest.runs[thread] != nil {
		return t.rest.order(ctx, thread)
	}
	return nil
}

// add keeps the rows of b that may be among the first.
func (t *topN) add(ctx context.Context, thread int, c *candidates, b *vec.Batch) error {
	sel, coded := b.Selection(), c.run.coded
	if bd := t.bound.Load(); bd != nil {
		sel, coded = c.below(bd, sel)
		if len(sel) == 0 {
			return nil
		}
	}
	if t.rest.runs[thread] != nil {
		return t.rest.keep(ctx, c.run, b, sel, coded)
	}
	err := c.run.keep(b, sel, coded)
	if sqlerr.Is(err, sqlerr.MemoryLimit) && c.run.store.Len() > 0 || t.spec.env.ForceSpill && c.run.store.Len() >= forcedRun {
		t.spilling.Store(true)
		t.rest.begin(thread, c.run)
		if err == nil {
			return nil
		}
		return t.rest.keep(ctx, c.run, b, sel, coded)
	}
	if err == nil && c.run.store.Len() >= 2*t.keep+hold.ChunkRows {
		err = t.shrink(ctx, thread, c)
	}
	return err
}

// below selects the rows whose keys do not exceed the bound, with their keys.
func (c *candidates) below(bd *bound, sel []uint16) ([]uint16, []byte) {
	r := c.run
	stride, mask := r.layout.stride, r.layout.mask
	rest := min(8, r.layout.sure)
	c.sel, c.cut = c.sel[:0], c.cut[:0]
	for i, row := range sel {
		key := r.coded[i*stride:][:stride]
		k := binary.BigEndian.Uint64(key) & mask
		if k > bd.k || k == bd.k && bytes.Compare(key[rest:r.layout.sure], bd.key[rest:]) > 0 {
			continue
		}
		c.sel = append(c.sel, row)
		c.cut = append(c.cut, key...)
	}
	return c.sel, c.cut
}

// shrink drops all but the first keep candidates and tightens the bound.
func (t *topN) shrink(ctx context.Context, thread int, c *candidates) error {
	r := c.run
	r.seal()
	ents, err := r.order(ctx)
	if err != nil {
		return err
	}
	ents = ents[:min(len(ents), t.keep)]
	r.prefixes(ents[len(ents)-1:])
	last := bound{k: ents[len(ents)-1].k, key: slices.Clone(r.key(ents[len(ents)-1].row)[:r.layout.sure])}
	if len(ents) == t.keep {
		t.tighten(&last)
	}
	next, err := newRun(t.spec)
	if err != nil {
		return err
	}
	var b vec.Batch
	rows := make([]uint32, 0, hold.ChunkRows)
	coded := make([]byte, 0, hold.ChunkRows*r.layout.stride)
	for lo := 0; lo < len(ents); lo += hold.ChunkRows {
		rows, coded = rows[:0], coded[:0]
		for _, e := range ents[lo:min(lo+hold.ChunkRows, len(ents))] {
			rows = append(rows, e.row)
			coded = append(coded, r.key(e.row)...)
		}
		r.store.GatherRows(&b, rows)
		if err := next.append(b.Cols, vec.Identity[:len(rows)], coded); err != nil {
			next.release()
			if sqlerr.Is(err, sqlerr.MemoryLimit) { // no room for two copies of them
				t.spilling.Store(true)
				t.rest.begin(thread, r)
				return t.rest.spilled.writeRows(ctx, r, ents)
			}
			return err
		}
	}
	r.release()
	c.run = next
	return nil
}

// tighten lowers the shared bound to b if that is lower.
func (t *topN) tighten(b *bound) {
	for {
		old := t.bound.Load()
		if old != nil && bytes.Compare(old.key, b.key) <= 0 {
			return
		}
		if t.bound.CompareAndSwap(old, b) {
			return
		}
	}
}

// Finish implements flow.Sink.
func (t *topN) Finish(ctx context.Context, par flow.Parallel) error {
	if t.spilling.Load() {
		return t.finishRest(ctx, par)
	}
	for _, c := range t.threads {
		switch {
		case c == nil:
		case t.result == nil:
			t.result = c.run
		default:
			t.result.adopt(c.run, nil)
		}
	}
	if t.result == nil {
		return nil
	}
	t.result.seal()
	ents, err := t.result.order(ctx)
	if err != nil {
		return err
	}
	ents = ents[min(len(ents), int(t.offset)):min(len(ents), t.keep)]
	for _, e := range ents {
		t.rows = append(t.rows, e.row)
	}
	return nil
}

// finishRest leaves all candidates to the sorter, those of threads that had room for theirs too.
func (t *topN) finishRest(ctx context.Context, par flow.Parallel) error {
	err := par(ctx, len(t.threads), func(ctx context.Context, _, i int) error {
		c := t.threads[i]
		if c == nil || t.rest.runs[i] != nil {
			return nil
		}
		t.rest.begin(i, c.run)
		return t.rest.order(ctx, i)
	})
	if err != nil {
		return err
	}
	return t.rest.Finish(ctx, par)
}

// Close implements flow.Sink.
func (t *topN) Close() {
	for i, c := range t.threads {
		if c != nil && t.rest.runs[i] == nil {
			c.run.release()
		}
	}
	t.rest.Close()
	t.threads, t.result, t.rows = nil, nil, nil
}

// Source implements Sink.
func (t *topN) Source() flow.Source { return topRows{t} }

type topRows struct{ t *topN }

// Open implements flow.Source.
func (o topRows) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		t := o.t
		if t.spilling.Load() {
			t.rest.Source().Open(ctx, 0)(yield)
			return
		}
		if t.result != nil {
			gatherRows(ctx, t.result.store, t.rows, t.spec.input, t.spec.env.BatchSize, yield)
		}
	}
}

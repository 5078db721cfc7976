// Package window evaluates window functions.
//
//	input ──► Sink: sort by PARTITION BY, then by ORDER BY (exec/sort)
//	            │ After
//	          Source: threads share morsels of whole partitions ──► rows with a column a call appended
//
// Rows that find no room are in sorted runs on disk, cut by a hash of PARTITION BY into
// buckets, and threads share those (stream.go). A partition is held in memory as a
// whole if there is room for it; else it is gone through part by part, if its
// calls can do with that (partly.go).
//
// The ranking and offset functions (rank.go, value.go) are known here by name;
// any other call is an aggregate of the registry, computed over frames by the
// cheapest way that fits (aggregate.go): once a partition, running, by
// differences of running sums, directly for short frames, or by a tree of
// merged states. Frames by value (RANGE with offsets) are in offset.go.
//
// Rows come out partition by partition, in order within one thread only.
package window

import (
	"context"
	stdsort "sort"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Window is the shared state of one physical.Window in one task.
type Window struct {
	env    *flow.Env
	node   *physical.Window
	input  int // number of input columns
	extras []expr.Expr
	sorter *sort.Sorter
	parts  int           // leading sort keys that are PARTITION BY
	keys   int           // all sort keys
	ord    *sort.Ordered // nil if rows are on disk, or there are none
	// cuts are where morsels begin in ord.Rows, and the end.
	cuts []int
	next atomic.Int64 // morsel or bucket
}

// morselRows is about how many rows a thread takes at a time.
const morselRows = 1 << 14

// New prepares the node and reports calls that cannot be run.
func New(env *flow.Env, n *physical.Window) (*Window, error) {
	w := &Window{env: env, node: n, parts: len(n.Partition)}
	schema := n.Input.Schema()
	w.input = len(schema)
	ts := make([]types.Type, len(schema))
	for i, f := range schema {
		ts[i] = f.Type
	}
	var order []expr.SortKey
	for _, p := range n.Partition {
		order = append(order, expr.SortKey{Expr: p, NullsFirst: true})
	}
	order = append(order, n.Order...)
	w.keys = len(order)
	// Making the calls once finds the columns they need, and their errors.
	if _, err := w.calls(); err != nil {
		return nil, err
	}
	w.sorter = sort.NewSorter(sort.NewPartitioned(env, ts, order, w.parts, w.extras))
	return w, nil
}

// column is the place in the sorted rows of the value of e.
func (w *Window) column(e expr.Expr) int {
	if r, ok := e.(*expr.Ref); ok {
		return r.Index
	}
	for i, x := range w.extras {
		if tree.Equal(x, e) {
			return w.input + i
		}
	}
	w.extras = append(w.extras, e)
	return w.input + len(w.extras) - 1
}

// Sink is the end of the input's pipeline.
func (w *Window) Sink() flow.Sink { return sink{w} }

// Source is the start of the pipeline that reads the result.
func (w *Window) Source() flow.Source { return source{w} }

type sink struct{ w *Window }

// Drain implements flow.Sink.
func (s sink) Drain(ctx context.Context, thread int, in vec.Stream) error {
	return s.w.sorter.Drain(ctx, thread, in)
}

// Finish implements flow.Sink.
func (s sink) Finish(ctx context.Context, par flow.Parallel) error {
	w := s.w
	if err := w.sorter.Finish(ctx, par); err != nil || w.sorter.Spilled() {
		return err
	}
	if w.ord = w.sorter.Ordered(); w.ord == nil {
		return nil
	}
	longest := w.cut()
	if n := int64(longest * callBytes * len(w.node.Calls)); w.env.Account.Reserve(n) == nil {
		w.env.Account.Release(n)
		return nil
	}
	w.ord = nil
	return w.sorter.Spill(ctx)
}

// callBytes is about what a call needs for a row of a partition beside the row itself.
const callBytes = 32

// cut divides the rows into morsels and returns the length of the longest.
func (w *Window) cut() (longest int) {
	rows := w.ord.Rows
	for at := 0; at < len(rows); {
		w.cuts = append(w.cuts, at)
		if at += morselRows; at < len(rows) {
			// Go on to the end of the partition that row at-1 is in.
			last := rows[at-1]
			at += stdsort.Search(len(rows)-at, func(i int) bool { return !w.ord.Same(last, rows[at+i], w.parts) })
		}
	}
	w.cuts = append(w.cuts, len(rows))
	for i, c := range w.cuts[1:] {
		longest = max(longest, c-w.cuts[i])
	}
	return longest
}

// Close implements flow.Sink.
func (s sink) Close() { s.w.sorter.Close() }

type source struct{ w *Window }

// Open implements flow.Source.
func (s source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		w := s.w
		if w.ord == nil && !w.sorter.Spilled() {
			return
		}
		e := &evaluation{w: w, ord: w.ord, ctx: ctx, yield: yield}
		defer e.close()
		var err error
		if e.calls, err = w.calls(); err == nil {
			err = e.run()
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// call evaluates one window call on one thread. Partitions come one after the
// other, and the rows of each in order.
type call interface {
	// begin is told of each partition before its rows are asked for.
	begin(p *partition) error
	// add evaluates rows lo … hi of the partition, the next ones of the batch.
	add(p *partition, lo, hi int) error
	// finish makes the n rows added since the last finish the column out. The
	// values stay valid until the next add. It returns the memory the call holds.
	finish(out *vec.Vec, n int) (int64, error)
	// full asks for finish before the next partition begins.
	full() bool
}

// evaluation is one thread's work.
type evaluation struct {
	w     *Window
	ord   *sort.Ordered // the rows at hand
	ctx   context.Context
	yield func(*vec.Batch, error) bool
	calls []call
	out   vec.Batch
	p     partition
	held  int64
}

func (e *evaluation) close() {
	e.w.env.Account.Release(e.held)
	for _, c := range e.calls {
		if n, ok := c.(*nth); ok {
			n.release()
		}
	}
}

func (e *evaluation) run() error {
	w := e.w
	for range w.input + len(e.calls) {
		e.out.Cols = append(e.out.Cols, &vec.Vec{})
	}
	for {
		m := int(w.next.Add(1)) - 1
		if w.ord == nil {
			if m >= w.buckets() {
				return nil
			}
			if more, err := e.bucket(m); err != nil || !more {
				return err
			}
			continue
		}
		if m >= len(w.cuts)-1 {
			return nil
		}
		if more, err := e.morsel(w.cuts[m], w.cuts[m+1]); err != nil || !more {
			return err
		}
	}
}

// morsel evaluates the partitions in rows lo … hi.
func (e *evaluation) morsel(lo, hi int) (more bool, err error) {
	w, p := e.w, &e.p
	from := lo // first row of the batch being made
	for at := lo; at < hi; {
		if err := e.ctx.Err(); err != nil {
			return false, err
		}
		p.reset(e, at, hi)
		for _, c := range e.calls {
			if c.full() && at > from {
				if more, err := e.flush(from, at); err != nil || !more {
					return more, err
				}
				from = at
				break
			}
		}
		for _, c := range e.calls {
			if err := c.begin(p); err != nil {
				return false, err
			}
		}
		for done := 0; done < p.n; {
			k := min(p.n-done, w.env.BatchSize-(at-from))
			for _, c := range e.calls {
				if err := c.add(p, done, done+k); err != nil {
					return false, err
				}
			}
			done += k
			at += k
			if at-from == w.env.BatchSize {
				if more, err := e.flush(from, at); err != nil || !more {
					return more, err
				}
				from = at
			}
		}
	}
	if from < hi {
		return e.flush(from, hi)
	}
	return true, nil
}

// flush yields rows from … to, which all calls have evaluated.
func (e *evaluation) flush(from, to int) (more bool, err error) {
	w := e.w
	if err := e.ctx.Err(); err != nil {
		return false, err
	}
	rows := e.ord.Rows[from:to]
	for i := range w.input {
		e.ord.Store.Gather(e.out.Cols[i], i, rows)
	}
	var held int64
	for i, c := range e.calls {
		col := e.out.Cols[w.input+i]
		col.Reset(w.node.Calls[i].Type())
		col.Resize(len(rows))
		n, err := c.finish(col, len(rows))
		if err != nil {
			return false, err
		}
		held += n
	}
	if held > e.held {
		if err := w.env.Account.Reserve(held - e.held); err != nil {
			return false, err
		}
	} else {
		w.env.Account.Release(e.held - held)
	}
	e.held = held
	e.out.N, e.out.Sel = len(rows), nil
	return e.yield(&e.out, nil), nil
}

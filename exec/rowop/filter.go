package rowop

import (
	"context"
	"slices"
	"time"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// Filter narrows the selection to rows for which all predicates are true.
//
// Predicates that cannot raise errors run first, in the order that their
// observed cost and selectivity make cheapest, found anew now and then. Those
// that can raise errors follow in the order written, so that a guard
// (b <> 0 AND a / b > 1) keeps guarding.
type Filter struct {
	preds []*predicate
	safe  int // preds[:safe] may be reordered
	calls int
	bufs  [2][]uint16
	out   vec.Batch
}

type predicate struct {
	prog     *eval.Program
	in, kept int64
	nanos    int64
}

// The filter measures one batch in measureEvery and reorders after reorderEvery batches.
const (
	measureEvery = 4
	reorderEvery = 32
)

// NewFilter compiles preds, whose Refs are places in the input.
func NewFilter(env *flow.Env, preds []expr.Expr) (*Filter, error) {
	f := &Filter{}
	var risky []expr.Expr
	var order []expr.Expr
	for _, p := range preds {
		if CannotFail(p) {
			order = append(order, p)
		} else {
			risky = append(risky, p)
		}
	}
	f.safe = len(order)
	progs, err := compile(env, append(order, risky...))
	if err != nil {
		return nil, err
	}
	for _, p := range progs {
		f.preds = append(f.preds, &predicate{prog: p})
	}
	return f, nil
}

// CannotFail reports whether evaluating e raises no error for any row, as far
// as its shape tells: references, constants, comparisons, logic and the
// string-matching functions.
func CannotFail(e expr.Expr) bool {
	ok := true
	tree.Walk(e, func(x expr.Expr) bool {
		switch x := x.(type) {
		case *expr.Ref, *expr.Literal, *expr.Compare, *expr.And, *expr.Or, *expr.Not, *expr.IsNull, *expr.In, *expr.Case:
		case *expr.Call:
			ok = ok && slices.Contains([]string{"startswith", "endswith", "contains", "isnan", "length", "upper", "lower", "coalesce"}, x.Func)
		default:
			ok = false
		}
		return ok
	})
	return ok
}

// Run implements flow.Operator.
func (f *Filter) Run(_ context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range in {
			var sel []uint16
			if err == nil {
				sel, err = f.Select(b)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(sel) == 0 {
				continue
			}
			f.out.Cols, f.out.N, f.out.Sel = b.Cols, b.N, sel
			if len(sel) == b.N {
				f.out.Sel = nil
			}
			if !yield(&f.out, nil) {
				return
			}
		}
	}
}

// Select returns the rows of b that pass. The result is the filter's until the next call.
func (f *Filter) Select(b *vec.Batch) ([]uint16, error) {
	f.calls++
	measure := f.safe > 1 && f.calls%measureEvery == 1
	sel, start := b.Sel, time.Time{}
	for i, p := range f.preds {
		if measure && i < f.safe {
			start = time.Now()
		}
		in := len(sel)
		if sel == nil {
			in = b.N
		}
		out, err := p.prog.Select(b.Cols, b.N, sel, f.bufs[i&1])
		if err != nil {
			return nil, err
		}
		f.bufs[i&1] = out
		if measure && i < f.safe {
			p.nanos += time.Since(start).Nanoseconds()
			p.in += int64(in)
			p.kept += int64(len(out))
		}
		if sel = out; len(sel) == 0 {
			break // sel may be nil here: no row, not all
		}
	}
	if len(f.preds) == 0 {
		sel = b.Selection()
	}
	if f.safe > 1 && f.calls%reorderEvery == 0 {
		f.reorder()
	}
	return sel, nil
}

// reorder sorts the safe predicates by cost a row over the share of rows they
// drop, the order of least total cost if predicates are independent. Counts
// fade, so that the order follows changing data.
func (f *Filter) reorder() {
	rank := func(p *predicate) float64 {
		if p.in == 0 {
			return 1e18 // never reached: behind those that drop everything
		}
		cost, drop := float64(p.nanos)/float64(p.in), 1-float64(p.kept)/float64(p.in)
		return cost / max(drop, 1e-6)
	}
	slices.SortStableFunc(f.preds[:f.safe], func(a, b *predicate) int {
		if rank(a) < rank(b) {
			return -1
		} else if rank(a) > rank(b) {
			return 1
		}
		return 0
	})
	for _, p := range f.preds[:f.safe] {
		p.in, p.kept, p.nanos = p.in/2, p.kept/2, p.nanos/2
	}
}

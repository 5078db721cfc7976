package optimize

import (
	"math"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// RankLimit makes use of a condition that bounds row_number, rank or
// dense_rank from above, as "keep the newest version" and "the ten best of
// each" have: no more rows of a partition need to be held or sorted than the
// bound lets pass. The window becomes a TopK; one without PARTITION BY gets a
// limited sort below it for row_number. A window that computes something else
// too stays above the TopK, if rows further back in the order cannot change it.
//
// The condition may stand on further windows above, as long as they do not use
// the rank. It is right for any order of equal rows, since row_number may number them
// as it likes, and it only ever evaluates conditions for fewer rows.
var RankLimit = On("RankLimit", func(q *Query, f *logical.Filter) logical.Node {
	var stack []*logical.Window
	for n := f.Input; ; {
		w, ok := n.(*logical.Window)
		if !ok {
			break
		}
		stack = append(stack, w)
		n = w.Input
	}
	if len(stack) == 0 {
		return nil
	}
	conds := expr.Conjuncts(f.Pred)
	for at, w := range stack {
		if b, ok := q.tightest(conds, w); ok && apart(stack[:at], w) {
			if b.k < 1 { // no rank is
				return &logical.Values{Cols: f.Columns()}
			}
			if out := q.limitRanks(f, conds, stack[:at], w, b); out != nil {
				return out
			}
		}
	}
	return nil
})

// mostRanks is the largest bound that pays: up to here it costs little to keep the first rows apart.
const mostRanks = 1000

// rankBound is a condition on a ranking call: the rank is at most k, and if
// exact nothing else is asked.
type rankBound struct {
	cond  int // its place among the conditions
	call  *expr.WindowCall
	k     int64
	exact bool
}

// tightest finds the condition that lets pass the fewest rows of w by a rank.
func (q *Query) tightest(conds []expr.Expr, w *logical.Window) (best rankBound, ok bool) {
	calls := map[expr.ColID]*expr.WindowCall{}
	for _, c := range w.Calls {
		x := c.Expr.(*expr.WindowCall)
		if rankFuncs[x.Agg.Func] && !q.volatile(x) && sortable(x.Order) {
			calls[c.Col.ID] = x
		}
	}
	for i, c := range conds {
		id, k, exact, isBound := upperBound(c)
		if !isBound || calls[id] == nil || ok && best.k <= k {
			continue
		}
		best, ok = rankBound{cond: i, call: calls[id], k: k, exact: exact}, true
	}
	return best, ok
}

var rankFuncs = map[string]bool{"row_number": true, "rank": true, "dense_rank": true}

// sortable reports whether all keys have a form in which their bytes can be compared.
func sortable(order []expr.SortKey) bool {
	for _, k := range order {
		if t := k.Expr.Type(); t.Kind.IsNested() || t.Kind == types.Interval {
			return false
		}
	}
	return true
}

// upperBound reads a condition that holds only where a column is at most k.
// exact: it holds wherever the column, counted from 1, is.
func upperBound(e expr.Expr) (id expr.ColID, k int64, exact, ok bool) {
	switch e := e.(type) {
	case *expr.Compare:
		c, isColumn := e.Left.(*expr.Column)
		n, isInt := integer(e.Right)
		if !isColumn || !isInt {
			return 0, 0, false, false
		}
		switch e.Op {
		case expr.Le:
			return c.ID, n, true, true
		case expr.Lt:
			if n == math.MinInt64 {
				return 0, 0, false, false
			}
			return c.ID, n - 1, true, true
		case expr.Eq, expr.NullSafeEq:
			return c.ID, n, n == 1, true
		}
	case *expr.In:
		c, isColumn := e.Arg.(*expr.Column)
		if !isColumn || len(e.List) == 0 {
			return 0, 0, false, false
		}
		k := int64(math.MinInt64)
		for _, x := range e.List {
			n, isInt := integer(x)
			if !isInt {
				return 0, 0, false, false
			}
			k = max(k, n)
		}
		return c.ID, k, false, true
	case *expr.Or:
		for i, a := range e.Args {
			c, n, _, isBound := upperBound(a)
			if !isBound || i > 0 && c != id {
				return 0, 0, false, false
			}
			if i == 0 || n > k {
				id, k = c, n
			}
		}
		return id, k, false, true
	case *expr.And:
		for _, a := range e.Args {
			if c, n, _, isBound := upperBound(a); isBound && (!ok || n < k) {
				id, k, ok = c, n, true
			}
		}
		return id, k, false, ok
	}
	return 0, 0, false, false
}

// integer is the value of a literal of an integer type.
func integer(e expr.Expr) (int64, bool) {
	l, ok := e.(*expr.Literal)
	if !ok || !l.T.Kind.IsInteger() {
		return 0, false
	}
	n, ok := l.Value.(int64)
	return n, ok
}

// apart reports whether the windows above use nothing that w computes.
func apart(above []*logical.Window, w *logical.Window) bool {
	var made expr.ColSet
	for _, c := range w.Calls {
		made.Add(c.Col.ID)
	}
	for _, a := range above {
		used := expr.Used(logical.Exprs(a)...)
		if len(used.Minus(made).IDs()) < len(used.IDs()) {
			return false
		}
	}
	return true
}

// limitRanks is the filter over the windows above and w with the bound applied below w, nil if that is not possible.
func (q *Query) limitRanks(f *logical.Filter, conds []expr.Expr, above []*logical.Window, w *logical.Window, b rankBound) logical.Node {
	only := true // ranks and nothing else
	for _, c := range w.Calls {
		x := c.Expr.(*expr.WindowCall)
		if rankFuncs[x.Agg.Func] {
			continue
		}
		only = false
		if !looksBack(x, b.call.Agg.Func) {
			return nil
		}
	}
	in := w.Input
	for i := len(above) - 1; i >= 0; i-- {
		in = &logical.Window{Input: in, Calls: above[i].Calls}
	}
	var out logical.Node
	switch x := b.call; {
	case len(x.Partition) == 0 && x.Agg.Func == "row_number":
		if limited(in, b.k) {
			return nil
		}
		out = &logical.Window{Input: &logical.Limit{Input: sorted(in, x.Order), Count: b.k}, Calls: w.Calls}
	case b.k > mostRanks || alreadyKept(in, x, b.k):
		return nil
	default:
		k := &logical.TopK{Input: in, Partition: x.Partition, Order: x.Order, Func: x.Agg.Func, K: b.k}
		if only {
			k.Calls = w.Calls
			out = k
		} else {
			out = &logical.Window{Input: k, Calls: w.Calls}
		}
	}
	if b.exact {
		conds = append(conds[:b.cond:b.cond], conds[b.cond+1:]...)
	}
	return withColumns(filter(out, conds...), f.Columns())
}

func sorted(n logical.Node, order []expr.SortKey) logical.Node {
	if len(order) == 0 {
		return n
	}
	return &logical.Sort{Input: n, Keys: order}
}

// alreadyKept reports whether n is what the rule makes of call and k.
func alreadyKept(n logical.Node, call *expr.WindowCall, k int64) bool {
	t, ok := n.(*logical.TopK)
	return ok && t.Func == call.Agg.Func && t.K <= k && tree.Equal(t.Partition, call.Partition) && tree.Equal(t.Order, call.Order)
}

// looksBack reports whether a call gives the same for a row when rows are left
// out whose rank by f is larger. Rows equal to it share its rank, unless f is row_number.
func looksBack(c *expr.WindowCall, f string) bool {
	switch c.Agg.Func {
	case "lag":
		if len(c.Agg.Args) < 2 {
			return true
		}
		n, ok := integer(c.Agg.Args[1])
		return ok && n >= 0
	case "lead", "ntile", "percent_rank", "cume_dist":
		return false
	}
	end := c.Frame.End.Kind <= expr.CurrentRow
	return end && (c.Frame.Unit == expr.Rows || f != "row_number")
}

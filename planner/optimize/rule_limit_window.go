package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// LimitThroughWindow lets a window without PARTITION BY see only the rows that
// a limit above it keeps: the first ones in the window's own order. All calls
// must look back only, so that later rows cannot change them. Between the two
// may stand a projection, and a sort by the window's order or by its
// row_number; without a sort any rows will do.
var LimitThroughWindow = On("LimitThroughWindow", func(q *Query, n *logical.Limit) logical.Node {
	if n.Count < 0 {
		return nil
	}
	in := n.Input
	s, isSort := in.(*logical.Sort)
	if isSort {
		in = s.Input
	}
	p, isProject := in.(*logical.Project)
	if isProject {
		in = p.Input
	}
	w, ok := in.(*logical.Window)
	if !ok || limited(w.Input, n.Count+n.Offset) {
		return nil
	}
	order, ok := q.onlyBack(w)
	if !ok || isSort && !follows(s.Keys, p, w, order) {
		return nil
	}
	first := &logical.Limit{Input: sorted(w.Input, order), Count: n.Count + n.Offset}
	var out logical.Node = &logical.Window{Input: first, Calls: w.Calls}
	if isProject {
		out = &logical.Project{Input: out, Exprs: p.Exprs}
	}
	if isSort {
		out = &logical.Sort{Input: out, Keys: s.Keys}
	}
	return &logical.Limit{Input: out, Count: n.Count, Offset: n.Offset}
})

// onlyBack reports whether a window has no partitions and no call that depends
// on rows further back in its order, which it returns.
func (q *Query) onlyBack(w *logical.Window) (order []expr.SortKey, ok bool) {
	for _, c := range w.Calls {
		x := c.Expr.(*expr.WindowCall)
		if len(x.Partition) > 0 || q.volatile(x) || !rankFuncs[x.Agg.Func] && !looksBack(x, "row_number") {
			return nil, false
		}
		order = x.Order
	}
	return order, true
}

// follows reports whether the first rows by keys are the first ones of the
// window's order: keys are that order, or begin with its row_number. p, if not
// nil, stands between.
func follows(keys []expr.SortKey, p *logical.Project, w *logical.Window, order []expr.SortKey) bool {
	by := map[expr.ColID]expr.Expr{}
	if p != nil {
		for _, x := range p.Exprs {
			by[x.Col.ID] = x.Expr
		}
	}
	under := make([]expr.SortKey, len(keys))
	for i, k := range keys {
		k.Expr = substitute(k.Expr, by)
		under[i] = k
	}
	if tree.Equal(under, order) {
		return true
	}
	c, ok := under[0].Expr.(*expr.Column)
	if !ok || under[0].Desc {
		return false
	}
	for _, x := range w.Calls {
		if x.Col.ID == c.ID {
			return x.Expr.(*expr.WindowCall).Agg.Func == "row_number"
		}
	}
	return false
}

package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

var limitRules = []Rule{MergeProjects, MergeLimits, LimitOne, DropSort, LimitThroughProject, LimitIntoUnion, LimitIntoLeftJoin, LimitThroughWindow, MergeUnions, SortOfOneRow}

// MergeLimits makes one limit of two.
var MergeLimits = On("MergeLimits", func(_ *Query, n *logical.Limit) logical.Node {
	in, ok := n.Input.(*logical.Limit)
	if !ok {
		return nil
	}
	out := &logical.Limit{Input: in.Input, Offset: in.Offset + n.Offset, Count: n.Count}
	if in.Count >= 0 {
		left := max(in.Count-n.Offset, 0)
		if out.Count < 0 || out.Count > left {
			out.Count = left
		}
	}
	return out
})

// LimitOne leaves out a limit that keeps every row there can be, and everything below one that keeps none.
var LimitOne = On("LimitOne", func(_ *Query, n *logical.Limit) logical.Node {
	switch {
	case n.Count == 0:
		return &logical.Values{Cols: n.Columns()}
	case n.Offset == 0 && n.Count != 0 && atMostOne(n.Input):
		return n.Input
	}
	return nil
})

// LimitThroughProject computes only the rows that are kept. A Sort that stands
// below keeps the limit above it (lowering joins the two).
var LimitThroughProject = On("LimitThroughProject", func(_ *Query, n *logical.Limit) logical.Node {
	p, ok := n.Input.(*logical.Project)
	if !ok {
		return nil
	}
	return &logical.Project{Input: &logical.Limit{Input: p.Input, Count: n.Count, Offset: n.Offset}, Exprs: p.Exprs}
})

// LimitIntoUnion lets every branch stop early.
var LimitIntoUnion = On("LimitIntoUnion", func(_ *Query, n *logical.Limit) logical.Node {
	u, ok := n.Input.(*logical.SetOp)
	if !ok || u.Kind != logical.Union || !u.All || n.Count < 0 {
		return nil
	}
	most := n.Count + n.Offset
	changed := false
	s := *u
	s.Inputs = make([]logical.Node, len(u.Inputs))
	for i, in := range u.Inputs {
		s.Inputs[i] = in
		if !limited(in, most) {
			s.Inputs[i] = &logical.Limit{Input: in, Count: most}
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return &logical.Limit{Input: &s, Count: n.Count, Offset: n.Offset}
})

// LimitIntoLeftJoin limits the side whose rows all come out at least once.
var LimitIntoLeftJoin = On("LimitIntoLeftJoin", func(_ *Query, n *logical.Limit) logical.Node {
	j, ok := n.Input.(*logical.Join)
	if !ok || j.Kind != logical.Left && j.Kind != logical.Single && j.Kind != logical.Mark || n.Count < 0 || limited(j.Left, n.Count+n.Offset) {
		return nil
	}
	c := *j
	c.Left = &logical.Limit{Input: j.Left, Count: n.Count + n.Offset}
	return &logical.Limit{Input: &c, Count: n.Count, Offset: n.Offset}
})

// limited reports whether n certainly has at most count rows.
func limited(n logical.Node, count int64) bool {
	switch n := n.(type) {
	case *logical.Limit:
		return n.Count >= 0 && n.Count <= count || limited(n.Input, count)
	case *logical.Project:
		return limited(n.Input, count)
	case *logical.Sort:
		return limited(n.Input, count)
	case *logical.Values:
		return int64(len(n.Rows)) <= count
	}
	return count > 0 && exactlyOne(n)
}

// DropSort leaves out sorts whose order nothing above can see: those below
// aggregations that do not depend on order, and below joins.
var DropSort = OnPlan("DropSort", func(_ *Query, root logical.Node) logical.Node { return dropSorts(root, true) })

// dropSorts removes sorts from n; keep says that the order of n's rows matters.
func dropSorts(n logical.Node, keep bool) logical.Node {
	switch x := n.(type) {
	case *logical.Sort:
		if !keep {
			return dropSorts(x.Input, false)
		}
		in := dropSorts(x.Input, false) // a stable order below a sort is not promised
		if in == x.Input {
			return n
		}
		return &logical.Sort{Input: in, Keys: x.Keys}
	case *logical.Limit, *logical.Project, *logical.Filter, *logical.Generate, *logical.Write, *logical.Sample, *logical.Barrier, *logical.With:
		if _, ok := n.(*logical.Limit); ok {
			keep = true
		}
		return tree.MapChildren(n, func(c logical.Node) logical.Node { return dropSorts(c, keep) })
	case *logical.Aggregate:
		for _, a := range x.Aggs {
			if !orderFree[a.Expr.(*expr.Agg).Func] {
				return tree.MapChildren(n, func(c logical.Node) logical.Node { return dropSorts(c, true) })
			}
		}
	}
	return tree.MapChildren(n, func(c logical.Node) logical.Node { return dropSorts(c, false) })
}

// orderFree are aggregates whose result does not depend on the order of rows.
var orderFree = map[string]bool{
	"count": true, "sum": true, "min": true, "max": true, "avg": true, "mean": true, "count_if": true, "bool_and": true, "bool_or": true,
	"every": true, "some": true, "any": true, "stddev": true, "stddev_pop": true, "stddev_samp": true, "variance": true, "var_pop": true,
	"var_samp": true, "std": true, "approx_count_distinct": true, "bit_and": true, "bit_or": true, "bit_xor": true, "corr": true,
	"covar_pop": true, "covar_samp": true, "max_by": true, "min_by": true, "percentile": true, "median": true,
}

// SortOfOneRow leaves out a sort that has nothing to order.
var SortOfOneRow = On("SortOfOneRow", func(_ *Query, n *logical.Sort) logical.Node {
	if atMostOne(n.Input) || len(n.Keys) == 0 {
		return n.Input
	}
	return nil
})

// MergeProjects makes one projection of two, unless that would compute
// something twice.
var MergeProjects = On("MergeProjects", func(q *Query, n *logical.Project) logical.Node {
	in, ok := n.Input.(*logical.Project)
	if !ok {
		return nil
	}
	by := map[expr.ColID]expr.Expr{}
	for _, x := range in.Exprs {
		by[x.Col.ID] = x.Expr
	}
	uses := map[expr.ColID]int{}
	for _, x := range n.Exprs {
		if q.volatile(x.Expr) {
			return nil
		}
		walkColumns(x.Expr, func(c *expr.Column) { uses[c.ID]++ })
	}
	for _, x := range in.Exprs {
		switch x.Expr.(type) {
		case *expr.Column, *expr.Literal:
		default:
			if uses[x.Col.ID] > 1 || uses[x.Col.ID] > 0 && q.volatile(x.Expr) {
				return nil
			}
		}
	}
	out := &logical.Project{Input: in.Input}
	for _, x := range n.Exprs {
		out.Exprs = append(out.Exprs, logical.Named{Col: x.Col, Expr: substitute(x.Expr, by)})
	}
	return out
})

// MergeUnions makes one UNION ALL of nested ones.
var MergeUnions = On("MergeUnions", func(_ *Query, n *logical.SetOp) logical.Node {
	if n.Kind != logical.Union || !n.All {
		return nil
	}
	changed := false
	var inputs []logical.Node
	for _, in := range n.Inputs {
		if u, ok := in.(*logical.SetOp); ok && u.Kind == logical.Union && u.All {
			inputs = append(inputs, u.Inputs...)
			changed = true
			continue
		}
		inputs = append(inputs, in)
	}
	if !changed {
		return nil
	}
	return &logical.SetOp{Kind: logical.Union, All: true, Inputs: inputs, Cols: n.Cols}
})

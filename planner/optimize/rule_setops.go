package optimize

import (
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// IntersectExcept turns INTERSECT and EXCEPT into semi and anti joins in which
// NULL equals NULL. The ALL forms number equal rows on both sides and compare
// the numbers too, so that the k-th copy on the left needs a k-th copy on the right.
var IntersectExcept = On("IntersectExcept", func(q *Query, n *logical.SetOp) logical.Node {
	if n.Kind == logical.Union {
		return nil
	}
	left, right := n.Inputs[0], n.Inputs[1]
	lcols, rcols := left.Columns(), right.Columns()
	var conds []expr.Expr
	for i := range lcols {
		conds = append(conds, &expr.Compare{Op: expr.NullSafeEq, Left: lcols[i], Right: rcols[i]})
	}
	if n.All {
		var l, r *expr.Column
		left, l = numbered(q, left)
		right, r = numbered(q, right)
		conds = append(conds, &expr.Compare{Op: expr.Eq, Left: l, Right: r})
	} else {
		left = distinct(q, left, lcols)
		lcols = left.Columns()
		for i, c := range conds {
			conds[i] = &expr.Compare{Op: expr.NullSafeEq, Left: lcols[i], Right: c.(*expr.Compare).Right}
		}
	}
	j := &logical.Join{Left: left, Right: right, Kind: logical.Semi, Cond: expr.Conj(conds...)}
	if n.Kind == logical.Except {
		j.Kind = logical.Anti
	}
	p := &logical.Project{Input: j}
	for i, c := range n.Cols {
		p.Exprs = append(p.Exprs, logical.Named{Col: c, Expr: lcols[i]})
	}
	return p
})

// UnionDistinct makes the removal of duplicates of a UNION an aggregation of
// its own, which later rules know how to treat.
var UnionDistinct = On("UnionDistinct", func(q *Query, n *logical.SetOp) logical.Node {
	if n.Kind != logical.Union || n.All {
		return nil
	}
	u := &logical.SetOp{Kind: logical.Union, All: true, Inputs: n.Inputs}
	a := &logical.Aggregate{Input: u}
	for _, c := range n.Cols {
		k := q.column(c)
		u.Cols = append(u.Cols, k)
		a.Keys = append(a.Keys, logical.Named{Col: c, Expr: k})
	}
	return a
})

// distinct removes duplicate rows; the columns are new.
func distinct(q *Query, n logical.Node, cols []*expr.Column) logical.Node {
	a := &logical.Aggregate{Input: n}
	for _, c := range cols {
		a.Keys = append(a.Keys, logical.Named{Col: q.column(c), Expr: c})
	}
	return a
}

// numbered adds the number of each row among the rows equal to it.
func numbered(q *Query, n logical.Node) (logical.Node, *expr.Column) {
	call := &expr.WindowCall{
		Agg:   &expr.Agg{Func: "row_number", T: types.Int32Type},
		Frame: expr.Frame{Unit: expr.Rows, Start: expr.Bound{Kind: expr.UnboundedPreceding}, End: expr.Bound{Kind: expr.CurrentRow}},
	}
	for _, c := range n.Columns() {
		call.Partition = append(call.Partition, c)
	}
	// Rows of a partition are equal, so any order numbers them.
	call.Order = []expr.SortKey{{Expr: call.Partition[0]}}
	num := q.columnFor("copy", &expr.Literal{Value: int64(1), T: types.Int32Type})
	return &logical.Window{Input: n, Calls: []logical.Named{{Col: num, Expr: call}}}, num
}

package bind

import (
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/logical"
)

// BatchSelect reports whether a statement looks like an INSERT … SELECT that
// could run once for all rows of a Batch: its block computes row by row, and all
// markers are in the select list and WHERE, outside of subqueries. Whether it
// does so is told by the plan: see Plan.RowByRow.
func BatchSelect(st ast.Statement) bool {
	n, ok := st.(*ast.Insert)
	if !ok || n.Overwrite || len(n.Partition)+len(n.With)+len(n.Query.With)+len(n.Query.OrderBy) > 0 || n.Query.Limit != nil || n.Query.Offset != nil || n.Query.OrderAll != nil {
		return false
	}
	s, ok := n.Query.Body.(*ast.Select)
	if !ok || s.Distinct || s.GroupBy != nil || s.Having != nil || s.Qualify != nil || s.Pipe != ast.NoPipe || len(s.Windows)+len(s.Hints) > 0 {
		return false
	}
	all, inside, flat := 0, 0, true
	ast.Walk(st, func(n ast.Node) {
		if _, ok := n.(*ast.Param); ok {
			all++
		}
	})
	look := func(n ast.Node) {
		switch n.(type) {
		case *ast.Param:
			inside++
		case *ast.Query:
			flat = false
		}
	}
	for i := range s.Items {
		ast.Walk(s.Items[i].Expr, look)
	}
	if s.Where != nil {
		ast.Walk(s.Where, look)
	}
	return flat && all > 0 && all == inside
}

// batchRows puts the rows of the Batch beside those of FROM: each of these with each of those.
func (b *binder) batchRows(in *relation, from bool) *relation {
	n := &logical.Values{Rows: b.env.Batch.Rows}
	for _, f := range b.env.Batch.Cols {
		n.Cols = append(n.Cols, b.newColumn(f.Name, f.Type, true))
	}
	b.batch = columnsOf(n)
	if !from {
		return &relation{plan: n}
	}
	return &relation{plan: &logical.Join{Left: in.plan, Right: n, Kind: logical.Cross}, fields: in.fields}
}

// RowByRow reports whether a plan over a Batch computes each row of it by
// itself, so that running it once is running it for every row.
func (p *Plan) RowByRow() bool {
	for n := p.Node; ; {
		switch x := n.(type) {
		case *logical.Project:
			n = x.Input
		case *logical.Filter:
			n = x.Input
		case *logical.Values:
			return true
		case *logical.Join:
			_, ok := x.Right.(*logical.Values)
			return ok && x.Kind == logical.Cross
		default:
			return false
		}
	}
}

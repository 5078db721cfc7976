package lower

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// setOp is a Union node for UNION ALL, with an aggregation above it that
// removes duplicates for UNION. Columns nobody reads are left out of all
// inputs of a UNION ALL.
func (l *lowerer) setOp(n *logical.SetOp, need expr.ColSet) (*plan, error) {
	if n.Kind != logical.Union {
		return nil, sqlerr.New(sqlerr.InternalError, "a set operation was not rewritten before lowering")
	}
	var keep []int
	for i, c := range n.Cols {
		if !n.All || need.Has(c.ID) {
			keep = append(keep, i)
		}
	}
	node := &physical.Union{}
	out := &plan{}
	var inputs []*plan
	for _, i := range keep {
		d := *n.Cols[i]
		out.cols = append(out.cols, &d)
		node.Names = append(node.Names, d.Name)
	}
	for _, input := range n.Inputs {
		all := input.Columns()
		cols := make([]*expr.Column, len(keep))
		for j, i := range keep {
			cols[j] = all[i]
		}
		in, err := l.lower(input, expr.ColumnIDs(cols))
		if err != nil {
			return nil, err
		}
		if in, err = l.shapeIDs(in, cols); err != nil {
			return nil, err
		}
		for j := range keep {
			out.cols[j].Null = out.cols[j].Null || in.cols[j].Null
		}
		inputs = append(inputs, in)
		if in.dist.kind != single {
			out.dist.kind = spread
		}
	}
	for _, in := range inputs {
		if out.dist.kind == spread {
			in = l.even(l.divide(in))
		}
		node.Inputs = append(node.Inputs, in.node)
	}
	node.Info = l.info()
	out.node = node
	if n.All {
		return out, nil
	}
	a := &logical.Aggregate{}
	for _, c := range out.cols {
		a.Keys = append(a.Keys, logical.Named{Col: c, Expr: c})
	}
	return l.group(out, a.Keys, nil, nil, nil)
}

// shapeIDs is shape without regard to names.
func (l *lowerer) shapeIDs(p *plan, cols []*expr.Column) (*plan, error) {
	if len(p.cols) == len(cols) {
		same := true
		for i := range cols {
			same = same && p.cols[i].ID == cols[i].ID
		}
		if same {
			return p, nil
		}
	}
	return l.shape(p, cols)
}

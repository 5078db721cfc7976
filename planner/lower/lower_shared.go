package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// shared lowers the plan of a Shared node at its first use; every use gets a
// node of its own around it.
func (l *lowerer) shared(n *logical.Shared) (*plan, error) {
	in := l.plans[n.Key]
	if in == nil {
		var err error
		if in, err = l.lower(n.Plan, expr.ColumnIDs(n.From)); err != nil {
			return nil, err
		}
		if in, err = l.shapeIDs(in, n.From); err != nil {
			return nil, err
		}
		l.plans[n.Key] = in
	}
	out := &plan{node: &physical.Shared{Info: l.info(), Key: n.Key, Input: in.node}}
	for i, c := range n.Cols {
		d := *c
		d.Null = in.cols[i].Null
		out.cols = append(out.cols, &d)
	}
	return out, nil
}

package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// window appends the calls somebody reads.
func (l *lowerer) window(n *logical.Window, need expr.ColSet) (*plan, error) {
	used := need.Clone()
	var calls []logical.Named
	for _, c := range n.Calls {
		used.Remove(c.Col.ID)
		if need.Has(c.Col.ID) {
			calls = append(calls, c)
		}
	}
	for _, c := range calls {
		used.UsedColumns(c.Expr)
	}
	in, err := l.lower(n.Input, used)
	if err != nil || len(calls) == 0 {
		return in, err
	}
	if in, err = l.together(in, calls[0].Expr.(*expr.WindowCall).Partition); err != nil {
		return nil, err
	}
	node := &physical.Window{Info: l.info(), Input: in.node}
	out := &plan{node: node, dist: in.dist, cols: append([]*expr.Column(nil), in.cols...)}
	for _, c := range calls {
		e, err := in.refs(c.Expr)
		if err != nil {
			return nil, err
		}
		w := e.(*expr.WindowCall)
		node.Partition, node.Order = w.Partition, w.Order
		node.Calls = append(node.Calls, w)
		node.Names = append(node.Names, c.Col.Name)
		out.cols = append(out.cols, column(c.Col, w))
	}
	return out, nil
}

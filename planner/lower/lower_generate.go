package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

func (l *lowerer) generate(n *logical.Generate, need expr.ColSet) (*plan, error) {
	in, err := l.lower(n.Input, need.Union(expr.Used(n.Call)))
	if err != nil {
		return nil, err
	}
	call, err := in.refs(n.Call)
	if err != nil {
		return nil, err
	}
	node := &physical.Generate{Info: l.info(), Input: in.node, Call: call.(*expr.Call), Cols: schema(n.Cols), Outer: n.Outer}
	cols := append(append([]*expr.Column(nil), in.cols...), n.Cols...)
	if n.Outer {
		for i := range n.Cols {
			node.Cols[i].Nullable = true
			d := *n.Cols[i]
			d.Null = true
			cols[len(in.cols)+i] = &d
		}
	}
	return &plan{node: node, cols: cols, dist: in.dist}, nil
}

func (l *lowerer) sample(n *logical.Sample, need expr.ColSet) (*plan, error) {
	in, err := l.lower(n.Input, need)
	if err != nil {
		return nil, err
	}
	node := &physical.Sample{Info: l.info(), Input: in.node, Fraction: n.Fraction, Seed: n.Seed}
	return &plan{node: node, cols: in.cols, dist: in.dist}, nil
}

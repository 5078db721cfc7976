package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// sort orders rows; limit and offset (-1, 0: all) are those of a Limit above it.
func (l *lowerer) sort(n *logical.Sort, need expr.ColSet, limit, offset int64) (*plan, error) {
	used := need.Clone()
	useKeys(&used, n.Keys)
	in, err := l.lower(n.Input, used)
	if err != nil {
		return nil, err
	}
	keys, err := in.keys(n.Keys)
	if err != nil {
		return nil, err
	}
	node := &physical.Sort{Info: l.info(), Input: in.node, Keys: keys, Limit: limit, Offset: offset}
	return &plan{node: node, cols: in.cols}, nil
}

// limit becomes part of a Sort it stands on, also with a projection between.
func (l *lowerer) limit(n *logical.Limit, need expr.ColSet) (*plan, error) {
	if n.Count >= 0 {
		if s, ok := n.Input.(*logical.Sort); ok {
			return l.sort(s, need, n.Count, n.Offset)
		}
		if p, ok := n.Input.(*logical.Project); ok {
			if _, ok := p.Input.(*logical.Sort); ok {
				c := *n
				c.Input = p.Input
				return l.project(&logical.Project{Input: &c, Exprs: p.Exprs}, need)
			}
		}
	}
	in, err := l.lower(n.Input, need)
	if err != nil {
		return nil, err
	}
	node := &physical.Limit{Info: l.info(), Input: in.node, Count: n.Count, Offset: n.Offset}
	return &plan{node: node, cols: in.cols}, nil
}

package lower

import (
	"github.com/volley-sql/volley/internal/types"
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
	if in.dist.kind == single {
		return &plan{node: node, cols: in.cols}, nil
	}
	// Every task sorts its rows (and keeps enough of them); one merges.
	if limit >= 0 {
		node.Limit, node.Offset = limit+offset, 0
	} else {
		node.Offset = 0
	}
	node.Info.Est = l.est.Rows(n)
	if n == l.last && limit < 0 && offset == 0 && l.worthRanges(n, used) {
		out := l.exchange(&plan{node: node, cols: in.cols, dist: in.dist}, physical.Ranges, nil, distribution{kind: spread, inOrder: true})
		out.node.(*physical.Exchange).Order = keys
		return out, nil
	}
	p := l.gather(&plan{node: node, cols: in.cols, dist: in.dist}, keys)
	if limit >= 0 || offset > 0 {
		p.node = &physical.Limit{Info: l.info(), Input: p.node, Count: limit, Offset: offset}
	}
	return p, nil
}

// lastSort is the Sort that nothing but projections and a write stand on.
func lastSort(n logical.Node) *logical.Sort {
	for {
		switch x := n.(type) {
		case *logical.Sort:
			return x
		case *logical.Project:
			n = x.Input
		case *logical.Barrier:
			n = x.Input
		case *logical.Write:
			n = x.Input
		default:
			return nil
		}
	}
}

// worthRanges reports whether a sort is large enough to be done by all tasks, and
// its keys are of types that ranges can be made of.
func (l *lowerer) worthRanges(n *logical.Sort, used expr.ColSet) bool {
	if l.opts.RangeSort < 0 || l.est.Bytes(n, used) < float64(l.opts.RangeSort) {
		return false
	}
	for _, k := range n.Keys {
		switch k.Expr.Type().Storage() {
		case types.StoreList, types.StoreStruct, types.StoreInterval:
			return false
		}
	}
	return true
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
	if in.dist.kind != single {
		if n.Count >= 0 {
			own := &physical.Limit{Info: l.info(), Input: in.node, Count: n.Count + n.Offset}
			in = &plan{node: own, cols: in.cols, dist: in.dist}
		}
		in = l.gather(in, nil)
	}
	node := &physical.Limit{Info: l.info(), Input: in.node, Count: n.Count, Offset: n.Offset}
	return &plan{node: node, cols: in.cols}, nil
}

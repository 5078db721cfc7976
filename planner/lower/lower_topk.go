package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// topk keeps the first rows of each partition. Where partitions lie in several
// tasks, each leaves out what it can before rows move.
func (l *lowerer) topk(n *logical.TopK, need expr.ColSet) (*plan, error) {
	used := need.Clone()
	var calls []logical.Named
	for _, c := range n.Calls {
		used.Remove(c.Col.ID)
		if need.Has(c.Col.ID) {
			calls = append(calls, c)
		}
	}
	for _, p := range n.Partition {
		used.UsedColumns(p)
	}
	useKeys(&used, n.Order)
	in, err := l.lower(n.Input, used)
	if err != nil {
		return nil, err
	}
	if !in.dist.coversKeys(columnIDs(n.Partition)) {
		part, cols, err := l.firstRows(n, in, used)
		if err != nil {
			return nil, err
		}
		part.Partial = true
		part.Info.Est = min(in.node.Meta().Est, l.est.Rows(n)*float64(l.opts.Partitions))
		in = &plan{node: part, cols: cols, dist: in.dist}
		if in, err = l.together(in, n.Partition); err != nil {
			return nil, err
		}
	}
	node, cols, err := l.firstRows(n, in, need)
	if err != nil {
		return nil, err
	}
	out := &plan{node: node, dist: in.dist, cols: cols}
	for _, c := range calls {
		e, err := in.refs(c.Expr)
		if err != nil {
			return nil, err
		}
		node.Calls = append(node.Calls, e.(*expr.WindowCall))
		node.Names = append(node.Names, c.Col.Name)
		out.cols = append(out.cols, column(c.Col, e))
	}
	return out, nil
}

// firstRows is the node without calls, of which the columns of need come out.
func (l *lowerer) firstRows(n *logical.TopK, in *plan, need expr.ColSet) (*physical.TopK, []*expr.Column, error) {
	node := &physical.TopK{Info: l.info(), Input: in.node, Func: n.Func, K: n.K}
	var cols []*expr.Column
	for i, c := range in.cols {
		if need.Has(c.ID) {
			node.Emit, cols = append(node.Emit, i), append(cols, c)
		}
	}
	for _, p := range n.Partition {
		e, err := in.refs(p)
		if err != nil {
			return nil, nil, err
		}
		node.Partition = append(node.Partition, e)
	}
	var err error
	node.Order, err = in.keys(n.Order)
	return node, cols, err
}

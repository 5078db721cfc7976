package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// project computes the needed columns. One that only passes columns through
// adds no node: the columns get their new names in the plan's column list.
func (l *lowerer) project(n *logical.Project, need expr.ColSet) (*plan, error) {
	var used expr.ColSet
	var kept []logical.Named
	for _, e := range n.Exprs {
		if need.Has(e.Col.ID) {
			kept = append(kept, e)
			used.UsedColumns(e.Expr)
		}
	}
	in, err := l.lower(n.Input, used)
	if err != nil {
		return nil, err
	}
	if p := rename(in, kept); p != nil {
		return p, nil
	}
	out := &plan{dist: in.dist.renamed(passed(kept))}
	node := &physical.Project{Info: l.info(), Input: in.node}
	for _, e := range kept {
		x, err := in.refs(e.Expr)
		if err != nil {
			return nil, err
		}
		node.Exprs = append(node.Exprs, x)
		node.Names = append(node.Names, e.Col.Name)
		out.cols = append(out.cols, column(e.Col, x))
	}
	node.Info.Est = in.node.Meta().Est
	out.node = node
	return out, nil
}

// rename is the plan of a projection that only passes columns through, nil if
// it computes something or shows a column twice.
func rename(in *plan, exprs []logical.Named) *plan {
	cols := make([]*expr.Column, len(in.cols))
	for _, e := range exprs {
		c, ok := e.Expr.(*expr.Column)
		if !ok {
			return nil
		}
		i := in.find(c.ID)
		if i < 0 || cols[i] != nil {
			return nil
		}
		d := *e.Col
		d.Null = in.cols[i].Null
		cols[i] = &d
	}
	for i, c := range cols {
		if c == nil { // not shown: keep the old identity, which nobody above asks for
			cols[i] = in.cols[i]
		}
	}
	return &plan{node: in.node, cols: cols, dist: in.dist.renamed(passed(exprs))}
}

// passed lists under which ids a projection passes columns on.
func passed(exprs []logical.Named) map[expr.ColID][]expr.ColID {
	by := map[expr.ColID][]expr.ColID{}
	for _, e := range exprs {
		if c, ok := e.Expr.(*expr.Column); ok {
			by[c.ID] = append(by[c.ID], e.Col.ID)
		}
	}
	return by
}

func (l *lowerer) filter(n *logical.Filter, need expr.ColSet) (*plan, error) {
	in, err := l.lower(n.Input, need.Union(expr.Used(n.Pred)))
	if err != nil {
		return nil, err
	}
	node := &physical.Filter{Info: l.info(), Input: in.node}
	for _, c := range expr.Conjuncts(n.Pred) {
		e, err := in.refs(c)
		if err != nil {
			return nil, err
		}
		node.Preds = append(node.Preds, e)
	}
	if len(node.Preds) == 0 {
		return in, nil
	}
	return &plan{node: node, cols: in.cols, dist: in.dist}, nil
}

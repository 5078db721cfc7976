package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// scan reads the needed columns and those of the filters, and lets the table
// leave out splits that cannot hold a passing row.
func (l *lowerer) scan(n *logical.Scan, need expr.ColSet) (*plan, error) {
	need = need.Union(expr.Used(n.Filters...))
	p := &plan{}
	var places []int
	for i, c := range n.Cols {
		if need.Has(c.ID) {
			p.cols = append(p.cols, c)
			places = append(places, n.Source[i])
		}
	}
	var filters []expr.Expr
	for _, f := range n.Filters {
		e, err := p.refs(f)
		if err != nil {
			return nil, err
		}
		filters = append(filters, e)
	}
	s, err := n.Table.Scan(l.ctx, places, filters, l.opts.Evaluate)
	if err != nil {
		return nil, err
	}
	if l.opts.Partitions > 1 {
		p.dist.kind = spread
	}
	p.node = &physical.Scan{Info: l.info(), Table: n.Name, Scan: *s, Filters: filters, Limit: -1}
	return p, nil
}

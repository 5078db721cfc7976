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
		if l.opts.Partitions > 1 {
			in = l.stored(in)
		}
		l.plans[n.Key] = in
	}
	out := &plan{node: &physical.Shared{Info: l.info(), Key: n.Key, Input: in.node}}
	by := map[expr.ColID][]expr.ColID{}
	for i, c := range n.Cols {
		by[n.From[i].ID] = append(by[n.From[i].ID], c.ID)
	}
	out.dist = in.dist.renamed(by)
	for i, c := range n.Cols {
		d := *c
		d.Null = in.cols[i].Null
		out.cols = append(out.cols, &d)
	}
	return out, nil
}

// stored ends a shared plan in an exchange, which makes it a stage of its own
// that every use reads.
func (l *lowerer) stored(p *plan) *plan {
	switch p.dist.kind {
	case single:
		return l.exchange(p, physical.Gather, nil, distribution{})
	case hashed:
		keys := make([]expr.Expr, 0, len(p.dist.hashed))
		for _, s := range p.dist.hashed {
			for _, id := range s.IDs() {
				if i := p.find(id); i >= 0 {
					keys = append(keys, p.ref(i))
					break
				}
			}
		}
		if len(keys) == len(p.dist.hashed) {
			return l.exchange(p, physical.Hash, keys, p.dist)
		}
	}
	return l.exchange(p, physical.RoundRobin, nil, distribution{kind: spread})
}

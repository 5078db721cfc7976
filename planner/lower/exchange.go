package lower

import (
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// distribution says how the rows of a plan lie among the tasks of its stage.
type distribution struct {
	kind distKind
	// hashed, for hashed: column i of the hash is any of the ids in hashed[i], which are equal in every row.
	hashed []expr.ColSet
	// tasks is how many there are, where a hint asked for another number than
	// plans have elsewhere; 0: that number. Such rows are spread.
	tasks int
	// inOrder, for spread: the rows of a task are sorted, and come before those of the next.
	inOrder bool
}

type distKind uint8

const (
	single distKind = iota // in one task
	spread                 // anyhow
	hashed                 // rows of equal columns in one task
)

// coversKeys reports whether rows that agree in all of keys are in one task already.
func (d distribution) coversKeys(keys []expr.ColID) bool {
	switch d.kind {
	case single:
		return true
	case spread:
		return false
	}
	for _, s := range d.hashed {
		found := false
		for _, k := range keys {
			found = found || s.Has(k)
		}
		if !found {
			return false
		}
	}
	return true
}

// renamed adds the new names of columns that a projection passes through.
func (d distribution) renamed(by map[expr.ColID][]expr.ColID) distribution {
	if d.kind != hashed {
		return d
	}
	out := distribution{kind: hashed}
	for _, s := range d.hashed {
		s = s.Clone()
		for _, id := range s.IDs() {
			for _, to := range by[id] {
				s.Add(to)
			}
		}
		out.hashed = append(out.hashed, s)
	}
	return out
}

func (l *lowerer) exchange(p *plan, kind physical.ExchangeKind, keys []expr.Expr, d distribution) *plan {
	parts := l.opts.Partitions
	if kind == physical.Gather {
		parts = 1
	}
	node := &physical.Exchange{Info: l.info(), Input: p.node, Kind: kind, Keys: keys, Partitions: parts}
	node.Info.Est = p.node.Meta().Est
	return &plan{node: node, cols: p.cols, dist: d}
}

// gather brings all rows into one task. Rows that are sorted by order in every task are merged.
func (l *lowerer) gather(p *plan, order []expr.SortKey) *plan {
	if p.dist.kind == single {
		return p
	}
	out := l.exchange(p, physical.Gather, nil, distribution{})
	x := out.node.(*physical.Exchange)
	x.Order, x.InOrder = order, p.dist.inOrder
	return out
}

// broadcast gives every task all rows. For a plan in one task whose reader is
// in one task too there is nothing to do, which the caller checks.
func (l *lowerer) broadcast(p *plan) *plan {
	return l.exchange(p, physical.Broadcast, nil, p.dist)
}

// hash brings rows with equal keys together. ids name the columns the keys
// are, where they are columns (0: an expression).
func (l *lowerer) hash(p *plan, keys []expr.Expr, ids []expr.ColID) *plan {
	return l.exchange(p, physical.Hash, keys, hashedBy(ids))
}

// hashedBy is a distribution by columns; those without an id are not known above.
func hashedBy(ids []expr.ColID) distribution {
	d := distribution{kind: hashed}
	for _, id := range ids {
		var s expr.ColSet
		if id > 0 {
			s.Add(id)
		}
		d.hashed = append(d.hashed, s)
	}
	return d
}

// divide spreads the rows of one task among all.
func (l *lowerer) divide(p *plan) *plan {
	if p.dist.kind != single {
		return p
	}
	return l.exchange(p, physical.RoundRobin, nil, distribution{kind: spread})
}

// columnIDs are the ids of expressions that are columns, 0 for others.
func columnIDs(es []expr.Expr) []expr.ColID {
	out := make([]expr.ColID, len(es))
	for i, e := range es {
		if c, ok := e.(*expr.Column); ok {
			out[i] = c.ID
		}
	}
	return out
}

// together makes sure that rows which agree in keys are in one task.
func (l *lowerer) together(p *plan, keys []expr.Expr) (*plan, error) {
	if len(keys) == 0 {
		return l.gather(p, nil), nil
	}
	ids := columnIDs(keys)
	if p.dist.coversKeys(ids) {
		return p, nil
	}
	refs := make([]expr.Expr, len(keys))
	for i, k := range keys {
		var err error
		if refs[i], err = p.refs(k); err != nil {
			return nil, err
		}
	}
	return l.hash(p, refs, ids), nil
}

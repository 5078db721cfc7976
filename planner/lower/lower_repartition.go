package lower

import (
	"math"

	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// repartition follows a partitioning hint: an exchange to the number of tasks
// it asks for. Where one task does all there is nothing to follow.
func (l *lowerer) repartition(n *logical.Repartition, need expr.ColSet) (*plan, error) {
	in, err := l.lower(n.Input, need.Union(expr.Used(n.Keys...)))
	if err != nil || l.opts.Partitions == 1 {
		return in, err
	}
	count := int(min(n.Count, math.MaxInt16))
	switch {
	case count == 1:
		return l.gather(in, nil), nil
	case n.Hint == "COALESCE" && (in.dist.kind == single || count >= l.opts.Partitions):
		return in, nil
	}
	var out *plan
	switch {
	case len(n.Keys) == 0:
		out = l.exchange(in, physical.RoundRobin, nil, distribution{kind: spread})
	default:
		if out, err = l.hashBy(in, n.Keys); err != nil {
			return nil, err
		}
	}
	if count > 0 && count != l.opts.Partitions {
		out.node.(*physical.Exchange).Partitions = count
		out.dist = distribution{kind: spread, tasks: count}
	}
	return out, nil
}

// even brings rows that a hint has divided among another number of tasks back
// to the usual one, for plans that meet others in a stage.
func (l *lowerer) even(p *plan) *plan {
	if p.dist.tasks == 0 {
		return p
	}
	return l.exchange(p, physical.RoundRobin, nil, distribution{kind: spread})
}

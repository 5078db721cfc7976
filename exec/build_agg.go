package exec

import (
	"github.com/volley-sql/volley/exec/agg"
	"github.com/volley-sql/volley/planner/physical"
)

// aggregate is an operator for partial aggregation, else the end of one chain and the start of another.
func (b *builder) aggregate(n *physical.HashAggregate) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	a, err := agg.New(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	if n.Mode == physical.Partial {
		return b.push(c, n, a.Operator), nil
	}
	return b.start(n, a.Source(), false, b.sink(c, n, a.Sink())), nil
}

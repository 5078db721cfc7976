package exec

import (
	"github.com/volley-sql/volley/exec/topk"
	"github.com/volley-sql/volley/planner/physical"
)

// topk is an operator if Partial, else the end of one chain and the start of another.
func (b *builder) topk(n *physical.TopK) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	t, err := topk.New(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	if n.Partial {
		return b.push(c, n, t.Operator), nil
	}
	return b.start(n, t.Source(), false, b.sink(c, n, t.Sink())), nil
}

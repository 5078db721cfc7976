package exec

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/planner/physical"
)

func (b *builder) sort(n *physical.Sort) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	s, err := sort.New(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	return b.start(n, s.Source(), true, b.sink(c, n, s)), nil
}

// merge reads producers that each sorted their rows.
func (b *builder) merge(n *physical.StageRead, srcs []flow.Source) (*chain, error) {
	if len(srcs) == 1 {
		return b.start(n, srcs[0], true), nil
	}
	return b.start(n, sort.NewMerge(b.nodeEnv(n), columnTypes(n.Cols), n.Order, srcs), true), nil
}

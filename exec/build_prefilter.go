package exec

import (
	"github.com/volley-sql/volley/exec/join"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// prefilter is the build side of a semi join, which makes the filters, without
// the probe: what passes them is joined later, and elsewhere.
func (b *builder) prefilter(n *physical.Prefilter) (*chain, error) {
	semi := &physical.HashJoin{
		Info: n.Info, Left: n.Input, Right: n.Build, Kind: physical.Semi, RightKeys: n.Keys,
		NullSafe: make([]bool, len(n.Keys)), Publish: n.Publish,
	}
	for _, k := range n.Keys {
		semi.LeftKeys = append(semi.LeftKeys, expr.NullOf(k.Type())) // never asked for
	}
	j, err := join.New(b.nodeEnv(n), semi)
	if err != nil {
		return nil, err
	}
	side, err := b.build(n.Build)
	if err != nil {
		return nil, err
	}
	p := b.sink(side, n, j.Build())
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	c.after = append(c.after, p)
	return c, nil
}

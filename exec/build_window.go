package exec

import (
	"github.com/volley-sql/volley/exec/window"
	"github.com/volley-sql/volley/planner/physical"
)

func (b *builder) window(n *physical.Window) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	w, err := window.New(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	return b.start(n, w.Source(), false, b.sink(c, n, w.Sink())), nil
}

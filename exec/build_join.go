package exec

import (
	"context"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/join"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/physical"
)

func (b *builder) hashJoin(n *physical.HashJoin) (*chain, error) {
	j, err := join.New(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	if n.BuildLeft {
		return b.join(n, n.Left, n.Right, j)
	}
	return b.join(n, n.Right, n.Left, j)
}

func (b *builder) loopJoin(n *physical.LoopJoin) (*chain, error) {
	j, err := join.NewLoop(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	return b.join(n, n.Right, n.Left, j)
}

// joiner is what join.Join and join.Loop have in common.
type joiner interface {
	Build() flow.Sink
	Probe(thread int) (flow.Operator, error)
	Unmatched() flow.Source
	Break() (flow.Sink, flow.Source)
}

// join makes a pipeline of the build side and puts the probe on the other one.
// The build side comes first, so that its runtime filters are there when the
// pipelines of the probe side run.
func (b *builder) join(n, build, probe physical.Node, j joiner) (*chain, error) {
	side, err := b.build(build)
	if err != nil {
		return nil, err
	}
	p := b.sink(side, n, j.Build())
	c, err := b.build(probe)
	if err != nil {
		return nil, err
	}
	c.after = append(c.after, p)
	rest := j.Unmatched()
	if rest == nil {
		return b.pushStep(c, n, flow.Step{Make: j.Probe, Break: j.Break}), nil
	}
	last := &lastOne{source: rest}
	last.left.Store(int32(b.task.threads(c.serial)))
	c.onSerial = append(c.onSerial, func() { last.left.Store(1) })
	return b.pushStep(c, n, flow.Step{Break: j.Break, Make: func(thread int) (flow.Operator, error) {
		o, err := j.Probe(thread)
		return &thenRest{o, last, thread}, err
	}}), nil
}

// lastOne counts the threads still probing. Whoever finishes last reads the
// rest, which no one could know before.
type lastOne struct {
	left   atomic.Int32
	source flow.Source
}

// thenRest is a probe followed, on the last thread, by the rest.
type thenRest struct {
	probe  flow.Operator
	last   *lastOne
	thread int
}

// Run implements flow.Operator.
func (t *thenRest) Run(ctx context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range t.probe.Run(ctx, in) {
			if !yield(b, err) || err != nil {
				return
			}
		}
		if t.last.left.Add(-1) != 0 {
			return
		}
		for b, err := range t.last.source.Open(ctx, t.thread) {
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

package exec

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
)

// settle runs what must be over before the first row of a chain can come out:
// from the source on, each step that breaks ends a pipeline, which runs now, and
// starts the next. It returns what is left of the chain.
func (t *Task) settle(ctx context.Context, src flow.Source, ops []flow.Step, serial bool) (flow.Source, []flow.Step, error) {
	if err := settleSource(ctx, t, src); err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(ops); i++ {
		if ops[i].Break == nil {
			continue
		}
		sink, source := ops[i].Break()
		if sink == nil {
			continue
		}
		if err := t.drain(ctx, &flow.Pipeline{Source: src, Ops: ops[:i], Sink: sink, Serial: serial}); err != nil {
			return nil, nil, err
		}
		src, ops, i = source, ops[i+1:], -1
	}
	return src, ops, nil
}

// nested is a source made of chains or other sources.
type nested interface {
	settle(ctx context.Context, t *Task) error
}

func settleSource(ctx context.Context, t *Task, s flow.Source) error {
	if n, ok := s.(nested); ok {
		return n.settle(ctx, t)
	}
	return nil
}

func (c *composed) settle(ctx context.Context, t *Task) error {
	var err error
	c.source, c.ops, err = t.settle(ctx, c.source, c.ops, c.serial)
	return err
}

func (s *stoppable) settle(ctx context.Context, t *Task) error { return settleSource(ctx, t, s.source) }

func (s *meteredSource) settle(ctx context.Context, t *Task) error {
	return settleSource(ctx, t, s.Source)
}

func (u *union) settle(ctx context.Context, t *Task) error {
	for i := range u.branches {
		if err := settleSource(ctx, t, u.branches[i].source); err != nil {
			return err
		}
	}
	return nil
}

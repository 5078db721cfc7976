package exec

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/recurse"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/physical"
)

// recursive builds the anchor of a recursion and what its step keeps. The step
// itself is built anew for every level, as a task of its own.
func (b *builder) recursive(n *physical.Recursive) (*chain, error) {
	anchor, err := b.build(n.Anchor)
	if err != nil {
		return nil, err
	}
	held := map[int32]*sharedInput{}
	if err := b.holdParts(n.Step, held); err != nil {
		return nil, err
	}
	env := b.nodeEnv(n)
	step := func(ctx context.Context, rows *hold.Store, sink flow.Sink) error {
		return b.level(ctx, env, n, held, rows, sink)
	}
	r := recurse.New(env, n, step)
	p := b.sink(anchor, n, r.Sink())
	return b.start(n, r.Source(), false, p), nil
}

// holdParts builds the Held parts of a step, and makes the meters of the others.
func (b *builder) holdParts(n physical.Node, held map[int32]*sharedInput) error {
	b.meter(n)
	h, ok := n.(*physical.Held)
	if !ok {
		for _, c := range tree.Children(n) {
			if err := b.holdParts(c, held); err != nil {
				return err
			}
		}
		return nil
	}
	c, err := b.build(h.Input)
	if err != nil {
		return err
	}
	held[h.Info.ID] = b.keep(c, h)
	return nil
}

// level runs the step of a recursion once, over rows.
func (b *builder) level(ctx context.Context, env *flow.Env, n *physical.Recursive, held map[int32]*sharedInput, rows *hold.Store, sink flow.Sink) error {
	e := *env
	e.Filters = nil
	t, err := Build(&e, n.Step, b.in, func(t *Task) {
		t.levels, t.held, t.tap = map[int32]*hold.Store{}, held, b.task.tap
		for k, l := range b.levels {
			t.levels[k] = l
		}
		t.levels[n.Key] = rows
	})
	if err != nil {
		return err
	}
	err = t.Run(ctx, sink)
	b.task.meters.add(t.meters)
	b.task.leaked += t.Leaked()
	return err
}

// recurrence reads the level before.
func (b *builder) recurrence(n *physical.Recurrence) (*chain, error) {
	rows := b.levels[n.Key]
	if rows == nil {
		return nil, noOperator(n)
	}
	return b.start(n, &sharedReader{in: &sharedInput{stores: []*hold.Store{rows}}}, false), nil
}

// kept reads a part of a step that was computed before the first level.
func (b *builder) kept(n *physical.Held) (*chain, error) {
	in := b.held[n.Info.ID]
	if in == nil {
		return nil, noOperator(n)
	}
	return b.start(n, &sharedReader{in: in}, false), nil
}

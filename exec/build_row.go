package exec

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/rowop"
	"github.com/volley-sql/volley/planner/physical"
)

func (b *builder) project(n *physical.Project) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	return b.push(c, n, func(int) (flow.Operator, error) { return rowop.NewProject(b.env, n.Exprs) }), nil
}

func (b *builder) filter(n *physical.Filter) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	return b.push(c, n, func(int) (flow.Operator, error) { return rowop.NewFilter(b.env, n.Preds) }), nil
}

// limit stops what is below it on all threads as soon as it has its rows.
func (b *builder) limit(n *physical.Limit) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	state := rowop.NewLimitState(n.Count, n.Offset)
	if !c.serial {
		s := &stoppable{source: c.fold()}
		state.Full = s.stop
		c.source, c.ops = s, nil
	}
	return b.push(c, n, func(int) (flow.Operator, error) { return rowop.NewLimit(state), nil }), nil
}

func (b *builder) expand(n *physical.Expand) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	return b.push(c, n, func(int) (flow.Operator, error) { return rowop.NewExpand(b.env, n.Projections) }), nil
}

func (b *builder) generate(n *physical.Generate) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	return b.push(c, n, func(int) (flow.Operator, error) { return rowop.NewGenerate(b.env, n.Call, n.Cols, n.Outer) }), nil
}

func (b *builder) sample(n *physical.Sample) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	return b.push(c, n, func(thread int) (flow.Operator, error) {
		return rowop.NewSample(b.env, n.Fraction, n.Seed, thread), nil
	}), nil
}

func (b *builder) union(n *physical.Union) (*chain, error) {
	u := &union{branches: make([]branch, len(n.Inputs))}
	out := &chain{}
	for i, in := range n.Inputs {
		c, err := b.build(in)
		if err != nil {
			return nil, err
		}
		u.branches[i].source, u.branches[i].serial = c.fold(), c.serial
		out.after = append(out.after, c.after...)
		out.onSerial = append(out.onSerial, c.onSerial...)
	}
	// Not serial, even if the branches are: those can run side by side.
	c := b.start(n, u, false, out.after...)
	c.onSerial = out.onSerial
	return c, nil
}

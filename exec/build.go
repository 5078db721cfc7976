package exec

import (
	"context"
	"fmt"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/physical"
)

// Inputs gives a task what comes from outside its plan. A task of a plan
// without StageRead nodes that reads all splits of its scans needs none (nil).
type Inputs interface {
	// Splits are those of n's splits that this partition reads.
	Splits(n *physical.Scan, partition int) []catalog.Split
	// Open returns the source of what earlier stages made for a partition of
	// n. For a read with an Order there is one source for every producing
	// task, each sorted and opened by one thread; otherwise one source, which
	// threads share.
	Open(n *physical.StageRead, partition int) ([]flow.Source, error)
}

// Build makes a task from a plan. It opens no file and starts nothing. Env is
// copied; what is nil of Account, SpillDir and Filters the task gets of its own.
func Build(env *flow.Env, plan physical.Node, in Inputs, opts ...Option) (*Task, error) {
	e := *env
	e.Threads, e.Partitions = max(e.Threads, 1), max(e.Partitions, 1)
	if e.BatchSize <= 0 || e.BatchSize > vec.MaxSize {
		e.BatchSize = vec.DefaultSize
	}
	if e.Account == nil {
		e.Account = mem.NewAccount("task", 0)
	}
	t := &Task{
		env: &e, schema: plan.Schema(), meters: newMeters(e.Threads),
		sinkNodes: map[*flow.Pipeline]*nodeMeter{},
	}
	if e.Context != nil {
		own := *e.Context
		own.Stop, own.Memory, e.Context = &t.stop, e.Account.Limit(), &own
	}
	if e.SpillDir == nil {
		t.spill.root = e.SpillRoot
		e.SpillDir = t.spill.get
	}
	if e.Filters == nil {
		e.Filters = &flow.RuntimeFilters{}
	}
	for _, o := range opts {
		o(t)
	}
	b := &builder{task: t, env: &e, in: in, uses: map[int32]int{}, shared: map[int32]*sharedInput{}, levels: t.levels, held: t.held}
	tree.Walk(plan, func(n physical.Node) bool {
		if s, ok := n.(*physical.Shared); ok {
			b.uses[s.Key]++
			return b.uses[s.Key] == 1
		}
		return true
	})
	last, err := b.build(plan)
	if err != nil {
		t.Close()
		return nil, err
	}
	t.last = last
	return t, nil
}

// Option changes how a task is built.
type Option func(*Task)

// Tap passes the output stream of every node on every thread through f, for tests.
func Tap(f func(node physical.Meta, thread int, in vec.Stream) vec.Stream) Option {
	return func(t *Task) { t.tap = f }
}

type builder struct {
	task   *Task
	env    *flow.Env
	in     Inputs
	uses   map[int32]int // how often each Shared key stands in the plan
	shared map[int32]*sharedInput
	// levels are the rows that Recurrence nodes read, by key, and held the
	// parts of a step by node, in the task of a step.
	levels map[int32]*hold.Store
	held   map[int32]*sharedInput
}

// build adds the pipelines n needs to the task and returns the chain that delivers n's rows.
func (b *builder) build(n physical.Node) (*chain, error) {
	switch n := n.(type) {
	case *physical.Scan:
		return b.scan(n)
	case *physical.Values:
		return b.values(n)
	case *physical.Range:
		return b.ranges(n)
	case *physical.Feed:
		return b.feed(n)
	case *physical.StageRead:
		return b.stageRead(n)
	case *physical.Project:
		return b.project(n)
	case *physical.Filter:
		return b.filter(n)
	case *physical.Limit:
		return b.limit(n)
	case *physical.Expand:
		return b.expand(n)
	case *physical.Generate:
		return b.generate(n)
	case *physical.Sample:
		return b.sample(n)
	case *physical.Union:
		return b.union(n)
	case *physical.Prefilter:
		return b.prefilter(n)
	case *physical.Shared:
		return b.share(n)
	case *physical.Recursive:
		return b.recursive(n)
	case *physical.Recurrence:
		return b.recurrence(n)
	case *physical.Held:
		return b.kept(n)
	case *physical.Sort:
		return b.sort(n)
	case *physical.Window:
		return b.window(n)
	case *physical.TopK:
		return b.topk(n)
	case *physical.HashAggregate:
		return b.aggregate(n)
	case *physical.HashJoin:
		return b.hashJoin(n)
	case *physical.LoopJoin:
		return b.loopJoin(n)
	case *physical.Write:
		return b.write(n)
	case *physical.Exchange:
		// Uncut: the task is the only one on both sides.
		if b.env.Partitions == 1 {
			return b.build(n.Input)
		}
		return nil, sqlerr.New(sqlerr.InternalError, "an exchange inside one of %d tasks", b.env.Partitions)
	}
	return nil, noOperator(n)
}

func noOperator(n physical.Node) error {
	return sqlerr.New(sqlerr.InternalError, "no operator for %s", kind(n))
}

// nodeEnv is the environment for the operators of n: with an account of its own.
func (b *builder) nodeEnv(n physical.Node) *flow.Env {
	m := b.meter(n)
	if m.acct == nil {
		m.acct = b.env.Account.Child(fmt.Sprintf("%s (node %d)", m.name, m.id), 0)
		if spills(n) {
			m.acct.Elastic()
		}
		b.task.accounts = append(b.task.accounts, m.acct)
	}
	e := *b.env
	e.Account = m.acct
	return &e
}

// spills reports whether the operator of n can go on with less memory than its input takes.
func spills(n physical.Node) bool {
	switch n := n.(type) {
	case *physical.HashJoin, *physical.LoopJoin, *physical.Prefilter, *physical.Shared, *physical.Sort, *physical.Window:
		return true
	case *physical.TopK:
		return !n.Partial
	case *physical.HashAggregate:
		return len(n.Keys) > 0
	}
	return false
}

func (b *builder) meter(n physical.Node) *nodeMeter {
	return b.task.meters.node(n.Meta().ID, kind(n))
}

// start is a chain that begins with a source doing n's work.
func (b *builder) start(n physical.Node, src flow.Source, serial bool, after ...*flow.Pipeline) *chain {
	return &chain{source: &meteredSource{src, *n.Meta(), b.meter(n), b.task}, serial: serial, after: after}
}

// push adds an operator doing n's work to the chain.
func (b *builder) push(c *chain, n physical.Node, op func(thread int) (flow.Operator, error)) *chain {
	return b.pushStep(c, n, flow.Step{Make: op})
}

func (b *builder) pushStep(c *chain, n physical.Node, s flow.Step) *chain {
	node := b.meter(n)
	out := flow.Step{Make: func(thread int) (flow.Operator, error) {
		o, err := s.Make(thread)
		if err != nil {
			return nil, err
		}
		return &meteredOp{o, *n.Meta(), node, b.task, thread}, nil
	}}
	if s.Break != nil {
		out.Break = func() (flow.Sink, flow.Source) {
			sink, source := s.Break()
			if sink == nil {
				return nil, nil
			}
			return &meteredSink{sink, node}, &meteredSource{source, *n.Meta(), node, b.task}
		}
	}
	c.ops = append(c.ops, out)
	return c
}

// sink ends the chain in a pipeline of the task; its time counts for n.
func (b *builder) sink(c *chain, n physical.Node, s flow.Sink) *flow.Pipeline {
	p := &flow.Pipeline{
		Name: fmt.Sprintf("%s (node %d)", kind(n), n.Meta().ID), Source: c.source, Ops: c.ops, Sink: s, After: c.after, Serial: c.serial,
	}
	b.task.pipelines = append(b.task.pipelines, p)
	b.task.sinkNodes[p] = b.meter(n)
	return p
}

type meteredSource struct {
	flow.Source
	meta physical.Meta
	node *nodeMeter
	task *Task
}

// Open implements flow.Source.
func (s *meteredSource) Open(ctx context.Context, thread int) vec.Stream {
	return s.task.observe(s.meta, s.node, thread, s.Source.Open(ctx, thread))
}

// meteredSink is a sink that the task does not know, with the node it works for.
type meteredSink struct {
	flow.Sink
	node *nodeMeter
}

type meteredOp struct {
	flow.Operator
	meta   physical.Meta
	node   *nodeMeter
	task   *Task
	thread int
}

// Run implements flow.Operator.
func (o *meteredOp) Run(ctx context.Context, in vec.Stream) vec.Stream {
	return o.task.observe(o.meta, o.node, o.thread, o.Operator.Run(ctx, in))
}

func (t *Task) observe(meta physical.Meta, node *nodeMeter, thread int, s vec.Stream) vec.Stream {
	s = t.meters.stream(node, thread, s)
	if t.tap != nil {
		s = t.tap(meta, thread, s)
	}
	return s
}

// Package agg computes GROUP BY. An [Agg] is what the pipelines of one
// physical.HashAggregate share. How package exec uses it depends on the mode:
//
//	Complete, Final:  … input ops ──► Sink        Source ──► … downstream
//	                                  └── After ──┘
//	Partial:          … input ops ──► Operator ──► … downstream, one pipeline
//
// In Complete and Final mode the sink ends one pipeline and the source starts
// another one, which runs After the first. The source can be drained once: its
// threads share the partitions of the table. The sink's Close releases
// everything, also after errors; it must come after the source's last batch.
//
// In Partial mode the operator pre-aggregates in a table of bounded size and
// passes groups on whenever it is full, so it needs no spilling and no second
// pipeline. Without keys it emits one row a thread, also for no input.
//
// Rows come out in no order. Keys have -0.0 as 0.0 and one NaN.
//
// # How it works
//
// Every thread has a table of its own: rows (package row) of hash, keys and
// states, kept by 256 partitions of the hash, and a directory over them. A full
// directory grows, or, where grouping does not pay, is emptied while the rows stay: groups may
// then have several rows. The source merges the rows of one partition at a
// time, in a directory that fits the cache. Few groups of small keys bypass hashing (direct.go).
// A refused reservation spills the thread's rows by partition; partitions are
// then read back one by one, and split again by further bits if they must.
// DISTINCT arguments are grouped in tables of their own, keyed by group and
// arguments, which feed the main tables when the input is at its end.
package agg

import (
	"context"
	"fmt"
	"slices"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Agg is the shared state of one aggregation in one task.
type Agg struct {
	env     *flow.Env
	node    *physical.HashAggregate
	account *mem.Account
	inputs  []input // what is evaluated of each batch: keys first
	main    *core
	// sets are the argument lists of DISTINCT calls, each with a table of its own.
	sets    []*distinct
	threads []*thread
	share   int64 // bytes a thread's table may hold before it spills, 0: as many as there are
	collide bool  // for tests: every hash is zero
}

// input is an expression and the FILTER whose rows it is evaluated for (nil:
// all): it may fail for others.
type input struct {
	e      expr.Expr
	filter expr.Expr
}

// distinct is an argument list that some calls want without duplicates.
type distinct struct {
	args   []int // in inputs
	filter expr.Expr
	core   *core // keys: the group's, then args
	calls  []int // in main.calls
}

// New prepares the aggregation n. It reports what cannot run at all.
func New(env *flow.Env, n *physical.HashAggregate) (*Agg, error) {
	return (&Agg{env: env, node: n}).prepare()
}

func (a *Agg) prepare() (*Agg, error) {
	env, n := a.env, a.node
	root := env.Account
	if root == nil {
		root = mem.NewAccount("task", 0)
	}
	a.account = root.Child(fmt.Sprintf("HashAggregate %d", n.Info.ID), 0)
	a.share = a.account.Limit() / int64(max(env.Threads, 1)) * 7 / 10
	keys, nulls := make([]types.Type, len(n.Keys)), make([]bool, len(n.Keys))
	for i, k := range n.Keys {
		a.inputs = append(a.inputs, input{e: k})
		keys[i], nulls[i] = k.Type(), k.Nullable() || k.Type().Kind == types.Null
	}
	calls, err := a.calls()
	if err != nil {
		return nil, err
	}
	a.main = newCore(a, "groups", keys, nulls, calls)
	for i, c := range calls {
		if c.set >= 0 {
			a.sets[c.set].calls = append(a.sets[c.set].calls, i)
		}
	}
	for _, s := range a.sets {
		ts, ns := slices.Clone(keys), slices.Clone(nulls)
		for _, x := range s.args {
			e := a.inputs[x].e
			ts, ns = append(ts, e.Type()), append(ns, e.Nullable() || e.Type().Kind == types.Null)
		}
		s.core = newCore(a, "distinct values", ts, ns, nil)
	}
	a.threads = make([]*thread, max(env.Threads, 1))
	_, err = a.newThread()
	return a, err
}

// calls resolves the aggregate functions and collects their inputs.
func (a *Agg) calls() ([]*call, error) {
	n, out := a.node, make([]*call, len(a.node.Aggs))
	col := len(n.Keys)
	for i, g := range n.Aggs {
		c := &call{agg: g, set: -1, filter: -1}
		if err := c.resolve(a.env); err != nil {
			return nil, sqlerr.At(err, int(g.Pos))
		}
		out[i] = c
		if n.Mode == physical.Final {
			for range c.states {
				c.args = append(c.args, a.use(&expr.Ref{Index: col, T: c.states[len(c.args)], Null: true}, nil))
				col++
			}
			c.where = g.Filter
			continue
		}
		for _, e := range g.Args {
			c.args = append(c.args, a.use(e, g.Filter))
		}
		if g.Distinct {
			if n.Mode == physical.Partial {
				return nil, sqlerr.New(sqlerr.InternalError, "%s(DISTINCT) cannot be aggregated in parts", g.Func).At(int(g.Pos))
			}
			c.set = a.distinct(c.args, g.Filter)
			continue
		}
		for _, k := range g.Order {
			c.args = append(c.args, a.use(k.Expr, g.Filter))
		}
		c.where = g.Filter
	}
	return out, nil
}

// use returns the place of e, evaluated where filter holds, among the inputs.
func (a *Agg) use(e, filter expr.Expr) int {
	for i, x := range a.inputs {
		if same(x.filter, filter) && tree.Equal(x.e, e) {
			return i
		}
	}
	a.inputs = append(a.inputs, input{e, filter})
	return len(a.inputs) - 1
}

// same compares expressions that may be nil.
func same(a, b expr.Expr) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return tree.Equal(a, b)
}

func (a *Agg) distinct(args []int, filter expr.Expr) int {
	for i, s := range a.sets {
		if slices.Equal(s.args, args) && same(s.filter, filter) {
			return i
		}
	}
	a.sets = append(a.sets, &distinct{args: args, filter: filter})
	return len(a.sets) - 1
}

// Sink is the end of the input pipeline in Complete and Final mode.
func (a *Agg) Sink() flow.Sink { return (*sink)(a) }

type sink Agg

func (s *sink) Drain(ctx context.Context, i int, in vec.Stream) error {
	a := (*Agg)(s)
	t, err := a.newThread()
	if err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	a.threads[i] = t
	for b, err := range in {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		if err := t.add(b); err != nil {
			return err
		}
	}
	return t.fast.flush()
}

// Finish feeds the distinct values to the groups and, if anything was spilled,
// spills the rest, so that partitions are read back one way.
func (s *sink) Finish(ctx context.Context, par flow.Parallel) error {
	a := (*Agg)(s)
	for i, t := range a.threads {
		if t == nil {
			t, err := a.newThread()
			if err != nil {
				return err
			}
			if err := t.open(); err != nil {
				return err
			}
			a.threads[i] = t
		}
	}
	for _, d := range a.sets {
		if err := a.feed(ctx, par, d); err != nil {
			return err
		}
	}
	if len(a.node.Keys) == 0 {
		a.threads[0].single()
	}
	return a.main.settle()
}

func (s *sink) Close() {
	s.main.close()
	for _, d := range s.sets {
		d.core.close()
	}
	s.threads = nil
	s.account.Close()
}

// Source is the start of the pipeline that reads the groups. Its batches have
// the columns of the node's Schema.
func (a *Agg) Source() flow.Source { return (*source)(a) }

type source Agg

func (s *source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		a := (*Agg)(s)
		e, err := newEmitter(a.main, false)
		if err != nil {
			yield(nil, err)
			return
		}
		if err := a.main.each(ctx, func(rows []rowPtr, accs []function.Accumulator) (bool, error) {
			b, err := e.batch(rows, accs)
			if err != nil {
				return false, err
			}
			return yield(b, nil), nil
		}); err != nil {
			yield(nil, err)
		}
	}
}

// Package agg computes GROUP BY. An [Agg] is what the pipelines of one
// physical.HashAggregate share. How package exec uses it depends on the mode:
//
//	Complete, Final:  … input ops ──► Sink        Source ──► … downstream
//	                                  └── After ──┘
//	Partial:          … input ops ──► Operator ──► … downstream, one pipeline
//
// In Complete and Final mode the sink ends one pipeline and the source starts
// another one, which runs After the first. The source can be drained once: its
// threads share the partitions of the table and free them as they go. The
// sink's Close releases everything, also after errors; it must come after the
// source's last batch.
//
// In Partial mode the operator pre-aggregates in a table of bounded size and
// passes groups on whenever it is full, so it needs no spilling and no second
// pipeline. Without keys it emits one row a thread, also for no input.
//
// Rows come out in no order. Keys have -0.0 as 0.0 and one NaN.
package agg

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/planner/physical"
)

// Agg is the shared state of one aggregation in one task.
type Agg struct {
	env  *flow.Env
	node *physical.HashAggregate
}

// New prepares the aggregation n. It compiles nothing yet that belongs to a
// thread, but reports what cannot run at all.
func New(env *flow.Env, n *physical.HashAggregate) (*Agg, error) {
	return &Agg{env: env, node: n}, nil
}

// Sink is the end of the input pipeline in Complete and Final mode.
func (a *Agg) Sink() flow.Sink { panic("not yet") }

// Source is the start of the pipeline that reads the groups. Its batches have
// the columns of the node's Schema.
func (a *Agg) Source() flow.Source { panic("not yet") }

// Operator pre-aggregates one thread's stream in Partial mode.
func (a *Agg) Operator(thread int) (flow.Operator, error) { panic("not yet") }

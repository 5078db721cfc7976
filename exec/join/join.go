// Package join matches rows of two inputs. A [Join] (hash join) or [Loop]
// (nested loops) is what the pipelines of one physical node share:
//
//	build side ops ──► Build (Sink)
//	                     │ After
//	probe side ops ──► Probe (Operator) ──► … downstream
//	                     │ After
//	                   Unmatched (Source) ──► … the same downstream
//
// The build side of a HashJoin is Left if BuildLeft, else Right; of a LoopJoin
// always Right. The probe pipeline runs After the build pipeline. Unmatched
// is nil for most kinds; where it is not, it must run after every thread has
// finished probing, and its batches join those of the probe. All batches have the columns
// of the node's Schema. The Build sink's Close releases the table, so it must come last.
package join

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/planner/physical"
)

// Join is the shared state of one hash join in one task.
type Join struct {
	env  *flow.Env
	node *physical.HashJoin
}

// New prepares the join n.
func New(env *flow.Env, n *physical.HashJoin) (*Join, error) { return &Join{env: env, node: n}, nil }

// Build is the sink of the build side.
func (j *Join) Build() flow.Sink { panic("not yet") }

// Probe is the operator of one thread of the probe side.
func (j *Join) Probe(thread int) (flow.Operator, error) { panic("not yet") }

// Unmatched yields what is known only after probing: rows of the build side
// that found no partner (or did, for Semi joins that build left). It is nil if the join has none.
func (j *Join) Unmatched() flow.Source { panic("not yet") }

// Loop is the shared state of one nested loops join in one task.
type Loop struct {
	env  *flow.Env
	node *physical.LoopJoin
}

// NewLoop prepares the join n.
func NewLoop(env *flow.Env, n *physical.LoopJoin) (*Loop, error) {
	return &Loop{env: env, node: n}, nil
}

// Build is the sink of the right side.
func (l *Loop) Build() flow.Sink { panic("not yet") }

// Probe is the operator of one thread of the left side.
func (l *Loop) Probe(thread int) (flow.Operator, error) { panic("not yet") }

// Unmatched is as for Join: the right rows without a partner of Right and Full joins, else nil.
func (l *Loop) Unmatched() flow.Source { panic("not yet") }

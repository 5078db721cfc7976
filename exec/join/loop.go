package join

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/planner/physical"
)

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

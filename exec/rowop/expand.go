package rowop

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// Expand emits every batch once a projection.
type Expand struct{ projections []*Project }

// NewExpand compiles the projections.
func NewExpand(env *flow.Env, projections [][]expr.Expr) (*Expand, error) {
	e := &Expand{}
	for _, es := range projections {
		p, err := NewProject(env, es)
		if err != nil {
			return nil, err
		}
		e.projections = append(e.projections, p)
	}
	return e, nil
}

// Run implements flow.Operator.
func (e *Expand) Run(_ context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, p := range e.projections {
				if err := p.eval(b); err != nil {
					yield(nil, err)
					return
				}
				if !yield(&p.out, nil) {
					return
				}
			}
		}
	}
}

package rowop

import (
	"context"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// Project computes a column an expression; the selection passes through.
type Project struct {
	set *eval.Set
	out vec.Batch
}

// NewProject compiles exprs, whose Refs are places in the input.
func NewProject(env *flow.Env, exprs []expr.Expr) (*Project, error) {
	set, err := eval.CompileSet(env.Functions, env.Context, exprs)
	if err != nil {
		return nil, err
	}
	return &Project{set: set}, nil
}

// Run implements flow.Operator.
func (p *Project) Run(_ context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range in {
			if err == nil {
				err = p.eval(b)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&p.out, nil) {
				return
			}
		}
	}
}

func (p *Project) eval(b *vec.Batch) error {
	cols, err := p.set.Eval(b.Cols, b.N, b.Sel)
	if err != nil {
		return err
	}
	p.out = vec.Batch{Cols: cols, N: b.N, Sel: b.Sel}
	return nil
}

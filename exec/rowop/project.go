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
	progs []*eval.Program
	out   vec.Batch
}

// NewProject compiles exprs, whose Refs are places in the input.
func NewProject(env *flow.Env, exprs []expr.Expr) (*Project, error) {
	progs, err := compile(env, exprs)
	if err != nil {
		return nil, err
	}
	return &Project{progs: progs, out: vec.Batch{Cols: make([]*vec.Vec, len(exprs))}}, nil
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

func (p *Project) eval(b *vec.Batch) (err error) {
	for i, prog := range p.progs {
		if p.out.Cols[i], err = prog.Eval(b.Cols, b.N, b.Sel); err != nil {
			return err
		}
	}
	p.out.N, p.out.Sel = b.N, b.Sel
	return nil
}

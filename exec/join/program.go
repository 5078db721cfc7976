package join

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
)

type program interface {
	Eval(cols []*vec.Vec, n int, sel []uint16) (*vec.Vec, error)
	Select(cols []*vec.Vec, n int, sel, out []uint16) ([]uint16, error)
}

type refProgram int

func (p refProgram) Eval(cols []*vec.Vec, n int, sel []uint16) (*vec.Vec, error) {
	return cols[p], nil
}

func (p refProgram) Select(cols []*vec.Vec, n int, sel, out []uint16) ([]uint16, error) {
	out = out[:0]
	for _, r := range sel {
		if v := cols[p]; !v.Null(int(r)) && vec.Data[bool](v.Base())[v.Index(int(r))] {
			out = append(out, r)
		}
	}
	return out, nil
}

func compile(env *flow.Env, e expr.Expr) (program, error) {
	if r, ok := e.(*expr.Ref); ok {
		return refProgram(r.Index), nil
	}
	return nil, sqlerr.New(sqlerr.InternalError, "not yet")
}

func compileAll(env *flow.Env, es []expr.Expr) ([]program, error) {
	out := make([]program, len(es))
	for i, e := range es {
		var err error
		if out[i], err = compile(env, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

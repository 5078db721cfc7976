package eval

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// lambda compiles a lambda to a program of its own, whose columns are the
// columns of the batch that the body uses, then the lambda's parameters.
func (k *compiler) lambda(l *expr.Lambda, owner *callNode) (function.Lambda, error) {
	out := &lambdaProgram{owner: owner, params: len(l.Params)}
	index := map[int]int{}
	tree.Walk(l.Body, func(e expr.Expr) bool {
		if r, ok := e.(*expr.Ref); ok {
			if _, ok := index[r.Index]; !ok {
				index[r.Index] = len(out.captured)
				out.captured = append(out.captured, r.Index)
			}
		}
		return true
	})
	body := tree.Map(l.Body, func(e expr.Expr) expr.Expr {
		switch e := e.(type) {
		case *expr.Ref:
			return &expr.Ref{Index: index[e.Index], Name: e.Name, T: e.T, Null: e.Null}
		case *expr.LambdaVar:
			for i, p := range l.Params {
				if p.ID == e.ID {
					return &expr.Ref{Index: len(out.captured) + i, Name: e.Name, T: e.T, Null: true}
				}
			}
		}
		return e
	})
	var err error
	if out.program, err = Compile(k.reg, k.ctx, body); err != nil {
		return nil, err
	}
	out.cols = make([]*vec.Vec, len(out.captured)+out.params)
	out.gathered = make([]vec.Vec, len(out.captured))
	out.slices = make([]vec.Vec, out.params)
	return out, nil
}

// lambdaProgram runs a lambda's body for its owner's kernel.
type lambdaProgram struct {
	owner    *callNode
	program  *Program
	params   int
	captured []int // ordinals of the batch's columns
	cols     []*vec.Vec
	gathered []vec.Vec
	slices   []vec.Vec
	out      vec.Vec
}

// chunk is the number of elements evaluated at a time; a multiple of 64, as slices want.
const chunk = vec.DefaultSize

func (l *lambdaProgram) Params() int { return l.params }

func (l *lambdaProgram) Eval(params []*vec.Vec, rows []uint16) (*vec.Vec, error) {
	if len(rows) <= chunk {
		return l.run(params, 0, rows)
	}
	l.out.Reset(l.program.Type())
	l.out.Resize(0)
	for lo := 0; lo < len(rows); lo += chunk {
		part := rows[lo:min(lo+chunk, len(rows))]
		v, err := l.run(params, lo, part)
		if err != nil {
			return nil, err
		}
		kernel.Append(&l.out, v, 0, len(part))
	}
	return &l.out, nil
}

func (l *lambdaProgram) run(params []*vec.Vec, lo int, rows []uint16) (*vec.Vec, error) {
	for i, c := range l.captured {
		vec.Gather(&l.gathered[i], l.owner.frame.cols[c], rows)
		l.cols[i] = &l.gathered[i]
	}
	for i := range l.params {
		p := params[i]
		if len(rows) != p.Len() {
			l.slices[i].Slice(p, lo, lo+len(rows))
			p = &l.slices[i]
		}
		l.cols[len(l.captured)+i] = p
	}
	return l.program.Eval(l.cols, len(rows), nil)
}

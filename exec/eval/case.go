package eval

import (
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func (k *compiler) caseOf(e *expr.Case) (node, error) {
	n := &caseNode{out: &vec.Vec{Type: e.T}}
	for _, w := range e.Whens {
		arm, err := k.all([]expr.Expr{w.Cond, w.Then})
		if err != nil {
			return nil, err
		}
		n.conds, n.thens = append(n.conds, arm[0]), append(n.thens, arm[1])
	}
	if e.Else != nil {
		var err error
		if n.other, err = k.compile(e.Else); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// caseNode is CASE: each arm only for the rows that reach it.
type caseNode struct {
	conds, thens []node
	other        node // nil: NULL
	out          *vec.Vec
}

func (n *caseNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	depth := len(f.scopes)
	rest, hits := f.take(), f.take()
	defer func() {
		f.scopes = f.scopes[:depth]
		f.give(rest)
		f.give(hits)
	}()
	n.out.Resize(f.n)
	cur := sel
	for k, c := range n.conds {
		if len(cur) == 0 {
			return n.out, nil
		}
		if k > 0 {
			f.enter()
		}
		got, err := pass(c, f, cur, hits)
		if err != nil {
			return nil, err
		}
		if len(got) == 0 {
			continue
		}
		f.enter()
		v, err := n.thens[k].eval(f, got)
		f.leave()
		if err != nil {
			return nil, err
		}
		kernel.Scatter(n.out, v, got)
		rest = kernel.Minus(cur, got, rest)
		cur = rest
	}
	if len(cur) == 0 {
		return n.out, nil
	}
	if n.other == nil {
		setAllNull(n.out, cur)
		return n.out, nil
	}
	f.enter()
	v, err := n.other.eval(f, cur)
	if err != nil {
		return nil, err
	}
	kernel.Scatter(n.out, v, cur)
	return n.out, nil
}

func setAllNull(out *vec.Vec, sel []uint16) {
	if out.Type.Kind == types.Null {
		return
	}
	bits := out.MakeValid()
	for _, i := range sel {
		bits.Clear(int(i))
	}
}

// coalesceNode is the first argument that is not NULL; the others are not
// evaluated for that row.
type coalesceNode struct {
	args []node
	out  *vec.Vec
}

func (n *coalesceNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	depth := len(f.scopes)
	rest, hits := f.take(), f.take()
	defer func() {
		f.scopes = f.scopes[:depth]
		f.give(rest)
		f.give(hits)
	}()
	cur := sel
	for k, a := range n.args {
		if k > 0 {
			f.enter()
		}
		v, err := a.eval(f, cur)
		if err != nil {
			return nil, err
		}
		got := kernel.NonNull(v, cur, hits)
		if k == 0 {
			if len(got) == len(sel) && v.Type.SameShape(n.out.Type) {
				return v, nil
			}
			n.out.Resize(f.n)
		}
		kernel.Scatter(n.out, v, got)
		if len(got) == len(cur) {
			return n.out, nil
		}
		rest = kernel.Minus(cur, got, rest)
		cur = rest
	}
	setAllNull(n.out, cur)
	return n.out, nil
}

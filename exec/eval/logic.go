package eval

import (
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// pass selects the rows of sel for which the boolean node n is true.
func pass(n node, f *frame, sel, out []uint16) ([]uint16, error) {
	if p, ok := n.(filter); ok {
		return p.pass(f, sel, out)
	}
	v, err := n.eval(f, sel)
	if err != nil {
		return nil, err
	}
	return passVec(v, sel, out), nil
}

func passVec(v *vec.Vec, sel, out []uint16) []uint16 {
	if v.Type.Kind == types.Null {
		return out[:0]
	}
	return kernel.True(v, sel, out)
}

// logic is what AND and OR share.
type logic struct {
	args []node
	out  *vec.Vec
}

// fold computes the three-valued AND (decisive false) or OR (decisive true):
// each operand only where none before decided.
func (n *logic) fold(f *frame, sel []uint16, decisive bool) (*vec.Vec, error) {
	n.out.Resize(f.n)
	d := vec.Data[bool](n.out)
	for _, i := range sel {
		d[i] = !decisive
	}
	depth := len(f.scopes)
	cur, next := f.take(), f.take()
	defer func() {
		f.scopes = f.scopes[:depth]
		f.give(cur)
		f.give(next)
	}()
	cur = append(cur, sel...)
	for k, a := range n.args {
		if len(cur) == 0 {
			break
		}
		if k > 0 {
			f.enter()
		}
		v, err := a.eval(f, cur)
		if err != nil {
			return nil, err
		}
		next = next[:0]
		unknown := v.Valid != nil || v.Type.Kind == types.Null
		var val []bool
		if v.Type.Kind != types.Null {
			val = vec.Data[bool](v.Base())
		}
		for _, i := range cur {
			if unknown && v.Null(int(i)) {
				n.out.SetNull(int(i))
				next = append(next, i)
				continue
			}
			if val[v.Index(int(i))] != decisive {
				next = append(next, i)
				continue
			}
			d[i] = decisive
			if n.out.Valid != nil {
				n.out.Valid.Set(int(i))
			}
		}
		cur, next = next, cur
	}
	return n.out, nil
}

// andNode is AND of two or more operands.
type andNode struct{ logic }

func (n *andNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	return n.fold(f, sel, false)
}

func (n *andNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	depth := len(f.scopes)
	tmp := f.take()
	defer func() {
		f.scopes = f.scopes[:depth]
		f.give(tmp)
	}()
	// Results alternate between two buffers, so that none is read and written at once.
	cur, a, b := sel, out, tmp
	for k, arg := range n.args {
		if len(cur) == 0 {
			break
		}
		if k > 0 {
			f.enter()
		}
		got, err := pass(arg, f, cur, a)
		if err != nil {
			return nil, err
		}
		if len(got) == 0 {
			return out[:0], nil
		}
		if &got[0] != &cur[0] {
			a, b = b, got[:0]
		}
		cur = got
	}
	if len(cur) > 0 && cap(tmp) > 0 && &cur[0] == &tmp[:1][0] {
		return append(out[:0], cur...), nil
	}
	return cur, nil
}

// orNode is OR of two or more operands.
type orNode struct{ logic }

func (n *orNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	return n.fold(f, sel, true)
}

func (n *orNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	depth := len(f.scopes)
	hits, acc, rest := f.take(), f.take(), f.take()
	defer func() {
		f.scopes = f.scopes[:depth]
		f.give(hits)
		f.give(acc)
		f.give(rest)
	}()
	cur, res := sel, out[:0]
	for k, arg := range n.args {
		if k > 0 {
			f.enter()
		}
		got, err := pass(arg, f, cur, hits)
		if err != nil {
			return nil, err
		}
		if len(got) == len(cur) && k == 0 {
			return sel, nil
		}
		if len(got) > 0 {
			acc = append(acc[:0], res...)
			res = kernel.Merge(acc, got, res)
		}
		if len(got) == len(cur) || k == len(n.args)-1 {
			break
		}
		if len(got) > 0 {
			rest = kernel.Minus(cur, got, rest)
			cur = rest
		}
	}
	return res, nil
}

// notNode is NOT.
type notNode struct {
	arg node
	out *vec.Vec
}

func (n *notNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil {
		return nil, err
	}
	n.out.Resize(f.n)
	if v.Type.Kind == types.Null {
		n.out.MakeValid().ClearAll(f.n)
		return n.out, nil
	}
	kernel.Scatter(n.out, v, sel)
	d := vec.Data[bool](n.out)
	for _, i := range sel {
		d[i] = !d[i]
	}
	return n.out, nil
}

func (n *notNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil || v.Type.Kind == types.Null {
		return out[:0], err
	}
	return kernel.False(v, sel, out), nil
}

// and compiles a conjunction; x >= a AND x <= b become one range test.
func (k *compiler) and(e *expr.And) (node, error) {
	var args []node
	used := make([]bool, len(e.Args))
	for i, a := range e.Args {
		if used[i] {
			continue
		}
		n, err := k.rangeOf(e.Args, i, used)
		if n == nil && err == nil {
			n, err = k.compile(a)
		}
		if err != nil {
			return nil, err
		}
		args = append(args, n)
	}
	if len(args) == 1 {
		return args[0], nil
	}
	return &andNode{logic{args: args, out: boolVec()}}, nil
}

package eval

import (
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// in compiles IN. Items that are no literals (the binder leaves none) make it
// a disjunction of comparisons.
func (k *compiler) in(e *expr.In) (node, error) {
	n := &inNode{out: boolVec()}
	items := vec.New(e.Arg.Type(), 0)
	var ors []expr.Expr
	for _, item := range e.List {
		l, ok := item.(*expr.Literal)
		switch {
		case !ok:
			ors = append(ors, &expr.Compare{Op: expr.Eq, Left: e.Arg, Right: item})
		case l.Value == nil:
			n.hasNull = true
		default:
			items.Put(items.Extend(1), l.Value)
		}
	}
	if len(ors) > 0 {
		var lits []expr.Expr
		for _, item := range e.List {
			if l, ok := item.(*expr.Literal); ok {
				lits = append(lits, l)
			}
		}
		if len(lits) > 0 {
			ors = append([]expr.Expr{&expr.In{Arg: e.Arg, List: lits}}, ors...)
		}
		if len(ors) == 1 {
			return k.compile(ors[0])
		}
		return k.plain(&expr.Or{Args: ors})
	}
	n.items = kernel.NewItems(items)
	var err error
	n.arg, err = k.compile(e.Arg)
	return n, err
}

// inNode is IN over constants.
type inNode struct {
	arg     node
	items   *kernel.Items
	hasNull bool
	flat    vec.Vec
	out     *vec.Vec
}

func (n *inNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil {
		return nil, err
	}
	return n.items.Select(flatRows(&n.flat, v, sel), sel, out), nil
}

func (n *inNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil {
		return nil, err
	}
	tmp := f.take()
	defer f.give(tmp)
	rows := n.items.Select(flatRows(&n.flat, v, sel), sel, tmp)
	marked(n.out, f.n, sel, rows)
	if n.hasNull {
		d := vec.Data[bool](n.out)
		for _, i := range sel {
			if !d[i] {
				n.out.SetNull(int(i))
			}
		}
	}
	setNulls(f, n.out, v, sel)
	return n.out, nil
}

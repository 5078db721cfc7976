package eval

import (
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// rangeOf returns the range test that args[i] makes together with a later
// conjunct on the same expression, which it marks as used, or nil.
func (k *compiler) rangeOf(args []expr.Expr, i int, used []bool) (node, error) {
	lo, ok := bound(args[i])
	if !ok {
		return nil, nil
	}
	for j := i + 1; j < len(args); j++ {
		hi, ok := bound(args[j])
		if !ok || used[j] || isLower(hi.Op) == isLower(lo.Op) || !tree.Equal(lo.Left, hi.Left) {
			continue
		}
		if !isLower(lo.Op) {
			lo, hi = hi, lo
		}
		arg, err := k.compile(lo.Left)
		if err != nil {
			return nil, err
		}
		used[j] = true
		return &rangeNode{
			arg: arg, lo: ConstVec(lo.Right.(*expr.Literal), 1), hi: ConstVec(hi.Right.(*expr.Literal), 1),
			openLo: lo.Op == expr.Gt, openHi: hi.Op == expr.Lt, out: boolVec(),
		}, nil
	}
	return nil, nil
}

func isLower(op expr.CompareOp) bool { return op == expr.Gt || op == expr.Ge }

// bound returns e as a comparison of an expression with a literal on the
// right, if e is a one-sided bound of a type that range tests know.
func bound(e expr.Expr) (*expr.Compare, bool) {
	c, ok := e.(*expr.Compare)
	if !ok {
		return nil, false
	}
	if _, lit := c.Left.(*expr.Literal); lit {
		c = &expr.Compare{Op: c.Op.Flip(), Left: c.Right, Right: c.Left}
	}
	l, ok := c.Right.(*expr.Literal)
	if !ok || l.Value == nil || c.Op < expr.Lt || c.Op > expr.Ge {
		return nil, false
	}
	switch l.T.Storage() {
	case types.StoreInt8, types.StoreInt16, types.StoreInt32, types.StoreInt64, types.StoreString:
		return c, true
	case types.StoreFloat32, types.StoreFloat64:
		x, _ := l.Value.(float64)
		return c, x == x // not NaN
	}
	return nil, false
}

// rangeNode is a test for lo <= arg <= hi (< where open).
type rangeNode struct {
	arg            node
	lo, hi         *vec.Vec
	openLo, openHi bool
	flat           vec.Vec
	out            *vec.Vec
}

func (n *rangeNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil {
		return nil, err
	}
	v = flatNumbers(&n.flat, v, sel)
	n.lo.SetLen(f.n)
	n.hi.SetLen(f.n)
	return kernel.SelectRange(v, n.lo, n.hi, n.openLo, n.openHi, sel, out), nil
}

func (n *rangeNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil {
		return nil, err
	}
	v = flatNumbers(&n.flat, v, sel)
	n.lo.SetLen(f.n)
	n.hi.SetLen(f.n)
	tmp := f.take()
	defer f.give(tmp)
	marked(n.out, f.n, sel, kernel.SelectRange(v, n.lo, n.hi, n.openLo, n.openHi, sel, tmp))
	setNulls(f, n.out, v, sel)
	return n.out, nil
}

// setNulls makes the rows of sel that are NULL in v NULL in the flat vector out.
func setNulls(f *frame, out, v *vec.Vec, sel []uint16) {
	if v.Valid == nil && v.Type.Kind != types.Null {
		return
	}
	tmp := f.take()
	for _, i := range kernel.Nulls(v, sel, tmp) {
		out.SetNull(int(i))
	}
	f.give(tmp)
}

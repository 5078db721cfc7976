package eval

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// ConstVec returns a constant vector of n rows of a literal's value.
func ConstVec(l *expr.Literal, n int) *vec.Vec {
	v := &vec.Vec{Type: l.T}
	v.SetConst(n)
	v.Put(0, l.Value)
	return v
}

// constNode is a literal.
type constNode struct{ v *vec.Vec }

func newConst(l *expr.Literal) *constNode { return &constNode{ConstVec(l, 1)} }

func (n *constNode) eval(f *frame, _ []uint16) (*vec.Vec, error) {
	n.v.SetLen(f.n)
	return n.v, nil
}

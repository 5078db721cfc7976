package eval

import (
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func (k *compiler) compare(e *expr.Compare) (node, error) {
	args, err := k.all([]expr.Expr{e.Left, e.Right})
	if err != nil {
		return nil, err
	}
	if e.Op == expr.NullSafeEq {
		return &nullSafeNode{l: args[0], r: args[1], out: boolVec()}, nil
	}
	return &compareNode{op: e.Op, l: args[0], r: args[1], out: boolVec()}, nil
}

// compareNode is l op r.
type compareNode struct {
	op     expr.CompareOp
	l, r   node
	fl, fr vec.Vec // flat copies of dictionaries
	out    *vec.Vec
	valid  vec.Bitmap
}

// operands evaluates both sides. Dictionaries of fixed-width values are
// flattened where both sides vary: the loops want flat columns.
func (n *compareNode) operands(f *frame, sel []uint16) (l, r *vec.Vec, err error) {
	if l, err = n.l.eval(f, sel); err != nil {
		return nil, nil, err
	}
	if r, err = n.r.eval(f, sel); err != nil {
		return nil, nil, err
	}
	return flatNumbers(&n.fl, l, sel), flatNumbers(&n.fr, r, sel), nil
}

// flatNumbers is v, or if that is a dictionary of fixed-width values, a flat
// copy of its rows sel in scratch.
func flatNumbers(scratch, v *vec.Vec, sel []uint16) *vec.Vec {
	if v.Enc != vec.Dict {
		return v
	}
	switch v.Type.Storage() {
	case types.StoreString, types.StoreList, types.StoreStruct:
		return v
	}
	return flatRows(scratch, v, sel)
}

// flatRows is v, or if it is encoded, a flat copy of its rows sel in scratch.
func flatRows(scratch, v *vec.Vec, sel []uint16) *vec.Vec {
	if v.Enc == vec.Flat {
		return v
	}
	scratch.Reset(v.Type)
	scratch.Resize(v.Len())
	kernel.Scatter(scratch, v, sel)
	return scratch
}

func (n *compareNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	l, r, err := n.operands(f, sel)
	if err != nil {
		return nil, err
	}
	n.out.Resize(f.n)
	sel, nulls := bothValid(f, l, r, sel, n.out, &n.valid)
	if len(sel) > 0 {
		kernel.Compare(n.op, l, r, sel, vec.Data[bool](n.out))
	}
	if nulls {
		f.give(sel)
	}
	return n.out, nil
}

func (n *compareNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	l, r, err := n.operands(f, sel)
	if err != nil {
		return nil, err
	}
	return kernel.SelectCompare(n.op, l, r, sel, out), nil
}

// bothValid makes out NULL where l or r is, and returns the other rows of sel,
// lent by f if the flag is set.
func bothValid(f *frame, l, r *vec.Vec, sel []uint16, out *vec.Vec, bits *vec.Bitmap) ([]uint16, bool) {
	b, none := argsValid([]*vec.Vec{l, r}, f.n, bits)
	if none {
		b = (*bits).Resize(max(f.n, 1))
		b.ClearAll(f.n)
		*bits = b
	}
	if b == nil {
		return sel, false
	}
	out.Valid = b
	if none {
		return f.take(), true
	}
	return kernel.Valid(b, f.n, sel, f.take()), true
}

// argsValid is the conjunction of the validity of args over n rows: nil if none
// has NULLs; none if a constant NULL leaves no row. The bitmap is an argument's own or
// lies in bits.
func argsValid(args []*vec.Vec, n int, bits *vec.Bitmap) (b vec.Bitmap, none bool) {
	owned := false
	for _, a := range args {
		switch {
		case a == nil:
			continue
		case a.Valid == nil:
			if a.Type.Kind == types.Null {
				return nil, true
			}
			continue
		case a.Enc == vec.Const:
			if !a.Valid.Get(0) {
				return nil, true
			}
			continue
		case b == nil:
			b = a.Valid
			continue
		}
		if !owned {
			*bits = vec.And(*bits, b, a.Valid, n)
			b, owned = *bits, true
			continue
		}
		for w := range b[:vec.Words(n)] {
			b[w] &= a.Valid[w]
		}
	}
	return b, false
}

// nullSafeNode is l <=> r.
type nullSafeNode struct {
	l, r node
	out  *vec.Vec
}

func (n *nullSafeNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	out := f.take()
	defer f.give(out)
	rows, err := n.pass(f, sel, out)
	if err != nil {
		return nil, err
	}
	return marked(n.out, f.n, sel, rows), nil
}

// marked makes out true at rows and false at the rest of sel.
func marked(out *vec.Vec, n int, sel, rows []uint16) *vec.Vec {
	out.Resize(n)
	d := vec.Data[bool](out)
	for _, i := range sel {
		d[i] = false
	}
	for _, i := range rows {
		d[i] = true
	}
	return out
}

func (n *nullSafeNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	l, err := n.l.eval(f, sel)
	if err != nil {
		return nil, err
	}
	r, err := n.r.eval(f, sel)
	if err != nil {
		return nil, err
	}
	return kernel.SelectNullSafe(l, r, true, sel, out), nil
}

// isNullNode is IS [NOT] NULL.
type isNullNode struct {
	arg node
	not bool
	out *vec.Vec
}

func (n *isNullNode) eval(f *frame, sel []uint16) (*vec.Vec, error) {
	out := f.take()
	defer f.give(out)
	rows, err := n.pass(f, sel, out)
	if err != nil {
		return nil, err
	}
	return marked(n.out, f.n, sel, rows), nil
}

func (n *isNullNode) pass(f *frame, sel, out []uint16) ([]uint16, error) {
	v, err := n.arg.eval(f, sel)
	if err != nil {
		return nil, err
	}
	if n.not {
		return kernel.NonNull(v, sel, out), nil
	}
	return kernel.Nulls(v, sel, out), nil
}

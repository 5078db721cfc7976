package kernel

import (
	"cmp"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// SelectCompare writes the rows of sel for which l op r is true to out and
// returns them. l and r have one type and any encodings; out may be sel. op is
// not NullSafeEq (see SelectNullSafe).
func SelectCompare(op expr.CompareOp, l, r *vec.Vec, sel, out []uint16) []uint16 {
	sel = NonNull(l, sel, out)
	sel = NonNull(r, sel, out)
	if len(sel) == 0 {
		return out[:0]
	}
	if l.Enc == vec.Const && r.Enc != vec.Const {
		l, r, op = r, l, op.Flip()
	}
	out = room(out, len(sel))
	if l.Enc == vec.Flat && r.Enc != vec.Dict {
		switch l.Type.Storage() {
		case types.StoreInt8:
			return selectOrdered[int8](op, l, r, sel, out)
		case types.StoreInt16:
			return selectOrdered[int16](op, l, r, sel, out)
		case types.StoreInt32:
			return selectOrdered[int32](op, l, r, sel, out)
		case types.StoreInt64:
			return selectOrdered[int64](op, l, r, sel, out)
		case types.StoreString:
			return selectOrdered[string](op, l, r, sel, out)
		case types.StoreFloat32:
			if c, ok := plainConst[float32](r); ok {
				return selectConst(op, vec.Data[float32](l), c, sel, out)
			}
		case types.StoreFloat64:
			if c, ok := plainConst[float64](r); ok {
				return selectConst(op, vec.Data[float64](l), c, sel, out)
			}
		}
	}
	k := 0
	if op == expr.Eq || op == expr.Ne {
		eq := Equals(l, r)
		for _, i := range sel {
			out[k] = i
			k += b2i(eq(int(i), int(i)) == (op == expr.Eq))
		}
		return out[:k]
	}
	order := Orders(l, r)
	for _, i := range sel {
		out[k] = i
		k += b2i(holds(op, order(int(i), int(i))))
	}
	return out[:k]
}

// plainConst is the value of a constant that is not NaN.
func plainConst[T Float](v *vec.Vec) (T, bool) {
	if v.Enc != vec.Const {
		return 0, false
	}
	c := vec.Data[T](v)[0]
	return c, c == c
}

func holds(op expr.CompareOp, order int) bool {
	switch op {
	case expr.Lt:
		return order < 0
	case expr.Le:
		return order <= 0
	case expr.Gt:
		return order > 0
	case expr.Ge:
		return order >= 0
	case expr.Ne:
		return order != 0
	}
	return order == 0
}

func selectOrdered[T interface {
	vec.Elem
	cmp.Ordered
}](op expr.CompareOp, l, r *vec.Vec, sel, out []uint16) []uint16 {
	x := vec.Data[T](l)
	if r.Enc == vec.Const {
		return selectConst(op, x, vec.Data[T](r)[0], sel, out)
	}
	y := vec.Data[T](r)
	switch op {
	case expr.Eq, expr.Ne:
		return out[:eqCols(x, y, sel, out, b2i(op == expr.Ne))]
	case expr.Gt, expr.Le:
		return out[:ltCols(y, x, sel, out, b2i(op == expr.Le))]
	}
	return out[:ltCols(x, y, sel, out, b2i(op == expr.Ge))]
}

func selectConst[T cmp.Ordered](op expr.CompareOp, x []T, c T, sel, out []uint16) []uint16 {
	switch op {
	case expr.Eq, expr.Ne:
		return out[:eqConst(x, c, sel, out, b2i(op == expr.Ne))]
	case expr.Lt, expr.Ge:
		return out[:ltConst(x, c, sel, out, b2i(op == expr.Ge))]
	}
	return out[:leConst(x, c, sel, out, b2i(op == expr.Gt))]
}

// SelectRange writes the rows of sel with lo <= v <= hi (open ends: <) to out
// and returns them. lo and hi are constants of v's type that are not NULL or NaN.
func SelectRange(v, lo, hi *vec.Vec, openLo, openHi bool, sel, out []uint16) []uint16 {
	sel = NonNull(v, sel, out)
	if len(sel) == 0 {
		return out[:0]
	}
	if v.Enc == vec.Flat {
		out = room(out, len(sel))
		switch v.Type.Storage() {
		case types.StoreInt8:
			return selectRangeInts[int8](v, lo, hi, openLo, openHi, sel, out)
		case types.StoreInt16:
			return selectRangeInts[int16](v, lo, hi, openLo, openHi, sel, out)
		case types.StoreInt32:
			return selectRangeInts[int32](v, lo, hi, openLo, openHi, sel, out)
		case types.StoreInt64:
			return selectRangeInts[int64](v, lo, hi, openLo, openHi, sel, out)
		case types.StoreFloat32:
			return out[:rangeOrdered(vec.Data[float32](v), vec.Data[float32](lo)[0], vec.Data[float32](hi)[0], openLo, openHi, sel, out)]
		case types.StoreFloat64:
			return out[:rangeOrdered(vec.Data[float64](v), vec.Data[float64](lo)[0], vec.Data[float64](hi)[0], openLo, openHi, sel, out)]
		case types.StoreString:
			return out[:rangeOrdered(vec.Data[string](v), vec.Data[string](lo)[0], vec.Data[string](hi)[0], openLo, openHi, sel, out)]
		}
	}
	low, high := expr.Ge, expr.Le
	if openLo {
		low = expr.Gt
	}
	if openHi {
		high = expr.Lt
	}
	return SelectCompare(high, v, hi, SelectCompare(low, v, lo, sel, out), out)
}

func selectRangeInts[T interface {
	vec.Elem
	Integer
}](v, lo, hi *vec.Vec, openLo, openHi bool, sel, out []uint16) []uint16 {
	l, h := vec.Data[T](lo)[0], vec.Data[T](hi)[0]
	if l > h || l == h && (openLo || openHi) {
		return out[:0]
	}
	if openLo {
		l++
	}
	if openHi {
		h--
	}
	if l > h {
		return out[:0]
	}
	return out[:rangeInts(vec.Data[T](v), l, h, sel, out)]
}

// Compare writes l op r to the flat boolean vector out for the rows of sel,
// which are not NULL in l or r. op is not NullSafeEq.
func Compare(op expr.CompareOp, l, r *vec.Vec, sel []uint16, out []bool) {
	if l.Enc == vec.Const && r.Enc != vec.Const {
		l, r, op = r, l, op.Flip()
	}
	if l.Enc == vec.Flat && r.Enc != vec.Dict {
		switch l.Type.Storage() {
		case types.StoreInt8:
			boolsOrdered[int8](op, l, r, out)
			return
		case types.StoreInt16:
			boolsOrdered[int16](op, l, r, out)
			return
		case types.StoreInt32:
			boolsOrdered[int32](op, l, r, out)
			return
		case types.StoreInt64:
			boolsOrdered[int64](op, l, r, out)
			return
		case types.StoreFloat32:
			if c, ok := plainConst[float32](r); ok {
				boolsConst(op, vec.Data[float32](l), c, out)
				return
			}
		case types.StoreFloat64:
			if c, ok := plainConst[float64](r); ok {
				boolsConst(op, vec.Data[float64](l), c, out)
				return
			}
		}
	}
	if op == expr.Eq || op == expr.Ne {
		eq := Equals(l, r)
		for _, i := range sel {
			out[i] = eq(int(i), int(i)) == (op == expr.Eq)
		}
		return
	}
	order := Orders(l, r)
	for _, i := range sel {
		out[i] = holds(op, order(int(i), int(i)))
	}
}

func boolsOrdered[T Integer](op expr.CompareOp, l, r *vec.Vec, out []bool) {
	x := vec.Data[T](l)
	if r.Enc == vec.Const {
		boolsConst(op, x, vec.Data[T](r)[0], out)
		return
	}
	y := vec.Data[T](r)
	switch op {
	case expr.Eq, expr.Ne:
		boolsEqCols(x, y, out, op == expr.Ne)
	case expr.Gt, expr.Le:
		boolsLtCols(y, x, out, op == expr.Le)
	default:
		boolsLtCols(x, y, out, op == expr.Ge)
	}
}

func boolsConst[T cmp.Ordered](op expr.CompareOp, x []T, c T, out []bool) {
	switch op {
	case expr.Eq, expr.Ne:
		boolsEqConst(x, c, out, op == expr.Ne)
	case expr.Lt, expr.Ge:
		boolsLtConst(x, c, out, op == expr.Ge)
	default:
		boolsLeConst(x, c, out, op == expr.Gt)
	}
}

// SelectNullSafe writes the rows of sel for which l <=> r is want to out and returns them.
func SelectNullSafe(l, r *vec.Vec, want bool, sel, out []uint16) []uint16 {
	out = room(out, len(sel))
	eq, k := Equals(l, r), 0
	for _, i := range sel {
		ln, rn := l.Null(int(i)), r.Null(int(i))
		same := ln && rn || !ln && !rn && eq(int(i), int(i))
		out[k] = i
		k += b2i(same == want)
	}
	return out[:k]
}

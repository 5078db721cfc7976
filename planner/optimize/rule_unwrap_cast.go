package optimize

import (
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// UnwrapCast compares a column in its own type where the other side is a
// constant that this type has exactly: CAST(a AS BIGINT) < 5 is a < 5. Scans
// can then use statistics and dictionaries of the column.
var UnwrapCast = OnExpr("UnwrapCast", func(_ *Query, e *expr.Compare) expr.Expr {
	c, ok := e.Left.(*expr.Cast)
	lit, isLit := e.Right.(*expr.Literal)
	if !ok || !isLit || lit.Value == nil || !widening(c.Arg.Type(), c.To) {
		return nil
	}
	if v, ok := narrow(lit.Value, c.To, c.Arg.Type()); ok {
		return &expr.Compare{Op: e.Op, Left: c.Arg, Right: &expr.Literal{Value: v, T: c.Arg.Type()}}
	}
	return nil
})

// UnwrapCastIn is UnwrapCast for lists.
var UnwrapCastIn = OnExpr("UnwrapCastIn", func(_ *Query, e *expr.In) expr.Expr {
	c, ok := e.Arg.(*expr.Cast)
	if !ok || !widening(c.Arg.Type(), c.To) {
		return nil
	}
	list := make([]expr.Expr, len(e.List))
	for i, x := range e.List {
		lit, ok := x.(*expr.Literal)
		if !ok || lit.Value == nil {
			return nil
		}
		v, ok := narrow(lit.Value, c.To, c.Arg.Type())
		if !ok {
			return nil
		}
		list[i] = &expr.Literal{Value: v, T: c.Arg.Type()}
	}
	return &expr.In{Arg: c.Arg, List: list}
})

// widening reports whether a cast keeps every value and the order of values.
func widening(from, to types.Type) bool {
	switch {
	case from.Kind.IsInteger() && to.Kind.IsInteger():
		return from.Kind < to.Kind
	case from.Kind.IsInteger() && to.Kind == types.Decimal:
		return int(to.P)-int(to.S) >= digits[from.Kind]
	case from.Kind == types.Decimal && to.Kind == types.Decimal:
		return to.S >= from.S && to.P-to.S >= from.P-from.S
	}
	return false
}

// digits is how many decimal digits hold every value of an integer type.
var digits = map[types.Kind]int{types.Int8: 3, types.Int16: 5, types.Int32: 10, types.Int64: 19}

var integerBits = map[types.Kind]uint{types.Int8: 8, types.Int16: 16, types.Int32: 32, types.Int64: 64}

// narrow is the value of type from as one of type to, if that has it.
func narrow(v types.Datum, from, to types.Type) (types.Datum, bool) {
	switch x := v.(type) {
	case int64:
		shift := 64 - integerBits[to.Kind]
		return x, to.Kind.IsInteger() && x<<shift>>shift == x
	case types.Int128:
		scale := int(from.S)
		if to.Kind == types.Decimal {
			scale -= int(to.S)
		}
		for ; scale > 0; scale-- {
			q, r := x.QuoRem(types.Int128{Lo: 10})
			if r.Sign() != 0 {
				return nil, false
			}
			x = q
		}
		if to.Kind == types.Decimal {
			return x, x.Fits(int(to.P))
		}
		if !x.IsInt64() {
			return nil, false
		}
		return narrow(x.Int64(), types.Int64Type, to)
	}
	return nil, false
}

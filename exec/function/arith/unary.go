package arith

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

func ex(sql, want string) []function.Example { return []function.Example{{SQL: sql, Want: want}} }

func unaryDefs() []function.Def {
	return []function.Def{
		{
			Name: "negative", Family: "operator", Args: "expr", Since: "0.1",
			Doc:      "Returns the negated value; -expr is the same.",
			Examples: ex("SELECT negative(1)", "-1"),
			Resolve:  signed(negate),
		},
		{
			Name: "positive", Family: "operator", Args: "expr", Since: "0.1",
			Doc:      "Returns the value itself; +expr is the same.",
			Examples: ex("SELECT positive(1)", "1"),
			Resolve:  signed(func(_ mode, t types.Type) build.Maker { return copyMaker }),
		},
		{
			Name: "abs", Family: "math", Args: "expr", Since: "0.1",
			Doc:      "Returns the absolute value of a number or an interval.",
			Examples: ex("SELECT abs(-1)", "1"),
			Resolve:  signed(absolute),
		},
	}
}

var copyMaker = build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	copyRow(out, row, args[0])
	return nil
})

// signed resolves functions of one number or interval that return its type.
func signed(k func(m mode, t types.Type) build.Maker) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 1); err != nil {
			return nil, err
		}
		t := c.Args[0].Type()
		switch {
		case t.Kind == types.Null, t.Kind == types.String:
			t = types.Float64Type
		case !t.Kind.IsNumeric() && !t.Kind.IsInterval():
			return nil, build.WrongType(c, 0, `("NUMERIC" or "INTERVAL DAY TO SECOND" or "INTERVAL YEAR TO MONTH" or "INTERVAL")`)
		}
		return &function.Overload{Params: []types.Type{t}, Result: t, Kernel: k(modeOf(c), t)}, nil
	}
}

func negate(m mode, t types.Type) build.Maker {
	if t.Kind == types.Interval {
		return build.Unary(func(v types.CalendarInterval) types.CalendarInterval {
			return types.CalendarInterval{Months: -v.Months, Days: -v.Days, Micros: -v.Micros}
		})
	}
	if t.Kind == types.Float32 {
		return build.Unary(func(x float32) float32 { return -x })
	}
	return signedMaker(m, t, func(x int64) int64 { return -x }, func(x float64) float64 { return -x }, types.Int128.Neg)
}

func absolute(m mode, t types.Type) build.Maker {
	return signedMaker(m, t, func(x int64) int64 { return max(x, -x) }, math.Abs, func(x types.Int128) types.Int128 {
		if x.Sign() < 0 {
			return x.Neg()
		}
		return x
	})
}

// signedMaker lifts the three forms of a function to all number types. The
// only overflow is that of the smallest integer.
func signedMaker(m mode, t types.Type, ints func(int64) int64, floats func(float64) float64, wide func(types.Int128) types.Int128) build.Maker {
	switch t.Storage() {
	case types.StoreInt8:
		return signedInt[int8](m, t, ints)
	case types.StoreInt16:
		return signedInt[int16](m, t, ints)
	case types.StoreInt32:
		return signedInt[int32](m, t, ints)
	case types.StoreInt64:
		return signedInt[int64](m, t, ints)
	case types.StoreFloat32:
		return build.Unary(func(x float32) float32 { return float32(floats(float64(x))) })
	case types.StoreFloat64:
		return build.Unary(floats)
	}
	return build.Unary(wide)
}

func signedInt[T interface {
	vec.Elem
	int8 | int16 | int32 | int64
}](m mode, t types.Type, f func(int64) int64) build.Maker {
	return build.UnaryE(func(_ *build.Context, x T) (T, error) {
		r := T(f(int64(x)))
		if x < 0 && r < 0 && f(-1) == 1 {
			switch {
			case t.Kind.IsInterval():
				return 0, intervalOverflow("")
			case m == legacy:
				return r, nil
			}
			return 0, overflow(overflowOf(t), "")
		}
		return r, nil
	})
}

func overflowOf(t types.Type) string {
	switch t.Kind {
	case types.Int8, types.Int16:
		return t.Kind.String() + " overflow"
	case types.Int32:
		return "integer overflow"
	}
	return "long overflow"
}

package arith

import (
	"math"
	"math/big"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func binaryOverflow(what, hint string) error {
	return sqlerr.New(sqlerr.BinaryArithmeticOverflow, "%s caused overflow. Use `%s` to tolerate overflow and return NULL instead. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.", what, hint)
}

// none is what an operation without result returns in mode m.
func (m mode) none(err func() error) error {
	if m == ansi {
		return err()
	}
	return build.Null
}

// fixed is an Overload of a kernel made at once. Division always may make
// NULLs, but under ANSI mode.
func fixed(result types.Type, m mode, k build.Maker) *function.Overload {
	o := &function.Overload{Result: result, Kernel: k}
	if m != ansi {
		o.Nulls = function.NullOut
	}
	return o
}

// divide is "/": of doubles and of decimals. resolveDivide has made doubles of integers.
func divide(m mode, l, r types.Type) (*function.Overload, error) {
	if l.Kind != types.Decimal {
		return fixed(types.Float64Type, m, build.BinaryE(func(_ *build.Context, a, b float64) (float64, error) {
			if b == 0 {
				return 0, m.none(divideByZero)
			}
			return a / b, nil
		})), nil
	}
	t := QuotientType(l, r)
	// a/10^ls / (b/10^rs) at scale s is a * 10^(s-ls+rs) / b.
	shift := int(t.S) - int(l.S) + int(r.S)
	f := func(a, b types.Int128) (types.Int128, error) {
		if b.Sign() == 0 {
			return b, m.none(divideByZero)
		}
		if shift >= 0 && shift < len(types.Pow10) {
			if n, ok := a.Mul(types.Pow10[shift]); ok {
				if b.Sign() < 0 {
					n, b = n.Neg(), b.Neg()
				}
				v := cast.DivHalfUp(n, b)
				if !v.Fits(int(t.P)) {
					return v, decimalOverflow(m, v, t)
				}
				return v, nil
			}
		}
		n, d := a.Big(), b.Big()
		if shift >= 0 {
			n.Mul(n, pow10(shift))
		} else {
			d.Mul(d, pow10(-shift))
		}
		divHalfUp(n, d)
		v, ok := types.Int128FromBig(n)
		if !ok || !v.Fits(int(t.P)) {
			return v, bigOverflow(m, n, int(t.S), t)
		}
		return v, nil
	}
	return fixed(t, m, func(*expr.Call) (function.Kernel, error) { return wideLoop(t, f, m), nil }), nil
}

var maxUint64 = new(big.Int).SetUint64(math.MaxUint64)

// integral is "div": the quotient cut to a bigint.
func integral(m mode, l, r types.Type) (*function.Overload, error) {
	if l.Kind != types.Decimal {
		return fixed(types.Int64Type, m, build.BinaryE(func(_ *build.Context, a, b int64) (int64, error) {
			switch {
			case b == 0:
				return 0, m.none(divideByZero)
			case a == math.MinInt64 && b == -1:
				if m == legacy {
					return a, nil
				}
				return 0, m.none(func() error { return overflow("Overflow in integral divide", "try_divide") })
			}
			return a / b, nil
		})), nil
	}
	s := max(l.S, r.S)
	fl, fr := pow10(int(s-l.S)), pow10(int(s-r.S))
	return fixed(types.Int64Type, m, func(*expr.Call) (function.Kernel, error) {
		return wideToLong(func(a, b types.Int128) (int64, error) {
			if b.Sign() == 0 {
				return 0, m.none(divideByZero)
			}
			n, d := a.Big(), b.Big()
			n.Quo(n.Mul(n, fl), d.Mul(d, fr))
			if !n.IsInt64() && m == ansi {
				return 0, overflow("Overflow in integral divide", "try_divide")
			}
			return int64(new(big.Int).And(n, maxUint64).Uint64()), nil
		}), nil
	}), nil
}

func wideToLong(f func(a, b types.Int128) (int64, error)) function.Kernel {
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		x, y, o := wideView(args[0]), wideView(args[1]), vec.Data[int64](out)
		for _, i := range sel {
			v, err := f(x(int(i)), y(int(i)))
			if err == build.Null {
				out.SetNull(int(i))
				continue
			}
			if err != nil {
				return err
			}
			o[i] = v
		}
		return nil
	}
}

// remainder is "%" and, with positive, pmod.
func remainder(positive bool) func(m mode, l, r types.Type) (*function.Overload, error) {
	return func(m mode, l, r types.Type) (*function.Overload, error) {
		if l.Kind == types.Decimal {
			return decimalRemainder(positive, m, l, r), nil
		}
		k := build.ByResult(map[types.Storage]build.Maker{
			types.StoreInt8: intRemainder[int8](positive, m), types.StoreInt16: intRemainder[int16](positive, m),
			types.StoreInt32: intRemainder[int32](positive, m), types.StoreInt64: intRemainder[int64](positive, m),
			types.StoreFloat32: floatRemainder[float32](positive, m), types.StoreFloat64: floatRemainder[float64](positive, m),
		})
		return fixed(l, m, k), nil
	}
}

func intRemainder[T interface {
	vec.Elem
	int8 | int16 | int32 | int64
}](positive bool, m mode) build.Maker {
	return build.BinaryE(func(_ *build.Context, a, b T) (T, error) {
		if b == 0 {
			return 0, m.none(remainderByZero)
		}
		if b == -1 {
			return 0, nil
		}
		r := a % b
		if positive && r < 0 {
			r = (r + b) % b
		}
		return r, nil
	})
}

func floatRemainder[T interface {
	vec.Elem
	float32 | float64
}](positive bool, m mode) build.Maker {
	return build.BinaryE(func(_ *build.Context, a, b T) (T, error) {
		if b == 0 {
			return 0, m.none(remainderByZero)
		}
		r := math.Mod(float64(a), float64(b))
		if positive && r < 0 {
			r = math.Mod(r+float64(b), float64(b))
		}
		return T(r), nil
	})
}

func decimalRemainder(positive bool, m mode, l, r types.Type) *function.Overload {
	t := RemainderType(l, r)
	s := int(max(l.S, r.S))
	fl, fr := pow10(s-int(l.S)), pow10(s-int(r.S))
	f := func(a, b types.Int128) (types.Int128, error) {
		if b.Sign() == 0 {
			return b, m.none(remainderByZero)
		}
		if s == int(l.S) && s == int(r.S) && s == int(t.S) {
			_, rem := a.QuoRem(b)
			if positive && rem.Sign() < 0 {
				rem, _ = rem.Add(b)
				_, rem = rem.QuoRem(b)
			}
			if rem.Fits(int(t.P)) {
				return rem, nil
			}
		}
		n, d := a.Big(), b.Big()
		n.Rem(n.Mul(n, fl), d.Mul(d, fr))
		if positive && n.Sign() < 0 {
			n.Rem(n.Add(n, d), d)
		}
		v, ok := roundBig(n, s, t)
		if !ok {
			return v, bigOverflow(m, n, s, t)
		}
		return v, nil
	}
	return fixed(t, m, func(*expr.Call) (function.Kernel, error) { return wideLoop(t, f, m), nil })
}

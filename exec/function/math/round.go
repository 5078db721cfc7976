package math

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// mode is a way to round.
type mode uint8

const (
	halfUp mode = iota
	halfEven
	up   // towards positive infinity
	down // towards negative infinity
)

func rounding() []function.Def {
	return []function.Def{
		def("round", "expr[, d]", "Rounds to d decimal places (0; negative: before the point), halves away from zero.", round(halfUp), ex("SELECT round(2.5, 0)", "3"), ex("SELECT round(-1.5)", "-2")),
		def("bround", "expr[, d]", "Rounds to d decimal places, halves to the even digit.", round(halfEven), ex("SELECT bround(2.5, 0)", "2")),
		also(def("ceil", "expr[, d]", "Returns the least number with d decimal places (0) that is not under expr.", ceiling(up), ex("SELECT ceil(-0.1)", "0"), ex("SELECT ceil(3.1411, 3)", "3.142")), "ceiling"),
		def("floor", "expr[, d]", "Returns the greatest number with d decimal places (0) that is not over expr.", ceiling(down), ex("SELECT floor(-0.1)", "-1"), ex("SELECT floor(3.1411, -3)", "0")),
	}
}

// places is the constant second argument of a rounding function.
func places(c *function.Call) (int, error) {
	if len(c.Args) < 2 {
		return 0, nil
	}
	e := c.Args[1]
	for {
		if x, ok := e.(*expr.Cast); ok {
			e = x.Arg
			continue
		}
		break
	}
	l, ok := e.(*expr.Literal)
	if !ok {
		if n, ok := e.(*expr.Call); ok && n.Func == "negative" {
			if l, ok := n.Args[0].(*expr.Literal); ok {
				if v, ok := l.Value.(int64); ok {
					return int(-v), nil
				}
			}
		}
		return 0, build.NonFoldable(c, 1, "scale", `"INT"`)
	}
	if l.Value == nil {
		return 0, nil
	}
	v, ok := l.Value.(int64)
	if s, isText := l.Value.(string); isText && c.ANSI { // read as the cast to INT does
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
		v, ok = n, err == nil
	}
	if !ok {
		return 0, build.WrongType(c, 1, `"INT"`)
	}
	return int(max(min(v, 1000), -1000)), nil
}

// decimalRound is Spark's type of a decimal rounded to n places.
func decimalRound(t types.Type, n int) types.Type {
	least := int(t.P) - int(t.S) + 1
	if n < 0 {
		return types.DecimalType(min(max(least, -n+1), types.MaxPrecision), 0)
	}
	scale := min(int(t.S), n)
	return types.DecimalType(min(least+scale, types.MaxPrecision), scale)
}

func round(m mode) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 2); err != nil {
			return nil, err
		}
		n, err := places(c)
		if err != nil {
			return nil, err
		}
		t, ok := build.Param(c.Args[0].Type(), build.AnyNumeric, c.ANSI)
		if !ok {
			return nil, build.WrongType(c, 0, `"NUMERIC"`)
		}
		o := &function.Overload{Params: params(c, t), Result: t}
		if t.Kind == types.Decimal {
			o.Result = decimalRound(t, n)
		}
		o.Kernel = func(call *expr.Call) (function.Kernel, error) { return roundKernel(t, o.Result, n, m), nil }
		return o, nil
	}
}

func params(c *function.Call, first types.Type) []types.Type {
	out := []types.Type{first}
	if len(c.Args) == 2 {
		out = append(out, i32)
	}
	return out
}

// ceiling is round for ceil and floor: without places the result is a bigint, or a decimal without fraction.
func ceiling(m mode) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 2); err != nil {
			return nil, err
		}
		if len(c.Args) == 2 {
			l, err := c.Constant(1)
			if err != nil {
				return nil, err
			}
			if l == nil || l.Value == nil || l.T.Kind != types.Int32 {
				return nil, sqlerr.New(sqlerr.NonFoldable, "The function `%s` requires the parameter `scale` to be a foldable expression of the type \"INT\", but the actual argument is a non-foldable.", c.Name)
			}
		}
		n, err := places(c)
		if err != nil {
			return nil, err
		}
		t := c.Args[0].Type()
		if len(c.Args) == 1 {
			o := &function.Overload{}
			switch {
			case t.Kind == types.Decimal:
				o.Result = types.DecimalType(min(int(t.P)-int(t.S)+1, types.MaxPrecision), 0)
			case t.Kind.IsInteger():
				t, o.Result = i64, i64
			default:
				p, ok := build.Param(t, f64, c.ANSI)
				if !ok {
					return nil, build.WrongType(c, 0, `("DECIMAL" or "DOUBLE" or "BIGINT")`)
				}
				t, o.Result = p, i64
			}
			o.Params = []types.Type{t}
			o.Kernel = func(*expr.Call) (function.Kernel, error) { return roundKernel(t, o.Result, 0, m), nil }
			return o, nil
		}
		switch k := t.Kind; {
		case k == types.Decimal:
		case k == types.Int8:
			t = types.DecimalType(3, 0)
		case k == types.Int16:
			t = types.DecimalType(5, 0)
		case k == types.Int32:
			t = types.DecimalType(10, 0)
		case k == types.Int64:
			t = types.DecimalType(20, 0)
		case k == types.Float32:
			t = types.DecimalType(14, 7)
		case k == types.Float64 || k == types.String || k == types.Null:
			t = types.DecimalType(30, 15)
		default:
			return nil, build.WrongType(c, 0, `"DECIMAL"`)
		}
		o := &function.Overload{Params: params(c, t), Result: decimalRound(t, n)}
		o.Kernel = func(*expr.Call) (function.Kernel, error) { return roundKernel(t, o.Result, n, m), nil }
		return o, nil
	}
}

func roundKernel(t, result types.Type, n int, m mode) function.Kernel {
	switch t.Kind {
	case types.Decimal:
		return roundDecimals(t, result, n, m)
	case types.Float32, types.Float64:
		if result.Kind == types.Int64 {
			return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				x := args[0].Get(row).(float64)
				if m == up {
					x = math.Ceil(x)
				} else {
					x = math.Floor(x)
				}
				v, err := toInt64(c, x)
				vec.Data[int64](out)[row] = v
				return err
			})
		}
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			bits := 64
			if t.Kind == types.Float32 {
				bits = 32
			}
			out.Put(row, roundFloat(args[0].Get(row).(float64), bits, n, m))
			return nil
		})
	}
	return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		v, ok := roundInt(args[0].Get(row).(int64), n, m, t.Kind)
		if !ok && c.ANSI {
			return overflow("round")
		}
		out.Put(row, v)
		return nil
	})
}

func toInt64(c *build.Context, x float64) (int64, error) {
	switch {
	case math.IsNaN(x):
		return 0, nil
	case x >= math.MaxInt64:
		return math.MaxInt64, nil
	case x <= math.MinInt64:
		return math.MinInt64, nil
	}
	return int64(x), nil
}

// roundFloat rounds the shortest decimal that stands for x, as Java's
// BigDecimal.valueOf does, so that 0.575 becomes 0.58.
func roundFloat(x float64, bits, n int, m mode) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) || n > 400 {
		return x
	}
	text := strconv.FormatFloat(x, 'f', -1, bits)
	neg := text[0] == '-'
	if neg {
		text = text[1:]
	}
	point := len(text)
	for k := range text {
		if text[k] == '.' {
			point = k
		}
	}
	if max(len(text)-point-1, 0) <= n {
		return x
	}
	digits := text[:point]
	if point < len(text) {
		digits += text[point+1:]
	}
	scale := max(len(text)-point-1, 0)
	v, _ := new(big.Int).SetString(digits, 10)
	if neg {
		v.Neg(v)
	}
	v = roundBig(v, scale-n, m)
	if v.Sign() == 0 {
		return 0
	}
	s := v.String() + "e" + strconv.Itoa(-n)
	r, _ := strconv.ParseFloat(s, bits)
	return r
}

// roundBig drops the last k digits of v (none if k <= 0).
func roundBig(v *big.Int, k int, m mode) *big.Int {
	if k <= 0 {
		return v
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(k)), nil)
	q, r := new(big.Int).QuoRem(v, unit, new(big.Int))
	twice := new(big.Int).Abs(r)
	twice.Lsh(twice, 1)
	cmp := twice.Cmp(unit)
	away := false
	switch m {
	case halfUp:
		away = cmp >= 0
	case halfEven:
		away = cmp > 0 || cmp == 0 && q.Bit(0) == 1
	case up:
		away = r.Sign() > 0
	case down:
		away = r.Sign() < 0
	}
	if away {
		q.Add(q, big.NewInt(int64(v.Sign())))
	}
	return q
}

func roundInt(v int64, n int, m mode, k types.Kind) (int64, bool) {
	if n >= 0 {
		return v, true
	}
	if n < -19 {
		return 0, true
	}
	b := roundBig(big.NewInt(v), -n, m)
	b.Mul(b, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-n)), nil))
	width := map[types.Kind]uint{types.Int8: 7, types.Int16: 15, types.Int32: 31, types.Int64: 63}[k]
	limit := new(big.Int).Lsh(big.NewInt(1), width)
	fits := b.Cmp(limit) < 0 && b.Cmp(new(big.Int).Neg(limit)) >= 0
	return b.Int64(), fits
}

// roundDecimals rounds unscaled values: fast where they are int64.
func roundDecimals(t, result types.Type, n int, m mode) function.Kernel {
	drop := int(t.S) - n
	// raise is by how many digits the rounded value must be scaled up again: for negative places.
	raise := int(result.S) - n
	if drop <= 0 {
		drop, raise = 0, 0
	}
	if n >= 0 {
		raise = 0
	}
	if t.Storage() == types.StoreInt64 && result.Storage() == types.StoreInt64 && drop <= 18 && raise == 0 {
		unit := types.Pow10[drop].Int64()
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			a, o := build.ViewOf[int64](args[0]), vec.Data[int64](out)
			for _, i := range sel {
				o[i] = roundCompact(a.At(int(i)), unit, m)
			}
			return nil
		}
	}
	return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		v := roundBig(args[0].Get(row).(types.Int128).Big(), drop, m)
		if raise > 0 {
			v.Mul(v, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(raise)), nil))
		}
		x, ok := types.Int128FromBig(v)
		if !ok || !x.Fits(int(result.P)) {
			if c.ANSI {
				return sqlerr.New(sqlerr.NumericOutOfRangeStrict, "The value %s of round cannot be represented as %s.", v, result.SQL())
			}
			return build.Null
		}
		out.Put(row, x)
		return nil
	})
}

func roundCompact(v, unit int64, m mode) int64 {
	q, r := v/unit, v%unit
	switch m {
	case up:
		if r > 0 {
			q++
		}
		return q
	case down:
		if r < 0 {
			q--
		}
		return q
	}
	abs := r
	if abs < 0 {
		abs = -abs
	}
	half := unit - abs
	if abs > half || abs == half && abs != 0 && (m == halfUp || q&1 != 0) {
		if v < 0 {
			return q - 1
		}
		return q + 1
	}
	return q
}

package cast

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// limits returns the range of an integer type.
func limits(k types.Kind) (lo, hi int64) {
	switch k {
	case types.Int8:
		return math.MinInt8, math.MaxInt8
	case types.Int16:
		return math.MinInt16, math.MaxInt16
	case types.Int32, types.Date, types.YearMonth:
		return math.MinInt32, math.MaxInt32
	}
	return math.MinInt64, math.MaxInt64
}

// fromAny lifts f over the source's storage for a target of Go type R. ints
// takes all integers and booleans, floats all floats, decs all decimals
// (unscaled), text strings. Missing ones make a nil Maker.
type fromAny[R vec.Elem] struct {
	ints   func(c *build.Context, x int64) (R, error)
	floats func(c *build.Context, x float64) (R, error)
	decs   func(c *build.Context, x types.Int128) (R, error)
	text   func(c *build.Context, s string) (R, error)
}

func (a fromAny[R]) maker(from types.Type) build.Maker {
	switch s := from.Storage(); {
	case from.Kind == types.Decimal && a.decs == nil, from.Kind != types.Decimal && s == types.StoreInt64 && a.ints == nil:
		return nil
	case s == types.StoreBool && a.ints != nil:
		return build.UnaryE(func(c *build.Context, x bool) (R, error) {
			if x {
				return a.ints(c, 1)
			}
			return a.ints(c, 0)
		})
	case s == types.StoreInt8 && a.ints != nil:
		return build.UnaryE(func(c *build.Context, x int8) (R, error) { return a.ints(c, int64(x)) })
	case s == types.StoreInt16 && a.ints != nil:
		return build.UnaryE(func(c *build.Context, x int16) (R, error) { return a.ints(c, int64(x)) })
	case s == types.StoreInt32 && a.ints != nil:
		return build.UnaryE(func(c *build.Context, x int32) (R, error) { return a.ints(c, int64(x)) })
	case s == types.StoreInt64 && from.Kind != types.Decimal:
		return build.UnaryE(a.ints)
	case s == types.StoreInt64:
		return build.UnaryE(func(c *build.Context, x int64) (R, error) { return a.decs(c, types.Int128From(x)) })
	case s == types.StoreInt128:
		return build.UnaryE(a.decs)
	case s == types.StoreFloat32 && a.floats != nil:
		return build.UnaryE(func(c *build.Context, x float32) (R, error) { return a.floats(c, float64(x)) })
	case s == types.StoreFloat64 && a.floats != nil:
		return build.UnaryE(a.floats)
	case s == types.StoreString && a.text != nil:
		return build.UnaryE(a.text)
	}
	return nil
}

func (c conv) toInteger() build.Maker {
	switch c.to.Kind {
	case types.Int8:
		return toInt[int8](c)
	case types.Int16:
		return toInt[int16](c)
	case types.Int32:
		return toInt[int32](c)
	}
	return toInt[int64](c)
}

func toInt[R interface {
	vec.Elem
	int8 | int16 | int32 | int64
}](c conv) build.Maker {
	lo, hi := limits(c.to.Kind)
	legacy := c.mode == expr.CastLegacy
	scale := types.Pow10[c.from.S]
	if c.from.Kind != types.Decimal {
		scale = types.Pow10[0]
	}
	fit := func(x int64) (R, error) {
		if x < lo || x > hi {
			if legacy {
				return R(x), nil
			}
			return 0, c.overflow(c.sqlValue(x))
		}
		return R(x), nil
	}
	a := fromAny[R]{
		ints: func(_ *build.Context, x int64) (R, error) { return fit(x) },
		floats: func(_ *build.Context, x float64) (R, error) {
			if legacy {
				return R(saturate(x, c.to.Kind)), nil
			}
			if t := math.Trunc(x); t != t || math.Floor(x) > float64(hi) && hi != math.MaxInt64 || t >= 0x1p63 || math.Ceil(x) < float64(lo) {
				return 0, c.overflow(FloatSQL(x, c.from.Kind))
			}
			return R(int64(x)), nil
		},
		decs: func(_ *build.Context, x types.Int128) (R, error) {
			q, _ := x.QuoRem(scale)
			if !q.IsInt64() || q.Int64() < lo || q.Int64() > hi {
				if legacy {
					return R(q.Lo), nil
				}
				return 0, c.overflow(DecimalText(x, int(c.from.S)) + "BD")
			}
			return R(q.Int64()), nil
		},
		text: func(_ *build.Context, s string) (R, error) {
			x, ok := ParseInt(s, lo, hi, legacy)
			if !ok {
				return 0, c.invalid(quote(s))
			}
			return R(x), nil
		},
	}
	switch c.from.Kind {
	case types.Timestamp:
		a.ints = func(_ *build.Context, x int64) (R, error) {
			s := floorDiv(x, calendar.MicrosPerSecond)
			if (s < lo || s > hi) && !legacy {
				return 0, c.overflow("TIMESTAMP '" + string(calendar.AppendWall(nil, x)) + "'")
			}
			return R(s), nil
		}
	case types.Date:
		a.ints = func(*build.Context, int64) (R, error) { return 0, build.Null }
	case types.Time:
		a.ints = func(_ *build.Context, x int64) (R, error) {
			s := x / calendar.NanosPerSecond
			if s < lo || s > hi {
				return 0, c.overflow(timeSQL(x))
			}
			return R(s), nil
		}
	case types.YearMonth, types.DayTime:
		unit := intervalUnit(c.from)
		a.ints = func(_ *build.Context, x int64) (R, error) {
			q := x / unit
			if q < lo || q > hi { // an error in every mode but TRY
				if c.mode == expr.CastTry {
					return 0, build.Null
				}
				return 0, c.tooBig(intervalSQL(c.from, x))
			}
			return R(q), nil
		}
	}
	return a.maker(c.from)
}

// saturate is Java's conversion of a double to an integer type.
func saturate(x float64, k types.Kind) int64 {
	clip := func(lo, hi int64) int64 {
		switch {
		case x != x:
			return 0
		case x >= float64(hi):
			return hi
		case x <= float64(lo):
			return lo
		}
		return int64(x)
	}
	switch k {
	case types.Int64:
		return clip(math.MinInt64, math.MaxInt64)
	case types.Int8:
		return int64(int8(clip(math.MinInt32, math.MaxInt32)))
	case types.Int16:
		return int64(int16(clip(math.MinInt32, math.MaxInt32)))
	}
	return clip(math.MinInt32, math.MaxInt32)
}

// sqlValue is an integer as a SQL literal of the source type.
func (c conv) sqlValue(x int64) string {
	suffix := map[types.Kind]string{types.Int8: "Y", types.Int16: "S", types.Int64: "L"}[c.from.Kind]
	return strconv.FormatInt(x, 10) + suffix
}

// FloatSQL is a float as a SQL literal: 1.0E10D.
func FloatSQL(x float64, k types.Kind) string {
	switch {
	case x != x, math.IsInf(x, 0):
		return fmt.Sprintf("CAST('%s' AS %s)", FloatText(x, k), strings.ToUpper(k.String()))
	case k == types.Float32:
		return fmt.Sprintf("CAST('%s' AS FLOAT)", FloatText(x, k))
	}
	return FloatText(x, k) + "D"
}

// ParseInt reads an integer between lo and hi as Spark casts text: blanks
// around it, a sign, digits, and with fraction a fraction that is cut off.
func ParseInt(s string, lo, hi int64, fraction bool) (int64, bool) {
	s = calendar.Trim(s)
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	if fraction {
		if i := strings.IndexByte(s, '.'); i >= 0 {
			if strings.Trim(s[i+1:], "0123456789") != "" || len(s) == 1 {
				return 0, false
			}
			if s = s[:i]; s == "" {
				return 0, true
			}
		}
	}
	if s == "" {
		return 0, false
	}
	var x uint64
	for i := 0; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 || x > (1<<63)/10 {
			return 0, false
		}
		x = x*10 + uint64(d)
	}
	if neg {
		if x > 1<<63 {
			return 0, false
		}
		v := -int64(x)
		return v, v >= lo
	}
	return int64(x), x <= uint64(hi)
}

func (c conv) toFloat() build.Maker {
	if c.to.Kind == types.Float32 {
		return toFloat(c, func(x float64) float32 { return float32(x) }, 32)
	}
	return toFloat(c, func(x float64) float64 { return x }, 64)
}

func toFloat[R interface {
	vec.Elem
	float32 | float64
}](c conv, round func(float64) R, bits int) build.Maker {
	scale := int(c.from.S)
	a := fromAny[R]{
		ints:   func(_ *build.Context, x int64) (R, error) { return R(x), nil },
		floats: func(_ *build.Context, x float64) (R, error) { return round(x), nil },
		decs:   func(_ *build.Context, x types.Int128) (R, error) { return round(DecimalFloat(x, scale)), nil },
		text: func(_ *build.Context, s string) (R, error) {
			x, ok := ParseFloat(s, bits)
			if !ok {
				return 0, c.invalid(quote(s))
			}
			return R(x), nil
		},
	}
	switch c.from.Kind {
	case types.Timestamp:
		a.ints = func(_ *build.Context, x int64) (R, error) { return R(float64(x) / 1e6), nil }
	case types.Date:
		a.ints = func(*build.Context, int64) (R, error) { return 0, build.Null }
	}
	return a.maker(c.from)
}

// DecimalFloat is the double nearest to x / 10^scale.
func DecimalFloat(x types.Int128, scale int) float64 {
	if scale == 0 {
		return x.Float64()
	}
	if x.IsInt64() && scale <= 22 {
		if v := x.Int64(); v > -1<<53 && v < 1<<53 { // both exact, so the quotient is rounded once
			return float64(v) / floatPow10[scale]
		}
	}
	f, _ := strconv.ParseFloat(x.String()+"e-"+strconv.Itoa(scale), 64)
	return f
}

var floatPow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// ParseFloat reads a float as Spark casts text: Java's Double.parseDouble, and
// inf, infinity and nan in any case.
func ParseFloat(s string, bits int) (float64, bool) {
	s = calendar.Trim(s)
	if s == "+NaN" || s == "-NaN" { // in any case only without a sign
		return math.NaN(), true
	}
	switch strings.ToLower(s) {
	case "inf", "+inf", "infinity", "+infinity":
		return math.Inf(1), true
	case "-inf", "-infinity":
		return math.Inf(-1), true
	case "nan":
		return math.NaN(), true
	}
	if s != "" && strings.ContainsRune("dDfF", rune(s[len(s)-1])) && !strings.ContainsAny(s, "xX") {
		s = s[:len(s)-1]
	}
	if s == "" || strings.ContainsAny(s, "_iInN") || s[len(s)-1] < '0' && s[len(s)-1] != '.' {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, bits)
	if err != nil && !math.IsInf(x, 0) {
		return 0, false
	}
	return x, true
}

func (c conv) toBool() build.Maker {
	a := fromAny[bool]{
		ints:   func(_ *build.Context, x int64) (bool, error) { return x != 0, nil },
		floats: func(_ *build.Context, x float64) (bool, error) { return x != 0, nil },
		decs:   func(_ *build.Context, x types.Int128) (bool, error) { return x.Sign() != 0, nil },
		text: func(_ *build.Context, s string) (bool, error) {
			switch strings.ToLower(calendar.Trim(s)) {
			case "t", "true", "y", "yes", "1":
				return true, nil
			case "f", "false", "n", "no", "0":
				return false, nil
			}
			return false, c.invalid(quote(s))
		},
	}
	if c.from.Kind == types.Date {
		a.ints = func(*build.Context, int64) (bool, error) { return false, build.Null }
	}
	return a.maker(c.from)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// bigPow10 is 10^n.
func bigPow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

package cast

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

func (c conv) toDecimal() build.Maker {
	wide := fromAny[types.Int128]{
		ints: func(_ *build.Context, x int64) (types.Int128, error) {
			return c.fit(types.Int128From(x), 0, func() string { return strconv.FormatInt(x, 10) })
		},
		decs: func(_ *build.Context, x types.Int128) (types.Int128, error) {
			return c.fit(x, int(c.from.S), func() string { return DecimalText(x, int(c.from.S)) })
		},
		floats: func(_ *build.Context, x float64) (types.Int128, error) {
			if x-x != 0 { // NaN and infinities are NULL in every mode, as in Spark
				return types.Int128{}, build.Null
			}
			text := strconv.FormatFloat(x, 'e', -1, 64) // a FLOAT is widened first
			v, _ := ParseDecimal(text, c.to)
			return v.value, c.checked(v, text)
		},
		text: func(_ *build.Context, s string) (types.Int128, error) {
			v, ok := ParseDecimal(s, c.to)
			if !ok {
				return types.Int128{}, c.invalid(quote(s))
			}
			return v.value, c.checked(v, s)
		},
	}
	switch c.from.Kind {
	case types.Timestamp:
		wide.ints = func(_ *build.Context, x int64) (types.Int128, error) {
			return c.fit(types.Int128From(x), 6, func() string { return DecimalText(types.Int128From(x), 6) })
		}
	case types.Time:
		wide.ints = func(_ *build.Context, x int64) (types.Int128, error) {
			return c.fit(types.Int128From(x), 9, func() string { return DecimalText(types.Int128From(x), 9) })
		}
	case types.Date:
		wide.ints = func(*build.Context, int64) (types.Int128, error) { return types.Int128{}, build.Null }
	case types.YearMonth, types.DayTime:
		unit := intervalUnit(c.from)
		wide.ints = func(_ *build.Context, x int64) (types.Int128, error) {
			v, _ := types.Int128From(x).Mul(types.Pow10[6])
			scale := 6
			if c.from.S == types.FieldSecond && c.from.Kind == types.DayTime {
				v, _ = v.QuoRem(types.Int128From(unit))
			} else {
				v, scale = types.Int128From(x/unit), 0
			}
			strict := c
			strict.mode = 0
			r, ok := Rescale(v, scale, c.to)
			if !ok {
				return r, strict.outOfRange(DecimalText(v, scale))
			}
			return r, nil
		}
	}
	if c.to.Storage() == types.StoreInt128 {
		return wide.maker(c.from)
	}
	return narrow(wide).maker(c.from)
}

// narrow makes the conversions give the int64 of compact decimals.
func narrow(w fromAny[types.Int128]) fromAny[int64] {
	return fromAny[int64]{
		ints:   func(c *build.Context, x int64) (int64, error) { v, err := w.ints(c, x); return v.Int64(), err },
		floats: func(c *build.Context, x float64) (int64, error) { v, err := w.floats(c, x); return v.Int64(), err },
		decs:   func(c *build.Context, x types.Int128) (int64, error) { v, err := w.decs(c, x); return v.Int64(), err },
		text:   func(c *build.Context, s string) (int64, error) { v, err := w.text(c, s); return v.Int64(), err },
	}
}

func (c conv) fit(x types.Int128, scale int, text func() string) (types.Int128, error) {
	v, ok := Rescale(x, scale, c.to)
	if !ok {
		return v, c.outOfRange(text())
	}
	return v, nil
}

func (c conv) checked(v parsed, text string) error {
	if !v.fits {
		return c.outOfRange(text)
	}
	return nil
}

// Rescale brings the unscaled value x of some scale to the decimal type t,
// rounding half up, and reports whether it fits.
func Rescale(x types.Int128, scale int, t types.Type) (types.Int128, bool) {
	switch d := int(t.S) - scale; {
	case d > 0:
		if d >= len(types.Pow10) {
			return types.Int128{}, x.Sign() == 0
		}
		v, ok := x.Mul(types.Pow10[d])
		return v, ok && v.Fits(int(t.P))
	case d < 0:
		if -d >= len(types.Pow10) {
			return types.Int128{}, true
		}
		v := DivHalfUp(x, types.Pow10[-d])
		return v, v.Fits(int(t.P))
	}
	return x, x.Fits(int(t.P))
}

// DivHalfUp is x / y (y > 0), halves rounded away from zero.
func DivHalfUp(x, y types.Int128) types.Int128 {
	q, r := x.QuoRem(y)
	h, l := r.Abs()
	// 2r >= y, without overflow: r >= y - r.
	rest, _ := y.Sub(types.Int128{Lo: l, Hi: int64(h)})
	if (types.Int128{Lo: l, Hi: int64(h)}).Cmp(rest) >= 0 {
		one := types.Int128From(1)
		if x.Sign() < 0 {
			one = types.Int128From(-1)
		}
		q, _ = q.Add(one)
	}
	return q
}

type parsed struct {
	value types.Int128
	fits  bool
}

// ParseDecimal reads a decimal number with optional exponent, rounded half up
// to t's scale. ok is false if s is no number; fits is false if t cannot hold it.
func ParseDecimal(s string, t types.Type) (v parsed, ok bool) {
	s = calendar.Trim(s)
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	mant, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, ok := ParseInt(s[i+1:], -1<<31, 1<<31-1, false)
		if !ok || strings.TrimSpace(s[i+1:]) != s[i+1:] {
			return v, false
		}
		mant, exp = s[:i], int(e)
	}
	whole, frac, _ := strings.Cut(mant, ".")
	if whole+frac == "" || strings.Trim(whole, "0123456789") != "" || strings.Trim(frac, "0123456789") != "" {
		return v, false
	}
	digits := strings.TrimLeft(whole+frac, "0")
	scale := len(frac) - exp
	if digits == "" {
		return parsed{fits: true}, true
	}
	switch intDigits := len(digits) - scale; {
	case intDigits > int(t.P)-int(t.S)+1:
		return v, true
	case intDigits < -int(t.S)-1:
		return parsed{fits: true}, true
	}
	n, _ := new(big.Int).SetString(digits, 10)
	if d := int(t.S) - scale; d >= 0 {
		n.Mul(n, bigPow10(d))
	} else {
		p := bigPow10(-d)
		var r big.Int
		n.QuoRem(n, p, &r)
		if r.Lsh(&r, 1).Cmp(p) >= 0 {
			n.Add(n, big.NewInt(1))
		}
	}
	if neg {
		n.Neg(n)
	}
	x, fits := types.Int128FromBig(n)
	return parsed{x, fits && x.Fits(int(t.P))}, true
}

// DecimalText is x / 10^scale in plain digits.
func DecimalText(x types.Int128, scale int) string { return string(AppendDecimal(nil, x, scale)) }

// AppendDecimal appends x / 10^scale in plain digits.
func AppendDecimal(b []byte, x types.Int128, scale int) []byte {
	if x.Sign() < 0 {
		b = append(b, '-')
	}
	var buf [48]byte
	d := buf[:0]
	if hi, lo := x.Abs(); hi == 0 {
		d = strconv.AppendUint(d, lo, 10)
	} else {
		n := x.Big()
		d = n.Abs(n).Append(d, 10)
	}
	if scale == 0 {
		return append(b, d...)
	}
	if len(d) <= scale {
		b = append(b, "0."...)
		for range scale - len(d) {
			b = append(b, '0')
		}
		return append(b, d...)
	}
	b = append(b, d[:len(d)-scale]...)
	b = append(b, '.')
	return append(b, d[len(d)-scale:]...)
}

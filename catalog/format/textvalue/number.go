// Package textvalue reads and writes single SQL values as text the way Spark's
// text sources (CSV, JSON, partition folders) spell them. Parsers take the
// bytes of a field and report whether they are a value of the type; nothing
// here allocates on the way in, and nothing knows about files or records.
package textvalue

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/volley-sql/volley/internal/types"
)

// ParseInt reads a decimal integer with an optional sign that fits in size bits (8 … 64).
func ParseInt(s string, size int) (int64, bool) {
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	for len(s) > 18 && s[0] == '0' {
		s = s[1:]
	}
	if len(s) > 19 {
		return 0, false
	}
	var u uint64
	for i := 0; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		u = u*10 + uint64(d)
	}
	limit := uint64(1) << (size - 1)
	if neg {
		if u > limit {
			return 0, false
		}
		return -int64(u), true
	}
	if u >= limit {
		return 0, false
	}
	return int64(u), true
}

// ParseFloat reads a number as Java's Double.parseDouble does, hexadecimal
// forms apart: digits, point, exponent, an optional suffix d or f, "NaN" and
// "Infinity" with a sign. A value out of range becomes infinite or zero.
func ParseFloat(s string, size int) (float64, bool) {
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	n := len(s)
	if n > 1 && (s[n-1]|0x20 == 'd' || s[n-1]|0x20 == 'f') {
		s = s[:n-1]
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c-'0' <= 9, c == '.', c == 'e', c == 'E', c == '-', c == '+':
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, size)
	if err != nil {
		if e, ok := err.(*strconv.NumError); !ok || e.Err != strconv.ErrRange {
			return 0, false
		}
	}
	return f, true
}

// ParseDecimal reads a decimal number, exponent allowed, as an unscaled value
// of the given scale, rounded half up (away from zero). It reports false if s
// is no number or does not fit the precision.
func ParseDecimal(s string, precision, scale int) (types.Int128, bool) {
	d, ok := scanDecimal(s)
	if !ok {
		return types.Int128{}, false
	}
	shift := d.exp + scale // value = digits × 10^shift in units of the scale
	if d.digits == "" {
		return types.Int128{}, true
	}
	keep := len(d.digits) + shift
	if keep > precision+1 {
		return types.Int128{}, false
	}
	var hi, lo uint64
	push := func(digit byte) {
		h1, l1 := bits.Mul64(lo, 10)
		l2, c := bits.Add64(l1, uint64(digit), 0)
		lo, hi = l2, hi*10+h1+c
	}
	for i := 0; i < keep; i++ {
		if i < len(d.digits) {
			push(d.digits[i] - '0')
		} else {
			push(0)
		}
	}
	x := types.Int128{Lo: lo, Hi: int64(hi)}
	if keep >= 0 && keep < len(d.digits) && d.digits[keep] >= '5' {
		x, _ = x.Add(types.Int128From(1))
	}
	if !x.Fits(precision) {
		return types.Int128{}, false
	}
	if d.neg {
		x = x.Neg()
	}
	return x, true
}

// DecimalShape returns the precision and scale that hold the number s exactly
// (scale may be negative for 1E5), and whether s is a decimal number.
func DecimalShape(s string) (precision, scale int, ok bool) {
	d, ok := scanDecimal(s)
	if !ok {
		return 0, 0, false
	}
	return max(len(d.digits), 1), -d.exp, true
}

type decimalText struct {
	neg    bool
	digits string // without leading zeros and point; borrowed unless the point stood inside
	exp    int
}

func scanDecimal(s string) (d decimalText, ok bool) {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		d.neg = s[0] == '-'
		s = s[1:]
	}
	end, point := 0, -1
	for ; end < len(s); end++ {
		if s[end] == '.' && point < 0 {
			point = end
		} else if s[end]-'0' > 9 {
			break
		}
	}
	n := end
	if point >= 0 {
		n--
	}
	if n == 0 {
		return d, false
	}
	if end < len(s) {
		if s[end]|0x20 != 'e' || end+1 == len(s) || len(s)-end > 8 {
			return d, false
		}
		e, good := ParseInt(s[end+1:], 32)
		if !good {
			return d, false
		}
		d.exp = int(e)
	}
	d.digits = s[:end]
	if point >= 0 {
		d.exp -= end - point - 1
		if point == 0 {
			d.digits = s[1:end]
		} else if point == end-1 {
			d.digits = s[:point]
		} else {
			d.digits = joinDigits(s[:point], s[point+1:end])
		}
	}
	for len(d.digits) > 0 && d.digits[0] == '0' {
		d.digits = d.digits[1:]
	}
	return d, true
}

func joinDigits(a, b string) string {
	for len(a) > 0 && a[0] == '0' {
		a = a[1:]
	}
	if a == "" {
		return b
	}
	return a + b
}

// ParseCompactDecimal is ParseDecimal for precisions up to 18 without
// allocation on plain numbers (no exponent).
func ParseCompactDecimal(s string, precision, scale int) (int64, bool) {
	t, neg := s, false
	if len(t) > 0 && (t[0] == '-' || t[0] == '+') {
		neg = t[0] == '-'
		t = t[1:]
	}
	var u uint64
	frac, point := 0, false
	if len(t) == 0 || len(t) > 19 {
		goto slow
	}
	for i := 0; i < len(t); i++ {
		c := t[i]
		if d := c - '0'; d <= 9 {
			u = u*10 + uint64(d)
			if point {
				frac++
			}
		} else if c == '.' && !point && len(t) > 1 {
			point = true
		} else {
			goto slow
		}
	}
	if frac > scale {
		goto slow
	}
	for ; frac < scale; frac++ {
		if u > math.MaxInt64/10 {
			return 0, false
		}
		u *= 10
	}
	if u >= uint64(types.Pow10[precision].Lo) {
		return 0, false
	}
	if neg {
		return -int64(u), true
	}
	return int64(u), true
slow:
	x, ok := ParseDecimal(s, precision, scale)
	return x.Int64(), ok
}

// AppendDecimal writes an unscaled value with its scale in plain notation.
func AppendDecimal(dst []byte, x types.Int128, scale int) []byte {
	if x.Sign() < 0 {
		dst = append(dst, '-')
	}
	hi, lo := x.Abs()
	var digits string
	if hi == 0 {
		digits = strconv.FormatUint(lo, 10)
	} else {
		digits = types.Int128{Lo: lo, Hi: int64(hi)}.String()
	}
	for i := len(digits); i <= scale; i++ {
		digits = "0" + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[len(digits)-scale:]...)
	}
	return dst
}

// AppendFloat writes a double (or, with size 32, a float) as Java's toString
// does: shortest digits, scientific notation below 10^-3 and from 10^7 on.
func AppendFloat(dst []byte, f float64, size int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case f == 0:
		if math.Signbit(f) {
			return append(dst, "-0.0"...)
		}
		return append(dst, "0.0"...)
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		start := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, size)
		for _, c := range dst[start:] {
			if c == '.' {
				return dst
			}
		}
		return append(dst, ".0"...)
	}
	var buf [32]byte
	e := strconv.AppendFloat(buf[:0], f, 'e', -1, size)
	// Go writes 1e+07 and 1.5e-05, Java 1.0E7 and 1.5E-5.
	mant, exp := e, []byte(nil)
	for i, c := range e {
		if c == 'e' {
			mant, exp = e[:i], e[i+1:]
		}
	}
	dst = append(dst, mant...)
	if !hasPoint(mant) {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'E')
	if exp[0] == '-' {
		dst = append(dst, '-')
	}
	exp = exp[1:]
	for len(exp) > 1 && exp[0] == '0' {
		exp = exp[1:]
	}
	return append(dst, exp...)
}

func hasPoint(b []byte) bool {
	for _, c := range b {
		if c == '.' {
			return true
		}
	}
	return false
}

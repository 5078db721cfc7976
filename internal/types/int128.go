package types

import (
	"math"
	"math/big"
	"math/bits"
)

// Int128 is a two's complement 128-bit integer in Arrow's decimal128 layout
// (little-endian halves). The zero value is 0.
type Int128 struct {
	Lo uint64
	Hi int64
}

// Int128From widens v.
func Int128From(v int64) Int128 { return Int128{Lo: uint64(v), Hi: v >> 63} }

// IsInt64 reports whether x fits an int64, and Int64 returns its low half.
func (x Int128) IsInt64() bool { return x.Hi == int64(x.Lo)>>63 }
func (x Int128) Int64() int64  { return int64(x.Lo) }

// Sign is -1, 0 or 1.
func (x Int128) Sign() int {
	if x.Hi < 0 {
		return -1
	}
	if x.Hi == 0 && x.Lo == 0 {
		return 0
	}
	return 1
}

// Add returns x+y and whether the sum fits.
func (x Int128) Add(y Int128) (Int128, bool) {
	lo, c := bits.Add64(x.Lo, y.Lo, 0)
	hi := x.Hi + y.Hi + int64(c)
	ok := (x.Hi^y.Hi) < 0 || (x.Hi^hi) >= 0
	return Int128{lo, hi}, ok
}

// Sub returns x-y and whether the difference fits.
func (x Int128) Sub(y Int128) (Int128, bool) {
	lo, b := bits.Sub64(x.Lo, y.Lo, 0)
	hi := x.Hi - y.Hi - int64(b)
	ok := (x.Hi^y.Hi) >= 0 || (x.Hi^hi) >= 0
	return Int128{lo, hi}, ok
}

// Neg returns -x (wrapping for the smallest value).
func (x Int128) Neg() Int128 {
	lo, b := bits.Sub64(0, x.Lo, 0)
	return Int128{lo, -x.Hi - int64(b)}
}

// Abs returns |x| as an unsigned pair.
func (x Int128) Abs() (hi, lo uint64) {
	if x.Hi < 0 {
		x = x.Neg()
	}
	return uint64(x.Hi), x.Lo
}

// Cmp compares x and y: -1, 0 or 1.
func (x Int128) Cmp(y Int128) int {
	switch {
	case x.Hi < y.Hi:
		return -1
	case x.Hi > y.Hi:
		return 1
	case x.Lo < y.Lo:
		return -1
	case x.Lo > y.Lo:
		return 1
	}
	return 0
}

// Less reports x < y.
func (x Int128) Less(y Int128) bool { return x.Hi < y.Hi || x.Hi == y.Hi && x.Lo < y.Lo }

// MulInt64 returns the full product of two int64 values, which always fits.
func MulInt64(a, b int64) Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	h := int64(hi)
	if a < 0 {
		h -= b
	}
	if b < 0 {
		h -= a
	}
	return Int128{lo, h}
}

// Mul returns x*y and whether the product fits in 128 bits.
func (x Int128) Mul(y Int128) (Int128, bool) {
	if x.IsInt64() && y.IsInt64() {
		return MulInt64(x.Int64(), y.Int64()), true
	}
	neg := (x.Hi < 0) != (y.Hi < 0)
	xh, xl := x.Abs()
	yh, yl := y.Abs()
	if xh != 0 && yh != 0 {
		return Int128{}, false
	}
	hi, lo := bits.Mul64(xl, yl)
	c1h, c1 := bits.Mul64(xh, yl)
	c2h, c2 := bits.Mul64(xl, yh)
	if c1h != 0 || c2h != 0 {
		return Int128{}, false
	}
	var carry uint64
	hi, carry = bits.Add64(hi, c1, 0)
	if carry != 0 {
		return Int128{}, false
	}
	hi, carry = bits.Add64(hi, c2, 0)
	if carry != 0 {
		return Int128{}, false
	}
	if neg {
		if hi > 1<<63 || hi == 1<<63 && lo > 0 {
			return Int128{}, false
		}
		return Int128{lo, int64(hi)}.Neg(), true
	}
	if hi >= 1<<63 {
		return Int128{}, false
	}
	return Int128{lo, int64(hi)}, true
}

// QuoRem divides x by y (y not 0), truncating towards zero like Go's / and %.
func (x Int128) QuoRem(y Int128) (q, r Int128) {
	if x.IsInt64() && y.IsInt64() && !(x.Int64() == math.MinInt64 && y.Int64() == -1) {
		a, b := x.Int64(), y.Int64()
		return Int128From(a / b), Int128From(a % b)
	}
	xh, xl := x.Abs()
	yh, yl := y.Abs()
	qh, ql, rh, rl := udivmod(xh, xl, yh, yl)
	q, r = Int128{ql, int64(qh)}, Int128{rl, int64(rh)}
	if (x.Hi < 0) != (y.Hi < 0) {
		q = q.Neg()
	}
	if x.Hi < 0 {
		r = r.Neg()
	}
	return q, r
}

func udivmod(xh, xl, yh, yl uint64) (qh, ql, rh, rl uint64) {
	if yh == 0 {
		if xh < yl {
			ql, rl = bits.Div64(xh, xl, yl)
			return 0, ql, 0, rl
		}
		qh, r := xh/yl, xh%yl
		ql, rl = bits.Div64(r, xl, yl)
		return qh, ql, 0, rl
	}
	// The divisor has more than 64 bits, so the quotient fits in 64:
	// estimate it from the normalized top halves, then correct upwards.
	s := uint(bits.LeadingZeros64(yh))
	v := yh << s
	if s != 0 {
		v |= yl >> (64 - s)
	}
	tq, _ := bits.Div64(xh>>1, xh<<63|xl>>1, v)
	tq >>= 63 - s
	if tq != 0 {
		tq--
	}
	ph, pl := bits.Mul64(tq, yl)
	ph += tq * yh
	rl, b := bits.Sub64(xl, pl, 0)
	rh, _ = bits.Sub64(xh, ph, b)
	for rh > yh || rh == yh && rl >= yl {
		rl, b = bits.Sub64(rl, yl, 0)
		rh, _ = bits.Sub64(rh, yh, b)
		tq++
	}
	return 0, tq, rh, rl
}

// Pow10 holds 10^0 .. 10^38.
var Pow10 = func() (p [39]Int128) {
	p[0] = Int128From(1)
	for i := 1; i < len(p); i++ {
		p[i], _ = p[i-1].Mul(Int128From(10))
	}
	return p
}()

// Fits reports whether |x| < 10^precision.
func (x Int128) Fits(precision int) bool {
	hi, lo := x.Abs()
	p := Pow10[precision]
	return hi < uint64(p.Hi) || hi == uint64(p.Hi) && lo < p.Lo
}

// Float64 returns the nearest double of x.
func (x Int128) Float64() float64 {
	if x.IsInt64() {
		return float64(x.Int64())
	}
	f, _ := new(big.Float).SetInt(x.Big()).Float64()
	return f
}

// Big returns x as a big.Int.
func (x Int128) Big() *big.Int {
	z := new(big.Int).SetInt64(x.Hi)
	z.Lsh(z, 64)
	return z.Add(z, new(big.Int).SetUint64(x.Lo))
}

// Int128FromBig converts b and reports whether it fits.
func Int128FromBig(b *big.Int) (Int128, bool) {
	if b.BitLen() > 127 {
		return Int128{}, false
	}
	var a big.Int
	a.Abs(b)
	lo := new(big.Int).And(&a, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
	hi := new(big.Int).Rsh(&a, 64).Uint64()
	x := Int128{lo, int64(hi)}
	if b.Sign() < 0 {
		x = x.Neg()
	}
	return x, true
}

// String is x in base 10.
func (x Int128) String() string { return x.Big().String() }

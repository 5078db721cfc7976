package kernel

import (
	"math"
	"math/bits"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Operand returns the values of v for a dense loop: row i is at data[i&mask].
// A dictionary is first flattened into scratch for the rows of sel.
func Operand[T vec.Elem](v *vec.Vec, sel []uint16, scratch *vec.Vec) (data []T, mask int) {
	switch v.Enc {
	case vec.Const:
		return vec.Data[T](v), 0
	case vec.Dict:
		scratch.Reset(v.Type)
		scratch.Resize(v.Len())
		Scatter(scratch, v, sel)
		v = scratch
	}
	return vec.Data[T](v), -1
}

// ArithOp is an operation that integers, floats and decimals share.
type ArithOp uint8

// The operations.
const (
	Add ArithOp = iota
	Sub
	Mul
)

// Ints computes op for all of out without regard to overflow, which it
// reports: some row, perhaps one that does not matter, overflowed. Operands
// are as Operand returns them.
func Ints[T Integer](op ArithOp, x, y, out []T, mx, my int) bool {
	switch op {
	case Add:
		return addInts(x, y, out, mx, my)
	case Sub:
		return subInts(x, y, out, mx, my)
	}
	return mulInts(x, y, out, mx, my)
}

func addInts[T Integer](x, y, out []T, mx, my int) bool {
	var bad T
	if mx < 0 && my == 0 {
		c := y[0]
		x = x[:len(out)]
		for i, a := range x {
			r := a + c
			bad |= (a ^ r) & (c ^ r)
			out[i] = r
		}
		return bad < 0
	}
	for i := range out {
		a, b := x[i&mx], y[i&my]
		r := a + b
		bad |= (a ^ r) & (b ^ r)
		out[i] = r
	}
	return bad < 0
}

func subInts[T Integer](x, y, out []T, mx, my int) bool {
	var bad T
	for i := range out {
		a, b := x[i&mx], y[i&my]
		r := a - b
		bad |= (a ^ b) & (a ^ r)
		out[i] = r
	}
	return bad < 0
}

func mulInts[T Integer](x, y, out []T, mx, my int) bool {
	var bad int64
	for i := range out {
		a, b := int64(x[i&mx]), int64(y[i&my])
		hi, lo := bits.Mul64(uint64(a), uint64(b))
		h := int64(hi) - a>>63&b - b>>63&a
		r := T(lo)
		bad |= (h ^ int64(r)>>63) | (int64(lo) ^ int64(r))
		out[i] = r
	}
	return bad != 0
}

// IntOne is one operation and whether it did not overflow.
func IntOne[T Integer](op ArithOp, a, b T) (T, bool) {
	switch op {
	case Add:
		r := a + b
		return r, (a^r)&(b^r) >= 0
	case Sub:
		r := a - b
		return r, (a^b)&(a^r) >= 0
	}
	p := types.MulInt64(int64(a), int64(b))
	r := T(p.Lo)
	return r, p == types.Int128From(int64(r))
}

// Floats computes op for all of out.
func Floats[T Float](op ArithOp, x, y, out []T, mx, my int) {
	switch op {
	case Add:
		for i := range out {
			out[i] = x[i&mx] + y[i&my]
		}
	case Sub:
		for i := range out {
			out[i] = x[i&mx] - y[i&my]
		}
	default:
		for i := range out {
			out[i] = x[i&mx] * y[i&my]
		}
	}
}

// CompactSum adds (or subtracts) decimals held in int64, of which x is first
// multiplied by fx and y by fy. Precisions up to 18 rule overflow out, for the
// rows that matter.
func CompactSum(sub bool, x, y, out []int64, mx, my int, fx, fy int64) {
	if sub {
		fy = -fy
	}
	switch {
	case mx == 0 && my == 0:
		c := x[0]*fx + y[0]*fy
		for i := range out {
			out[i] = c
		}
	case mx == 0:
		plusConst(y, out, fy, x[0]*fx)
	case my == 0:
		plusConst(x, out, fx, y[0]*fy)
	case fx == 1 && fy == 1:
		x, y = x[:len(out)], y[:len(out)]
		for i := range out {
			out[i] = x[i] + y[i]
		}
	default:
		x, y = x[:len(out)], y[:len(out)]
		for i := range out {
			out[i] = x[i]*fx + y[i]*fy
		}
	}
}

// plusConst computes x*f + c.
func plusConst(x, out []int64, f, c int64) {
	x = x[:len(out)]
	switch f {
	case 1:
		for i, v := range x {
			out[i] = v + c
		}
	case -1:
		for i, v := range x {
			out[i] = c - v
		}
	default:
		for i, v := range x {
			out[i] = v*f + c
		}
	}
}

// CompactProduct multiplies decimals held in int64 to such ones, WideProduct to
// wide ones; no product overflows.
func CompactProduct(x, y, out []int64, mx, my int) {
	for i := range out {
		out[i] = x[i&mx] * y[i&my]
	}
}

func WideProduct(x, y []int64, out []types.Int128, mx, my int) {
	for i := range out {
		out[i] = types.MulInt64(x[i&mx], y[i&my])
	}
}

// FloatMod is the remainder with the sign of the dividend, as Java's %.
func FloatMod(a, b float64) float64 { return math.Mod(a, b) }

// MixedProduct multiplies wide decimals by compact ones, as if every wide
// value fitted 64 bits, and reports whether all of them, of rows that matter
// and others, did. Such products fit 126 bits and so 38 digits.
func MixedProduct(x []types.Int128, y []int64, out []types.Int128, mx, my int) bool {
	var wide uint64
	for i := range out {
		a := x[i&mx]
		wide |= uint64(a.Hi ^ int64(a.Lo)>>63)
		out[i] = types.MulInt64(int64(a.Lo), y[i&my])
	}
	return wide == 0
}

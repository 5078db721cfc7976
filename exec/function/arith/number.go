package arith

import (
	"fmt"
	"math/big"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var (
	symbols  = [...]string{"+", "-", "*"}
	tryNames = [...]string{"try_add", "try_subtract", "try_multiply"}
)

// basic makes + - * of two numbers.
func basic(op kernel.ArithOp) func(m mode, l, r types.Type) (*function.Overload, error) {
	return func(m mode, l, r types.Type) (*function.Overload, error) {
		o := &function.Overload{Result: l}
		if l.Kind == types.Decimal {
			o.Result = SumType(l, r)
			if op == kernel.Mul {
				o.Result = ProductType(l, r)
			}
			if m != ansi {
				o.Nulls = function.NullOut
			}
			o.Kernel = func(*expr.Call) (function.Kernel, error) { return decimalBasic(op, m, l, r, o.Result), nil }
			return o, nil
		}
		if m == try {
			o.Nulls = function.NullOut
		}
		o.Kernel = func(*expr.Call) (function.Kernel, error) {
			switch l.Kind {
			case types.Int8:
				return intBasic[int8](op, m), nil
			case types.Int16:
				return intBasic[int16](op, m), nil
			case types.Int32:
				return intBasic[int32](op, m), nil
			case types.Int64:
				return intBasic[int64](op, m), nil
			case types.Float32:
				return floatBasic[float32](op), nil
			}
			return floatBasic[float64](op), nil
		}
		return o, nil
	}
}

func floatBasic[T interface {
	vec.Elem
	kernel.Float
}](op kernel.ArithOp) function.Kernel {
	var a, b vec.Vec
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		x, mx := kernel.Operand[T](args[0], sel, &a)
		y, my := kernel.Operand[T](args[1], sel, &b)
		kernel.Floats(op, x, y, vec.Data[T](out), mx, my)
		return nil
	}
}

func intBasic[T interface {
	vec.Elem
	kernel.Integer
}](op kernel.ArithOp, m mode) function.Kernel {
	var a, b vec.Vec
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		x, mx := kernel.Operand[T](args[0], sel, &a)
		y, my := kernel.Operand[T](args[1], sel, &b)
		o := vec.Data[T](out)
		if !kernel.Ints(op, x, y, o, mx, my) || m == legacy {
			return nil
		}
		for _, i := range sel {
			l, r := x[int(i)&mx], y[int(i)&my]
			if _, ok := kernel.IntOne(op, l, r); ok {
				continue
			}
			if m == try {
				out.SetNull(int(i))
				continue
			}
			return intOverflow(op, l, r)
		}
		return nil
	}
}

func intOverflow[T kernel.Integer](op kernel.ArithOp, l, r T) error {
	switch any(l).(type) {
	case int8:
		return smallOverflow(int64(l), symbols[op], int64(r), "Y", tryNames[op])
	case int16:
		return smallOverflow(int64(l), symbols[op], int64(r), "S", tryNames[op])
	case int32:
		return overflow("integer overflow", tryNames[op])
	}
	return overflow("long overflow", tryNames[op])
}

// decimalBasic makes + - * of decimals of types l and r. Where every value is
// compact the loop is dense and unchecked: the result type has room for it.
func decimalBasic(op kernel.ArithOp, m mode, l, r, t types.Type) function.Kernel {
	compact := func(t types.Type) bool { return t.Storage() == types.StoreInt64 }
	if op == kernel.Mul && compact(l) != compact(r) && int(l.S+r.S) == int(t.S) {
		return mixedProduct(m, l, r, t)
	}
	if !compact(l) || !compact(r) {
		return decimalRows(exactBasic(op, l, r), int(max(l.S, r.S)), op, m, l, r, t)
	}
	var a, b vec.Vec
	load := func(args []*vec.Vec, sel []uint16) (x, y []int64, mx, my int) {
		x, mx = kernel.Operand[int64](args[0], sel, &a)
		y, my = kernel.Operand[int64](args[1], sel, &b)
		return
	}
	switch {
	case op == kernel.Mul && compact(t):
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			x, y, mx, my := load(args, sel)
			kernel.CompactProduct(x, y, vec.Data[int64](out), mx, my)
			return nil
		}
	case op == kernel.Mul:
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			x, y, mx, my := load(args, sel)
			kernel.WideProduct(x, y, vec.Data[types.Int128](out), mx, my)
			return nil
		}
	case compact(t):
		fx, fy := types.Pow10[t.S-l.S].Int64(), types.Pow10[t.S-r.S].Int64()
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			x, y, mx, my := load(args, sel)
			kernel.CompactSum(op == kernel.Sub, x, y, vec.Data[int64](out), mx, my, fx, fy)
			return nil
		}
	}
	return decimalRows(exactBasic(op, l, r), int(max(l.S, r.S)), op, m, l, r, t)
}

// mixedProduct multiplies a wide decimal and a compact one where the result
// needs no rounding. Wide values are small most of the time; the rows where
// they are not are computed again with all checks.
func mixedProduct(m mode, l, r, t types.Type) function.Kernel {
	wide, narrow := 0, 1
	if l.Storage() == types.StoreInt64 {
		wide, narrow = 1, 0
	}
	slow := decimalRows(exactBasic(kernel.Mul, l, r), 0, kernel.Mul, m, l, r, t)
	var a, b vec.Vec
	var rest []uint16
	return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		x, mx := kernel.Operand[types.Int128](args[wide], sel, &a)
		y, my := kernel.Operand[int64](args[narrow], sel, &b)
		if kernel.MixedProduct(x, y, vec.Data[types.Int128](out), mx, my) {
			return nil
		}
		rest = rest[:0]
		for _, i := range sel {
			if !x[int(i)&mx].IsInt64() {
				rest = append(rest, i)
			}
		}
		if len(rest) == 0 {
			return nil
		}
		return slow(c, args, rest, out)
	}
}

// exactBasic computes the exact result at the scale max(l.S, r.S), or l.S +
// r.S for products; ok is false if it takes more than 128 bits.
func exactBasic(op kernel.ArithOp, l, r types.Type) func(a, b types.Int128) (types.Int128, bool) {
	if op == kernel.Mul {
		return func(a, b types.Int128) (types.Int128, bool) { return a.Mul(b) }
	}
	s := max(l.S, r.S)
	fl, fr := types.Pow10[s-l.S], types.Pow10[s-r.S]
	return func(a, b types.Int128) (types.Int128, bool) {
		var ok1, ok2, ok3 bool
		if a, ok1 = a.Mul(fl); !ok1 {
			return a, false
		}
		if b, ok2 = b.Mul(fr); !ok2 {
			return a, false
		}
		if op == kernel.Sub {
			a, ok3 = a.Sub(b)
		} else {
			a, ok3 = a.Add(b)
		}
		return a, ok3
	}
}

// decimalRows runs f row by row and brings its results from scale s (for
// products the sum of scales) to t, through big integers where 128 bits are too few.
func decimalRows(f func(a, b types.Int128) (types.Int128, bool), s int, op kernel.ArithOp, m mode, l, r, t types.Type) function.Kernel {
	if op == kernel.Mul {
		s = int(l.S) + int(r.S)
	}
	return wideLoop(t, func(a, b types.Int128) (types.Int128, error) {
		v, ok := f(a, b)
		if ok {
			if v, ok = cast.Rescale(v, s, t); ok {
				return v, nil
			}
			if s == int(t.S) {
				return v, decimalOverflow(m, v, t)
			}
		}
		n := bigBasic(op, a, b, l, r)
		v, ok = roundBig(n, s, t)
		if !ok {
			return v, bigOverflow(m, n, s, t)
		}
		return v, nil
	}, m)
}

func bigBasic(op kernel.ArithOp, a, b types.Int128, l, r types.Type) *big.Int {
	x, y := a.Big(), b.Big()
	if op == kernel.Mul {
		return x.Mul(x, y)
	}
	s := max(l.S, r.S)
	x.Mul(x, types.Pow10[s-l.S].Big())
	y.Mul(y, types.Pow10[s-r.S].Big())
	if op == kernel.Sub {
		return x.Sub(x, y)
	}
	return x.Add(x, y)
}

// roundBig brings n of scale s to the decimal type t, rounding half up.
func roundBig(n *big.Int, s int, t types.Type) (types.Int128, bool) {
	n = new(big.Int).Set(n)
	if d := int(t.S) - s; d >= 0 {
		n.Mul(n, pow10(d))
	} else {
		divHalfUp(n, pow10(-d))
	}
	v, ok := types.Int128FromBig(n)
	return v, ok && v.Fits(int(t.P))
}

// divHalfUp divides n by d (any sign), halves away from zero.
func divHalfUp(n, d *big.Int) {
	neg := n.Sign()*d.Sign() < 0
	var r, ad big.Int
	ad.Abs(d)
	n.Abs(n)
	n.QuoRem(n, &ad, &r)
	if r.Lsh(&r, 1).Cmp(&ad) >= 0 {
		n.Add(n, big.NewInt(1))
	}
	if neg {
		n.Neg(n)
	}
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func decimalOverflow(m mode, v types.Int128, t types.Type) error {
	if m != ansi {
		return build.Null
	}
	return cast.OutOfRange(cast.DecimalText(v, int(t.S)), t)
}

func bigOverflow(m mode, n *big.Int, s int, t types.Type) error {
	if m != ansi {
		return build.Null
	}
	text := new(big.Rat).SetFrac(n, pow10(s)).FloatString(s)
	return cast.OutOfRange(text, t)
}

// wideLoop runs f over decimals of any width.
func wideLoop(t types.Type, f func(a, b types.Int128) (types.Int128, error), m mode) function.Kernel {
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		x, y := wideView(args[0]), wideView(args[1])
		var wide []types.Int128
		var narrow []int64
		if t.Storage() == types.StoreInt64 {
			narrow = vec.Data[int64](out)
		} else {
			wide = vec.Data[types.Int128](out)
		}
		for _, i := range sel {
			v, err := f(x(int(i)), y(int(i)))
			switch {
			case err == build.Null:
				out.SetNull(int(i))
			case err != nil:
				return err
			case narrow != nil:
				narrow[i] = v.Int64()
			default:
				wide[i] = v
			}
		}
		return nil
	}
}

// wideView reads decimals as 128-bit integers.
func wideView(v *vec.Vec) func(i int) types.Int128 {
	if v.Type.Storage() == types.StoreInt64 {
		w := build.ViewOf[int64](v)
		return func(i int) types.Int128 { return types.Int128From(w.At(i)) }
	}
	w := build.ViewOf[types.Int128](v)
	return func(i int) types.Int128 { return w.At(i) }
}

func smallOverflow(l int64, op string, r int64, suffix, hint string) error {
	return binaryOverflow(fmt.Sprintf("%d%s %s %d%s", l, suffix, op, r, suffix), hint)
}

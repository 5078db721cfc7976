package agg

import (
	"math/bits"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

type sumState = function.SumIntState

// intSum is sum and avg of integers, decimals and intervals: an exact sum in
// 128 bits. What the result type cannot hold is found by Final.
type intSum struct {
	avg, try   bool
	in, result types.Type
	flat       vec.Vec
}

func (a *intSum) Size() int { return 24 }

// A try_sum forgives sums beyond 128 bits, which the operators' own loops do not.
func (a *intSum) Layout() function.StateLayout {
	if a.try {
		return function.Private
	}
	return function.SumInt
}

func (a *intSum) Extra() int64 { return 0 }
func (a *intSum) StateTypes() []types.Type {
	return []types.Type{types.DecimalType(types.MaxPrecision, 0), types.Int64Type}
}

// lost marks the count of a try_sum that left 128 bits.
const lost = -1 << 62

func (a *intSum) add(s *sumState, x types.Int128, n int64) error {
	if s.N < 0 || n < 0 {
		s.N = lost
		return nil
	}
	sum, ok := s.Sum.Add(x)
	if !ok {
		if a.try {
			s.N = lost
			return nil
		}
		return a.overflow()
	}
	s.Sum, s.N = sum, s.N+n
	return nil
}

func (a *intSum) overflow() error {
	switch {
	case a.in.Kind.IsInterval():
		return sqlerr.New(sqlerr.IntervalOverflowSuggest, "Integer overflow while operating with intervals. Use `try_add` to tolerate overflow and return NULL instead.")
	case a.in.Kind == types.Decimal:
		return sqlerr.New(sqlerr.ArithmeticOverflow, "Overflow in sum of decimals. Use 'try_sum' to tolerate overflow and return NULL instead. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.")
	}
	return sqlerr.New(sqlerr.ArithmeticOverflow, "long overflow. Use 'try_sum' to tolerate overflow and return NULL instead. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.")
}

// add64 adds an int64 to a state without checks: 2^63 such sums fit.
func add64(s *sumState, x int64) {
	lo, c := bits.Add64(s.Sum.Lo, uint64(x), 0)
	s.Sum.Lo, s.Sum.Hi = lo, s.Sum.Hi+x>>63+int64(c)
	s.N++
}

func (a *intSum) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	v := flatten(&a.flat, args[0], sel)
	switch v.Type.Storage() {
	case types.StoreInt8:
		sumEach[int8](slots, v, sel)
	case types.StoreInt16:
		sumEach[int16](slots, v, sel)
	case types.StoreInt32:
		sumEach[int32](slots, v, sel)
	case types.StoreInt64:
		sumEach[int64](slots, v, sel)
	default:
		d := vec.Data[types.Int128](v)
		for i, r := range sel {
			if v.Valid != nil && !v.Valid.Get(int(r)) {
				continue
			}
			if err := a.add((*sumState)(slots[i]), d[r], 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func sumEach[T interface {
	vec.Elem
	kernel.Integer
}](slots []slot, v *vec.Vec, sel []uint16) {
	d := vec.Data[T](v)
	slots = slots[:len(sel)]
	if v.Valid == nil {
		for i, r := range sel {
			add64((*sumState)(slots[i]), int64(d[r]))
		}
		return
	}
	for i, r := range sel {
		if v.Valid.Get(int(r)) {
			add64((*sumState)(slots[i]), int64(d[r]))
		}
	}
}

func (a *intSum) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	v := flatten(&a.flat, args[0], sel)
	st := (*sumState)(s)
	switch v.Type.Storage() {
	case types.StoreInt8:
		sumAll[int8](st, v, sel)
	case types.StoreInt16:
		sumAll[int16](st, v, sel)
	case types.StoreInt32:
		sumAll[int32](st, v, sel)
	case types.StoreInt64:
		sumAll[int64](st, v, sel)
	default:
		d := vec.Data[types.Int128](v)
		for _, r := range sel {
			if v.Valid != nil && !v.Valid.Get(int(r)) {
				continue
			}
			if err := a.add(st, d[r], 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// sumAll adds rows to one state: the halves of the values are summed apart,
// which cannot overflow within a batch.
func sumAll[T interface {
	vec.Elem
	kernel.Integer
}](st *sumState, v *vec.Vec, sel []uint16) {
	d := vec.Data[T](v)
	var hi, lo, n int64
	switch {
	case v.Valid == nil && len(sel) == len(d):
		for _, x := range d {
			hi += int64(x) >> 32
			lo += int64(x) & 0xffffffff
		}
		n = int64(len(d))
	case v.Valid == nil:
		for _, r := range sel {
			x := int64(d[r])
			hi += x >> 32
			lo += x & 0xffffffff
		}
		n = int64(len(sel))
	default:
		for _, r := range sel {
			m := int64(v.Valid[r>>6]>>(r&63)) & 1
			x := int64(d[r]) & -m
			hi += x >> 32
			lo += x & 0xffffffff
			n += m
		}
	}
	sum, _ := types.MulInt64(hi, 1<<32).Add(types.Int128From(lo))
	st.Sum, _ = st.Sum.Add(sum)
	st.N += n
}

// flatten is v, or if that is encoded, a flat copy of its rows sel in scratch.
func flatten(scratch, v *vec.Vec, sel []uint16) *vec.Vec {
	if v.Enc == vec.Flat {
		return v
	}
	scratch.Reset(v.Type)
	scratch.Resize(v.Len())
	kernel.Scatter(scratch, v, sel)
	return scratch
}

func (a *intSum) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		s := (*sumState)(src[i])
		if err := a.add((*sumState)(dst[i]), s.Sum, s.N); err != nil {
			return err
		}
	}
	return nil
}

func (a *intSum) Save(slots []slot, outs []*vec.Vec) error {
	sums, ns := vec.Data[types.Int128](outs[0]), vec.Data[int64](outs[1])
	for i, s := range slots {
		st := (*sumState)(s)
		sums[i], ns[i] = st.Sum, st.N
	}
	return nil
}

func (a *intSum) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	sums, ns := build.ViewOf[types.Int128](ins[0]), build.ViewOf[int64](ins[1])
	for i, r := range sel {
		if err := a.add((*sumState)(slots[i]), sums.At(int(r)), ns.At(int(r))); err != nil {
			return err
		}
	}
	return nil
}

func (a *intSum) Final(c *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		st := (*sumState)(s)
		if st.N <= 0 {
			out.SetNull(i)
			continue
		}
		if a.avg && a.result.Kind == types.Float64 {
			vec.Data[float64](out)[i] = st.Sum.Float64() / float64(st.N)
			continue
		}
		x, ok := a.value(st)
		switch {
		case ok:
		case a.try || a.in.Kind == types.Decimal && !c.ANSI:
			out.SetNull(i)
			continue
		case a.in.Kind.IsInteger() && !c.ANSI: // wraps
		default:
			return a.overflow()
		}
		switch a.result.Storage() {
		case types.StoreInt32:
			vec.Data[int32](out)[i] = int32(x.Int64())
		case types.StoreInt64:
			vec.Data[int64](out)[i] = x.Int64()
		default:
			vec.Data[types.Int128](out)[i] = x
		}
	}
	return nil
}

// value is the result of a state and whether the result type holds it.
func (a *intSum) value(st *sumState) (types.Int128, bool) {
	x := st.Sum
	if a.avg {
		// Intervals overflow as their sum does.
		if a.in.Kind == types.YearMonth && (!x.IsInt64() || int64(int32(x.Int64())) != x.Int64()) || a.in.Kind == types.DayTime && !x.IsInt64() {
			return x, false
		}
		shift := 0
		if a.in.Kind == types.Decimal {
			shift = int(a.result.S - a.in.S)
		}
		n, ok := x.Mul(types.Pow10[shift])
		if !ok {
			// Divide first, then bring the remainder down: q*10^k + r*10^k/n.
			q, r := x.QuoRem(types.Int128From(st.N))
			q, ok1 := q.Mul(types.Pow10[shift])
			r, ok2 := r.Mul(types.Pow10[shift])
			sum, ok3 := q.Add(cast.DivHalfUp(r, types.Int128From(st.N)))
			if !ok1 || !ok2 || !ok3 {
				return x, false
			}
			x = sum
		} else {
			x = cast.DivHalfUp(n, types.Int128From(st.N))
		}
	}
	switch {
	case a.result.Kind == types.Decimal:
		return x, x.Fits(int(a.result.P))
	case a.result.Kind == types.YearMonth:
		return x, x.IsInt64() && int64(int32(x.Int64())) == x.Int64()
	}
	return x, x.IsInt64()
}

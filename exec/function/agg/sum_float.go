package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

type floatState = function.SumFloatState

// floatSum is sum and avg of doubles, added in the order of the rows.
type floatSum struct {
	avg  bool
	flat vec.Vec
}

func (a *floatSum) Size() int                    { return 16 }
func (a *floatSum) Layout() function.StateLayout { return function.SumFloat }
func (a *floatSum) Extra() int64                 { return 0 }
func (a *floatSum) StateTypes() []types.Type {
	return []types.Type{types.Float64Type, types.Int64Type}
}

func (a *floatSum) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	v := flatten(&a.flat, args[0], sel)
	d := vec.Data[float64](v)
	slots = slots[:len(sel)]
	for i, r := range sel {
		if v.Valid == nil || v.Valid.Get(int(r)) {
			s := (*floatState)(slots[i])
			s.Sum += d[r]
			s.N++
		}
	}
	return nil
}

func (a *floatSum) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	v := flatten(&a.flat, args[0], sel)
	d, st := vec.Data[float64](v), (*floatState)(s)
	sum, n := st.Sum, st.N
	switch {
	case v.Valid == nil && len(sel) == len(d):
		for _, x := range d {
			sum += x
		}
		n += int64(len(d))
	default:
		for _, r := range sel {
			if v.Valid == nil || v.Valid.Get(int(r)) {
				sum += d[r]
				n++
			}
		}
	}
	st.Sum, st.N = sum, n
	return nil
}

func (a *floatSum) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		d, s := (*floatState)(dst[i]), (*floatState)(src[i])
		d.Sum += s.Sum
		d.N += s.N
	}
	return nil
}

func (a *floatSum) Save(slots []slot, outs []*vec.Vec) error {
	sums, ns := vec.Data[float64](outs[0]), vec.Data[int64](outs[1])
	for i, s := range slots {
		st := (*floatState)(s)
		sums[i], ns[i] = st.Sum, st.N
	}
	return nil
}

func (a *floatSum) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	sums, ns := build.ViewOf[float64](ins[0]), build.ViewOf[int64](ins[1])
	for i, r := range sel {
		st := (*floatState)(slots[i])
		st.Sum += sums.At(int(r))
		st.N += ns.At(int(r))
	}
	return nil
}

func (a *floatSum) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	o := vec.Data[float64](out)
	for i, s := range slots {
		st := (*floatState)(s)
		switch {
		case st.N == 0:
			out.SetNull(i)
		case a.avg:
			o[i] = st.Sum / float64(st.N)
		default:
			o[i] = st.Sum
		}
	}
	return nil
}

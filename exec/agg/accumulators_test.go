package agg

import (
	"fmt"
	"sort"
	"strings"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// The tests bring small aggregates of their own, so that they test the
// operator and nothing else: t_count and t_sum say their layout, t_bag (all
// values as text, sorted) keeps memory outside its slots.

func testRegistry() *function.Registry {
	def := func(name string, result types.Type, mk func() function.Accumulator) function.Def {
		return function.Def{Name: name, Kind: function.Aggregate, Resolve: func(c *function.Call) (*function.Overload, error) {
			return &function.Overload{Params: c.Types(), Result: result, Accumulator: func(*expr.Agg) (function.Accumulator, error) { return mk(), nil }}, nil
		}}
	}
	r, err := function.New([]function.Def{
		def("t_count", types.Int64Type, func() function.Accumulator { return countAcc{} }),
		def("t_sum", types.DecimalType(38, 0), func() function.Accumulator { return sumAcc{} }),
		def("t_bag", types.StringType, func() function.Accumulator { return &bagAcc{} }),
	})
	if err != nil {
		panic(err)
	}
	return r
}

type slot = unsafe.Pointer

type countAcc struct{}

func (countAcc) Size() int                    { return 8 }
func (countAcc) Extra() int64                 { return 0 }
func (countAcc) Layout() function.StateLayout { return function.Count }
func (countAcc) StateTypes() []types.Type     { return []types.Type{types.Int64Type} }

func (countAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	if len(args) == 0 {
		for i := range sel {
			*(*int64)(slots[i])++
		}
		return nil
	}
	for i, r := range sel {
		null := false
		for _, a := range args {
			null = null || a.Null(int(r))
		}
		if !null {
			*(*int64)(slots[i])++
		}
	}
	return nil
}

func (a countAcc) UpdateOne(c *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	return a.Update(c, repeat(s, len(sel)), args, sel)
}

func repeat(s slot, n int) []slot {
	out := make([]slot, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func (countAcc) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		*(*int64)(dst[i]) += *(*int64)(src[i])
	}
	return nil
}

func (countAcc) Save(slots []slot, outs []*vec.Vec) error {
	for i, s := range slots {
		vec.Data[int64](outs[0])[i] = *(*int64)(s)
	}
	return nil
}

func (countAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	for i, r := range sel {
		*(*int64)(slots[i]) += ins[0].Get(int(r)).(int64)
	}
	return nil
}

func (countAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	return countAcc{}.Save(slots, []*vec.Vec{out})
}

type sumAcc struct{}

func (sumAcc) Size() int                    { return int(unsafe.Sizeof(function.SumIntState{})) }
func (sumAcc) Extra() int64                 { return 0 }
func (sumAcc) Layout() function.StateLayout { return function.SumInt }
func (sumAcc) StateTypes() []types.Type {
	return []types.Type{types.DecimalType(38, 0), types.Int64Type}
}

func (sumAcc) add(s slot, x types.Int128, n int64) {
	st := (*function.SumIntState)(s)
	st.Sum, _ = st.Sum.Add(x)
	st.N += n
}

func int128(d types.Datum) types.Int128 {
	if x, ok := d.(types.Int128); ok {
		return x
	}
	return types.Int128From(d.(int64))
}

func (a sumAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	if v := args[0]; v.Type.Kind == types.Int64 && v.Enc == vec.Flat && v.Valid == nil {
		data := vec.Data[int64](v)
		for i, r := range sel {
			add128(slots[i], data[r])
			(*function.SumIntState)(slots[i]).N++
		}
		return nil
	}
	for i, r := range sel {
		if d := args[0].Get(int(r)); d != nil {
			a.add(slots[i], int128(d), 1)
		}
	}
	return nil
}

func (a sumAcc) UpdateOne(c *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	return a.Update(c, repeat(s, len(sel)), args, sel)
}

func (a sumAcc) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		st := (*function.SumIntState)(src[i])
		a.add(dst[i], st.Sum, st.N)
	}
	return nil
}

func (sumAcc) Save(slots []slot, outs []*vec.Vec) error {
	for i, s := range slots {
		st := (*function.SumIntState)(s)
		vec.Data[types.Int128](outs[0])[i] = st.Sum
		vec.Data[int64](outs[1])[i] = st.N
	}
	return nil
}

func (a sumAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	for i, r := range sel {
		a.add(slots[i], ins[0].Get(int(r)).(types.Int128), ins[1].Get(int(r)).(int64))
	}
	return nil
}

func (sumAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		if st := (*function.SumIntState)(s); st.N > 0 {
			vec.Data[types.Int128](out)[i] = st.Sum
		} else {
			out.SetNull(i)
		}
	}
	return nil
}

// bagAcc numbers its bags from 1; a slot of 0 is an empty bag.
type bagAcc struct {
	bags  [][]string
	bytes int64
}

func (*bagAcc) Size() int      { return 8 }
func (b *bagAcc) Extra() int64 { return b.bytes }
func (*bagAcc) StateTypes() []types.Type {
	return []types.Type{types.ArrayType(types.StringType, false)}
}

func (b *bagAcc) put(s slot, xs ...string) {
	n := (*int64)(s)
	if *n == 0 {
		b.bags = append(b.bags, nil)
		*n = int64(len(b.bags))
	}
	b.bags[*n-1] = append(b.bags[*n-1], xs...)
	for _, x := range xs {
		b.bytes += int64(len(x)) + 16
	}
}

func (b *bagAcc) get(s slot) []string {
	if n := *(*int64)(s); n > 0 {
		return b.bags[n-1]
	}
	return nil
}

func (b *bagAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	for i, r := range sel {
		if d := args[0].Get(int(r)); d != nil {
			b.put(slots[i], fmt.Sprint(d))
		}
	}
	return nil
}

func (b *bagAcc) UpdateOne(c *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	return b.Update(c, repeat(s, len(sel)), args, sel)
}

func (b *bagAcc) Merge(_ *function.Context, dst []slot, from function.Accumulator, src []slot) error {
	for i := range dst {
		if xs := from.(*bagAcc).get(src[i]); len(xs) > 0 {
			b.put(dst[i], xs...)
		}
	}
	return nil
}

func (b *bagAcc) Save(slots []slot, outs []*vec.Vec) error {
	for i, s := range slots {
		list := []types.Datum{}
		for _, x := range b.get(s) {
			list = append(list, x)
		}
		outs[0].Put(i, list)
	}
	return nil
}

func (b *bagAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	for i, r := range sel {
		for _, d := range ins[0].Get(int(r)).([]types.Datum) {
			b.put(slots[i], strings.Clone(d.(string)))
		}
	}
	return nil
}

func (b *bagAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		xs := append([]string(nil), b.get(s)...)
		sort.Strings(xs)
		out.Put(i, strings.Join(xs, ","))
	}
	return nil
}

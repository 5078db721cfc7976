package window_test

import (
	"strconv"
	"testing"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/window"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Aggregates of the tests' own, one for each way of computing frames: t_count
// and t_sum say their layout, t_plain is fixed but private, and t_bag (the values
// as text in order) has memory outside its slots.
func registry(t testing.TB) *function.Registry {
	def := func(name string, result types.Type, mk func() function.Accumulator) function.Def {
		return function.Def{Name: name, Kind: function.Aggregate, Resolve: func(c *function.Call) (*function.Overload, error) {
			return &function.Overload{Params: c.Types(), Result: result, Accumulator: func(*expr.Agg) (function.Accumulator, error) { return mk(), nil }}, nil
		}}
	}
	r, err := function.New(window.Defs(), []function.Def{
		def("t_count", types.Int64Type, func() function.Accumulator { return countAcc{} }),
		def("t_sum", types.DecimalType(38, 0), func() function.Accumulator { return sumAcc{} }),
		def("t_plain", types.Int64Type, func() function.Accumulator { return plainAcc{} }),
		def("t_bag", types.StringType, func() function.Accumulator { return &bagAcc{} }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type slot = unsafe.Pointer

// unused are the methods that windows never call.
type unused struct{}

func (unused) Extra() int64             { return 0 }
func (unused) StateTypes() []types.Type { panic("unused") }
func (unused) Update(*function.Context, []slot, []*vec.Vec, []uint16) error {
	panic("unused")
}
func (unused) Save([]slot, []*vec.Vec) error { panic("unused") }
func (unused) Load(*function.Context, []slot, []*vec.Vec, []uint16) error {
	panic("unused")
}

type countAcc struct{ unused }

func (countAcc) Size() int                    { return 8 }
func (countAcc) Layout() function.StateLayout { return function.Count }

func (countAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	for _, r := range sel {
		if len(args) == 0 || !args[0].Null(int(r)) {
			*(*int64)(s)++
		}
	}
	return nil
}

func (countAcc) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		*(*int64)(dst[i]) += *(*int64)(src[i])
	}
	return nil
}

func (countAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		out.Put(i, *(*int64)(s))
	}
	return nil
}

type sumAcc struct{ unused }

func (sumAcc) Size() int                    { return int(unsafe.Sizeof(function.SumIntState{})) }
func (sumAcc) Layout() function.StateLayout { return function.SumInt }

func (sumAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	x := (*function.SumIntState)(s)
	for _, r := range sel {
		if !args[0].Null(int(r)) {
			x.Sum, _ = x.Sum.Add(types.Int128From(vec.Data[int64](args[0])[r]))
			x.N++
		}
	}
	return nil
}

func (sumAcc) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		d, s := (*function.SumIntState)(dst[i]), (*function.SumIntState)(src[i])
		d.Sum, _ = d.Sum.Add(s.Sum)
		d.N += s.N
	}
	return nil
}

func (sumAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		if x := (*function.SumIntState)(s); x.N == 0 {
			out.SetNull(i)
		} else {
			vec.Data[types.Int128](out)[i] = x.Sum
		}
	}
	return nil
}

// plainAcc is t_sum over int64 with a layout nobody knows.
type plainAcc struct{ unused }

func (plainAcc) Size() int                    { return 16 }
func (plainAcc) Layout() function.StateLayout { return function.Private }

func (plainAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	x := (*[2]int64)(s)
	for _, r := range sel {
		if !args[0].Null(int(r)) {
			x[0] += vec.Data[int64](args[0])[r]
			x[1]++
		}
	}
	return nil
}

func (plainAcc) Merge(_ *function.Context, dst []slot, _ function.Accumulator, src []slot) error {
	for i := range dst {
		d, s := (*[2]int64)(dst[i]), (*[2]int64)(src[i])
		d[0] += s[0]
		d[1] += s[1]
	}
	return nil
}

func (plainAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		if x := (*[2]int64)(s); x[1] == 0 {
			out.SetNull(i)
		} else {
			vec.Data[int64](out)[i] = x[0]
		}
	}
	return nil
}

// bagAcc joins values in order of arrival. A slot is 1 + the number of a text.
type bagAcc struct {
	unused
	texts []string
	bytes int64
}

func (*bagAcc) Size() int      { return 8 }
func (a *bagAcc) Extra() int64 { return a.bytes + int64(16*len(a.texts)) }

func (a *bagAcc) text(s slot) *string {
	n := (*int64)(s)
	if *n == 0 {
		a.texts = append(a.texts, "")
		*n = int64(len(a.texts))
	}
	return &a.texts[*n-1]
}

func (a *bagAcc) add(s slot, text string) {
	*a.text(s) += text
	a.bytes += int64(len(text))
}

func (a *bagAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	for _, r := range sel {
		if !args[0].Null(int(r)) {
			a.add(s, strconv.FormatInt(vec.Data[int64](args[0])[r], 10)+",")
		}
	}
	return nil
}

func (a *bagAcc) Merge(_ *function.Context, dst []slot, from function.Accumulator, src []slot) error {
	for i := range dst {
		if *(*int64)(src[i]) != 0 {
			a.add(dst[i], *from.(*bagAcc).text(src[i]))
		}
	}
	return nil
}

func (a *bagAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		if *(*int64)(s) == 0 {
			out.SetNull(i)
		} else {
			vec.Data[string](out)[i] = *a.text(s)
		}
	}
	return nil
}

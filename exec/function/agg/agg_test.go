package agg

import (
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var ctx = &function.Context{ANSI: true}

func lit(t types.Type, v types.Datum) expr.Expr { return &expr.Literal{T: t, Value: v} }

func ref(i int, t types.Type) expr.Expr { return &expr.Ref{Index: i, T: t, Null: true} }

func resolve(t *testing.T, name string, args []expr.Expr) *function.Overload {
	t.Helper()
	r, err := function.New(Defs())
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Lookup(name).Resolve(&function.Call{Name: name, Args: args, ANSI: true})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return o
}

// worlds runs an aggregate over all rows in every way the operators do: row by
// row, all at once, in two parts that are merged, and through saved states.
func worlds(o *function.Overload, call *expr.Agg, cols []*vec.Vec, n int) ([4]types.Datum, error) {
	var out [4]types.Datum
	fresh := func() (function.Accumulator, slot) {
		a, err := o.Accumulator(call)
		if err != nil {
			panic(err)
		}
		return a, unsafe.Pointer(unsafe.SliceData(make([]uint64, a.Size()/8+1)))
	}
	repeat := func(s slot, n int) []slot {
		ss := make([]slot, n)
		for i := range ss {
			ss[i] = s
		}
		return ss
	}
	half := n / 2
	for w := range out {
		a, s := fresh()
		var err error
		switch w {
		case 0:
			err = a.Update(ctx, repeat(s, n), cols, vec.Identity[:n])
		case 1:
			err = a.UpdateOne(ctx, s, cols, vec.Identity[:n])
		default:
			b, t := fresh()
			if err = a.UpdateOne(ctx, s, cols, vec.Identity[:half]); err == nil {
				err = b.Update(ctx, repeat(t, n-half), cols, vec.Identity[half:n])
			}
			if err != nil {
				break
			}
			if w == 2 {
				err = a.Merge(ctx, []slot{s}, b, []slot{t})
				break
			}
			saved := vec.NewBatch(a.StateTypes(), 2).Cols
			if err = a.Save([]slot{s}, saved); err != nil {
				break
			}
			other := vec.NewBatch(a.StateTypes(), 1).Cols
			if err = b.Save([]slot{t}, other); err != nil {
				break
			}
			a, s = fresh()
			if err = a.Load(ctx, []slot{s}, saved, []uint16{0}); err == nil {
				err = a.Load(ctx, []slot{s}, other, []uint16{0})
			}
		}
		if err != nil {
			return out, err
		}
		res := vec.New(o.Result, 1)
		if err := a.Final(ctx, []slot{s}, res); err != nil {
			return out, err
		}
		out[w] = res.Get(0)
	}
	return out, nil
}

func TestAggregates(t *testing.T) {
	i32, i64, f64, str := types.Int32Type, types.Int64Type, types.Float64Type, types.StringType
	dec := types.DecimalType(10, 2)
	f32s := types.ArrayType(types.Float32Type, true)
	d128 := types.Int128From
	ints := []types.Datum{int64(3), nil, int64(1), int64(2), int64(2)}
	list := func(ds ...types.Datum) []types.Datum { return ds }
	cases := []struct {
		name string
		t    types.Type
		in   []types.Datum
		more []expr.Expr
		want types.Datum
	}{
		{"count", i32, ints, nil, int64(4)},
		{"sum", i32, ints, nil, int64(8)},
		{"sum", i64, ints, nil, int64(8)},
		{"sum", dec, list(d128(150), nil, d128(-25), d128(1), d128(2)), nil, d128(128)},
		{"sum", types.DecimalType(30, 2), list(d128(150), nil, d128(-25), d128(1), d128(2)), nil, d128(128)},
		{"sum", f64, list(0.5, nil, 0.25, 1.0, 1.0), nil, 2.75},
		{"sum", i32, list(nil, nil), nil, nil},
		{"try_sum", i64, list(int64(math.MaxInt64), int64(1)), nil, nil},
		{"avg", i32, ints, nil, 2.0},
		{"avg", dec, list(d128(100), d128(100), d128(101)), nil, d128(1003333)},
		{"avg", types.DecimalType(38, 2), list(d128(100), d128(100), d128(101)), nil, d128(1003333)},
		{"avg", types.YearMonthType, list(int64(1), int64(2)), nil, int64(2)},
		{"min", i32, ints, nil, int64(1)},
		{"max", i32, ints, nil, int64(3)},
		{"max", f64, list(1.0, math.Inf(1), nil), nil, math.Inf(1)},
		{"min", str, list("b", nil, "a", "c"), nil, "a"},
		{"max", str, list("b", nil, "a", "c"), nil, "c"},
		{"max", types.DecimalType(30, 2), list(d128(1), d128(-7)), nil, d128(1)},
		{"max", types.ArrayType(i32, true), list(list(int64(1)), list(int64(1), nil)), nil, list(int64(1), nil)},
		{"min", types.BoolType, list(true, false, nil), nil, false},
		{"first", str, list(nil, "a", "b"), nil, nil},
		{"first", str, list(nil, "a", "b"), []expr.Expr{lit(types.BoolType, true)}, "a"},
		{"last", str, list("a", "b", nil), []expr.Expr{lit(types.BoolType, true)}, "b"},
		{"bool_and", types.BoolType, list(true, nil, true), nil, true},
		{"bool_or", types.BoolType, list(false, nil), nil, false},
		{"count_if", types.BoolType, list(true, nil, false, true), nil, int64(2)},
		{"bit_xor", i32, list(int64(3), int64(5)), nil, int64(6)},
		{"var_samp", f64, list(1.0, 2.0, 3.0), nil, 1.0},
		{"stddev_samp", f64, list(1.0), nil, nil},
		{"skewness", f64, list(-10.0, -20.0, 100.0, 1000.0), nil, 1.1135657469022011},
		{"kurtosis", f64, list(-10.0, -20.0, 100.0, 1000.0), nil, -0.7014368047529627},
		{"collect_list", i32, ints, nil, list(int64(3), int64(1), int64(2), int64(2))},
		{"collect_set", i32, ints, nil, list(int64(3), int64(1), int64(2))},
		{"collect_list", str, list("a", nil, "b"), nil, list("a", "b")},
		{"listagg", str, list("a", nil, "b"), []expr.Expr{lit(str, ", ")}, "a, b"},
		{"percentile", f64, list(0.0, 10.0), []expr.Expr{lit(f64, 0.3)}, 3.0},
		{"median", f64, list(0.0, nil, 10.0, 4.0), nil, 4.0},
		{"percentile_disc", f64, list(0.0, 10.0, 20.0), []expr.Expr{lit(f64, 0.5)}, 10.0},
		{"percentile_approx", i32, list(int64(0), int64(6), int64(7), int64(9), int64(10)), []expr.Expr{lit(types.ArrayType(f64, false), list(0.5, 0.4, 0.1))}, list(int64(7), int64(6), int64(0))},
		{"mode", str, list("a", "b", "b", nil), nil, "b"},
		{"max_by", str, list("a", "b", "c"), []expr.Expr{ref(1, i32)}, "b"},
		{"max_by", str, list("a", "b", "c"), []expr.Expr{ref(1, i32), lit(i32, int64(2))}, list("b", "c")},
		{"min_by", str, list("a", "b", "c"), []expr.Expr{ref(1, i32), lit(i32, int64(9))}, list("a", "c", "b")},
		{"vector_sum", f32s, list(list(1.0, 2.0), nil, list(3.0, 4.0), list(9.0, nil)), nil, list(4.0, 6.0)},
		{"vector_avg", f32s, list(list(1.0, 2.0), nil, list(3.0, 4.0), list(9.0, nil)), nil, list(2.0, 3.0)},
		{"histogram_numeric", i32, ints, []expr.Expr{lit(i32, int64(2))}, list(list(int64(1), 3.0), list(int64(3), 1.0))},
		{"histogram_numeric", dec, list(d128(100), d128(200), d128(1000)), []expr.Expr{lit(i32, int64(2))}, list(list(d128(150), 2.0), list(d128(1000), 1.0))},
		{"bitmap_or_agg", types.BinaryType, list("\x01", "\x10", nil), nil, "\x11" + strings.Repeat("\x00", 4095)},
		{"bitmap_and_agg", types.BinaryType, list("\x31", "\x13", nil), nil, "\x11" + strings.Repeat("\x00", 4095)},
		{"bitmap_construct_agg", i64, list(int64(0), int64(9)), nil, "\x01\x02" + strings.Repeat("\x00", 4094)},
		{"approx_count_distinct", i32, ints, nil, int64(3)},
		{"corr", f64, list(3.0, 3.0, 6.0), []expr.Expr{ref(2, f64)}, 0.8660254037844387},
		{"regr_slope", f64, list(3.0, 3.0, 6.0), []expr.Expr{ref(2, f64)}, 1.5},
	}
	for _, c := range cases {
		v := vec.FromDatums(c.t, c.in...)
		args := append([]expr.Expr{ref(0, c.t)}, c.more...)
		o := resolve(t, c.name, args)
		cols := []*vec.Vec{v}
		for i, e := range c.more {
			if l, ok := e.(*expr.Literal); ok {
				k := (&vec.Vec{Type: o.Params[i+1]}).SetConst(len(c.in))
				k.Put(0, l.Value)
				cols = append(cols, k)
				continue
			}
			side := map[int]*vec.Vec{
				1: vec.FromDatums(i32, int64(10), int64(50), int64(20)),
				2: vec.FromDatums(f64, 2.0, 3.0, 4.0),
			}
			cols = append(cols, side[e.(*expr.Ref).Index])
		}
		if !o.Params[0].SameShape(c.t) {
			conv := make([]types.Datum, len(c.in))
			for i, d := range c.in {
				if x, ok := d.(int64); ok {
					conv[i] = float64(x)
				}
			}
			cols[0] = vec.FromDatums(o.Params[0], conv...)
		}
		got, err := worlds(o, &expr.Agg{Func: c.name, Args: args, T: o.Result}, cols, len(c.in))
		if err != nil {
			t.Errorf("%s(%s): %v", c.name, c.t, err)
			continue
		}
		near := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-12*math.Abs(a) })
		for w, g := range got {
			if d := cmp.Diff(c.want, g, near); d != "" {
				t.Errorf("%s(%s) in world %d: %s", c.name, c.t, w, d)
			}
		}
	}
}

// Every aggregate of one argument takes a group without rows, a constant NULL
// and a dictionary.
func TestOddInputs(t *testing.T) {
	for _, d := range Defs() {
		arg := types.Type{Kind: types.Int32}
		switch d.Name {
		case "bool_and", "bool_or", "count_if":
			arg = types.BoolType
		case "listagg":
			arg = types.StringType
		}
		r, err := function.New(Defs())
		if err != nil {
			t.Fatal(err)
		}
		o, err := r.Lookup(d.Name).Resolve(&function.Call{Name: d.Name, Args: []expr.Expr{ref(0, arg)}, ANSI: true})
		if err != nil {
			continue // takes more arguments
		}
		p := o.Params[0]
		null := (&vec.Vec{Type: p}).SetConst(3)
		null.SetNull(0)
		values := vec.New(p, 1)
		dict := &vec.Vec{Type: p}
		dict.SetDict(vec.NewDictionary(values), []int32{0, 0, 0})
		dict.SetNull(1)
		call := &expr.Agg{Func: d.Name, Args: []expr.Expr{ref(0, p)}, T: o.Result}
		for i, v := range []*vec.Vec{null, dict, vec.New(p, 0)} {
			got, err := worlds(o, call, []*vec.Vec{v}, v.Len())
			if err != nil {
				t.Errorf("%s: %v", d.Name, err)
			}
			if !cmp.Equal(got[0], got[3]) || i == 2 && got[0] != nil && !o.NotNull {
				t.Errorf("%s: %v", d.Name, got)
			}
		}
	}
}

func TestSumOverflow(t *testing.T) {
	args := []expr.Expr{ref(0, types.Int64Type)}
	o := resolve(t, "sum", args)
	_, err := worlds(o, &expr.Agg{Func: "sum", Args: args}, []*vec.Vec{vec.FromDatums(types.Int64Type, int64(math.MaxInt64), int64(1))}, 2)
	if !sqlerr.Is(err, sqlerr.ArithmeticOverflow) {
		t.Fatalf("got %v", err)
	}
}

func TestListaggOrder(t *testing.T) {
	args := []expr.Expr{ref(0, types.StringType), lit(types.StringType, "")}
	o := resolve(t, "listagg", args)
	call := &expr.Agg{Func: "listagg", Args: args, Order: []expr.SortKey{{Expr: ref(1, types.Int32Type), Desc: true}}}
	delim := (&vec.Vec{Type: types.StringType}).SetConst(3)
	vec.Data[string](delim)[0] = "-"
	cols := []*vec.Vec{vec.FromDatums(types.StringType, "a", "b", "c"), delim, vec.FromDatums(types.Int32Type, int64(2), nil, int64(3))}
	got, err := worlds(o, call, cols, 3)
	if err != nil || got != [4]types.Datum{"c-a-b", "c-a-b", "c-a-b", "c-a-b"} {
		t.Fatalf("%v %v", got, err)
	}
}

func TestApproxCountIsNear(t *testing.T) {
	args := []expr.Expr{ref(0, types.Int64Type)}
	o := resolve(t, "approx_count_distinct", args)
	for _, step := range []int64{1, 10, 7919, 1 << 20} {
		v := vec.New(types.Int64Type, 30000)
		for i := range vec.Data[int64](v) {
			vec.Data[int64](v)[i] = int64(i) * step
		}
		got, err := worlds(o, &expr.Agg{Func: "approx_count_distinct", Args: args}, []*vec.Vec{v}, 30000)
		if n := got[0].(int64); err != nil || math.Abs(float64(n)-30000) > 4500 || got[0] != got[3] {
			t.Errorf("every %dth number: %v %v", step, got, err)
		}
	}
}

func BenchmarkSumInt64(b *testing.B) {
	v := vec.New(types.Int64Type, vec.DefaultSize)
	a := &intSum{in: types.Int64Type, result: types.Int64Type}
	var st sumState
	b.SetBytes(8 * vec.DefaultSize)
	for b.Loop() {
		_ = a.UpdateOne(ctx, unsafe.Pointer(&st), []*vec.Vec{v}, vec.Identity[:vec.DefaultSize])
	}
}

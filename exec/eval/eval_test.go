package eval

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func registry(t testing.TB) *function.Registry {
	t.Helper()
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var ctx = &function.Context{ANSI: true, TimeZone: time.UTC}

func ref(i int, t types.Type) expr.Expr { return &expr.Ref{Index: i, T: t, Null: true, Name: "c"} }

func lit(t types.Type, v types.Datum) expr.Expr { return &expr.Literal{Value: v, T: t} }

func i64(v int64) expr.Expr { return lit(types.Int64Type, v) }

func str(v string) expr.Expr { return lit(types.StringType, v) }

// call builds a resolved call with the casts its overload asks for.
func call(t testing.TB, name string, args ...expr.Expr) expr.Expr {
	t.Helper()
	o, err := registry(t).Lookup(name).Resolve(&function.Call{Name: name, Args: args, ANSI: true, TimeZone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	if o.Rewrite != nil {
		e, err := o.Rewrite(args)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	cast := make([]expr.Expr, len(args))
	for i, a := range args {
		cast[i] = a
		if !a.Type().SameShape(o.Params[i]) {
			cast[i] = &expr.Cast{Arg: a, To: o.Params[i], Implicit: true}
		}
	}
	return &expr.Call{Func: name, Args: cast, T: o.Result, Null: true, Pos: 7}
}

func rows(v *vec.Vec, sel []uint16) []types.Datum {
	out := []types.Datum{}
	for _, i := range sel {
		out = append(out, v.Get(int(i)))
	}
	return out
}

// dictOf is v as a dictionary vector.
func dictOf(v *vec.Vec) *vec.Vec {
	d := vec.NewDictionary(vec.New(v.Type, 0))
	codes := make([]int32, v.Len())
	seen := map[types.Datum]int32{}
	out := &vec.Vec{Type: v.Type}
	for i := range codes {
		x := v.Get(i)
		if x == nil {
			continue
		}
		c, ok := seen[x]
		if !ok {
			c = int32(d.Values.Extend(1))
			d.Values.Put(int(c), x)
			seen[x] = c
		}
		codes[i] = c
	}
	out.SetDict(d, codes)
	for i := range codes {
		if v.Null(i) {
			out.SetNull(i)
		}
	}
	return out
}

func run(t *testing.T, e expr.Expr, cols []*vec.Vec, n int, sel []uint16) ([]types.Datum, error) {
	t.Helper()
	p, err := Compile(registry(t), ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	if sel == nil {
		sel = vec.Identity[:n]
	}
	v, err := p.Eval(cols, n, sel)
	if err != nil {
		return nil, err
	}
	got := rows(v, sel)
	if e.Type().Kind == types.Bool {
		out, err := p.Select(cols, n, sel, nil)
		if err != nil {
			t.Fatalf("Select failed where Eval did not: %v", err)
		}
		want := []uint16{}
		for j, i := range sel {
			if got[j] == true {
				want = append(want, i)
			}
		}
		if len(out)+len(want) > 0 && !cmp.Equal(out, want) {
			t.Errorf("Select gave %v, Eval says %v", out, want)
		}
	}
	return got, nil
}

func TestEval(t *testing.T) {
	a := ref(0, types.Int64Type)
	s := ref(1, types.StringType)
	f := ref(2, types.Float64Type)
	nan := lit(types.Float64Type, func() float64 { z := 0.0; return z / z }())
	ints := vec.FromDatums(types.Int64Type, int64(1), nil, int64(-3), int64(4), int64(0))
	strs := vec.FromDatums(types.StringType, "a", "b", nil, "a", "c")
	flts := vec.FromDatums(types.Float64Type, 1.5, nan.(*expr.Literal).Value, nil, math.Copysign(0, -1), 1e300)
	cases := []struct {
		name string
		e    expr.Expr
		want []types.Datum
	}{
		{"gt const", &expr.Compare{Op: expr.Gt, Left: a, Right: i64(0)}, []types.Datum{true, nil, false, true, false}},
		{"const le", &expr.Compare{Op: expr.Le, Left: i64(1), Right: a}, []types.Datum{true, nil, false, true, false}},
		{"ne null", &expr.Compare{Op: expr.Ne, Left: a, Right: lit(types.Int64Type, nil)}, []types.Datum{nil, nil, nil, nil, nil}},
		{"nullsafe", &expr.Compare{Op: expr.NullSafeEq, Left: a, Right: lit(types.Int64Type, nil)}, []types.Datum{false, true, false, false, false}},
		{"string eq", &expr.Compare{Op: expr.Eq, Left: s, Right: str("a")}, []types.Datum{true, false, nil, true, false}},
		{"string lt", &expr.Compare{Op: expr.Lt, Left: s, Right: str("b")}, []types.Datum{true, false, nil, true, false}},
		{"float gt", &expr.Compare{Op: expr.Gt, Left: f, Right: lit(types.Float64Type, 1.0)}, []types.Datum{true, true, nil, false, true}},
		{"float eq nan", &expr.Compare{Op: expr.Eq, Left: f, Right: nan}, []types.Datum{false, true, nil, false, false}},
		{"float eq zero", &expr.Compare{Op: expr.Eq, Left: f, Right: lit(types.Float64Type, 0.0)}, []types.Datum{false, false, nil, true, false}},
		{"between", &expr.And{Args: []expr.Expr{
			&expr.Compare{Op: expr.Ge, Left: a, Right: i64(0)}, &expr.Compare{Op: expr.Lt, Left: a, Right: i64(4)},
		}}, []types.Datum{true, nil, false, false, true}},
		{"and null", &expr.And{Args: []expr.Expr{
			&expr.Compare{Op: expr.Gt, Left: a, Right: i64(0)}, &expr.Compare{Op: expr.Eq, Left: s, Right: str("c")},
		}}, []types.Datum{false, false, false, false, false}},
		{"or null", &expr.Or{Args: []expr.Expr{
			&expr.Compare{Op: expr.Gt, Left: a, Right: i64(0)}, &expr.Compare{Op: expr.Eq, Left: s, Right: str("c")},
		}}, []types.Datum{true, nil, nil, true, true}},
		{"not in", &expr.Not{Arg: &expr.In{Arg: a, List: []expr.Expr{i64(1), i64(4), lit(types.Int64Type, nil)}}}, []types.Datum{false, nil, nil, false, nil}},
		{"in strings", &expr.In{Arg: s, List: []expr.Expr{str("c"), str("a")}}, []types.Datum{true, false, nil, true, true}},
		{"is null", &expr.IsNull{Arg: s}, []types.Datum{false, false, true, false, false}},
		{"is not null", &expr.Not{Arg: &expr.IsNull{Arg: s}}, []types.Datum{true, true, false, true, true}},
		{"add", call(t, "+", a, i64(1)), []types.Datum{int64(2), nil, int64(-2), int64(5), int64(1)}},
		{"case guards division", &expr.Case{
			Whens: []expr.When{{Cond: &expr.Compare{Op: expr.Eq, Left: a, Right: i64(0)}, Then: i64(-1)}},
			Else:  call(t, "div", i64(12), a), T: types.Int64Type,
		}, []types.Datum{int64(12), nil, int64(-4), int64(3), int64(-1)}},
		{"and guards division", &expr.And{Args: []expr.Expr{
			&expr.Compare{Op: expr.Ne, Left: a, Right: i64(0)},
			&expr.Compare{Op: expr.Gt, Left: call(t, "div", i64(12), a), Right: i64(3)},
		}}, []types.Datum{true, nil, false, false, false}},
		{"cast", &expr.Cast{Arg: a, To: types.StringType}, []types.Datum{"1", nil, "-3", "4", "0"}},
		{"concat", call(t, "||", s, str("!")), []types.Datum{"a!", "b!", nil, "a!", "c!"}},
		{"const", call(t, "+", i64(2), i64(3)), []types.Datum{int64(5), int64(5), int64(5), int64(5), int64(5)}},
	}
	for _, c := range cases {
		for _, dict := range []bool{false, true} {
			cols := []*vec.Vec{ints, strs, flts}
			if dict {
				cols = []*vec.Vec{dictOf(ints), dictOf(strs), flts}
			}
			got, err := run(t, c.e, cols, 5, nil)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s (dict %v): %s", c.name, dict, d)
			}
			sel := []uint16{1, 3}
			got, err = run(t, c.e, cols, 5, sel)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if d := cmp.Diff([]types.Datum{c.want[1], c.want[3]}, got); d != "" {
				t.Errorf("%s (dict %v, selection): %s", c.name, dict, d)
			}
		}
	}
}

func TestErrorsOnlyWhereReached(t *testing.T) {
	zero := vec.FromDatums(types.Int64Type, int64(1), int64(0), int64(2))
	for _, cols := range [][]*vec.Vec{{zero}, {dictOf(zero)}} {
		e := call(t, "div", i64(6), ref(0, types.Int64Type))
		if got, err := run(t, e, cols, 3, []uint16{0, 2}); err != nil || got[1] != int64(3) {
			t.Fatalf("unselected zero: %v %v", got, err)
		}
		_, err := run(t, e, cols, 3, nil)
		if !sqlerr.Is(err, sqlerr.DivideByZero) || sqlerr.As(err).Pos != 7 {
			t.Fatalf("got %v", err)
		}
		// A constant that fails is harmless if no row reaches it.
		bad := &expr.Case{Whens: []expr.When{{
			Cond: &expr.Compare{Op: expr.Lt, Left: ref(0, types.Int64Type), Right: i64(0)}, Then: call(t, "div", i64(1), i64(0)),
		}}, T: types.Int64Type}
		if _, err := run(t, bad, cols, 3, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSetSharesAndDictionariesGrow(t *testing.T) {
	s := ref(0, types.StringType)
	up := call(t, "||", s, str("x"))
	set, err := CompileSet(registry(t), ctx, []expr.Expr{up, &expr.Compare{Op: expr.Eq, Left: up, Right: str("bx")}})
	if err != nil {
		t.Fatal(err)
	}
	d := vec.NewDictionary(vec.FromDatums(types.StringType, "a"))
	v := &vec.Vec{Type: types.StringType}
	v.SetDict(d, []int32{0, 0})
	got, err := set.Eval([]*vec.Vec{v}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Enc != vec.Dict || got[0].Get(1) != "ax" || got[1].Get(0) != false {
		t.Fatalf("got %v %v", got[0].Get(1), got[1].Get(0))
	}
	d.Values.AppendDatums([]types.Datum{"b"})
	v.SetDict(d, []int32{1, 0})
	if got, err = set.Eval([]*vec.Vec{v}, 2, nil); err != nil || got[0].Get(0) != "bx" || got[1].Get(0) != true {
		t.Fatalf("after growth: %v %v", got, err)
	}
}

func TestFold(t *testing.T) {
	l, err := Fold(t.Context(), registry(t), ctx, call(t, "+", i64(2), i64(3)))
	if err != nil || l.Value != int64(5) {
		t.Fatalf("%v %v", l, err)
	}
	if _, err := Fold(t.Context(), registry(t), ctx, call(t, "div", i64(1), i64(0))); !sqlerr.Is(err, sqlerr.DivideByZero) {
		t.Fatalf("got %v", err)
	}
}

func TestNoAllocations(t *testing.T) {
	a := ref(0, types.Int64Type)
	e := &expr.And{Args: []expr.Expr{
		&expr.Compare{Op: expr.Gt, Left: call(t, "+", a, i64(1)), Right: i64(3)},
		&expr.Compare{Op: expr.Lt, Left: a, Right: i64(1000)},
	}}
	p, err := Compile(registry(t), ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	v := vec.New(types.Int64Type, 2048)
	for i := range vec.Data[int64](v) {
		vec.Data[int64](v)[i] = int64(i)
	}
	cols, out := []*vec.Vec{v}, make([]uint16, 0, 2048)
	allocs := testing.AllocsPerRun(50, func() {
		if got, err := p.Select(cols, 2048, nil, out); err != nil || len(got) != 997 {
			t.Fatalf("%d %v", len(got), err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations a batch", allocs)
	}
}

package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// gen makes random typed expressions over the columns a, b (bigint), s (string), f (double).
type gen struct {
	t *testing.T
	r *rand.Rand
}

func (g *gen) pick(fs ...func() expr.Expr) expr.Expr { return fs[g.r.IntN(len(fs))]() }

func (g *gen) int(d int) expr.Expr {
	leaf := func() expr.Expr {
		return g.pick(
			func() expr.Expr { return ref(g.r.IntN(2), types.Int64Type) },
			func() expr.Expr { return i64(int64(g.r.IntN(5) - 2)) },
			func() expr.Expr { return lit(types.Int64Type, nil) },
		)
	}
	if d == 0 {
		return leaf()
	}
	return g.pick(leaf,
		func() expr.Expr {
			return call(g.t, []string{"+", "-", "*", "div", "%"}[g.r.IntN(5)], g.int(d-1), g.int(d-1))
		},
		func() expr.Expr {
			c := &expr.Case{Whens: []expr.When{{Cond: g.bool(d - 1), Then: g.int(d - 1)}, {Cond: g.bool(d - 1), Then: g.int(d - 1)}}, T: types.Int64Type}
			if g.r.IntN(2) == 0 {
				c.Else = g.int(d - 1)
			}
			return c
		},
		func() expr.Expr { return call(g.t, "coalesce", g.int(d-1), g.int(d-1), g.int(d-1)) },
		func() expr.Expr { return &expr.Cast{Arg: g.str(d - 1), To: types.Int64Type, Mode: expr.CastTry} },
	)
}

func (g *gen) str(d int) expr.Expr {
	leaf := func() expr.Expr {
		return g.pick(func() expr.Expr { return ref(2, types.StringType) }, func() expr.Expr { return str("1") })
	}
	if d == 0 {
		return leaf()
	}
	return g.pick(leaf,
		func() expr.Expr { return call(g.t, "||", g.str(d-1), g.str(d-1)) },
		func() expr.Expr { return &expr.Cast{Arg: g.int(d - 1), To: types.StringType} },
	)
}

func (g *gen) float(d int) expr.Expr {
	if d == 0 {
		return g.pick(func() expr.Expr { return ref(3, types.Float64Type) }, func() expr.Expr { return lit(types.Float64Type, 0.5) })
	}
	return g.pick(
		func() expr.Expr { return call(g.t, "+", g.float(d-1), g.float(d-1)) },
		func() expr.Expr { return &expr.Cast{Arg: g.int(d - 1), To: types.Float64Type} },
	)
}

func (g *gen) bool(d int) expr.Expr {
	compare := func(l, r expr.Expr) expr.Expr {
		return &expr.Compare{Op: expr.CompareOp(g.r.IntN(7)), Left: l, Right: r}
	}
	leaf := func() expr.Expr {
		return g.pick(
			func() expr.Expr { return compare(g.int(0), g.int(0)) },
			func() expr.Expr { return compare(g.str(0), g.str(0)) },
			func() expr.Expr { return compare(g.float(0), g.float(0)) },
		)
	}
	if d == 0 {
		return leaf()
	}
	return g.pick(leaf,
		func() expr.Expr { return compare(g.int(d-1), g.int(d-1)) },
		func() expr.Expr { return compare(g.str(d-1), g.str(d-1)) },
		func() expr.Expr { return compare(g.float(d-1), g.float(d-1)) },
		func() expr.Expr { return &expr.And{Args: []expr.Expr{g.bool(d - 1), g.bool(d - 1), g.bool(d - 1)}} },
		func() expr.Expr { return &expr.Or{Args: []expr.Expr{g.bool(d - 1), g.bool(d - 1), g.bool(d - 1)}} },
		func() expr.Expr { return &expr.Not{Arg: g.bool(d - 1)} },
		func() expr.Expr { return &expr.IsNull{Arg: g.int(d - 1)} },
		func() expr.Expr {
			x := g.int(d - 1)
			return &expr.And{Args: []expr.Expr{
				&expr.Compare{Op: expr.Ge, Left: x, Right: i64(-1)}, &expr.Compare{Op: expr.Lt, Left: x, Right: i64(2)},
			}}
		},
		func() expr.Expr { return &expr.In{Arg: g.int(d - 1), List: []expr.Expr{i64(1), i64(-2), g.int(0)}} },
		func() expr.Expr { return &expr.In{Arg: g.str(d - 1), List: []expr.Expr{str("1"), str("x")}} },
	)
}

// TestRandom holds batches against single rows: the same values, and an error
// just if a selected row alone raises one.
func TestRandom(t *testing.T) {
	const n = 70
	r := rand.New(rand.NewPCG(11, 12))
	g := &gen{t, r}
	cols := []*vec.Vec{vec.New(types.Int64Type, 0), vec.New(types.Int64Type, 0), vec.New(types.StringType, 0), vec.New(types.Float64Type, 0)}
	for range n {
		for k, c := range cols {
			var d types.Datum
			switch x := r.IntN(6); {
			case k == 0 && x == 0, k == 2 && x == 0:
			case k < 2:
				d = int64(r.IntN(5) - 2)
			case k == 2:
				d = []string{"1", "x", "", "-2", "11", "y"}[x]
			default:
				d = []float64{0, 0.5, math.NaN(), -1, 2, math.Inf(1)}[x]
			}
			c.AppendDatums([]types.Datum{d})
		}
	}
	same := cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })
	for round := range 1500 {
		e := g.pick(func() expr.Expr { return g.bool(3) }, func() expr.Expr { return g.int(3) }, func() expr.Expr { return g.str(3) })
		one, err := Compile(registry(t), ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		want, fails := make([]types.Datum, n), make([]bool, n)
		for i := range n {
			row := make([]*vec.Vec, len(cols))
			for k, c := range cols {
				row[k] = vec.FromDatums(c.Type, c.Get(i))
			}
			v, err := one.Eval(row, 1, nil)
			if fails[i] = err != nil; err == nil {
				want[i] = v.Get(0)
			}
		}
		sel := []uint16{}
		for i := range n {
			if round%3 == 0 || r.IntN(3) == 0 && !(fails[i] && round%3 == 1) {
				sel = append(sel, uint16(i))
			}
		}
		fail := false
		for _, i := range sel {
			fail = fail || fails[i]
		}
		in := cols
		if round%2 == 1 {
			in = []*vec.Vec{dictOf(cols[0]), cols[1], dictOf(cols[2]), cols[3]}
		}
		set, err := CompileSet(registry(t), ctx, []expr.Expr{e, &expr.IsNull{Arg: e}, e})
		if err != nil {
			t.Fatal(err)
		}
		if round%10 == 0 { // no rows at all, and rows of which none is selected
			empty := make([]*vec.Vec, len(cols))
			for k, c := range cols {
				empty[k] = vec.New(c.Type, 0)
			}
			if _, err := set.Eval(empty, 0, nil); err != nil {
				t.Fatalf("%s: %v of no rows", function.Text(e), err)
			}
			if _, err := set.Eval(in, n, []uint16{}); err != nil {
				t.Fatalf("%s: %v of no selected rows", function.Text(e), err)
			}
		}
		out, err := set.Eval(in, n, sel)
		if (err != nil) != fail {
			t.Fatalf("%s: error %v, but a row alone fails: %v", function.Text(e), err, fail)
		}
		if err != nil {
			continue
		}
		pass := []uint16{}
		for _, i := range sel {
			got := out[0].Get(int(i))
			if !cmp.Equal(want[i], got, same) || out[1].Get(int(i)) != (want[i] == nil) || !cmp.Equal(want[i], out[2].Get(int(i)), same) {
				t.Fatalf("%s: row %d is %v (null: %v), alone %v", function.Text(e), i, got, out[1].Get(int(i)), want[i])
			}
			if want[i] == true {
				pass = append(pass, i)
			}
		}
		if e.Type().Kind == types.Bool {
			p, _ := Compile(registry(t), ctx, e)
			got, err := p.Select(in, n, sel, nil)
			if err != nil || len(got)+len(pass) > 0 && !cmp.Equal(got, pass) {
				t.Fatalf("%s: Select gives %v %v, want %v", function.Text(e), got, err, pass)
			}
		}
	}
}

// TestLambda runs a function that takes a lambda, over more elements than a batch has rows.
func TestLambda(t *testing.T) {
	arr := types.ArrayType(types.Int64Type, true)
	reg, err := function.New([]function.Def{{Name: "each", Resolve: func(c *function.Call) (*function.Overload, error) {
		return &function.Overload{Params: []types.Type{arr, {}}, Result: arr, Higher: func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
			return func(_ *function.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				elems, rows := vec.New(types.Int64Type, 0), []uint16{}
				for _, i := range sel {
					lo, hi := build.Elements(args[0], int(i))
					for e := lo; e < hi; e++ {
						elems.AppendDatums([]types.Datum{args[0].Base().Kids[0].Get(e)})
						rows = append(rows, i)
					}
				}
				v, err := ls[1].Eval([]*vec.Vec{elems}, rows)
				if err != nil {
					return err
				}
				at := 0
				for _, i := range sel {
					lo, hi := build.Elements(args[0], int(i))
					var ds []types.Datum
					for range hi - lo {
						ds = append(ds, v.Get(at))
						at++
					}
					out.Put(int(i), ds)
				}
				return nil
			}, nil
		}}, nil
	}}}, must(registry(t)))
	if err != nil {
		t.Fatal(err)
	}
	x := expr.LambdaVar{ID: 1, Name: "x", T: types.Int64Type, Null: true}
	sum := &expr.Call{Func: "+", Args: []expr.Expr{&x, ref(1, types.Int64Type)}, T: types.Int64Type, Null: true}
	e := &expr.Call{Func: "each", Args: []expr.Expr{ref(0, arr), &expr.Lambda{Params: []expr.LambdaVar{x}, Body: sum}}, T: arr, Null: true}
	big := make([]types.Datum, 5000)
	for i := range big {
		big[i] = int64(i)
	}
	cols := []*vec.Vec{vec.FromDatums(arr, []types.Datum{int64(1), nil}, nil, big), vec.FromDatums(types.Int64Type, int64(10), int64(20), int64(30))}
	p, err := Compile(reg, ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	v, err := p.Eval(cols, 3, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := v.Get(2).([]types.Datum)
	if d := cmp.Diff([]types.Datum{int64(11), nil}, v.Get(0)); d != "" || v.Get(1) != nil || len(last) != 5000 || last[4999] != int64(5029) {
		t.Fatal(d, v.Get(1), len(last))
	}
}

// must lists the definitions of a registry by value.
func must(r *function.Registry) []function.Def {
	var out []function.Def
	for _, d := range r.Defs() {
		out = append(out, *d)
	}
	return out
}

func TestLongInList(t *testing.T) {
	in := &expr.In{Arg: ref(0, types.Int64Type)}
	for i := range 100_000 {
		in.List = append(in.List, i64(int64(i)*2))
	}
	got, err := run(t, in, []*vec.Vec{vec.FromDatums(types.Int64Type, int64(0), int64(3), int64(199_998), nil)}, 4, nil)
	if d := cmp.Diff([]types.Datum{true, false, true, nil}, got); d != "" || err != nil {
		t.Fatal(d, err)
	}
}

func benchEval(b *testing.B, es []expr.Expr, cols []*vec.Vec) {
	reg := registry(b)
	s, err := CompileSet(reg, ctx, es)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Eval(cols, vec.DefaultSize, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkQ1 is the projection of TPC-H query 1.
func BenchmarkQ1(b *testing.B) {
	d := types.DecimalType(15, 2)
	cols := make([]*vec.Vec, 3)
	for k := range cols {
		cols[k] = vec.New(d, vec.DefaultSize)
		for i := range vec.Data[int64](cols[k]) {
			vec.Data[int64](cols[k])[i] = int64(i % 10)
		}
	}
	one := lit(types.DecimalType(1, 0), types.Int128From(1))
	price := call(b, "*", ref(0, d), call(b, "-", one, ref(1, d)))
	benchEval(b, []expr.Expr{price, call(b, "*", price, call(b, "+", one, ref(2, d)))}, cols)
}

// BenchmarkQ6 is the filter of TPC-H query 6.
func BenchmarkQ6(b *testing.B) {
	d, date := types.DecimalType(15, 2), types.DateType
	cols := []*vec.Vec{vec.New(date, vec.DefaultSize), vec.New(d, vec.DefaultSize), vec.New(d, vec.DefaultSize)}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range vec.DefaultSize {
		vec.Data[int32](cols[0])[i] = r.Int32N(2500)
		vec.Data[int64](cols[1])[i] = r.Int64N(11)
		vec.Data[int64](cols[2])[i] = r.Int64N(50) * 100
	}
	cmpOp := func(op expr.CompareOp, i int, t types.Type, v types.Datum) expr.Expr {
		return &expr.Compare{Op: op, Left: ref(i, t), Right: lit(t, v)}
	}
	e := &expr.And{Args: []expr.Expr{
		cmpOp(expr.Ge, 0, date, int64(1000)), cmpOp(expr.Lt, 0, date, int64(1365)),
		cmpOp(expr.Ge, 1, d, types.Int128From(5)), cmpOp(expr.Le, 1, d, types.Int128From(7)), cmpOp(expr.Lt, 2, d, types.Int128From(2400)),
	}}
	p, err := Compile(registry(b), ctx, e)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]uint16, 0, vec.DefaultSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Select(cols, vec.DefaultSize, nil, out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDictionary filters and maps a dictionary column.
func BenchmarkDictionary(b *testing.B) {
	v := &vec.Vec{Type: types.StringType}
	codes := make([]int32, vec.DefaultSize)
	for i := range codes {
		codes[i] = int32(i % 7)
	}
	values := vec.FromDatums(types.StringType, "a", "b", "c", "d", "e", "f", "g")
	v.SetDict(vec.NewDictionary(values), codes)
	s := ref(0, types.StringType)
	benchEval(b, []expr.Expr{call(b, "||", s, str("x")), &expr.Compare{Op: expr.Eq, Left: s, Right: str("c")}}, []*vec.Vec{v})
}

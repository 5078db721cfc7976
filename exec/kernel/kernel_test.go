package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// sample makes n values of a type from a small range, so that equal ones meet.
func sample(r *rand.Rand, t types.Type, n int, nulls bool) *vec.Vec {
	ds := make([]types.Datum, n)
	for i := range ds {
		x := r.IntN(7) - 3
		switch t.Storage() {
		case types.StoreBool:
			ds[i] = x > 0
		case types.StoreFloat32, types.StoreFloat64:
			ds[i] = []float64{math.NaN(), math.Copysign(0, -1), 0, 1.5, -1.5, math.Inf(1), math.Inf(-1)}[x+3]
		case types.StoreString:
			ds[i] = []string{"", "a", "ab", "abcdefgh", "abcdefghijklmnopq", "b", "\xff"}[x+3]
		case types.StoreInt128:
			ds[i] = types.Int128{Lo: uint64(x), Hi: int64(x)}
		case types.StoreInt64:
			if ds[i] = int64(x) << 40; t.Kind == types.Decimal {
				ds[i] = types.Int128From(int64(x))
			}
		case types.StoreList:
			ds[i] = []types.Datum{int64(x), nil}[:r.IntN(3)]
		default:
			ds[i] = int64(x)
		}
		if nulls && r.IntN(4) == 0 {
			ds[i] = nil
		}
	}
	return vec.FromDatums(t, ds...)
}

var sampleTypes = []types.Type{
	types.BoolType, types.Int8Type, types.Int16Type, types.Int32Type, types.Int64Type, types.Float32Type, types.Float64Type,
	types.StringType, types.DecimalType(30, 2), types.DecimalType(9, 2), types.DateType, types.ArrayType(types.Int32Type, true),
}

// encodings returns v flat, as a constant of its first row, and as a dictionary.
func encodings(v *vec.Vec) []*vec.Vec {
	k := (&vec.Vec{Type: v.Type}).SetConst(v.Len())
	k.Put(0, v.Get(0))
	d := &vec.Vec{Type: v.Type}
	values := vec.New(v.Type, 0)
	codes := make([]int32, v.Len())
	for i := range codes {
		if !v.Null(i) {
			codes[i] = int32(values.AppendDatums([]types.Datum{v.Get(i)}))
		}
	}
	d.SetDict(vec.NewDictionary(values), codes)
	for i := range codes {
		if v.Null(i) {
			d.SetNull(i)
		}
	}
	return []*vec.Vec{v, k, d}
}

// naive compares two datums that are not NULL.
func naive(a, b types.Datum, t types.Type) int {
	x, y := vec.FromDatums(t, a), vec.FromDatums(t, b)
	return Orders(x, y)(0, 0)
}

func TestCompareAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, typ := range sampleTypes {
		for round := range 6 {
			n := []int{1, 63, 64, 130}[round%4]
			a, b := sample(r, typ, n, round%2 == 1), sample(r, typ, n, round > 2)
			sels := [][]uint16{vec.Identity[:n], {}}
			for i := range n {
				if r.IntN(3) == 0 {
					sels[1] = append(sels[1], uint16(i))
				}
			}
			for _, l := range encodings(a) {
				for _, rv := range encodings(b) {
					for op := expr.Eq; op < expr.NullSafeEq; op++ {
						for _, sel := range sels {
							checkCompare(t, op, l, rv, sel)
						}
					}
				}
			}
		}
	}
}

func checkCompare(t *testing.T, op expr.CompareOp, l, r *vec.Vec, sel []uint16) {
	t.Helper()
	want, live := []uint16{}, []uint16{}
	for _, i := range sel {
		a, b := l.Get(int(i)), r.Get(int(i))
		if a == nil || b == nil {
			continue
		}
		live = append(live, i)
		if holds(op, naive(a, b, l.Type)) {
			want = append(want, i)
		}
	}
	got := SelectCompare(op, l, r, sel, nil)
	if len(got)+len(want) > 0 && !cmp.Equal(got, want) {
		t.Fatalf("%s %s: select gives %v, want %v", l.Type, op, got, want)
	}
	out := make([]bool, l.Len())
	if l.Enc == vec.Dict && l.Type.Storage() != types.StoreString || len(live) == 0 {
		return // the evaluator flattens these first
	}
	Compare(op, l, r, live, out)
	got = got[:0]
	for _, i := range live {
		if out[i] {
			got = append(got, i)
		}
	}
	if len(got)+len(want) > 0 && !cmp.Equal(got, want) {
		t.Fatalf("%s %s: booleans give %v, want %v", l.Type, op, got, want)
	}
}

func TestRangeAndItemsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, typ := range sampleTypes {
		v := sample(r, typ, 130, true)
		items := sample(r, typ, 20, false)
		var want []uint16
		for i := range 130 {
			for j := range 20 {
				if d := v.Get(i); d != nil && naive(d, items.Get(j), typ) == 0 {
					want = append(want, uint16(i))
					break
				}
			}
		}
		for _, few := range []bool{true, false} {
			if few { // the same set in at most eight items
				small := vec.New(typ, 0)
				for j := range 20 {
					seen := false
					for k := range small.Len() {
						seen = seen || naive(small.Get(k), items.Get(j), typ) == 0
					}
					if !seen {
						small.AppendDatums([]types.Datum{items.Get(j)})
					}
				}
				items = small
			}
			if got := NewItems(items).Select(v, vec.Identity[:130], nil); !cmp.Equal(got, want) {
				t.Errorf("%s IN: %v, want %v", typ, got, want)
			}
		}
		if typ.Kind.IsNested() {
			continue
		}
		lo, hi := sample(r, typ, 1, false).Get(0), sample(r, typ, 1, false).Get(0)
		if x, ok := lo.(float64); ok && (x != x || hi.(float64) != hi.(float64)) {
			continue
		}
		one := func(d types.Datum) *vec.Vec {
			k := (&vec.Vec{Type: typ}).SetConst(130)
			k.Put(0, d)
			return k
		}
		for _, open := range []bool{false, true} {
			var want []uint16
			for i := range 130 {
				d := v.Get(i)
				if d == nil {
					continue
				}
				l, h := naive(d, lo, typ), naive(d, hi, typ)
				if (l > 0 || l == 0 && !open) && (h < 0 || h == 0 && !open) {
					want = append(want, uint16(i))
				}
			}
			got := SelectRange(v, one(lo), one(hi), open, open, vec.Identity[:130], nil)
			if len(got)+len(want) > 0 && !cmp.Equal(got, want) {
				t.Errorf("%s between %v and %v: %v, want %v", typ, lo, hi, got, want)
			}
		}
	}
}

func TestIntsReportOverflow(t *testing.T) {
	values := []int8{-128, -127, -64, -2, -1, 0, 1, 2, 63, 64, 127}
	for op := Add; op <= Mul; op++ {
		for _, a := range values {
			for _, b := range values {
				exact := map[ArithOp]int{Add: int(a) + int(b), Sub: int(a) - int(b), Mul: int(a) * int(b)}[op]
				out := make([]int8, 1)
				bad := Ints(op, []int8{a}, []int8{b}, out, -1, -1)
				one, ok := IntOne(op, a, b)
				if fits := exact == int(int8(exact)); bad == fits || ok != fits || out[0] != int8(exact) || one != int8(exact) {
					t.Errorf("op %d on %d and %d", op, a, b)
				}
			}
		}
	}
	wide := []int64{math.MinInt64, math.MinInt64 + 1, -1 << 32, -3, -1, 0, 1, 3, 1 << 32, math.MaxInt64}
	for _, a := range wide {
		for _, b := range wide {
			p := types.MulInt64(a, b)
			if bad := Ints(Mul, []int64{a}, []int64{b}, make([]int64, 1), -1, -1); bad == p.IsInt64() {
				t.Errorf("%d * %d: overflow is %v", a, b, bad)
			}
		}
	}
}

func bench(b *testing.B, f func(v *vec.Vec, out []uint16)) {
	v := vec.New(types.Int32Type, vec.DefaultSize)
	r := rand.New(rand.NewPCG(7, 8))
	for i := range vec.Data[int32](v) {
		vec.Data[int32](v)[i] = r.Int32N(100)
	}
	out := make([]uint16, vec.DefaultSize)
	b.SetBytes(4 * vec.DefaultSize)
	for b.Loop() {
		f(v, out)
	}
}

func constant(t types.Type, d types.Datum) *vec.Vec {
	k := (&vec.Vec{Type: t}).SetConst(vec.DefaultSize)
	k.Put(0, d)
	return k
}

func BenchmarkSelectLess(b *testing.B) {
	c := constant(types.Int32Type, int64(50))
	bench(b, func(v *vec.Vec, out []uint16) { SelectCompare(expr.Lt, v, c, vec.Identity[:vec.DefaultSize], out) })
}

func BenchmarkSelectRange(b *testing.B) {
	lo, hi := constant(types.Int32Type, int64(25)), constant(types.Int32Type, int64(75))
	bench(b, func(v *vec.Vec, out []uint16) {
		SelectRange(v, lo, hi, false, false, vec.Identity[:vec.DefaultSize], out)
	})
}

func BenchmarkAddInt32(b *testing.B) {
	o := make([]int32, vec.DefaultSize)
	bench(b, func(v *vec.Vec, _ []uint16) { Ints(Add, vec.Data[int32](v), []int32{1}, o, -1, 0) })
}

func BenchmarkMulInt64(b *testing.B) {
	x, o := make([]int64, vec.DefaultSize), make([]int64, vec.DefaultSize)
	b.SetBytes(8 * vec.DefaultSize)
	for b.Loop() {
		Ints(Mul, x, x, o, -1, -1)
	}
}

func BenchmarkWideProduct(b *testing.B) {
	x, o := make([]int64, vec.DefaultSize), make([]types.Int128, vec.DefaultSize)
	b.SetBytes(8 * vec.DefaultSize)
	for b.Loop() {
		WideProduct(x, x, o, -1, -1)
	}
}

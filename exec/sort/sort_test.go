package sort_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// kinds are the types that can be sorted, each with a maker of values that
// meet often, lie at the ends of the type, and share prefixes.
var kinds = []struct {
	t    types.Type
	make func(r *rand.Rand) types.Datum
}{
	{types.BoolType, func(r *rand.Rand) types.Datum { return r.IntN(2) == 0 }},
	{types.Int8Type, func(r *rand.Rand) types.Datum { return int64(int8(r.Int())) }},
	{types.Int16Type, func(r *rand.Rand) types.Datum { return int64(int16(r.Int())) }},
	{types.Int32Type, func(r *rand.Rand) types.Datum { return int64(r.IntN(20) - 10) }},
	{types.DateType, func(r *rand.Rand) types.Datum { return int64(int32(r.Int())) }},
	{types.Int64Type, func(r *rand.Rand) types.Datum {
		return []int64{math.MinInt64, math.MaxInt64, 0, -1, 1, r.Int64N(1000)}[r.IntN(6)]
	}},
	{types.TimestampType, func(r *rand.Rand) types.Datum { return r.Int64N(1000) }},
	{types.DecimalType(12, 2), func(r *rand.Rand) types.Datum { return types.Int128From(r.Int64N(1000) - 500) }},
	{types.DecimalType(38, 2), func(r *rand.Rand) types.Datum {
		return types.Int128{Hi: int64(r.IntN(5)) - 2, Lo: r.Uint64() >> r.IntN(64)}
	}},
	{types.Float32Type, func(r *rand.Rand) types.Datum {
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), float64(float32(r.NormFloat64()))}[r.IntN(6)]
	}},
	{types.Float64Type, func(r *rand.Rand) types.Datum {
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), r.NormFloat64()}[r.IntN(6)]
	}},
	{types.StringType, text},
	{types.BinaryType, text},
	{types.ArrayType(types.Int32Type, true), func(r *rand.Rand) types.Datum {
		out := make([]types.Datum, r.IntN(4))
		for i := range out {
			if out[i] = int64(r.IntN(3)); r.IntN(5) == 0 {
				out[i] = nil
			}
		}
		return out
	}},
	{types.StructType(types.Field{Name: "a", Type: types.StringType, Nullable: true}, types.Field{Name: "b", Type: types.Float64Type, Nullable: true}), func(r *rand.Rand) types.Datum {
		var a types.Datum = "x"
		if r.IntN(3) == 0 {
			a = nil
		}
		return []types.Datum{a, float64(r.IntN(4))}
	}},
	{types.NullType, func(*rand.Rand) types.Datum { return nil }},
}

func text(r *rand.Rand) types.Datum {
	return []string{
		"", "a", "a\x00", "a\x00\x00", "\xff", "abcdefghijklm", "abcdefghijklmn", "abcdefghijklmno", "abcdefghijklmnop",
		"abcdefghijklmnopq", "abcdefghijklmnoz", strings.Repeat("long", 20) + fmt.Sprint(r.IntN(9)), fmt.Sprint(r.IntN(100)),
	}[r.IntN(13)]
}

// compareDatums is the order by definition.
func compareDatums(a, b types.Datum) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch x := a.(type) {
	case bool:
		y := b.(bool)
		if x == y {
			return 0
		} else if y {
			return -1
		}
		return 1
	case int64:
		return cmp.Compare(x, b.(int64))
	case types.Int128:
		return x.Big().Cmp(b.(types.Int128).Big())
	case float64:
		y := b.(float64)
		if x != x || y != y {
			return cmp.Compare(b2i(x != x), b2i(y != y))
		}
		return cmp.Compare(x, y)
	case string:
		return cmp.Compare(x, b.(string))
	case []types.Datum:
		y := b.([]types.Datum)
		for i := range min(len(x), len(y)) {
			if c := compareDatums(x[i], y[i]); c != 0 {
				return c
			}
		}
		return cmp.Compare(len(x), len(y))
	}
	panic(a)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareKeys(keys []expr.SortKey, a, b []types.Datum) int {
	for _, k := range keys {
		x, y := a[k.Expr.(*expr.Ref).Index], b[k.Expr.(*expr.Ref).Index]
		c := 0
		switch {
		case x == nil && y == nil:
		case x == nil:
			c = 1 - 2*b2i(k.NullsFirst)
		case y == nil:
			c = 2*b2i(k.NullsFirst) - 1
		default:
			if c = compareDatums(x, y); k.Desc {
				c = -c
			}
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// random makes a table of columns of the given kinds, then a column that numbers the rows.
func random(r *rand.Rand, n int, cols ...int) ([]types.Type, [][]types.Datum) {
	var ts []types.Type
	for _, c := range cols {
		ts = append(ts, kinds[c].t)
	}
	ts = append(ts, types.Int64Type)
	rows := make([][]types.Datum, n)
	for i := range rows {
		for _, c := range cols {
			d := kinds[c].make(r)
			if r.IntN(6) == 0 {
				d = nil
			}
			rows[i] = append(rows[i], d)
		}
		rows[i] = append(rows[i], int64(i))
	}
	return ts, rows
}

func lines(rows [][]types.Datum) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		cells := make([]string, len(r))
		for j, d := range r {
			cells[j] = plantest.Cell(d)
		}
		out[i] = strings.Join(cells, "|")
	}
	return out
}

// Every type, direction and NULL placement, alone and before a second key.
func TestSortTypes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for k := range kinds {
		second := r.IntN(len(kinds))
		ts, rows := random(r, 700, k, second)
		in := plantest.Table(ts, rows...)
		for flags := range 4 {
			keys := []expr.SortKey{
				{Expr: plantest.Ref(in, 0), Desc: flags&1 != 0, NullsFirst: flags&2 != 0},
				{Expr: plantest.Ref(in, 1), Desc: r.IntN(2) == 0, NullsFirst: r.IntN(2) == 0},
				{Expr: plantest.Ref(in, 2)},
			}
			want := slices.Clone(rows)
			slices.SortFunc(want, func(a, b []types.Datum) int { return compareKeys(keys, a, b) })
			n := &physical.Sort{Info: plantest.Info(), Input: in, Keys: keys, Limit: -1}
			top := &physical.Sort{Info: plantest.Info(), Input: in, Keys: keys, Limit: 25, Offset: 10}
			for _, w := range plantest.Worlds {
				if w.BatchSize != 2048 && flags != 0 {
					continue
				}
				name := fmt.Sprintf("%v,%v desc=%v nullsFirst=%v %v", ts[0], ts[1], keys[0].Desc, keys[0].NullsFirst, w)
				got, err := plantest.Rows(t, w, n)
				if err != nil {
					t.Fatal(name, err)
				}
				if !slices.Equal(got, lines(want)) {
					t.Errorf("%s: wrong order", name)
					plantest.Diff(t, got, lines(want))
				}
				got, err = plantest.Rows(t, w, top)
				if err != nil {
					t.Fatal(name, err)
				}
				if !slices.Equal(got, lines(want[10:35])) {
					t.Errorf("%s: wrong top", name)
					plantest.Diff(t, got, lines(want[10:35]))
				}
			}
		}
	}
}

func TestLimits(t *testing.T) {
	in := plantest.Range(9000)
	for _, c := range []struct{ limit, offset int64 }{{0, 0}, {0, 5}, {1, 0}, {10, 8995}, {10, 9000}, {10, 20000}, {100000, 0}, {3, 8000}, {2 << 20, 8990}, {-1, 8999}} {
		n := &physical.Sort{Info: plantest.Info(), Input: in, Keys: []expr.SortKey{{Expr: plantest.Ref(in, 0)}}, Limit: c.limit, Offset: c.offset}
		var want []string
		for i := c.offset; i < 9000 && (c.limit < 0 || i < c.offset+c.limit); i++ {
			want = append(want, fmt.Sprint(i))
		}
		for _, w := range plantest.Worlds {
			got, err := plantest.Rows(t, w, n)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("limit %d offset %d in %v: %d rows, want %d", c.limit, c.offset, w, len(got), len(want))
			}
		}
	}
}

// Computed keys that may tie beyond the prefix need a column of their own.
func TestLargeAndSpilledByMemory(t *testing.T) {
	const rows = 60000
	in := plantest.Range(rows)
	// A permutation of the input as key.
	key := &expr.Call{Func: "%", T: types.Int64Type, Args: []expr.Expr{
		&expr.Call{Func: "*", T: types.Int64Type, Args: []expr.Expr{plantest.Ref(in, 0), plantest.Int(7919)}}, plantest.Int(rows),
	}}
	n := &physical.Sort{Info: plantest.Info(), Input: in, Keys: []expr.SortKey{{Expr: key}}, Limit: -1}
	want := make([]string, rows)
	for i := range int64(rows) {
		want[i*7919%rows] = fmt.Sprint(i)
	}
	for _, w := range []plantest.World{{BatchSize: 2048, Threads: 1}, {BatchSize: 2048, Threads: 3}, {BatchSize: 2048, Threads: 3, Memory: 1 << 20}, {BatchSize: 2048, Threads: 1, Memory: 1 << 20}} {
		got, err := plantest.Rows(t, w, n)
		if err != nil {
			t.Fatal(w, err)
		}
		plantest.Diff(t, got, want)
	}
}

func TestCompareValues(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, k := range kinds[:len(kinds)-1] {
		var ds []types.Datum
		for range 60 {
			ds = append(ds, k.make(r))
		}
		v := vec.FromDatums(k.t, ds...)
		for i := range ds {
			for j := range ds {
				if got, want := sort.CompareValues(v, i, v, j), compareDatums(ds[i], ds[j]); got != want {
					t.Fatalf("%v: %v against %v: %d want %d", k.t, ds[i], ds[j], got, want)
				}
			}
		}
	}
}

// Values that tie in their prefix must not be dropped by what comes behind it.
func TestTopBehindLongStrings(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var rows [][]types.Datum
	for i := range 9000 {
		rows = append(rows, []types.Datum{strings.Repeat("x", 30) + fmt.Sprintf("%05d", r.IntN(9000)), int64(-i)})
	}
	in := plantest.Table([]types.Type{types.StringType, types.Int64Type}, rows...)
	keys := []expr.SortKey{{Expr: plantest.Ref(in, 0)}, {Expr: plantest.Ref(in, 1)}}
	want := slices.Clone(rows)
	slices.SortFunc(want, func(a, b []types.Datum) int { return compareKeys(keys, a, b) })
	n := &physical.Sort{Info: plantest.Info(), Input: in, Keys: keys, Limit: 20}
	plantest.Test(t, n, lines(want[:20]), true)
}

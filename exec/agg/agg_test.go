package agg

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

var worlds = []exectest.World{
	{Threads: 1, Size: 2048},
	{Threads: 4, Size: 2048},
	{Threads: 1, Size: 1},
	{Threads: 1, Size: 200, Spill: true},
	{Threads: 4, Size: 3},
	{Threads: 4, Size: 40, Spill: true},
	{Threads: 2, Size: 7, Collide: true},
	{Threads: 2, Size: 90, Collide: true, Spill: true},
	{Threads: 2, Size: 50, Enc: "dict", Sparse: true},
	{Threads: 3, Size: 50, Enc: "const", Sparse: true},
	{Threads: 2, Size: 64, Limit: 1 << 20},
}

// compute runs the aggregation and returns its rows, sorted.
func compute(t testing.TB, w exectest.World, n *physical.HashAggregate, bs []*vec.Batch) []string {
	t.Helper()
	ctx := context.Background()
	env := w.Env(t, testRegistry())
	a, err := (&Agg{env: env, node: n, collide: w.Collide}).prepare()
	if err != nil {
		t.Fatal(err)
	}
	if n.Mode == physical.Partial {
		rows, err := exectest.Collect(w.Threads, func(i int) (vec.Stream, error) {
			op, err := a.Operator(i)
			if err != nil {
				return nil, err
			}
			return op.Run(ctx, exectest.Share(bs, i, w.Threads)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	sink := a.Sink()
	defer sink.Close()
	if err := exectest.Each(w.Threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(bs, i, w.Threads)) }); err != nil {
		t.Fatalf("%+v: %v", w, err)
	}
	if err := sink.Finish(ctx, exectest.Parallel(w.Threads)); err != nil {
		t.Fatalf("%+v: %v", w, err)
	}
	src := a.Source()
	rows, err := exectest.Collect(w.Threads, func(i int) (vec.Stream, error) { return src.Open(ctx, i), nil })
	if err != nil {
		t.Fatalf("%+v: %v", w, err)
	}
	if len(bs) > 0 && env.Account.Peak() == 0 {
		t.Errorf("%+v: nothing was accounted", w)
	}
	if w.Spill && len(bs) > 20 && len(n.Keys) > 0 && len(a.main.runs) == 0 {
		t.Errorf("%+v: nothing was spilled", w)
	}
	return rows
}

// naive is the reference: groups in a map of text.
func naive(n *physical.HashAggregate, rows [][]types.Datum) []string {
	type state struct {
		key  []types.Datum
		vals [][]types.Datum // arguments of each call
		seen []map[string]bool
	}
	groups := map[string]*state{}
	var order []string
	get := func(key []types.Datum) *state {
		k := exectest.Show(key)
		g := groups[k]
		if g == nil {
			g = &state{key: key, vals: make([][]types.Datum, len(n.Aggs)), seen: make([]map[string]bool, len(n.Aggs))}
			groups[k], order = g, append(order, k)
		}
		return g
	}
	if len(n.Keys) == 0 {
		get(nil)
	}
	for _, r := range rows {
		key := make([]types.Datum, len(n.Keys))
		for i, k := range n.Keys {
			key[i] = normal(r[k.(*expr.Ref).Index])
		}
		g := get(key)
		for i, a := range n.Aggs {
			if a.Filter != nil && r[a.Filter.(*expr.Ref).Index] != true {
				continue
			}
			var d types.Datum
			for _, e := range a.Args {
				if d = r[e.(*expr.Ref).Index]; d == nil {
					break
				}
			}
			if len(a.Args) == 0 {
				d = int64(1)
			}
			if d == nil {
				continue
			}
			if a.Distinct {
				if g.seen[i] == nil {
					g.seen[i] = map[string]bool{}
				}
				if g.seen[i][exectest.Show(d)] {
					continue
				}
				g.seen[i][exectest.Show(d)] = true
			}
			g.vals[i] = append(g.vals[i], d)
		}
	}
	var out []string
	for _, k := range order {
		g := groups[k]
		cells := make([]string, 0, len(g.key)+len(n.Aggs))
		for _, d := range g.key {
			cells = append(cells, exectest.Show(d))
		}
		for i, a := range n.Aggs {
			cells = append(cells, exectest.Show(fold(a.Func, g.vals[i])))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	sort.Strings(out)
	return out
}

func normal(d types.Datum) types.Datum {
	switch x := d.(type) {
	case float64:
		return x + 0
	case []types.Datum:
		out := make([]types.Datum, len(x))
		for i := range x {
			out[i] = normal(x[i])
		}
		return out
	}
	return d
}

func fold(f string, vals []types.Datum) types.Datum {
	switch f {
	case "t_count":
		return int64(len(vals))
	case "t_sum":
		if len(vals) == 0 {
			return nil
		}
		var s types.Int128
		for _, v := range vals {
			s, _ = s.Add(int128(v))
		}
		return s
	}
	xs := make([]string, len(vals))
	for i, v := range vals {
		xs[i] = exectest.Show(v)
	}
	sort.Strings(xs)
	return strings.Join(xs, ",")
}

var testTypes = []types.Type{
	types.Int64Type, types.StringType, types.BoolType, types.Float64Type, types.DecimalType(30, 0), types.Int8Type,
	types.ArrayType(types.Float64Type, true), types.DateType, types.NullType, types.StringType,
}

// random makes a row with few distinct values (card) in most columns.
func random(r *rand.Rand, card int) []types.Datum {
	row := make([]types.Datum, len(testTypes))
	k := func() int { return r.IntN(card) }
	row[0] = int64(k()) * 1e6
	row[1] = []string{"", "a", "exactly12byt", "thirteen byte", "a rather long string that lives in the heap "}[r.IntN(5)] + fmt.Sprint(k()/5)
	row[2] = k()%2 == 0
	row[3] = []types.Datum{math.NaN(), math.Copysign(0, -1), 0.0, 1.5, float64(k())}[r.IntN(5)]
	row[4] = types.Int128{Lo: uint64(k()), Hi: int64(r.IntN(2))}
	row[5] = int64(k() % 100)
	row[6] = []types.Datum{row[3], nil, float64(k() % 3)}[:r.IntN(4)]
	row[7] = int64(k() - card/2)
	row[9] = string(rune('A' + k()%4))
	for i := range row {
		if r.IntN(8) == 0 {
			row[i] = nil
		}
	}
	return row
}

func ref(i int) *expr.Ref { return &expr.Ref{Index: i, T: testTypes[i], Null: true} }

func node(keys []int, aggs ...*expr.Agg) *physical.HashAggregate {
	n := &physical.HashAggregate{Aggs: aggs}
	for _, k := range keys {
		n.Keys = append(n.Keys, ref(k))
		n.KeyNames = append(n.KeyNames, "k")
	}
	for range aggs {
		n.AggNames = append(n.AggNames, "a")
	}
	return n
}

func count(args ...expr.Expr) *expr.Agg {
	return &expr.Agg{Func: "t_count", Args: args, T: types.Int64Type}
}

func sum(e expr.Expr) *expr.Agg {
	return &expr.Agg{Func: "t_sum", Args: []expr.Expr{e}, T: types.DecimalType(38, 0), Null: true}
}

func bag(e expr.Expr) *expr.Agg {
	return &expr.Agg{Func: "t_bag", Args: []expr.Expr{e}, T: types.StringType}
}
func distinctOf(a *expr.Agg) *expr.Agg { b := *a; b.Distinct = true; return &b }
func where(a *expr.Agg, f expr.Expr) *expr.Agg {
	b := *a
	b.Filter = f
	return &b
}

func TestAgainstReference(t *testing.T) {
	nodes := map[string]*physical.HashAggregate{
		"no keys":      node(nil, count(), sum(ref(0)), bag(ref(1))),
		"int":          node([]int{0}, count(), sum(ref(5)), sum(ref(4))),
		"int, bag":     node([]int{0}, bag(ref(1)), count(ref(3))),
		"string":       node([]int{1}, count(), sum(ref(0))),
		"low":          node([]int{9, 2}, count(), sum(ref(0)), sum(ref(5)), sum(ref(4)), count(ref(1)), bag(ref(7))),
		"low ints":     node([]int{5, 2}, count(), where(sum(ref(0)), ref(2)), sum(ref(7))),
		"date":         node([]int{7}, count(), sum(ref(0))),
		"keys only":    node([]int{7, 9}),
		"float":        node([]int{3}, count(), sum(ref(0))),
		"nested":       node([]int{6}, count()),
		"many":         node([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, count(), sum(ref(0))),
		"void":         node([]int{8}, count()),
		"filter":       node([]int{9}, where(count(), ref(2)), where(bag(ref(0)), ref(2)), count()),
		"distinct":     node([]int{9}, distinctOf(count(ref(0))), distinctOf(sum(ref(0))), sum(ref(5)), where(distinctOf(count(ref(1))), ref(2))),
		"all distinct": node(nil, distinctOf(count(ref(0))), distinctOf(bag(ref(9))), count()),
	}
	for _, total := range []int{0, 1, 1500} {
		for _, card := range []int{3, 1000} {
			r := rand.New(rand.NewPCG(uint64(total), uint64(card)))
			rows := make([][]types.Datum, total)
			for i := range rows {
				rows[i] = random(r, card)
			}
			for name, n := range nodes {
				want := naive(n, rows)
				for _, w := range worlds {
					if w.Collide && total > 500 && card > 500 {
						continue // quadratic
					}
					if got := compute(t, w, n, w.Batches(testTypes, rows)); !cmp.Equal(got, want) {
						t.Errorf("%s, %d rows of %d, %+v:\n%s", name, total, card, w, cmp.Diff(want, got))
						return
					}
				}
			}
		}
	}
}

// TestManyGroups covers what small inputs do not reach: directories that grow,
// are emptied, or are not asked at all, keys that cannot be NULL, and partitions merged one by one.
func TestManyGroups(t *testing.T) {
	const n = 900_000
	ints := []types.Type{types.Int64Type}
	cases := map[string]func(i int) int64{
		"unique": func(i int) int64 { return int64(i) * 7919 },
		"runs":   func(i int) int64 { return int64(i / 8) },
		"twice":  func(i int) int64 { return int64(i % (n / 2)) },
	}
	k := &expr.Ref{T: ints[0]}
	for name, key := range cases {
		want := map[int64]int64{}
		for i := range n {
			want[key(i)]++
		}
		var bs []*vec.Batch
		for lo := 0; lo < n; lo += vec.DefaultSize {
			v := vec.New(ints[0], min(vec.DefaultSize, n-lo))
			for i := range vec.Data[int64](v) {
				vec.Data[int64](v)[i] = key(lo + i)
			}
			bs = append(bs, &vec.Batch{Cols: []*vec.Vec{v}, N: v.Len()})
		}
		for _, w := range []exectest.World{{Threads: 1, Size: 2048}, {Threads: 3, Size: 2048}, {Threads: 2, Size: 2048, Limit: 6 << 20}} {
			p := node(nil, count())
			p.Keys, p.KeyNames = []expr.Expr{k}, []string{"k"}
			a, err := New(w.Env(t, testRegistry()), p)
			if err != nil {
				t.Fatal(err)
			}
			sink, ctx := a.Sink(), context.Background()
			if err := exectest.Each(w.Threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(bs, i, w.Threads)) }); err != nil {
				t.Fatal(err)
			}
			if err := sink.Finish(ctx, exectest.Parallel(w.Threads)); err != nil {
				t.Fatal(err)
			}
			if w.Limit > 0 && name != "runs" && len(a.main.runs) == 0 {
				t.Errorf("%s: nothing was spilled", name)
			}
			var mu sync.Mutex
			groups := 0
			if err := exectest.Each(w.Threads, func(i int) error {
				for b, err := range a.Source().Open(ctx, i) {
					if err != nil {
						return err
					}
					mu.Lock()
					for r := range b.N {
						if k := vec.Data[int64](b.Cols[0])[r]; vec.Data[int64](b.Cols[1])[r] != want[k] {
							t.Errorf("%s, %+v: %d has %d rows, want %d", name, w, k, vec.Data[int64](b.Cols[1])[r], want[k])
						}
					}
					groups += b.N
					mu.Unlock()
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if groups != len(want) {
				t.Errorf("%s, %+v: %d groups, want %d", name, w, groups, len(want))
			}
			sink.Close()
		}
	}
}

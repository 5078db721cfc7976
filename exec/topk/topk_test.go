package topk

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

var worlds = []exectest.World{
	{Threads: 1, Size: 2048},
	{Threads: 4, Size: 2048},
	{Threads: 1, Size: 1},
	{Threads: 4, Size: 3},
	{Threads: 1, Size: 200, Spill: true},
	{Threads: 4, Size: 40, Spill: true},
	{Threads: 2, Size: 7, Collide: true},
	{Threads: 2, Size: 90, Collide: true, Spill: true},
	{Threads: 2, Size: 50, Enc: "dict", Sparse: true},
	{Threads: 3, Size: 50, Enc: "const", Sparse: true},
	{Threads: 2, Size: 64, Limit: 2 << 20},
}

// The columns of the tests' input.
const (
	cInt = iota
	cText
	cFloat
	cNested
	cWide
	cDay
	cLong
	cNull
	cID // unique, not NULL
)

var testTypes = []types.Type{
	types.Int64Type, types.StringType, types.Float64Type, types.ArrayType(types.Float64Type, true), types.DecimalType(30, 0),
	types.DateType, types.StringType, types.NullType, types.Int64Type,
}

// random makes a row with few distinct values (card) in most columns.
func random(r *rand.Rand, card, id int) []types.Datum {
	k := func() int { return r.IntN(card) }
	row := make([]types.Datum, len(testTypes))
	row[cInt] = int64(k()) * 1e6
	row[cText] = []string{"", "a", "exactly12byt", "thirteen byte", "a rather long string that lives in the heap "}[r.IntN(5)] + fmt.Sprint(k()/5)
	row[cFloat] = []types.Datum{math.NaN(), math.Copysign(0, -1), 0.0, 1.5, float64(k())}[r.IntN(5)]
	row[cWide] = types.Int128{Lo: uint64(k()), Hi: int64(r.IntN(2))}
	row[cNested] = []types.Datum{row[cFloat], nil, float64(k() % 3)}[:r.IntN(4)]
	row[cDay] = int64(k() - card/2)
	row[cLong] = "the same first characters" + strings.Repeat("x", r.IntN(3)) + fmt.Sprint(k())
	for i := range row {
		if r.IntN(8) == 0 {
			row[i] = nil
		}
	}
	row[cID] = int64(id)
	return row
}

func ref(i int) *expr.Ref { return &expr.Ref{Index: i, T: testTypes[i], Null: i != cID} }

func desc(i int) expr.SortKey { return expr.SortKey{Expr: ref(i), Desc: true} }
func asc(i int) expr.SortKey  { return expr.SortKey{Expr: ref(i), NullsFirst: true} }

func call(f string) *expr.WindowCall {
	return &expr.WindowCall{Agg: &expr.Agg{Func: f, T: types.Int32Type}}
}

func node(f string, k int64, parts []int, order []expr.SortKey, calls ...string) *physical.TopK {
	in := &physical.Values{}
	for i, t := range testTypes {
		in.Cols = append(in.Cols, types.Field{Name: "c", Type: t, Nullable: i != cID})
	}
	n := &physical.TopK{Input: in, Order: order, Func: f, K: k}
	for i := range testTypes {
		n.Emit = append(n.Emit, i)
	}
	for _, p := range parts {
		n.Partition = append(n.Partition, ref(p))
	}
	for _, c := range calls {
		n.Calls, n.Names = append(n.Calls, call(c)), append(n.Names, "n")
	}
	return n
}

// emitting makes some columns of the input come out only.
func emitting(n *physical.TopK, cols ...int) *physical.TopK {
	n.Emit = cols
	return n
}

func compare(a, b types.Datum) int {
	switch x := a.(type) {
	case int64:
		return cmp.Compare(x, b.(int64))
	case string:
		return cmp.Compare(x, b.(string))
	case types.Int128:
		return x.Cmp(b.(types.Int128))
	case float64:
		y := b.(float64)
		switch { // NaN is the largest
		case x != x && y != y:
			return 0
		case x != x:
			return 1
		case y != y:
			return -1
		}
		return cmp.Compare(x, y)
	}
	panic(a)
}

func compareRows(order []expr.SortKey, a, b []types.Datum) int {
	for _, k := range order {
		x, y := a[k.Expr.(*expr.Ref).Index], b[k.Expr.(*expr.Ref).Index]
		c := 0
		switch {
		case x == nil && y == nil:
		case x == nil || y == nil:
			if c = 1; (x == nil) == k.NullsFirst {
				c = -1
			}
		default:
			if c = compare(x, y); k.Desc {
				c = -c
			}
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// normal is a key as groups see it.
func normal(d types.Datum) string {
	switch x := d.(type) {
	case float64:
		return exectest.Show(x + 0)
	case []types.Datum:
		var out []string
		for _, e := range x {
			out = append(out, normal(e))
		}
		return fmt.Sprint(out)
	}
	return exectest.Show(d)
}

// naive is the definition: rows by partition, sorted, counted.
func naive(n *physical.TopK, rows [][]types.Datum) []string {
	groups := map[string][][]types.Datum{}
	for _, r := range rows {
		k := ""
		for _, p := range n.Partition {
			k += normal(r[p.(*expr.Ref).Index]) + "|"
		}
		groups[k] = append(groups[k], r)
	}
	var out []string
	for _, g := range groups {
		slices.SortFunc(g, func(a, b []types.Datum) int { return compareRows(n.Order, a, b) })
		rank, dense := 0, 0
		for i, r := range g {
			if i == 0 || compareRows(n.Order, g[i-1], r) != 0 {
				rank = i + 1
				dense++
			}
			number := map[string]int{"row_number": i + 1, "rank": rank, "dense_rank": dense}
			if number[n.Func] > int(n.K) {
				break
			}
			var line []types.Datum
			for _, c := range n.Emit {
				line = append(line, r[c])
			}
			for _, c := range n.Calls {
				line = append(line, int64(number[c.Agg.Func]))
			}
			out = append(out, exectest.Line(line))
		}
	}
	slices.Sort(out)
	return out
}

func compute(t testing.TB, w exectest.World, n *physical.TopK, bs []*vec.Batch) ([]string, error) {
	t.Helper()
	ctx := context.Background()
	reg, err := function.New()
	if err != nil {
		t.Fatal(err)
	}
	env := w.Env(t, reg)
	k, err := (&TopK{env: env, node: n, collide: w.Collide}).prepare()
	if err != nil {
		t.Fatal(err)
	}
	if n.Partial {
		return exectest.Collect(w.Threads, func(i int) (vec.Stream, error) {
			op, err := k.Operator(i)
			return op.Run(ctx, exectest.Share(bs, i, w.Threads)), err
		})
	}
	sink := k.Sink()
	defer sink.Close()
	if err := exectest.Each(w.Threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(bs, i, w.Threads)) }); err != nil {
		return nil, err
	}
	if err := sink.Finish(ctx, exectest.Parallel(w.Threads)); err != nil {
		return nil, err
	}
	if w.Spill && len(bs) > 20 && len(k.runs) == 0 {
		t.Errorf("%+v: nothing was spilled", w)
	}
	src := k.Source()
	return exectest.Collect(w.Threads, func(i int) (vec.Stream, error) { return src.Open(ctx, i), nil })
}

func diff(t *testing.T, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%d rows, want %d; row %d is\n%s, want\n%s", len(got), len(want), i, at(got, i), at(want, i))
		}
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "missing"
}

func TestAgainstDefinition(t *testing.T) {
	all := []string{"rank", "row_number", "dense_rank"}
	unique := func(k ...expr.SortKey) []expr.SortKey { return append(k, desc(cID)) }
	nodes := map[string]*physical.TopK{
		"first":          node("row_number", 1, []int{cInt}, unique(desc(cDay))),
		"first of one":   node("row_number", 1, nil, unique(asc(cFloat))),
		"first, number":  node("row_number", 1, []int{cText}, unique(asc(cWide)), all...),
		"three":          node("row_number", 3, []int{cText, cDay}, unique(asc(cFloat)), all...),
		"three, silent":  node("row_number", 3, []int{cInt}, unique(desc(cLong))),
		"hundred of one": node("row_number", 100, nil, unique(desc(cText), asc(cDay)), "row_number"),
		"rank 1":         node("rank", 1, []int{cInt}, []expr.SortKey{desc(cDay)}, "rank", "dense_rank"),
		"rank 4":         node("rank", 4, []int{cFloat}, []expr.SortKey{asc(cDay), desc(cLong)}, "dense_rank", "rank"),
		"dense 1":        node("dense_rank", 1, []int{cNested}, []expr.SortKey{desc(cWide)}, "rank"),
		"dense 3":        node("dense_rank", 3, []int{cLong}, []expr.SortKey{asc(cText)}, "dense_rank"),
		"dense, one":     node("dense_rank", 5, nil, []expr.SortKey{desc(cLong)}),
		"void":           node("rank", 2, []int{cNull}, []expr.SortKey{asc(cInt)}),
		"no order":       node("rank", 1, []int{cInt}, nil, "rank"),
		"unique":         node("row_number", 1, []int{cID}, []expr.SortKey{asc(cInt)}),
		"few columns":    emitting(node("row_number", 2, []int{cText}, unique(desc(cLong), asc(cDay))), cID, cInt),
		"key, ordered":   emitting(node("rank", 2, []int{cInt}, []expr.SortKey{asc(cText)}, "rank"), cLong, cInt, cLong),
		"numbers alone":  emitting(node("dense_rank", 2, []int{cDay, cText}, []expr.SortKey{desc(cLong)}, "rank")),
		"all keys":       node("dense_rank", 2, []int{cInt, cText, cFloat, cNested, cWide, cDay, cLong, cNull}, []expr.SortKey{asc(cID)}),
	}
	for name, n := range nodes {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{0, 1, 300, 2500} {
				r := rand.New(rand.NewPCG(uint64(size), 7))
				var rows [][]types.Datum
				for i := range size {
					rows = append(rows, random(r, 5+size/20, i))
				}
				want := naive(n, rows)
				for _, w := range worlds {
					got, err := compute(t, w, n, w.Batches(testTypes, rows))
					if err != nil {
						t.Fatalf("%+v: %v", w, err)
					}
					diff(t, got, want)
				}
			}
		})
	}
}

// TestTies: of equal rows row_number keeps any, but not too many.
func TestTies(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	n := node("row_number", 2, []int{cInt}, []expr.SortKey{desc(cDay)}, "row_number")
	var rows [][]types.Datum
	for range 3000 {
		x := make([]types.Datum, len(testTypes))
		x[cInt], x[cDay], x[cID] = int64(r.IntN(40)), int64(r.IntN(3)), int64(0)
		rows = append(rows, x)
	}
	want := naive(n, rows)
	for _, w := range worlds {
		got, err := compute(t, w, n, w.Batches(testTypes, rows))
		if err != nil {
			t.Fatal(err)
		}
		diff(t, got, want)
	}
}

// TestPartial: what a Partial operator passes on holds all first rows, and few others.
func TestPartial(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []*physical.TopK{
		node("row_number", 2, []int{cInt}, []expr.SortKey{desc(cDay), asc(cID)}),
		node("rank", 2, []int{cText}, []expr.SortKey{desc(cDay)}),
	} {
		var rows [][]types.Datum
		for i := range 6000 {
			rows = append(rows, random(r, 30, i))
		}
		want := naive(n, rows)
		part := *n
		part.Partial = true
		for _, w := range worlds {
			bs := w.Batches(testTypes, rows)
			got, err := compute(t, w, &part, bs)
			if err != nil {
				t.Fatal(err)
			}
			if !w.Spill && len(got) > len(want)*w.Threads {
				t.Errorf("%+v: %d rows are passed on, %d matter", w, len(got), len(want))
			}
			have := map[string]bool{}
			for _, g := range got {
				have[g] = true
			}
			for _, x := range want {
				if !have[x] {
					t.Fatalf("%+v: row %s is lost", w, x)
				}
			}
		}
	}
}

// TestPartialGivesUp: unique keys are passed on as they come.
func TestPartialGivesUp(t *testing.T) {
	n := node("row_number", 1, []int{cID}, []expr.SortKey{desc(cDay)})
	n.Partial = true
	w := exectest.World{Threads: 1, Size: 2048}
	bs := uniqueBatches(400_000)
	reg, _ := function.New()
	env := w.Env(t, reg)
	k, err := New(env, n)
	if err != nil {
		t.Fatal(err)
	}
	op, _ := k.Operator(0)
	rows := 0
	for b, err := range op.Run(t.Context(), exectest.Share(bs, 0, 1)) {
		if err != nil {
			t.Fatal(err)
		}
		rows += b.Rows()
	}
	if rows != 400_000 {
		t.Errorf("%d rows", rows)
	}
	if peak := env.Account.Peak(); peak > 3*partialBytes {
		t.Errorf("%d bytes for rows that are all passed on", peak)
	}
}

func uniqueBatches(n int) []*vec.Batch {
	var out []*vec.Batch
	for lo := 0; lo < n; lo += vec.DefaultSize {
		b := vec.NewBatch(testTypes, min(vec.DefaultSize, n-lo))
		for i := range b.N {
			vec.Data[int64](b.Cols[cID])[i] = int64(lo + i)
			b.Cols[cFloat].SetNull(i)
			b.Cols[cNested].SetNull(i)
		}
		out = append(out, b)
	}
	return out
}

// TestLittleMemory: unique keys that do not fit are spilled, and long strings
// that lost their rows do not count for ever.
func TestLittleMemory(t *testing.T) {
	n := node("row_number", 1, []int{cID}, []expr.SortKey{desc(cDay)})
	w := exectest.World{Threads: 2, Size: 2048, Limit: 8 << 20}
	got, err := compute(t, w, n, uniqueBatches(200_000))
	if err != nil || len(got) != 200_000 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	// Ever better rows of one group, each with a long string.
	var rows [][]types.Datum
	for i := range 30_000 {
		r := make([]types.Datum, len(testTypes))
		r[cText], r[cID] = strings.Repeat("y", 2000), int64(i)
		rows = append(rows, r)
	}
	n = node("row_number", 1, nil, []expr.SortKey{desc(cID)})
	got, err = compute(t, exectest.World{Threads: 1, Size: 500, Limit: 24 << 20}, n, exectest.World{Size: 500}.Batches(testTypes, rows))
	if err != nil || len(got) != 1 || !strings.HasSuffix(got[0], "|29999") {
		t.Fatalf("%d rows, %v", len(got), err)
	}
}

func TestNoMemory(t *testing.T) {
	n := node("rank", 1, nil, []expr.SortKey{desc(cDay)})
	_, err := compute(t, exectest.World{Threads: 2, Size: 2048, Limit: 4 << 20}, n, uniqueBatches(200_000))
	if !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Errorf("a partition of equals that does not fit: %v", err)
	}
}

// TestBounds: a few partitions do not make a bag grow.
func TestBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	n := node("rank", 10, []int{cInt}, []expr.SortKey{desc(cDay)})
	var bs []*vec.Batch
	for range 200 {
		b := vec.NewBatch(testTypes, vec.DefaultSize)
		for i := range b.N {
			vec.Data[int64](b.Cols[cInt])[i] = int64(r.IntN(5))
			vec.Data[int32](b.Cols[cDay])[i] = int32(r.Uint32())
			b.Cols[cFloat].SetNull(i)
			b.Cols[cNested].SetNull(i)
		}
		bs = append(bs, b)
	}
	reg, _ := function.New()
	env := exectest.World{Threads: 1, Size: 2048}.Env(t, reg)
	k, err := New(env, n)
	if err != nil {
		t.Fatal(err)
	}
	sink := k.Sink()
	defer sink.Close()
	if err := sink.Drain(t.Context(), 0, exectest.Share(bs, 0, 1)); err != nil {
		t.Fatal(err)
	}
	th := k.threads[0]
	if len(th.bounds.rows) != 5 {
		t.Errorf("%d partitions have bounds, want 5", len(th.bounds.rows))
	}
	if th.bag.alive > 5*firstDue {
		t.Errorf("%d rows are kept of 5 partitions", th.bag.alive)
	}
}

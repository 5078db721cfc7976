package agg

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// world is a way to run an operator.
type world struct {
	threads, size int
	spill         bool
	limit         int64
	collide       bool
	enc           string // how input columns are encoded: flat, dict, const (where they can be)
	sparse        bool   // batches hold rows that are not alive
}

var worlds = []world{
	{threads: 1, size: 2048},
	{threads: 4, size: 2048},
	{threads: 1, size: 1},
	{threads: 1, size: 200, spill: true},
	{threads: 4, size: 3},
	{threads: 4, size: 40, spill: true},
	{threads: 2, size: 7, collide: true},
	{threads: 2, size: 90, collide: true, spill: true},
	{threads: 2, size: 50, enc: "dict", sparse: true},
	{threads: 3, size: 50, enc: "const", sparse: true},
	{threads: 2, size: 64, limit: 1 << 20},
}

func (w world) env(t testing.TB) *flow.Env {
	dir := t.TempDir()
	return &flow.Env{
		Functions: testRegistry(), Context: &function.Context{ANSI: true}, Threads: w.threads, BatchSize: w.size,
		Account: mem.NewAccount("task", w.limit), SpillDir: func() (string, error) { return dir, nil },
		Partitions: 1, ForceSpill: w.spill,
	}
}

// batches cuts rows into batches of the world's size and encoding.
func (w world) batches(ts []types.Type, rows [][]types.Datum) []*vec.Batch {
	var out []*vec.Batch
	for lo := 0; lo < len(rows); lo += w.size {
		chunk := rows[lo:min(lo+w.size, len(rows))]
		b := &vec.Batch{N: len(chunk)}
		dead := func(i int) bool { return w.sparse && i%3 == 1 }
		if w.sparse {
			var spread [][]types.Datum
			b.Sel = []uint16{}
			for _, r := range chunk {
				for dead(len(spread)) {
					spread = append(spread, rows[0])
				}
				b.Sel = append(b.Sel, uint16(len(spread)))
				spread = append(spread, r)
			}
			chunk, b.N = spread, len(spread)
		}
		for c, t := range ts {
			col := make([]types.Datum, len(chunk))
			for i, r := range chunk {
				col[i] = r[c]
			}
			b.Cols = append(b.Cols, w.encode(t, col))
		}
		out = append(out, b)
	}
	return out
}

func (w world) encode(t types.Type, col []types.Datum) *vec.Vec {
	same := len(col) > 0
	for _, d := range col {
		same = same && show(d) == show(col[0])
	}
	switch {
	case w.enc == "const" && same:
		v := (&vec.Vec{Type: t}).SetConst(len(col))
		v.Put(0, col[0])
		return v
	case w.enc == "dict" && t.Kind != types.Null:
		d := &vec.Dictionary{Values: vec.New(t, 0)}
		seen := map[string]int32{}
		codes := make([]int32, len(col))
		for i, x := range col {
			if x == nil {
				continue
			}
			c, ok := seen[show(x)]
			if !ok {
				c = int32(d.Values.AppendDatums([]types.Datum{x}))
				seen[show(x)] = c
			}
			codes[i] = c
		}
		v := &vec.Vec{Type: t}
		v.SetDict(d, codes)
		for i, x := range col {
			if x == nil {
				v.SetNull(i)
			}
		}
		return v
	}
	return vec.FromDatums(t, col...)
}

func show(d types.Datum) string { return fmt.Sprintf("%v", d) }

// share is a source whose threads take batches in turn.
func share(bs []*vec.Batch, thread, threads int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for i := thread; i < len(bs); i += threads {
			if !yield(bs[i], nil) {
				return
			}
		}
	}
}

func parallel(threads int) flow.Parallel {
	return func(ctx context.Context, n int, f func(context.Context, int, int) error) error {
		errs := make(chan error, threads)
		for th := range threads {
			go func() {
				for i := th; i < n; i += threads {
					if err := f(ctx, th, i); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		var err error
		for range threads {
			if e := <-errs; e != nil {
				err = e
			}
		}
		return err
	}
}

func collect(in vec.Stream, out *[]string) error {
	for b, err := range in {
		if err != nil {
			return err
		}
		for _, r := range b.Selection() {
			cells := make([]string, len(b.Cols))
			for c, v := range b.Cols {
				cells[c] = show(v.Get(int(r)))
			}
			*out = append(*out, strings.Join(cells, "|"))
		}
	}
	return nil
}

// onThreads runs f once a thread.
func onThreads(n int, f func(i int) error) error {
	return parallel(n)(context.Background(), n, func(_ context.Context, _, i int) error { return f(i) })
}

// run computes the aggregation and returns its rows, sorted.
func execute(t testing.TB, w world, n *physical.HashAggregate, bs []*vec.Batch) []string {
	t.Helper()
	env := w.env(t)
	var rows []string
	if n.Mode == physical.Partial {
		a, err := New(env, n)
		if err != nil {
			t.Fatal(err)
		}
		a.collide = w.collide
		outs := make([][]string, w.threads)
		if err := onThreads(w.threads, func(i int) error {
			op, err := a.Operator(i)
			if err != nil {
				return err
			}
			return collect(op.Run(context.Background(), share(bs, i, w.threads)), &outs[i])
		}); err != nil {
			t.Fatal(err)
		}
		for _, o := range outs {
			rows = append(rows, o...)
		}
		sort.Strings(rows)
		return rows
	}
	a, err := New(env, n)
	if err != nil {
		t.Fatal(err)
	}
	a.collide = w.collide
	sink := a.Sink()
	if err := onThreads(w.threads, func(i int) error { return sink.Drain(context.Background(), i, share(bs, i, w.threads)) }); err != nil {
		t.Fatalf("%v: %v", w, err)
	}
	if err := sink.Finish(context.Background(), parallel(w.threads)); err != nil {
		t.Fatalf("%v: %v", w, err)
	}
	outs := make([][]string, w.threads)
	src := a.Source()
	if err := onThreads(w.threads, func(i int) error { return collect(src.Open(context.Background(), i), &outs[i]) }); err != nil {
		t.Fatalf("%v: %v", w, err)
	}
	for _, o := range outs {
		rows = append(rows, o...)
	}
	if len(bs) > 0 && env.Account.Peak() == 0 {
		t.Errorf("%+v: nothing was accounted", w)
	}
	sink.Close()
	if used := env.Account.Used(); used != 0 {
		t.Errorf("%v: %d bytes are still reserved", w, used)
	}
	sort.Strings(rows)
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
		k := show(key)
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
				if g.seen[i][show(d)] {
					continue
				}
				g.seen[i][show(d)] = true
			}
			g.vals[i] = append(g.vals[i], d)
		}
	}
	var out []string
	for _, k := range order {
		g := groups[k]
		cells := make([]string, 0, len(g.key)+len(n.Aggs))
		for _, d := range g.key {
			cells = append(cells, show(d))
		}
		for i, a := range n.Aggs {
			cells = append(cells, show(fold(a.Func, g.vals[i])))
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
		xs[i] = show(v)
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
					if w.collide && total > 500 && card > 500 {
						continue // quadratic
					}
					if got := execute(t, w, n, w.batches(testTypes, rows)); !cmp.Equal(got, want) {
						t.Errorf("%s, %d rows of %d, %v:\n%s", name, total, card, w, cmp.Diff(want, got))
						return
					}
				}
			}
		}
	}
}

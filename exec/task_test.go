package exec_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

func numbers(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func TestRange(t *testing.T) {
	plantest.Test(t, plantest.Range(5000), numbers(0, 5000), false)
}

func TestRangeSteps(t *testing.T) {
	const big = 1<<63 - 1
	for _, c := range []struct {
		start, end, step int64
		want             []string
	}{
		{5, 5, 1, nil},
		{5, 0, 1, nil},
		{0, 7, 3, []string{"0", "3", "6"}},
		{7, 0, -3, []string{"7", "4", "1"}},
		{-big - 1, big, big, []string{fmt.Sprint(int64(-big - 1)), "-1", fmt.Sprint(int64(big - 1))}},
	} {
		n := &physical.Range{Info: plantest.Info(), Name: "id", Start: c.start, End: c.end, Step: c.step}
		got, err := plantest.Rows(t, plantest.Worlds[0], n)
		if err != nil {
			t.Fatal(err)
		}
		plantest.Diff(t, got, c.want)
	}
}

func TestPartitionsShareARange(t *testing.T) {
	seen := map[string]int{}
	for p := range 3 {
		env := plantest.Env(t, plantest.Worlds[0])
		env.Partition, env.Partitions = p, 3
		task, err := exec.Build(env, plantest.Range(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := plantest.Collect(t, t.Context(), env, task)
		if err != nil || len(rows) < 333 {
			t.Fatal(len(rows), err)
		}
		for _, r := range rows {
			seen[r]++
		}
	}
	if len(seen) != 1000 {
		t.Errorf("%d numbers", len(seen))
	}
}

func TestProjectFilterLimit(t *testing.T) {
	in := plantest.Range(10000)
	id := plantest.Ref(in, 0)
	f := &physical.Filter{Info: plantest.Info(), Input: in, Preds: []expr.Expr{
		plantest.Compare(expr.Ge, id, plantest.Int(100)), plantest.Compare(expr.Lt, id, plantest.Int(200)),
	}}
	p := &physical.Project{Info: plantest.Info(), Input: f, Exprs: []expr.Expr{id, plantest.Int(7)}, Names: []string{"a", "b"}}
	var want []string
	for i := 100; i < 200; i++ {
		want = append(want, fmt.Sprintf("%d|7", i))
	}
	plantest.Test(t, p, want, false)

	for _, c := range []struct{ count, offset, rows int64 }{{10, 0, 10}, {10, 95, 5}, {-1, 30, 70}, {0, 0, 0}, {1000, 0, 100}, {5, 1000, 0}} {
		l := &physical.Limit{Info: plantest.Info(), Input: p, Count: c.count, Offset: c.offset}
		for _, w := range plantest.Worlds {
			got, err := plantest.Rows(t, w, l)
			if err != nil || int64(len(got)) != c.rows {
				t.Errorf("%v: limit %d offset %d: %d rows, %v", w, c.count, c.offset, len(got), err)
			}
		}
	}
}

// A limit must not wait for sources that would go on for long.
func TestLimitStopsEarly(t *testing.T) {
	in := plantest.Range(1 << 50)
	id := plantest.Ref(in, 0)
	f := &physical.Filter{Info: plantest.Info(), Input: in, Preds: []expr.Expr{plantest.Compare(expr.Lt, id, plantest.Int(10))}}
	l := &physical.Limit{Info: plantest.Info(), Input: f, Count: 10}
	for _, w := range []plantest.World{{BatchSize: 2048, Threads: 1}, {BatchSize: 2048, Threads: 4}} {
		got, err := plantest.Rows(t, w, l)
		if err != nil || len(got) != 10 {
			t.Errorf("%d rows, %v", len(got), err)
		}
	}
	// Also inside of a branch of a union and below a sort.
	u := &physical.Union{Info: plantest.Info(), Inputs: []physical.Node{l, plantest.Range(5)}, Names: []string{"id"}}
	s := &physical.Sort{Info: plantest.Info(), Input: u, Limit: -1, Keys: []expr.SortKey{{Expr: plantest.Ref(u, 0)}}}
	got, err := plantest.Rows(t, plantest.World{BatchSize: 2048, Threads: 4}, s)
	if err != nil {
		t.Fatal(err)
	}
	plantest.Diff(t, got, strings.Fields("0 0 1 1 2 2 3 3 4 4 5 6 7 8 9"))
}

func TestLimitKeepsOrder(t *testing.T) {
	in := plantest.Range(5000)
	s := &physical.Sort{Info: plantest.Info(), Input: in, Limit: -1, Keys: []expr.SortKey{{Expr: plantest.Ref(in, 0), Desc: true}}}
	l := &physical.Limit{Info: plantest.Info(), Input: s, Count: 3, Offset: 2}
	plantest.Test(t, l, []string{"4997", "4996", "4995"}, true)
}

func TestUnion(t *testing.T) {
	u := &physical.Union{Info: plantest.Info(), Inputs: []physical.Node{plantest.Range(3000), plantest.Range(10), plantest.Range(0)}, Names: []string{"id"}}
	plantest.Test(t, u, append(numbers(0, 3000), numbers(0, 10)...), false)
}

func TestExpand(t *testing.T) {
	in := plantest.Range(3)
	id := plantest.Ref(in, 0)
	e := &physical.Expand{
		Info: plantest.Info(), Input: in,
		Projections: [][]expr.Expr{{id, plantest.Int(0)}, {expr.NullOf(types.Int64Type), plantest.Int(1)}},
		Cols:        types.Schema{{Name: "a", Type: types.Int64Type, Nullable: true}, {Name: "set", Type: types.Int64Type}},
	}
	plantest.Test(t, e, strings.Fields("0|0 1|0 2|0 NULL|1 NULL|1 NULL|1"), false)
}

func TestSample(t *testing.T) {
	s := &physical.Sample{Info: plantest.Info(), Input: plantest.Range(100000), Fraction: 0.1, Seed: 42}
	for _, w := range plantest.Worlds[:2] {
		got, err := plantest.Rows(t, w, s)
		if err != nil || len(got) < 9500 || len(got) > 10500 {
			t.Errorf("%v: %d rows, %v", w, len(got), err)
		}
	}
	first, _ := plantest.Rows(t, plantest.Worlds[0], s)
	again, _ := plantest.Rows(t, plantest.Worlds[0], s)
	plantest.Diff(t, again, first)
}

func TestSharedIsComputedOnce(t *testing.T) {
	in := plantest.Range(3000)
	sample := &physical.Sample{Info: plantest.Info(), Input: in, Fraction: 0.5, Seed: 1}
	var u physical.Union
	u.Info, u.Names = plantest.Info(), []string{"id"}
	for range 2 {
		// Two different nodes with one key, as after the wire form.
		u.Inputs = append(u.Inputs, &physical.Shared{Info: plantest.Info(), Key: 1, Input: sample})
	}
	for _, w := range plantest.Worlds {
		got, err := plantest.Rows(t, w, &u)
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int{}
		for _, r := range got {
			count[r]++
		}
		for r, n := range count {
			if n != 2 {
				t.Fatalf("%v: row %s comes %d times", w, r, n)
			}
		}
		if len(count) < 1000 {
			t.Fatalf("%d rows", len(count))
		}
	}
}

func TestMetrics(t *testing.T) {
	in := plantest.Range(10000)
	id := plantest.Ref(in, 0)
	f := &physical.Filter{Info: plantest.Info(), Input: in, Preds: []expr.Expr{plantest.Compare(expr.Lt, id, plantest.Int(100))}}
	s := &physical.Sort{Info: plantest.Info(), Input: f, Limit: -1, Keys: []expr.SortKey{{Expr: id}}}
	env := plantest.Env(t, plantest.World{BatchSize: 2048, Threads: 2})
	task, err := exec.Build(env, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plantest.Collect(t, t.Context(), env, task); err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, m := range task.Metrics() {
		rows[m.Name] = m.Rows
		if m.Name != "Result" && m.Time <= 0 {
			t.Errorf("no time for %+v", m)
		}
		if m.Name == "Sort" && m.Memory <= 0 {
			t.Errorf("no memory for %+v", m)
		}
	}
	if rows["Range"] != 10000 || rows["Filter"] != 100 || rows["Sort"] != 100 {
		t.Errorf("rows %v", rows)
	}
}

// source is a plan's input made by a test.
type source struct {
	open func(ctx context.Context, thread int) vec.Stream
}

func (s source) Open(ctx context.Context, thread int) vec.Stream { return s.open(ctx, thread) }

type inputs struct{ srcs []flow.Source }

func (i inputs) Splits(*physical.Scan, int) []catalog.Split           { return nil }
func (i inputs) Open(*physical.StageRead, int) ([]flow.Source, error) { return i.srcs, nil }

func read() *physical.StageRead {
	return &physical.StageRead{Info: plantest.Info(), Cols: types.Schema{{Name: "x", Type: types.Int64Type}}}
}

func batches(n int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		b := vec.NewBatch([]types.Type{types.Int64Type}, 10)
		for range n {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func run(t *testing.T, ctx context.Context, w plantest.World, plan physical.Node, src flow.Source) ([]string, error) {
	t.Helper()
	env := plantest.Env(t, w)
	task, err := exec.Build(env, plan, inputs{[]flow.Source{src}})
	if err != nil {
		t.Fatal(err)
	}
	return plantest.Collect(t, ctx, env, task)
}

func sorted(in physical.Node) *physical.Sort {
	return &physical.Sort{Info: plantest.Info(), Input: in, Limit: -1, Keys: []expr.SortKey{{Expr: plantest.Ref(in, 0)}}}
}

func TestPanicIsAnError(t *testing.T) {
	for _, w := range []plantest.World{{BatchSize: 10, Threads: 1}, {BatchSize: 10, Threads: 4}} {
		for _, plan := range []physical.Node{read(), sorted(read())} {
			src := source{func(_ context.Context, thread int) vec.Stream {
				return func(yield func(*vec.Batch, error) bool) {
					for b, err := range batches(5) {
						if !yield(b, err) {
							return
						}
					}
					if thread == w.Threads-1 {
						var m map[string]int
						fill(m)
					}
				}
			}}
			_, err := run(t, t.Context(), w, plan, src)
			if !sqlerr.Is(err, sqlerr.InternalError) || !strings.Contains(err.Error(), "StageRead") || strings.Contains(err.Error(), "nil map") {
				t.Errorf("%v: %v", w, err)
			}
		}
	}
}

func TestErrorEndsAllThreads(t *testing.T) {
	want := errors.New("disk on fire")
	src := source{func(ctx context.Context, thread int) vec.Stream {
		return func(yield func(*vec.Batch, error) bool) {
			if thread == 2 {
				yield(nil, want)
				return
			}
			<-ctx.Done() // a reader that waits for something
			yield(nil, ctx.Err())
		}
	}}
	for _, plan := range []physical.Node{read(), sorted(read())} {
		if _, err := run(t, t.Context(), plantest.World{BatchSize: 10, Threads: 4}, plan, src); !errors.Is(err, want) {
			t.Errorf("got %v", err)
		}
	}
}

func TestCancel(t *testing.T) {
	in := plantest.Range(1 << 50)
	endless := &physical.Filter{Info: plantest.Info(), Input: in, Preds: []expr.Expr{plantest.Compare(expr.Lt, plantest.Ref(in, 0), plantest.Int(0))}}
	for _, w := range []plantest.World{{BatchSize: 2048, Threads: 1}, {BatchSize: 2048, Threads: 4}, {BatchSize: 1, Threads: 4}} {
		for _, plan := range []physical.Node{endless, sorted(endless)} {
			ctx, cancel := context.WithCancel(t.Context())
			var at atomic.Int64
			time.AfterFunc(20*time.Millisecond, func() { at.Store(time.Now().UnixNano()); cancel() })
			env := plantest.Env(t, w)
			task, err := exec.Build(env, plan, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = plantest.Collect(t, ctx, env, task)
			if late := time.Since(time.Unix(0, at.Load())); late > 2*time.Second {
				t.Errorf("%v: ended %v after being cancelled", w, late)
			}
			if !sqlerr.Is(err, sqlerr.Cancelled) || !errors.Is(err, context.Canceled) {
				t.Errorf("%v: %v", w, err)
			}
		}
	}
}

func TestConsumerStops(t *testing.T) {
	for _, w := range plantest.Worlds {
		env := plantest.Env(t, w)
		task, err := exec.Build(env, plantest.Range(1<<50), nil)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range task.Stream(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 3 {
				break
			}
		}
	}
}

func TestConsumerPanics(t *testing.T) {
	for _, w := range plantest.Worlds[:2] {
		func() {
			defer func() {
				if r := recover(); r != "mine" {
					t.Errorf("recovered %v", r)
				}
			}()
			task, err := exec.Build(plantest.Env(t, w), plantest.Range(1<<50), nil)
			if err != nil {
				t.Fatal(err)
			}
			for range task.Stream(t.Context()) {
				panic("mine")
			}
		}()
	}
}

// A client that takes rows one by one stops in the middle.
func TestPulled(t *testing.T) {
	task, err := exec.Build(plantest.Env(t, plantest.Worlds[1]), plantest.Range(1<<50), nil)
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(task.Stream(t.Context()))
	for range 5 {
		if b, err, ok := next(); !ok || err != nil || b.Rows() == 0 {
			t.Fatal(ok, err)
		}
	}
	stop()
}

func TestMemoryLimit(t *testing.T) {
	in := plantest.Range(1 << 20)
	list := types.ArrayType(types.Int64Type, false)
	a := &physical.HashAggregate{
		Info: plantest.Info(), Input: in, AggNames: []string{"all"},
		Aggs: []*expr.Agg{{Func: "collect_list", Args: []expr.Expr{plantest.Ref(in, 0)}, T: list}},
	}
	_, err := plantest.Rows(t, plantest.World{BatchSize: 2048, Threads: 2, Memory: 1 << 20}, a)
	if !sqlerr.Is(err, sqlerr.MemoryLimit) {
		t.Errorf("got %v", err)
	}
}

// What finds no room in memory is read from files.
func TestSharedInLittleMemory(t *testing.T) {
	in := plantest.Range(1 << 18)
	u := &physical.Union{Info: plantest.Info(), Names: []string{"id"}}
	for range 2 {
		u.Inputs = append(u.Inputs, &physical.Shared{Info: plantest.Info(), Key: 1, Input: in})
	}
	sum := &physical.HashAggregate{
		Info: plantest.Info(), Input: u, AggNames: []string{"n", "sum"},
		Aggs: []*expr.Agg{{Func: "count", T: types.Int64Type}, {Func: "sum", Args: []expr.Expr{plantest.Ref(u, 0)}, T: types.Int64Type}},
	}
	for limit := int64(8 << 20); limit >= 512<<10; limit /= 2 {
		w := plantest.World{BatchSize: 2048, Threads: 2, Memory: limit}
		env := plantest.Env(t, w)
		rows, err := plantest.RowsIn(t, env, sum)
		if err != nil || len(rows) != 1 || rows[0] != "524288|68719214592" {
			t.Errorf("%v: %v, %v", w, rows, err)
		}
		// What spilling itself works with may go over the limit, by a quarter of it at most.
		if p := env.Account.Peak(); p > limit+limit/4 {
			t.Errorf("%v: %d bytes used", w, p)
		}
	}
}

func TestMergeOfSortedReads(t *testing.T) {
	r := read()
	r.Order = []expr.SortKey{{Expr: plantest.Ref(r, 0)}}
	var srcs []flow.Source
	var want []string
	for s := range 5 {
		srcs = append(srcs, source{func(context.Context, int) vec.Stream {
			return func(yield func(*vec.Batch, error) bool) {
				for i := s; i < 1000; i += 5 * 7 {
					b := &vec.Batch{N: 7, Cols: []*vec.Vec{vec.New(types.Int64Type, 7)}}
					for j := range 7 {
						b.Cols[0].Put(j, int64(i+5*j))
					}
					if !yield(b, nil) {
						return
					}
				}
			}
		}})
	}
	for i := range 1015 {
		want = append(want, fmt.Sprint(i))
	}
	for _, w := range plantest.Worlds {
		env := plantest.Env(t, w)
		task, err := exec.Build(env, r, inputs{srcs}, exec.Tap(plantest.Check(t)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := plantest.Collect(t, t.Context(), env, task)
		if err != nil {
			t.Fatal(err)
		}
		plantest.Diff(t, got[:1000], want[:1000])
	}
}

// fill panics for a nil map.
func fill(m map[string]int) { m["x"] = 1 }

//go:build unix

package agg

import (
	"context"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

const benchRows = 6_000_000

// benchBatches are batches of columns computed from the row number.
func benchBatches(n int, cols ...func(i int) int64) []*vec.Batch {
	var out []*vec.Batch
	for lo := 0; lo < n; lo += vec.DefaultSize {
		b := &vec.Batch{N: min(vec.DefaultSize, n-lo)}
		for _, f := range cols {
			v := vec.New(types.Int64Type, b.N)
			d := vec.Data[int64](v)
			for i := range d {
				d[i] = f(lo + i)
			}
			b.Cols = append(b.Cols, v)
		}
		out = append(out, b)
	}
	return out
}

func bench(b *testing.B, threads int, n *physical.HashAggregate, bs []*vec.Batch, groups int) {
	w := exectest.World{Threads: threads, Size: vec.DefaultSize}
	env := w.Env(b, testRegistry())
	ctx := context.Background()
	rows := 0
	for _, x := range bs {
		rows += x.Rows()
	}
	b.ReportAllocs()
	b.ResetTimer()
	cpu := cpuTime()
	for range b.N {
		a, err := New(env, n)
		if err != nil {
			b.Fatal(err)
		}
		sink := a.Sink()
		if err := exectest.Each(threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(bs, i, threads)) }); err != nil {
			b.Fatal(err)
		}
		if err := sink.Finish(ctx, exectest.Parallel(threads)); err != nil {
			b.Fatal(err)
		}
		src := a.Source()
		got := make([]int, threads)
		if err := exectest.Each(threads, func(i int) error {
			for x, err := range src.Open(ctx, i) {
				if err != nil {
					return err
				}
				got[i] += x.Rows()
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		sink.Close()
		total := 0
		for _, g := range got {
			total += g
		}
		if total != groups {
			b.Fatalf("%d groups, want %d", total, groups)
		}
	}
	b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N)/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

// cpuTime is the processor time of the process so far, in ns: wall time says
// little on a shared machine.
func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

func col(i int) *expr.Ref { return &expr.Ref{Index: i, T: types.Int64Type} }

func benchNode(aggs ...*expr.Agg) *physical.HashAggregate {
	n := &physical.HashAggregate{Keys: []expr.Expr{col(0)}, KeyNames: []string{"k"}, Aggs: aggs}
	for range aggs {
		n.AggNames = append(n.AggNames, "a")
	}
	return n
}

// BenchmarkGroups groups by one BIGINT: 1.5 M keys in runs and shuffled, 200 k
// shuffled, 4 keys.
func BenchmarkGroups(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	perm := r.Perm(benchRows)
	for _, c := range []struct {
		name   string
		key    func(i int) int64
		groups int
	}{
		{"clustered", func(i int) int64 { return int64(i/4) * 4 }, benchRows / 4},
		{"shuffled", func(i int) int64 { return int64(perm[i]/4) * 4 }, benchRows / 4},
		{"200k", func(i int) int64 { return int64(perm[i] % 200_000) }, 200_000},
		{"4", func(i int) int64 { return int64(perm[i] % 4) }, 4},
	} {
		bs := benchBatches(benchRows, c.key, func(i int) int64 { return int64(i) })
		for _, threads := range []int{1, 2} {
			b.Run(c.name+"/"+string(rune('0'+threads)), func(b *testing.B) { bench(b, threads, benchNode(count(), sum(col(1))), bs, c.groups) })
		}
	}
}

// BenchmarkQ1 is the shape of TPC-H's first query behind its expressions: two
// dictionary keys, a count, three sums of 64 and two of 128 bits.
func BenchmarkQ1(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	flags := &vec.Dictionary{ID: 1, Values: vec.FromDatums(types.StringType, "N", "R", "A")}
	status := &vec.Dictionary{ID: 2, Values: vec.FromDatums(types.StringType, "O", "F")}
	num := func(i int) int64 { return int64(i % 100000) }
	bs := benchBatches(benchRows, num, num, num)
	wide := types.DecimalType(38, 4)
	for _, x := range bs {
		f, s := make([]int32, x.N), make([]int32, x.N)
		for i := range f {
			f[i], s[i] = int32(r.IntN(3)), int32(r.IntN(2))
		}
		k1, k2 := &vec.Vec{Type: types.StringType}, &vec.Vec{Type: types.StringType}
		k1.SetDict(flags, f)
		k2.SetDict(status, s)
		w := vec.New(wide, x.N)
		for i := range f {
			vec.Data[types.Int128](w)[i] = types.Int128From(int64(i) * 1e6)
		}
		x.Cols = append(x.Cols, k1, k2, w, w)
	}
	wcol := func(i int) *expr.Ref { return &expr.Ref{Index: i, T: wide} }
	n := benchNode(count(), sum(col(0)), sum(col(1)), sum(col(2)), sum(wcol(5)), sum(wcol(6)))
	n.Keys = []expr.Expr{&expr.Ref{Index: 3, T: types.StringType}, &expr.Ref{Index: 4, T: types.StringType}}
	n.KeyNames = []string{"a", "b"}
	for _, threads := range []int{1, 2} {
		b.Run(string(rune('0'+threads)), func(b *testing.B) { bench(b, threads, n, bs, 6) })
	}
}

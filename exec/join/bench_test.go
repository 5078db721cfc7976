//go:build unix

package join

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

const (
	benchBuild = 1_500_000
	benchProbe = 4 * benchBuild
)

func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkInner joins 6 M rows with 1.5 M on one BIGINT that is a key of the
// smaller side: dense (an array) or sparse (a hash table), probed in order
// or shuffled. One column of each side comes out.
func BenchmarkInner(b *testing.B) {
	perm := rand.New(rand.NewPCG(1, 2)).Perm(benchProbe)
	two := func(n int, key func(i int) int64) []*vec.Batch {
		bs := manyRows(n, key)
		for _, x := range bs {
			x.Cols = append(x.Cols, x.Cols[0])
		}
		return bs
	}
	side := &physical.Values{Cols: types.Schema{{Name: "k", Type: types.Int64Type}, {Name: "v", Type: types.Int64Type}}}
	ref := &expr.Ref{T: types.Int64Type}
	for _, c := range []struct {
		name  string
		scale int64
		at    func(i int) int
	}{
		{"dense, in order", 4, func(i int) int { return i / 4 }},
		{"dense, shuffled", 4, func(i int) int { return perm[i] / 4 }},
		{"sparse, in order", 1 << 30, func(i int) int { return i / 4 }},
		{"sparse, shuffled", 1 << 30, func(i int) int { return perm[i] / 4 }},
	} {
		build := two(benchBuild, func(i int) int64 { return int64(i) * c.scale })
		probe := two(benchProbe, func(i int) int64 { return int64(c.at(i)) * c.scale })
		for _, threads := range []int{1, 2} {
			b.Run(c.name+"/"+string(rune('0'+threads)), func(b *testing.B) {
				w := exectest.World{Threads: threads, Size: vec.DefaultSize}
				env := w.Env(b, nil)
				ctx := context.Background()
				b.ReportAllocs()
				b.ResetTimer()
				cpu := cpuTime()
				for range b.N {
					j, err := New(env, &physical.HashJoin{
						Left: side, Right: side, LeftKeys: []expr.Expr{ref}, RightKeys: []expr.Expr{ref}, Emit: []int{1, 3},
					})
					if err != nil {
						b.Fatal(err)
					}
					sink := j.Build()
					if err := exectest.Each(threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(build, i, threads)) }); err != nil {
						b.Fatal(err)
					}
					if err := sink.Finish(ctx, exectest.Parallel(threads)); err != nil {
						b.Fatal(err)
					}
					got := make([]int, threads)
					if err := exectest.Each(threads, func(i int) error {
						op, err := j.Probe(i)
						if err != nil {
							return err
						}
						for x, err := range op.Run(ctx, exectest.Share(probe, i, threads)) {
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
					if total != benchProbe {
						b.Fatalf("%d rows, want %d", total, benchProbe)
					}
				}
				b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N)/benchProbe, "cpu-ns/row")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchProbe, "ns/row")
			})
		}
	}
}

package sort

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func testEnv(threads int, limit int64) *flow.Env {
	return &flow.Env{
		Context: &function.Context{ANSI: true}, Threads: threads, BatchSize: vec.DefaultSize, Account: mem.NewAccount("test", limit), Partitions: 1,
	}
}

func serial(ctx context.Context, n int, f func(context.Context, int, int) error) error {
	for i := range n {
		if err := f(ctx, 0, i); err != nil {
			return err
		}
	}
	return nil
}

// ints yields rows of a key in some order and its position.
func ints(keys []int64, from, to int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		b := vec.NewBatch([]types.Type{types.Int64Type, types.Int64Type}, 0)
		for lo := from; lo < to; lo += vec.DefaultSize {
			n := min(vec.DefaultSize, to-lo)
			b.Cols[0].Resize(n)
			b.Cols[1].Resize(n)
			copy(vec.Data[int64](b.Cols[0]), keys[lo:])
			for i := range n {
				vec.Data[int64](b.Cols[1])[i] = int64(lo + i)
			}
			b.N = n
			if !yield(b, nil) {
				return
			}
		}
	}
}

func orderByFirst() []expr.SortKey {
	return []expr.SortKey{{Expr: &expr.Ref{Index: 0, T: types.Int64Type, Null: true}}}
}

// Memory that suffices for the runs and not for the merge.
func TestSpillInFinish(t *testing.T) {
	const n = 40000
	keys := make([]int64, n)
	for i := range keys {
		keys[i] = int64(i * 7919 % n)
	}
	const limit = 1 << 30
	root := mem.NewAccount("root", limit)
	env := testEnv(2, 0)
	env.Account = root.Child("sort", 0)
	s := NewSorter(NewSpec(env, []types.Type{types.Int64Type, types.Int64Type}, orderByFirst(), nil))
	defer s.Close()
	for thread := range 2 {
		if err := s.Drain(t.Context(), thread, ints(keys, thread*n/2, (thread+1)*n/2)); err != nil {
			t.Fatal(err)
		}
	}
	// Others take what is left.
	if err := root.Reserve(limit - root.Used() - 1000); err != nil {
		t.Fatal(err)
	}
	if err := s.Finish(t.Context(), serial); err != nil {
		t.Fatal(err)
	}
	if len(s.spilled.files) != 2 {
		t.Errorf("%d files", len(s.spilled.files))
	}
	next := int64(0)
	for b, err := range s.Source().Open(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range vec.Data[int64](b.Cols[0]) {
			if k != next {
				t.Fatalf("got %d, want %d", k, next)
			}
			next++
		}
	}
	if next != n {
		t.Errorf("%d rows", next)
	}
}

// The first rows of an order that are themselves too many for memory.
func TestTopNInLittleMemory(t *testing.T) {
	const n = 200_000
	for _, down := range []bool{false, true} { // rows come in order, or each before all earlier ones
		keys := make([]int64, n)
		for i := range keys {
			if keys[i] = int64(i); down {
				keys[i] = n - 1 - int64(i)
			}
		}
		for _, keep := range []int64{10, 50_000, 150_000} {
			env := testEnv(2, 2<<20)
			s, err := newTopN(NewSpec(env, []types.Type{types.Int64Type, types.Int64Type}, orderByFirst(), nil), keep, 7)
			if err != nil {
				t.Fatal(err)
			}
			for thread := range 2 {
				if err := s.Drain(t.Context(), thread, ints(keys, thread*n/2, (thread+1)*n/2)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Finish(t.Context(), serial); err != nil {
				t.Fatal(err)
			}
			if spilled := len(s.rest.spilled.files) > 0; spilled != (keep > 10) {
				t.Errorf("the first %d rows: spilled %v", keep, spilled)
			}
			next := int64(7)
			for b, err := range s.Source().Open(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range b.Selection() {
					if k := vec.Data[int64](b.Cols[0])[r]; k != next {
						t.Fatalf("got %d, want %d", k, next)
					}
					next++
				}
			}
			if next != 7+keep {
				t.Errorf("%d rows, want %d", next-7, keep)
			}
			s.Close()
			if used := env.Account.Used(); used != 0 || env.Account.Peak() > 2<<20 {
				t.Errorf("%d bytes left, %d at most", used, env.Account.Peak())
			}
		}
	}
}

// Two million rows by a shuffled BIGINT key, with a second column.
func BenchmarkSort(b *testing.B) {
	const n = 2 << 20
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]int64, n)
	for i := range keys {
		keys[i] = r.Int64()
	}
	for _, limit := range []int64{-1, 100} {
		b.Run(fmt.Sprint("limit=", limit), func(b *testing.B) {
			b.SetBytes(n * 16)
			for b.Loop() {
				env := testEnv(1, 0)
				spec := NewSpec(env, []types.Type{types.Int64Type, types.Int64Type}, orderByFirst(), nil)
				var s Sink = NewSorter(spec)
				if limit >= 0 {
					s, _ = newTopN(spec, limit, 0)
				}
				if err := s.Drain(b.Context(), 0, ints(keys, 0, n)); err != nil {
					b.Fatal(err)
				}
				if err := s.Finish(b.Context(), serial); err != nil {
					b.Fatal(err)
				}
				for batch, err := range s.Source().Open(b.Context(), 0) {
					if err != nil || batch.N == 0 {
						b.Fatal(err)
					}
				}
				s.Close()
			}
		})
	}
}

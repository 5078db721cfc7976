package join

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// loop is the spec as a nested loops join.
func (s spec) loop() *physical.LoopJoin {
	var conds []expr.Expr
	op := expr.Eq
	if s.nullSafe {
		op = expr.NullSafeEq
	}
	for _, k := range s.keys {
		conds = append(conds, &expr.Compare{Op: op, Left: ref(k), Right: ref(width + k)})
	}
	if s.residual {
		conds = append(conds, ref(width+6))
	}
	return &physical.LoopJoin{
		Left: leaf(), Right: leaf(), Kind: s.kind, Cond: expr.Conj(conds...), NullAware: s.aware, Emit: emit(s.kind), MarkName: "m",
	}
}

func TestLoopAgainstReference(t *testing.T) {
	var specs []spec
	for _, k := range []physical.JoinKind{
		physical.Inner, physical.Left, physical.Right, physical.Full, physical.Semi, physical.Anti, physical.Mark, physical.Single, physical.Cross,
	} {
		for _, keys := range [][]int{{4}, {0, 1}, {2}, nil} {
			specs = append(specs, spec{kind: k, keys: keys}, spec{kind: k, keys: keys, residual: true}, spec{kind: k, keys: keys, nullSafe: true})
		}
	}
	for _, k := range []physical.JoinKind{physical.Anti, physical.Mark} {
		specs = append(specs, spec{kind: k, keys: []int{4}, aware: true}, spec{kind: k, keys: []int{0, 6}, aware: true}, spec{kind: k, aware: true})
	}
	for _, size := range [][4]int{{0, 5, 3, 4}, {5, 0, 3, 4}, {1, 1, 1, 0}, {90, 3, 4, 9}, {20, 60, 30, 9}} {
		r := rand.New(rand.NewPCG(uint64(size[0]), uint64(size[1])))
		side := func(n int) [][]types.Datum {
			rows := make([][]types.Datum, n)
			for i := range rows {
				rows[i] = random(r, size[2], size[3])
			}
			return rows
		}
		left, right := side(size[0]), side(size[1])
		for i, s := range specs {
			want, tooMany := s.naive(left, right)
			for k, w := range worlds {
				if w.Spill && (i+k)%6 > 0 {
					continue // files take time
				}
				l, err := NewLoop(w.Env(t, nil), s.loop())
				if err != nil {
					t.Fatal(err)
				}
				got, err := compute(w, l, w.Batches(testTypes, right), w.Batches(testTypes, left))
				if tooMany {
					if !sqlerr.Is(err, sqlerr.RowTooMany) {
						t.Fatalf("%+v, %v rows, %+v: error is %v", s, size, w, err)
					}
					continue
				}
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%+v, %v rows, %+v: %v\n%s", s, size, w, err, cmp.Diff(want, got))
				}
			}
		}
	}
}

// manyRows are rows of one BIGINT column, k(i) for i < n, in full batches.
func manyRows(n int, k func(i int) int64) []*vec.Batch {
	var out []*vec.Batch
	for lo := 0; lo < n; lo += vec.DefaultSize {
		v := vec.New(types.Int64Type, min(vec.DefaultSize, n-lo))
		for i := range vec.Data[int64](v) {
			vec.Data[int64](v)[i] = k(lo + i)
		}
		out = append(out, &vec.Batch{Cols: []*vec.Vec{v}, N: v.Len()})
	}
	return out
}

func oneColumn() physical.Node {
	return &physical.Values{Cols: types.Schema{{Name: "k", Type: types.Int64Type}}}
}

// TestLarge covers tables that are filled by partitions: dense, sparse, skewed.
func TestLarge(t *testing.T) {
	const n = 60000
	keys := map[string]func(i int) int64{
		"dense":  func(i int) int64 { return int64(i) },
		"sparse": func(i int) int64 { return int64(i) * 1e9 },
		"skewed": func(i int) int64 { return int64(max(i-n/2, 0)) * 1e9 },
	}
	for name, k := range keys {
		for _, threads := range []int{1, 3} {
			w := exectest.World{Threads: threads, Size: vec.DefaultSize}
			ref := &expr.Ref{T: types.Int64Type}
			node := &physical.HashJoin{
				Left: oneColumn(), Right: oneColumn(), Kind: physical.Semi, LeftKeys: []expr.Expr{ref}, RightKeys: []expr.Expr{ref}, Emit: []int{0},
				Publish: []physical.RuntimeFilter{{ID: 7}},
			}
			env := w.Env(t, nil)
			j, err := New(env, node)
			if err != nil {
				t.Fatal(err)
			}
			build, probe := manyRows(n, k), manyRows(2*n, func(i int) int64 { return k(i/2) - int64(i%2) })
			distinct := map[int64]bool{}
			for i := range n {
				distinct[k(i)] = true
			}
			want, passed := 0, 0
			for i := range 2 * n {
				if distinct[k(i/2)-int64(i%2)] {
					want++
				}
			}
			got, err := compute(w, j, build, probe)
			if err != nil || len(got) != want {
				t.Errorf("%s, %d threads: %d rows, want %d (%v)", name, threads, len(got), want, err)
			}
			f := env.Filters.Lookup(7)
			lo, hi := f.Bounds()
			if f.Empty() || lo != k(0) || hi != k(n-1) {
				t.Errorf("%s: filter has bounds %v and %v", name, lo, hi)
			}
			for _, b := range probe {
				kept := f.Filter(b.Cols[0], b.Selection(), nil)
				for _, r := range b.Selection() {
					_, in := slices.BinarySearch(kept, r)
					if !in && distinct[vec.Data[int64](b.Cols[0])[r]] {
						t.Fatalf("%s: the filter rejects a key that is there", name)
					}
				}
				passed += len(kept)
			}
			if passed < want || passed > want+n/10 {
				t.Errorf("%s: %d rows pass the filter, %d match", name, passed, want)
			}
		}
	}
}

// TestCancel: a probe that would take forever ends with its context.
func TestCancel(t *testing.T) {
	w := exectest.World{Threads: 1, Size: vec.DefaultSize}
	l, err := NewLoop(w.Env(t, nil), &physical.LoopJoin{
		Left: oneColumn(), Right: oneColumn(), Kind: physical.Inner, Emit: []int{0},
		Cond: &expr.Compare{Op: expr.Lt, Left: &expr.Ref{T: types.Int64Type}, Right: &expr.Ref{Index: 1, T: types.Int64Type}},
	})
	if err != nil {
		t.Fatal(err)
	}
	bs := manyRows(1<<20, func(i int) int64 { return int64(i) })
	sink := l.Build()
	defer sink.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := sink.Drain(ctx, 0, exectest.Share(bs, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if err := sink.Finish(ctx, exectest.Parallel(1)); err != nil {
		t.Fatal(err)
	}
	op, err := l.Probe(0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err = range op.Run(ctx, exectest.Share(bs, 0, 1)) {
		if n++; n == 3 {
			cancel()
		}
	}
	if err != context.Canceled || n > 10000 {
		t.Errorf("after %d batches: %v", n, err)
	}
	if _, err := New(w.Env(t, nil), &physical.HashJoin{Left: leaf(), Right: leaf(), NullAware: true}); err == nil {
		t.Error("a null-aware join without a key must be refused")
	}
}

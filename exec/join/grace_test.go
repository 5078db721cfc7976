package join

import (
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

func twoColumns() physical.Node {
	return &physical.Values{Cols: types.Schema{{Name: "k", Type: types.Int64Type}, {Name: "s", Type: types.StringType, Nullable: true}}}
}

// keyed rows of a BIGINT key k(i) and a text.
func texts(n int, k func(i int) int64) []*vec.Batch {
	bs := manyRows(n, k)
	for at, b := range bs {
		v := vec.New(types.StringType, b.N)
		for i := range vec.Data[string](v) {
			vec.Data[string](v)[i] = fmt.Sprint("text of row ", at, i)
		}
		b.Cols = append(b.Cols, v)
	}
	return bs
}

// TestLittleMemory: with less and less memory a join gives the same rows, from
// files, or says that memory is short. It stays within its limit and a quarter.
func TestLittleMemory(t *testing.T) {
	const n = 40_000
	shapes := map[string]func(i int) int64{
		"unique": func(i int) int64 { return int64(i) * 77777 },
		"few":    func(i int) int64 { return int64(i%1000) * 77777 },
		// Half of the rows have one key, which no division takes apart.
		"skewed": func(i int) int64 { return int64(max(i-n/2, 0)) },
	}
	a, b := &expr.Ref{T: types.Int64Type}, &expr.Ref{Index: 2, T: types.Int64Type}
	for name, k := range shapes {
		for _, kind := range []physical.JoinKind{physical.Inner, physical.Full, physical.Anti} {
			for _, loop := range []bool{false, true} {
				if loop && (name != "unique" || kind != physical.Full) {
					continue
				}
				node := &physical.HashJoin{
					Left: twoColumns(), Right: twoColumns(), Kind: kind, LeftKeys: []expr.Expr{a}, RightKeys: []expr.Expr{a}, NullSafe: []bool{false},
					Emit: []int{0, 1, 2, 3},
				}
				build, probe := texts(n, k), texts(60, func(i int) int64 { return k(i*661) - int64(i%3) })
				if kind == physical.Anti {
					node.Emit = []int{0, 1}
				}
				most, spilled := int64(0), 0
				run := func(limit int64) (uint64, error) {
					w := exectest.World{Threads: 2, Size: vec.DefaultSize, Limit: limit}
					env := w.Env(t, nil)
					env.Account.Elastic()
					var j joiner
					var err error
					if loop {
						j, err = NewLoop(env, &physical.LoopJoin{
							Left: node.Left, Right: node.Right, Kind: kind, Emit: node.Emit, Cond: &expr.Compare{Op: expr.Eq, Left: a, Right: b},
						})
					} else {
						j, err = New(env, node)
					}
					if err != nil {
						t.Fatal(err)
					}
					rows, err := compute(w, j, build, probe)
					if x, ok := j.(*Join); ok && x.grace != nil {
						spilled++
					}
					if p := env.Account.Peak(); limit > 0 && p > limit+limit/4 {
						t.Errorf("%s, %d, loop %v: %d bytes used of %d", name, kind, loop, p, limit)
					} else {
						most = max(most, p)
					}
					h := fnv.New64()
					for _, r := range rows {
						h.Write([]byte(r))
					}
					return h.Sum64() + uint64(len(rows)), err
				}
				want, err := run(0)
				if err != nil {
					t.Fatal(err)
				}
				whole := most
				failed := false
				for limit := whole + whole/4; limit >= 1<<20; limit /= 2 {
					got, err := run(limit)
					switch {
					case sqlerr.Is(err, sqlerr.MemoryLimit):
						failed = true
						if limit >= 2<<20 {
							t.Errorf("%s, %d, loop %v: %v", name, kind, loop, err)
						}
					case err != nil || got != want:
						t.Errorf("%s, %d, loop %v, %d bytes: other rows, or %v", name, kind, loop, limit, err)
					}
				}
				if spilled == 0 && !loop {
					t.Errorf("%s, %d: %d runs spilled", name, kind, spilled)
				}
				if failed {
					t.Logf("%s, %d, loop %v did not do with 1 MB", name, kind, loop)
				}
			}
		}
	}
}

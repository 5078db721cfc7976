package join

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/exec/exectest"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

var worlds = []exectest.World{
	{Threads: 1, Size: 2048},
	{Threads: 4, Size: 64},
	{Threads: 1, Size: 1},
	{Threads: 4, Size: 3},
	{Threads: 2, Size: 7, Collide: true},
	{Threads: 2, Size: 50, Enc: "dict", Sparse: true},
	{Threads: 3, Size: 50, Enc: "const", Sparse: true},
	{Threads: 1, Size: 2048, Spill: true},
	{Threads: 2, Size: 2, Spill: true},
	{Threads: 3, Size: 5, Spill: true, Collide: true},
	{Threads: 2, Size: 7, Spill: true, Enc: "dict", Sparse: true},
}

// Columns: wide int, string, double, nested, date, small int, boolean, text.
var testTypes = []types.Type{
	types.Int64Type, types.StringType, types.Float64Type, types.ArrayType(types.Float64Type, true), types.DateType,
	types.Int8Type, types.BoolType, types.StringType,
}

func random(r *rand.Rand, card, nulls int) []types.Datum {
	k := r.IntN(card)
	row := []types.Datum{
		int64(k) * 1e12,
		[]string{"", "a", "exactly12byt", "thirteen byte", "a rather long string for the heap "}[r.IntN(5)],
		[]types.Datum{math.NaN(), math.Copysign(0, -1), 0.0, float64(k)}[r.IntN(4)],
		[]types.Datum{[]types.Datum{}, []types.Datum{math.Copysign(0, -1), nil}, []types.Datum{0.0, nil}, []types.Datum{float64(k)}}[r.IntN(4)],
		int64(k), int64(k % 100), k%2 == 0, exectest.Show(r.IntN(10)),
	}
	for i := range row[:7] {
		if nulls > 0 && r.IntN(nulls) == 0 {
			row[i] = nil
		}
	}
	return row
}

func leaf() physical.Node {
	s := make(types.Schema, len(testTypes))
	for i, t := range testTypes {
		s[i] = types.Field{Name: "c", Type: t, Nullable: true}
	}
	return &physical.Values{Cols: s}
}

func ref(i int) *expr.Ref {
	return &expr.Ref{Index: i, T: testTypes[i%len(testTypes)], Null: true}
}

const width = 8

// spec is a join without a side to build.
type spec struct {
	kind     physical.JoinKind
	keys     []int
	nullSafe bool
	residual bool // left column 6 (a boolean) of the build or probe side must be true
	aware    bool
}

func (s spec) node(buildLeft bool) *physical.HashJoin {
	n := &physical.HashJoin{Left: leaf(), Right: leaf(), Kind: s.kind, BuildLeft: buildLeft, NullAware: s.aware, MarkName: "m"}
	for _, k := range s.keys {
		n.LeftKeys, n.RightKeys, n.NullSafe = append(n.LeftKeys, ref(k)), append(n.RightKeys, ref(k)), append(n.NullSafe, s.nullSafe)
	}
	if s.residual {
		n.Residual = ref(width + 6)
	}
	n.Emit = emit(s.kind)
	return n
}

func emit(k physical.JoinKind) []int {
	switch k {
	case physical.Semi, physical.Anti:
		return []int{0, 1, 2, 3, 7}
	case physical.Mark:
		return []int{4, 2 * width, 1}
	}
	return []int{0, 1, 2, 3, 7, width, width + 1, width + 2, width + 3, width + 4, width + 7}
}

// keyText is a key as text by SQL equality, and whether it is NULL.
func keyText(d types.Datum) (string, bool) {
	switch x := d.(type) {
	case nil:
		return "", true
	case float64:
		return exectest.Show(x + 0), false
	case []types.Datum:
		s := "["
		for _, e := range x {
			t, null := keyText(e)
			if null {
				t = "null"
			}
			s += t + ","
		}
		return s, false
	}
	return exectest.Show(d), false
}

// compare says whether two rows match: 1, or -1 for NULL, or 0.
func (s spec) compare(l, r []types.Datum) int {
	out := 1
	for _, k := range s.keys {
		a, an := keyText(l[k])
		b, bn := keyText(r[k])
		switch {
		case an && bn && s.nullSafe:
		case an || bn:
			if s.nullSafe {
				return 0
			}
			out = -1
		case a != b:
			return 0
		}
	}
	if s.residual {
		switch r[6] {
		case true:
		case nil:
			return 0
		default:
			return 0
		}
	}
	return out
}

// naive computes the join by nested loops; tooMany is set where Single must fail.
func (s spec) naive(left, right [][]types.Datum) (rows []string, tooMany bool) {
	none := make([]types.Datum, width)
	put := func(l, r []types.Datum, mark types.Datum) {
		all := append(append(append([]types.Datum{}, l...), r...), mark)
		row := []types.Datum{}
		for _, p := range emit(s.kind) {
			row = append(row, all[p])
		}
		rows = append(rows, exectest.Line(row))
	}
	hit := make([]bool, len(right))
	for _, l := range left {
		n, unknown := 0, false
		for i, r := range right {
			switch s.compare(l, r) {
			case 1:
				n++
				hit[i] = true
				if s.kind != physical.Semi && s.kind != physical.Anti && s.kind != physical.Mark {
					put(l, r, nil)
				}
			case -1:
				unknown = unknown || s.aware
			}
		}
		switch s.kind {
		case physical.Left, physical.Full, physical.Single:
			if n == 0 {
				put(l, none, nil)
			}
			tooMany = tooMany || s.kind == physical.Single && n > 1
		case physical.Semi:
			if n > 0 {
				put(l, none, nil)
			}
		case physical.Anti:
			if n == 0 && !unknown {
				put(l, none, nil)
			}
		case physical.Mark:
			switch {
			case n > 0:
				put(l, none, true)
			case unknown:
				put(l, none, nil)
			default:
				put(l, none, false)
			}
		}
	}
	if s.kind == physical.Right || s.kind == physical.Full {
		for i, r := range right {
			if !hit[i] {
				put(none, r, nil)
			}
		}
	}
	sort.Strings(rows)
	return rows, tooMany
}

type joiner interface {
	Build() flow.Sink
	Probe(int) (flow.Operator, error)
	Unmatched() flow.Source
	Break() (flow.Sink, flow.Source)
}

// compute runs a join over batches of its build and probe side.
func compute(w exectest.World, j joiner, build, probe []*vec.Batch) ([]string, error) {
	ctx := context.Background()
	sink := j.Build()
	defer sink.Close()
	if err := exectest.Each(w.Threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(build, i, w.Threads)) }); err != nil {
		return nil, err
	}
	if err := sink.Finish(ctx, exectest.Parallel(w.Threads)); err != nil {
		return nil, err
	}
	if sink, src := j.Break(); sink != nil {
		if err := exectest.Each(w.Threads, func(i int) error { return sink.Drain(ctx, i, exectest.Share(probe, i, w.Threads)) }); err != nil {
			return nil, err
		}
		return exectest.Collect(w.Threads, func(i int) (vec.Stream, error) { return src.Open(ctx, i), nil })
	}
	if w.Spill && len(build) > 0 {
		return nil, errors.New("spilling was forced, and nothing was spilled")
	}
	rows, err := exectest.Collect(w.Threads, func(i int) (vec.Stream, error) {
		op, err := j.Probe(i)
		if err != nil {
			return nil, err
		}
		return op.Run(ctx, exectest.Share(probe, i, w.Threads)), nil
	})
	if err != nil {
		return nil, err
	}
	if src := j.Unmatched(); src != nil {
		more, err := exectest.Collect(w.Threads, func(i int) (vec.Stream, error) { return src.Open(ctx, i), nil })
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
		sort.Strings(rows)
	}
	return rows, nil
}

func TestAgainstReference(t *testing.T) {
	kinds := []physical.JoinKind{
		physical.Inner, physical.Left, physical.Right, physical.Full, physical.Semi, physical.Anti, physical.Mark, physical.Single,
	}
	var specs []spec
	for _, k := range kinds {
		for _, keys := range [][]int{{0}, {4}, {5}, {1}, {2}, {3}, {0, 1}, {6, 4, 2}} {
			specs = append(specs, spec{kind: k, keys: keys}, spec{kind: k, keys: keys, residual: true})
		}
		specs = append(specs, spec{kind: k, keys: []int{4}, nullSafe: true}, spec{kind: k, keys: []int{1, 0}, nullSafe: true, residual: true})
	}
	for _, k := range []physical.JoinKind{physical.Anti, physical.Mark} {
		for _, keys := range [][]int{{0}, {4}, {1}} {
			specs = append(specs, spec{kind: k, keys: keys, aware: true}, spec{kind: k, keys: keys, aware: true, residual: true})
		}
	}
	specs = append(specs, spec{kind: physical.Inner}, spec{kind: physical.Cross})
	// Sizes of left and right, distinct keys, one NULL in so many.
	for _, size := range [][4]int{{0, 5, 3, 4}, {5, 0, 3, 4}, {1, 1, 1, 0}, {40, 30, 12, 9}, {70, 50, 100, 0}, {30, 80, 500, 50}} {
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
				lb, rb := w.Batches(testTypes, left), w.Batches(testTypes, right)
				for _, buildLeft := range []bool{false, true} {
					if s.aware && s.residual && buildLeft {
						continue
					}
					j, err := (&Join{env: w.Env(t, nil), facts: &facts{}, node: s.node(buildLeft), collide: w.Collide}).prepare("test")
					if err != nil {
						t.Fatal(err)
					}
					build, probe := rb, lb
					if buildLeft {
						build, probe = lb, rb
					}
					got, err := compute(w, j, build, probe)
					if tooMany {
						if !sqlerr.Is(err, sqlerr.RowTooMany) {
							t.Fatalf("%+v, %v rows, build left %v, %+v: error is %v", s, size, buildLeft, w, err)
						}
						continue
					}
					if err != nil || !slices.Equal(got, want) {
						t.Fatalf("%+v, %v rows, build left %v, %+v: %v\n%s", s, size, buildLeft, w, err, cmp.Diff(want, got))
					}
				}
			}
		}
	}
}

package scan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format/parquet"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

var tableSchema = types.Schema{
	{Name: "id", Type: types.Int64Type, Nullable: true},
	{Name: "day", Type: types.StringType, Nullable: true}, // held by folders
	{Name: "word", Type: types.StringType, Nullable: true},
	{Name: "extra", Type: types.Int32Type, Nullable: true}, // only in some files
}

// table writes files of 100 rows each in row groups of 30: file f holds ids 100f ….
func table(t *testing.T, files int) []catalog.Split {
	t.Helper()
	var out []catalog.Split
	ctx, st := context.Background(), local.New()
	for f := range files {
		schema := types.Schema{tableSchema[0], tableSchema[2]}
		cols := []*vec.Vec{vec.New(types.Int64Type, 0), vec.New(types.StringType, 0)}
		if f%2 == 1 {
			schema = append(types.Schema{{Name: "EXTRA", Type: types.Int16Type, Nullable: true}}, schema...)
			cols = append([]*vec.Vec{vec.New(types.Int16Type, 0)}, cols...)
		}
		for i := range 100 {
			id := int64(100*f + i)
			row := []types.Datum{id, fmt.Sprint("w", id%7)}
			if f%2 == 1 {
				row = append([]types.Datum{id % 50}, row...)
			}
			for c := range cols {
				cols[c].AppendDatums(row[c : c+1])
			}
		}
		path := filepath.Join(t.TempDir(), "f.parquet")
		fh, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w, err := parquet.New().Create(ctx, fh, schema, map[string]string{"row_group_size": "30"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&vec.Batch{Cols: cols, N: 100}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		fh.Close()
		sf, _, err := st.Stat(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		ss, err := parquet.New().Splits(ctx, st, sf, types.Schema{tableSchema[0], tableSchema[2], tableSchema[3]}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range ss {
			s.Partition = []types.Datum{fmt.Sprint("d", f)}
			out = append(out, s)
		}
	}
	return out
}

func env(t *testing.T, threads, batch int) *flow.Env {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return &flow.Env{Functions: reg, Context: &function.Context{ANSI: true, TimeZone: time.UTC}, Threads: threads, BatchSize: batch, Partitions: 1}
}

// run reads a scan and returns its rows as text, sorted.
func run(t *testing.T, e *flow.Env, n *physical.Scan, splits []catalog.Split) ([]string, error) {
	t.Helper()
	src, err := New(e, n, splits)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var rows []string
	var failed error
	for i := range e.Threads {
		wg.Go(func() {
			for b, err := range src.Open(t.Context(), i) {
				mu.Lock()
				if err != nil {
					failed = err
					mu.Unlock()
					return
				}
				for _, r := range b.Selection() {
					var cells []string
					for _, c := range b.Cols {
						cells = append(cells, fmt.Sprint(c.Get(int(r))))
					}
					rows = append(rows, strings.Join(cells, ","))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(rows)
	return rows, failed
}

func node(cols []int, filters ...expr.Expr) *physical.Scan {
	return &physical.Scan{Table: "t", Scan: catalog.Scan{Format: "parquet", Schema: tableSchema, Cols: cols, Partition: []int{1}}, Filters: filters, Limit: -1}
}

func ref(i int, t types.Type) *expr.Ref { return &expr.Ref{Index: i, T: t, Null: true} }

func cmp(op expr.CompareOp, l, r expr.Expr) expr.Expr {
	return &expr.Compare{Op: op, Left: l, Right: r}
}

func lit(t types.Type, d types.Datum) expr.Expr { return &expr.Literal{Value: d, T: t} }

// expected is what a scan of (extra, day, id, word) must give.
func expected(files int, keep func(id int64, day, word string) bool) []string {
	var rows []string
	for id := range int64(100 * files) {
		f := id / 100
		day, word, extra := fmt.Sprint("d", f), fmt.Sprint("w", id%7), "<nil>"
		if f%2 == 1 {
			extra = fmt.Sprint(id % 50)
		}
		if keep(id, day, word) {
			rows = append(rows, fmt.Sprintf("%s,%s,%d,%s", extra, day, id, word))
		}
	}
	slices.Sort(rows)
	return rows
}

func TestScan(t *testing.T) {
	splits := table(t, 5)
	extra, day, id, word := ref(0, types.Int32Type), ref(1, types.StringType), ref(2, types.Int64Type), ref(3, types.StringType)
	cases := []struct {
		name    string
		filters []expr.Expr
		keep    func(id int64, day, word string) bool
	}{
		{"all", nil, func(int64, string, string) bool { return true }},
		{
			"rows",
			[]expr.Expr{cmp(expr.Lt, id, lit(types.Int64Type, int64(250))), cmp(expr.Eq, word, lit(types.StringType, "w3"))},
			func(id int64, _, word string) bool { return id < 250 && word == "w3" },
		},
		{"partition", []expr.Expr{cmp(expr.Ge, day, lit(types.StringType, "d3"))}, func(_ int64, day, _ string) bool { return day >= "d3" }},
		{
			"mixed",
			[]expr.Expr{&expr.Or{Args: []expr.Expr{cmp(expr.Eq, day, lit(types.StringType, "d1")), cmp(expr.Eq, id, lit(types.Int64Type, int64(7)))}}},
			func(id int64, day, _ string) bool { return day == "d1" || id == 7 },
		},
		{"missing column", []expr.Expr{&expr.IsNull{Arg: extra}}, func(id int64, _, _ string) bool { return id/100%2 == 0 }},
		{"widened column", []expr.Expr{cmp(expr.Eq, extra, lit(types.Int32Type, int64(7)))}, func(id int64, _, _ string) bool { return id/100%2 == 1 && id%50 == 7 }},
		{"none", []expr.Expr{cmp(expr.Gt, id, lit(types.Int64Type, int64(1e6)))}, func(int64, string, string) bool { return false }},
	}
	for _, c := range cases {
		for _, threads := range []int{1, 3} {
			for _, batch := range []int{1, 3, 2048} {
				got, err := run(t, env(t, threads, batch), node([]int{3, 1, 0, 2}, c.filters...), splits)
				if want := expected(5, c.keep); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s, %d threads, batches of %d: %v\ngot  %v\nwant %v", c.name, threads, batch, err, got, want)
				}
			}
		}
	}
}

func TestCountAndLimit(t *testing.T) {
	splits := table(t, 3)
	got, err := run(t, env(t, 2, 7), node(nil), splits)
	if err != nil || len(got) != 300 {
		t.Error(len(got), err)
	}
	n := node([]int{1}) // only a partition column: no file is opened
	for i := range splits {
		splits[i].Path += ".gone"
	}
	if got, err = run(t, env(t, 1, 2048), n, splits); err != nil || len(got) != 300 || got[299] != "d2" {
		t.Error(len(got), err)
	}
	n = node([]int{0})
	if _, err = run(t, env(t, 1, 2048), n, splits); !sqlerr.Is(err, sqlerr.FileNotFound) {
		t.Error(err)
	}
	n, splits = node([]int{0}), table(t, 3)
	n.Limit = 10
	if got, err = run(t, env(t, 1, 8), n, splits); err != nil || len(got) != 16 {
		t.Error(len(got), err)
	}
}

// odd is a join's filter that passes odd keys.
type odd struct{ lo, hi types.Datum }

func (f odd) Bounds() (types.Datum, types.Datum) { return f.lo, f.hi }
func (f odd) Empty() bool                        { return false }
func (f odd) Filter(v *vec.Vec, sel, out []uint16) []uint16 {
	out = out[:0]
	for _, r := range sel {
		if d := v.Get(int(r)); d != nil && d.(int64)%2 == 1 {
			out = append(out, r)
		}
	}
	return out
}

type nothing struct{ odd }

func (nothing) Empty() bool { return true }

func TestRuntimeFilters(t *testing.T) {
	splits := table(t, 4)
	for _, batch := range []int{1, 2048} {
		e := env(t, 2, batch)
		e.Filters = &flow.RuntimeFilters{}
		n := node([]int{3, 1, 0, 2}, cmp(expr.Ne, ref(3, types.StringType), lit(types.StringType, "w0")))
		n.Runtime = []physical.RuntimeFilter{{ID: 4, Column: 2}, {ID: 5, Column: 0}}
		want := expected(4, func(id int64, _, word string) bool { return word != "w0" })
		if got, err := run(t, e, n, splits); err != nil || !slices.Equal(got, want) {
			t.Errorf("not published: %v %v", got, err)
		}
		e.Filters.Publish(4, odd{int64(130), int64(260)})
		want = expected(4, func(id int64, _, word string) bool { return word != "w0" && id%2 == 1 && id >= 120 && id < 290 })
		got, err := run(t, e, n, splits)
		// Bounds skip row groups only; within one all odd keys come.
		if err != nil || !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, ",131,") }) || slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, ",3,") || strings.Contains(s, ",132,") }) {
			t.Errorf("published: %v %v\n%v", got, err, want)
		}
		e.Filters.Publish(5, nothing{})
		if got, err := run(t, e, n, splits); err != nil || len(got) != 0 {
			t.Errorf("empty: %v %v", got, err)
		}
	}
}

func TestCancel(t *testing.T) {
	src, err := New(env(t, 1, 1), node([]int{0}), table(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows := 0
	for _, err := range src.Open(ctx, 0) {
		if err != nil {
			if err != context.Canceled {
				t.Error(err)
			}
			break
		}
		if rows++; rows == 3 {
			cancel()
		}
	}
	if rows != 3 {
		t.Error(rows)
	}
}

// TestSplitsWithinBounds: a file that a scan was planned over is opened within
// the folders it was allowed in, and not where a link leads by then.
func TestSplitsWithinBounds(t *testing.T) {
	splits := table(t, 2)
	data := filepath.Dir(splits[0].Path)
	n := node([]int{2})
	n.Scan.Within = &store.Bounds{Folders: []string{filepath.Dir(data)}}
	want, err := run(t, env(t, 2, 64), n, splits)
	if err != nil || len(want) != 200 {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	top, err := os.MkdirTemp("", "away") // t.TempDir lies beside the data
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(top)
	away := top + "/away"
	if err := errors.Join(os.Rename(data, away), os.Symlink(away, data)); err != nil {
		t.Skip(err)
	}
	if _, err := run(t, env(t, 2, 64), n, splits); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Error(err)
	}
	n.Scan.Within = nil
	if rows, err := run(t, env(t, 2, 64), n, splits); err != nil || len(rows) != 200 {
		t.Errorf("without bounds: %d rows, %v", len(rows), err)
	}
}

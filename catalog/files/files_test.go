package files

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/partition"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// folder writes files (path → content) below a temporary folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for p, text := range files {
		full := filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, path string, opts format.Options) *Table {
	t.Helper()
	tab, err := Open(context.Background(), local.New(), path, "text", opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tab.(*Table)
}

func names(tab *Table, dir string) []string {
	var out []string
	for _, f := range tab.Files() {
		rel, _ := filepath.Rel(dir, f.Path)
		out = append(out, filepath.ToSlash(rel))
	}
	return out
}

func schemaText(s types.Schema) string {
	var parts []string
	for _, f := range s {
		parts = append(parts, f.Name+" "+f.Type.String())
	}
	return strings.Join(parts, ", ")
}

func TestListing(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.txt": "1\n", "b.txt": "2\n", "_SUCCESS": "", ".hidden.txt": "x", "sub/c.txt": "3\n",
		"p/day=2026-01-01/x.txt": "1\n", "p/day=2026-01-02/y.txt": "2\n", "p/_tmp/day=1/z.txt": "3\n",
	})
	cases := []struct {
		path string
		opts format.Options
		want []string
		cols string
	}{
		{"", nil, []string{"a.txt", "b.txt"}, "value string"},
		{"a.txt", nil, []string{"a.txt"}, "value string"},
		{"*.txt", nil, []string{"a.txt", "b.txt"}, "value string"},
		{"{a,b}.txt", nil, []string{"a.txt", "b.txt"}, "value string"},
		{"", format.Options{"recursivefilelookup": "true"}, []string{"a.txt", "b.txt", "p/day=2026-01-01/x.txt", "p/day=2026-01-02/y.txt", "sub/c.txt"}, "value string"},
		{"", format.Options{"pathglobfilter": "b*"}, []string{"b.txt"}, "value string"},
		{"p", nil, []string{"p/day=2026-01-01/x.txt", "p/day=2026-01-02/y.txt"}, "value string, day date"},
		{"p/day=2026-01-01", nil, []string{"p/day=2026-01-01/x.txt"}, "value string"},
		{"p/day=*", nil, []string{"p/day=2026-01-01/x.txt", "p/day=2026-01-02/y.txt"}, "value string"},
		{"p/day=*/*.txt", format.Options{"basepath": filepath.Join(dir, "p")}, []string{"p/day=2026-01-01/x.txt", "p/day=2026-01-02/y.txt"}, "value string, day date"},
	}
	for _, c := range cases {
		if c.path == "" && c.opts == nil {
			// The partitioned folder must not confuse the flat one.
			os.Rename(filepath.Join(dir, "p"), filepath.Join(dir, "_p"))
		}
		tab := open(t, filepath.Join(dir, c.path), c.opts)
		if c.path == "" && c.opts == nil {
			os.Rename(filepath.Join(dir, "_p"), filepath.Join(dir, "p"))
		}
		if d := cmp.Diff(c.want, names(tab, dir)); d != "" {
			t.Errorf("%s %v: %s", c.path, c.opts, d)
		}
		if got := schemaText(tab.Schema()); got != c.cols {
			t.Errorf("%s: schema %s, want %s", c.path, got, c.cols)
		}
	}
	url := open(t, "file://"+filepath.ToSlash(dir)+"/p", nil)
	if got := schemaText(url.Schema()); got != "value string, day date" {
		t.Errorf("file URL: schema %s", got)
	}
}

func TestErrors(t *testing.T) {
	dir := folder(t, map[string]string{
		"empty/_SUCCESS": "", "mixed/a=1/x.txt": "", "mixed/y.txt": "", "names/a=1/x.txt": "", "names/b=1/x.txt": "",
		"blob": "\x00\x01\x02",
	})
	cases := []struct {
		path, format string
		want         *sqlerr.Condition
	}{
		{"nothing", "text", sqlerr.FileNotFound},
		{"nothing*.txt", "text", sqlerr.FileNotFound},
		{"empty", "text", sqlerr.UnableToInferSchema},
		{"mixed", "text", sqlerr.ConflictingDirectories},
		{"names", "text", sqlerr.ConflictingPartitionNames},
		{"blob", "", sqlerr.UnableToInferSchema},
		{"empty", "nosuch", sqlerr.DataSourceNotFound},
	}
	for _, c := range cases {
		_, err := Open(context.Background(), local.New(), filepath.Join(dir, c.path), c.format, nil, nil)
		if !sqlerr.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want.Name)
		}
	}
}

func TestInferPartitionTypes(t *testing.T) {
	cases := []struct {
		values []string
		want   string
	}{
		{[]string{"1", "02"}, "int"},
		{[]string{"1", "3000000000"}, "bigint"},
		{[]string{"123456789012345678901234567890"}, "decimal(30,0)"},
		{[]string{"1", "1.5"}, "double"},
		{[]string{"3000000000", "1.5"}, "string"},
		{[]string{"2026-01-01", partition.Null}, "date"},
		{[]string{"2026-01-01", "2026-01-01 10:00:00"}, "timestamp"},
		{[]string{"2026-13-01"}, "string"},
		{[]string{"x", "1"}, "string"},
		{[]string{partition.Null}, "string"},
		{[]string{""}, "string"},
	}
	for _, c := range cases {
		l := &listing{}
		for _, v := range c.values {
			l.levels = append(l.levels, []level{{"p", v}})
		}
		if got := inferColumn(l, 0, nil).String(); got != c.want {
			t.Errorf("%v: %s, want %s", c.values, got, c.want)
		}
	}
}

func TestScanPrunes(t *testing.T) {
	dir := folder(t, map[string]string{
		"day=1/k=a/x.txt": "1\n", "day=2/k=b%2Fc/x.txt": "2\n", "day=3/k=" + partition.Null + "/x.txt": "3\n",
	})
	tab := open(t, dir, nil)
	day := &expr.Ref{Index: 1, T: types.Int32Type, Null: true}
	k := &expr.Ref{Index: 2, T: types.StringType, Null: true}
	num := func(v int64) expr.Expr { return &expr.Literal{Value: v, T: types.Int32Type} }
	str := func(v string) expr.Expr { return &expr.Literal{Value: v, T: types.StringType} }
	call := &expr.Call{Func: "f", Args: []expr.Expr{day}, T: types.BoolType}
	mixed := &expr.Call{Func: "f", Args: []expr.Expr{day, &expr.Ref{Index: 0, T: types.StringType}}, T: types.BoolType}
	unknown := &expr.Call{Func: "rand", Args: []expr.Expr{day}, T: types.BoolType}
	// The evaluator's f is true of even days; it knows no other function.
	even := func(e expr.Expr) (types.Datum, bool) {
		c, ok := e.(*expr.Call)
		if !ok || c.Func != "f" || len(c.Args) != 1 {
			return nil, false
		}
		return c.Args[0].(*expr.Literal).Value.(int64)%2 == 0, true
	}
	cases := []struct {
		filter expr.Expr
		want   int
		// evaluated is the number with an evaluator, if that is another one.
		evaluated int
	}{
		{&expr.Compare{Op: expr.Eq, Left: day, Right: num(2)}, 1, 0},
		{&expr.Compare{Op: expr.Gt, Left: num(3), Right: day}, 2, 0},
		{&expr.In{Arg: k, List: []expr.Expr{str("b/c"), str("q")}}, 1, 0},
		{&expr.IsNull{Arg: k}, 1, 0},
		{&expr.Not{Arg: &expr.IsNull{Arg: k}}, 2, 0},
		{&expr.Compare{Op: expr.Ne, Left: k, Right: str("a")}, 1, 0},
		{call, 3, 1},
		{&expr.Not{Arg: call}, 3, 2},
		{&expr.Compare{Op: expr.Eq, Left: call, Right: expr.True}, 3, 1},
		{mixed, 3, 0},
		{unknown, 3, 0},
		{&expr.And{Args: []expr.Expr{call, &expr.Compare{Op: expr.Eq, Left: day, Right: num(2)}}}, 1, 0},
		{&expr.And{Args: []expr.Expr{mixed, call}}, 3, 1},
		{&expr.Or{Args: []expr.Expr{call, &expr.Compare{Op: expr.Eq, Left: day, Right: num(1)}}}, 3, 2},
		{&expr.Or{Args: []expr.Expr{call, mixed}}, 3, 0},
	}
	for i, c := range cases {
		for _, eval := range []catalog.Evaluate{nil, even} {
			want := c.want
			if eval != nil && c.evaluated > 0 {
				want = c.evaluated
			}
			s, err := tab.Scan(context.Background(), []int{0, 1, 2}, []expr.Expr{c.filter}, eval)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Splits) != want {
				t.Errorf("case %d, evaluator %v: %d splits, want %d", i, eval != nil, len(s.Splits), want)
			}
			for _, sp := range s.Splits {
				if len(sp.Partition) != 2 {
					t.Errorf("split %v has partition %v", sp.Path, sp.Partition)
				}
			}
		}
	}
}

func TestGuess(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv.gz": "", "b.TSV": "", "c": `{"a":1}`, "d": "PAR1xxxx", "e": "a,b\n1,2\n", "f.jsonl": "", "g.json": "[\n {\"a\": 1},\n {\"a\": 2}\n]\n", "h.json": "{\"a\":1}\n{\"a\":2}\n"})
	want := map[string]string{"a.csv.gz": "csv", "b.TSV": "csv", "c": "json", "d": "parquet", "e": "csv", "f.jsonl": "json", "g.json": "json", "h.json": "json"}
	for f, w := range want {
		st := local.New()
		file, _, err := st.Stat(context.Background(), filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		got, opts, err := guess(context.Background(), st, []Listed{{File: file}}, file.Path, format.Options{})
		if err != nil || got != w {
			t.Errorf("%s: %s %v, want %s", f, got, err, w)
		}
		if w == "csv" && opts["header"] != "true" {
			t.Errorf("%s: options %v", f, opts)
		}
		if (f == "g.json") != (opts["multiline"] == "true") {
			t.Errorf("%s: options %v", f, opts)
		}
		if f == "b.TSV" && opts["sep"] != "\t" {
			t.Errorf("%s: options %v", f, opts)
		}
	}
}

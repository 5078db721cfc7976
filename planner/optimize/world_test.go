package optimize

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/parse"
)

// made is a table of which only schema and statistics exist.
type made struct {
	name   string
	schema types.Schema
	rows   int64
	// distinct values by column, where they are known; of the first column, the key, they always are.
	distinct map[string]int64
}

func (t *made) Name() catalog.Name      { return catalog.Name{Table: t.name} }
func (t *made) Schema() types.Schema    { return t.schema }
func (t *made) PartitionColumns() []int { return nil }
func (t *made) Info() catalog.Info      { return catalog.Info{} }
func (t *made) Stats(context.Context) (*catalog.Stats, error) {
	s := &catalog.Stats{Rows: t.rows}
	for i := range t.schema {
		c := catalog.ColumnStats{Distinct: -1}
		if i == 0 { // the first column is the key
			c.Distinct = t.rows
		}
		if d := t.distinct[t.schema[i].Name]; d > 0 {
			c.Distinct = d
		}
		s.Columns = append(s.Columns, c)
	}
	return s, nil
}

func (t *made) Scan(_ context.Context, cols []int, _ []expr.Expr, _ catalog.Evaluate) (*catalog.Scan, error) {
	return &catalog.Scan{Format: "made", Schema: t.schema, Cols: cols, Splits: []catalog.Split{{Path: t.name, Rows: t.rows}}}, nil
}

// world resolves table names to made tables, or to the files of a folder.
type world struct {
	tables map[string]*made
	dir    string
	opened map[string]catalog.Table
}

func (w *world) Relation(ctx context.Context, name []string) (catalog.Table, *bind.View, error) {
	last := strings.ToLower(name[len(name)-1])
	if t := w.tables[last]; t != nil {
		return t, nil, nil
	}
	if w.dir != "" {
		if w.opened[last] == nil {
			t, err := files.New(ctx, files.Config{
				Name: catalog.Name{Catalog: "spark_catalog", Database: "default", Table: last}, Store: local.New(),
				Paths: []string{filepath.Join(w.dir, last+".parquet")}, Format: "parquet",
			})
			if err != nil {
				return nil, nil, err
			}
			w.opened[last] = t
		}
		return w.opened[last], nil, nil
	}
	return nil, nil, sqlerr.New(sqlerr.TableOrViewNotFound, "%s", last)
}

func (w *world) File(context.Context, string, string, map[string]string) (catalog.Table, error) {
	return nil, sqlerr.New(sqlerr.FileNotFound, "no files here")
}
func (w *world) HasFormat(string) bool                                      { return false }
func (w *world) Variable([]string) *expr.Literal                            { return nil }
func (w *world) Function(context.Context, []string) (*bind.Function, error) { return nil, nil }

func newWorld(t testing.TB, ddl string, rows map[string]int64) *world {
	t.Helper()
	w := &world{tables: map[string]*made{}, opened: map[string]catalog.Table{}}
	for _, p := range parse.Script(ddl) {
		st, err := parse.Statement(ddl[p.From:p.To])
		if err != nil {
			t.Fatal(err)
		}
		c := st.(*ast.CreateTable)
		m := &made{name: strings.ToLower(c.Name.Last()), rows: rows[strings.ToLower(c.Name.Last())]}
		for _, col := range c.Columns {
			m.schema = append(m.schema, types.Field{Name: col.Name.Last(), Type: col.Type.Type, Nullable: !col.NotNull})
		}
		w.tables[m.name] = m
	}
	return w
}

func (w *world) bind(t testing.TB, sql string) logical.Node {
	t.Helper()
	s := (*settings.Snapshot)(nil)
	env := &bind.Env{Functions: functions(t), Resolver: w, Settings: s, Context: folding()}
	st, err := parse.Statement(sql)
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	p, err := bind.Query(context.Background(), env, st.(*ast.Query))
	if err != nil {
		t.Fatalf("%v in %s", err, sql)
	}
	return p.Node
}

var cached *function.Registry

func functions(t testing.TB) *function.Registry {
	if cached == nil {
		cached = registry(t)
	}
	return cached
}

func folding() *function.Context {
	return &function.Context{ANSI: true, TimeZone: time.UTC, Now: time.Unix(1_700_000_000, 0), Setting: func(string) string { return "" }}
}

// options are those of a session, with every check on.
func options(t testing.TB, fired map[string]int) Options {
	reg := functions(t)
	return Options{
		Functions: reg, Check: true,
		Fold:  func(e expr.Expr) (*expr.Literal, error) { return eval.Fold(context.Background(), reg, folding(), e) },
		Fired: func(r string) { fired[r]++ },
	}
}

// data returns a folder of benchmark tables below VOLLEY_DATA.
func data(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("VOLLEY_DATA")
	if dir == "" {
		t.Skip("SKIPPED: VOLLEY_DATA is not set, so no plan of TPC-H and TPC-DS was checked")
	}
	return filepath.Join(dir, name)
}

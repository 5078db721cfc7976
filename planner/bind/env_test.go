package bind

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/parse"
)

// table is a table without rows.
type table struct {
	catalog.Table
	name   catalog.Name
	schema types.Schema
}

func (t *table) Name() catalog.Name      { return t.name }
func (t *table) Schema() types.Schema    { return t.schema }
func (t *table) PartitionColumns() []int { return nil }
func (t *table) Info() catalog.Info      { return catalog.Info{Provider: "memory"} }
func (t *table) String() string          { return t.name.Table }

// world resolves names to tables and views of a test.
type world struct {
	tables map[string]*table
	views  map[string]*View
	vars   map[string]*expr.Literal
	funcs  map[string]*Function
}

func (w *world) Relation(_ context.Context, name []string) (catalog.Table, *View, error) {
	last := strings.ToLower(name[len(name)-1])
	if len(name) == 1 || len(name) == 2 && strings.EqualFold(name[0], "default") {
		if v := w.views[last]; v != nil {
			return nil, v, nil
		}
		if t := w.tables[last]; t != nil {
			return t, nil, nil
		}
	}
	return nil, nil, tableNotFound(name)
}

func (w *world) File(_ context.Context, format, path string, _ map[string]string) (catalog.Table, error) {
	if !strings.HasSuffix(path, ".parquet") {
		return nil, sqlerr.New(sqlerr.FileNotFound, "Path does not exist: %s.", path)
	}
	return &table{name: catalog.Name{Table: format + path}, schema: types.Schema{{Name: "x", Type: types.Int32Type, Nullable: true}}}, nil
}

func (w *world) HasFormat(name string) bool { return name == "parquet" }

func (w *world) Variable(name []string) *expr.Literal {
	return w.vars[strings.ToLower(name[len(name)-1])]
}

func (w *world) Function(_ context.Context, name []string) (*Function, error) {
	return w.funcs[strings.ToLower(name[len(name)-1])], nil
}

// newWorld makes tables of the CREATE TABLE statements in ddl.
func newWorld(t testing.TB, ddl string) *world {
	t.Helper()
	w := &world{tables: map[string]*table{}, views: map[string]*View{}, vars: map[string]*expr.Literal{}, funcs: map[string]*Function{}}
	for _, p := range parse.Script(ddl) {
		st, err := parse.Statement(ddl[p.From:p.To])
		if err != nil {
			t.Fatalf("%v in %s", err, ddl[p.From:p.To])
		}
		switch st := st.(type) {
		case *ast.CreateTable:
			tb := &table{name: catalog.Name{Catalog: "spark_catalog", Database: "default", Table: st.Name.Last()}}
			for _, c := range st.Columns {
				tb.schema = append(tb.schema, types.Field{Name: c.Name.Last(), Type: c.Type.Type, Nullable: !c.NotNull})
			}
			w.tables[strings.ToLower(st.Name.Last())] = tb
		case *ast.CreateView:
			v := &View{Name: []string{st.Name.Last()}, SQL: ddl[p.From:p.To][st.Query.Pos():st.Query.End()]}
			for _, c := range st.Columns {
				v.Columns = append(v.Columns, c.Name)
			}
			w.views[strings.ToLower(st.Name.Last())] = v
		case *ast.CreateFunction:
			w.funcs[strings.ToLower(st.Name.Last())] = &Function{
				Name: st.Name.Last(), Params: st.Params, Returns: st.Returns, Body: st.Body, Query: st.Query, Table: st.ReturnTable,
			}
		}
	}
	return w
}

func (w *world) env(t testing.TB) *Env {
	t.Helper()
	s, err := (*settings.Snapshot)(nil).With("spark.sql.session.timeZone", "America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	return &Env{Functions: registry(t), Resolver: w, Settings: s, Context: &function.Context{
		ANSI: true, TimeZone: settings.TimeZone(s), Now: time.Unix(1_700_000_000, 0), Setting: s.Get, User: "me", Database: "default", Catalog: "spark_catalog",
	}}
}

func bindText(env *Env, sql string) (*Plan, error) {
	st, err := parse.Statement(sql)
	if err != nil {
		return nil, err
	}
	p, err := Query(context.Background(), env, st.(*ast.Query))
	if e := sqlerr.As(err); e != nil && e.Source == "" {
		e.Source = sql
	}
	return p, err
}

// benchmarks returns the folder of benchmark queries that VOLLEY_BENCH names.
func benchmarks(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("VOLLEY_BENCH")
	if dir == "" {
		t.Skip("SKIPPED: VOLLEY_BENCH is not set, so no query of TPC-H and TPC-DS was bound")
	}
	return dir
}

func read(t testing.TB, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

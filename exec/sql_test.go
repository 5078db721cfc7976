package exec_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/lower"
	"github.com/volley-sql/volley/planner/optimize"
	"github.com/volley-sql/volley/planner/parse"
	"github.com/volley-sql/volley/planner/physical"
)

// folder resolves a table name to the files <name>.parquet or the folder <name> in it.
type folder string

func (d folder) Relation(ctx context.Context, name []string) (catalog.Table, *bind.View, error) {
	for _, path := range []string{name[len(name)-1] + ".parquet", name[len(name)-1]} {
		path = filepath.Join(string(d), path)
		if _, err := os.Stat(path); d != "" && err == nil {
			t, err := files.New(ctx, files.Config{Name: catalog.Name{Table: name[len(name)-1]}, Store: local.New(), Paths: []string{path}, Format: "parquet"})
			return t, nil, err
		}
	}
	return nil, nil, sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found.", strings.Join(name, "."))
}

func (d folder) File(ctx context.Context, format, path string, opts map[string]string) (catalog.Table, error) {
	return files.Open(ctx, local.New(), path, format, opts, nil)
}

func (d folder) HasFormat(name string) bool                                 { return name == "parquet" }
func (d folder) Variable([]string) *expr.Literal                            { return nil }
func (d folder) Function(context.Context, []string) (*bind.Function, error) { return nil, nil }

// plan takes the road from text to a physical plan on one partition.
func plan(t testing.TB, tables folder, sql string) (physical.Node, error) {
	t.Helper()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	var s *settings.Snapshot
	fc := &function.Context{ANSI: true, TimeZone: time.UTC, Now: time.Unix(1700000000, 0), Setting: s.Get}
	st, err := parse.Statement(sql)
	if err != nil {
		return nil, err
	}
	ctx := t.Context()
	p, err := bind.Query(ctx, &bind.Env{Functions: reg, Resolver: tables, Settings: s, Context: fc}, st.(*ast.Query))
	if err != nil {
		return nil, err
	}
	fold := func(e expr.Expr) (*expr.Literal, error) {
		prog, err := eval.Compile(reg, fc, e)
		if err != nil {
			return nil, err
		}
		v, err := prog.Eval(nil, 1, nil)
		if err != nil {
			return nil, err
		}
		return &expr.Literal{Value: v.Get(0), T: e.Type()}, nil
	}
	n, err := optimize.Optimize(ctx, p.Node, optimize.Options{Functions: reg, Fold: fold, Check: true})
	if err != nil {
		return nil, err
	}
	return lower.Lower(ctx, n, lower.Options{Functions: reg})
}

// The road from text to rows, over literal tables.
func TestSQL(t *testing.T) {
	const emp = "WITH emp AS (SELECT * FROM VALUES ('a', 'x', 10), ('b', 'x', 20), ('c', 'y', 20), ('d', 'y', NULL), ('e', NULL, 5) AS t(name, dept, pay)) "
	for _, c := range []struct {
		sql     string
		want    string // rows by spaces
		ordered bool
	}{
		{"SELECT 1 + 1, 'x'", "2|x", false},
		{"SELECT id * 2 AS d FROM range(5) WHERE id % 2 = 0", "0 4 8", false},
		{"SELECT id FROM range(100) ORDER BY id DESC LIMIT 3 OFFSET 2", "97 96 95", true},
		{"SELECT id FROM range(3) UNION ALL SELECT id + 10 FROM range(2)", "0 1 2 10 11", false},
		{emp + "SELECT name FROM emp WHERE pay >= 10 ORDER BY pay DESC, name", "b c a", true},
		{emp + "SELECT name, row_number() OVER (PARTITION BY dept ORDER BY pay, name) FROM emp", "a|1 b|2 d|1 c|2 e|1", false},
		{emp + "SELECT name, lag(pay, 1, 0) OVER (ORDER BY name) FROM emp", "a|0 b|10 c|20 d|20 e|NULL", false},
		{emp + "SELECT l.name, r.name FROM emp l JOIN emp r ON l.dept = r.dept AND l.name < r.name", "a|b c|d", false},
		{emp + "SELECT l.name, r.name FROM emp l LEFT JOIN emp r ON l.pay = r.pay AND l.name <> r.name", "a|NULL b|c c|b d|NULL e|NULL", false},
		{emp + "SELECT name FROM emp WHERE dept IN (SELECT dept FROM emp WHERE pay = 20 AND name = 'c')", "c d", false},
		{emp + "SELECT DISTINCT dept FROM emp", "x y NULL", false},
		{emp + "SELECT dept, count(*), sum(pay) FROM emp GROUP BY dept HAVING count(*) > 1", "x|2|30 y|2|20", false},
		{emp + "SELECT dept, sum(pay) FROM emp GROUP BY ROLLUP (dept)", "x|30 y|20 NULL|5 NULL|55", false},
		{emp + "SELECT count(DISTINCT pay), max(name) FROM emp", "3|e", false},
		{emp + "SELECT name, sum(pay) OVER (ORDER BY name) FROM emp", "a|10 b|30 c|50 d|50 e|55", false},
		{emp + "SELECT name, sum(pay) OVER (ORDER BY name ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM emp", "a|30 b|50 c|40 d|25 e|5", false},
		{emp + "SELECT name, max(name) OVER (PARTITION BY dept), first_value(pay) OVER (PARTITION BY dept ORDER BY name DESC) FROM emp", "a|b|20 b|b|20 c|d|NULL d|d|NULL e|e|5", false},
		{"SELECT id, sum(id) OVER (ORDER BY id RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) FROM range(5)", "0|0 1|1 2|3 3|6 4|9", false},
		{"SELECT count(*) FROM range(100000) WHERE id % 3 = 0", "33334", false},
		{"SELECT id FROM range(10) WHERE id > (SELECT avg(id) FROM range(10)) ORDER BY id", "5 6 7 8 9", true},
	} {
		t.Run(c.sql, func(t *testing.T) {
			n, err := plan(t, "", c.sql)
			if err != nil {
				t.Fatal(err)
			}
			plantest.Test(t, n, strings.Fields(c.want), c.ordered)
		})
	}
}

// Examples of the documentation's functions that this package computes.
func TestWindowExamples(t *testing.T) {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range reg.Defs() {
		if d.Kind != function.Window {
			continue
		}
		for _, ex := range d.Examples {
			n, err := plan(t, "", ex.SQL)
			if err != nil {
				t.Fatal(err)
			}
			got, err := plantest.Rows(t, plantest.Worlds[1], n)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(ex.Want, "\n")
			for i := range got {
				// Cell writes doubles as Go does.
				got[i] = strings.ReplaceAll(got[i], "|", "\t")
			}
			for i := range want {
				want[i] = strings.ReplaceAll(strings.ReplaceAll(want[i], ".0\t", "\t"), "\t0.0", "\t0")
				want[i] = strings.TrimSuffix(want[i], ".0")
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s gives\n%s\nwant\n%s", ex.SQL, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

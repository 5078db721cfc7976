package infoschema

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format/arrowipc"
	"github.com/volley-sql/volley/catalog/format/formattest"
	"github.com/volley-sql/volley/catalog/memory"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func TestTables(t *testing.T) {
	ctx := context.Background()
	c := memory.New("cat", local.New())
	defer c.Close()
	spec := catalog.TableSpec{
		Name: catalog.Name{Database: "default", Table: "t"}, Schema: types.Schema{{Name: "a", Type: types.DecimalType(10, 2)}, {Name: "b", Type: types.StringType, Nullable: true}},
		Info: catalog.Info{Provider: "csv", Location: t.TempDir(), Comment: "hello", ColumnComments: []string{"", "bee"}},
	}
	if err := c.CreateTable(ctx, spec, catalog.CreateNew, nil); err != nil {
		t.Fatal(err)
	}
	view := catalog.View{Name: catalog.Name{Database: "default", Table: "v"}, SQL: "SELECT 1 AS x", Schema: types.Schema{{Name: "x", Type: types.Int32Type}}}
	if err := c.CreateView(ctx, view, catalog.CreateNew); err != nil {
		t.Fatal(err)
	}
	const twice = "CREATE FUNCTION twice(x INT) RETURNS INT RETURN x * 2"
	if err := c.CreateFunction(ctx, catalog.Function{Name: catalog.Name{Database: "default", Table: "twice"}, SQL: twice, Database: "default"}, catalog.CreateNew); err != nil {
		t.Fatal(err)
	}
	r := catalog.NewResolver(c, nil)
	r.Information = New
	loc := spec.Info.Location
	want := map[string][]string{
		"tables":   {"cat default t EXTERNAL CSV " + loc + " hello", "cat default v VIEW <nil> <nil> <nil>"},
		"columns":  {"cat default t a 1 NO decimal(10,2) DECIMAL <nil>", "cat default t b 2 YES string STRING bee", "cat default v x 1 NO int INT <nil>"},
		"views":    {"cat default v SELECT 1 AS x <nil>"},
		"routines": {"cat default twice cat default twice FUNCTION SQL " + twice},
		"schemata": {"cat default <nil> default database", "cat information_schema <nil> tables about tables"},
	}
	for name, lines := range want {
		tab, _, err := r.Lookup(ctx, []string{"information_schema", name})
		if err != nil {
			t.Fatal(err)
		}
		cols := make([]int, len(tab.Schema()))
		for i := range cols {
			cols[i] = i
		}
		scan, err := tab.Scan(ctx, cols, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, sp := range scan.Splits {
			err := formattest.Split(ctx, arrowipc.New(), local.New(), sp, scan.Schema, scan.Cols, nil, 10, nil, func(b *vec.Batch) error {
				for _, i := range b.Selection() {
					var parts []string
					for _, c := range b.Cols {
						parts = append(parts, fmt.Sprint(c.Get(int(i))))
					}
					got = append(got, strings.Join(parts, " "))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(got, "\n") != strings.Join(lines, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(lines, "\n"))
		}
	}
	if _, _, err := r.Lookup(ctx, []string{"cat", "information_schema", "table"}); !sqlerr.Is(err, sqlerr.TableOrViewNotFound) || !strings.Contains(err.Error(), "`tables`") {
		t.Error(err)
	}
	if err := New(c).DropTable(ctx, "information_schema", "tables", false, false); err == nil {
		t.Error("information_schema.tables could be dropped")
	}
	if err := r.Use(ctx, []string{"information_schema"}); err != nil {
		t.Error(err)
	}
	if _, _, err := r.Lookup(ctx, []string{"tables"}); err != nil {
		t.Error(err)
	}
}

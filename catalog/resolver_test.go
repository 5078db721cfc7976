package catalog_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/memory"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func TestResolver(t *testing.T) {
	ctx := context.Background()
	one, two := memory.New("spark_catalog", local.New()), memory.New("other", local.New())
	global := &catalog.GlobalViews{}
	r := catalog.NewResolver(one, global)
	r.Add(two)
	table := func(c catalog.Catalog, db, name string) {
		t.Helper()
		err := c.CreateTable(ctx, catalog.TableSpec{
			Name: catalog.Name{Database: db, Table: name}, Info: catalog.Info{Provider: "text"},
			Schema: types.Schema{{Name: "value", Type: types.StringType}},
		}, catalog.CreateNew, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := one.CreateDatabase(ctx, catalog.Database{Name: "sales"}, false); err != nil {
		t.Fatal(err)
	}
	table(one, "default", "customers")
	table(one, "sales", "orders")
	table(two, "default", "remote")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.CreateTempView(catalog.View{Name: catalog.Name{Table: "V"}, SQL: "SELECT 1"}, false, catalog.CreateNew))
	must(r.CreateTempView(catalog.View{Name: catalog.Name{Table: "g"}, SQL: "SELECT 2"}, true, catalog.CreateNew))
	if err := r.CreateTempView(catalog.View{Name: catalog.Name{Table: "v"}}, false, catalog.CreateNew); !sqlerr.Is(err, sqlerr.TempViewAlreadyExists) {
		t.Fatal(err)
	}
	find := func(name string) string {
		t, v, err := r.Lookup(ctx, strings.Split(name, "."))
		switch {
		case err != nil:
			e := sqlerr.As(err)
			return e.Cond.Name + " " + e.Hint
		case v != nil:
			return "view " + v.Name.String()
		}
		return t.Name().String()
	}
	cases := map[string]string{
		"customers": "spark_catalog.default.customers", "CUSTOMERS": "spark_catalog.default.customers",
		"sales.orders": "spark_catalog.sales.orders", "spark_catalog.sales.orders": "spark_catalog.sales.orders",
		"other.default.remote": "other.default.remote", "v": "view V", "global_temp.g": "view global_temp.g",
		"orders": "TABLE_OR_VIEW_NOT_FOUND ", "custmers": "TABLE_OR_VIEW_NOT_FOUND Did you mean `customers`?",
		"sales.order": "TABLE_OR_VIEW_NOT_FOUND Did you mean `sales`.`orders`?", "nope.t": "TABLE_OR_VIEW_NOT_FOUND ",
		"nope.default.t": "TABLE_OR_VIEW_NOT_FOUND ", "global_temp.x": "TABLE_OR_VIEW_NOT_FOUND ", "a.b.c.d": "IDENTIFIER_TOO_MANY_NAME_PARTS ",
	}
	for name, want := range cases {
		if got := find(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	must(r.Use(ctx, []string{"sales"}))
	if got := find("orders"); got != "spark_catalog.sales.orders" {
		t.Error(got)
	}
	if err := r.Use(ctx, []string{"nope"}); !sqlerr.Is(err, sqlerr.SchemaNotFound) {
		t.Error(err)
	}
	l, err := r.List(ctx, nil)
	must(err)
	if want := []catalog.Entry{{Database: "sales", Name: "orders"}, {Name: "v", IsView: true, IsTemp: true}}; !reflect.DeepEqual(l, want) {
		t.Errorf("%v", l)
	}
	must(r.Use(ctx, []string{"other"}))
	if c, d := r.Current(); c != "other" || d != "default" {
		t.Error(c, d)
	}
	// Another session shares global views only.
	s := catalog.NewResolver(one, global)
	if s.TempView([]string{"v"}) != nil || s.TempView([]string{"global_temp", "G"}) == nil {
		t.Error("views are shared wrongly")
	}
	if !r.DropTempView([]string{"V"}) || r.DropTempView([]string{"v"}) || !s.DropTempView([]string{"global_temp", "g"}) {
		t.Error("views are dropped wrongly")
	}
}

package catalogtest

import (
	"reflect"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func (s *suite) databases() {
	c := s.c
	names := func(want ...string) {
		s.Helper()
		got, err := c.Databases(s.ctx)
		s.ok(err)
		if !reflect.DeepEqual(got, want) {
			s.Fatalf("databases %v, want %v", got, want)
		}
	}
	names("default")
	s.ok(c.CreateDatabase(s.ctx, catalog.Database{Name: "Sales", Comment: "c", Properties: map[string]string{"a": "b"}}, false))
	s.fails(c.CreateDatabase(s.ctx, catalog.Database{Name: "sales"}, false), sqlerr.SchemaAlreadyExists)
	s.ok(c.CreateDatabase(s.ctx, catalog.Database{Name: "sales"}, true))
	names("default", "sales")
	d, err := c.DescribeDatabase(s.ctx, "SALES")
	s.ok(err)
	if d.Comment != "c" || d.Properties["a"] != "b" || !strings.HasSuffix(d.Location, "/sales.db") {
		s.Fatalf("%+v", d)
	}
	_, err = c.DescribeDatabase(s.ctx, "nope")
	s.fails(err, sqlerr.SchemaNotFound)
	_, err = c.List(s.ctx, "nope")
	s.fails(err, sqlerr.SchemaNotFound)
	s.ok(c.CreateTable(s.ctx, spec("sales", "t"), catalog.CreateNew, nil))
	s.fails(c.DropDatabase(s.ctx, "sales", false, false), sqlerr.SchemaNotEmpty)
	s.ok(c.DropDatabase(s.ctx, "sales", false, true))
	s.fails(c.DropDatabase(s.ctx, "sales", false, true), sqlerr.SchemaNotFound)
	s.ok(c.DropDatabase(s.ctx, "sales", true, false))
	if err := c.DropDatabase(s.ctx, "default", false, true); err == nil {
		s.Fatal("the default database could be dropped")
	}
	names("default")
	// A new database of the name starts empty.
	s.ok(c.CreateDatabase(s.ctx, catalog.Database{Name: "sales"}, false))
	if l, err := c.List(s.ctx, "sales"); err != nil || len(l) != 0 {
		s.Fatal(l, err)
	}
}

func (s *suite) tables() {
	c := s.c
	s.fails(c.CreateTable(s.ctx, spec("nope", "t"), catalog.CreateNew, nil), sqlerr.SchemaNotFound)
	t := spec("default", "T1", "p")
	t.Info.Comment, t.Info.Properties = "hello", map[string]string{"k": "v"}
	t.Schema = append(types.Schema{t.Schema[1], t.Schema[0]}, types.Field{
		Name: "n", Nullable: true,
		Type: types.StructType(types.Field{Name: "a", Type: types.ArrayType(types.DecimalType(10, 2), true), Nullable: true}, types.Field{Name: "m", Type: types.MapType(types.StringType, types.DayTimeType, false)}),
	})
	s.ok(c.CreateTable(s.ctx, t, catalog.CreateNew, nil))
	s.fails(c.CreateTable(s.ctx, spec("default", "t1"), catalog.CreateNew, nil), sqlerr.TableOrViewAlreadyExists)
	s.ok(c.CreateTable(s.ctx, spec("default", "t1"), catalog.CreateIfNotExists, nil))
	tab, v, err := c.Lookup(s.ctx, "DEFAULT", "t1")
	s.ok(err)
	if v != nil || tab.Info().Comment != "hello" || tab.Info().Properties["k"] != "v" || !tab.Info().Managed {
		s.Fatalf("%v %+v", v, tab.Info())
	}
	want := types.Schema{t.Schema[1], t.Schema[2], t.Schema[0]} // partition columns come last
	got := tab.Schema()
	if len(got) != 3 || got[0].Name != "value" || got[2].Name != "p" || !got[1].Type.Equal(want[1].Type) || !reflect.DeepEqual(tab.PartitionColumns(), []int{2}) {
		s.Fatalf("schema %v", got)
	}
	_, _, err = c.Lookup(s.ctx, "default", "nope")
	s.fails(err, sqlerr.TableOrViewNotFound)

	s.ok(c.AlterTable(s.ctx, "default", "t1", func(t *catalog.TableSpec) error {
		t.Schema = append(t.Schema, types.Field{Name: "extra", Type: types.StringType, Nullable: true})
		t.Info.Comment = "changed"
		return nil
	}))
	tab, _, err = c.Lookup(s.ctx, "default", "t1")
	s.ok(err)
	if got := tab.Schema(); len(got) != 4 || got[2].Name != "extra" || got[3].Name != "p" || tab.Info().Comment != "changed" {
		s.Fatalf("schema %v", got)
	}
	s.fails(c.AlterTable(s.ctx, "default", "nope", func(*catalog.TableSpec) error { return nil }), sqlerr.TableOrViewNotFound)

	s.ok(c.CreateTable(s.ctx, spec("default", "other"), catalog.CreateNew, nil))
	s.fails(c.RenameTable(s.ctx, "default", "t1", "other"), sqlerr.TableOrViewAlreadyExists)
	s.fails(c.RenameTable(s.ctx, "default", "nope", "x"), sqlerr.TableOrViewNotFound)
	s.insert(c, "other", catalog.Append, nil, [2]string{"", "kept\n"})
	s.ok(c.RenameTable(s.ctx, "default", "other", "moved"))
	s.want(c, "moved", "kept")
	// The old name is free, and its new table shares nothing with the old one.
	s.ok(c.CreateTable(s.ctx, spec("default", "other"), catalog.CreateNew, nil))
	s.want(c, "other")
	s.ok(c.DropTable(s.ctx, "default", "other", false, false))
	s.want(c, "moved", "kept")
	s.fails(c.DropTable(s.ctx, "default", "other", false, false), sqlerr.TableOrViewNotFound)
	s.ok(c.DropTable(s.ctx, "default", "other", true, false))
	s.ok(c.CreateTable(s.ctx, spec("default", "moved"), catalog.CreateOrReplace, nil))
	s.want(c, "moved")
}

func (s *suite) views() {
	c := s.c
	v := catalog.View{
		Name: catalog.Name{Database: "default", Table: "V"}, SQL: "SELECT 1 AS a", Columns: []string{"x"}, Comment: "c", Database: "default",
		Schema: types.Schema{{Name: "x", Type: types.Int32Type}}, Settings: map[string]string{"k": "v"},
	}
	s.ok(c.CreateView(s.ctx, v, catalog.CreateNew))
	s.fails(c.CreateView(s.ctx, v, catalog.CreateNew), sqlerr.TableOrViewAlreadyExists)
	s.ok(c.CreateView(s.ctx, catalog.View{Name: v.Name, SQL: "SELECT 2"}, catalog.CreateIfNotExists))
	_, got, err := c.Lookup(s.ctx, "default", "v")
	s.ok(err)
	if got == nil || got.SQL != v.SQL || got.Comment != "c" || !reflect.DeepEqual(got.Columns, v.Columns) || !reflect.DeepEqual(got.Schema, v.Schema) || !reflect.DeepEqual(got.Settings, v.Settings) {
		s.Fatalf("%+v", got)
	}
	v.SQL = "SELECT 3 AS a"
	s.ok(c.CreateView(s.ctx, v, catalog.CreateOrReplace))
	_, got, err = c.Lookup(s.ctx, "default", "v")
	s.ok(err)
	if got.SQL != v.SQL {
		s.Fatalf("%+v", got)
	}
	s.ok(c.CreateTable(s.ctx, spec("default", "t"), catalog.CreateNew, nil))
	v.Name.Table = "t"
	s.fails(c.CreateView(s.ctx, v, catalog.CreateOrReplace), sqlerr.ExpectViewNotTable)
	s.fails(c.CreateTable(s.ctx, spec("default", "v"), catalog.CreateOrReplace, nil), sqlerr.ExpectTableNotView)
	s.fails(c.DropView(s.ctx, "default", "t", false), sqlerr.WrongCommandForObjectType)
	s.fails(c.DropTable(s.ctx, "default", "v", false, false), sqlerr.WrongCommandForObjectType)
	_, err = c.Begin(s.ctx, spec("default", "v"), catalog.Append)
	s.fails(err, sqlerr.ExpectTableNotView)
	l, err := c.List(s.ctx, "default")
	s.ok(err)
	if want := []catalog.Entry{{Database: "default", Name: "t"}, {Database: "default", Name: "v", IsView: true}}; !reflect.DeepEqual(l, want) {
		s.Fatalf("list %v", l)
	}
	s.ok(c.DropView(s.ctx, "default", "v", false))
	s.fails(c.DropView(s.ctx, "default", "v", false), sqlerr.TableOrViewNotFound)
	s.ok(c.DropView(s.ctx, "default", "v", true))
}

// names checks that no name leads out of the catalog's folder.
func (s *suite) names() {
	for _, n := range []string{"../x", "a/b", "", ".", "a.b", "x y", "ä", strings.Repeat("x", 300)} {
		if err := s.c.CreateTable(s.ctx, spec("default", n), catalog.CreateNew, nil); err == nil {
			s.Errorf("a table called %q could be made", n)
		}
		if err := s.c.CreateDatabase(s.ctx, catalog.Database{Name: n}, false); err == nil {
			s.Errorf("a database called %q could be made", n)
		}
		_, _, err := s.c.Lookup(s.ctx, "default", n)
		s.fails(err, sqlerr.TableOrViewNotFound)
		if _, _, err = s.c.Lookup(s.ctx, n, "t"); err == nil {
			s.Errorf("database %q was found", n)
		}
	}
}

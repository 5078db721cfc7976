package serve_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/app"
)

// TestFolderOfTables: the tables of --tables have a catalog and a schema, where
// tools look for them, for users without any right, too.
func TestFolderOfTables(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"stores.csv": "id,town\n1,Ulm\n", "broken.parquet": "no Parquet"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, admins := range [][]string{nil, {"root"}} {
		s := session(t, engine(t, app.Options{Tables: dir, Admins: admins, Files: []string{}}))
		m := s.(sql.Metadata)
		if err := s.Begin(t.Context()); err != nil { // it takes no part in transactions
			t.Fatal(err)
		}
		schemas, err := m.Schemas(t.Context(), "files")
		if err != nil || !slices.Contains(schemas, sql.SchemaName{Catalog: "files", Schema: "default"}) {
			t.Errorf("%v: %v, %v", admins, schemas, err)
		}
		found := map[string]string{} // by name, the columns
		for n, err := range m.Tables(t.Context(), func(n sql.TableName) bool { return n.Catalog == "files" && n.Schema == "default" }, true) {
			if err != nil {
				t.Fatal(err)
			}
			if n.Type != sql.BaseTable {
				t.Errorf("%s is a %s", n.Name, n.Type)
			}
			found[n.Name] = ""
			if n.Columns != nil {
				for _, f := range n.Columns.Fields() {
					found[n.Name] += f.Name + " " + f.Type.String() + ";"
				}
			}
		}
		if len(found) != 2 || found["stores"] != "id int32;town utf8;" || found["broken"] != "" {
			t.Errorf("%v: %v", admins, found)
		}
		for text, want := range map[string]string{
			"SELECT town FROM files.default.stores": "Ulm",
			"SELECT town FROM stores":               "Ulm",
			"SELECT table_name FROM files.information_schema.columns WHERE column_name = 'town'": "stores",
		} {
			if got, _, err := try(t, s, text, nil); err != nil || got != want {
				t.Errorf("%v: %s: %q, %v", admins, text, got, err)
			}
		}
		if err := s.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

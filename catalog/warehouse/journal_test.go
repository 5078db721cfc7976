package warehouse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/metastore"
	"github.com/volley-sql/volley/catalog/store/local"
)

// TestChangesCutShort: a process that dies while it makes several changes has
// made all of them, for readers at once and for good at the next change.
func TestChangesCutShort(t *testing.T) {
	ctx := context.Background()
	dir := filepath.ToSlash(filepath.Join(t.TempDir(), "wh"))
	open := func() *Catalog { return New("spark_catalog", dir, local.New(), Options{}) }
	c := open()
	view := func(name, sql string) *metastore.Object {
		return &metastore.Object{View: &catalog.View{Name: catalog.Name{Database: "default", Table: name}, SQL: sql}}
	}
	for _, name := range []string{"changed", "dropped"} {
		if err := c.CreateView(ctx, *view(name, "SELECT 1").View, catalog.CreateNew); err != nil {
			t.Fatal(err)
		}
	}
	root := func() (string, error) { return dir, nil }
	// The records cannot be replaced: a folder stands where one of them is to be.
	block := filepath.Join(dir, "_volley", "catalog", "default", "made.json")
	if err := os.MkdirAll(filepath.Join(block, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := (&records{root: root}).Update(ctx, func(tx metastore.Tx) error {
		return tx.Apply([]metastore.Change{
			{Database: "more", Namespace: true, Record: &catalog.Database{Name: "more"}},
			{Database: "default", Name: "changed", Object: view("changed", "SELECT 2")},
			{Database: "default", Name: "dropped"},
			{Database: "default", Name: "made", Object: view("made", "SELECT 3")},
			{Database: "more", Name: "inside", Object: view("inside", "SELECT 4")},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(dir, "_volley", "catalog", ".changes.json")
	if _, err := os.Stat(journal); err != nil {
		t.Fatal("the changes were not cut short:", err)
	}
	check := func(when string) {
		t.Helper()
		c := open()
		for name, sql := range map[string]string{"changed": "SELECT 2", "made": "SELECT 3"} {
			if _, v, err := c.Lookup(ctx, "default", name); err != nil || v.SQL != sql {
				t.Errorf("%s: %s is %+v, %v", when, name, v, err)
			}
		}
		if _, _, err := c.Lookup(ctx, "default", "dropped"); err == nil {
			t.Errorf("%s: a view that was dropped is there", when)
		}
		if _, v, err := c.Lookup(ctx, "more", "inside"); err != nil || v.SQL != "SELECT 4" {
			t.Errorf("%s: inside is %+v, %v", when, v, err)
		}
		dbs, err := c.Databases(ctx)
		if err != nil || !slices.Equal(dbs, []string{"default", "more"}) {
			t.Errorf("%s: databases are %q, %v", when, dbs, err)
		}
		list, err := c.List(ctx, "default")
		var names []string
		for _, e := range list {
			names = append(names, e.Name)
		}
		if err != nil || !slices.Equal(names, []string{"changed", "made"}) {
			t.Errorf("%s: views are %q, %v", when, names, err)
		}
	}
	check("before")
	if err := open().CreateDatabase(ctx, catalog.Database{Name: "next"}, false); err == nil {
		t.Error("something was changed before what was begun is done")
	}
	if err := os.RemoveAll(block); err != nil {
		t.Fatal(err)
	}
	if err := open().DropView(ctx, "default", "nowhere", true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(journal); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the list of changes is there still: %v", err)
	}
	check("after")
	// A damaged list is an error, not another state.
	if err := os.WriteFile(journal, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := open().Lookup(ctx, "default", "made"); err == nil {
		t.Error("a damaged list of changes was not noticed")
	}
}

package warehouse

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/catalogtest"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
)

func TestSuite(t *testing.T) {
	catalogtest.Run(t, catalogtest.Harness{Store: local.New(), Open: func(t *testing.T) (catalog.Catalog, func() catalog.Catalog) {
		dir := filepath.Join(t.TempDir(), "wh")
		again := func() catalog.Catalog { return New("spark_catalog", dir, local.New(), Options{}) }
		return again(), again
	}})
}

// Reading an empty warehouse makes no folder; a damaged record is an error that names it.
func TestOpenIsFree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wh")
	c := New("spark_catalog", dir, local.New(), Options{})
	if _, _, err := c.Lookup(context.Background(), "default", "t"); !sqlerr.Is(err, sqlerr.TableOrViewNotFound) {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatal("a folder was made")
	}
	p := filepath.Join(dir, "_volley", "catalog", "default", "t.json")
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{", "{}", `{"table":{},"columns":[{"name":"a","type":{"kind":"what"}}]}`, `{"table":{},"columns":[{"name":"a","type":{"kind":"map"}}]}`} {
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Lookup(context.Background(), "default", "t"); !sqlerr.Is(err, sqlerr.FileReadFailed) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

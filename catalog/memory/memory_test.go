package memory

import (
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/catalogtest"
	"github.com/volley-sql/volley/catalog/store/local"
)

func TestSuite(t *testing.T) {
	catalogtest.Run(t, catalogtest.Harness{Store: local.New(), Open: func(t *testing.T) (catalog.Catalog, func() catalog.Catalog) {
		c := New("spark_catalog", local.New())
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
		return c, nil
	}})
}

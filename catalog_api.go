package volley

import (
	"context"

	"github.com/volley-sql/volley/planner/ast"
)

// Catalog answers what tables there are.
type Catalog struct{ s *Session }

// Catalog returns the session's view of its catalogs.
func (s *Session) Catalog() Catalog { return Catalog{s} }

// CatalogTable is a table or view in a list.
type CatalogTable struct {
	Database, Name    string
	IsView, Temporary bool
}

// CurrentDatabase is the database that names without one are looked up in.
func (c Catalog) CurrentDatabase() string {
	_, db := c.s.inner.Current()
	return db
}

// SetCurrentDatabase changes the current database.
func (c Catalog) SetCurrentDatabase(ctx context.Context, name string) error {
	return c.s.exec(ctx, &ast.Use{Kind: ast.ObjDatabase, Name: ast.N(name)})
}

// ListTables lists the tables and views of the current database and temporary views.
func (c Catalog) ListTables(ctx context.Context) ([]CatalogTable, error) {
	entries, err := c.s.inner.Tables(ctx)
	if err != nil {
		return nil, public(err)
	}
	out := make([]CatalogTable, len(entries))
	for i, e := range entries {
		out[i] = CatalogTable{Database: e.Database, Name: e.Name, IsView: e.IsView, Temporary: e.IsTemp}
	}
	return out, nil
}

// TableExists reports whether a name is that of a table or view.
func (c Catalog) TableExists(ctx context.Context, name string) bool {
	df := c.s.Table(name)
	if df.err != nil {
		return false
	}
	_, err := c.s.inner.Schema(ctx, df.q)
	return err == nil
}

// DropTempView drops a temporary view and reports whether there was one.
func (c Catalog) DropTempView(ctx context.Context, name string) (bool, error) {
	entries, err := c.s.inner.Tables(ctx)
	if err != nil {
		return false, public(err)
	}
	for _, e := range entries {
		if e.IsTemp && e.Name == name {
			return true, c.s.exec(ctx, &ast.Drop{Kind: ast.ObjView, Name: ast.N(name)})
		}
	}
	return false, nil
}

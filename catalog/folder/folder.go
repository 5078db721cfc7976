// Package folder is the catalog of a folder of files that somebody points at
// (--tables): every file and folder in it is a table, named after it. It is for
// clients that find tables by catalog and schema, as BI tools do; nothing can
// be changed through it, and everybody may read it.
//
//	dir/stores.csv ─► files.default.stores
package folder

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Database is the name of the catalog's one schema.
const Database = "default"

// Open opens the table of a file or folder.
type Open func(ctx context.Context, name catalog.Name, path string) (catalog.Table, error)

// Catalog is the catalog. The folder is read anew for every question.
type Catalog struct {
	name, dir string
	open      Open
}

// New returns the catalog of a folder.
func New(name, dir string, open Open) *Catalog { return &Catalog{name, dir, open} }

var _ catalog.Fixed = (*Catalog)(nil)

// Fixed implements catalog.Fixed.
func (*Catalog) Fixed() {}

// Name implements catalog.Catalog.
func (c *Catalog) Name() string { return c.name }

// Databases implements catalog.Catalog.
func (c *Catalog) Databases(context.Context) ([]string, error) { return []string{Database}, nil }

// Lookup implements catalog.Catalog.
func (c *Catalog) Lookup(ctx context.Context, database, name string) (catalog.Table, *catalog.View, error) {
	t, err := c.find(database, name)
	if err != nil {
		return nil, nil, err
	}
	out, err := c.open(ctx, catalog.Name{Catalog: c.name, Database: Database, Table: t.Name}, t.Path)
	return out, nil, err
}

func (c *Catalog) find(database, name string) (Table, error) {
	if strings.EqualFold(database, Database) {
		all, err := Tables(c.dir)
		if err != nil {
			return Table{}, err
		}
		if i := slices.IndexFunc(all, func(t Table) bool { return strings.EqualFold(t.Name, name) }); i >= 0 {
			return all[i], nil
		}
	}
	return Table{}, sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.", catalog.Quote(c.name, database, name))
}

// List implements catalog.Catalog.
func (c *Catalog) List(_ context.Context, database string) ([]catalog.Entry, error) {
	if err := c.has(database); err != nil {
		return nil, err
	}
	all, err := Tables(c.dir)
	if err != nil {
		return nil, err
	}
	out := make([]catalog.Entry, len(all))
	for i, t := range all {
		out[i] = catalog.Entry{Database: Database, Name: t.Name}
	}
	slices.SortFunc(out, func(a, b catalog.Entry) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// DescribeDatabase implements catalog.Catalog.
func (c *Catalog) DescribeDatabase(_ context.Context, name string) (*catalog.Database, error) {
	if err := c.has(name); err != nil {
		return nil, err
	}
	return &catalog.Database{Name: Database, Comment: "files and folders as tables", Location: c.dir}, nil
}

func (c *Catalog) has(database string) error {
	if strings.EqualFold(database, Database) {
		return nil
	}
	return sqlerr.New(sqlerr.SchemaNotFound, "The schema %s cannot be found. Verify the spelling and correctness of the schema and catalog.", catalog.Quote(c.name, database))
}

// fixed is the error of everything that would change the folder.
func (c *Catalog) fixed() error {
	return sqlerr.New(sqlerr.UnsupportedCatalogOperation, "The feature is not supported: Catalog `%s` does not support changes.", c.name).
		WithHint("Its tables are the files of a folder. Make tables in another catalog.")
}

// CreateDatabase implements catalog.Catalog.
func (c *Catalog) CreateDatabase(context.Context, catalog.Database, bool) error { return c.fixed() }

// DropDatabase implements catalog.Catalog.
func (c *Catalog) DropDatabase(context.Context, string, bool, bool) error { return c.fixed() }

// CreateTable implements catalog.Catalog.
func (c *Catalog) CreateTable(context.Context, catalog.TableSpec, catalog.CreateMode, *catalog.Staged) error {
	return c.fixed()
}

// DropTable implements catalog.Catalog.
func (c *Catalog) DropTable(context.Context, string, string, bool, bool) error { return c.fixed() }

// RenameTable implements catalog.Catalog.
func (c *Catalog) RenameTable(context.Context, string, string, string) error { return c.fixed() }

// AlterTable implements catalog.Catalog.
func (c *Catalog) AlterTable(context.Context, string, string, func(*catalog.TableSpec) error) error {
	return c.fixed()
}

// CreateView implements catalog.Catalog.
func (c *Catalog) CreateView(context.Context, catalog.View, catalog.CreateMode) error {
	return c.fixed()
}

// DropView implements catalog.Catalog.
func (c *Catalog) DropView(context.Context, string, string, bool) error { return c.fixed() }

// Begin implements catalog.Catalog.
func (c *Catalog) Begin(context.Context, catalog.TableSpec, catalog.WriteMode) (*catalog.Staged, error) {
	return nil, c.fixed()
}

// Commit implements catalog.Catalog.
func (c *Catalog) Commit(context.Context, *catalog.Staged, []catalog.File) error { return c.fixed() }

// Abort implements catalog.Catalog.
func (c *Catalog) Abort(context.Context, *catalog.Staged) error { return c.fixed() }

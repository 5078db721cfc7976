// Package infoschema is the database information_schema: tables about the
// tables, views, columns, functions and databases of another catalog. It is read only. A
// table is computed when it is scanned and travels within its split, so that
// executors need not ask the catalog.
package infoschema

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format/arrowipc"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Catalog shows information_schema over another catalog, and nothing else of it.
type Catalog struct{ of catalog.Catalog }

var _ catalog.Catalog = (*Catalog)(nil)

// New returns the information schema of a catalog.
func New(of catalog.Catalog) catalog.Catalog { return &Catalog{of} }

// row is one row: strings, or int64 for BIGINT columns, nil for NULL.
type row []types.Datum

// relation is one of the tables.
type relation struct {
	name, comment string
	schema        types.Schema
	rows          func(ctx context.Context, c catalog.Catalog) ([]row, error)
}

func cols(names ...string) types.Schema {
	var s types.Schema
	for _, n := range names {
		t := types.StringType
		if n == "ordinal_position" {
			t = types.Int64Type
		}
		s = append(s, types.Field{Name: n, Type: t, Nullable: true})
	}
	return s
}

// relations lists the tables, sorted by name.
var relations = []relation{
	{"columns", "columns of tables and views", cols("table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "is_nullable", "full_data_type", "data_type", "comment"), columnRows},
	{"routines", "functions", cols("specific_catalog", "specific_schema", "specific_name", "routine_catalog", "routine_schema", "routine_name", "routine_type", "routine_body", "routine_definition"), routineRows},
	{"schemata", "databases", cols("catalog_name", "schema_name", "schema_owner", "comment"), schemaRows},
	{"tables", "tables and views", cols("table_catalog", "table_schema", "table_name", "table_type", "data_source_format", "storage_path", "comment"), tableRows},
	{"views", "views with their definitions", cols("table_catalog", "table_schema", "table_name", "view_definition", "comment"), viewRows},
}

// each calls f for every table and view of a catalog. What cannot be opened
// (a table whose files are gone) is left out: one broken table must not hide the others.
func each(ctx context.Context, c catalog.Catalog, f func(e catalog.Entry, t catalog.Table, v *catalog.View)) error {
	dbs, err := c.Databases(ctx)
	if err != nil {
		return err
	}
	for _, db := range dbs {
		entries, err := c.List(ctx, db)
		if sqlerr.Is(err, sqlerr.SchemaNotFound) {
			continue // dropped meanwhile
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			t, v, err := c.Lookup(ctx, db, e.Name)
			if err != nil {
				continue
			}
			f(e, t, v)
		}
	}
	return nil
}

func textOrNull(s string) types.Datum {
	if s == "" {
		return nil
	}
	return s
}

func tableRows(ctx context.Context, c catalog.Catalog) (out []row, err error) {
	err = each(ctx, c, func(e catalog.Entry, t catalog.Table, v *catalog.View) {
		r := row{c.Name(), e.Database, e.Name, "VIEW", nil, nil, nil}
		if v != nil {
			r[6] = textOrNull(v.Comment)
		} else {
			info := t.Info()
			r[3] = "EXTERNAL"
			if info.Managed {
				r[3] = "MANAGED"
			}
			r[4], r[5], r[6] = strings.ToUpper(info.Provider), textOrNull(info.Location), textOrNull(info.Comment)
		}
		out = append(out, r)
	})
	return out, err
}

func columnRows(ctx context.Context, c catalog.Catalog) (out []row, err error) {
	err = each(ctx, c, func(e catalog.Entry, t catalog.Table, v *catalog.View) {
		var schema types.Schema
		var comments []string
		if v != nil {
			schema = v.Schema
		} else {
			schema, comments = t.Schema(), t.Info().ColumnComments
		}
		for i, f := range schema {
			nullable, comment := "NO", ""
			if f.Nullable {
				nullable = "YES"
			}
			if i < len(comments) {
				comment = comments[i]
			}
			out = append(out, row{c.Name(), e.Database, e.Name, f.Name, int64(i + 1), nullable, f.Type.String(), strings.ToUpper(f.Type.Kind.String()), textOrNull(comment)})
		}
	})
	return out, err
}

func viewRows(ctx context.Context, c catalog.Catalog) (out []row, err error) {
	err = each(ctx, c, func(e catalog.Entry, _ catalog.Table, v *catalog.View) {
		if v != nil {
			out = append(out, row{c.Name(), e.Database, e.Name, textOrNull(v.SQL), textOrNull(v.Comment)})
		}
	})
	return out, err
}

func schemaRows(ctx context.Context, c catalog.Catalog) (out []row, err error) {
	dbs, err := c.Databases(ctx)
	if err != nil {
		return nil, err
	}
	for _, db := range append(dbs, catalog.InformationSchema) {
		comment := "tables about tables"
		if db != catalog.InformationSchema {
			d, err := c.DescribeDatabase(ctx, db)
			if err != nil {
				continue
			}
			comment = d.Comment
		}
		out = append(out, row{c.Name(), db, nil, textOrNull(comment)})
	}
	return out, nil
}

// definer is a catalog that does not tell everybody how its functions are defined.
type definer interface {
	Defines(ctx context.Context, database, name string) bool
}

func routineRows(ctx context.Context, c catalog.Catalog) (out []row, err error) {
	all, ok := c.(catalog.Functions)
	if !ok {
		return nil, nil
	}
	dbs, err := c.Databases(ctx)
	if err != nil {
		return nil, err
	}
	for _, db := range dbs {
		names, err := all.ListFunctions(ctx, db)
		if sqlerr.Is(err, sqlerr.Unsupported) {
			return nil, nil // it has none
		}
		if sqlerr.Is(err, sqlerr.SchemaNotFound) {
			continue // dropped meanwhile
		}
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return nil, context.Cause(ctx)
			}
			var definition types.Datum
			if d, ok := c.(definer); !ok || d.Defines(ctx, db, name) {
				f, err := all.Function(ctx, db, name)
				if sqlerr.Is(err, sqlerr.RoutineNotFound) {
					continue
				}
				if err == nil {
					definition = textOrNull(f.SQL)
				}
			}
			out = append(out, row{c.Name(), db, name, c.Name(), db, name, "FUNCTION", "SQL", definition})
		}
	}
	return out, nil
}

// table is one of the relations.
type table struct {
	relation
	of catalog.Catalog
}

// Name is catalog.information_schema.name.
func (t *table) Name() catalog.Name {
	return catalog.Name{Catalog: t.of.Name(), Database: catalog.InformationSchema, Table: t.relation.name}
}

func (t *table) Schema() types.Schema    { return t.schema }
func (t *table) PartitionColumns() []int { return nil }
func (t *table) Info() catalog.Info      { return catalog.Info{Provider: "memory", Comment: t.comment} }

// Stats are unknown: finding them is as much work as the rows.
func (t *table) Stats(context.Context) (*catalog.Stats, error) {
	return &catalog.Stats{Rows: -1, Bytes: -1}, nil
}

// Scan computes the rows.
func (t *table) Scan(ctx context.Context, cols []int, _ []expr.Expr, _ catalog.Evaluate) (*catalog.Scan, error) {
	rows, err := t.rows(ctx, t.of)
	if err != nil {
		return nil, err
	}
	b := &vec.Batch{N: len(rows)}
	for c, f := range t.schema {
		vals := make([]types.Datum, len(rows))
		for i, r := range rows {
			vals[i] = r[c]
		}
		b.Cols = append(b.Cols, vec.FromDatums(f.Type, vals...))
	}
	spec, err := arrowipc.Inline(t.schema, b)
	if err != nil {
		return nil, err
	}
	return &catalog.Scan{
		Format: "arrow", Schema: t.schema, Cols: cols,
		Splits: []catalog.Split{{Length: int64(len(spec)), Rows: int64(len(rows)), Spec: spec}},
		Stats:  catalog.Stats{Rows: int64(len(rows)), Bytes: int64(len(spec))},
	}, nil
}

// Name is that of the catalog described.
func (c *Catalog) Name() string { return c.of.Name() }

func (c *Catalog) mine(database string) error {
	if strings.EqualFold(database, catalog.InformationSchema) {
		return nil
	}
	return sqlerr.New(sqlerr.SchemaNotFound, "The schema `%s` cannot be found. Verify the spelling and correctness of the schema and catalog.", database)
}

// Lookup returns one of the tables.
func (c *Catalog) Lookup(_ context.Context, database, name string) (catalog.Table, *catalog.View, error) {
	if err := c.mine(database); err != nil {
		return nil, nil, err
	}
	for _, r := range relations {
		if strings.EqualFold(r.name, name) {
			return &table{r, c.of}, nil, nil
		}
	}
	return nil, nil, sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view `%s`.`%s` cannot be found. Verify the spelling and correctness of the schema and catalog.", catalog.InformationSchema, name)
}

// Databases is information_schema alone.
func (c *Catalog) Databases(context.Context) ([]string, error) {
	return []string{catalog.InformationSchema}, nil
}

// List names the tables.
func (c *Catalog) List(_ context.Context, database string) (out []catalog.Entry, err error) {
	if err := c.mine(database); err != nil {
		return nil, err
	}
	for _, r := range relations {
		out = append(out, catalog.Entry{Database: catalog.InformationSchema, Name: r.name})
	}
	return out, nil
}

// DescribeDatabase describes information_schema.
func (c *Catalog) DescribeDatabase(_ context.Context, name string) (*catalog.Database, error) {
	if err := c.mine(name); err != nil {
		return nil, err
	}
	return &catalog.Database{Name: catalog.InformationSchema, Comment: "tables about tables"}, nil
}

func readOnly() error {
	return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: %s cannot be changed.", catalog.InformationSchema)
}

// Changes are refused.
func (c *Catalog) CreateDatabase(context.Context, catalog.Database, bool) error { return readOnly() }

func (c *Catalog) DropDatabase(context.Context, string, bool, bool) error { return readOnly() }

func (c *Catalog) DropTable(context.Context, string, string, bool, bool) error { return readOnly() }

func (c *Catalog) RenameTable(context.Context, string, string, string) error { return readOnly() }

func (c *Catalog) DropView(context.Context, string, string, bool) error { return readOnly() }

func (c *Catalog) CreateView(context.Context, catalog.View, catalog.CreateMode) error {
	return readOnly()
}
func (c *Catalog) Abort(context.Context, *catalog.Staged) error { return readOnly() }

// CreateTable is refused.
func (c *Catalog) CreateTable(context.Context, catalog.TableSpec, catalog.CreateMode, *catalog.Staged) error {
	return readOnly()
}

// AlterTable is refused.
func (c *Catalog) AlterTable(context.Context, string, string, func(*catalog.TableSpec) error) error {
	return readOnly()
}

// Begin is refused.
func (c *Catalog) Begin(context.Context, catalog.TableSpec, catalog.WriteMode) (*catalog.Staged, error) {
	return nil, readOnly()
}

// Commit is refused.
func (c *Catalog) Commit(context.Context, *catalog.Staged, []catalog.File) error { return readOnly() }

package serve

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Catalogs implements sql.Metadata.
func (s *session) Catalogs(context.Context) ([]string, error) { return s.Session.Catalogs(), nil }

// Schemas implements sql.Metadata. A catalog that is not there has no schemas.
func (s *session) Schemas(ctx context.Context, catalogName string) ([]sql.SchemaName, error) {
	var out []sql.SchemaName
	for _, c := range s.Session.Catalogs() {
		if catalogName != "" && c != catalogName {
			continue
		}
		names, err := s.Databases(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			out = append(out, sql.SchemaName{Catalog: c, Schema: n})
		}
	}
	return out, nil
}

// Tables implements sql.Metadata.
func (s *session) Tables(ctx context.Context, match func(sql.TableName) bool, withSchema bool) iter.Seq2[sql.Table, error] {
	return func(yield func(sql.Table, error) bool) {
		for _, n := range s.temporary() {
			if match(n) && !yield(s.table(ctx, n, withSchema), nil) {
				return
			}
		}
		schemas, err := s.Schemas(ctx, "")
		if err != nil {
			yield(sql.Table{}, err)
			return
		}
		for _, in := range schemas {
			names, err := s.relations(ctx, in)
			if err != nil {
				yield(sql.Table{}, err)
				return
			}
			for _, n := range names {
				if err := ctx.Err(); err != nil {
					yield(sql.Table{}, context.Cause(ctx))
					return
				}
				if match(n) && !yield(s.table(ctx, n, withSchema), nil) {
					return
				}
			}
		}
	}
}

// temporary lists what is in no schema.
func (s *session) temporary() []sql.TableName {
	var out []sql.TableName
	for _, n := range s.TemporaryRelations() {
		out = append(out, sql.TableName{Name: n, Type: sql.LocalTemporary})
	}
	return out
}

// relations lists the tables of a schema in order of type and name. A schema
// that was dropped meanwhile has none.
func (s *session) relations(ctx context.Context, in sql.SchemaName) ([]sql.TableName, error) {
	entries, err := s.Relations(ctx, in.Catalog, in.Schema)
	if sqlerr.Is(err, sqlerr.SchemaNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []sql.TableName
	for _, e := range entries {
		t := sql.BaseTable
		switch {
		case in.Schema == catalog.InformationSchema:
			t = sql.SystemTable
		case e.IsView:
			t = sql.View
		}
		out = append(out, sql.TableName{Catalog: in.Catalog, Schema: in.Schema, Name: e.Name, Type: t})
	}
	slices.SortStableFunc(out, func(a, b sql.TableName) int { return strings.Compare(string(a.Type), string(b.Type)) })
	return out, nil
}

// table describes a table. One that cannot be opened is listed without columns:
// it must not hide the others.
func (s *session) table(ctx context.Context, n sql.TableName, withSchema bool) sql.Table {
	t := sql.Table{TableName: n}
	if !withSchema {
		return t
	}
	name := []string{n.Name}
	if n.Schema != "" {
		name = []string{n.Catalog, n.Schema, n.Name}
	}
	if cols, origins, err := s.Columns(ctx, name...); err == nil {
		t.Columns = arrowSchema(cols, origins)
	}
	return t
}

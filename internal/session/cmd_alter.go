package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// alterTable runs ALTER TABLE and ALTER VIEW.
func (s *Session) alterTable(ctx context.Context, st *statement, n *ast.AlterTable) (*Result, error) {
	if a, ok := n.Action.(*ast.AsQuery); ok {
		if err := s.exists(ctx, st, &n.Name); err != nil {
			return nil, err
		}
		v := &ast.CreateView{Span: n.Span, Name: n.Name, Replace: true, Query: a.Query}
		parts, err := s.parts(ctx, st, &n.Name)
		if err != nil {
			return nil, err
		}
		v.Temporary, v.Global = s.tempView(parts) != nil, len(parts) == 2 && s.tempView(parts) != nil
		return s.createView(ctx, st, v)
	}
	t, err := s.find(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	if r, ok := n.Action.(*ast.RenameTo); ok {
		return empty(), s.rename(ctx, st, n, t, r)
	}
	if r, err, ok := s.alterRights(ctx, st, n, t); ok {
		return r, err
	}
	if s.tempView(t.parts) != nil {
		return nil, sqlerr.New(sqlerr.ExpectTableNotView, "'ALTER TABLE' expects a table but %s is a view.", quote(t.parts)).At(n.Name.Pos())
	}
	tb, v, err := t.lookup(ctx)
	switch {
	case err != nil:
		return nil, sqlerr.At(err, n.Name.Pos())
	case v != nil:
		return nil, sqlerr.New(sqlerr.ExpectTableUseAlterView, "'ALTER TABLE' expects a table but %s is a view. Please use ALTER VIEW instead.", quote(t.parts)).At(n.Name.Pos())
	}
	if a, ok := n.Action.(*ast.DropPartitions); ok {
		return empty(), s.dropPartitions(ctx, st, n, a, t, tb)
	}
	change, err := s.change(ctx, st, n, tb)
	if err != nil {
		return nil, err
	}
	return empty(), sqlerr.At(t.cat.AlterTable(ctx, t.db, t.name, change), n.Name.Pos())
}

// change makes the edit of a table's record that an action means.
func (s *Session) change(ctx context.Context, st *statement, n *ast.AlterTable, tb catalog.Table) (func(*catalog.TableSpec) error, error) {
	switch a := n.Action.(type) {
	case *ast.SetProperties:
		props, err := s.options(ctx, st, a.Properties)
		if err != nil {
			return nil, err
		}
		return func(t *catalog.TableSpec) error {
			m := map[string]string{}
			for k, v := range t.Info.Properties {
				m[k] = v
			}
			for k, v := range props {
				if a.Unset {
					delete(m, k)
				} else {
					m[k] = v
				}
			}
			t.Info.Properties = m
			return nil
		}, nil
	case *ast.AddColumns:
		return addColumns(a, tb)
	case *ast.RenameColumn:
		return nil, unsupportedAlter(n, "RENAME COLUMN")
	case *ast.DropColumns:
		return nil, unsupportedAlter(n, "DROP COLUMN")
	case *ast.ReplaceColumns:
		return nil, unsupportedAlter(n, "REPLACE COLUMNS")
	case *ast.ChangeColumn:
		return changeColumn(n, a, tb)
	case *ast.SetLocation:
		if len(a.Partition) > 0 {
			return nil, unsupportedAlter(n, "PARTITION … SET LOCATION")
		}
		return func(t *catalog.TableSpec) error {
			if err := s.mayUse(a.Location); err != nil {
				return sqlerr.At(err, n.Pos())
			}
			t.Info.Location, t.Info.Managed = a.Location, false
			return nil
		}, nil
	}
	return nil, unsupportedAlter(n, "this change of partitions").WithHint("Partitions are those that hold files; INSERT makes them.")
}

func unsupportedAlter(n *ast.AlterTable, what string) *sqlerr.Error {
	return sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: Table %s does not support %s. Please check the current catalog and namespace to make sure the qualified table name is expected.", quote(n.Name.Parts), what).At(n.Pos())
}

// addColumns adds columns before the partition columns. Older files lack them
// and give NULL.
func addColumns(a *ast.AddColumns, tb catalog.Table) (func(*catalog.TableSpec) error, error) {
	for _, c := range a.Columns {
		if len(c.Name.Parts) > 1 || c.Place != nil {
			return nil, sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: ADD COLUMNS into a struct or at a place.").At(c.Pos())
		}
		if c.NotNull {
			return nil, sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: ADD COLUMNS with NOT NULL.").At(c.Pos())
		}
	}
	return func(t *catalog.TableSpec) error {
		schema := t.Schema
		if len(schema) == 0 {
			schema = tb.Schema()
		}
		data := len(schema) - len(t.Partitioned)
		var added types.Schema
		for _, c := range a.Columns {
			name := c.Name.Last()
			if schema.Index(name) >= 0 || added.Index(name) >= 0 {
				if a.IfNotExists {
					continue
				}
				return sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists. Choose another name or rename the existing column.", strings.ToLower(name)).At(c.Pos())
			}
			added = append(added, types.Field{Name: name, Type: c.Type.Type, Nullable: true})
			def := ""
			if c.Default != nil {
				def = ast.SQL(c.Default)
			}
			at := data + len(added) - 1
			t.Info.ColumnComments = place(t.Info.ColumnComments, len(schema), at, c.Comment)
			t.Info.ColumnDefaults = place(t.Info.ColumnDefaults, len(schema), at, def)
		}
		out := append(types.Schema{}, schema[:data]...)
		t.Schema = append(append(out, added...), schema[data:]...)
		return nil
	}, nil
}

// place inserts text at a place of a list that may be shorter than the schema's n columns.
func place(list []string, n, at int, text string) []string {
	out := append([]string(nil), list...)
	for len(out) < max(n, at) {
		out = append(out, "")
	}
	return append(out[:at:at], append([]string{text}, out[at:]...)...)
}

// changeColumn changes a column's comment or default, or widens its type.
func changeColumn(n *ast.AlterTable, a *ast.ChangeColumn, tb catalog.Table) (func(*catalog.TableSpec) error, error) {
	i := tb.Schema().Index(a.Column.Last())
	if i < 0 || len(a.Column.Parts) > 1 {
		var names []string
		for _, f := range tb.Schema() {
			names = append(names, f.Name)
		}
		return nil, sqlerr.New(sqlerr.UnresolvedColumn, "A column, variable, or function parameter with name %s cannot be resolved.", quote(a.Column.Parts)).
			At(a.Column.Pos()).WithHint("Did you mean one of the following? [%s].", strings.Join(sqlerr.Nearest(a.Column.Last(), names, 5), ", "))
	}
	old := tb.Schema()[i]
	switch {
	case a.NotNull != nil || a.Place != nil:
		return nil, unsupportedAlter(n, "ALTER COLUMN … SET NOT NULL or a new place")
	case a.Type != nil && !a.Type.Type.SameShape(old.Type):
		for _, p := range tb.PartitionColumns() {
			if p == i {
				return nil, sqlerr.New(sqlerr.NotSupportedChangeColumn, "ALTER TABLE ALTER/CHANGE COLUMN is not supported for changing the partition column `%s`.", old.Name).At(a.Pos())
			}
		}
		if !coerce.CanUpCast(old.Type, a.Type.Type) || a.Type.Type.Kind == types.String {
			return nil, sqlerr.New(sqlerr.NotSupportedChangeColumn, "ALTER TABLE ALTER/CHANGE COLUMN is not supported for changing %s's column `%s` with type %q to `%s` with type %q.", quote(n.Name.Parts), old.Name, old.Type.SQL(), old.Name, a.Type.Type.SQL()).At(a.Pos())
		}
	}
	return func(t *catalog.TableSpec) error {
		if len(t.Schema) == 0 {
			t.Schema = append(types.Schema{}, tb.Schema()...)
		}
		if a.Type != nil {
			t.Schema = append(types.Schema{}, t.Schema...)
			t.Schema[i].Type = a.Type.Type
		}
		set := func(list []string, text string) []string {
			out := append([]string(nil), list...)
			for len(out) < len(t.Schema) {
				out = append(out, "")
			}
			out[i] = text
			return out
		}
		if a.Comment != nil {
			t.Info.ColumnComments = set(t.Info.ColumnComments, *a.Comment)
		}
		if a.Default != nil || a.DropDefault {
			text := ""
			if a.Default != nil {
				text = ast.SQL(a.Default)
			}
			t.Info.ColumnDefaults = set(t.Info.ColumnDefaults, text)
		}
		return nil
	}, nil
}

// rename renames a table or view, temporary or not.
func (s *Session) rename(ctx context.Context, st *statement, n *ast.AlterTable, t *target, r *ast.RenameTo) error {
	to, err := s.find(ctx, st, &r.Name)
	if err != nil {
		return err
	}
	if v := s.tempView(t.parts); v != nil && len(t.parts) == 1 {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.views[strings.ToLower(to.name)] != nil {
			return sqlerr.New(sqlerr.TempViewAlreadyExists, "Cannot rename to `%s` because it already exists.", to.name).At(r.Name.Pos())
		}
		delete(s.views, strings.ToLower(t.name))
		w := *v
		w.name = to.name
		if v.def != nil {
			d := *v.def
			d.Name = []string{to.name}
			w.def = &d
		}
		s.views[strings.ToLower(to.name)] = &w
		return nil
	}
	if len(to.parts) > 1 && (to.cat != t.cat || !strings.EqualFold(to.db, t.db)) {
		return sqlerr.New(sqlerr.RenameAcrossSchemas, "Renaming a table across schemas is not allowed: %s, %s.", quote(t.parts), quote(to.parts)).At(r.Name.Pos())
	}
	if _, _, err := t.lookup(ctx); err != nil {
		return sqlerr.At(err, n.Name.Pos())
	}
	return sqlerr.At(t.cat.RenameTable(ctx, t.db, t.name, to.name), n.Name.Pos())
}

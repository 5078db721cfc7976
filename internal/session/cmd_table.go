package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// createTable runs CREATE TABLE and CREATE TABLE AS.
func (s *Session) createTable(ctx context.Context, st *statement, n *ast.CreateTable) (*Result, error) {
	if n.Temporary {
		return nil, sqlerr.New(sqlerr.Unsupported, "CREATE TEMPORARY TABLE is not supported yet. Please use CREATE TEMPORARY VIEW as an alternative.").At(n.Pos())
	}
	t, err := s.place(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	mode := createMode(n.Replace || n.ReplaceOnly, n.IfNotExists)
	_, v, err := t.cat.Lookup(ctx, t.db, t.name)
	known := err == nil
	switch {
	case err != nil && !sqlerr.Is(err, sqlerr.TableOrViewNotFound):
		return nil, sqlerr.At(err, n.Name.Pos())
	case known && mode == catalog.CreateIfNotExists:
		return empty(), nil
	case known && (mode == catalog.CreateNew || v != nil):
		return nil, tableExists(t).At(n.Name.Pos())
	case !known && n.ReplaceOnly:
		return nil, tableNotFound(t.parts).At(n.Name.Pos())
	}
	spec, err := s.tableSpec(ctx, st, n, t)
	if err != nil {
		return nil, err
	}
	if n.Query != nil {
		return s.createTableAs(ctx, st, n, t, spec, mode)
	}
	if spec.Access, err = s.firstRules(ctx, st, n, spec.Schema); err != nil {
		return nil, err
	}
	return empty(), sqlerr.At(t.cat.CreateTable(ctx, spec, mode, nil), n.Name.Pos())
}

func tableExists(t *target) *sqlerr.Error {
	return sqlerr.New(sqlerr.TableOrViewAlreadyExists, "Cannot create table or view %s because it already exists. Choose a different name, drop or replace the existing object, or add the IF NOT EXISTS clause to tolerate pre-existing objects.",
		quote([]string{t.db, t.name}))
}

// tableSpec describes the table of a CREATE TABLE. Its schema is empty if the
// query or the files tell it.
func (s *Session) tableSpec(ctx context.Context, st *statement, n *ast.CreateTable, t *target) (catalog.TableSpec, error) {
	spec := catalog.TableSpec{Name: t.full()}
	options, err := s.options(ctx, st, n.Options)
	if err != nil {
		return spec, err
	}
	props, err := s.options(ctx, st, n.Properties)
	if err != nil {
		return spec, err
	}
	spec.Info = catalog.Info{
		Provider: strings.ToLower(n.Using), Location: n.Location, Comment: n.Comment, Owner: s.cfg.User, Created: st.now.UnixMicro(),
		Options: options, Properties: props,
	}
	if spec.Info.Provider == "" {
		spec.Info.Provider = settings.DefaultFormat.Get(st.snap)
	}
	for k, v := range options {
		if strings.EqualFold(k, "path") {
			if n.Location != "" {
				return spec, sqlerr.New(sqlerr.DuplicateLocation, "LOCATION and 'path' in OPTIONS are both used to indicate the custom table path, you can only specify one of them.").At(n.Pos())
			}
			spec.Info.Location = v
			delete(options, k)
		}
	}
	if r, ok := s.env(st).Resolver.(*resolver); ok && s.cfg.HasFormat != nil && !r.HasFormat(spec.Info.Provider) {
		return spec, sqlerr.New(sqlerr.DataSourceNotFound, "Failed to find the data source: %s. Make sure the provider name is correct.", n.Using).At(n.Pos())
	}
	spec.Info.Managed = spec.Info.Location == ""
	if err := s.mayUse(spec.Info.Location); err != nil {
		return spec, sqlerr.At(err, n.Pos())
	}
	if n.Buckets != nil {
		return spec, sqlerr.New(sqlerr.Unsupported, "CLUSTERED BY … INTO BUCKETS is not supported.").At(n.Buckets.Pos())
	}
	return spec, columnsOf(&spec, n)
}

// columnsOf fills in the columns: those listed, and those PARTITIONED BY adds
// with a type. Partition columns go last.
func columnsOf(spec *catalog.TableSpec, n *ast.CreateTable) error {
	defs := append([]ast.ColumnDef(nil), n.Columns...)
	for _, p := range n.PartitionBy {
		switch {
		case p.Transform != nil:
			return sqlerr.New(sqlerr.Unsupported, "Partitioning by the transform %s is not supported.", ast.SQL(p.Transform)).At(p.Pos())
		case p.Column != nil:
			defs = append(defs, *p.Column)
			spec.Partitioned = append(spec.Partitioned, p.Column.Name.Last())
		default:
			spec.Partitioned = append(spec.Partitioned, p.Name)
		}
	}
	schema, err := columnsSchema(defs)
	if err != nil {
		return err
	}
	if len(schema) == 0 {
		return nil
	}
	if err := unique(schema, n.Pos()); err != nil {
		return err
	}
	last := map[int]bool{}
	var order []int
	for _, p := range spec.Partitioned {
		i := schema.Index(p)
		if i < 0 {
			return sqlerr.New(sqlerr.ColumnNotFound, "The partition column `%s` is not among the columns of the table.", p).At(n.Pos())
		}
		if last[i] {
			return sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists. Choose another name or rename the existing column.", p).At(n.Pos())
		}
		last[i] = true
		order = append(order, i)
	}
	if len(order) == len(schema) {
		return sqlerr.New(sqlerr.AllPartitionColumns, "Cannot use all columns for partition columns.").At(n.Pos())
	}
	var head []int
	for i := range schema {
		if !last[i] {
			head = append(head, i)
		}
	}
	for _, i := range append(head, order...) {
		spec.Schema = append(spec.Schema, schema[i])
		spec.Info.ColumnComments = append(spec.Info.ColumnComments, defs[i].Comment)
		def := ""
		if defs[i].Default != nil {
			def = ast.SQL(defs[i].Default)
		}
		spec.Info.ColumnDefaults = append(spec.Info.ColumnDefaults, def)
	}
	return nil
}

// columnsSchema is the schema of column definitions.
func columnsSchema(defs []ast.ColumnDef) (types.Schema, error) {
	var schema types.Schema
	for _, d := range defs {
		if d.Generated != nil {
			return nil, sqlerr.New(sqlerr.UnsupportedTableOperation, "The feature is not supported: generated columns.").At(d.Pos())
		}
		schema = append(schema, types.Field{Name: d.Name.Last(), Type: d.Type.Type, Nullable: !d.NotNull})
	}
	return schema, nil
}

// createTableAs runs CREATE TABLE AS: the query's rows are staged, and the
// table appears with them.
func (s *Session) createTableAs(ctx context.Context, st *statement, n *ast.CreateTable, t *target, spec catalog.TableSpec, mode catalog.CreateMode) (*Result, error) {
	if len(n.Columns) > 0 {
		return nil, sqlerr.New(sqlerr.OperationNotAllowed, "Schema may not be specified in a Create Table As Select (CTAS) statement.").At(n.Columns[0].Pos())
	}
	env := s.env(st)
	p, err := bind.Query(ctx, env, n.Query)
	if err != nil {
		return nil, err
	}
	schema := p.Schema()
	for i := range schema {
		schema[i].Nullable = true
		if schema[i].Type.Kind == types.Null {
			return nil, sqlerr.New(sqlerr.UnsupportedFormatType, "The %s datasource doesn't support the column `%s` of the type \"VOID\".", spec.Info.Provider, schema[i].Name).At(n.Query.Pos())
		}
	}
	if err := unique(schema, n.Query.Pos()); err != nil {
		return nil, err
	}
	order, err := partitionsLast(schema, spec.Partitioned, n.Pos())
	if err != nil {
		return nil, err
	}
	spec.Schema = nil
	for _, i := range order {
		spec.Schema = append(spec.Schema, schema[i])
	}
	if spec.Access, err = s.firstRules(ctx, st, n, spec.Schema); err != nil {
		return nil, err
	}
	r, err := s.createFrom(ctx, st, env, p.Arrange(order), t, spec, mode)
	return r, sqlerr.At(err, n.Name.Pos())
}

// createFrom writes the rows of a plan and makes the table with them, at once.
func (s *Session) createFrom(ctx context.Context, st *statement, env *bind.Env, p *bind.Plan, t *target, spec catalog.TableSpec, mode catalog.CreateMode) (*Result, error) {
	staged, err := t.cat.Begin(ctx, spec, catalog.Overwrite)
	if err != nil {
		return nil, err
	}
	files, err := s.write(ctx, st, env, p, staged.Target)
	if err == nil {
		staged.Files = files
		err = t.cat.CreateTable(ctx, spec, mode, staged)
	}
	if err != nil {
		s.abort(t.cat, staged)
		return nil, err
	}
	return wrote(files), nil
}

// partitionsLast is an order of columns in which the named ones stand last.
func partitionsLast(schema types.Schema, names []string, pos int) ([]int, error) {
	last := map[int]bool{}
	var tail, order []int
	for _, p := range names {
		i := schema.Index(p)
		if i < 0 {
			return nil, sqlerr.New(sqlerr.ColumnNotFound, "The partition column `%s` is not among the columns of the query.", p).At(pos)
		}
		last[i] = true
		tail = append(tail, i)
	}
	if len(tail) > 0 && len(tail) == len(schema) {
		return nil, sqlerr.New(sqlerr.AllPartitionColumns, "Cannot use all columns for partition columns.").At(pos)
	}
	for i := range schema {
		if !last[i] {
			order = append(order, i)
		}
	}
	return append(order, tail...), nil
}

// createTableLike runs CREATE TABLE t LIKE source.
func (s *Session) createTableLike(ctx context.Context, st *statement, n *ast.CreateTableLike) (*Result, error) {
	t, err := s.place(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	spec := catalog.TableSpec{Name: t.full()}
	src, err := s.find(ctx, st, &n.Source)
	if err != nil {
		return nil, err
	}
	if v := s.tempView(src.parts); v != nil {
		if spec.Schema, err = s.viewColumns(ctx, st, src.parts); err != nil {
			return nil, err
		}
	} else {
		tb, vw, err := src.lookup(ctx)
		switch {
		case err != nil:
			return nil, sqlerr.At(err, n.Source.Pos())
		case vw != nil:
			spec.Schema = vw.Schema
		default:
			spec.Schema = tb.Schema()
			for _, i := range tb.PartitionColumns() {
				spec.Partitioned = append(spec.Partitioned, spec.Schema[i].Name)
			}
			info := tb.Info()
			spec.Info.Provider, spec.Info.Options, spec.Info.ColumnComments = info.Provider, info.Options, info.ColumnComments
		}
	}
	if n.Using != "" {
		spec.Info.Provider = strings.ToLower(n.Using)
	}
	if spec.Info.Provider == "" || spec.Info.Provider == "view" {
		spec.Info.Provider = settings.DefaultFormat.Get(st.snap)
	}
	if spec.Info.Properties, err = s.options(ctx, st, n.Properties); err != nil {
		return nil, err
	}
	if err := s.mayUse(n.Location); err != nil {
		return nil, sqlerr.At(err, n.Pos())
	}
	spec.Info.Location, spec.Info.Managed, spec.Info.Owner, spec.Info.Created = n.Location, n.Location == "", s.cfg.User, s.now(st)
	return empty(), sqlerr.At(t.cat.CreateTable(ctx, spec, createMode(false, n.IfNotExists), nil), n.Name.Pos())
}

// viewColumns is the schema of a query over a name.
func (s *Session) viewColumns(ctx context.Context, st *statement, parts []string) (types.Schema, error) {
	p, err := bind.Query(ctx, s.env(st), &ast.Query{Body: &ast.TableBody{Name: ast.N(parts...)}})
	if err != nil {
		return nil, err
	}
	return p.Schema(), nil
}

func (s *Session) now(st *statement) int64 {
	s.env(st)
	return st.now.UnixMicro()
}

// createDatabase runs CREATE DATABASE.
func (s *Session) createDatabase(ctx context.Context, st *statement, n *ast.CreateDatabase) (*Result, error) {
	cat, name, err := s.namespace(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	props, err := s.options(ctx, st, n.Properties)
	if err != nil {
		return nil, err
	}
	if err := s.mayUse(n.Location); err != nil {
		return nil, sqlerr.At(err, n.Pos())
	}
	d := catalog.Database{Name: name, Comment: n.Comment, Location: n.Location, Properties: props}
	return empty(), sqlerr.At(cat.CreateDatabase(ctx, d, n.IfNotExists), n.Name.Pos())
}

// namespace finds the catalog and name of a database: db or catalog.db.
func (s *Session) namespace(ctx context.Context, st *statement, n *ast.Name) (catalog.Catalog, string, error) {
	cat, db := s.Current()
	parts, err := s.parts(ctx, st, n)
	if err != nil {
		return nil, "", err
	}
	switch len(parts) {
	case 0:
	case 1:
		db = parts[0]
	case 2:
		if cat, db = parts[0], parts[1]; s.catalogNamed(cat) == nil {
			return nil, "", sqlerr.New(sqlerr.SchemaNotFound, "The schema %s cannot be found.", quote(parts)).At(n.Pos())
		}
	default:
		return nil, "", sqlerr.New(sqlerr.TooManyNameParts, "%s is not a valid identifier as it has more than 2 name parts.", quote(parts)).At(n.Pos())
	}
	return holding(s.catalogNamed(cat), db), db, nil
}

// drop runs DROP of any kind.
func (s *Session) drop(ctx context.Context, st *statement, n *ast.Drop) (*Result, error) {
	switch n.Kind {
	case ast.ObjDatabase:
		cat, name, err := s.namespace(ctx, st, &n.Name)
		if err != nil {
			return nil, err
		}
		if err := cat.DropDatabase(ctx, name, n.IfExists, n.Cascade); err != nil {
			return nil, sqlerr.At(err, n.Name.Pos())
		}
		return empty(), nil
	case ast.ObjFunction, ast.ObjVariable:
		if n.Kind == ast.ObjFunction {
			if err, ok := s.dropStored(ctx, st, n); ok {
				return empty(), err
			}
		}
		return empty(), s.dropNamed(n)
	}
	t, err := s.find(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	if s.dropTempView(t.parts) {
		return empty(), nil
	}
	if n.Kind == ast.ObjView {
		err = t.cat.DropView(ctx, t.db, t.name, n.IfExists)
	} else {
		err = t.cat.DropTable(ctx, t.db, t.name, n.IfExists, n.Purge)
	}
	if e := sqlerr.As(err); e != nil && (e.Cond == sqlerr.TableOrViewNotFound || e.Cond == sqlerr.SchemaNotFound) {
		if n.IfExists {
			return empty(), nil
		}
		err = tableNotFound(t.parts)
	}
	return empty(), sqlerr.At(err, n.Name.Pos())
}

// dropTempView removes a temporary view, if there is one of that name.
func (s *Session) dropTempView(parts []string) bool {
	if s.tempView(parts) == nil {
		return false
	}
	key := strings.ToLower(parts[len(parts)-1])
	if len(parts) == 2 {
		s.shared.mu.Lock()
		defer s.shared.mu.Unlock()
		delete(s.shared.views, key)
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.views, key)
	return true
}

// dropNamed removes a function or a variable.
func (s *Session) dropNamed(n *ast.Drop) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(n.Name.Last())
	if n.Kind == ast.ObjVariable {
		if s.vars[key] == nil && !n.IfExists {
			return sqlerr.New(sqlerr.VariableNotFound, "The variable %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quote(n.Name.Parts)).At(n.Name.Pos())
		}
		delete(s.vars, key)
		return nil
	}
	if s.funcs[key] == nil && !n.IfExists {
		return sqlerr.New(sqlerr.RoutineNotFound, "The routine %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quote(n.Name.Parts)).At(n.Name.Pos())
	}
	delete(s.funcs, key)
	return nil
}

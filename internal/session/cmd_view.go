package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// createView runs CREATE VIEW of all kinds.
func (s *Session) createView(ctx context.Context, st *statement, n *ast.CreateView) (*Result, error) {
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	if n.Temporary || n.Global {
		return s.createTempView(ctx, st, n, parts)
	}
	t, err := s.place(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	env := s.env(st)
	cat, db := s.Current()
	env.Resolver = &resolver{s: s, catalog: cat, database: db, permanent: true, forObject: []string{t.cat.Name(), t.db, t.name}, as: s.viewer}
	env.Views = []string{strings.ToLower(t.cat.Name() + "." + t.db + "." + t.name)}
	p, err := bind.Query(ctx, env, n.Query)
	if err != nil {
		return nil, err
	}
	schema, err := viewSchema(p, n)
	if err != nil {
		return nil, err
	}
	v := catalog.View{
		Name: t.full(), SQL: st.source(n.Query), Comment: n.Comment, Schema: schema, Database: db, Settings: st.snap.Map(),
	}
	for _, c := range n.Columns {
		v.Columns = append(v.Columns, c.Name)
	}
	return empty(), sqlerr.At(t.cat.CreateView(ctx, v, createMode(n.Replace, n.IfNotExists)), n.Name.Pos())
}

func createMode(replace, ifNotExists bool) catalog.CreateMode {
	switch {
	case replace:
		return catalog.CreateOrReplace
	case ifNotExists:
		return catalog.CreateIfNotExists
	}
	return catalog.CreateNew
}

// viewSchema is what a view gives: the columns of its query under the names
// of CREATE VIEW. Two columns of one name are an error.
func viewSchema(p *bind.Plan, n *ast.CreateView) (types.Schema, error) {
	schema := p.Schema()
	if len(n.Columns) > 0 {
		if len(n.Columns) != len(schema) {
			cond, why := sqlerr.CreateViewArity, "not enough data columns"
			if len(schema) > len(n.Columns) {
				cond, why = sqlerr.CreateViewArityMany, "too many data columns"
			}
			return nil, sqlerr.New(cond, "Cannot create view %s, the reason is %s: it names %d columns, and its query gives %d.", quote(n.Name.Parts), why, len(n.Columns), len(schema)).At(n.Pos())
		}
		for i, c := range n.Columns {
			schema[i].Name = c.Name
		}
	}
	return schema, unique(schema, n.Pos())
}

// unique is the error of two columns of one name.
func unique(schema types.Schema, pos int) error {
	seen := map[string]bool{}
	for _, f := range schema {
		k := strings.ToLower(f.Name)
		if seen[k] {
			return sqlerr.New(sqlerr.ColumnAlreadyExists, "The column `%s` already exists. Choose another name or rename the existing column.", k).At(pos)
		}
		seen[k] = true
	}
	return nil
}

func (s *Session) createTempView(ctx context.Context, st *statement, n *ast.CreateView, parts []string) (*Result, error) {
	name := parts[len(parts)-1]
	if len(parts) > 1 && !(n.Global && len(parts) == 2 && strings.EqualFold(parts[0], GlobalTemp)) {
		return nil, sqlerr.New(sqlerr.TempViewTooManyParts, "CREATE TEMPORARY VIEW or the corresponding Dataset APIs only accept single-part view names, but got: %s.", quote(parts)).At(n.Name.Pos())
	}
	full := []string{name}
	if n.Global {
		full = []string{GlobalTemp, name}
	}
	v := &view{name: name, by: s.cfg.User}
	if n.Query == nil {
		if err := s.fileView(ctx, st, n, v); err != nil {
			return nil, err
		}
	} else {
		env := s.env(st)
		env.Views = []string{strings.ToLower(strings.Join(full, "."))}
		p, err := bind.Query(ctx, env, n.Query)
		if err != nil {
			return nil, err
		}
		if _, err := viewSchema(p, n); err != nil {
			return nil, err
		}
		v.def = &bind.View{Name: full, Query: n.Query, SQL: st.source(n.Query), Base: max(n.Query.Pos(), 0), Resolver: env.Resolver, Settings: st.snap}
		for _, c := range n.Columns {
			v.def.Columns = append(v.def.Columns, c.Name)
		}
		v.text = v.def.SQL
	}
	return empty(), sqlerr.At(s.putView(v, n.Global, createMode(n.Replace, n.IfNotExists)), n.Name.Pos())
}

// putView records a temporary view.
func (s *Session) putView(v *view, global bool, mode catalog.CreateMode) error {
	mu, views := &s.mu, s.views
	if global {
		mu = &s.shared.mu
	}
	mu.Lock()
	defer mu.Unlock()
	if global {
		if s.shared.views == nil {
			s.shared.views = map[string]*view{}
		}
		views = s.shared.views
	}
	key := strings.ToLower(v.name)
	if old := views[key]; old != nil {
		if global && !s.hasView(old) {
			return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: the name `%s` is another user's.", v.name)
		}
		switch mode {
		case catalog.CreateIfNotExists:
			return nil
		case catalog.CreateNew:
			return sqlerr.New(sqlerr.TempViewAlreadyExists, "Cannot create the temporary view `%s` because it already exists. Choose a different name, drop or replace the existing view, or add the IF NOT EXISTS clause to tolerate pre-existing views.", v.name)
		}
	}
	views[key] = v
	return nil
}

// fileView opens the files of CREATE TEMPORARY VIEW v USING format OPTIONS (path '…').
func (s *Session) fileView(ctx context.Context, st *statement, n *ast.CreateView, v *view) error {
	options, err := s.options(ctx, st, n.Options)
	if err != nil {
		return err
	}
	path := ""
	for k, o := range options {
		if strings.EqualFold(k, "path") {
			path = o
			delete(options, k)
		}
	}
	if path == "" {
		return sqlerr.New(sqlerr.InvalidEmptyLocation, "The location name cannot be empty string, but `` was given.").At(n.Pos()).WithHint("Give it by OPTIONS (path '…').")
	}
	if s.cfg.Open == nil {
		return sqlerr.New(sqlerr.FileNotFound, "Path does not exist: %s.", path).At(n.Pos())
	}
	if err := s.mayFiles(ctx, catalog.Select); err != nil {
		return sqlerr.At(err, n.Pos())
	}
	declared, err := columnsSchema(n.Schema)
	if err != nil {
		return err
	}
	for i := range declared { // files promise nothing
		declared[i].Type, declared[i].Nullable = declared[i].Type.Loose(), true
	}
	if err := unique(declared, n.Pos()); err != nil {
		return err
	}
	v.table, err = s.cfg.Open(ctx, n.Using, path, options, declared)
	v.text = "USING " + n.Using
	return sqlerr.At(err, n.Pos())
}

// options folds OPTIONS (key = value) to text.
func (s *Session) options(ctx context.Context, st *statement, ps []ast.Property) (map[string]string, error) {
	m := map[string]string{}
	for _, p := range ps {
		v := ""
		if p.Value != nil {
			l, err := bind.Scalar(ctx, s.env(st), p.Value)
			if err != nil {
				return nil, err
			}
			if l, err = bind.Cast(ctx, s.env(st), l, types.StringType); err != nil {
				return nil, err
			}
			v, _ = l.Value.(string)
		}
		if _, dup := m[p.Key]; dup {
			return nil, sqlerr.New(sqlerr.DuplicateKey, "Found duplicate keys `%s`.", p.Key).At(p.Pos())
		}
		m[p.Key] = v
	}
	return m, nil
}

// createFunction runs CREATE FUNCTION with an SQL body. Functions live as long
// as the session, also those that are not TEMPORARY, unless the name says a database.
func (s *Session) createFunction(ctx context.Context, st *statement, n *ast.CreateFunction) (*Result, error) {
	if n.ClassName != "" {
		return nil, sqlerr.New(sqlerr.Unsupported, "The function %s is defined by a class (%s), which only a JVM can run.", quote(n.Name.Parts), n.ClassName).
			At(n.Pos()).WithHint("Define it in SQL: CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1.")
	}
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	name := n.Name.Last()
	key := strings.ToLower(name)
	seen := map[string]bool{}
	for _, p := range n.Params {
		k := strings.ToLower(p.Name.Last())
		if seen[k] {
			return nil, sqlerr.New(sqlerr.ParameterDuplicate, "Found duplicate name(s) in the parameter list of the user-defined routine %s: `%s`.", name, k).At(p.Pos())
		}
		seen[k] = true
	}
	if len(parts) > 1 && !n.Temporary {
		return s.createStored(ctx, st, n)
	}
	f := &bind.Function{Name: name, Params: n.Params, Returns: n.Returns, Body: n.Body, Query: n.Query, Table: n.ReturnTable}
	env := s.env(st)
	f.Resolver = env.Resolver
	if st.text != "" {
		f.Text = &sqlerr.Text{Object: "FUNCTION " + name, Source: st.text}
	}
	if err := bind.Check(ctx, env, f); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.funcs[key] != nil && !n.Replace {
		if n.IfNotExists {
			return empty(), nil
		}
		return nil, sqlerr.New(sqlerr.RoutineExists, "Cannot create the routine `%s` because a routine of that name already exists.", name).At(n.Name.Pos())
	}
	s.funcs[key] = f
	return empty(), nil
}

package session

import (
	"context"
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// set runs SET key = value, SET key, SET and SET -v.
func (s *Session) set(n *ast.SetConf) (*Result, error) {
	schema := setSchema(n)
	switch {
	case n.Verbose:
		snap := s.Settings.Snapshot()
		var rows [][]types.Datum
		for _, x := range settings.Table() {
			rows = append(rows, row(x.Key, snap.Get(x.Key), x.Doc, x.Since))
		}
		return table(schema, rows...), nil
	case n.Key == "":
		var rows [][]types.Datum
		for _, kv := range s.Settings.Snapshot().Pairs() {
			rows = append(rows, row(kv[0], kv[1]))
		}
		return table(schema, rows...), nil
	case n.Value == nil:
		v, ok := s.Settings.Snapshot().Lookup(n.Key)
		if !ok {
			v = "<undefined>"
		}
		return table(schema, row(n.Key, v)), nil
	}
	if err := s.Settings.Set(n.Key, *n.Value); err != nil {
		return nil, sqlerr.At(err, n.Pos())
	}
	return table(schema, row(n.Key, *n.Value)), nil
}

// setSchema is what SET gives.
func setSchema(n *ast.SetConf) types.Schema {
	if n.Verbose {
		return strs("key", "value", "meaning", "Since version")
	}
	return strs("key", "value")
}

// setTimeZone runs SET TIME ZONE.
func (s *Session) setTimeZone(n *ast.SetTimeZone) (*Result, error) {
	zone := n.Zone
	switch {
	case n.Offset != nil:
		_, v, err := n.Offset.Value()
		if err != nil {
			return nil, err
		}
		d := time.Duration(v.(int64)) * time.Microsecond
		if d%time.Second != 0 || d.Abs() > 18*time.Hour {
			return nil, sqlerr.New(sqlerr.TimezoneInterval, "The interval value must be in the range of [-18, +18] hours with second precision.").At(n.Pos())
		}
		sign := "+"
		if d < 0 {
			sign = "-"
		}
		zone = sign + time.Time{}.Add(d.Abs()).Format("15:04:05")
		zone = strings.TrimSuffix(zone, ":00")
		if len(zone) == 3 {
			zone += ":00"
		}
	case zone == "":
		zone = time.Local.String()
		if zone == "Local" {
			s.Settings.Reset(settings.SessionTimeZone.Key)
			return table(strs("key", "value"), row(settings.SessionTimeZone.Key, "")), nil
		}
	}
	if err := s.Settings.Set(settings.SessionTimeZone.Key, zone); err != nil {
		return nil, sqlerr.At(err, n.Pos())
	}
	return table(strs("key", "value"), row(settings.SessionTimeZone.Key, zone)), nil
}

// use runs USE: a database of the current catalog, catalog.database, or a catalog.
func (s *Session) use(ctx context.Context, st *statement, n *ast.Use) (*Result, error) {
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	cat, db := "", parts[len(parts)-1]
	switch {
	case len(parts) > 2:
		return nil, sqlerr.New(sqlerr.SchemaNotFound, "The schema %s cannot be found.", quote(parts)).At(n.Name.Pos())
	case n.Kind == ast.ObjCatalog && len(parts) == 1:
		cat, db = parts[0], DefaultDatabase
	case len(parts) == 2:
		cat = parts[0]
	}
	return empty(), sqlerr.At(s.Use(ctx, cat, db), n.Name.Pos())
}

func (s *Session) noDatabase(ctx context.Context, cat, db string) *sqlerr.Error {
	err := sqlerr.New(sqlerr.SchemaNotFound, "The schema %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quote([]string{cat, db}))
	if names, lerr := s.catalogNamed(cat).Databases(ctx); lerr == nil {
		if near := sqlerr.Nearest(db, names, 1); len(near) > 0 && sqlerr.Near(db, near[0]) {
			err = err.WithHint("Did you mean %s?", near[0])
		}
	}
	return err
}

// variableName is the key of a session variable: x, session.x, system.session.x.
func variableName(parts []string) (string, bool) {
	n := strings.ToLower(parts[len(parts)-1])
	switch len(parts) {
	case 1:
		return n, true
	case 2:
		return n, strings.EqualFold(parts[0], "session")
	case 3:
		return n, strings.EqualFold(parts[0], "system") && strings.EqualFold(parts[1], "session")
	}
	return "", false
}

// declare runs DECLARE VARIABLE.
func (s *Session) declare(ctx context.Context, st *statement, n *ast.Declare) (*Result, error) {
	value := expr.NullOf(types.NullType)
	if n.Default != nil {
		var err error
		if value, err = bind.Scalar(ctx, s.env(st), n.Default); err != nil {
			return nil, err
		}
	}
	if n.Type != nil {
		var err error
		if value, err = bind.Cast(ctx, s.env(st), value, n.Type.Type); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n.Names {
		key, ok := variableName(n.Names[i].Parts)
		if !ok {
			return nil, sqlerr.New(sqlerr.UnresolvedVariable, "Cannot resolve variable %s: variables live in SYSTEM.SESSION.", quote(n.Names[i].Parts)).At(n.Names[i].Pos())
		}
		if s.vars[key] != nil && !n.Replace {
			return nil, sqlerr.New(sqlerr.VariableExists, "Cannot create the variable `system`.`session`.`%s` because it already exists. Choose a different name, or drop or replace the existing variable.", key).At(n.Names[i].Pos())
		}
		s.vars[key] = &variable{value: value, first: value}
	}
	return empty(), nil
}

// setVariable runs SET VARIABLE a = 1, b = 2 and SET VARIABLE (a, b) = (query).
func (s *Session) setVariable(ctx context.Context, st *statement, n *ast.SetVar) (*Result, error) {
	names, values, err := s.newValues(ctx, st, n)
	if err != nil {
		return nil, err
	}
	return empty(), s.assign(ctx, st, names, values)
}

// assign gives variables new values, all or none; a nil value is the default.
func (s *Session) assign(ctx context.Context, st *statement, names []ast.Name, values []*expr.Literal) (err error) {
	env := s.env(st)
	old := make([]*variable, len(names))
	for i := range names {
		key, ok := variableName(names[i].Parts)
		s.mu.Lock()
		old[i] = s.vars[key]
		s.mu.Unlock()
		if !ok || old[i] == nil {
			return sqlerr.New(sqlerr.UnresolvedVariable, "Cannot resolve variable %s on search path [`system`.`session`].", quote(names[i].Parts)).At(names[i].Pos())
		}
		if values[i] == nil { // DEFAULT
			values[i] = old[i].first
		}
		if values[i], err = bind.Cast(ctx, env, values[i], old[i].value.T); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range names {
		key, _ := variableName(names[i].Parts)
		s.vars[key] = &variable{value: values[i], first: old[i].first}
	}
	return nil
}

// newValues computes what SET VARIABLE assigns; a nil value is DEFAULT.
func (s *Session) newValues(ctx context.Context, st *statement, n *ast.SetVar) ([]ast.Name, []*expr.Literal, error) {
	if n.Query == nil {
		var names []ast.Name
		var values []*expr.Literal
		for _, a := range n.Set {
			var v *expr.Literal
			if a.Value != nil {
				l, err := s.scalar(ctx, st, a.Value)
				if err != nil {
					return nil, nil, err
				}
				v = l
			}
			names, values = append(names, a.Column), append(values, v)
		}
		return names, values, nil
	}
	r, err := s.query(ctx, st, n.Query)
	if err != nil {
		return nil, nil, err
	}
	values, err := oneRow(r, len(n.Names), n.Pos())
	return n.Names, values, err
}

// oneRow collects the only row of a result, NULLs if it has none.
func oneRow(r *Result, columns, pos int) ([]*expr.Literal, error) {
	if len(r.Schema) != columns {
		return nil, sqlerr.New(sqlerr.AssignmentArityMismatch, "The number of columns or variables assigned or aliased: %d does not match the number of source expressions: %d.", columns, len(r.Schema)).At(pos)
	}
	rows, err := r.Collect()
	switch {
	case err != nil:
		return nil, err
	case len(rows) > 1:
		return nil, sqlerr.New(sqlerr.RowSubqueryTooManyRows, "More than one row returned by a subquery used as a row.").At(pos)
	}
	values := make([]*expr.Literal, columns)
	for i := range values {
		values[i] = expr.NullOf(r.Schema[i].Type)
		if len(rows) == 1 {
			values[i] = &expr.Literal{Value: rows[0][i], T: r.Schema[i].Type}
		}
	}
	return values, nil
}

// scalar computes a constant; a subquery in it is run.
func (s *Session) scalar(ctx context.Context, st *statement, e ast.Expr) (*expr.Literal, error) {
	l, err := bind.Scalar(ctx, s.env(st), e)
	if !sqlerr.Is(err, sqlerr.NonFoldable) {
		return l, err
	}
	r, err := s.query(ctx, st, &ast.Query{Body: &ast.Select{Items: []ast.SelectItem{{Expr: e}}}})
	if err != nil {
		return nil, err
	}
	rows, err := r.Collect()
	if err != nil || len(rows) != 1 {
		return nil, err
	}
	return &expr.Literal{Value: rows[0][0], T: r.Schema[0].Type}, nil
}

// cache runs CACHE TABLE: with a query it makes a temporary view. Data is not
// kept in memory; the statement is accepted so that scripts run.
func (s *Session) cache(ctx context.Context, st *statement, n *ast.Cache) (*Result, error) {
	parts, err := s.parts(ctx, st, &n.Table)
	if err != nil {
		return nil, err
	}
	if n.Query != nil {
		return s.createView(ctx, st, &ast.CreateView{Span: n.Span, Name: n.Table, Temporary: true, Query: n.Query})
	}
	if err := s.exists(ctx, st, &n.Table); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cached[strings.ToLower(strings.Join(parts, "."))] = true
	return empty(), nil
}

func (s *Session) uncache(ctx context.Context, st *statement, n *ast.Uncache) (*Result, error) {
	if err := s.exists(ctx, st, &n.Table); err != nil && !n.IfExists {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cached, strings.ToLower(strings.Join(n.Table.Parts, ".")))
	return empty(), nil
}

// exists is the error of a name that is no table or view.
func (s *Session) exists(ctx context.Context, st *statement, n *ast.Name) error {
	t, err := s.find(ctx, st, n)
	if err != nil {
		return err
	}
	if s.tempView(t.parts) != nil {
		return nil
	}
	_, _, err = t.lookup(ctx)
	return sqlerr.At(err, n.Pos())
}

// refresh runs REFRESH. Tables are looked up anew by every statement.
func (s *Session) refresh(ctx context.Context, st *statement, n *ast.Refresh) (*Result, error) {
	if n.Path == "" && !n.Function {
		if err := s.exists(ctx, st, &n.Table); err != nil {
			return nil, err
		}
	}
	return empty(), nil
}

// analyze runs ANALYZE TABLE. Statistics come from the files themselves.
func (s *Session) analyze(ctx context.Context, st *statement, n *ast.Analyze) (*Result, error) {
	if n.Tables {
		return empty(), nil
	}
	if err := s.exists(ctx, st, &n.Table); err != nil {
		return nil, err
	}
	return empty(), nil
}

package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/parse"
)

// Functions whose names say a database are kept by the catalog: everybody who
// has the right may call them, and their bodies read with their owner's rights.
// Those without are the session's.

// functionsOf is where a function called name is kept, nil if nothing there keeps functions.
func (r *resolver) functionsOf(name []string) (all catalog.Functions, c catalog.Catalog, db, fn string) {
	c, db, fn, err := r.s.locateAs(r.as, r.catalog, r.database, name, false)
	if err != nil || c == nil || strings.EqualFold(db, catalog.InformationSchema) {
		return nil, nil, "", ""
	}
	under := c
	if _, ok := c.(guard.Guard); ok {
		under = r.s.catalogIn(c.Name())
	}
	if _, ok := under.(catalog.Functions); !ok {
		return nil, nil, "", ""
	}
	return c.(catalog.Functions), c, db, fn
}

// storedFunction is a function that a catalog keeps, nil if there is none.
func (r *resolver) storedFunction(ctx context.Context, name []string) (*bind.Function, error) {
	all, c, db, fn := r.functionsOf(name)
	if all == nil {
		return nil, nil
	}
	f, err := all.Function(ctx, db, fn)
	switch {
	case sqlerr.Is(err, sqlerr.RoutineNotFound), sqlerr.Is(err, sqlerr.SchemaNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	full := strings.ToLower(c.Name() + "." + db + "." + fn)
	for up := r.calls; up != nil; up = up.by {
		if up.name == full {
			return nil, sqlerr.New(sqlerr.Unsupported, "The function %s calls itself.", quote(name))
		}
	}
	st, err := parse.Statement(f.SQL)
	def, ok := st.(*ast.CreateFunction)
	if err != nil || !ok {
		return nil, sqlerr.New(sqlerr.InternalError, "the definition of the function %s cannot be read", f.Name)
	}
	in := &resolver{s: r.s, catalog: c.Name(), database: f.Database, asked: r.asked, sealed: true, stored: true, calls: &callChain{full, r.calls}}
	secret := false
	if g, ok := c.(guard.Guard); ok {
		in.as = g.Caller(f)
		secret = !r.s.viewer.Everything() && !(r.as == r.s.viewer && g.Defines(ctx, db, fn))
		r.asked.noteCall(r.as, c.Name(), db, fn)
	}
	return &bind.Function{
		Name: def.Name.Last(), Params: def.Params, Returns: def.Returns, Body: def.Body, Query: def.Query, Resolver: in, Guarded: secret,
		Text: &sqlerr.Text{Object: "FUNCTION " + f.Name.String(), Source: f.SQL, Secret: secret},
	}, nil
}

// createStored runs CREATE FUNCTION of a name that says a database.
func (s *Session) createStored(ctx context.Context, st *statement, n *ast.CreateFunction) (*Result, error) {
	if err := s.outside("functions of a schema"); err != nil {
		return nil, err
	}
	if n.ReturnTable {
		return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: a function of a schema that gives a table.").At(n.Pos()).
			WithHint("Make a view, or a function of the session: CREATE TEMPORARY FUNCTION.")
	}
	t, err := s.place(ctx, st, &n.Name)
	if err != nil {
		return nil, err
	}
	all, ok := t.cat.(catalog.Functions)
	if !ok {
		return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: functions in the catalog `%s`.", t.cat.Name()).At(n.Name.Pos())
	}
	cat, db := s.Current()
	if !strings.EqualFold(cat, t.cat.Name()) { // names in it are looked up in its own catalog
		db = t.db
	}
	env := s.env(st)
	f := &bind.Function{
		Name: n.Name.Last(), Params: n.Params, Returns: n.Returns, Body: n.Body, Query: n.Query,
		Resolver: &resolver{s: s, catalog: t.cat.Name(), database: db, as: s.viewer, sealed: true},
	}
	if st.text != "" {
		f.Text = &sqlerr.Text{Object: "FUNCTION " + f.Name, Source: st.text}
	}
	if err := bind.Check(ctx, env, f); err != nil {
		return nil, err
	}
	def := *n
	def.Replace, def.IfNotExists = false, false
	err = all.CreateFunction(ctx, catalog.Function{Name: t.full(), SQL: ast.SQL(&def), Database: db}, createMode(n.Replace, n.IfNotExists))
	return empty(), sqlerr.At(err, n.Name.Pos())
}

// dropStored removes a function of a schema; ok is false if the name says none.
func (s *Session) dropStored(ctx context.Context, st *statement, n *ast.Drop) (err error, ok bool) {
	parts, err := s.parts(ctx, st, &n.Name)
	if err != nil || len(parts) < 2 || n.Temporary {
		return err, err != nil
	}
	cat, db := s.Current()
	all, _, d, fn := (&resolver{s: s, catalog: cat, database: db, as: s.viewer}).functionsOf(parts)
	if all == nil {
		return nil, false
	}
	if err := s.outside("functions of a schema"); err != nil {
		return err, true
	}
	err = all.DropFunction(ctx, d, fn, n.IfExists)
	if n.IfExists && sqlerr.Is(err, sqlerr.SchemaNotFound) {
		err = nil
	}
	return sqlerr.At(err, n.Name.Pos()), true
}

// storedNames are the functions of the current schema that the user may know, with it before them.
func (s *Session) storedNames(ctx context.Context) []string {
	cat, db := s.Current()
	all, c, d, _ := (&resolver{s: s, catalog: cat, database: db, as: s.viewer}).functionsOf([]string{db, ""})
	if all == nil {
		return nil
	}
	names, err := all.ListFunctions(ctx, d)
	if err != nil {
		return nil
	}
	for i, n := range names {
		names[i] = strings.ToLower(c.Name() + "." + d + "." + n)
	}
	return names
}

package session

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/catalog/infoschema"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// resolver finds names for the binder, as seen from one current database.
type resolver struct {
	s                 *Session
	catalog, database string
	// permanent hides temporary views and variables: the definition of a
	// stored view may not depend on them. forObject is that view's name.
	permanent bool
	forObject []string
	// as is with whose rights names are read; nil: nobody asks.
	as *guard.Viewer
	// asked is told of the rights that names are read with; nil: nobody listens.
	asked *asked
	// sealed leaves out what belongs to the session: who uses it must not
	// change what a name means in a definition of somebody else's.
	sealed bool
	// stored says that it is the world of a function that a catalog keeps.
	stored bool
	// calls are the functions of catalogs that the names are in the bodies of.
	calls *callChain
}

// callChain is a function by its full name, and those that call it.
type callChain struct {
	name string
	by   *callChain
}

// Relation implements bind.Resolver.
func (r *resolver) Relation(ctx context.Context, name []string) (catalog.Table, *bind.View, error) {
	if v := r.s.tempView(name); v != nil && !r.sealed {
		if r.permanent {
			return nil, nil, r.temporaryObject(name, "VIEW")
		}
		return v.table, r.listening(v.def), nil
	}
	c, db, tb, err := r.s.locateAs(r.as, r.catalog, r.database, name, !r.sealed)
	if err != nil {
		return nil, nil, err
	}
	if g, ok := c.(guard.Guard); ok {
		t, v, err := r.readable(ctx, g, db, tb)
		return t, v, r.suggest(ctx, c, db, tb, name, err)
	}
	if r.permanent && c.Name() == "" {
		return nil, nil, r.temporaryObject(name, "TABLE")
	}
	t, v, err := c.Lookup(ctx, db, tb)
	if err != nil {
		return nil, nil, r.suggest(ctx, c, db, tb, name, err)
	}
	if v == nil {
		return t, nil, nil
	}
	return nil, &bind.View{
		Name: []string{c.Name(), db, v.Name.Table}, SQL: v.SQL, Columns: v.Columns, Schema: v.Schema,
		Resolver: &resolver{s: r.s, catalog: c.Name(), database: v.Database, calls: r.calls}, Settings: settings.Of(v.Settings),
	}, nil
}

// temporaryObject is the error of a stored view over something temporary.
func (r *resolver) temporaryObject(name []string, kind string) error {
	return sqlerr.New(sqlerr.InvalidTempObject, "Cannot create the persistent object %s of the type VIEW because it references to the temporary object %s of the type %s. Please make the temporary object %s persistent, or make the persistent object temporary.", quote(r.forObject), quote(name), kind, quote(name))
}

// suggest adds to TABLE_OR_VIEW_NOT_FOUND the name the user may have meant.
func (r *resolver) suggest(ctx context.Context, c catalog.Catalog, db, tb string, name []string, err error) error {
	e := sqlerr.As(err)
	if e == nil || e.Cond != sqlerr.TableOrViewNotFound && e.Cond != sqlerr.SchemaNotFound {
		return err
	}
	e = tableNotFound(name)
	entries, lerr := r.s.entries(ctx, c.Name(), db)
	if lerr != nil {
		return e
	}
	var names []string
	for _, x := range entries {
		names = append(names, x.Name)
	}
	if near := sqlerr.Nearest(tb, names, 1); len(near) > 0 && sqlerr.Near(tb, near[0]) {
		return e.WithHint("Did you mean %s?", near[0])
	}
	return e
}

func tableNotFound(name []string) *sqlerr.Error {
	return sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quote(name))
}

// File implements bind.Resolver.
func (r *resolver) File(ctx context.Context, format, path string, options map[string]string) (catalog.Table, error) {
	if r.as != nil { // before anything is looked at
		if err := r.as.Files(ctx, catalog.Select); err != nil {
			return nil, err
		}
		r.asked.noteFiles(r.as)
	}
	if r.s.cfg.Open == nil {
		return nil, sqlerr.New(sqlerr.FileNotFound, "Path does not exist: %s.", path)
	}
	return r.s.cfg.Open(ctx, format, path, options, nil)
}

// HasFormat implements bind.Resolver.
func (r *resolver) HasFormat(name string) bool {
	return r.s.cfg.HasFormat != nil && r.s.cfg.HasFormat(name)
}

// Variable implements bind.Resolver.
func (r *resolver) Variable(name []string) *expr.Literal {
	n, ok := variableName(name)
	if !ok || r.permanent || r.sealed {
		return nil
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if v := r.s.vars[n]; v != nil {
		return v.value
	}
	return nil
}

// Function implements bind.Resolver.
func (r *resolver) Function(ctx context.Context, name []string) (*bind.Function, error) {
	if len(name) > 1 {
		if f, err := r.storedFunction(ctx, name); f != nil || err != nil {
			return f, err
		}
	}
	return r.ownFunction(name), nil
}

// ownFunction is a function of the session.
func (r *resolver) ownFunction(name []string) *bind.Function {
	if r.sealed || r.permanent && len(name) > 1 {
		return nil
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	f := r.s.funcs[strings.ToLower(name[len(name)-1])]
	if f == nil || r.asked == nil {
		return f
	}
	if in, ok := f.Resolver.(*resolver); ok {
		c, to := *f, *in
		to.asked = r.asked
		c.Resolver = &to
		return &c
	}
	return f
}

// listening is a temporary view whose names are noted like those beside it.
func (r *resolver) listening(v *bind.View) *bind.View {
	if v == nil || r.asked == nil {
		return v
	}
	in, ok := v.Resolver.(*resolver)
	if !ok {
		return v
	}
	c, to := *v, *in
	to.asked = r.asked
	c.Resolver = &to
	return &c
}

// tempView finds a temporary view, or a global one by global_temp.name.
func (s *Session) tempView(name []string) *view {
	switch {
	case len(name) == 1:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.views[strings.ToLower(name[0])]
	case len(name) == 2 && strings.EqualFold(name[0], GlobalTemp):
		s.shared.mu.Lock()
		defer s.shared.mu.Unlock()
		if v := s.shared.views[strings.ToLower(name[1])]; v != nil && s.hasView(v) {
			return v
		}
	}
	return nil
}

// holding is the catalog that has a database of c: information_schema is over every catalog.
func holding(c catalog.Catalog, db string) catalog.Catalog {
	if c != nil && strings.EqualFold(db, catalog.InformationSchema) {
		return infoschema.New(c)
	}
	return c
}

// locate splits a name into catalog, database and table, filling in what is current.
func (s *Session) locate(cat, db string, name []string) (catalog.Catalog, string, string, error) {
	return s.locateAs(s.viewer, cat, db, name, true)
}

// locateAs is locate for another viewer, without the session's temporary tables unless temp.
func (s *Session) locateAs(as *guard.Viewer, cat, db string, name []string, temp bool) (catalog.Catalog, string, string, error) {
	switch len(name) {
	case 1:
		if temp {
			if c := s.temporary(name[0]); c != nil {
				return c, DefaultDatabase, name[0], nil
			}
		}
		return holding(s.catalogAs(as, cat), db), db, name[0], nil
	case 2:
		return holding(s.catalogAs(as, cat), name[0]), name[0], name[1], nil
	case 3:
		if c := s.catalogAs(as, name[0]); c != nil {
			return holding(c, name[1]), name[1], name[2], nil
		}
		return nil, "", "", tableNotFound(name)
	}
	return nil, "", "", sqlerr.New(sqlerr.TooManyNameParts, "%s is not a valid identifier as it has more than 3 name parts.", quote(name))
}

// target is a name of a table or view in a statement, located.
type target struct {
	cat      catalog.Catalog
	db, name string
	parts    []string
}

func (t *target) full() catalog.Name {
	return catalog.Name{Catalog: t.cat.Name(), Database: t.db, Table: t.name}
}

// find locates a name of a statement. IDENTIFIER(…) is evaluated.
func (s *Session) find(ctx context.Context, st *statement, n *ast.Name) (*target, error) {
	parts, err := s.parts(ctx, st, n)
	if err != nil {
		return nil, err
	}
	cat, db := s.Current()
	c, d, name, err := s.locate(cat, db, parts)
	if err != nil {
		return nil, sqlerr.At(err, n.Pos())
	}
	return &target{cat: c, db: d, name: name, parts: parts}, nil
}

// place locates the name of something to be made: temporary tables of that name do not count.
func (s *Session) place(ctx context.Context, st *statement, n *ast.Name) (*target, error) {
	parts, err := s.parts(ctx, st, n)
	if err != nil {
		return nil, err
	}
	cat, db := s.Current()
	full := parts
	if len(parts) == 1 {
		full = []string{cat, db, parts[0]}
	}
	c, d, name, err := s.locate(cat, db, full)
	if err != nil {
		return nil, sqlerr.At(err, n.Pos())
	}
	return &target{cat: c, db: d, name: name, parts: parts}, nil
}

// parts are the parts of a name as written.
func (s *Session) parts(ctx context.Context, st *statement, n *ast.Name) ([]string, error) {
	return bind.NameOf(ctx, s.env(st), n)
}

// lookup finds a table or view of a catalog.
func (t *target) lookup(ctx context.Context) (catalog.Table, *catalog.View, error) {
	tb, v, err := t.cat.Lookup(ctx, t.db, t.name)
	if e := sqlerr.As(err); e != nil && (e.Cond == sqlerr.TableOrViewNotFound || e.Cond == sqlerr.SchemaNotFound) {
		return nil, nil, tableNotFound(t.parts)
	}
	return tb, v, err
}

// table finds a table that a statement is to change; a view is an error.
func (s *Session) table(ctx context.Context, st *statement, n *ast.Name, operation string) (*target, catalog.Table, error) {
	t, err := s.find(ctx, st, n)
	if err != nil {
		return nil, nil, err
	}
	if v := s.tempView(t.parts); v != nil {
		return nil, nil, sqlerr.New(sqlerr.ExpectTableNotView, "'%s' expects a table but %s is a view.", operation, quote(t.parts)).At(n.Pos())
	}
	tb, v, err := t.lookup(ctx)
	if err != nil {
		return nil, nil, sqlerr.At(err, n.Pos())
	}
	if v != nil {
		return nil, nil, sqlerr.New(sqlerr.ExpectTableNotView, "'%s' expects a table but %s is a view.", operation, quote(t.parts)).At(n.Pos())
	}
	return t, tb, nil
}

// entries lists tables and views of a database, temporary views with an empty
// database among them.
func (s *Session) entries(ctx context.Context, cat, db string) ([]catalog.Entry, error) {
	c := holding(s.catalogNamed(cat), db)
	var out []catalog.Entry
	if !strings.EqualFold(db, GlobalTemp) {
		var err error
		if out, err = c.List(ctx, db); err != nil {
			return nil, err
		}
		out = slices.Clone(out)
	} else {
		s.shared.mu.Lock()
		for _, v := range s.shared.views {
			if !s.hasView(v) {
				continue
			}
			out = append(out, catalog.Entry{Database: GlobalTemp, Name: v.name, IsView: true, IsTemp: true})
		}
		s.shared.mu.Unlock()
	}
	out = append(out, s.temporaryTables()...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		out = append(out, catalog.Entry{Name: v.name, IsView: true, IsTemp: true})
	}
	slices.SortFunc(out, func(a, b catalog.Entry) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out, nil
}

// hasDatabase reports whether a database exists.
func hasDatabase(ctx context.Context, c catalog.Catalog, db string) (bool, error) {
	_, err := holding(c, db).DescribeDatabase(ctx, db)
	if e := (*sqlerr.Error)(nil); errors.As(err, &e) && e.Cond == sqlerr.SchemaNotFound {
		return false, nil
	}
	return err == nil, err
}

func quote(parts []string) string { return catalog.Quote(parts...) }

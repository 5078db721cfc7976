// Package guard lets people do with catalogs what they have the right to. A
// Guard stands before a catalog, for one viewer: names the viewer may not know
// are not there, and what may not be done is INSUFFICIENT_PERMISSIONS.
//
//	session ── Viewer.Over ──► Guard ── asks Access, Roles ──► catalog.Secured
//	                             └── what is allowed ─────────► catalog.Catalog
//
// Everything inside a catalog needs USE CATALOG on it, and everything inside a
// database USE SCHEMA on that: without them there is nothing. Rights on a
// catalog or database hold for what is in it. The owner of a thing may do
// anything with it and what is in it; administrators may do anything.
//
// It judges names and changes. Which rows and columns of a table somebody
// reads (Read tells) is the business of whoever reads it.
package guard

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Policy is what the viewers of an application have in common.
type Policy struct {
	// Home keeps the roles, and the rights on files that are in no catalog.
	Home catalog.Secured
	// Admin reports whether a user who logged in with roles may do anything.
	Admin func(user string, roles []string) bool
}

// Viewer is somebody who uses catalogs. It is safe for concurrent use. Two
// viewers are the same if they are one pointer.
type Viewer struct {
	p   *Policy
	who catalog.Principal
	now atomic.Pointer[login]
}

// login is what somebody vouches for.
type login struct {
	roles []string
	all   bool // they may do everything
}

// Viewer is a user who has logged in, with the roles somebody vouches for.
func (p *Policy) Viewer(user string, roles []string) *Viewer {
	v := &Viewer{p: p, who: catalog.Principal{Name: user}}
	v.Login(roles)
	return v
}

// Login changes the roles that somebody vouches for, from the next question on.
func (v *Viewer) Login(roles []string) {
	v.now.Store(&login{roles, v.p.Admin != nil && v.p.Admin(v.who.Name, roles)})
}

// System is a viewer who may do everything: the operator of the process, and
// the owner of what has none.
func (p *Policy) System() *Viewer {
	v := &Viewer{p: p}
	v.now.Store(&login{all: true})
	return v
}

// Owner is the owner of a thing, for views that read with their owner's rights.
func (p *Policy) Owner(owner catalog.Principal) *Viewer {
	switch {
	case owner.Name == "":
		return p.System()
	case owner.Role:
		v := &Viewer{p: p, who: owner}
		v.now.Store(&login{})
		return v
	}
	return p.Viewer(owner.Name, nil)
}

// Is reports whether v is the principal itself.
func (v *Viewer) Is(p catalog.Principal) bool { return p.Name != "" && v.who == p }

// Name is the user or role.
func (v *Viewer) Name() string { return v.who.Name }

// Principal is the user or role.
func (v *Viewer) Principal() catalog.Principal { return v.who }

// Everything reports whether v may do everything.
func (v *Viewer) Everything() bool { return v.now.Load().all }

// held is who v is at a moment: itself and all roles it has.
type held map[catalog.Principal]bool

func (h held) has(p catalog.Principal) bool { return h[p] }

// held finds the roles v has: those it logged in with and was granted, and
// those these have.
func (v *Viewer) held(ctx context.Context) (held, error) {
	now := v.now.Load()
	if now.all {
		return nil, nil
	}
	return v.having(ctx, now.roles)
}

// having is held of somebody for whom others vouch that they have roles.
func (v *Viewer) having(ctx context.Context, vouched []string) (held, error) {
	roles, err := v.p.Home.Roles(ctx)
	if err != nil {
		return nil, err
	}
	h := held{catalog.Public: true}
	if r := roles.Find(v.who.Name); !v.who.Role || v.who == catalog.Public || r != nil && r.ID == v.who.ID {
		h[v.who] = true // else a role that was dropped
	}
	for _, name := range vouched {
		if r := roles.Find(name); r != nil {
			h[r.Principal()] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for i := range roles {
			p := roles[i].Principal()
			if !h[p] && slices.ContainsFunc(roles[i].Members, h.has) {
				h[p], grown = true, true
			}
		}
	}
	return h, nil
}

// Roles are the names of the roles v has now, sorted, and those it logged in
// with whether or not they exist.
func (v *Viewer) Roles(ctx context.Context) ([]string, error) {
	vouched := v.now.Load().roles
	h, err := v.having(ctx, vouched)
	if err != nil {
		return nil, err
	}
	var out []string
	for p := range h {
		if p.Role && p != catalog.Public {
			out = append(out, p.Name)
		}
	}
	for _, r := range vouched {
		out = append(out, strings.ToLower(r))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Over stands before a catalog for v. Of a catalog that keeps no rights only
// those who may do everything see anything.
func (v *Viewer) Over(c catalog.Catalog) Guard { return Guard{c: c, v: v} }

// Guard is a catalog as one viewer may use it. Guards are comparable: equal
// ones are one viewer's of one catalog.
type Guard struct {
	c catalog.Catalog
	v *Viewer
}

var _ catalog.Catalog = Guard{}

// Name is the catalog's name.
func (g Guard) Name() string { return g.c.Name() }

// For is the guard of the same catalog for another viewer.
func (g Guard) For(v *Viewer) Guard { return Guard{g.c, v} }

func (g Guard) access(ctx context.Context, on catalog.Securable) (*catalog.Access, error) {
	if s, ok := g.c.(catalog.Secured); ok {
		return s.Access(ctx, on)
	}
	return &catalog.Access{}, nil
}

// level is rights on one thing with those on what it is in, outermost first:
// the catalog, the database, the table.
type level struct {
	all  bool
	who  held
	path []*catalog.Access
}

// at reads the rights on a thing. Errors are those of a thing that is not there.
func (g Guard) at(ctx context.Context, on catalog.Securable) (*level, error) {
	l := &level{all: g.v.Everything()}
	if l.all {
		return l, nil
	}
	var err error
	if l.who, err = g.v.held(ctx); err != nil {
		return nil, err
	}
	steps := []catalog.Securable{{}}
	if on.Files { // they are in no catalog, whoever keeps the rights on them
		steps[0] = on
	}
	if on.Database != "" {
		steps = append(steps, catalog.Securable{Database: on.Database})
	}
	if on.Name != "" {
		steps = append(steps, on)
	}
	for _, s := range steps {
		a, err := g.access(ctx, s)
		if err != nil {
			return nil, err
		}
		l.path = append(l.path, a)
	}
	return l, nil
}

// owns reports whether the viewer owns the thing or something it is in.
func (l *level) owns() bool {
	if l.all {
		return true
	}
	for _, a := range l.path {
		if l.who[a.Owner] {
			return true
		}
	}
	return false
}

// contains reports whether a grant of have is one of want too.
func contains(have, want catalog.Privilege) bool {
	switch {
	case have == want:
		return true
	case have == catalog.AllPrivileges:
		return want != catalog.Manage
	case have == catalog.Modify:
		return want == catalog.Insert
	}
	return false
}

// grants calls f for every grant of a part of the path to the viewer, until f is true.
func (l *level) grants(path []*catalog.Access, f func(catalog.Grant) bool) bool {
	for _, a := range path {
		for _, g := range a.Grants {
			if l.who[g.To] && f(g) {
				return true
			}
		}
	}
	return false
}

// may reports whether the viewer has a privilege on the thing as a whole.
func (l *level) may(p catalog.Privilege) bool {
	return l.owns() || l.grants(l.path, func(g catalog.Grant) bool { return contains(g.Privilege, p) && g.Columns == nil })
}

// use reports whether the viewer sees what is inside the first n levels.
func (l *level) use(n int) bool {
	if l.all || l.who[l.path[0].Owner] {
		return true
	}
	uses := func(path []*catalog.Access, p catalog.Privilege) bool {
		for _, a := range path {
			if l.who[a.Owner] {
				return true
			}
		}
		return l.grants(path, func(g catalog.Grant) bool { return contains(g.Privilege, p) || g.Privilege == catalog.Manage })
	}
	return uses(l.path[:1], catalog.UseCatalog) && (n < 2 || uses(l.path[:2], catalog.UseDatabase))
}

// sees reports whether the viewer may know that the table is there: whoever
// may do anything with it may, and whoever may do something with all that is
// in the database.
func (l *level) sees() bool {
	if l.owns() {
		return true
	}
	last := len(l.path) - 1
	return l.grants(l.path[last:], func(catalog.Grant) bool { return true }) ||
		l.grants(l.path[:last], func(g catalog.Grant) bool {
			switch g.Privilege {
			case catalog.Select, catalog.Insert, catalog.Modify, catalog.Manage, catalog.AllPrivileges:
				return true
			}
			return false
		})
}

// denied is the error of a right that is missing.
func denied(what catalog.Privilege, kind string, name ...string) *sqlerr.Error {
	return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: User does not have %s on %s %s.", what, kind, quoted(name...))
}

func quoted(parts ...string) string {
	return catalog.Quote(slices.DeleteFunc(slices.Clone(parts), func(p string) bool { return p == "" })...)
}

func (g Guard) deniedOn(on catalog.Securable, p catalog.Privilege) *sqlerr.Error {
	kind := "CATALOG"
	switch {
	case on.Files:
		return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: User does not have %s on ANY FILE.", p)
	case on.Function:
		kind = "FUNCTION"
	case on.Name != "":
		kind = "TABLE"
	case on.Database != "":
		kind = "SCHEMA"
	}
	return denied(p, kind, g.c.Name(), on.Database, on.Name)
}

func notFound(c string, on catalog.Securable) error {
	return sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.", quoted(c, on.Database, on.Name))
}

func noSchema(name string) error {
	return sqlerr.New(sqlerr.SchemaNotFound, "The schema `%s` cannot be found. Verify the spelling and correctness of the schema and catalog.", name)
}

// database reads the rights on a database; one that may not be used is not there.
func (g Guard) database(ctx context.Context, name string) (*level, error) {
	l, err := g.at(ctx, catalog.Securable{Database: name})
	if err == nil && !l.use(2) {
		err = noSchema(name)
	}
	return l, err
}

// object reads the rights on a table or view. One in a database that may not
// be used is not there, and neither is one that is not.
func (g Guard) object(ctx context.Context, on catalog.Securable) (*level, error) {
	l, err := g.at(ctx, on)
	if sqlerr.Is(err, sqlerr.SchemaNotFound) || sqlerr.Is(err, sqlerr.TableOrViewNotFound) {
		err = notFound(g.c.Name(), on)
	}
	if err != nil {
		return nil, err
	}
	return l, g.there(l, on)
}

// there is the error of a table or view that is not there for the viewer.
func (g Guard) there(l *level, on catalog.Securable) error {
	switch {
	case l.use(2):
		return nil
	case !l.grants(l.path[2:], func(catalog.Grant) bool { return true }):
		return notFound(g.c.Name(), on)
	case !l.use(1): // the name is no secret
		return g.deniedOn(catalog.Securable{}, catalog.UseCatalog)
	}
	return g.deniedOn(catalog.Securable{Database: on.Database}, catalog.UseDatabase)
}

// find looks a table or view up that allow lets through, given the rights on it.
func (g Guard) find(ctx context.Context, on catalog.Securable, allow func(l *level, view bool) error) (catalog.Table, *catalog.View, *level, error) {
	var l *level
	check := func(a *catalog.Access, view bool) error {
		var err error
		if l, err = g.at(ctx, catalog.Securable{Database: on.Database}); err != nil {
			return err
		}
		l.path = append(l.path, a)
		if !l.all {
			if err := g.there(l, on); err != nil {
				return err
			}
		}
		return allow(l, view)
	}
	s, ok := g.c.(catalog.Secured)
	if !ok {
		if err := check(&catalog.Access{}, false); err != nil {
			return nil, nil, nil, err
		}
		t, v, err := g.c.Lookup(ctx, on.Database, on.Name)
		return t, v, l, err
	}
	t, v, err := s.Find(ctx, on.Database, on.Name, check)
	if sqlerr.Is(err, sqlerr.SchemaNotFound) || sqlerr.Is(err, sqlerr.TableOrViewNotFound) {
		err = notFound(g.c.Name(), on)
	}
	return t, v, l, err
}

// demand is object with a right that is needed.
func (g Guard) demand(ctx context.Context, db, name string, p catalog.Privilege) error {
	on := catalog.Securable{Database: db, Name: name}
	l, err := g.object(ctx, on)
	if err == nil && !l.may(p) {
		err = g.deniedOn(on, p)
	}
	return err
}

// Writes asks for the right to write to a table, which Begin asks for again.
func (g Guard) Writes(ctx context.Context, db, name string, mode catalog.WriteMode) error {
	if mode == catalog.Append {
		return g.demand(ctx, db, name, catalog.Insert)
	}
	return g.demand(ctx, db, name, catalog.Modify)
}

// demandIn is the same for a right on a database.
func (g Guard) demandIn(ctx context.Context, db string, p catalog.Privilege) error {
	l, err := g.database(ctx, db)
	if err == nil && !l.may(p) {
		err = g.deniedOn(catalog.Securable{Database: db}, p)
	}
	return err
}

// Files asks for a right (Select or Modify) on files that are in no catalog.
func (v *Viewer) Files(ctx context.Context, p catalog.Privilege) error {
	if v.Everything() {
		return nil
	}
	l, err := v.Over(v.p.Home).at(ctx, catalog.Securable{Files: true})
	if err != nil {
		return err
	}
	if !l.may(p) {
		return v.Over(v.p.Home).deniedOn(catalog.Securable{Files: true}, p)
	}
	return nil
}

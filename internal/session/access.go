package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/bind"
)

// policy is what rights and roles are kept in, also where nobody asks for them.
func (s *Session) policy() (*guard.Policy, error) {
	if s.cfg.Access != nil {
		return s.cfg.Access, nil
	}
	home, ok := s.cfg.Catalogs[0].(catalog.Secured)
	if !ok {
		return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: rights in the catalog `%s`.", s.cfg.Catalogs[0].Name())
	}
	return &guard.Policy{Home: home}, nil
}

// actor is who gives and takes rights: the session's user, or the operator of
// the process where nobody asks for rights.
func (s *Session) actor() (*guard.Viewer, error) {
	if s.viewer != nil {
		return s.viewer, nil
	}
	p, err := s.policy()
	if err != nil {
		return nil, err
	}
	return p.System(), nil
}

// roles are the roles of the session's user.
func (s *Session) roles(ctx context.Context) ([]string, error) {
	v := s.viewer
	if v == nil {
		p, err := s.policy()
		if err != nil {
			return nil, err
		}
		v = p.Viewer(s.cfg.User, s.Roles())
	}
	return v.Roles(ctx)
}

// owner is who owns a thing, or else whoever made it.
func (s *Session) owner(ctx context.Context, cat string, on catalog.Securable, maker string) string {
	if c, ok := s.catalogIn(cat).(catalog.Secured); ok {
		if a, err := c.Access(ctx, on); err == nil && a.Owner.Name != "" {
			return a.Owner.Name
		}
	}
	return maker
}

// mayFiles asks for a right on files that are in no catalog.
func (s *Session) mayFiles(ctx context.Context, p catalog.Privilege) error {
	if s.viewer == nil {
		return nil
	}
	return s.viewer.Files(ctx, p)
}

// hasView reports whether a global temporary view is there for the user: where
// there are rights it is its maker's alone, since it reads with the maker's.
func (s *Session) hasView(v *view) bool { return s.viewer == nil || v.by == s.cfg.User }

// readable finds what is called db.name in a guarded catalog, to be read.
func (r *resolver) readable(ctx context.Context, g guard.Guard, db, name string) (catalog.Table, *bind.View, error) {
	rd, err := g.Read(ctx, db, name)
	if err != nil {
		return nil, nil, err
	}
	r.asked.note(r.as, g.Name(), db, name, rd.Stamp)
	if v := rd.View; v != nil {
		own := r.as.Is(rd.Access.Owner)
		as := rd.Owner
		if own {
			as = r.as
		}
		sealed := !own && !r.s.viewer.Everything()
		return nil, &bind.View{
			Name: []string{g.Name(), db, v.Name.Table}, SQL: v.SQL, Columns: v.Columns, Schema: v.Schema, Settings: settings.Of(v.Settings),
			Resolver: &resolver{s: r.s, catalog: g.Name(), database: v.Database, as: as, asked: r.asked, calls: r.calls, sealed: !own},
			Owner:    rd.Access.Owner.String() + rd.Access.Owner.ID, Guarded: sealed, Sealed: sealed,
		}, nil
	}
	if rd.Columns == nil && rd.Access.RowFilter == nil && len(rd.Access.Masks) == 0 {
		return rd.Table, nil, nil
	}
	v, err := r.ruled(rd)
	return nil, v, err
}

// writes asks for the right to write to the table, before anything is said of its columns.
func (t *target) writes(ctx context.Context, mode catalog.WriteMode) error {
	if g, ok := t.cat.(guard.Guard); ok {
		return g.Writes(ctx, t.db, t.name, mode)
	}
	return nil
}

// reads is the error of columns (places in the schema) of a table whose values
// the session's user may not know, or not those of all rows.
func (t *target) reads(ctx context.Context, cols []int) error {
	g, ok := t.cat.(guard.Guard)
	if !ok {
		return nil
	}
	rd, err := g.Read(ctx, t.db, t.name)
	if err != nil {
		return err
	}
	hidden := rd.View != nil || rd.Access.RowFilter != nil
	for _, c := range cols {
		seen := rd.Columns == nil
		for _, have := range rd.Columns {
			seen = seen || have == c
		}
		hidden = hidden || !seen || rd.Table != nil && rd.Access.Masks[strings.ToLower(rd.Table.Schema()[c].Name)] != nil
	}
	if hidden {
		return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: User does not have SELECT on all rows and values of TABLE %s.", quote(t.parts))
	}
	return nil
}

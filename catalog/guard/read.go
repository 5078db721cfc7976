package guard

import (
	"context"

	"github.com/volley-sql/volley/catalog"
)

// Reading is a table or view that the viewer may read, and how.
type Reading struct {
	// Exactly one is set.
	Table catalog.Table
	View  *catalog.View
	// Columns are the places of the columns that are there; nil: all.
	Columns []int
	// Access has the row filter and the masks of a table. They hold for
	// everybody, owners and administrators too.
	Access *catalog.Access
	// Owner is with whose rights the query of a view reads.
	Owner *Viewer
	// Stamp changes when what the viewer may read of it does, or its rules do.
	Stamp string
	// Manages says that the viewer may change the rules of the table, and so may know them.
	Manages bool
}

// Read finds a table or view to be read.
func (g Guard) Read(ctx context.Context, db, name string) (*Reading, error) {
	on := catalog.Securable{Database: db, Name: name}
	r := &Reading{}
	t, v, l, err := g.find(ctx, on, func(l *level, view bool) error {
		r.Access = l.path[len(l.path)-1]
		if view && !l.may(catalog.Select) || !view && !l.reads() {
			return g.deniedOn(on, catalog.Select)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Manages, r.Stamp = l.may(catalog.Manage), l.stamp(r.Access)
	if r.Table, r.View = t, v; v != nil {
		r.Owner = g.v.p.Owner(r.Access.Owner)
		return r, nil
	}
	if r.Columns = l.columns(t.Schema()); r.Columns != nil && len(r.Columns) == 0 {
		return nil, g.deniedOn(on, catalog.Select)
	}
	return r, nil
}

// reads reports whether the viewer may read something of a table.
func (l *level) reads() bool {
	return l.owns() || l.grants(l.path, func(g catalog.Grant) bool { return contains(g.Privilege, catalog.Select) })
}

// Rule is the viewer whose rights a row filter or mask reads with.
func (v *Viewer) Rule(r *catalog.Rule) *Viewer { return v.p.Owner(r.By) }

// Rules are the row filter and masks of a table, for who may change them; nil
// for others.
func (g Guard) Rules(ctx context.Context, db, name string) (*catalog.Access, error) {
	on := catalog.Securable{Database: db, Name: name}
	l, err := g.object(ctx, on)
	if err != nil || !l.may(catalog.Manage) {
		return nil, err
	}
	return g.access(ctx, on)
}

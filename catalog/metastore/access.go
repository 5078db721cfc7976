package metastore

import (
	"context"
	"maps"
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
)

var _ catalog.Secured = (*Catalog)(nil)

// firstAccess is the rights on an object that is put in the place of old, or
// made anew if that is nil. Rules of old stay where the new has none in their place.
func firstAccess(first *catalog.Access, old *Object) *catalog.Access {
	switch {
	case old == nil:
		return first
	case first == nil || first.RowFilter == nil && len(first.Masks) == 0:
		return old.Access
	}
	a := old.Access.Clone()
	if first.RowFilter != nil {
		a.RowFilter = first.RowFilter
	}
	for c, m := range first.Masks {
		if a.Masks == nil {
			a.Masks = map[string]*catalog.Rule{}
		}
		a.Masks[c] = m
	}
	return a
}

// orNone is a, or the rights on something of which nothing was said.
func orNone(a *catalog.Access) *catalog.Access {
	if a == nil {
		return &catalog.Access{}
	}
	return a
}

// Access implements catalog.Secured.
func (c *Catalog) Access(ctx context.Context, on catalog.Securable) (a *catalog.Access, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		switch {
		case on.Files || on.Database == "":
			r, err := tx.Root()
			if err != nil {
				return err
			}
			a = r.Access
			if on.Files {
				a = r.Files
			}
		case on.Name == "":
			d, err := database(tx, on.Database)
			if err != nil {
				return err
			}
			a = d.Access
		case on.Function:
			d, err := database(tx, on.Database)
			if err != nil {
				return err
			}
			f := d.Functions[key(on.Name)]
			if f == nil {
				return noFunction(c, on.Database, on.Name)
			}
			a = f.Access
		default:
			o, err := tx.Object(key(on.Database), key(on.Name))
			if err != nil {
				return err
			}
			if o == nil {
				return c.notFound(on.Database, on.Name)
			}
			a = o.Access
		}
		return nil
	})
	return orNone(a), err
}

// ChangeAccess implements catalog.Secured.
func (c *Catalog) ChangeAccess(ctx context.Context, on catalog.Securable, change func(*catalog.Access) error) error {
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		switch {
		case on.Files || on.Database == "":
			return changeRoot(tx, func(r *Root) error {
				at := &r.Access
				if on.Files {
					at = &r.Files
				}
				a := (*at).Clone()
				*at = a
				return change(a)
			})
		case on.Name == "":
			d, err := database(tx, on.Database)
			if err != nil {
				return err
			}
			n := *d
			n.Access = d.Access.Clone()
			if err := change(n.Access); err != nil {
				return err
			}
			return tx.PutDatabase(n)
		case on.Function:
			d, err := database(tx, on.Database)
			if err != nil {
				return err
			}
			old := d.Functions[key(on.Name)]
			if old == nil {
				return noFunction(c, on.Database, on.Name)
			}
			f := *old
			f.Access = old.Access.Clone()
			if err := change(f.Access); err != nil {
				return err
			}
			n := *d
			n.Functions = maps.Clone(d.Functions)
			n.Functions[key(on.Name)] = &f
			return tx.PutDatabase(n)
		}
		return c.changeObject(tx, on, change)
	})
}

// changeObject makes another state of a table, so that plans and transactions
// that know the old one notice.
func (c *Catalog) changeObject(tx Tx, on catalog.Securable, change func(*catalog.Access) error) error {
	o, err := tx.Object(key(on.Database), key(on.Name))
	if err != nil {
		return err
	}
	if o == nil {
		return c.notFound(on.Database, on.Name)
	}
	n := &Object{View: o.View, Access: o.Access.Clone()}
	if err := change(n.Access); err != nil {
		return err
	}
	if o.Table != nil {
		r := *o.Table
		r.Version = files.NewJobID()
		n.Table = &r
	}
	return tx.PutObject(key(on.Database), key(on.Name), n)
}

func changeRoot(tx Tx, change func(*Root) error) error {
	old, err := tx.Root()
	if err != nil {
		return err
	}
	r := *old
	if err := change(&r); err != nil {
		return err
	}
	return tx.PutRoot(&r)
}

// Roles implements catalog.Secured.
func (c *Catalog) Roles(ctx context.Context) (out catalog.Roles, err error) {
	err = c.cfg.Records.View(ctx, func(tx Tx) error {
		r, err := tx.Root()
		if err == nil {
			out = r.Roles
		}
		return err
	})
	return out, err
}

// ChangeRoles implements catalog.Secured. A role without an ID gets one.
func (c *Catalog) ChangeRoles(ctx context.Context, change func(*catalog.Roles) error) error {
	return c.cfg.Records.Update(ctx, func(tx Tx) error {
		return changeRoot(tx, func(r *Root) error {
			rs := slices.Clone(r.Roles)
			for i := range rs {
				rs[i].Members = slices.Clone(rs[i].Members)
			}
			if err := change(&rs); err != nil {
				return err
			}
			for i := range rs {
				rs[i].Name = key(rs[i].Name)
				if rs[i].ID == "" {
					rs[i].ID = files.NewJobID()
				}
			}
			slices.SortFunc(rs, func(a, b catalog.Role) int {
				if a.Name < b.Name {
					return -1
				}
				return 1
			})
			r.Roles = rs
			return nil
		})
	})
}

package guard

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// fit are the privileges there are on each kind of thing.
var fit = map[string][]catalog.Privilege{
	"CATALOG": {
		catalog.Select, catalog.Insert, catalog.Modify, catalog.Execute, catalog.UseCatalog, catalog.UseDatabase, catalog.CreateSchema, catalog.CreateTables,
		catalog.CreateFunction, catalog.Manage, catalog.AllPrivileges,
	},
	"SCHEMA": {
		catalog.Select, catalog.Insert, catalog.Modify, catalog.Execute, catalog.UseDatabase, catalog.CreateTables, catalog.CreateFunction, catalog.Manage,
		catalog.AllPrivileges,
	},
	"FUNCTION": {catalog.Execute, catalog.Manage, catalog.AllPrivileges},
	"TABLE":    {catalog.Select, catalog.Insert, catalog.Modify, catalog.Manage, catalog.AllPrivileges},
	"VIEW":     {catalog.Select, catalog.Manage, catalog.AllPrivileges},
	"ANY FILE": {catalog.Select, catalog.Modify, catalog.AllPrivileges},
}

// Fits is the error of a privilege that there is not on a kind of thing:
// CATALOG, SCHEMA, TABLE, VIEW, FUNCTION or ANY FILE.
func Fits(p catalog.Privilege, kind string) error {
	if slices.Contains(fit[kind], p) {
		return nil
	}
	var names []string
	for _, f := range fit[kind] {
		names = append(names, string(f))
	}
	return sqlerr.New(sqlerr.AccessInvalidPrivilege, "There is no privilege %s on a %s.", p, kind).WithHint("There are %s.", strings.Join(names, ", "))
}

// rights reads the rights on a thing that the viewer must know of.
func (g Guard) rights(ctx context.Context, on catalog.Securable) (*level, error) {
	switch {
	case on.Function:
		l, err := g.function(ctx, on)
		if err == nil && !l.calls() {
			err = g.deniedOn(on, catalog.Manage)
		}
		return l, err
	case on.Name != "":
		l, err := g.object(ctx, on)
		if err == nil && !l.sees() {
			err = g.deniedOn(on, catalog.Manage)
		}
		return l, err
	case on.Database != "":
		return g.database(ctx, on.Database)
	}
	return g.at(ctx, on)
}

func (g Guard) change(ctx context.Context, on catalog.Securable, f func(*catalog.Access) error) error {
	s, ok := g.c.(catalog.Secured)
	if !ok {
		return sqlerr.New(sqlerr.Unsupported, "The feature is not supported: rights in the catalog `%s`.", g.c.Name())
	}
	return s.ChangeAccess(ctx, on, f)
}

// gives reports whether the viewer may give and take a privilege.
func (l *level) gives(gr catalog.Grant) bool {
	return l.may(catalog.Manage) || l.grants(l.path, func(have catalog.Grant) bool {
		if !have.Option || !contains(have.Privilege, gr.Privilege) {
			return false
		}
		if have.Columns == nil {
			return true
		}
		return gr.Columns != nil && !slices.ContainsFunc(gr.Columns, func(c string) bool { return !named(have.Columns, c) })
	})
}

func named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// giving is the error of rights that the viewer may not give and take.
func (g Guard) giving(ctx context.Context, on catalog.Securable, grants []catalog.Grant) error {
	l, err := g.rights(ctx, on)
	if err != nil {
		return err
	}
	for _, gr := range grants {
		if !l.gives(gr) {
			return g.deniedOn(on, catalog.Manage)
		}
	}
	return nil
}

// Grant gives rights on a thing, all of them or none.
func (g Guard) Grant(ctx context.Context, on catalog.Securable, grants []catalog.Grant) error {
	if err := g.giving(ctx, on, grants); err != nil {
		return err
	}
	return g.change(ctx, on, func(a *catalog.Access) error {
		for _, gr := range grants {
			gr.By = g.v.who.Name
			give(a, gr)
		}
		return nil
	})
}

// give adds a grant to those there are.
func give(a *catalog.Access, gr catalog.Grant) {
	for i := range a.Grants {
		have := &a.Grants[i]
		if have.To != gr.To || have.Privilege != gr.Privilege || (have.Columns == nil) != (gr.Columns == nil) || have.Option != gr.Option && gr.Columns != nil {
			continue
		}
		have.Option = have.Option || gr.Option
		cols := slices.Clone(have.Columns)
		for _, c := range gr.Columns {
			if !named(cols, c) {
				cols = append(cols, c)
			}
		}
		have.Columns = cols
		return
	}
	a.Grants = append(a.Grants, gr)
}

// Revoke takes rights on a thing. With option it takes the right to give them
// to others alone.
func (g Guard) Revoke(ctx context.Context, on catalog.Securable, grants []catalog.Grant, option bool) error {
	if err := g.giving(ctx, on, grants); err != nil {
		return err
	}
	return g.change(ctx, on, func(a *catalog.Access) error {
		for _, gr := range grants {
			take(a, gr, option)
		}
		return nil
	})
}

func take(a *catalog.Access, gr catalog.Grant, option bool) {
	var left []catalog.Grant
	for _, have := range a.Grants {
		hit := have.To == gr.To && (have.Privilege == gr.Privilege || gr.Privilege == catalog.AllPrivileges)
		switch {
		case !hit, gr.Columns != nil && have.Columns == nil:
		case option:
			have.Option = false
		case gr.Columns == nil:
			continue
		default:
			var cols []string
			for _, c := range have.Columns {
				if !named(gr.Columns, c) {
					cols = append(cols, c)
				}
			}
			if have.Columns = cols; len(cols) == 0 {
				continue
			}
		}
		left = append(left, have)
	}
	a.Grants = left
}

// SetOwner makes somebody the owner of a thing: the viewer, a role of the
// viewer's, or anybody if the viewer may do everything. Views read with their
// owner's rights, so nobody may be made the owner of another's.
func (g Guard) SetOwner(ctx context.Context, on catalog.Securable, to catalog.Principal) error {
	l, err := g.rights(ctx, on)
	if err != nil {
		return err
	}
	if !l.may(catalog.Manage) {
		return g.deniedOn(on, catalog.Manage)
	}
	if !l.all && (!l.who[to] || to == catalog.Public) {
		return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: User cannot make %s an owner.", to).
			WithHint("Make a role the owner that you have, or have an administrator do it.")
	}
	return g.change(ctx, on, func(a *catalog.Access) error {
		a.Owner = to
		return nil
	})
}

// SetRules changes the row filter or the masks of a table.
func (g Guard) SetRules(ctx context.Context, on catalog.Securable, f func(*catalog.Access) error) error {
	if err := g.demand(ctx, on.Database, on.Name, catalog.Manage); err != nil {
		return err
	}
	return g.change(ctx, on, f)
}

// Grants are the rights on a thing as far as the viewer may know them: all, or
// those of the viewer's own.
func (g Guard) Grants(ctx context.Context, on catalog.Securable) (*catalog.Access, error) {
	l, err := g.rights(ctx, on)
	if err != nil {
		return nil, err
	}
	a, err := g.access(ctx, on)
	if err != nil {
		return nil, err
	}
	live, err := g.v.p.live(ctx)
	if err != nil {
		return nil, err
	}
	out := *a
	out.Grants = nil
	for _, gr := range a.Grants {
		if live(gr.To) && (l.may(catalog.Manage) || l.who[gr.To]) {
			out.Grants = append(out.Grants, gr)
		}
	}
	if !live(out.Owner) {
		out.Owner = catalog.Principal{}
	}
	return &out, nil
}

// live tells principals from roles that were dropped.
func (p *Policy) live(ctx context.Context) (func(catalog.Principal) bool, error) {
	roles, err := p.Home.Roles(ctx)
	if err != nil {
		return nil, err
	}
	return func(x catalog.Principal) bool {
		if !x.Role || x == catalog.Public {
			return true
		}
		r := roles.Find(x.Name)
		return r != nil && r.ID == x.ID
	}, nil
}

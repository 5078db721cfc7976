package guard

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Kind says what the name of a principal is.
type Kind uint8

// The kinds. Either is a role if there is one of the name, else a user.
const (
	Either Kind = iota
	User
	Role
)

func noRole(name string) error {
	return sqlerr.New(sqlerr.AccessRoleNotFound, "The role `%s` does not exist.", name).WithHint("CREATE ROLE makes one, also for a role that logins come with.")
}

// Find is the principal of a name. Users need not be known: whoever logs in is one.
func (v *Viewer) Find(ctx context.Context, kind Kind, name string) (catalog.Principal, error) {
	if kind != User && strings.EqualFold(name, catalog.Public.Name) {
		return catalog.Public, nil
	}
	if kind == User {
		return catalog.Principal{Name: name}, nil
	}
	roles, err := v.p.Home.Roles(ctx)
	if err != nil {
		return catalog.Principal{}, err
	}
	if r := roles.Find(name); r != nil {
		return r.Principal(), nil
	}
	if kind == Role {
		return catalog.Principal{}, noRole(name)
	}
	return catalog.Principal{Name: name}, nil
}

// AllRoles are the roles the viewer may know: all, or those it has.
func (v *Viewer) AllRoles(ctx context.Context) (catalog.Roles, error) {
	all, err := v.p.Home.Roles(ctx)
	if err != nil || v.Everything() {
		return all, err
	}
	h, err := v.held(ctx)
	if err != nil {
		return nil, err
	}
	var out catalog.Roles
	for _, r := range all {
		if h[r.Principal()] {
			out = append(out, r)
		}
	}
	return out, nil
}

// Has reports whether the viewer is a principal, or has the role.
func (v *Viewer) Has(ctx context.Context, p catalog.Principal) (bool, error) {
	h, err := v.held(ctx)
	return v.Everything() || h[p], err
}

func (v *Viewer) administer(what string) error {
	if v.Everything() {
		return nil
	}
	return sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: only an administrator may %s.", what)
}

// CreateRole makes a role.
func (v *Viewer) CreateRole(ctx context.Context, name string, ifNotExists bool) error {
	if err := v.administer("create roles"); err != nil {
		return err
	}
	if name == "" || strings.EqualFold(name, catalog.Public.Name) {
		return sqlerr.New(sqlerr.InvalidObjectName, "`%s` is not a valid name for a role.", name)
	}
	return v.p.Home.ChangeRoles(ctx, func(rs *catalog.Roles) error {
		if rs.Find(name) != nil {
			if ifNotExists {
				return nil
			}
			return sqlerr.New(sqlerr.AccessRoleExists, "The role `%s` already exists.", strings.ToLower(name))
		}
		*rs = append(*rs, catalog.Role{Name: name})
		return nil
	})
}

// DropRole removes a role, and with it all that was given to it.
func (v *Viewer) DropRole(ctx context.Context, name string, ifExists bool) error {
	if err := v.administer("drop roles"); err != nil {
		return err
	}
	return v.p.Home.ChangeRoles(ctx, func(rs *catalog.Roles) error {
		old := rs.Find(name)
		if old == nil {
			if ifExists {
				return nil
			}
			return noRole(name)
		}
		gone := old.Principal()
		*rs = slices.DeleteFunc(*rs, func(r catalog.Role) bool { return r.ID == gone.ID })
		for i := range *rs {
			(*rs)[i].Members = slices.DeleteFunc((*rs)[i].Members, func(p catalog.Principal) bool { return p == gone })
		}
		return nil
	})
}

// GrantRoles gives roles to principals or, with revoke, takes them.
func (v *Viewer) GrantRoles(ctx context.Context, names []string, to []catalog.Principal, revoke bool) error {
	if err := v.administer("give and take roles"); err != nil {
		return err
	}
	return v.p.Home.ChangeRoles(ctx, func(rs *catalog.Roles) error {
		for _, name := range names {
			r := rs.Find(name)
			if r == nil {
				return noRole(name)
			}
			for _, p := range to {
				i := slices.Index(r.Members, p)
				switch {
				case revoke && i >= 0:
					r.Members = slices.Delete(r.Members, i, i+1)
				case !revoke && i < 0:
					r.Members = append(r.Members, p)
				}
			}
		}
		return nil
	})
}

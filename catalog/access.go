package catalog

import (
	"context"
	"slices"
	"strings"
)

// Principal is whom rights are given to: a user, or a role that users and
// other roles have. Names of users are exact, those of roles lower case.
type Principal struct {
	Role bool   `json:"role,omitempty"`
	Name string `json:"name"`
	// ID tells a role from one of the same name that was dropped; empty for
	// users and for Public.
	ID string `json:"id,omitempty"`
}

// Public is the role that everybody has.
var Public = Principal{Role: true, Name: "public"}

// String is the principal as GRANT names it, without quotes.
func (p Principal) String() string {
	if p.Role {
		return "ROLE " + p.Name
	}
	return "USER " + p.Name
}

// Privilege is something that may be done with an object. One on a catalog
// holds for all that is in it, and so does one on a database.
type Privilege string

// The privileges. All stands for every other one. UseCatalog and UseDatabase
// let nobody do anything: nothing inside is there for those who lack them.
const (
	Select         Privilege = "SELECT"
	Insert         Privilege = "INSERT" // append rows
	Modify         Privilege = "MODIFY" // append, replace and remove rows
	UseCatalog     Privilege = "USE CATALOG"
	UseDatabase    Privilege = "USE SCHEMA"
	CreateSchema   Privilege = "CREATE SCHEMA"
	CreateTables   Privilege = "CREATE TABLE" // tables and views
	CreateFunction Privilege = "CREATE FUNCTION"
	Execute        Privilege = "EXECUTE" // call functions
	Manage         Privilege = "MANAGE"  // alter, drop, give rights to others
	AllPrivileges  Privilege = "ALL PRIVILEGES"
	privilegesHelp           = "SELECT, INSERT, MODIFY, EXECUTE, USE CATALOG, USE SCHEMA, CREATE SCHEMA, CREATE TABLE, CREATE FUNCTION, MANAGE, ALL PRIVILEGES"
)

// PrivilegeNames lists the privileges for messages.
func PrivilegeNames() string { return privilegesHelp }

// Grant is a privilege that a principal has.
type Grant struct {
	To        Principal `json:"to"`
	Privilege Privilege `json:"privilege"`
	// Columns limit Select to some columns of a table; nil: all, also those to come.
	Columns []string `json:"columns,omitempty"`
	// Option lets To give the privilege to others.
	Option bool `json:"option,omitempty"`
	// By is who gave it.
	By string `json:"by,omitempty"`
}

// Access is who may do what with an object, and which of a table's rows and
// values are shown to whom.
type Access struct {
	// Owner may do everything with the object; without a name nobody but
	// administrators may. Views read what they read with their owner's rights.
	Owner  Principal `json:"owner"`
	Grants []Grant   `json:"grants,omitempty"`
	// RowFilter says which rows of a table are there; nil: all.
	RowFilter *Rule `json:"rowFilter,omitempty"`
	// Masks are by column, lower case: what is shown in place of its values.
	Masks map[string]*Rule `json:"masks,omitempty"`
}

// Rule is an SQL function over columns of a table, with the world its text is
// bound in.
type Rule struct {
	// Name is what the function was called, Definition its CREATE FUNCTION.
	Name       string `json:"name"`
	Definition string `json:"definition"`
	// Columns are its arguments; those of a mask begin with the column masked.
	Columns  []string `json:"columns"`
	Catalog  string   `json:"catalog"`
	Database string   `json:"database"`
	// By is with whose rights it reads what it names.
	By Principal `json:"by"`
}

// Clone copies what ChangeAccess may edit.
func (a *Access) Clone() *Access {
	if a == nil {
		return &Access{}
	}
	c := *a
	c.Grants = slices.Clone(a.Grants)
	if a.Masks != nil {
		c.Masks = make(map[string]*Rule, len(a.Masks))
		for k, v := range a.Masks {
			c.Masks[k] = v
		}
	}
	return &c
}

// Securable names what rights are given on: a table or view, with Function a
// function, with Name empty a database, with both empty the catalog, with Files
// the files that are in no catalog.
type Securable struct {
	Database, Name  string
	Function, Files bool
}

// Role is a named set of rights.
type Role struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	// Members have the role, and what it has.
	Members []Principal `json:"members,omitempty"`
	Comment string      `json:"comment,omitempty"`
}

// Principal is the role as one rights are given to.
func (r *Role) Principal() Principal { return Principal{Role: true, Name: r.Name, ID: r.ID} }

// Roles are the roles a catalog knows, sorted by name.
type Roles []Role

// Find returns the role called name, nil if there is none.
func (rs Roles) Find(name string) *Role {
	for i := range rs {
		if strings.EqualFold(rs[i].Name, name) {
			return &rs[i]
		}
	}
	return nil
}

// Secured is a catalog that keeps who may do what beside what it keeps. It
// records; it refuses nothing (see package guard).
//
// Rights of a table, view or database are part of its record: they end with
// it, are renamed with it, stay when it is altered, written to or replaced,
// and change at once for all who use the catalog. The first owner is that of
// TableSpec.Access, View.Access or Database.Access.
type Secured interface {
	Catalog
	// Find is Lookup of what allow lets through: it is called with the rights
	// of the very table or view that is returned, before anything of it is opened.
	Find(ctx context.Context, database, name string, allow func(a *Access, view bool) error) (Table, *View, error)
	// Access returns the rights on an object, which must not be changed. They
	// are never nil. The errors are those of Lookup and DescribeDatabase.
	Access(ctx context.Context, on Securable) (*Access, error)
	// ChangeAccess edits them. If change fails nothing is changed.
	ChangeAccess(ctx context.Context, on Securable, change func(*Access) error) error
	// Roles returns the roles, which must not be changed.
	Roles(ctx context.Context) (Roles, error)
	// ChangeRoles edits them.
	ChangeRoles(ctx context.Context, change func(*Roles) error) error
}

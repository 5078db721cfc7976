package ast

// Grantee is whom rights are given to: USER name, ROLE name, PUBLIC (the role
// of that name), or a name alone.
type Grantee struct {
	Span
	Kind GranteeKind
	Name string
}

// GranteeKind says what the name of a Grantee is.
type GranteeKind uint8

// The kinds. AnyGrantee is a name alone: of a role if there is one, else of a user.
const (
	AnyGrantee GranteeKind = iota
	UserGrantee
	RoleGrantee
)

// Right is a privilege in GRANT, in upper case: SELECT, USE SCHEMA, ALL
// PRIVILEGES. Columns limit it; nil: there are none.
type Right struct {
	Span
	Name    string
	Columns []string
}

// Securable is TABLE t, VIEW v, DATABASE d, CATALOG c or (ObjFiles) ANY FILE.
type Securable struct {
	Span
	Kind ObjectKind
	Name Name
}

// Grant is GRANT rights ON object TO grantees, or REVOKE … FROM.
type Grant struct {
	Span
	Revoke bool
	Rights []Right
	On     Securable
	To     []Grantee
	// Option is WITH GRANT OPTION, or GRANT OPTION FOR in REVOKE.
	Option bool
}

// GrantRole is GRANT ROLE r TO grantees, or REVOKE ROLE r FROM.
type GrantRole struct {
	Span
	Revoke bool
	Roles  []string
	To     []Grantee
}

// CreateRole is CREATE ROLE r.
type CreateRole struct {
	Span
	Name        string
	IfNotExists bool
}

// DropRole is DROP ROLE r.
type DropRole struct {
	Span
	Name     string
	IfExists bool
}

// ShowGrants is SHOW GRANTS [TO grantee] [ON object].
type ShowGrants struct {
	Span
	To *Grantee
	On *Securable
}

// ShowRoles is SHOW ROLES, with Current those of the session's user.
type ShowRoles struct {
	Span
	Current bool
}

// SetOwner is ALTER TABLE t OWNER TO grantee.
type SetOwner struct {
	Span
	To Grantee
}

// AlterOwner is ALTER DATABASE d OWNER TO grantee, or that of a catalog.
type AlterOwner struct {
	Span
	Of Securable
	To Grantee
}

// SetRowFilter is SET ROW FILTER f ON (columns), with Drop DROP ROW FILTER.
type SetRowFilter struct {
	Span
	Drop     bool
	Function Name
	Columns  []string
}

// SetMask is ALTER COLUMN c SET MASK f [USING COLUMNS (columns)], with Drop
// ALTER COLUMN c DROP MASK.
type SetMask struct {
	Span
	Column   Name
	Drop     bool
	Function Name
	Using    []string
}

func (*Grant) statement()      {}
func (*GrantRole) statement()  {}
func (*CreateRole) statement() {}
func (*DropRole) statement()   {}
func (*ShowGrants) statement() {}
func (*ShowRoles) statement()  {}
func (*AlterOwner) statement() {}

func (*SetOwner) alter()     {}
func (*SetRowFilter) alter() {}
func (*SetMask) alter()      {}

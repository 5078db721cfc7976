package session

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// dispatchRights runs the statements about rights and roles; ok is false for others.
func (s *Session) dispatchRights(ctx context.Context, st *statement) (r *Result, err error, ok bool) {
	switch n := st.st.(type) {
	case *ast.ShowGrants:
		r, err = s.showGrants(ctx, st, n)
		return r, err, true
	case *ast.ShowRoles:
		r, err = s.showRoles(ctx, n)
		return r, err, true
	case *ast.Grant, *ast.GrantRole, *ast.CreateRole, *ast.DropRole, *ast.AlterOwner:
	default:
		return nil, nil, false
	}
	if err := s.outside("changes of roles and rights"); err != nil {
		return nil, sqlerr.At(err, st.st.Pos()), true
	}
	by, err := s.actor()
	if err != nil {
		return nil, err, true
	}
	switch n := st.st.(type) {
	case *ast.Grant:
		err = s.grant(ctx, st, by, n)
	case *ast.GrantRole:
		var to []catalog.Principal
		if to, err = grantees(ctx, by, n.To); err == nil {
			err = by.GrantRoles(ctx, n.Roles, to, n.Revoke)
		}
	case *ast.CreateRole:
		err = by.CreateRole(ctx, n.Name, n.IfNotExists)
	case *ast.DropRole:
		err = by.DropRole(ctx, n.Name, n.IfExists)
	case *ast.AlterOwner:
		err = s.setOwner(ctx, st, n.Of, n.To)
	}
	return empty(), sqlerr.At(err, st.st.Pos()), true
}

func grantees(ctx context.Context, by *guard.Viewer, gs []ast.Grantee) ([]catalog.Principal, error) {
	var out []catalog.Principal
	for _, g := range gs {
		p, err := grantee(ctx, by, g)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func grantee(ctx context.Context, by *guard.Viewer, g ast.Grantee) (catalog.Principal, error) {
	kind := [...]guard.Kind{ast.AnyGrantee: guard.Either, ast.UserGrantee: guard.User, ast.RoleGrantee: guard.Role}[g.Kind]
	p, err := by.Find(ctx, kind, g.Name)
	return p, sqlerr.At(err, g.Pos())
}

// securable is what rights are given on, found.
type securable struct {
	guard guard.Guard
	on    catalog.Securable
	kind  string // CATALOG, SCHEMA, TABLE, VIEW, FUNCTION or ANY FILE
	// columns are those of a table that whoever gives rights may know.
	columns types.Schema
}

// key is the name in messages and lists.
func (x *securable) key() string {
	if x.on.Files {
		return ""
	}
	parts := []string{x.guard.Name()}
	for _, p := range []string{x.on.Database, x.on.Name} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ".")
}

// securable finds what a statement about rights names.
func (s *Session) securable(ctx context.Context, st *statement, by *guard.Viewer, o ast.Securable) (*securable, error) {
	switch o.Kind {
	case ast.ObjFiles:
		p, err := s.policy()
		if err != nil {
			return nil, err
		}
		return &securable{guard: by.Over(p.Home), on: catalog.Securable{Files: true}, kind: "ANY FILE"}, nil
	case ast.ObjCatalog:
		parts, err := s.parts(ctx, st, &o.Name)
		if err != nil {
			return nil, err
		}
		c := s.catalogIn(strings.Join(parts, "."))
		if c == nil {
			return nil, sqlerr.New(sqlerr.CatalogNotFound, "The catalog %s not found.", quote(parts)).At(o.Pos())
		}
		return &securable{guard: by.Over(c), kind: "CATALOG"}, nil
	case ast.ObjDatabase:
		c, db, err := s.namespace(ctx, st, &o.Name)
		if err != nil {
			return nil, err
		}
		if ok, err := hasDatabase(ctx, c, db); err != nil || !ok || strings.EqualFold(db, catalog.InformationSchema) {
			if err == nil {
				err = s.noDatabase(ctx, c.Name(), db)
			}
			return nil, sqlerr.At(err, o.Name.Pos())
		}
		return &securable{guard: by.Over(s.catalogIn(c.Name())), on: catalog.Securable{Database: strings.ToLower(db)}, kind: "SCHEMA"}, nil
	}
	if o.Kind == ast.ObjFunction {
		return s.securableFunction(ctx, st, by, o)
	}
	return s.securableTable(ctx, st, by, o)
}

func (s *Session) securableFunction(ctx context.Context, st *statement, by *guard.Viewer, o ast.Securable) (*securable, error) {
	parts, err := s.parts(ctx, st, &o.Name)
	if err != nil {
		return nil, err
	}
	cat, db := s.Current()
	if len(parts) == 1 {
		parts = []string{db, parts[0]}
	}
	all, c, d, fn := (&resolver{s: s, catalog: cat, database: db, as: s.viewer}).functionsOf(parts)
	if all == nil {
		return nil, sqlerr.New(sqlerr.RoutineNotFound, "The routine %s cannot be found.", quote(parts)).At(o.Name.Pos())
	}
	x := &securable{guard: by.Over(s.catalogIn(c.Name())), on: catalog.Securable{Database: strings.ToLower(d), Name: strings.ToLower(fn), Function: true}, kind: "FUNCTION"}
	if err := x.guard.Knows(ctx, d, fn); err != nil {
		return nil, sqlerr.At(err, o.Name.Pos())
	}
	return x, nil
}

func (s *Session) securableTable(ctx context.Context, st *statement, by *guard.Viewer, o ast.Securable) (*securable, error) {
	t, err := s.find(ctx, st, &o.Name)
	if err != nil {
		return nil, err
	}
	if s.tempView(t.parts) != nil || t.cat.Name() == "" || strings.EqualFold(t.db, catalog.InformationSchema) {
		return nil, sqlerr.New(sqlerr.AccessInvalidPrivilege, "There are no rights on %s: it belongs to the session or the system.", quote(t.parts)).At(o.Name.Pos())
	}
	tb, v, err := t.lookup(ctx)
	if err != nil {
		return nil, sqlerr.At(err, o.Name.Pos())
	}
	x := &securable{guard: by.Over(s.catalogIn(t.cat.Name())), on: catalog.Securable{Database: strings.ToLower(t.db), Name: strings.ToLower(t.name)}, kind: "VIEW"}
	if v == nil {
		x.kind, x.columns = "TABLE", tb.Schema()
	}
	return x, nil
}

// grant runs GRANT and REVOKE of privileges.
func (s *Session) grant(ctx context.Context, st *statement, by *guard.Viewer, n *ast.Grant) error {
	x, err := s.securable(ctx, st, by, n.On)
	if err != nil {
		return err
	}
	to, err := grantees(ctx, by, n.To)
	if err != nil {
		return err
	}
	var grants []catalog.Grant
	for _, r := range n.Rights {
		for _, p := range privileges(r.Name, x.kind) {
			if err := guard.Fits(p, x.kind); err != nil {
				return sqlerr.At(err, r.Pos())
			}
			cols, err := x.rightColumns(r)
			if err != nil {
				return err
			}
			for _, who := range to {
				grants = append(grants, catalog.Grant{To: who, Privilege: p, Columns: cols, Option: n.Option && !n.Revoke})
			}
		}
	}
	if n.Revoke {
		return x.guard.Revoke(ctx, x.on, grants, n.Option)
	}
	return x.guard.Grant(ctx, x.on, grants)
}

// privileges are those that a name means on a kind of thing.
func privileges(name, kind string) []catalog.Privilege {
	switch {
	case name == "USAGE" && kind == "CATALOG":
		return []catalog.Privilege{catalog.UseCatalog}
	case name == "USAGE":
		return []catalog.Privilege{catalog.UseDatabase}
	case name == "CREATE" && kind == "CATALOG":
		return []catalog.Privilege{catalog.CreateSchema, catalog.CreateTables, catalog.CreateFunction}
	case name == "CREATE" && kind == "SCHEMA":
		return []catalog.Privilege{catalog.CreateTables, catalog.CreateFunction}
	case name == "CREATE":
		return []catalog.Privilege{catalog.CreateTables}
	}
	return []catalog.Privilege{catalog.Privilege(name)}
}

// rightColumns are the columns of SELECT (a, b), as the table spells them.
func (x *securable) rightColumns(r ast.Right) ([]string, error) {
	if len(r.Columns) == 0 {
		return nil, nil
	}
	if x.kind != "TABLE" {
		return nil, sqlerr.New(sqlerr.AccessInvalidPrivilege, "There are rights on columns of tables alone, and not of a %s.", x.kind).At(r.Pos())
	}
	var out []string
	for _, c := range r.Columns {
		i := x.columns.Index(c)
		if i < 0 {
			return nil, noColumn(x.columns, c).At(r.Pos())
		}
		out = append(out, x.columns[i].Name)
	}
	return out, nil
}

// setOwner runs ALTER … OWNER TO.
func (s *Session) setOwner(ctx context.Context, st *statement, of ast.Securable, to ast.Grantee) error {
	if err := s.outside("changes of owners"); err != nil {
		return err
	}
	by, err := s.actor()
	if err != nil {
		return err
	}
	x, err := s.securable(ctx, st, by, of)
	if err != nil {
		return err
	}
	p, err := grantee(ctx, by, to)
	if err != nil {
		return err
	}
	return x.guard.SetOwner(ctx, x.on, p)
}

// rolesSchema is what SHOW ROLES gives.
var rolesSchema = types.Schema{{Name: "role", Type: types.StringType}}

func (s *Session) showRoles(ctx context.Context, n *ast.ShowRoles) (*Result, error) {
	by, err := s.actor()
	if err != nil {
		return nil, err
	}
	var names []string
	if n.Current {
		names, err = s.roles(ctx)
	} else {
		var all catalog.Roles
		all, err = by.AllRoles(ctx)
		for _, r := range all {
			names = append(names, r.Name)
		}
	}
	if err != nil {
		return nil, err
	}
	var rows [][]types.Datum
	for _, r := range names {
		rows = append(rows, row(r))
	}
	return table(rolesSchema, rows...), nil
}

// grantsSchema is what SHOW GRANTS gives.
var grantsSchema = types.Schema{
	{Name: "principal", Type: types.StringType},
	{Name: "principal_type", Type: types.StringType},
	{Name: "action_type", Type: types.StringType},
	{Name: "object_type", Type: types.StringType},
	{Name: "object_key", Type: types.StringType, Nullable: true},
	{Name: "columns", Type: types.StringType, Nullable: true},
	{Name: "grantable", Type: types.BoolType},
}

// showGrants lists rights: those on a thing, those of a principal, or both.
func (s *Session) showGrants(ctx context.Context, st *statement, n *ast.ShowGrants) (*Result, error) {
	by, err := s.actor()
	if err != nil {
		return nil, err
	}
	l := &grantLister{s: s, by: by}
	to := n.To
	if to == nil && n.On == nil {
		to = &ast.Grantee{Kind: ast.UserGrantee, Name: s.cfg.User}
	}
	if to != nil {
		p, err := grantee(ctx, by, *to)
		if err != nil {
			return nil, err
		}
		if ok, err := by.Has(ctx, p); err != nil || !ok {
			if err == nil {
				err = sqlerr.New(sqlerr.InsufficientPermissions, "Insufficient privileges: the rights of %s are shown to administrators alone.", p).At(to.Pos())
			}
			return nil, err
		}
		l.only = &p
	}
	if n.On != nil {
		x, err := s.securable(ctx, st, by, *n.On)
		if err == nil {
			err = l.add(ctx, x)
		}
		if err != nil {
			return nil, sqlerr.At(err, n.On.Pos())
		}
		return table(grantsSchema, l.rows...), nil
	}
	if err := l.everything(ctx); err != nil {
		return nil, err
	}
	return table(grantsSchema, l.rows...), nil
}

// grantLister collects the rows of SHOW GRANTS.
type grantLister struct {
	s    *Session
	by   *guard.Viewer
	only *catalog.Principal // nil: of everybody
	rows [][]types.Datum
}

func (l *grantLister) row(p catalog.Principal, action, kind, key string, cols []string, option bool) {
	if l.only != nil && *l.only != p {
		return
	}
	r := []types.Datum{p.Name, map[bool]string{false: "USER", true: "ROLE"}[p.Role], action, kind, nil, nil, option}
	if key != "" {
		r[4] = key
	}
	if cols != nil {
		r[5] = strings.Join(cols, ", ")
	}
	l.rows = append(l.rows, r)
}

func (l *grantLister) add(ctx context.Context, x *securable) error {
	a, err := x.guard.Grants(ctx, x.on)
	if err != nil {
		return err
	}
	if a.Owner.Name != "" {
		l.row(a.Owner, "OWN", x.kind, x.key(), nil, true)
	}
	for _, g := range a.Grants {
		l.row(g.To, string(g.Privilege), x.kind, x.key(), g.Columns, g.Option)
	}
	return nil
}

// everything lists roles and the rights on all there is.
func (l *grantLister) everything(ctx context.Context) error {
	roles, err := l.by.AllRoles(ctx)
	if err != nil {
		return err
	}
	for _, r := range roles {
		for _, m := range r.Members {
			l.row(m, "MEMBER", "ROLE", r.Name, nil, false)
		}
	}
	p, err := l.s.policy()
	if err != nil {
		return err
	}
	if err := l.add(ctx, &securable{guard: l.by.Over(p.Home), on: catalog.Securable{Files: true}, kind: "ANY FILE"}); err != nil {
		return err
	}
	for _, c := range l.s.cfg.Catalogs {
		if err := l.catalog(ctx, l.by.Over(c)); err != nil {
			return err
		}
	}
	return nil
}

// gone reports whether an error says that something was dropped meanwhile.
func gone(err error) bool {
	return sqlerr.Is(err, sqlerr.SchemaNotFound) || sqlerr.Is(err, sqlerr.RoutineNotFound) || sqlerr.Is(err, sqlerr.TableOrViewNotFound) || sqlerr.Is(err, sqlerr.InsufficientPermissions)
}

func (l *grantLister) catalog(ctx context.Context, g guard.Guard) error {
	if err := l.add(ctx, &securable{guard: g, kind: "CATALOG"}); err != nil {
		return err
	}
	dbs, err := g.Databases(ctx)
	if err != nil {
		return err
	}
	for _, db := range dbs {
		if err := l.add(ctx, &securable{guard: g, on: catalog.Securable{Database: db}, kind: "SCHEMA"}); err != nil && !gone(err) {
			return err
		}
		functions, err := g.ListFunctions(ctx, db)
		if err != nil && !gone(err) && !sqlerr.Is(err, sqlerr.Unsupported) {
			return err
		}
		for _, f := range functions {
			x := &securable{guard: g, on: catalog.Securable{Database: db, Name: f, Function: true}, kind: "FUNCTION"}
			if err := l.add(ctx, x); err != nil && !gone(err) {
				return err
			}
		}
		entries, err := g.List(ctx, db)
		if err != nil && !gone(err) {
			return err
		}
		for _, e := range slices.Clone(entries) {
			kind := map[bool]string{false: "TABLE", true: "VIEW"}[e.IsView]
			if err := l.add(ctx, &securable{guard: g, on: catalog.Securable{Database: db, Name: e.Name}, kind: kind}); err != nil && !gone(err) {
				return err
			}
		}
	}
	return nil
}

package guard_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/guard"
	"github.com/volley-sql/volley/catalog/memory"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// world is a catalog with the database d, in it the table t and the view v of
// ann's, and the privileges to use both in the hands of everybody.
type world struct {
	*testing.T
	ctx context.Context
	c   *memory.Catalog
	p   *guard.Policy
}

func newWorld(t *testing.T) *world {
	c := memory.New("cat", local.New())
	t.Cleanup(func() { c.Close() })
	w := &world{t, context.Background(), c, &guard.Policy{Home: c, Admin: func(u string, roles []string) bool { return u == "root" || slices.Contains(roles, "dba") }}}
	root := w.as("root")
	w.ok(root.CreateDatabase(w.ctx, catalog.Database{Name: "d"}, false))
	w.grant(catalog.Securable{}, catalog.Public, catalog.UseCatalog, catalog.CreateTables)
	w.grant(catalog.Securable{Database: "d"}, catalog.Public, catalog.UseDatabase)
	ann := w.as("ann")
	w.ok(ann.CreateTable(w.ctx, table("t"), catalog.CreateNew, nil))
	w.ok(ann.CreateView(w.ctx, view("v"), catalog.CreateNew))
	w.revoke(catalog.Securable{}, catalog.Public, catalog.CreateTables)
	return w
}

func table(name string) catalog.TableSpec {
	return catalog.TableSpec{
		Name: catalog.Name{Database: "d", Table: name}, Info: catalog.Info{Provider: "text"},
		Schema: types.Schema{{Name: "value", Type: types.StringType, Nullable: true}},
	}
}

func view(name string) catalog.View {
	return catalog.View{Name: catalog.Name{Database: "d", Table: name}, SQL: "SELECT value FROM t", Schema: types.Schema{{Name: "value", Type: types.StringType}}}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) as(user string, roles ...string) guard.Guard {
	return w.p.Viewer(user, roles).Over(w.c)
}

func (w *world) grant(on catalog.Securable, to catalog.Principal, ps ...catalog.Privilege) {
	w.Helper()
	for _, p := range ps {
		w.ok(w.p.System().Over(w.c).Grant(w.ctx, on, []catalog.Grant{{To: to, Privilege: p}}))
	}
}

func (w *world) revoke(on catalog.Securable, from catalog.Principal, p catalog.Privilege) {
	w.Helper()
	w.ok(w.p.System().Over(w.c).Revoke(w.ctx, on, []catalog.Grant{{To: from, Privilege: p}}, false))
}

// can tries everything and returns the words of what went well, sorted. Nothing
// of it changes the catalog for long.
func (w *world) can(g guard.Guard) string {
	var out []string
	try := func(word string, err error) {
		w.Helper()
		switch {
		case err == nil:
			out = append(out, word)
		case !sqlerr.Is(err, sqlerr.InsufficientPermissions) && !sqlerr.Is(err, sqlerr.TableOrViewNotFound) && !sqlerr.Is(err, sqlerr.SchemaNotFound):
			w.Errorf("%s: %v", word, err)
		}
	}
	stop := errors.New("enough")
	undo := func(err error) error {
		if errors.Is(err, stop) {
			return nil
		}
		return err
	}
	begin := func(mode catalog.WriteMode) error {
		s, err := g.Begin(w.ctx, catalog.TableSpec{Name: catalog.Name{Database: "d", Table: "t"}}, mode)
		if err == nil {
			err = g.Abort(w.ctx, s)
		}
		return err
	}
	l, err := g.List(w.ctx, "d")
	for _, e := range l {
		try("list-"+e.Name, err)
	}
	_, _, err = g.Lookup(w.ctx, "d", "t")
	try("describe", err)
	_, v, err := g.Lookup(w.ctx, "d", "v")
	if err == nil && v.SQL != "" {
		try("text", err)
	}
	_, err = g.Read(w.ctx, "d", "t")
	try("read", err)
	_, err = g.Read(w.ctx, "d", "v")
	try("read-view", err)
	try("append", begin(catalog.Append))
	try("overwrite", begin(catalog.Overwrite))
	try("alter", undo(g.AlterTable(w.ctx, "d", "t", func(*catalog.TableSpec) error { return stop })))
	try("rules", undo(g.SetRules(w.ctx, catalog.Securable{Database: "d", Name: "t"}, func(*catalog.Access) error { return stop })))
	try("replace", g.CreateTable(w.ctx, table("t"), catalog.CreateOrReplace, nil))
	if err := g.CreateTable(w.ctx, table("new"), catalog.CreateNew, nil); err == nil {
		out = append(out, "create")
		w.ok(g.DropTable(w.ctx, "d", "new", false, false)) // whoever makes a thing owns it
	}
	if err := g.CreateDatabase(w.ctx, catalog.Database{Name: "e"}, false); err == nil {
		out = append(out, "schema")
		w.ok(g.DropDatabase(w.ctx, "e", false, true))
	}
	try("give", g.Grant(w.ctx, catalog.Securable{Database: "d", Name: "t"}, []catalog.Grant{{To: catalog.Principal{Name: "nobody"}, Privilege: catalog.Select}}))
	if err := g.RenameTable(w.ctx, "d", "t", "u"); err == nil {
		out = append(out, "rename")
		w.ok(w.p.System().Over(w.c).RenameTable(w.ctx, "d", "u", "t"))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// everything is what an owner of the database may do.
const everything = "alter append create describe give list-t list-v overwrite read read-view rename replace rules text"

func TestPrivileges(t *testing.T) {
	cat, db := catalog.Securable{}, catalog.Securable{Database: "d"}
	tb, vw := catalog.Securable{Database: "d", Name: "t"}, catalog.Securable{Database: "d", Name: "v"}
	const lists = "describe list-t list-v"
	for _, c := range []struct {
		on   catalog.Securable
		p    catalog.Privilege
		want string
	}{
		{tb, catalog.Select, "describe list-t read"},
		{tb, catalog.Insert, "append describe list-t"},
		{tb, catalog.Modify, "append describe list-t overwrite"},
		{tb, catalog.Manage, "alter describe give list-t rules"},
		{tb, catalog.AllPrivileges, "append describe list-t overwrite read"},
		{vw, catalog.Select, "list-v read-view"},
		{vw, catalog.Manage, "list-v text"},
		{vw, catalog.AllPrivileges, "list-v read-view"},
		{db, catalog.UseDatabase, ""},
		{db, catalog.CreateTables, "create"},
		{db, catalog.Select, lists + " read read-view"},
		{db, catalog.Insert, "append " + lists},
		{db, catalog.Modify, "append " + lists + " overwrite"},
		{db, catalog.Manage, "alter describe give list-t list-v rules text"},
		{db, catalog.AllPrivileges, "append create " + lists + " overwrite read read-view"},
		{cat, catalog.UseCatalog, ""},
		{cat, catalog.CreateSchema, "schema"},
		{cat, catalog.CreateTables, "create"},
		{cat, catalog.Select, lists + " read read-view"},
		{cat, catalog.AllPrivileges, "append create " + lists + " overwrite read read-view schema"},
	} {
		w := newWorld(t)
		bob := w.as("bob")
		if got := w.can(bob); got != "" {
			t.Fatalf("without any privilege: %s", got)
		}
		w.grant(c.on, catalog.Principal{Name: "bob"}, c.p)
		if got := w.can(bob); got != c.want {
			t.Errorf("%s on %+v allows\n%s, not\n%s", c.p, c.on, got, c.want)
		}
		if got := w.can(w.as("cid")); got != "" {
			t.Errorf("%s of bob's on %+v allows cid %s", c.p, c.on, got)
		}
		// Nothing is there without the privileges to use what it is in.
		w.revoke(db, catalog.Public, catalog.UseDatabase)
		if got := w.can(bob); c.p != catalog.UseDatabase && c.p != catalog.AllPrivileges && c.p != catalog.Manage && got != "" && got != "schema" {
			t.Errorf("%s on %+v without USE SCHEMA allows %s", c.p, c.on, got)
		}
	}
}

func TestOwners(t *testing.T) {
	cat, db := catalog.Securable{}, catalog.Securable{Database: "d"}
	for _, c := range []struct {
		on   catalog.Securable
		want string
	}{
		{catalog.Securable{Database: "d", Name: "t"}, "alter append describe give list-t overwrite read rules"},
		{catalog.Securable{Database: "d", Name: "v"}, "list-v read-view text"},
		{db, everything},
		{cat, everything + " schema"},
	} {
		w := newWorld(t)
		w.ok(w.p.System().Over(w.c).SetOwner(w.ctx, c.on, catalog.Principal{Name: "bob"}))
		want := strings.Fields(c.want)
		slices.Sort(want)
		if got := w.can(w.as("bob")); got != strings.Join(want, " ") {
			t.Errorf("the owner of %+v may\n%s, not\n%s", c.on, got, strings.Join(want, " "))
		}
	}
	w := newWorld(t)
	for _, admin := range []guard.Guard{w.as("root"), w.as("eve", "dba")} {
		if got, want := w.can(admin), everything+" schema"; len(strings.Fields(got)) != len(strings.Fields(want)) {
			t.Errorf("an administrator may %s", got)
		}
	}
	// Nobody is made an owner by another, who would read with their rights.
	ann := w.as("ann")
	on := catalog.Securable{Database: "d", Name: "v"}
	if err := ann.SetOwner(w.ctx, on, catalog.Principal{Name: "bob"}); !sqlerr.Is(err, sqlerr.InsufficientPermissions) {
		t.Error(err)
	}
	w.ok(w.p.System().CreateRole(w.ctx, "team", false))
	roles, err := w.c.Roles(w.ctx)
	w.ok(err)
	team := roles.Find("team").Principal()
	if err := ann.SetOwner(w.ctx, on, team); !sqlerr.Is(err, sqlerr.InsufficientPermissions) {
		t.Error(err)
	}
	w.ok(w.p.System().GrantRoles(w.ctx, []string{"team"}, []catalog.Principal{{Name: "ann"}}, false))
	w.ok(ann.SetOwner(w.ctx, on, team))
	if _, v, err := w.as("cid", "TEAM").Lookup(w.ctx, "d", "v"); err != nil || v.SQL == "" {
		t.Error("the role's own view is not its own:", err)
	}
	// What a role owned that was dropped is nobody's.
	w.ok(w.p.System().DropRole(w.ctx, "team", false))
	w.ok(w.p.System().CreateRole(w.ctx, "team", false))
	if _, _, err := w.as("cid", "team").Lookup(w.ctx, "d", "v"); !sqlerr.Is(err, sqlerr.InsufficientPermissions) {
		t.Error(err)
	}
}

// TestRoles: roles that have each other, as nobody should make them, end.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	sys := w.p.System()
	for _, r := range []string{"a", "b", "c"} {
		w.ok(sys.CreateRole(w.ctx, r, false))
	}
	role := func(n string) catalog.Principal {
		p, err := sys.Find(w.ctx, guard.Role, n)
		w.ok(err)
		return p
	}
	w.ok(sys.GrantRoles(w.ctx, []string{"a"}, []catalog.Principal{role("b")}, false))
	w.ok(sys.GrantRoles(w.ctx, []string{"b"}, []catalog.Principal{role("a"), {Name: "bob"}}, false))
	for user, want := range map[string]string{"bob": "a b", "cid": ""} {
		got, err := w.p.Viewer(user, nil).Roles(w.ctx)
		w.ok(err)
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %q, want %q", user, got, want)
		}
	}
	for _, err := range []error{
		w.p.Viewer("bob", nil).CreateRole(w.ctx, "x", false), w.p.Viewer("bob", nil).DropRole(w.ctx, "a", false),
		w.p.Viewer("bob", nil).GrantRoles(w.ctx, []string{"c"}, []catalog.Principal{{Name: "bob"}}, false),
	} {
		if !sqlerr.Is(err, sqlerr.InsufficientPermissions) {
			t.Error(err)
		}
	}
	if err := sys.CreateRole(w.ctx, "Public", false); !sqlerr.Is(err, sqlerr.InvalidObjectName) {
		t.Error(err)
	}
}

package catalogtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

func user(name string) catalog.Principal { return catalog.Principal{Name: name} }

// secured is the catalog as one that keeps rights, or skips the test of one that does not.
func (s *suite) secured(c catalog.Catalog) catalog.Secured {
	s.Helper()
	k, ok := c.(catalog.Secured)
	if !ok {
		s.Skip("the catalog keeps no rights")
	}
	return k
}

// handles are the catalog and another handle to it, if there is such a thing.
func (s *suite) handles() []catalog.Secured {
	out := []catalog.Secured{s.secured(s.c)}
	if s.again != nil {
		out = append(out, s.secured(s.again()))
	}
	return out
}

func (s *suite) give(c catalog.Catalog, on catalog.Securable, to string, p catalog.Privilege) {
	s.Helper()
	s.ok(s.secured(c).ChangeAccess(s.ctx, on, func(a *catalog.Access) error {
		a.Grants = append(a.Grants, catalog.Grant{To: user(to), Privilege: p})
		return nil
	}))
}

// has checks owner and grants of an object in all handles.
func (s *suite) has(on catalog.Securable, owner string, grants ...string) {
	s.Helper()
	for _, c := range s.handles() {
		a, err := c.Access(s.ctx, on)
		s.ok(err)
		var got []string
		for _, g := range a.Grants {
			got = append(got, g.To.Name+" "+string(g.Privilege))
		}
		if a.Owner.Name != owner || !slices.Equal(got, grants) {
			s.Fatalf("%+v: owner %q, grants %q; want %q, %q", on, a.Owner.Name, got, owner, grants)
		}
	}
}

// access: rights share the life of what they are on.
func (s *suite) access() {
	c := s.secured(s.c)
	table := catalog.Securable{Database: "Default", Name: "T"}
	_, err := c.Access(s.ctx, table)
	s.fails(err, sqlerr.TableOrViewNotFound)
	s.fails(c.ChangeAccess(s.ctx, table, func(*catalog.Access) error { return nil }), sqlerr.TableOrViewNotFound)
	_, err = c.Access(s.ctx, catalog.Securable{Database: "nope"})
	s.fails(err, sqlerr.SchemaNotFound)

	t := spec("default", "t")
	t.Access = &catalog.Access{Owner: user("ann")}
	s.ok(c.CreateTable(s.ctx, t, catalog.CreateNew, nil))
	s.has(table, "ann")
	s.give(c, table, "bob", catalog.Select)
	no := errors.New("no")
	if err := c.ChangeAccess(s.ctx, table, func(a *catalog.Access) error { a.Grants = nil; return no }); !errors.Is(err, no) {
		s.Fatal(err)
	}
	s.ok(c.ChangeAccess(s.ctx, table, func(a *catalog.Access) error {
		a.RowFilter = &catalog.Rule{Name: "f", Definition: "x", Columns: []string{"value"}, By: user("ann")}
		a.Masks = map[string]*catalog.Rule{"value": {Name: "m"}}
		return nil
	}))
	s.has(table, "ann", "bob SELECT")
	// They stay when rows are written, and when the table is altered, renamed and replaced.
	s.insert(c, "t", catalog.Append, nil, [2]string{"", "a\n"})
	s.ok(c.AlterTable(s.ctx, "default", "t", func(t *catalog.TableSpec) error { t.Info.Comment = "x"; return nil }))
	s.ok(c.RenameTable(s.ctx, "default", "t", "u"))
	table.Name = "u"
	s.has(table, "ann", "bob SELECT")
	s.insert(c, "u", catalog.Append, nil, [2]string{"", "b\n"})
	s.want(c, "u", "a", "b")
	t.Name.Table, t.Access = "u", &catalog.Access{Owner: user("cid")}
	s.ok(c.CreateTable(s.ctx, t, catalog.CreateOrReplace, nil))
	s.has(table, "ann", "bob SELECT")
	for _, h := range s.handles() {
		a, err := h.Access(s.ctx, table)
		s.ok(err)
		if a.RowFilter == nil || a.RowFilter.By != user("ann") || a.Masks["value"] == nil {
			s.Fatalf("%+v", a)
		}
	}
	// They end with it.
	s.ok(c.DropTable(s.ctx, "default", "u", false, false))
	s.create(c, "u")
	s.has(table, "")

	// A view belongs to who wrote it last.
	view := catalog.Securable{Database: "default", Name: "v"}
	v := catalog.View{Name: catalog.Name{Database: "default", Table: "v"}, SQL: "SELECT 1", Access: &catalog.Access{Owner: user("ann")}}
	s.ok(c.CreateView(s.ctx, v, catalog.CreateNew))
	s.give(c, view, "bob", catalog.Select)
	v.Access = nil
	s.ok(c.CreateView(s.ctx, v, catalog.CreateOrReplace))
	s.has(view, "ann", "bob SELECT")
	v.Access = &catalog.Access{Owner: user("cid")}
	s.ok(c.CreateView(s.ctx, v, catalog.CreateOrReplace))
	s.has(view, "cid", "bob SELECT")
	s.ok(c.DropView(s.ctx, "default", "v", false))
	_, err = c.Access(s.ctx, view)
	s.fails(err, sqlerr.TableOrViewNotFound)

	s.ok(c.CreateDatabase(s.ctx, catalog.Database{Name: "sales", Access: &catalog.Access{Owner: user("ann")}}, false))
	for i, on := range []catalog.Securable{{Database: "sales"}, {Database: "default"}, {}, {Files: true}} {
		s.give(c, on, fmt.Sprint("u", i), catalog.AllPrivileges)
	}
	s.has(catalog.Securable{Database: "SALES"}, "ann", "u0 ALL PRIVILEGES")
	s.has(catalog.Securable{Database: "default"}, "", "u1 ALL PRIVILEGES")
	s.has(catalog.Securable{}, "", "u2 ALL PRIVILEGES")
	s.has(catalog.Securable{Files: true}, "", "u3 ALL PRIVILEGES")
	names, err := c.Databases(s.ctx)
	s.ok(err)
	if !slices.Equal(names, []string{"default", "sales"}) {
		s.Fatalf("databases %q", names)
	}
	s.ok(c.DropDatabase(s.ctx, "sales", false, true))
	s.ok(c.CreateDatabase(s.ctx, catalog.Database{Name: "sales"}, false))
	s.has(catalog.Securable{Database: "sales"}, "")
}

// roles: a role that is made again is another one.
func (s *suite) roles() {
	c := s.secured(s.c)
	add := func(name string) {
		s.Helper()
		s.ok(c.ChangeRoles(s.ctx, func(r *catalog.Roles) error {
			*r = append(*r, catalog.Role{Name: name, Members: []catalog.Principal{user("ann")}})
			return nil
		}))
	}
	find := func(name string) *catalog.Role {
		s.Helper()
		var out *catalog.Role
		for _, h := range s.handles() {
			rs, err := h.Roles(s.ctx)
			s.ok(err)
			out = rs.Find(name)
		}
		return out
	}
	add("Writers")
	add("readers")
	first := find("WRITERS")
	if first == nil || first.Name != "writers" || first.ID == "" || len(first.Members) != 1 {
		s.Fatalf("%+v", first)
	}
	s.ok(c.ChangeRoles(s.ctx, func(r *catalog.Roles) error { *r = slices.Delete(*r, 1, 2); return nil }))
	if find("writers") != nil || find("readers") == nil {
		s.Fatal("the wrong role went")
	}
	add("writers")
	if again := find("writers"); again == nil || again.ID == first.ID {
		s.Fatalf("%+v is the role that was dropped", again)
	}
}

// accessInTransactions: rights that change while a transaction is open are not
// undone by it.
func (s *suite) accessInTransactions() {
	c := s.secured(s.c)
	for _, name := range []string{"appended", "altered", "left"} {
		s.create(c, name)
	}
	tx := s.begin()
	s.insert(tx, "appended", catalog.Append, nil, [2]string{"", "a\n"})
	for _, name := range []string{"appended", "left"} {
		s.give(c, catalog.Securable{Database: "default", Name: name}, "bob", catalog.Select)
	}
	t := spec("default", "fresh")
	t.Access = &catalog.Access{Owner: user("ann")}
	s.ok(tx.CreateTable(s.ctx, t, catalog.CreateNew, nil))
	s.ok(tx.Apply(s.ctx))
	s.want(c, "appended", "a")
	s.has(catalog.Securable{Database: "default", Name: "appended"}, "", "bob SELECT")
	s.has(catalog.Securable{Database: "default", Name: "left"}, "", "bob SELECT")
	s.has(catalog.Securable{Database: "default", Name: "fresh"}, "ann")

	tx = s.begin()
	s.ok(tx.AlterTable(s.ctx, "default", "altered", func(t *catalog.TableSpec) error { t.Info.Comment = "x"; return nil }))
	s.give(c, catalog.Securable{Database: "default", Name: "altered"}, "bob", catalog.Select)
	s.fails(tx.Apply(s.ctx), sqlerr.TransactionConflict)
	s.has(catalog.Securable{Database: "default", Name: "altered"}, "", "bob SELECT")
	tx = s.begin()
	if k, ok := tx.(catalog.Secured); ok {
		if err := k.ChangeRoles(s.ctx, func(*catalog.Roles) error { return nil }); err == nil {
			s.Fatal("roles were changed in a transaction")
		}
	}
	s.ok(tx.Rollback(s.ctx))
}

// accessConcurrent: no change of rights is lost, nor any row beside it.
func (s *suite) accessConcurrent() {
	s.create(s.c, "t")
	on := catalog.Securable{Database: "default", Name: "t"}
	const n = 8
	var wg sync.WaitGroup
	errs := make([]error, n)
	hs := s.handles()
	for i := range n {
		wg.Go(func() {
			for _, on := range []catalog.Securable{on, {}} {
				if err := hs[i%len(hs)].ChangeAccess(s.ctx, on, func(a *catalog.Access) error {
					a.Grants = append(a.Grants, catalog.Grant{To: user(fmt.Sprint(i)), Privilege: catalog.Select})
					return nil
				}); err != nil {
					errs[i] = err
				}
			}
		})
	}
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "a\n"})
	wg.Wait()
	s.ok(errors.Join(errs...))
	for _, on := range []catalog.Securable{on, {}} {
		for _, c := range hs {
			if a, err := c.Access(s.ctx, on); err != nil || len(a.Grants) != n {
				s.Fatalf("%d grants, %v", len(a.Grants), err)
			}
		}
	}
	s.want(s.c, "t", "a")
}

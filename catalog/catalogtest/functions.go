package catalogtest

import (
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// functions: they live beside tables of the same names, with rights of their own.
func (s *suite) functions() {
	c, ok := s.c.(catalog.Functions)
	if !ok {
		s.Skip("the catalog keeps no functions")
	}
	s.ok(s.c.CreateDatabase(s.ctx, catalog.Database{Name: "fd"}, false))
	fn := func(sql, owner string) catalog.Function {
		f := catalog.Function{Name: catalog.Name{Database: "fd", Table: "F"}, SQL: sql, Database: "fd"}
		if owner != "" {
			f.Access = &catalog.Access{Owner: user(owner)}
		}
		return f
	}
	on := catalog.Securable{Database: "fd", Name: "f", Function: true}
	want := func(sql string) {
		s.Helper()
		handles := []catalog.Functions{c}
		if s.again != nil {
			handles = append(handles, s.again().(catalog.Functions))
		}
		for _, h := range handles {
			f, err := h.Function(s.ctx, "FD", "f")
			s.ok(err)
			names, err := h.ListFunctions(s.ctx, "fd")
			s.ok(err)
			if f.SQL != sql || f.Database != "fd" || !slices.Equal(names, []string{"f"}) {
				s.Fatalf("%+v, functions %v", f, names)
			}
		}
	}
	missing := func(err error) {
		s.Helper()
		if !sqlerr.Is(err, sqlerr.RoutineNotFound) {
			s.Fatal(err)
		}
	}
	_, err := c.Function(s.ctx, "fd", "f")
	missing(err)
	_, err = c.Function(s.ctx, "nowhere", "f")
	if !sqlerr.Is(err, sqlerr.SchemaNotFound) {
		s.Fatal(err)
	}
	s.ok(c.CreateFunction(s.ctx, fn("one", "ann"), catalog.CreateNew))
	want("one")
	if err := c.CreateFunction(s.ctx, fn("two", "bob"), catalog.CreateNew); !sqlerr.Is(err, sqlerr.RoutineExists) {
		s.Fatal(err)
	}
	s.ok(c.CreateFunction(s.ctx, fn("two", "bob"), catalog.CreateIfNotExists))
	want("one")
	if _, ok := s.c.(catalog.Secured); ok {
		s.has(on, "ann")
		s.give(s.c, on, "cid", catalog.Execute)
		s.ok(c.CreateFunction(s.ctx, fn("two", "bob"), catalog.CreateOrReplace))
		s.has(on, "bob", "cid EXECUTE")
		s.ok(c.CreateFunction(s.ctx, fn("three", ""), catalog.CreateOrReplace))
		s.has(on, "bob", "cid EXECUTE")
		want("three")
		_, err := s.secured(s.c).Access(s.ctx, catalog.Securable{Database: "fd", Name: "g", Function: true})
		missing(err)
	}
	if err := s.c.DropDatabase(s.ctx, "fd", false, false); !sqlerr.Is(err, sqlerr.SchemaNotEmpty) {
		s.Fatal(err)
	}
	s.ok(c.DropFunction(s.ctx, "fd", "F", false))
	missing(c.DropFunction(s.ctx, "fd", "f", false))
	s.ok(c.DropFunction(s.ctx, "fd", "f", true))
	s.ok(c.CreateFunction(s.ctx, fn("four", ""), catalog.CreateNew))
	if _, ok := s.c.(catalog.Secured); ok {
		s.has(on, "") // none of the rights of the one that was dropped
	}
	s.ok(s.c.DropDatabase(s.ctx, "fd", false, true))
}

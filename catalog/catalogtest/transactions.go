package catalogtest

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// begin opens a transaction, or skips the test of a catalog that has none.
func (s *suite) begin() catalog.Transaction {
	s.Helper()
	t, ok := s.c.(catalog.Transactor)
	if !ok {
		s.Skip("the catalog has no transactions")
	}
	return t.BeginTransaction()
}

// create makes an empty managed table.
func (s *suite) create(c catalog.Catalog, name string, partitioned ...string) {
	s.Helper()
	s.ok(c.CreateTable(s.ctx, spec("default", name, partitioned...), catalog.CreateNew, nil))
}

// createWith makes a table of rows.
func (s *suite) createWith(c catalog.Catalog, name string, mode catalog.CreateMode, lines string) error {
	s.Helper()
	w, err := c.Begin(s.ctx, spec("default", name), catalog.Overwrite)
	s.ok(err)
	w.Files = s.stage(w, [2]string{"", lines})
	if err := c.CreateTable(s.ctx, spec("default", name), mode, w); err != nil {
		s.ok(c.Abort(s.ctx, w))
		return err
	}
	return nil
}

func (s *suite) location(c catalog.Catalog, name string) string {
	s.Helper()
	t, _, err := c.Lookup(s.ctx, "default", name)
	s.ok(err)
	return t.Info().Location
}

// transactions: a transaction sees its own writes, others see them all at once
// or never.
func (s *suite) transactions() {
	s.create(s.c, "t")
	s.create(s.c, "p", "day")
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "old\n"})
	tx := s.begin()
	s.want(tx, "t", "old")
	s.insert(tx, "t", catalog.Append, nil, [2]string{"", "one\n"})
	s.insert(tx, "t", catalog.Append, nil, [2]string{"", "two\n"})
	s.insert(tx, "p", catalog.Append, nil, [2]string{"day=1", "x\n"}, [2]string{"day=2", "y\n"})
	s.insert(tx, "p", catalog.Overwrite, map[string]any{"day": int64(1)}, [2]string{"day=1", "z\n"})
	s.ok(s.createWith(tx, "fresh", catalog.CreateNew, "f\n"))
	s.want(tx, "t", "old", "one", "two")
	s.want(tx, "p", "y 2", "z 1")
	s.want(tx, "fresh", "f")
	s.want(s.c, "t", "old")
	s.want(s.c, "p")
	_, err := s.read(s.c, "fresh")
	s.fails(err, sqlerr.TableOrViewNotFound)
	s.ok(tx.Apply(s.ctx))
	readers := []catalog.Catalog{s.c}
	if s.again != nil {
		readers = append(readers, s.again())
	}
	for _, c := range readers {
		s.want(c, "t", "old", "one", "two")
		s.want(c, "p", "y 2", "z 1")
		s.want(c, "fresh", "f")
	}
	for _, name := range []string{"t", "p", "fresh"} {
		for _, f := range s.dataFiles(s.location(s.c, name)) {
			if strings.Contains(f, catalog.StagingName) {
				s.Errorf("%s has the file %s left", name, f)
			}
		}
	}
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "three\n"}) // cleans up, and must keep what is the table's
	s.want(s.c, "t", "old", "one", "three", "two")
}

// rollback: nothing stays of a transaction that is given up, or that failed.
func (s *suite) rollback() {
	s.create(s.c, "t")
	s.create(s.c, "gone")
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "old\n"})
	s.insert(s.c, "gone", catalog.Append, nil, [2]string{"", "g\n"})
	root := filepath.Dir(s.location(s.c, "t"))
	before := s.dataFiles(root)
	tx := s.begin()
	s.insert(tx, "t", catalog.Append, nil, [2]string{"", "one\n"})
	s.ok(s.createWith(tx, "fresh", catalog.CreateNew, "f\n"))
	s.ok(tx.DropTable(s.ctx, "default", "gone", false, false))
	w, err := tx.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: "t"}}, catalog.Append)
	s.ok(err)
	files := s.stage(w, [2]string{"", "open\n"}) // a write that is under way
	s.ok(tx.Rollback(s.ctx))
	s.ok(tx.Rollback(s.ctx))
	s.want(s.c, "t", "old")
	s.want(s.c, "gone", "g")
	if after := s.dataFiles(root); !slices.Equal(after, before) {
		s.Errorf("files were %q and are %q", before, after)
	}
	if err := tx.Commit(s.ctx, w, files); err == nil {
		s.Error("a write was committed after the end")
	}
	s.fails(tx.DropTable(s.ctx, "default", "t", false, false), sqlerr.InvalidTransactionState)
	s.fails(tx.Apply(s.ctx), sqlerr.InvalidTransactionState)
	s.ok(s.begin().Apply(s.ctx)) // without any change
}

// conflicts: appending goes together with appending, and with nothing else.
func (s *suite) conflicts() {
	s.create(s.c, "t")
	one, two := s.begin(), s.begin()
	s.insert(one, "t", catalog.Append, nil, [2]string{"", "one\n"})
	s.insert(two, "t", catalog.Append, nil, [2]string{"", "two\n"})
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "three\n"})
	s.ok(one.Apply(s.ctx))
	s.ok(two.Apply(s.ctx))
	s.want(s.c, "t", "one", "three", "two")

	s.create(s.c, "u")
	over, more := s.begin(), s.begin()
	s.insert(over, "t", catalog.Overwrite, nil, [2]string{"", "over\n"})
	s.insert(over, "u", catalog.Append, nil, [2]string{"", "not\n"})
	s.insert(more, "t", catalog.Append, nil, [2]string{"", "more\n"})
	s.ok(more.Apply(s.ctx))
	s.fails(over.Apply(s.ctx), sqlerr.TransactionConflict)
	s.want(s.c, "t", "more", "one", "three", "two")
	s.want(s.c, "u")

	appends := s.begin()
	s.insert(appends, "t", catalog.Append, nil, [2]string{"", "late\n"})
	s.insert(s.c, "t", catalog.Overwrite, nil, [2]string{"", "new\n"})
	s.ok(appends.Apply(s.ctx)) // as if it had run after the other
	s.want(s.c, "t", "late", "new")

	dropped, made := s.begin(), s.begin()
	s.insert(dropped, "t", catalog.Append, nil, [2]string{"", "lost\n"})
	s.ok(s.createWith(made, "v", catalog.CreateNew, "mine\n"))
	s.ok(s.c.DropTable(s.ctx, "default", "t", false, false))
	s.ok(s.createWith(s.c, "v", catalog.CreateNew, "theirs\n"))
	s.fails(dropped.Apply(s.ctx), sqlerr.TransactionConflict)
	s.fails(made.Apply(s.ctx), sqlerr.TransactionConflict)
	s.want(s.c, "v", "theirs")
}

// definitions: tables, views and databases are part of a transaction, too.
func (s *suite) definitions() {
	s.create(s.c, "t")
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "old\n"})
	s.create(s.c, "renamed")
	location := s.location(s.c, "t")
	tx := s.begin()
	s.ok(tx.CreateDatabase(s.ctx, catalog.Database{Name: "more"}, false))
	s.ok(tx.CreateTable(s.ctx, spec("more", "inside"), catalog.CreateNew, nil))
	s.ok(tx.CreateView(s.ctx, catalog.View{Name: catalog.Name{Database: "default", Table: "v"}, SQL: "SELECT 1"}, catalog.CreateNew))
	s.ok(tx.RenameTable(s.ctx, "default", "renamed", "other"))
	s.ok(tx.DropTable(s.ctx, "default", "t", false, false))
	s.ok(s.createWith(tx, "t", catalog.CreateNew, "new\n"))
	s.want(tx, "t", "new")
	s.want(s.c, "t", "old")
	names := func(c catalog.Catalog) (out []string) {
		list, err := c.List(s.ctx, "default")
		s.ok(err)
		for _, e := range list {
			out = append(out, e.Name)
		}
		return out
	}
	if got := names(tx); !slices.Equal(got, []string{"other", "t", "v"}) {
		s.Errorf("inside there are %q", got)
	}
	if got := names(s.c); !slices.Equal(got, []string{"renamed", "t"}) {
		s.Errorf("outside there are %q", got)
	}
	dbs, err := tx.Databases(s.ctx)
	s.ok(err)
	if !slices.Equal(dbs, []string{"default", "more"}) {
		s.Errorf("databases are %q", dbs)
	}
	s.ok(tx.Apply(s.ctx))
	s.want(s.c, "t", "new")
	if got := names(s.c); !slices.Equal(got, []string{"other", "t", "v"}) {
		s.Errorf("then there are %q", got)
	}
	if _, _, err := s.c.Lookup(s.ctx, "more", "inside"); err != nil {
		s.Error(err)
	}
	if now := s.location(s.c, "t"); now == location || len(s.dataFiles(location)) > 0 {
		s.Errorf("the table dropped lies in %s still, the new one in %s", location, now)
	}

	// Two that make the same database; one that uses a database another drops.
	one, two, user := s.begin(), s.begin(), s.begin()
	s.ok(one.CreateDatabase(s.ctx, catalog.Database{Name: "same"}, false))
	s.ok(two.CreateDatabase(s.ctx, catalog.Database{Name: "same"}, false))
	s.ok(user.CreateTable(s.ctx, spec("more", "late"), catalog.CreateNew, nil))
	s.ok(one.Apply(s.ctx))
	s.fails(two.Apply(s.ctx), sqlerr.TransactionConflict)
	s.ok(s.c.DropDatabase(s.ctx, "more", false, true))
	s.fails(user.Apply(s.ctx), sqlerr.TransactionConflict)
}

// externalInTransaction: what is written to external tables is published last.
func (s *suite) externalInTransaction() {
	ext := spec("default", "ext")
	ext.Info.Location = filepath.ToSlash(s.TempDir())
	s.ok(s.c.CreateTable(s.ctx, ext, catalog.CreateNew, nil))
	for _, commit := range []bool{false, true} {
		tx := s.begin()
		s.insert(tx, "ext", catalog.Append, nil, [2]string{"", "a\n"})
		s.insert(tx, "ext", catalog.Append, nil, [2]string{"", "b\n"})
		s.want(s.c, "ext")
		if !commit {
			s.ok(tx.Rollback(s.ctx))
			s.want(s.c, "ext")
			continue
		}
		s.ok(tx.Apply(s.ctx))
		s.want(s.c, "ext", "a", "b")
	}
	tx := s.begin()
	s.insert(tx, "ext", catalog.Overwrite, nil, [2]string{"", "c\n"})
	s.ok(tx.DropTable(s.ctx, "default", "ext", false, false))
	s.ok(tx.Apply(s.ctx))
	_, err := s.read(s.c, "ext")
	s.fails(err, sqlerr.TableOrViewNotFound)
	s.ok(s.c.CreateTable(s.ctx, ext, catalog.CreateNew, nil))
	s.want(s.c, "ext", "a", "b")
	tx = s.begin()
	s.insert(tx, "ext", catalog.Overwrite, nil, [2]string{"", "c\n"})
	s.ok(s.c.DropTable(s.ctx, "default", "ext", false, false))
	s.fails(tx.Apply(s.ctx), sqlerr.TransactionConflict)
	if left := s.dataFiles(ext.Info.Location); len(left) != 3 { // and _SUCCESS
		s.Errorf("%q are left of two files and _SUCCESS", left)
	}
}

// Package catalogtest is the suite that every catalog one can write to passes.
// A catalog's own test calls Run; the suite uses nothing but the contract, and
// the text format for data.
package catalogtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Harness says how to make catalogs.
type Harness struct {
	// Open returns an empty catalog whose managed data go below a folder of the
	// test, and a function that opens another handle to the same catalog (nil
	// if there is no such thing).
	Open  func(t *testing.T) (c catalog.Catalog, again func() catalog.Catalog)
	Store store.Store
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for name, f := range map[string]func(*suite){
		"Databases": (*suite).databases, "Tables": (*suite).tables, "Views": (*suite).views, "Names": (*suite).names,
		"Writes": (*suite).writes, "Overwrite": (*suite).overwrite, "CreateAs": (*suite).createAs, "Abort": (*suite).abort,
		"External": (*suite).external, "Concurrent": (*suite).concurrent, "AllOrNone": (*suite).allOrNone,
		"Leftovers": (*suite).leftovers, "Reopen": (*suite).reopen, "CutShort": (*suite).cutShort,
		"Transactions": (*suite).transactions, "Rollback": (*suite).rollback, "Conflicts": (*suite).conflicts,
		"Definitions": (*suite).definitions, "ExternalInTransaction": (*suite).externalInTransaction,
		"Access": (*suite).access, "Roles": (*suite).roles, "AccessInTransactions": (*suite).accessInTransactions,
		"AccessConcurrent": (*suite).accessConcurrent, "Functions": (*suite).functions,
	} {
		t.Run(name, func(t *testing.T) {
			c, again := h.Open(t)
			f(&suite{T: t, c: c, again: again, st: h.Store, ctx: context.Background()})
		})
	}
}

type suite struct {
	*testing.T
	c     catalog.Catalog
	again func() catalog.Catalog
	st    store.Store
	ctx   context.Context
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// fails checks the condition of an error.
func (s *suite) fails(err error, want *sqlerr.Condition) {
	s.Helper()
	if !sqlerr.Is(err, want) {
		s.Fatalf("got %v, want %s", err, want.Name)
	}
}

func spec(db, name string, partitioned ...string) catalog.TableSpec {
	t := catalog.TableSpec{
		Name:        catalog.Name{Database: db, Table: name},
		Schema:      types.Schema{{Name: "value", Type: types.StringType, Nullable: true}},
		Partitioned: partitioned,
		Info:        catalog.Info{Provider: "text"},
	}
	for _, p := range partitioned {
		t.Schema = append(t.Schema, types.Field{Name: p, Type: types.Int32Type, Nullable: true})
	}
	return t
}

// stage writes files (partition folder → lines) as tasks of a job would.
func (s *suite) stage(w *catalog.Staged, files ...[2]string) []catalog.File {
	s.Helper()
	var out []catalog.File
	for i, f := range files {
		p := filepath.Join(w.Target.StagingDir(), f[0], fmt.Sprintf("part-%05d-%s.txt", i, w.Target.Job))
		s.ok(os.MkdirAll(filepath.Dir(p), 0o755))
		s.ok(os.WriteFile(p, []byte(f[1]), 0o644))
		out = append(out, catalog.File{Path: filepath.ToSlash(p), Rows: int64(strings.Count(f[1], "\n")), Bytes: int64(len(f[1])), Partition: f[0]})
	}
	return out
}

// insert runs a whole write to a table.
func (s *suite) insert(c catalog.Catalog, name string, mode catalog.WriteMode, static map[string]types.Datum, files ...[2]string) {
	s.Helper()
	w, err := c.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: name}}, mode)
	s.ok(err)
	w.Static = static
	s.ok(c.Commit(s.ctx, w, s.stage(w, files...)))
}

// rows reads a table: the lines, each followed by its partition values.
func (s *suite) rows(c catalog.Catalog, name string) []string {
	s.Helper()
	out, err := s.read(c, name)
	s.ok(err)
	return out
}

func (s *suite) read(c catalog.Catalog, name string) ([]string, error) {
	t, _, err := c.Lookup(s.ctx, "default", name)
	if err != nil {
		return nil, err
	}
	scan, err := t.Scan(s.ctx, []int{0}, nil, nil)
	if err != nil {
		return nil, err
	}
	f, err := all.Lookup(scan.Format)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, sp := range scan.Splits {
		in, err := f.Open(s.ctx, format.ReadRequest{Store: s.st, Split: sp, Schema: scan.Schema[:1], Cols: []int{0}, BatchSize: vec.DefaultSize, Options: scan.Options})
		if err != nil {
			return nil, err
		}
		for b, err := range in {
			if err != nil {
				return nil, err
			}
			for _, i := range b.Selection() {
				line := b.Cols[0].Get(int(i)).(string)
				line = strings.Clone(line)
				for _, p := range sp.Partition {
					line += fmt.Sprintf(" %v", p)
				}
				out = append(out, line)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

func (s *suite) want(c catalog.Catalog, name string, want ...string) {
	s.Helper()
	if got := s.rows(c, name); !slices.Equal(got, want) {
		s.Fatalf("%s holds %q, want %q", name, got, want)
	}
}

// dataFiles lists what lies in a folder, hidden names too.
func (s *suite) dataFiles(dir string) []string {
	s.Helper()
	var out []string
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	slices.Sort(out)
	return out
}

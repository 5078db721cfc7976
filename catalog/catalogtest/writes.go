package catalogtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func (s *suite) writes() {
	c := s.c
	s.ok(c.CreateTable(s.ctx, spec("default", "t"), catalog.CreateNew, nil))
	s.want(c, "t")
	s.insert(c, "t", catalog.Append, nil, [2]string{"", "1\n2\n"}, [2]string{"", "3\n"})
	s.insert(c, "t", catalog.Append, nil, [2]string{"", "4\n"})
	s.want(c, "t", "1", "2", "3", "4")
	s.insert(c, "t", catalog.Append, nil)
	s.want(c, "t", "1", "2", "3", "4")
	s.insert(c, "t", catalog.Overwrite, nil, [2]string{"", "9\n"})
	s.want(c, "t", "9")
	s.insert(c, "t", catalog.Overwrite, nil)
	s.want(c, "t")
	_, err := c.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: "nope"}}, catalog.Append)
	s.fails(err, sqlerr.TableOrViewNotFound)

	// A table dropped while a statement writes to it.
	w, err := c.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: "t"}}, catalog.Append)
	s.ok(err)
	files := s.stage(w, [2]string{"", "1\n"})
	s.ok(c.DropTable(s.ctx, "default", "t", false, false))
	if err := c.Commit(s.ctx, w, files); err == nil {
		s.Fatal("a write to a dropped table was committed")
	}
	s.ok(c.Abort(s.ctx, w))
}

func (s *suite) overwrite() {
	for _, location := range []string{"", filepath.ToSlash(s.TempDir()) + "/ext"} {
		t := spec("default", "p", "k", "j")
		t.Info.Location = location
		s.ok(s.c.CreateTable(s.ctx, t, catalog.CreateOrReplace, nil))
		s.insert(s.c, "p", catalog.Append, nil, [2]string{"k=1/j=1", "a\n"}, [2]string{"k=1/j=2", "b\n"}, [2]string{"k=02/j=1", "c\n"}, [2]string{"k=__HIVE_DEFAULT_PARTITION__/j=1", "d\n"})
		s.want(s.c, "p", "a 1 1", "b 1 2", "c 2 1", "d <nil> 1")
		// Dynamic: the partitions that come replace theirs.
		s.insert(s.c, "p", catalog.OverwritePartitions, nil, [2]string{"k=1/j=2", "B\n"}, [2]string{"k=3/j=1", "e\n"})
		s.want(s.c, "p", "B 1 2", "a 1 1", "c 2 1", "d <nil> 1", "e 3 1")
		// Static: PARTITION (k = 2) replaces all of k=2, however its folder spells the 2.
		s.insert(s.c, "p", catalog.Overwrite, map[string]types.Datum{"k": int64(2)}, [2]string{"k=2/j=7", "C\n"})
		s.want(s.c, "p", "B 1 2", "C 2 7", "a 1 1", "d <nil> 1", "e 3 1")
		s.insert(s.c, "p", catalog.Overwrite, map[string]types.Datum{"k": nil})
		s.want(s.c, "p", "B 1 2", "C 2 7", "a 1 1", "e 3 1")
		s.insert(s.c, "p", catalog.Overwrite, nil, [2]string{"k=5/j=5", "z\n"})
		s.want(s.c, "p", "z 5 5")
	}
}

func (s *suite) createAs() {
	run := func(name string, mode catalog.CreateMode, location string, lines string) error {
		t := spec("default", name)
		t.Info.Location = location
		w, err := s.c.Begin(s.ctx, t, catalog.Overwrite)
		s.ok(err)
		w.Files = s.stage(w, [2]string{"", lines})
		if err := s.c.CreateTable(s.ctx, t, mode, w); err != nil {
			s.ok(s.c.Abort(s.ctx, w))
			return err
		}
		return nil
	}
	s.ok(run("t", catalog.CreateNew, "", "1\n"))
	s.want(s.c, "t", "1")
	s.fails(run("t", catalog.CreateNew, "", "2\n"), sqlerr.TableOrViewAlreadyExists)
	s.want(s.c, "t", "1")
	s.ok(run("t", catalog.CreateIfNotExists, "", "2\n"))
	s.want(s.c, "t", "1")
	s.ok(run("t", catalog.CreateOrReplace, "", "3\n"))
	s.want(s.c, "t", "3")
	dir := filepath.ToSlash(s.TempDir()) + "/out"
	s.ok(run("e", catalog.CreateNew, dir, "4\n"))
	s.want(s.c, "e", "4")
	s.ok(run("e", catalog.CreateOrReplace, dir, "5\n"))
	s.want(s.c, "e", "5")
	// Dropping an external table leaves its data.
	s.ok(s.c.DropTable(s.ctx, "default", "e", false, false))
	if got := s.dataFiles(dir); len(got) != 2 || got[0] != "_SUCCESS" {
		s.Fatalf("files %v", got)
	}
}

func (s *suite) abort() {
	s.ok(s.c.CreateTable(s.ctx, spec("default", "t"), catalog.CreateNew, nil))
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "1\n"})
	w, err := s.c.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: "t"}}, catalog.Overwrite)
	s.ok(err)
	s.stage(w, [2]string{"", "2\n"})
	s.ok(s.c.Abort(s.ctx, w))
	s.ok(s.c.Abort(s.ctx, w))
	s.want(s.c, "t", "1")
	if got := s.dataFiles(w.Target.Location); len(got) != 1 {
		s.Fatalf("files left: %v", got)
	}
	if err := s.c.Commit(s.ctx, w, nil); err == nil {
		s.Fatal("an aborted write was committed")
	}
	// A CREATE TABLE AS that fails leaves no trace.
	w, err = s.c.Begin(s.ctx, spec("default", "new"), catalog.Append)
	s.ok(err)
	s.stage(w, [2]string{"", "2\n"})
	s.ok(s.c.Abort(s.ctx, w))
	if _, err := os.Stat(w.Target.Location); !os.IsNotExist(err) {
		s.Fatalf("the folder is still there: %v", err)
	}
}

func (s *suite) external() {
	dir := filepath.ToSlash(s.TempDir())
	s.ok(os.MkdirAll(dir+"/t/k=1", 0o755))
	s.ok(os.WriteFile(dir+"/t/k=1/a.txt", []byte("old\n"), 0o644))
	t := catalog.TableSpec{Name: catalog.Name{Database: "default", Table: "e"}, Info: catalog.Info{Provider: "text", Location: dir + "/t"}}
	s.ok(s.c.CreateTable(s.ctx, t, catalog.CreateNew, nil)) // schema and partitions from the files
	s.want(s.c, "e", "old 1")
	s.insert(s.c, "e", catalog.Append, nil, [2]string{"k=2", "new\n"})
	s.want(s.c, "e", "new 2", "old 1")
	// Files others put there are part of it.
	s.ok(os.WriteFile(dir+"/t/k=1/b.txt", []byte("more\n"), 0o644))
	s.want(s.c, "e", "more 1", "new 2", "old 1")
	s.insert(s.c, "e", catalog.Overwrite, nil, [2]string{"k=3", "only\n"})
	s.want(s.c, "e", "only 3")
	for _, f := range s.dataFiles(dir + "/t") {
		if strings.HasPrefix(f, "_volley") {
			s.Errorf("%s was left", f)
		}
	}
	if _, err := os.Stat(dir + "/t/k=1"); err == nil {
		s.Error("an emptied partition folder was left")
	}
}

// concurrent: appends from several handles all arrive.
func (s *suite) concurrent() {
	handles := []catalog.Catalog{s.c}
	if s.again != nil {
		handles = append(handles, s.again(), s.again())
	}
	for _, name := range []string{"m", "e"} {
		t := spec("default", name)
		if name == "e" {
			t.Info.Location = filepath.ToSlash(s.TempDir()) + "/e"
		}
		s.ok(s.c.CreateTable(s.ctx, t, catalog.CreateNew, nil))
		var wg sync.WaitGroup
		var want []string
		for i := range 12 {
			want = append(want, fmt.Sprintf("%02d", i))
			wg.Go(func() {
				c := handles[i%len(handles)]
				w, err := c.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: name}}, catalog.Append)
				if err != nil {
					s.Error(err)
					return
				}
				if err := c.Commit(s.ctx, w, s.stage(w, [2]string{"", fmt.Sprintf("%02d\n", i)})); err != nil {
					s.Error(err)
				}
			})
		}
		wg.Wait()
		for _, c := range handles {
			s.want(c, name, want...)
		}
	}
}

// allOrNone: a reader sees the files of one job, never a mixture.
func (s *suite) allOrNone() {
	reader := s.c
	if s.again != nil {
		reader = s.again()
	}
	for _, name := range []string{"m", "e"} {
		t := spec("default", name)
		if name == "e" {
			t.Info.Location = filepath.ToSlash(s.TempDir()) + "/e"
		}
		s.ok(s.c.CreateTable(s.ctx, t, catalog.CreateNew, nil))
		generation := func(i int) (out [][2]string) {
			for range 20 {
				out = append(out, [2]string{"", fmt.Sprintf("%d\n", i)})
			}
			return out
		}
		s.insert(s.c, name, catalog.Overwrite, nil, generation(0)...)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 1; i <= 15; i++ {
				s.insert(s.c, name, catalog.Overwrite, nil, generation(i)...)
			}
		}()
		reads, start := 0, time.Now()
		for over := false; !over; reads++ {
			select {
			case <-done:
				over = true
			default:
			}
			rows, err := s.read(reader, name)
			if err != nil {
				// A scan whose files went away meanwhile fails, which is no wrong answer.
				if sqlerr.Is(err, sqlerr.FileNotFound) && name == "e" {
					continue
				}
				s.Fatal(err)
			}
			if len(rows) != 20 || rows[0] != rows[19] {
				s.Fatalf("%s: a reader saw %d rows, %v", name, len(rows), slices.Compact(rows))
			}
		}
		s.Logf("%s: %d reads in %v", name, reads, time.Since(start))
	}
}

// leftovers: what a dead process staged is removed by the next write.
func (s *suite) leftovers() {
	s.ok(s.c.CreateTable(s.ctx, spec("default", "t"), catalog.CreateNew, nil))
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "1\n"})
	tab, _, err := s.c.Lookup(s.ctx, "default", "t")
	s.ok(err)
	loc := tab.Info().Location
	dead := loc + "/" + catalog.StagingName + "/feedfacefeedface"
	s.ok(os.MkdirAll(dead, 0o755))
	s.ok(os.WriteFile(dead+"/part-0.txt", []byte("dead\n"), 0o644))
	s.ok(os.WriteFile(dead+".lock", nil, 0o644))
	// Moved into place, but the process died before the record was written.
	s.ok(os.WriteFile(loc+"/part-9.txt", []byte("never committed\n"), 0o644))
	s.want(s.c, "t", "1")
	// A job that lives keeps its folder.
	live, err := s.c.Begin(s.ctx, catalog.TableSpec{Name: catalog.Name{Database: "default", Table: "t"}}, catalog.Append)
	s.ok(err)
	files := s.stage(live, [2]string{"", "3\n"})
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"", "2\n"})
	s.want(s.c, "t", "1", "2")
	for _, f := range s.dataFiles(loc) {
		if strings.Contains(f, "feedface") || strings.Contains(f, "part-9") {
			s.Errorf("%s was left", f)
		}
	}
	s.ok(s.c.Commit(s.ctx, live, files))
	s.want(s.c, "t", "1", "2", "3")
	if got := s.dataFiles(loc); len(got) != 3 {
		s.Errorf("files %v", got)
	}
}

func (s *suite) reopen() {
	if s.again == nil {
		s.Skip("this catalog ends with its handle")
	}
	s.ok(s.c.CreateDatabase(s.ctx, catalog.Database{Name: "d"}, false))
	s.ok(s.c.CreateTable(s.ctx, spec("default", "t", "p"), catalog.CreateNew, nil))
	s.insert(s.c, "t", catalog.Append, nil, [2]string{"p=1", "1\n"})
	s.ok(s.c.CreateView(s.ctx, catalog.View{Name: catalog.Name{Database: "d", Table: "v"}, SQL: "SELECT 1"}, catalog.CreateNew))
	c := s.again()
	s.want(c, "t", "1 1")
	_, v, err := c.Lookup(s.ctx, "d", "v")
	s.ok(err)
	if v.SQL != "SELECT 1" {
		s.Fatalf("%+v", v)
	}
	// Either handle sees what the other one does.
	s.insert(c, "t", catalog.Append, nil, [2]string{"p=2", "2\n"})
	s.want(s.c, "t", "1 1", "2 2")
	s.ok(s.c.DropTable(s.ctx, "default", "t", false, false))
	_, _, err = c.Lookup(s.ctx, "default", "t")
	s.fails(err, sqlerr.TableOrViewNotFound)
}

// cutShort: a publication to a plain folder whose process died half way is
// completed by whoever reads next.
func (s *suite) cutShort() {
	dir := filepath.ToSlash(s.TempDir()) + "/t"
	t := spec("default", "e")
	t.Info.Location = dir
	s.ok(s.c.CreateTable(s.ctx, t, catalog.CreateNew, nil))
	s.insert(s.c, "e", catalog.Append, nil, [2]string{"", "old1\n"}, [2]string{"", "old2\n"})
	var old []string
	for _, f := range s.dataFiles(dir) {
		if !strings.HasPrefix(f, "_") {
			old = append(old, f)
		}
	}
	stage := dir + "/" + catalog.StagingName + "/feedfacefeedface"
	s.ok(os.MkdirAll(stage, 0o755))
	s.ok(os.WriteFile(stage+"/n1.txt", []byte("new1\n"), 0o644))
	s.ok(os.WriteFile(dir+"/n2.txt", []byte("new2\n"), 0o644)) // moved already
	s.ok(os.WriteFile(dir+"/_volley_commit.json", []byte(fmt.Sprintf(
		`{"job":"feedfacefeedface","add":[{"from":"_volley_staging/feedfacefeedface/n2.txt","to":"n2.txt"},{"from":"_volley_staging/feedfacefeedface/n1.txt","to":"n1.txt"}],"remove":[%q,%q]}`,
		old[0], old[1])), 0o644))
	s.want(s.c, "e", "new1", "new2")
	s.insert(s.c, "e", catalog.Append, nil, [2]string{"", "next\n"})
	s.want(s.c, "e", "new1", "new2", "next")
	for _, f := range s.dataFiles(dir) {
		if strings.HasPrefix(f, "_volley") {
			s.Errorf("%s was left", f)
		}
	}
}

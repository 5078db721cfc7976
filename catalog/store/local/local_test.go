package local

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
)

func tree(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, n := range names {
		p := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(n), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestGlob(t *testing.T) {
	dir := tree(t, "a/1.csv", "a/2.csv", "a/3.json", "b/1.csv", "b/c/4.csv", "_x/5.csv", "a/.h.csv", "a/_SUCCESS", "p/_k=1/6.csv", "q{r}/7.csv", "z")
	cases := []struct {
		pattern string
		want    []string
	}{
		{"a/*.csv", []string{"a/1.csv", "a/2.csv"}},
		{"a/?.json", []string{"a/3.json"}},
		{"[ab]/1.csv", []string{"a/1.csv", "b/1.csv"}},
		{"{a,b}/1.csv", []string{"a/1.csv", "b/1.csv"}},
		{"{a/{1,2},b/1}.csv", []string{"a/1.csv", "a/2.csv", "b/1.csv"}},
		{"**/4.csv", []string{"b/c/4.csv"}},
		{"**/*.json", []string{"a/3.json"}},
		{"b/**", []string{"b/1.csv", "b/c/4.csv"}},
		{"*", []string{"a/1.csv", "a/2.csv", "a/3.json", "b/1.csv", "b/c/4.csv", "p/_k=1/6.csv", "q{r}/7.csv", "z"}},
		{"_x/*.csv", []string{"_x/5.csv"}},
		{"_?/*.csv", []string{"_x/5.csv"}},
		{"a/_SUCCESS", []string{"a/_SUCCESS"}},
		{`q\{r\}/*`, []string{"q{r}/7.csv"}},
		{"z/*", nil},
		{"none/*", nil},
	}
	for _, c := range cases {
		files, err := New().Glob(context.Background(), dir+"/"+c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		}
		var got []string
		for _, f := range files {
			rel, _ := filepath.Rel(dir, f.Path)
			got = append(got, filepath.ToSlash(rel))
			if f.Size == 0 || f.ModTime == 0 {
				t.Errorf("%s: no facts: %+v", c.pattern, f)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v want %v", c.pattern, got, c.want)
		}
	}
	for _, bad := range []string{"{a", "a}", "[a", strings.Repeat("{a,b}", 30)} {
		if _, err := New().Glob(context.Background(), dir+"/"+bad); !sqlerr.Is(err, sqlerr.InvalidParameterValue) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	ctx, dir, s := context.Background(), t.TempDir(), New()
	path := filepath.Join(dir, "sub", "f.bin")
	count := func() (n int) {
		for _, err := range s.List(ctx, dir) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	for _, abort := range []bool{true, false} {
		w, err := s.Create(ctx, "file://"+path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 0 {
			t.Fatalf("%d files visible while writing", n)
		}
		if abort {
			err = w.Abort()
		} else {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 || count() != 1 {
		t.Fatalf("left behind: %v", entries)
	}
	r, err := s.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, io.NewSectionReader(r, 0, r.Size())); n != 1<<20 || err != nil {
		t.Fatal(n, err)
	}
}

func TestErrorsNameThePath(t *testing.T) {
	ctx, s := context.Background(), New()
	missing := filepath.Join(t.TempDir(), "none.parquet")
	_, err := s.Open(ctx, missing)
	if !sqlerr.Is(err, sqlerr.FileNotFound) || !strings.Contains(err.Error(), missing) {
		t.Error(err)
	}
	if _, _, err := s.Stat(ctx, missing); !sqlerr.Is(err, sqlerr.FileNotFound) {
		t.Error(err)
	}
	if _, err := s.Open(ctx, t.TempDir()); !sqlerr.Is(err, sqlerr.FileReadFailed) {
		t.Error(err)
	}
}

func TestListFollowsLinks(t *testing.T) {
	dir := tree(t, "t/k=1/a", "other/b", "other/sub/c")
	for link, to := range map[string]string{"t/k=2": "../other", "t/round": ".", "other/up": "../t"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skipf("links to folders cannot be made here: %v", err)
		}
	}
	var got []string
	for f, err := range New().List(context.Background(), dir+"/t") {
		if err != nil {
			t.Fatal(err)
		}
		rel, _ := filepath.Rel(dir+"/t", f.Path)
		got = append(got, filepath.ToSlash(rel))
	}
	if want := []string{"k=1/a", "k=2/b", "k=2/sub/c"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOtherFileSystems(t *testing.T) {
	ctx, s := context.Background(), New()
	for _, url := range []string{"s3://bucket/a.csv", "http://host/a.csv", "hdfs://node:8020/a", "abfss://x@y/z"} {
		_, _, stat := s.Stat(ctx, url)
		_, open := s.Open(ctx, url)
		_, glob := s.Glob(ctx, url+"/*")
		_, create := s.Create(ctx, url)
		var list error
		for _, list = range s.List(ctx, url) {
		}
		for name, err := range map[string]error{"stat": stat, "open": open, "glob": glob, "create": create, "list": list, "mkdir": s.MkdirAll(ctx, url), "remove": s.RemoveAll(ctx, url), "rename": s.Rename(ctx, url, "x")} {
			if !sqlerr.Is(err, sqlerr.UnsupportedFileSystem) {
				t.Errorf("%s %s: %v", name, url, err)
			}
		}
	}
	if _, _, err := s.Stat(ctx, "file://"+t.TempDir()); err != nil {
		t.Error(err)
	}
}

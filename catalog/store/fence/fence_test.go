package fence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
)

func TestCheck(t *testing.T) {
	top := t.TempDir()
	root := filepath.Join(top, "data")
	for _, d := range []string{root + "/sub", top + "/data2", top + "/secret"} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(top+"/secret/key", []byte("x"), 0o600)
	for link, to := range map[string]string{"out": top + "/secret", "file": top + "/secret/key", "in": root + "/sub", "dangling": top + "/secret/none", "up": ".."} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Skip(err)
		}
	}
	f, err := New([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		ok   bool
	}{
		{root, true},
		{root + "/", true},
		{root + "/a.csv", true},
		{root + "/new/deep/a.csv", true},
		{root + "/sub/../a.csv", true},
		{root + "/in/a.csv", true},
		{"file:" + root + "/a", true},
		{"file://" + root + "/a", true},
		{"file://localhost" + root + "/a", true},
		{root + "/*.csv", true},
		{root + "/**/x[0-9]/{a,b}.csv", true},
		{root + "*", false},
		{root + "2/a.csv", false},
		{top, false},
		{root + "/..", false},
		{root + "/../secret/key", false},
		{root + "/none/../../secret/key", false},
		{root + "/out/key", false},
		{root + "/out/none", false},
		{root + "/out/*", false},
		{root + "/file", false},
		{root + "/up/secret/key", false},
		{root + "/dangling", false},
		{root + "/dangling/x", false},
		{root + "/*/../../secret/key", false},
		{root + "/{sub,../secret}/*", false},
		{"/etc/passwd", false},
		{"../../etc/passwd", false},
		{"/proc/self/environ", false},
		{"/", false},
		{"", false},
		{"*", false},
		{"http://169.254.169.254/latest", false},
		{"s3://bucket/key", false},
		{"file:///etc/passwd", false},
		{"file:/etc/passwd", false},
		{"FILE:///etc/passwd", false},
		{root + "/a\x00/../../secret", false},
	} {
		err := f.Check(c.path)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.path, err)
		}
		if err != nil && (!sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) || strings.Contains(err.Error(), root) != strings.Contains(c.path, root)) {
			t.Errorf("%q: %v", c.path, err)
		}
	}
	s, ctx := f.Store(), t.Context()
	if _, err := s.Open(ctx, top+"/secret/key"); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Error(err)
	}
	if _, err := s.Create(ctx, top+"/secret/new"); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Error(err)
	}
	if err := s.Rename(ctx, root+"/sub", top+"/secret/sub"); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Error(err)
	}
	for what, err := range map[string]error{"remove": s.Remove(ctx, root+"/out/key"), "all": s.RemoveAll(ctx, top+"/secret"), "mkdir": s.MkdirAll(ctx, top+"/x")} {
		if !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, err := s.Stat(ctx, top+"/secret/none"); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Error(err)
	}
	if _, err := s.Glob(ctx, root+"/*"); !sqlerr.Is(err, sqlerr.InsufficientPermissionsExtLoc) {
		t.Errorf("a pattern that finds a link out: %v", err)
	}
}

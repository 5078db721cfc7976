package app

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/internal/session"
)

// TestOptionsOfViews: keys of options do not depend on case.
func TestOptionsOfViews(t *testing.T) {
	file := filepath.ToSlash(filepath.Join(t.TempDir(), "x.csv"))
	if err := os.WriteFile(file, []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := Open(Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := a.Session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	view := "CREATE TEMP VIEW v USING csv OPTIONS (path '" + file + "', Header 'true', inferSchema 'true')"
	if _, err := s.Run(context.Background(), view, session.Params{}); err != nil {
		t.Fatal(err)
	}
	if got := show(s, "SELECT a + b, typeof(a) FROM v"); got != "3\tint" {
		t.Errorf("%q", got)
	}
}

package app

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/arch"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/parse"
)

// supportRow is a table row whose second cell is SQL in backticks.
var supportRow = regexp.MustCompile("^\\| .*? \\| (`+)(.*?[^`])`+ \\| (\\S+) \\|$")

// TestSupportPage runs the statements in the tables of docs/sql-support.md:
// each row in an application of its own, and the last column tells how it must end.
func TestSupportPage(t *testing.T) {
	root, err := arch.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "sql-support.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, lines := 0, 0
	for n, line := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| what |") {
			lines++
		}
		m := supportRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		rows++
		sql, want := strings.ReplaceAll(m[2], `\|`, "|"), m[3]
		if got := ending(t, sql); got != want {
			t.Errorf("docs/sql-support.md:%d says %s, but now it ends with %s: %s", n+1, want, got, sql)
		}
	}
	if rows < 40 || rows != lines {
		t.Errorf("read %d statements from %d rows", rows, lines)
	}
}

// ending is "runs" or the condition of a script's first error.
func ending(t *testing.T, script string) string {
	a, err := Open(Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := a.Session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parse.Script(script) {
		res, err := s.Run(context.Background(), script[p.From:p.To], session.Params{})
		if err == nil {
			_, err = res.Collect()
		}
		if e := sqlerr.As(err); e != nil {
			return e.Cond.Name
		}
		if err != nil {
			return err.Error()
		}
	}
	return "runs"
}

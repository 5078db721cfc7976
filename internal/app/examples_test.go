package app

import (
	"context"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
)

// TestExamples runs the examples of every function: they are documentation,
// and the first thing users try.
func TestExamples(t *testing.T) {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(Options{Threads: 1, Conf: map[string]string{"spark.sql.session.timeZone": "America/Los_Angeles"}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := a.Session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range reg.Defs() {
		if len(d.Examples) == 0 {
			t.Errorf("%s has no example", d.Name)
		}
		for _, e := range d.Examples {
			if got := show(s, e.SQL); got != e.Want {
				t.Errorf("%s: %s\ngives %q\nnot   %q", d.Name, e.SQL, got, e.Want)
			}
		}
	}
}

// show is a statement's result as examples write it: a line a row, cells joined by tabs.
func show(s *session.Session, sql string) string {
	res, err := s.Run(context.Background(), sql, session.Params{})
	if err != nil {
		return err.Error()
	}
	rows, err := res.Collect()
	if err != nil {
		return err.Error()
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		cells := make([]string, len(r))
		for c, d := range r {
			cells[c] = cast.Format(d, res.Schema[c].Type, settings.TimeZone(res.Settings))
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

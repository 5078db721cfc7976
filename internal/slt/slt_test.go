package slt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type fake map[string]*Result

func (f fake) Run(_ context.Context, sql string) (*Result, error) {
	if r := f[sql]; r != nil {
		return r, nil
	}
	return nil, errors.New("[BAD_THING] no")
}

func TestRun(t *testing.T) {
	x, empty := "x", ""
	e := fake{"q": {Columns: []string{"a", "b"}, Rows: [][]*string{{&x, nil}, {&empty, &x}}}}
	const text = `# comment
statement error BAD_THING
nonsense

query columns
q
----
a	b
x	NULL
(empty)	x

skipif slow
query
q
----
wrong

query rowsort
q
----
x	NULL
(empty)	x
`
	file := filepath.Join(t.TempDir(), "a.slt")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ran, fails, err := Run(t.Context(), file, e, []string{"slow"}, false)
	if err != nil || ran != 3 || len(fails) != 0 {
		t.Fatalf("ran %d, failures %v, error %v", ran, fails, err)
	}
	_, fails, _ = Run(t.Context(), file, e, nil, true)
	if len(fails) != 1 || fails[0].Line != 13 {
		t.Fatalf("failures: %v", fails)
	}
	if _, fails, _ = Run(t.Context(), file, e, nil, false); len(fails) != 0 {
		t.Fatalf("after an update: %v", fails)
	}
	now, _ := os.ReadFile(file)
	if !strings.Contains(string(now), "skipif slow\nquery\nq\n----\nx\tNULL\n(empty)\tx\n") {
		t.Fatalf("updated file:\n%s", now)
	}
}

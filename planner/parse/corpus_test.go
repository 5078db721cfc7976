package parse_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/planner/parse"
)

// corpora returns the folder of public test data that VOLLEY_CORPORA names.
func corpora(t testing.TB) string {
	dir := os.Getenv("VOLLEY_CORPORA")
	if dir == "" {
		t.Skip("SKIPPED: VOLLEY_CORPORA is not set, so no statement of the public corpora was parsed")
	}
	return dir
}

type corpusEntry struct {
	SQL     string
	Rows    []any
	Setup   bool
	InScope *bool `json:"in_scope"`
	Skip    any
	Error   *struct{ Class, State string }
	Before  []string
	After   []string
	File    string
}

func corpus(t testing.TB, file string) []corpusEntry {
	data, err := os.ReadFile(filepath.Join(corpora(t), "spark", file))
	if err != nil {
		t.Fatal(err)
	}
	var out []corpusEntry
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSparkCorpus parses every statement of Spark's test suites. Those that
// Spark answers with rows must parse, but for a small share of forms that are
// not supported.
func TestSparkCorpus(t *testing.T) {
	for _, file := range []string{"golden.json", "features.json", "functions.json"} {
		t.Run(file, func(t *testing.T) {
			total, failed := 0, 0
			for _, e := range corpus(t, file) {
				_, err := parse.Statement(e.SQL)
				for _, s := range append(e.Before, e.After...) {
					parse.Statement(s)
				}
				if e.Rows == nil || e.InScope != nil && !*e.InScope {
					continue
				}
				total++
				if err != nil {
					failed++
					t.Logf("%s: %v\n\t%s", e.File, err, e.SQL)
				}
			}
			share := float64(total-failed) / float64(total)
			t.Logf("%s: %d of %d statements with rows parse (%.2f %%)", file, total-failed, total, 100*share)
			if share < 0.98 {
				t.Errorf("%d of %d statements fail to parse", failed, total)
			}
		})
	}
}

package parse_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/planner/ast"
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
	Schema  [][]any
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

// TestColumnNames compares the names the tree gives to unaliased columns with
// Spark's. What needs types or a catalog (fields, default arguments, the
// values of time literals) is the binder's, so a share is missing here.
func TestColumnNames(t *testing.T) {
	total, same := 0, 0
	for _, file := range []string{"golden.json", "features.json", "functions.json"} {
		for _, e := range corpus(t, file) {
			s, err := parse.Statement(e.SQL)
			q, ok := s.(*ast.Query)
			if err != nil || !ok || e.Rows == nil || e.InScope != nil && !*e.InScope {
				continue
			}
			sel, ok := q.Body.(*ast.Select)
			if !ok || len(sel.Items) != len(e.Schema) {
				continue
			}
			for i, it := range sel.Items {
				if _, star := it.Expr.(*ast.Star); star || it.Alias != "" || it.Aliases != nil {
					continue
				}
				total++
				if ast.ColumnName(it.Expr, nil) == e.Schema[i][0] {
					same++
				}
			}
		}
	}
	t.Logf("%d of %d names are Spark's", same, total)
	if float64(same) < 0.88*float64(total) {
		t.Errorf("only %d of %d names are Spark's", same, total)
	}
}

// TestBenchmarkQueries parses TPC-H and TPC-DS.
func TestBenchmarkQueries(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(corpora(t), "..", "bench", "*", "queries", "*.sql"))
	if len(files) < 100 {
		t.Skipf("SKIPPED: found only %d queries", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range parse.Script(string(text)) {
			if _, err := parse.Statement(string(text[piece.From:piece.To])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

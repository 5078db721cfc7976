package optimize

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/lower"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// TestBenchmarks optimizes and lowers every query of TPC-H and TPC-DS, with
// the output of every rewrite checked, and looks that no correlation is left.
// VOLLEY_SHOW names a query whose plans are printed.
func TestBenchmarks(t *testing.T) {
	queries := os.Getenv("VOLLEY_BENCH")
	if queries == "" {
		t.Skip("SKIPPED: VOLLEY_BENCH is not set, so no query of TPC-H and TPC-DS was optimized")
	}
	size := os.Getenv("VOLLEY_SIZE")
	if size == "" {
		size = "0.01"
	}
	for _, suite := range []string{"tpch", "tpcds"} {
		w := newWorld(t, "", nil)
		w.dir = data(t, suite+"-"+size)
		found, _ := filepath.Glob(filepath.Join(queries, suite, "queries", "*.sql"))
		if len(found) < 22 {
			t.Fatalf("%d queries in %s", len(found), queries)
		}
		for _, f := range found {
			t.Run(suite+"/"+filepath.Base(f), func(t *testing.T) {
				sql, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				n := w.bind(t, string(sql))
				for _, disabled := range []bool{true, false} {
					opts := options(t, map[string]int{})
					opts.Disabled = disabled
					out, err := Optimize(context.Background(), n, opts)
					if err != nil {
						t.Fatal(err)
					}
					if err := sameOutput("Optimize", n, out); err != nil {
						t.Fatal(err)
					}
					walkAll(out, func(n logical.Node) {
						if _, ok := n.(*logical.Apply); ok || hasSubquery(n) {
							t.Errorf("correlation is left in\n%s", logical.Format(out))
						}
					})
					p, err := lower.Lower(context.Background(), out, lower.Options{})
					if err != nil {
						t.Fatalf("%v in\n%s", err, logical.Format(out))
					}
					if !disabled && os.Getenv("VOLLEY_SHOW") == suite+"/"+filepath.Base(f) {
						t.Logf("\n%s\n%s", logical.Format(out), physical.Format(p, nil))
					}
					checkDistributed(t, out)
				}
			})
		}
	}
}

// checkDistributed lowers for several tasks and sends the stages through their wire form.
func checkDistributed(t *testing.T, n logical.Node) {
	t.Helper()
	p, err := lower.Lower(context.Background(), n, lower.Options{Partitions: 3, BroadcastThreshold: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	job, err := stage.Cut("job", p, stage.Options{Tasks: 3})
	if err != nil {
		t.Fatalf("%v in\n%s", err, physical.Format(p, nil))
	}
	for _, s := range job.Stages {
		tasks, err := job.Tasks(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			if _, err := task.Node(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if os.Getenv("VOLLEY_STAGES") != "" {
		t.Logf("\n%s", stage.Format(job))
	}
}

package bind

import (
	"path/filepath"
	"testing"
)

// TestBenchmarks binds every query of TPC-H and TPC-DS.
func TestBenchmarks(t *testing.T) {
	dir := benchmarks(t)
	for _, suite := range []string{"tpch", "tpcds"} {
		env := newWorld(t, read(t, "testdata", suite+".sql")).env(t)
		files, err := filepath.Glob(filepath.Join(dir, suite, "queries", "*.sql"))
		if err != nil || len(files) < 22 {
			t.Fatalf("%d queries in %s, %v", len(files), dir, err)
		}
		for _, f := range files {
			t.Run(suite+"/"+filepath.Base(f), func(t *testing.T) {
				p, err := bindText(env, read(t, f))
				if err != nil {
					t.Fatal(err)
				}
				if len(p.Columns) == 0 {
					t.Error("no columns")
				}
			})
		}
	}
}

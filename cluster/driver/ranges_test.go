package driver_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/session"
)

// rowsOf are the rows of a query as text, from its stream, or from its
// partitions one after the other.
func rowsOf(t *testing.T, a *app.App, text, threshold string, parts bool, between func(i int)) (rows []string, per []int) {
	t.Helper()
	s, err := a.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Settings.Set("volley.execution.rangeSort", threshold); err != nil {
		t.Fatal(err)
	}
	p, err := s.Prepare(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !parts {
		return collected(t, r), nil
	}
	if r.Parts == nil || !r.Parts.Ordered {
		t.Fatalf("partitions %+v", r.Parts)
	}
	defer r.Parts.Close()
	if err := r.Parts.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range r.Parts.N {
		one := collected(t, &session.Result{Rows: r.Parts.Open(t.Context(), i)})
		rows, per = append(rows, one...), append(per, len(one))
		if between != nil {
			between(i)
		}
	}
	return rows, per
}

func collected(t *testing.T, r *session.Result) (out []string) {
	t.Helper()
	rows, err := r.Collect()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		out = append(out, fmt.Sprint(row...))
	}
	return out
}

// TestRanges: rows that all executors sort are those that one task merges, in the
// stream and in the partitions, which share them.
func TestRanges(t *testing.T) {
	a := open(t, 3)
	for name, c := range map[string]struct {
		text string
		even bool // every partition has some
	}{
		"numbers":           {"SELECT id, k FROM parquet.`" + source + "` WHERE id % 50 = 0 ORDER BY k DESC, id", true},
		"nulls, first":      {"SELECT nullif(id % 1000, 7) AS x, id FROM parquet.`" + source + "` WHERE id < 40000 ORDER BY x NULLS FIRST, id DESC", true},
		"nulls, last":       {"SELECT nullif(id % 1000, 7) AS x, id FROM parquet.`" + source + "` WHERE id < 40000 ORDER BY x DESC NULLS LAST, id", true},
		"strings":           {"SELECT concat('x', cast(id * 7919 % 30011 AS string)) AS s, id FROM parquet.`" + source + "` WHERE id < 30011 ORDER BY s, id", true},
		"strings of a kind": {"SELECT concat('a long beginning that all share ', cast(id AS string)) AS s FROM parquet.`" + source + "` WHERE id < 20000 ORDER BY s DESC", true},
		"nulls of a kind":   {"SELECT nullif(concat('a long beginning that all share ', cast(id AS string)), 'a long beginning that all share 77') AS s, -id AS m FROM parquet.`" + source + "` WHERE id < 20000 ORDER BY s NULLS LAST, m", true},
		"one long key":      {"SELECT concat('a long beginning that all share', left('', cast(id AS int))) AS s, id FROM parquet.`" + source + "` WHERE id < 20000 ORDER BY s, id", true},
		"one key":           {"SELECT 1 + id % 1 AS one, id FROM parquet.`" + source + "` WHERE id < 20000 ORDER BY one, id", true},
		"equal rows":        {"SELECT 1 + id % 1 AS one FROM parquet.`" + source + "` WHERE id < 20000 ORDER BY one", false},
		"no rows":           {"SELECT id FROM parquet.`" + source + "` WHERE id % 7 = 9 ORDER BY id", false},
		"an expression":     {"SELECT id FROM parquet.`" + source + "` WHERE id < 20000 ORDER BY id * 7919 % 20011, id", true},
		"grouped":           {"SELECT id % 5000 AS g, count(*) AS n, sum(id) AS s FROM parquet.`" + source + "` WHERE id < 50000 GROUP BY g ORDER BY s DESC, g", true},
	} {
		t.Run(name, func(t *testing.T) {
			want, _ := rowsOf(t, a, c.text, "-1", false, nil)
			got, _ := rowsOf(t, a, c.text, "0", false, nil)
			same(t, "stream", got, want)
			got, per := rowsOf(t, a, c.text, "0", true, nil)
			same(t, "partitions", got, want)
			for i, n := range per {
				if c.even && n == 0 {
					t.Errorf("partition %d of %v has no rows", i, per)
				}
			}
		})
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: row %d is %s, want %s", what, i, got[i], want[i])
		}
	}
}

// TestRangesKilled: ranges are cut as before when an executor is lost and its
// outputs are made again, whether a reader is done or not.
func TestRangesKilled(t *testing.T) {
	a := open(t, 3)
	text := "SELECT k, id FROM parquet.`" + source + "` WHERE id % 20 = 0 ORDER BY k, id"
	want, _ := rowsOf(t, a, text, "-1", false, nil)
	got, _ := rowsOf(t, a, text, "0", true, func(i int) {
		if i < 2 {
			kill(t, pids(a)[0])
		}
	})
	same(t, "partitions", got, want)
}

// TestRangesWritten: files that are written in order hold ranges of it.
func TestRangesWritten(t *testing.T) {
	a := open(t, 2)
	s, err := a.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Settings.Set("volley.execution.rangeSort", "0"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() + "/out"
	for _, text := range []string{"INSERT OVERWRITE DIRECTORY '" + dir + "' USING parquet SELECT id * 7919 % 50021 AS x FROM parquet.`" + source + "` WHERE id < 50021 ORDER BY x"} {
		p, err := s.Prepare(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Run(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Collect(); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := rowsOf(t, a, "SELECT count(*) AS n, sum(x) AS s, count(DISTINCT x) AS d FROM parquet.`"+dir+"`", "-1", false, nil)
	same(t, "what was written", got, []string{"50021 1251025210 50021"})
	// Each file has a range of its own: all of one before all of the next.
	files, err := filepath.Glob(dir + "/*.parquet")
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	var all []string
	for _, f := range files {
		one, _ := rowsOf(t, a, "SELECT x FROM parquet.`"+filepath.ToSlash(f)+"`", "-1", false, nil)
		all = append(all, one...)
	}
	for i, x := range all {
		if x != strconv.Itoa(i) {
			t.Fatalf("row %d of the files one after the other is %s", i, x)
		}
	}
}

package optimize

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/volley-sql/volley/planner/logical"
)

var update = flag.Bool("update", false, "write the plans that came out into the golden files")

const ruleTables = `CREATE TABLE t (id BIGINT, a INT, b BIGINT, s STRING, d DECIMAL(10,2), x DOUBLE);
CREATE TABLE big (id BIGINT, t_id BIGINT, v BIGINT, w STRING);
CREATE TABLE dim (id BIGINT, name STRING, k INT);`

// TestRules runs testdata/rules/*.txt. Each case is a query, the rules that
// must fire ("+ Name") and must not ("- Name"), and the plan that comes out:
//
//	# what it is about
//	SELECT …
//	+ PushPredicates
//	- OuterToInner
//	---
//	plan
//
// Cases are separated by empty lines. -update writes the plans.
func TestRules(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "rules", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		cases := strings.Split(strings.TrimSpace(string(b)), "\n\n")
		for i, c := range cases {
			head, want, _ := strings.Cut(c, "\n---")
			want = strings.TrimSpace(want)
			name := strings.TrimPrefix(strings.SplitN(head, "\n", 2)[0], "# ")
			t.Run(filepath.Base(f)+"/"+name, func(t *testing.T) {
				got := runRuleCase(t, head)
				if *update {
					cases[i] = head + "\n---\n" + got
					return
				}
				if got != want {
					t.Errorf("%s\ngot\n%s\nwant\n%s", head, got, want)
				}
			})
		}
		if *update {
			if err := os.WriteFile(f, []byte(strings.Join(cases, "\n\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func runRuleCase(t *testing.T, head string) string {
	t.Helper()
	var sql, must, mustNot []string
	for _, line := range strings.Split(head, "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "+ "):
			must = append(must, line[2:])
		case strings.HasPrefix(line, "- "):
			mustNot = append(mustNot, line[2:])
		default:
			sql = append(sql, line)
		}
	}
	w := newWorld(t, ruleTables, map[string]int64{"t": 1000, "big": 1_000_000, "dim": 50})
	w.tables["big"].distinct = map[string]int64{"t_id": 50}
	fired := map[string]int{}
	out, err := Optimize(context.Background(), w.bind(t, strings.Join(sql, "\n")), options(t, fired))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range must {
		if fired[r] == 0 {
			t.Errorf("%s did not fire; fired: %s", r, names(fired))
		}
	}
	for _, r := range mustNot {
		if fired[r] > 0 {
			t.Errorf("%s fired", r)
		}
	}
	return strings.TrimSpace(logical.Format(out))
}

func names(m map[string]int) string {
	var out []string
	for n, k := range m {
		out = append(out, fmt.Sprint(n, "×", k))
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

// TestManyRelations looks that long unions and joins are planned in reasonable time.
func TestManyRelations(t *testing.T) {
	w := newWorld(t, ruleTables, map[string]int64{"t": 1000, "big": 1_000_000, "dim": 50})
	union := "SELECT id, a FROM t" + strings.Repeat(" UNION ALL SELECT id, a FROM t", 5000)
	join := "SELECT count(*) FROM t t0"
	for i := 1; i < 300; i++ {
		join += fmt.Sprintf(" JOIN t t%d ON t%d.id = t%d.id", i, i-1, i)
	}
	for _, sql := range []string{"SELECT id FROM (" + union + ") q WHERE a > 5", join} {
		n := w.bind(t, sql)
		opts := options(t, map[string]int{})
		opts.Check = false
		if _, err := Optimize(context.Background(), n, opts); err != nil {
			t.Fatal(err)
		}
	}
}

package app

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/session"
)

// TestHiddenRowsAreNotThere runs queries over a table with a row filter, and
// over a view of somebody else's, beside the same query over a copy of the rows
// that are shown. Hidden rows are such that the expressions of the queries fail
// for them, so evaluating one for a hidden row is an error here.
func TestHiddenRowsAreNotThere(t *testing.T) {
	for _, conf := range []map[string]string{nil, {"volley.optimizer.enabled": "false"}} {
		t.Run(fmt.Sprint(conf), func(t *testing.T) { hiddenRows(t, conf) })
	}
}

func hiddenRows(t *testing.T, conf map[string]string) {
	a, err := Open(Options{Threads: 2, Admins: []string{"root"}, Conf: conf})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	as := func(user string) *session.Session {
		s, err := a.SessionOf(t.Context(), User{Name: user, Rights: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	root, bob := as("root"), as("bob")
	for _, sql := range []string{
		"CREATE TABLE base AS SELECT CAST(id % 10 AS INT) AS a, CAST(id % 7 AS INT) AS b, IF(id % 10 = 5, 'boom', string(id % 4)) AS s, id % 10 <> 5 AS ok FROM range(60)",
		"CREATE TABLE filtered AS SELECT * FROM base", "CREATE TABLE masked AS SELECT * FROM base",
		"CREATE TABLE copy AS SELECT * FROM base WHERE ok", "CREATE TABLE k AS SELECT CAST(id AS INT) AS a, CAST(id % 3 AS INT) AS c FROM range(12) WHERE id <> 5",
		"CREATE VIEW shown AS SELECT * FROM base WHERE ok", "CREATE VIEW joined AS SELECT b.* FROM base b JOIN k ON b.a = k.a WHERE b.ok",
		"CREATE FUNCTION f(x BOOLEAN) RETURNS BOOLEAN RETURN x", "ALTER TABLE filtered SET ROW FILTER f ON (ok)",
		"CREATE FUNCTION m(s STRING, x BOOLEAN) RETURNS STRING RETURN IF(x, s, '0')", "ALTER TABLE masked SET ROW FILTER f ON (ok)", "ALTER TABLE masked ALTER COLUMN s SET MASK m USING COLUMNS (ok)",
		"GRANT USE CATALOG, USE SCHEMA ON CATALOG spark_catalog TO PUBLIC",
		"GRANT SELECT ON filtered TO bob", "GRANT SELECT (a, b, s) ON masked TO bob", "GRANT SELECT ON copy TO bob", "GRANT SELECT ON k TO bob", "GRANT SELECT ON shown TO bob", "GRANT SELECT ON joined TO bob",
	} {
		if _, err := root.Run(t.Context(), sql, session.Params{}); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	num := func(q string) string {
		return strings.ReplaceAll(pick("1 / (?a - 5)", "CAST(?s AS INT)", "10 % (?a - 5)", "?a", "?b", "?a + ?b", "element_at(array(1, 2, 3, 4), 1 + CAST(?s AS INT))", "length(?s)"), "?", q)
	}
	cond := func(q string) string {
		one := func() string {
			return pick(num(q)+" > "+fmt.Sprint(r.IntN(4)), q+"a = "+fmt.Sprint(r.IntN(10)), q+"b IN (1, 2, 5)", q+"s <> '1'", "assert_true("+q+"a <> 5) IS NULL", "("+num(q)+") IS NOT NULL", "NOT "+q+"a < 3")
		}
		return pick(one(), one()+" AND "+one(), "("+one()+" OR "+one()+")")
	}
	query := func() string {
		switch r.IntN(9) {
		case 0:
			return "SELECT a, " + num("") + " FROM @ WHERE " + cond("")
		case 1:
			return "SELECT x.a, k.c FROM @ x JOIN k ON x.a = k.a AND " + cond("x.")
		case 2:
			return "SELECT k.a, x.b FROM k LEFT JOIN @ x ON x.a = k.a AND " + cond("x.")
		case 3:
			return "SELECT b, sum(" + num("") + "), count(*) FROM @ WHERE " + cond("") + " GROUP BY b HAVING max(" + num("") + ") >= 0"
		case 4:
			return "SELECT a FROM k WHERE EXISTS (SELECT 1 FROM @ x WHERE x.a = k.a AND " + cond("x.") + ")"
		case 5:
			return "SELECT a, row_number() OVER (PARTITION BY b ORDER BY a, s, " + num("") + ") FROM @ WHERE " + cond("")
		case 6:
			return "SELECT a, b FROM @ WHERE " + cond("") + " UNION ALL SELECT a, " + num("") + " FROM @ WHERE " + cond("")
		case 7:
			return "WITH c AS (SELECT a, b, " + num("") + " AS n FROM @) SELECT x.a, y.n FROM c x, c y WHERE x.b = y.a AND y.n > 1"
		}
		return "SELECT DISTINCT x.a FROM @ x, k WHERE " + num("x.") + " = k.c"
	}
	run := func(sql string) string {
		lines := strings.Split(show(bob, sql), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	for range 100 {
		q := query()
		want := run(strings.ReplaceAll(q, "@", "copy"))
		if strings.Contains(want, "SQLSTATE") {
			t.Fatalf("%s fails over the copy: %s", q, want)
		}
		for _, from := range []string{"filtered", "masked", "shown", "joined"} {
			if got := run(strings.ReplaceAll(q, "@", from)); got != want {
				t.Errorf("%s over %s\ngives %s\nnot   %s", q, from, got, want)
			}
		}
	}
}

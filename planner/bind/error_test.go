package bind

import (
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
)

const smallDDL = `
CREATE TABLE t (a INT, b INT, s STRING, d DATE, arr ARRAY<INT>, st STRUCT<x: INT, y: STRING>, m MAP<STRING, INT>);
CREATE TABLE u (a INT, c BIGINT);
CREATE VIEW v (p, q) AS SELECT a, b FROM t;
CREATE VIEW broken AS SELECT nothing FROM t;
CREATE FUNCTION inc(n INT) RETURNS INT RETURN n + 1;
`

// TestErrors holds conditions and places: ^ stands before the byte the error points to.
func TestErrors(t *testing.T) {
	env := newWorld(t, smallDDL).env(t)
	for _, c := range []struct {
		sql  string
		want *sqlerr.Condition
	}{
		{"SELECT ^z FROM t", sqlerr.UnresolvedColumn},
		{"SELECT ^z", sqlerr.UnresolvedColumnPlain},
		{"SELECT 1 + ^t.z FROM t", sqlerr.UnresolvedColumn},
		{"SELECT a FROM ^nowhere", sqlerr.TableOrViewNotFound},
		{"SELECT ^supper(s) FROM t", sqlerr.UnresolvedRoutine},
		{"SELECT ^a FROM t, u", sqlerr.AmbiguousReference},
		{"SELECT ^st.z FROM t", sqlerr.FieldNotFound},
		{"SELECT ^a.z FROM t", sqlerr.InvalidExtractBase},
		{"SELECT a, ^b FROM t GROUP BY a", sqlerr.MissingAggregation},
		{"SELECT ^a, sum(b) FROM t", sqlerr.MissingGroupBy},
		{"SELECT sum(a) FROM t GROUP BY ^sum(b)", sqlerr.GroupByAggregate},
		{"SELECT sum(a) FROM t GROUP BY ^1", sqlerr.GroupByPosAggregate},
		{"SELECT a FROM t GROUP BY ^2", sqlerr.GroupByPosOutOfRange},
		{"SELECT a FROM t ORDER BY ^2", sqlerr.OrderByPosOutOfRange},
		{"SELECT DISTINCT a FROM t ORDER BY ^b", sqlerr.UnresolvedColumn},
		{"SELECT a FROM t GROUP BY a ORDER BY ^b", sqlerr.UnresolvedColumn},
		{"SELECT a FROM t WHERE ^sum(b) > 1", sqlerr.InvalidWhere},
		{"SELECT a FROM t WHERE ^rank() OVER (ORDER BY a) > 1", sqlerr.WindowInClause},
		{"SELECT sum(^sum(a)) FROM t", sqlerr.NestedAggregate},
		{"SELECT sum(a) FILTER (WHERE ^sum(b) > 1) FROM t", sqlerr.InvalidAggFilterAggregate},
		{"SELECT ^rank() OVER () FROM t", sqlerr.WindowUnordered},
		{"SELECT ^rank() FROM t", sqlerr.WindowWithoutOver},
		{"SELECT sum(a) OVER ^w FROM t", sqlerr.MissingWindow},
		{"SELECT sum(a) OVER (ORDER BY a, b ^RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t", sqlerr.RangeFrameMultiOrder},
		{"SELECT sum(a) OVER (^RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t", sqlerr.RangeFrameWithoutOrder},
		{"SELECT sum(a) OVER (ORDER BY s ^RANGE BETWEEN CURRENT ROW AND 1 FOLLOWING) FROM t", sqlerr.FrameUnacceptedType},
		{"SELECT sum(a) OVER (ORDER BY d ^RANGE BETWEEN CURRENT ROW AND INTERVAL 1 HOUR FOLLOWING) FROM t", sqlerr.RangeFrameInvalidType},
		{"SELECT ^upper(a, b) FROM t", sqlerr.WrongNumArgs},
		{"SELECT ^count() FROM t", sqlerr.WrongNumArgsSuggestion},
		{"SELECT ^ntile(a) OVER (ORDER BY a) FROM t", sqlerr.NonFoldableInput},
		{"SELECT ^lag(a, b) OVER (ORDER BY a) FROM t", sqlerr.NonFoldableInput},
		{"SELECT a FROM t WHERE (SELECT count(*) FROM u WHERE u.a = t.a GROUP BY ^t.a) = 1", sqlerr.UnsupportedCorrelated},
		{"SELECT (SELECT sum(^t.b) FROM u) FROM t", sqlerr.UnsupportedCorrelated},
		{"TABLE t |> AGGREGATE ^sum(a) OVER () GROUP BY b", sqlerr.PipeAggregateCase},
		{"SELECT * FROM ^''", sqlerr.InvalidEmptyLocation},
		{"TABLE t |> SELECT ^sum(a)", sqlerr.PipeContainsAggregate},
		{"TABLE t |> AGGREGATE ^a GROUP BY b", sqlerr.PipeAggregateNone},
		{"TABLE u |> AGGREGATE sum(a) GROUP BY ^3", sqlerr.GroupByPosOutOfRange},
		{"TABLE u |> AGGREGATE sum(a) ^GROUP BY ROLLUP (a)", sqlerr.PipeAggregateCase},
		{"SELECT ^TIMESTAMP 'someday'", sqlerr.InvalidTypedLiteral},
		{"SELECT ^a = arr FROM t", sqlerr.BinaryOpDiffTypes},
		{"SELECT ^m = m FROM t", sqlerr.InvalidOrderingType},
		{"SELECT a FROM t WHERE ^a", sqlerr.FilterNotBoolean},
		{"SELECT ^CASE WHEN true THEN 1 ELSE arr END FROM t", sqlerr.DataDiffTypes},
		{"SELECT ^a IN (1, arr) FROM t", sqlerr.DataDiffTypes},
		{"SELECT ^CAST(arr AS INT) FROM t", sqlerr.CastWithoutSuggestion},
		{"^SELECT a FROM t UNION SELECT a, b FROM t", sqlerr.NumColumnsMismatch},
		{"^SELECT a FROM t UNION SELECT arr FROM t", sqlerr.IncompatibleColumnType},
		{"SELECT ^(SELECT a, b FROM t)", sqlerr.ScalarSubqueryColumns},
		{"SELECT ^a IN (SELECT a, c FROM u) FROM t", sqlerr.InSubqueryLength},
		{"SELECT * FROM t LIMIT ^-1", sqlerr.InvalidLimitNegative},
		{"SELECT * FROM t LIMIT ^'x'", sqlerr.InvalidLimitType},
		{"SELECT * FROM t LIMIT ^a", sqlerr.InvalidLimitUnfoldable},
		{"SELECT * EXCEPT (^z) FROM t", sqlerr.UnresolvedColumn},
		{"SELECT ^z.* FROM t", sqlerr.UnresolvedStar},
		{"SELECT * FROM ^t JOIN u USING (z)", sqlerr.UnresolvedUsing},
		{"SELECT explode(arr), ^explode(arr) FROM t", sqlerr.MultiGenerator},
		{"SELECT 1 + ^explode(arr) FROM t", sqlerr.GeneratorNested},
		{"SELECT a FROM t WHERE ^explode(arr) = 1", sqlerr.GeneratorOutside},
		{"SELECT * FROM VALUES (1, 2), (^3)", sqlerr.InlineTableColumns},
		{"SELECT * FROM VALUES (1), (^array(1))", sqlerr.InlineTableTypes},
		{"SELECT * FROM VALUES (^rand())", sqlerr.InlineTableExpression},
		{"WITH c AS (SELECT 1), ^c AS (SELECT 2) SELECT * FROM c", sqlerr.DuplicatedCTE},
		{"WITH RECURSIVE ^c AS (SELECT 1 EXCEPT SELECT * FROM c) SELECT * FROM c", sqlerr.RecursiveCTE},
		{"WITH c AS (SELECT ^z FROM t) SELECT 1", sqlerr.UnresolvedColumn},
		{"SELECT DATE ^'2020-13-01'", nil},
		{"SELECT ^INTERVAL 1 MONTH 1 DAY", sqlerr.IntervalMixedUnits},
		{"SELECT ^:p", sqlerr.UnboundParameter},
		{"SELECT ^grouping(a) FROM t GROUP BY a", sqlerr.UnsupportedGrouping},
		{"SELECT * FROM ^range(1, 2, 0)", sqlerr.FailedFunctionCall},
		{"SELECT * FROM range(^a) LIMIT 1", sqlerr.UnresolvedColumnPlain},
		{"SELECT * FROM ^dummy(3)", sqlerr.UnresolvableTableFunction},
		{"SELECT ^inc(1, 2)", sqlerr.WrongNumArgs},
		{"SELECT transform(arr, ^(x, y, z) -> x) FROM t", sqlerr.InvalidLambdaArgs},
		{"SELECT * FROM t NATURAL JOIN ^nowhere", sqlerr.TableOrViewNotFound},
	} {
		pos := strings.IndexByte(c.sql, '^')
		_, err := bindText(env, strings.Replace(c.sql, "^", "", 1))
		if c.want == nil {
			c.want, pos = sqlerr.InvalidTypedLiteral, strings.Index(c.sql, "DATE")
		}
		e := sqlerr.As(err)
		switch {
		case e == nil || e.Cond != c.want:
			t.Errorf("%s\n  gives %v, want %s", c.sql, err, c.want.Name)
		case e.Pos != pos:
			t.Errorf("%s\n  points to %d, want %d: %v", c.sql, e.Pos, pos, err)
		}
	}
}

func TestSuggestions(t *testing.T) {
	env := newWorld(t, "CREATE TABLE emp (name STRING, salary INT)").env(t)
	for sql, want := range map[string]string{
		"SELECT nmae FROM emp":                 "`name`, `salary`",
		"SELECT e.nmae FROM emp e":             "`e`.`name`",
		"SELECT uper(name) FROM emp":           "upper",
		"SELECT name AS n FROM emp ORDER BY m": "`n`",
	} {
		if _, err := bindText(env, sql); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, which does not suggest %s", sql, err, want)
		}
	}
}

// An error in a view points into the view's own text.
func TestViewErrors(t *testing.T) {
	env := newWorld(t, smallDDL).env(t)
	_, err := bindText(env, "SELECT * FROM broken")
	if e := sqlerr.As(err); e == nil || e.Source != "SELECT nothing FROM t" || e.Pos != 7 {
		t.Errorf("the error is %#v", err)
	}
}

// Large statements bind in time that grows with their size, deep ones without
// running out of stack.
func TestLargeStatements(t *testing.T) {
	env := newWorld(t, smallDDL).env(t)
	repeat := func(n int, sep string, f string) string {
		return strings.TrimSuffix(strings.Repeat(f+sep, n), sep)
	}
	for name, sql := range map[string]string{
		"in list":      "SELECT a FROM t WHERE a IN (" + repeat(100_000, ", ", "12345") + ")",
		"case arms":    "SELECT CASE " + repeat(10_000, " ", "WHEN a = 1 THEN b") + " END FROM t",
		"union all":    repeat(5000, " UNION ALL ", "SELECT a, s FROM t"),
		"conjunction":  "SELECT a FROM t WHERE " + repeat(20_000, " AND ", "a <> 7"),
		"sum":          "SELECT " + repeat(5000, " + ", "1L") + " FROM t",
		"select list":  "SELECT " + repeat(5000, ", ", "a + b") + " FROM t",
		"grouped list": "SELECT a, " + repeat(1000, ", ", "sum(b) + a") + " FROM t GROUP BY a",
		"values":       "VALUES " + repeat(50_000, ", ", "(1, 'x', 2.5)"),
		"nested":       strings.Repeat("SELECT a FROM (", 500) + "SELECT a FROM t" + strings.Repeat(")", 500),
		"aliases": "SELECT a + a AS c0" + func() string {
			var b strings.Builder
			for i := 1; i < 60; i++ {
				b.WriteString(", c" + itoa(i-1) + " + c" + itoa(i-1) + " AS c" + itoa(i))
			}
			return b.String()
		}() + " FROM t",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := bindText(env, sql); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Run("copies of CTEs", func(t *testing.T) {
		var b strings.Builder
		b.WriteString("WITH c0 AS (SELECT a FROM t)")
		for i := 1; i < 40; i++ {
			b.WriteString(", c" + itoa(i) + " AS (SELECT x.a FROM c" + itoa(i-1) + " x, c" + itoa(i-1) + " y)")
		}
		_, err := bindText(env, b.String()+" SELECT * FROM c39")
		if !sqlerr.Is(err, sqlerr.StatementTooComplex) {
			t.Errorf("2^39 copies give %v", err)
		}
	})
}

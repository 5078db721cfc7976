package parse_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
)

// TestExpr compares the printed tree, which has parentheses around every operator.
func TestExpr(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"1 + 2 * 3", "(1 + (2 * 3))"},
		{"a - b - c", "((a - b) - c)"},
		{"a and b or not c and d", "((a AND b) OR ((NOT c) AND d))"},
		{"a and b and c and d", "((a AND b) AND (c AND d))"},
		{"not a = b", "(NOT (a = b))"},
		{"!a <=> b", "(NOT (a <=> b))"},
		{"a = b is null", "((a = b) IS NULL)"},
		{"-a * b", "((- a) * b)"},
		{"-1 - -1", "(-1 - -1)"},
		{"- 1", "-1"},
		{"-(1)", "(- (1))"},
		{"a -1", "(a - 1)"},
		{"~a & b | c ^ d", "(((~ a) & b) | (c ^ d))"},
		{"1 << 2 >> 3 >>> 4", "(((1 << 2) >> 3) >>> 4)"},
		{"a > > b", ""},
		{"a || b + c", "((a || b) + c)"},
		{"7 div 2 % 3", "((7 div 2) % 3)"},
		{"a between 1 and 2 and b", "((a BETWEEN 1 AND 2) AND b)"},
		{"a not between 1 and 2", "(NOT (a BETWEEN 1 AND 2))"},
		{"a not in (1, 2,)", "(NOT (a IN (1, 2)))"},
		{"(a, b) in (select 1, 2)", "((a, b) IN (SELECT 1, 2))"},
		{"a in ((select 1))", "(a IN (SELECT 1))"},
		{"x is not distinct from y", "(x <=> y)"},
		{"x is distinct from y", "(NOT (x <=> y))"},
		{"x is not true", "(NOT (x <=> true))"},
		{"x is unknown", "(x IS UNKNOWN)"},
		{"a like 'x%' escape '!'", "(a LIKE 'x%' ESCAPE '!')"},
		{"a not rlike 'x'", "(NOT (a RLIKE 'x'))"},
		{"a regexp 'x'", "(a RLIKE 'x')"},
		{"a not like some ('x', 'y')", "(a NOT LIKE ANY ('x', 'y'))"},
		{"case a when 1 then 2 end", "CASE a WHEN 1 THEN 2 END"},
		{"case when a then 1 when b then 2 else 3 end", "CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END"},
		{"cast(a as decimal(10, 2))", "CAST(a AS DECIMAL(10,2))"},
		{"try_cast('1' as map<string, array<int>>)", "TRY_CAST('1' AS MAP<STRING, ARRAY<INT>>)"},
		{"a::varchar(5)::int", "CAST(CAST(a AS VARCHAR(5)) AS INT)"},
		{"-1::int", "CAST(-1 AS INT)"},
		{"-a::int", "(- CAST(a AS INT))"},
		{"a[0].b['k']", "a[0].b['k']"},
		{"$2 + ? * :x", "($2 + (? * :x))"},
		{"a.b.c", "a.b.c"},
		{"f(x).y", "f(x).y"},
		{"(a).b", "(a).b"},
		{"`a b`.`c``d`", "`a b`.`c``d`"},
		{"count(*)", "count(*)"},
		{"count(distinct a, b) filter (where c > 1)", "count(DISTINCT a, b) FILTER (WHERE (c > 1))"},
		{"percentile_cont(0.5) within group (order by x desc)", "percentile_cont(0.5BD) WITHIN GROUP (ORDER BY x DESC)"},
		{"first(x) ignore nulls over w", "`first`(x) IGNORE NULLS OVER w"},
		{"sum(x) over (partition by a order by b rows 2 preceding)", "sum(x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"},
		{"rank() over (order by a desc nulls last, b)", "rank() OVER (ORDER BY a DESC NULLS LAST, b)"},
		{
			"sum(x) over (order by d range between interval 6 days preceding and unbounded following)",
			"sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL '6' DAY PRECEDING AND UNBOUNDED FOLLOWING)",
		},
		{"transform(xs, x -> x + 1)", "transform(xs, (x) -> (x + 1))"},
		{"aggregate(xs, 0, (acc, x) -> acc + x)", "aggregate(xs, 0, (acc, x) -> (acc + x))"},
		{"f(a => 1, b => c)", "f(a => 1, b => c)"},
		{"extract(year from d)", "EXTRACT(year FROM d)"},
		{"extract('year', d)", "`extract`('year', d)"},
		{"trim(both 'x' from y)", "TRIM(BOTH 'x' FROM y)"},
		{"trim(leading from y)", "TRIM(LEADING FROM y)"},
		{"trim('x' from y)", "TRIM(BOTH 'x' FROM y)"},
		{"trim(y)", "`trim`(y)"},
		{"substring(a from 2 for 3)", "`substring`(a, 2, 3)"},
		{"position('a' in b)", "locate('a', b)"},
		{"overlay(a placing b from 1)", "`overlay`(a, b, 1)"},
		{"timestampadd(month, 1, ts)", "timestampadd(month, 1, ts)"},
		{"dateadd(d, 1)", "dateadd(d, 1)"},
		{"struct(1 as a, b)", "named_struct('a', 1, 'b', b)"},
		{"date '2020-01-01'", "DATE '2020-01-01'"},
		{"timestamp_ntz'2020-01-01'", "TIMESTAMP_NTZ '2020-01-01'"},
		{"x'1f' || X'A'", "(X'1F' || X'0A')"},
		{"interval 3 days 2 hours", "INTERVAL '3' DAY '2' HOUR"},
		{"interval '1-2' year to month", "INTERVAL '1-2' YEAR TO MONTH"},
		{"interval -'3' day", "INTERVAL '-3' DAY"},
		{"interval '3 days'", "INTERVAL '3 days'"},
		{"interval + 1", "(`interval` + 1)"},
		{"1Y + 2S + 3L + 1.5F + 1.5D + 1.5BD + 1e3 + .5", "(((((((1Y + 2S) + 3L) + 1.5F) + 1.5D) + 1.5BD) + 1e3D) + .5BD)"},
		{"-128Y", "-128Y"},
		{"'a' \"b\" 'c'", "'abc'"},
		{`'it''s' || "say ""x"""`, `('it\'s' || 'say "x"')`},
		{`'\u0041\x\n\101\%'`, `'Ax\nA\\%'`},
		{`'\uD83D\uDE00'`, `'😀'`},
		{`r'\n'`, `'\\n'`},
		{"a + ? * :p", "(a + (? * :p))"},
		{"exists (select 1)", "EXISTS (SELECT 1)"},
		{"exists(xs, x -> x > 1)", "`exists`(xs, (x) -> (x > 1))"},
		{"(select max(a) from t)", "(SELECT max(a) FROM t)"},
		{"((select 1) union all (select 2))", "(SELECT 1 UNION ALL SELECT 2)"},
		{"((select 1) + 1)", "((SELECT 1) + 1)"},
		{"identifier('a.b')", "a.b"},
		{"identifier(:p).c", "IDENTIFIER(:p).c"},
		{"année", "`année`"},
		{"left(a, 1)", "`left`(a, 1)"},
		{"a.*", "a.*"},
		{"/* c /* nested */ */ 1 -- end", "1"},
	} {
		e, err := parse.Expr(c.in)
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%s: parsed as %s, want an error", c.in, ast.SQL(e))
		case c.want != "" && err != nil:
			t.Errorf("%s: %v", c.in, err)
		case c.want != "":
			if got := ast.SQL(e); got != c.want {
				t.Errorf("%s:\n got %s\nwant %s", c.in, got, c.want)
			}
		}
	}
}

func TestQuery(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"select a, b as c, d e, from t", "SELECT a, b AS c, d AS e FROM t"},
		{"select distinct * from t where a group by b having c", "SELECT DISTINCT * FROM t WHERE a GROUP BY b HAVING c"},
		{"from t", "SELECT * FROM t"},
		{"from t select a where b", "SELECT a FROM t WHERE b"},
		{"select * except (a, b) replace (1 as c), t.* from t", "SELECT * EXCEPT (a, b) REPLACE (1 AS c), t.* FROM t"},
		{"select * exclude a from t", "SELECT * EXCEPT (a) FROM t"},
		{"select /*+ broadcast(a), merge(b, c) */ 1", "SELECT /*+ broadcast(a), `merge`(b, c) */ 1"},
		{"select 1 from a, b c, (select 2) d", "SELECT 1 FROM a, b AS c, (SELECT 2) AS d"},
		{
			"select 1 from a join b on x left join c using (y) natural full outer join d",
			"SELECT 1 FROM a INNER JOIN b ON x LEFT OUTER JOIN c USING (y) NATURAL FULL OUTER JOIN d",
		},
		{"select 1 from a left semi join b on x anti join c cross join d", "SELECT 1 FROM a LEFT SEMI JOIN b ON x LEFT ANTI JOIN c CROSS JOIN d"},
		{"select 1 from a join (b join c on x) on y", "SELECT 1 FROM a INNER JOIN (b INNER JOIN c ON x) ON y"},
		{"select 1 from a, lateral (select a.x) l", "SELECT 1 FROM a, LATERAL (SELECT a.x) AS l"},
		{"select 1 from a lateral view outer explode(x) e as y lateral view g(z) h", "SELECT 1 FROM a LATERAL VIEW OUTER explode(x) e AS y LATERAL VIEW g(z) h"},
		{"select 1 from range(10) r(i), parquet.`a/*.parquet`, 'b.csv' c", "SELECT 1 FROM `range`(10) AS r(i), parquet.`a/*.parquet`, 'b.csv' AS c"},
		{"select 1 from t tablesample (10 percent) repeatable (3) x", "SELECT 1 FROM t AS x TABLESAMPLE (10 PERCENT) REPEATABLE (3)"},
		{"select * from values (1, 'a'), (2, 'b') as t(x, y)", "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y)"},
		{"values 1, 2", "VALUES (1), (2)"},
		{"values (1) + 1, (2)", "VALUES ((1 + 1)), (2)"},
		{"table t", "TABLE t"},
		{"select a from t group by all order by all desc limit all", "SELECT a FROM t GROUP BY ALL ORDER BY ALL DESC LIMIT ALL"},
		{
			"select a from t group by rollup(a, (b, c)), cube(d), grouping sets ((a), (), rollup(b))",
			"SELECT a FROM t GROUP BY ROLLUP (a, (b, c)), CUBE (d), GROUPING SETS (a, (), ROLLUP (b))",
		},
		{"select a from t group by a, b with cube", "SELECT a FROM t GROUP BY CUBE (a, b)"},
		{"select a from t qualify row_number() over w = 1 window w as (order by a)", "SELECT a FROM t QUALIFY (row_number() OVER w = 1) WINDOW w AS (ORDER BY a)"},
		{"select a from t order by 1, b desc nulls first limit 5 offset 2", "SELECT a FROM t ORDER BY 1, b DESC NULLS FIRST LIMIT 5 OFFSET 2"},
		{"select a from t distribute by b sort by c", "SELECT a FROM t DISTRIBUTE BY b SORT BY c"},
		{"select 1 union select 2 intersect all select 3 minus select 4", "(SELECT 1 UNION (SELECT 2 INTERSECT ALL SELECT 3)) EXCEPT SELECT 4"},
		{"(select 1 limit 1) union all by name (select 2) order by 1", "(SELECT 1 LIMIT 1) UNION ALL BY NAME SELECT 2 ORDER BY 1"},
		{"with recursive a(n) as (select 1), b as (select 2) select * from a, b", "WITH RECURSIVE a(n) AS (SELECT 1), b AS (SELECT 2) SELECT * FROM a, b"},
		{"select * from t pivot (sum(x) as s for (a, b) in ((1, 2) as c))", "SELECT * FROM t PIVOT (sum(x) AS s FOR (a, b) IN ((1, 2) AS c))"},
		{"select * from t unpivot include nulls (v for n in (a, b as c)) u", "SELECT * FROM t UNPIVOT INCLUDE NULLS (v FOR n IN (a, b AS c)) AS u"},
		{"select * from t version as of 3", "SELECT * FROM t VERSION AS OF 3"},
		{"from t |> where a > 1 |> select b |> limit 3", "SELECT * FROM (SELECT b FROM (SELECT * FROM (SELECT * FROM t) WHERE (a > 1))) LIMIT 3"},
		{"from t |> aggregate sum(x) as s group by y as z", "SELECT y AS z, sum(x) AS s FROM (SELECT * FROM t) GROUP BY y"},
		{"from t |> extend a + 1 as b |> set a = 2 |> drop c", "SELECT * EXCEPT (c) FROM (SELECT * REPLACE (2 AS a) FROM (SELECT *, (a + 1) AS b FROM (SELECT * FROM t)))"},
		{"from t |> as u |> join v on u.a = v.a", "SELECT * FROM (SELECT * FROM (SELECT * FROM t) AS u) INNER JOIN v ON (u.a = v.a)"},
		{"select date, year, values, end, first, `select` from t order by date", "SELECT `date`, `year`, `values`, `end`, `first`, `select` FROM t ORDER BY `date`"},
		{"select a limit from t", "SELECT a AS `limit` FROM t"},
		{"select explode(m) as (k, v)", "SELECT explode(m) AS (k, v)"},
	} {
		s, err := parse.Statement(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := ast.SQL(s); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

// TestRoundTrip prints every statement of Spark's suites and parses the text
// again: the trees must be the same but for positions.
func TestRoundTrip(t *testing.T) {
	same := cmp.Options{cmpopts.IgnoreTypes(ast.Span{}), cmpopts.EquateEmpty()}
	seen := map[string]bool{}
	n := 0
	for _, file := range []string{"golden.json", "features.json", "functions.json"} {
		for _, e := range corpus(t, file) {
			s, err := parse.Statement(e.SQL)
			if err != nil || seen[e.SQL] || strings.Contains(e.SQL, "|>") { // an open subquery has no text of its own
				continue
			}
			n++
			seen[e.SQL] = true
			text := ast.SQL(s)
			again, err := parse.Statement(text)
			if err != nil {
				t.Errorf("%s\n prints as %s\n which fails: %v", e.SQL, text, err)
				continue
			}
			clearSpans(s)
			clearSpans(again)
			if reflect.DeepEqual(s, again) { // cmp is slow
				continue
			}
			if d := cmp.Diff(s, again, same); d != "" {
				t.Errorf("%s\n prints as %s\n which differs: %s", e.SQL, text, d)
			}
		}
	}
	t.Logf("%d statements", n)
}

func clearSpans(n ast.Node) {
	ast.Walk(n, func(n ast.Node) { reflect.ValueOf(n).Elem().FieldByName("Span").SetZero() })
}

// TestPositions checks that nodes cover the text they were parsed from.
func TestPositions(t *testing.T) {
	const sql = "select a + b * 2 as x, sum(distinct c) from t u join (select 1) v on u.k = v.k where a in (1, 2) order by x desc"
	s, err := parse.Statement(sql)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	ast.Walk(s, func(n ast.Node) {
		if n.Pos() < 0 || n.End() > len(sql) || n.Pos() > n.End() {
			t.Errorf("%T has the span [%d, %d)", n, n.Pos(), n.End())
			return
		}
		seen[sql[n.Pos():n.End()]] = true
	})
	for _, want := range []string{"a + b * 2", "a + b * 2 as x", "sum(distinct c)", "t u", "(select 1) v", "select 1", "u.k = v.k", "a in (1, 2)", "x desc", sql} {
		if !seen[want] {
			t.Errorf("no node covers %q", want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		sql, cond string
		pos       int
		hint      string
	}{
		{"SELCT 1", "PARSE_SYNTAX_ERROR", 0, "SELECT"},
		{"select a form t", "PARSE_SYNTAX_ERROR", 9, "FROM"},
		{"select a from t whre x = 1", "PARSE_SYNTAX_ERROR", 16, "WHERE"},
		{"select a from t gruop by x", "PARSE_SYNTAX_ERROR", 16, "GROUP"},
		{"select a from t ordr by x", "PARSE_SYNTAX_ERROR", 16, "ORDER"},
		{"alter table t add colum x int", "PARSE_SYNTAX_ERROR", 18, "COLUMN"},
		{"select a from t limit", "PARSE_SYNTAX_ERROR", 21, ""},
		{"select distinct on (a) b from t", "PARSE_SYNTAX_ERROR", 16, ""},
		{"crate table t (a int)", "PARSE_SYNTAX_ERROR", 0, "CREATE"},
		{"select (1 + 2", "PARSE_SYNTAX_ERROR", 13, ""},
		{"select 1 +", "PARSE_SYNTAX_ERROR", 10, ""},
		{"select 'abc", "PARSE_SYNTAX_ERROR", 7, ""},
		{"select `abc", "PARSE_SYNTAX_ERROR", 7, ""},
		{"select 1 /* abc", "UNCLOSED_BRACKETED_COMMENT", 9, ""},
		{"select a b c", "PARSE_SYNTAX_ERROR", 11, ""},
		{"select #", "PARSE_SYNTAX_ERROR", 7, ""},
		{"  ", "PARSE_EMPTY_STATEMENT", 2, ""},
		{"select 1; select 2", "PARSE_SYNTAX_ERROR", 10, ""},
		{"select a in ()", "INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE", 13, ""},
		{"select cast(1 as fancy)", "UNSUPPORTED_DATATYPE", 17, ""},
		{"select cast(1 as decimal(39, 1))", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", 24, ""},
		{"select cast(1 as array)", "INCOMPLETE_TYPE_DEFINITION.ARRAY", 17, ""},
		{"select 300Y", "INVALID_NUMERIC_LITERAL_RANGE", 7, ""},
		{"select x'0g'", "INVALID_TYPED_LITERAL", 7, ""},
		{"select foo 'bar'", "UNSUPPORTED_TYPED_LITERAL", 7, ""},
		{"select $0", "PARSE_SYNTAX_ERROR", 7, ""},
		{"select $ 1", "PARSE_SYNTAX_ERROR", 7, ""},
		{"select $99999", "PARSE_SYNTAX_ERROR", 7, ""},
		{"start", "UNSUPPORTED_FEATURE", 0, ""},
		{"begin select 1; end", "UNSUPPORTED_FEATURE", 0, ""},
		{"commit all", "UNSUPPORTED_FEATURE", 0, ""},
		{"select a like 'x' escape '!!'", "INVALID_ESCAPE_CHAR", 25, ""},
		{"select a order by a sort by b", "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES", 20, ""},
		{"load data inpath 'x' into table t", "UNSUPPORTED_FEATURE", 0, ""},
		{"select 123456789012345678901234567890123456789", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION", 7, ""},
	} {
		_, err := parse.Statement(c.sql)
		e := sqlerr.As(err)
		if e == nil {
			t.Errorf("%s: no error", c.sql)
			continue
		}
		if e.Cond.Name != c.cond || e.Pos != c.pos || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s: got %s at %d hint %q, want %s at %d hint %q", c.sql, e.Cond.Name, e.Pos, e.Hint, c.cond, c.pos, c.hint)
		}
		if e.Source != c.sql {
			t.Errorf("%s: the error does not carry the statement", c.sql)
		}
	}
}

// TestLimits feeds statements that break parsers without limits. Each must
// give a tree or a clean error, soon.
func TestLimits(t *testing.T) {
	rep := strings.Repeat
	for _, c := range []struct {
		name, sql string
		ok        bool
	}{
		{"1000 parentheses", "select " + rep("(", 1000) + "1" + rep(")", 1000), true},
		{"10000 parentheses", "select " + rep("(", 10000) + "1" + rep(")", 10000), false},
		{"open parentheses", "select " + rep("(", 1_000_000), false},
		{"subqueries", rep("select * from (", 50_000), false},
		{"nested functions", "select " + rep("f(", 50_000) + "1" + rep(")", 50_000), false},
		{"nested arrays", "select " + rep("a[", 50_000) + "1" + rep("]", 50_000), false},
		{"minus", "select " + rep("- ", 100_000) + "a", false},
		{"not", "select " + rep("not ", 100_000) + "a", false},
		{"case", "select " + rep("case when a then ", 50_000), false},
		{"types", "select cast(a as " + rep("array<", 50_000) + "int" + rep(">", 50_000) + ")", false},
		{"long and", "select * from t where " + rep("a = 1 and ", 100_000) + "b", true},
		{"long or", "select * from t where " + rep("a = 1 or ", 100_000) + "b", true},
		{"plus 5000", "select " + rep("1 + ", 5000) + "1", true},
		{"plus", "select " + rep("1 + ", 100_000) + "1", false},
		{"many plusses beside each other", "select " + rep("1 + 1, ", 100_000) + "1", true},
		{"subscripts", "select a" + rep("[0]", 100_000), false},
		{"casts", "select a" + rep("::int", 100_000), false},
		{"unions", "select 1" + rep(" union all select 1", 100_000), false},
		{"unions 5000", "select 1" + rep(" union all select 1", 5000), true},
		{"joins", "select 1 from a" + rep(" join a", 100_000), false},
		{"pipes", "from a" + rep(" |> where b", 100_000), false},
		{"nested joins", "select 1 from " + rep("(", 50_000) + "a", false},
		{"10 MB of numbers", "select a in (" + rep("12345678, ", 1_000_000) + "2)", true},
		{"10 MB of rows", "insert into t values " + rep("(1, 'abc', 2.5, null), ", 450_000) + "(1)", true},
		{"10 MB of expressions", "select " + rep("coalesce(t.a + 1, b * 2) as c, ", 330_000) + "1", true},
		{"10 MB string", "select '" + rep("x", 10_000_000) + "'", true},
		{"10 MB name", "select " + rep("x", 10_000_000), true},
		{"in list", "select a in (" + rep("1, ", 100_000) + "2)", true},
		{"explain", rep("explain ", 50_000) + "select 1", false},
		{"grouping sets", "select 1 from t group by " + rep("grouping sets (", 50_000), false},
		{"comments", rep("/*", 50_000), false},
		{"set", "set " + rep("x", 1_000_000) + "=1", true},
		{"hints", "select /*+ " + rep("a(", 50_000) + " */ 1", false},
		{"nested hints", rep("select /*+ a */ (", 50_000), false},
		{"lambdas", "select f(" + rep("x -> ", 50_000) + "1)", false},
		{"dateadd beside a long text", rep("select dateadd(a, ", 1) + rep("dateadd(a, ", 1900) + "'" + rep("x", 1_000_000) + "'" + rep(")", 1901), true},
		{"rows in rows", rep("values (f((", 600) + "1" + rep(")) + 1)", 600), true},
		{"explain analyze", rep("explain analyze ", 1500) + "select 1" + rep(" + a", 5000), true},
		{"dateadd", "select " + rep("dateadd(a, ", 1_000) + "1" + rep(")", 1_000), true},
		{"exists", "select " + rep("exists(", 20_000), false},
	} {
		if testing.Short() && len(c.sql) > 1_000_000 {
			continue
		}
		start := time.Now()
		s, err := parse.Statement(c.sql)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", c.name, took)
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: error %.300v, want ok %v", c.name, err, c.ok)
		}
		if err == nil && len(c.sql) < 2_000_000 {
			ast.Walk(s, func(ast.Node) {})
			ast.SQL(s)
		}
	}
}

func TestScript(t *testing.T) {
	const script = "select 1;\n\n -- a ; comment\nselect ';' /* ; */ ;;\ninsert into `a;b`\nvalues (1) ; select 2"
	var got []string
	var lines []int
	pieces := parse.Script(script)
	for _, p := range pieces {
		got = append(got, script[p.From:p.To])
		lines = append(lines, p.Line)
	}
	want := []string{"select 1", "select ';'", "insert into `a;b`\nvalues (1)", "select 2"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{1, 4, 5, 6}, lines); d != "" {
		t.Error(d)
	}
	if !pieces[2].Ended || pieces[3].Ended {
		t.Error("the last piece is open, those before it are ended")
	}
	for _, open := range []string{"select 'a;", "select /* ;", "select `a;", "select 1"} {
		if ps := parse.Script(open); len(ps) != 1 || ps[0].Ended {
			t.Errorf("%q is not complete, got %+v", open, ps)
		}
	}
	if ps := parse.Script(" ; -- nothing\n ;"); len(ps) != 0 {
		t.Errorf("a script without statements gives %+v", ps)
	}
}

func TestTokens(t *testing.T) {
	const sql = "SELECT a, `b`, 'c' -- d\n+ 1.5 /* e */ @ :p \x01"
	type tok struct {
		Kind parse.TokenKind
		Text string
	}
	var got []tok
	for _, k := range parse.Tokens(sql) {
		got = append(got, tok{k.Kind, sql[k.From:k.To]})
	}
	want := []tok{
		{parse.TokenKeyword, "SELECT"},
		{parse.TokenName, "a"},
		{parse.TokenOperator, ","},
		{parse.TokenQuotedName, "`b`"},
		{parse.TokenOperator, ","},
		{parse.TokenString, "'c'"},
		{parse.TokenComment, "-- d\n"},
		{parse.TokenOperator, "+"},
		{parse.TokenNumber, "1.5"},
		{parse.TokenComment, "/* e */"},
		{parse.TokenOperator, "@"},
		{parse.TokenOperator, ":"},
		{parse.TokenName, "p"},
		{parse.TokenBad, "\x01"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTypes(t *testing.T) {
	for in, want := range map[string]string{
		"int": "int", "DECIMAL": "decimal(10,0)", "decimal(5)": "decimal(5,0)", "numeric(38,10)": "decimal(38,10)",
		"array<struct<a:int,b:map<string,array<double>>>>":  "array<struct<a:int,b:map<string,array<double>>>>",
		"struct<a int not null comment 'x', `b c`: string>": "struct<a:int,b c:string>", "interval day to second": "interval day to second",
		"interval month": "interval month", "timestamp_ntz": "timestamp_ntz", "varchar(3)": "string", "struct<>": "struct<>",
		"double precision": "double", "long": "bigint", "void": "void",
	} {
		got, err := parse.Type(in)
		if err != nil || got.String() != want {
			t.Errorf("%s is %s (%v), want %s", in, got, err, want)
		}
	}
}

func TestColumnsAndNames(t *testing.T) {
	cols, err := parse.Columns("a int, `b c` string not null comment 'x', d: decimal(5,1) default 1.5")
	if err != nil || len(cols) != 3 || cols[1].Name.Last() != "b c" || !cols[1].NotNull || cols[1].Comment != "x" || ast.SQL(cols[2].Default) != "1.5BD" {
		t.Errorf("the columns are %+v (%v)", cols, err)
	}
	if _, err := parse.Columns("a int b"); !sqlerr.Is(err, sqlerr.ParseSyntaxError) {
		t.Errorf("a broken schema gives %v", err)
	}
	n, err := parse.Name("a.`b.c`.1m")
	if d := cmp.Diff([]string{"a", "b.c", "1m"}, n.Parts); err != nil || d != "" {
		t.Errorf("the name is %v (%v)", n.Parts, err)
	}
}

func TestQuotedNames(t *testing.T) {
	s, err := parse.With(`SELECT "a ""b""" AS "c" FROM "t"."u" WHERE x = 'y'`, parse.Options{QuotedNames: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ast.SQL(s), "SELECT `a \"b\"` AS c FROM t.u WHERE (x = 'y')"; got != want {
		t.Errorf("reads %s, want %s", got, want)
	}
	if _, err := parse.With(`SELECT INTERVAL "1" YEAR`, parse.Options{QuotedNames: true}); err == nil {
		t.Error("takes a name for a string")
	}
}

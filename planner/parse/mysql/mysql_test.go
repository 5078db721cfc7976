package mysql_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/parse"
	"github.com/volley-sql/volley/planner/parse/mysql"
)

func TestQueries(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"select a, `b c`, \"str\" from t", "SELECT a, `b c`, 'str' AS `'str'` FROM t"},
		{
			"select a / b as x, a div 2 as y, a % 0 as z, mod(a, b) as m from t",
			"SELECT (a / nullif(b, 0)) AS x, (a div 2) AS y, (a % nullif(0, 0)) AS z, (a % nullif(b, 0)) AS m FROM t",
		},
		{"select a || b as x", "SELECT (a OR b) AS x"},
		{"select a + 1 from t;", "SELECT (a + 1) AS `a + 1` FROM t"},
		{
			"select distinct t.* from d.t where not a <=> b and c in (1, 2) or d not in (select 1)",
			"SELECT DISTINCT t.* FROM d.t WHERE (((NOT (a <=> b)) AND (c IN (1, 2))) OR (NOT (d IN (SELECT 1 AS `1`))))",
		},
		{"select 1 as x from a join b on a.i = b.i left join c using (k), (select 2 as y) d", "SELECT 1 AS x FROM a INNER JOIN b ON (a.i = b.i) LEFT OUTER JOIN c USING (k), (SELECT 2 AS y) AS d"},
		{"select a from t group by a having count(*) > 1 order by a desc limit 2, 3", "SELECT a FROM t GROUP BY a HAVING (count(*) > 1) ORDER BY a DESC LIMIT 3 OFFSET 2"},
		{"(select a from t limit 1) union all select b from u order by 1", "(SELECT a FROM t LIMIT 1) UNION ALL SELECT b FROM u ORDER BY 1"},
		{
			"select cast(a as signed) as x, convert(b, char) as y, cast(c as decimal(5,2)) as z from t",
			"SELECT CAST(a AS BIGINT) AS x, CAST(b AS STRING) AS y, CAST(c AS DECIMAL(5,2)) AS z FROM t",
		},
		{"select d + interval 3 day as x, date_sub(d, interval n hour) as y from t", "SELECT (d + INTERVAL '3' DAY) AS x, (d - make_dt_interval(0, n)) AS y FROM t"},
		{"select date_format(d, '%Y-%m-%d at %H') as x", "SELECT date_format(d, 'yyyy-MM-dd \\'a\\'\\'t\\' HH') AS x"},
		{"select group_concat(distinct a order by a desc separator '; ') as x from t", "SELECT listagg(DISTINCT CAST(a AS STRING), '; ') WITHIN GROUP (ORDER BY a DESC) AS x FROM t"},
		{
			"select case a when 1 then 'x' else 'y' end as c, ifnull(a, b) as d, -5 as e, 1.5 as f, 1e3 as g, x'1f' as h",
			"SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END AS c, ifnull(a, b) AS d, -5 AS e, 1.5BD AS f, 1e3D AS g, X'1F' AS h",
		},
		{"select a is not true as x, a regexp 'b' as y, a not like 'c' as z, a between 1 and 2 as w", "SELECT (NOT (a <=> true)) AS x, (a RLIKE 'b') AS y, (NOT (a LIKE 'c')) AS z, (a BETWEEN 1 AND 2) AS w"},
		{"select exists (select 1 from t where a = ?) as x, :p as y", "SELECT EXISTS (SELECT 1 AS `1` FROM t WHERE (a = ?)) AS x, :p AS y"},
	} {
		s, err := mysql.Statement(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := ast.SQL(s); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestStatements(t *testing.T) {
	s, err := mysql.Statement("create table t (a int unsigned not null, b varchar(5) default 'x', c double, d decimal(4, 1), primary key (a))")
	if err != nil {
		t.Fatal(err)
	}
	c := s.(*ast.CreateTable)
	if len(c.Columns) != 4 || c.Columns[0].Type.Type.String() != "bigint" || !c.Columns[0].NotNull || c.Columns[1].Type.Len != 5 || c.Columns[3].Type.Type.String() != "decimal(4,1)" {
		t.Errorf("columns are %+v", c.Columns)
	}
	s, err = mysql.Statement("insert into t (a, b) values (1, 'x'), (2, null)")
	if err != nil {
		t.Fatal(err)
	}
	if i := s.(*ast.Insert); i.Table.Last() != "t" || len(i.Columns) != 2 || ast.SQL(i.Query) != "VALUES (1, 'x'), (2, NULL)" {
		t.Errorf("insert is %s into %v", ast.SQL(i.Query), i.Columns)
	}
	s, err = mysql.Statement("create view v as select a / b as c from t")
	if err != nil {
		t.Fatal(err)
	}
	if v := s.(*ast.CreateView); ast.SQL(v.Query) != "SELECT (a / nullif(b, 0)) AS c FROM t" {
		t.Errorf("the view is %s", ast.SQL(v.Query))
	}
	s, err = mysql.Statement("explain select 1 / 0 as x")
	if err != nil {
		t.Fatal(err)
	}
	if e := s.(*ast.Explain); ast.SQL(e.Statement) != "SELECT (1 / nullif(0, 0)) AS x" {
		t.Errorf("explain is about %s", ast.SQL(e.Statement))
	}
	s, err = mysql.Statement("set sql.dialect = 'spark'")
	if err != nil || *s.(*ast.SetConf).Value != "spark" {
		t.Errorf("the way out of the dialect is barred: %v %v", s, err)
	}
	for _, sql := range []string{"drop table t", "show tables", "describe t", "use d", "update t set a = 1 where b = 2", "delete from t where a = 1", "truncate table t"} {
		if _, err := mysql.Statement(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		sql, cond string
		pos       int
	}{
		{"select a frm t where x = 1", "PARSE_SYNTAX_ERROR", 13},
		{"select a, sum(b) over (order by c) from t", "PARSE_SYNTAX_ERROR", 22},
		{"with a as (select 1) select * from a", "", 0}, // the engine's own parser takes it
		{"select date '2020-01-01'", "UNSUPPORTED_FEATURE", 12},
		{"insert ignore into t values (1)", "UNSUPPORTED_FEATURE", 0},
		{"replace into t values (1)", "UNSUPPORTED_FEATURE", 0},
		{"select match (a) against ('x') from t", "UNSUPPORTED_FEATURE", 0},
		{"", "PARSE_EMPTY_STATEMENT", 0},
		{"select " + strings.Repeat("(", 10000) + "1" + strings.Repeat(")", 10000), "STATEMENT_TOO_COMPLEX", 207},
		{"select 1" + strings.Repeat(" + 1", 10000), "STATEMENT_TOO_COMPLEX", 0},
		{"select a from t where a" + strings.Repeat(" and a", 100000), "", 0},
	} {
		_, err := mysql.Statement(c.sql)
		e := sqlerr.As(err)
		switch {
		case err == nil && c.cond == "":
		case e == nil || e.Cond.Name != c.cond || e.Pos != c.pos || e.Source != c.sql:
			t.Errorf("%.80s: got %.300v (position %v), want %s at %d", c.sql, err, e, c.cond, c.pos)
		}
	}
}

// TestSqliteCorpus parses SQLite's select1 to select5 with both parsers: as
// they are (as MySQL runs them), and rewritten for the engine's own dialect.
func TestSqliteCorpus(t *testing.T) {
	dir := os.Getenv("VOLLEY_CORPORA")
	if dir == "" {
		t.Skip("SKIPPED: VOLLEY_CORPORA is not set, so no statement of SQLite's tests was parsed")
	}
	rewrites := readRewrites(t, filepath.Join(dir, "..", "tools", "rewrite_spark.json"))
	for _, name := range []string{"select1.test", "select2.test", "select3.test", "select4.test", "select5.test"} {
		statements := sqliteStatements(t, filepath.Join(dir, "slt", "sqlite", name))
		if len(statements) < 100 {
			t.Errorf("%s holds only %d statements", name, len(statements))
		}
		for _, sql := range statements {
			_, err := mysql.Statement(sql)
			switch {
			case strings.Contains(sql, "INTERSECT"), strings.Contains(sql, "EXCEPT"), strings.HasPrefix(sql, "CREATE INDEX"):
				if e := sqlerr.As(err); e == nil || e.Pos < 0 { // MySQL runs them, sqlparser does not know them
					t.Errorf("%s: mysql: %v, want a clean error\n%s", name, err, sql)
				}
			case err != nil:
				t.Errorf("%s: mysql: %v\n%s", name, err, sql)
			}
			own := sql
			for _, r := range rewrites {
				own = r.pattern.ReplaceAllString(own, r.with)
			}
			if strings.TrimSpace(own) == "" {
				continue
			}
			if _, err := parse.Statement(own); err != nil {
				t.Errorf("%s: %v\n%s", name, err, own)
			}
		}
	}
}

type rewrite struct {
	pattern *regexp.Regexp
	with    string
}

func readRewrites(t *testing.T, file string) []rewrite {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	var pairs [][2]string
	if err := json.Unmarshal(data, &pairs); err != nil {
		t.Fatal(err)
	}
	var out []rewrite
	for _, p := range pairs {
		if strings.Contains(p[0], "(?!") || strings.Contains(p[0], "(?=") { // look-ahead: only the DDL of other files needs it
			continue
		}
		out = append(out, rewrite{regexp.MustCompile("(?i)" + p[0]), p[1]})
	}
	return out
}

// sqliteStatements reads the statements that MySQL runs from a sqllogictest file.
func sqliteStatements(t *testing.T, file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for record := range strings.SplitSeq(string(data), "\n\n") {
		skip, in := false, false
		var sql []string
		for line := range strings.SplitSeq(record, "\n") {
			switch {
			case strings.HasPrefix(line, "skipif mysql"), strings.HasPrefix(line, "onlyif ") && !strings.HasPrefix(line, "onlyif mysql"):
				skip = true
			case strings.HasPrefix(line, "----"):
				in = false
			case strings.HasPrefix(line, "statement ok"), strings.HasPrefix(line, "query "):
				in = true
			case in && !strings.HasPrefix(line, "#"):
				sql = append(sql, line)
			}
		}
		if !skip && len(sql) > 0 {
			out = append(out, strings.Join(sql, "\n"))
		}
	}
	return out
}

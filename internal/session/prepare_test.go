package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// tables makes the tables that statements of these tests are about.
func tables(t testing.TB, s *session.Session) {
	t.Helper()
	for _, sql := range []string{
		"CREATE TABLE t (i INT NOT NULL, l BIGINT, d DECIMAL(10,2), f DOUBLE, s STRING, b BOOLEAN, dt DATE, ts TIMESTAMP, a ARRAY<INT>)",
		"INSERT INTO t VALUES (1, 10, 1.50, 0.5, 'one', true, DATE'2024-01-01', TIMESTAMP'2024-01-01 00:00:00', array(1, 2)), (2, 20, 2.50, NULL, 'two', false, NULL, NULL, NULL)",
		"CREATE TABLE p (v STRING, day DATE) PARTITIONED BY (day)",
		"CREATE VIEW v AS SELECT i, s FROM t",
	} {
		if _, err := run(t, s, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func schemaText(s types.Schema) string {
	var parts []string
	for _, f := range s {
		p := f.Name + " " + f.Type.String()
		if !f.Nullable {
			p += "!"
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ", ")
}

func paramText(p *session.Prepared) string {
	var parts []string
	for _, x := range p.Params() {
		if x.Name != "" {
			parts = append(parts, x.Name+" "+x.Type.String())
		} else {
			parts = append(parts, x.Type.String())
		}
	}
	return strings.Join(parts, ", ")
}

// TestParameters: what a marker's place says of its type, and what the rows are.
func TestParameters(t *testing.T) {
	s := open(t)
	tables(t, s)
	for _, c := range []struct{ sql, params, rows string }{
		{"SELECT 1", "", "1 int!"},
		{"SELECT i, d FROM t", "", "i int!, d decimal(10,2)"},
		// Nothing tells.
		{"SELECT ?", "string", "? string"},
		{"SELECT ?, $2, :x AS y", "string, string, x string", "? string, $2 string, y string"},
		{"SELECT ? IS NULL AS n", "string", "n boolean!"},
		{"SELECT i FROM t ORDER BY ?", "string", "i int!"},
		{"SELECT ? AS a, count(*) AS n FROM t GROUP BY 1", "string", "a string, n bigint!"},
		// Comparisons.
		{"SELECT i FROM t WHERE i = ?", "int", "i int!"},
		{"SELECT i FROM t WHERE ? < l", "bigint", "i int!"},
		{"SELECT i FROM t WHERE d >= ? AND s <=> ?", "decimal(10,2), string", "i int!"},
		{"SELECT i FROM t WHERE dt = ? OR ts > ?", "date, timestamp", "i int!"},
		{"SELECT i FROM t WHERE i BETWEEN ? AND ?", "int, int", "i int!"},
		{"SELECT i FROM t WHERE ? BETWEEN l AND 5", "bigint", "i int!"},
		{"SELECT i FROM t WHERE s IN (?, 'x', ?)", "string, string", "i int!"},
		{"SELECT i FROM t WHERE ? IN (1, 2L)", "bigint", "i int!"},
		{"SELECT i FROM t WHERE s LIKE ?", "string", "i int!"},
		{"SELECT i FROM t WHERE s NOT ILIKE ANY (?, 'a%')", "string", "i int!"},
		{"SELECT i FROM t WHERE (i, s) = (?, ?)", "int, string", "i int!"},
		{"SELECT i FROM t WHERE (i, s) IN ((?, ?))", "int, string", "i int!"},
		{"SELECT i FROM t WHERE ? IN (SELECT dt FROM t)", "date", "i int!"},
		{"SELECT i FROM t WHERE l = (SELECT max(i) FROM t WHERE b = ?)", "boolean", "i int!"},
		{"SELECT i FROM t WHERE i = $1 OR l = $1", "bigint", "i int!"},
		{"SELECT i FROM t WHERE i > $2 AND s = $1", "string, int", "i int!"},
		{"SELECT i FROM t WHERE i > :low AND i < :high AND l > :low", "low bigint, high int", "i int!"},
		{"SELECT i FROM t WHERE ?", "boolean", "i int!"},
		{"SELECT i FROM t WHERE NOT ? OR b = ?", "boolean, boolean", "i int!"},
		{"SELECT v.i FROM v JOIN t ON t.i = v.i AND t.dt = ?", "date", "i int!"},
		{"SELECT s, count(*) AS n FROM t GROUP BY s HAVING count(*) > ?", "bigint", "s string, n bigint!"},
		// Arithmetic, functions, CASE.
		{"SELECT i + ? AS x FROM t", "int", "x int"},
		{"SELECT ? * f AS x FROM t", "double", "x double"},
		{"SELECT ? + ? AS x", "double, double", "x double"},
		{"SELECT -? AS x", "double", "x double"},
		{"SELECT upper(?) AS x", "string", "x string"},
		{"SELECT concat(s, ?) AS x FROM t", "string", "x string"},
		{"SELECT s || ? AS x FROM t", "string", "x string"},
		{"SELECT substring(s, ?, ?) AS x FROM t", "int, int", "x string"},
		{"SELECT coalesce(?, i) AS x FROM t", "int", "x int!"},
		{"SELECT coalesce(?, ?) + 1 AS x", "int, int", "x int"},
		{"SELECT if(b, ?, d) AS x FROM t", "decimal(10,2)", "x decimal(10,2)"},
		{"SELECT CASE WHEN i = ? THEN ? ELSE l END AS x FROM t", "int, bigint", "x bigint"},
		{"SELECT CASE ? WHEN 1 THEN 'a' END AS x", "int", "x string"},
		{"SELECT CASE WHEN ? THEN 1 END AS x", "boolean", "x int"},
		{"SELECT date_add(?, ?) AS x", "date, int", "x date"},
		{"SELECT round(d, ?) AS x FROM t", "int", "x decimal(11,2)"},
		{"SELECT percentile(f, ?) AS x FROM t", "double", "x double"},
		{"SELECT lag(i, ?) OVER (ORDER BY i) AS x FROM t", "int", "x int"},
		{"SELECT sum(i) OVER (ORDER BY i ROWS ? PRECEDING) AS x FROM t", "int", "x bigint"},
		{"SELECT array(?, 1) AS x", "int", "x array<int>!"},
		{"SELECT a[?] AS x FROM t", "int", "x int"},
		// Casts.
		{"SELECT CAST(? AS DATE) AS x, ?::decimal(5,1) AS y, TRY_CAST(? AS INT) AS z", "date, decimal(5,1), int", "x date, y decimal(5,1), z int"},
		{"SELECT date(?) AS x", "date", "x date"},
		// Numbers of rows.
		{"SELECT i FROM t LIMIT ?", "bigint", "i int!"},
		{"SELECT i FROM t ORDER BY i LIMIT ? OFFSET ?", "bigint, bigint", "i int!"},
		{"SELECT id FROM range(?)", "bigint", "id bigint!"},
		// Through subqueries and set operations.
		{"SELECT x + i AS y FROM t, (SELECT ? AS x)", "int", "y int"},
		{"WITH c AS (SELECT ? AS x) SELECT x FROM c JOIN t ON x = dt", "date", "x date"},
		{"SELECT i FROM t UNION ALL SELECT ?", "int", "i int"},
		{"SELECT ? AS a UNION SELECT dt FROM t", "date", "a date"},
		{"SELECT * FROM VALUES (?, ?), (1, 'a') AS v(a, b)", "int, string", "a int, b string"},
		{"SELECT max(x) + 1L AS y FROM (SELECT ? AS x)", "bigint", "y bigint"},
		{"SELECT (SELECT ?) + i AS y FROM t", "int", "y int"},
		// What is written.
		{"INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "int, bigint, decimal(10,2), double, string, boolean, date, timestamp, array<int>", "-"},
		{"INSERT INTO t (i, dt) VALUES (?, ?), (1, ?)", "int, date, date", "-"},
		{"INSERT INTO t (i, s) SELECT i + ?, ? FROM v WHERE s = ?", "int, string, string", "-"},
		{"INSERT INTO p PARTITION (day = ?) VALUES (?)", "date, string", "-"},
		{"INSERT OVERWRITE p SELECT ?, ?", "string, date", "-"},
		{"CREATE TABLE n AS SELECT i FROM t WHERE i > ?", "int", "-"},
		{"INSERT OVERWRITE DIRECTORY '/tmp/x' USING parquet SELECT i FROM t WHERE l = ?", "bigint", "-"},
		// Commands.
		{"DROP TABLE IF EXISTS nowhere", "", "-"},
		{"SET x.y = 1", "", "-"},
		{"SET VARIABLE x = ?", "string", "-"},
		{"USE default", "", "-"},
		{"CREATE VIEW w AS SELECT 1 AS a", "", "-"},
		{"SET x.y", "", "key string, value string"},
		{"EXPLAIN SELECT ? + i FROM t", "int", "plan string!"},
		{"SHOW TABLES", "", "namespace string!, tableName string!, isTemporary boolean!"},
		{"DESCRIBE t", "", "col_name string!, data_type string!, comment string"},
	} {
		p, err := s.Prepare(t.Context(), c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if got := paramText(p); got != c.params {
			t.Errorf("%s: parameters are %s, not %s", c.sql, got, c.params)
		}
		rows, ok := p.Schema()
		got := schemaText(rows)
		if !ok {
			got = "-"
		}
		if got != c.rows {
			t.Errorf("%s: rows are %s, not %s", c.sql, got, c.rows)
		}
		if p.Changes() != (c.rows == "-") {
			t.Errorf("%s: changes %v", c.sql, p.Changes())
		}
	}
}

// TestPrepareErrors: errors come when a statement is prepared, with their place.
func TestPrepareErrors(t *testing.T) {
	s := open(t)
	tables(t, s)
	for _, c := range []struct {
		sql  string
		cond *sqlerr.Condition
		pos  int
	}{
		{"SELECT nope FROM t", sqlerr.UnresolvedColumn, 7},
		{"SELECT * FROM nowhere WHERE a = ?", sqlerr.TableOrViewNotFound, 14},
		{"SELEC 1", sqlerr.ParseSyntaxError, 0},
		{"SELECT i FROM t WHERE a > map(1, ?)", sqlerr.BinaryOpDiffTypes, 22},
		{"INSERT INTO t (i) VALUES (?, ?)", sqlerr.InsertArityMany, 12},
		{"UPDATE t SET i = ?", sqlerr.UnsupportedTableOperation, 0},
	} {
		_, err := s.Prepare(t.Context(), c.sql)
		e := sqlerr.As(err)
		if e == nil || e.Cond != c.cond || e.Pos != c.pos || e.Source != c.sql {
			t.Errorf("%s: %#v", c.sql, err)
		}
	}
}

// TestNamesFromParameters gives the names of tables, columns and functions as values.
func TestNamesFromParameters(t *testing.T) {
	s := open(t)
	tables(t, s)
	for _, c := range []struct {
		sql    string
		values []any
		shape  string // of the rows, then of the parameters
		rows   string
	}{
		{"SELECT * FROM IDENTIFIER(?) WHERE i = ?", []any{"v", 2}, "i int!, s string | string, bigint", "2|two"},
		{"SELECT IDENTIFIER(:c) FROM IDENTIFIER('default.' || :t) ORDER BY IDENTIFIER(:c) DESC", []any{"s", "t"}, "s string | c string, t string", "two\none"},
		{"SELECT IDENTIFIER(?)(s) AS x FROM t WHERE IDENTIFIER(?) < ?", []any{"upper", "t.i", 2}, "x string | string, string, bigint", "ONE"},
		{"WITH c AS (SELECT i FROM IDENTIFIER(:t)) SELECT count(*) AS n, :t AS t FROM c", []any{"t"}, "n bigint!, t string | t string", "2|t"},
	} {
		p, err := s.Prepare(t.Context(), c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if cols, rows := p.Schema(); !rows || len(cols) > 0 || p.Changes() || len(p.Unnamed()) == 0 {
			t.Errorf("%s: before it has names: %v, %v", c.sql, cols, rows)
		}
		var values []*expr.Literal
		for _, v := range c.values {
			values = append(values, lit(v))
		}
		q, err := p.Named(t.Context(), values)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		cols, _ := q.Schema()
		if got := schemaText(cols) + " | " + paramText(q); got != c.shape {
			t.Errorf("%s: %s", c.sql, got)
		}
		for _, x := range []*session.Prepared{p, q} {
			got, err := prepared(t, x, values...)
			if err != nil || got != c.rows {
				t.Errorf("%s: %s, %v", c.sql, got, err)
			}
		}
	}
	p, err := s.Prepare(t.Context(), "INSERT INTO IDENTIFIER(?) (i) VALUES (?)")
	if err != nil || !p.Changes() {
		t.Fatal(p, err)
	}
	if _, err := run(t, s, "CREATE TABLE u (i INT)"); err != nil {
		t.Fatal(err)
	}
	q, err := p.Named(t.Context(), []*expr.Literal{lit("t"), lit(3)})
	if err != nil || paramText(q) != "string, bigint" || !q.TakesBatches() {
		t.Errorf("%s, %v", paramText(q), err)
	}
	for _, table := range []string{"t", "u", "u"} {
		if _, err := prepared(t, q, lit(table), lit(3)); err != nil {
			t.Errorf("%v", err)
		}
	}
	if got, err := run(t, s, "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM u)"); err != nil || got != "3|2" {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range []struct {
		value any
		cond  *sqlerr.Condition
		pos   int
	}{{"nowhere", sqlerr.TableOrViewNotFound, 14}, {nil, sqlerr.NotConstantString, 25}, {1, sqlerr.NotConstantString, 25}, {"a b", sqlerr.InvalidIdentifier, 25}} {
		p, err := s.Prepare(t.Context(), "SELECT * FROM IDENTIFIER(?)")
		if err != nil {
			t.Fatal(err)
		}
		_, err = prepared(t, p, lit(c.value))
		if e := sqlerr.As(err); e == nil || e.Cond != c.cond || e.Pos != c.pos {
			t.Errorf("%v: %#v", c.value, err)
		}
	}
	if p, err = s.Prepare(t.Context(), "SELECT * FROM IDENTIFIER(?)"); err == nil {
		if q, err = p.Named(t.Context(), []*expr.Literal{lit("v")}); err == nil {
			_, err = prepared(t, q, lit("t"))
		}
	}
	if e := sqlerr.As(err); e == nil || e.Cond != sqlerr.StatementOutdated {
		t.Errorf("rows of another table: %v", err)
	}
}

func prepared(t testing.TB, p *session.Prepared, values ...*expr.Literal) (string, error) {
	r, err := p.Run(t.Context(), values)
	if err != nil {
		return "", err
	}
	return rowsOf(r)
}

func lit(v any) *expr.Literal {
	switch v := v.(type) {
	case nil:
		return expr.NullOf(types.NullType)
	case int:
		return &expr.Literal{Value: int64(v), T: types.Int64Type}
	case string:
		return &expr.Literal{Value: v, T: types.StringType}
	case float64:
		return &expr.Literal{Value: v, T: types.Float64Type}
	case *expr.Literal:
		return v
	}
	panic(fmt.Sprintf("%T", v))
}

// execute binds values and runs, as a server does.
func execute(t testing.TB, s *session.Session, sql string, values ...any) (string, error) {
	t.Helper()
	p, err := s.Prepare(t.Context(), sql)
	if err != nil {
		return "", err
	}
	var ts []types.Type
	var ls []*expr.Literal
	for _, v := range values {
		l := lit(v)
		ts, ls = append(ts, l.T), append(ls, l)
	}
	if p, err = p.With(t.Context(), ts); err != nil {
		return "", err
	}
	r, err := p.Run(t.Context(), ls)
	if err != nil {
		return "", err
	}
	text, err := rowsOf(r)
	if rows, _ := p.Schema(); err == nil {
		text = schemaText(rows) + "\n" + text
	}
	return text, err
}

// TestBind: values of the types that clients have.
func TestBind(t *testing.T) {
	s := open(t)
	tables(t, s)
	for _, c := range []struct {
		sql    string
		values []any
		want   string
	}{
		{"SELECT ?, ?", []any{1, "a"}, "? bigint, ? string\n1|a"},
		{"SELECT ? AS a", []any{nil}, "a string\n<nil>"},
		{"SELECT i FROM t WHERE i = ?", []any{2}, "i int!\n2"},
		{"SELECT i FROM t WHERE i > ?", []any{1.5}, "i int!\n2"}, // as a DOUBLE, not cut to an INT
		{"SELECT i FROM t WHERE dt = ?", []any{"2024-01-01"}, "i int!\n1"},
		{"SELECT i FROM t WHERE i = ?", []any{nil}, "i int!\n"},
		{"SELECT i FROM t ORDER BY i LIMIT ?", []any{1}, "i int!\n1"},
		{"SELECT i FROM t ORDER BY i LIMIT ?", []any{"1"}, "i int!\n1"},
		{"SELECT i + ? AS x FROM t ORDER BY 1", []any{1}, "x bigint\n2\n3"},
		{"SELECT round(d, ?) AS x FROM t WHERE i = 1", []any{1}, "x decimal(11,2)\n150"},
		{"SELECT $2, $1", []any{"a", "b"}, "$2 string, $1 string\nb|a"},
		{"SELECT :x + :x AS y", []any{2}, "y bigint\n4"},
		{"SELECT a[?] AS x FROM t WHERE i = 1", []any{1}, "x int\n2"},
		{"SELECT array(?, 1) AS x", []any{5}, "x array<bigint>!\n[5 1]"},
		{"SELECT CAST(? AS DATE) AS x", []any{"2024-02-03"}, "x date\n19756"},
		{"SELECT s FROM t WHERE s LIKE ?", []any{"t%"}, "s string\ntwo"},
		{"SELECT id FROM range(?)", []any{2}, "id bigint!\n0\n1"},
		{"EXPLAIN LOGICAL SELECT ? AS x", []any{7}, "plan string!\nProject exprs=[7L AS x#1]\n  Values rows=[[]]"},
	} {
		got, err := execute(t, s, c.sql, c.values...)
		if err != nil {
			t.Errorf("%s %v: %v", c.sql, c.values, err)
		} else if got != c.want {
			t.Errorf("%s %v: got %q, want %q", c.sql, c.values, got, c.want)
		}
	}
	if _, err := execute(t, s, "SELECT ?", 1, 2); !sqlerr.Is(err, sqlerr.UnboundParameter) {
		t.Errorf("too many values: %v", err)
	}
	if _, err := execute(t, s, "SELECT i FROM t LIMIT ?", "x"); !sqlerr.Is(err, sqlerr.CastInvalidInput) {
		t.Errorf("a value that does not fit: %v", err)
	}
	// A DATE column takes text from a parameter, not from a literal.
	if _, err := execute(t, s, "INSERT INTO t (i, dt) VALUES (?, ?)", 9, "2024-05-06"); err != nil {
		t.Error(err)
	}
	if got, err := run(t, s, "SELECT dt FROM t WHERE i = 9"); err != nil || got != "19849" {
		t.Errorf("%s %v", got, err)
	}
}

// TestPlanAgain: a prepared query sees what changed since it was prepared.
func TestPlanAgain(t *testing.T) {
	s := open(t)
	tables(t, s)
	ask := func(p *session.Prepared) string {
		r, err := p.Run(t.Context(), nil)
		if err != nil {
			return err.Error()
		}
		text, err := rowsOf(r)
		if err != nil {
			return err.Error()
		}
		return text
	}
	do := func(sql string) {
		t.Helper()
		if _, err := run(t, s, sql); err != nil {
			t.Fatal(err)
		}
	}
	prepare := func(sql string) *session.Prepared {
		t.Helper()
		p, err := s.Prepare(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	do("CREATE TEMP VIEW tv AS SELECT 1 AS a")
	do("DECLARE x = 1")
	do("CREATE FUNCTION fn(a INT) RETURNS INT RETURN a + 1")
	do("CREATE DATABASE other")
	do("CREATE TABLE other.t AS SELECT * FROM t WHERE i = 1")
	count, view, temp := prepare("SELECT count(*) FROM t"), prepare("SELECT i FROM v ORDER BY i"), prepare("SELECT a FROM tv")
	variable, function, zone := prepare("SELECT x"), prepare("SELECT fn(1)"), prepare("SELECT hour(TIMESTAMP'2024-01-01 00:00:00 UTC')")
	for range 2 { // the second time from the plan of the first
		for p, want := range map[*session.Prepared]string{count: "2", view: "1\n2", temp: "1", variable: "1", function: "2", zone: "16"} {
			if got := ask(p); got != want {
				t.Errorf("%s: %s, not %s", p.Text(), got, want)
			}
		}
	}
	do("INSERT INTO t (i) VALUES (3)")
	do("CREATE OR REPLACE VIEW v AS SELECT i, s FROM t WHERE i > 1")
	do("CREATE OR REPLACE TEMP VIEW tv AS SELECT 2 AS a")
	do("SET VAR x = 5")
	do("CREATE OR REPLACE FUNCTION fn(a INT) RETURNS INT RETURN a + 2")
	do("SET spark.sql.session.timeZone = 'UTC'")
	for p, want := range map[*session.Prepared]string{count: "3", view: "2\n3", temp: "2", variable: "5", function: "3", zone: "0"} {
		if got := ask(p); got != want {
			t.Errorf("%s after changes: %s, not %s", p.Text(), got, want)
		}
	}
	do("USE other")
	if got := ask(count); got != "1" {
		t.Errorf("in another database: %s", got)
	}
	do("USE default")
	uuid, now := prepare("SELECT uuid()"), prepare("SELECT unix_micros(current_timestamp())")
	for _, p := range []*session.Prepared{uuid, now} {
		first := ask(p)
		if second := ask(p); second == first {
			t.Errorf("%s gave %s again", p.Text(), first)
		}
	}
	star := prepare("SELECT * FROM tv")
	do("CREATE OR REPLACE TEMP VIEW tv AS SELECT 2 AS a, 3 AS b")
	if got := ask(star); !strings.Contains(got, "PREPARED_STATEMENT_OUTDATED") {
		t.Errorf("other columns: %s", got)
	}
	do("DROP VIEW tv")
	if got := ask(temp); !strings.Contains(got, "TABLE_OR_VIEW_NOT_FOUND") {
		t.Errorf("a view that is gone: %s", got)
	}
}

// TestLifetime: what a session carries, and its end.
func TestLifetime(t *testing.T) {
	s := open(t)
	if !s.Untouched() {
		t.Error("a new session is touched")
	}
	for _, c := range [][2]string{
		{"SET x.y = 1", "RESET"},
		{"CREATE TEMP VIEW tv AS SELECT 1", "DROP VIEW tv"},
		{"DECLARE x = 1", "DROP TEMPORARY VARIABLE x"},
		{"CREATE DATABASE other", ""},
		{"USE other", "USE default"},
	} {
		if _, err := run(t, s, c[0]); err != nil {
			t.Fatal(err)
		}
		if s.Untouched() != (c[1] == "") {
			t.Errorf("after %s", c[0])
		}
		if c[1] == "" {
			continue
		}
		if _, err := run(t, s, c[1]); err != nil {
			t.Fatal(err)
		}
		if !s.Untouched() {
			t.Errorf("after %s", c[1])
		}
	}
	if err := s.Use(t.Context(), "", "other"); err != nil {
		t.Error(err)
	}
	if err := s.Use(t.Context(), "", "nowhere"); !sqlerr.Is(err, sqlerr.SchemaNotFound) {
		t.Error(err)
	}
	if err := s.Use(t.Context(), "nowhere", ""); !sqlerr.Is(err, sqlerr.CatalogNotFound) {
		t.Error(err)
	}
	if cat, db := s.Current(); cat != "spark_catalog" || db != "other" {
		t.Errorf("%s.%s", cat, db)
	}
	r, err := s.Run(t.Context(), "SELECT id FROM range(1000000000000) WHERE id % 1000000 = 999999", session.Params{})
	if err != nil {
		t.Fatal(err)
	}
	err = nil
	for _, e := range r.Rows {
		if err = e; err != nil {
			break
		}
		s.Close()
	}
	if !sqlerr.Is(err, sqlerr.SessionClosed) {
		t.Errorf("a statement of a closed session ended with %v", err)
	}
	if _, err := run(t, s, "SELECT 1"); !sqlerr.Is(err, sqlerr.SessionClosed) {
		t.Errorf("a closed session: %v", err)
	}
}

// What EXECUTE IMMEDIATE runs may change between preparing it and running it.
func TestPrepareImmediate(t *testing.T) {
	s := open(t)
	run := func(sql string) {
		t.Helper()
		if _, err := s.Run(t.Context(), sql, session.Params{}); err != nil {
			t.Fatal(err)
		}
	}
	run("DECLARE text = 'SHOW CATALOGS'")
	p, err := s.Prepare(t.Context(), "EXECUTE IMMEDIATE text")
	if err != nil {
		t.Fatal(err)
	}
	if schema, ok := p.Schema(); !ok || len(schema) != 1 {
		t.Errorf("rows: %v %v", schema, ok)
	}
	if r, err := p.Run(t.Context(), nil); err != nil || len(r.Schema) != 1 {
		t.Errorf("run: %v", err)
	}
	run("SET VAR text = 'SET'")
	if _, err := p.Run(t.Context(), nil); !sqlerr.Is(err, sqlerr.StatementOutdated) {
		t.Errorf("run with other columns: %v", err)
	}
}

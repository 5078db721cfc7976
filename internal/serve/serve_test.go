package serve_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
	"github.com/volley-sql/volley/internal/sqlerr"
)

func engine(t testing.TB, o app.Options) *serve.Engine {
	t.Helper()
	if o.Threads == 0 && o.Master == "" {
		o.Threads = 2
	}
	a, err := app.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return serve.New(a)
}

func session(t testing.TB, e *serve.Engine) sql.Session {
	t.Helper()
	s, err := e.Open(t.Context(), auth.Principal{Name: "ann", Roles: []string{"readers"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// start prepares a statement and runs it, with one row of parameters if there are any.
func start(ctx context.Context, s sql.Session, text string, params arrow.RecordBatch) (sql.Statement, *sql.Result, error) {
	stmt, err := s.Prepare(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	if params != nil {
		if stmt, err = stmt.With(ctx, params.Schema()); err != nil {
			return nil, nil, err
		}
	}
	r, err := stmt.Run(ctx, params, 0)
	return stmt, r, err
}

// run executes a statement and returns its rows as text: cells by |, rows by lines.
func run(t testing.TB, s sql.Session, text string) (string, int64) {
	t.Helper()
	out, n, err := try(t, s, text, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out, n
}

func try(t testing.TB, s sql.Session, text string, params arrow.RecordBatch) (string, int64, error) {
	t.Helper()
	stmt, r, err := start(t.Context(), s, text, params)
	if err != nil {
		return "", 0, err
	}
	var lines []string
	for rec, err := range r.Rows {
		if err != nil {
			return "", 0, err
		}
		if !rec.Schema().Equal(stmt.Schema()) {
			t.Errorf("%s: a record has the schema %s, not %s", text, rec.Schema(), stmt.Schema())
		}
		lines = append(lines, cells(rec)...)
	}
	return strings.Join(lines, "\n"), r.Affected, nil
}

func cells(rec arrow.RecordBatch) []string {
	out := make([]string, rec.NumRows())
	for i := range out {
		row := make([]string, rec.NumCols())
		for c := range row {
			row[c] = rec.Column(c).ValueStr(i)
		}
		out[i] = strings.Join(row, "|")
	}
	return out
}

// record makes a record of JSON rows.
func record(t testing.TB, schema *arrow.Schema, json string) arrow.RecordBatch {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func schemaOf(fields ...arrow.Field) *arrow.Schema {
	for i := range fields {
		fields[i].Nullable = true
	}
	return arrow.NewSchema(fields, nil)
}

func TestStatements(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	if n := func() int64 {
		_, n := run(t, s, "CREATE TABLE t AS SELECT id, 'n' || id AS s FROM range(5)")
		return n
	}(); n != 5 {
		t.Errorf("CREATE TABLE AS wrote %d rows", n)
	}
	if _, n := run(t, s, "INSERT INTO t VALUES (5, 'n5'), (6, NULL)"); n != 2 {
		t.Errorf("INSERT wrote %d rows", n)
	}
	if _, n := run(t, s, "CREATE TABLE e (a INT)"); n != 0 {
		t.Errorf("CREATE TABLE affected %d rows", n)
	}
	if got, n := run(t, s, "SELECT count(*), max(s), current_user() FROM t"); got != "7|n5|ann" || n != -1 {
		t.Errorf("%q, affected %d", got, n)
	}
	if got, _ := run(t, s, "SHOW TABLES"); got != "default|e|false\ndefault|t|false" {
		t.Errorf("%q", got)
	}
	params := record(t, schemaOf(arrow.Field{Name: "0", Type: arrow.PrimitiveTypes.Int64}, arrow.Field{Name: "1", Type: arrow.BinaryTypes.LargeString}), `[{"0": 3, "1": "x"}]`)
	if got, _, err := try(t, s, "SELECT ?, ? FROM t WHERE id = 1", params); err != nil || got != "3|x" {
		t.Errorf("%q %v", got, err)
	}
	if got, _, err := try(t, s, "SELECT s FROM t WHERE id = $1 AND $2 = 'x'", params); err != nil || got != "n3" {
		t.Errorf("%q %v", got, err)
	}
	named := record(t, schemaOf(arrow.Field{Name: "b", Type: arrow.PrimitiveTypes.Int32}, arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32}), `[{"a": 1, "b": 2}]`)
	if got, _, err := try(t, s, "SELECT :a - :b", named); err != nil || got != "-1" {
		t.Errorf("%q %v", got, err)
	}
	if _, _, err := try(t, s, "SELECT ?", params); !sqlerr.Is(err, sqlerr.UnboundParameter) {
		t.Errorf("two values for one parameter: %v", err)
	}
	if _, _, err := try(t, s, "SELECT 1 / (id - 3) FROM t", nil); !sqlerr.Is(err, sqlerr.DivideByZero) || sqlerr.As(err).Pos != 7 {
		t.Errorf("%#v", err)
	}
}

// TestSchema: what a column's metadata say, and that nothing else than a schema
// that was declared is sent.
func TestSchema(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	run(t, s, "CREATE TABLE t (i INT NOT NULL COMMENT 'the number', d DECIMAL(10,2), a ARRAY<STRUCT<x: STRING>>, m MAP<STRING, INT>)")
	stmt, err := s.Prepare(t.Context(), "SELECT i AS n, d + 1 AS e, a, m FROM t")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range stmt.Schema().Fields() {
		var kv []string
		for k, v := range f.Metadata.ToMap() {
			kv = append(kv, strings.TrimPrefix(k, "ARROW:FLIGHT:SQL:")+"="+v)
		}
		slices.Sort(kv)
		got = append(got, fmt.Sprintf("%s %s %v %s", f.Name, f.Type, f.Nullable, strings.Join(kv, " ")))
	}
	from := " SCHEMA_NAME=default TABLE_NAME=t "
	want := []string{
		"n int32 false CATALOG_NAME=spark_catalog IS_AUTO_INCREMENT=0 IS_CASE_SENSITIVE=0 IS_READ_ONLY=0 IS_SEARCHABLE=1 PRECISION=10 REMARKS=the number SCALE=0" + from + "TYPE_NAME=INT",
		"e decimal(11, 2) true IS_AUTO_INCREMENT=0 IS_CASE_SENSITIVE=0 IS_READ_ONLY=1 IS_SEARCHABLE=1 PRECISION=11 SCALE=2 TYPE_NAME=DECIMAL",
		"a list<element: struct<x: utf8 nullable>, nullable> true CATALOG_NAME=spark_catalog IS_AUTO_INCREMENT=0 IS_CASE_SENSITIVE=0 IS_READ_ONLY=0 IS_SEARCHABLE=0" + from + "TYPE_NAME=ARRAY<STRUCT<x: STRING>>",
		"m map<utf8, int32, items_nullable> true CATALOG_NAME=spark_catalog IS_AUTO_INCREMENT=0 IS_CASE_SENSITIVE=0 IS_READ_ONLY=0 IS_SEARCHABLE=0" + from + "TYPE_NAME=MAP<STRING, INT>",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("column %d is\n%s\nnot\n%s", i, got[i], want[i])
		}
	}
	for rec, err := range s.Tables(t.Context(), func(n sql.TableName) bool { return n.Name == "t" }, true) {
		star, perr := s.Prepare(t.Context(), "SELECT * FROM t")
		if err != nil || perr != nil {
			t.Fatal(err, perr)
		}
		if !rec.Columns.Equal(star.Schema()) {
			t.Errorf("metadata say %s, SELECT gives %s", rec.Columns, star.Schema())
		}
	}
}

// TestRecords: rows come in records of the size clients want, and the first at once.
func TestRecords(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	_, r, err := start(t.Context(), s, "SELECT id, CAST(id AS STRING) AS s FROM range(300000)", nil)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	var sum, rows int64
	for rec, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, rec.NumRows())
		rows += rec.NumRows()
		for _, v := range rec.Column(0).(*array.Int64).Int64Values() {
			sum += v
		}
		if err := arrowvec.Validate(rec); err != nil {
			t.Fatal(err)
		}
	}
	if rows != 300000 || sum != 300000*299999/2 {
		t.Errorf("%d rows, sum %d", rows, sum)
	}
	if sizes[0] > 2048 || len(sizes) > 40 {
		t.Errorf("records have %d rows", sizes)
	}
}

// TestSlowRows: rows do not wait for others that are slow to come.
func TestSlowRows(t *testing.T) {
	s := session(t, engine(t, app.Options{Threads: 1, Conf: map[string]string{"volley.execution.batchSize": "1"}}))
	// Every row past the first hundred takes a long search through a range.
	_, r, err := start(t.Context(), s, "SELECT id FROM range(9223372036854775807) WHERE id < 100 OR id % 1000000000000000 = 1000", nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	for rec, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		if rows += rec.NumRows(); rows >= 101 {
			break
		}
	}
	if rows != 101 {
		t.Errorf("%d rows came", rows)
	}
}

// TestEnd: leaving the loop and ending the context both end the work.
func TestEnd(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	const forever = "SELECT count(*) FROM range(9223372036854775807) WHERE id % 7 = 3"
	ctx, cancel := context.WithCancelCause(t.Context())
	_, r, err := start(ctx, s, forever, nil)
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("the client went away")
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	for _, err = range r.Rows {
		if err != nil {
			break
		}
	}
	if !sqlerr.Is(err, sqlerr.Cancelled) || !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	_, r, err = start(t.Context(), s, "SELECT id FROM range(9223372036854775807)", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range r.Rows {
		break
	}
	if !s.Untouched() {
		t.Error("a statement that was given up still counts as running")
	}
	// A session that is closed ends what runs.
	_, r, err = start(t.Context(), s, forever, nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { s.Close() })
	for _, err = range r.Rows {
		if err != nil {
			break
		}
	}
	if !sqlerr.Is(err, sqlerr.SessionClosed) {
		t.Errorf("closed: %v", err)
	}
}

func list(t testing.TB, s sql.Session, match func(sql.TableName) bool) []string {
	t.Helper()
	var out []string
	for tb, err := range s.Tables(t.Context(), match, true) {
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if tb.Columns != nil {
			n = tb.Columns.NumFields()
		}
		out = append(out, fmt.Sprintf("%s.%s.%s %s %d", tb.Catalog, tb.Schema, tb.Name, tb.Type, n))
	}
	return out
}

func TestMetadata(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	dir := filepath.ToSlash(t.TempDir())
	for _, stmt := range []string{
		"CREATE DATABASE more",
		"CREATE TABLE more.t (a INT, b STRING)",
		"CREATE TABLE b AS SELECT 1 AS x",
		"CREATE VIEW a AS SELECT x, x + 1 AS y FROM b",
		"CREATE VIEW broken AS SELECT * FROM more.t",
		"DROP TABLE more.t",
		"CREATE TABLE more.u (a INT)",
		"CREATE TABLE gone USING parquet LOCATION '" + dir + "/gone' AS SELECT 1 AS z",
		"CREATE TEMP VIEW tv AS SELECT 1 AS one, 2 AS two, 3 AS three",
	} {
		run(t, s, stmt)
	}
	if err := os.RemoveAll(dir + "/gone"); err != nil {
		t.Fatal(err)
	}
	all := func(sql.TableName) bool { return true }
	want := []string{
		"..tv LOCAL TEMPORARY 3",
		"spark_catalog.default.b TABLE 1",
		"spark_catalog.default.gone TABLE 1",
		"spark_catalog.default.a VIEW 2",
		"spark_catalog.default.broken VIEW 0",
		"spark_catalog.information_schema.columns SYSTEM TABLE 9",
		"spark_catalog.information_schema.routines SYSTEM TABLE 9",
		"spark_catalog.information_schema.schemata SYSTEM TABLE 4",
		"spark_catalog.information_schema.tables SYSTEM TABLE 7",
		"spark_catalog.information_schema.views SYSTEM TABLE 5",
		"spark_catalog.more.u TABLE 1",
	}
	if got := list(t, s, all); !slices.Equal(got, want) {
		t.Errorf("tables are\n%s", strings.Join(got, "\n"))
	}
	catalogs, err := s.Catalogs(t.Context())
	if err != nil || !slices.Equal(catalogs, []string{"spark_catalog"}) {
		t.Errorf("%v %v", catalogs, err)
	}
	schemas, err := s.Schemas(t.Context(), "spark_catalog")
	if err != nil || fmt.Sprint(schemas) != "[{spark_catalog default} {spark_catalog information_schema} {spark_catalog more}]" {
		t.Errorf("%v %v", schemas, err)
	}
	if schemas, err = s.Schemas(t.Context(), "nowhere"); err != nil || len(schemas) > 0 {
		t.Errorf("%v %v", schemas, err)
	}
	if got, _ := run(t, s, "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_name IN ('a', 'b') ORDER BY 2"); got != "default|a|VIEW\ndefault|b|MANAGED" {
		t.Errorf("%q", got)
	}
	if got, _ := run(t, s, "SELECT count(*) FROM spark_catalog.information_schema.columns WHERE table_name = 'u'"); got != "1" {
		t.Errorf("%q", got)
	}
	d := engine(t, app.Options{}).Dialect()
	if !slices.Contains(d.Keywords, "QUALIFY") || slices.Contains(d.Keywords, "SELECT") || !slices.Contains(d.Numeric, "abs") ||
		!slices.Contains(d.String, "upper") || !slices.Contains(d.Datetime, "date_add") || !slices.Contains(d.System, "coalesce") {
		t.Errorf("%+v", d)
	}
}

func TestOptions(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	if len(s.Options()) > 0 || !s.Untouched() {
		t.Errorf("%v", s.Options())
	}
	if err := s.SetOption("spark.sql.session.timeZone", "Asia/Tokyo"); err != nil {
		t.Error(err)
	}
	if got, _ := run(t, s, "SELECT hour(TIMESTAMP'2024-01-01 00:00:00 UTC')"); got != "9" || s.Untouched() {
		t.Errorf("%q", got)
	}
	if err := s.SetOption("spark.sql.ansi.enabled", "perhaps"); !sqlerr.Is(err, sqlerr.InvalidConfValue) {
		t.Error(err)
	}
	if s.HasOption("nonsense") || !s.HasOption("Spark.sql.ANSI.enabled") {
		t.Error("options are not what they are")
	}
	if o := s.Options(); len(o) != 1 || o["spark.sql.session.timeZone"] != "Asia/Tokyo" {
		t.Errorf("%v", o)
	}
	if err := s.ResetOption("spark.sql.session.timeZone"); err != nil || len(s.Options()) > 0 || !s.Untouched() {
		t.Errorf("%v %v", err, s.Options())
	}
}

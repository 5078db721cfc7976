package serve_test

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// stream lends records, then fails if with something.
func stream(end error, recs ...arrow.RecordBatch) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		for _, r := range recs {
			if !yield(r, nil) {
				return
			}
		}
		if end != nil {
			yield(nil, end)
		}
	}
}

var (
	idName = schemaOf(arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int64}, arrow.Field{Name: "name", Type: arrow.BinaryTypes.LargeString})
	target = sql.IngestTarget{Table: "t"}
)

func to(create bool, exists sql.IfExists) sql.IngestTarget {
	t := target
	t.Create, t.Exists = create, exists
	return t
}

// TestIngestModes: what becomes of a table that is there, or is not.
func TestIngestModes(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	rec := record(t, idName, `[{"id": 1, "name": "a"}, {"id": 2, "name": null}]`)
	for _, c := range []struct {
		what string
		to   sql.IngestTarget
		cond *sqlerr.Condition
		want string
	}{
		{"append to nothing", to(false, sql.AppendIfExists), sqlerr.TableOrViewNotFound, ""},
		{"replace nothing", to(false, sql.ReplaceIfExists), sqlerr.TableOrViewNotFound, ""},
		{"create", to(true, sql.FailIfExists), nil, "2"},
		{"create again", to(true, sql.FailIfExists), sqlerr.TableOrViewAlreadyExists, "2"},
		{"append", to(false, sql.AppendIfExists), nil, "4"},
		{"create or append", to(true, sql.AppendIfExists), nil, "6"},
		{"replace", to(true, sql.ReplaceIfExists), nil, "2"},
	} {
		n, err := s.Ingest(t.Context(), c.to, idName, stream(nil, rec))
		if c.cond != nil {
			if !sqlerr.Is(err, c.cond) || n != 0 {
				t.Errorf("%s: %d rows, %v", c.what, n, err)
			}
		} else if err != nil || n != 2 {
			t.Errorf("%s: %d rows, %v", c.what, n, err)
		}
		if c.want != "" {
			if got, _ := run(t, s, "SELECT count(*) FROM t"); got != c.want {
				t.Errorf("%s: then there are %s rows", c.what, got)
			}
		}
	}
	if _, err := s.Ingest(t.Context(), sql.IngestTarget{Schema: "nowhere", Table: "t", Create: true}, idName, stream(nil, rec)); !sqlerr.Is(err, sqlerr.SchemaNotFound) {
		t.Error(err)
	}
	run(t, s, "CREATE VIEW v AS SELECT 1 AS id, 'x' AS name")
	if _, err := s.Ingest(t.Context(), sql.IngestTarget{Table: "v", Exists: sql.AppendIfExists}, idName, stream(nil, rec)); !sqlerr.Is(err, sqlerr.ExpectTableNotView) {
		t.Error(err)
	}
	// A stream without rows makes a table without rows.
	if n, err := s.Ingest(t.Context(), sql.IngestTarget{Table: "none", Create: true}, idName, stream(nil)); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if got, _ := run(t, s, "SELECT count(*), max(id) FROM none"); got != "0|(null)" {
		t.Errorf("%q", got)
	}
}

// TestIngestColumns: columns go by name or by place and are converted as INSERT does.
func TestIngestColumns(t *testing.T) {
	s := session(t, engine(t, app.Options{}))
	run(t, s, "CREATE TABLE t (name STRING, id INT NOT NULL, at TIMESTAMP DEFAULT TIMESTAMP'2020-01-01 00:00:00')")
	i64 := arrow.PrimitiveTypes.Int64
	for _, c := range []struct {
		what   string
		schema *arrow.Schema
		json   string
		cond   *sqlerr.Condition
		want   string
	}{
		{"by name", schemaOf(arrow.Field{Name: "ID", Type: i64}, arrow.Field{Name: "name", Type: arrow.BinaryTypes.String}), `[{"ID": 1, "name": "a"}]`, nil, "a|1|2020"},
		{"by place", schemaOf(arrow.Field{Name: "x", Type: arrow.BinaryTypes.String}, arrow.Field{Name: "y", Type: i64}, arrow.Field{Name: "z", Type: arrow.FixedWidthTypes.Timestamp_ns}), `[{"x": "b", "y": 2, "z": "2024-05-06T07:08:09Z"}]`, nil, "b|2|2024"},
		{"numbers to text", schemaOf(arrow.Field{Name: "name", Type: arrow.PrimitiveTypes.Float64}, arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Uint8}), `[{"name": 1.5, "id": 3}]`, nil, "1.5|3|2020"},
		{"too large", schemaOf(arrow.Field{Name: "id", Type: i64}), `[{"id": 3000000000}]`, sqlerr.CastOverflowInInsert, ""},
		{"NULL in NOT NULL", schemaOf(arrow.Field{Name: "id", Type: i64}), `[{"id": null}]`, sqlerr.NotNullViolation, ""},
		{"a column missing", schemaOf(arrow.Field{Name: "name", Type: arrow.BinaryTypes.String}), `[{"name": "x"}]`, sqlerr.IncompatibleDataMissing, ""},
		{"text to a number", schemaOf(arrow.Field{Name: "id", Type: arrow.BinaryTypes.String}), `[{"id": "1"}]`, sqlerr.IncompatibleDataCast, ""},
		{"too few", schemaOf(arrow.Field{Name: "x", Type: i64}), `[{"x": 1}]`, sqlerr.InsertArityFew, ""},
		{"no such type", schemaOf(arrow.Field{Name: "id", Type: &arrow.Decimal256Type{Precision: 76}}), `[{"id": "1"}]`, sqlerr.UnsupportedDatatype, ""},
	} {
		_, err := s.Ingest(t.Context(), to(false, sql.AppendIfExists), c.schema, stream(nil, record(t, c.schema, c.json)))
		if c.cond != nil {
			if !sqlerr.Is(err, c.cond) {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		id, _, _ := strings.Cut(c.want[strings.Index(c.want, "|")+1:], "|")
		if got, _ := run(t, s, "SELECT name, id, year(at) FROM t WHERE id = "+id); got != c.want {
			t.Errorf("%s: %q, not %q", c.what, got, c.want)
		}
	}
	if got, _ := run(t, s, "SELECT count(*) FROM t"); got != "3" {
		t.Errorf("%s rows", got)
	}
	// A column of NULLs alone becomes one of text.
	void := schemaOf(arrow.Field{Name: "a", Type: arrow.Null}, arrow.Field{Name: "b", Type: arrow.ListOf(arrow.Null)})
	if _, err := s.Ingest(t.Context(), sql.IngestTarget{Table: "void", Create: true}, void, stream(nil, record(t, void, `[{"a": null, "b": [null]}]`))); err != nil {
		t.Fatal(err)
	}
	if got, _ := run(t, s, "SELECT typeof(a), typeof(b), size(b) FROM void"); got != "string|array<string>|1" {
		t.Errorf("%q", got)
	}
	// A name twice is an error before anything is written.
	twice := schemaOf(arrow.Field{Name: "a", Type: i64}, arrow.Field{Name: "A", Type: i64})
	if _, err := s.Ingest(t.Context(), sql.IngestTarget{Table: "twice", Create: true}, twice, stream(nil)); !sqlerr.Is(err, sqlerr.ColumnAlreadyExists) {
		t.Error(err)
	}
}

// files counts the files below a folder.
func files(t testing.TB, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return n
}

// TestIngestBroken: a stream that breaks leaves nothing, in no kind of table.
func TestIngestBroken(t *testing.T) {
	wh := t.TempDir()
	dir := filepath.ToSlash(filepath.Join(t.TempDir(), "ext"))
	s := session(t, engine(t, app.Options{Warehouse: wh}))
	for _, stmt := range []string{
		"CREATE TABLE t (id BIGINT, name STRING)",
		"INSERT INTO t VALUES (0, 'zero')",
		"CREATE TABLE ext (id BIGINT, name STRING) USING parquet LOCATION '" + dir + "'",
		"INSERT INTO ext VALUES (0, 'zero')",
		"CREATE TABLE parts (name STRING, id BIGINT) PARTITIONED BY (id)",
		"INSERT INTO parts VALUES ('zero', 0)",
	} {
		run(t, s, stmt)
	}
	before := files(t, wh) + files(t, dir)
	var recs []arrow.RecordBatch
	for range 50 {
		recs = append(recs, record(t, idName, `[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]`))
	}
	broken := errors.New("the client went away in the middle")
	for _, into := range []sql.IngestTarget{
		{Table: "t", Exists: sql.AppendIfExists},
		{Table: "t", Create: true, Exists: sql.ReplaceIfExists},
		{Table: "ext", Exists: sql.AppendIfExists},
		{Table: "parts", Exists: sql.AppendIfExists},
		{Table: "fresh", Create: true},
	} {
		if n, err := s.Ingest(t.Context(), into, idName, stream(broken, recs...)); !errors.Is(err, broken) || n != 0 {
			t.Errorf("%s: %d rows, %v", into.Table, n, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := s.Ingest(ctx, into, idName, func(yield func(arrow.RecordBatch, error) bool) {
			for i, r := range recs {
				if i == 25 {
					cancel(broken)
				}
				if !yield(r, nil) {
					return
				}
			}
		})
		if !sqlerr.Is(err, sqlerr.Cancelled) && !errors.Is(err, broken) {
			t.Errorf("%s, cancelled: %v", into.Table, err)
		}
	}
	for _, table := range []string{"t", "ext", "parts"} {
		if got, _ := run(t, s, "SELECT id, name FROM "+table); got != "0|zero" {
			t.Errorf("%s has %q", table, got)
		}
	}
	if got, _ := run(t, s, "SHOW TABLES LIKE 'fresh'"); got != "" {
		t.Errorf("%q", got)
	}
	if after := files(t, wh) + files(t, dir); after != before {
		t.Errorf("there were %d files, and now there are %d", before, after)
	}
	for _, into := range []string{"t", "ext", "parts"} {
		if n, err := s.Ingest(t.Context(), sql.IngestTarget{Table: into, Exists: sql.AppendIfExists}, idName, stream(nil, recs...)); err != nil || n != 100 {
			t.Errorf("%s: %d rows, %v", into, n, err)
		}
		if got, _ := run(t, s, "SELECT count(*), sum(id) FROM "+into); got != "101|150" {
			t.Errorf("%s has %q", into, got)
		}
	}
}

// TestIngestOnCluster: the rows are in the driver, whoever runs the rest.
func TestIngestOnCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wh := t.TempDir()
	s := session(t, engine(t, app.Options{Master: "local-cluster[2,1,512]", Warehouse: wh, ExecutorCommand: []string{exe, executorWord}}))
	rec := record(t, idName, `[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]`)
	if n, err := s.Ingest(t.Context(), to(true, sql.FailIfExists), idName, stream(nil, rec, rec, rec)); err != nil || n != 6 {
		t.Fatalf("%d rows, %v", n, err)
	}
	run(t, s, "CREATE TABLE parts (name STRING, id BIGINT) PARTITIONED BY (id)")
	if n, err := s.Ingest(t.Context(), sql.IngestTarget{Table: "parts", Exists: sql.AppendIfExists}, idName, stream(nil, rec)); err != nil || n != 2 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if got, _ := run(t, s, "SELECT t.name, count(*) FROM t JOIN parts USING (id) GROUP BY 1 ORDER BY 1"); got != "a|3\nb|3" {
		t.Errorf("%q", got)
	}
	if n, err := batch(t, s, "INSERT INTO t VALUES (?, ?)", rec, rec); err != nil || n != 4 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// batch runs a statement for many rows of parameters.
func batch(t testing.TB, s sql.Session, text string, params ...arrow.RecordBatch) (int64, error) {
	t.Helper()
	stmt, err := s.Prepare(t.Context(), text)
	if err != nil {
		return 0, err
	}
	if stmt, err = stmt.With(t.Context(), params[0].Schema()); err != nil {
		return 0, err
	}
	b, ok := stmt.(sql.Batcher)
	if !ok {
		t.Fatalf("%s takes no batches", text)
	}
	r, err := b.RunBatch(t.Context(), params)
	if err != nil {
		return 0, err
	}
	for _, err := range r.Rows {
		if err != nil {
			return 0, err
		}
	}
	return r.Affected, nil
}

// TestBatchesOfSelect: an INSERT … SELECT with many rows of parameters is one
// statement where that means the same.
func TestBatchesOfSelect(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]app.Options{
		"one process":   {Threads: 2},
		"two executors": {Master: "local-cluster[2,1,512]", ExecutorCommand: []string{exe, executorWord}, Warehouse: t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			s := session(t, engine(t, o))
			rec := record(t, idName, `[{"id": 1, "name": "a"}, {"id": 2, "name": null}, {"id": 3, "name": "c"}]`)
			run(t, s, "CREATE TABLE src AS SELECT id AS k FROM range(5)")
			run(t, s, "CREATE TABLE dst (k BIGINT, v STRING)")
			for _, c := range []struct {
				text string
				rows int64
				sum  string
			}{
				{"INSERT INTO dst SELECT ? * 10, upper(?)", 3, "60|A,C"},
				{"INSERT INTO dst SELECT k + ?, ? FROM src WHERE k < 2", 6, "15|a,a,c,c"},
				{"INSERT INTO dst SELECT s.*, coalesce(?, 'none') FROM src s JOIN (SELECT max(k) AS m FROM src) ON k <= m WHERE k < ?", 6, "4|a,c,c,c,none,none"},
			} {
				if strings.Contains(c.text, "coalesce") { // the values come in the other order
					rec = record(t, schemaOf(arrow.Field{Name: "0", Type: arrow.BinaryTypes.String}, arrow.Field{Name: "1", Type: arrow.PrimitiveTypes.Int64}),
						`[{"0": "a", "1": 1}, {"0": null, "1": 2}, {"0": "c", "1": 3}]`)
				}
				run(t, s, "INSERT OVERWRITE dst SELECT 0L, '' WHERE false")
				if n, err := batch(t, s, c.text, rec); err != nil || n != c.rows {
					t.Errorf("%s: %d rows, %v", c.text, n, err)
				}
				if got, _ := run(t, s, "SELECT sum(k), array_join(array_sort(collect_list(v)), ',') FROM dst"); got != c.sum {
					t.Errorf("%s: %s", c.text, got)
				}
			}
			for _, text := range []string{
				"INSERT INTO dst SELECT count(*) + ?, 'x' FROM src", "INSERT INTO dst SELECT k + ?, v FROM dst", "INSERT INTO dst SELECT ?, 'x' FROM src LIMIT 1",
				"INSERT INTO dst SELECT row_number() OVER (ORDER BY k) + ?, 'x' FROM src", "INSERT INTO dst SELECT (SELECT max(k) FROM src WHERE k < ?), 'x'",
				"INSERT OVERWRITE dst SELECT ?, 'x'",
			} {
				stmt, err := s.Prepare(t.Context(), text)
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				if _, ok := stmt.(sql.Batcher); ok {
					t.Errorf("%s runs once for all rows of values", text)
				}
			}
		})
	}
}

// TestBatches: an INSERT with many rows of parameters is one statement.
func TestBatches(t *testing.T) {
	wh := t.TempDir()
	s := session(t, engine(t, app.Options{Warehouse: wh, Threads: 1}))
	run(t, s, "CREATE TABLE t (id INT, name STRING, d DATE, n INT DEFAULT 7)")
	rec := record(t, idName, `[{"id": 1, "name": "a"}, {"id": 2, "name": null}, {"id": 3, "name": "c"}]`)
	before := files(t, wh)
	if n, err := batch(t, s, "INSERT INTO t (id, name) VALUES (?, ?)", rec, rec); err != nil || n != 6 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if after := files(t, wh); after != before+1 {
		t.Errorf("six rows made %d files", after-before)
	}
	if got, _ := run(t, s, "SELECT id, name, n, count(*) FROM t GROUP BY ALL ORDER BY id"); got != "1|a|7|2\n2|(null)|7|2\n3|c|7|2" {
		t.Errorf("%q", got)
	}
	// Expressions over parameters, a parameter twice, several rows of VALUES, DEFAULT.
	if n, err := batch(t, s, "INSERT OVERWRITE t VALUES ($1 * 10, upper($2), NULL, DEFAULT), ($1, concat($2, $2), DATE'2024-01-01', 0)", rec); err != nil || n != 6 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if got, _ := run(t, s, "SELECT id, name, d, n FROM t ORDER BY id"); got != "1|aa|2024-01-01|0\n2|(null)|2024-01-01|0\n3|cc|2024-01-01|0\n10|A|(null)|7\n20|(null)|(null)|7\n30|C|(null)|7" {
		t.Errorf("%q", got)
	}
	// By name, in another order; text for a DATE, which a literal is not taken for.
	named := schemaOf(arrow.Field{Name: "day", Type: arrow.BinaryTypes.String}, arrow.Field{Name: "id", Type: arrow.PrimitiveTypes.Int16})
	if n, err := batch(t, s, "INSERT OVERWRITE t (id, d) VALUES (:id, :day)", record(t, named, `[{"id": 5, "day": "2024-02-29"}, {"id": 6, "day": null}]`)); err != nil || n != 2 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if got, _ := run(t, s, "SELECT id, d FROM t ORDER BY id"); got != "5|2024-02-29\n6|(null)" {
		t.Errorf("%q", got)
	}
	// One bad row of many: nothing is written.
	big := record(t, idName, `[{"id": 1, "name": "a"}, {"id": 3000000000, "name": "too large"}]`)
	if n, err := batch(t, s, "INSERT INTO t (id, name) VALUES (?, ?)", rec, big); !sqlerr.Is(err, sqlerr.CastOverflowInInsert) || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
	if got, _ := run(t, s, "SELECT count(*) FROM t"); got != "2" {
		t.Errorf("%s rows", got)
	}
	for _, text := range []string{"INSERT INTO t (id) SELECT ? FROM t", "INSERT INTO t (id) VALUES ((SELECT max(id) FROM t WHERE id < ?))", "SELECT ?", "CREATE TABLE u AS SELECT ? AS a"} {
		stmt, err := s.Prepare(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := stmt.(sql.Batcher); ok {
			t.Errorf("%s takes batches", text)
		}
	}
}

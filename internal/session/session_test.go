package session_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/files"
	formats "github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/catalog/memory"
	"github.com/volley-sql/volley/catalog/store/local"
	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// threads runs plans on threads of this process.
type threads struct{ functions *function.Registry }

func (threads) Partitions(*settings.Snapshot) int { return 1 }

func (r threads) Run(ctx context.Context, j session.Job) (*session.Running, error) {
	t, err := exec.Build(&flow.Env{
		Functions: r.functions, Context: j.Context, Threads: 2, BatchSize: int(settings.BatchSize.Get(j.Settings)),
		Feeds: j.Feeds,
	}, j.Plan, nil)
	if err != nil {
		return nil, err
	}
	return &session.Running{Rows: t.Stream(ctx)}, nil
}

func open(t testing.TB) *session.Session {
	t.Helper()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	st := local.New()
	base, err := (*settings.Snapshot)(nil).With("spark.sql.session.timeZone", "America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	mem := memory.New("spark_catalog", st)
	t.Cleanup(func() { mem.Close() })
	s, err := session.New(session.Config{
		Functions: reg, Catalogs: []catalog.Catalog{mem}, Store: st, Runner: threads{reg}, Settings: base, User: "me",
		Open: func(ctx context.Context, format, path string, o map[string]string, declared types.Schema) (catalog.Table, error) {
			return files.Open(ctx, st, path, format, o, declared)
		},
		HasFormat: func(name string) bool {
			_, err := formats.Lookup(name)
			return err == nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run executes a statement and returns its rows, cells by | and rows by lines.
func run(t testing.TB, s *session.Session, sql string) (string, error) {
	t.Helper()
	r, err := s.Run(t.Context(), sql, session.Params{})
	if err != nil {
		return "", err
	}
	return rowsOf(r)
}

func rowsOf(r *session.Result) (string, error) {
	rows, err := r.Collect()
	if err != nil {
		return "", err
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		cells := make([]string, len(row))
		for k, v := range row {
			cells[k] = fmt.Sprint(v)
		}
		lines[i] = strings.Join(cells, "|")
	}
	return strings.Join(lines, "\n"), nil
}

// step is a statement with its rows, or the condition of its error.
type step struct {
	sql, want string
	err       *sqlerr.Condition
}

func steps(t *testing.T, s *session.Session, list []step) {
	t.Helper()
	for _, c := range list {
		got, err := run(t, s, c.sql)
		switch {
		case c.err != nil:
			if !sqlerr.Is(err, c.err) {
				t.Errorf("%s\n  gives %q, %v; want %s", c.sql, got, err, c.err.Name)
			}
		case err != nil:
			t.Errorf("%s\n  gives %v", c.sql, err)
		case got != c.want:
			t.Errorf("%s\n  gives\n%s\n  want\n%s", c.sql, got, c.want)
		}
	}
}

func TestTables(t *testing.T) {
	s := open(t)
	steps(t, s, []step{
		{sql: "CREATE TABLE t (a INT, b STRING DEFAULT 'x' || 'y', p INT) USING parquet PARTITIONED BY (p) COMMENT 'c'"},
		{sql: "CREATE TABLE t (a INT)", err: sqlerr.TableOrViewAlreadyExists},
		{sql: "CREATE TABLE IF NOT EXISTS t (z INT)"},
		{sql: "INSERT INTO t VALUES (1, 'one', 10), (2, DEFAULT, 20)"},
		{sql: "INSERT INTO t (p, a) VALUES (10, 3)"},
		{sql: "INSERT INTO t PARTITION (p = 30) SELECT 4, 'four'"},
		{sql: "INSERT INTO t BY NAME SELECT 40 AS p, 5 AS a"},
		{sql: "SELECT * FROM t ORDER BY a", want: "1|one|10\n2|xy|20\n3|xy|10\n4|four|30\n5|xy|40"},
		{sql: "SHOW PARTITIONS t", want: "p=10\np=20\np=30\np=40"},
		{sql: "SHOW PARTITIONS t PARTITION (p = 10)", want: "p=10"},
		{sql: "INSERT OVERWRITE t PARTITION (p = 10) VALUES (9, 'nine')"},
		{sql: "SELECT a FROM t ORDER BY a", want: "2\n4\n5\n9"},
		{sql: "SET spark.sql.sources.partitionOverwriteMode = dynamic", want: "spark.sql.sources.partitionOverwriteMode|dynamic"},
		{sql: "INSERT OVERWRITE t VALUES (8, 'eight', 20)"},
		{sql: "SELECT a, p FROM t ORDER BY a", want: "4|30\n5|40\n8|20\n9|10"},
		{sql: "RESET spark.sql.sources.partitionOverwriteMode"},
		{sql: "TRUNCATE TABLE t PARTITION (p = 20)"},
		{sql: "INSERT INTO t VALUES (1)", err: sqlerr.InsertArityFew},
		{sql: "INSERT INTO t VALUES (1, 'a', 2, 3)", err: sqlerr.InsertArityMany},
		{sql: "INSERT INTO t VALUES ('1', 'a', 2)", err: sqlerr.IncompatibleDataCast},
		{sql: "INSERT INTO t VALUES (3000000000, 'a', 2)", err: sqlerr.CastOverflowInInsert},
		{sql: "INSERT INTO t PARTITION (a = 1) SELECT 'a', 2", err: sqlerr.NonPartitionColumn},
		{sql: "SELECT count(*) FROM t", want: "3"},
		{sql: "CREATE TABLE c PARTITIONED BY (p) AS SELECT p, a FROM t"},
		{sql: "SELECT * FROM c ORDER BY a", want: "4|30\n5|40\n9|10"},
		{sql: "CREATE OR REPLACE TABLE c AS SELECT 1 / 0 AS x", err: sqlerr.DivideByZero},
		{sql: "SELECT count(*) FROM c", want: "3"},
		{sql: "CREATE OR REPLACE TABLE c AS SELECT 7 AS x"},
		{sql: "SELECT * FROM c", want: "7"},
		{sql: "ALTER TABLE c ADD COLUMNS (y STRING)"},
		{sql: "ALTER TABLE c RENAME TO d"},
		{sql: "SELECT * FROM d", want: "7|<nil>"},
		{sql: "SELECT * FROM c", err: sqlerr.TableOrViewNotFound},
		{sql: "DELETE FROM d WHERE x = 7", err: sqlerr.UnsupportedTableOperation},
		{sql: "SHOW TABLES", want: "default|d|false\ndefault|t|false"},
		{sql: "DROP TABLE d"},
		{sql: "DROP TABLE d", err: sqlerr.TableOrViewNotFound},
		{sql: "DROP TABLE IF EXISTS d"},
		{sql: "DESCRIBE t", want: "a|int|<nil>\nb|string|<nil>\np|int|<nil>\n# Partition Information||\n# col_name|data_type|comment\np|int|<nil>"},
		{sql: "SHOW COLUMNS IN t", want: "a\nb\np"},
		{sql: "DESCRIBE t a", want: "col_name|a\ndata_type|int\ncomment|NULL"},
		{sql: "DESCRIBE QUERY SELECT 1 AS x", want: "x|int|<nil>"},
	})
}

func TestViews(t *testing.T) {
	s := open(t)
	steps(t, s, []step{
		{sql: "CREATE TEMPORARY VIEW v AS SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(n, s)"},
		{sql: "CREATE TEMPORARY VIEW v AS SELECT 1", err: sqlerr.TempViewAlreadyExists},
		{sql: "SELECT v.s FROM v WHERE n = 2", want: "b"},
		{sql: "CREATE VIEW p AS SELECT * FROM v", err: sqlerr.InvalidTempObject},
		{sql: "CREATE OR REPLACE TEMP VIEW v AS SELECT * FROM v", err: sqlerr.RecursiveView},
		{sql: "CREATE TABLE t AS SELECT 1 AS a, 2 AS b"},
		{sql: "CREATE VIEW p (x, y) AS SELECT a, b FROM t"},
		{sql: "SELECT x + y FROM p", want: "3"},
		{sql: "CREATE OR REPLACE VIEW p AS SELECT b FROM t"},
		{sql: "SELECT * FROM p", want: "2"},
		{sql: "CREATE VIEW q AS SELECT a, a FROM t", err: sqlerr.ColumnAlreadyExists},
		{sql: "CREATE DATABASE other"},
		{sql: "USE other"},
		{sql: "SELECT * FROM default.p", want: "2"},
		{sql: "SELECT * FROM p", err: sqlerr.TableOrViewNotFound},
		{sql: "SELECT current_database()", want: "other"},
		{sql: "USE nowhere", err: sqlerr.SchemaNotFound},
		{sql: "USE default"},
		{sql: "CREATE GLOBAL TEMPORARY VIEW g AS SELECT 5 AS five"},
		{sql: "SELECT * FROM global_temp.g", want: "5"},
		{sql: "DROP VIEW global_temp.g"},
		{sql: "SELECT * FROM global_temp.g", err: sqlerr.TableOrViewNotFound},
		{sql: "INSERT INTO p VALUES (1)", err: sqlerr.ExpectTableNotView},
		{sql: "SHOW VIEWS", want: "default|p|false\n|v|true"},
		{sql: "DROP VIEW v"},
		{sql: "DROP DATABASE other"},
		{sql: "CACHE TABLE k AS SELECT 3 AS z"},
		{sql: "SELECT z FROM k", want: "3"},
		{sql: "SHOW DATABASES", want: "default"},
	})
}

func TestState(t *testing.T) {
	s := open(t)
	steps(t, s, []step{
		{sql: "SET spark.sql.ansi.enabled = false", want: "spark.sql.ansi.enabled|false"},
		{sql: "SELECT 1 / 0", want: "<nil>"},
		{sql: "RESET"},
		{sql: "SELECT 1 / 0", err: sqlerr.DivideByZero},
		{sql: "SET spark.nothing.known = 5", want: "spark.nothing.known|5"},
		{sql: "SET spark.nothing.known", want: "spark.nothing.known|5"},
		{sql: "SET volley.execution.batchSize = 0", err: sqlerr.InvalidConfRequirement},
		{sql: "SET TIME ZONE '+02:00'", want: "spark.sql.session.timeZone|+02:00"},
		{sql: "SET TIME ZONE 'Mars/Base'", err: sqlerr.InvalidConfZone},
		{sql: "DECLARE x INT DEFAULT 5"},
		{sql: "DECLARE x INT", err: sqlerr.VariableExists},
		{sql: "SELECT x + 1, session.x", want: "6|5"},
		{sql: "SET VAR x = x * 2"},
		{sql: "SELECT x", want: "10"},
		{sql: "SET VAR x = (SELECT max(id) FROM range(8))"},
		{sql: "SELECT x", want: "7"},
		{sql: "SET VAR x = DEFAULT"},
		{sql: "SELECT x", want: "5"},
		{sql: "SET VAR y = 1", err: sqlerr.UnresolvedVariable},
		{sql: "DROP TEMPORARY VARIABLE x"},
		{sql: "SELECT x", err: sqlerr.UnresolvedColumnPlain},
		{sql: "CREATE FUNCTION twice(n INT) RETURNS INT RETURN n + n"},
		{sql: "SELECT twice(id) FROM range(3) WHERE twice(id) > 0", want: "2\n4"},
		{sql: "CREATE FUNCTION bad(n INT) RETURNS INT RETURN m", err: sqlerr.UnresolvedColumnPlain},
		{sql: "CREATE FUNCTION upto(n INT) RETURNS TABLE (i BIGINT) RETURN SELECT id FROM range(10) WHERE id < n"},
		{sql: "SELECT count(*) FROM upto(4)", want: "4"},
		{sql: "SELECT ${spark.nothing.known} + 1, '${unset.key}'", want: "6|${unset.key}"},
		{sql: "SET a.b = 41", want: "a.b|41"},
		{sql: "SELECT ${a.b} + 1", want: "42"},
		{sql: "SET sql.dialect = 'mysql'", want: "sql.dialect|mysql"},
		{sql: "SELECT 7 DIV 2 AS `q`", want: "3"},
		{sql: "SET sql.dialect = spark", want: "sql.dialect|spark"},
	})
}

func TestDirectory(t *testing.T) {
	s := open(t)
	dir := filepath.ToSlash(t.TempDir())
	steps(t, s, []step{
		{sql: "INSERT OVERWRITE DIRECTORY '" + dir + "/out' USING parquet SELECT id, id % 2 AS k FROM range(4)"},
		{sql: "SELECT sum(id) FROM parquet.`" + dir + "/out`", want: "6"},
		{sql: "SELECT count(*) FROM '" + dir + "/out/*.parquet'", want: "4"},
		{sql: "INSERT OVERWRITE DIRECTORY '" + dir + "/out' USING parquet SELECT 1 / 0", err: sqlerr.DivideByZero},
		{sql: "SELECT sum(id) FROM parquet.`" + dir + "/out`", want: "6"},
		{sql: "INSERT OVERWRITE DIRECTORY '" + dir + "/out' USING nothing SELECT 1", err: sqlerr.DataSourceNotFound},
		{sql: "CREATE TEMPORARY VIEW f USING parquet OPTIONS (path '" + dir + "/out')"},
		{sql: "SELECT max(id) FROM f", want: "3"},
	})
}

func TestExplain(t *testing.T) {
	s := open(t)
	for _, mode := range []string{"", "EXTENDED", "LOGICAL", "OPTIMIZED", "PHYSICAL", "STAGES", "ANALYZE"} {
		got, err := run(t, s, "EXPLAIN "+mode+" SELECT id % 3 AS k, count(*) FROM range(10) GROUP BY 1 ORDER BY 1")
		if err != nil || !strings.Contains(got, "Range") || !strings.Contains(got, "Aggregate") {
			t.Errorf("EXPLAIN %s gives %q, %v", mode, got, err)
		}
	}
}

// TestPlanningStops plans statements whose constants take minutes to compute
// and lets nobody wait for them.
func TestPlanningStops(t *testing.T) {
	s := open(t)
	long := "levenshtein(repeat('ab', 200000), repeat('cd', 200000))"
	for _, sql := range []string{
		"SELECT " + long,
		"SELECT id FROM range(10) WHERE id < " + long,
		"SELECT id FROM range(10) LIMIT " + long,
		"EXPLAIN SELECT " + long + " FROM range(10)",
		"VALUES (1, " + long + ")",
		"SET VAR x = " + long,
	} {
		if strings.HasPrefix(sql, "SET") {
			if _, err := run(t, s, "DECLARE VARIABLE x BIGINT"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		done := make(chan error, 1)
		go func() {
			r, err := s.Run(ctx, sql, session.Params{})
			if err == nil {
				_, err = rowsOf(r)
			}
			done <- err
		}()
		select {
		case err := <-done:
			if !sqlerr.Is(err, sqlerr.Cancelled) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", sql, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s goes on", sql)
		}
		cancel()
	}
}

// TestParquetDefaults: what options leave open is as the session's settings say.
func TestParquetDefaults(t *testing.T) {
	s := open(t)
	dir := filepath.ToSlash(t.TempDir())
	for i, c := range []struct{ set, options, suffix string }{
		{"", "", ".snappy.parquet"},
		{"SET spark.sql.parquet.compression.codec = zstd", "", ".zstd.parquet"},
		{"", "OPTIONS (compression 'gzip')", ".gz.parquet"},
		{"", "OPTIONS (parquet.compression 'none')", "c000.parquet"},
		{"SET spark.sql.parquet.compression.codec = uncompressed", "", "c000.parquet"},
		{"RESET spark.sql.parquet.compression.codec", "", ".snappy.parquet"},
	} {
		if c.set != "" {
			if _, err := run(t, s, c.set); err != nil {
				t.Fatal(err)
			}
		}
		to := fmt.Sprint(dir, "/", i)
		if _, err := run(t, s, "INSERT OVERWRITE DIRECTORY '"+to+"' USING parquet "+c.options+" SELECT 1 AS a"); err != nil {
			t.Fatal(err)
		}
		if names, _ := filepath.Glob(to + "/part-*" + c.suffix); len(names) != 1 {
			all, _ := filepath.Glob(to + "/*")
			t.Errorf("%d: %v", i, all)
		}
	}
	if _, err := run(t, s, "SET spark.sql.parquet.compression.codec = best"); err == nil {
		t.Error("a codec that is none")
	}
	// A table's own options come first; the writer's version is a setting, too.
	var sizes []int64
	for _, v := range []string{"v1", "v2"} {
		for _, sql := range []string{
			"SET parquet.writer.version = " + v, "CREATE TABLE t" + v + " (id BIGINT) USING parquet OPTIONS (compression 'zstd') LOCATION '" + dir + "/" + v + "'",
			"INSERT INTO t" + v + " SELECT id FROM range(20000)",
		} {
			if _, err := run(t, s, sql); err != nil {
				t.Fatal(err)
			}
		}
		names, _ := filepath.Glob(dir + "/" + v + "/*.zstd.parquet")
		if len(names) != 1 {
			t.Fatal(names)
		}
		st, err := os.Stat(names[0])
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, st.Size())
	}
	if sizes[1] >= sizes[0] {
		t.Errorf("files have %d bytes", sizes)
	}
}

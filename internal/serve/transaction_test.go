package serve_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// answer is the rows of a query, or the condition of its error.
func answer(t testing.TB, s sql.Session, text string) string {
	t.Helper()
	out, _, err := try(t, s, text, nil)
	if e := sqlerr.As(err); e != nil {
		return e.Cond.Name
	}
	if err != nil {
		return err.Error()
	}
	return out
}

// TestTransactions: what two sessions see of one transaction.
func TestTransactions(t *testing.T) {
	for name, o := range map[string]app.Options{"memory": {}, "warehouse": {Warehouse: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			e := engine(t, o)
			a, b := session(t, e), session(t, e)
			rec := record(t, idName, `[{"id": 7, "name": "ingested"}]`)
			run(t, a, "CREATE TABLE t (id BIGINT, name STRING)")
			run(t, a, "INSERT INTO t VALUES (1, 'before')")
			if err := a.Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a.Untouched() {
				t.Error("a session with a transaction would be dropped")
			}
			run(t, a, "INSERT INTO t VALUES (2, 'first')")
			run(t, a, "INSERT INTO t SELECT id + 1, 'own' FROM t WHERE id = 2")
			if n, err := a.Ingest(t.Context(), to(false, sql.AppendIfExists), idName, stream(nil, rec)); err != nil || n != 1 {
				t.Fatal(n, err)
			}
			run(t, a, "CREATE TABLE made AS SELECT count(*) AS n FROM t")
			run(t, a, "CREATE VIEW v AS SELECT n FROM made")
			if _, _, err := try(t, a, "INSERT INTO t VALUES (1 / 0, 'fails')", nil); err == nil {
				t.Error("no error")
			}
			const all = "SELECT array_join(array_sort(collect_list(id)), ',') FROM t"
			if got := answer(t, a, all); got != "1,2,3,7" {
				t.Errorf("inside there are %s", got)
			}
			if got := answer(t, a, "SELECT n FROM v"); got != "4" {
				t.Errorf("inside the view gives %s", got)
			}
			if got := answer(t, b, all); got != "1" {
				t.Errorf("outside there are %s", got)
			}
			if got := answer(t, b, "SELECT * FROM made"); got != "TABLE_OR_VIEW_NOT_FOUND" {
				t.Errorf("outside: %s", got)
			}
			run(t, b, "INSERT INTO t VALUES (100, 'meanwhile')")
			if err := a.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, s := range []sql.Session{a, b} {
				if got := answer(t, s, all); got != "1,2,3,7,100" {
					t.Errorf("then there are %s", got)
				}
				if got := answer(t, s, "SELECT n FROM v"); got != "4" {
					t.Errorf("then the view gives %s", got)
				}
			}

			// Rollback, and a session that ends in the middle.
			for _, end := range []func(sql.Session) error{
				func(s sql.Session) error { return s.Rollback(t.Context()) },
				func(s sql.Session) error { return s.Close() },
			} {
				c := session(t, e)
				if err := c.Begin(t.Context()); err != nil {
					t.Fatal(err)
				}
				run(t, c, "INSERT OVERWRITE t VALUES (0, 'nothing')")
				run(t, c, "DROP TABLE made")
				if got := answer(t, c, all); got != "0" {
					t.Errorf("inside there are %s", got)
				}
				if err := end(c); err != nil {
					t.Fatal(err)
				}
				if got := answer(t, b, all) + "/" + answer(t, b, "SELECT n FROM made"); got != "1,2,3,7,100/4" {
					t.Errorf("after a transaction that was given up there are %s", got)
				}
			}

			// Conflicts are told, and then nothing is written.
			run(t, a, "START TRANSACTION")
			run(t, b, "BEGIN")
			run(t, a, "INSERT OVERWRITE t VALUES (5, 'a')")
			run(t, b, "INSERT OVERWRITE t VALUES (6, 'b')")
			run(t, b, "INSERT INTO made VALUES (9)")
			run(t, a, "COMMIT")
			if got := answer(t, b, "COMMIT WORK"); got != "TRANSACTION_CONFLICT" {
				t.Errorf("%s", got)
			}
			if got := answer(t, b, all) + "/" + answer(t, b, "SELECT n FROM made"); got != "5/4" {
				t.Errorf("after a conflict there are %s", got)
			}
			for _, text := range []string{"COMMIT", "ROLLBACK"} {
				if got := answer(t, b, text); got != "INVALID_TRANSACTION_STATE" {
					t.Errorf("%s without a transaction: %s", text, got)
				}
			}
			run(t, b, "BEGIN TRANSACTION")
			if got := answer(t, b, "BEGIN"); got != "INVALID_TRANSACTION_STATE" {
				t.Errorf("a second transaction: %s", got)
			}
			dir := filepath.ToSlash(t.TempDir())
			// Folders and tables at a LOCATION get what was written to them at the end, or never.
			outside := func() {
				run(t, b, "INSERT OVERWRITE DIRECTORY '"+dir+"/d' USING parquet SELECT 1 AS a")
				run(t, b, "CREATE TABLE ext (a INT) USING parquet LOCATION '"+dir+"/ext'")
				run(t, b, "INSERT INTO ext VALUES (1)")
				run(t, b, "INSERT INTO ext VALUES (2)")
				run(t, b, "CREATE TABLE ext2 USING parquet LOCATION '"+dir+"/ext2' AS SELECT 3 AS a")
				if got := answer(t, a, "SELECT * FROM parquet.`"+dir+"/d`"); got == "1" {
					t.Errorf("a folder before the end of the transaction: %s", got)
				}
			}
			outside()
			run(t, b, "ROLLBACK")
			if got := answer(t, a, "SELECT * FROM ext"); got != "TABLE_OR_VIEW_NOT_FOUND" {
				t.Errorf("%s", got)
			}
			if left, err := filepath.Glob(dir + "/*"); len(left) > 0 || err != nil {
				t.Errorf("a transaction that was rolled back leaves %s, %v", left, err)
			}
			run(t, b, "BEGIN")
			outside()
			run(t, b, "COMMIT")
			if got := answer(t, a, "SELECT sum(a) FROM ext") + answer(t, a, "SELECT a FROM ext2") + answer(t, a, "SELECT a FROM parquet.`"+dir+"/d`"); got != "331" {
				t.Errorf("after COMMIT there are %s", got)
			}
			if !b.Untouched() {
				t.Error("the session is not as it was")
			}
		})
	}
}

// TestTemporaryTables: they are the session's, and go with it.
func TestTemporaryTables(t *testing.T) {
	e := engine(t, app.Options{})
	a, b := session(t, e), session(t, e)
	rec := record(t, idName, `[{"id": 1, "name": "temp"}]`)
	tmp := sql.IngestTarget{Table: "tmp", Temporary: true, Create: true}
	ingest := func(to sql.IngestTarget) error {
		_, err := a.Ingest(t.Context(), to, idName, stream(nil, rec))
		return err
	}
	if err := ingest(tmp); err != nil {
		t.Fatal(err)
	}
	if err := ingest(tmp); !sqlerr.Is(err, sqlerr.TableOrViewAlreadyExists) {
		t.Error(err)
	}
	if err := ingest(sql.IngestTarget{Table: "x", Schema: "default", Temporary: true, Create: true}); !sqlerr.Is(err, sqlerr.InvalidParameterValue) {
		t.Error(err)
	}
	run(t, a, "INSERT INTO tmp VALUES (2, 'more')")
	if got := answer(t, a, "SELECT id, name FROM tmp ORDER BY id"); got != "1|temp\n2|more" {
		t.Errorf("%q", got)
	}
	if got := answer(t, b, "SELECT * FROM tmp"); got != "TABLE_OR_VIEW_NOT_FOUND" {
		t.Errorf("another session: %s", got)
	}
	if a.Untouched() {
		t.Error("a session with a temporary table would be dropped")
	}
	got := list(t, a, func(n sql.TableName) bool { return n.Type != sql.SystemTable })
	if !slices.Equal(got, []string{"..tmp LOCAL TEMPORARY 2"}) {
		t.Errorf("%q", got)
	}
	if got := answer(t, a, "SHOW TABLES"); got != "|tmp|true" {
		t.Errorf("%q", got)
	}
	if got := answer(t, a, "CREATE VIEW v AS SELECT * FROM tmp"); got != "INVALID_TEMP_OBJ_REFERENCE" {
		t.Errorf("a stored view over a temporary table: %s", got)
	}
	// One of the same name in the schema is another table.
	run(t, a, "CREATE TABLE tmp AS SELECT 'lasting' AS kind")
	if got := answer(t, a, "SELECT kind FROM default.tmp"); got != "lasting" {
		t.Errorf("%s", got)
	}
	if got := answer(t, a, "SELECT count(*) FROM tmp"); got != "2" {
		t.Errorf("%s", got)
	}
	if got := answer(t, b, "SELECT kind FROM tmp"); got != "lasting" {
		t.Errorf("%s", got)
	}
	// They take part in transactions.
	if err := a.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(t, a, "INSERT INTO tmp VALUES (3, 'undone')")
	if err := ingest(sql.IngestTarget{Table: "tmp2", Temporary: true, Create: true}); err != nil {
		t.Error(err)
	}
	if err := a.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, a, "SELECT count(*) FROM tmp"); got != "2" {
		t.Errorf("%s", got)
	}
	if got := answer(t, a, "SELECT count(*) FROM tmp2"); got != "TABLE_OR_VIEW_NOT_FOUND" {
		t.Errorf("%s", got)
	}
	run(t, a, "DROP TABLE tmp")
	if got := answer(t, a, "SELECT kind FROM tmp"); got != "lasting" {
		t.Errorf("%s", got)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

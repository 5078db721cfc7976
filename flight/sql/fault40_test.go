package sql_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// What bob may not know: values of rows and columns that are hidden from him,
// names of what he may not see, and the texts of what is not his.
var hiddenWords = []string{"424242", "hushhush", "hoard", "vault", "treasure", "31337", "evelyn", "777777", "secretly", "concealed"}

// told is everything that a statement tells a client: columns and their
// metadata, rows, and whatever its error says.
func told(ctx context.Context, t *testing.T, c *flightsql.Client, text string) (string, error) {
	t.Helper()
	var b strings.Builder
	fail := func(err error) (string, error) {
		b.WriteString(err.Error())
		for _, d := range status.Convert(err).Proto().GetDetails() {
			b.WriteString(" " + d.String())
		}
		return b.String(), err
	}
	i, err := c.Execute(ctx, text)
	if err != nil {
		return fail(err)
	}
	s, err := flight.DeserializeSchema(i.GetSchema(), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString(s.String() + " ")
	for _, e := range i.GetEndpoint() {
		r, err := c.DoGet(ctx, e.GetTicket())
		if err != nil {
			return fail(err)
		}
		for r.Next() {
			rec := r.RecordBatch()
			for row := range int(rec.NumRows()) {
				for col := range int(rec.NumCols()) {
					b.WriteString(rec.Column(col).ValueStr(row) + " ")
				}
			}
		}
		err = r.Err()
		r.Release()
		if err != nil && !errors.Is(err, io.EOF) {
			return fail(err)
		}
	}
	return b.String(), nil
}

// vaulted is a server with things that bob may not see, and its folders.
func vaulted(t *testing.T) (s *served, c *flightsql.Client, root, bob context.Context, wh, data string) {
	t.Helper()
	top := filepath.ToSlash(t.TempDir())
	wh, data = top+"/wh", top+"/data"
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{Threads: 2, Admins: []string{"root"}, Warehouse: wh, Files: []string{data}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	e := serve.New(a)
	e.Rights = true
	s = serving(t, e, serve.ServerOptions{Auth: auth.Everybody{}})
	c, root, bob = s.client(), s.session(t, as(t.Context(), "root")), s.session(t, as(t.Context(), "bob"))
	mustRun(root, t, c,
		"CREATE SCHEMA vault", "CREATE TABLE vault.treasure (hoard INT)", "INSERT INTO vault.treasure VALUES (424242)", "CREATE VIEW vault.map AS SELECT hoard FROM vault.treasure",
		"CREATE SCHEMA open",
		"CREATE TABLE open.hidden (secret INT, word STRING) TBLPROPERTIES ('note' = 'secretly')", "INSERT INTO open.hidden VALUES (424242, 'hushhush')",
		"CREATE TABLE open.part (a INT, hoard INT COMMENT 'secretly', p STRING) PARTITIONED BY (p)", "INSERT INTO open.part VALUES (1, 424242, 'hushhush'), (2, 0, 'x')",
		"CREATE FUNCTION own(w STRING) RETURNS BOOLEAN RETURN w = current_user() AND 'concealed' = 'concealed'", "CREATE FUNCTION zero(x INT) RETURNS INT RETURN 0",
		"CREATE FUNCTION stars(x STRING) RETURNS STRING RETURN '***'",
		"CREATE TABLE open.rows (id INT, who STRING, amount INT MASK zero, text STRING MASK stars) WITH ROW FILTER own ON (who)",
		"INSERT INTO open.rows VALUES (1, 'bob', 777777, '777777x'), (5, 'evelyn', 31337, 'hushhush')",
		"CREATE TABLE open.cells (id INT, who STRING) PARTITIONED BY (who) WITH ROW FILTER own ON (who)", "INSERT INTO open.cells VALUES (1, 'bob'), (5, 'evelyn')",
		"CREATE VIEW open.seen AS SELECT a FROM open.part WHERE hoard <> 31337", "CREATE VIEW open.seen2 AS SELECT a FROM open.seen", "CREATE VIEW open.unseen AS SELECT word FROM open.hidden",
		"CREATE VIEW open.fails AS SELECT 1 / (secret - 424242) AS q FROM open.hidden",
		"CREATE OR REPLACE TEMPORARY VIEW mine AS SELECT * FROM open.hidden", "CREATE GLOBAL TEMPORARY VIEW everyones AS SELECT * FROM open.hidden",
		"CACHE TABLE open.hidden",
		"CREATE FUNCTION open.peek() RETURNS STRING RETURN (SELECT max(word) FROM open.hidden)", "CREATE FUNCTION vault.dig() RETURNS INT RETURN (SELECT max(hoard) FROM vault.treasure)",
		"CREATE FUNCTION open.many(x INT) RETURNS BOOLEAN RETURN (SELECT count(*) > x AND max(word) <> 'concealed' FROM open.hidden)",
		"CREATE FUNCTION open.breaks() RETURNS INT RETURN (SELECT max(CAST(word AS INT)) FROM open.hidden)",
		"GRANT USE CATALOG ON CATALOG spark_catalog TO PUBLIC", "GRANT USE SCHEMA, CREATE ON SCHEMA open TO bob",
		"GRANT SELECT (a) ON open.part TO bob", "GRANT SELECT ON open.rows TO bob", "GRANT SELECT ON open.cells TO bob",
		"GRANT EXECUTE ON FUNCTION open.many TO bob", "GRANT EXECUTE ON FUNCTION open.breaks TO bob",
		"GRANT SELECT ON open.seen2 TO bob", "GRANT SELECT ON open.fails TO bob",
	)
	return s, c, root, bob, wh, data
}

// TestAccess is fault 40, but for what needs more than a statement: whatever
// bob asks, what he may not know is not in the answer.
func TestAccess(t *testing.T) {
	_, c, root, bob, wh, data := vaulted(t)
	var file string // of the hidden table
	err := filepath.WalkDir(wh, func(p string, d os.DirEntry, err error) error {
		if strings.HasSuffix(p, ".parquet") && strings.Contains(p, "hidden") {
			file = filepath.ToSlash(p)
		}
		return err
	})
	if err != nil || file == "" {
		t.Fatalf("no file of the table: %v", err)
	}
	const (
		ok     = codes.OK
		denied = codes.PermissionDenied
		none   = codes.NotFound
	)
	for _, p := range []struct {
		what, text string
		want       codes.Code
		has        string // what the answer must hold
	}{
		// Tables without a right.
		{"a table", "SELECT * FROM open.hidden", denied, ""},
		{"a table of a schema that is not there for bob", "SELECT * FROM vault.treasure", none, ""},
		{"a view below another's schema", "SELECT * FROM vault.map", none, ""},
		{"a view without a right on it", "SELECT * FROM open.unseen", denied, ""},
		{"a CTE", "WITH c AS (SELECT * FROM open.hidden) SELECT * FROM c", denied, ""},
		{"a CTE that nothing uses", "WITH c AS (SELECT * FROM open.hidden) SELECT 1", denied, ""},
		{"a scalar subquery", "SELECT (SELECT max(secret) FROM open.hidden)", denied, ""},
		{"EXISTS", "SELECT 1 WHERE EXISTS (SELECT 1 FROM open.hidden WHERE word LIKE 'h%')", denied, ""},
		{"IN", "SELECT 424242 - 1 IN (SELECT secret - 1 FROM open.hidden)", denied, ""},
		{"a lateral join", "SELECT * FROM open.seen2, LATERAL (SELECT secret FROM open.hidden)", denied, ""},
		{"a set operation", "SELECT 1 UNION ALL SELECT secret FROM open.hidden", denied, ""},
		{"a recursive query", "WITH RECURSIVE r AS (SELECT secret AS n FROM open.hidden UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r", denied, ""},
		{"TABLESAMPLE", "SELECT * FROM open.hidden TABLESAMPLE (100 PERCENT)", denied, ""},
		{"a query without rows", "SELECT * FROM open.hidden LIMIT 0", denied, ""},
		{"a condition that is false", "SELECT * FROM open.hidden WHERE false", denied, ""},
		{"a table that root has cached", "SELECT count(*) FROM open.hidden", denied, ""},
		{"a temporary view of root's session", "SELECT * FROM mine", none, ""},
		{"a global temporary view of root's", "SELECT * FROM global_temp.everyones", none, ""},
		{"EXECUTE IMMEDIATE", "EXECUTE IMMEDIATE 'SELECT * FROM open.hidden'", denied, ""},
		{"IDENTIFIER", "SELECT * FROM IDENTIFIER('open.hid' || 'den')", denied, ""},
		{"a variable", "SET VAR x = (SELECT max(secret) FROM open.hidden)", denied, ""},
		{"the default of a variable", "DECLARE VARIABLE y INT DEFAULT (SELECT max(secret) FROM open.hidden)", denied, ""},
		{"a function of bob's", "CREATE FUNCTION leak() RETURNS INT RETURN (SELECT max(secret) FROM open.hidden)", denied, ""},
		{"that function", "SELECT leak()", none, ""},
		{"time travel", "SELECT * FROM open.hidden VERSION AS OF 1", codes.Unimplemented, ""},

		// What is written, and made of it.
		{"CREATE TABLE AS", "CREATE TABLE open.mine1 AS SELECT * FROM open.hidden", denied, ""},
		{"CREATE TABLE LIKE", "CREATE TABLE open.mine2 LIKE open.hidden", denied, ""},
		{"CREATE TABLE LIKE a table of which bob may read a column", "CREATE TABLE open.mine3 LIKE open.part", ok, ""},
		{"what it made", "DESCRIBE TABLE open.mine3", ok, ""},
		{"INSERT … SELECT", "INSERT INTO open.mine3 SELECT secret FROM open.hidden", denied, ""},
		{"INSERT into it", "INSERT INTO open.hidden VALUES (1, 'x')", denied, ""},
		{"INSERT OVERWRITE", "INSERT OVERWRITE open.hidden VALUES (1, 'x')", denied, ""},
		{"INSERT with a wrong number of columns", "INSERT INTO open.hidden VALUES (1)", denied, ""},
		{"TRUNCATE", "TRUNCATE TABLE open.hidden", denied, ""},
		{"DROP", "DROP TABLE open.hidden", denied, ""},
		{"UPDATE", "UPDATE open.hidden SET secret = 1", codes.Unimplemented, ""},
		{"DELETE", "DELETE FROM open.hidden WHERE secret = 1", codes.Unimplemented, ""},
		{"MERGE", "MERGE INTO open.hidden t USING open.seen2 s ON t.secret = s.a WHEN MATCHED THEN DELETE", codes.Unimplemented, ""},
		{"CREATE VIEW", "CREATE VIEW open.w AS SELECT * FROM open.hidden", denied, ""},
		{"CREATE OR REPLACE of root's view", "CREATE OR REPLACE VIEW open.seen2 AS SELECT * FROM open.part", denied, ""},
		{"ALTER VIEW of root's view", "ALTER VIEW open.seen2 AS SELECT 1 AS a", denied, ""},
		{"REPLACE of the table", "CREATE OR REPLACE TABLE open.hidden (a INT)", denied, ""},
		{"RENAME", "ALTER TABLE open.hidden RENAME TO open.mine4", denied, ""},
		{"SET LOCATION", "ALTER TABLE open.hidden SET LOCATION '" + data + "'", denied, ""},
		{"a directory", "INSERT OVERWRITE DIRECTORY '" + data + "/out' USING csv SELECT * FROM open.hidden", denied, ""},

		// What is said of them.
		{"DESCRIBE", "DESCRIBE open.hidden", denied, ""},
		{"DESCRIBE EXTENDED", "DESCRIBE EXTENDED open.hidden", denied, ""},
		{"DESCRIBE of a column", "DESCRIBE EXTENDED open.hidden secret", denied, ""},
		{"DESCRIBE of a query", "DESCRIBE QUERY SELECT * FROM open.hidden", denied, ""},
		{"SHOW CREATE TABLE", "SHOW CREATE TABLE open.hidden", denied, ""},
		{"SHOW CREATE TABLE of a view", "SHOW CREATE TABLE open.seen2", denied, ""},
		{"SHOW COLUMNS", "SHOW COLUMNS IN open.hidden", denied, ""},
		{"SHOW TBLPROPERTIES", "SHOW TBLPROPERTIES open.hidden", denied, ""},
		{"SHOW PARTITIONS", "SHOW PARTITIONS open.part", codes.InvalidArgument, ""},
		{"SHOW PARTITIONS of a table with a row filter", "SHOW PARTITIONS open.cells", denied, ""},
		{"SHOW GRANTS", "SHOW GRANTS ON open.hidden", denied, ""},
		{"SHOW GRANTS of root's", "SHOW GRANTS TO USER root", denied, ""},
		{"SHOW TABLES", "SHOW TABLES IN open", ok, "part"},
		{"SHOW TABLES of the schema that is not there", "SHOW TABLES IN vault", none, ""},
		{"SHOW VIEWS", "SHOW VIEWS IN open", ok, "seen2"},
		{"SHOW TABLE EXTENDED", "SHOW TABLE EXTENDED IN open LIKE '*'", ok, ""},
		{"SHOW SCHEMAS", "SHOW SCHEMAS", ok, "open"},
		{"ANALYZE", "ANALYZE TABLE open.hidden COMPUTE STATISTICS FOR ALL COLUMNS", denied, ""},
		{"REFRESH", "REFRESH TABLE open.hidden", denied, ""},
		{"CACHE", "CACHE TABLE x1 AS SELECT * FROM open.hidden", denied, ""},
		{"COMMENT", "COMMENT ON TABLE open.hidden IS 'x'", codes.Unimplemented, ""},
		{"the tables of information_schema", "SELECT * FROM information_schema.tables", ok, "part"},
		{"the columns of information_schema", "SELECT * FROM information_schema.columns", ok, "seen2"},
		{"the views of information_schema", "SELECT * FROM information_schema.views", ok, "seen2"},
		{"the routines of information_schema", "SELECT * FROM information_schema.routines", ok, "many"},
		{"the schemata of information_schema", "SELECT * FROM information_schema.schemata", ok, "open"},
		{"a name that is nearly right", "SELECT * FROM open.hiden", none, ""},
		{"a schema that is nearly right", "SELECT * FROM vaul.treasure", none, ""},
		{"EXPLAIN", "EXPLAIN SELECT * FROM open.hidden", denied, ""},
		{"EXPLAIN of a write", "EXPLAIN INSERT INTO open.hidden VALUES (1, 'x')", ok, ""},

		// Columns.
		{"* leaves a column out", "SELECT * FROM open.part", ok, ""},
		{"a hidden column", "SELECT HOARD FROM open.part", none, ""},
		{"a hidden column in a condition", "SELECT a FROM open.part WHERE Hoard > 0", none, ""},
		{"a hidden column in ORDER BY", "SELECT a FROM open.part ORDER BY p", none, ""},
		{"a hidden column in GROUP BY", "SELECT count(*) FROM open.part GROUP BY p", none, ""},
		{"a hidden column in an aggregate", "SELECT min(p) FROM open.part", none, ""},
		{"a hidden column in USING", "SELECT * FROM open.part x JOIN open.part y USING (p)", codes.InvalidArgument, ""},
		{"NATURAL JOIN", "SELECT count(*) FROM open.part x NATURAL JOIN open.part y", ok, "2 "},
		{"the row as a struct", "SELECT struct(part.*) FROM open.part", ok, ""},
		{"the row as JSON", "SELECT to_json(struct(*)) FROM open.part", ok, ""},
		{"a column that is nearly right", "SELECT hoar FROM open.part", none, ""},
		{"DESCRIBE of some columns", "DESCRIBE EXTENDED open.part", ok, "a int"},
		{"DESCRIBE of a hidden column", "DESCRIBE open.part p", none, ""},
		{"SHOW COLUMNS of some", "SHOW COLUMNS IN open.part", ok, "a"},
		{"SHOW CREATE TABLE of some columns", "SHOW CREATE TABLE open.part", ok, ""},
		{"DROP of a partition by its value", "ALTER TABLE open.part DROP PARTITION (p = 'x')", codes.InvalidArgument, ""},

		// Views of root's.
		{"a view of a view", "SELECT * FROM open.seen2 ORDER BY a", ok, "1 2 "},
		{"a view that root's view reads", "SELECT * FROM open.seen", denied, ""},
		{"what fails in a view", "SELECT * FROM open.fails", codes.InvalidArgument, ""},
		{"what fails over a view", "SELECT CAST('x' || a AS INT) FROM open.seen2", codes.InvalidArgument, ""},
		{"EXPLAIN of a view", "EXPLAIN SELECT * FROM open.seen2", ok, "=="},
		{"EXPLAIN EXTENDED of a view", "EXPLAIN EXTENDED SELECT * FROM open.seen2 WHERE a = 1", ok, "=="},
		{"EXPLAIN FORMATTED of a view", "EXPLAIN FORMATTED SELECT * FROM open.seen2", ok, ""},
		{"EXPLAIN COST of a view", "EXPLAIN COST SELECT * FROM open.seen2", ok, ""},
		{"EXPLAIN CODEGEN of a view", "EXPLAIN CODEGEN SELECT * FROM open.seen2", ok, ""},
		{"EXPLAIN LOGICAL of a view", "EXPLAIN LOGICAL SELECT * FROM open.seen2", ok, ""},
		{"EXPLAIN OPTIMIZED of a view", "EXPLAIN OPTIMIZED SELECT * FROM open.seen2", ok, ""},
		{"EXPLAIN ANALYZE of a view", "EXPLAIN ANALYZE SELECT * FROM open.seen2", ok, ""},
		{"DESCRIBE of a view", "DESCRIBE EXTENDED open.seen2", ok, "a int"},

		// Rows and values.
		{"rows that are filtered", "SELECT * FROM open.rows", ok, "1 bob 0 *** "},
		{"a division by a hidden value", "SELECT 1 / (id - 5) FROM open.rows", ok, ""},
		{"a division in a condition", "SELECT id FROM open.rows WHERE 1 / (id - 5) < 5", ok, "1 "},
		{"a cast of a hidden value", "SELECT CAST(who AS INT) FROM open.rows WHERE id = 5", ok, ""},
		{"a cast of a masked value", "SELECT CAST(text AS INT) FROM open.rows", codes.InvalidArgument, "***"},
		{"raise_error with what is there", "SELECT raise_error(who || text || amount) FROM open.rows", codes.InvalidArgument, "bob***0"},
		{"assert_true of hidden rows", "SELECT assert_true(id <> 5) FROM open.rows", ok, ""},
		{"a condition on a masked value", "SELECT id FROM open.rows WHERE amount = 700000 + 77777", ok, ""},
		{"the extremes of masked values", "SELECT min(amount), max(amount), max(text) FROM open.rows", ok, "0 0 ***"},
		{"the extremes of hidden rows", "SELECT max(id), count(*) FROM open.rows", ok, "1 1 "},
		{"groups of hidden rows", "SELECT who, count(*) FROM open.rows GROUP BY ALL", ok, "bob 1"},
		{"windows over hidden rows", "SELECT id, lead(who) OVER (ORDER BY id) FROM open.rows", ok, "1 "},
		{"a join by a masked value", "SELECT a.id FROM open.rows a JOIN (SELECT 700000 + 77777 AS n) b ON a.amount = b.n", ok, ""},
		{"an outer join", "SELECT b.n, a.id FROM (SELECT 5 AS n) b LEFT JOIN open.rows a ON a.id = b.n", ok, "5 (null)"},
		{"a correlated subquery", "SELECT (SELECT max(r.who) FROM open.rows r WHERE r.id >= s.a) FROM open.seen2 s WHERE s.a = 2", ok, "(null)"},
		{"one table twice in a query", "SELECT (SELECT count(*) FROM open.rows), (SELECT count(*) FROM open.rows WHERE id > 0)", ok, "1 1 "},
		{"a sample of hidden rows", "SELECT count(*) FROM open.rows TABLESAMPLE (100 PERCENT)", ok, "1 "},
		{"the partitions of hidden rows", "SELECT who FROM open.cells", ok, "bob "},
		{"pruning by a hidden partition", "SELECT count(*) FROM open.cells WHERE who = concat('eve', 'lyn')", ok, "0 "},
		{"EXPLAIN of filtered rows", "EXPLAIN EXTENDED SELECT * FROM open.rows WHERE id = 5", ok, "=="},
		{"EXPLAIN ANALYZE of filtered rows", "EXPLAIN ANALYZE SELECT * FROM open.rows", ok, "1 rows"},
		{"DESCRIBE of a table with rules", "DESCRIBE EXTENDED open.rows", ok, "amount int"},
		{"SHOW CREATE TABLE with rules", "SHOW CREATE TABLE open.rows", ok, "amount INT"},
		{"CREATE TABLE AS of filtered rows", "CREATE TABLE open.copy AS SELECT * FROM open.rows", ok, ""},
		{"what it holds", "SELECT * FROM open.copy", ok, "1 bob 0 *** "},
		{"a view of bob's over them", "CREATE VIEW open.bobs AS SELECT * FROM open.rows", ok, ""},
		{"what that shows", "SELECT * FROM open.bobs", ok, "1 bob 0 *** "},
		{"the row filter's function", "DESCRIBE FUNCTION own", none, ""},
		{"taking the row filter away", "ALTER TABLE open.rows DROP ROW FILTER", denied, ""},
		{"taking a mask away", "ALTER TABLE open.rows ALTER COLUMN amount DROP MASK", denied, ""},
		{"another type of a masked column", "ALTER TABLE open.rows ALTER COLUMN amount TYPE BIGINT", denied, ""},
		{"giving oneself the right", "GRANT SELECT ON open.hidden TO bob", denied, ""},
		{"becoming its owner", "ALTER TABLE open.hidden OWNER TO bob", denied, ""},
		{"making oneself a role", "CREATE ROLE r", denied, ""},

		// Functions.
		{"a function without a right on it", "SELECT open.peek()", denied, ""},
		{"a function in a condition", "SELECT 1 WHERE open.peek() LIKE 'h%'", denied, ""},
		{"a function in a subquery", "SELECT (SELECT open.peek())", denied, ""},
		{"a function in a view of bob's", "CREATE VIEW open.peeks AS SELECT open.peek() AS p", denied, ""},
		{"a function in a function of bob's", "CREATE FUNCTION open.mine() RETURNS STRING RETURN open.peek()", denied, ""},
		{"a function of a schema that is not there for bob", "SELECT vault.dig()", none, ""},
		{"EXPLAIN of a function", "EXPLAIN EXTENDED SELECT open.peek()", denied, ""},
		{"DESCRIBE of a function", "DESCRIBE FUNCTION EXTENDED open.peek", denied, ""},
		{"SHOW FUNCTIONS", "SHOW USER FUNCTIONS", ok, ""},
		{"a function that bob may call", "SELECT open.many(0)", ok, "true"},
		{"its plan", "EXPLAIN EXTENDED SELECT open.many(0)", ok, "=="},
		{"its optimized plan", "EXPLAIN OPTIMIZED SELECT open.many(a) FROM open.seen2", ok, "=="},
		{"its description", "DESCRIBE FUNCTION EXTENDED open.many", ok, "x INT"},
		{"what fails in it", "SELECT open.breaks()", codes.InvalidArgument, ""},
		{"an argument that it does not take", "SELECT open.many('x', 2)", codes.InvalidArgument, ""},
		{"writing it anew", "CREATE OR REPLACE FUNCTION open.many(x INT) RETURNS BOOLEAN RETURN true", denied, ""},
		{"dropping it", "DROP FUNCTION open.many", denied, ""},
		{"its rights", "GRANT EXECUTE ON FUNCTION open.many TO cid", denied, ""},

		// Files.
		{"a file of the table", "SELECT * FROM parquet.`" + file + "`", denied, ""},
		{"a file by its name alone", "SELECT * FROM '" + file + "'", denied, ""},
		{"the folder of the schema", "SELECT * FROM parquet.`" + wh + "/open.db/*/*`", denied, ""},
		{"the records of the catalog", "SELECT * FROM text.`" + wh + "/_volley/**`", denied, ""},
		{"a table at the folder", "CREATE TABLE open.spy USING parquet LOCATION '" + filepath.ToSlash(filepath.Dir(file)) + "'", denied, ""},
		{"a view at the file", "CREATE TEMPORARY VIEW spy USING parquet OPTIONS (path '" + file + "')", denied, ""},
		{"writing into the warehouse", "INSERT OVERWRITE DIRECTORY '" + wh + "/open.db' USING parquet SELECT 1 AS a", denied, ""},
		{"a schema at the warehouse", "CREATE SCHEMA spy LOCATION '" + wh + "'", denied, ""},
		{"a file inside the folders of statements, without a right on files", "SELECT * FROM csv.`" + data + "/x.csv`", denied, ""},
		{"writing inside the folders of statements", "INSERT OVERWRITE DIRECTORY '" + data + "/y' USING csv SELECT 1 AS a", denied, ""},
	} {
		t.Run(p.what, func(t *testing.T) {
			got, err := told(bob, t, c, p.text)
			if code := status.Code(err); code != p.want {
				t.Errorf("%v, want %v: %s", code, p.want, got)
			}
			if err != nil && status.Code(err) == codes.Internal {
				t.Errorf("a bug: %v", err)
			}
			if p.has != "" && !strings.Contains(got, p.has) {
				t.Errorf("%q is not in %s", p.has, got)
			}
			quoted := strings.ReplaceAll(got, file, "") // bob named it himself
			for _, w := range hiddenWords {
				if strings.Contains(quoted, w) && !strings.Contains(p.text, w) {
					t.Errorf("it tells %q: %s", w, got)
				}
			}
		})
	}
	t.Run("what root sees is all there still", func(t *testing.T) {
		for text, want := range map[string]string{
			"SELECT secret, word FROM open.hidden": "424242 hushhush ", "SELECT a, hoard FROM open.part WHERE a = 1": "1 424242 ", "SELECT hoard FROM vault.treasure": "424242 ",
		} {
			if got, err := told(root, t, c, text); err != nil || !strings.HasSuffix(got, want) {
				t.Errorf("%s: %s, %v", text, got, err)
			}
		}
	})
}

// TestAccessBesideStatements is the rest of fault 40: prepared statements, other
// people's queries, metrics.
func TestAccessBesideStatements(t *testing.T) {
	s, c, root, bob, _, _ := vaulted(t)
	clean := func(t *testing.T, text string) {
		t.Helper()
		for _, w := range hiddenWords {
			if strings.Contains(text, w) {
				t.Errorf("it tells %q: %s", w, text)
			}
		}
	}
	t.Run("a statement that is prepared", func(t *testing.T) {
		for _, text := range []string{"SELECT * FROM open.hidden WHERE secret = ?", "INSERT INTO open.hidden VALUES (?, ?)"} {
			_, err := c.Prepare(bob, text)
			wantCode(t, err, codes.PermissionDenied)
			clean(t, err.Error())
		}
	})
	t.Run("a parameter that takes its type of a hidden column", func(t *testing.T) {
		_, err := c.Prepare(bob, "SELECT a FROM open.part WHERE Hoard = ?")
		wantCode(t, err, codes.NotFound)
	})
	t.Run("the schema of a statement", func(t *testing.T) {
		_, err := c.GetExecuteSchema(bob, "SELECT * FROM open.hidden")
		wantCode(t, err, codes.PermissionDenied)
	})
	t.Run("the schema of some columns", func(t *testing.T) {
		r, err := c.GetExecuteSchema(bob, "SELECT * FROM open.part")
		if err != nil {
			t.Fatal(err)
		}
		schema, err := flight.DeserializeSchema(r.GetSchema(), memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		clean(t, schema.String())
	})
	var roots *flight.FlightInfo
	t.Run("another user's result", func(t *testing.T) {
		var err error
		if roots, err = c.Execute(root, "SELECT * FROM open.hidden"); err != nil {
			t.Fatal(err)
		}
		_, err = fetch(bob, c, roots)
		wantCode(t, err, codes.NotFound)
		clean(t, err.Error())
	})
	t.Run("another user's result is not renewed", func(t *testing.T) {
		_, err := c.RenewFlightEndpoint(bob, &flight.RenewFlightEndpointRequest{Endpoint: roots.GetEndpoint()[0]})
		wantCode(t, err, codes.NotFound)
	})
	t.Run("another user's query is not cancelled", func(t *testing.T) {
		r, err := c.CancelFlightInfo(bob, &flight.CancelFlightInfoRequest{Info: roots})
		if err == nil && r.GetStatus() != flight.CancelStatusNotCancellable && r.GetStatus() != flight.CancelStatusUnspecified {
			t.Errorf("%v", r)
		}
		if n, err := fetch(root, c, roots); err != nil || n != 1 {
			t.Errorf("then root reads %d rows, %v", n, err)
		}
	})
	t.Run("another user's prepared statement", func(t *testing.T) {
		p, err := c.Prepare(root, "SELECT * FROM open.hidden")
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close(root)
		_, err = p.Execute(bob)
		wantCode(t, err, codes.NotFound)
	})
	t.Run("metrics", func(t *testing.T) {
		_, _ = query(bob, c, "SELECT * FROM open.rows")
		told := published(t, s)
		for _, w := range []string{"hushhush", "hoard", "vault", "treasure", "evelyn", "bob", "root", "SELECT"} {
			if strings.Contains(told, w) {
				t.Errorf("they tell %q", w)
			}
		}
	})
}

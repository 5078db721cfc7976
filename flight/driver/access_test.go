package driver

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley"
	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// believer lets everybody in under the name they give; the password is a role.
type believer struct{ auth.Refusals }

func (believer) Password(_ context.Context, user, role string) (auth.Principal, error) {
	return auth.Principal{Name: user, Roles: []string{role}}, nil
}

// guarded is a server that asks for rights, over a warehouse.
type guarded struct {
	t    *testing.T
	addr string
	end  func()
}

func guardedServer(t *testing.T, warehouse string) *guarded {
	t.Helper()
	a, err := app.Open(app.Options{Threads: 2, Warehouse: warehouse, Admins: []string{"root"}})
	if err != nil {
		t.Fatal(err)
	}
	e := serve.New(a)
	e.Rights = true
	s, err := serve.Start(e, serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour, Auth: believer{}})
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{t: t, addr: s.Addr().String()}
	g.end = func() {
		g.end = func() {}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
		a.Close()
	}
	t.Cleanup(func() { g.end() })
	return g
}

// as is a connection of a user.
func (g *guarded) as(user, role string) *sql.Conn {
	g.t.Helper()
	u := url.URL{Scheme: "grpc", User: url.UserPassword(user, role), Host: g.addr}
	db, err := sql.Open("volley", u.String())
	if err != nil {
		g.t.Fatal(err)
	}
	c, err := db.Conn(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { c.Close(); db.Close() })
	return c
}

func (g *guarded) run(c *sql.Conn, statements ...string) {
	g.t.Helper()
	for _, s := range statements {
		if _, err := c.ExecContext(g.t.Context(), s); err != nil {
			g.t.Fatalf("%s: %v", s, err)
		}
	}
}

// all are the rows of a query as text.
func all(t *testing.T, c *sql.Conn, query string, args ...any) (string, error) {
	rows, err := c.QueryContext(t.Context(), query, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var out []string
	for rows.Next() {
		cells := make([]sql.NullString, len(cols))
		to := make([]any, len(cols))
		for i := range cells {
			to[i] = &cells[i]
		}
		if err := rows.Scan(to...); err != nil {
			return "", err
		}
		var line []string
		for _, c := range cells {
			line = append(line, c.String)
		}
		out = append(out, strings.Join(line, ","))
	}
	return strings.Join(out, " "), rows.Err()
}

func condition(err error) string {
	var e *volley.Error
	if errors.As(err, &e) {
		return e.Condition
	}
	return ""
}

// TestDenied tries every way to what a user may not see: no answer, no error
// and no list may hold a name or value of it.
func TestDenied(t *testing.T) {
	dir := filepath.ToSlash(t.TempDir())
	g := guardedServer(t, dir+"/wh")
	root, bob := g.as("root", ""), g.as("bob", "")
	g.run(root,
		"CREATE SCHEMA open", "CREATE SCHEMA vault",
		"CREATE TABLE vault.treasure AS SELECT * FROM VALUES (5, 'goldbar'), (7, 'rubies') AS t(hoard, what)",
		"CREATE VIEW vault.peek AS SELECT * FROM vault.treasure WHERE what <> 'goldbar'",
		"CREATE TABLE open.part AS SELECT 1 AS a, 'goldbar' AS treasure",
		"CREATE TABLE open.masked AS SELECT * FROM VALUES (1, 'goldbar', 'bob'), (5, 'rubies', 'eve') AS t(hoard, what, who)",
		"CREATE TABLE open.none AS SELECT 'goldbar' AS treasure",
		"CREATE VIEW open.window AS SELECT hoard, CAST(what AS INT) AS n FROM vault.treasure WHERE hoard < 6",
		"CREATE FUNCTION own(w STRING) RETURNS BOOLEAN RETURN w = current_user()",
		"CREATE FUNCTION stars(s STRING) RETURNS STRING RETURN '***'",
		"ALTER TABLE open.masked SET ROW FILTER own ON (who)", "ALTER TABLE open.masked ALTER COLUMN what SET MASK stars",
		"GRANT USE CATALOG ON CATALOG spark_catalog TO PUBLIC", "GRANT USE SCHEMA ON SCHEMA open TO PUBLIC",
		"CREATE TABLE open.inbox (a INT)", "GRANT INSERT ON open.inbox TO bob",
		"GRANT SELECT (a) ON open.part TO bob", "GRANT SELECT ON open.masked TO bob", "GRANT SELECT ON open.window TO bob",
	)
	secret := []string{"vault", "peek", "goldbar", "rubies", "hoard < 6"}
	for _, c := range []struct{ query, want string }{
		// Tables in a schema that is hidden, as any name is that does not exist.
		{"SELECT * FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SELECT * FROM vault.peek", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SELECT * FROM spark_catalog.vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SELECT 1 WHERE EXISTS (SELECT 1 FROM vault.treasure)", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"WITH v AS (SELECT * FROM vault.peek) SELECT count(*) FROM v", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SELECT * FROM open.part, LATERAL (SELECT * FROM vault.treasure)", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"EXPLAIN SELECT * FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"EXPLAIN ANALYZE SELECT * FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"DESCRIBE EXTENDED vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"DESCRIBE vault.treasure hoard", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"DESCRIBE QUERY SELECT * FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SHOW COLUMNS IN vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SHOW CREATE TABLE vault.peek", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SHOW TBLPROPERTIES vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SHOW PARTITIONS vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"ANALYZE TABLE vault.treasure COMPUTE STATISTICS", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"CACHE TABLE vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"REFRESH TABLE vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"MSCK REPAIR TABLE vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"CREATE TEMP VIEW x AS SELECT * FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"CREATE TABLE open.x AS SELECT * FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"CREATE TABLE open.x LIKE vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"INSERT INTO open.inbox SELECT hoard FROM vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"INSERT INTO vault.treasure VALUES (1, 'x')", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"TRUNCATE TABLE vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"DROP TABLE vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"DROP VIEW vault.peek", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"ALTER TABLE vault.treasure SET TBLPROPERTIES (a = 'b')", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"ALTER VIEW vault.peek AS SELECT 1 a", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"ALTER TABLE vault.treasure OWNER TO bob", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"ALTER TABLE vault.treasure DROP ROW FILTER", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"GRANT SELECT ON vault.treasure TO bob", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SHOW GRANTS ON vault.treasure", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"DECLARE VARIABLE v INT DEFAULT (SELECT max(hoard) FROM vault.treasure)", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SELECT IDENTIFIER('hoard') FROM IDENTIFIER('vault.treasure')", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"CREATE FUNCTION thief() RETURNS INT RETURN (SELECT max(hoard) FROM vault.treasure)", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SHOW TABLES IN vault", "!SCHEMA_NOT_FOUND"},
		{"SHOW TABLE EXTENDED IN vault LIKE '*'", "!SCHEMA_NOT_FOUND"},
		{"SHOW VIEWS IN vault", "!SCHEMA_NOT_FOUND"},
		{"USE vault", "!SCHEMA_NOT_FOUND"},
		{"DESCRIBE SCHEMA EXTENDED vault", "!SCHEMA_NOT_FOUND"},
		{"DROP SCHEMA vault CASCADE", "!SCHEMA_NOT_FOUND"},
		{"GRANT USE SCHEMA ON SCHEMA vault TO bob", "!SCHEMA_NOT_FOUND"},
		// Typing errors are not helped along by names that are hidden.
		{"SELECT * FROM vault.treasur", "!TABLE_OR_VIEW_NOT_FOUND"},
		{"SELECT * FROM open.non", "!TABLE_OR_VIEW_NOT_FOUND"},
		// Lists.
		{"SHOW SCHEMAS", "open"},
		{"SHOW TABLES IN open", "open,inbox,false open,masked,false open,part,false open,window,false"},
		{"SELECT schema_name FROM information_schema.schemata", "open information_schema"},
		{"SELECT table_schema, table_name FROM information_schema.tables", "open,inbox open,masked open,part open,window"},
		{"SELECT table_name, column_name FROM information_schema.columns", "inbox,a masked,hoard masked,what masked,who part,a window,hoard window,n"},
		{"SELECT table_name, view_definition FROM information_schema.views", "window,"},
		{"SHOW GRANTS ON SCHEMA open", "root,USER,OWN,SCHEMA,spark_catalog.open,,true public,ROLE,USE SCHEMA,SCHEMA,spark_catalog.open,,false"},
		{"SHOW GRANTS ON open.masked", "root,USER,OWN,TABLE,spark_catalog.open.masked,,true bob,USER,SELECT,TABLE,spark_catalog.open.masked,,false"},
		// A table without a privilege in a schema that may be used.
		{"SELECT * FROM open.none", "!INSUFFICIENT_PERMISSIONS"},
		{"DESCRIBE open.none", "!INSUFFICIENT_PERMISSIONS"},
		{"SHOW COLUMNS IN open.none", "!INSUFFICIENT_PERMISSIONS"},
		{"EXPLAIN SELECT * FROM open.none", "!INSUFFICIENT_PERMISSIONS"},
		{"INSERT INTO open.masked VALUES (1, 'x', 'bob')", "!INSUFFICIENT_PERMISSIONS"},
		{"CREATE TABLE open.x (a INT)", "!INSUFFICIENT_PERMISSIONS"},
		// Columns.
		{"SELECT * FROM open.part", "1"},
		{"SELECT treasure FROM open.part", "!UNRESOLVED_COLUMN.WITH_SUGGESTION"},
		{"SELECT a FROM open.part ORDER BY treasure", "!UNRESOLVED_COLUMN.WITH_SUGGESTION"},
		{"SELECT count(*) FROM open.part GROUP BY treasure", "!UNRESOLVED_COLUMN.WITH_SUGGESTION"},
		{"SELECT * FROM open.part WHERE treasure = 'x'", "!UNRESOLVED_COLUMN.WITH_SUGGESTION"},
		{"SHOW COLUMNS IN open.part", "a"},
		{"DESCRIBE open.part", "a,int,"},
		{"DESCRIBE open.part treasure", "!UNRESOLVED_COLUMN.WITH_SUGGESTION"},
		// Rows and values.
		{"SELECT * FROM open.masked", "1,***,bob"},
		{"SELECT count(*), max(hoard) FROM open.masked", "1,1"},
		{"SELECT hoard FROM open.masked WHERE 1 / (hoard - 5) < 0", "1"},
		{"SELECT hoard FROM open.masked WHERE CAST(what AS INT) = 1", "!CAST_INVALID_INPUT"},
		{"SELECT count(*) FROM open.masked WHERE what = 'gold' || 'bar'", "0"},
		{"SELECT count(*) FROM open.masked TABLESAMPLE (100 PERCENT)", "1"},
		// A view that is sealed.
		{"SELECT hoard FROM open.window", "5"},
		{"SELECT n FROM open.window", "!CAST_INVALID_INPUT"},
		{"SELECT hoard FROM open.window WHERE 1 / (hoard - 7) < 0", "5"},
		{"SHOW CREATE TABLE open.window", "!INSUFFICIENT_PERMISSIONS"},
		{"EXPLAIN EXTENDED SELECT hoard FROM open.window", ""},
		{"EXPLAIN LOGICAL SELECT hoard FROM open.masked", ""},
		{"EXPLAIN STAGES SELECT what FROM open.masked", ""},
		{"EXPLAIN COST SELECT what FROM open.masked", ""},
		{"EXPLAIN ANALYZE SELECT hoard FROM open.window", ""},
		{"EXPLAIN CREATE TEMP VIEW x AS SELECT hoard FROM open.window", ""},
		// Files: those of the warehouse, too, and whether there are any.
		{"SELECT * FROM parquet.`" + dir + "/wh/vault.db/treasure`", "!INSUFFICIENT_PERMISSIONS"},
		{"SELECT * FROM parquet.`" + dir + "/nothing`", "!INSUFFICIENT_PERMISSIONS"},
		{"SELECT * FROM '" + dir + "/wh/_volley/catalog/vault/*.json'", "!INSUFFICIENT_PERMISSIONS"},
		{"INSERT OVERWRITE DIRECTORY '" + dir + "/out' USING csv SELECT 1 a", "!INSUFFICIENT_PERMISSIONS"},
	} {
		got, err := all(t, bob, c.query)
		wantErr, fails := strings.CutPrefix(c.want, "!")
		switch {
		case fails && err == nil:
			t.Errorf("%s gives %q", c.query, got)
		case fails && condition(err) != wantErr:
			t.Errorf("%s: %v, want %s", c.query, err, wantErr)
		case !fails && err != nil:
			t.Errorf("%s: %v", c.query, err)
		case !fails && c.want != "" && got != c.want:
			t.Errorf("%s gives %q, want %q", c.query, got, c.want)
		}
		said := got
		if err != nil {
			said = err.Error()
		}
		for _, s := range secret {
			if strings.Contains(said, s) && !strings.Contains(c.query, s) {
				t.Errorf("%s tells %q: %s", c.query, s, said)
			}
		}
	}
	if _, err := os.Stat(dir + "/out"); err == nil {
		t.Error("something was written")
	}
	if _, err := all(t, bob, "SELECT * FROM IDENTIFIER(?)", "vault.treasure"); condition(err) != "TABLE_OR_VIEW_NOT_FOUND" {
		t.Errorf("a name that is a value: %v", err)
	}
	// Hidden and missing names give the same words.
	_, one := all(t, bob, "SELECT * FROM vault.treasure")
	_, other := all(t, bob, "SELECT * FROM vaulx.treasure")
	if one == nil || strings.ReplaceAll(one.Error(), "vault", "vaulx") != other.Error() {
		t.Errorf("%v\n%v", one, other)
	}
}

// TestRevoked takes rights while statements are prepared, sessions are open
// and servers come and go.
func TestRevoked(t *testing.T) {
	wh := filepath.ToSlash(t.TempDir()) + "/wh"
	g := guardedServer(t, wh)
	root, bob, eve := g.as("root", ""), g.as("bob", ""), g.as("eve", "staff")
	g.run(root,
		"CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT * FROM VALUES (1, 'bob'), (2, 'eve') AS t(a, who)", "CREATE ROLE staff",
		"GRANT USE CATALOG ON CATALOG spark_catalog TO PUBLIC", "GRANT USE SCHEMA ON SCHEMA s TO PUBLIC",
		"GRANT SELECT ON s.t TO bob", "GRANT SELECT ON s.t TO ROLE staff",
	)
	prepare := func(c *sql.Conn) func() (int, error) {
		st, err := c.PrepareContext(t.Context(), "SELECT count(*) FROM s.t")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { st.Close() })
		return func() (n int, err error) {
			err = st.QueryRowContext(t.Context()).Scan(&n)
			return n, err
		}
	}
	want := func(f func() (int, error), n int) {
		t.Helper()
		if got, err := f(); err != nil || got != n {
			t.Errorf("%d, %v; want %d", got, err, n)
		}
	}
	denied := func(f func() (int, error)) {
		t.Helper()
		if got, err := f(); condition(err) != "INSUFFICIENT_PERMISSIONS" {
			t.Errorf("%d, %v", got, err)
		}
	}
	ofBob, ofEve := prepare(bob), prepare(eve)
	want(ofBob, 2)
	want(ofBob, 2) // by the plan that was kept
	want(ofEve, 2)
	g.run(root, "REVOKE SELECT ON s.t FROM bob")
	denied(ofBob)
	want(ofEve, 2)
	// By a role that is given and taken while the session is open.
	member := func() (n int, err error) {
		got, err := all(t, bob, "SELECT int(is_member('readers'))")
		if got == "1" {
			n = 1
		}
		return n, err
	}
	g.run(root, "CREATE ROLE readers", "GRANT SELECT ON s.t TO ROLE readers")
	want(member, 0)
	g.run(root, "GRANT ROLE readers TO USER bob")
	want(ofBob, 2)
	want(member, 1)
	g.run(root, "REVOKE ROLE readers FROM USER bob")
	denied(ofBob)
	want(member, 0)
	g.run(root, "GRANT SELECT ON s.t TO bob")
	want(ofBob, 2)
	g.run(root, "CREATE FUNCTION own(w STRING) RETURNS BOOLEAN RETURN w = current_user()", "ALTER TABLE s.t SET ROW FILTER own ON (who)")
	want(ofBob, 1)
	want(ofEve, 1)
	g.run(root, "DROP ROLE staff")
	denied(ofEve)
	g.run(root, "CREATE ROLE staff") // another one
	denied(ofEve)
	g.run(root, "REVOKE USE SCHEMA ON SCHEMA s FROM PUBLIC")
	denied(ofBob)

	// Another process that uses the warehouse, and the server when it is started again, know it all.
	g.run(root, "GRANT USE SCHEMA ON SCHEMA s TO bob")
	for range 2 {
		other := guardedServer(t, wh)
		if got, err := all(t, other.as("bob", ""), "SELECT a FROM s.t"); err != nil || got != "1" {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := all(t, other.as("eve", "staff"), "SELECT a FROM s.t"); condition(err) != "TABLE_OR_VIEW_NOT_FOUND" {
			t.Error(err)
		}
		other.end()
		g.end()
	}
}

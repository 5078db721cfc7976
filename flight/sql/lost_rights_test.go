package sql_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// people is a server with a file of users, and rights.
type people struct {
	*served
	file  string
	lines map[string]string
	hash  string
	users *auth.Users
}

func withPeople(t *testing.T) *people {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte("pw"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	p := &people{file: filepath.Join(t.TempDir(), "users"), hash: string(h), lines: map[string]string{}}
	p.write(t, "root", "")
	p.write(t, "chief", ":boss")
	p.write(t, "bob", ":reader")
	if p.users, err = auth.OpenUsers(p.file); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{Threads: 1, Admins: []string{"root", "role:boss"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	e := serve.New(a)
	e.Rights = true
	p.served = serving(t, e, serve.ServerOptions{Auth: p.users})
	return p
}

// write gives a user a line, which ends in roles; "-" takes it away.
func (p *people) write(t *testing.T, user, roles string) {
	t.Helper()
	p.lines[user] = user + ":" + p.hash + roles
	if roles == "-" {
		delete(p.lines, user)
	}
	var b strings.Builder
	for _, l := range p.lines {
		b.WriteString(l + "\n")
	}
	b.WriteString(strings.Repeat("#", int(time.Now().UnixNano()%1000)) + "\n") // another size, however coarse the times are
	if err := os.WriteFile(p.file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// login is the context of a session of a user.
func (p *people) login(t *testing.T, user string) context.Context {
	t.Helper()
	return p.session(t, metadata.AppendToOutgoingContext(t.Context(), "authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":pw"))))
}

// session is the context of a session of its own, given that of a login.
func (s *served) session(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	var head metadata.MD
	st, err := s.flight().Handshake(ctx)
	if err == nil {
		head, err = st.Header()
	}
	if err != nil || len(head.Get("authorization")) == 0 {
		t.Fatalf("%v, %v", head, err)
	}
	return metadata.AppendToOutgoingContext(t.Context(), "authorization", head.Get("authorization")[0])
}

func mustRun(ctx context.Context, t *testing.T, c *flightsql.Client, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := c.ExecuteUpdate(ctx, text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// until waits until f gives the code.
func until(t *testing.T, code codes.Code, f func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = f(); status.Code(err) == code {
			return
		}
	}
	t.Errorf("%v, want %v", err, code)
}

// TestRightsThatAreTaken takes rights from bob who has a session, a prepared
// statement and a result that was not read yet, or may be read again.
func TestRightsThatAreTaken(t *testing.T) {
	setup := []string{
		"CREATE TABLE t (a INT, b STRING)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')", "CREATE TABLE below (a INT)", "INSERT INTO below VALUES (7)",
		"CREATE VIEW v AS SELECT a FROM below", "CREATE ROLE reader", "CREATE ROLE granted", "GRANT ROLE granted TO bob",
		"GRANT USE CATALOG ON CATALOG spark_catalog TO PUBLIC", "GRANT USE SCHEMA ON SCHEMA default TO ROLE reader",
		"GRANT SELECT ON t TO ROLE granted", "GRANT SELECT ON v TO bob",
		"CREATE FUNCTION default.f() RETURNS INT RETURN (SELECT max(a) FROM below)", "GRANT EXECUTE ON FUNCTION default.f TO bob",
	}
	for _, c := range []struct {
		what, query string
		take        []string          // statements of root
		file        map[string]string // lines of the file of users
		then        codes.Code        // of the next statement
		kept        codes.Code        // of the result; OK: it may still be read
	}{
		{"a privilege by REVOKE", "SELECT * FROM t", []string{"REVOKE SELECT ON t FROM ROLE granted"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"a privilege on the schema", "SELECT * FROM t", []string{"REVOKE USE SCHEMA ON SCHEMA default FROM ROLE reader"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"a role by REVOKE ROLE", "SELECT * FROM t", []string{"REVOKE ROLE granted FROM bob"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"a role by DROP ROLE", "SELECT * FROM t", []string{"DROP ROLE granted"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"a role that is dropped and made again", "SELECT * FROM t", []string{"DROP ROLE granted", "CREATE ROLE granted"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"a role of the login", "SELECT * FROM t", nil, map[string]string{"bob": ":other"}, codes.PermissionDenied, codes.PermissionDenied},
		{"all roles of the login", "SELECT * FROM t", nil, map[string]string{"bob": ""}, codes.PermissionDenied, codes.PermissionDenied},
		{"the user", "SELECT * FROM t", nil, map[string]string{"bob": "-"}, codes.Unauthenticated, codes.Unauthenticated},
		{"a view", "SELECT * FROM v", []string{"REVOKE SELECT ON v FROM bob"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"what a view's owner reads", "SELECT * FROM v", []string{"ALTER TABLE below OWNER TO bob", "ALTER VIEW v OWNER TO granted"}, nil, codes.NotFound, codes.PermissionDenied},
		{"rows by a row filter", "SELECT * FROM t", []string{"CREATE FUNCTION one(a INT) RETURNS BOOLEAN RETURN a = 1", "ALTER TABLE t SET ROW FILTER one ON (a)"}, nil, codes.OK, codes.PermissionDenied},
		{"values by a mask", "SELECT * FROM t", []string{"ALTER TABLE t ALTER COLUMN b SET MASK md5"}, nil, codes.OK, codes.PermissionDenied},
		{"columns", "SELECT b FROM t", []string{"REVOKE SELECT ON t FROM ROLE granted", "GRANT SELECT (a) ON t TO bob"}, nil, codes.NotFound, codes.PermissionDenied},
		{"nothing, and a role is given", "SELECT * FROM t", []string{"CREATE ROLE more", "GRANT ROLE more TO bob", "GRANT INSERT ON t TO bob"}, nil, codes.OK, codes.OK},
		{"nothing, and the table is dropped", "SELECT * FROM t", []string{"DROP TABLE t"}, nil, codes.NotFound, codes.OK},
		{"nothing of a query below a subquery", "SELECT (SELECT max(a) FROM t) AS m", []string{"REVOKE SELECT ON t FROM ROLE granted"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"a function", "SELECT default.f() AS n", []string{"REVOKE EXECUTE ON FUNCTION default.f FROM bob"}, nil, codes.PermissionDenied, codes.PermissionDenied},
		{"what a function reads", "SELECT default.f() AS n", []string{"ALTER TABLE below ALTER COLUMN a SET MASK abs"}, nil, codes.OK, codes.PermissionDenied},
		{"what EXPLAIN shows", "EXPLAIN SELECT * FROM t", []string{"REVOKE SELECT ON t FROM ROLE granted"}, nil, codes.PermissionDenied, codes.PermissionDenied},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := withPeople(t)
			client := p.client()
			root, bob := p.login(t, "root"), p.login(t, "bob")
			mustRun(root, t, client, setup...)
			mustRun(bob, t, client, "SET x.y = 1")
			prepared, err := client.Prepare(bob, c.query)
			if err != nil {
				t.Fatal(err)
			}
			runPrepared := func() error {
				i, err := prepared.Execute(bob)
				if err == nil {
					_, err = fetch(bob, client, i)
				}
				return err
			}
			if err := runPrepared(); err != nil {
				t.Fatal(err)
			}
			kept, err := client.Execute(bob, c.query)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fetch(bob, client, kept); err != nil { // it may be read again
				t.Fatal(err)
			}
			unread, err := client.Execute(bob, c.query)
			if err != nil {
				t.Fatal(err)
			}
			mustRun(root, t, client, c.take...)
			for user, line := range c.file {
				p.write(t, user, line)
				time.Sleep(1100 * time.Millisecond) // the file is looked at every second
			}
			_, err = fetch(bob, client, kept)
			wantCode(t, err, c.kept)
			_, err = query(bob, client, c.query)
			wantCode(t, err, c.then)
			if err := runPrepared(); status.Code(err) != c.then && (c.then != codes.NotFound || err == nil) {
				t.Errorf("prepared: %v, want %v", err, c.then)
			}
			if _, err = fetch(bob, client, unread); c.kept != codes.OK && err == nil && c.then != codes.OK {
				t.Error("a result that was not read yet is")
			}
			if _, err := query(root, client, "SELECT 1"); err != nil {
				t.Errorf("of another user: %v", err)
			}
		})
	}
}

// TestSessionsOfUsersThatAreGone end by themselves, with what runs in them.
func TestSessionsOfUsersThatAreGone(t *testing.T) {
	p := withPeople(t)
	c := p.client()
	root, bob := p.login(t, "root"), p.login(t, "bob")
	mustRun(root, t, c, "SET x.y = 1")
	mustRun(bob, t, c, "SET x.y = 1")
	if n := p.Stats().Sessions; n != 2 {
		t.Fatalf("%d sessions", n)
	}
	t.Run("of a user who is taken out of the file", func(t *testing.T) {
		p.write(t, "bob", "-")
		until(t, codes.Unauthenticated, func() error { _, err := query(bob, c, "SELECT 1"); return err })
		for deadline := time.Now().Add(20 * time.Second); p.Stats().Sessions != 1 && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		if n := p.Stats().Sessions; n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
	t.Run("who comes back has to log in", func(t *testing.T) {
		p.write(t, "bob", ":reader")
		time.Sleep(1100 * time.Millisecond)
		if _, err := query(p.login(t, "bob"), c, "SELECT 1"); err != nil {
			t.Error(err)
		}
	})
	t.Run("of a user with another password", func(t *testing.T) {
		bob := p.login(t, "bob")
		h, err := bcrypt.GenerateFromPassword([]byte("other"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		was := p.hash
		p.hash = string(h)
		p.write(t, "bob", ":reader")
		p.hash = was
		until(t, codes.Unauthenticated, func() error { _, err := query(bob, c, "SELECT 1"); return err })
	})
	t.Run("of an administrator by a role that was taken", func(t *testing.T) {
		chief := p.login(t, "chief")
		mustRun(chief, t, c, "SET x.y = 1", "CREATE ROLE r")
		p.write(t, "chief", "")
		until(t, codes.PermissionDenied, func() error { _, err := c.ExecuteUpdate(chief, "CREATE ROLE IF NOT EXISTS r"); return err })
	})
}

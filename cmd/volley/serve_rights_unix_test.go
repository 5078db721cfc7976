//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/volley-sql/volley/flight/sql/auth"
)

// TestServeRights gives rights to users of a server, by its administrator and
// by the operator of the warehouse, and tries them with the shell.
func TestServeRights(t *testing.T) {
	lines := ""
	for _, u := range []string{"ann", "bob"} {
		h, err := auth.HashPassword(u + "s")
		if err != nil {
			t.Fatal(err)
		}
		lines += u + ":" + h + ":staff\n"
	}
	users, wh := file(t, "users", lines), filepath.Join(t.TempDir(), "wh")
	s := startServer(t, "--auth", "users", "--users", users, "--admin", "ann", "--warehouse", wh)
	as := func(user, sql string) ran {
		t.Helper()
		t.Setenv("VOLLEY_PASSWORD", user+"s")
		return volley(t, "", "sql", "--connect", "grpc://"+s.address, "--user", user, "--format", "csv", "--header=false", "-e", sql)
	}
	is := func(r ran, out string) {
		t.Helper()
		if r.code != 0 || r.out != out {
			t.Errorf("exit code %d, %q, %s; want %q", r.code, r.out, r.err, out)
		}
	}
	fails := func(r ran, with string) {
		t.Helper()
		if r.code != 1 || !strings.Contains(r.err, with) {
			t.Errorf("exit code %d, %q, %s; want %s", r.code, r.out, r.err, with)
		}
	}
	is(as("ann", "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS a, 'x' AS b; CREATE ROLE staff; GRANT USE CATALOG ON CATALOG spark_catalog TO ROLE staff"), "")
	fails(as("bob", "SELECT * FROM s.t"), "TABLE_OR_VIEW_NOT_FOUND")
	// The operator of the warehouse is asked for nothing.
	is(volley(t, "", "sql", "--warehouse", wh, "--format", "csv", "-e", "GRANT USE SCHEMA ON SCHEMA s TO ROLE staff; GRANT SELECT (a) ON s.t TO bob"), "")
	is(as("bob", "SELECT * FROM s.t; SELECT current_user(), is_member('staff')"), "1\nbob,true\n")
	fails(as("bob", "INSERT INTO s.t VALUES (2, 'y')"), "INSUFFICIENT_PERMISSIONS")
	fails(as("bob", "GRANT MODIFY ON s.t TO bob"), "INSUFFICIENT_PERMISSIONS")
	is(as("ann", "REVOKE ALL ON s.t FROM bob"), "")
	fails(as("bob", "SELECT * FROM s.t"), "INSUFFICIENT_PERMISSIONS")
	if strings.Contains(s.errs.String(), "may do everything") {
		t.Error("the server says that nobody asks for rights")
	}
	for _, args := range [][]string{{"--admin", "ann"}, {"--auth", "users", "--users", users, "--admin", ""}} {
		if r := volley(t, "", append([]string{"serve", "--listen", "127.0.0.1:0", "--state", s.state}, args...)...); r.code != 2 || !strings.Contains(r.err, "--admin") {
			t.Errorf("%q: exit code %d, %s", args, r.code, r.err)
		}
	}
}

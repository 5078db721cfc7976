package app

import (
	"context"
	"testing"

	"github.com/volley-sql/volley/internal/session"
)

// BenchmarkRights is a small query of a table in a warehouse, by the operator,
// who is asked for nothing, and by users: of a plain table, of one with a row
// filter, and through a view of somebody else's.
func BenchmarkRights(b *testing.B) {
	ctx := context.Background()
	a, err := Open(Options{Threads: 1, Warehouse: b.TempDir(), Admins: []string{"root"}})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	as := func(u User) *session.Session {
		s, err := a.SessionOf(ctx, u)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	root, bob := as(User{Name: "root", Rights: true}), as(User{Name: "bob", Rights: true})
	for _, sql := range []string{
		"CREATE TABLE t AS SELECT 1 AS a, 'bob' AS who", "CREATE TABLE f AS SELECT 1 AS a, 'bob' AS who", "CREATE VIEW v AS SELECT * FROM t",
		"CREATE FUNCTION own(w STRING) RETURNS BOOLEAN RETURN w = current_user()", "ALTER TABLE f SET ROW FILTER own ON (who)", "CREATE ROLE r", "GRANT ROLE r TO bob",
		"GRANT USE CATALOG, USE SCHEMA ON CATALOG spark_catalog TO PUBLIC", "GRANT SELECT ON t TO ROLE r", "GRANT SELECT ON f TO bob", "GRANT SELECT ON v TO bob",
	} {
		if _, err := root.Run(ctx, sql, session.Params{}); err != nil {
			b.Fatal(sql, err)
		}
	}
	for _, c := range []struct {
		name, table string
		s           *session.Session
	}{{"operator", "t", as(User{})}, {"user", "t", bob}, {"filtered", "f", bob}, {"view", "v", bob}} {
		p, err := c.s.Prepare(ctx, "SELECT a FROM "+c.table)
		if err != nil {
			b.Fatal(err)
		}
		run := map[string]func() (*session.Result, error){
			"text":     func() (*session.Result, error) { return c.s.Run(ctx, "SELECT a FROM "+c.table, session.Params{}) },
			"prepared": func() (*session.Result, error) { return p.Run(ctx, nil) },
		}
		for _, how := range []string{"text", "prepared"} {
			b.Run(c.name+"/"+how, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r, err := run[how]()
					if err != nil {
						b.Fatal(err)
					}
					if rows, err := r.Collect(); err != nil || len(rows) != 1 {
						b.Fatal(len(rows), err)
					}
				}
			})
		}
	}
}

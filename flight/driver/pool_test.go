package driver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/volley-sql/volley"
	"github.com/volley-sql/volley/flight/listen"
	fsql "github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// instance is a server that a test ends and starts again at the same address.
type instance struct {
	*serve.Server
	t    *testing.T
	app  *app.App
	over chan fsql.QueryEvent // statements that ended
}

func startAt(t *testing.T, address string, o fsql.Options) *instance {
	t.Helper()
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	i := &instance{t: t, app: a, over: make(chan fsql.QueryEvent, 1000)}
	o.Observe = func(e fsql.QueryEvent) { i.over <- e }
	if i.Server, err = serve.Start(serve.New(a), serve.ServerOptions{Listen: listen.Options{Address: address}, SQL: o, TokenTTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.end)
	return i
}

func (i *instance) end() {
	if i.app == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	i.Close(ctx)
	i.app.Close()
	i.app = nil
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("volley", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// zone is the time zone of the next connection that the pool gives.
func zone(t *testing.T, db *sql.DB) string {
	t.Helper()
	var z string
	if err := db.QueryRow("SELECT current_timezone()").Scan(&z); err != nil {
		t.Fatal(err)
	}
	return z
}

// TestPoolKeepsConnections counts connections: what statements leave behind is
// put right over the connection there is.
func TestPoolKeepsConnections(t *testing.T) {
	s := startAt(t, "127.0.0.1:0", fsql.Options{})
	db := open(t, "grpc://"+s.Addr().String()+"?spark.sql.session.timeZone=Asia/Tokyo")
	db.SetMaxOpenConns(1)
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var first any
	if err := c.Raw(func(x any) error { first = x.(*conn).s; return nil }); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"SET spark.sql.session.timeZone = UTC", "CREATE TEMP VIEW v AS SELECT 1", "CREATE SCHEMA IF NOT EXISTS elsewhere", "USE elsewhere"} {
		if _, err := c.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if z := zone(t, db); z != "Asia/Tokyo" {
		t.Errorf("the time zone is %s, not that of the DSN", z)
	}
	var schema string
	if err := db.QueryRow("SELECT current_schema()").Scan(&schema); err != nil || schema != "default" {
		t.Errorf("the schema is %q, %v", schema, err)
	}
	if _, err := db.Exec("SELECT * FROM v"); err == nil {
		t.Error("the view of the last user is there")
	}
	c, err = db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Raw(func(x any) error {
		if x.(*conn).s != first {
			t.Error("the pool connected again")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestServerRestarts ends a server between the statements of a pool.
func TestServerRestarts(t *testing.T) {
	s := startAt(t, "127.0.0.1:0", fsql.Options{})
	address := s.Addr().String()
	plain, configured := open(t, "grpc://"+address), open(t, "grpc://"+address+"?spark.sql.session.timeZone=Asia/Tokyo")
	var n int
	if err := plain.QueryRow("SELECT 1").Scan(&n); err != nil {
		t.Fatal(err)
	}
	zone(t, configured)
	prepared, err := plain.Prepare("SELECT ? + 1")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	c, err := plain.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.QueryContext(t.Context(), "SELECT id FROM range(100000000)")
	if err != nil || !rows.Next() {
		t.Fatal(err, rows.Err())
	}
	s.end()
	for rows.Next() {
	}
	if rows.Err() == nil {
		t.Error("a result that broke off ended as if it were whole")
	}
	rows.Close()
	c.Close()
	if err := plain.Ping(); err == nil {
		t.Error("a server that is gone answers")
	}
	if err := plain.QueryRow("SELECT 1").Scan(&n); err == nil {
		t.Error("a server that is gone answers")
	} else if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a server that is gone was waited for: %v", err)
	}
	startAt(t, address, fsql.Options{})
	if err := plain.Ping(); err != nil {
		t.Errorf("the server is back: %v", err)
	}
	if err := plain.QueryRow("SELECT 2").Scan(&n); err != nil || n != 2 {
		t.Errorf("the server is back: %d, %v", n, err)
	}
	if err := prepared.QueryRow(1).Scan(&n); err != nil || n != 2 {
		t.Errorf("a statement that was prepared before: %d, %v", n, err)
	}
	if z := zone(t, configured); z != "Asia/Tokyo" {
		t.Errorf("the session is not set up as the DSN says: the time zone is %s", z)
	}
}

// TestConcurrentUse runs statements of many goroutines through one pool, with results half read.
func TestConcurrentUse(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(4)
		st, err := db.Prepare("SELECT id * ? FROM range(?)")
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		var wg sync.WaitGroup
		for g := range 12 {
			wg.Go(func() {
				for i := range 5 {
					if err := sum(st, g, 10+i); err != nil {
						t.Errorf("%d, %d: %v", g, i, err)
					}
					rows, err := db.QueryContext(t.Context(), "SELECT id FROM range(1000000)")
					if err != nil {
						t.Errorf("%v", err)
						continue
					}
					rows.Next()
					rows.Close()
				}
			})
		}
		wg.Wait()
	})
}

func sum(st *sql.Stmt, times, n int) error {
	rows, err := st.Query(times, n)
	if err != nil {
		return err
	}
	defer rows.Close()
	total := 0
	for rows.Next() {
		var x int
		if err := rows.Scan(&x); err != nil {
			return err
		}
		total += x
	}
	if want := times * n * (n - 1) / 2; total != want {
		return fmt.Errorf("the sum is %d, not %d", total, want)
	}
	return rows.Err()
}

// TestEndpointsInOrder reads results of several endpoints: all rows once.
func TestEndpointsInOrder(t *testing.T) {
	s := startAt(t, "127.0.0.1:0", fsql.Options{Endpoints: 3})
	db := open(t, "grpc://"+s.Addr().String())
	for _, order := range []string{"", " ORDER BY id DESC"} {
		rows, err := db.Query("SELECT id FROM range(300000)" + order)
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]bool, 300_000)
		n := 0
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			if n++; seen[id] || order != "" && id != len(seen)-n {
				t.Fatalf("row %d is %d%s", n, id, order)
			}
			seen[id] = true
		}
		if n != len(seen) || rows.Err() != nil {
			t.Errorf("%d rows%s, %v", n, order, rows.Err())
		}
		rows.Close()
	}
	rows, err := db.Query("SELECT id FROM range(100000000)")
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	rows.Close()
	s.settled(t, 2)
}

// settled waits until no query runs at the server, and none is there to be read but those that were read.
func (i *instance) settled(t *testing.T, read int) {
	t.Helper()
	for range 500 {
		if n := i.Stats(); n.Running == 0 && n.Queries == read {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the server still holds %+v", i.Stats())
}

// TestWorkEnds goes in every way that database/sql has; the query behind it must end.
func TestWorkEnds(t *testing.T) {
	const long = "SELECT count(*) FROM range(1000000000000) WHERE hash(id) = 1"
	const many = "SELECT id FROM range(1000000000000)"
	s := startAt(t, "127.0.0.1:0", fsql.Options{})
	db := open(t, "grpc://"+s.Addr().String())
	for name, f := range map[string]func(ctx context.Context) error{
		"cancel": func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(50*time.Millisecond, cancel)
			var n int
			return db.QueryRowContext(ctx, long).Scan(&n)
		},
		"deadline": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			var n int
			return db.QueryRowContext(ctx, long).Scan(&n)
		},
		"deadline of a prepared statement": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			var n int
			return db.QueryRowContext(ctx, "SELECT count(*) FROM range(?) WHERE hash(id) = 1", int64(1e12)).Scan(&n)
		},
		"deadline of Exec": func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			_, err := db.ExecContext(ctx, "CREATE TABLE never AS "+long)
			return err
		},
		"cancel between rows": func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			rows, err := db.QueryContext(ctx, many)
			if err != nil {
				return err
			}
			defer rows.Close()
			for n := 0; rows.Next(); n++ {
				if n == 100 {
					cancel()
				}
			}
			return rows.Err()
		},
		"close after a row": func(ctx context.Context) error {
			rows, err := db.QueryContext(ctx, many)
			if err != nil {
				return err
			}
			rows.Next()
			return errors.Join(rows.Close(), context.Canceled)
		},
		"close before a row": func(ctx context.Context) error {
			rows, err := db.QueryContext(ctx, many)
			if err != nil {
				return err
			}
			return errors.Join(rows.Close(), context.Canceled)
		},
		"close of the connection": func(ctx context.Context) error {
			c, err := db.Conn(ctx)
			if err != nil {
				return err
			}
			if _, err := c.QueryContext(ctx, many); err != nil {
				return err
			}
			_ = c.Raw(func(x any) error { return x.(*conn).Close() })
			return context.Canceled
		},
		"a loop over Arrow that is left": func(ctx context.Context) error {
			c, err := db.Conn(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			return Arrow(ctx, c, func(x Conn) error {
				_, records, err := x.QueryArrow(ctx, many)
				if err != nil {
					return err
				}
				for range records {
					break
				}
				return context.Canceled
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := f(t.Context())
			if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
			var e *volley.Error
			if errors.As(err, &e) && e.Condition == "INTERNAL_ERROR" {
				t.Errorf("%v", err)
			}
			s.settled(t, 0)
		})
	}
}

// TestSessionExpires lets a server end the session under a prepared statement.
func TestSessionExpires(t *testing.T) {
	s := startAt(t, "127.0.0.1:0", fsql.Options{SessionIdle: 20 * time.Millisecond, ResultTTL: 20 * time.Millisecond})
	db := open(t, "grpc://"+s.Addr().String())
	db.SetMaxOpenConns(1)
	st, err := db.Prepare("SELECT ? + 1")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for i := range 3 {
		for n := 0; s.Stats().Prepared > 0; n++ {
			if n == 1000 {
				t.Fatal("the idle session does not end")
			}
			time.Sleep(10 * time.Millisecond)
		}
		var n int
		if err := st.QueryRow(i).Scan(&n); err != nil || n != i+1 {
			t.Errorf("%d, %v", n, err)
		}
	}
}

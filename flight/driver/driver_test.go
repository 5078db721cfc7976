package driver

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"net/url"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley"
	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// doors are DSNs of an engine in this process and of a server.
func doors(t *testing.T) map[string]string {
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve.Start(serve.New(a), serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		a.Close()
	})
	return map[string]string{"local": "volley://local?threads=2", "server": "grpc://" + s.Addr().String()}
}

// each runs a test through both doors.
func each(t *testing.T, f func(t *testing.T, db *sql.DB)) {
	for name, dsn := range doors(t) {
		t.Run(name, func(t *testing.T) {
			db, err := sql.Open("volley", dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			f(t, db)
		})
	}
}

func TestValues(t *testing.T) {
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, db *sql.DB) {
		for _, c := range []struct {
			sql  string
			want any
		}{
			{"true", true},
			{"CAST(1 AS TINYINT)", int64(1)},
			{"3", int64(3)},
			{"4L", int64(4)},
			{"CAST(2.5 AS DOUBLE)", 2.5},
			{"CAST(1.25 AS DECIMAL(10,2))", "1.25"},
			{"'x'", "x"},
			{"X'01FF'", []byte{1, 255}},
			{"DATE'2026-11-21'", day},
			{"TIMESTAMP_NTZ'2026-11-21 00:00:00'", day},
			{"INTERVAL '1' DAY", 24 * time.Hour},
			{"array(1, NULL)", []any{int64(1), nil}},
			{"named_struct('a', 1)", map[string]any{"a": int64(1)}},
			{"map('k', 1)", []MapEntry{{"k", int64(1)}}},
			{"CAST(NULL AS INT)", nil},
		} {
			var got any
			if err := db.QueryRow("SELECT " + c.sql + " AS x").Scan(&got); err != nil {
				t.Errorf("%s: %v", c.sql, err)
			} else if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %v", c.sql, cmp.Diff(c.want, got))
			}
		}
	})
}

func TestArguments(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		for _, v := range []any{int64(7), 1.5, "x", true, []byte{1, 2}} {
			var got any
			if err := db.QueryRow("SELECT ?", v).Scan(&got); err != nil || !reflect.DeepEqual(got, v) {
				t.Errorf("%v came back as %v, %v", v, got, err)
			}
		}
		var n int
		if err := db.QueryRow("SELECT :b - :a", sql.Named("a", 1), sql.Named("b", 3)).Scan(&n); err != nil || n != 2 {
			t.Errorf("%d, %v", n, err)
		}
		var d volley.Decimal
		if err := db.QueryRow("SELECT ? + CAST(1 AS DECIMAL(3,2))", volley.Decimal("1.25")).Scan(&d); err != nil || d != "2.25" {
			t.Errorf("%s, %v", d, err)
		}
		if err := db.QueryRow("SELECT ?, ?", 1).Scan(&n, &n); err == nil {
			t.Error("one value was taken for two parameters")
		}
	})
}

func TestStatements(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		if _, err := db.Exec("CREATE TABLE t (a INT, b STRING)"); err != nil {
			t.Fatal(err)
		}
		r, err := db.Exec("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.RowsAffected(); n != 2 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		rows, err := db.Query("SELECT a, b, CAST(a AS DECIMAL(5,1)) AS d FROM t ORDER BY a")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		types, err := rows.ColumnTypes()
		if err != nil {
			t.Fatal(err)
		}
		if p, s, ok := types[2].DecimalSize(); types[0].DatabaseTypeName() != "INT" || types[1].ScanType() != reflect.TypeFor[string]() || p != 5 || s != 1 || !ok {
			t.Errorf("%s %v %d %d", types[0].DatabaseTypeName(), types[1].ScanType(), p, s)
		}
		_, err = db.Query("SELECT * FROM nowhere")
		var e *volley.Error
		if !errors.As(err, &e) || e.Condition != "TABLE_OR_VIEW_NOT_FOUND" || e.Line != 1 || e.Column != 15 {
			t.Errorf("%v", err)
		}
	})
}

func TestSessionsOfThePool(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(1)
		if _, err := db.Exec("CREATE TEMP VIEW mine AS SELECT 1 AS x"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Query("SELECT * FROM mine"); err == nil {
			t.Error("the next user of the connection finds what the last one left")
		}
	})
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		var n int64
		err := db.QueryRowContext(ctx, "SELECT count(*) FROM range(1000000000000) WHERE hash(id) = 1").Scan(&n)
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if err := db.QueryRow("SELECT 1").Scan(&n); err != nil || n != 1 {
			t.Errorf("afterwards: %d, %v", n, err)
		}
	})
}

func TestTransactions(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		if _, err := db.Exec("CREATE TABLE tx (a INT)"); err != nil {
			t.Fatal(err)
		}
		for _, commit := range []bool{false, true} {
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := tx.Exec("INSERT INTO tx VALUES (1)"); err != nil {
					t.Fatal(err)
				}
			}
			end, want := tx.Rollback, 0
			if commit {
				end, want = tx.Commit, 2
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := db.QueryRow("SELECT count(*) FROM tx").Scan(&n); err != nil || n != want {
				t.Errorf("commit %v: %d rows, %v", commit, n, err)
			}
		}
	})
}

func TestCopyAndArrow(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		if _, err := db.Exec("CREATE TABLE c (a BIGINT, b STRING)"); err != nil {
			t.Fatal(err)
		}
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		rows := func(bad int) iter.Seq2[[]any, error] {
			return func(yield func([]any, error) bool) {
				for i := range 40_000 {
					if i == bad {
						yield(nil, errors.New("the source broke"))
						return
					}
					if !yield([]any{i, "s"}, nil) {
						return
					}
				}
			}
		}
		if n, err := CopyFrom(t.Context(), c, "c", nil, rows(30_000)); err == nil {
			t.Errorf("%d rows of a source that broke", n)
		}
		if n, err := CopyFrom(t.Context(), c, "c", []string{"a", "b"}, rows(-1)); n != 40_000 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
		err = Arrow(t.Context(), c, func(x Conn) error {
			schema, records, err := x.QueryArrow(t.Context(), "SELECT a FROM c WHERE a < ?", 10)
			if err != nil {
				return err
			}
			if schema.Field(0).Type.ID() != arrow.INT64 {
				t.Errorf("%s", schema)
			}
			n := int64(0)
			for r, err := range records {
				if err != nil {
					return err
				}
				n += r.NumRows()
			}
			if n != 10 {
				t.Errorf("%d rows: what broke off was written, or what was copied was not", n)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestDSN(t *testing.T) {
	for dsn, ok := range map[string]bool{
		"volley://local": true, "volley://local?threads=0": false, "grpc://h": true, "grpc+tls://u:p@h:1/s?tls-skip-verify=true": true,
		"http://h": false, "grpc+tls://h?tls-ca=" + url.QueryEscape(filepath.Join(t.TempDir(), "none")): false, "grpc://u:se cret@h": false,
	} {
		c, err := NewConnector(dsn)
		if (err == nil) != ok {
			t.Errorf("%s: %v", dsn, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

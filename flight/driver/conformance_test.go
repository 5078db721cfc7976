package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley"
)

// TestScan reads values into what programs scan into.
func TestScan(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		var (
			b   sql.NullBool
			i   sql.NullInt32
			l   sql.NullInt64
			f   sql.NullFloat64
			s   sql.NullString
			at  sql.NullTime
			gen sql.Null[volley.Decimal]
			by  []byte
			p   *int
			u   uint8
			str string
			dbl float64
		)
		to := []any{&b, &i, &l, &f, &s, &at, &gen, &by, &p}
		if err := db.QueryRow("SELECT true, 1, 2L, 1.5D, 'x', TIMESTAMP'2026-11-21 10:00:00Z', 1.50BD, X'01', 5").Scan(to...); err != nil {
			t.Fatal(err)
		}
		if !b.Bool || i.Int32 != 1 || l.Int64 != 2 || f.Float64 != 1.5 || s.String != "x" || at.Time.Hour() != 10 || gen.V != "1.50" || string(by) != "\x01" || *p != 5 {
			t.Errorf("%v %v %v %v %v %v %v %v %v", b, i, l, f, s, at, gen, by, *p)
		}
		if err := db.QueryRow("SELECT " + strings.TrimSuffix(strings.Repeat("NULL, ", len(to)), ", ")).Scan(to...); err != nil {
			t.Fatal(err)
		}
		if b.Valid || i.Valid || l.Valid || f.Valid || s.Valid || at.Valid || gen.Valid || by != nil || p != nil {
			t.Errorf("NULLs: %v %v %v %v %v %v %v %v %v", b, i, l, f, s, at, gen, by, p)
		}
		if err := db.QueryRow("SELECT 200, DATE'2026-11-21', '1.25'").Scan(&u, &str, &dbl); err != nil || u != 200 || str != "2026-11-21T00:00:00Z" || dbl != 1.25 {
			t.Errorf("%d %s %v, %v", u, str, dbl, err)
		}
		if err := db.QueryRow("SELECT 300").Scan(&u); err == nil {
			t.Error("300 fits a byte")
		}
		if err := db.QueryRow("SELECT NULL").Scan(&str); err == nil {
			t.Error("NULL fits a string")
		}
		if err := db.QueryRow("SELECT 1 WHERE false").Scan(&u); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("no rows: %v", err)
		}
		var x any
		if err := db.QueryRow("SELECT 1, 2").Scan(&x); err == nil {
			t.Error("two columns fit one place")
		}
	})
}

// TestRows goes through results as database/sql promises them.
func TestRows(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		rows, err := db.Query("SELECT concat('row ', id) AS text, id, id AS text FROM range(3) ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		if cols, err := rows.Columns(); err != nil || strings.Join(cols, " ") != "text id text" {
			t.Errorf("columns %v, %v", cols, err)
		}
		var raw sql.RawBytes
		var kept []byte
		var x any
		for n := range 3 {
			if !rows.Next() || rows.Scan(&raw, &x, &kept) != nil || string(raw) != "row "+string(rune('0'+n)) || string(kept) != string(rune('0'+n)) {
				t.Errorf("row %d: %s, %s, %v", n, raw, kept, rows.Err())
			}
		}
		if rows.Next() || rows.NextResultSet() || rows.Err() != nil {
			t.Errorf("there is more after the end, or %v", rows.Err())
		}
		if err := rows.Close(); err != nil {
			t.Errorf("%v", err)
		}
		if err := rows.Close(); err != nil {
			t.Errorf("again: %v", err)
		}
		if rows, err = db.Query("SELECT id FROM range(3)"); err != nil {
			t.Fatal(err)
		}
		if rows.NextResultSet() || rows.Next() {
			t.Error("there is a second result, or the first is still there")
		}
		rows.Close()
		if rows, err = db.Query("SELECT 1 AS a WHERE false"); err != nil {
			t.Fatal(err)
		}
		if types, err := rows.ColumnTypes(); err != nil || len(types) != 1 || rows.Next() || rows.Err() != nil {
			t.Errorf("no rows: %v, %v, %v", types, err, rows.Err())
		}
		rows.Close()
		if rows, err = db.Query("CREATE TEMP VIEW no_rows AS SELECT 1"); err != nil { // takes effect without being read
			t.Fatal(err)
		}
		if cols, err := rows.Columns(); err != nil || len(cols) != 0 || rows.Next() || rows.Err() != nil {
			t.Errorf("a statement without rows: %v, %v, %v", cols, err, rows.Err())
		}
		rows.Close()
		if rows, err = db.Query("SELECT 10 / (5 - id) FROM range(10)"); err == nil { // it fails under way
			for rows.Next() {
			}
			err = rows.Err()
			rows.Close()
		}
		if condition(err) != "DIVIDE_BY_ZERO" {
			t.Errorf("a result that failed: %v", err)
		}
	})
}

// TestStatementReuse runs one prepared statement with values of other types, on several connections, after errors.
func TestStatementReuse(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		st, err := db.Prepare("SELECT typeof(:x) AS t, :x AS v WHERE :y")
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		for _, v := range []struct {
			x    any
			want string
		}{{1, "bigint"}, {"s", "string"}, {1.5, "double"}, {time.Unix(0, 0), "timestamp"}, {true, "boolean"}, {volley.Decimal("1.5"), "decimal(2,1)"}, {2, "bigint"}} {
			var name string
			var x any
			if err := st.QueryRow(sql.Named("y", true), sql.Named("X", v.x)).Scan(&name, &x); err != nil || name != v.want {
				t.Errorf("%v is %s, %v", v.x, name, err)
			}
		}
		for _, args := range [][]any{{}, {sql.Named("x", 1)}, {sql.Named("x", 1), sql.Named("y", true), sql.Named("z", 1)}, {sql.Named("x", 1), sql.Named("x", 1)}, {sql.Named("x", 1), sql.Named("y", []int{1})}} {
			if rows, err := st.Query(args...); err == nil {
				rows.Next()
				if rows.Err() == nil {
					t.Errorf("%v was taken", args)
				}
				rows.Close()
			}
		}
		if _, err := db.Exec("CREATE TABLE IF NOT EXISTS reuse (a INT)"); err != nil {
			t.Fatal(err)
		}
		ins, err := db.Prepare("INSERT INTO reuse VALUES (?)")
		if err != nil {
			t.Fatal(err)
		}
		defer ins.Close()
		for i := range 3 {
			r, err := ins.Exec(i)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := r.RowsAffected(); n != 1 || err != nil {
				t.Errorf("%d rows, %v", n, err)
			}
			if _, err := r.LastInsertId(); err == nil {
				t.Error("there is a last id")
			}
		}
		if _, err := ins.Exec("no number"); err == nil {
			t.Error("a text was taken for a number")
		}
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Stmt(ins).Exec(3); err != nil {
			t.Error(err)
		}
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM reuse").Scan(&n); err != nil || n != 4 {
			t.Errorf("the transaction sees %d rows, %v", n, err)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := db.QueryRow("SELECT count(*) FROM reuse").Scan(&n); err != nil || n != 3 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// TestNamesFromArguments gives names of tables and columns as arguments.
func TestNamesFromArguments(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		for _, text := range []string{"CREATE TABLE first (a INT)", "CREATE TABLE second (a DATE, b STRING)"} {
			if _, err := db.Exec(text); err != nil {
				t.Fatal(err)
			}
		}
		into, err := db.Prepare("INSERT INTO IDENTIFIER(:table) (a) VALUES (:a)")
		if err != nil {
			t.Fatal(err)
		}
		defer into.Close()
		from, err := db.Prepare("SELECT * FROM IDENTIFIER(:table) WHERE IDENTIFIER(:column) = :a")
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		for _, c := range []struct {
			table string
			a     any
			types string
		}{{"first", 1, "INT"}, {"second", "2026-11-21", "DATE STRING"}, {"first", 2, "INT"}} {
			if _, err := into.Exec(sql.Named("table", c.table), sql.Named("a", c.a)); err != nil {
				t.Errorf("%s: %v", c.table, err)
			}
			rows, err := from.Query(sql.Named("table", c.table), sql.Named("column", c.table+".a"), sql.Named("a", c.a))
			if err != nil {
				t.Errorf("%s: %v", c.table, err)
				continue
			}
			cols, err := rows.ColumnTypes()
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, x := range cols {
				names = append(names, x.DatabaseTypeName())
			}
			n := 0
			for rows.Next() {
				n++
			}
			if n != 1 || strings.Join(names, " ") != c.types || rows.Err() != nil {
				t.Errorf("%s: %d rows of %v, %v", c.table, n, names, rows.Err())
			}
			rows.Close()
		}
		if _, err := from.Query(sql.Named("table", "nowhere"), sql.Named("column", "a"), sql.Named("a", 1)); condition(err) != "TABLE_OR_VIEW_NOT_FOUND" {
			t.Errorf("a table that is not there: %v", err)
		}
	})
}

// TestTransactionsEnd ends transactions in the ways there are besides Commit and Rollback.
func TestTransactionsEnd(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB) {
		db.SetMaxOpenConns(2)
		if _, err := db.Exec("CREATE TABLE ended (a INT)"); err != nil {
			t.Fatal(err)
		}
		for _, o := range []sql.TxOptions{{Isolation: sql.LevelSerializable}, {Isolation: sql.LevelSnapshot}, {ReadOnly: true}} {
			if tx, err := db.BeginTx(t.Context(), &o); err == nil {
				tx.Rollback()
				t.Errorf("%+v was granted", o)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO ended VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		cancel()
		for tx.Commit() == nil {
			t.Fatal("a transaction whose context is over was committed")
		}
		if tx, err = db.Begin(); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO ended SELECT 1 / 0"); err == nil {
			t.Error("1 / 0 was written")
		}
		if _, err := tx.Exec("INSERT INTO ended VALUES (2)"); err != nil { // the statement failed, not the transaction
			t.Error(err)
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		if err := tx.Rollback(); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("after Commit: %v", err)
		}
		var n, a int
		if err := db.QueryRow("SELECT count(*), max(a) FROM ended").Scan(&n, &a); err != nil || n != 1 || a != 2 {
			t.Errorf("%d rows, %d, %v", n, a, err)
		}
	})
}

// TestTimeZones sends and reads points in time under session time zones: they are the same points.
func TestTimeZones(t *testing.T) {
	for door, dsn := range doors(t) {
		for _, zone := range []string{"UTC", "America/New_York", "+05:30"} {
			t.Run(door+"/"+zone, func(t *testing.T) {
				db := open(t, dsn+separator(dsn)+url.Values{"spark.sql.session.timeZone": {zone}}.Encode())
				loc, err := time.LoadLocation("Europe/Berlin")
				if err != nil {
					t.Fatal(err)
				}
				at := time.Date(2026, 3, 29, 3, 30, 0, 0, loc) // just after the clock was put forward
				var back, ntz, date time.Time
				if err := db.QueryRow("SELECT x, CAST(x AS TIMESTAMP_NTZ), CAST(TIMESTAMP'2026-03-29 01:30:00Z' AS DATE) FROM (SELECT CAST(:at AS TIMESTAMP) AS x)", sql.Named("at", at)).Scan(&back, &ntz, &date); err != nil {
					t.Fatal(err)
				}
				if !back.Equal(at) || back.Location() != time.UTC {
					t.Errorf("%v came back as %v", at, back)
				}
				in := at.In(map[string]*time.Location{"UTC": time.UTC, "+05:30": time.FixedZone("", 19800), "America/New_York": newYork(t)}[zone])
				if ntz.Format(time.DateTime) != in.Format(time.DateTime) || date.Format(time.DateOnly) != in.Format(time.DateOnly) {
					t.Errorf("local time %v and day %v of %v", ntz, date, in)
				}
			})
		}
	}
}

func newYork(t *testing.T) *time.Location {
	l, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func separator(dsn string) string {
	if strings.Contains(dsn, "?") {
		return "&"
	}
	return "?"
}

// TestNames tries every part of a DSN, good and bad; bad ones say what is wrong, and never the password.
func TestNames(t *testing.T) {
	server := doors(t)["server"]
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.csv"), []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	notPEM := filepath.Join(dir, "t.csv")
	for _, c := range []struct{ dsn, query, want string }{
		{"volley://local?threads=1", "SELECT 1", "1"},
		{"volley://local?master=local[1]&memory=200m", "SELECT 1", "1"},
		{"volley://local?tables=" + url.QueryEscape(dir), "SELECT a FROM t", "1"},
		{"volley://local?warehouse=" + url.QueryEscape(dir+"/wh"), "SHOW SCHEMAS", "default"},
		{"volley://local?spark.sql.session.timeZone=Asia/Tokyo", "SELECT current_timezone()", "Asia/Tokyo"},
		{server + "/information_schema", "SELECT current_schema()", "information_schema"},
		{server + "?schema=information_schema&catalog=spark_catalog", "SELECT current_schema()", "information_schema"},
		{server + "?compression=zstd", "SELECT 1", "1"},
		{server + "?compression=lz4&spark.sql.ansi.enabled=false", "SELECT 1 / 0 IS NULL", "true"},
		{strings.Replace(server, "grpc://", "grpc+tcp://ana:secret@", 1), "SELECT current_user()", "ana"},
	} {
		db := open(t, c.dsn)
		var got string
		if err := db.QueryRow(c.query).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.dsn, got, err)
		}
		db.Close()
	}
	for _, c := range []struct{ dsn, says string }{
		{"", "scheme"},
		{"volley", "scheme"},
		{"volley://elsewhere", "scheme"},
		{"http://h", "scheme"},
		{"grpc://", "host"},
		{"grpc://ana:secret@:31337", "host"},
		{"grpc://ana:se cret@h", "URL"},
		{"grpc://ana:secret@h:port", "URL"},
		{"volley://local?threads=0", "threads"},
		{"volley://local?threads=2x", "threads"},
		{"volley://local?memory=much", "memory"},
		{"volley://local?master=moon", "moon"},
		{"volley://local?no.such.setting=1", "no.such.setting"},
		{"volley://local?tables=" + url.QueryEscape(dir+"/none"), "none"},
		{"grpc://h?tls-ca=x", "tls-ca"},
		{"grpc+tls://h?tls-ca=" + url.QueryEscape(dir+"/none"), "none"},
		{"grpc+tls://h?tls-ca=" + url.QueryEscape(notPEM), "PEM"},
		{"grpc+tls://h?tls-cert=" + url.QueryEscape(notPEM), "tls-key"},
		{"grpc+tls://h?tls-skip-verify=perhaps", "tls-skip-verify"},
		{server + "?schema=nowhere", "nowhere"},
		{server + "?catalog=nowhere", "nowhere"},
		{server + "?compression=best", "best"},
		{server + "?no.such.setting=1", "no.such.setting"},
		{server + "?spark.sql.ansi.enabled=perhaps", "perhaps"},
		{strings.Replace(server, "grpc://", "grpc+tls://ana:secret@", 1), "TLS"},
		{"grpc://ana:secret@127.0.0.1:1", "cannot be reached"},
	} {
		db, err := sql.Open("volley", c.dsn)
		if err == nil {
			err = db.PingContext(t.Context())
			db.Close()
		}
		if err == nil || errors.Is(err, driver.ErrBadConn) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "se cret") {
			t.Errorf("%s: %v", c.dsn, err)
		}
	}
}

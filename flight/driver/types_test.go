package driver

import (
	"database/sql"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/volley-sql/volley"
)

// TestColumnTypes holds what the driver says of a column, and the Go value of
// it, against every type there is.
func TestColumnTypes(t *testing.T) {
	const none, endless = -1, math.MaxInt64
	at := time.Date(2026, 11, 21, 10, 11, 12, 500_000_000, time.UTC)
	each(t, func(t *testing.T, db *sql.DB) {
		for _, c := range []struct {
			sql, name        string
			length           int64
			precision, scale int64
			scan             reflect.Type
			want             any
		}{
			{"true", "BOOLEAN", none, none, none, reflect.TypeFor[bool](), true},
			{"1Y", "TINYINT", none, none, none, reflect.TypeFor[int64](), int64(1)},
			{"2S", "SMALLINT", none, none, none, reflect.TypeFor[int64](), int64(2)},
			{"3", "INT", none, none, none, reflect.TypeFor[int64](), int64(3)},
			{"-9223372036854775808L", "BIGINT", none, none, none, reflect.TypeFor[int64](), int64(math.MinInt64)},
			{"1.5F", "FLOAT", none, none, none, reflect.TypeFor[float32](), float32(1.5)},
			{"2.5D", "DOUBLE", none, none, none, reflect.TypeFor[float64](), 2.5},
			{"CAST('-0.05' AS DECIMAL(5,2))", "DECIMAL", none, 5, 2, reflect.TypeFor[string](), "-0.05"},
			{"CAST(12 AS DECIMAL(38,0))", "DECIMAL", none, 38, 0, reflect.TypeFor[string](), "12"},
			{"'ä'", "STRING", endless, none, none, reflect.TypeFor[string](), "ä"},
			{"X'00FF'", "BINARY", endless, none, none, reflect.TypeFor[[]byte](), []byte{0, 255}},
			{"DATE'0001-01-01'", "DATE", none, none, none, reflect.TypeFor[time.Time](), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
			{"TIME'10:11:12.5'", "TIME", none, none, none, reflect.TypeFor[time.Duration](), 10*time.Hour + 11*time.Minute + 12500*time.Millisecond},
			{"TIMESTAMP'2026-11-21 11:11:12.5+01:00'", "TIMESTAMP", none, none, none, reflect.TypeFor[time.Time](), at},
			{"TIMESTAMP_NTZ'2026-11-21 10:11:12.5'", "TIMESTAMP_NTZ", none, none, none, reflect.TypeFor[time.Time](), at},
			{"INTERVAL '1 2:3:4.5' DAY TO SECOND", "INTERVAL", none, none, none, reflect.TypeFor[time.Duration](), 26*time.Hour + 3*time.Minute + 4500*time.Millisecond},
			{"array(1, NULL)", "ARRAY", none, none, none, reflect.TypeFor[[]any](), []any{int64(1), nil}},
			{"array(array('a'), array())", "ARRAY", none, none, none, reflect.TypeFor[[]any](), []any{[]any{"a"}, []any{}}},
			{"map('k', 1.5)", "MAP", none, none, none, reflect.TypeFor[[]MapEntry](), []MapEntry{{"k", "1.5"}}},
			{
				"named_struct('a', 1, 'b', array(DATE'2026-11-21'))", "STRUCT", none, none, none, reflect.TypeFor[map[string]any](),
				map[string]any{"a": int64(1), "b": []any{time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}},
			},
			{"NULL", "VOID", none, none, none, reflect.TypeFor[any](), nil},
		} {
			for _, nullable := range []bool{false, true} {
				text := fmt.Sprintf("SELECT %s AS x", c.sql)
				if nullable {
					text = fmt.Sprintf("SELECT if(id = 0, %s, NULL) AS x FROM range(1)", c.sql)
				}
				rows, err := db.Query(text)
				if err != nil {
					t.Errorf("%s: %v", text, err)
					continue
				}
				types, err := rows.ColumnTypes()
				if err != nil {
					t.Fatal(err)
				}
				x := types[0]
				length, precision, scale := int64(none), int64(none), int64(none)
				if n, ok := x.Length(); ok {
					length = n
				}
				if p, s, ok := x.DecimalSize(); ok {
					precision, scale = p, s
				}
				if x.Name() != "x" || x.DatabaseTypeName() != c.name || length != c.length || precision != c.precision || scale != c.scale || x.ScanType() != c.scan {
					t.Errorf("%s: %s %s, length %d, %d digits, scale %d, %v", text, x.Name(), x.DatabaseTypeName(), length, precision, scale, x.ScanType())
				}
				if n, ok := x.Nullable(); !ok || n != (nullable || c.want == nil) {
					t.Errorf("%s: nullable %v, known %v", text, n, ok)
				}
				to := reflect.New(x.ScanType())
				if !rows.Next() {
					t.Fatalf("%s: no row, %v", text, rows.Err())
				}
				if err := rows.Scan(to.Interface()); err != nil {
					t.Errorf("%s: what ScanType says does not take the value: %v", text, err)
				} else if got := to.Elem().Interface(); !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s: %s", text, cmp.Diff(c.want, got))
				}
				if rows.Next() || rows.Err() != nil || rows.Close() != nil {
					t.Errorf("%s: more than one row, or %v", text, rows.Err())
				}
			}
		}
	})
}

// TestArgumentTypes sends values of all Go types that arguments may have, where
// nothing asks for a type and where something does.
func TestArgumentTypes(t *testing.T) {
	seven, text := 7, "x"
	var noInt *int
	type days int32
	cet := time.FixedZone("CET", 3600)
	at := time.Date(2026, 11, 21, 0, 30, 0, 123456000, cet)
	each(t, func(t *testing.T, db *sql.DB) {
		for _, c := range []struct {
			sql  string
			arg  any
			want any
		}{
			{"?", nil, nil},
			{"?", noInt, nil},
			{"?", []byte(nil), nil},
			{"?", []string(nil), nil},
			{"?", sql.NullInt64{}, nil},
			{"?", sql.NullInt64{Int64: 4, Valid: true}, int64(4)},
			{"?", sql.Null[volley.Decimal]{V: "1.50", Valid: true}, "1.50"},
			{"?", &seven, int64(7)},
			{"?", &text, "x"},
			{"?", days(3), int64(3)},
			{"?", uint8(200), int64(200)},
			{"?", uint64(math.MaxUint64), "18446744073709551615"},
			{"?", float32(1.5), float32(1.5)},
			{"?", math.Inf(1), math.Inf(1)},
			{"?", volley.Decimal("-0.050"), "-0.050"},
			{"?", at, at.UTC()},
			{"?", &at, at.UTC()},
			{"?", 90 * time.Minute, 90 * time.Minute},
			{"?", []int32{1, 2}, []any{int64(1), int64(2)}},
			{"?", []any{1, nil, 2.5}, []any{1.0, nil, 2.5}},
			{"?", []any{}, []any{}},
			{"?", [2]string{"a", "b"}, []any{"a", "b"}},
			{"?", [][]string{{"a"}, nil}, []any{[]any{"a"}, nil}},
			{"?", map[string]any{"a": 1, "b": "x"}, map[string]any{"a": int64(1), "b": "x"}},
			{"?", map[int]string{1: "x"}, []MapEntry{{int64(1), "x"}}},
			{"?", []MapEntry{{"k", 1.5}}, []MapEntry{{"k", 1.5}}},
			{"? = named_struct('a', 1, 'b', 'x')", map[string]any{"A": 1, "b": "x"}, true},
			{"? = array(1.5D)", []float64{1.5}, true},
			{"? = array(1.5BD)", []any{volley.Decimal("1.5")}, true},
			{"map_keys(?)", map[int]string{1: "x"}, []any{int64(1)}},
			{"? = DATE'2026-11-21'", at, true},
			{"? = TIMESTAMP_NTZ'2026-11-21 00:30:00.123456'", at, true},
			{"? = TIMESTAMP'2026-11-20 23:30:00.123456Z'", at, true},
			{"? = TIME'00:30:00.123456'", at, true},
			{"? = TIME'01:30:00'", 90 * time.Minute, true},
			{"? = INTERVAL '90' MINUTE", 90 * time.Minute, true},
			{"? = CAST(1.5 AS DECIMAL(9,2))", 1.5, true},
			{"? = CAST(1.5 AS DECIMAL(9,2))", "1.50", true},
			{"? = 7Y", 7, true},
			{"? = 7Y", "7", true},
			{"? = X'0102'", []byte{1, 2}, true},
			{"? = DATE'2026-11-21'", "2026-11-21", true},
			{"? IN ('x', 'y')", &text, true},
			{"? BETWEEN 1 AND 9", seven, true},
			{"get_json_object(?, '$.a')", []byte(`{"a":1}`), "1"},
		} {
			var got any
			if err := db.QueryRow("SELECT "+c.sql, c.arg).Scan(&got); err != nil {
				t.Errorf("%s of %T %v: %v", c.sql, c.arg, c.arg, err)
			} else if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s of %T %v: %T %s", c.sql, c.arg, c.arg, got, cmp.Diff(c.want, got))
			}
		}
		for _, c := range []struct {
			sql string
			arg any
		}{
			{"?", make(chan int)},
			{"?", struct{ A int }{1}},
			{"?", volley.Decimal("1e5")},
			{"?", volley.Decimal("123456789012345678901234567890123456789")},
			{"? + 1", "one"},
			{"CAST(? AS TINYINT)", 300},
			{"? = named_struct('a', 1)", map[string]any{"b": 1}},
		} {
			var got any
			if err := db.QueryRow("SELECT "+c.sql, c.arg).Scan(&got); err == nil {
				t.Errorf("%s took %T %v and gave %v", c.sql, c.arg, c.arg, got)
			}
		}
	})
}

// TestRoundTrips writes values of every type by INSERT and by CopyFrom, and reads them.
func TestRoundTrips(t *testing.T) {
	const columns = "b BOOLEAN, y TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(20,3), t STRING, x BINARY, dt DATE, ts TIMESTAMP, nt TIMESTAMP_NTZ, tm TIME, " +
		"a ARRAY<INT>, m MAP<STRING, DECIMAL(5,1)>, st STRUCT<p: SMALLINT, q: ARRAY<DATE>>"
	day := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
	at := day.Add(13*time.Hour + 5*time.Microsecond)
	full := []any{
		true, int8(-128), 32767, uint16(7), int64(math.MaxInt64), float32(0.5), math.SmallestNonzeroFloat64, volley.Decimal("12345678901234567.125"), "é\x00",
		[]byte{},
		day, at, at,
		13 * time.Hour,
		[]int{1, 2},
		map[string]any{"k": volley.Decimal("0.5")},
		map[string]any{"p": 3, "q": []time.Time{day}},
	}
	want := []any{
		true, int64(-128), int64(32767), int64(7), int64(math.MaxInt64), float32(0.5), math.SmallestNonzeroFloat64, "12345678901234567.125", "é\x00",
		[]byte{},
		day, at, at,
		13 * time.Hour,
		[]any{int64(1), int64(2)},
		[]MapEntry{{"k", "0.5"}},
		map[string]any{"p": int64(3), "q": []any{day}},
	}
	each(t, func(t *testing.T, db *sql.DB) {
		for _, s := range []string{"CREATE TABLE by_insert (" + columns + ")", "CREATE TABLE by_copy (" + columns + ")"} {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		empty := make([]any, len(full))
		marks := "?"
		for range len(full) - 1 {
			marks += ", ?"
		}
		for _, row := range [][]any{full, empty} {
			if _, err := db.Exec("INSERT INTO by_insert VALUES ("+marks+")", row...); err != nil {
				t.Fatal(err)
			}
		}
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		n, err := CopyFrom(t.Context(), c, "by_copy", nil, func(yield func([]any, error) bool) { _ = yield(full, nil) && yield(empty, nil) })
		if n != 2 || err != nil {
			t.Fatalf("%d rows, %v", n, err)
		}
		for _, table := range []string{"by_insert", "by_copy"} {
			for _, row := range []struct {
				where string
				want  []any
			}{{"b", want}, {"b IS NULL", empty}} {
				got, to := make([]any, len(full)), make([]any, len(full))
				for i := range got {
					to[i] = &got[i]
				}
				if err := db.QueryRow("SELECT * FROM " + table + " WHERE " + row.where).Scan(to...); err != nil {
					t.Errorf("%s: %v", table, err)
				} else if !reflect.DeepEqual(got, row.want) {
					t.Errorf("%s: %s", table, cmp.Diff(row.want, got))
				}
			}
		}
		for _, bad := range [][]any{{"no", 1}, {true, 128}, {true, 1.5}, {1, 1}} {
			_, err := CopyFrom(t.Context(), c, "by_copy", []string{"b", "y"}, func(yield func([]any, error) bool) { yield(bad, nil) })
			if err == nil {
				t.Errorf("%v was copied", bad)
			}
		}
	})
}

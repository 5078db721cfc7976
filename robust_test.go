package volley_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley"
)

// repeated joins n texts made by f.
func repeated(n int, sep string, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(f(i))
	}
	return b.String()
}

// Statements as programs write them, and as fuzzers do: an answer or a clear limit.
func TestLargeStatements(t *testing.T) {
	s := open(t)
	id := func(i int) string { return fmt.Sprint(i) }
	for _, c := range []struct {
		name, sql string
		want      string // the value of the only row, or the condition of the error
	}{
		{"10 MB of text", "select length('" + strings.Repeat("x", 10_000_000) + "')", "10000000"},
		{"100,000 elements of IN", "select count(*) from range(200000) where id in (" + repeated(100_000, ",", id) + ")", "100000"},
		{"100,000 elements of NOT IN", "select count(*) from range(200000) where id not in (" + repeated(100_000, ",", id) + ")", "100000"},
		{"10,000 conditions with AND", "select count(*) from range(20000) where " + repeated(10_000, " and ", func(i int) string { return fmt.Sprint("id <> ", i) }), "10000"},
		{"10,000 conditions with OR", "select count(*) from range(20000) where " + repeated(10_000, " or ", func(i int) string { return fmt.Sprint("id = ", i) }), "10000"},
		{"10,000 different conditions", "select count(*) from range(10) where " + repeated(10_000, " or ", func(i int) string { return fmt.Sprintf("(id = %d and id < %d)", i, i+1) }), "10"},
		{"10,000 arms of CASE", "select sum(case id " + repeated(10_000, " ", func(i int) string { return fmt.Sprintf("when %d then %d", i, i) }) + " end) from range(10)", "45"},
		{"2,000 branches of UNION ALL", "select count(*) from (" + repeated(2_000, " union all ", func(i int) string { return fmt.Sprint("select ", i) }) + ")", "2000"},
		{"200 joins", "select count(*) from range(2) t0" + repeated(200, "", func(i int) string { return fmt.Sprintf(" join range(2) t%d on t%d.id = t%d.id", i+1, i, i+1) }), "2"},
		{"10,000 columns", "select count(*) from (select " + repeated(10_000, ",", func(i int) string { return fmt.Sprintf("%d as c%d", i, i) }) + ")", "1"},
		{"sum of 5,000 terms", "select " + repeated(5_000, "+", id), "12497500"},
		{"100,000 parentheses", "select " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000), "STATEMENT_TOO_COMPLEX"},
		{"100,000 NOTs", "select " + strings.Repeat("not ", 100_000) + "true", "STATEMENT_TOO_COMPLEX"},
		{"100,000 minuses", "select " + strings.Repeat("- ", 100_000) + "1", "STATEMENT_TOO_COMPLEX"},
		{"10,000 subqueries", strings.Repeat("select * from (", 10_000) + "select 1" + strings.Repeat(")", 10_000), "STATEMENT_TOO_COMPLEX"},
		{"unclosed comment", "select 1 /* " + strings.Repeat("/*", 100_000), "UNCLOSED_BRACKETED_COMMENT"},
		{"unclosed text", "select '" + strings.Repeat("x", 1_000_000), "PARSE_SYNTAX_ERROR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			got := single(t, s, c.sql)
			t.Log(time.Since(start))
			if got != c.want {
				t.Errorf("%.200s, want %s", got, c.want)
			}
		})
	}
}

// single is the value of a query's only row as text, or the condition of its error.
func single(t *testing.T, s *volley.Session, sql string) string {
	t.Helper()
	df, err := s.SQL(t.Context(), sql)
	if err == nil {
		var rows []volley.Row
		if rows, err = df.Collect(t.Context()); err == nil {
			return fmt.Sprint(rows[0].Values()[0])
		}
	}
	var e *volley.Error
	if errors.As(err, &e) {
		return e.Condition
	}
	return err.Error()
}

// Queries without an end, or nearly: they stop when the caller gives up, with nothing left behind.
func TestEndlessQueries(t *testing.T) {
	for name, sql := range map[string]string{
		"rows":      "select sum(id) from range(1000000000000000000)",
		"cross":     "select count(*) from range(1000000) a cross join range(1000000) b where a.id % 7 = b.id % 11 and a.id + b.id < 0",
		"arrays":    "select count(*) from (select explode(sequence(1, 100000)) from range(1000000))",
		"pattern":   "select count(*) from range(1000000) where concat(repeat('a', 10000), id) rlike '(a+)+$'",
		"windows":   "select count(*) from (select window(timestamp_seconds(id), '1000 seconds', '10 microseconds') from range(1000000))",
		"similar":   "select max(jaro_winkler_similarity(concat(repeat('a', 1000000), id), repeat('b', 1000000))) from range(10)",
		"distance":  "select max(levenshtein(concat(repeat('a', 100000), id), repeat('b', 100000))) from range(10)",
		"sorting":   "select count(*) from range(1000000) where array_sort(transform(sequence(1, 10000), x -> int(x * 7919 % 10007 + id)), (a, b) -> a - b)[0] > 0",
		"recursion": "with recursive t(n) max recursion level 1000000000 as (select 1 union all select n + 1 from t) select count(*) from t",
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			df, err := s.SQL(t.Context(), sql)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if _, err = df.Collect(ctx); err == nil || ctx.Err() == nil {
				t.Fatalf("%v, want an interruption", err)
			}
			if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want the reason", err)
			}
		})
	}
}

// Texts and arrays too large to hold are refused before they are made.
func TestTooLargeValues(t *testing.T) {
	s := open(t)
	for sql, want := range map[string]string{
		"select space(2147483647)":                                                                        "INVALID_PARAMETER_VALUE",
		"select lpad('x', 2147483647, 'y')":                                                               "INVALID_PARAMETER_VALUE",
		"select replace(repeat('a', 100000), 'a', repeat('b', 100000))":                                   "INVALID_PARAMETER_VALUE",
		"select regexp_replace(repeat('a', 100000), 'a', repeat('b', 100000))":                            "INVALID_PARAMETER_VALUE",
		"select sequence(1, 1000000000000)":                                                               "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER",
		"select array_repeat(1, 2000000000)":                                                              "RESOURCE.MEMORY_LIMIT",
		"select count(window) from (select window(timestamp'2026-01-01', '10000 days', '1 microsecond'))": "COLLECTION_SIZE_LIMIT_EXCEEDED.FUNCTION",
		"select window(timestamp'2026-01-01', '1000 seconds', '1 microsecond')":                           "RESOURCE.MEMORY_LIMIT",
		"select randstr(2147483647, 1)":                                                                   "INVALID_PARAMETER_VALUE",
		"select format_string('%2000000000d', 1)":                                                         "INVALID_PARAMETER_VALUE",
		"with recursive t(n) as (select 1 union all select n + 1 from t) select sum(n) from t":            "RECURSION_LEVEL_LIMIT_EXCEEDED",
	} {
		if got := single(t, s, sql); got != want {
			t.Errorf("%s: %.200s, want %s", sql, got, want)
		}
	}
}

// Functions do not make more for the rows of a batch than the memory there is, though no row alone is too much.
func TestTooLargeBatches(t *testing.T) {
	s := open(t, volley.WithMemory("64m"))
	for _, sql := range []string{
		"select max(length(randstr(40000000, 1))) from range(1000)",
		"select max(length(format_string('%1000000d%<1000000d', id))) from range(10000)",
		"select max(length(format_string(concat(repeat('x', 2000000), '%d'), id))) from range(10000)",
		"select max(length(concat_ws(repeat('-', 1000000), id, id, id, id))) from range(10000)",
		"select max(length(array_join(array(id, id, id, id), repeat('-', 1000000)))) from range(10000)",
		"select max(length(overlay(repeat('x', 2000000) placing string(id) from 5))) from range(10000)",
		"select max(length(translate(repeat('x', 2000000), 'x', string(id)))) from range(10000)",
		"select max(length(date_format(timestamp_seconds(id), concat('y\\'', repeat('x', 2000000), '\\'')))) from range(10000)",
		"select max(length(to_json(named_struct('a', id, 'b', repeat('x', 2000000))))) from range(10000)",
		"select max(size(split(concat(repeat('a,', 3000), id), ','))) from range(10000)",
		"select max(size(array_append(sequence(1, 10000), id))) from range(10000)",
		"select max(size(transform(sequence(1, 10000), x -> x + id))) from range(10000)",
		"select max(size(zip_with(sequence(1, 10000), array(id), (x, y) -> x))) from range(10000)",
	} {
		if got := single(t, s, sql); got != "RESOURCE.MEMORY_LIMIT" {
			t.Errorf("%s: %.200s", sql, got)
		}
	}
}

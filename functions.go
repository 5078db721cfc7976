package volley

import (
	"slices"
	"strconv"

	"github.com/volley-sql/volley/planner/ast"
)

// Call is a call of an SQL function of any name. Arguments are Columns, or Go
// values that become literals: Call("concat", Col("a"), "-", Col("b")).
func Call(name string, args ...any) Column {
	cols := make([]Column, len(args))
	for i, a := range args {
		cols[i] = Lit(a)
	}
	return calling(func(s *scope) *ast.Func {
		f := ast.Call(name)
		for _, c := range cols {
			f.Args = append(f.Args, c.expr(s))
		}
		return f
	})
}

// The functions below take a Column or the name of a column where they say col
// any; other arguments are values.

func distinct(name string, cols []any) Column {
	list := namedAll(cols)
	return calling(func(s *scope) *ast.Func {
		f := ast.Call(name)
		f.Distinct = true
		for _, c := range list {
			f.Args = append(f.Args, c.expr(s))
		}
		return f
	})
}

// Sum is sum(col).
func Sum(col any) Column { return Call("sum", named(col)) }

// SumDistinct is sum(DISTINCT col).
func SumDistinct(col any) Column { return distinct("sum", []any{col}) }

// Avg is avg(col).
func Avg(col any) Column { return Call("avg", named(col)) }

// Count is count(col), or count(*) of "*".
func Count(col any) Column { return Call("count", named(col)) }

// CountDistinct is count(DISTINCT cols).
func CountDistinct(cols ...any) Column { return distinct("count", cols) }

// Min is min(col).
func Min(col any) Column { return Call("min", named(col)) }

// Max is max(col).
func Max(col any) Column { return Call("max", named(col)) }

// MinBy is min_by(col, by): the value of col where by is least.
func MinBy(col, by any) Column { return Call("min_by", named(col), named(by)) }

// MaxBy is max_by(col, by): the value of col where by is greatest.
func MaxBy(col, by any) Column { return Call("max_by", named(col), named(by)) }

// First is first(col).
func First(col any) Column { return Call("first", named(col)) }

// Last is last(col).
func Last(col any) Column { return Call("last", named(col)) }

// CollectList is collect_list(col).
func CollectList(col any) Column { return Call("collect_list", named(col)) }

// CollectSet is collect_set(col).
func CollectSet(col any) Column { return Call("collect_set", named(col)) }

// Stddev is stddev(col), of a sample.
func Stddev(col any) Column { return Call("stddev", named(col)) }

// Variance is variance(col), of a sample.
func Variance(col any) Column { return Call("variance", named(col)) }

// Coalesce is the first of the columns that is not NULL.
func Coalesce(cols ...any) Column { return callNamed("coalesce", cols) }

// Greatest is the greatest of the columns, NULLs apart.
func Greatest(cols ...any) Column { return callNamed("greatest", cols) }

// Least is the least of the columns, NULLs apart.
func Least(cols ...any) Column { return callNamed("least", cols) }

// Concat joins strings, binaries or arrays.
func Concat(cols ...any) Column { return callNamed("concat", cols) }

// ConcatWS joins strings with sep between, leaving out NULLs.
func ConcatWS(sep string, cols ...any) Column {
	args := []any{sep}
	for _, c := range namedAll(cols) {
		args = append(args, c)
	}
	return Call("concat_ws", args...)
}

// Array is an array of the columns.
func Array(cols ...any) Column { return callNamed("array", cols) }

// Struct is a struct of the columns. Names given by As are those of its fields.
func Struct(cols ...any) Column {
	list := namedAll(cols)
	if !slices.ContainsFunc(list, func(c Column) bool { return c.alias != "" }) {
		return callNamed("struct", cols)
	}
	return calling(func(s *scope) *ast.Func {
		f := ast.Call("named_struct")
		for i, c := range list {
			x, name := c.expr(s), c.alias
			if col, ok := x.(*ast.Column); ok && name == "" {
				name = col.Name.Last()
			}
			if name == "" { // as Spark names fields without a name
				name = "col" + strconv.Itoa(i+1)
			}
			f.Args = append(f.Args, ast.Str(name), x)
		}
		return f
	})
}

func callNamed(name string, cols []any) Column {
	var args []any
	for _, c := range namedAll(cols) {
		args = append(args, c)
	}
	return Call(name, args...)
}

// Upper is upper(col).
func Upper(col any) Column { return Call("upper", named(col)) }

// Lower is lower(col).
func Lower(col any) Column { return Call("lower", named(col)) }

// Trim is trim(col): without spaces at either end.
func Trim(col any) Column { return Call("trim", named(col)) }

// Length is length(col), in characters.
func Length(col any) Column { return Call("length", named(col)) }

// Substring is substring(col, pos, length); positions begin with 1.
func Substring(col any, pos, length int) Column { return Call("substring", named(col), pos, length) }

// RegexpReplace replaces what matches pattern.
func RegexpReplace(col any, pattern, replacement string) Column {
	return Call("regexp_replace", named(col), pattern, replacement)
}

// Split splits a string at what matches pattern.
func Split(col any, pattern string) Column { return Call("split", named(col), pattern) }

// Explode gives a row for every element of an array or map.
func Explode(col any) Column { return Call("explode", named(col)) }

// Abs is abs(col).
func Abs(col any) Column { return Call("abs", named(col)) }

// Round rounds to scale digits after the point, halves away from zero.
func Round(col any, scale int) Column { return Call("round", named(col), scale) }

// Floor is floor(col).
func Floor(col any) Column { return Call("floor", named(col)) }

// Ceil is ceil(col).
func Ceil(col any) Column { return Call("ceil", named(col)) }

// Sqrt is sqrt(col).
func Sqrt(col any) Column { return Call("sqrt", named(col)) }

// ToDate is to_date(col), with an optional pattern such as "yyyy-MM-dd".
func ToDate(col any, pattern ...string) Column { return withPattern("to_date", col, pattern) }

// ToTimestamp is to_timestamp(col), with an optional pattern.
func ToTimestamp(col any, pattern ...string) Column { return withPattern("to_timestamp", col, pattern) }

func withPattern(name string, col any, pattern []string) Column {
	args := []any{named(col)}
	for _, p := range pattern {
		args = append(args, p)
	}
	return Call(name, args...)
}

// DateFormat is date_format(col, pattern).
func DateFormat(col any, pattern string) Column { return Call("date_format", named(col), pattern) }

// Year is year(col).
func Year(col any) Column { return Call("year", named(col)) }

// Month is month(col).
func Month(col any) Column { return Call("month", named(col)) }

// DayOfMonth is dayofmonth(col).
func DayOfMonth(col any) Column { return Call("dayofmonth", named(col)) }

// DateAdd is date_add(col, days).
func DateAdd(col any, days any) Column { return Call("date_add", named(col), days) }

// DateDiff is datediff(end, start), in days.
func DateDiff(end, start any) Column { return Call("datediff", named(end), named(start)) }

// RowNumber is row_number(), for Over.
func RowNumber() Column { return Call("row_number") }

// Rank is rank(), for Over.
func Rank() Column { return Call("rank") }

// DenseRank is dense_rank(), for Over.
func DenseRank() Column { return Call("dense_rank") }

// Ntile is ntile(n), for Over.
func Ntile(n int) Column { return Call("ntile", n) }

// Lag is the value of col offset rows before, NULL where there is none, for Over.
func Lag(col any, offset int) Column { return Call("lag", named(col), offset) }

// Lead is the value of col offset rows after, NULL where there is none, for Over.
func Lead(col any, offset int) Column { return Call("lead", named(col), offset) }

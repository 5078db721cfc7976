// Package datetime defines the functions on dates, timestamps and intervals:
// their fields, arithmetic that is no operator, truncation, conversion from and
// to text and numbers. Fields of a TIMESTAMP are those of the session's time zone.
package datetime

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

// Defs lists the family.
func Defs() []function.Def {
	var out []function.Def
	for _, part := range [][]function.Def{fields(), extracts(), current(), clocks(), arithmetic(), truncations(), buckets(), formats(), makers(), units(), zonesDefs(), shifts()} {
		out = append(out, part...)
	}
	return out
}

var (
	i32  = types.Int32Type
	i64  = types.Int64Type
	text = types.StringType
	date = types.DateType
	ts   = types.TimestampType
	ntz  = types.TimestampNTZType
)

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "datetime", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func also(d function.Def, aliases ...string) function.Def {
	d.Aliases = aliases
	return d
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// timeOfDay is the microseconds of the day of a TIMESTAMP, TIMESTAMP_NTZ or TIME.
func timeOfDay(c *build.Context, k types.Kind, v int64) int64 {
	if k == types.Time {
		return v / calendar.NanosPerMicro
	}
	_, us := calendar.Split(local(c, k, v))
	return us
}

// local is the wall-clock time of a TIMESTAMP (in the session's zone) or TIMESTAMP_NTZ.
func local(c *build.Context, k types.Kind, v int64) int64 {
	if k == types.Timestamp {
		return calendar.ToLocal(c.TimeZone, v)
	}
	return v
}

// floorDiv divides towards negative infinity.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

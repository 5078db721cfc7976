package datetime

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// legacyParser reports whether patterns are those of Spark 2.
func legacyParser(setting func(string) string) bool {
	return setting != nil && strings.EqualFold(setting("spark.sql.legacy.timeParserPolicy"), "LEGACY")
}

// patterns compiles patterns, and keeps the last one: it is a constant as a rule.
type patterns struct {
	reading bool // for reading texts
	local   bool // of types without zone
	last    string
	p       *calendar.Pattern
}

func (p *patterns) get(c *build.Context, text string) (*calendar.Pattern, error) {
	if p.p == nil || p.last != text {
		c, err := calendar.CompilePattern(text, calendar.Use{Reading: p.reading, Local: p.local, Legacy: legacyParser(c.Setting)})
		if err != nil {
			return nil, err
		}
		p.p, p.last = c, text
	}
	return p.p, nil
}

func at[T vec.Elem](v *vec.Vec, row int) T { return build.At[T](v, row) }

const defaultPattern = "yyyy-MM-dd HH:mm:ss"

func formats() []function.Def {
	return []function.Def{
		def("date_format", "timestamp, fmt", "Returns a timestamp as text by a datetime pattern.", dateFormat, ex("SELECT date_format('2016-04-08', 'y')", "2016"), ex("SELECT date_format('2016-04-08 13:05:00', 'dd.MM.yy h:mm a')", "08.04.16 1:05 PM")),
		def("from_unixtime", "unix_time[, fmt]", "Returns the seconds since 1970-01-01 00:00 UTC as text of the session's time zone, by a datetime pattern.", fromUnix, ex("SELECT from_unixtime(0, 'yyyy-MM-dd HH:mm:ss')", "1969-12-31 16:00:00")),
		def("to_date", "date_str[, fmt]", "Returns the date in a text, by a datetime pattern or as CAST reads it.", toDate(false), ex("SELECT to_date('2009-07-30 04:17:52')", "2009-07-30"), ex("SELECT to_date('2016-12-31', 'yyyy-MM-dd')", "2016-12-31")),
		def("try_to_date", "date_str[, fmt]", "As to_date, but NULL for a text that is no date.", toDate(true), ex("SELECT try_to_date('foo', 'yyyy-MM-dd')", "NULL")),
		def("to_timestamp", "timestamp_str[, fmt]", "Returns the timestamp in a text, by a datetime pattern or as CAST reads it.", toStamp(ts, false, true), ex("SELECT to_timestamp('2016-12-31 00:12:00')", "2016-12-31 00:12:00"), ex("SELECT to_timestamp('31.12.2016', 'dd.MM.yyyy')", "2016-12-31 00:00:00")),
		def("try_to_timestamp", "timestamp_str[, fmt]", "As to_timestamp, but NULL for a text that is no timestamp.", toStamp(ts, true, true), ex("SELECT try_to_timestamp('foo', 'yyyy-MM-dd')", "NULL")),
		def("to_timestamp_ltz", "timestamp_str[, fmt]", "As to_timestamp, always of type TIMESTAMP.", toStamp(ts, false, false), ex("SELECT to_timestamp_ltz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00")),
		def("to_timestamp_ntz", "timestamp_str[, fmt]", "As to_timestamp, of type TIMESTAMP_NTZ.", toStamp(ntz, false, false), ex("SELECT to_timestamp_ntz('2016-12-31', 'yyyy-MM-dd')", "2016-12-31 00:00:00")),
		def("unix_timestamp", "[timeExp[, fmt]]", "Returns the seconds from 1970-01-01 00:00 UTC to a time, or to now.", unixTimestamp, ex("SELECT unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460098800")),
		def("to_unix_timestamp", "timeExp[, fmt]", "Returns the seconds from 1970-01-01 00:00 UTC to a time.", unixTimestamp, ex("SELECT to_unix_timestamp('2016-04-08', 'yyyy-MM-dd')", "1460098800")),
	}
}

func dateFormat(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	in := clockOr(c, 0)
	return build.Func(build.Fixed(text, in, text), func(*expr.Call) (function.Kernel, error) {
		p := patterns{local: in.Kind == types.Time}
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			f, err := p.get(x, at[string](args[1], row))
			if err != nil {
				return err
			}
			zone := x.TimeZone
			v := at[int64](args[0], row)
			if in.Kind != types.Timestamp {
				zone = nil
			}
			if in.Kind == types.Time {
				if !f.OfDay() {
					return sqlerr.New(sqlerr.InvalidRegexp, "The value of parameter(s) `format` in `date_format` is invalid: '%s'.", at[string](args[1], row))
				}
				v /= calendar.NanosPerMicro
			}
			s := string(f.Append(nil, v, zone))
			vec.Data[string](out)[row] = s
			return x.Make("date_format", int64(len(s)))
		}), nil
	})(c)
}

func fromUnix(c *function.Call) (*function.Overload, error) {
	return build.Func(build.Optional(text, 1, i64, text), func(*expr.Call) (function.Kernel, error) {
		p := patterns{}
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			pattern := defaultPattern
			if len(args) == 2 {
				pattern = at[string](args[1], row)
			}
			f, err := p.get(x, pattern)
			if err != nil {
				return err
			}
			us, ok := times(at[int64](args[0], row), calendar.MicrosPerSecond)
			if !ok {
				return longOverflow()
			}
			s := string(f.Append(nil, us, x.TimeZone))
			vec.Data[string](out)[row] = s
			return x.Make("from_unixtime", int64(len(s)))
		}), nil
	})(c)
}

func longOverflow() error {
	return sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: long overflow.")
}

// times multiplies, and says whether the product fits.
func times(a, b int64) (int64, bool) {
	p := types.MulInt64(a, b)
	return p.Int64(), p.IsInt64()
}

// casting rewrites a call to a cast of its first argument.
func casting(c *function.Call, to types.Type, try bool) (*function.Overload, error) {
	mode := expr.CastLegacy
	if c.ANSI {
		mode = expr.CastANSI
	}
	if try {
		mode = expr.CastTry
	}
	params := c.Types()
	return &function.Overload{Params: params, Result: to, Nulls: function.NullOut, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
		if args[0].Type().Kind == types.Null {
			return expr.NullOf(to), nil
		}
		return &expr.Cast{Arg: args[0], To: to, Mode: mode, Pos: sqlerr.NoPos}, nil
	}}, nil
}

// castingText is casting by way of text, for numbers that are no times.
func castingText(c *function.Call, to types.Type, try bool) (*function.Overload, error) {
	o, err := casting(c, to, try)
	if err != nil {
		return nil, err
	}
	cast := o.Rewrite
	o.Rewrite = func(args []expr.Expr) (expr.Expr, error) {
		return cast([]expr.Expr{&expr.Cast{Arg: args[0], To: text, Pos: sqlerr.NoPos}})
	}
	return o, nil
}

// wallByDefault reports whether TIMESTAMP is TIMESTAMP_NTZ by setting.
func wallByDefault(c *function.Call) bool {
	return c.Setting != nil && strings.EqualFold(c.Setting("spark.sql.timestampType"), "TIMESTAMP_NTZ")
}

func timeArg(c *function.Call) error {
	if k := c.Args[0].Type().Kind; k != types.String && k != types.Null && !k.IsDatetime() {
		return build.WrongType(c, 0, `("STRING" or "DATE" or "TIMESTAMP" or "TIMESTAMP WITHOUT TIME ZONE")`)
	}
	return nil
}

func toDate(try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 2); err != nil {
			return nil, err
		}
		if err := timeArg(c); err != nil {
			return nil, err
		}
		if len(c.Args) == 1 || c.Args[0].Type().Kind.IsDatetime() {
			return casting(c, date, try)
		}
		return build.Func(build.Fixed(date, text, text), reading(try, false, func(x *build.Context, s calendar.Stamp, out *vec.Vec, row int) error {
			local := s.Local
			if s.HasZone {
				local = calendar.ToLocal(x.TimeZone, calendar.FromLocal(s.Zone, local))
			}
			days, _ := calendar.Split(local)
			vec.Data[int32](out)[row] = int32(days)
			return nil
		}), build.NullOut)(c)
	}
}

// reading makes the kernel of functions of a text and a pattern.
func reading(try, local bool, put func(x *build.Context, s calendar.Stamp, out *vec.Vec, row int) error) build.Maker {
	return func(*expr.Call) (function.Kernel, error) {
		p := patterns{reading: true, local: local}
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			pattern := defaultPattern
			if len(args) == 2 {
				pattern = at[string](args[1], row)
			}
			f, err := p.get(x, pattern)
			if err != nil {
				return err
			}
			s := at[string](args[0], row)
			stamp, ok := f.Parse(s)
			if !ok {
				if stamp.TooFar {
					return longOverflow()
				}
				if try || !x.ANSI {
					return build.Null
				}
				return sqlerr.New(sqlerr.CannotParseTimestamp, "Text '%s' could not be parsed by the pattern '%s'. Use `try_to_timestamp` to tolerate invalid input string and return NULL instead.", s, pattern)
			}
			return put(x, stamp, out, row)
		}), nil
	}
}

// instant is what a text says in the session's zone.
func instant(x *build.Context, s calendar.Stamp) int64 {
	if s.HasZone {
		return calendar.FromLocal(s.Zone, s.Local)
	}
	return calendar.FromLocal(x.TimeZone, s.Local)
}

// toStamp resolves to_timestamp and its like; byConf follows the setting that makes TIMESTAMP_NTZ the default.
func toStamp(to types.Type, try, byConf bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 2); err != nil {
			return nil, err
		}
		t := to
		if byConf && wallByDefault(c) {
			t = ntz
		}
		k := c.Args[0].Type().Kind
		if k.IsNumeric() && t.Kind == types.TimestampNTZ && len(c.Args) == 1 {
			return castingText(c, t, try)
		}
		if k.IsNumeric() && byConf && len(c.Args) == 1 {
			return casting(c, t, try)
		}
		if err := timeArg(c); err != nil {
			return nil, err
		}
		if len(c.Args) == 1 || k.IsDatetime() {
			return casting(c, t, try)
		}
		return build.Func(build.Fixed(t, text, text), reading(try, t.Kind == types.TimestampNTZ, func(x *build.Context, s calendar.Stamp, out *vec.Vec, row int) error {
			v := s.Local
			if t.Kind == types.Timestamp {
				v = instant(x, s)
			}
			vec.Data[int64](out)[row] = v
			return nil
		}), build.NullOut)(c)
	}
}

func unixTimestamp(c *function.Call) (*function.Overload, error) {
	least := 1
	if c.Name == "unix_timestamp" {
		least = 0
	}
	if err := build.Arity(c, least, 2); err != nil {
		return nil, err
	}
	if len(c.Args) == 0 {
		return build.Func(build.Fixed(i64), build.Nullary(func(x *build.Context) (int64, error) { return x.Now.Unix(), nil }))(c)
	}
	if err := timeArg(c); err != nil {
		return nil, err
	}
	k := c.Args[0].Type().Kind
	if !k.IsDatetime() {
		return build.Func(build.Optional(i64, 1, text, text), reading(false, false, func(x *build.Context, s calendar.Stamp, out *vec.Vec, row int) error {
			vec.Data[int64](out)[row] = floorDiv(instant(x, s), calendar.MicrosPerSecond)
			return nil
		}), build.NullOut)(c)
	}
	in := c.Args[0].Type()
	if len(c.Args) == 2 { // a format of what is no text is not looked at
		if t := c.Args[1].Type().Kind; t != types.String && t != types.Null {
			return nil, build.WrongType(c, 1, `"STRING"`)
		}
		return &function.Overload{Params: c.Types(), Result: i64, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
			return &expr.Call{Func: c.Name, Args: args[:1], T: i64, Null: args[0].Nullable(), Pos: sqlerr.NoPos}, nil
		}}, nil
	}
	return build.Func(build.Fixed(i64, in), build.Rows(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		var us int64
		switch k {
		case types.Date:
			us = calendar.FromLocal(x.TimeZone, int64(at[int32](args[0], row))*calendar.MicrosPerDay)
		case types.TimestampNTZ:
			us = calendar.FromLocal(x.TimeZone, at[int64](args[0], row))
		default:
			us = at[int64](args[0], row)
		}
		vec.Data[int64](out)[row] = floorDiv(us, calendar.MicrosPerSecond)
		return nil
	}))(c)
}

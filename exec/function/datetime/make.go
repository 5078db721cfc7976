package datetime

import (
	"math"
	"slices"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func makers() []function.Def {
	const parts = "year, month, day, hour, min, sec"
	return []function.Def{
		def("make_timestamp", parts+"[, timezone]", "Returns the timestamp of its parts, or of a DATE and a TIME; seconds have a fraction. Parts are of the session's time zone unless timezone is given.", makeStamp(ts, false), ex("SELECT make_timestamp(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")),
		def("try_make_timestamp", parts+"[, timezone]", "As make_timestamp, but NULL for parts that make none.", makeStamp(ts, true), ex("SELECT try_make_timestamp(2014, 13, 28, 6, 30, 45.887)", "NULL")),
		def("make_timestamp_ltz", parts+"[, timezone]", "As make_timestamp, always of type TIMESTAMP.", makeStamp(ts, false), ex("SELECT make_timestamp_ltz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")),
		def("try_make_timestamp_ltz", parts+"[, timezone]", "As make_timestamp_ltz, but NULL for parts that make none.", makeStamp(ts, true), ex("SELECT try_make_timestamp_ltz(2014, 12, 28, 26, 30, 45.887)", "NULL")),
		def("make_timestamp_ntz", parts, "Returns the TIMESTAMP_NTZ of its parts.", makeStamp(ntz, false), ex("SELECT make_timestamp_ntz(2014, 12, 28, 6, 30, 45.887)", "2014-12-28 06:30:45.887")),
		def("try_make_timestamp_ntz", parts, "As make_timestamp_ntz, but NULL for parts that make none.", makeStamp(ntz, true), ex("SELECT try_make_timestamp_ntz(2014, 12, 32, 6, 30, 45.887)", "NULL")),
		def("make_interval", "[years[, months[, weeks[, days[, hours[, mins[, secs]]]]]]]", "Returns the calendar interval of its parts.", makeInterval(false), ex("SELECT make_interval(100, 11, 1, 1, 12, 30, 01.001001)", "100 years 11 months 8 days 12 hours 30 minutes 1.001001 seconds")),
		def("try_make_interval", "[years[, months[, weeks[, days[, hours[, mins[, secs]]]]]]]", "As make_interval, but NULL for parts that do not fit.", makeInterval(true), ex("SELECT try_make_interval(2147483647)", "NULL")),
		def("make_dt_interval", "[days[, hours[, mins[, secs]]]]", "Returns the interval of days to seconds of its parts.", makeDayTime, ex("SELECT make_dt_interval(1, 12, 30, 01.001001)", "1 12:30:01.001001000")),
		def("make_ym_interval", "[years[, months]]", "Returns the interval of years and months.", makeYearMonth, ex("SELECT make_ym_interval(1, 2)", "1-2")),
	}
}

// outOfBounds is the failure of a part of a date or time.
func outOfBounds(format string, args ...any) error {
	return sqlerr.New(sqlerr.DatetimeFieldSuggest, format, args...).WithHint("If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.")
}

// seconds is the type of seconds with a fraction; secsAt reads them as microseconds.
var secondsType = types.DecimalType(16, 6)

func makeStamp(t types.Type, try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if n := len(c.Args); n == 1 && t.Kind == types.Timestamp && c.Args[0].Type().Kind != types.Timestamp {
			if _, ok := build.Param(c.Args[0].Type(), date, c.ANSI); !ok {
				return nil, build.WrongType(c, 0, `"DATE"`)
			}
			return casting(c, t, try)
		}
		if n := len(c.Args); n == 2 || n == 3 && t.Kind == types.Timestamp {
			return stampOfTwo(c, t, try)
		}
		params := []types.Type{i32, i32, i32, i32, i32, secondsType, text}
		if err := stampArity(c, t); err != nil {
			return nil, err
		}
		t := t
		if strings.HasSuffix(c.Name, "make_timestamp") && wallByDefault(c) {
			t = ntz
		}
		return build.Func(build.Optional(t, 6, params...), build.Rows(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			var part [5]int
			for k := range part {
				part[k] = int(at[int32](args[k], row))
			}
			local, err := stampOf(part, at[int64](args[5], row))
			zone := x.TimeZone
			if err == nil && len(args) == 7 {
				zone, err = zoneOf(at[string](args[6], row))
			}
			if err != nil {
				if try || !x.ANSI && !sqlerr.Is(err, sqlerr.InvalidTimezone) {
					return build.Null
				}
				return err
			}
			if t.Kind == types.Timestamp {
				local = calendar.FromLocal(zone, local)
			}
			vec.Data[int64](out)[row] = local
			return nil
		}), build.NullOut)(c)
	}
}

// stampArity is the error of a call with none of the numbers of arguments that make a timestamp.
func stampArity(c *function.Call, t types.Type) error {
	n := len(c.Args)
	if n == 6 || n == 7 && t.Kind == types.Timestamp {
		return nil
	}
	want := "[1, 2, 3, 6, 7]"
	if t.Kind != types.Timestamp {
		want = "[2, 6]"
	}
	return sqlerr.New(sqlerr.WrongNumArgs, "The `%s` requires %s parameters but the actual number is %d.", c.Name, want, n)
}

// stampOfTwo is the timestamp of a DATE and a TIME[, and a time zone].
func stampOfTwo(c *function.Call, t types.Type, try bool) (*function.Overload, error) {
	if k := c.Args[0].Type().Kind; k != types.Date && k != types.Null {
		return nil, build.WrongType(c, 0, `"DATE"`)
	}
	k := c.Args[1].Type()
	if k.Kind == types.Null {
		k = clock
	} else if k.Kind != types.Time {
		return nil, build.WrongType(c, 1, `"TIME"`)
	}
	return build.Func(build.Optional(t, 2, date, k, text), build.Rows(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		zone := x.TimeZone
		if len(args) == 3 {
			z, err := zoneOf(at[string](args[2], row))
			if err != nil {
				return err
			}
			zone = z
		}
		day := int64(at[int32](args[0], row))
		v, ok := calendar.AddMicros(day*calendar.MicrosPerDay, at[int64](args[1], row)/calendar.NanosPerMicro)
		if !ok || day < calendar.MinDay || day > calendar.MaxDay {
			if try {
				return build.Null
			}
			return longOverflow()
		}
		if t.Kind == types.Timestamp {
			v = calendar.FromLocal(zone, v)
		}
		vec.Data[int64](out)[row] = v
		return nil
	}), build.NullOut)(c)
}

func stampOf(p [5]int, micros int64) (int64, error) {
	if _, err := makeDate(&build.Context{ANSI: true}, int32(p[0]), int32(p[1]), int32(p[2])); err != nil {
		return 0, err
	}
	switch secs := micros / calendar.MicrosPerSecond; {
	case p[3] < 0 || p[3] > 23:
		return 0, outOfBounds("Invalid value for HourOfDay (valid values 0 - 23): %d.", p[3])
	case p[4] < 0 || p[4] > 59:
		return 0, outOfBounds("Invalid value for MinuteOfHour (valid values 0 - 59): %d.", p[4])
	case secs == 60 && micros%calendar.MicrosPerSecond != 0:
		return 0, sqlerr.New(sqlerr.InvalidFraction, "Valid range for seconds is [0, 60] (inclusive), but the provided value is %v.", float64(micros)/1e6)
	case micros < 0 || secs > 60:
		return 0, outOfBounds("Invalid value for SecondOfMinute (valid values 0 - 59): %d.", secs)
	}
	days := calendar.Days(p[0], p[1], p[2])
	if days > calendar.MaxDay || days < calendar.MinDay {
		return 0, longOverflow()
	}
	v, ok := calendar.AddMicros(days*calendar.MicrosPerDay, int64(p[3])*calendar.MicrosPerHour+int64(p[4])*calendar.MicrosPerMinute+micros)
	if !ok {
		return 0, longOverflow()
	}
	return v, nil
}

func intervalOverflow() error {
	return sqlerr.New(sqlerr.IntervalOverflow, "Integer overflow while operating with intervals.")
}

// total is the sum of parts times their units, and whether it fits.
func total(parts ...[2]int64) (int64, bool) {
	var sum types.Int128
	for _, p := range parts {
		sum, _ = sum.Add(types.MulInt64(p[0], p[1]))
	}
	return sum.Int64(), sum.IsInt64()
}

// optionalInt is an argument that may be left out.
func optionalInt(args []*vec.Vec, k, row int) int64 {
	if k >= len(args) {
		return 0
	}
	if args[k].Type.Storage() == types.StoreInt32 {
		return int64(at[int32](args[k], row))
	}
	return at[int64](args[k], row)
}

func makeInterval(try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		params := append(slices.Repeat([]types.Type{i32}, 6), types.DecimalType(18, 6))
		return build.Func(build.Optional(types.IntervalType, 0, params...), build.Rows(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			n := func(k int) int64 { return optionalInt(args, k, row) }
			months, days := n(0)*12+n(1), n(2)*7+n(3)
			us, ok := total([2]int64{n(4), calendar.MicrosPerHour}, [2]int64{n(5), calendar.MicrosPerMinute}, [2]int64{n(6), 1})
			if !ok || months != int64(int32(months)) || days != int64(int32(days)) {
				if try || !x.ANSI {
					return build.Null
				}
				return intervalOverflow()
			}
			vec.Data[types.CalendarInterval](out)[row] = types.CalendarInterval{Months: int32(months), Days: int32(days), Micros: us}
			return nil
		}), build.NullOut)(c)
	}
}

func makeDayTime(c *function.Call) (*function.Overload, error) {
	return build.Func(build.Optional(types.DayTimeType, 0, i32, i32, i32, types.DecimalType(18, 6)), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		n := func(k int) int64 { return optionalInt(args, k, row) }
		us, ok := total([2]int64{n(0), calendar.MicrosPerDay}, [2]int64{n(1), calendar.MicrosPerHour}, [2]int64{n(2), calendar.MicrosPerMinute}, [2]int64{n(3), 1})
		if !ok {
			return intervalOverflow()
		}
		vec.Data[int64](out)[row] = us
		return nil
	}))(c)
}

func makeYearMonth(c *function.Call) (*function.Overload, error) {
	return build.Func(build.Optional(types.YearMonthType, 0, i32, i32), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		m := optionalInt(args, 0, row)*12 + optionalInt(args, 1, row)
		if m > math.MaxInt32 || m < math.MinInt32 {
			return intervalOverflow()
		}
		vec.Data[int32](out)[row] = int32(m)
		return nil
	}))(c)
}

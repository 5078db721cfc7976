package datetime

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

// unit is what a truncation keeps.
type unit uint8

const (
	unknown unit = iota
	toMicrosecond
	toMillisecond
	toSecond
	toMinute
	toHour
	toDay
	toWeek
	toMonth
	toQuarter
	toYear
)

func unitOf(name string) unit {
	switch strings.ToUpper(name) {
	case "MICROSECOND":
		return toMicrosecond
	case "MILLISECOND":
		return toMillisecond
	case "SECOND":
		return toSecond
	case "MINUTE":
		return toMinute
	case "HOUR":
		return toHour
	case "DAY", "DD":
		return toDay
	case "WEEK":
		return toWeek
	case "MON", "MONTH", "MM":
		return toMonth
	case "QUARTER":
		return toQuarter
	case "YEAR", "YYYY", "YY":
		return toYear
	}
	return unknown
}

// floorDay is the first day of the unit that d is in, for units of a day and more.
func floorDay(d int64, u unit) int64 {
	y, m, _ := calendar.Civil(d)
	switch u {
	case toWeek:
		return d - int64(weekday(d))
	case toMonth:
		return calendar.Days(y, m, 1)
	case toQuarter:
		return calendar.Days(y, (m-1)/3*3+1, 1)
	case toYear:
		return calendar.Days(y, 1, 1)
	}
	return d
}

func floorLocal(v int64, u unit) int64 {
	step := int64(1)
	switch u {
	case toMillisecond:
		step = 1000
	case toSecond:
		step = calendar.MicrosPerSecond
	case toMinute:
		step = calendar.MicrosPerMinute
	case toHour:
		step = calendar.MicrosPerHour
	case toMicrosecond:
	default:
		d, _ := calendar.Split(v)
		return floorDay(d, u) * calendar.MicrosPerDay
	}
	return v - floorMod(v, step)
}

func truncations() []function.Def {
	return []function.Def{
		def("trunc", "date, fmt", "Returns the first day of the year, quarter, month or week of date. An unknown fmt gives NULL.",
			build.Func(build.Fixed(date, date, text), build.BinaryE(func(_ *build.Context, d int32, f string) (int32, error) {
				u := unitOf(f)
				if u < toWeek {
					return 0, build.Null
				}
				return int32(floorDay(int64(d), u)), nil
			}), build.NullOut), ex("SELECT trunc('2019-08-04', 'week')", "2019-07-29")),
		def("date_trunc", "fmt, ts", "Returns ts cut to a unit: YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND. An unknown fmt gives NULL.",
			dateTrunc, ex("SELECT date_trunc('HOUR', '2015-03-05T09:32:05.359')", "2015-03-05 09:00:00")),
	}
}

func dateTrunc(c *function.Call) (*function.Overload, error) {
	in, k := ts, types.Timestamp
	if len(c.Args) == 2 && c.Args[1].Type().Kind == types.TimestampNTZ {
		in, k = ntz, types.TimestampNTZ
	}
	return build.Func(build.Fixed(in, text, in), build.BinaryE(func(x *build.Context, f string, v int64) (int64, error) {
		u := unitOf(f)
		if u == unknown {
			return 0, build.Null
		}
		if k == types.TimestampNTZ {
			return floorLocal(v, u), nil
		}
		if u <= toMinute {
			// Offsets are whole minutes nowadays; older ones have seconds, which a step in local time respects.
			off := calendar.Offset(x.TimeZone, v)
			return floorLocal(v+off, u) - off, nil
		}
		return calendar.FromLocal(x.TimeZone, floorLocal(calendar.ToLocal(x.TimeZone, v), u)), nil
	}), build.NullOut)(c)
}

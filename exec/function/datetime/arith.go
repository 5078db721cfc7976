package datetime

import (
	"math"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func current() []function.Def {
	stable := func(d function.Def) function.Def {
		d.Volatility = function.Stable
		return d
	}
	now := build.Nullary(func(c *build.Context) (int64, error) { return c.Now.UnixMicro(), nil })
	today := build.Nullary(func(c *build.Context) (int32, error) {
		days, _ := calendar.Split(calendar.ToLocal(c.TimeZone, c.Now.UnixMicro()))
		return int32(days), nil
	})
	return []function.Def{
		stable(also(def("current_timestamp", "", "Returns the instant at which the query began.", build.Func(build.Fixed(ts), now), ex("SELECT current_timestamp() = current_timestamp()", "true")), "now")),
		stable(also(def("current_date", "", "Returns the day on which the query began, in the session's time zone.", build.Func(build.Fixed(date), today), ex("SELECT current_date() = current_date()", "true")), "curdate")),
		stable(def("localtimestamp", "", "Returns the wall-clock time at which the query began.", build.Func(build.Fixed(ntz), build.Nullary(func(c *build.Context) (int64, error) {
			return calendar.ToLocal(c.TimeZone, c.Now.UnixMicro()), nil
		})), ex("SELECT localtimestamp() = localtimestamp()", "true"))),
		stable(def("current_timezone", "", "Returns the name of the session's time zone.", build.Func(build.Fixed(text), build.Nullary(func(c *build.Context) (string, error) {
			return c.TimeZone.String(), nil
		})), ex("SELECT length(current_timezone()) > 0", "true"))),
	}
}

func dayOverflow() error { return sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow.") }

func addDays(d int32, n int64) (int32, error) {
	v := int64(d) + n
	if v < math.MinInt32 || v > math.MaxInt32 {
		return 0, dayOverflow()
	}
	return int32(v), nil
}

func arithmetic() []function.Def {
	plus := func(sign int64) build.Resolver {
		return build.Func(build.Fixed(date, date, i32), build.BinaryE(func(_ *build.Context, d, n int32) (int32, error) { return addDays(d, sign*int64(n)) }))
	}
	return []function.Def{
		also(def("date_add", "start_date, num_days", "Returns the date that is num_days after start_date; with three arguments it is timestampadd.", threeOr(addUnits, plus(1)), ex("SELECT date_add('2016-07-30', 1)", "2016-07-31")), "dateadd"),
		def("date_sub", "start_date, num_days", "Returns the date that is num_days before start_date.", plus(-1), ex("SELECT date_sub('2016-07-30', 1)", "2016-07-29")),
		also(def("datediff", "end_date, start_date", "Returns the number of days from start_date to end_date; with three arguments it is timestampdiff.", threeOr(diffUnits, build.Func(build.Fixed(i32, date, date), build.Binary(func(a, b int32) int32 { return a - b }))),
			ex("SELECT datediff('2009-07-31', '2009-07-30')", "1")), "date_diff"),
		def("add_months", "start_date, num_months", "Returns the date that is num_months after start_date, its month's last day if there is no such day.",
			build.Func(build.Fixed(date, date, i32), build.Binary(func(d, n int32) int32 { return int32(calendar.AddMonths(int64(d), int(n))) })), ex("SELECT add_months('2016-08-31', 1)", "2016-09-30")),
		def("last_day", "date", "Returns the last day of the month of date.", build.Func(build.Fixed(date, date), build.Unary(func(d int32) int32 {
			y, m, _ := calendar.Civil(int64(d))
			return int32(calendar.Days(y, m, calendar.DaysIn(y, m)))
		})), ex("SELECT last_day('2009-01-12')", "2009-01-31")),
		def("next_day", "start_date, day_of_week", "Returns the first date after start_date that is the named day of the week.", build.Func(build.Fixed(date, date, text), build.BinaryE(nextDay), build.NullOut), ex("SELECT next_day('2015-01-14', 'TU')", "2015-01-20")),
		def("months_between", "timestamp1, timestamp2[, roundOff]", "Returns the months from timestamp2 to timestamp1. Days are parts of a month of 31; equal days and last days of months make whole months. Rounded to 8 digits unless roundOff is false.",
			monthsBetween, ex("SELECT months_between('1997-02-28 10:30:00', '1996-10-30')", "3.94959677")),
		def("date_from_unix_date", "days", "Returns the date that is days after 1970-01-01.", build.Func(build.Fixed(date, i32), build.Unary(func(d int32) int32 { return d })), ex("SELECT date_from_unix_date(1)", "1970-01-02")),
		def("unix_date", "date", "Returns the days from 1970-01-01 to date.", build.Func(build.Fixed(i32, date), build.Unary(func(d int32) int32 { return d })), ex("SELECT unix_date(DATE'1970-01-02')", "1")),
		def("make_date", "year, month, day", "Returns the date of a year, month and day.", build.Func(build.Fixed(date, i32, i32, i32), build.TernaryE(makeDate), build.NullOut), ex("SELECT make_date(2013, 7, 15)", "2013-07-15")),
	}
}

func makeDate(c *build.Context, y, m, d int32) (int32, error) {
	if m < 1 || m > 12 || d < 1 || int(d) > calendar.DaysIn(int(y), int(m)) {
		if !c.ANSI {
			return 0, build.Null
		}
		switch {
		case m < 1 || m > 12:
			return 0, outOfBounds("Invalid value for MonthOfYear (valid values 1 - 12): %d.", m)
		case d < 1 || d > 31:
			return 0, outOfBounds("Invalid value for DayOfMonth (valid values 1 - 28/31): %d.", d)
		}
		return 0, outOfBounds("Invalid date '%s %d'.", strings.ToUpper(monthNames[m-1]), d)
	}
	return addDays(0, calendar.Days(int(y), int(m), int(d)))
}

func nextDay(c *build.Context, d int32, name string) (int32, error) {
	want := -1
	up := strings.ToUpper(strings.TrimSpace(name))
	for k, n := range dayNames {
		full := strings.ToUpper(n)
		if up == full || up == full[:3] || up == full[:2] {
			want = k
		}
	}
	if want < 0 {
		if c.ANSI {
			return 0, sqlerr.New(sqlerr.IllegalDayOfWeek, "Illegal input for day of week: %s.", name)
		}
		return 0, build.Null
	}
	step := floorMod(int64(want)-int64(weekday(int64(d)))-1, 7) + 1
	return addDays(d, step)
}

func monthsBetween(c *function.Call) (*function.Overload, error) {
	compute := func(x *build.Context, a, b int64, round bool) float64 {
		da, ta := calendar.Split(local(x, types.Timestamp, a))
		db, tb := calendar.Split(local(x, types.Timestamp, b))
		ya, ma, na := calendar.Civil(da)
		yb, mb, nb := calendar.Civil(db)
		months := float64((ya-yb)*12 + ma - mb)
		if na == nb || na == calendar.DaysIn(ya, ma) && nb == calendar.DaysIn(yb, mb) {
			return months
		}
		secs := float64(int64(na-nb)*86400) + float64(ta/calendar.MicrosPerSecond-tb/calendar.MicrosPerSecond)
		v := months + secs/(31*86400)
		if round {
			v = math.Round(v*1e8) / 1e8
		}
		return v
	}
	if len(c.Args) == 3 {
		return build.Func(build.Fixed(types.Float64Type, ts, ts, types.BoolType), build.TernaryE(func(x *build.Context, a, b int64, r bool) (float64, error) {
			return compute(x, a, b, r), nil
		}))(c)
	}
	return build.Func(build.Fixed(types.Float64Type, ts, ts), build.BinaryE(func(x *build.Context, a, b int64) (float64, error) { return compute(x, a, b, true), nil }))(c)
}

// threeOr resolves calls of three arguments by one function and others by another.
func threeOr(three, other build.Resolver) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 3 {
			return three(c)
		}
		return other(c)
	}
}

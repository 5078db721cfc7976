package datetime

import (
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func zoneOf(name string) (*time.Location, error) {
	z, err := calendar.Zone(name)
	if err != nil {
		return nil, sqlerr.New(sqlerr.InvalidTimezone, "The timezone: %s is invalid. The timezone must be either a region-based zone ID or a zone offset. Region IDs must have the form 'area/city', such as 'America/Los_Angeles'. Zone offsets must be in the format '(+|-)HH', '(+|-)HH:mm' or '(+|-)HH:mm:ss', e.g '-08' , '+01:00' or '-13:33:33'.", name)
	}
	return z, nil
}

func units() []function.Def {
	from := func(name, unit string, per int64, example, want string) function.Def {
		return def(name, unit, "Returns the timestamp that is so many "+unit+" after 1970-01-01 00:00 UTC.", build.Func(build.Result(func([]types.Type) (types.Type, error) { return ts, nil }, 1, build.AnyInteger),
			build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				v, ok := times(intAt(args[0], row), per)
				if !ok {
					return longOverflow()
				}
				vec.Data[int64](out)[row] = v
				return nil
			})), ex(example, want))
	}
	to := func(name, unit string, per int64, example, want string) function.Def {
		return def(name, "timestamp", "Returns the "+unit+" from 1970-01-01 00:00 UTC to a timestamp.", build.Func(build.Fixed(i64, ts), build.Unary(func(v int64) int64 { return floorDiv(v, per) })), ex(example, want))
	}
	seconds := from("timestamp_seconds", "seconds", calendar.MicrosPerSecond, "SELECT timestamp_seconds(1230219000)", "2008-12-25 07:30:00")
	whole := seconds.Resolve
	seconds.Resolve = func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 1 && (c.Args[0].Type().Kind.IsFloat() || c.Args[0].Type().Kind == types.Decimal) {
			return build.Func(build.Fixed(ts, c.Args[0].Type()), build.Datums(fractionOf(int(c.Args[0].Type().S))), build.NullOut)(c)
		}
		return whole(c)
	}
	return []function.Def{
		seconds,
		from("timestamp_millis", "milliseconds", 1000, "SELECT timestamp_millis(1230219000123)", "2008-12-25 07:30:00.123"),
		from("timestamp_micros", "microseconds", 1, "SELECT timestamp_micros(1230219000123123)", "2008-12-25 07:30:00.123123"),
		to("unix_seconds", "seconds", calendar.MicrosPerSecond, "SELECT unix_seconds(TIMESTAMP('1970-01-01 00:00:01Z'))", "1"),
		to("unix_millis", "milliseconds", 1000, "SELECT unix_millis(TIMESTAMP('1970-01-01 00:00:01Z'))", "1000"),
		to("unix_micros", "microseconds", 1, "SELECT unix_micros(TIMESTAMP('1970-01-01 00:00:01Z'))", "1000000"),
	}
}

// fractionOf reads seconds with a fraction, of which microseconds are kept.
func fractionOf(scale int) func(*build.Context, []types.Datum) (types.Datum, error) {
	return func(_ *build.Context, args []types.Datum) (types.Datum, error) {
		switch v := args[0].(type) {
		case float64:
			us := v * 1e6
			switch {
			case math.IsNaN(v) || math.IsInf(v, 0):
				return nil, nil
			case us >= math.MaxInt64:
				return int64(math.MaxInt64), nil
			case us <= math.MinInt64:
				return int64(math.MinInt64), nil
			}
			return int64(us), nil
		case types.Int128:
			n := new(big.Int).Mul(v.Big(), big.NewInt(calendar.MicrosPerSecond))
			n, rest := n.QuoRem(n, types.Pow10[scale].Big(), new(big.Int))
			if rest.Sign() != 0 {
				return nil, sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: Rounding necessary.")
			}
			if !n.IsInt64() {
				return nil, sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: Overflow.")
			}
			return n.Int64(), nil
		}
		return nil, nil
	}
}

func intAt(v *vec.Vec, row int) int64 {
	switch v.Type.Storage() {
	case types.StoreInt8:
		return int64(at[int8](v, row))
	case types.StoreInt16:
		return int64(at[int16](v, row))
	case types.StoreInt32:
		return int64(at[int32](v, row))
	}
	return at[int64](v, row)
}

func zonesDefs() []function.Def {
	shift := func(f func(zone *time.Location, v int64) int64) build.Resolver {
		return build.Func(build.Fixed(ts, ts, text), build.BinaryE(func(_ *build.Context, v int64, name string) (int64, error) {
			z, err := zoneOf(name)
			if err != nil {
				return 0, err
			}
			return f(z, v), nil
		}))
	}
	return []function.Def{
		def("from_utc_timestamp", "timestamp, timezone", "Returns the time in timezone when it is timestamp in UTC.", shift(calendar.ToLocal), ex("SELECT from_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-31 09:00:00")),
		def("to_utc_timestamp", "timestamp, timezone", "Returns the time in UTC when it is timestamp in timezone.", shift(calendar.FromLocal), ex("SELECT to_utc_timestamp('2016-08-31', 'Asia/Seoul')", "2016-08-30 15:00:00")),
		def("convert_timezone", "[sourceTz, ]targetTz, sourceTs", "Returns a TIMESTAMP_NTZ of one time zone, the session's if none is given, in another.", convertZone,
			ex("SELECT convert_timezone('Europe/Brussels', 'America/Los_Angeles', timestamp_ntz'2021-12-06 00:00:00')", "2021-12-05 15:00:00")),
	}
}

func convertZone(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	convert := func(from *time.Location, name string, v int64) (int64, error) {
		to, err := zoneOf(name)
		if err != nil {
			return 0, err
		}
		return calendar.ToLocal(to, calendar.FromLocal(from, v)), nil
	}
	if len(c.Args) == 2 {
		return build.Func(build.Fixed(ntz, text, ntz), build.BinaryE(func(x *build.Context, name string, v int64) (int64, error) { return convert(x.TimeZone, name, v) }))(c)
	}
	return build.Func(build.Fixed(ntz, text, text, ntz), build.TernaryE(func(_ *build.Context, source, name string, v int64) (int64, error) {
		from, err := zoneOf(source)
		if err != nil {
			return 0, err
		}
		return convert(from, name, v)
	}))(c)
}

// step is a unit of timestampadd: months, days or microseconds.
type step struct{ months, days, micros int64 }

var steps = map[string]step{
	"MICROSECOND": {micros: 1}, "MILLISECOND": {micros: 1000}, "SECOND": {micros: calendar.MicrosPerSecond}, "MINUTE": {micros: calendar.MicrosPerMinute},
	"HOUR": {micros: calendar.MicrosPerHour}, "DAY": {days: 1}, "DAYOFYEAR": {days: 1}, "WEEK": {days: 7}, "MONTH": {months: 1}, "QUARTER": {months: 3}, "YEAR": {months: 12},
}

func shifts() []function.Def {
	return []function.Def{
		def("timestampadd", "unit, quantity, timestamp", "Returns the timestamp that is quantity units (YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND) later.", addUnits,
			ex("SELECT timestampadd(HOUR, 8, timestamp_ntz'2022-02-14 20:30:00')", "2022-02-15 04:30:00"), ex("SELECT timestampadd(MONTH, 1, timestamp'2022-01-31 00:00:00')", "2022-02-28 00:00:00")),
		also(def("timestampdiff", "unit, startTimestamp, endTimestamp", "Returns the whole units from one timestamp to another.", diffUnits, ex("SELECT timestampdiff(MONTH, timestamp_ntz'2022-01-31 20:30:00', timestamp_ntz'2022-03-01 20:30:00')", "1")), "timediff"),
	}
}

func unitArg(c *function.Call) (step, error) {
	l, ok := c.Args[0].(*expr.Literal)
	name := function.Text(c.Args[0])
	if ok {
		name, _ = l.Value.(string)
	}
	s, ok := steps[strings.ToUpper(name)]
	if !ok {
		return s, sqlerr.New(sqlerr.DatetimeUnit, "The value of parameter(s) `unit` in `%s` is invalid: expects one of the units without quotes YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but got '%s'.", c.Name, name)
	}
	return s, nil
}

func addUnits(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 3, 3); err != nil {
		return nil, err
	}
	u, err := unitArg(c)
	if err != nil {
		return nil, err
	}
	t := ts
	if c.Args[2].Type().Kind == types.TimestampNTZ {
		t = ntz
	}
	return build.Func(build.Fixed(t, text, i64, t), build.TernaryE(func(x *build.Context, _ string, n, v int64) (int64, error) {
		r, ok := addStep(x, t.Kind, v, n, u)
		if !ok {
			return 0, sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: add %d %s to %s.", n, strings.ToUpper(unitName(u)), calendar.AppendWall(nil, local(x, t.Kind, v)))
		}
		return r, nil
	}))(c)
}

func unitName(u step) string {
	for n, s := range steps {
		if s == u && n != "DAYOFYEAR" {
			return n
		}
	}
	return ""
}

func addStep(x *build.Context, k types.Kind, v, n int64, u step) (int64, bool) {
	if u.micros != 0 {
		us, ok := times(n, u.micros)
		if !ok {
			return 0, false
		}
		return calendar.AddMicros(v, us)
	}
	days, us := calendar.Split(local(x, k, v))
	if u.months != 0 {
		m, ok := times(n, u.months)
		if !ok || m > math.MaxInt32 || m < math.MinInt32 {
			return 0, false
		}
		days = calendar.AddMonths(days, int(m))
	} else {
		d, ok := times(n, u.days)
		if !ok || d > math.MaxInt32 || d < math.MinInt32 {
			return 0, false
		}
		days += d
	}
	if days > calendar.MaxDay-1 || days < calendar.MinDay+1 {
		return 0, false
	}
	r := days*calendar.MicrosPerDay + us
	if k == types.Timestamp {
		r = calendar.FromLocal(x.TimeZone, r)
	}
	return r, true
}

func diffUnits(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 3, 3); err != nil {
		return nil, err
	}
	u, err := unitArg(c)
	if err != nil {
		return nil, err
	}
	t := ts
	if c.Args[1].Type().Kind == types.TimestampNTZ && c.Args[2].Type().Kind == types.TimestampNTZ {
		t = ntz
	}
	return build.Func(build.Fixed(i64, text, t, t), build.TernaryE(func(x *build.Context, _ string, a, b int64) (int64, error) {
		if u.micros != 0 {
			d, ok := total([2]int64{b, 1}, [2]int64{a, -1})
			if !ok {
				return 0, longOverflow()
			}
			return d / u.micros, nil
		}
		a, b = local(x, t.Kind, a), local(x, t.Kind, b)
		if u.days != 0 {
			return (b - a) / (u.days * calendar.MicrosPerDay), nil
		}
		return wholeMonths(a, b) / u.months, nil
	}))(c)
}

// wholeMonths counts the months from a to b that are over.
func wholeMonths(a, b int64) int64 {
	da, ta := calendar.Split(a)
	db, tb := calendar.Split(b)
	ya, ma, na := calendar.Civil(da)
	yb, mb, nb := calendar.Civil(db)
	months := int64(yb-ya)*12 + int64(mb-ma)
	restA, restB := int64(na)*calendar.MicrosPerDay+ta, int64(nb)*calendar.MicrosPerDay+tb
	switch {
	case months > 0 && restB < restA:
		months--
	case months < 0 && restB > restA:
		months++
	}
	return months
}

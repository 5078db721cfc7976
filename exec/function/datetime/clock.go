package datetime

import (
	"math"
	"math/big"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// clock is TIME with all its digits.
var clock = types.TimeType(types.MaxTimePrecision)

const clockPattern = "HH:mm:ss.SSSSSS"

// clocks are the functions of TIME.
func clocks() []function.Def {
	stable := func(d function.Def) function.Def {
		d.Volatility = function.Stable
		return d
	}
	return []function.Def{
		stable(also(def("current_time", "[precision]", "Returns the wall-clock time at which the query began, with so many digits of the seconds' fraction (6 unless given).", currentTime, ex("SELECT current_time() = current_time()", "true")), "localtime")),
		def("to_time", "str[, format]", "Returns the time in a text, by a datetime pattern or as CAST reads it.", toClock(false), ex("SELECT to_time('00:12:00')", "00:12:00"), ex("SELECT to_time('12.10.05', 'HH.mm.ss')", "12:10:05")),
		def("try_to_time", "str[, format]", "As to_time, but NULL for texts and patterns that are not good.", toClock(true), ex("SELECT try_to_time('12.10.05', 'HH.mm.ss')", "12:10:05"), ex("SELECT try_to_time('foo')", "NULL")),
		def("make_time", "hour, minute, second", "Returns the time of an hour, a minute and seconds, which may have a fraction.", build.Func(build.Fixed(clock, i32, i32, secondsType), build.TernaryE(makeClock)), ex("SELECT make_time(6, 30, 45.887)", "06:30:45.887")),
		def("time_diff", "unit, start, end", "Returns the whole units (HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND) from one time to another.", clockDiff, ex("SELECT time_diff('HOUR', TIME'20:30:29', TIME'21:30:29')", "1")),
		def("time_trunc", "unit, time", "Returns a time cut to a unit: HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND.", clockTrunc, ex("SELECT time_trunc('HOUR', TIME'09:32:05.359')", "09:00:00")),
		def("time_from_seconds", "seconds", "Returns the time that is so many seconds after midnight; they may have a fraction.", clockFromSeconds, ex("SELECT time_from_seconds(52200.5)", "14:30:00.5")),
		clockFrom("time_from_millis", "millis", "milliseconds", 1_000_000, "SELECT time_from_millis(52200500)", "14:30:00.5"),
		clockFrom("time_from_micros", "micros", "microseconds", 1000, "SELECT time_from_micros(52200500000)", "14:30:00.5"),
		clockTo("time_to_seconds", "seconds, with a fraction,", types.DecimalType(14, 6), calendar.NanosPerMicro, "SELECT time_to_seconds(TIME'14:30:00.5')", "52200.500000"),
		clockTo("time_to_millis", "milliseconds", i64, 1_000_000, "SELECT time_to_millis(TIME'14:30:00.5')", "52200500"),
		clockTo("time_to_micros", "microseconds", i64, 1000, "SELECT time_to_micros(TIME'14:30:00.5')", "52200500000"),
	}
}

func currentTime(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 0, 1); err != nil {
		return nil, err
	}
	digits := int64(types.MaxTimePrecision)
	if len(c.Args) == 1 {
		l, err := c.Constant(0)
		if err != nil {
			return nil, err
		}
		if l == nil {
			return nil, build.NonFoldable(c, 0, "precision", `"INT"`)
		}
		n, ok := l.Value.(int64)
		if !ok && l.Value != nil {
			return nil, build.WrongType(c, 0, `"INT"`)
		}
		if l.Value != nil {
			digits = n
		}
		if digits < 0 || digits > types.MaxTimePrecision {
			return nil, sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `precision` must be between [0, %d] (current value = %d).", function.CallText(c.Name, c.Args), types.MaxTimePrecision, digits)
		}
	}
	step := calendar.ClockStep(uint8(digits))
	return build.Func(build.Optional(types.TimeType(int(digits)), 0, build.Any), build.Rows(func(x *build.Context, _ []*vec.Vec, row int, out *vec.Vec) error {
		_, us := calendar.Split(calendar.ToLocal(x.TimeZone, x.Now.UnixMicro()))
		v := us * calendar.NanosPerMicro
		vec.Data[int64](out)[row] = v - v%step
		return nil
	}), build.NullOwn, build.NotNull)(c)
}

// strictText refuses arguments that are no text.
func strictText(c *function.Call) error {
	for i, a := range c.Args {
		if k := a.Type().Kind; k != types.String && k != types.Null {
			return build.WrongType(c, i, `"STRING"`)
		}
	}
	return nil
}

func toClock(try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 2); err != nil {
			return nil, err
		}
		if err := strictText(c); err != nil {
			return nil, err
		}
		return build.Func(build.Optional(clock, 1, text, text), func(*expr.Call) (function.Kernel, error) {
			p := patterns{reading: true, local: true}
			return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				v, err := readClock(x, &p, args, row)
				if err != nil && try {
					return build.Null
				}
				vec.Data[int64](out)[row] = v
				return err
			}), nil
		}, build.NullOut)(c)
	}
}

func readClock(x *build.Context, p *patterns, args []*vec.Vec, row int) (int64, error) {
	s, pattern := at[string](args[0], row), clockPattern
	var v int64
	var ok bool
	if len(args) == 2 {
		pattern = at[string](args[1], row)
		f, err := p.get(x, pattern)
		if err != nil {
			return 0, err
		}
		var st calendar.Stamp
		st, ok = f.Parse(s)
		_, v = calendar.Split(st.Local)
		v *= calendar.NanosPerMicro
	} else {
		v, ok = calendar.ParseClock(s)
	}
	if !ok {
		return 0, sqlerr.New(sqlerr.CannotParseTime, "The input string '%s' cannot be parsed to a TIME value because it does not match to the datetime format '%s'.", s, pattern)
	}
	return v, nil
}

// clockBounds is the failure of a part of a TIME, in every mode.
func clockBounds(format string, args ...any) error {
	return sqlerr.New(sqlerr.DatetimeFieldNoSuggest, format, args...)
}

func makeClock(_ *build.Context, h, m int32, micros int64) (int64, error) {
	switch {
	case h < 0 || h > 23:
		return 0, clockBounds("Invalid value for HourOfDay (valid values 0 - 23): %d.", h)
	case m < 0 || m > 59:
		return 0, clockBounds("Invalid value for MinuteOfHour (valid values 0 - 59): %d.", m)
	case micros < 0 || micros >= calendar.MicrosPerMinute:
		return 0, clockBounds("Invalid value for SecondOfMinute (valid values 0 - 59): %d.", floorDiv(micros, calendar.MicrosPerSecond))
	}
	return (int64(h)*calendar.MicrosPerHour + int64(m)*calendar.MicrosPerMinute + micros) * calendar.NanosPerMicro, nil
}

// clockUnit is the nanoseconds of a unit.
func clockUnit(function, name string) (int64, error) {
	switch strings.ToUpper(name) {
	case "HOUR":
		return calendar.MicrosPerHour * calendar.NanosPerMicro, nil
	case "MINUTE":
		return calendar.MicrosPerMinute * calendar.NanosPerMicro, nil
	case "SECOND":
		return calendar.NanosPerSecond, nil
	case "MILLISECOND":
		return 1_000_000, nil
	case "MICROSECOND":
		return calendar.NanosPerMicro, nil
	}
	return 0, sqlerr.New(sqlerr.TimeUnit, "The value of parameter(s) `unit` in `%s` is invalid: expects one of the units 'HOUR', 'MINUTE', 'SECOND', 'MILLISECOND', 'MICROSECOND', but got '%s'.", function, name)
}

// clockParam is the type an argument is read as where TIME is wanted.
func clockParam(c *function.Call, i int) (types.Type, error) {
	t := c.Args[i].Type()
	switch t.Kind {
	case types.Time:
		return t, nil
	case types.Null, types.String:
		return clock, nil
	}
	return t, build.WrongType(c, i, `"TIME"`)
}

func clockDiff(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 3, 3); err != nil {
		return nil, err
	}
	start, err := clockParam(c, 1)
	if err != nil {
		return nil, err
	}
	end, err := clockParam(c, 2)
	if err != nil {
		return nil, err
	}
	name := c.Name
	return build.Func(build.Fixed(i64, text, start, end), build.TernaryE(func(_ *build.Context, u string, a, b int64) (int64, error) {
		unit, err := clockUnit(name, u)
		if err != nil {
			return 0, err
		}
		return (b - a) / unit, nil
	}))(c)
}

func clockTrunc(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	t, err := clockParam(c, 1)
	if err != nil {
		return nil, err
	}
	name := c.Name
	return build.Func(build.Fixed(t, text, t), build.BinaryE(func(_ *build.Context, u string, v int64) (int64, error) {
		unit, err := clockUnit(name, u)
		if err != nil {
			return 0, err
		}
		return v - v%unit, nil
	}))(c)
}

func clockRange(ok bool, nanos int64, what string) (int64, error) {
	if !ok || nanos < 0 || nanos >= calendar.NanosPerDay {
		return 0, clockBounds("Invalid TIME value: must be between 00:00:00 and 23:59:59.999999999, but got %s.", what)
	}
	return nanos, nil
}

func clockFrom(name, arg, unit string, nanos int64, example, want string) function.Def {
	return def(name, arg, "Returns the time that is so many "+unit+" after midnight.", func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 1 && c.Args[0].Type().Kind == types.String {
			return nil, build.WrongType(c, 0, `"INTEGRAL"`)
		}
		return build.Func(build.Fixed(clock, build.AnyInteger), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			n := intAt(args[0], row)
			v, ok := times(n, nanos)
			v, err := clockRange(ok, v, big.NewInt(n).String()+" "+unit)
			vec.Data[int64](out)[row] = v
			return err
		}))(c)
	}, ex(example, want))
}

func clockFromSeconds(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 1 && c.Args[0].Type().Kind == types.String {
		return nil, build.WrongType(c, 0, `"NUMERIC"`)
	}
	return build.Func(build.Fixed(clock, build.AnyNumeric), func(call *expr.Call) (function.Kernel, error) {
		scale := int(call.Args[0].Type().S)
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			var us int64
			ok := true
			d := args[0].Get(row)
			switch x := d.(type) {
			case int64:
				us, ok = times(x, calendar.MicrosPerSecond)
			case types.Int128:
				n := new(big.Int).Mul(x.Big(), big.NewInt(calendar.MicrosPerSecond))
				n.Div(n, types.Pow10[scale].Big())
				us, ok = n.Int64(), n.IsInt64()
			case float64:
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return clockBounds("Cannot convert NaN or Infinite value to TIME.")
				}
				f := math.Floor(x * 1e6)
				ok = math.Abs(f) < 1e18
				us = int64(f)
			}
			v, fits := times(us, calendar.NanosPerMicro)
			v, err := clockRange(ok && fits, v, function.Text(&expr.Literal{Value: d, T: args[0].Type})+" seconds")
			vec.Data[int64](out)[row] = v
			return err
		}), nil
	})(c)
}

func clockTo(name, unit string, result types.Type, per int64, example, want string) function.Def {
	return def(name, "time", "Returns the "+unit+" from midnight to a time.", func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 1); err != nil {
			return nil, err
		}
		t, err := clockParam(c, 0)
		if err != nil || c.Args[0].Type().Kind == types.String {
			return nil, build.WrongType(c, 0, `"TIME"`)
		}
		return build.Func(build.Fixed(result, t), build.Unary(func(v int64) int64 { return v / per }))(c)
	}, ex(example, want))
}

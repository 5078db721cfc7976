package arith

import (
	"math"
	"math/big"
	"time"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Arithmetic of dates, timestamps and intervals. Each function returns nil
// where its operator's operands are none of these.

var dayInterval = types.Type{Kind: types.DayTime, P: types.FieldDay, S: types.FieldDay}

func intervalOverflow(hint string) error {
	if hint == "" {
		return sqlerr.New(sqlerr.IntervalOverflow, "Integer overflow while operating with intervals.")
	}
	return sqlerr.New(sqlerr.IntervalOverflowSuggest, "Integer overflow while operating with intervals. Use `%s` to tolerate overflow and return NULL instead.", hint)
}

func intervalByZero() error {
	return sqlerr.New(sqlerr.IntervalDivideByZero, "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead.")
}

// intervalMode: intervals overflow with an error in legacy mode too.
func intervalMode(m mode) mode {
	if m == legacy {
		return ansi
	}
	return m
}

func overload(m mode, result types.Type, k build.Maker, params ...types.Type) (*function.Overload, error) {
	o := &function.Overload{Params: params, Result: result, Kernel: k}
	if m == try {
		o.Nulls = function.NullOut
	}
	return o, nil
}

func addTimes(c *function.Call, m mode) (*function.Overload, error) {
	if o, err := addClock(c, m); o != nil || err != nil {
		return o, err
	}
	l, r := c.Args[0].Type(), c.Args[1].Type()
	if o := moveText(c, l, r); o != nil {
		return o, nil
	}
	if l.Kind == types.Null && isStamp(r) {
		l = types.DayTimeType
	}
	if r.Kind == types.Null && isStamp(l) {
		r = types.DayTimeType
	}
	if r.Kind.IsDatetime() && !l.Kind.IsDatetime() {
		// interval + date is date + interval with the operands told apart again.
		o, err := moveTimes(r, l, m, 1, c)
		if o == nil || err != nil {
			return o, err
		}
		return swap(o), nil
	}
	if l.Kind.IsDatetime() {
		return moveTimes(l, r, m, 1, c)
	}
	return sumIntervals(l, r, m, 1)
}

func subTimes(c *function.Call, m mode) (*function.Overload, error) {
	if o, err := subClock(c, m); o != nil || err != nil {
		return o, err
	}
	l, r := c.Args[0].Type(), c.Args[1].Type()
	if o := moveText(c, l, r); o != nil {
		return o, nil
	}
	if l.Kind == types.Null && isStamp(r) {
		l = r
	}
	if r.Kind == types.Null && isStamp(l) {
		r = l
	}
	if !c.ANSI && (isStamp(l) && r.Kind == types.String || l.Kind == types.String && isStamp(r)) {
		// Without ANSI a string beside a timestamp stays what it is.
		n, text := "second", 1
		if l.Kind == types.String {
			n, text = "first", 0
		}
		return nil, sqlerr.New(sqlerr.UnexpectedInputType, "Cannot resolve \"%s\" due to data type mismatch: The %s parameter requires the \"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" type, however \"%s\" has the type \"STRING\".",
			function.CallText(c.Name, c.Args), n, function.Text(c.Args[text]))
	}
	if l.Kind.IsDatetime() && r.Kind.IsDatetime() || l.Kind.IsDatetime() && r.Kind == types.String || l.Kind == types.String && r.Kind.IsDatetime() {
		return diffTimes(l, r, m)
	}
	if l.Kind.IsDatetime() {
		return moveTimes(l, r, m, -1, c)
	}
	return sumIntervals(l, r, m, -1)
}

func isStamp(t types.Type) bool { return t.Kind == types.Timestamp || t.Kind == types.TimestampNTZ }

// moveText rewrites text plus or minus a day-time interval: the text is read
// as a timestamp, and the result is text again.
func moveText(c *function.Call, l, r types.Type) *function.Overload {
	if l.Kind != types.String || r.Kind != types.DayTime && r.Kind != types.Interval || c.Name != "+" && c.Name != "-" {
		return nil
	}
	cm := expr.CastANSI
	if !c.ANSI {
		cm = expr.CastLegacy
	}
	name := c.Name
	return &function.Overload{Result: types.StringType, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
		at := &expr.Cast{Arg: args[0], To: types.TimestampType, Mode: cm, Implicit: true, Pos: sqlerr.NoPos}
		moved := &expr.Call{Func: name, Args: []expr.Expr{at, args[1]}, T: types.TimestampType, Null: true, Pos: sqlerr.NoPos}
		return &expr.Cast{Arg: moved, To: types.StringType, Implicit: true, Pos: sqlerr.NoPos}, nil
	}}
}

// diffTimes is the interval between two dates or timestamps.
func diffTimes(l, r types.Type, m mode) (*function.Overload, error) {
	if l.Kind == types.String {
		l = r
	}
	if r.Kind == types.String {
		r = l
	}
	if l.Kind == types.Date && r.Kind == types.Date {
		return overload(m, dayInterval, build.Binary(func(a, b int32) int64 {
			return (int64(a) - int64(b)) * calendar.MicrosPerDay
		}), l, r)
	}
	t := types.TimestampType
	if l.Kind == types.TimestampNTZ && r.Kind == types.TimestampNTZ || l.Kind == types.TimestampNTZ && r.Kind == types.Date || l.Kind == types.Date && r.Kind == types.TimestampNTZ {
		t = types.TimestampNTZType
	}
	ntz := t.Kind == types.TimestampNTZ
	return overload(m, types.DayTimeType, build.BinaryE(func(c *build.Context, a, b int64) (int64, error) {
		if !ntz { // wall clocks are compared, as java.time does
			a, b = calendar.ToLocal(loc(c), a), calendar.ToLocal(loc(c), b)
		}
		d, ok := calendar.AddMicros(a, -b)
		if !ok {
			return 0, m.none(func() error { return overflow("long overflow", "") })
		}
		return d, nil
	}), t, t)
}

func loc(c *build.Context) *time.Location {
	if c.TimeZone == nil {
		return time.UTC
	}
	return c.TimeZone
}

// moveTimes is a date or timestamp plus or minus an interval or, for dates, days.
func moveTimes(l, r types.Type, m mode, sign int, c *function.Call) (*function.Overload, error) {
	switch {
	case l.Kind == types.Date && (r.Kind == types.String && c.ANSI || r.Kind == types.Int64 || r.Kind.IsNumeric() && !r.Kind.IsInteger()):
		days := 1
		if c.Args[0].Type().Kind != types.Date {
			days = 0
		}
		return nil, build.WrongType(c, days, `("INT" or "SMALLINT" or "TINYINT")`)
	case l.Kind == types.Date && (r.Kind.IsInteger() || r.Kind == types.String || r.Kind == types.Null):
		return overload(m, l, build.BinaryE(func(_ *build.Context, d, n int32) (int32, error) {
			return day(m, int64(d)+int64(sign)*int64(n))
		}), l, types.Int32Type)
	case l.Kind == types.Date && r.Kind == types.YearMonth:
		return overload(m, l, build.BinaryE(func(_ *build.Context, d, n int32) (int32, error) {
			return day(m, calendar.AddMonths(int64(d), sign*int(n)))
		}), l, r)
	case l.Kind == types.Date && r.Kind == types.DayTime && r.S == types.FieldDay:
		return overload(m, l, build.BinaryE(func(_ *build.Context, d int32, n int64) (int32, error) {
			return day(m, int64(d)+int64(sign)*(n/calendar.MicrosPerDay))
		}), l, r)
	case l.Kind == types.Date && r.Kind == types.DayTime:
		return moveStamps(types.TimestampType, r, m, sign)
	case l.Kind == types.Date && r.Kind == types.Interval:
		return overload(m, l, build.BinaryE(func(_ *build.Context, d int32, v types.CalendarInterval) (int32, error) {
			n := calendar.AddMonths(int64(d), sign*int(v.Months)) + int64(sign)*int64(v.Days)
			return day(m, n)
		}), l, r)
	case l.Kind != types.Date && r.Kind.IsInterval():
		return moveStamps(l, r, m, sign)
	}
	return nil, wrongTypes(c, `"NUMERIC"`)
}

func day(m mode, n int64) (int32, error) {
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, m.none(func() error { return overflow("integer overflow", "") })
	}
	return int32(n), nil
}

func moveStamps(t, r types.Type, m mode, sign int) (*function.Overload, error) {
	s := int64(sign)
	move := func(c *build.Context, v, months, days, micros int64) (int64, error) {
		zone := time.UTC
		if t.Kind == types.Timestamp {
			zone = loc(c)
		}
		if months != 0 || days != 0 {
			d, us := calendar.Split(calendar.ToLocal(zone, v))
			if months != 0 {
				d = calendar.AddMonths(d, int(months))
			}
			if d += days; d <= calendar.MinDay || d >= calendar.MaxDay {
				return 0, m.none(func() error { return stampOverflow() })
			}
			v = calendar.FromLocal(zone, d*calendar.MicrosPerDay+us)
		}
		v, ok := calendar.AddMicros(v, micros)
		if !ok {
			return 0, m.none(func() error { return stampOverflow() })
		}
		return v, nil
	}
	switch r.Kind {
	case types.YearMonth:
		return overload(m, t, build.BinaryE(func(c *build.Context, v int64, n int32) (int64, error) {
			return move(c, v, s*int64(n), 0, 0)
		}), t, r)
	case types.DayTime:
		return overload(m, t, build.BinaryE(func(c *build.Context, v, n int64) (int64, error) {
			d := n / calendar.MicrosPerDay
			return move(c, v, 0, s*d, s*(n-d*calendar.MicrosPerDay))
		}), t, r)
	}
	return overload(m, t, build.BinaryE(func(c *build.Context, v int64, n types.CalendarInterval) (int64, error) {
		return move(c, v, s*int64(n.Months), s*int64(n.Days), s*n.Micros)
	}), t, r)
}

func stampOverflow() error {
	return sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: the timestamp is out of range.")
}

// sumIntervals is interval ± interval.
func sumIntervals(l, r types.Type, m mode, sign int) (*function.Overload, error) {
	if l.Kind == types.Null && r.Kind.IsInterval() {
		l = r
	}
	if r.Kind == types.Null && l.Kind.IsInterval() {
		r = l
	}
	if !l.Kind.IsInterval() || l.Kind != r.Kind {
		return nil, nil
	}
	im, s := intervalMode(m), int64(sign)
	hint := "try_add"
	if sign < 0 {
		hint = "try_subtract"
	}
	bad := func() error { return intervalOverflow(hint) }
	t := types.Type{Kind: l.Kind, P: min(l.P, r.P), S: max(l.S, r.S)}
	switch l.Kind {
	case types.YearMonth:
		return overload(m, t, build.BinaryE(func(_ *build.Context, a, b int32) (int32, error) {
			n := int64(a) + s*int64(b)
			if int64(int32(n)) != n {
				return 0, im.none(bad)
			}
			return int32(n), nil
		}), t, t)
	case types.DayTime:
		return overload(m, t, build.BinaryE(func(_ *build.Context, a, b int64) (int64, error) {
			n, ok := types.Int128From(a).Add(types.MulInt64(b, s))
			if !ok || !n.IsInt64() {
				return 0, im.none(bad)
			}
			return n.Int64(), nil
		}), t, t)
	}
	return overload(m, t, build.BinaryE(func(_ *build.Context, a, b types.CalendarInterval) (types.CalendarInterval, error) {
		months, days := int64(a.Months)+s*int64(b.Months), int64(a.Days)+s*int64(b.Days)
		us, ok := calendar.AddMicros(a.Micros, s*b.Micros)
		if !ok || int64(int32(months)) != months || int64(int32(days)) != days {
			return a, im.none(func() error { return intervalOverflow(hint) })
		}
		return types.CalendarInterval{Months: int32(months), Days: int32(days), Micros: us}, nil
	}), t, t)
}

// swap exchanges the two arguments of an overload.
func swap(o *function.Overload) *function.Overload {
	o.Params[0], o.Params[1] = o.Params[1], o.Params[0]
	o.Kernel = swapped(o.Kernel)
	return o
}

// mulTimes is interval * number, either way round.
func mulTimes(c *function.Call, m mode) (*function.Overload, error) {
	l, r := c.Args[0].Type(), c.Args[1].Type()
	if r.Kind.IsInterval() && !l.Kind.IsInterval() {
		o, err := scaleInterval(r, l, m, false)
		if o != nil {
			swap(o)
		}
		return o, err
	}
	return scaleInterval(l, r, m, false)
}

// divTimes is interval / number; for numbers it makes the operands what wide says, if it says so.
func divTimes(want func(c *function.Call) (types.Type, bool)) func(c *function.Call, m mode) (*function.Overload, error) {
	return func(c *function.Call, m mode) (*function.Overload, error) {
		l, r := c.Args[0].Type(), c.Args[1].Type()
		if l.Kind.IsInterval() && r.Kind.IsInterval() {
			return intervalQuotient(c, l, r, m)
		}
		if o, err := scaleInterval(l, r, m, true); o != nil || err != nil {
			return o, err
		}
		t, ok := want(c)
		if !ok {
			return nil, nil
		}
		f := divide
		if t.Kind == types.Int64 {
			f = integral
		}
		o, err := f(m, t, t)
		if err != nil {
			return nil, err
		}
		o.Params = []types.Type{t, t}
		return o, nil
	}
}

// intervalQuotient is interval div interval, a bigint.
func intervalQuotient(c *function.Call, l, r types.Type, m mode) (*function.Overload, error) {
	if l.Kind != r.Kind || l.Kind == types.Interval || c.Name != "div" {
		return nil, wrongTypes(c, `"NUMERIC"`)
	}
	quo := func(a, b int64) (int64, error) {
		switch {
		case b == 0:
			return 0, m.none(intervalByZero)
		case a == math.MinInt64 && b == -1:
			return 0, m.none(func() error { return overflow("Overflow in integral divide", "try_divide") })
		}
		return a / b, nil
	}
	if l.Kind == types.YearMonth {
		return overload(m, types.Int64Type, build.BinaryE(func(_ *build.Context, a, b int32) (int64, error) { return quo(int64(a), int64(b)) }), l, r)
	}
	return overload(m, types.Int64Type, build.BinaryE(func(_ *build.Context, a, b int64) (int64, error) { return quo(a, b) }), l, r)
}

// scaleInterval is interval * number or interval / number, halves rounded away
// from zero, nil if l is no interval.
func scaleInterval(l, r types.Type, m mode, div bool) (*function.Overload, error) {
	if !l.Kind.IsInterval() {
		return nil, nil
	}
	if r.Kind == types.Null || r.Kind == types.String || l.Kind == types.Interval {
		r = types.Float64Type
	}
	if !r.Kind.IsNumeric() {
		return nil, nil
	}
	if r.Kind.IsInteger() {
		r = types.Int64Type
	}
	if r.Kind == types.Float32 {
		r = types.Float64Type
	}
	t := types.YearMonthType
	if l.Kind == types.DayTime {
		t = types.DayTimeType
	}
	if l.Kind == types.Interval {
		return scaleCalendar(m, div)
	}
	im := intervalMode(m)
	scale := func(v int64, n *big.Rat) (int64, error) {
		x := new(big.Rat).SetInt64(v)
		hint := ""
		if div {
			hint = "try_divide"
			if n.Sign() == 0 {
				return 0, im.none(intervalByZero)
			}
			x.Quo(x, n)
		} else {
			x.Mul(x, n)
		}
		num := new(big.Int).Set(x.Num())
		divHalfUp(num, x.Denom())
		if !num.IsInt64() || t.Kind == types.YearMonth && int64(int32(num.Int64())) != num.Int64() {
			if r.Kind != types.Int64 {
				hint = ""
			}
			return 0, im.none(func() error { return intervalOverflow(hint) })
		}
		return num.Int64(), nil
	}
	o, _ := overload(m, t, intervalScale(l, r, scale, im), l, r)
	return o, nil
}

// intervalScale lifts scale over the storages of the interval and the number.
func intervalScale(l, r types.Type, scale func(v int64, n *big.Rat) (int64, error), m mode) build.Maker {
	number := func(d types.Datum) (*big.Rat, bool) {
		switch d := d.(type) {
		case int64:
			return new(big.Rat).SetInt64(d), true
		case types.Int128:
			return new(big.Rat).SetFrac(d.Big(), pow10(int(r.S))), true
		}
		f := new(big.Rat).SetFloat64(d.(float64))
		return f, f != nil
	}
	return build.Datums(func(_ *build.Context, args []types.Datum) (types.Datum, error) {
		n, ok := number(args[1])
		if !ok {
			return nil, m.none(func() error { return intervalOverflow("") })
		}
		v, err := scale(args[0].(int64), n)
		return v, err
	})
}

// scaleCalendar multiplies or divides a legacy interval field by field.
func scaleCalendar(m mode, div bool) (*function.Overload, error) {
	im := intervalMode(m)
	return overload(m, types.IntervalType, build.BinaryE(func(_ *build.Context, v types.CalendarInterval, n float64) (types.CalendarInterval, error) {
		if div {
			if n == 0 {
				return v, im.none(intervalByZero)
			}
			n = 1 / n
		}
		months, days := float64(v.Months)*n, float64(v.Days)*n
		us := float64(v.Micros)*n + (days-math.Trunc(days))*float64(calendar.MicrosPerDay)
		if math.Abs(months) > math.MaxInt32 || math.Abs(days) > math.MaxInt32 || math.Abs(us) >= math.MaxInt64 || us != us {
			return v, im.none(func() error { return intervalOverflow("") })
		}
		return types.CalendarInterval{Months: int32(months), Days: int32(days), Micros: int64(math.Round(us))}, nil
	}), types.IntervalType, types.Float64Type)
}

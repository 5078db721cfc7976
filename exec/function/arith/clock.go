package arith

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Arithmetic of TIME. Each function returns nil where an operator's operands
// are none of its.

var hoursToSeconds = types.Type{Kind: types.DayTime, P: types.FieldHour, S: types.FieldSecond}

// addClock is TIME + interval, either way round.
func addClock(c *function.Call, m mode) (*function.Overload, error) {
	l, r := c.Args[0].Type(), c.Args[1].Type()
	switch {
	case l.Kind == types.Time && (r.Kind == types.DayTime || r.Kind == types.Null):
		return moveClock(l, r, m, 1)
	case r.Kind == types.Time && (l.Kind == types.DayTime || l.Kind == types.Null):
		o, err := moveClock(r, l, m, 1)
		return swap(o), err
	case l.Kind == types.Time && r.Kind == types.Time:
		return nil, wrongTypes(c, `"NUMERIC"`)
	}
	return nil, nil
}

// subClock is TIME - interval, or the interval between two times.
func subClock(c *function.Call, m mode) (*function.Overload, error) {
	l, r := c.Args[0].Type(), c.Args[1].Type()
	switch {
	case l.Kind == types.Time && r.Kind == types.DayTime:
		return moveClock(l, r, m, -1)
	case l.Kind == types.Time && r.Kind.IsDatetime(), r.Kind == types.Time && l.Kind.IsDatetime():
		i := 0
		if l.Kind == types.Time {
			i = 1
		}
		return nil, build.WrongType(c, i, `"TIME"`)
	case l.Kind == types.Time && (r.Kind == types.Time || r.Kind == types.Null || r.Kind == types.String),
		r.Kind == types.Time && (l.Kind == types.Null || l.Kind == types.String):
		return overload(m, hoursToSeconds, build.Binary(func(a, b int64) int64 { return (a - b) / calendar.NanosPerMicro }), clock(l, r), clock(r, l))
	}
	return nil, nil
}

// clock is the type a text or NULL beside a TIME is read as.
func clock(t, o types.Type) types.Type {
	switch t.Kind {
	case types.Null:
		return o
	case types.String:
		return types.TimeType(types.MaxTimePrecision)
	}
	return t
}

func moveClock(t, by types.Type, m mode, sign int64) (*function.Overload, error) {
	if by.Kind == types.Null {
		by = types.DayTimeType
	}
	result, im := t, intervalMode(m)
	if by.S == types.FieldSecond {
		result = types.TimeType(types.MaxTimePrecision)
	}
	return overload(m, result, build.BinaryE(func(_ *build.Context, a, b int64) (int64, error) {
		us, ok := calendar.AddMicros(a/calendar.NanosPerMicro, sign*b)
		if !ok || us < 0 || us >= calendar.MicrosPerDay {
			return 0, im.none(func() error {
				return sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: add %s to the time value %s.",
					cast.Text(sign*b, by, nil), expr.LiteralSQL(a, t))
			})
		}
		return us * calendar.NanosPerMicro, nil
	}), t, by)
}

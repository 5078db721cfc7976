package nested

import (
	"math/big"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

func ranges() []function.Def {
	return []function.Def{
		def("sequence", "start, stop[, step]", "Returns the values from start to stop, both included, by step: numbers, dates or timestamps. Without step it is 1 or a day, backwards if stop is before start.",
			sequence, ex("SELECT sequence(1, 5)", "[1,2,3,4,5]"), ex("SELECT sequence(5, 1, -2)", "[5,3,1]"),
			ex("SELECT sequence(DATE'2018-01-01', DATE'2018-03-01', INTERVAL 1 MONTH)", "[2018-01-01,2018-02-01,2018-03-01]")),
	}
}

func sequence(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	a, b := c.Args[0].Type(), c.Args[1].Type()
	if len(c.Args) == 3 && a.Kind == types.Null && b.Kind == types.Null {
		a, b = c.Args[2].Type(), c.Args[2].Type()
	}
	t, ok := coerce.Common(a, b, c.ANSI)
	if a.Kind == types.String && b.Kind.IsDatetime() || b.Kind == types.String && a.Kind.IsDatetime() {
		ok = true
	}
	step := types.NullType
	if len(c.Args) == 3 {
		step = c.Args[2].Type()
	}
	wrong := sqlerr.New(sqlerr.SequenceWrongTypes, "Cannot resolve \"%s\" due to data type mismatch: `sequence` uses the wrong parameter type. The parameter type must conform to: 1. The start and stop expressions must resolve to the same type. 2. If start and stop expressions resolve to the (\"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"DATE\") type, then the step expression must resolve to the (\"INTERVAL\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\") type. 3. Otherwise, if start and stop expressions resolve to the (\"TINYINT\" or \"SMALLINT\" or \"INT\" or \"BIGINT\") type, then the step expression must resolve to the same type.",
		function.CallText(c.Name, c.Args))
	switch {
	case !ok:
		return nil, wrong
	case t.Kind.IsInteger():
		if len(c.Args) == 3 {
			if step.Kind != types.Null {
				if step.Kind == types.String {
					step = types.Int64Type
				}
				if !step.Kind.IsInteger() {
					return nil, wrong
				}
				t, _ = coerce.Common(t, step, c.ANSI)
			}
			return over(types.ArrayType(t, false), integers(t), t, t, t), nil
		}
		return over(types.ArrayType(t, false), integers(t), t, t), nil
	case t.Kind.IsDatetime():
		params := []types.Type{t, t}
		if len(c.Args) == 3 {
			if !step.Kind.IsInterval() && step.Kind != types.String {
				return nil, wrong
			}
			if step.Kind == types.String {
				step = types.IntervalType
			}
			params = append(params, step)
		}
		return over(types.ArrayType(t, false), times(t, step), params...), nil
	}
	return nil, wrong
}

func badBounds(from, to, by any) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "Illegal sequence boundaries: %v to %v by %v", from, to, by)
}

// length is the number of values from a to b by step, checked.
func length(a, b, step int64) (int64, error) {
	if a == b {
		return 1, nil
	}
	if step == 0 || (step > 0) != (a < b) {
		return 0, badBounds(a, b, step)
	}
	n := new(big.Int).Sub(big.NewInt(b), big.NewInt(a))
	n.Quo(n, big.NewInt(step)).Add(n, big.NewInt(1))
	if !n.IsInt64() || n.Int64() > maxElements {
		return 0, tooManyIn(n)
	}
	return n.Int64(), nil
}

func tooManyIn(n *big.Int) error {
	return sqlerr.New(sqlerr.CollectionSizeParameter, "Can't create array with %s elements which exceeding the array size limit %d, the value of parameter(s) `count` in the function `sequence` is invalid.", n, maxElements)
}

func integers(t types.Type) build.Maker {
	return build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		a, b, step := intAt(args[0], row), intAt(args[1], row), int64(1)
		if len(args) == 3 {
			step = intAt(args[2], row)
		} else if a > b {
			step = -1
		}
		n, err := length(a, b, step)
		if err != nil {
			return err
		}
		kid := out.Kids[0]
		if err := room(c, "sequence", kid, n); err != nil {
			return err
		}
		off := kid.Extend(int(n))
		for k := range int(n) {
			setInt(kid, off+k, a+int64(k)*step)
		}
		setList(out, row, off)
		return nil
	})
}

func setInt(v *vec.Vec, i int, x int64) {
	switch v.Type.Storage() {
	case types.StoreInt8:
		vec.Data[int8](v)[i] = int8(x)
	case types.StoreInt16:
		vec.Data[int16](v)[i] = int16(x)
	case types.StoreInt32:
		vec.Data[int32](v)[i] = int32(x)
	default:
		vec.Data[int64](v)[i] = x
	}
}

// stepAt is an interval of any kind as months, days and microseconds.
func stepAt(v *vec.Vec, row int) types.CalendarInterval {
	switch v.Type.Kind {
	case types.YearMonth:
		return types.CalendarInterval{Months: int32(intAt(v, row))}
	case types.DayTime:
		us := intAt(v, row)
		return types.CalendarInterval{Days: int32(us / calendar.MicrosPerDay), Micros: us % calendar.MicrosPerDay}
	}
	return vec.Data[types.CalendarInterval](v.Base())[v.Index(row)]
}

// times makes sequences of dates and timestamps. Months are added to the start
// in the session's time zone, so that a month's last days do not wear off.
func times(t, step types.Type) build.Maker {
	return build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		a, b := intAt(args[0], row), intAt(args[1], row)
		by := types.CalendarInterval{Days: 1}
		if len(args) == 3 {
			by = stepAt(args[2], row)
		} else if a > b {
			by.Days = -1
		}
		scale := int64(1)
		if t.Kind == types.Date {
			scale = calendar.MicrosPerDay
			if bad := dateStep(by, step); bad != nil {
				return bad
			}
		}
		approx := int64(by.Months)*28*calendar.MicrosPerDay + int64(by.Days)*calendar.MicrosPerDay + by.Micros
		if a != b && (approx == 0 || (approx > 0) != (a < b)) {
			return badBounds(a*scale, b*scale, approx)
		}
		kid := out.Kids[0]
		most := int64(1)
		if approx != 0 {
			if q := approx / scale; q != 0 {
				most = (b-a)/q + 1
			} else {
				most = max(b-a, a-b) + 1
			}
		}
		if most > maxElements {
			return tooManyIn(big.NewInt(most))
		}
		if err := room(c, "sequence", kid, most); err != nil {
			return err
		}
		off := kid.Len()
		for k := int64(0); ; k++ {
			if err := pause(c, int(k)); err != nil {
				return err
			}
			x, ok := stepTime(c, t.Kind, a, by, k)
			if !ok {
				return sqlerr.New(sqlerr.DatetimeOverflow, "Datetime operation overflow: long overflow.")
			}
			if approx >= 0 && x > b || approx < 0 && x < b {
				break
			}
			setInt(kid, kid.Extend(1), x)
			if approx == 0 {
				break
			}
		}
		setList(out, row, off)
		return nil
	})
}

func dateStep(by types.CalendarInterval, step types.Type) error {
	what := "an interval"
	switch step.Kind {
	case types.YearMonth:
		what = "an interval year to month"
	case types.DayTime:
		what = "an interval day to second"
	}
	if by.Months == 0 && by.Days == 0 {
		return sqlerr.New(sqlerr.InvalidParameterValue, "sequence step must be %s of day granularity if start and end values are dates", what)
	}
	return nil
}

// stepTime is a plus k times an interval.
func stepTime(c *build.Context, kind types.Kind, a int64, by types.CalendarInterval, k int64) (int64, bool) {
	if kind == types.Date {
		d := calendar.AddMonths(a, int(k*int64(by.Months))) + k*int64(by.Days)
		us := by.Micros * k
		days, _ := calendar.Split(us)
		return d + days, true
	}
	local := a
	if kind == types.Timestamp {
		local = calendar.ToLocal(c.TimeZone, a)
	}
	if by.Months != 0 || by.Days != 0 {
		d, us := calendar.Split(local)
		d = calendar.AddMonths(d, int(k*int64(by.Months))) + k*int64(by.Days)
		if d > calendar.MaxDay || d < calendar.MinDay {
			return 0, false
		}
		local = d*calendar.MicrosPerDay + us
		if kind == types.Timestamp {
			local = calendar.FromLocal(c.TimeZone, local)
		}
	} else if kind == types.Timestamp {
		local = a
	}
	return calendar.AddMicros(local, by.Micros*k)
}

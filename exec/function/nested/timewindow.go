package nested

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func timeWindows() []function.Def {
	w := def("window", "time_column, window_duration[, slide_duration[, start_time]]", "Makes a row for each window of a fixed duration that a time is in, as a struct of start (included) and end (not included). Windows begin every slide_duration (the duration of the window, unless given) from 1970-01-01 00:00 UTC plus start_time. In GROUP BY the rows are grouped by it.",
		window, ex("SELECT a, window.start, count(*) AS n FROM VALUES ('A', TIMESTAMP '2021-01-01 00:00:00'), ('A', TIMESTAMP '2021-01-01 00:04:30'), ('A', TIMESTAMP '2021-01-01 00:06:00') AS t(a, b) GROUP BY a, window(b, '5 minutes') ORDER BY start", "A\t2021-01-01 00:00:00\t2\nA\t2021-01-01 00:05:00\t1"))
	w.Kind, w.Family = function.Generator, "datetime"
	at := def("window_time", "window_column", "Returns the time that stands for a window: a microsecond before its end.", windowTime,
		ex("SELECT window_time(named_struct('start', TIMESTAMP '2021-01-01 00:00:00', 'end', TIMESTAMP '2021-01-01 00:05:00'))", "2021-01-01 00:04:59.999999"))
	at.Family = "datetime"
	return []function.Def{w, at}
}

// duration is a constant argument as microseconds: a text such as '5 minutes', an interval of fixed units, or a number of microseconds.
func duration(c *function.Call, i int) (int64, error) {
	l, err := c.Constant(i)
	if err != nil {
		return 0, err
	}
	if l != nil {
		switch v := l.Value.(type) {
		case int64:
			if l.T.Kind == types.DayTime || l.T.Kind.IsInteger() {
				return v, nil
			}
		case types.CalendarInterval:
			if v.Months == 0 {
				return int64(v.Days)*calendar.MicrosPerDay + v.Micros, nil
			}
		case string:
			d, ok := cast.ParseCalendar(v)
			if !ok {
				return 0, sqlerr.New(sqlerr.CannotParseInterval, "Unable to parse '%s'. Please ensure that the value provided is in a valid format for defining an interval.", v)
			}
			if d.Months == 0 {
				return int64(d.Days)*calendar.MicrosPerDay + d.Micros, nil
			}
			return 0, sqlerr.New(sqlerr.InvalidParameterValue, "Intervals greater than a month is not supported (%s).", v)
		}
	}
	return 0, build.WrongType(c, i, `"STRING"`)
}

func window(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 4); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if t.Kind != types.TimestampNTZ {
		var ok bool
		if t, ok = build.Param(t, types.TimestampType, c.ANSI); !ok {
			return nil, build.WrongType(c, 0, `("TIMESTAMP" or "TIMESTAMP WITHOUT TIME ZONE")`)
		}
	}
	var ds [3]int64 // duration, slide, start
	for i := 1; i < len(c.Args); i++ {
		var err error
		if ds[i-1], err = duration(c, i); err != nil {
			return nil, err
		}
	}
	if len(c.Args) == 2 {
		ds[1] = ds[0]
	}
	size, slide, start := ds[0], ds[1], ds[2]
	wrong := func(what string) error {
		return sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: %s.", function.CallText(c.Name, c.Args), what)
	}
	switch {
	case size <= 0:
		return nil, wrong("The `window_duration` must be greater than 0")
	case slide <= 0:
		return nil, wrong("The `slide_duration` must be greater than 0")
	case slide > size:
		return nil, sqlerr.New(sqlerr.ParameterConstraint, "Cannot resolve \"%s\" due to data type mismatch: The `slide_duration` must be less than or equal to the `window_duration`.", function.CallText(c.Name, c.Args))
	case start <= -slide || start >= slide:
		return nil, sqlerr.New(sqlerr.ParameterConstraint, "Cannot resolve \"%s\" due to data type mismatch: The abs(`start_time`) must be less than the `slide_duration`.", function.CallText(c.Name, c.Args))
	}
	bounds := types.StructType(types.Field{Name: "start", Type: t, Nullable: true}, types.Field{Name: "end", Type: t, Nullable: true})
	params := c.Types()
	params[0] = t
	return rows([]types.Field{{Name: "window", Type: bounds}}, params, func(c *build.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
		if args[0].Null(row) {
			return 0, nil
		}
		v := build.At[int64](args[0], row)
		over := (v - start) % slide
		if over < 0 {
			over += slide
		}
		n := (size - over + slide - 1) / slide
		if err := room(c, "window", outs[0], n); err != nil {
			return 0, err
		}
		off := outs[0].Extend(int(n))
		starts, ends := vec.Data[int64](outs[0].Kids[0])[off:], vec.Data[int64](outs[0].Kids[1])[off:]
		for k := range starts {
			if err := pause(c, k); err != nil {
				return 0, err
			}
			starts[k] = v - over - int64(k)*slide
			ends[k] = starts[k] + size
		}
		return int(n), nil
	}), nil
}

func windowTime(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 1); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	i := -1
	if t.Kind == types.Struct {
		i = types.Schema(t.Children()).Index("end")
	}
	if i < 0 || t.Children()[i].Type.Kind != types.Timestamp && t.Children()[i].Type.Kind != types.TimestampNTZ {
		return nil, build.WrongType(c, 0, `"STRUCT<start: TIMESTAMP, end: TIMESTAMP>"`)
	}
	return &function.Overload{Params: []types.Type{t}, Result: t.Children()[i].Type, Nulls: function.NullOut, Kernel: func(*expr.Call) (function.Kernel, error) {
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			end := args[0].Base().Kids[i]
			at := args[0].Index(row)
			if end.Null(at) {
				return build.Null
			}
			vec.Data[int64](out)[row] = build.At[int64](end, at) - 1
			return nil
		}), nil
	}}, nil
}

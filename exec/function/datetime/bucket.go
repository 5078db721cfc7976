package datetime

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func buckets() []function.Def {
	return []function.Def{
		def("time_bucket", "bucketSize, ts[, origin]", "Returns the start of the bucket that ts is in: buckets of the size of a constant interval that begin at origin (1970-01-01 00:00:00). Months and days of a TIMESTAMP are those of the session's time zone.", timeBucket,
			ex("SELECT time_bucket(INTERVAL '15' MINUTE, TIMESTAMP '2024-01-01 11:27:00')", "2024-01-01 11:15:00"), ex("SELECT time_bucket(INTERVAL '1' MONTH, TIMESTAMP '2024-07-20 14:30:00', TIMESTAMP '2024-06-15 09:00:00')", "2024-07-15 09:00:00")),
	}
}

func timeBucket(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	size, t := c.Args[0].Type(), c.Args[1].Type()
	if size.Kind != types.YearMonth && size.Kind != types.DayTime && size.Kind != types.Null {
		return nil, build.WrongType(c, 0, `("INTERVAL DAY TO SECOND" or "INTERVAL YEAR TO MONTH")`)
	}
	if t.Kind == types.Null {
		t = ts
	}
	if t.Kind != types.Timestamp && t.Kind != types.TimestampNTZ {
		return nil, build.WrongType(c, 1, `"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)"`)
	}
	if len(c.Args) > 2 && c.Args[2].Type().Kind != t.Kind && c.Args[2].Type().Kind != types.Null {
		return nil, build.WrongType(c, 2, `"`+t.SQL()+`"`)
	}
	params := []types.Type{size, t, t}[:len(c.Args)]
	for i := 0; i < len(c.Args); i += 2 {
		l, err := c.Constant(i)
		switch {
		case err != nil:
			return nil, err
		case l == nil:
			return nil, build.NonFoldable(c, i, [...]string{"bucketSize", "", "origin"}[i], `"`+params[i].SQL()+`"`)
		case i == 0 && !positive(l.Value):
			return nil, sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `bucketSize` must be between (0, inf) (current value = %s).", function.CallText(c.Name, c.Args), function.Text(l))
		}
	}
	if size.Kind == types.Null {
		return &function.Overload{Params: params, Result: t, Rewrite: func([]expr.Expr) (expr.Expr, error) { return expr.NullOf(t), nil }}, nil
	}
	return &function.Overload{Params: params, Result: t, Kernel: func(*expr.Call) (function.Kernel, error) {
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			v := local(x, t.Kind, build.At[int64](args[1], row))
			origin := int64(0)
			if len(args) > 2 {
				origin = local(x, t.Kind, build.At[int64](args[2], row))
			}
			switch {
			case size.Kind == types.YearMonth:
				v = monthBucket(v, origin, int64(build.At[int32](args[0], row)))
			case build.At[int64](args[0], row)%calendar.MicrosPerDay == 0 || t.Kind == types.TimestampNTZ:
				v -= floorMod(v-origin, build.At[int64](args[0], row))
			default: // parts of a day are lengths of time
				at := build.At[int64](args[1], row)
				vec.Data[int64](out)[row] = at - floorMod(at-calendar.FromLocal(x.TimeZone, origin), build.At[int64](args[0], row))
				return nil
			}
			if t.Kind == types.Timestamp {
				v = calendar.FromLocal(x.TimeZone, v)
			}
			vec.Data[int64](out)[row] = v
			return nil
		}), nil
	}}, nil
}

func positive(d types.Datum) bool {
	n, ok := d.(int64)
	return !ok || n > 0
}

// monthBucket is the start of v's bucket of some months from origin, both wall-clock times.
func monthBucket(v, origin, months int64) int64 {
	day, clock := calendar.Split(origin)
	at := func(n int64) int64 { return calendar.AddMonths(day, int(n*months))*calendar.MicrosPerDay + clock }
	vd, _ := calendar.Split(v)
	y, m, _ := calendar.Civil(vd)
	oy, om, _ := calendar.Civil(day)
	diff := int64(y-oy)*12 + int64(m-om)
	n := (diff - floorMod(diff, months)) / months
	if at(n) > v {
		n--
	}
	return at(n)
}

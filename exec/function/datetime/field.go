package datetime

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// dayField is a field that the day decides, timeField one of the time of day.
type (
	dayField  func(days int64) int32
	timeField func(micros int64) int32
)

func year(d int64) int32    { y, _, _ := calendar.Civil(d); return int32(y) }
func month(d int64) int32   { _, m, _ := calendar.Civil(d); return int32(m) }
func day(d int64) int32     { _, _, n := calendar.Civil(d); return int32(n) }
func quarter(d int64) int32 { return (month(d)-1)/3 + 1 }

// dayOfWeek is 1 for Sunday; isoDay 1 for Monday; weekday 0 for Monday.
func dayOfWeek(d int64) int32 { return int32(floorMod(d+4, 7)) + 1 }
func isoDay(d int64) int32    { return int32(floorMod(d+3, 7)) + 1 }
func weekday(d int64) int32   { return int32(floorMod(d+3, 7)) }

func dayOfYear(d int64) int32 {
	y, _, _ := calendar.Civil(d)
	return int32(d-calendar.Days(y, 1, 1)) + 1
}

// isoYear is the year that the ISO week of d belongs to: that of its Thursday.
func isoYear(d int64) int32 { return year(d - int64(weekday(d)) + 3) }

func week(d int64) int32 {
	thursday := d - int64(weekday(d)) + 3
	return (dayOfYear(thursday)-1)/7 + 1
}

func hour(us int64) int32   { return int32(us / calendar.MicrosPerHour) }
func minute(us int64) int32 { return int32(us / calendar.MicrosPerMinute % 60) }
func second(us int64) int32 { return int32(us / calendar.MicrosPerSecond % 60) }

func fields() []function.Def {
	d := func(name, doc string, f dayField, example, want string, aliases ...string) function.Def {
		return also(def(name, "date", doc, ofDay(f), ex(example, want)), aliases...)
	}
	t := func(name, doc string, f timeField, example, want string) function.Def {
		return def(name, "timestamp", doc, ofTime(f), ex(example, want))
	}
	return []function.Def{
		d("year", "Returns the year.", year, "SELECT year('2016-07-30')", "2016"),
		d("quarter", "Returns the quarter, 1 to 4.", quarter, "SELECT quarter('2016-08-31')", "3"),
		d("month", "Returns the month, 1 to 12.", month, "SELECT month('2016-07-30')", "7"),
		d("day", "Returns the day of the month.", day, "SELECT day('2009-07-30')", "30", "dayofmonth"),
		d("dayofweek", "Returns the day of the week, 1 for Sunday to 7.", dayOfWeek, "SELECT dayofweek('2009-07-30')", "5"),
		d("weekday", "Returns the day of the week, 0 for Monday to 6.", weekday, "SELECT weekday('2009-07-30')", "3"),
		d("dayofyear", "Returns the day of the year.", dayOfYear, "SELECT dayofyear('2016-04-09')", "100"),
		d("weekofyear", "Returns the ISO week: weeks start on Monday, week 1 has the year's first Thursday.", week, "SELECT weekofyear('2008-02-20')", "8"),
		t("hour", "Returns the hour of the day.", hour, "SELECT hour('2009-07-30 12:58:59')", "12"),
		t("minute", "Returns the minute of the hour.", minute, "SELECT minute('2009-07-30 12:58:59')", "58"),
		t("second", "Returns the second of the minute.", second, "SELECT second('2009-07-30 12:58:59')", "59"),
		def("monthname", "date", "Returns the English name of the month in three letters.", build.Func(build.Fixed(text, date), build.Unary(func(d int32) string {
			return monthNames[month(int64(d))-1][:3]
		})), ex("SELECT monthname(DATE'2008-02-20')", "Feb")),
		def("dayname", "date", "Returns the English name of the day in three letters.", build.Func(build.Fixed(text, date), build.Unary(func(d int32) string {
			return dayNames[weekday(int64(d))][:3]
		})), ex("SELECT dayname(DATE'2008-02-20')", "Wed")),
	}
}

var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

// ofDay takes a date; timestamps are read without a cast, which may fail far from 1970.
func ofDay(f dayField) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 1 {
			if k := c.Args[0].Type().Kind; k == types.Timestamp || k == types.TimestampNTZ {
				return build.Func(build.Fixed(i32, c.Args[0].Type()), build.UnaryE(func(x *build.Context, v int64) (int32, error) {
					days, _ := calendar.Split(local(x, k, v))
					return f(days), nil
				}))(c)
			}
		}
		return build.Func(build.Fixed(i32, date), build.Unary(func(d int32) int32 { return f(int64(d)) }))(c)
	}
}

func ofTime(f timeField) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		in := clockOr(c, 0)
		return build.Func(build.Fixed(i32, in), build.UnaryE(func(x *build.Context, v int64) (int32, error) {
			return f(timeOfDay(x, in.Kind, v)), nil
		}))(c)
	}
}

// clockOr is the type of argument i if that has a time of day, else TIMESTAMP.
func clockOr(c *function.Call, i int) types.Type {
	if i < len(c.Args) {
		if t := c.Args[i].Type(); t.Kind == types.TimestampNTZ || t.Kind == types.Time {
			return t
		}
	}
	return ts
}

func extracts() []function.Def {
	d := also(def("extract", "field, source", "Returns a field of a date, timestamp or interval: EXTRACT(field FROM source).", extract,
		ex("SELECT extract(YEAR FROM TIMESTAMP '2019-08-12 01:00:00.123456')", "2019"),
		ex("SELECT extract(seconds FROM timestamp'2019-10-01 00:00:01.000001')", "1.000001"),
		ex("SELECT extract(days FROM interval 5 days 3 hours 7 minutes)", "5")), "date_part", "datepart")
	return []function.Def{d}
}

var dayFields = map[string]dayField{
	"YEAR": year, "Y": year, "YEARS": year, "YR": year, "YRS": year, "YEAROFWEEK": isoYear,
	"QUARTER": quarter, "QTR": quarter, "MONTH": month, "MON": month, "MONS": month, "MONTHS": month,
	"WEEK": week, "W": week, "WEEKS": week, "DAY": day, "D": day, "DAYS": day, "DAYOFWEEK": dayOfWeek, "DOW": dayOfWeek,
	"DAYOFWEEK_ISO": isoDay, "DOW_ISO": isoDay, "DOY": dayOfYear,
}

var timeFields = map[string]timeField{
	"HOUR": hour, "H": hour, "HOURS": hour, "HR": hour, "HRS": hour,
	"MINUTE": minute, "M": minute, "MIN": minute, "MINS": minute, "MINUTES": minute,
}

var secondNames = map[string]bool{"SECOND": true, "S": true, "SEC": true, "SECONDS": true, "SECS": true}

// extract resolves by the constant field name. Seconds of a timestamp are a decimal with microseconds.
func extract(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	l, ok := c.Args[0].(*expr.Literal)
	if !ok {
		return nil, sqlerr.New(sqlerr.NonFoldable, "The function `%s` requires the parameter `field` to be a foldable expression of the type \"STRING\".", c.Name)
	}
	name, ok := l.Value.(string)
	if !ok {
		return &function.Overload{Params: []types.Type{text, c.Args[1].Type()}, Result: types.Float64Type, Kernel: build.Datums(func(*build.Context, []types.Datum) (types.Datum, error) { return nil, nil })}, nil
	}
	name = strings.ToUpper(name)
	source := c.Args[1].Type()
	if source.Kind.IsInterval() {
		return intervalField(c, name, source)
	}
	switch source.Kind {
	case types.String, types.Null:
		source = ts
	case types.Date, types.Timestamp, types.TimestampNTZ:
	case types.Time:
		if timeFields[name] == nil && !secondNames[name] {
			return nil, sqlerr.New(sqlerr.InvalidExtract, "Cannot extract `%s` from %s.", name, function.Text(c.Args[1]))
		}
	default:
		return nil, build.WrongType(c, 1, `("TIMESTAMP" or "DATE" or "TIME" or "INTERVAL")`)
	}
	rest := *c
	rest.Args = []expr.Expr{&expr.Ref{T: source}}
	var inner *function.Overload
	var err error
	switch {
	case dayFields[name] != nil:
		inner, err = ofDay(dayFields[name])(&rest)
	case timeFields[name] != nil:
		inner, err = ofTime(timeFields[name])(&rest)
	case secondNames[name]:
		inner, err = seconds(&rest)
	default:
		return nil, sqlerr.New(sqlerr.InvalidExtract, "Cannot extract `%s` from %s.", name, function.Text(c.Args[1]))
	}
	if err != nil {
		return nil, err
	}
	return &function.Overload{
		Params: append([]types.Type{text}, inner.Params...), Result: inner.Result,
		Kernel: func(call *expr.Call) (function.Kernel, error) {
			k, err := inner.Kernel(&expr.Call{Func: call.Func, Args: call.Args[1:], T: call.T})
			if err != nil {
				return nil, err
			}
			return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				return k(x, args[1:], sel, out)
			}, nil
		},
	}, nil
}

func seconds(c *function.Call) (*function.Overload, error) {
	in := clockOr(c, 0)
	return build.Func(build.Fixed(types.DecimalType(8, 6), in), build.UnaryE(func(x *build.Context, v int64) (int64, error) {
		return timeOfDay(x, in.Kind, v) % calendar.MicrosPerMinute, nil
	}))(c)
}

// intervalField extracts from intervals: years and months from those of months, days to seconds from the others.
func intervalField(c *function.Call, name string, source types.Type) (*function.Overload, error) {
	type part struct {
		result types.Type
		months func(m int64) int64
		micros func(us int64) int64
	}
	tiny := types.Int8Type
	var p part
	switch {
	case dayFields[name] != nil && strings.HasPrefix(name, "Y") && name != "YEAROFWEEK":
		p = part{result: i32, months: func(m int64) int64 { return m / 12 }}
	case name == "MONTH" || name == "MON" || name == "MONS" || name == "MONTHS":
		p = part{result: tiny, months: func(m int64) int64 { return m % 12 }}
	case name == "DAY" || name == "D" || name == "DAYS":
		p = part{result: i32, micros: func(us int64) int64 { return us / calendar.MicrosPerDay }}
	case timeFields[name] != nil && strings.HasPrefix(name, "H"):
		p = part{result: tiny, micros: func(us int64) int64 { return us % calendar.MicrosPerDay / calendar.MicrosPerHour }}
	case timeFields[name] != nil:
		p = part{result: tiny, micros: func(us int64) int64 { return us % calendar.MicrosPerHour / calendar.MicrosPerMinute }}
	case secondNames[name]:
		p = part{result: types.DecimalType(8, 6), micros: func(us int64) int64 { return us % calendar.MicrosPerMinute }}
	}
	wrong := p.months == nil && p.micros == nil || source.Kind == types.YearMonth && p.months == nil || source.Kind == types.DayTime && p.micros == nil
	if wrong {
		return nil, sqlerr.New(sqlerr.InvalidExtract, "Cannot extract `%s` from %s.", name, function.Text(c.Args[1]))
	}
	return &function.Overload{
		Params: []types.Type{text, source}, Result: p.result,
		Kernel: build.Datums(func(_ *build.Context, args []types.Datum) (types.Datum, error) {
			var v int64
			switch x := args[1].(type) {
			case types.CalendarInterval:
				switch {
				case p.months != nil:
					v = p.months(int64(x.Months))
				case name == "DAY" || name == "D" || name == "DAYS":
					v = int64(x.Days) + p.micros(x.Micros)
				default:
					v = p.micros(x.Micros)
				}
			case int64:
				if p.months != nil {
					v = p.months(x)
				} else {
					v = p.micros(x)
				}
			}
			if p.result.Kind == types.Decimal {
				return types.Int128From(v), nil
			}
			return v, nil
		}),
	}, nil
}

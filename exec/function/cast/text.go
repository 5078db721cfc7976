package cast

import (
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func (c conv) toText() build.Maker {
	t := c.from
	switch {
	case t.Kind.IsNested(), t.Kind == types.Interval:
		return build.Rows(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			vec.Data[string](out)[row] = Text(args[0].Get(row), t, zone(x))
			return nil
		})
	case c.mode == expr.CastLegacy && t.Kind == types.Decimal:
		return build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			vec.Data[string](out)[row] = javaDecimal(args[0].Get(row).(types.Int128), int(t.S))
			return nil
		})
	}
	a := fromAny[string]{
		ints:   func(_ *build.Context, x int64) (string, error) { return strconv.FormatInt(x, 10), nil },
		floats: func(_ *build.Context, x float64) (string, error) { return FloatText(x, t.Kind), nil },
		decs:   func(_ *build.Context, x types.Int128) (string, error) { return DecimalText(x, int(t.S)), nil },
	}
	switch t.Kind {
	case types.Bool:
		return build.Unary(strconv.FormatBool)
	case types.Date, types.Timestamp, types.TimestampNTZ, types.Time, types.YearMonth, types.DayTime:
		a.ints = func(x *build.Context, v int64) (string, error) {
			var buf [64]byte
			return string(appendText(buf[:0], v, t, zone(x))), nil
		}
	}
	return a.maker(t)
}

// FloatText is a FLOAT or DOUBLE as Java prints it: 1.0, 1.0E10, NaN.
func FloatText(x float64, k types.Kind) string {
	var buf [32]byte
	return string(appendFloat(buf[:0], x, k))
}

func appendFloat(b []byte, x float64, k types.Kind) []byte {
	bits := 64
	if k == types.Float32 {
		bits = 32
	}
	switch {
	case x != x:
		return append(b, "NaN"...)
	case x-x != 0 && x > 0:
		return append(b, "Infinity"...)
	case x-x != 0:
		return append(b, "-Infinity"...)
	}
	if abs := max(x, -x); abs == 0 || abs >= 1e-3 && abs < 1e7 {
		n := len(b)
		b = strconv.AppendFloat(b, x, 'f', -1, bits)
		if !strings.Contains(string(b[n:]), ".") {
			b = append(b, ".0"...)
		}
		return b
	}
	var buf [32]byte
	s := strconv.AppendFloat(buf[:0], x, 'e', -1, bits)
	mant, exp, _ := strings.Cut(string(s), "e")
	b = append(b, mant...)
	if !strings.Contains(mant, ".") {
		b = append(b, ".0"...)
	}
	e, _ := strconv.Atoi(exp)
	return strconv.AppendInt(append(b, 'E'), int64(e), 10)
}

// javaDecimal is BigDecimal.toString: scientific for very small numbers.
func javaDecimal(x types.Int128, scale int) string {
	digits := strings.TrimPrefix(x.String(), "-")
	exp := len(digits) - 1 - scale
	if scale == 0 || exp >= -6 {
		return DecimalText(x, scale)
	}
	s := digits[:1]
	if len(digits) > 1 {
		s += "." + digits[1:]
	}
	if x.Sign() < 0 {
		s = "-" + s
	}
	return s + "E" + strconv.Itoa(exp)
}

// appendText appends a value that is held in an integer.
func appendText(b []byte, v int64, t types.Type, loc *time.Location) []byte {
	switch t.Kind {
	case types.Date:
		return calendar.AppendDate(b, v)
	case types.Timestamp:
		return calendar.AppendWall(b, calendar.ToLocal(loc, v))
	case types.TimestampNTZ:
		return calendar.AppendWall(b, v)
	case types.Time:
		return calendar.AppendClock(b, v)
	case types.YearMonth, types.DayTime:
		return append(b, intervalSQL(t, v)...)
	}
	return strconv.AppendInt(b, v, 10)
}

// Text is a value as CAST(… AS STRING) gives it: nested values as [1, 2],
// {1, a} and {k -> v}, NULLs inside them as null. d is not NULL itself.
func Text(d types.Datum, t types.Type, loc *time.Location) string {
	return string(appendDatum(nil, d, t, loc))
}

func appendDatum(b []byte, d types.Datum, t types.Type, loc *time.Location) []byte {
	switch d := d.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, d)
	case int64:
		return appendText(b, d, t, loc)
	case float64:
		return appendFloat(b, d, t.Kind)
	case types.Int128:
		return AppendDecimal(b, d, int(t.S))
	case string:
		return append(b, d...)
	case types.CalendarInterval:
		return append(b, CalendarText(d)...)
	case types.MapDatum:
		b = append(b, '{')
		for i := range d.Keys {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(appendDatum(b, d.Keys[i], t.Key(), loc), " ->"...)
			b = append(b, ' ')
			b = appendDatum(b, d.Values[i], t.Value(), loc)
		}
		return append(b, '}')
	case []types.Datum:
		open, shut := byte('['), byte(']')
		if t.Kind == types.Struct {
			open, shut = '{', '}'
		}
		b = append(b, open)
		for i, x := range d {
			if i > 0 {
				b = append(b, ", "...)
			}
			f := t.Children()[0]
			if t.Kind == types.Struct {
				f = t.Children()[i]
			}
			b = appendDatum(b, x, f.Type, loc)
		}
		return append(b, shut)
	}
	return b
}

// Format is a value as Spark's result printing (HiveResult) shows it: text raw
// at the top and quoted inside nested values, arrays ["a",1], maps {"k":1},
// structs {"a":1}, NULL as NULL at the top and null inside.
func Format(d types.Datum, t types.Type, loc *time.Location) string {
	return string(AppendFormat(nil, d, t, loc))
}

// AppendFormat appends what Format gives.
func AppendFormat(b []byte, d types.Datum, t types.Type, loc *time.Location) []byte {
	if d == nil {
		return append(b, "NULL"...)
	}
	if loc == nil {
		loc = time.UTC
	}
	return appendHive(b, d, t, loc, false)
}

func appendHive(b []byte, d types.Datum, t types.Type, loc *time.Location, nested bool) []byte {
	switch d := d.(type) {
	case string:
		if nested && t.Kind == types.String {
			return append(append(append(b, '"'), d...), '"')
		}
		return append(b, d...)
	case int64:
		switch t.Kind {
		case types.YearMonth:
			return appendYearMonth(b, d)
		case types.DayTime:
			return appendDayTime(b, d)
		}
	case types.MapDatum:
		entries := make([]string, len(d.Keys))
		for i := range d.Keys {
			e := append(appendHive(nil, d.Keys[i], t.Key(), loc, true), ':')
			entries[i] = string(appendHive(e, d.Values[i], t.Value(), loc, true))
		}
		sort.Strings(entries)
		return append(append(append(b, '{'), strings.Join(entries, ",")...), '}')
	case []types.Datum:
		if t.Kind == types.Array {
			b = append(b, '[')
			for i, x := range d {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendHive(b, x, t.Elem(), loc, true)
			}
			return append(b, ']')
		}
		b = append(b, '{')
		for i, x := range d {
			if i > 0 {
				b = append(b, ',')
			}
			f := t.Children()[i]
			b = append(append(append(b, '"'), f.Name...), `":`...)
			b = appendHive(b, x, f.Type, loc, true)
		}
		return append(b, '}')
	}
	return appendDatum(b, d, t, loc)
}

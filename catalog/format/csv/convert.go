package csv

import (
	"math"
	"strings"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

// convert makes the vector of a column from the fields of n records. A field
// that is no value of the type is NULL and its record bad.
func (r *reader) convert(c *column, n int) {
	t := c.field.Type
	c.v.Reset(t)
	if c.missing {
		c.v.SetConst(n)
		if t.Kind != types.Null {
			c.v.SetNull(0)
		}
		return
	}
	o := r.o
	switch t.Kind {
	case types.String, types.Binary:
		vec.SetData(&c.v, c.raw[:n])
		for i, s := range c.raw[:n] {
			if s == o.null {
				c.v.SetNull(i)
			}
		}
	case types.Bool:
		fill(r, c, n, parseBool)
	case types.Int8:
		fill(r, c, n, func(s string) (int8, bool) { x, ok := textvalue.ParseInt(s, 8); return int8(x), ok })
	case types.Int16:
		fill(r, c, n, func(s string) (int16, bool) { x, ok := textvalue.ParseInt(s, 16); return int16(x), ok })
	case types.Int32:
		fill(r, c, n, func(s string) (int32, bool) { x, ok := textvalue.ParseInt(s, 32); return int32(x), ok })
	case types.Int64:
		fill(r, c, n, func(s string) (int64, bool) { return textvalue.ParseInt(s, 64) })
	case types.Float32:
		fill(r, c, n, func(s string) (float32, bool) { x, ok := o.float(s, 32); return float32(x), ok })
	case types.Float64:
		fill(r, c, n, func(s string) (float64, bool) { return o.float(s, 64) })
	case types.Decimal:
		p, scale := int(t.P), int(t.S)
		if t.Storage() == types.StoreInt64 {
			fill(r, c, n, func(s string) (int64, bool) { return textvalue.ParseCompactDecimal(s, p, scale) })
		} else {
			fill(r, c, n, func(s string) (types.Int128, bool) { return textvalue.ParseDecimal(s, p, scale) })
		}
	case types.Date:
		fill(r, c, n, o.times.Date)
	case types.Timestamp:
		fill(r, c, n, o.times.Stamp)
	case types.Time:
		fill(r, c, n, func(s string) (int64, bool) { return o.times.Clock(s, t.P) })
	case types.TimestampNTZ:
		fill(r, c, n, o.times.NTZ)
	case types.YearMonth, types.DayTime, types.Interval:
		r.fillText(c, n)
	default:
		c.v.Resize(n)
	}
}

// fill runs one parser over a column.
func fill[T vec.Elem](r *reader, c *column, n int, parse func(string) (T, bool)) {
	c.v.Resize(n)
	out, null := vec.Data[T](&c.v), r.o.null
	for i, s := range c.raw[:n] {
		if s == null {
			c.v.SetNull(i)
			continue
		}
		x, ok := parse(s)
		if !ok {
			c.v.SetNull(i)
			r.bad[i], r.anyBad = true, true
			continue
		}
		out[i] = x
	}
}

func parseBool(s string) (bool, bool) {
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	return false, false
}

func (o *options) float(s string, size int) (float64, bool) {
	switch s {
	case o.nan:
		return math.NaN(), true
	case o.inf:
		return math.Inf(1), true
	case o.neg:
		return math.Inf(-1), true
	}
	return textvalue.ParseFloat(trim(s), size)
}

// trim cuts the blanks that Java's number parsers overlook.
func trim(s string) string {
	if s != "" && (s[0] <= ' ' || s[len(s)-1] <= ' ') {
		return calendar.Trim(s)
	}
	return s
}

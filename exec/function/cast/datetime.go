package cast

import (
	"math"
	"time"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

func zone(c *build.Context) *time.Location {
	if c == nil || c.TimeZone == nil {
		return time.UTC
	}
	return c.TimeZone
}

func (c conv) toDatetime() build.Maker {
	switch c.to.Kind {
	case types.Date:
		return c.toDate()
	case types.TimestampNTZ:
		return c.toWall()
	}
	return c.toInstant()
}

func (c conv) toDate() build.Maker {
	a := fromAny[int32]{text: func(_ *build.Context, s string) (int32, error) {
		d, ok := calendar.ParseDate(s)
		if !ok {
			return 0, c.invalid(quote(s))
		}
		return int32(d), nil
	}}
	switch c.from.Kind {
	case types.Timestamp:
		a.ints = func(x *build.Context, v int64) (int32, error) {
			d, _ := calendar.Split(calendar.ToLocal(zone(x), v))
			return int32(d), nil
		}
	case types.TimestampNTZ:
		a.ints = func(_ *build.Context, v int64) (int32, error) {
			d, _ := calendar.Split(v)
			return int32(d), nil
		}
	}
	return a.maker(c.from)
}

// midnight is the start of a day in microseconds.
func (c conv) midnight(day int64) (int64, error) {
	if day < calendar.MinDay || day > calendar.MaxDay {
		return 0, c.overflow("DATE '" + string(calendar.AppendDate(nil, day)) + "'")
	}
	return day * calendar.MicrosPerDay, nil
}

func (c conv) toWall() build.Maker {
	a := fromAny[int64]{text: func(_ *build.Context, s string) (int64, error) {
		st, ok := calendar.ParseStamp(s)
		if !ok || st.TimeOnly {
			return 0, c.invalid(quote(s))
		}
		return st.Local, nil
	}}
	switch c.from.Kind {
	case types.Date:
		a.ints = func(_ *build.Context, d int64) (int64, error) { return c.midnight(d) }
	case types.Timestamp:
		a.ints = func(x *build.Context, v int64) (int64, error) { return calendar.ToLocal(zone(x), v), nil }
	case types.Time:
		a.ints = func(x *build.Context, v int64) (int64, error) { return onDay(x, v), nil }
	}
	return a.maker(c.from)
}

func (c conv) toInstant() build.Maker {
	a := fromAny[int64]{
		ints: func(_ *build.Context, x int64) (int64, error) { return seconds(x), nil },
		floats: func(_ *build.Context, x float64) (int64, error) {
			if x-x != 0 {
				return 0, c.invalid(FloatText(x, c.from.Kind))
			}
			return saturate(x*1e6, types.Int64), nil
		},
		decs: func(_ *build.Context, x types.Int128) (int64, error) {
			v, _ := x.Mul(types.Pow10[6])
			v, _ = v.QuoRem(types.Pow10[c.from.S])
			if !v.IsInt64() {
				return 0, c.overflow(DecimalText(x, int(c.from.S)) + "BD")
			}
			return v.Int64(), nil
		},
		text: func(x *build.Context, s string) (int64, error) {
			v, ok := Instant(s, zone(x), x)
			if !ok {
				return 0, c.invalid(quote(s))
			}
			return v, nil
		},
	}
	switch c.from.Kind {
	case types.Date:
		a.ints = func(x *build.Context, d int64) (int64, error) {
			m, err := c.midnight(d)
			if err != nil {
				return 0, err
			}
			return calendar.FromLocal(zone(x), m), nil
		}
	case types.TimestampNTZ:
		a.ints = func(x *build.Context, v int64) (int64, error) { return calendar.FromLocal(zone(x), v), nil }
	case types.Time:
		a.ints = func(x *build.Context, v int64) (int64, error) { return calendar.FromLocal(zone(x), onDay(x, v)), nil }
	case types.Bool:
		a.ints = func(_ *build.Context, x int64) (int64, error) { return x, nil }
	}
	return a.maker(c.from)
}

// Instant reads a timestamp text in the session's zone; a time without date
// is one of the current day.
func Instant(s string, loc *time.Location, x *build.Context) (int64, bool) {
	st, ok := calendar.ParseStamp(s)
	if !ok {
		return 0, false
	}
	if st.HasZone {
		loc = st.Zone
	}
	if st.TimeOnly {
		now := time.Now()
		if x != nil && !x.Now.IsZero() {
			now = x.Now
		}
		day, _ := calendar.Split(calendar.ToLocal(loc, now.UnixMicro()))
		st.Local += day * calendar.MicrosPerDay
	}
	return calendar.FromLocal(loc, st.Local), true
}

// seconds is x seconds in microseconds, at most the largest timestamp.
func seconds(x int64) int64 {
	switch {
	case x > math.MaxInt64/calendar.MicrosPerSecond:
		return math.MaxInt64
	case x < math.MinInt64/calendar.MicrosPerSecond:
		return math.MinInt64
	}
	return x * calendar.MicrosPerSecond
}

package cast

import (
	"time"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

// toTime converts to TIME; digits that the target has not are cut off.
func (c conv) toTime() build.Maker {
	step := calendar.ClockStep(c.to.P)
	cut := func(v int64) int64 { return v - v%step }
	a := fromAny[int64]{text: func(_ *build.Context, s string) (int64, error) {
		v, ok := calendar.ParseClock(s)
		if !ok {
			return 0, c.invalid(quote(s))
		}
		return cut(v), nil
	}}
	ofDay := func(local int64) int64 {
		_, us := calendar.Split(local)
		return cut(us * calendar.NanosPerMicro)
	}
	switch c.from.Kind {
	case types.Time:
		a.ints = func(_ *build.Context, v int64) (int64, error) { return cut(v), nil }
	case types.Timestamp:
		a.ints = func(x *build.Context, v int64) (int64, error) { return ofDay(calendar.ToLocal(zone(x), v)), nil }
	case types.TimestampNTZ:
		a.ints = func(_ *build.Context, v int64) (int64, error) { return ofDay(v), nil }
	}
	return a.maker(c.from)
}

// onDay is a TIME on the day of the query, a wall-clock time.
func onDay(x *build.Context, nanos int64) int64 {
	now := time.Now()
	if x != nil && !x.Now.IsZero() {
		now = x.Now
	}
	day, _ := calendar.Split(calendar.ToLocal(zone(x), now.UnixMicro()))
	return day*calendar.MicrosPerDay + nanos/calendar.NanosPerMicro
}

// timeSQL is a TIME as a SQL literal.
func timeSQL(nanos int64) string { return "TIME '" + string(calendar.AppendClock(nil, nanos)) + "'" }

package textvalue

import (
	"math"
	"time"

	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// ParseDate reads a date by the rules of CAST(… AS DATE):
// [+-]yyyy*[-[m]m[-[d]d]], after a full date also ' ' or 'T' and anything.
func ParseDate(s string) (int32, bool) {
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		if d, ok := isoDate(s); ok {
			return d, true
		}
	}
	d, ok := calendar.ParseDate(s)
	return int32(d), ok && d >= math.MinInt32 && d <= math.MaxInt32
}

// isoDate reads the usual form, yyyy-MM-dd at the start of s, quickly.
func isoDate(s string) (int32, bool) {
	y, ok1 := four(s)
	m, ok2 := two(s[5:])
	d, ok3 := two(s[8:])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > calendar.DaysIn(y, m) {
		return 0, false
	}
	return int32(calendar.Days(y, m, d)), true
}

func two(s string) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

func four(s string) (int, bool) {
	a, ok1 := two(s)
	b, ok2 := two(s[2:])
	return a*100 + b, ok1 && ok2
}

// ParseTimestamp reads a timestamp by the rules of CAST(… AS TIMESTAMP).
// hasZone tells whether the text named a zone; without one the time is of loc.
// A time without date is refused: files have no current day.
func ParseTimestamp(s string, loc *time.Location) (micros int64, hasZone, ok bool) {
	if len(s) == 19 && s[4] == '-' && s[7] == '-' && (s[10] == ' ' || s[10] == 'T') && s[13] == ':' && s[16] == ':' {
		if d, ok := isoDate(s); ok {
			h, ok1 := two(s[11:])
			m, ok2 := two(s[14:])
			sec, ok3 := two(s[17:])
			if ok1 && ok2 && ok3 && h < 24 && m < 60 && sec < 60 {
				return calendar.FromLocal(loc, int64(d)*calendar.MicrosPerDay+int64(h*3600+m*60+sec)*calendar.MicrosPerSecond), false, true
			}
		}
	}
	st, ok := calendar.ParseStamp(s)
	if !ok || st.TimeOnly || s[len(s)-1] == 'T' {
		return 0, false, false
	}
	if st.HasZone {
		loc = st.Zone
	}
	return calendar.FromLocal(loc, st.Local), st.HasZone, true
}

// ParseTime reads a time of day by the rules of CAST(… AS TIME), in
// nanoseconds; digits that the precision has not are cut off.
func ParseTime(s string, precision uint8) (int64, bool) {
	v, ok := calendar.ParseClock(s)
	return v - v%calendar.ClockStep(precision), ok
}

// AppendTime writes nanoseconds of a day as HH:mm:ss with as many digits of a fraction as needed.
func AppendTime(dst []byte, nanos int64) []byte { return calendar.AppendClock(dst, nanos) }

// Zone finds a time zone by Spark's names.
func Zone(name string) (*time.Location, bool) {
	if name == "" {
		return nil, false
	}
	l, err := calendar.Zone(name)
	return l, err == nil
}

// SessionZone is an internal option: the time zone of the session that reads
// or writes, which counts where the option timeZone names none.
const SessionZone = "volley.sessionzone"

// WithZone returns a copy of options (keys in lower case) that knows the session's time zone.
func WithZone(opts map[string]string, session *time.Location) map[string]string {
	out := make(map[string]string, len(opts)+1)
	for k, v := range opts {
		out[k] = v
	}
	if session != nil {
		out[SessionZone] = session.String()
	}
	return out
}

// ZoneOf is the time zone in which values without one are read and written: the
// option timeZone, else the session's, else UTC.
func ZoneOf(opts map[string]string) (*time.Location, error) {
	if z := opts["timezone"]; z != "" {
		loc, ok := Zone(z)
		if !ok {
			return nil, sqlerr.New(sqlerr.InvalidTimezone, "The timezone: %s of the option timeZone is invalid.", z)
		}
		return loc, nil
	}
	switch z := opts[SessionZone]; z {
	case "":
	case "Local":
		return time.Local, nil
	default:
		if loc, ok := Zone(z); ok {
			return loc, nil
		}
	}
	return time.UTC, nil
}

// AppendDate writes yyyy-MM-dd.
func AppendDate(dst []byte, days int32) []byte { return calendar.AppendDate(dst, int64(days)) }

// AppendTimestamp writes a wall clock reading as yyyy-MM-dd HH:mm:ss with as many
// digits of a fraction as needed: what CAST(… AS STRING) gives.
func AppendTimestamp(dst []byte, local int64) []byte { return calendar.AppendWall(dst, local) }

// FromInstant is the wall clock reading of an instant in loc.
func FromInstant(micros int64, loc *time.Location) int64 { return calendar.ToLocal(loc, micros) }

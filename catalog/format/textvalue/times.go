package textvalue

import (
	"time"

	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/types"
)

// Times reads and writes dates and times as the options dateFormat,
// timestampFormat, timestampNTZFormat, timeFormat and timeZone of text sources say.
type Times struct {
	// Zone is that of timestamps, UTC unless an option says otherwise.
	Zone                    *time.Location
	date, stamp, ntz, clock timePattern
}

// timePattern is a pattern, or none, or why it is none.
type timePattern struct {
	p   *calendar.Pattern
	err error
}

// ParseTimes reads the options, keys in lower case, for reading or writing.
// A bad pattern is an error only where it is needed: see Err.
func ParseTimes(opts map[string]string, use calendar.Use) (Times, error) {
	zone, err := ZoneOf(opts)
	if err != nil {
		return Times{}, err
	}
	t := Times{Zone: zone}
	local := use
	local.Local = true
	t.date.compile(opts["dateformat"], use)
	t.stamp.compile(opts["timestampformat"], use)
	t.ntz.compile(opts["timestampntzformat"], local)
	t.clock.compile(opts["timeformat"], local)
	if !use.Reading {
		t.stamp.compileDefault("yyyy-MM-dd'T'HH:mm:ss.SSSXXX")
		t.ntz.compileDefault("yyyy-MM-dd'T'HH:mm:ss.SSS")
	}
	return t, nil
}

func (t *timePattern) compile(text string, use calendar.Use) {
	if text != "" {
		t.p, t.err = calendar.CompilePattern(text, use)
	}
}

func (t *timePattern) compileDefault(text string) {
	if t.p == nil {
		t.p = calendar.MustPattern(text)
	}
}

// Err is the error of a pattern that values of type k need, or of a part of k.
func (t *Times) Err(k types.Type) error {
	switch k.Kind {
	case types.Date:
		return t.date.err
	case types.Timestamp:
		return t.stamp.err
	case types.TimestampNTZ:
		return t.ntz.err
	case types.Time:
		return t.clock.err
	}
	for _, f := range k.Children() {
		if err := t.Err(f.Type); err != nil {
			return err
		}
	}
	return nil
}

// HasDateFormat and HasStampFormat tell whether patterns were given.
func (t *Times) HasDateFormat() bool  { return t.date.p != nil }
func (t *Times) HasStampFormat() bool { return t.stamp.p != nil }

// Date reads a date; without pattern as CAST does.
func (t *Times) Date(s string) (int32, bool) {
	if t.date.p == nil {
		return ParseDate(s)
	}
	st, ok := t.date.p.Parse(s)
	days, _ := calendar.Split(st.Local)
	return int32(days), ok
}

// Stamp reads an instant.
func (t *Times) Stamp(s string) (int64, bool) {
	if t.stamp.p == nil {
		us, _, ok := ParseTimestamp(s, t.Zone)
		return us, ok
	}
	st, ok := t.stamp.p.Parse(s)
	if !st.HasZone {
		st.Zone = t.Zone
	}
	return calendar.FromLocal(st.Zone, st.Local), ok
}

// NTZ reads a wall-clock time and refuses texts with a zone.
func (t *Times) NTZ(s string) (int64, bool) {
	if t.ntz.p == nil {
		us, zone, ok := ParseTimestamp(s, time.UTC)
		return us, ok && !zone
	}
	st, ok := t.ntz.p.Parse(s)
	return st.Local, ok && !st.HasZone
}

// Clock reads a time of day, in nanoseconds.
func (t *Times) Clock(s string, precision uint8) (int64, bool) {
	if t.clock.p == nil {
		return ParseTime(s, precision)
	}
	st, ok := t.clock.p.Parse(s)
	_, us := calendar.Split(st.Local)
	v := us * calendar.NanosPerMicro
	return v - v%calendar.ClockStep(precision), ok
}

// AppendClock writes a time of day.
func (t *Times) AppendClock(b []byte, nanos int64) []byte {
	if t.clock.p != nil {
		return t.clock.p.Append(b, nanos/calendar.NanosPerMicro, nil)
	}
	return AppendTime(b, nanos)
}

// AppendDate, AppendStamp and AppendNTZ write values, of Times made for writing.
func (t *Times) AppendDate(b []byte, days int32) []byte {
	if t.date.p != nil {
		return t.date.p.Append(b, int64(days)*calendar.MicrosPerDay, nil)
	}
	return AppendDate(b, days)
}

func (t *Times) AppendStamp(b []byte, us int64) []byte { return t.stamp.p.Append(b, us, t.Zone) }
func (t *Times) AppendNTZ(b []byte, us int64) []byte   { return t.ntz.p.Append(b, us, nil) }

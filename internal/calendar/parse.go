package calendar

import (
	"math"
	"strings"
	"time"
)

// ParseDate reads a date as Spark casts text: [+-]yyyy[yyy], yyyy-[m]m,
// yyyy-[m]m-[d]d, the last followed by anything after a space or T.
func ParseDate(s string) (days int64, ok bool) {
	s = Trim(s)
	y, m, d, rest, ok := parseYMD(s)
	if !ok || rest != "" && (strings.Count(s[:len(s)-len(rest)], "-") < 2 || rest[0] != ' ' && rest[0] != 'T') {
		return 0, false
	}
	n := Days(y, m, d)
	return n, n >= math.MinInt32 && n <= math.MaxInt32
}

// parseYMD reads the date at the start of s. Month and day default to 1.
func parseYMD(s string) (y, m, d int, rest string, ok bool) {
	sign := 1
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	y, n := digits(s, 7)
	if n < 4 {
		return 0, 0, 0, "", false
	}
	y, s, m, d = y*sign, s[n:], 1, 1
	if s == "" || s[0] != '-' {
		return y, m, d, s, true
	}
	if m, n = digits(s[1:], 2); n == 0 {
		return 0, 0, 0, "", false
	}
	s = s[1+n:]
	if s != "" && s[0] == '-' {
		if d, n = digits(s[1:], 2); n == 0 {
			return 0, 0, 0, "", false
		}
		s = s[1+n:]
	}
	return y, m, d, s, m >= 1 && m <= 12 && d >= 1 && d <= DaysIn(y, m)
}

// digits reads at most most digits; more of them in a row are an error (0 digits).
func digits(s string, most int) (v, n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		if n == most {
			return 0, 0
		}
		v = v*10 + int(s[n]-'0')
		n++
	}
	return v, n
}

// Trim cuts what Spark cuts off text before reading values from it: blanks
// and control characters.
func Trim(s string) string {
	for s != "" && (s[0] <= ' ' || s[0] == 0x7f) {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] <= ' ' || s[len(s)-1] == 0x7f) {
		s = s[:len(s)-1]
	}
	return s
}

// Stamp is what a timestamp text says.
type Stamp struct {
	Local    int64 // wall-clock time
	Zone     *time.Location
	HasZone  bool
	TimeOnly bool // no date: Local is the time of day
	TooFar   bool // of patterns: the time cannot be held
}

// ParseStamp reads a timestamp as Spark casts text: a date as ParseDate, then
// after a space or T a time h:m:s[.fraction] and a zone; or a time alone.
func ParseStamp(s string) (Stamp, bool) {
	s = Trim(s)
	if s == "" {
		return Stamp{}, false
	}
	var st Stamp
	var days int64
	rest := s
	if i := strings.IndexByte(s, ':'); s[0] == 'T' || i > 0 && i <= 2 && strings.Trim(s[:i], "0123456789") == "" {
		st.TimeOnly = true
		rest = strings.TrimPrefix(s, "T")
	} else {
		y, m, d, r, ok := parseYMD(s)
		if !ok {
			return Stamp{}, false
		}
		days = Days(y, m, d)
		if r == "" {
			st.Local = days * MicrosPerDay
			return st, days >= MinDay && days <= MaxDay
		}
		if strings.Count(s[:len(s)-len(r)], "-") < 2 || r[0] != ' ' && r[0] != 'T' {
			return Stamp{}, false
		}
		rest = r[1:]
		if rest == "" {
			st.Local = days * MicrosPerDay
			return st, days >= MinDay && days <= MaxDay
		}
	}
	us, zone, ok := parseTime(rest)
	if !ok {
		return Stamp{}, false
	}
	if zone != "" {
		var err error
		if st.Zone, err = Zone(strings.TrimSpace(zone)); err != nil {
			return Stamp{}, false
		}
		st.HasZone = true
	}
	if days < MinDay || days > MaxDay {
		return Stamp{}, false
	}
	st.Local, ok = AddMicros(days*MicrosPerDay, us)
	return st, ok
}

// parseTime reads h[h]:[m]m[:[s]s[.f…]] and returns what follows, the zone.
func parseTime(s string) (us int64, zone string, ok bool) {
	h, n := digits(s, 2)
	if n == 0 || h > 23 {
		return 0, "", false
	}
	s = s[n:]
	us = int64(h) * MicrosPerHour
	unit, limit := MicrosPerMinute, 59
	for k := 0; k < 2 && s != "" && s[0] == ':'; k++ {
		v, n := digits(s[1:], 2)
		if n == 0 || v > limit {
			return 0, "", false
		}
		us += int64(v) * unit
		unit = MicrosPerSecond
		s = s[1+n:]
		if k == 1 && s != "" && s[0] == '.' {
			f, scale := int64(0), MicrosPerSecond
			i := 1
			for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
				if scale > 1 {
					scale /= 10
					f += int64(s[i]-'0') * scale
				}
			}
			us += f
			s = s[i:]
		}
	}
	return us, s, true
}

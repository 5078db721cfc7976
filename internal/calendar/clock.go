package calendar

import "strings"

// Nanoseconds per unit, for values of TIME.
const (
	NanosPerMicro  int64 = 1000
	NanosPerSecond       = NanosPerMicro * MicrosPerSecond
	NanosPerDay          = NanosPerMicro * MicrosPerDay
)

// ParseClock reads a time of day as Spark casts text to TIME: h:m[:s[.f]],
// which T may precede and AM or PM follow. It returns nanoseconds; digits
// beyond microseconds are dropped.
func ParseClock(s string) (nanos int64, ok bool) {
	s = strings.TrimPrefix(Trim(s), "T")
	half := -1 // 0 for AM, 12 for PM
	if n := len(s); n > 2 && s[n-1]|0x20 == 'm' && (s[n-2]|0x20 == 'a' || s[n-2]|0x20 == 'p') {
		half = 0
		if s[n-2]|0x20 == 'p' {
			half = 12
		}
		s = strings.TrimRight(s[:n-2], " ")
	}
	if i := strings.IndexByte(s, ':'); i < 1 {
		return 0, false
	}
	us, rest, ok := parseTime(s)
	if !ok || rest != "" {
		return 0, false
	}
	if half >= 0 {
		h := us / MicrosPerHour
		if h < 1 || h > 12 {
			return 0, false
		}
		us += (int64(half) + h%12 - h) * MicrosPerHour
	}
	return us * NanosPerMicro, true
}

// AppendClock writes a time of day as HH:mm:ss with the digits of the fraction that matter.
func AppendClock(b []byte, nanos int64) []byte { return AppendTime(b, nanos/NanosPerMicro) }

// ClockStep is the nanoseconds of the last digit that a TIME of a precision has.
func ClockStep(precision uint8) int64 {
	step := NanosPerSecond
	for range precision {
		step /= 10
	}
	return step
}

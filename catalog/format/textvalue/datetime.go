package textvalue

import (
	"strings"
	"sync"
	"time"
)

const (
	microsPerSecond = 1_000_000
	secondsPerDay   = 86_400
)

// Days returns the days since 1970-01-01 of a proleptic Gregorian date; month
// and day must be in range for the year.
func Days(year, month, day int) int32 {
	y := year
	if month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	mp := (month + 9) % 12
	doy := (153*mp+2)/5 + day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int32(era*146097 + doe - 719468)
}

// Civil is the inverse of Days.
func Civil(days int32) (year, month, day int) {
	z := int(days) + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func monthDays(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// maxYear bounds years so that days fit an int32 and microseconds an int64.
const maxYear = 290_000

// ParseDate reads a date by the rules of CAST(… AS DATE):
// [+-]yyyy*[-[m]m[-[d]d]], after a full date also ' ' or 'T' and anything.
func ParseDate(s string) (int32, bool) {
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		if d, ok := isoDate(s); ok {
			return d, true
		}
	}
	y, m, d, rest, ok := scanDate(strings.TrimSpace(s))
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != 'T' {
		return 0, false
	}
	return Days(y, m, d), true
}

func isoDate(s string) (int32, bool) {
	y, ok1 := four(s)
	m, ok2 := two(s[5:])
	d, ok3 := two(s[8:])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	return Days(y, m, d), true
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

// digits reads up to most digits from the start of s.
func digits(s string, most int) (v, n int) {
	for n < len(s) && n < most && s[n]-'0' <= 9 {
		v = v*10 + int(s[n]-'0')
		n++
	}
	return v, n
}

func scanDate(s string) (y, m, d int, rest string, ok bool) {
	neg := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	y, n := digits(s, 7)
	if n < 4 || y > maxYear {
		return 0, 0, 0, "", false
	}
	if neg {
		y = -y
	}
	m, d = 1, 1
	s = s[n:]
	if len(s) > 0 && s[0] == '-' {
		if m, n = digits(s[1:], 2); n == 0 {
			return 0, 0, 0, "", false
		}
		s = s[n+1:]
		if len(s) > 0 && s[0] == '-' {
			if d, n = digits(s[1:], 2); n == 0 {
				return 0, 0, 0, "", false
			}
			s = s[n+1:]
			rest = s
		} else if s != "" {
			return 0, 0, 0, "", false
		}
	} else if s != "" {
		return 0, 0, 0, "", false
	}
	if m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, 0, 0, "", false
	}
	return y, m, d, rest, true
}

// ParseTimestamp reads a timestamp by the rules of CAST(… AS TIMESTAMP): a
// date as in ParseDate, optionally followed by ' ' or 'T', a time
// [h]h:[m]m[:[s]s[.fraction]] and a zone. hasZone tells whether the text named
// a zone; without one the time is of loc. Fractions are cut to microseconds.
func ParseTimestamp(s string, loc *time.Location) (micros int64, hasZone, ok bool) {
	s = strings.TrimSpace(s)
	y, m, d, rest, ok := scanDate(s)
	if !ok {
		return 0, false, false
	}
	local := int64(Days(y, m, d)) * secondsPerDay * microsPerSecond
	if rest == "" {
		return ToInstant(local, loc), false, true
	}
	if rest[0] != ' ' && rest[0] != 'T' {
		return 0, false, false
	}
	tod, zone, ok := scanTime(rest[1:])
	if !ok {
		return 0, false, false
	}
	local += tod
	if zone = strings.TrimSpace(zone); zone != "" {
		if loc, ok = Zone(zone); !ok {
			return 0, false, false
		}
		hasZone = true
	}
	return ToInstant(local, loc), hasZone, true
}

func scanTime(s string) (micros int64, rest string, ok bool) {
	var part [3]int
	for i := range part {
		v, n := digits(s, 2)
		if n == 0 {
			return 0, "", false
		}
		part[i], s = v, s[n:]
		if i == 2 || len(s) == 0 || s[0] != ':' {
			if i == 0 {
				return 0, "", false
			}
			break
		}
		s = s[1:]
	}
	if part[0] > 23 || part[1] > 59 || part[2] > 59 {
		return 0, "", false
	}
	micros = int64(part[0]*3600+part[1]*60+part[2]) * microsPerSecond
	if len(s) > 0 && s[0] == '.' {
		s = s[1:]
		scale := int64(100_000)
		for len(s) > 0 && s[0]-'0' <= 9 {
			micros += int64(s[0]-'0') * scale
			scale /= 10
			s = s[1:]
		}
	}
	return micros, s, true
}

var zones sync.Map // name → *time.Location

// Zone finds a time zone: Z, UTC, GMT, +h[h][:mm[:ss]], the same after UTC, GMT
// or UT, or a region such as Europe/Berlin.
func Zone(name string) (*time.Location, bool) {
	if name == "Z" || name == "UTC" {
		return time.UTC, true
	}
	if l, ok := zones.Load(name); ok {
		return l.(*time.Location), true
	}
	l, ok := findZone(name)
	if ok {
		zones.Store(name, l)
	}
	return l, ok
}

func findZone(name string) (*time.Location, bool) {
	off := name
	for _, p := range []string{"UTC", "GMT", "UT"} {
		if rest, ok := strings.CutPrefix(name, p); ok {
			off = rest
			break
		}
	}
	if off == "" || off == "Z" {
		return time.UTC, true
	}
	if off[0] == '+' || off[0] == '-' {
		return offsetZone(off)
	}
	if off != name || len(name) > 64 || strings.ContainsAny(name, "\\.") || name == "Local" {
		return nil, false
	}
	l, err := time.LoadLocation(name)
	return l, err == nil
}

func offsetZone(s string) (*time.Location, bool) {
	sign := 1
	if s[0] == '-' {
		sign = -1
	}
	var part [3]int
	rest := s[1:]
	for i := 0; i < 3 && rest != ""; i++ {
		if i > 0 {
			rest = strings.TrimPrefix(rest, ":")
		}
		v, n := digits(rest, 2)
		if n == 0 || i > 0 && n != 2 {
			return nil, false
		}
		part[i], rest = v, rest[n:]
	}
	secs := part[0]*3600 + part[1]*60 + part[2]
	if rest != "" || part[1] > 59 || part[2] > 59 || secs > 18*3600 {
		return nil, false
	}
	if secs == 0 {
		return time.UTC, true
	}
	return time.FixedZone(s, sign*secs), true
}

// ToInstant takes a wall clock reading of zone loc, in microseconds as if it
// were UTC, to the instant. Readings a change of clocks skips or repeats are
// taken with the offset before the change, as Java does.
func ToInstant(local int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return local
	}
	secs := local / microsPerSecond
	if local%microsPerSecond < 0 {
		secs--
	}
	before := offsetAt(secs-secondsPerDay, loc)
	if after := offsetAt(secs-before, loc); after != before && offsetAt(secs-after, loc) == after {
		before = after
	}
	return local - before*microsPerSecond
}

// FromInstant is the wall clock reading of an instant, in microseconds as if it were UTC.
func FromInstant(micros int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return micros
	}
	secs := micros / microsPerSecond
	if micros%microsPerSecond < 0 {
		secs--
	}
	return micros + offsetAt(secs, loc)*microsPerSecond
}

func offsetAt(secs int64, loc *time.Location) int64 {
	_, off := time.Unix(secs, 0).In(loc).Zone()
	return int64(off)
}

// AppendDate writes yyyy-MM-dd; years past 9999 get a plus sign.
func AppendDate(dst []byte, days int32) []byte {
	y, m, d := Civil(days)
	dst = appendYear(dst, y)
	dst = append(dst, '-')
	dst = appendPadded(dst, m, 2)
	dst = append(dst, '-')
	return appendPadded(dst, d, 2)
}

func appendYear(dst []byte, y int) []byte {
	if y < 0 {
		dst = append(dst, '-')
		y = -y
	} else if y > 9999 {
		dst = append(dst, '+')
	}
	return appendPadded(dst, y, 4)
}

func appendPadded(dst []byte, v, width int) []byte {
	var buf [20]byte
	i := len(buf)
	for v > 0 || i > len(buf)-width {
		i--
		buf[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, buf[i:]...)
}

// AppendTimestamp writes a wall clock reading as yyyy-MM-dd HH:mm:ss with as many
// digits of a fraction as needed: what CAST(… AS STRING) gives.
func AppendTimestamp(dst []byte, local int64) []byte {
	days, tod := splitDay(local)
	dst = AppendDate(dst, days)
	dst = append(dst, ' ')
	return appendTime(dst, tod)
}

func splitDay(local int64) (days int32, tod int64) {
	const day = secondsPerDay * microsPerSecond
	q := local / day
	if local%day < 0 {
		q--
	}
	return int32(q), local - q*day
}

func appendTime(dst []byte, tod int64) []byte {
	secs := int(tod / microsPerSecond)
	dst = appendPadded(dst, secs/3600, 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, secs/60%60, 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, secs%60, 2)
	if frac := int(tod % microsPerSecond); frac != 0 {
		dst = append(dst, '.')
		dst = appendPadded(dst, frac, 6)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

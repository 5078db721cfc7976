package textvalue

import (
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Pattern is a compiled date and time pattern as the options dateFormat and
// timestampFormat have it: letters of Java's DateTimeFormatter (y u M L d D H k
// h K m s S a E X x Z V O z), 'quoted' text, and [optional] parts. Names of
// months and days are English.
type Pattern struct {
	text  string
	items []item
}

// item is a letter run, literal text, or (sub set) an optional part.
type item struct {
	letter byte // 0: literal
	n      int
	lit    string
	sub    []item
}

// CompilePattern reads a pattern; the error is INVALID_DATETIME_PATTERN.
func CompilePattern(text string) (*Pattern, error) {
	items, rest, err := compile(text, text, 0)
	if err == nil && rest != "" {
		err = badPattern(text)
	}
	if err != nil {
		return nil, err
	}
	return &Pattern{text, items}, nil
}

func badPattern(text string) error {
	return sqlerr.New(sqlerr.InvalidDatetimePattern, "Unrecognized datetime pattern: '%s'.", text)
}

func compile(text, p string, depth int) (items []item, rest string, err error) {
	for p != "" {
		c := p[0]
		switch {
		case c == '[':
			if depth > 8 {
				return nil, "", badPattern(text)
			}
			sub, after, err := compile(text, p[1:], depth+1)
			if err != nil || after == "" {
				return nil, "", badPattern(text)
			}
			items, p = append(items, item{sub: sub}), after[1:]
		case c == ']':
			if depth == 0 {
				return nil, "", badPattern(text)
			}
			return items, p, nil
		case c == '\'':
			end := strings.IndexByte(p[1:], '\'')
			if end < 0 {
				return nil, "", badPattern(text)
			}
			lit := p[1 : 1+end]
			if lit == "" {
				lit = "'"
			}
			items, p = append(items, item{lit: lit}), p[end+2:]
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := 1
			for n < len(p) && p[n] == c {
				n++
			}
			if strings.IndexByte("yuMLdDHkhKmsSaEXxZVOz", c) < 0 || n > 9 {
				return nil, "", badPattern(text)
			}
			items, p = append(items, item{letter: c, n: n}), p[n:]
		default:
			items, p = append(items, item{lit: p[:1]}), p[1:]
		}
	}
	return items, "", nil
}

// fields is what parsing fills in.
type fields struct {
	year, month, day, yearDay    int
	hour, minute, second, micros int
	pm, twelve                   bool
	hasPM                        bool
	zone                         *time.Location
}

var (
	monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	dayNames   = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// Parse reads text of the pattern: days and microseconds of the day of the
// wall clock, and the zone if the text has one.
func (p *Pattern) Parse(s string) (days int32, tod int64, zone *time.Location, ok bool) {
	f := fields{year: 1970, month: 1, day: 1}
	rest, ok := parseItems(p.items, s, &f)
	if !ok || rest != "" {
		return 0, 0, nil, false
	}
	if f.yearDay > 0 {
		if f.yearDay > 366 || f.yearDay == 366 && !calendar.IsLeap(f.year) {
			return 0, 0, nil, false
		}
		d := calendar.Days(f.year, 1, 1) + int64(f.yearDay-1)
		_, f.month, f.day = calendar.Civil(d)
	}
	if f.month < 1 || f.month > 12 || f.day < 1 || f.day > calendar.DaysIn(f.year, f.month) || f.minute > 59 || f.second > 59 {
		return 0, 0, nil, false
	}
	if f.twelve {
		if f.hour > 12 {
			return 0, 0, nil, false
		}
		f.hour %= 12
		if f.pm {
			f.hour += 12
		}
	}
	if f.hour > 23 {
		return 0, 0, nil, false
	}
	tod = int64(f.hour*3600+f.minute*60+f.second)*calendar.MicrosPerSecond + int64(f.micros)
	return int32(calendar.Days(f.year, f.month, f.day)), tod, f.zone, true
}

func parseItems(items []item, s string, f *fields) (rest string, ok bool) {
	for i, it := range items {
		switch {
		case it.sub != nil:
			g := *f
			if after, ok := parseItems(it.sub, s, &g); ok {
				*f, s = g, after
			}
		case it.letter == 0:
			if s, ok = strings.CutPrefix(s, it.lit); !ok {
				return s, false
			}
		default:
			next := i+1 < len(items) && items[i+1].letter != 0 && items[i+1].sub == nil
			if s, ok = parseField(it, s, f, next); !ok {
				return s, false
			}
		}
	}
	return s, true
}

// parseField reads one letter run. adjacent says that digits of another field follow at once.
func parseField(it item, s string, f *fields, adjacent bool) (rest string, ok bool) {
	number := func(least, most int) (v int, ok bool) {
		if adjacent && it.n > 1 {
			most = it.n
		}
		v, n := digits(s, most)
		if n < least {
			return 0, false
		}
		s = s[n:]
		return v, true
	}
	two := func(to *int) (string, bool) {
		var ok bool
		*to, ok = number(min(it.n, 2), 2)
		return s, ok
	}
	switch it.letter {
	case 'y', 'u':
		return parseYear(it, s, f, adjacent)
	case 'M', 'L':
		if it.n >= 3 {
			return name(s, monthNames[:], it.n == 3, func(i int) { f.month = i + 1 })
		}
		return two(&f.month)
	case 'd':
		return two(&f.day)
	case 'D':
		f.yearDay, ok = number(it.n, 3)
		return s, ok && f.yearDay > 0
	case 'H':
		return two(&f.hour)
	case 'k':
		s, ok = two(&f.hour)
		ok = ok && f.hour >= 1 && f.hour <= 24
		f.hour %= 24
		return s, ok
	case 'h', 'K':
		f.twelve = true
		return two(&f.hour)
	case 'm':
		return two(&f.minute)
	case 's':
		return two(&f.second)
	case 'S':
		v, n := digits(s, it.n)
		if n != it.n {
			return s, false
		}
		for i := n; i < 6; i++ {
			v *= 10
		}
		for i := 6; i < n; i++ {
			v /= 10
		}
		f.micros = v
		return s[n:], true
	case 'a':
		if len(s) < 2 || s[1]|0x20 != 'm' || s[0]|0x20 != 'a' && s[0]|0x20 != 'p' {
			return s, false
		}
		f.pm, f.hasPM = s[0]|0x20 == 'p', true
		return s[2:], true
	case 'E':
		return name(s, dayNames[:], it.n <= 3, func(int) {})
	}
	return parseZone(it, s, f)
}

func parseYear(it item, s string, f *fields, adjacent bool) (string, bool) {
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	most := 6
	if adjacent || it.n == 2 {
		most = it.n
	}
	v, n := digits(s, most)
	if n < it.n || n == 0 {
		return s, false
	}
	if it.n == 2 {
		v += 2000
	}
	if neg {
		v = -v
	}
	f.year = v
	return s[n:], true
}

func name(s string, names []string, short bool, set func(int)) (string, bool) {
	for i, n := range names {
		if short {
			n = n[:3]
		}
		if len(s) >= len(n) && strings.EqualFold(s[:len(n)], n) {
			set(i)
			return s[len(n):], true
		}
	}
	return s, false
}

func parseZone(it item, s string, f *fields) (string, bool) {
	end := 0
	switch it.letter {
	case 'X', 'x', 'Z':
		if it.letter == 'X' && strings.HasPrefix(s, "Z") {
			f.zone = time.UTC
			return s[1:], true
		}
		if s == "" || s[0] != '+' && s[0] != '-' {
			return s, false
		}
		for end = 1; end < len(s) && (s[end]-'0' <= 9 || s[end] == ':'); {
			end++
		}
	default:
		for end < len(s) && (s[end]|0x20 >= 'a' && s[end]|0x20 <= 'z' || s[end]-'0' <= 9 || strings.IndexByte("/_+-:", s[end]) >= 0) {
			end++
		}
	}
	z, ok := Zone(s[:end])
	f.zone = z
	return s[end:], ok
}

// Append writes a date and time by the pattern. local is the wall clock reading, zone what it is of (nil: UTC).
func (p *Pattern) Append(dst []byte, local int64, zone *time.Location) []byte {
	days, tod := calendar.Split(local)
	y, m, d := calendar.Civil(days)
	off := 0
	if zone != nil && zone != time.UTC {
		off = int(calendar.Offset(zone, calendar.FromLocal(zone, local)) / calendar.MicrosPerSecond)
	}
	v := clock{y, m, d, int(days), int(tod / calendar.MicrosPerSecond), int(tod % calendar.MicrosPerSecond), off, zone}
	return appendItems(dst, p.items, v)
}

type clock struct {
	year, month, day, days, secs, micros, offset int
	zone                                         *time.Location
}

func appendItems(dst []byte, items []item, v clock) []byte {
	for _, it := range items {
		switch {
		case it.sub != nil:
			dst = appendItems(dst, it.sub, v)
		case it.letter == 0:
			dst = append(dst, it.lit...)
		default:
			dst = appendField(dst, it, v)
		}
	}
	return dst
}

func appendField(dst []byte, it item, v clock) []byte {
	pad := func(x int) []byte { return appendPadded(dst, x, it.n) }
	switch it.letter {
	case 'y', 'u':
		switch {
		case it.n == 2:
			return appendPadded(dst, ((v.year%100)+100)%100, 2)
		case v.year < 0:
			dst = append(dst, '-')
			return appendPadded(dst, -v.year, it.n)
		case v.year > 9999 && it.n == 4:
			dst = append(dst, '+')
		}
		return appendPadded(dst, v.year, it.n)
	case 'M', 'L':
		if it.n == 3 {
			return append(dst, monthNames[v.month-1][:3]...)
		} else if it.n > 3 {
			return append(dst, monthNames[v.month-1]...)
		}
		return pad(v.month)
	case 'd':
		return pad(v.day)
	case 'D':
		return pad(v.days - int(calendar.Days(v.year, 1, 1)) + 1)
	case 'H':
		return pad(v.secs / 3600)
	case 'k':
		return pad((v.secs/3600+23)%24 + 1)
	case 'h':
		return pad((v.secs/3600+11)%12 + 1)
	case 'K':
		return pad(v.secs / 3600 % 12)
	case 'm':
		return pad(v.secs / 60 % 60)
	case 's':
		return pad(v.secs % 60)
	case 'S':
		var frac [9]byte
		for i, x := 5, v.micros; i >= 0; i-- {
			frac[i] = byte('0' + x%10)
			x /= 10
		}
		frac[6], frac[7], frac[8] = '0', '0', '0'
		return append(dst, frac[:it.n]...)
	case 'a':
		if v.secs >= 43200 {
			return append(dst, "PM"...)
		}
		return append(dst, "AM"...)
	case 'E':
		day := dayNames[((v.days+4)%7+7)%7]
		if it.n <= 3 {
			day = day[:3]
		}
		return append(dst, day...)
	}
	return appendZone(dst, it, v)
}

func appendZone(dst []byte, it item, v clock) []byte {
	if it.letter == 'V' {
		if v.zone == nil || v.zone == time.UTC {
			return append(dst, 'Z')
		}
		return append(dst, v.zone.String()...)
	}
	if it.letter == 'X' && v.offset == 0 {
		return append(dst, 'Z')
	}
	off := v.offset
	dst = append(dst, map[bool]byte{true: '-', false: '+'}[off < 0])
	off = max(off, -off)
	dst = appendPadded(dst, off/3600, 2)
	if it.n == 1 && off/60%60 == 0 && it.letter != 'Z' {
		return dst
	}
	if it.n == 3 || it.n == 5 {
		dst = append(dst, ':')
	}
	return appendPadded(dst, off/60%60, 2)
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

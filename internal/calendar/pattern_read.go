package calendar

import (
	"strings"
	"time"
)

// missing marks a field that a text has not said.
const missing = -1 << 31

// parsed is what reading a text fills in.
type parsed struct {
	year, month, day, yearDay  int
	hour, half, minute, second int
	micros                     int
	pm, bc                     int // 0 or 1
	weekday                    int // of SimpleDateFormat; read and not looked at
	zone                       *time.Location
}

var nothingParsed = parsed{
	year: missing, month: missing, day: missing, yearDay: missing, hour: missing, half: missing, minute: missing, second: missing, micros: missing,
	pm: missing, bc: missing, weekday: missing,
}

// put sets a field; a field said twice must say the same.
func put(to *int, v int) bool {
	ok := *to == missing || *to == v
	*to = v
	return ok
}

func orZero(v int) int {
	if v == missing {
		return 0
	}
	return v
}

// Parse reads a text. Fields that it does not say are those of
// 1970-01-01 00:00. Letters of names are read in any case. A time that is
// written well and cannot be held is not ok and TooFar.
func (p *Pattern) Parse(s string) (Stamp, bool) {
	f := nothingParsed
	if p.legacy {
		if !f.legacyItems(p.items, s) {
			return Stamp{}, false
		}
	} else if rest, ok := f.items(p.items, s); !ok || rest != "" {
		return Stamp{}, false
	}
	days, ok := f.date()
	us, ok2 := f.time()
	if !ok || !ok2 {
		return Stamp{}, false
	}
	if days < MinDay || days > MaxDay {
		return Stamp{TooFar: true}, false
	}
	local, ok := AddMicros(days*MicrosPerDay, us)
	return Stamp{Local: local, Zone: f.zone, HasZone: f.zone != nil, TooFar: !ok}, ok
}

// time is the time of day in microseconds.
func (f *parsed) time() (int64, bool) {
	hour := f.hour
	if hour == missing {
		hour = orZero(f.half) + 12*orZero(f.pm)
	} else if f.pm != missing && f.pm != hour/12 || f.half != missing && f.half != hour%12 {
		return 0, false
	}
	return int64(hour*3600+orZero(f.minute)*60+orZero(f.second))*MicrosPerSecond + int64(orZero(f.micros)), true
}

func (f *parsed) date() (int64, bool) {
	year := f.year
	if year == missing {
		year = 1970
	}
	if f.bc == 1 {
		year = 1 - year
	}
	if f.yearDay != missing {
		if f.yearDay < 1 || f.yearDay > 366 || f.yearDay == 366 && !IsLeap(year) {
			return 0, false
		}
		days := Days(year, 1, 1) + int64(f.yearDay-1)
		_, m, d := Civil(days)
		return days, (f.month == missing || f.month == m) && (f.day == missing || f.day == d)
	}
	month, day := f.month, f.day
	if month == missing {
		month = 1
	}
	if day == missing {
		day = 1
	}
	if month < 1 || month > 12 || day < 1 || day > DaysIn(year, month) {
		return 0, false
	}
	return Days(year, month, day), true
}

func (f *parsed) items(items []patternItem, s string) (rest string, ok bool) {
	for i := range items {
		it := &items[i]
		switch {
		case it.sub != nil:
			g := *f
			if after, ok := g.items(it.sub, s); ok {
				*f, s = g, after
			}
		case it.letter == 0:
			if len(s) < len(it.lit) || !strings.EqualFold(s[:len(it.lit)], it.lit) {
				return s, false
			}
			s = s[len(it.lit):]
		default:
			if s, ok = f.field(it, s); !ok {
				return s, false
			}
		}
	}
	return s, true
}

// number reads least to most digits, leaving those that fields after it need.
func (it *patternItem) number(s string, least, most int) (v int, rest string, ok bool) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	n = min(n-it.reserve, most)
	if n < least || n <= 0 {
		return 0, s, false
	}
	for _, c := range []byte(s[:n]) {
		if v > 1<<40 {
			return 0, s, false
		}
		v = v*10 + int(c-'0')
	}
	return v, s[n:], true
}

// ranged reads a number of one or two letters between lo and hi.
func (f *parsed) ranged(it *patternItem, s string, to *int, lo, hi, modulo int) (string, bool) {
	least, most := 1, 19
	if it.n == 2 {
		least, most = 2, 2
	}
	v, rest, ok := it.number(s, least, most)
	if !ok || v < lo || v > hi {
		return s, false
	}
	if modulo > 0 {
		v %= modulo
	}
	return rest, put(to, v)
}

func (f *parsed) field(it *patternItem, s string) (rest string, ok bool) {
	switch it.letter {
	case 'y', 'u':
		return f.years(it, s)
	case 'M', 'L':
		if it.n >= 3 {
			m, rest, ok := oneOf(s, longMonths[:], it.n == 3)
			return rest, ok && put(&f.month, m)
		}
		return f.ranged(it, s, &f.month, 1, 12, 0)
	case 'd':
		return f.ranged(it, s, &f.day, 1, 31, 0)
	case 'D':
		v, rest, ok := it.number(s, it.n, [...]int{0, 19, 3, 3}[it.n])
		return rest, ok && v > 0 && put(&f.yearDay, v)
	case 'H':
		return f.ranged(it, s, &f.hour, 0, 23, 0)
	case 'k':
		return f.ranged(it, s, &f.hour, 1, 24, 24)
	case 'h':
		return f.ranged(it, s, &f.half, 1, 12, 12)
	case 'K':
		return f.ranged(it, s, &f.half, 0, 11, 0)
	case 'm':
		return f.ranged(it, s, &f.minute, 0, 59, 0)
	case 's':
		return f.ranged(it, s, &f.second, 0, 59, 0)
	case 'S':
		v, n := 0, 0
		for scale := 100_000; n < len(s) && n < it.n && s[n] >= '0' && s[n] <= '9'; n++ {
			v += int(s[n]-'0') * scale
			scale /= 10
		}
		return s[n:], n > 0 && put(&f.micros, v)
	case 'a':
		return f.halfDay(s)
	case 'G':
		return f.era(it, s)
	}
	return f.zoneText(it, s)
}

func (f *parsed) halfDay(s string) (string, bool) {
	if len(s) < 2 || s[1]|0x20 != 'm' || s[0]|0x20 != 'a' && s[0]|0x20 != 'p' {
		return s, false
	}
	pm := 0
	if s[0]|0x20 == 'p' {
		pm = 1
	}
	return s[2:], put(&f.pm, pm)
}

func (f *parsed) era(it *patternItem, s string) (string, bool) {
	names := [...]string{"AD", "BC"}
	if it.n == 4 {
		names = [...]string{"Anno Domini", "Before Christ"}
	}
	for i, n := range names {
		if len(s) >= len(n) && strings.EqualFold(s[:len(n)], n) {
			return s[len(n):], put(&f.bc, i)
		}
	}
	return s, false
}

func (f *parsed) years(it *patternItem, s string) (string, bool) {
	if it.n == 2 {
		v, rest, ok := it.number(s, 2, 2)
		return rest, ok && put(&f.year, 2000+v)
	}
	plus := it.n >= 4 && strings.HasPrefix(s, "+")
	neg := it.letter == 'u' && strings.HasPrefix(s, "-")
	if plus || neg {
		s = s[1:]
	}
	most := 19
	if it.n >= 4 && !plus && !neg {
		most = it.n
	}
	v, rest, ok := it.number(s, it.n, most)
	if !ok || plus && len(s)-len(rest) <= it.n || v > 300_000 {
		return s, false
	}
	if neg {
		v = -v
	}
	return rest, put(&f.year, v)
}

func oneOf(s string, names []string, short bool) (int, string, bool) {
	for i, n := range names {
		if short {
			n = n[:3]
		}
		if len(s) >= len(n) && strings.EqualFold(s[:len(n)], n) {
			return i + 1, s[len(n):], true
		}
	}
	return 0, s, false
}

func (f *parsed) zoneText(it *patternItem, s string) (string, bool) {
	end := 0
	switch it.letter {
	case 'X', 'x', 'Z':
		if (it.letter == 'X' || it.letter == 'Z' && it.n == 5) && strings.HasPrefix(s, "Z") {
			f.zone = time.UTC
			return s[1:], true
		}
		if it.letter == 'Z' && it.n == 4 {
			return f.offsetOf("GMT", s)
		}
		if s == "" || s[0] != '+' && s[0] != '-' {
			return s, false
		}
		end = offsetEnd(s)
	case 'O':
		return f.offsetOf("GMT", s)
	case 'z', 'V':
		for end < len(s) && (isLetter(s[end]) || s[end]-'0' <= 9 || strings.IndexByte("/_+-:", s[end]) >= 0) {
			end++
		}
	default:
		return s, false
	}
	z, err := Zone(s[:end])
	f.zone = z
	return s[end:], err == nil
}

// offsetOf reads GMT, or an offset behind it.
func (f *parsed) offsetOf(prefix, s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return s, false
	}
	if rest == "" || rest[0] != '+' && rest[0] != '-' {
		f.zone = time.UTC
		return rest, true
	}
	end := offsetEnd(rest)
	z, err := Zone(rest[:end])
	f.zone = z
	return rest[end:], err == nil
}

// offsetEnd is where an offset ends that begins with a sign.
func offsetEnd(s string) int {
	end := 1
	for end < len(s) && (s[end]-'0' <= 9 || s[end] == ':') {
		end++
	}
	return end
}

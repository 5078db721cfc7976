package calendar

import (
	"strings"
	"time"
)

// The forms of Spark 2, which are those of Java's SimpleDateFormat: brackets
// are text, letters may stand any number of times, fractions are whole
// milliseconds, dates before 1582-10-15 have the weekdays of the Julian
// calendar, and reading ends where the pattern does.

const legacyLetters = "GyMLdDFEaHhkKmsSzZYuwWX"

// compileLegacy reads a pattern; ok is false if it is none.
func compileLegacy(p string) (out []patternItem, ok bool) {
	for p != "" {
		switch b := p[0]; {
		case b == '\'':
			lit, rest, ok := quotedText(p[1:])
			if !ok {
				return nil, false
			}
			out, p = append(out, patternItem{lit: lit}), rest
		case isLetter(b):
			n := run(p)
			if strings.IndexByte(legacyLetters, b) < 0 || b == 'X' && n > 3 {
				return nil, false
			}
			out, p = append(out, patternItem{letter: b, n: n}), p[n:]
		default:
			out, p = append(out, patternItem{lit: p[:1]}), p[1:]
		}
	}
	for i := range out {
		if i+1 < len(out) && out[i+1].letter != 0 && strings.IndexByte("GEazZX", out[i+1].letter) < 0 {
			out[i].reserve = 1 // a number follows at once: this one has its own width
		}
	}
	return out, true
}

// gregorian is the first day of the Gregorian calendar, 1582-10-15.
const gregorian = -141427

// legacyDays is the day number of the clock's date in the calendar that was in
// force then.
func (c *clock) legacyDays() int64 {
	if c.days >= gregorian {
		return c.days
	}
	return julianDays(c.year, c.month, c.day)
}

func julianDays(year, month, day int) int64 {
	y := int64(year)
	if month <= 2 {
		y--
	}
	mp := int64((month + 9) % 12)
	return 365*y + floorDiv(y, 4) + (153*mp+2)/5 + int64(day) - 719471
}

func (c *clock) legacyItems(b []byte, items []patternItem) []byte {
	if name, _ := time.UnixMicro(c.instant).In(c.zone).Zone(); name == "LMT" {
		_, c.offset = time.Date(2000, 1, 1, 0, 0, 0, 0, c.zone).Zone()
	}
	for i := range items {
		if it := &items[i]; it.letter == 0 {
			b = append(b, it.lit...)
		} else {
			b = c.legacyField(b, it)
		}
	}
	return b
}

func (c *clock) legacyField(b []byte, it *patternItem) []byte {
	day := floorMod(c.legacyDays()+3, 7) // 0 for Monday
	sunday := int(day+1) % 7             // 0 for Sunday
	first := c.legacyDays() - int64(c.day) + 1
	yearDay := int(c.legacyDays()-c.legacyNewYear()) + 1
	switch it.letter {
	case 'G':
		return c.era(b, 1)
	case 'y':
		y := c.year
		if y <= 0 {
			y = 1 - y
		}
		if it.n == 2 {
			y %= 100
		}
		return pad(b, y, it.n)
	case 'Y':
		y := c.year
		if yearDay+6-sunday > c.legacyYearLength() {
			y++
		}
		if it.n == 2 {
			y %= 100
		}
		return pad(b, y, it.n)
	case 'M', 'L':
		return c.monthField(b, it.n)
	case 'E':
		return append(b, dayName(day, it.n)...)
	case 'u':
		return pad(b, int(day)+1, it.n)
	case 'd':
		return pad(b, c.day, it.n)
	case 'D':
		return pad(b, yearDay, it.n)
	case 'F':
		return pad(b, (c.day-1)/7+1, it.n)
	case 'W':
		return pad(b, (c.day-1+int(floorMod(first+4, 7)))/7+1, it.n)
	case 'w':
		if yearDay+6-sunday > c.legacyYearLength() {
			return pad(b, 1, it.n)
		}
		return pad(b, (yearDay-1+int(floorMod(c.legacyNewYear()+4, 7)))/7+1, it.n)
	case 'S':
		return pad(b, c.micros/1000, it.n)
	case 'z':
		return append(b, zoneName(c.zone, c.instant, it.n >= 4)...)
	case 'Z':
		return c.offsetText(b, 2)
	case 'X':
		if c.offset == 0 {
			return append(b, 'Z')
		}
		return c.offsetText(b, it.n)
	}
	return c.timeField(b, it)
}

func (c *clock) legacyNewYear() int64 {
	if c.days < gregorian {
		return julianDays(c.year, 1, 1)
	}
	if c.year == 1582 {
		return julianDays(1582, 1, 1)
	}
	return Days(c.year, 1, 1)
}

func (c *clock) legacyYearLength() int {
	next := clock{year: c.year + 1, days: Days(c.year+1, 1, 1)}
	return int(next.legacyNewYear() - c.legacyNewYear())
}

// legacyItems reads a text; what follows the pattern is not looked at.
func (f *parsed) legacyItems(items []patternItem, s string) bool {
	ok := true
	for i := range items {
		it := &items[i]
		if it.letter == 0 {
			if s, ok = strings.CutPrefix(s, it.lit); !ok {
				return false
			}
			continue
		}
		if s, ok = f.legacyRead(it, strings.TrimLeft(s, " \t")); !ok {
			return false
		}
	}
	return true
}

func (f *parsed) legacyRead(it *patternItem, s string) (rest string, ok bool) {
	switch it.letter {
	case 'G':
		return f.era(&patternItem{n: 1}, s)
	case 'a':
		return f.halfDay(s)
	case 'E':
		for _, short := range []bool{false, true} {
			if d, rest, ok := oneOf(s, longDays[:], short); ok {
				return rest, put(&f.weekday, d)
			}
		}
		return s, false
	case 'M', 'L':
		if it.n >= 3 {
			for _, short := range []bool{false, true} {
				if m, rest, ok := oneOf(s, longMonths[:], short); ok {
					return rest, put(&f.month, m)
				}
			}
			return s, false
		}
	case 'z', 'Z', 'X':
		return f.legacyZone(it, s)
	}
	n := 0
	for n < len(s) && s[n]-'0' <= 9 && (it.reserve == 0 || n < it.n) && n < 18 {
		n++
	}
	v := 0
	for _, c := range []byte(s[:n]) {
		v = v*10 + int(c-'0')
	}
	return s[n:], n > 0 && f.legacyNumber(it, v, n)
}

// legacyNumber takes a number of n digits.
func (f *parsed) legacyNumber(it *patternItem, v, n int) bool {
	in := func(to *int, lo, hi int) bool {
		*to = v
		return v >= lo && v <= hi
	}
	switch it.letter {
	case 'y':
		if it.n <= 2 && n == 2 { // within 80 years back and 20 ahead
			now := time.Now().Year()
			v += now / 100 * 100
			for v > now+20 {
				v -= 100
			}
		}
		f.year = v
		return v <= 300_000
	case 'M', 'L':
		return in(&f.month, 1, 12)
	case 'd':
		return in(&f.day, 1, 31)
	case 'D':
		return in(&f.yearDay, 1, 366)
	case 'H':
		return in(&f.hour, 0, 23)
	case 'k':
		v %= 24
		return in(&f.hour, 0, 23) && v <= 24
	case 'h':
		ok := v >= 1 && v <= 12
		v %= 12
		return in(&f.half, 0, 11) && ok
	case 'K':
		return in(&f.half, 0, 11)
	case 'm':
		return in(&f.minute, 0, 59)
	case 's':
		return in(&f.second, 0, 59)
	case 'S':
		f.micros = v * 1000
		return v <= 999
	}
	return in(&f.weekday, 0, 366) // fields of weeks do not decide the date
}

func (f *parsed) legacyZone(it *patternItem, s string) (string, bool) {
	if it.letter == 'X' && strings.HasPrefix(s, "Z") {
		f.zone = time.UTC
		return s[1:], true
	}
	if s != "" && (s[0] == '+' || s[0] == '-') {
		end := offsetEnd(s)
		z, err := Zone(s[:end])
		f.zone = z
		return s[end:], err == nil
	}
	if it.letter == 'X' {
		return s, false
	}
	if rest, ok := f.offsetOf("GMT", s); ok {
		return rest, true
	}
	return f.zoneText(&patternItem{letter: 'z'}, s)
}

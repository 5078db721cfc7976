package calendar

import (
	"strings"
	"time"
)

// Fault says why a pattern is none.
type Fault uint8

// The faults, named after Spark's conditions.
const (
	Unrecognized  Fault = iota + 1 // the pattern means nothing
	LegacyOnly                     // only Spark 2 took it
	WeekBased                      // letters of week-based years
	IllegalLetter                  // a letter that is never allowed
	TooLong                        // a letter too often in a row
)

// PatternError is the error of a pattern that cannot be compiled.
type PatternError struct {
	Pattern string
	Letter  byte
	Fault   Fault
}

func (e *PatternError) Error() string { return "unrecognized datetime pattern: " + e.Pattern }

// Pattern is a compiled date and time pattern of Java's DateTimeFormatter as
// Spark allows it. Names of months and days are English.
type Pattern struct{ items []patternItem }

type patternItem struct {
	letter  byte // 0: literal text, or an optional part
	n       int
	lit     string
	sub     []patternItem
	reserve int // digits that fields right after this one take
}

// most is how often a letter may stand in a row; more are a fault.
var most = map[byte]int{'G': 4, 'y': 6, 'M': 4, 'L': 4, 'E': 4, 'F': 1, 'd': 2, 'D': 3, 'H': 2, 'h': 2, 'k': 2, 'K': 2, 'm': 2, 's': 2, 'S': 9, 'a': 1, 'z': 4, 'Z': 5}

// CompilePattern reads a pattern for writing, or for reading, which fewer
// letters are allowed for. The error is a *PatternError.
func CompilePattern(text string, reading bool) (*Pattern, error) {
	c := &patternCompiler{text: text, reading: reading}
	items, rest, err := c.items(text, 0)
	if err == nil && rest != "" {
		err = c.fault(Unrecognized, ']')
	}
	if err != nil {
		return nil, err
	}
	reserves(items)
	return &Pattern{items}, nil
}

type patternCompiler struct {
	text    string
	reading bool
}

func (c *patternCompiler) fault(f Fault, letter byte) error {
	return &PatternError{Pattern: c.text, Letter: letter, Fault: f}
}

func (c *patternCompiler) items(p string, depth int) (out []patternItem, rest string, err error) {
	for p != "" {
		switch b := p[0]; {
		case b == '[':
			if depth > 8 {
				return nil, "", c.fault(Unrecognized, b)
			}
			sub, after, err := c.items(p[1:], depth+1)
			if err != nil {
				return nil, "", err
			}
			if sub == nil {
				sub = []patternItem{}
			}
			out, p = append(out, patternItem{sub: sub}), strings.TrimPrefix(after, "]")
		case b == ']':
			if depth == 0 {
				return nil, "", c.fault(Unrecognized, b)
			}
			return out, p, nil
		case b == '{', b == '}', b == '#':
			return nil, "", c.fault(Unrecognized, b)
		case b == '\'':
			end := strings.IndexByte(p[1:], '\'')
			if end < 0 {
				return nil, "", c.fault(Unrecognized, b)
			}
			lit := p[1 : 1+end]
			if lit == "" {
				lit = "'"
			}
			out, p = append(out, patternItem{lit: lit}), p[end+2:]
		case b|0x20 >= 'a' && b|0x20 <= 'z':
			n := 1
			for n < len(p) && p[n] == b {
				n++
			}
			if err := c.check(b, n); err != nil {
				return nil, "", err
			}
			out, p = append(out, patternItem{letter: b, n: n}), p[n:]
		default:
			out, p = append(out, patternItem{lit: p[:1]}), p[1:]
		}
	}
	return out, "", nil
}

func (c *patternCompiler) check(b byte, n int) error {
	switch {
	case strings.IndexByte("ABnNp", b) >= 0:
		return c.fault(IllegalLetter, b)
	case b == 'e' || b == 'c':
		return c.fault(WeekBased, b)
	case strings.IndexByte("YWwu", b) >= 0, most[b] > 0 && n > most[b], c.reading && (b == 'E' || b == 'F'):
		return c.fault(LegacyOnly, b)
	case (b == 'q' || b == 'Q') && n > 4:
		return c.fault(TooLong, b)
	case most[b] > 0, b == 'V' && n == 2, b == 'O' && (n == 1 || n == 4), (b == 'X' || b == 'x') && n <= 5, (b == 'q' || b == 'Q') && !c.reading:
		return nil
	}
	return c.fault(Unrecognized, b)
}

// fixed is the number of digits of a field of fixed width, 0 for others.
func (it *patternItem) fixed() int {
	switch {
	case it.letter == 'y' && it.n == 2, it.letter == 'D' && it.n == 3, strings.IndexByte("MLdHhkKms", it.letter) >= 0 && it.letter != 0 && it.n == 2:
		return it.n
	case it.letter == 'S':
		return it.n
	}
	return 0
}

// reserves notes for each number how many digits the numbers after it take.
func reserves(items []patternItem) {
	sum := 0
	for i := len(items) - 1; i >= 0; i-- {
		items[i].reserve = sum
		if f := items[i].fixed(); f > 0 {
			sum += f
		} else {
			sum = 0
		}
		reserves(items[i].sub)
	}
}

var (
	longMonths = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	longDays   = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

// parsed is what reading a text fills in; -1 is "not there".
type parsed struct {
	year, month, day, yearDay  int
	hour, half, minute, second int
	micros                     int
	pm                         int
	bc                         bool
	zone                       *time.Location
}

// Parse reads a text. Fields that the pattern has not are those of
// 1970-01-01 00:00.
func (p *Pattern) Parse(s string) (Stamp, bool) {
	f := parsed{year: 1970, month: -1, day: -1, yearDay: -1, hour: -1, half: -1, pm: -1}
	rest, ok := f.items(p.items, s)
	if !ok || rest != "" {
		return Stamp{}, false
	}
	if f.bc {
		f.year = 1 - f.year
	}
	days, ok := f.date()
	if !ok {
		return Stamp{}, false
	}
	if f.hour < 0 {
		f.hour = max(f.half, 0) + 12*max(f.pm, 0)
	} else if f.pm >= 0 && f.pm != f.hour/12 {
		return Stamp{}, false
	}
	if days < MinDay || days > MaxDay {
		return Stamp{}, false
	}
	local, ok := AddMicros(days*MicrosPerDay, int64(f.hour*3600+f.minute*60+f.second)*MicrosPerSecond+int64(f.micros))
	return Stamp{Local: local, Zone: f.zone, HasZone: f.zone != nil}, ok
}

func (f *parsed) date() (int64, bool) {
	if f.yearDay > 0 {
		if f.yearDay > 366 || f.yearDay == 366 && !IsLeap(f.year) {
			return 0, false
		}
		days := Days(f.year, 1, 1) + int64(f.yearDay-1)
		_, m, d := Civil(days)
		return days, (f.month < 0 || f.month == m) && (f.day < 0 || f.day == d)
	}
	if f.month < 0 {
		f.month = 1
	}
	if f.day < 0 {
		f.day = 1
	}
	if f.month < 1 || f.month > 12 || f.day < 1 || f.day > DaysIn(f.year, f.month) {
		return 0, false
	}
	return Days(f.year, f.month, f.day), true
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

func (f *parsed) field(it *patternItem, s string) (rest string, ok bool) {
	ranged := func(to *int, lo, hi int) (string, bool) {
		least, most := 1, 19
		if it.n == 2 {
			least, most = 2, 2
		}
		*to, s, ok = it.number(s, least, most)
		return s, ok && *to >= lo && *to <= hi
	}
	switch it.letter {
	case 'y':
		return f.years(it, s)
	case 'M', 'L':
		if it.n >= 3 {
			f.month, rest, ok = oneOf(s, longMonths[:], it.n == 3)
			return rest, ok
		}
		return ranged(&f.month, 1, 12)
	case 'd':
		return ranged(&f.day, 1, 31)
	case 'D':
		f.yearDay, s, ok = it.number(s, it.n, [...]int{0, 19, 3, 3}[it.n])
		return s, ok && f.yearDay > 0
	case 'H':
		return ranged(&f.hour, 0, 23)
	case 'k':
		s, ok = ranged(&f.hour, 1, 24)
		f.hour %= 24
		return s, ok
	case 'h':
		s, ok = ranged(&f.half, 1, 12)
		f.half %= 12
		return s, ok
	case 'K':
		return ranged(&f.half, 0, 11)
	case 'm':
		return ranged(&f.minute, 0, 59)
	case 's':
		return ranged(&f.second, 0, 59)
	case 'S':
		n := 0
		f.micros = 0
		for scale := 100_000; n < len(s) && n < it.n && s[n] >= '0' && s[n] <= '9'; n++ {
			f.micros += int(s[n]-'0') * scale
			scale /= 10
		}
		return s[n:], n > 0
	case 'a':
		if len(s) < 2 || s[1]|0x20 != 'm' || s[0]|0x20 != 'a' && s[0]|0x20 != 'p' {
			return s, false
		}
		f.pm = 0
		if s[0]|0x20 == 'p' {
			f.pm = 1
		}
		return s[2:], true
	case 'G':
		if len(s) < 2 || !strings.EqualFold(s[:2], "AD") && !strings.EqualFold(s[:2], "BC") {
			return s, false
		}
		f.bc = strings.EqualFold(s[:2], "BC")
		return s[2:], true
	}
	return f.zoneText(it, s)
}

func (f *parsed) years(it *patternItem, s string) (string, bool) {
	if it.n == 2 {
		v, rest, ok := it.number(s, 2, 2)
		f.year = 2000 + v
		return rest, ok
	}
	plus := it.n >= 4 && strings.HasPrefix(s, "+")
	neg := strings.HasPrefix(s, "-")
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
	f.year = v
	return rest, true
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
			if !strings.HasPrefix(s, "GMT") {
				return s, false
			}
			s = s[3:]
			if s == "" || s[0] != '+' && s[0] != '-' {
				f.zone = time.UTC
				return s, true
			}
		}
		if s == "" || s[0] != '+' && s[0] != '-' {
			return s, false
		}
		for end = 1; end < len(s) && (s[end]-'0' <= 9 || s[end] == ':'); {
			end++
		}
	case 'z', 'V', 'O':
		for end < len(s) && (s[end]|0x20 >= 'a' && s[end]|0x20 <= 'z' || s[end]-'0' <= 9 || strings.IndexByte("/_+-:", s[end]) >= 0) {
			end++
		}
	default:
		return s, false
	}
	z, err := Zone(s[:end])
	f.zone = z
	return s[end:], err == nil
}

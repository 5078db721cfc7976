package calendar

import (
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Use says what a pattern is compiled for.
type Use struct {
	// Reading patterns may have fewer letters.
	Reading bool
	// Local patterns belong to TIMESTAMP_NTZ and TIME, which Spark 2 had not:
	// whatever is wrong with them is one condition.
	Local bool
	// Legacy asks for the forms of Spark 2 (Java's SimpleDateFormat), as the
	// setting spark.sql.legacy.timeParserPolicy=LEGACY does.
	Legacy bool
}

// Pattern is a compiled date and time pattern of Java's DateTimeFormatter as
// Spark allows it, or of its SimpleDateFormat. Names of months and days are
// English. It is immutable.
type Pattern struct {
	items  []patternItem
	legacy bool
}

// patternItem is a run of a letter, literal text, or (sub set) an optional part.
type patternItem struct {
	letter  byte // 0: literal text, or an optional part
	n       int
	lit     string
	sub     []patternItem
	reserve int // digits that fields right after this one take
}

// most is how often a letter may stand in a row.
var most = map[byte]int{
	'G': 4, 'y': 6, 'M': 4, 'L': 4, 'E': 4, 'F': 1, 'd': 2, 'D': 3, 'H': 2, 'h': 2, 'k': 2, 'K': 2, 'm': 2, 's': 2, 'S': 9, 'a': 1,
	'z': 4, 'Z': 5, 'X': 5, 'x': 5, 'q': 4, 'Q': 4,
}

// CompilePattern reads a pattern. The error is INVALID_DATETIME_PATTERN.…, or
// INCONSISTENT_BEHAVIOR_CROSS_VERSION.… where Spark 2 took the pattern.
func CompilePattern(text string, use Use) (*Pattern, error) {
	if use.Legacy && !use.Local {
		items, ok := compileLegacy(text)
		if !ok {
			return nil, suggestion(text)
		}
		return &Pattern{items, true}, nil
	}
	c := &patternCompiler{text: text, reading: use.Reading}
	items, rest, ok := c.items(text, 0)
	ok = ok && rest == ""
	if err := c.fault(); err != nil || !ok {
		if use.Local {
			return nil, suggestion(text)
		}
		if _, took := compileLegacy(text); took {
			return nil, sqlerr.New(sqlerr.PatternRecognition, "You may get a different result due to the upgrading to Spark >= 3.0: Fail to recognize '%s' pattern in the DateTimeFormatter.", text).
				WithHint("You can form a valid datetime pattern with the guide from 'https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html'.")
		}
		if err == nil {
			err = suggestion(text)
		}
		return nil, err
	}
	if !hasEra(items) {
		proleptic(items)
	}
	reserves(items)
	return &Pattern{items, false}, nil
}

// MustPattern is CompilePattern for a writing pattern that is known to be good.
func MustPattern(text string) *Pattern {
	p, err := CompilePattern(text, Use{})
	if err != nil {
		panic(err)
	}
	return p
}

func suggestion(text string) error {
	return sqlerr.New(sqlerr.PatternSuggestion, "Unrecognized datetime pattern: '%s'.", text).
		WithHint("You can form a valid datetime pattern by following the guide from 'https://spark.apache.org/docs/latest/sql-ref-datetime-pattern.html'.")
}

type patternCompiler struct {
	text    string
	reading bool
	// The first letters that Spark refuses by name.
	week, illegal byte
	long          bool
}

// fault is the error of letters that are refused by name, in Spark's order.
func (c *patternCompiler) fault() error {
	switch {
	case c.week != 0:
		return sqlerr.New(sqlerr.WeekBasedPattern, "You may get a different result due to the upgrading to Spark >= 3.0: All week-based patterns are unsupported since Spark 3.0, detected week-based character: %c.", c.week).
			WithHint("Please use the SQL function EXTRACT instead.")
	case c.illegal != 0:
		return sqlerr.New(sqlerr.InvalidDatetimePattern, "Unrecognized datetime pattern: '%s'. Illegal pattern character found in datetime pattern: %c.", c.text, c.illegal).
			WithHint("Please provide legal character.")
	case c.long:
		return sqlerr.New(sqlerr.PatternLength, "Unrecognized datetime pattern: '%s'. Too many letters in datetime pattern.", c.text).WithHint("Please reduce pattern length.")
	}
	return nil
}

func (c *patternCompiler) items(p string, depth int) (out []patternItem, rest string, ok bool) {
	ok = true
	for p != "" {
		switch b := p[0]; {
		case b == '[':
			if depth > 8 {
				return nil, "", false
			}
			sub, after, good := c.items(p[1:], depth+1)
			if sub == nil {
				sub = []patternItem{}
			}
			ok = ok && good
			out, p = append(out, patternItem{sub: sub}), strings.TrimPrefix(after, "]")
		case b == ']':
			return out, p, ok && depth > 0
		case b == '{', b == '}', b == '#':
			ok, p = false, p[1:]
		case b == '\'':
			lit, after, good := quotedText(p[1:])
			ok = ok && good
			out, p = append(out, patternItem{lit: lit}), after
		case isLetter(b):
			n := run(p)
			ok = c.check(b, n) && ok
			out, p = append(out, patternItem{letter: b, n: n}), p[n:]
		default:
			out, p = append(out, patternItem{lit: p[:1]}), p[1:]
		}
	}
	return out, "", ok
}

// quotedText reads what stands behind an opening quote. Two quotes are one;
// inside text too.
func quotedText(p string) (lit, rest string, ok bool) {
	var b strings.Builder
	if strings.HasPrefix(p, "'") {
		return "'", p[1:], true
	}
	for {
		end := strings.IndexByte(p, '\'')
		if end < 0 {
			return b.String() + p, "", false
		}
		b.WriteString(p[:end])
		p = p[end+1:]
		if !strings.HasPrefix(p, "'") {
			return b.String(), p, true
		}
		b.WriteByte('\'')
		p = p[1:]
	}
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// run is how often p's first byte stands in a row.
func run(p string) int {
	n := 1
	for n < len(p) && p[n] == p[0] {
		n++
	}
	return n
}

// check reports whether n letters b may stand in a row, and notes what Spark refuses by name.
func (c *patternCompiler) check(b byte, n int) bool {
	note := func(at *byte) bool {
		if *at == 0 {
			*at = b
		}
		return false
	}
	switch {
	case strings.IndexByte("YWwuec", b) >= 0:
		return note(&c.week)
	case strings.IndexByte("ABnNp", b) >= 0, c.reading && strings.IndexByte("EFqQ", b) >= 0:
		return note(&c.illegal)
	case strings.IndexByte("GMLE", b) >= 0 && n >= 5, b == 'y' && n >= 7, (b == 'q' || b == 'Q') && n == 5:
		c.long = true
		return false
	case b == 'V':
		return n == 2
	case b == 'O':
		return n == 1 || n == 4
	}
	return n <= most[b]
}

// OfDay reports whether the pattern has letters of the time of day only.
func (p *Pattern) OfDay() bool { return ofDay(p.items) }

func ofDay(items []patternItem) bool {
	for _, it := range items {
		if it.letter != 0 && strings.IndexByte("HhkKmsSa", it.letter) < 0 || !ofDay(it.sub) {
			return false
		}
	}
	return true
}

// hasEra reports whether years are counted within an era.
func hasEra(items []patternItem) bool {
	for _, it := range items {
		if it.letter == 'G' || hasEra(it.sub) {
			return true
		}
	}
	return false
}

// proleptic makes years those of the calendar, with a sign where there is no era: letter u.
func proleptic(items []patternItem) {
	for i := range items {
		if items[i].letter == 'y' {
			items[i].letter = 'u'
		}
		proleptic(items[i].sub)
	}
}

// fixed is the number of digits of a field of fixed width, 0 for others.
func (it *patternItem) fixed() int {
	switch {
	case (it.letter == 'y' || it.letter == 'u') && it.n == 2, it.letter == 'D' && it.n == 3, strings.IndexByte("MLdHhkKms", it.letter) >= 0 && it.letter != 0 && it.n == 2:
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

// fullZones are the English names of zones whose short names say which they are.
var fullZones = map[string]string{
	"PST": "Pacific Standard Time", "PDT": "Pacific Daylight Time", "MST": "Mountain Standard Time", "MDT": "Mountain Daylight Time",
	"CST": "Central Standard Time", "CDT": "Central Daylight Time", "EST": "Eastern Standard Time", "EDT": "Eastern Daylight Time",
	"UTC": "Coordinated Universal Time", "GMT": "Greenwich Mean Time", "CET": "Central European Standard Time", "CEST": "Central European Summer Time",
	"JST": "Japan Standard Time", "IST": "India Standard Time", "BST": "British Summer Time", "EET": "Eastern European Standard Time", "EEST": "Eastern European Summer Time",
}

func zoneName(loc *time.Location, instant int64, full bool) string {
	name, _ := time.UnixMicro(instant).In(loc).Zone()
	if name == "LMT" { // before standard time: the name of the zone's winter time
		name, _ = time.Date(2000, 1, 1, 0, 0, 0, 0, loc).Zone()
	}
	if full && fullZones[name] != "" {
		return fullZones[name]
	}
	return name
}

package str

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// specifier matches what follows a percent sign in java.util.Formatter:
// argument, flags, width, precision, date prefix, conversion.
var specifier = regexp.MustCompile(`^(\d+\$|<)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([tT]?)([a-zA-Z%])`)

// spec is one format specifier.
type spec struct {
	text      string // with its percent sign
	flags     string
	width     int // 0: none
	precision int // -1: none
	verb      byte
	date      bool // verb is a part of a date
	upper     bool
}

func (s *spec) has(flag string) bool { return strings.Contains(s.flags, flag) }

// wrong is the error of a specifier that does not go with its argument.
func (s *spec) wrong(t types.Type) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "The value of parameter(s) `strfmt` in `format_string` is invalid: Format specifier '%s' does not take a %s.", s.text, t)
}

func (s *spec) bad(why string) error {
	return badFormat(fmt.Sprintf("Format specifier '%s': %s", s.text, why))
}

// printf formats as java.util.Formatter does, which Spark's format_string is
// built on. Dates and timestamps are written as such, where Spark writes the numbers it keeps them as.
func printf(x *build.Context, f string, args []types.Datum, ts []types.Type) (types.Datum, error) {
	var b strings.Builder
	next, last := 0, -1
	for f != "" {
		k := strings.IndexByte(f, '%')
		if k < 0 {
			if err := x.Make("format_string", int64(len(f))); err != nil {
				return nil, err
			}
			b.WriteString(f)
			break
		}
		if err := x.Make("format_string", int64(k)); err != nil {
			return nil, err
		}
		b.WriteString(f[:k])
		f = f[k:]
		m := specifier.FindStringSubmatch(f[1:])
		if m == nil {
			return nil, badFormat("Conversion = '%'")
		}
		s, err := newSpec(m)
		if err != nil {
			return nil, err
		}
		f = f[1+len(m[0]):]
		if err := x.Make("format_string", int64(s.width+max(s.precision, 0))); err != nil {
			return nil, err
		}
		if !s.date && (s.verb == 'n' || s.verb == '%') {
			out := "\n"
			if s.verb == '%' {
				out = s.pad("%")
			}
			b.WriteString(out)
			continue
		}
		at := next
		switch {
		case m[1] == "<":
			at = last
		case m[1] != "":
			n, _ := strconv.Atoi(m[1][:len(m[1])-1])
			at = n - 1
		default:
			next++
		}
		if at < 0 || at >= len(args) {
			return nil, badFormat("Format specifier '" + s.text + "' has no argument")
		}
		last = at
		out, err := s.format(x, args[at], ts[at])
		if err == nil && len(out) > s.width {
			err = x.Make("format_string", int64(len(out)))
		}
		if err != nil {
			return nil, err
		}
		b.WriteString(out)
	}
	return b.String(), nil
}

func newSpec(m []string) (*spec, error) {
	s := &spec{text: "%" + m[0], flags: m[2], precision: -1, verb: m[6][0], date: m[5] != ""}
	s.upper = m[5] == "T" || !s.date && strings.IndexByte("BHSCXEGA", s.verb) >= 0
	if s.upper && !s.date {
		s.verb |= 0x20
	}
	for _, n := range []struct {
		text string
		to   *int
	}{{m[3], &s.width}, {m[4], &s.precision}} {
		if n.text == "" {
			continue
		}
		v, err := strconv.Atoi(n.text)
		if err != nil || v > maxWidth {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "The width of the format specifier '%s' is more than %d.", s.text, maxWidth)
		}
		*n.to = v
	}
	for i := range len(s.flags) {
		if strings.IndexByte(s.flags[i+1:], s.flags[i]) >= 0 {
			return nil, s.bad("a flag is given twice")
		}
	}
	switch {
	case s.has("-") && s.has("0"), s.has("+") && s.has(" "):
		return nil, s.bad("the flags exclude each other")
	case (s.has("-") || s.has("0")) && s.width == 0:
		return nil, s.bad("the flag needs a width")
	}
	return s, nil
}

// pad brings text to the width.
func (s *spec) pad(text string) string {
	if s.upper {
		text = strings.ToUpper(text)
	}
	n := s.width
	for _, r := range text {
		n -= utf16.RuneLen(r) // Java's characters
	}
	if n <= 0 {
		return text
	}
	if s.has("-") {
		return text + strings.Repeat(" ", n)
	}
	return strings.Repeat(" ", n) + text
}

// cut is pad after the precision's characters.
func (s *spec) cut(text string) string {
	if s.precision >= 0 && s.precision < utf8.RuneCountInString(text) {
		text = text[:offset(text, s.precision)]
	}
	return s.pad(text)
}

func (s *spec) format(x *build.Context, d types.Datum, t types.Type) (string, error) {
	switch {
	case !s.date && s.verb == 'b':
		is, ok := d.(bool)
		return s.cut(strconv.FormatBool(d != nil && (!ok || is))), nil
	case d == nil:
		return s.cut("null"), nil
	case s.date:
		return s.formatDate(x, d, t)
	}
	switch s.verb {
	case 's':
		if strings.ContainsAny(s.flags, "#+ 0,(") {
			return "", s.bad("the flags are for numbers")
		}
		return s.cut(cast.Text(d, t, x.TimeZone)), nil
	case 'c':
		n, ok := d.(int64)
		if !ok || !t.Kind.IsInteger() || t.Kind == types.Int64 {
			return "", s.wrong(t)
		}
		if n < 0 || n > utf8.MaxRune {
			return "", s.bad(fmt.Sprintf("there is no character %d", n))
		}
		return s.pad(string(rune(n))), nil
	case 'd', 'x', 'o':
		n, ok := d.(int64)
		if !ok || !t.Kind.IsInteger() || s.precision >= 0 {
			return "", s.wrong(t)
		}
		if s.verb == 'd' {
			digits := strings.TrimPrefix(strconv.FormatInt(n, 10), "-")
			return s.number(digits, n < 0), nil
		}
		return s.bits(n, t), nil
	case 'f', 'e', 'g', 'a':
		return s.formatFloat(d, t)
	}
	return "", badFormat("Conversion = '" + string(s.verb) + "'")
}

// bits writes an integer in base 16 or 8, negative ones as the two's complement of their type.
func (s *spec) bits(n int64, t types.Type) string {
	u := uint64(n)
	if w := t.Storage().Width(); w < 8 {
		u &= 1<<(8*w) - 1
	}
	base, prefix := 16, "0x"
	if s.verb == 'o' {
		base, prefix = 8, "0"
	}
	if !s.has("#") {
		prefix = ""
	}
	digits := strconv.FormatUint(u, base)
	if s.has("0") {
		digits = strings.Repeat("0", max(0, s.width-len(prefix)-len(digits))) + digits
	}
	return s.pad(prefix + digits)
}

// number puts sign, separators and zeros round the digits of a number.
func (s *spec) number(digits string, negative bool) string {
	if s.has(",") {
		digits = group(digits)
	}
	before, after := "", ""
	switch {
	case negative && s.has("("):
		before, after = "(", ")"
	case negative:
		before = "-"
	case s.has("+"):
		before = "+"
	case s.has(" "):
		before = " "
	}
	if s.has("0") {
		digits = strings.Repeat("0", max(0, s.width-len(before)-len(digits)-len(after))) + digits
	}
	return s.pad(before + digits + after)
}

func (s *spec) formatFloat(d types.Datum, t types.Type) (string, error) {
	var n decimalDigits
	switch v := d.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return s.infinite(v), nil
		}
		if s.verb == 'a' {
			return s.number(hexFloat(math.Abs(v), s.precision), math.Signbit(v)), nil
		}
		n = digitsOf(v)
	case types.Int128:
		if s.verb == 'a' {
			f, _ := new(big.Rat).SetFrac(v.Big(), types.Pow10[t.S].Big()).Float64()
			return s.number(hexFloat(math.Abs(f), s.precision), math.Signbit(f)), nil
		}
		n = decimalDigits{digits: new(big.Int).Abs(v.Big()).String(), negative: v.Big().Sign() < 0}
		n.point = len(n.digits) - int(t.S)
	default:
		return "", s.wrong(t)
	}
	p := s.precision
	if p < 0 {
		p = 6
	}
	switch s.verb {
	case 'f':
		return s.number(n.plain(p), n.negative), nil
	case 'e':
		return s.number(n.scientific(p), n.negative), nil
	}
	p = max(p, 1)
	r := n.round(p - n.leading()) // to p significant digits: they decide on the form
	switch e := r.exponent(); {
	case r.zero():
		return s.number(r.plain(p-1), n.negative), nil
	case e >= -4 && e < p:
		return s.number(r.plain(p-1-e), n.negative), nil
	}
	return s.number(r.scientific(p-1), n.negative), nil
}

// infinite writes what has no digits; zeros do not fill it up.
func (s *spec) infinite(v float64) string {
	plain := *s
	plain.flags = strings.NewReplacer("0", "", ",", "").Replace(s.flags)
	if math.IsNaN(v) {
		return plain.pad("NaN")
	}
	return plain.number("Infinity", v < 0)
}

// hexFloat is Double.toHexString with a number of digits; none, all and too
// many are all. Subnormal numbers keep the smallest exponent.
func hexFloat(v float64, precision int) string {
	if precision == 0 || precision >= 13 || v == 0 {
		precision = -1
	}
	if v != 0 && v < 0x1p-1022 && precision < 0 {
		return "0x0." + strings.TrimRight(fmt.Sprintf("%013x", math.Float64bits(v)), "0") + "p-1022"
	}
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(v, 'x', precision, 64), "p")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	e, _ := strconv.Atoi(exp)
	return mantissa + "p" + strconv.Itoa(e)
}

// decimalDigits is a number by its decimal digits: 0.DIGITS times ten to the power of point.
type decimalDigits struct {
	digits   string
	point    int
	negative bool
}

// digitsOf are the fewest digits that tell v from its neighbours, which Java rounds from.
func digitsOf(v float64) decimalDigits {
	mantissa, exp, _ := strings.Cut(strconv.FormatFloat(math.Abs(v), 'e', -1, 64), "e")
	e, _ := strconv.Atoi(exp)
	return decimalDigits{strings.Replace(mantissa, ".", "", 1), e + 1, math.Signbit(v)}
}

func (n decimalDigits) zero() bool { return strings.Trim(n.digits, "0") == "" }

// leading is the place of the first digit that is not 0: 1 for units, 0 for tenths.
func (n decimalDigits) leading() int {
	if n.zero() {
		return 1
	}
	return n.point - (len(n.digits) - len(strings.TrimLeft(n.digits, "0")))
}

func (n decimalDigits) exponent() int { return n.leading() - 1 }

// round keeps places digits after the point (before it, if negative), halves going up.
func (n decimalDigits) round(places int) decimalDigits {
	keep := n.point + places
	if keep >= len(n.digits) {
		return n
	}
	if keep < 0 {
		return decimalDigits{"0", 1, n.negative}
	}
	kept := []byte("0" + n.digits[:keep])
	if n.digits[keep] >= '5' {
		i := len(kept) - 1
		for ; kept[i] == '9'; i-- {
			kept[i] = '0'
		}
		kept[i]++
	}
	return decimalDigits{string(kept), n.point + 1, n.negative}
}

// plain is the number without its sign and with places digits after the point.
func (n decimalDigits) plain(places int) string {
	r := n.round(places)
	d, point := r.digits, r.point
	if point < 0 {
		d, point = strings.Repeat("0", -point)+d, 0
	}
	if len(d) < point+places {
		d += strings.Repeat("0", point+places-len(d))
	}
	whole := strings.TrimLeft(d[:point], "0")
	if whole == "" {
		whole = "0"
	}
	if places == 0 {
		return whole
	}
	return whole + "." + d[point:point+places]
}

// scientific is the number without its sign as d.ddde±dd.
func (n decimalDigits) scientific(places int) string {
	if n.zero() {
		return decimalDigits{"0", 1, false}.plain(places) + "e+00"
	}
	r := n.round(places + 1 - n.leading())
	e := r.exponent()
	r.point -= e
	return fmt.Sprintf("%se%+03d", r.plain(places), e)
}

// dateForms are the parts of dates and times that Go's layouts can write.
var dateForms = map[byte]string{
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'Z': "MST", 'z': "-0700", 'B': "January", 'b': "Jan", 'h': "Jan", 'A': "Monday", 'a': "Mon",
	'y': "06", 'm': "01", 'd': "02", 'e': "2", 'R': "15:04", 'T': "15:04:05", 'r': "03:04:05 PM", 'D': "01/02/06", 'F': "2006-01-02", 'l': "3",
	'c': "Mon Jan 02 15:04:05 MST 2006",
}

// formatDate writes a part of a timestamp, date, time or number of milliseconds since the epoch.
func (s *spec) formatDate(x *build.Context, d types.Datum, t types.Type) (string, error) {
	n, ok := d.(int64)
	if !ok || s.precision >= 0 || strings.Trim(s.flags, "-") != "" {
		return "", s.wrong(t)
	}
	var at time.Time
	switch t.Kind {
	case types.Timestamp:
		at = time.UnixMicro(n).In(x.TimeZone)
	case types.TimestampNTZ:
		at = time.UnixMicro(n).UTC()
	case types.Date:
		at = time.Unix(n*86400, 0).UTC()
	case types.Time:
		at = time.Unix(0, n).UTC()
	case types.Int64:
		at = time.UnixMilli(n).In(x.TimeZone)
	default:
		return "", s.wrong(t)
	}
	if layout, ok := dateForms[s.verb]; ok {
		return s.pad(at.Format(layout)), nil
	}
	out := ""
	switch s.verb {
	case 'k':
		out = strconv.Itoa(at.Hour())
	case 'L':
		out = fmt.Sprintf("%03d", at.Nanosecond()/1e6)
	case 'N':
		out = fmt.Sprintf("%09d", at.Nanosecond())
	case 'p':
		out = at.Format("pm")
	case 's':
		out = strconv.FormatInt(at.Unix(), 10)
	case 'Q':
		out = strconv.FormatInt(at.UnixMilli(), 10)
	case 'C':
		out = fmt.Sprintf("%02d", at.Year()/100)
	case 'Y':
		out = fmt.Sprintf("%04d", at.Year())
	case 'j':
		out = fmt.Sprintf("%03d", at.YearDay())
	default:
		return "", badFormat("Conversion = 't" + string(s.verb) + "'")
	}
	return s.pad(out), nil
}

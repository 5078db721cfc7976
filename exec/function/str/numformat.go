package str

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// numTokenKind is what a part of a number format stands for.
type numTokenKind uint8

const (
	numGroup    numTokenKind = iota // digits and thousands separators
	numPoint                        // . or D
	numCurrency                     // $
	numSign                         // S: plus or minus
	numMinus                        // MI: minus or blank
	numOpen                         // the < of PR; comes first
	numClose                        // PR: <…> round negative numbers
	numOther                        // a letter that means nothing
)

// numToken is a part of a number format. Groups list their parts in order.
type numToken struct {
	kind  numTokenKind
	parts []digitRun
	char  byte
}

// digitRun is a run of digits, of which 0 (exact) asks for that many, or a
// thousands separator (n == 0).
type digitRun struct {
	n     int
	exact bool
}

// numFormat is a compiled number format of to_number and to_char: digits 9
// and 0, separators , and G, points . and D, $, and signs S, MI and PR.
// It is immutable.
type numFormat struct {
	text          string
	tokens        []numToken
	before, after int // digits before and after the point
}

func formatError(cond *sqlerr.Condition, text, why string, args ...any) error {
	return sqlerr.New(cond, "The format is invalid: '%s'. "+why, append([]any{text}, args...)...)
}

// compileNumFormat reads a format. Errors are INVALID_FORMAT.… and, for too
// many digits, DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION.
func compileNumFormat(text string) (*numFormat, error) {
	f := &numFormat{text: strings.ToUpper(text)}
	f.tokenize()
	if err := f.check(); err != nil {
		return nil, err
	}
	point := false
	for _, t := range f.tokens {
		point = point || t.kind == numPoint
		for _, d := range t.parts {
			if point {
				f.after += d.n
			} else {
				f.before += d.n
			}
		}
	}
	if n := f.before + f.after; n > types.MaxPrecision {
		return nil, sqlerr.New(sqlerr.DecimalPrecision, "Decimal precision %d exceeds max precision %d.", n, types.MaxPrecision)
	}
	return f, nil
}

// decimal is the type of numbers that the format reads.
func (f *numFormat) decimal() types.Type { return types.DecimalType(f.before+f.after, f.after) }

func (f *numFormat) tokenize() {
	point := false
	group := func(d digitRun) {
		if n := len(f.tokens); n == 0 || f.tokens[n-1].kind != numGroup {
			f.tokens = append(f.tokens, numToken{kind: numGroup})
		}
		t := &f.tokens[len(f.tokens)-1]
		t.parts = append(t.parts, d)
	}
	put := func(k numTokenKind) { f.tokens = append(f.tokens, numToken{kind: k}) }
	for i := 0; i < len(f.text); i++ {
		two := f.text[i:min(i+2, len(f.text))]
		switch c := f.text[i]; {
		case c == '0' || c == '9':
			n := 1
			for i+n < len(f.text) && (f.text[i+n] == '0' || f.text[i+n] == '9') {
				n++
			}
			group(digitRun{n, c == '0' && !point})
			i += n - 1
		case c == ',' || c == 'G':
			group(digitRun{})
		case c == '.' || c == 'D':
			point = true
			put(numPoint)
		case c == '$':
			put(numCurrency)
		case c == 'S':
			put(numSign)
		case two == "MI":
			put(numMinus)
			i++
		case two == "PR":
			f.tokens = append([]numToken{{kind: numOpen}}, f.tokens...)
			put(numClose)
			i++
		default:
			f.tokens = append(f.tokens, numToken{kind: numOther, char: c})
		}
	}
}

// check refuses formats that are none, in the order Spark looks.
func (f *numFormat) check() error {
	if f.text == "" {
		return formatError(sqlerr.FormatEmpty, "", "The number format string cannot be empty.")
	}
	first := func(k numTokenKind) int {
		for i, t := range f.tokens {
			if t.kind == k && (k != numGroup || t.hasDigits()) {
				return i
			}
		}
		return -1
	}
	digit, currency, point := first(numGroup), first(numCurrency), first(numPoint)
	switch {
	case digit < 0:
		return formatError(sqlerr.FormatDigits, f.text, "The format string requires at least one number digit.")
	case currency > digit:
		return formatError(sqlerr.FormatCurrency, f.text, "Currency characters must appear before digits in the number format.")
	case point >= 0 && currency > point:
		return formatError(sqlerr.FormatCurrencyPoint, f.text, "Currency characters must appear before any decimal point in the number format.")
	}
	if err := f.checkSeparators(); err != nil {
		return err
	}
	names := map[numTokenKind]string{numPoint: ". or D", numSign: "S", numMinus: "MI", numCurrency: "$", numClose: "PR"}
	count := map[numTokenKind]int{}
	for _, t := range f.tokens {
		if count[t.kind]++; count[t.kind] > 1 && names[t.kind] != "" {
			return formatError(sqlerr.FormatRepeated, f.text, "At most one %s is allowed in the number format.", names[t.kind])
		}
	}
	return f.checkOrder()
}

func (t *numToken) hasDigits() bool {
	for _, d := range t.parts {
		if d.n > 0 {
			return true
		}
	}
	return false
}

func (f *numFormat) checkSeparators() error {
	point := false
	for _, t := range f.tokens {
		point = point || t.kind == numPoint
		for i, d := range t.parts {
			switch {
			case d.n > 0:
			case point:
				return formatError(sqlerr.FormatSeparatorPoint, f.text, "Thousands separators (, or G) may not appear after the decimal point in the number format.")
			case i == 0, i == len(t.parts)-1, t.parts[i-1].n == 0:
				return formatError(sqlerr.FormatSeparators, f.text, "Thousands separators (, or G) must have digits in between them in the number format.")
			}
		}
	}
	return nil
}

// numOrder is the order of parts: one of each line may stand, or none.
var numOrder = [][]numTokenKind{{numOpen}, {numMinus, numSign}, {numCurrency}, {numGroup}, {numPoint}, {numGroup}, {numCurrency}, {numMinus, numSign, numClose}}

func (f *numFormat) checkOrder() error {
	at := 0
	for _, allowed := range numOrder {
		for _, k := range allowed {
			if at < len(f.tokens) && f.tokens[at].kind == k {
				at++
				break
			}
		}
	}
	if at == len(f.tokens) {
		return nil
	}
	found := [...]string{numGroup: "digit sequence", numPoint: ". or D", numCurrency: "$", numSign: "S", numMinus: "MI", numOpen: "PR", numClose: "PR", numOther: "character '" + string(rune(f.tokens[at].char)) + "'"}[f.tokens[at].kind]
	return formatError(sqlerr.FormatUnexpected, f.text, "Found the unexpected %s in the format string; the structure of the format string must match: `[MI|S]` `[$]` `[0|9|G|,]*` `[.|D]` `[0|9]*` `[$]` `[PR|MI|S]`.", found)
}

// parse reads a number: the unscaled value of a decimal of f.decimal().
// Blanks among digits are passed over.
func (f *numFormat) parse(s string) (types.Int128, bool) {
	var buf [64]byte
	digits, whole := buf[:0], 0
	point, neg, open := false, false, false
	for i := range f.tokens {
		next := byte(0)
		if s != "" {
			next = s[0]
		}
		took := false
		switch t := &f.tokens[i]; t.kind {
		case numGroup:
			var ok bool
			if digits, s, ok = t.parse(digits, s, point); !ok {
				return types.Int128{}, false
			}
			if !point {
				whole = len(digits)
			}
		case numPoint:
			took = next == '.'
			point = point || took
		case numCurrency:
			if took = next == '$'; !took {
				return types.Int128{}, false
			}
		case numSign:
			took = next == '-' || next == '+'
			neg = neg != (next == '-')
		case numMinus:
			took = next == '-'
			neg = neg != took
		case numOpen:
			took = next == '<'
			open = took
		case numClose:
			took = open && next == '>'
			open = open && !took
			neg = neg != took
		}
		if took {
			s = s[1:]
		}
	}
	if s != "" || len(digits) == 0 || open {
		return types.Int128{}, false
	}
	for len(digits)-whole < f.after {
		digits = append(digits, '0')
	}
	v, ten := types.Int128{}, types.Int128From(10)
	for _, c := range digits {
		v, _ = v.Mul(ten)
		v, _ = v.Add(types.Int128From(int64(c - '0')))
	}
	if neg {
		v = v.Neg()
	}
	return v, v.Fits(f.before + f.after)
}

// parse reads the digits of a group and appends them to digits. Groups of
// digits in the text and in the format are held against each other from the right.
func (t *numToken) parse(digits []byte, s string, point bool) (out []byte, rest string, ok bool) {
	var sizes [types.MaxPrecision + 1]int
	groups, i := 0, 0
scan:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c >= '\t' && c <= '\r':
		case c >= '0' && c <= '9':
			digits = append(digits, c)
			sizes[groups]++
		case c == ',':
			if groups++; groups > types.MaxPrecision {
				return digits, s, false
			}
		default:
			break scan
		}
	}
	at := groups
	for k := len(t.parts) - 1; k >= 0; k-- {
		d := t.parts[k]
		if d.n == 0 {
			continue
		}
		have := 0
		if at >= 0 {
			have = sizes[at]
		}
		at--
		if have > d.n || d.exact && have < d.n {
			return digits, s, false
		}
	}
	return digits, s[i:], at < 0
}

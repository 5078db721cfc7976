package str

import (
	"github.com/volley-sql/volley/internal/types"
)

// append writes the number x / 10^scale by the format. A number that needs
// more digits than there are is written with # for digits.
func (f *numFormat) append(b []byte, x types.Int128, scale int) []byte {
	hi, lo := x.Abs()
	var buf [48]byte
	digits := appendDigits(buf[:0], types.Int128{Lo: lo, Hi: int64(hi)}, scale)
	whole, frac := digits[:len(digits)-scale], digits[len(digits)-scale:]
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	w := numWriter{b: b, start: len(b), neg: x.Sign() < 0, whole: whole, frac: frac, pad: f.before - len(whole)}
	w.hash = w.pad < 0 || len(frac) > f.after
	if w.hash {
		w.pad = 0
	}
	for i := range f.tokens {
		w.token(&f.tokens[i])
	}
	w.stripPoint()
	return w.b
}

// appendDigits writes a number that is not negative with more digits than scale.
func appendDigits(b []byte, x types.Int128, scale int) []byte {
	s := x.String()
	for n := len(s); n <= scale; n++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

// numWriter writes one number.
type numWriter struct {
	b           []byte
	start       int // where the number begins in b
	neg, hash   bool
	point       bool
	whole, frac []byte
	pad         int // digits of the format that the whole part has not, still to come
}

func (w *numWriter) last() byte {
	if len(w.b) == w.start {
		return 0
	}
	return w.b[len(w.b)-1]
}

func (w *numWriter) token(t *numToken) {
	switch t.kind {
	case numGroup:
		for _, d := range t.parts {
			w.digits(d)
		}
	case numPoint:
		if w.last() == ' ' { // a number without whole part gets a zero
			w.b[len(w.b)-1] = '0'
		}
		w.b, w.point = append(w.b, '.'), true
	case numCurrency:
		w.b = append(w.b, '$')
	case numSign:
		w.stripPoint()
		sign := byte('+')
		if w.neg {
			sign = '-'
		}
		w.trailing(sign)
	case numMinus:
		if w.neg {
			w.stripPoint()
			w.trailing('-')
		} else {
			w.b = append(w.b, ' ')
		}
	case numOpen:
		if w.neg {
			w.b = append(w.b, '<')
		}
	case numClose:
		w.stripPoint()
		if w.neg {
			w.trailing('>')
		} else {
			w.b = append(w.b, "  "...)
		}
	}
}

func (w *numWriter) digits(d digitRun) {
	if d.n == 0 {
		if c := w.last(); c >= '0' && c <= '9' {
			w.b = append(w.b, ',')
		} else {
			w.space()
		}
		return
	}
	for range d.n {
		switch {
		case w.hash:
			w.b = append(w.b, '#')
		case w.point && len(w.frac) == 0:
			w.b = append(w.b, '0')
		case w.point:
			w.b, w.frac = append(w.b, w.frac[0]), w.frac[1:]
		case w.pad > 0:
			w.pad--
			if d.exact {
				w.b = append(w.b, '0')
			} else {
				w.space()
			}
		default:
			w.b, w.whole = append(w.b, w.whole[0]), w.whole[1:]
		}
	}
}

// space puts a blank before a sign that stands last, so that signs keep to the digits.
func (w *numWriter) space() {
	if c := w.last(); c == '+' || c == '-' || c == '<' {
		w.b[len(w.b)-1] = ' '
		w.b = append(w.b, c)
		return
	}
	w.b = append(w.b, ' ')
}

// trailing puts a sign before the blanks that stand last.
func (w *numWriter) trailing(c byte) {
	n := len(w.b)
	for n > w.start && w.b[n-1] == ' ' {
		n--
	}
	w.b = append(w.b, 0)
	copy(w.b[n+1:], w.b[n:])
	w.b[n] = c
}

// stripPoint makes a point that no digit follows a blank.
func (w *numWriter) stripPoint() {
	if w.last() == '.' {
		w.b[len(w.b)-1] = ' '
	}
}

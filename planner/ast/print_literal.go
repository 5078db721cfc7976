package ast

import (
	"encoding/hex"
	"strconv"
	"strings"
)

func (p *printer) interval(e *Interval) {
	if p.names {
		if t, v, err := e.Value(); err == nil {
			p.put(IntervalSQL(t, v.(int64)))
			return
		}
	}
	p.put("INTERVAL")
	if len(e.Parts) == 0 {
		p.put(" ", QuoteString(e.Text))
	}
	for _, part := range e.Parts {
		p.put(" ", QuoteString(part.Value), " ", part.Unit.String())
	}
	if e.To != UnitNone {
		p.put(" TO ", e.To.String())
	}
}

func (p *printer) literal(e *Literal) {
	switch e.Kind {
	case LitNull:
		p.put("NULL")
	case LitString:
		if p.names {
			p.put(e.Text)
		} else {
			p.put(QuoteString(e.Text))
		}
	case LitBinary:
		p.put("X'", strings.ToUpper(hex.EncodeToString([]byte(e.Text))), "'")
	case LitDate, LitTimestamp, LitTimestampNTZ, LitTimestampLTZ, LitTime:
		word := [...]string{LitDate: "DATE", LitTimestamp: "TIMESTAMP", LitTimestampNTZ: "TIMESTAMP_NTZ", LitTimestampLTZ: "TIMESTAMP_LTZ", LitTime: "TIME"}[e.Kind]
		p.put(word, " ", QuoteString(e.Text))
	case LitBool:
		p.put(e.Text)
	default:
		if p.names {
			p.put(numberName(e))
		} else {
			p.put(e.Text, [...]string{LitInt: "", LitTinyint: "Y", LitSmallint: "S", LitBigint: "L", LitFloat: "F", LitDouble: "D", LitDecimal: "BD"}[e.Kind])
		}
	}
}

// numberName is a number as Spark prints its value.
func numberName(e *Literal) string {
	if e.Kind == LitFloat || e.Kind == LitDouble {
		bits := 64
		if e.Kind == LitFloat {
			bits = 32
		}
		f, err := strconv.ParseFloat(e.Text, bits)
		if err != nil {
			return e.Text
		}
		return javaFloat(f, bits)
	}
	sign, digits := "", e.Text
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" || digits[0] == '.' {
		digits = "0" + digits
	}
	return sign + strings.TrimSuffix(digits, ".")
}

// javaFloat is f as Java's Double.toString spells it.
func javaFloat(f float64, bits int) string {
	abs := max(f, -f)
	if abs == 0 || abs >= 1e-3 && abs < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, bits)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	m, exp, ok := strings.Cut(strconv.FormatFloat(f, 'E', -1, bits), "E")
	if !ok {
		return m
	}
	if !strings.Contains(m, ".") {
		m += ".0"
	}
	n, _ := strconv.Atoi(exp)
	return m + "E" + strconv.Itoa(n)
}

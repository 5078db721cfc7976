package parse

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

const literalChunk = 64

// literal makes a literal that ends at the last consumed token. Long lists
// hold millions of them, so they are allocated in chunks.
func (p *parser) literal(pos int, kind ast.LitKind, text string) *ast.Literal {
	if len(p.lits) == cap(p.lits) {
		p.lits = make([]ast.Literal, 0, min(literalChunk, 2*cap(p.lits)+4))
	}
	p.lits = append(p.lits, ast.Literal{Span: p.from(pos), Kind: kind, Text: text})
	return &p.lits[len(p.lits)-1]
}

// integer makes a literal of digits, which a DECIMAL must be able to hold.
func (p *parser) integer(pos int, text string) ast.Expr {
	if len(text) > types.MaxPrecision {
		p.checkDecimal(pos, text)
	}
	return p.literal(pos, ast.LitInt, text)
}

func (p *parser) checkDecimal(pos int, text string) {
	digits := strings.TrimLeft(strings.Replace(strings.TrimLeft(text, "+-"), ".", "", 1), "0")
	if len(digits) > types.MaxPrecision {
		p.failAt(pos, sqlerr.DecimalPrecision, "Decimal precision %d exceeds max precision %d.", len(digits), types.MaxPrecision)
	}
}

// number parses a number whose sign, if any, is consumed already.
func (p *parser) number(sign string) ast.Expr {
	pos := p.tok.pos
	if sign != "" {
		pos = p.prev.pos
	}
	t := p.advance()
	text := p.text(t)
	if t.kind == tInt {
		return p.integer(pos, sign+text)
	}
	digits, kind := text, ast.LitDecimal
	switch last := text[len(text)-1] | 0x20; last {
	case 'l', 's', 'y', 'f', 'd':
		digits = text[:len(text)-1]
		kind = map[byte]ast.LitKind{'l': ast.LitBigint, 's': ast.LitSmallint, 'y': ast.LitTinyint, 'f': ast.LitFloat, 'd': ast.LitDouble}[last]
		if last == 'd' && len(digits) > 0 && digits[len(digits)-1]|0x20 == 'b' {
			digits, kind = digits[:len(digits)-1], ast.LitDecimal
		}
	default:
		if strings.ContainsAny(text, "eE") {
			kind = ast.LitDouble
		}
	}
	digits = sign + digits
	p.checkRange(pos, kind, digits)
	return p.literal(pos, kind, digits)
}

// checkRange fails for a number that its suffix's type cannot hold.
func (p *parser) checkRange(pos int, kind ast.LitKind, digits string) {
	var err error
	var name, lo, hi string
	switch kind {
	case ast.LitBigint:
		_, err = strconv.ParseInt(digits, 10, 64)
		name, lo, hi = "BIGINT", strconv.Itoa(math.MinInt64), strconv.Itoa(math.MaxInt64)
	case ast.LitSmallint:
		_, err = strconv.ParseInt(digits, 10, 16)
		name, lo, hi = "SMALLINT", strconv.Itoa(math.MinInt16), strconv.Itoa(math.MaxInt16)
	case ast.LitTinyint:
		_, err = strconv.ParseInt(digits, 10, 8)
		name, lo, hi = "TINYINT", strconv.Itoa(math.MinInt8), strconv.Itoa(math.MaxInt8)
	case ast.LitDouble:
		_, err = strconv.ParseFloat(digits, 64)
		name, lo, hi = "DOUBLE", "-1.7976931348623157E+308", "1.7976931348623157E+308"
	case ast.LitFloat:
		_, err = strconv.ParseFloat(digits, 32)
		name, lo, hi = "FLOAT", "-3.4028234663852886E+38", "3.4028234663852886E+38"
	case ast.LitDecimal:
		if !strings.ContainsAny(digits, "eE") {
			p.checkDecimal(pos, digits)
		}
	}
	if err != nil {
		p.failAt(pos, sqlerr.InvalidNumericLiteral, "Numeric literal %s is outside the valid range for %s with minimum value of %s and maximum value of %s. Please adjust the value accordingly.", digits, name, lo, hi)
	}
}

var typedLiterals = map[string]ast.LitKind{
	"DATE": ast.LitDate, "TIMESTAMP": ast.LitTimestamp, "TIMESTAMP_NTZ": ast.LitTimestampNTZ,
	"TIMESTAMP_LTZ": ast.LitTimestampLTZ, "TIME": ast.LitTime, "X": ast.LitBinary,
}

// typedLiteral parses TYPE 'text', whatever the type's name.
func (p *parser) typedLiteral() ast.Expr {
	t := p.advance()
	word := strings.ToUpper(p.text(t))
	s := p.str()
	kind, ok := typedLiterals[word]
	if !ok {
		p.failAt(t.pos, sqlerr.UnsupportedTypedLiteral, "Literals of the type \"%s\" are not supported. Supported types are \"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\", \"TIME\".", word)
	}
	if kind == ast.LitBinary {
		padded := s
		if len(s)%2 == 1 {
			padded = "0" + s
		}
		b, err := hex.DecodeString(padded)
		if err != nil {
			p.failAt(t.pos, sqlerr.InvalidTypedLiteral, "The value of the typed literal \"X\" is invalid: %s.", ast.QuoteString(s))
		}
		s = string(b)
	}
	return p.literal(t.pos, kind, s)
}

// intervalAhead reports whether the INTERVAL that comes next begins a literal
// and is no name.
func (p *parser) intervalAhead() bool {
	t := p.peek()
	if t.kw == "-" || t.kw == "+" {
		t = p.after(t)
		if t.kind == tInt || t.kind == tNumber {
			return isName(p.after(t))
		}
	}
	return t.kind == tString || t.kind == tInt || t.kind == tNumber
}

// interval parses an INTERVAL literal; ast.Interval lists its forms.
func (p *parser) interval() *ast.Interval {
	pos := p.tok.pos
	p.expect("INTERVAL")
	e := &ast.Interval{}
	if p.tok.kind == tString && p.unit(p.peek()) == ast.UnitNone {
		e.Text = p.str()
		return p.checkInterval(pos, e)
	}
	for p.err == nil && (len(e.Parts) == 0 || p.intervalPartAhead()) {
		if e.To != ast.UnitNone {
			p.failAt(pos, sqlerr.IntervalFromTo, "Can only have a single from-to unit in the interval literal syntax.")
			break
		}
		part, text := p.intervalPart()
		e.Parts = append(e.Parts, part)
		if !p.is("TO") || p.unit(p.peek()) == ast.UnitNone {
			continue
		}
		switch {
		case len(e.Parts) > 1:
			p.failAt(pos, sqlerr.IntervalFromTo, "Can only have a single from-to unit in the interval literal syntax.")
		case !text:
			p.failAt(pos, sqlerr.IntervalFromToText, "The value of from-to unit must be a string.")
		}
		p.advance()
		e.To = p.unit(p.advance())
	}
	return p.checkInterval(pos, e)
}

// checkInterval fails for a literal without a value, as Spark's parser does.
// Whether units may be mixed is a setting, so that is left to the binder.
func (p *parser) checkInterval(pos int, e *ast.Interval) *ast.Interval {
	e.Span = p.from(pos)
	if p.err != nil {
		return e
	}
	if _, _, err := e.Value(); err != nil && !sqlerr.Is(err, sqlerr.IntervalMixedUnits) {
		p.fail(err)
	}
	return e
}

// unit is the interval unit that t names, or UnitNone.
func (p *parser) unit(t token) ast.IntervalUnit {
	if t.kind != tIdent {
		return ast.UnitNone
	}
	return ast.ParseUnit(p.text(t))
}

// intervalPartAhead reports whether another value with its unit comes next.
func (p *parser) intervalPartAhead() bool {
	t := p.tok
	if t.kw == "-" || t.kw == "+" {
		t = p.after(t)
	}
	if t.kind != tInt && t.kind != tNumber && t.kind != tString {
		return false
	}
	return p.unit(p.after(t)) != ast.UnitNone
}

// intervalPart parses one value and its unit and reports whether the value is a string.
func (p *parser) intervalPart() (part ast.IntervalPart, text bool) {
	sign := ""
	if p.isAny("-", "+") && p.advance().kw == "-" {
		sign = "-"
	}
	switch p.tok.kind {
	case tInt, tNumber:
		part.Value = p.text(p.advance())
	case tString:
		part.Value, text = strings.TrimSpace(p.stringValue(p.advance())), true
	default:
		p.unexpected("a number or string")
	}
	if sign != "" && strings.HasPrefix(part.Value, "-") {
		part.Value = part.Value[1:]
	} else {
		part.Value = sign + strings.TrimPrefix(part.Value, "+")
	}
	part.Unit = p.unit(p.tok)
	if part.Unit == ast.UnitNone {
		if word := strings.ToUpper(p.text(p.tok)); word == "NANOSECOND" || word == "NANOSECONDS" {
			p.failAt(p.tok.pos, sqlerr.InvalidIntervalUnit, "Error parsing an interval: invalid unit '%s'.", word)
		}
		p.unexpected("an interval unit")
		return part, text
	}
	p.advance()
	return part, text
}

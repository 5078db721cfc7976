package ast

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// ParseUnit returns the unit called name (singular or plural, any case), or
// UnitNone.
func ParseUnit(name string) IntervalUnit {
	up := strings.ToUpper(name)
	for u := UnitYear; u <= UnitMicrosecond; u++ {
		if up == unitNames[u] || up == unitNames[u]+"S" {
			return u
		}
	}
	return UnitNone
}

const microsPerSecond = 1_000_000

// unitMicros is the length of a unit in microseconds.
var unitMicros = [...]int64{
	UnitWeek: 7 * 86400 * microsPerSecond, UnitDay: 86400 * microsPerSecond, UnitHour: 3600 * microsPerSecond,
	UnitMinute: 60 * microsPerSecond, UnitSecond: microsPerSecond, UnitMillisecond: 1000, UnitMicrosecond: 1,
}

// bad is an error about the literal; one in a text without units of its own
// is always INVALID_TYPED_LITERAL, as in Spark.
func (i *Interval) bad(c *sqlerr.Condition, format string, args ...any) error {
	if len(i.Parts) == 0 {
		return sqlerr.New(sqlerr.InvalidTypedLiteral, "The value of the typed literal \"INTERVAL\" is invalid: %s.", QuoteString(i.Text)).At(i.Pos())
	}
	return sqlerr.New(c, format, args...).At(i.Pos())
}

// Value computes the interval's type and value: a year-month interval
// (months) or a day-time interval (microseconds), as Spark types literals.
// A literal that mixes both kinds of unit is an error.
func (i *Interval) Value() (types.Type, types.Datum, error) {
	parts, err := i.Split()
	if err != nil {
		return types.Type{}, nil, err
	}
	if i.To != UnitNone {
		return i.unitToUnit(parts[0])
	}
	return i.multiUnit(parts)
}

// Split gives the parts of the literal, those in its text cut out.
func (i *Interval) Split() ([]IntervalPart, error) {
	if len(i.Parts) > 0 {
		return i.Parts, nil
	}
	return i.split()
}

// split cuts the text of INTERVAL '3 days -2 hours' into its parts.
func (i *Interval) split() ([]IntervalPart, error) {
	words := strings.Fields(strings.ToLower(i.Text))
	if len(words) > 0 && words[0] == "interval" {
		words = words[1:]
	}
	var out []IntervalPart
	for k := 0; k < len(words); k++ {
		w := words[k]
		if (w == "-" || w == "+") && k+1 < len(words) {
			k++
			w += words[k]
		}
		if k+1 >= len(words) {
			return nil, i.bad(sqlerr.InvalidIntervalFormat, "Error parsing '%s' to interval: expect a unit name after '%s'.", i.Text, w)
		}
		k++
		u := ParseUnit(words[k])
		if u == UnitNone {
			return nil, i.bad(sqlerr.InvalidIntervalUnit, "Error parsing '%s' to interval: invalid unit '%s'.", i.Text, words[k])
		}
		out = append(out, IntervalPart{strings.TrimPrefix(w, "+"), u})
	}
	if len(out) == 0 {
		return nil, i.bad(sqlerr.InvalidIntervalFormat, "Error parsing '%s' to interval: interval string cannot be empty.", i.Text)
	}
	return out, nil
}

func (i *Interval) multiUnit(parts []IntervalPart) (types.Type, types.Datum, error) {
	var sum big.Int
	months := parts[0].Unit <= UnitMonth
	lo, hi := uint8(255), uint8(0)
	for _, p := range parts {
		if (p.Unit <= UnitMonth) != months {
			return types.Type{}, nil, sqlerr.New(sqlerr.IntervalMixedUnits, "Cannot mix year-month and day-time fields in an interval literal.").At(i.Pos())
		}
		n, err := i.amount(p)
		if err != nil {
			return types.Type{}, nil, err
		}
		sum.Add(&sum, n)
		f := unitField(p.Unit)
		lo, hi = min(lo, f), max(hi, f)
	}
	return i.result(months, lo, hi, &sum)
}

// unitField is the interval field (types.Field…) that a unit counts for.
func unitField(u IntervalUnit) uint8 {
	switch u {
	case UnitYear:
		return types.FieldYear
	case UnitMonth:
		return types.FieldMonth
	case UnitWeek, UnitDay:
		return types.FieldDay
	case UnitHour:
		return types.FieldHour
	case UnitMinute:
		return types.FieldMinute
	}
	return types.FieldSecond
}

// amount is a part's value in months or microseconds. Only seconds may have a
// fraction, to the microsecond.
func (i *Interval) amount(p IntervalPart) (*big.Int, error) {
	text := strings.TrimSpace(p.Value)
	whole, frac, dotted := strings.Cut(text, ".")
	neg := strings.HasPrefix(whole, "-")
	digits := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(whole, "-"), "+"))
	n := new(big.Int)
	if digits != "" || !dotted || p.Unit != UnitSecond {
		if !allDigits(digits) {
			return nil, i.bad(sqlerr.IntervalNumber, "Can only use numbers in the interval value part for multiple unit value pairs interval form, but got invalid value: %s.", text)
		}
		n.SetString(digits, 10)
	}
	switch {
	case dotted && p.Unit != UnitSecond:
		return nil, i.bad(sqlerr.InvalidIntervalFormat, "Error parsing '%s' to interval: '%s' cannot have fractional part.", text, strings.ToLower(p.Unit.String()))
	case dotted && (len(frac) > 9 || frac != "" && !allDigits(frac)):
		return nil, i.bad(sqlerr.InvalidIntervalFormat, "Error parsing '%s' to interval: interval can only support nanosecond precision.", text)
	}
	switch p.Unit {
	case UnitYear:
		n.Mul(n, big.NewInt(12))
	case UnitMonth:
	default:
		n.Mul(n, big.NewInt(unitMicros[p.Unit]))
		if frac != "" {
			f, _ := new(big.Int).SetString((frac + "000000")[:6], 10)
			n.Add(n, f)
		}
	}
	if neg {
		n.Neg(n)
	}
	return n, nil
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// unitToUnit reads '[sign]1-2' YEAR TO MONTH and '[sign]1 02:03:04.5' with two of DAY, HOUR, MINUTE, SECOND.
func (i *Interval) unitToUnit(p IntervalPart) (types.Type, types.Datum, error) {
	text := strings.TrimSpace(p.Value)
	neg := false
	if text != "" && (text[0] == '-' || text[0] == '+') {
		neg, text = text[0] == '-', text[1:]
	}
	months := p.Unit == UnitYear
	from, to := unitField(p.Unit), unitField(i.To)
	if months != (i.To == UnitMonth) || from >= to {
		return types.Type{}, nil, i.bad(sqlerr.InvalidIntervalFields, "Intervals FROM %s TO %s are not supported.", p.Unit, i.To)
	}
	units := []IntervalUnit{UnitYear, UnitMonth}
	seps := "-"
	if !months {
		units, seps = []IntervalUnit{UnitDay, UnitHour, UnitMinute, UnitSecond}, " ::"
	}
	var sum big.Int
	for f := from; f <= to; f++ {
		head := text
		if f < to {
			var ok bool
			if head, text, ok = strings.Cut(text, string(seps[f])); !ok {
				return types.Type{}, nil, i.bad(sqlerr.InvalidIntervalShape, "Interval string does not match %s to %s format: '%s'.", p.Unit, i.To, p.Value)
			}
		}
		if head == "" || head[0] < '0' || head[0] > '9' {
			return types.Type{}, nil, i.bad(sqlerr.InvalidIntervalShape, "Interval string does not match %s to %s format: '%s'.", p.Unit, i.To, p.Value)
		}
		n, err := i.amount(IntervalPart{head, units[f]})
		if err != nil {
			return types.Type{}, nil, i.bad(sqlerr.InvalidIntervalShape, "Interval string does not match %s to %s format: '%s'.", p.Unit, i.To, p.Value)
		}
		if limit := [...]int64{0, 24, 60, 60}; f > from && (months && n.Int64() > 11 || !months && n.Cmp(big.NewInt(limit[f]*unitMicros[units[f]])) >= 0) {
			return types.Type{}, nil, i.bad(sqlerr.InvalidIntervalFormat, "Interval field %s of '%s' is out of range.", strings.ToLower(units[f].String()), p.Value)
		}
		sum.Add(&sum, n)
	}
	if neg {
		sum.Neg(&sum)
	}
	return i.result(months, from, to, &sum)
}

func (i *Interval) result(months bool, lo, hi uint8, sum *big.Int) (types.Type, types.Datum, error) {
	if !sum.IsInt64() || months && int64(int32(sum.Int64())) != sum.Int64() {
		c := sqlerr.IntervalOverflow
		switch {
		case i.To != UnitNone && months:
			c = sqlerr.InvalidIntervalFormat
		case i.To != UnitNone:
			c = sqlerr.IntervalRange
		}
		return types.Type{}, nil, sqlerr.New(c, "The interval literal is out of range.").At(i.Pos())
	}
	kind := types.DayTime
	if months {
		kind = types.YearMonth
	}
	return types.Type{Kind: kind, P: lo, S: hi}, sum.Int64(), nil
}

// IntervalSQL is an interval value as the literal Spark shows for it:
// INTERVAL '1-2' YEAR TO MONTH, INTERVAL '3 02' DAY TO HOUR.
func IntervalSQL(t types.Type, v int64) string {
	sign := ""
	abs := new(big.Int).Abs(big.NewInt(v))
	if v < 0 {
		sign = "-"
	}
	var b strings.Builder
	b.WriteString("INTERVAL '" + sign)
	names := []string{"DAY", "HOUR", "MINUTE", "SECOND"}
	if t.Kind == types.YearMonth {
		names = []string{"YEAR", "MONTH"}
		months := abs.Int64()
		switch {
		case t.P == types.FieldMonth:
			fmt.Fprintf(&b, "%d", months)
		case t.S == types.FieldYear:
			fmt.Fprintf(&b, "%d", months/12)
		default:
			fmt.Fprintf(&b, "%d-%d", months/12, months%12)
		}
	} else {
		writeDayTime(&b, t, abs)
	}
	b.WriteString("' " + names[t.P])
	if t.P != t.S {
		b.WriteString(" TO " + names[t.S])
	}
	return b.String()
}

// writeDayTime writes the fields of a day-time interval. All but a leading
// day take two digits; seconds show the digits of their fraction that matter.
func writeDayTime(b *strings.Builder, t types.Type, rest *big.Int) {
	rest = new(big.Int).Set(rest)
	units := []IntervalUnit{UnitDay, UnitHour, UnitMinute, UnitSecond}
	for f := t.P; f <= t.S; f++ {
		var n, m big.Int
		n.QuoRem(rest, big.NewInt(unitMicros[units[f]]), &m)
		rest.Set(&m)
		switch {
		case f == types.FieldDay:
		case f == types.FieldHour && f > t.P:
			b.WriteByte(' ')
		case f > t.P:
			b.WriteByte(':')
		}
		if f == types.FieldDay {
			b.WriteString(n.String())
		} else {
			fmt.Fprintf(b, "%02s", n.String())
		}
		if f == types.FieldSecond && rest.Sign() > 0 {
			b.WriteString("." + strings.TrimRight(fmt.Sprintf("%06d", rest.Int64()), "0"))
		}
	}
}

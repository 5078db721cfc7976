package bind

import (
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// literal types a constant.
func (b *binder) literal(e *ast.Literal) (expr.Expr, error) {
	switch e.Kind {
	case ast.LitNull:
		return expr.NullOf(types.NullType), nil
	case ast.LitBool:
		return &expr.Literal{Value: e.Text == "true", T: types.BoolType}, nil
	case ast.LitString:
		return &expr.Literal{Value: e.Text, T: types.StringType}, nil
	case ast.LitBinary:
		return &expr.Literal{Value: e.Text, T: types.BinaryType}, nil
	case ast.LitDate:
		return b.typedLiteral(e, types.DateType, "DATE")
	case ast.LitTimestamp:
		if settings.TimestampType.Get(b.set) == "TIMESTAMP_NTZ" && !hasZone(e.Text) {
			return b.typedLiteral(e, types.TimestampNTZType, "TIMESTAMP")
		}
		return b.typedLiteral(e, types.TimestampType, "TIMESTAMP")
	case ast.LitTimestampNTZ:
		return b.typedLiteral(e, types.TimestampNTZType, "TIMESTAMP_NTZ")
	case ast.LitTimestampLTZ:
		return b.typedLiteral(e, types.TimestampType, "TIMESTAMP_LTZ")
	case ast.LitTime:
		return b.typedLiteral(e, types.TimeType(types.MaxTimePrecision), "TIME")
	}
	return number(e)
}

var integerKinds = [...]struct {
	t    types.Type
	bits int
	name string
}{
	ast.LitTinyint:  {types.Int8Type, 8, "tinyint"},
	ast.LitSmallint: {types.Int16Type, 16, "smallint"},
	ast.LitBigint:   {types.Int64Type, 64, "bigint"},
}

// number types a numeric literal by its suffix and size.
func number(e *ast.Literal) (expr.Expr, error) {
	switch e.Kind {
	case ast.LitInt:
		v, err := strconv.ParseInt(e.Text, 10, 64)
		switch {
		case err != nil:
			return decimal(e)
		case int64(int32(v)) == v:
			return &expr.Literal{Value: v, T: types.Int32Type}, nil
		}
		return &expr.Literal{Value: v, T: types.Int64Type}, nil
	case ast.LitTinyint, ast.LitSmallint, ast.LitBigint:
		k := integerKinds[e.Kind]
		v, err := strconv.ParseInt(e.Text, 10, k.bits)
		if err != nil {
			return nil, sqlerr.New(sqlerr.InvalidNumericLiteral, "Numeric literal %s is outside the valid range for %s.", e.Text, k.name)
		}
		return &expr.Literal{Value: v, T: k.t}, nil
	case ast.LitFloat, ast.LitDouble:
		bits, t := 64, types.Float64Type
		if e.Kind == ast.LitFloat {
			bits, t = 32, types.Float32Type
		}
		v, err := strconv.ParseFloat(e.Text, bits)
		if err != nil {
			return nil, sqlerr.New(sqlerr.InvalidNumericLiteral, "Numeric literal %s is outside the valid range for %s.", e.Text, t)
		}
		return &expr.Literal{Value: v, T: t}, nil
	}
	return decimal(e)
}

// decimal types 1.50 as DECIMAL(3,2): precision and scale are the digits
// written, without leading zeros. An exponent moves the point.
func decimal(e *ast.Literal) (expr.Expr, error) {
	text := e.Text
	neg := strings.HasPrefix(text, "-")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "-"), "+")
	exp := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		n, err := strconv.Atoi(text[i+1:])
		if err != nil || n > 1000 || n < -1000 {
			return nil, tooPrecise(e)
		}
		text, exp = text[:i], n
	}
	whole, frac, _ := strings.Cut(text, ".")
	digits := strings.TrimLeft(whole+frac, "0")
	scale := len(frac) - exp
	if scale < 0 {
		digits, scale = digits+strings.Repeat("0", -scale), 0
	}
	precision := max(len(digits), scale, 1)
	if precision > types.MaxPrecision {
		return nil, tooPrecise(e)
	}
	v := types.Int128{}
	ten := types.Int128From(10)
	for _, c := range []byte(digits) {
		v, _ = v.Mul(ten)
		v, _ = v.Add(types.Int128From(int64(c - '0')))
	}
	if neg {
		v = v.Neg()
	}
	return &expr.Literal{Value: v, T: types.DecimalType(precision, scale)}, nil
}

func tooPrecise(e *ast.Literal) error {
	return sqlerr.New(sqlerr.DecimalPrecision, "The decimal literal %s needs more than %d digits.", e.Text, types.MaxPrecision)
}

// typedLiteral reads DATE '…' and its like by the cast from a string, and
// notes how Spark prints the value.
func (b *binder) typedLiteral(e *ast.Literal, t types.Type, word string) (expr.Expr, error) {
	c := &expr.Cast{Arg: &expr.Literal{Value: e.Text, T: types.StringType}, To: t, Mode: expr.CastANSI, Pos: b.at(e.Pos())}
	v, special := b.specialTime(e.Text, t)
	var err error
	if !special {
		v, err = b.evaluate(c)
	}
	if err != nil || v == nil {
		return nil, sqlerr.New(sqlerr.InvalidTypedLiteral, "The value of the typed literal %q is invalid: %s.", word, ast.QuoteString(e.Text))
	}
	if t.Kind == types.Timestamp {
		word = "TIMESTAMP"
	}
	if text, ok := b.show(v, t); ok {
		b.texts[e] = word + " '" + text + "'"
	}
	return &expr.Literal{Value: v, T: t}, nil
}

// show is a value as a cast to STRING spells it.
func (b *binder) show(v types.Datum, t types.Type) (string, bool) {
	s, err := b.evaluate(&expr.Cast{Arg: &expr.Literal{Value: v, T: t}, To: types.StringType, Mode: expr.CastLegacy, Pos: sqlerr.NoPos})
	if err != nil {
		return "", false
	}
	text, ok := s.(string)
	return text, ok
}

// hasZone reports whether the text of a timestamp ends in a time zone.
func hasZone(s string) bool {
	s = strings.TrimSpace(s)
	i := strings.IndexAny(s, ":")
	if i < 0 {
		return strings.HasSuffix(s, "Z")
	}
	return strings.ContainsAny(s[i:], "+-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/")
}

func (b *binder) interval(e *ast.Interval) (expr.Expr, error) {
	if settings.IntervalEnabled.Get(b.set) {
		return b.calendarInterval(e)
	}
	t, v, err := e.Value()
	if err != nil {
		return nil, err
	}
	return &expr.Literal{Value: v, T: t}, nil
}

// calendarInterval is a literal as the legacy type of mixed units: its parts
// one by one, which are months, days or a time.
func (b *binder) calendarInterval(e *ast.Interval) (expr.Expr, error) {
	parts, err := e.Split()
	if err != nil {
		return nil, err
	}
	var sum types.CalendarInterval
	for _, p := range parts {
		one := *e
		one.Parts, one.Text = []ast.IntervalPart{p}, ""
		t, v, err := one.Value()
		if err != nil {
			return nil, err
		}
		n := v.(int64)
		if t.Kind == types.YearMonth {
			sum.Months += int32(n)
			continue
		}
		const day = 24 * 3600 * 1_000_000
		if p.Unit == ast.UnitWeek || p.Unit == ast.UnitDay {
			sum.Days += int32(n / day)
			n %= day
		}
		sum.Micros += n
	}
	return &expr.Literal{Value: sum, T: types.IntervalType}, nil
}

// param puts in the value of a parameter marker.
func (b *binder) param(e *ast.Param) (expr.Expr, error) {
	var l *expr.Literal
	name := e.Name
	if name == "" {
		name = strconv.Itoa(e.Index + 1)
	}
	switch {
	case b.env.Batch != nil:
		return b.batchParam(e)
	case b.env.Markers != nil:
		if l = b.env.Markers.marker(e); l != nil {
			return l, nil
		}
	case e.Name != "":
		l = b.env.Params.Named[name]
	case e.Index < len(b.env.Params.Positional):
		l = b.env.Params.Positional[e.Index]
	}
	if l == nil {
		return nil, sqlerr.New(sqlerr.UnboundParameter, "Found the unbound parameter: %s.", name).
			WithHint("Give it a value: one for each ? in order, or by name for :name.")
	}
	if text, ok := b.literalText(l); ok {
		b.texts[e] = text
	}
	return l, nil
}

// literalText is a value as Spark's column names show it.
func (b *binder) literalText(l *expr.Literal) (string, bool) {
	switch {
	case l.Value == nil:
		return "NULL", true
	case l.T.Kind == types.String:
		return l.Value.(string), true
	}
	text, ok := b.show(l.Value, l.T)
	switch l.T.Kind {
	case types.Date:
		text = "DATE '" + text + "'"
	case types.Timestamp:
		text = "TIMESTAMP '" + text + "'"
	case types.TimestampNTZ:
		text = "TIMESTAMP_NTZ '" + text + "'"
	case types.Time:
		text = "TIME '" + text + "'"
	}
	return text, ok
}

// specialTime reads 'now', 'today' and their like, with a zone after them if
// wanted: the only text besides dates that DATE '…' and TIMESTAMP '…' take.
func (b *binder) specialTime(text string, t types.Type) (types.Datum, bool) {
	word, zone, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), " ")
	days, ok := map[string]int{"epoch": 0, "now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}[word]
	c := b.env.Context
	if !ok || c == nil || t.Kind == types.Time {
		return nil, false
	}
	b.unsteady = true
	at := c.TimeZone
	if zone = strings.TrimSpace(zone); zone != "" {
		var err error
		if at, err = time.LoadLocation(strings.TrimSpace(strings.TrimSpace(text)[len(word):])); err != nil || t.Kind == types.TimestampNTZ {
			return nil, false
		}
	}
	if at == nil {
		at = time.UTC
	}
	now := c.Now.In(at)
	midnight := time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, at)
	wall := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	v := midnight
	switch word {
	case "epoch":
		return int64(0), true
	case "now":
		v = now
	}
	switch t.Kind {
	case types.Date:
		return wall(midnight).Unix() / 86400, true
	case types.TimestampNTZ:
		v = wall(v)
	}
	return v.UnixMicro(), true
}

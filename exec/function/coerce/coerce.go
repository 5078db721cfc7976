// Package coerce holds Spark's rules of implicit type conversion: the common
// type of two operands, and which types an argument may be converted to
// without a CAST. The binder uses it for comparisons, CASE, IN, set
// operations and arrays; functions use it to resolve their arguments.
//
// With ansi the rules are those of Spark's ANSI mode; without, those of its
// legacy mode.
package coerce

import "github.com/volley-sql/volley/internal/types"

// Common is the least type both a and b convert to: the type of
// CASE, coalesce, IN, arrays, set operations.
func Common(a, b types.Type, ansi bool) (types.Type, bool) {
	if t, ok := tightest(a, b, ansi); ok {
		return t, true
	}
	if a.Kind == types.Decimal || b.Kind == types.Decimal {
		if a.Kind.IsNumeric() && b.Kind.IsNumeric() {
			return widerNumeric(a, b), true
		}
	}
	if a.Kind == types.String || b.Kind == types.String {
		if b.Kind == types.String {
			a, b = b, a
		}
		return withString(b, ansi)
	}
	return nested(a, b, ansi)
}

// CommonAll folds Common over ts; with no types it is NULL's type. Strings are
// looked at first without ansi, so that the order of arguments does not matter.
func CommonAll(ts []types.Type, ansi bool) (types.Type, bool) {
	out := types.NullType
	for _, t := range ts {
		var ok bool
		if out, ok = Common(out, t, ansi); !ok {
			return types.Type{}, false
		}
	}
	return out, true
}

// Comparison is the type in which values of a and b are compared. With ansi
// it is Common; without, strings are converted to the other side's type.
func Comparison(a, b types.Type, ansi bool) (types.Type, bool) {
	if ansi || a.Kind == b.Kind || a.Kind != types.String && b.Kind != types.String {
		return Common(a, b, ansi)
	}
	o := a
	if a.Kind == types.String {
		o = b
	}
	switch {
	case o.Kind == types.Null:
		return types.StringType, true
	case o.Kind.IsNested(), o.Kind.IsInterval():
		return types.Type{}, false
	case o.Kind == types.Decimal:
		return types.Float64Type, true
	}
	return o, true
}

// tightest is Spark's findTightestCommonType: conversions that lose nothing.
func tightest(a, b types.Type, ansi bool) (types.Type, bool) {
	switch {
	case a.Equal(b):
		return a, true
	case a.Kind == types.Null:
		return b, true
	case b.Kind == types.Null:
		return a, true
	case a.Kind.IsNumeric() && b.Kind.IsNumeric() && a.Kind != types.Decimal && b.Kind != types.Decimal:
		if a.Kind < b.Kind {
			a, b = b, a
		}
		if ansi && a.Kind == types.Float32 && b.Kind.IsInteger() {
			return types.Float64Type, true
		}
		return a, true
	case a.Kind.IsDatetime() && b.Kind.IsDatetime():
		if a.Kind == types.Timestamp || b.Kind == types.Timestamp {
			return types.TimestampType, true
		}
		return types.TimestampNTZType, true
	case a.Kind == types.Time && b.Kind == types.Time:
		return types.TimeType(int(max(a.P, b.P))), true
	case a.Kind == b.Kind && (a.Kind == types.YearMonth || a.Kind == types.DayTime):
		return types.Type{Kind: a.Kind, P: min(a.P, b.P), S: max(a.S, b.S)}, true
	}
	return types.Type{}, false
}

// DecimalFor is the decimal type that holds every value of an integer type,
// or t itself if it is a decimal; for floats Spark's (14,7) and (30,15).
func DecimalFor(t types.Type) types.Type {
	switch t.Kind {
	case types.Int8:
		return types.DecimalType(3, 0)
	case types.Int16:
		return types.DecimalType(5, 0)
	case types.Int32:
		return types.DecimalType(10, 0)
	case types.Int64:
		return types.DecimalType(20, 0)
	case types.Float32:
		return types.DecimalType(14, 7)
	case types.Float64:
		return types.DecimalType(30, 15)
	case types.Decimal:
		return t
	}
	return types.DecimalType(38, 18)
}

// widerNumeric is the common type of two numeric types of which one is a decimal.
func widerNumeric(a, b types.Type) types.Type {
	if a.Kind.IsFloat() || b.Kind.IsFloat() {
		return types.Float64Type
	}
	return WiderDecimal(DecimalFor(a), DecimalFor(b))
}

// WiderDecimal holds the values of both decimals. If that takes more than 38
// digits, integral digits are cut, as in Spark.
func WiderDecimal(a, b types.Type) types.Type {
	s := max(int(a.S), int(b.S))
	r := max(int(a.P)-int(a.S), int(b.P)-int(b.S))
	return types.DecimalType(min(r+s, types.MaxPrecision), min(s, types.MaxPrecision))
}

// withString is the common type of a string and another type.
func withString(o types.Type, ansi bool) (types.Type, bool) {
	k := o.Kind
	if !ansi {
		if k.IsNested() || k == types.Bool || k == types.Binary {
			return types.Type{}, false
		}
		return types.StringType, true
	}
	switch {
	case k.IsInteger():
		return types.Int64Type, true
	case k.IsNumeric():
		return types.Float64Type, true
	case k.IsNested(), k.IsInterval():
		return types.Type{}, false
	}
	return o, true
}

// nested is the common type of arrays, maps or structs of one shape.
func nested(a, b types.Type, ansi bool) (types.Type, bool) {
	if a.Kind != b.Kind || !a.Kind.IsNested() || len(a.Children()) != len(b.Children()) {
		return types.Type{}, false
	}
	fields := make([]types.Field, len(a.Children()))
	for i, f := range a.Children() {
		g := b.Children()[i]
		t, ok := Common(f.Type, g.Type, ansi)
		if !ok {
			return types.Type{}, false
		}
		lossy := f.Type.Kind != types.Null && !CanUpCast(f.Type, t) || g.Type.Kind != types.Null && !CanUpCast(g.Type, t)
		null := f.Nullable || g.Nullable || lossy && !(a.Kind == types.Map && i == 0)
		fields[i] = types.Field{Name: f.Name, Type: t, Nullable: null}
	}
	return types.Type{Kind: a.Kind, Fields: &fields}, true
}

// CanUpCast reports whether every value of from fits to without loss, or is
// converted to text.
func CanUpCast(from, to types.Type) bool {
	f, t := from.Kind, to.Kind
	switch {
	case from.SameShape(to), f == types.Null:
		return true
	case t == types.String:
		return !f.IsNested() && f != types.Binary
	case t == types.Decimal:
		if f != types.Decimal && !f.IsInteger() {
			return false
		}
		d := DecimalFor(from)
		return to.S >= d.S && to.P-to.S >= d.P-d.S
	case f == types.Decimal:
		if t.IsFloat() {
			return true
		}
		// A decimal without fraction fits the integer type with more digits.
		return t.IsInteger() && from.S == 0 && int(from.P) < int(DecimalFor(to).P) && t != types.Int64 || t == types.Int64 && from.S == 0 && from.P < 19
	case f.IsNumeric() && t.IsNumeric():
		return f <= t
	case f == types.Date:
		return t == types.Timestamp || t == types.TimestampNTZ
	case f == types.Timestamp && t == types.TimestampNTZ, f == types.TimestampNTZ && t == types.Timestamp:
		return true
	case f == types.Time && t == types.Time:
		return to.P >= from.P
	case f == t && f.IsInterval():
		return to.P <= from.P && to.S >= from.S
	case f == t && f.IsNested() && len(from.Children()) == len(to.Children()):
		for i, c := range from.Children() {
			d := to.Children()[i]
			if c.Nullable && !d.Nullable || !CanUpCast(c.Type, d.Type) {
				return false
			}
		}
		return true
	}
	return false
}

// CanImplicit reports whether an argument of type from may stand where a
// function takes to, with a cast that the binder puts in.
func CanImplicit(from, to types.Type, ansi bool) bool {
	if CanUpCast(from, to) {
		return true
	}
	f, t := from.Kind, to.Kind
	if f.IsNested() || t.IsNested() {
		if f != t || len(from.Children()) != len(to.Children()) {
			return false
		}
		for i, c := range from.Children() {
			if !CanImplicit(c.Type, to.Children()[i].Type, ansi) {
				return false
			}
		}
		return true
	}
	switch {
	case f == types.String:
		return t != types.Interval && (ansi || !t.IsInterval() && t != types.Bool)
	case f == types.Time: // as far as TIME is a datetime: of the current day
		return t == types.Time || t == types.Timestamp || t == types.TimestampNTZ
	case f.IsNumeric() && t.IsNumeric(), f.IsDatetime() && t.IsDatetime(), f == types.Binary && t == types.String:
		return true
	case f == t && (f == types.YearMonth || f == types.DayTime):
		return true
	}
	return false
}

package cast

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Check returns the error of a cast that the types do not allow
// (DATATYPE_MISMATCH.CAST_…), or nil. text is the cast as messages show it.
func Check(from, to types.Type, mode expr.CastMode, text string) error {
	if Allowed(from, to, mode) {
		return nil
	}
	if text == "" {
		text = "CAST(… AS " + to.SQL() + ")"
	}
	if mode != expr.CastLegacy && Allowed(from, to, expr.CastLegacy) {
		if from.Kind.IsDatetime() && to.Kind.IsNumeric() || from.Kind.IsNumeric() && to.Kind.IsDatetime() {
			return sqlerr.New(sqlerr.CastWithFunc, "Cannot resolve \"%s\" due to data type mismatch: cannot cast \"%s\" to \"%s\". To convert values from \"%s\" to \"%s\", you can use the functions %s instead.",
				text, from.SQL(), to.SQL(), from.SQL(), to.SQL(), instead(from, to))
		}
		return sqlerr.New(sqlerr.CastWithConf, "Cannot resolve \"%s\" due to data type mismatch: cannot cast \"%s\" to \"%s\" with ANSI mode on. If you have to cast \"%s\" to \"%s\", you can set \"spark.sql.ansi.enabled\" as \"false\".",
			text, from.SQL(), to.SQL(), from.SQL(), to.SQL())
	}
	return sqlerr.New(sqlerr.CastWithoutSuggestion, "Cannot resolve \"%s\" due to data type mismatch: cannot cast \"%s\" to \"%s\".", text, from.SQL(), to.SQL())
}

func instead(from, to types.Type) string {
	switch {
	case from.Kind == types.Date:
		return "`UNIX_DATE`"
	case to.Kind == types.Date:
		return "`DATE_FROM_UNIX_DATE`"
	}
	return "`UNIX_SECONDS`/`UNIX_MILLIS`/`UNIX_MICROS`"
}

// Allowed reports whether values of type from can be cast to type to in mode.
func Allowed(from, to types.Type, mode expr.CastMode) bool {
	f, t := from.Kind, to.Kind
	if f == types.Null || from.SameShape(to) {
		return true
	}
	if t.IsNested() || f.IsNested() {
		return nestedAllowed(from, to, mode)
	}
	if t == types.String {
		return true
	}
	legacy := mode == expr.CastLegacy
	switch {
	case f == types.String:
		return true
	case t == types.Binary:
		return legacy && f.IsInteger()
	case f == types.Binary:
		return false
	case t == types.Bool:
		return f.IsNumeric() || legacy && f.IsDatetime() && f != types.TimestampNTZ
	case f == types.Bool:
		return t.IsNumeric() || legacy && t == types.Timestamp
	case f.IsNumeric() && t.IsNumeric():
		return true
	case f.IsDatetime() && t.IsDatetime():
		return true
	case f == types.Time:
		return t == types.Time || t.IsInteger() || t == types.Decimal || t == types.Timestamp || t == types.TimestampNTZ
	case t == types.Time:
		return f == types.Timestamp || f == types.TimestampNTZ
	case f.IsNumeric() && t == types.Timestamp:
		return true
	case f == types.Timestamp && t.IsNumeric():
		return true
	case f == types.Date && (t.IsNumeric() || t == types.Bool):
		return legacy
	case f == t && f.IsInterval():
		return true
	case (f.IsInteger() || f == types.Decimal) && (t == types.YearMonth || t == types.DayTime):
		return true
	case (f == types.YearMonth || f == types.DayTime) && (t.IsInteger() || t == types.Decimal):
		return true
	}
	return false
}

func nestedAllowed(from, to types.Type, mode expr.CastMode) bool {
	if to.Kind == types.String {
		return true
	}
	a, b := from.Children(), to.Children()
	if from.Kind != to.Kind || len(a) != len(b) {
		return false
	}
	for i := range a {
		if !Allowed(a[i].Type, b[i].Type, mode) {
			return false
		}
		if a[i].Nullable && !b[i].Nullable && !(from.Kind == types.Map && i == 0) {
			return false
		}
	}
	return true
}

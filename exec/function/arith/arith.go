// Package arith defines the arithmetic operators and their TRY forms: + - * /
// % div, unary signs, bit operators, abs, pmod, and arithmetic of dates,
// timestamps and intervals, with Spark's result types and errors.
package arith

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Defs lists the family.
func Defs() []function.Def {
	return slices.Concat(binaryDefs(), unaryDefs(), bitDefs(), concatDefs())
}

// mode says what happens where an operation has no result.
type mode uint8

const (
	ansi   mode = iota // an error
	try                // NULL
	legacy             // NULL, or wrapping integers
)

func modeOf(c *function.Call) mode {
	if c.ANSI {
		return ansi
	}
	return legacy
}

// numeric resolves the operands of a numeric operator: both types after
// coercion, equal but for decimals.
func numeric(c *function.Call) (l, r types.Type, err error) {
	l, r = c.Args[0].Type(), c.Args[1].Type()
	if l.Kind == types.Null && r.Kind == types.Null {
		return types.Float64Type, types.Float64Type, nil
	}
	if l.Kind == types.String && (r.Kind == types.String || r.Kind == types.Null) && c.ANSI {
		return l, r, wrongTypes(c, `"NUMERIC"`)
	}
	if l.Kind == types.String || r.Kind == types.String {
		l, r = numericString(l, r, c.ANSI), numericString(r, l, c.ANSI)
	}
	if l.Kind == types.Null {
		l = r
	}
	if r.Kind == types.Null {
		r = l
	}
	if !l.Kind.IsNumeric() || !r.Kind.IsNumeric() {
		return l, r, wrongTypes(c, `"NUMERIC"`)
	}
	if l.Kind == types.Decimal || r.Kind == types.Decimal {
		if l.Kind.IsFloat() || r.Kind.IsFloat() {
			return types.Float64Type, types.Float64Type, nil
		}
		return decimalOperand(c.Args[0], l), decimalOperand(c.Args[1], r), nil
	}
	t, _ := coerce.Common(l, r, c.ANSI)
	return t, t, nil
}

// numericString is the type a string operand is read as beside the type o.
func numericString(t, o types.Type, ansi bool) types.Type {
	switch {
	case t.Kind != types.String:
		return t
	case ansi && o.Kind.IsInteger():
		return types.Int64Type
	}
	return types.Float64Type
}

// decimalOperand is the decimal type of an integer beside a decimal. A literal
// counts only the digits it has.
func decimalOperand(e expr.Expr, t types.Type) types.Type {
	if t.Kind == types.Decimal {
		return t
	}
	if l, ok := e.(*expr.Literal); ok && l.Value != nil {
		digits := len(types.Int128From(l.Value.(int64)).String())
		if l.Value.(int64) < 0 {
			digits--
		}
		return types.DecimalType(digits, 0)
	}
	return coerce.DecimalFor(t)
}

// misplaced is the operand that should be a time: what a DAY TO SECOND interval
// is added to or taken from. Spark looks for no time beside a YEAR TO MONTH interval.
func misplaced(name string, l, r types.Type) (int, bool) {
	wrong := func(t types.Type) bool {
		return t.Kind.IsNumeric() || t.Kind == types.Bool || t.Kind == types.YearMonth
	}
	switch {
	case name != "+" && name != "-":
		return 0, false
	case r.Kind == types.DayTime && wrong(l):
		return 0, true
	case name == "+" && l.Kind == types.DayTime && wrong(r), l.Kind == types.Date && r.Kind == types.Bool:
		return 1, true
	}
	return 0, false
}

func wrongTypes(c *function.Call, want string) error {
	l, r := c.Args[0].Type(), c.Args[1].Type()
	text := function.CallText(c.Name, c.Args)
	if i, ok := misplaced(c.Name, l, r); ok {
		return build.WrongType(c, i, `("DATE" or "TIMESTAMP" or "TIMESTAMP_NTZ")`)
	}
	if _, ok := coerce.Common(l, r, c.ANSI); !ok || c.Name == "/" && l.Kind == types.Null && r.Kind.IsInterval() ||
		c.Name == "/" && l.Kind != r.Kind && l.Kind.IsDatetime() && r.Kind.IsDatetime() ||
		!c.ANSI && (l.Kind == types.String && isStamp(r) || isStamp(l) && r.Kind == types.String) ||
		!c.ANSI && (l.Kind == types.String && r.Kind.IsInterval() || l.Kind.IsInterval() && r.Kind == types.String) {
		return sqlerr.New(sqlerr.BinaryOpDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: the left and right operands of the binary operator have incompatible types (\"%s\" and \"%s\").", text, l.SQL(), r.SQL())
	}
	return sqlerr.New(sqlerr.BinaryOpWrongType, "Cannot resolve \"%s\" due to data type mismatch: the binary operator requires the input type %s, not \"%s\".", text, want, l.SQL())
}

// binary is the Resolve of an operator: numbers by num, else dates and intervals by other (may be nil).
func binary(m *mode, num func(m mode, l, r types.Type) (*function.Overload, error), other func(c *function.Call, m mode) (*function.Overload, error)) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 2, 2); err != nil {
			return nil, err
		}
		md := modeOf(c)
		if m != nil {
			md = *m
		}
		if other != nil {
			if o, err := other(c, md); o != nil || err != nil {
				return o, err
			}
		}
		l, r, err := numeric(c)
		if err != nil {
			return nil, err
		}
		o, err := num(md, l, r)
		if err != nil {
			return nil, err
		}
		o.Params = []types.Type{l, r}
		return o, nil
	}
}

var tryMode = try

func overflow(what, hint string) error {
	s := "Use '" + hint + "' to tolerate overflow and return NULL instead. "
	if hint == "" {
		s = ""
	}
	return sqlerr.New(sqlerr.ArithmeticOverflow, "%s. %sIf necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.", what, s)
}

func divideByZero() error {
	return sqlerr.New(sqlerr.DivideByZero, "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.")
}

func remainderByZero() error {
	return sqlerr.New(sqlerr.RemainderByZero, "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.")
}

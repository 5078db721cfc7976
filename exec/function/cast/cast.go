// Package cast converts values between SQL types as Spark's CAST does: ANSI
// (errors), TRY (NULL) and legacy (NULL or wrapping). It also holds the text
// forms of values: [Text], what a cast to STRING gives, and [Format], what
// result printing shows.
//
//	Kernel      conversion loop for two types, used by exec/eval
//	Check       whether two types can be converted at all, used by the binder
//	Text        one value as CAST(… AS STRING) shows it
//	Format      one value as Spark's Hive-compatible result printing shows it
//
// Which casts are put in implicitly is decided by exec/function/coerce.
package cast

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// conv is a conversion under way: its types and mode.
type conv struct {
	from, to types.Type
	mode     expr.CastMode
}

// Kernel returns the loop that converts values of type from to type to. NULLs
// are handled by the caller; with TRY and legacy modes the loop makes NULLs.
func Kernel(from, to types.Type, mode expr.CastMode) (function.Kernel, error) {
	if err := Check(from, to, mode, ""); err != nil {
		return nil, err
	}
	c := conv{from, to, mode}
	m := c.maker()
	if m == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "there is no cast from %s to %s", from, to)
	}
	return m(&expr.Call{Func: "cast", Args: []expr.Expr{expr.NullOf(from)}, T: to})
}

// maker finds the conversion by the target's kind.
func (c conv) maker() build.Maker {
	switch {
	case c.from.Kind == types.Null:
		return build.Rows(func(*build.Context, []*vec.Vec, int, *vec.Vec) error { return build.Null })
	case c.from.SameShape(c.to) || sameData(c.from, c.to):
		return build.Rows(copyRow)
	}
	switch k := c.to.Kind; {
	case k == types.String:
		return c.toText()
	case k == types.Bool:
		return c.toBool()
	case k.IsInteger():
		return c.toInteger()
	case k.IsFloat():
		return c.toFloat()
	case k == types.Decimal:
		return c.toDecimal()
	case k.IsDatetime():
		return c.toDatetime()
	case k == types.Time:
		return c.toTime()
	case k.IsInterval():
		return c.toInterval()
	case k == types.Binary:
		return c.toBinary()
	case k.IsNested():
		return c.toNested()
	}
	return nil
}

// sameData reports whether values of the types have one representation.
func sameData(a, b types.Type) bool {
	if a.Kind == types.Binary && b.Kind == types.String || a.Kind == types.String && b.Kind == types.Binary {
		return true
	}
	return a.Kind == b.Kind && a.Kind == types.YearMonth && b.S == types.FieldMonth || a.Kind == b.Kind && a.Kind == types.DayTime && b.S == types.FieldSecond
}

func copyRow(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	copyValue(out, row, args[0], row)
	return nil
}

// bad is err for ANSI casts, NULL for the others.
func (c conv) bad(err func() error) error {
	if c.mode == expr.CastANSI {
		return err()
	}
	return build.Null
}

// invalid is the failure of a value that is not of the target's form.
func (c conv) invalid(value string) error {
	return c.bad(func() error {
		return sqlerr.New(sqlerr.CastInvalidInput, "The value %s of the type \"%s\" cannot be cast to \"%s\" because it is malformed. "+
			"Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead.",
			value, c.from.SQL(), c.to.SQL())
	})
}

// overflow is the failure of a value that the target cannot hold.
func (c conv) overflow(value string) error {
	return c.bad(func() error { return c.tooBig(value) })
}

func (c conv) tooBig(value string) error {
	return sqlerr.New(sqlerr.CastOverflow, "The value %s of the type \"%s\" cannot be cast to \"%s\" due to an overflow. Use `try_cast` to tolerate overflow and return NULL instead.",
		value, c.from.SQL(), c.to.SQL())
}

// outOfRange is the failure of a number that a decimal type cannot hold.
func (c conv) outOfRange(value string) error {
	return c.bad(func() error { return OutOfRange(value, c.to) })
}

// OutOfRange is the error of a number that does not fit the decimal type t.
func OutOfRange(value string, t types.Type) error {
	return sqlerr.New(sqlerr.NumericOutOfRangeSuggest, "%s cannot be represented as Decimal(%d, %d). If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error, and return NULL instead.",
		value, t.P, t.S)
}

func quote(s string) string { return "'" + s + "'" }

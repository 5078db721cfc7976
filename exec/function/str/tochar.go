package str

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func toChars() []function.Def {
	const format = " The format has 9 and 0 for digits (0 keeps leading zeros), , or G for thousands separators, . or D for the point, $ for a currency sign, S or MI for a sign and PR for angle brackets round negative numbers."
	return []function.Def{
		also(def("to_char", "expr, format", "Returns a number as text by a number format, a date, time or timestamp by a datetime pattern, or bytes as base64, hex or utf-8 text."+format, toChar,
			ex("SELECT to_char(454, '999')", "454"), ex("SELECT to_char(-12454.8, '99G999D9S')", "12,454.8-"),
			ex("SELECT to_char(date'2016-04-08', 'y')", "2016"), ex("SELECT to_char(x'537061726b2053514c', 'utf-8')", "Spark SQL")), "to_varchar"),
		def("to_number", "expr, format", "Returns the number in a text as a decimal, by a number format."+format, toNumber(false),
			ex("SELECT to_number('12,454.8-', '99,999.9S')", "-12454.8"), ex("SELECT to_number('$78.12', '$99.99')", "78.12")),
		def("try_to_number", "expr, format", "As to_number, but NULL for a text that does not match the format.", toNumber(true), ex("SELECT try_to_number('1234', '999')", "NULL")),
	}
}

// numFormatArg compiles the format of a call, which must be constant; nil for NULL.
func numFormatArg(c *function.Call) (*numFormat, error) {
	l, err := c.Constant(1)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, build.NonFoldable(c, 1, "format", `"STRING"`)
	}
	if l.Value == nil {
		return nil, nil
	}
	text, ok := l.Value.(string)
	if !ok {
		if text, ok = function.Text(l), !l.T.Kind.IsNested() && l.T.Kind != types.Binary; !ok {
			return nil, build.WrongType(c, 1, `"STRING"`)
		}
	}
	return compileNumFormat(text)
}

// null is an overload whose result is always NULL.
func null(c *function.Call, t types.Type) *function.Overload {
	return &function.Overload{Params: c.Types(), Result: t, Nulls: function.NullOut, Rewrite: func([]expr.Expr) (expr.Expr, error) { return expr.NullOf(t), nil }}
}

func toNumber(try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 2, 2); err != nil {
			return nil, err
		}
		f, err := numFormatArg(c)
		if err != nil {
			return nil, err
		}
		if f == nil {
			return null(c, types.DecimalType(types.MaxPrecision, 0)), nil
		}
		t := f.decimal()
		read := func(_ *build.Context, text, _ string) (types.Int128, error) {
			v, ok := f.parse(text)
			if !ok {
				if try {
					return v, build.Null
				}
				return v, sqlerr.New(sqlerr.FormatMismatch, "The format is invalid: %s. The input \"STRING\" %s does not match the format.", f.text, text)
			}
			return v, nil
		}
		if t.Storage() == types.StoreInt128 {
			return build.Func(build.Fixed(t, s, s), build.BinaryE(read), build.NullOut)(c)
		}
		return build.Func(build.Fixed(t, s, s), build.BinaryE(func(x *build.Context, text, format string) (int64, error) {
			v, err := read(x, text, format)
			return v.Int64(), err
		}), build.NullOut)(c)
	}
}

// numberToChar writes numbers, as decimals.
func numberToChar(c *function.Call) (*function.Overload, error) {
	t := c.Args[0].Type()
	if !t.Kind.IsNumeric() && t.Kind != types.String && t.Kind != types.Null {
		return nil, build.WrongType(c, 0, `"DECIMAL"`)
	}
	f, err := numFormatArg(c)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return null(c, s), nil
	}
	in := coerce.DecimalFor(t)
	return build.Func(build.Fixed(s, in, s), func(*expr.Call) (function.Kernel, error) {
		var buf []byte
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			v, at := args[0].Base(), args[0].Index(row)
			var n types.Int128
			if in.Storage() == types.StoreInt64 {
				n = types.Int128From(vec.Data[int64](v)[at])
			} else {
				n = vec.Data[types.Int128](v)[at]
			}
			buf = f.append(buf[:0], n, int(in.S))
			vec.Data[string](out)[row] = string(buf)
			return x.Make(c.Name, int64(len(buf)))
		}), nil
	})(c)
}

// toChar is written in terms of the functions that convert one kind of value.
func toChar(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	rewrite := func(f func(args []expr.Expr) expr.Expr) (*function.Overload, error) {
		return &function.Overload{Params: c.Types(), Result: s, Nulls: function.NullOut, Rewrite: func(args []expr.Expr) (expr.Expr, error) { return f(args), nil }}, nil
	}
	call := func(name string, args ...expr.Expr) expr.Expr {
		return &expr.Call{Func: name, Args: args, T: s, Null: true, Pos: sqlerr.NoPos}
	}
	switch {
	case t.Kind.IsDatetime(), t.Kind == types.Time:
		if k := c.Args[1].Type().Kind; k != types.String && k != types.Null {
			return nil, build.WrongType(c, 1, `"STRING"`)
		}
		return rewrite(func(args []expr.Expr) expr.Expr {
			x, f := args[0], args[1]
			if t.Kind == types.Date {
				x = &expr.Cast{Arg: x, To: types.TimestampType, Implicit: true, Pos: sqlerr.NoPos}
			}
			if f.Type().Kind == types.Null {
				f = expr.NullOf(s)
			}
			return call("date_format", x, f)
		})
	case t.Kind == types.Binary:
		l, ok := c.Args[1].(*expr.Literal)
		format := ""
		if ok {
			format, _ = l.Value.(string)
		}
		switch strings.ToLower(format) {
		case "base64":
			return rewrite(func(args []expr.Expr) expr.Expr { return call("base64", args[0]) })
		case "hex":
			return rewrite(func(args []expr.Expr) expr.Expr { return call("hex", args[0]) })
		case "utf-8":
			return rewrite(func(args []expr.Expr) expr.Expr {
				return call("decode", args[0], &expr.Literal{Value: "UTF-8", T: s})
			})
		}
		return nil, sqlerr.New(sqlerr.BinaryFormat, "The value of parameter(s) `format` in `%s` is invalid: expects one of binary formats 'base64', 'hex', 'utf-8', but got '%s'.", c.Name, format)
	}
	return numberToChar(c)
}

package str

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func toChars() []function.Def {
	return []function.Def{
		also(def("to_char", "expr, format", "Returns a date or timestamp as text by a datetime pattern, or bytes as base64, hex or utf-8 text.", toChar,
			ex("SELECT to_char(date'2016-04-08', 'y')", "2016"), ex("SELECT to_char(x'537061726b2053514c', 'utf-8')", "Spark SQL")), "to_varchar"),
	}
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
	return nil, sqlerr.New(sqlerr.Unsupported, "The function `%s` does not take values of type \"%s\".", c.Name, t.SQL()).WithHint("Use format_number or format_string for numbers.")
}

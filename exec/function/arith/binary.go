package arith

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func copyRow(out *vec.Vec, row int, src *vec.Vec) { kernel.CopyRow(out, row, src, row) }

func binaryDefs() []function.Def {
	return []function.Def{
		{
			Name: "+", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the sum of two numbers or intervals, or a date or timestamp moved by an interval or a number of days.",
			Examples: ex("SELECT 1 + 2", "3"),
			Resolve:  orUnary("positive", binary(nil, basic(kernel.Add), addTimes)),
		},
		{
			Name: "-", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the difference of two numbers, intervals, dates or timestamps, or a date or timestamp moved back.",
			Examples: ex("SELECT 2 - 1", "1"),
			Resolve:  orUnary("negative", binary(nil, basic(kernel.Sub), subTimes)),
		},
		{
			Name: "*", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the product of two numbers, or of an interval and a number.",
			Examples: ex("SELECT 2 * 3", "6"),
			Resolve:  binary(nil, basic(kernel.Mul), mulTimes),
		},
		{
			Name: "/", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the quotient: of decimals a decimal, of other numbers a double, of an interval and a number an interval.",
			Examples: ex("SELECT 3 / 2", "1.5"),
			Resolve:  binary(nil, divide, divTimes(doubles)),
		},
		{
			Name: "%", Aliases: []string{"mod"}, Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the remainder of expr1 / expr2, with the sign of expr1.",
			Examples: ex("SELECT 2 % 1.8", "0.2"),
			Resolve:  binary(nil, remainder(false), nil),
		},
		{
			Name: "pmod", Family: "math", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the remainder of expr1 / expr2 that is not negative for a positive expr2.",
			Examples: ex("SELECT pmod(-10, 3)", "2"),
			Resolve:  binary(nil, remainder(true), nil),
		},
		{
			Name: "div", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns the quotient without its fraction, as a bigint.",
			Examples: ex("SELECT 3 div 2", "1"),
			Resolve:  binary(nil, integral, divTimes(longs)),
		},
		{
			Name: "try_add", Family: "math", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the sum, or NULL on overflow.", Examples: ex("SELECT try_add(2147483647, 1)", "NULL"),
			Resolve: binary(&tryMode, basic(kernel.Add), addTimes),
		},
		{
			Name: "try_subtract", Family: "math", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the difference, or NULL on overflow.", Examples: ex("SELECT try_subtract(-2147483648, 1)", "NULL"),
			Resolve: binary(&tryMode, basic(kernel.Sub), subTimes),
		},
		{
			Name: "try_multiply", Family: "math", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the product, or NULL on overflow.", Examples: ex("SELECT try_multiply(2147483647, 2)", "NULL"),
			Resolve: binary(&tryMode, basic(kernel.Mul), mulTimes),
		},
		{
			Name: "try_divide", Family: "math", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the quotient, or NULL where expr2 is 0.", Examples: ex("SELECT try_divide(1, 0)", "NULL"),
			Resolve: binary(&tryMode, divide, divTimes(doubles)),
		},
		{
			Name: "try_mod", Family: "math", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the remainder, or NULL where expr2 is 0.", Examples: ex("SELECT try_mod(1, 0)", "NULL"),
			Resolve: binary(&tryMode, remainder(false), nil),
		},
	}
}

// orUnary lets + and - of one operand be written too.
func orUnary(name string, r build.Resolver) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) != 1 {
			return r(c)
		}
		for _, d := range unaryDefs() {
			if d.Name == name {
				return d.Resolve(c)
			}
		}
		return nil, build.Arity(c, 2, 2)
	}
}

// doubles and longs are the types division wants of operands that are no decimals.
func doubles(c *function.Call) (types.Type, bool) { return noDecimals(c, types.Float64Type) }
func longs(c *function.Call) (types.Type, bool)   { return noDecimals(c, types.Int64Type) }

func noDecimals(c *function.Call, t types.Type) (types.Type, bool) {
	l, r, err := numeric(c)
	if err != nil || l.Kind == types.Decimal {
		return t, false
	}
	if t.Kind == types.Int64 && (l.Kind.IsFloat() || r.Kind.IsFloat()) {
		return t, false
	}
	return t, true
}

// bits resolves the bit operators: two integers of a common type.
func bits(f func(a, b int64) int64) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 2, 2); err != nil {
			return nil, err
		}
		l, r := c.Args[0].Type(), c.Args[1].Type()
		if l.Kind == types.String && c.ANSI {
			l = types.Int64Type
		}
		if r.Kind == types.String && c.ANSI {
			r = types.Int64Type
		}
		t, ok := coerce.Common(l, r, c.ANSI)
		if t.Kind == types.Null {
			t = types.Int32Type
		}
		if !ok || !t.Kind.IsInteger() {
			return nil, wrongTypes(c, `"INTEGRAL"`)
		}
		return &function.Overload{Params: []types.Type{t, t}, Result: t, Kernel: build.ByResult(map[types.Storage]build.Maker{
			types.StoreInt8:  build.Binary(func(a, b int8) int8 { return int8(f(int64(a), int64(b))) }),
			types.StoreInt16: build.Binary(func(a, b int16) int16 { return int16(f(int64(a), int64(b))) }),
			types.StoreInt32: build.Binary(func(a, b int32) int32 { return int32(f(int64(a), int64(b))) }),
			types.StoreInt64: build.Binary(f),
		})}, nil
	}
}

func bitDefs() []function.Def {
	return []function.Def{
		{
			Name: "&", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the bitwise AND.", Examples: ex("SELECT 3 & 5", "1"),
			Resolve: bits(func(a, b int64) int64 { return a & b }),
		},
		{
			Name: "|", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the bitwise OR.", Examples: ex("SELECT 3 | 5", "7"),
			Resolve: bits(func(a, b int64) int64 { return a | b }),
		},
		{
			Name: "^", Family: "operator", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns the bitwise exclusive OR.", Examples: ex("SELECT 3 ^ 5", "6"),
			Resolve: bits(func(a, b int64) int64 { return a ^ b }),
		},
		{
			Name: "~", Family: "operator", Args: "expr", Since: "0.1",
			Doc: "Returns the bitwise complement.", Examples: ex("SELECT ~ 0", "-1"),
			Resolve: build.Func(build.Result(build.Arg(0), 1, build.AnyInteger), build.ByResult(map[types.Storage]build.Maker{
				types.StoreInt8:  build.Unary(func(a int8) int8 { return ^a }),
				types.StoreInt16: build.Unary(func(a int16) int16 { return ^a }),
				types.StoreInt32: build.Unary(func(a int32) int32 { return ^a }),
				types.StoreInt64: build.Unary(func(a int64) int64 { return ^a }),
			})),
		},
	}
}

func concatDefs() []function.Def {
	return []function.Def{{
		Name: "||", Aliases: []string{"concat"}, Family: "string", Args: "expr1, expr2[, …]", Since: "0.1",
		Doc:      "Returns the strings, binaries or arrays joined one after the other.",
		Examples: ex("SELECT 'Spark' || 'SQL'", "SparkSQL"),
		Resolve:  concat,
	}}
}

func concat(c *function.Call) (*function.Overload, error) {
	arrays, binaries := 0, 0
	for _, t := range c.Types() {
		switch t.Kind {
		case types.Array:
			arrays++
		case types.Binary:
			binaries++
		}
	}
	params := make([]types.Type, len(c.Args))
	t, k := types.StringType, concatText
	switch {
	case arrays > 0:
		for _, at := range c.Types() {
			if at.Kind == types.Null {
				return nil, build.DiffTypes(c)
			}
		}
		var ok bool
		if t, ok = coerce.CommonAll(c.Types(), c.ANSI); !ok {
			return nil, build.DiffTypes(c)
		}
		k = concatArrays
	case binaries > 0 && binaries == len(c.Args):
		t = types.BinaryType
	default:
		for i, a := range c.Args {
			if at := a.Type(); at.Kind.IsNested() {
				return nil, build.WrongType(c, i, `("STRING" or "BINARY" or "ARRAY")`)
			}
		}
	}
	for i := range params {
		params[i] = t
	}
	return &function.Overload{Params: params, Result: t, Kernel: k}, nil
}

// concatText builds all results of a batch in one piece of memory.
func concatText(call *expr.Call) (function.Kernel, error) {
	views := make([]build.View[string], len(call.Args))
	return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		for k, a := range args {
			views[k] = build.ViewOf[string](a)
		}
		size := 0
		for _, i := range sel {
			for k := range views {
				size += len(views[k].At(int(i)))
			}
		}
		if err := c.Make("concat", int64(size)); err != nil {
			return err
		}
		var b strings.Builder
		b.Grow(size)
		o := vec.Data[string](out)
		for _, i := range sel {
			lo := b.Len()
			for k := range views {
				b.WriteString(views[k].At(int(i)))
			}
			o[i] = b.String()[lo:]
		}
		return nil
	}, nil
}

var concatArrays = build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	kid := out.Kids[0]
	off := kid.Len()
	for _, a := range args {
		lo, hi := build.Elements(a, row)
		kernel.Append(kid, a.Base().Kids[0], lo, hi-lo)
	}
	vec.Data[vec.List](out)[row] = vec.List{Off: int32(off), Len: int32(kid.Len() - off)}
	return nil
})

// swapped runs a kernel of two arguments with them exchanged.
func swapped(k build.Maker) build.Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		turned := *call
		turned.Args = []expr.Expr{call.Args[1], call.Args[0]}
		inner, err := k(&turned)
		if err != nil {
			return nil, err
		}
		args := make([]*vec.Vec, 2)
		return func(c *build.Context, a []*vec.Vec, sel []uint16, out *vec.Vec) error {
			args[0], args[1] = a[1], a[0]
			return inner(c, args, sel, out)
		}, nil
	}
}

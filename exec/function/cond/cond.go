// Package cond defines the conditional functions: coalesce and its kin, if,
// nullif, greatest, least, tests for NULL and NaN, assert_true and raise_error.
// Most are rewritten to CASE, so that arguments are evaluated only where they count.
package cond

import (
	"math"
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func ex(sql, want string) []function.Example { return []function.Example{{SQL: sql, Want: want}} }

// Defs lists the family.
func Defs() []function.Def { return slices.Concat(choiceDefs(), testDefs(), errorDefs()) }

func choiceDefs() []function.Def {
	return []function.Def{
		{
			Name: "coalesce", Family: "conditional", Args: "expr1, expr2[, …]", Since: "0.1",
			Doc:      "Returns the first argument that is not NULL; later ones are not evaluated.",
			Examples: ex("SELECT coalesce(NULL, 1, NULL)", "1"),
			Resolve:  coalesce,
		},
		{
			Name: "nvl", Aliases: []string{"ifnull"}, Family: "conditional", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns expr2 if expr1 is NULL, else expr1.",
			Examples: ex("SELECT nvl(NULL, 2)", "2"),
			Resolve: rewrite(2, func(c *function.Call) (expr.Expr, error) {
				return coalesceOf(c, c.Args...)
			}),
		},
		{
			Name: "nvl2", Family: "conditional", Args: "expr1, expr2, expr3", Since: "0.1",
			Doc:      "Returns expr2 if expr1 is not NULL, else expr3.",
			Examples: ex("SELECT nvl2(NULL, 2, 1)", "1"),
			Resolve: rewrite(3, func(c *function.Call) (expr.Expr, error) {
				return choose(c, &expr.Not{Arg: &expr.IsNull{Arg: c.Args[0]}}, c.Args[1], c.Args[2])
			}),
		},
		{
			Name: "if", Aliases: []string{"iff"}, Family: "conditional", Args: "condition, expr1, expr2", Since: "0.1",
			Doc:      "Returns expr1 if the condition is true, else expr2.",
			Examples: ex("SELECT if(1 < 2, 'a', 'b')", "a"),
			Resolve: rewrite(3, func(c *function.Call) (expr.Expr, error) {
				t, ok := build.Param(c.Args[0].Type(), types.BoolType, c.ANSI)
				if !ok {
					return nil, build.WrongType(c, 0, `"BOOLEAN"`)
				}
				return choose(c, To(c, c.Args[0], t), c.Args[1], c.Args[2])
			}),
		},
		{
			Name: "nullif", Family: "conditional", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns NULL if expr1 equals expr2, else expr1.",
			Examples: ex("SELECT nullif(2, 2)", "NULL"),
			Resolve: rewrite(2, func(c *function.Call) (expr.Expr, error) {
				return nullIf(c, c.Args[0], c.Args[1])
			}),
		},
		{
			Name: "nullifzero", Family: "conditional", Args: "expr", Since: "0.1",
			Doc:      "Returns NULL if the number is 0, else the number.",
			Examples: ex("SELECT nullifzero(0)", "NULL"),
			Resolve: rewrite(1, func(c *function.Call) (expr.Expr, error) {
				return nullIf(c, c.Args[0], &expr.Literal{Value: int64(0), T: types.Int32Type})
			}),
		},
		{
			Name: "zeroifnull", Family: "conditional", Args: "expr", Since: "0.1",
			Doc:      "Returns 0 if the number is NULL, else the number.",
			Examples: ex("SELECT zeroifnull(NULL)", "0"),
			Resolve: rewrite(1, func(c *function.Call) (expr.Expr, error) {
				return coalesceOf(c, c.Args[0], &expr.Literal{Value: int64(0), T: types.Int32Type})
			}),
		},
		{
			Name: "nanvl", Family: "conditional", Args: "expr1, expr2", Since: "0.1",
			Doc:      "Returns expr2 if expr1 is NaN, else expr1.",
			Examples: ex("SELECT nanvl(CAST('NaN' AS DOUBLE), 123)", "123.0"),
			Resolve:  nanvl,
		},
		{
			Name: "greatest", Family: "conditional", Args: "expr1, expr2[, …]", Since: "0.1",
			Doc:      "Returns the greatest of the arguments that are not NULL.",
			Examples: ex("SELECT greatest(10, 9, 2, 4, 3)", "10"),
			Resolve:  extreme(1),
		},
		{
			Name: "least", Family: "conditional", Args: "expr1, expr2[, …]", Since: "0.1",
			Doc:      "Returns the least of the arguments that are not NULL.",
			Examples: ex("SELECT least(10, 9, 2, 4, 3)", "2"),
			Resolve:  extreme(-1),
		},
	}
}

// rewrite resolves a function of n arguments to another expression.
func rewrite(n int, f func(c *function.Call) (expr.Expr, error)) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, n, n); err != nil {
			return nil, err
		}
		e, err := f(c)
		if err != nil {
			return nil, err
		}
		call := *c
		return &function.Overload{Result: e.Type(), Rewrite: func(args []expr.Expr) (expr.Expr, error) {
			call.Args = args
			return f(&call)
		}}, nil
	}
}

// To casts e to t implicitly, if it is not of that type.
func To(c *function.Call, e expr.Expr, t types.Type) expr.Expr {
	if e.Type().SameShape(t) {
		return e
	}
	if l, ok := e.(*expr.Literal); ok && l.Value == nil {
		return expr.NullOf(t)
	}
	mode := expr.CastANSI
	if !c.ANSI {
		mode = expr.CastLegacy
	}
	return &expr.Cast{Arg: e, To: t, Mode: mode, Implicit: true, Pos: sqlerr.NoPos}
}

// common casts all of es to their common type.
func common(c *function.Call, es ...expr.Expr) ([]expr.Expr, types.Type, error) {
	ts := make([]types.Type, len(es))
	for i, e := range es {
		ts[i] = e.Type()
	}
	t, ok := coerce.CommonAll(ts, c.ANSI)
	if !ok {
		return nil, t, build.DiffTypes(c)
	}
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		out[i] = To(c, e, t)
	}
	return out, t, nil
}

func choose(c *function.Call, cond, a, b expr.Expr) (expr.Expr, error) {
	arms, t, err := common(c, a, b)
	if err != nil {
		return nil, err
	}
	return &expr.Case{Whens: []expr.When{{Cond: cond, Then: arms[0]}}, Else: arms[1], T: t}, nil
}

func nullIf(c *function.Call, a, b expr.Expr) (expr.Expr, error) {
	t, ok := coerce.Comparison(a.Type(), b.Type(), c.ANSI)
	if !ok {
		return nil, build.DiffTypes(c)
	}
	return &expr.Case{
		Whens: []expr.When{{Cond: &expr.Compare{Op: expr.Eq, Left: To(c, a, t), Right: To(c, b, t)}, Then: expr.NullOf(a.Type())}},
		Else:  a, T: a.Type(),
	}, nil
}

func coalesceOf(c *function.Call, es ...expr.Expr) (expr.Expr, error) {
	args, t, err := common(c, es...)
	if err != nil {
		return nil, err
	}
	null := true
	for _, a := range args {
		null = null && a.Nullable()
	}
	return &expr.Call{Func: "coalesce", Args: args, T: t, Null: null, Pos: sqlerr.NoPos}, nil
}

// coalesce is known to the evaluator, which evaluates its arguments one by
// one; the kernel here serves those who have them all.
func coalesce(c *function.Call) (*function.Overload, error) {
	params, t, err := build.Common(nil, 1, -1)(c)
	if err != nil {
		return nil, err
	}
	o := &function.Overload{Params: params, Result: t, Nulls: function.NullOwn}
	for _, a := range c.Args {
		o.NotNull = o.NotNull || !a.Nullable()
	}
	o.Kernel = build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		for _, a := range args {
			if !a.Null(row) {
				kernel.CopyRow(out, row, a, row)
				return nil
			}
		}
		return build.Null
	})
	return o, nil
}

// extreme is greatest (sign 1) or least (-1).
func extreme(sign int) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		params, t, err := build.Common(nil, 2, -1)(c)
		if err != nil {
			return nil, err
		}
		if !Orderable(t) {
			return nil, sqlerr.New(sqlerr.InvalidOrderingType, "Cannot resolve \"%s\" due to data type mismatch: The `%s` does not support ordering on type \"%s\".",
				function.CallText(c.Name, c.Args), c.Name, t.SQL())
		}
		o := &function.Overload{Params: params, Result: t, Nulls: function.NullOwn}
		for _, a := range c.Args {
			o.NotNull = o.NotNull || !a.Nullable()
		}
		o.Kernel = func(*expr.Call) (function.Kernel, error) {
			return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				n := len(args)
				orders := make([]func(i, j int) int, n*n)
				for a := range n {
					for b := a + 1; b < n; b++ {
						orders[a*n+b] = kernel.Orders(args[a], args[b])
					}
				}
				for _, i := range sel {
					best := -1
					for k, a := range args {
						if !a.Null(int(i)) && (best < 0 || orders[best*n+k](int(i), int(i))*sign < 0) {
							best = k
						}
					}
					if best < 0 {
						out.SetNull(int(i))
						continue
					}
					kernel.CopyRow(out, int(i), args[best], int(i))
				}
				return nil
			}, nil
		}
		return o, nil
	}
}

// Orderable reports whether values of t can be sorted.
func Orderable(t types.Type) bool {
	if t.Kind == types.Map || t.Kind == types.Interval {
		return false
	}
	for _, f := range t.Children() {
		if !Orderable(f.Type) {
			return false
		}
	}
	return true
}

// nanvl is CASE WHEN expr1 = NaN THEN expr2 ELSE expr1 END: expr2 counts only
// in the rows that need it.
func nanvl(c *function.Call) (*function.Overload, error) {
	o, err := build.First(
		build.Func(build.Fixed(types.Float64Type, types.Float64Type, types.Float64Type), nil),
		build.Func(build.Fixed(types.Float32Type, types.Float32Type, types.Float32Type), nil),
	)(c)
	if err != nil {
		return nil, err
	}
	t := o.Result
	return &function.Overload{Params: o.Params, Result: t, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
		nan := &expr.Literal{Value: math.NaN(), T: t}
		return &expr.Case{Whens: []expr.When{{Cond: &expr.Compare{Op: expr.Eq, Left: args[0], Right: nan}, Then: args[1]}}, Else: args[0], T: t}, nil
	}}, nil
}

func testDefs() []function.Def {
	return []function.Def{
		{
			Name: "isnull", Family: "predicate", Args: "expr", Since: "0.1",
			Doc: "Returns whether expr is NULL.", Examples: ex("SELECT isnull(1)", "false"),
			Resolve: rewrite(1, func(c *function.Call) (expr.Expr, error) { return &expr.IsNull{Arg: c.Args[0]}, nil }),
		},
		{
			Name: "isnotnull", Family: "predicate", Args: "expr", Since: "0.1",
			Doc: "Returns whether expr is not NULL.", Examples: ex("SELECT isnotnull(1)", "true"),
			Resolve: rewrite(1, func(c *function.Call) (expr.Expr, error) {
				return &expr.Not{Arg: &expr.IsNull{Arg: c.Args[0]}}, nil
			}),
		},
		{
			Name: "equal_null", Family: "predicate", Args: "expr1, expr2", Since: "0.1",
			Doc: "Returns whether the arguments are equal or both NULL; expr1 <=> expr2 is the same.", Examples: ex("SELECT equal_null(NULL, NULL)", "true"),
			Resolve: rewrite(2, func(c *function.Call) (expr.Expr, error) {
				t, ok := coerce.Comparison(c.Args[0].Type(), c.Args[1].Type(), c.ANSI)
				if !ok {
					return nil, build.DiffTypes(c)
				}
				return &expr.Compare{Op: expr.NullSafeEq, Left: To(c, c.Args[0], t), Right: To(c, c.Args[1], t)}, nil
			}),
		},
		{
			Name: "isnan", Family: "predicate", Args: "expr", Since: "0.1",
			Doc: "Returns whether the number is NaN; false for NULL.", Examples: ex("SELECT isnan(CAST('NaN' AS DOUBLE))", "true"),
			Resolve: build.Func(build.Fixed(types.BoolType, types.Float64Type), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				v := build.ViewOf[float64](args[0])
				vec.Data[bool](out)[row] = !args[0].Null(row) && math.IsNaN(v.At(row))
				return nil
			}), build.NullOwn, build.NotNull),
		},
	}
}

func errorDefs() []function.Def {
	return []function.Def{
		{
			Name: "assert_true", Family: "conditional", Args: "expr[, message]", Since: "0.1", Volatility: function.Volatile,
			Doc: "Raises an error if expr is not true, else returns NULL.", Examples: ex("SELECT assert_true(0 < 1)", "NULL"),
			Resolve: build.Func(build.Optional(types.NullType, 1, types.BoolType, types.StringType), build.Rows(assertTrue), build.NullOwn),
		},
		{
			Name: "raise_error", Family: "conditional", Args: "message", Since: "0.1", Volatility: function.Volatile,
			Doc: "Raises an error with the message.", Examples: ex("SELECT if(true, 1, raise_error('no'))", "1"),
			Resolve: build.Func(build.Fixed(types.NullType, types.StringType), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, _ *vec.Vec) error {
				return raised(args[0], row)
			}), build.NullOwn),
		},
	}
}

func assertTrue(_ *build.Context, args []*vec.Vec, row int, _ *vec.Vec) error {
	v := build.ViewOf[bool](args[0])
	if !args[0].Null(row) && v.At(row) {
		return nil
	}
	if len(args) > 1 {
		return raised(args[1], row)
	}
	return sqlerr.New(sqlerr.UserRaised, "'condition' is not true!")
}

func raised(msg *vec.Vec, row int) error {
	if msg.Null(row) {
		return sqlerr.New(sqlerr.UserRaised, "null")
	}
	v := build.ViewOf[string](msg)
	return sqlerr.New(sqlerr.UserRaised, "%s", v.At(row))
}

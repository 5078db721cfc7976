package build

import (
	"fmt"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Signature says for the arguments of a call which types they must be cast to
// (one an argument) and what the result is, or why the call is wrong.
type Signature func(c *function.Call) (params []types.Type, result types.Type, err error)

// Parameters that take more than one type. They stand only in signatures.
var (
	Any         = types.Type{Kind: 255} // any type, as it is; a bare NULL stays void
	AnyNumeric  = types.Type{Kind: 254} // a numeric type as it is; strings become double
	AnyInteger  = types.Type{Kind: 253} // an integer type as it is; strings become bigint
	AnyText     = types.Type{Kind: 252} // string or binary as it is; others become string
	AnyArray    = types.Type{Kind: 251}
	AnyMap      = types.Type{Kind: 250}
	AnyStruct   = types.Type{Kind: 249}
	AnyDatetime = types.Type{Kind: 248} // date or timestamp as it is; strings become timestamp
	AnyLambda   = types.Type{Kind: 247} // a lambda: its place in Params is the zero Type
)

// Fixed is a signature of exactly these parameters.
func Fixed(result types.Type, params ...types.Type) Signature {
	return Optional(result, len(params), params...)
}

// Optional is a signature whose parameters from the least-th on may be left out.
func Optional(result types.Type, least int, params ...types.Type) Signature {
	return Result(func([]types.Type) (types.Type, error) { return result, nil }, least, params...)
}

// Result is Optional with a result type computed from the arguments' types
// after coercion.
func Result(result func(args []types.Type) (types.Type, error), least int, params ...types.Type) Signature {
	return func(c *function.Call) ([]types.Type, types.Type, error) {
		if err := Arity(c, least, len(params)); err != nil {
			return nil, types.Type{}, err
		}
		return finish(c, params[:len(c.Args)], result)
	}
}

// Rest is a signature of the given parameters followed by at least least more
// of type rest.
func Rest(result types.Type, least int, rest types.Type, params ...types.Type) Signature {
	return func(c *function.Call) ([]types.Type, types.Type, error) {
		if err := Arity(c, len(params)+least, -1); err != nil {
			return nil, types.Type{}, err
		}
		all := append([]types.Type{}, params...)
		for len(all) < len(c.Args) {
			all = append(all, rest)
		}
		return finish(c, all, func([]types.Type) (types.Type, error) { return result, nil })
	}
}

// Common is a signature of least to most (-1: any number) arguments that are
// all cast to their common type, which is also the result if result is nil.
func Common(result func(common types.Type) (types.Type, error), least, most int) Signature {
	return func(c *function.Call) ([]types.Type, types.Type, error) {
		if err := Arity(c, least, most); err != nil {
			return nil, types.Type{}, err
		}
		t, ok := coerce.CommonAll(c.Types(), c.ANSI)
		if !ok {
			return nil, types.Type{}, DiffTypes(c)
		}
		params := make([]types.Type, len(c.Args))
		for i := range params {
			params[i] = t
		}
		if result == nil {
			return params, t, nil
		}
		r, err := result(t)
		return params, r, err
	}
}

// Arg is a result function for Result: the type of argument i.
func Arg(i int) func([]types.Type) (types.Type, error) {
	return func(args []types.Type) (types.Type, error) { return args[i], nil }
}

// finish casts the arguments to params, or says which one does not fit.
func finish(c *function.Call, params []types.Type, result func([]types.Type) (types.Type, error)) ([]types.Type, types.Type, error) {
	out := make([]types.Type, len(c.Args))
	for i, a := range c.Args {
		t, ok := Param(a.Type(), params[i], c.ANSI)
		if !ok {
			return nil, types.Type{}, WrongType(c, i, Describe(params[i]))
		}
		out[i] = t
	}
	r, err := result(out)
	return out, r, err
}

// Param is the type an argument of type in is cast to for the parameter p,
// and whether that is possible.
func Param(in, p types.Type, ansi bool) (types.Type, bool) {
	k := in.Kind
	switch p.Kind {
	case Any.Kind:
		return in, true
	case AnyLambda.Kind:
		return types.Type{}, true
	case AnyNumeric.Kind:
		if k == types.Null || k == types.String {
			return types.Float64Type, true
		}
		return in, k.IsNumeric()
	case AnyInteger.Kind:
		if k == types.Null || k == types.String {
			return types.Int64Type, true
		}
		return in, k.IsInteger()
	case AnyText.Kind:
		if k == types.Binary {
			return in, true
		}
		return types.StringType, !k.IsNested()
	case AnyArray.Kind:
		if k == types.Null {
			return types.ArrayType(types.NullType, true), true
		}
		return in, k == types.Array
	case AnyMap.Kind:
		if k == types.Null {
			return types.MapType(types.NullType, types.NullType, true), true
		}
		return in, k == types.Map
	case AnyStruct.Kind:
		return in, k == types.Struct
	case AnyDatetime.Kind:
		if k == types.Null || k == types.String {
			return types.TimestampType, true
		}
		return in, k.IsDatetime()
	}
	if in.SameShape(p) {
		return p, true
	}
	return p, coerce.CanImplicit(in, p, ansi)
}

// Describe names a parameter's types as Spark's messages do.
func Describe(p types.Type) string {
	switch p.Kind {
	case AnyNumeric.Kind:
		return `"NUMERIC"`
	case AnyInteger.Kind:
		return `"INTEGRAL"`
	case AnyText.Kind:
		return `("STRING" or "BINARY")`
	case AnyArray.Kind:
		return `"ARRAY"`
	case AnyMap.Kind:
		return `"MAP"`
	case AnyStruct.Kind:
		return `"STRUCT"`
	case AnyDatetime.Kind:
		return `("TIMESTAMP" or "TIMESTAMP WITHOUT TIME ZONE" or "DATE")`
	case Any.Kind, AnyLambda.Kind:
		return `"ANY"`
	}
	return `"` + p.SQL() + `"`
}

// Arity is the error of a call with too few or too many (most < 0: no limit)
// arguments, or nil.
func Arity(c *function.Call, least, most int) error {
	n := len(c.Args)
	if n >= least && (most < 0 || n <= most) {
		return nil
	}
	want := fmt.Sprint(least)
	switch {
	case most < 0:
		want = "> " + fmt.Sprint(least-1)
	case most > least:
		ns := make([]string, 0, most-least+1)
		for i := least; i <= most; i++ {
			ns = append(ns, fmt.Sprint(i))
		}
		want = "[" + strings.Join(ns, ", ") + "]"
	}
	return sqlerr.New(sqlerr.WrongNumArgs, "The `%s` requires %s parameters but the actual number is %d.", c.Name, want, n)
}

// NonFoldable is the error of argument i, called what, which must be a constant of type want ("INT", with its quotes).
func NonFoldable(c *function.Call, i int, what, want string) error {
	return sqlerr.New(sqlerr.NonFoldableInput, "Cannot resolve \"%s\" due to data type mismatch: the input `%s` should be a foldable %s expression; however, got \"%s\".",
		function.CallText(c.Name, c.Args), what, want, function.Text(c.Args[i]))
}

// WrongType is the error of argument i having a type that cannot be
// converted; want is what would do, quoted.
func WrongType(c *function.Call, i int, want string) error {
	return sqlerr.New(sqlerr.UnexpectedInputType,
		"Cannot resolve \"%s\" due to data type mismatch: The %s parameter requires the %s type, however %s has the type \"%s\".",
		function.CallText(c.Name, c.Args), ordinal(i), want, quoted(function.Text(c.Args[i])), c.Args[i].Type().SQL())
}

// DiffTypes is the error of arguments without a common type.
func DiffTypes(c *function.Call) error {
	ts := make([]string, len(c.Args))
	for i, a := range c.Args {
		ts[i] = `"` + a.Type().SQL() + `"`
	}
	return sqlerr.New(sqlerr.DataDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: Input to `%s` should all be the same type, but it's [%s].",
		function.CallText(c.Name, c.Args), c.Name, strings.Join(ts, ", "))
}

func quoted(s string) string { return `"` + s + `"` }

func ordinal(i int) string {
	names := []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%dth", i+1)
}

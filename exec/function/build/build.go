// Package build makes function definitions short. A typical function is one
// function.Def literal whose Resolve is
//
//	build.Func(build.Fixed(types.StringType, types.StringType), build.Unary(strings.ToUpper))
//
// A [Signature] says which arguments a function takes and what it returns; a
// maker (Unary, Binary, Ternary, Row …) lifts a Go function of single values
// to a loop over vectors of any encoding. Type coercion itself is in package
// function/coerce; the evaluator takes care of NULL arguments, constants and
// dictionaries before a kernel runs.
package build

import (
	"errors"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Null is what the function given to an E maker (UnaryE …) returns as its
// error to make the row NULL. Such functions need the option NullOut.
var Null = errors.New("NULL")

// Maker makes the kernel of a call whose arguments have the parameter types.
type Maker = func(call *expr.Call) (function.Kernel, error)

// Resolver is the type of function.Def.Resolve.
type Resolver = func(c *function.Call) (*function.Overload, error)

// Option changes an overload that Func made.
type Option func(o *function.Overload)

// NullOut says that the kernel may make NULLs of its own; NullOwn that it
// sees rows with NULL arguments; NotNull that it never returns NULL.
func NullOut(o *function.Overload) { o.Nulls = function.NullOut }
func NullOwn(o *function.Overload) { o.Nulls = function.NullOwn }
func NotNull(o *function.Overload) { o.NotNull = true }

// Func is a Resolve that takes arguments by sig and runs the kernel of k.
func Func(sig Signature, k Maker, opts ...Option) Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		params, result, err := sig(c)
		if err != nil {
			return nil, err
		}
		o := &function.Overload{Params: params, Result: result, Kernel: k}
		for _, opt := range opts {
			opt(o)
		}
		return o, nil
	}
}

// First resolves by the first of rs that takes the arguments as they are,
// else by the first that takes them with implicit casts. The error is that of
// the last one.
func First(rs ...Resolver) Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		var cast *function.Overload
		var err error
		for _, r := range rs {
			o, e := r(c)
			if e != nil {
				err = e
				continue
			}
			if exact(c, o) {
				return o, nil
			}
			if cast == nil {
				cast = o
			}
		}
		if cast != nil {
			return cast, nil
		}
		return nil, err
	}
}

func exact(c *function.Call, o *function.Overload) bool {
	for i, a := range c.Args {
		if i >= len(o.Params) || !a.Type().SameShape(o.Params[i]) {
			return false
		}
	}
	return true
}

// ByResult picks among makers by the storage of the call's result type, for
// functions with one loop a storage class.
func ByResult(m map[types.Storage]Maker) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		k := m[call.T.Storage()]
		if k == nil {
			return nil, sqlerr.New(sqlerr.InternalError, "function %s has no kernel for %s", call.Func, call.T)
		}
		return k(call)
	}
}

// ByArg picks among makers by the storage of argument i.
func ByArg(i int, m map[types.Storage]Maker) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		k := m[call.Args[i].Type().Storage()]
		if k == nil {
			return nil, sqlerr.New(sqlerr.InternalError, "function %s has no kernel for %s", call.Func, call.Args[i].Type())
		}
		return k(call)
	}
}

// check reports a maker whose Go types do not fit the call: a wrong Def.
func check(call *expr.Call, result types.Storage, args ...types.Storage) error {
	if call.T.Storage() != result {
		return sqlerr.New(sqlerr.InternalError, "kernel of %s does not make %s", call.Func, call.T)
	}
	if len(call.Args) < len(args) {
		return sqlerr.New(sqlerr.InternalError, "kernel of %s takes %d arguments", call.Func, len(args))
	}
	for i, s := range args {
		if call.Args[i].Type().Storage() != s {
			return sqlerr.New(sqlerr.InternalError, "kernel of %s does not take %s", call.Func, call.Args[i].Type())
		}
	}
	return nil
}

func storage[T vec.Elem]() types.Storage {
	var zero T
	switch any(zero).(type) {
	case bool:
		return types.StoreBool
	case int8:
		return types.StoreInt8
	case int16:
		return types.StoreInt16
	case int32:
		return types.StoreInt32
	case int64:
		return types.StoreInt64
	case float32:
		return types.StoreFloat32
	case float64:
		return types.StoreFloat64
	case string:
		return types.StoreString
	case types.Int128:
		return types.StoreInt128
	case types.CalendarInterval:
		return types.StoreInterval
	}
	return types.StoreList
}

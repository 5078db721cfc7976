// Package nested defines the functions on arrays, maps and structs: making
// and reading them, sets and orders of elements, functions that take lambdas,
// and the generators that make rows of them (explode, inline, stack).
//
// Values are moved between vectors with kernel.CopyRow and kernel.Append, and
// compared with kernel.Orders or, where they are looked up, by a key of bytes
// (see set.go), so that one loop serves all element types.
package nested

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Defs lists the family.
func Defs() []function.Def {
	var out []function.Def
	for _, part := range [][]function.Def{
		constructors(), access(), sizes(), searches(), edits(), sets(), orders(), ranges(), mapDefs(), mapMakers(),
		higherArrays(), folds(), higherMaps(), sorts(), generators(), vectors(), timeWindows(),
	} {
		out = append(out, part...)
	}
	return out
}

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "nested", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func also(d function.Def, aliases ...string) function.Def {
	d.Aliases = aliases
	return d
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

var (
	i32  = types.Int32Type
	i64  = types.Int64Type
	text = types.StringType
	flag = types.BoolType
)

// maxElements is the most elements Spark lets an array have.
const maxElements = math.MaxInt32 - 15

// stopEvery is after how many elements a loop over one row's asks whether anybody waits for the result.
const stopEvery = 1 << 16

// pause is asked before element k of a long loop.
func pause(c *build.Context, k int) error {
	if k%stopEvery == 0 {
		return c.Stopped()
	}
	return nil
}

// tooMany is the error of an array that a function would make too long.
func tooMany(name string, n int64) error {
	return sqlerr.New(sqlerr.CollectionSizeLimit, "Can't create array with %d elements which exceeding the array size limit %d, the value returned by the function `%s` is too big.", n, maxElements, name)
}

// room checks before n elements are added to the child vector v that they can be held.
func room(c *build.Context, name string, v *vec.Vec, n int64) error {
	if n > maxElements {
		return tooMany(name, n)
	}
	return build.Hold(c, v.Type, int64(v.Len())+n)
}

// list is the place of a row's elements: rows lo … hi of the children of an array or map.
type list struct {
	kids   []*vec.Vec
	lo, hi int
}

func listAt(v *vec.Vec, row int) list {
	lo, hi := build.Elements(v, row)
	return list{v.Base().Kids, lo, hi}
}

func (l list) len() int       { return l.hi - l.lo }
func (l list) elem() *vec.Vec { return l.kids[0] }

// setList makes row i of the flat list vector out the elements that were
// appended to its children since they had off rows.
func setList(out *vec.Vec, i, off int) {
	vec.Data[vec.List](out)[i] = vec.List{Off: int32(off), Len: int32(out.Kids[0].Len() - off)}
}

// intAt reads an argument of any integer type.
func intAt(v *vec.Vec, row int) int64 {
	b, i := v.Base(), v.Index(row)
	switch b.Type.Storage() {
	case types.StoreInt8:
		return int64(vec.Data[int8](b)[i])
	case types.StoreInt16:
		return int64(vec.Data[int16](b)[i])
	case types.StoreInt32:
		return int64(vec.Data[int32](b)[i])
	}
	return vec.Data[int64](b)[i]
}

func textAt(v *vec.Vec, row int) string { return vec.Data[string](v.Base())[v.Index(row)] }
func boolAt(v *vec.Vec, row int) bool   { return vec.Data[bool](v.Base())[v.Index(row)] }

// arrayArg is the array type of argument i; a bare NULL is an array of NULLs.
func arrayArg(c *function.Call, i int) (types.Type, error) {
	t, ok := build.Param(c.Args[i].Type(), build.AnyArray, c.ANSI)
	if !ok {
		return t, build.WrongType(c, i, build.Describe(build.AnyArray))
	}
	return t, nil
}

func mapArg(c *function.Call, i int) (types.Type, error) {
	t, ok := build.Param(c.Args[i].Type(), build.AnyMap, c.ANSI)
	if !ok {
		return t, build.WrongType(c, i, build.Describe(build.AnyMap))
	}
	return t, nil
}

// arrayAnd resolves an array in argument a and a value of its element type in
// argument v: both as they are cast.
func arrayAnd(c *function.Call, a, v int) (array, value types.Type, err error) {
	array, err = arrayArg(c, a)
	if err != nil {
		return array, value, err
	}
	value, ok := coerce.Common(array.Elem(), c.Args[v].Type(), c.ANSI)
	if !ok {
		return array, value, sqlerr.New(sqlerr.ArrayFunctionDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: Input to `%s` should have been \"ARRAY\" followed by a value with same element type, but it's [\"%s\", \"%s\"].",
			function.CallText(c.Name, c.Args), c.Name, array.SQL(), c.Args[v].Type().SQL())
	}
	return types.ArrayType(value, array.Children()[0].Nullable), value, nil
}

// nullable reports whether elements of an array type can be NULL.
func nullable(array types.Type) bool { return array.Children()[0].Nullable }

// over makes an overload.
func over(result types.Type, k build.Maker, params ...types.Type) *function.Overload {
	return &function.Overload{Params: params, Result: result, Nulls: function.NullOut, Kernel: k}
}

// arity resolves with f after checking the number of arguments.
func arity(least, most int, f build.Resolver) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, least, most); err != nil {
			return nil, err
		}
		return f(c)
	}
}

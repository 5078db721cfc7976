package nested

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func sizes() []function.Def {
	count := func(name string, ownNull bool) build.Resolver {
		return arity(1, 1, func(c *function.Call) (*function.Overload, error) {
			t := c.Args[0].Type()
			if t.Kind != types.Array && t.Kind != types.Map && t.Kind != types.Null || name == "array_size" && t.Kind == types.Map {
				return nil, build.WrongType(c, 0, map[bool]string{true: `"ARRAY"`, false: `("ARRAY" or "MAP")`}[name == "array_size"])
			}
			if t.Kind == types.Null {
				t, _ = arrayArg(c, 0)
			}
			o := over(i32, build.Rows(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				if args[0].Null(row) {
					if x.ANSI || !ownNull {
						return build.Null
					}
					vec.Data[int32](out)[row] = -1
					return nil
				}
				vec.Data[int32](out)[row] = int32(listAt(args[0], row).len())
				return nil
			}), t)
			o.Nulls = function.NullOwn
			return o, nil
		})
	}
	return []function.Def{
		also(def("size", "expr", "Returns the number of elements of an array or of entries of a map. NULL has no size in ANSI mode and -1 without it.", count("size", true),
			ex("SELECT size(array('b', 'd', 'c', 'a'))", "4")), "cardinality"),
		def("array_size", "array", "Returns the number of elements of an array.", count("array_size", false), ex("SELECT array_size(array('b', 'd', 'c', 'a'))", "4")),
	}
}

// search resolves a function of an array and a value of its elements' type.
func search(result types.Type, f func(l list, v *vec.Vec, row int, equal func(i, j int) bool, out *vec.Vec) error) build.Resolver {
	return arity(2, 2, func(c *function.Call) (*function.Overload, error) {
		t, v, err := arrayAnd(c, 0, 1)
		if err != nil {
			return nil, err
		}
		if c.Args[1].Type().Kind == types.Null && c.Name != "array_position" {
			return nil, sqlerr.New(sqlerr.NullType, "Cannot resolve \"%s\" due to data type mismatch: Null typed values cannot be used as arguments of `%s`.", function.CallText(c.Name, c.Args), c.Name)
		}
		return over(result, build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			l := listAt(args[0], row)
			return f(l, args[1], row, kernel.Equals(l.elem(), args[1]), out)
		}), t, v), nil
	})
}

func searches() []function.Def {
	return []function.Def{
		def("array_contains", "array, value", "Returns whether the array has the value; NULL if it has not but has NULLs.",
			search(flag, func(l list, _ *vec.Vec, row int, equal func(i, j int) bool, out *vec.Vec) error {
				null := false
				for k := l.lo; k < l.hi; k++ {
					if l.elem().Null(k) {
						null = true
					} else if equal(k, row) {
						vec.Data[bool](out)[row] = true
						return nil
					}
				}
				if null {
					return build.Null
				}
				vec.Data[bool](out)[row] = false
				return nil
			}), ex("SELECT array_contains(array(1, 2, 3), 2)", "true"), ex("SELECT array_contains(array(1, NULL), 2)", "NULL")),
		def("array_position", "array, value", "Returns the place (from 1) of the first element equal to value, 0 if there is none.",
			search(i64, func(l list, _ *vec.Vec, row int, equal func(i, j int) bool, out *vec.Vec) error {
				vec.Data[int64](out)[row] = 0
				for k := l.lo; k < l.hi; k++ {
					if !l.elem().Null(k) && equal(k, row) {
						vec.Data[int64](out)[row] = int64(k - l.lo + 1)
						break
					}
				}
				return nil
			}), ex("SELECT array_position(array(312, 773, 708, 708), 708)", "3")),
		def("array_join", "array, delimiter[, nullReplacement]", "Returns the elements as one string with delimiter between them; NULLs are left out or replaced.", join,
			ex("SELECT array_join(array('hello', 'world'), ' ')", "hello world"), ex("SELECT array_join(array('hello', NULL, 'world'), ' ', ',')", "hello , world")),
	}
}

func join(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	o, err := build.Func(build.Optional(text, 2, types.ArrayType(text, true), text, text), build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		var b strings.Builder
		l, first := listAt(args[0], row), true
		for k := l.lo; k < l.hi; k++ {
			null := l.elem().Null(k)
			if null && len(args) < 3 {
				continue
			}
			had := b.Len()
			if !first {
				b.WriteString(textAt(args[1], row))
			}
			first = false
			if null {
				b.WriteString(textAt(args[2], row))
			} else {
				b.WriteString(textAt(l.elem(), k))
			}
			if err := c.Make("array_join", int64(b.Len()-had)); err != nil {
				return err
			}
		}
		vec.Data[string](out)[row] = b.String()
		return nil
	}))(c)
	return o, err
}

// keepIf makes arrays of the elements that keep chooses.
func keepIf(keep func(args []*vec.Vec, row int, l list) func(k int) bool) build.Maker {
	return build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l, kid := listAt(args[0], row), out.Kids[0]
		off, test := kid.Len(), keep(args, row, l)
		for k := l.lo; k < l.hi; k++ {
			if test(k) {
				kernel.CopyRow(kid, kid.Extend(1), l.elem(), k)
			}
		}
		setList(out, row, off)
		return nil
	})
}

// withValue resolves functions that put a value, which may be NULL, into an array.
func withValue(a, v int, k build.Maker, more ...types.Type) build.Resolver {
	return arity(2+len(more), 2+len(more), func(c *function.Call) (*function.Overload, error) {
		t, value, err := arrayAnd(c, a, v)
		if err != nil {
			return nil, err
		}
		params := []types.Type{t, value}
		if v == 2 {
			n, ok := build.Param(c.Args[1].Type(), more[0], c.ANSI)
			if !ok {
				return nil, build.WrongType(c, 1, build.Describe(more[0]))
			}
			params = []types.Type{t, n, value}
		}
		o := over(types.ArrayType(value, nullable(t) || v == 2 || c.Args[v].Nullable()), k, params...)
		o.Nulls = function.NullOwn
		return o, nil
	})
}

func edits() []function.Def {
	put := func(last bool) build.Maker {
		return build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			if args[0].Null(row) {
				return build.Null
			}
			l, kid := listAt(args[0], row), out.Kids[0]
			off := kid.Extend(l.len() + 1)
			at, to := off, off+1
			if last {
				at, to = off+l.len(), off
			}
			kernel.CopyRow(kid, at, args[1], row)
			for k := range l.len() {
				kernel.CopyRow(kid, to+k, l.elem(), l.lo+k)
			}
			setList(out, row, off)
			return nil
		})
	}
	shuffled := def("shuffle", "array[, seed]", "Returns the elements in random order.", shuffle, ex("SELECT array_sort(shuffle(array(1, 20, 3, 5)))", "[1,3,5,20]"))
	shuffled.Volatility = function.Volatile
	return []function.Def{
		def("array_append", "array, element", "Returns the array with element after the last one.", withValue(0, 1, put(true)), ex("SELECT array_append(array('b', 'd', 'c', 'a'), 'd')", `["b","d","c","a","d"]`)),
		def("array_prepend", "array, element", "Returns the array with element before the first one.", withValue(0, 1, put(false)), ex("SELECT array_prepend(array('b', 'd', 'c', 'a'), 'd')", `["d","b","d","c","a"]`)),
		def("array_insert", "x, pos, val", "Returns the array with val put in at place pos, from 1, counted from the end if negative; places in between become NULL.", withValue(0, 2, build.Rows(insert), i32),
			ex("SELECT array_insert(array(1, 2, 3, 4), 5, 5)", "[1,2,3,4,5]"), ex("SELECT array_insert(array(5, 4, 3, 2), -1, 1)", "[5,4,3,2,1]"), ex("SELECT array_insert(array(5, 3, 2, 1), -4, 4)", "[5,4,3,2,1]")),
		def("array_remove", "array, element", "Returns the array without the elements that equal element.", arity(2, 2, func(c *function.Call) (*function.Overload, error) {
			t, v, err := arrayAnd(c, 0, 1)
			if err != nil {
				return nil, err
			}
			return over(t, keepIf(func(args []*vec.Vec, row int, l list) func(int) bool {
				equal := kernel.Equals(l.elem(), args[1])
				return func(k int) bool { return l.elem().Null(k) || !equal(k, row) }
			}), t, v), nil
		}), ex("SELECT array_remove(array(1, 2, 3, NULL, 3), 3)", "[1,2,null]")),
		def("array_compact", "array", "Returns the array without its NULLs.", arity(1, 1, func(c *function.Call) (*function.Overload, error) {
			t, err := arrayArg(c, 0)
			if err != nil {
				return nil, err
			}
			return over(types.ArrayType(t.Elem(), false), keepIf(func(_ []*vec.Vec, _ int, l list) func(int) bool {
				return func(k int) bool { return !l.elem().Null(k) }
			}), t), nil
		}), ex("SELECT array_compact(array(1, 2, 3, NULL))", "[1,2,3]")),
		def("array_repeat", "element, count", "Returns an array of count times element.", arity(2, 2, repeat), ex("SELECT array_repeat('123', 2)", `["123","123"]`)),
		def("flatten", "arrayOfArrays", "Returns the elements of the arrays in an array as one array, NULL if one of them is NULL.", arity(1, 1, flatten),
			ex("SELECT flatten(array(array(1, 2), array(3, 4)))", "[1,2,3,4]")),
		def("slice", "x, start, length", "Returns at most length elements from place start on, from 1, counted from the end if negative.", arity(3, 3, slice),
			ex("SELECT slice(array(1, 2, 3, 4), 2, 2)", "[2,3]"), ex("SELECT slice(array(1, 2, 3, 4), -2, 2)", "[3,4]")),
		shuffled,
		def("arrays_zip", "a1, a2, …", "Returns an array of structs of the elements at one place of each array; shorter ones are filled up with NULL.", zip,
			ex("SELECT arrays_zip(array(1, 2, 3), array(2, 3, 4))", `[{"0":1,"1":2},{"0":2,"1":3},{"0":3,"1":4}]`)),
	}
}

func insert(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	if args[0].Null(row) || args[1].Null(row) {
		return build.Null
	}
	l, kid := listAt(args[0], row), out.Kids[0]
	n, pos := int64(l.len()), intAt(args[1], row)
	var size, place, shift int64 // elements from place on move by shift
	switch {
	case pos == 0:
		return sqlerr.New(sqlerr.InvalidIndexOfZero, "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).")
	case pos > 0:
		size, place, shift = max(n+1, pos), pos-1, 1
	case -pos > n:
		size, place, shift = max(-pos, n+1), 0, max(-pos-n, 1)
	default:
		size, place, shift = n+1, n+pos+1, 1
	}
	if err := room(c, "array_insert", kid, size); err != nil {
		return err
	}
	off := kid.Extend(int(size))
	for k := range size {
		if err := pause(c, int(k)); err != nil {
			return err
		}
		if kid.Type.Kind != types.Null {
			kid.SetNull(off + int(k))
		}
	}
	for k := range n {
		to := k
		if k >= place {
			to += shift
		}
		kernel.CopyRow(kid, off+int(to), l.elem(), l.lo+int(k))
	}
	kernel.CopyRow(kid, off+int(place), args[2], row)
	setList(out, row, off)
	return nil
}

func repeat(c *function.Call) (*function.Overload, error) {
	n, ok := build.Param(c.Args[1].Type(), i32, c.ANSI)
	if !ok {
		return nil, build.WrongType(c, 1, `"INT"`)
	}
	o := over(types.ArrayType(c.Args[0].Type(), c.Args[0].Nullable()), build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		if args[1].Null(row) {
			return build.Null
		}
		kid, n := out.Kids[0], max(intAt(args[1], row), 0)
		if err := room(c, "array_repeat", kid, n); err != nil {
			return err
		}
		off := kid.Extend(int(n))
		for k := range int(n) {
			if err := pause(c, k); err != nil {
				return err
			}
			kernel.CopyRow(kid, off+k, args[0], row)
		}
		setList(out, row, off)
		return nil
	}), c.Args[0].Type(), n)
	o.Nulls = function.NullOwn
	return o, nil
}

func flatten(c *function.Call) (*function.Overload, error) {
	t := c.Args[0].Type()
	if t.Kind == types.Null {
		t = types.ArrayType(types.ArrayType(types.NullType, true), true)
	}
	if t.Kind != types.Array || t.Elem().Kind != types.Array {
		return nil, build.WrongType(c, 0, `"ARRAY" of "ARRAY"`)
	}
	return over(t.Elem(), build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l, kid := listAt(args[0], row), out.Kids[0]
		size := int64(0)
		for k := l.lo; k < l.hi; k++ {
			if l.elem().Null(k) {
				return build.Null
			}
			size += int64(listAt(l.elem(), k).len())
		}
		if err := room(c, "flatten", kid, size); err != nil {
			return err
		}
		off := kid.Len()
		for k := l.lo; k < l.hi; k++ {
			in := listAt(l.elem(), k)
			kernel.Append(kid, in.elem(), in.lo, in.len())
		}
		setList(out, row, off)
		return nil
	}), t), nil
}

func slice(c *function.Call) (*function.Overload, error) {
	t, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	for i := 1; i < 3; i++ {
		if _, ok := build.Param(c.Args[i].Type(), i32, c.ANSI); !ok {
			return nil, build.WrongType(c, i, `"INT"`)
		}
	}
	return over(t, build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l := listAt(args[0], row)
		size, start, n := int64(l.len()), intAt(args[1], row), intAt(args[2], row)
		if start == 0 {
			return sqlerr.New(sqlerr.InvalidStart, "The value of parameter(s) `start` in `slice` is invalid: Expects a positive or a negative value for `start`, but got 0.")
		}
		if n < 0 {
			return sqlerr.New(sqlerr.InvalidLength, "The value of parameter(s) `length` in `slice` is invalid: Expects `length` greater than or equal to 0, but got %d.", n)
		}
		if start > 0 {
			start--
		} else {
			start += size
		}
		if start < 0 || start >= size {
			n = 0
		} else {
			n = min(n, size-start)
		}
		kid := out.Kids[0]
		off := kid.Len()
		kernel.Append(kid, l.elem(), l.lo+int(start), int(n))
		setList(out, row, off)
		return nil
	}), t, i32, i32), nil
}

func shuffle(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	params := []types.Type{t}
	seed := rand.Uint64()
	if len(c.Args) == 2 {
		params = append(params, i64)
		if l, ok := c.Args[1].(*expr.Literal); ok && l.Value != nil {
			if n, ok := l.Value.(int64); ok {
				seed = uint64(n)
			}
		}
	}
	return over(t, func(*expr.Call) (function.Kernel, error) {
		var r *rand.Rand
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			if r == nil {
				r = rand.New(rand.NewPCG(seed, uint64(x.Partition)))
			}
			l, kid := listAt(args[0], row), out.Kids[0]
			off := kid.Extend(l.len())
			for k, p := range r.Perm(l.len()) {
				kernel.CopyRow(kid, off+k, l.elem(), l.lo+p)
			}
			setList(out, row, off)
			return nil
		}), nil
	}, params...), nil
}

func zip(c *function.Call) (*function.Overload, error) {
	params, fields := make([]types.Type, len(c.Args)), make([]types.Field, len(c.Args))
	for i := range c.Args {
		t, err := arrayArg(c, i)
		if err != nil {
			return nil, err
		}
		params[i] = t
		name, ok := named(c.Args[i])
		if !ok {
			name = strconv.Itoa(i)
		}
		fields[i] = types.Field{Name: name, Type: t.Elem(), Nullable: true}
	}
	return over(types.ArrayType(types.StructType(fields...), false), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		n := 0
		for _, a := range args {
			n = max(n, listAt(a, row).len())
		}
		kid := out.Kids[0]
		off := kid.Extend(n)
		for f, a := range args {
			l, to := listAt(a, row), kid.Kids[f]
			for k := range n {
				if k < l.len() {
					kernel.CopyRow(to, off+k, l.elem(), l.lo+k)
				} else if to.Type.Kind != types.Null {
					to.SetNull(off + k)
				}
			}
		}
		setList(out, row, off)
		return nil
	}), params...), nil
}

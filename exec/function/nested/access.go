package nested

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func access() []function.Def {
	return []function.Def{
		def("getitem", "container, key", "Returns an element of an array by its index from 0, or the value of a key of a map: container[key]. A key that is not there gives NULL, an index outside the array is an error.",
			getItem, ex("SELECT array(1, 2, 3)[0]", "1"), ex("SELECT map('a', 1)['b']", "NULL")),
		def("getfield", "struct, name", "Returns a field of a struct, or of every struct in an array: struct.name.", getField,
			ex("SELECT named_struct('a', 1, 'b', 2).b", "2")),
		def("element_at", "container, key", "Returns the element of an array at an index from 1, counted from the end if negative, or the value of a key of a map. An index outside the array is an error.",
			elementAt(false), ex("SELECT element_at(array(1, 2, 3), 2)", "2"), ex("SELECT element_at(map(1, 'a', 2, 'b'), 2)", "b")),
		def("try_element_at", "container, key", "As element_at, but NULL for an index outside the array.", elementAt(true), ex("SELECT try_element_at(array(1, 2, 3), 4)", "NULL")),
		def("get", "array, index", "Returns the element of an array at an index from 0, NULL for an index outside of it.", getOf, ex("SELECT get(array(1, 2, 3), 3)", "NULL")),
	}
}

func outOfBounds(cond *sqlerr.Condition, n int64, size int, hint string) error {
	return sqlerr.New(cond, "The index %d is out of bounds. The array has %d elements.", n, size).
		WithHint("Use the SQL function `%s` to tolerate accessing elements at invalid indexes and return NULL instead.", hint)
}

// at reads elements of arrays: place maps the key to an offset, or fails.
func at(place func(c *build.Context, n int64, size int) (int64, error)) build.Maker {
	return build.Rows(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l := listAt(args[0], row)
		k, err := place(c, intAt(args[1], row), l.len())
		if err != nil {
			return err
		}
		if k < 0 || k >= int64(l.len()) {
			return build.Null
		}
		kernel.CopyRow(out, row, l.elem(), l.lo+int(k))
		return nil
	})
}

func indexType(c *function.Call, i int) (types.Type, error) {
	t := c.Args[i].Type()
	switch {
	case t.Kind == types.Null:
		return i32, nil
	case t.Kind.IsInteger():
		return t, nil
	case t.Kind == types.String && !c.ANSI:
		return i32, nil
	}
	return t, build.WrongType(c, i, build.Describe(build.AnyInteger))
}

func getItem(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	switch {
	case t.Kind == types.Struct, t.Kind == types.Array && t.Elem().Kind == types.Struct && isText(c.Args[1]):
		if !isText(c.Args[1]) {
			return nil, sqlerr.New(sqlerr.InvalidExtractField, "Field name should be a non-null string literal, but it's \"%s\".", function.Text(c.Args[1]))
		}
		return getField(c)
	case t.Kind == types.Map:
		return valueOf(c, t)
	case t.Kind != types.Array:
		return nil, sqlerr.New(sqlerr.InvalidExtractBase, "Can't extract a value from \"%s\". Need a complex type [STRUCT, ARRAY, MAP] but got \"%s\".", function.Text(c.Args[0]), t.SQL())
	}
	n, err := indexType(c, 1)
	if err != nil {
		return nil, err
	}
	return over(t.Elem(), at(func(x *build.Context, n int64, size int) (int64, error) {
		if x.ANSI && (n < 0 || n >= int64(size)) {
			return 0, outOfBounds(sqlerr.InvalidArrayIndex, n, size, "get()")
		}
		return n, nil
	}), t, n), nil
}

func getOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	t, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	n, err := indexType(c, 1)
	if err != nil {
		return nil, err
	}
	return over(t.Elem(), at(func(_ *build.Context, n int64, _ int) (int64, error) { return n, nil }), t, n), nil
}

func isText(e expr.Expr) bool {
	l, ok := e.(*expr.Literal)
	if !ok {
		return false
	}
	_, ok = l.Value.(string)
	return ok
}

// valueOf looks a key up in a map.
func valueOf(c *function.Call, t types.Type) (*function.Overload, error) {
	key, ok := coerce.Common(t.Key(), c.Args[1].Type(), c.ANSI)
	if !ok || t.Key().Kind != types.Null && !coerce.CanImplicit(c.Args[1].Type(), t.Key(), c.ANSI) && !coerce.CanImplicit(t.Key(), key, c.ANSI) {
		if c.Name == "getitem" {
			return nil, build.WrongType(c, 1, `"`+t.Key().SQL()+`"`)
		}
		return nil, mapDiffTypes(c)
	}
	return over(t.Value(), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l := listAt(args[0], row)
		equal := kernel.Equals(l.elem(), args[1])
		for k := l.lo; k < l.hi; k++ {
			if equal(k, row) {
				kernel.CopyRow(out, row, l.kids[1], k)
				return nil
			}
		}
		return build.Null
	}), types.MapType(key, t.Value(), t.Children()[1].Nullable), key), nil
}

func mapDiffTypes(c *function.Call) error {
	return sqlerr.New(sqlerr.MapFunctionDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: Input to `%s` should have been \"MAP\" followed by a value with same key type, but it's [\"%s\", \"%s\"].",
		function.CallText(c.Name, c.Args), c.Name, c.Args[0].Type().SQL(), c.Args[1].Type().SQL())
}

func elementAt(try bool) build.Resolver {
	return arity(2, 2, func(c *function.Call) (*function.Overload, error) {
		t := c.Args[0].Type()
		if t.Kind == types.Map {
			return valueOf(c, t)
		}
		if t.Kind != types.Array && t.Kind != types.Null {
			return nil, build.WrongType(c, 0, `("ARRAY" or "MAP")`)
		}
		t, _ = arrayArg(c, 0)
		n, err := indexType(c, 1)
		if err != nil {
			return nil, err
		}
		return over(t.Elem(), at(func(x *build.Context, n int64, size int) (int64, error) {
			switch {
			case n == 0:
				return 0, sqlerr.New(sqlerr.InvalidIndexOfZero, "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).")
			case n > int64(size) || n < -int64(size):
				if x.ANSI && !try {
					return 0, outOfBounds(sqlerr.InvalidElementIndex, n, size, "try_element_at")
				}
				return -1, nil
			case n < 0:
				return int64(size) + n, nil
			}
			return n - 1, nil
		}), t, n), nil
	})
}

// getField reads a field of structs; of an array of structs it makes the array of the fields.
func getField(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 2); err != nil {
		return nil, err
	}
	if !isText(c.Args[1]) {
		return nil, sqlerr.New(sqlerr.InvalidExtractField, "Field name should be a non-null string literal, but it's \"%s\".", function.Text(c.Args[1]))
	}
	t, st := c.Args[0].Type(), c.Args[0].Type()
	if t.Kind == types.Array {
		st = t.Elem()
	}
	if st.Kind != types.Struct {
		return nil, sqlerr.New(sqlerr.InvalidExtractBase, "Can't extract a value from \"%s\". Need a complex type [STRUCT, ARRAY, MAP] but got \"%s\".", function.Text(c.Args[0]), t.SQL())
	}
	name := c.Args[1].(*expr.Literal).Value.(string)
	f := types.Schema(st.Children()).Index(name)
	for i, field := range st.Children() {
		if field.Name == name {
			f = i
			break
		}
	}
	if f < 0 {
		names := ""
		for i, field := range st.Children() {
			if i > 0 {
				names += ", "
			}
			names += "`" + field.Name + "`"
		}
		return nil, sqlerr.New(sqlerr.FieldNotFound, "No such struct field `%s` in %s.", name, names)
	}
	field := st.Children()[f]
	if t.Kind == types.Array {
		return over(types.ArrayType(field.Type, nullable(t) || field.Nullable), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			l, kid := listAt(args[0], row), out.Kids[0]
			off := kid.Extend(l.len())
			for k := l.lo; k < l.hi; k++ {
				copyField(kid, off+k-l.lo, l.elem(), k, f)
			}
			setList(out, row, off)
			return nil
		}), t, text), nil
	}
	return over(field.Type, func(*expr.Call) (function.Kernel, error) {
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if v := args[0]; v.Enc == vec.Flat {
				kernel.Scatter(out, v.Kids[f], sel)
				return nil
			}
			for _, i := range sel {
				copyField(out, int(i), args[0], int(i), f)
			}
			return nil
		}, nil
	}, t, text), nil
}

// copyField copies field f of the struct in row j of src, NULL if the struct is.
func copyField(dst *vec.Vec, i int, src *vec.Vec, j, f int) {
	if src.Null(j) {
		if dst.Type.Kind != types.Null {
			dst.SetNull(i)
		}
		return
	}
	kernel.CopyRow(dst, i, src.Base().Kids[f], src.Index(j))
}

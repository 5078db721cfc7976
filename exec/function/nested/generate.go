package nested

import (
	"strconv"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func generators() []function.Def {
	gen := func(d function.Def) function.Def {
		d.Kind = function.Generator
		return d
	}
	return []function.Def{
		gen(def("explode", "collection", "Makes a row of each element of an array, or of each entry of a map.", explode(false), ex("SELECT explode(array(10, 20))", "10\n20"))),
		gen(def("posexplode", "collection", "As explode, with the place of the element, from 0, as first column.", explode(true), ex("SELECT posexplode(array(10, 20))", "0\t10\n1\t20"))),
		gen(def("inline", "input", "Makes a row of each struct of an array, a column of each of its fields.", inline, ex("SELECT inline(array(struct(1, 'a'), struct(2, 'b')))", "1\ta\n2\tb"))),
		gen(def("stack", "n, expr1, …, exprk", "Makes n rows of the arguments after the first.", stack, ex("SELECT stack(2, 1, 2, 3)", "1\t2\n3\tNULL"))),
	}
}

// rows makes the overload of a generator.
func rows(cols []types.Field, params []types.Type, f function.Generate) *function.Overload {
	return &function.Overload{
		Params: params, Columns: cols, Nulls: function.NullOwn, Result: types.ArrayType(types.StructType(cols...), false),
		Generate: func(*expr.Call) (function.Generate, error) { return f, nil },
	}
}

func explode(pos bool) build.Resolver {
	return arity(1, 1, func(c *function.Call) (*function.Overload, error) {
		t := c.Args[0].Type()
		if t.Kind != types.Array && t.Kind != types.Map {
			return nil, build.WrongType(c, 0, `("ARRAY" or "MAP")`)
		}
		var cols []types.Field
		if pos {
			cols = append(cols, types.Field{Name: "pos", Type: i32})
		}
		if t.Kind == types.Array {
			cols = append(cols, types.Field{Name: "col", Type: t.Elem(), Nullable: nullable(t)})
		} else {
			cols = append(cols, t.Children()...)
		}
		return rows(cols, []types.Type{t}, func(_ *build.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
			if args[0].Null(row) {
				return 0, nil
			}
			l := listAt(args[0], row)
			if pos {
				off := outs[0].Extend(l.len())
				for k := range l.len() {
					vec.Data[int32](outs[0])[off+k] = int32(k)
				}
				outs = outs[1:]
			}
			for f, o := range outs {
				kernel.Append(o, l.kids[f], l.lo, l.len())
			}
			return l.len(), nil
		}), nil
	})
}

func inline(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 1); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if t.Kind != types.Array || t.Elem().Kind != types.Struct {
		return nil, build.WrongType(c, 0, `"ARRAY<STRUCT>"`)
	}
	cols := append([]types.Field{}, t.Elem().Children()...)
	for i := range cols {
		cols[i].Nullable = cols[i].Nullable || nullable(t)
	}
	return rows(cols, []types.Type{t}, func(_ *build.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
		if args[0].Null(row) {
			return 0, nil
		}
		l := listAt(args[0], row)
		for f, o := range outs {
			off := o.Extend(l.len())
			for k := range l.len() {
				copyField(o, off+k, l.elem(), l.lo+k, f)
			}
		}
		return l.len(), nil
	}), nil
}

func stack(c *function.Call) (*function.Overload, error) {
	if len(c.Args) < 2 {
		return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `stack` requires > 1 parameters but the actual number is %d.", len(c.Args))
	}
	text := function.CallText(c.Name, c.Args)
	l, ok := c.Args[0].(*expr.Literal)
	if !ok {
		return nil, build.NonFoldable(c, 0, "n", `"INT"`)
	}
	if l.Value == nil {
		return nil, sqlerr.New(sqlerr.UnexpectedNull, "Cannot resolve \"%s\" due to data type mismatch: The n must not be null.", text)
	}
	n, ok := l.Value.(int64)
	if !ok || !l.T.Kind.IsInteger() {
		return nil, build.WrongType(c, 0, `"INT"`)
	}
	if n < 1 || n > maxElements {
		return nil, sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `n` must be between (0, 2147483647] (current value = %d).", text, n)
	}
	values := c.Args[1:]
	width := (len(values) + int(n) - 1) / int(n)
	cols := make([]types.Field, width)
	params := make([]types.Type, len(c.Args))
	params[0] = l.T
	for f := range cols {
		t := types.NullType
		for i := f; i < len(values); i += width {
			u := values[i].Type()
			var ok bool
			if t.Kind != types.Null && u.Kind != types.Null && !t.SameShape(u) {
				ok = false
			} else {
				t, ok = coerce.Common(t, u, c.ANSI)
			}
			if !ok {
				return nil, sqlerr.New(sqlerr.StackDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: The data type of the column (%d) do not have the same type: \"%s\" (%d) <> \"%s\" (%d).", text, f+1, t.SQL(), f+1, u.SQL(), i+1)
			}
		}
		cols[f] = types.Field{Name: "col" + strconv.Itoa(f), Type: t, Nullable: true}
		for i := f; i < len(values); i += width {
			params[1+i] = t
		}
	}
	return rows(cols, params, func(c *build.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
		for f, o := range outs {
			if err := room(c, "stack", o, n); err != nil {
				return 0, err
			}
			off := o.Extend(int(n))
			for k := range int(n) {
				if err := pause(c, k); err != nil {
					return 0, err
				}
				if i := 1 + k*width + f; i < len(args) {
					kernel.CopyRow(o, off+k, args[i], row)
				} else if o.Type.Kind != types.Null {
					o.SetNull(off + k)
				}
			}
		}
		return int(n), nil
	}), nil
}

package str

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func joins() []function.Def {
	return []function.Def{
		def("concat_ws", "sep[, str | array(str)]…", "Returns the arguments joined by sep; NULLs are left out.", concatWS,
			ex("SELECT concat_ws(' ', 'Spark', 'SQL')", "Spark SQL"), ex("SELECT concat_ws('/', 'foo', NULL, 'bar')", "foo/bar")),
		def("elt", "n, str1, str2, …", "Returns the n-th of the strings (from 1).", elt, ex("SELECT elt(1, 'scala', 'java')", "scala")),
	}
}

func concatWS(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, -1); err != nil {
		return nil, err
	}
	o := &function.Overload{Result: s, Nulls: function.NullOwn}
	for k, a := range c.Args {
		if t := a.Type(); t.Kind == types.Struct || t.Kind == types.Map || k > 0 && t.Kind == types.Array && t.Elem().Kind.IsNested() {
			return nil, build.WrongType(c, k, `("ARRAY<STRING>" or "STRING")`)
		}
		if k > 0 && a.Type().Kind == types.Array {
			o.Params = append(o.Params, types.ArrayType(s, true))
		} else {
			o.Params = append(o.Params, s)
		}
	}
	o.Kernel = func(*expr.Call) (function.Kernel, error) {
		var b strings.Builder
		return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			if args[0].Null(row) {
				return build.Null
			}
			sep := textAt(args[0], row)
			b.Reset()
			first := true
			add := func(v string) error {
				n := len(v)
				if !first {
					n += len(sep)
				}
				if err := c.Make("concat_ws", int64(n)); err != nil {
					return err
				}
				if !first {
					b.WriteString(sep)
				}
				first = false
				b.WriteString(v)
				return nil
			}
			for _, a := range args[1:] {
				switch {
				case a.Null(row):
				case a.Type.Kind == types.Array:
					base := a.Base()
					l := vec.Data[vec.List](base)[a.Index(row)]
					for k := range int(l.Len) {
						if e := base.Kids[0]; !e.Null(int(l.Off) + k) {
							if err := add(textAt(e, int(l.Off)+k)); err != nil {
								return err
							}
						}
					}
				default:
					if err := add(textAt(a, row)); err != nil {
						return err
					}
				}
			}
			setString(out, row, b.String())
			return nil
		}), nil
	}
	return o, nil
}

func elt(c *function.Call) (*function.Overload, error) {
	o, err := build.Func(build.Rest(s, 1, s, i), build.Rows(func(ctx *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		if args[0].Null(row) {
			return build.Null
		}
		n := intAt(args[0], row)
		if n < 1 || int(n) >= len(args) {
			if ctx.ANSI {
				return outOfRange(n, len(args)-1)
			}
			return build.Null
		}
		if args[n].Null(row) {
			return build.Null
		}
		setString(out, row, textAt(args[n], row))
		return nil
	}), build.NullOwn)(c)
	return o, err
}

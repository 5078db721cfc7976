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

// overMap resolves a function of a map and a lambda of (key, value). write
// writes row after row: r are the lambda's results, from at on those of the row.
func overMap(result func(c *function.Call, t types.Type) (types.Type, error), write func(b *mapBuilder, e *elements, r *vec.Vec, at int) error) build.Resolver {
	return lifting(arity(2, 2, func(c *function.Call) (*function.Overload, error) {
		t, err := mapArg(c, 0)
		if err != nil {
			return nil, err
		}
		if _, err := lambdaAt(c, 1); err != nil {
			return nil, err
		}
		res, err := result(c, t)
		if err != nil {
			return nil, err
		}
		lastWins := policy(c)
		return higher(c, res, []types.Type{t, {}}, func(int) []types.Field {
			return []types.Field{field("k", t.Key(), false), field("v", t.Value(), t.Children()[1].Nullable)}
		}, func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
			var e elements
			b := newMapBuilder(lastWins)
			part := func(args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				e.collect(args[0], sel)
				r, err := ls[1].Eval([]*vec.Vec{&e.cols[0], &e.cols[1]}, e.rows)
				if err != nil {
					return err
				}
				at := 0
				for _, row := range sel {
					lo, hi := build.Elements(args[0], int(row))
					b.start(out)
					for end := at + hi - lo; at < end; at++ {
						if err := write(b, &e, r, at); err != nil {
							return err
						}
					}
					b.finish(int(row))
				}
				return nil
			}
			return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
				return inParts(c, args[:1], sel, out, func(sel []uint16) error { return part(args, sel, out) })
			}, nil
		}), nil
	}), 1)
}

func higherMaps() []function.Def {
	return []function.Def{
		def("map_filter", "expr, func", "Returns the entries of a map for which func(key, value) is true.", overMap(func(c *function.Call, t types.Type) (types.Type, error) { return t, predicate(c, 1) },
			func(b *mapBuilder, e *elements, r *vec.Vec, at int) error {
				if !truth(r, at) {
					return nil
				}
				return b.add(&e.cols[0], at, &e.cols[1], at)
			}), ex("SELECT map_filter(map(1, 0, 2, 2, 3, -1), (k, v) -> k > v)", "{1:0,3:-1}")),
		def("transform_keys", "expr, func", "Returns a map with func(key, value) for each key.", overMap(func(c *function.Call, t types.Type) (types.Type, error) {
			v := t.Children()[1]
			return types.MapType(c.Args[1].Type(), v.Type, v.Nullable), keyType(c, c.Args[1].Type())
		}, func(b *mapBuilder, e *elements, r *vec.Vec, at int) error { return b.add(r, at, &e.cols[1], at) }),
			ex("SELECT transform_keys(map_from_arrays(array(1, 2, 3), array(1, 2, 3)), (k, v) -> k + 1)", "{2:1,3:2,4:3}")),
		def("transform_values", "expr, func", "Returns a map with func(key, value) for each value.", overMap(func(c *function.Call, t types.Type) (types.Type, error) {
			return types.MapType(t.Key(), c.Args[1].Type(), c.Args[1].Nullable()), nil
		}, func(b *mapBuilder, e *elements, r *vec.Vec, at int) error { return b.add(&e.cols[0], at, r, at) }),
			ex("SELECT transform_values(map_from_arrays(array(1, 2, 3), array(1, 2, 3)), (k, v) -> v + 1)", "{1:2,2:3,3:4}")),
		def("map_zip_with", "map1, map2, function", "Returns a map of the keys of both maps with function(key, value1, value2) for each; a map without the key gives NULL.", lifting(arity(3, 3, zipMaps), 2),
			ex("SELECT map_zip_with(map(1, 'a', 2, 'b'), map(1, 'x', 2, 'y'), (k, v1, v2) -> concat(v1, v2))", `{1:"ax",2:"by"}`)),
	}
}

func zipMaps(c *function.Call) (*function.Overload, error) {
	a, err := mapArg(c, 0)
	if err != nil {
		return nil, err
	}
	b, err := mapArg(c, 1)
	if err != nil {
		return nil, err
	}
	key, ok := coerce.Common(a.Key(), b.Key(), c.ANSI)
	if ok && (a.Key().Kind == types.String) != (b.Key().Kind == types.String) && a.Key().Kind != types.Null && b.Key().Kind != types.Null {
		ok = false
	}
	if !ok {
		return nil, sqlerr.New(sqlerr.MapZipDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: Input to the `map_zip_with` should have been two maps with compatible key types, but it's [\"%s\", \"%s\"].",
			function.CallText(c.Name, c.Args), a.Key().SQL(), b.Key().SQL())
	}
	if _, err := lambdaAt(c, 2); err != nil {
		return nil, err
	}
	l := types.MapType(key, a.Value(), a.Children()[1].Nullable)
	r := types.MapType(key, b.Value(), b.Children()[1].Nullable)
	return higher(c, types.MapType(key, c.Args[2].Type(), c.Args[2].Nullable()), []types.Type{l, r, {}}, func(int) []types.Field {
		return []types.Field{field("k", key, false), field("v1", a.Value(), true), field("v2", b.Value(), true)}
	}, func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
		s := newSeen()
		cols := []*vec.Vec{{Type: key}, {Type: a.Value()}, {Type: b.Value()}}
		part := func(args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			rows := make([]uint16, 0, len(sel))
			sizes := make([]int, len(sel))
			for _, v := range cols {
				v.Resize(0)
			}
			for p, row := range sel {
				s.reset()
				from := cols[0].Len()
				for side := range 2 {
					m := listAt(args[side], int(row))
					for k := m.lo; k < m.hi; k++ {
						at, fresh := s.add(m.elem(), k, int32(cols[0].Len()))
						if fresh {
							kernel.Append(cols[0], m.elem(), k, 1)
							for _, v := range cols[1:] {
								if v.Extend(1); v.Type.Kind != types.Null {
									v.SetNull(int(at))
								}
							}
							rows = append(rows, row)
						}
						kernel.CopyRow(cols[1+side], int(at), m.kids[1], k)
					}
				}
				sizes[p] = cols[0].Len() - from
			}
			res, err := ls[2].Eval(cols, rows)
			if err != nil {
				return err
			}
			off := out.Kids[0].Len()
			kernel.Append(out.Kids[0], cols[0], 0, len(rows))
			kernel.Append(out.Kids[1], res, 0, len(rows))
			for p, row := range sel {
				vec.Data[vec.List](out)[row] = vec.List{Off: int32(off), Len: int32(sizes[p])}
				off += sizes[p]
			}
			return nil
		}
		return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			return inParts(c, args[:2], sel, out, func(sel []uint16) error { return part(args, sel, out) })
		}, nil
	}), nil
}

package nested

import (
	"regexp"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func mapDefs() []function.Def {
	part := func(kid int) build.Resolver {
		return arity(1, 1, func(c *function.Call) (*function.Overload, error) {
			t, err := mapArg(c, 0)
			if err != nil {
				return nil, err
			}
			f := t.Children()[kid]
			return over(types.ArrayType(f.Type, f.Nullable), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				l, to := listAt(args[0], row), out.Kids[0]
				off := to.Len()
				kernel.Append(to, l.kids[kid], l.lo, l.len())
				setList(out, row, off)
				return nil
			}), t), nil
		})
	}
	return []function.Def{
		def("map_keys", "map", "Returns the keys of a map.", part(0), ex("SELECT map_keys(map(1, 'a', 2, 'b'))", "[1,2]")),
		def("map_values", "map", "Returns the values of a map.", part(1), ex("SELECT map_values(map(1, 'a', 2, 'b'))", `["a","b"]`)),
		def("map_entries", "map", "Returns the entries of a map as structs of key and value.", arity(1, 1, entries),
			ex("SELECT map_entries(map(1, 'a', 2, 'b'))", `[{"key":1,"value":"a"},{"key":2,"value":"b"}]`)),
		def("map_contains_key", "map, key", "Returns whether a map has a key.", arity(2, 2, containsKey), ex("SELECT map_contains_key(map(1, 'a', 2, 'b'), 1)", "true")),
	}
}

func entries(c *function.Call) (*function.Overload, error) {
	t, err := mapArg(c, 0)
	if err != nil {
		return nil, err
	}
	return over(types.ArrayType(types.StructType(t.Children()...), false), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l, kid := listAt(args[0], row), out.Kids[0]
		off := kid.Extend(l.len())
		for k := range l.len() {
			kernel.CopyRow(kid.Kids[0], off+k, l.kids[0], l.lo+k)
			kernel.CopyRow(kid.Kids[1], off+k, l.kids[1], l.lo+k)
		}
		setList(out, row, off)
		return nil
	}), t), nil
}

func containsKey(c *function.Call) (*function.Overload, error) {
	t, err := mapArg(c, 0)
	if err != nil {
		return nil, err
	}
	if c.Args[1].Type().Kind == types.Null {
		return nil, sqlerr.New(sqlerr.NullType, "Cannot resolve \"%s\" due to data type mismatch: Null typed values cannot be used as arguments of `%s`.", function.CallText(c.Name, c.Args), c.Name)
	}
	key, ok := coerce.Common(t.Key(), c.Args[1].Type(), c.ANSI)
	if !ok || (t.Key().Kind == types.String) != (c.Args[1].Type().Kind == types.String) && t.Key().Kind != types.Null {
		return nil, mapDiffTypes(c)
	}
	return over(flag, build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		l := listAt(args[0], row)
		equal := kernel.Equals(l.elem(), args[1])
		found := false
		for k := l.lo; k < l.hi && !found; k++ {
			found = equal(k, row)
		}
		vec.Data[bool](out)[row] = found
		return nil
	}), types.MapType(key, t.Value(), t.Children()[1].Nullable), key), nil
}

// building makes a kernel that writes maps with a mapBuilder.
func building(lastWins bool, f func(b *mapBuilder, args []*vec.Vec, row int) error) build.Maker {
	return func(*expr.Call) (function.Kernel, error) {
		b := newMapBuilder(lastWins)
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			b.start(out)
			if err := f(b, args, row); err != nil {
				return err
			}
			b.finish(row)
			return nil
		}), nil
	}
}

func mapMakers() []function.Def {
	return []function.Def{
		def("map_from_arrays", "keys, values", "Returns a map of the keys in one array and the values in another of equal length.", arity(2, 2, fromArrays),
			ex("SELECT map_from_arrays(array(1.0, 3.0), array('2', '4'))", `{1.0:"2",3.0:"4"}`)),
		def("map_from_entries", "arrayOfEntries", "Returns a map of an array of structs of two fields, key and value.", arity(1, 1, fromEntries),
			ex("SELECT map_from_entries(array(struct(1, 'a'), struct(2, 'b')))", `{1:"a",2:"b"}`)),
		def("map_concat", "map, …", "Returns a map of the entries of all maps.", mapConcat, ex("SELECT map_concat(map(1, 'a', 2, 'b'), map(3, 'c'))", `{1:"a",2:"b",3:"c"}`)),
		def("str_to_map", "text[, pairDelim[, keyValueDelim]]", "Returns a map of a text, split by the regular expressions pairDelim (',') and keyValueDelim (':').", strToMap,
			ex("SELECT str_to_map('a:1,b:2,c:3', ',', ':')", `{"a":"1","b":"2","c":"3"}`), ex("SELECT str_to_map('a')", `{"a":null}`)),
	}
}

func fromArrays(c *function.Call) (*function.Overload, error) {
	ks, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	vs, err := arrayArg(c, 1)
	if err != nil {
		return nil, err
	}
	if err := keyType(c, ks.Elem()); err != nil {
		return nil, err
	}
	return over(types.MapType(ks.Elem(), vs.Elem(), nullable(vs)), building(policy(c), func(b *mapBuilder, args []*vec.Vec, row int) error {
		k, v := listAt(args[0], row), listAt(args[1], row)
		if k.len() != v.len() {
			return sqlerr.New(sqlerr.InvalidParameterValue, "The key array and value array of MapData must have the same length.")
		}
		for i := range k.len() {
			if err := b.add(k.elem(), k.lo+i, v.elem(), v.lo+i); err != nil {
				return err
			}
		}
		return nil
	}), ks, vs), nil
}

func fromEntries(c *function.Call) (*function.Overload, error) {
	t := c.Args[0].Type()
	if t.Kind != types.Array || t.Elem().Kind != types.Struct || len(t.Elem().Children()) != 2 {
		return nil, build.WrongType(c, 0, `"ARRAY" of pair "STRUCT"`)
	}
	fs := t.Elem().Children()
	if err := keyType(c, fs[0].Type); err != nil {
		return nil, err
	}
	return over(types.MapType(fs[0].Type, fs[1].Type, fs[1].Nullable), building(policy(c), func(b *mapBuilder, args []*vec.Vec, row int) error {
		l := listAt(args[0], row)
		for k := l.lo; k < l.hi; k++ {
			if l.elem().Null(k) {
				return build.Null
			}
		}
		base := l.elem().Base()
		for k := l.lo; k < l.hi; k++ {
			i := l.elem().Index(k)
			if err := b.add(base.Kids[0], i, base.Kids[1], i); err != nil {
				return err
			}
		}
		return nil
	}), t), nil
}

func mapConcat(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 0 {
		return over(types.MapType(text, text, false), building(false, func(*mapBuilder, []*vec.Vec, int) error { return nil })), nil
	}
	for _, a := range c.Args {
		if k := a.Type().Kind; k != types.Map && k != types.Null {
			return nil, sqlerr.New(sqlerr.MapConcatDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: The `map_concat` should all be of type map, but it's %s.", function.CallText(c.Name, c.Args), typeList(c.Args))
		}
	}
	t, ok := coerce.CommonAll(c.Types(), c.ANSI)
	if !ok || t.Kind != types.Map {
		return nil, build.DiffTypes(c)
	}
	params := make([]types.Type, len(c.Args))
	for i := range params {
		params[i] = t
	}
	return over(t, building(policy(c), func(b *mapBuilder, args []*vec.Vec, row int) error {
		for _, a := range args {
			l := listAt(a, row)
			for k := l.lo; k < l.hi; k++ {
				if err := b.add(l.kids[0], k, l.kids[1], k); err != nil {
					return err
				}
			}
		}
		return nil
	}), params...), nil
}

// maxCompiled is how many regular expressions a kernel keeps.
const maxCompiled = 1000

func strToMap(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 3); err != nil {
		return nil, err
	}
	lastWins := policy(c)
	return build.Func(build.Optional(types.MapType(text, text, true), 1, text, text, text), func(*expr.Call) (function.Kernel, error) {
		b := newMapBuilder(lastWins)
		compiled := map[string]*regexp.Regexp{}
		pattern := func(args []*vec.Vec, i, row int, other string) (*regexp.Regexp, error) {
			if i < len(args) {
				other = textAt(args[i], row)
			}
			if re := compiled[other]; re != nil {
				return re, nil
			}
			re, err := regexp.Compile(other)
			if err != nil {
				return nil, sqlerr.New(sqlerr.InvalidRegexp, "The value of parameter(s) `regexp` in `str_to_map` is invalid: '%s'.", other)
			}
			if len(compiled) == maxCompiled {
				clear(compiled)
			}
			compiled[other] = re
			return re, nil
		}
		pair := []*vec.Vec{vec.New(text, 1), vec.New(text, 1)}
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			pairs, err := pattern(args, 1, row, ",")
			if err != nil {
				return err
			}
			kv, err := pattern(args, 2, row, ":")
			if err != nil {
				return err
			}
			b.start(out)
			for _, s := range pairs.Split(textAt(args[0], row), -1) {
				parts := kv.Split(s, 2)
				vec.Data[string](pair[0])[0] = parts[0]
				pair[1].Resize(1)
				if len(parts) == 2 {
					vec.Data[string](pair[1])[0] = parts[1]
				} else {
					pair[1].SetNull(0)
				}
				if err := b.add(pair[0], 0, pair[1], 0); err != nil {
					return err
				}
			}
			b.finish(row)
			return nil
		}), nil
	})(c)
}

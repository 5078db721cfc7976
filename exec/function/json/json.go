// Package json defines the functions on JSON texts: reading parts by path,
// conversion from and to SQL values by a schema, inference of schemas.
package json

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var text = types.StringType

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "json", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// Defs lists the family.
func Defs() []function.Def {
	tuple := def("json_tuple", "jsonStr, p1, p2, …, pn", "Makes a row of the values of several keys of a JSON object, as text.", jsonTuple, ex(`SELECT json_tuple('{"a":1, "b":2}', 'a', 'b')`, "1\t2"))
	tuple.Kind = function.Generator
	return []function.Def{
		def("get_json_object", "json_txt, path", "Returns the part of a JSON text that a path such as $.a.b[0] leads to, as text; NULL if there is none.", build.Func(build.Fixed(text, text, text), build.BinaryE(func(_ *build.Context, s, path string) (string, error) {
			r, ok := getPath(s, path)
			if !ok {
				return "", build.Null
			}
			return r, nil
		}), build.NullOut), ex(`SELECT get_json_object('{"a":"b"}', '$.a')`, "b"), ex(`SELECT get_json_object('[{"a":"b"},{"a":"c"}]', '$[*].a')`, `["b","c"]`)),
		def("json_array_length", "jsonArray", "Returns the number of elements of a JSON array, NULL for other texts.", build.Func(build.Fixed(types.Int32Type, text), build.UnaryE(func(_ *build.Context, s string) (int32, error) {
			v, _, ok := parseText(s)
			if !ok || v.kind != 'a' {
				return 0, build.Null
			}
			return int32(len(v.list)), nil
		}), build.NullOut), ex("SELECT json_array_length('[1,2,3,4]')", "4")),
		def("json_object_keys", "json_object", "Returns the keys of a JSON object, NULL for other texts.", build.Func(build.Fixed(types.ArrayType(text, true), text), build.Datums(func(_ *build.Context, args []types.Datum) (types.Datum, error) {
			v, _, ok := parseText(args[0].(string))
			if !ok || v.kind != 'o' {
				return nil, nil
			}
			out := make([]types.Datum, len(v.keys))
			for i, k := range v.keys {
				out[i] = k
			}
			return out, nil
		}), build.NullOut), ex(`SELECT json_object_keys('{"f1":"abc","f2":{"f3":"a"}}')`, `["f1","f2"]`)),
		def("from_json", "jsonStr, schema[, options]", "Returns the value in a JSON text by a schema. Texts and fields that do not fit give NULL, or an error with the option mode FAILFAST.", fromJSON,
			ex(`SELECT from_json('{"a":1, "b":0.8}', 'a INT, b DOUBLE')`, `{"a":1,"b":0.8}`)),
		def("to_json", "expr[, options]", "Returns a struct, array or map as JSON text. Fields that are NULL are left out.", toJSON, ex("SELECT to_json(named_struct('a', 1, 'b', 2))", `{"a":1,"b":2}`)),
		def("schema_of_json", "json[, options]", "Returns the schema of a JSON text, as from_json takes it.", schemaOf, ex(`SELECT schema_of_json('[{"col":0}]')`, "ARRAY<STRUCT<col: BIGINT>>")),
		tuple,
	}
}

// pathStep is a key, an index, or all elements.
type pathStep struct {
	key   string
	index int
	all   bool
	isKey bool
}

func parsePath(p string) ([]pathStep, bool) {
	if !strings.HasPrefix(p, "$") {
		return nil, false
	}
	var out []pathStep
	for p = p[1:]; p != ""; {
		switch {
		case p[0] == '.':
			p = p[1:]
			end := strings.IndexAny(p, ".[")
			if end < 0 {
				end = len(p)
			}
			if end == 0 {
				return nil, false
			}
			out = append(out, pathStep{key: p[:end], isKey: true, all: p[:end] == "*"})
			p = p[end:]
		case strings.HasPrefix(p, "['"):
			end := strings.Index(p, "']")
			if end < 2 {
				return nil, false
			}
			out = append(out, pathStep{key: p[2:end], isKey: true, all: p[2:end] == "*"})
			p = p[end+2:]
		case p[0] == '[':
			end := strings.IndexByte(p, ']')
			if end < 0 {
				return nil, false
			}
			if in := p[1:end]; in == "*" {
				out = append(out, pathStep{all: true})
			} else {
				n, err := strconv.Atoi(in)
				if err != nil || n < 0 {
					return nil, false
				}
				out = append(out, pathStep{index: n})
			}
			p = p[end+1:]
		default:
			return nil, false
		}
	}
	return out, true
}

func getPath(s, path string) (string, bool) {
	steps, ok := parsePath(path)
	if !ok {
		return "", false
	}
	v, _, ok := parseText(s)
	if !ok {
		return "", false
	}
	found := follow(v, steps)
	many := false
	for _, st := range steps {
		many = many || st.all && !st.isKey
	}
	switch {
	case len(found) == 0:
		return "", false
	case !many:
		if found[0].kind == 'n' {
			return "", false
		}
		return found[0].plain(), true
	case len(found) == 1:
		return string(found[0].append(nil)), true
	}
	return string((&value{kind: 'a', list: found}).append(nil)), true
}

// follow returns the values that steps lead to.
func follow(v *value, steps []pathStep) []*value {
	if len(steps) == 0 {
		return []*value{v}
	}
	st, rest := steps[0], steps[1:]
	switch {
	case st.isKey && v.kind == 'o':
		if x := v.get(st.key); x != nil {
			return follow(x, rest)
		}
	case st.isKey && v.kind == 'a' && !st.all: // a field of each element
		var out []*value
		for _, x := range v.list {
			if x.kind == 'o' {
				out = append(out, follow(x, steps)...)
			}
		}
		return out
	case st.all && v.kind == 'a':
		var out []*value
		for _, x := range v.list {
			out = append(out, follow(x, rest)...)
		}
		return out
	case !st.isKey && !st.all && v.kind == 'a' && st.index < len(v.list):
		return follow(v.list[st.index], rest)
	}
	return nil
}

func jsonTuple(c *function.Call) (*function.Overload, error) {
	if len(c.Args) < 2 {
		return nil, sqlerr.New(sqlerr.WrongNumArgs, "The `json_tuple` requires > 1 parameters but the actual number is %d.", len(c.Args))
	}
	o := &function.Overload{Nulls: function.NullOwn}
	for i, a := range c.Args {
		if k := a.Type().Kind; k != types.String && k != types.Null {
			return nil, sqlerr.New(sqlerr.NonStringType, "Cannot resolve \"%s\" due to data type mismatch: all arguments of the function `json_tuple` must be strings.", function.CallText(c.Name, c.Args))
		}
		o.Params = append(o.Params, text)
		if i > 0 {
			o.Columns = append(o.Columns, types.Field{Name: "c" + strconv.Itoa(i-1), Type: text, Nullable: true})
		}
	}
	o.Result = types.ArrayType(types.StructType(o.Columns...), false)
	o.Generate = func(*expr.Call) (function.Generate, error) {
		return func(_ *build.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
			var v *value
			if !args[0].Null(row) {
				if x, _, ok := parseText(args[0].Get(row).(string)); ok && x.kind == 'o' {
					v = x
				}
			}
			for i, out := range outs {
				k := out.Extend(1)
				var x *value
				if v != nil && !args[1+i].Null(row) {
					x = v.get(args[1+i].Get(row).(string))
				}
				if x == nil || x.kind == 'n' {
					out.SetNull(k)
				} else {
					vec.Data[string](out)[k] = x.plain()
				}
			}
			return 1, nil
		}, nil
	}
	return o, nil
}

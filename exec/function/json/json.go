// Package json defines the functions on JSON texts: reading parts by path,
// conversion from and to SQL values by a schema, inference of schemas.
package json

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
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
		def("get_json_object", "json_txt, path", "Returns the part of a JSON text that a path such as $.a.b[0] leads to, as text; NULL if there is none.", build.Func(build.Fixed(text, text, text), getObject, build.NullOut),
			ex(`SELECT get_json_object('{"a":"b"}', '$.a')`, "b"), ex(`SELECT get_json_object('[{"a":"b"},{"a":"c"}]', '$[*].a')`, `["b","c"]`)),
		def("json_array_length", "jsonArray", "Returns the number of elements of a JSON array, NULL for other texts.", build.Func(build.Fixed(types.Int32Type, text), arrayLength, build.NullOut), ex("SELECT json_array_length('[1,2,3,4]')", "4")),
		def("json_object_keys", "json_object", "Returns the keys of a JSON object, NULL for other texts.", build.Func(build.Fixed(types.ArrayType(text, true), text), objectKeys, build.NullOut),
			ex(`SELECT json_object_keys('{"f1":"abc","f2":{"f3":"a"}}')`, `["f1","f2"]`)),
		def("from_json", "jsonStr, schema[, options]", "Returns the value in a JSON text by a schema. Texts and fields that do not fit give NULL, or an error with the option mode FAILFAST.", fromJSON,
			ex(`SELECT from_json('{"a":1, "b":0.8}', 'a INT, b DOUBLE')`, `{"a":1,"b":0.8}`)),
		def("to_json", "expr[, options]", "Returns a struct, array or map as JSON text. Fields that are NULL are left out.", toJSON, ex("SELECT to_json(named_struct('a', 1, 'b', 2))", `{"a":1,"b":2}`)),
		def("schema_of_json", "json[, options]", "Returns the schema of a JSON text, as from_json takes it.", schemaOf, ex(`SELECT schema_of_json('[{"col":0}]')`, "ARRAY<STRUCT<col: BIGINT>>")),
		tuple,
	}
}

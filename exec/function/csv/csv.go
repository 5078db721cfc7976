// Package csv defines the functions on texts of comma-separated values. What
// a text says is decided by the CSV format of files.
package csv

import (
	"github.com/volley-sql/volley/catalog/format/csv"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/schema"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var text = types.StringType

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "csv", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// Defs lists the family.
func Defs() []function.Def {
	return []function.Def{
		def("from_csv", "csvStr, schema[, options]", "Returns the struct in a text of one CSV record, by a schema. Fields that do not fit are NULL, or an error with the option mode FAILFAST. The options are those of CSV files.", fromCSV,
			ex("SELECT from_csv('1, 0.8', 'a INT, b DOUBLE')", `{"a":1,"b":0.8}`), ex("SELECT from_csv('26/08/2015', 'time Timestamp', map('timestampFormat', 'dd/MM/yyyy'))", `{"time":2015-08-26 00:00:00}`)),
		def("to_csv", "expr[, options]", "Returns a struct as the text of a CSV record. The options are those of CSV files.", toCSV, ex("SELECT to_csv(named_struct('a', 1, 'b', 'x,y'))", `1,"x,y"`)),
		def("schema_of_csv", "csv[, options]", "Returns the schema of a text of one CSV record, as from_csv takes it.", schemaOf, ex("SELECT schema_of_csv('1,abc')", "STRUCT<_c0: INT, _c1: STRING>")),
	}
}

func fromCSV(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	if k := c.Args[0].Type().Kind; k != types.String && k != types.Null {
		return nil, build.WrongType(c, 0, `"STRING"`)
	}
	t, err := schema.Arg(c, 1)
	if err != nil {
		return nil, err
	}
	if t.Kind != types.Struct {
		return nil, sqlerr.New(sqlerr.SchemaNonStruct, "The input schema \"%s\" is not a valid schema string. The input expression should be evaluated to struct type, but got \"%s\".", function.Text(c.Args[1]), t.SQL())
	}
	opts, err := schema.Options(c, 2)
	if err != nil {
		return nil, err
	}
	if _, err := schema.Corrupt(t.Children(), opts); err != nil {
		return nil, err
	}
	if _, err := schema.Mode(c, opts); err != nil {
		return nil, err
	}
	params := c.Types()
	params[0] = text
	return &function.Overload{Params: params, Result: t, Nulls: function.NullOut, Kernel: func(*expr.Call) (function.Kernel, error) {
		var d *csv.Decoder
		var texts []string
		return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if d == nil { // bad options are an error only where there is a text
				var err error
				if d, err = csv.NewDecoder(t.Children(), textvalue.WithZone(opts, x.TimeZone), schema.Legacy(x.Setting)); err != nil {
					return err
				}
			}
			in := build.ViewOf[string](args[0])
			texts = texts[:0]
			for _, i := range sel {
				texts = append(texts, in.At(int(i)))
			}
			cols, err := d.Decode(texts)
			if err != nil {
				return err
			}
			for k, c := range cols {
				for j, i := range sel {
					kernel.CopyRow(out.Kids[k], int(i), c, j)
				}
			}
			return nil
		}, nil
	}}, nil
}

func toCSV(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if t.Kind != types.Struct && t.Kind != types.Null {
		return nil, sqlerr.New(sqlerr.UnsupportedInputType, "Cannot resolve \"%s\" due to data type mismatch: The input of `%s` can't be \"%s\" type data.", function.CallText(c.Name, c.Args), c.Name, t.SQL())
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	return &function.Overload{Params: c.Types(), Result: text, Kernel: func(*expr.Call) (function.Kernel, error) {
		var e *csv.Encoder
		var buf []byte
		return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if e == nil {
				var err error
				if e, err = csv.NewEncoder(t.Children(), textvalue.WithZone(opts, x.TimeZone), schema.Legacy(x.Setting), schema.BinaryStyle(x.Setting)); err != nil {
					return err
				}
			}
			o, in := vec.Data[string](out), args[0]
			for _, i := range sel {
				if err := x.Stopped(); err != nil {
					return err
				}
				buf = e.Append(buf[:0], in.Base().Kids, in.Index(int(i)))
				if err := x.Make("to_csv", int64(len(buf))); err != nil {
					return err
				}
				o[i] = string(buf)
			}
			return nil
		}, nil
	}}, nil
}

func schemaOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	s, err := schema.Sample(c, "csv")
	if err != nil {
		return nil, err
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	fields, err := csv.InferRecord(s, opts)
	if err != nil {
		return nil, err
	}
	return schema.Name(c, types.StructType(fields...)), nil
}

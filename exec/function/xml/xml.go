// Package xml defines the functions on XML texts: conversion from and to SQL
// values by a schema, and inference of schemas.
//
//	text ─► element tree ─► values by a schema (read.go) or a type (infer.go)
//	values ─► text (write.go)
package xml

import (
	"strings"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/schema"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

var text = types.StringType

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "xml", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// Defs lists the family.
func Defs() []function.Def {
	return []function.Def{
		def("from_xml", "xmlStr, schema[, options]", "Returns the struct in an XML text by a schema: children of the root and, with the prefix _, its attributes. What does not fit gives NULL, from the first such field on, or an error with the option mode FAILFAST. Texts that are no XML give a struct of NULLs.", fromXML,
			ex("SELECT from_xml('<p><a>1</a><b>0.8</b></p>', 'a INT, b DOUBLE')", `{"a":1,"b":0.8}`)),
		def("to_xml", "expr[, options]", "Returns a struct as XML text: a child for each field, an attribute for those whose name begins with _. Fields that are NULL are left out unless the option nullValue is given.", toXML,
			ex("SELECT replace(to_xml(named_struct('a', 1, 'b', 2)), '\n', '')", "<ROW>    <a>1</a>    <b>2</b></ROW>")),
		def("schema_of_xml", "xml[, options]", "Returns the schema of an XML text, as from_xml takes it.", schemaOf, ex("SELECT schema_of_xml('<p><a>1</a></p>')", "STRUCT<a: BIGINT>")),
	}
}

// options are what the functions know of the options of Spark's XML source.
type options struct {
	attributePrefix, valueTag, rowTag, itemTag, indent, corrupt string
	nullValue                                                   *string
	noAttributes, keepSpaces, noNamespace                       bool
	asString, preferDecimal, preferDate, checkNames             bool
	times                                                       textvalue.Times
}

func parseOptions(opts map[string]string, use calendar.Use) (*options, error) {
	var first error
	note := func(err error) {
		if first == nil {
			first = err
		}
	}
	or := func(key, def string) string {
		if s, ok := opts[key]; ok {
			return s
		}
		return def
	}
	flag := func(key string, def bool) bool {
		switch s, ok := opts[key]; {
		case !ok:
			return def
		case strings.EqualFold(s, "true"), strings.EqualFold(s, "false"):
			return strings.EqualFold(s, "true")
		default:
			note(sqlerr.New(sqlerr.InvalidParameterValue, "%s flag can be true or false, not %q.", key, s))
			return def
		}
	}
	o := &options{
		attributePrefix: or("attributeprefix", "_"), valueTag: or("valuetag", "_VALUE"), rowTag: or("rowtag", "ROW"), itemTag: or("arrayelementname", "item"),
		indent: or("indent", "    "), corrupt: or("columnnameofcorruptrecord", "_corrupt_record"),
		noAttributes: flag("excludeattribute", false), keepSpaces: !flag("ignoresurroundingspaces", true), noNamespace: flag("ignorenamespace", false),
		asString: !flag("inferschema", true), preferDecimal: flag("prefersdecimal", false), preferDate: flag("preferdate", true), checkNames: flag("validatename", true),
	}
	if s, ok := opts["nullvalue"]; ok {
		o.nullValue = &s
	}
	for _, must := range [...][2]string{{"rowTag", o.rowTag}, {"valueTag", o.valueTag}, {"arrayElementName", o.itemTag}} {
		if must[1] == "" {
			note(sqlerr.New(sqlerr.InvalidParameterValue, "The option %s must not be empty.", must[0]))
		}
	}
	var err error
	o.times, err = textvalue.ParseTimes(opts, use)
	note(err)
	return o, first
}

func wrongSchema(c *function.Call, t types.Type) error {
	return sqlerr.New(sqlerr.InvalidXMLSchema, "Cannot resolve \"%s\" due to data type mismatch: Input schema \"%s\" must be a struct or a variant.", function.CallText(c.Name, c.Args[:1]), t.SQL())
}

func fromXML(c *function.Call) (*function.Overload, error) {
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
	opts, err := schema.Options(c, 2)
	if err != nil {
		return nil, err
	}
	if t.Kind != types.Struct {
		return nil, wrongSchema(c, t)
	}
	failFast, err := schema.Mode(c, opts)
	if err != nil {
		return nil, err
	}
	corrupt, err := schema.Corrupt(t.Children(), opts)
	if err != nil {
		return nil, err
	}
	params := c.Types()
	params[0] = text
	return &function.Overload{Params: params, Result: t, Nulls: function.NullOut, Kernel: func(*expr.Call) (function.Kernel, error) {
		var o *options
		return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if o == nil { // bad options are an error only where there is a text
				var err error
				if o, err = parseOptions(textvalue.WithZone(opts, x.TimeZone), calendar.Use{Reading: true, Legacy: schema.Legacy(x.Setting)}); err != nil {
					return err
				}
				if err = o.times.Err(t); err != nil {
					return err
				}
			}
			in := build.ViewOf[string](args[0])
			for _, i := range sel {
				s := in.At(int(i))
				row := make([]types.Datum, len(t.Children()))
				err := o.record(s, t, row)
				if err != nil && failFast {
					return sqlerr.Wrap(err, sqlerr.MalformedRecord, "Malformed records are detected in record parsing: [%s]. Parse Mode: FAILFAST.", s).
						WithHint("To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.")
				}
				if err != nil && corrupt >= 0 {
					row[corrupt] = s
				}
				out.Put(int(i), row)
			}
			return nil
		}, nil
	}}, nil
}

func toXML(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if t.Kind != types.Struct && t.Kind != types.Null {
		return nil, build.WrongType(c, 0, `("STRUCT" or "VARIANT")`)
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	return &function.Overload{Params: c.Types(), Result: text, Kernel: func(*expr.Call) (function.Kernel, error) {
		var w *writer
		return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if w == nil {
				o, err := parseOptions(textvalue.WithZone(opts, x.TimeZone), calendar.Use{Legacy: schema.Legacy(x.Setting)})
				if err != nil {
					return err
				}
				if o.attributePrefix == "" {
					return sqlerr.New(sqlerr.InvalidParameterValue, "The option attributePrefix must not be empty.")
				}
				if err = o.times.Err(t); err != nil {
					return err
				}
				w = &writer{o: o, binary: schema.BinaryStyle(x.Setting)}
			}
			o := vec.Data[string](out)
			for _, i := range sel {
				if err := x.Stopped(); err != nil {
					return err
				}
				s, err := w.row(args[0].Get(int(i)).([]types.Datum), t)
				if err == nil {
					err = x.Make("to_xml", int64(len(s)))
				}
				if err != nil {
					return err
				}
				o[i] = s
			}
			return nil
		}, nil
	}}, nil
}

func schemaOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	s, err := schema.Sample(c, "xml")
	if err != nil {
		return nil, err
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	o, err := parseOptions(textvalue.WithZone(opts, c.TimeZone), calendar.Use{Reading: true})
	if err != nil {
		return nil, err
	}
	return schema.Name(c, o.schema(s)), nil
}

package json

import (
	"github.com/volley-sql/volley/catalog/format/json"
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

func wrongSchema(c *function.Call, t types.Type) error {
	return sqlerr.New(sqlerr.InvalidJSONSchema, "Cannot resolve \"%s\" due to data type mismatch: Input schema \"%s\" must be a struct, an array, a map or a variant.", function.CallText(c.Name, c.Args[:1]), t.SQL())
}

// textKeys is the error of a map in t whose keys are no STRING.
func textKeys(t types.Type) error {
	if t.Kind == types.Map && t.Key().Kind != types.String {
		return sqlerr.New(sqlerr.InvalidJSONMapKey, "Cannot resolve \"entries\" due to data type mismatch: Input schema \"%s\" can only contain STRING as a key type for a MAP.", t.SQL())
	}
	for _, f := range t.Children() {
		if err := textKeys(f.Type); err != nil {
			return err
		}
	}
	return nil
}

func fromJSON(c *function.Call) (*function.Overload, error) {
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
	if !t.Kind.IsNested() {
		return nil, wrongSchema(c, t)
	}
	if err := textKeys(t); err != nil {
		return nil, err
	}
	if _, err := schema.Mode(c, opts); err != nil {
		return nil, err
	}
	if t.Kind == types.Struct {
		if _, err := schema.Corrupt(t.Children(), opts); err != nil {
			return nil, err
		}
	}
	params := c.Types()
	params[0] = text
	return &function.Overload{Params: params, Result: t, Nulls: function.NullOut, Kernel: func(*expr.Call) (function.Kernel, error) {
		var d *json.Decoder
		var texts []string
		return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if d == nil { // bad options are an error only where there is a text
				var err error
				if d, err = json.NewDecoder(t, textvalue.WithZone(opts, x.TimeZone), schema.Legacy(x.Setting)); err != nil {
					return err
				}
			}
			in := build.ViewOf[string](args[0])
			texts = texts[:0]
			for _, i := range sel {
				texts = append(texts, in.At(int(i)))
			}
			v, err := d.Decode(texts)
			if err != nil {
				return err
			}
			for j, i := range sel {
				kernel.CopyRow(out, int(i), v, j)
			}
			return nil
		}, nil
	}}, nil
}

func toJSON(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t := c.Args[0].Type()
	if !t.Kind.IsNested() && t.Kind != types.Null {
		return nil, wrongSchema(c, t)
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	if _, ok := opts["ignorenullfields"]; !ok && c.Setting != nil && c.Setting("spark.sql.jsonGenerator.ignoreNullFields") == "false" {
		opts["ignorenullfields"] = "false"
	}
	return &function.Overload{Params: c.Types(), Result: text, Kernel: func(*expr.Call) (function.Kernel, error) {
		var e *json.Encoder
		var buf []byte
		return func(x *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			if e == nil {
				var err error
				if e, err = json.NewEncoder(t, textvalue.WithZone(opts, x.TimeZone), schema.Legacy(x.Setting)); err != nil {
					return err
				}
			}
			o := vec.Data[string](out)
			for _, i := range sel {
				if err := x.Stopped(); err != nil {
					return err
				}
				buf = e.Append(buf[:0], args[0], int(i))
				if err := x.Make("to_json", int64(len(buf))); err != nil {
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
	s, err := schema.Sample(c, "json")
	if err != nil {
		return nil, err
	}
	opts, err := schema.Options(c, 1)
	if err != nil {
		return nil, err
	}
	t, err := json.InferValue(s, textvalue.WithZone(opts, c.TimeZone))
	if err != nil {
		return nil, err
	}
	return schema.Name(c, t), nil
}

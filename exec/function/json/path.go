package json

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/catalog/format/json"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// getObject reads its path once as long as it stays the same.
func getObject(*expr.Call) (function.Kernel, error) {
	f := json.NewFinder()
	var last string
	var path json.Path
	good, known := false, false
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		texts, paths, o := build.ViewOf[string](args[0]), build.ViewOf[string](args[1]), vec.Data[string](out)
		for _, i := range sel {
			if p := paths.At(int(i)); !known || p != last {
				last, known = strings.Clone(p), true
				path, good = json.ParsePath(last)
			}
			if !good {
				out.SetNull(int(i))
				continue
			}
			if found, ok := f.Path(texts.At(int(i)), path); ok {
				o[i] = string(found)
			} else {
				out.SetNull(int(i))
			}
		}
		return nil
	}, nil
}

func arrayLength(*expr.Call) (function.Kernel, error) {
	f := json.NewFinder()
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		texts, o := build.ViewOf[string](args[0]), vec.Data[int32](out)
		for _, i := range sel {
			n, ok := f.Length(texts.At(int(i)))
			if !ok {
				out.SetNull(int(i))
			}
			o[i] = int32(n)
		}
		return nil
	}, nil
}

func objectKeys(*expr.Call) (function.Kernel, error) {
	f := json.NewFinder()
	var keys []types.Datum
	return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		texts := build.ViewOf[string](args[0])
		for _, i := range sel {
			keys = keys[:0]
			if f.Keys(texts.At(int(i)), func(name string) { keys = append(keys, strings.Clone(name)) }) {
				out.Put(int(i), keys)
			} else {
				out.SetNull(int(i))
			}
		}
		return nil
	}, nil
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
		f := json.NewFinder()
		found := make([]*string, len(o.Columns))
		return func(_ *build.Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error) {
			tuple(f, args, row, found)
			for i, out := range outs {
				k := out.Extend(1)
				if found[i] == nil {
					out.SetNull(k)
				} else {
					vec.Data[string](out)[k] = *found[i]
				}
			}
			return 1, nil
		}, nil
	}
	return o, nil
}

// tuple finds the members that args[1:] name in the object args[0]. Of equal
// names the last that is not null counts.
func tuple(f *json.Finder, args []*vec.Vec, row int, found []*string) {
	clear(found)
	if args[0].Null(row) {
		return
	}
	is := func(i int, name string) bool { return !args[1+i].Null(row) && build.At[string](args[1+i], row) == name }
	wanted := func(name string) bool {
		for i := range found {
			if is(i, name) {
				return true
			}
		}
		return false
	}
	ok := f.Members(build.At[string](args[0], row), wanted, func(name string, value []byte) {
		s := string(value)
		for i := range found {
			if is(i, name) {
				found[i] = &s
			}
		}
	})
	if !ok {
		clear(found)
	}
}

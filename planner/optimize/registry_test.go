package optimize

import (
	"testing"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// registry is that of all functions, with signatures of those the tests need
// and that are not defined yet.
func registry(t testing.TB) *function.Registry {
	t.Helper()
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	var defs []function.Def
	for _, d := range r.Defs() {
		defs = append(defs, *d)
	}
	for _, d := range signatures {
		if r.Lookup(d.Name) == nil {
			defs = append(defs, d)
		}
	}
	out, err := function.New(defs)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sig(s build.Signature) build.Resolver { return build.Func(s, nil) }

func sum(ts []types.Type) (types.Type, error) {
	switch t := ts[0]; {
	case t.Kind == types.Decimal:
		return types.DecimalType(min(int(t.P)+10, 38), int(t.S)), nil
	case t.Kind.IsInteger():
		return types.Int64Type, nil
	}
	return types.Float64Type, nil
}

var signatures = []function.Def{
	{Name: "count", Kind: function.Aggregate, Resolve: build.Func(build.Rest(types.Int64Type, 1, build.Any), nil, build.NotNull)},
	{Name: "sum", Kind: function.Aggregate, Resolve: sig(build.Result(sum, 1, build.AnyNumeric))},
	{Name: "avg", Kind: function.Aggregate, Resolve: sig(build.Result(func([]types.Type) (types.Type, error) { return types.Float64Type, nil }, 1, build.AnyNumeric))},
	{Name: "max", Kind: function.Aggregate, Resolve: sig(build.Result(build.Arg(0), 1, build.Any))},
	{Name: "min", Kind: function.Aggregate, Resolve: sig(build.Result(build.Arg(0), 1, build.Any))},
	{Name: "stddev_samp", Kind: function.Aggregate, Resolve: sig(build.Fixed(types.Float64Type, types.Float64Type))},
	{Name: "rank", Kind: function.Window, Resolve: build.Func(build.Fixed(types.Int32Type), nil, build.NotNull)},
	{Name: "row_number", Kind: function.Window, Resolve: build.Func(build.Fixed(types.Int32Type), nil, build.NotNull)},
	{Name: "lag", Kind: function.Window, Resolve: sig(build.Result(build.Arg(0), 1, build.Any, types.Int32Type, build.Any))},
	{Name: "coalesce", Resolve: build.Func(build.Common(nil, 1, -1), nil, build.NullOwn)},
	{Name: "substr", Aliases: []string{"substring"}, Resolve: sig(build.Optional(types.StringType, 2, types.StringType, types.Int32Type, types.Int32Type))},
	{Name: "like", Resolve: sig(build.Optional(types.BoolType, 2, types.StringType, types.StringType, types.StringType))},
	{Name: "extract", Resolve: sig(build.Fixed(types.Int32Type, types.StringType, types.DateType))},
	{Name: "upper", Resolve: sig(build.Fixed(types.StringType, types.StringType))},
	{Name: "concat", Aliases: []string{"||"}, Resolve: sig(build.Rest(types.StringType, 1, types.StringType))},
	{Name: "abs", Resolve: sig(build.Result(build.Arg(0), 1, build.AnyNumeric))},
	{Name: "round", Resolve: sig(build.Result(build.Arg(0), 1, build.AnyNumeric, types.Int32Type))},
	{Name: "year", Resolve: sig(build.Fixed(types.Int32Type, types.DateType))},
	{Name: ">>", Resolve: sig(build.Result(build.Arg(0), 2, build.AnyInteger, types.Int32Type))},
	{Name: "&", Resolve: sig(build.Common(nil, 2, 2))},
	{Name: "nullif", Resolve: sig(build.Common(nil, 2, 2))},
	{Name: "getitem", Resolve: func(c *function.Call) (*function.Overload, error) {
		t := c.Args[0].Type()
		if t.Kind == types.Map {
			return sig(build.Fixed(t.Value(), t, t.Key()))(c)
		}
		return sig(build.Fixed(t.Elem(), t, types.Int32Type))(c)
	}},
	{Name: "getfield", Resolve: func(c *function.Call) (*function.Overload, error) {
		t := c.Args[0].Type()
		name := c.Args[1].(*expr.Literal).Value.(string)
		for _, f := range t.Children() {
			if f.Name == name {
				return sig(build.Fixed(f.Type, t, types.StringType))(c)
			}
		}
		return nil, build.Arity(c, 9, 9)
	}},
	{Name: "named_struct", Resolve: func(c *function.Call) (*function.Overload, error) {
		var fs []types.Field
		for i := 0; i+1 < len(c.Args); i += 2 {
			fs = append(fs, types.Field{Name: c.Args[i].(*expr.Literal).Value.(string), Type: c.Args[i+1].Type(), Nullable: c.Args[i+1].Nullable()})
		}
		return &function.Overload{Params: c.Types(), Result: types.StructType(fs...), NotNull: true}, nil
	}},
	{Name: "array", Resolve: build.Func(build.Common(func(t types.Type) (types.Type, error) { return types.ArrayType(t, true), nil }, 0, -1), nil, build.NotNull)},
	{Name: "transform", Resolve: func(c *function.Call) (*function.Overload, error) {
		return &function.Overload{
			Params: []types.Type{c.Args[0].Type(), {}}, Result: types.ArrayType(c.Args[1].Type(), true),
			Lambda: func(_ int, args []types.Type) []types.Field {
				return []types.Field{{Name: "x", Type: args[0].Elem(), Nullable: true}, {Name: "i", Type: types.Int32Type}}
			},
		}, nil
	}},
	{Name: "current_date", Volatility: function.Stable, Resolve: sig(build.Fixed(types.DateType))},
	{Name: "rand", Volatility: function.Volatile, Resolve: sig(build.Optional(types.Float64Type, 0, types.Int64Type))},
	{Name: "explode", Kind: function.Generator, Resolve: func(c *function.Call) (*function.Overload, error) {
		o, err := sig(build.Fixed(types.NullType, build.AnyArray))(c)
		if err == nil {
			o.Columns = []types.Field{{Name: "col", Type: o.Params[0].Elem(), Nullable: true}}
		}
		return o, err
	}},
}

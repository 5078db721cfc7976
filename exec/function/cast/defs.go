package cast

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Defs lists the functions that are casts by name, int(x) is CAST(x AS INT), and typeof.
func Defs() []function.Def {
	def := func(name string, t types.Type, example, want string) function.Def {
		return function.Def{
			Name: name, Family: "conversion", Args: "expr", Since: "0.1",
			Doc:      "Casts the value to " + t.SQL() + ".",
			Examples: []function.Example{{SQL: example, Want: want}},
			Resolve:  named(t),
		}
	}
	return []function.Def{
		def("boolean", types.BoolType, "SELECT boolean('yes')", "true"),
		def("tinyint", types.Int8Type, "SELECT tinyint('12')", "12"),
		def("smallint", types.Int16Type, "SELECT smallint('12')", "12"),
		def("int", types.Int32Type, "SELECT int('12')", "12"),
		def("bigint", types.Int64Type, "SELECT bigint('12')", "12"),
		def("float", types.Float32Type, "SELECT float('1.5')", "1.5"),
		def("double", types.Float64Type, "SELECT double('1e10')", "1.0E10"),
		def("decimal", types.DecimalType(10, 0), "SELECT decimal('12.5')", "13"),
		def("date", types.DateType, "SELECT date('2020-02-03 10:00:00')", "2020-02-03"),
		def("timestamp", types.TimestampType, "SELECT timestamp('2020-02-03 10:00:00')", "2020-02-03 10:00:00"),
		def("time", types.TimeType(types.MaxTimePrecision), "SELECT time('10:11:12.5')", "10:11:12.5"),
		def("binary", types.BinaryType, "SELECT binary('Spark')", "Spark"),
		def("string", types.StringType, "SELECT string(1.50)", "1.50"),
		{
			Name: "typeof", Family: "conversion", Args: "expr", Since: "0.1", Doc: "Returns the name of the type of an expression.", Resolve: typeOf,
			Examples: []function.Example{{SQL: "SELECT typeof(1)", Want: "int"}, {SQL: "SELECT typeof(array(1))", Want: "array<int>"}},
		},
	}
}

func typeOf(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 1); err != nil {
		return nil, err
	}
	name := c.Args[0].Type().String()
	return &function.Overload{Params: c.Types(), Result: types.StringType, NotNull: true, Rewrite: func([]expr.Expr) (expr.Expr, error) {
		return &expr.Literal{Value: name, T: types.StringType}, nil
	}}, nil
}

func named(t types.Type) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 1); err != nil {
			return nil, err
		}
		mode := expr.CastANSI
		if !c.ANSI {
			mode = expr.CastLegacy
		}
		if err := Check(c.Args[0].Type(), t, mode, function.CallText(c.Name, c.Args)); err != nil {
			return nil, err
		}
		return &function.Overload{Result: t, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
			if args[0].Type().SameShape(t) {
				return args[0], nil
			}
			return &expr.Cast{Arg: args[0], To: t, Mode: mode, Pos: sqlerr.NoPos}, nil
		}}, nil
	}
}

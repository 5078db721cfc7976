// Package misc defines functions about the query itself: types of
// expressions, who runs it, where, and in which task.
package misc

import (
	"runtime/debug"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "misc", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

// Defs lists the family.
func Defs() []function.Def {
	text := types.StringType
	about := func(name, doc string, f func(c *build.Context) string, example, want string, aliases ...string) function.Def {
		d := def(name, "", doc, build.Func(build.Fixed(text), build.Nullary(func(c *build.Context) (string, error) { return f(c), nil })), ex(example, want))
		d.Volatility, d.Aliases = function.Stable, aliases
		return d
	}
	volatile := func(d function.Def) function.Def {
		d.Volatility = function.Volatile
		return d
	}
	return []function.Def{
		def("typeof", "expr", "Returns the name of the type of an expression.", typeOf, ex("SELECT typeof(1)", "int"), ex("SELECT typeof(array(1))", "array<int>")),
		about("version", "Returns the version of the engine.", func(*build.Context) string { return version() }, "SELECT length(version()) > 0", "true"),
		about("current_user", "Returns the name of the user.", func(c *build.Context) string { return c.User }, "SELECT current_user() = user()", "true", "user"),
		about("session_user", "Returns the name of the user the session belongs to.", func(c *build.Context) string { return c.User }, "SELECT session_user() = current_user()", "true"),
		about("current_database", "Returns the name of the current database.", func(c *build.Context) string { return c.Database }, "SELECT current_database()", "default", "current_schema"),
		about("current_catalog", "Returns the name of the current catalog.", func(c *build.Context) string { return c.Catalog }, "SELECT current_catalog()", "spark_catalog"),
		about("input_file_name", "Returns the name of the file a row was read from, the empty string where it is not known.", func(*build.Context) string { return "" }, "SELECT input_file_name()", ""),
		volatile(def("spark_partition_id", "", "Returns the number of the partition a row is computed in.", build.Func(build.Fixed(types.Int32Type), build.Nullary(func(c *build.Context) (int32, error) { return c.Partition, nil })), ex("SELECT spark_partition_id()", "0"))),
		volatile(def("monotonically_increasing_id", "", "Returns a number that is larger for every row of a partition, with the partition's number in the upper 31 bits.", build.Func(build.Fixed(types.Int64Type), increasing), ex("SELECT monotonically_increasing_id()", "0"))),
		block("input_file_block_start", "start"), block("input_file_block_length", "length"),
	}
}

// block functions are -1 where no file is known, as Spark's.
func block(name, what string) function.Def {
	return def(name, "", "Returns the "+what+" of the block of the file a row was read from, -1 where it is not known.",
		build.Func(build.Fixed(types.Int64Type), build.Nullary(func(*build.Context) (int64, error) { return -1, nil })), ex("SELECT "+name+"()", "-1"))
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

// version is that of Spark's semantics the engine follows, and the revision it was built from.
func version() string {
	const follows = "4.1.0"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return follows + " " + s.Value
			}
		}
	}
	return follows
}

func increasing(*expr.Call) (function.Kernel, error) {
	next := int64(0)
	return func(c *build.Context, _ []*vec.Vec, sel []uint16, out *vec.Vec) error {
		if next >= 1<<33 {
			return sqlerr.New(sqlerr.ArithmeticOverflow, "A partition has more than 2^33 rows.")
		}
		o := vec.Data[int64](out)
		for _, i := range sel {
			o[i] = int64(c.Partition)<<33 + next
			next++
		}
		return nil
	}, nil
}

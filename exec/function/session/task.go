package session

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// tasks are the functions of the task and file a row is met in.
func tasks() []function.Def {
	volatile := func(d function.Def) function.Def {
		d.Volatility = function.Volatile
		return d
	}
	return []function.Def{
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

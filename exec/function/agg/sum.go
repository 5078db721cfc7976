package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func sumDefs() []function.Def {
	return []function.Def{
		{
			Name: "sum", Args: "expr",
			Doc:      "Returns the sum of the values that are not NULL: a bigint for integers, a decimal of ten more digits for decimals, a double for floats.",
			Examples: ex("SELECT sum(a) FROM VALUES (1), (NULL), (2) AS t(a)", "3"),
			Resolve:  summing(false, false),
		},
		{
			Name: "avg", Aliases: []string{"mean"}, Args: "expr",
			Doc:      "Returns the mean of the values that are not NULL: a decimal of four more digits for decimals, else a double.",
			Examples: ex("SELECT avg(a) FROM VALUES (1), (NULL), (2) AS t(a)", "1.5"),
			Resolve:  summing(true, false),
		},
		{
			Name: "try_sum", Args: "expr",
			Doc:      "Returns the sum, or NULL on overflow.",
			Examples: ex("SELECT try_sum(a) FROM VALUES (9223372036854775807L), (1L) AS t(a)", "NULL"),
			Resolve:  summing(false, true),
		},
		{
			Name: "try_avg", Args: "expr",
			Doc:      "Returns the mean, or NULL on overflow.",
			Examples: ex("SELECT try_avg(a) FROM VALUES (1), (2) AS t(a)", "1.5"),
			Resolve:  summing(true, true),
		},
	}
}

// summing resolves sum and avg.
func summing(avg, try bool) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, 1); err != nil {
			return nil, err
		}
		in := c.Args[0].Type()
		param, result := in, types.Float64Type
		switch k := in.Kind; {
		case k == types.Null, k == types.String, k.IsFloat(), k == types.Timestamp && avg: // seconds since 1970
			param = types.Float64Type
		case k == types.Int64 && avg:
			param = types.Float64Type
		case k.IsInteger():
			if !avg {
				result = types.Int64Type
			}
		case k == types.Decimal && avg:
			result = types.DecimalType(min(int(in.P)+4, types.MaxPrecision), min(int(in.S)+4, types.MaxPrecision))
		case k == types.Decimal:
			result = types.DecimalType(min(int(in.P)+10, types.MaxPrecision), int(in.S))
		case k == types.YearMonth && avg:
			result = types.YearMonthType
		case k == types.DayTime && avg:
			result = types.DayTimeType
		case k == types.YearMonth, k == types.DayTime:
			result = in
		default:
			return nil, build.WrongType(c, 0, `("NUMERIC" or "ANSI INTERVAL")`)
		}
		return &function.Overload{Params: []types.Type{param}, Result: result, Nulls: function.NullOwn, Accumulator: func(*expr.Agg) (function.Accumulator, error) {
			if param.Kind == types.Float64 {
				return &floatSum{avg: avg}, nil
			}
			return &intSum{avg: avg, try: try, in: param, result: result}, nil
		}}, nil
	}
}

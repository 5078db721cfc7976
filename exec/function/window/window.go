// Package window defines the functions that may only stand before OVER. Here
// are their signatures and documentation; exec/window knows by name how they
// are computed. Aggregates before OVER, first and last among them, are
// ordinary aggregate functions.
package window

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

const (
	abc     = " FROM VALUES ('a', 1), ('a', 2), ('a', 2), ('b', 5) AS t(k, v) ORDER BY k, v"
	over    = " OVER (PARTITION BY k ORDER BY v)"
	example = "SELECT k, v, "
)

// Defs lists the family.
func Defs() []function.Def {
	return []function.Def{
		def("row_number", "", "Numbers the rows of the partition from 1 in the order of the window; equal rows get different numbers in any order.",
			"row_number()"+over, "a\t1\t1\na\t2\t2\na\t2\t3\nb\t5\t1", ranking(types.Int32Type)),
		def("rank", "", "The number of rows before the current row and its equals, plus 1: equal rows have equal ranks, followed by a gap.",
			"rank()"+over, "a\t1\t1\na\t2\t2\na\t2\t2\nb\t5\t1", ranks(types.Int32Type)),
		def("dense_rank", "", "The number of distinct values before the current row, plus 1: ranks without gaps.",
			"dense_rank()"+over, "a\t1\t1\na\t2\t2\na\t2\t2\nb\t5\t1", ranks(types.Int32Type)),
		def("percent_rank", "", "The rank of the row minus 1, divided by the number of other rows in the partition; 0 if there are none.",
			"percent_rank()"+over, "a\t1\t0.0\na\t2\t0.5\na\t2\t0.5\nb\t5\t0.0", ranks(types.Float64Type)),
		def("cume_dist", "", "The share of rows of the partition that are before the current row or equal to it.",
			"cume_dist()"+over, "a\t1\t0.3333333333333333\na\t2\t1.0\na\t2\t1.0\nb\t5\t1.0", ranking(types.Float64Type)),
		def("ntile", "[n]", "Deals the rows of the partition out to n buckets (default 1), numbered from 1, whose sizes differ by at most one.",
			"ntile(2)"+over, "a\t1\t1\na\t2\t1\na\t2\t2\nb\t5\t1", ntile),
		def("lag", "expr[, offset[, default]]", "The value of expr at the row that is offset rows (default 1) before the current one in the partition, or default (NULL unless given) if there is no such row. With IGNORE NULLS only rows where expr is not NULL count.",
			"lag(v, 1, 0)"+over, "a\t1\t0\na\t2\t1\na\t2\t2\nb\t5\t0", offset),
		def("lead", "expr[, offset[, default]]", "The value of expr at the row that is offset rows (default 1) after the current one in the partition, or default (NULL unless given) if there is no such row. With IGNORE NULLS only rows where expr is not NULL count.",
			"lead(v)"+over, "a\t1\t2\na\t2\t2\na\t2\tNULL\nb\t5\tNULL", offset),
		def("nth_value", "expr, n", "The value of expr at the n-th row (from 1) of the window frame, NULL if the frame is shorter. With IGNORE NULLS only rows where expr is not NULL count.",
			"nth_value(v, 2)"+over, "a\t1\tNULL\na\t2\t2\na\t2\t2\nb\t5\tNULL", nth),
	}
}

func def(name, args, doc, call, want string, r func(*function.Call) (*function.Overload, error)) function.Def {
	return function.Def{
		Name: name, Kind: function.Window, Family: "window", Args: args, Doc: doc, Since: "0.1", Resolve: r,
		Examples: []function.Example{{SQL: example + call + abc, Want: want}},
	}
}

func ranking(result types.Type) func(*function.Call) (*function.Overload, error) {
	return func(c *function.Call) (*function.Overload, error) {
		return &function.Overload{Result: result, NotNull: true}, build.Arity(c, 0, 0)
	}
}

// ranks is ranking of functions that take arguments and do not look at them, as Spark's do.
func ranks(result types.Type) func(*function.Call) (*function.Overload, error) {
	return func(c *function.Call) (*function.Overload, error) {
		return &function.Overload{Params: c.Types(), Result: result, NotNull: true}, nil
	}
}

// positive checks argument i, called what, if it is a constant.
func positive(c *function.Call, i int, what string, most int64) error {
	l, err := c.Constant(i)
	if err != nil || l == nil {
		return err
	}
	if n, _ := l.Value.(int64); n <= 0 {
		return sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `%s` must be between (0, %d] (current value = %d).", function.CallText(c.Name, c.Args), what, most, n)
	}
	return nil
}

func ntile(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 0, 1); err != nil {
		return nil, err
	}
	o := &function.Overload{Result: types.Int32Type, NotNull: true}
	if len(c.Args) == 1 {
		if k := c.Args[0].Type().Kind; k != types.Int32 { // no other number will do
			return nil, build.WrongType(c, 0, `"INT"`)
		}
		if err := positive(c, 0, "buckets", 1<<31-1); err != nil {
			return nil, err
		}
		o.Params = []types.Type{types.Int32Type}
	}
	return o, nil
}

// offset resolves lag and lead: the default is converted to the type of the value.
func offset(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 3); err != nil {
		return nil, err
	}
	in := c.Args[0].Type()
	o := &function.Overload{Result: in, Params: []types.Type{in}}
	for i, want := range []types.Type{types.Int32Type, in} {
		if len(c.Args) <= i+1 {
			break
		}
		t, ok := build.Param(c.Args[i+1].Type(), want, c.ANSI)
		if !ok {
			return nil, build.WrongType(c, i+1, `"`+want.SQL()+`"`)
		}
		o.Params = append(o.Params, t)
	}
	o.Nulls = function.NullOut
	o.NotNull = len(c.Args) == 3 && !c.Args[2].Nullable() && !c.Args[0].Nullable()
	return o, nil
}

func nth(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	in := c.Args[0].Type()
	o := &function.Overload{Result: in, Params: []types.Type{in, types.Int32Type}, Nulls: function.NullOut}
	if _, ok := build.Param(c.Args[1].Type(), types.Int32Type, c.ANSI); !ok {
		return nil, build.WrongType(c, 1, `"INT"`)
	}
	if err := positive(c, 1, "offset", 1<<63-1); err != nil {
		return nil, err
	}
	if len(c.Args) == 3 { // IGNORE NULLS as a flag
		o.Params = append(o.Params, types.BoolType)
		if c.Args[2].Type().Kind != types.Bool {
			return nil, build.WrongType(c, 2, `"BOOLEAN"`)
		}
	}
	return o, nil
}

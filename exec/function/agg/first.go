package agg

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func firstDefs() []function.Def {
	return []function.Def{
		{
			Name: "first", Aliases: []string{"first_value"}, Args: "expr[, ignoreNulls]",
			Doc:      "Returns the first value of a group; with IGNORE NULLS the first that is not NULL.",
			Examples: ex("SELECT first(a) FROM VALUES (10), (5), (20) AS t(a)", "10"), Resolve: firstOf(false),
		},
		{
			Name: "last", Aliases: []string{"last_value"}, Args: "expr[, ignoreNulls]",
			Doc:      "Returns the last value of a group; with IGNORE NULLS the last that is not NULL.",
			Examples: ex("SELECT last(a) FROM VALUES (10), (5), (20) AS t(a)", "20"), Resolve: firstOf(true),
		},
		{
			Name: "any_value", Args: "expr[, ignoreNulls]",
			Doc:      "Returns some value of a group; with IGNORE NULLS one that is not NULL if there is one.",
			Examples: ex("SELECT any_value(a) FROM VALUES (10), (10) AS t(a)", "10"), Resolve: firstOf(false),
		},
	}
}

// firstOf resolves first and last. The second argument is a constant that says
// what IGNORE NULLS does.
func firstOf(last bool) build.Resolver {
	return of(build.Result(build.Arg(0), 1, build.Any, types.BoolType), false, func(args []types.Type, t types.Type) maker {
		return func(call *expr.Agg) (function.Accumulator, error) {
			ignore := call.IgnoreNulls
			if len(call.Args) > 1 {
				if l, ok := call.Args[1].(*expr.Literal); ok && l.Value == true {
					ignore = true
				}
			}
			return &oneAcc{s: newStore(t), bind: func(_ *store, vs []*vec.Vec) func(has bool, row, j int) bool {
				return func(has bool, _, j int) bool {
					return (last || !has) && !(ignore && vs[0].Null(j))
				}
			}}, nil
		}
	})
}

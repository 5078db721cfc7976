package stage

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// steadyAggs are the aggregates whose results do not depend on the order of
// rows (but for the last digits of floating-point numbers).
var steadyAggs = map[string]bool{
	"count": true, "count_if": true, "sum": true, "try_sum": true, "avg": true, "try_avg": true, "mean": true, "min": true, "max": true,
	"bool_and": true, "bool_or": true, "every": true, "some": true, "any": true, "bit_and": true, "bit_or": true, "bit_xor": true,
	"stddev": true, "stddev_pop": true, "stddev_samp": true, "std": true, "variance": true, "var_pop": true, "var_samp": true,
	"corr": true, "covar_pop": true, "covar_samp": true, "skewness": true, "kurtosis": true, "median": true, "percentile": true,
	"approx_count_distinct": true,
}

// unsteady reports whether a task of plan that runs again may give other rows,
// or divide them otherwise: its rows are a matter of chance, or of the order in which
// rows come, which with several threads and inputs is a matter of chance too.
// A wrong yes costs work when an executor is lost, a wrong no costs rows.
func unsteady(plan physical.Node, out Output, volatile func(string) bool) bool {
	if out.Kind == physical.RoundRobin && !out.Result {
		return true
	}
	found := false
	tree.Walk(plan, func(n physical.Node) bool {
		switch n := n.(type) {
		case *physical.Limit, *physical.Sample, *physical.Window, *physical.TopK:
			found = true
		case *physical.Sort:
			found = found || n.Limit >= 0 || n.Offset > 0
		case *physical.HashAggregate:
			for _, a := range n.Aggs {
				found = found || !steadyAggs[a.Func] || len(a.Order) > 0
			}
		}
		for _, e := range tree.In[expr.Expr](n) {
			tree.Walk(e, func(e expr.Expr) bool {
				if c, ok := e.(*expr.Call); ok {
					found = found || volatile == nil || volatile(c.Func)
				}
				return !found
			})
		}
		return !found
	})
	return found
}

// Package rowop holds the sources and operators that look at one batch at a
// time: literal tables, ranges, unions; filters, projections, limits, samples,
// grouping-set expansion and generators. Operators with state that grows live
// in exec/agg, exec/join, exec/sort and exec/window.
//
// Every New function compiles for one thread; what threads share (the rows a
// limit still passes, the next morsel of a source) is a value of its own, made
// once a pipeline.
package rowop

import (
	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/planner/expr"
)

func compile(env *flow.Env, es []expr.Expr) ([]*eval.Program, error) {
	ps := make([]*eval.Program, len(es))
	for i, e := range es {
		p, err := eval.Compile(env.Functions, env.Context, e)
		if err != nil {
			return nil, err
		}
		ps[i] = p
	}
	return ps, nil
}

package session

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// guardedPlan is what EXPLAIN shows of a plan that holds what the user may not
// know: its operators, without names, values, estimates and counts.
func (s *Session) guardedPlan(ctx context.Context, st *statement, env *bind.Env, e *ast.Explain, p *planner.Plan) (string, error) {
	var b strings.Builder
	b.WriteString("== Operators ==\n")
	switch e.Mode {
	case ast.ExplainLogical:
		operators(&b, p.Bound.Root(), 0)
	case ast.ExplainOptimized:
		operators[logical.Node](&b, p.Optimized, 0)
	default:
		operators[physical.Node](&b, p.Physical, 0)
	}
	if e.Mode == ast.ExplainAnalyze {
		_, run, err := s.start(ctx, st, env, p.Bound, false)
		if err != nil {
			return "", err
		}
		rows, err := drain(run.Rows)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "Result: %d rows\n", rows)
	}
	b.WriteString("The plan holds what you may not know: nothing more of it is shown.\n")
	return b.String(), nil
}

// operators writes the names of the nodes of a plan.
func operators[N any](b *strings.Builder, n N, depth int) {
	b.WriteString(strings.Repeat("  ", depth) + reflect.TypeOf(n).Elem().Name() + "\n")
	for _, c := range tree.Children(n) {
		operators(b, c, depth+1)
	}
}

// coarse is progress without counts of rows that may be hidden.
func coarse(f func() Progress) func() Progress {
	if f == nil {
		return nil
	}
	return func() Progress {
		p := f()
		p.Rows, p.Bytes, p.TotalRows = 0, 0, 0
		return p
	}
}

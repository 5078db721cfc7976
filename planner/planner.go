// Package planner is the road from a statement's text, or a tree that method
// calls made, to a physical plan:
//
//	text ── Parse ──► ast ── Bind ──► logical ── Optimize ──► logical ── Lower ──► physical
//
// Every arrow is a function from an immutable value to an immutable value. The
// packages below it do the work; cutting the physical plan into stages
// (planner/stage) is left to whoever runs it.
package planner

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/lower"
	"github.com/volley-sql/volley/planner/optimize"
	"github.com/volley-sql/volley/planner/parse"
	"github.com/volley-sql/volley/planner/parse/mysql"
	"github.com/volley-sql/volley/planner/physical"
)

// Plan is a query on each stop of its way.
type Plan struct {
	Bound     *bind.Plan
	Optimized logical.Node
	Physical  physical.Node
}

// Parse reads one statement in the dialect of the settings.
func Parse(sql string, s *settings.Snapshot) (ast.Statement, error) {
	if settings.Dialect.Get(s) == "mysql" {
		return mysql.Statement(sql)
	}
	return parse.With(sql, parse.Options{
		QuotedNames: settings.DoubleQuotedIdentifiers.Get(s) && settings.ANSI.Get(s),
		Reserved:    settings.EnforceReservedKeywords.Get(s) && settings.ANSI.Get(s),
		MaxDepth:    int(settings.MaxExpressionDepth.Get(s)),
	})
}

// Query plans a query for a number of tasks that share the rows of a stage; 1
// makes a plan without exchanges.
func Query(ctx context.Context, env *bind.Env, q *ast.Query, partitions int) (*Plan, error) {
	b, err := bind.Query(ctx, env, q)
	if err != nil {
		return nil, err
	}
	return Bound(ctx, env, b, partitions)
}

// Bound takes a bound plan the rest of the way.
func Bound(ctx context.Context, env *bind.Env, b *bind.Plan, partitions int) (*Plan, error) {
	p := &Plan{Bound: b}
	var err error
	p.Optimized, err = optimize.Optimize(ctx, b.Root(), optimize.Options{
		Disabled:  !settings.OptimizerEnabled.Get(env.Settings),
		Skip:      skipped(env.Settings),
		Functions: env.Functions,
		Fold: func(e expr.Expr) (*expr.Literal, error) {
			return eval.Fold(ctx, env.Functions, env.Context, e)
		},
	})
	if err != nil {
		return nil, err
	}
	p.Physical, err = lower.Lower(ctx, p.Optimized, lower.Options{
		Partitions:         partitions,
		BroadcastThreshold: threshold(env.Settings),
		RangeSort:          rangeSort(env.Settings),
		Functions:          env.Functions,
		Evaluate: func(e expr.Expr) (types.Datum, bool) {
			if optimize.Volatile(env.Functions, e) {
				return nil, false
			}
			lit, err := eval.Fold(ctx, env.Functions, env.Context, e)
			if err != nil {
				return nil, false // to be raised where the row is, if there is one
			}
			return lit.Value, true
		},
	})
	if err == nil {
		err = sqlerr.Cancellation(ctx) // folding that was cut short leaves expressions as they are
	}
	return p, err
}

func rangeSort(s *settings.Snapshot) int64 {
	if n := settings.RangeSort.Get(s); n != 0 {
		return n
	}
	return 1 // always: 0 is the default of what lowers
}

// skipped are the optimizer rules that settings leave out.
func skipped(s *settings.Snapshot) map[string]bool {
	out := map[string]bool{"orderjoins": !settings.JoinReorder.Get(s)}
	for _, name := range strings.Split(settings.OptimizerRules.Get(s), ",") {
		out[strings.ToLower(strings.TrimSpace(name))] = true
	}
	return out
}

// threshold is spark.sql.autoBroadcastJoinThreshold, in which 0 and less mean never.
func threshold(s *settings.Snapshot) int64 {
	if n := settings.AutoBroadcastJoinThreshold.Get(s); n > 0 {
		return n
	}
	return -1
}

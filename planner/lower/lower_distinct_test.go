package lower

import (
	"context"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
)

// spreadPlan is the outline of a plan for four tasks.
func spreadPlan(t *testing.T, n logical.Node) string {
	t.Helper()
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Lower(context.Background(), n, Options{Partitions: 4, Functions: reg})
	if err != nil {
		t.Fatal(err)
	}
	return physical.Format(p, nil)
}

func kinds(plan string) string {
	var out []string
	for line := range strings.Lines(plan) {
		f := strings.Fields(line)
		for _, w := range f[1:] {
			switch w {
			case "Partial", "Final", "Complete", "Gather", "Hash", "Broadcast", "RoundRobin":
				f[0] += " " + w
			}
		}
		out = append(out, f[0])
	}
	return strings.Join(out, ", ")
}

// TestDistinctIsSplit: rows are made distinct in every task before they move.
func TestDistinctIsSplit(t *testing.T) {
	var b builder
	s := b.scan("t", 1e6, "k", "x", "y")
	agg := func(name string, distinct bool, args ...expr.Expr) logical.Named {
		return logical.Named{Col: b.col(name, types.Int64Type), Expr: &expr.Agg{Func: name, Args: args, Distinct: distinct, T: types.Int64Type}}
	}
	key := []logical.Named{{Col: b.col("k", types.BoolType), Expr: cmp(expr.Gt, s.Cols[0], num(5))}}
	for name, c := range map[string]struct {
		agg  *logical.Aggregate
		want string
	}{
		"one set, no keys": {
			&logical.Aggregate{Input: s, Aggs: []logical.Named{agg("count", true, s.Cols[1])}},
			"HashAggregate Final, Exchange Gather, HashAggregate Partial, HashAggregate Final, Exchange Hash, HashAggregate Partial, Project, Scan",
		},
		"two sets and a plain call": {
			&logical.Aggregate{Input: s, Keys: key, Aggs: []logical.Named{
				agg("count", true, s.Cols[1]), agg("count", true, s.Cols[2]), agg("max", false, s.Cols[1]),
			}},
			"Exchange Gather, HashAggregate Final, Exchange Hash, HashAggregate Partial, HashAggregate Final, Exchange Hash, HashAggregate Partial, Expand, Scan",
		},
	} {
		if got := kinds(spreadPlan(t, c.agg)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// TestLargeRangesSpread: a range is shared out from some size on.
func TestLargeRangesSpread(t *testing.T) {
	var b builder
	for rows, want := range map[int64]string{100: "Range", 1e6: "Exchange Gather, Range"} {
		if got := kinds(spreadPlan(t, &logical.Range{Col: b.col("id", types.Int64Type), End: rows, Step: 1})); got != want {
			t.Errorf("%d rows: %s", rows, got)
		}
	}
}

package lower

import (
	"context"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/stage"
)

// TestFiltersCrossExchanges: the scan behind an exchange gets the join's filter
// through a Prefilter, which reads the stage that the join reads too.
func TestFiltersCrossExchanges(t *testing.T) {
	reg, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	var b builder
	big, small := b.scan("big", 1e7, "k", "x"), b.scan("small", 1000, "k", "y")
	small.Filters = []expr.Expr{cmp(expr.Eq, small.Cols[1], num(5))}
	sums := &logical.Aggregate{
		Input: big, Keys: []logical.Named{{Col: b.col("g", types.Int64Type), Expr: big.Cols[0]}},
		Aggs: []logical.Named{{Col: b.col("s", types.Int64Type), Expr: &expr.Agg{Func: "sum", Args: []expr.Expr{big.Cols[1]}, T: types.Int64Type}}},
	}
	for name, threshold := range map[string]int64{"broadcast": 0, "hash": -1} {
		join := &logical.Join{Left: sums, Right: small, Kind: logical.Inner, Cond: cmp(expr.Eq, sums.Keys[0].Col, small.Cols[0])}
		p, err := Lower(context.Background(), join, Options{Partitions: 3, Functions: reg, BroadcastThreshold: threshold})
		if err != nil {
			t.Fatal(err)
		}
		j, err := stage.Cut("job", p, stage.Options{Tasks: 3})
		if err != nil {
			t.Fatal(err)
		}
		text := stage.Format(j)
		if !strings.Contains(text, " keys=[k] publish=[{id=1}]\n    HashAggregate") || !strings.Contains(text, "table=big format=test columns=[k, x] runtime=[{id=1}]") {
			t.Errorf("%s: no filter reaches the scan:\n%s", name, text)
		}
		// The build side is computed once, and comes before the stage that filters by it.
		if n := strings.Count(text, "table=small"); n != 1 || strings.Index(text, "table=small") > strings.Index(text, "table=big") {
			t.Errorf("%s: the build side stands there %d times:\n%s", name, n, text)
		}
	}
}

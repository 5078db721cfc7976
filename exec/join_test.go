package exec_test

import (
	"fmt"
	"testing"

	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

func pairs(from, to int64, name string) *physical.Values {
	var rows [][]types.Datum
	for i := from; i < to; i++ {
		rows = append(rows, []types.Datum{i, fmt.Sprint(name, i)})
	}
	return plantest.Table([]types.Type{types.Int64Type, types.StringType}, rows...)
}

// Rows without a partner come out once, whoever of the threads is the last.
func TestJoinKinds(t *testing.T) {
	l, r := pairs(0, 700, "l"), pairs(690, 1500, "r")
	hash := func(k physical.JoinKind, buildLeft bool, l, r physical.Node, emit ...int) *physical.HashJoin {
		return &physical.HashJoin{
			Info: plantest.Info(), Left: l, Right: r, Kind: k, BuildLeft: buildLeft, NullSafe: []bool{false}, Emit: emit,
			LeftKeys: []expr.Expr{plantest.Ref(l, 0)}, RightKeys: []expr.Expr{plantest.Ref(r, 0)},
		}
	}
	var both, left, right, anti []string
	for i := range 1500 {
		switch {
		case i < 690:
			left = append(left, fmt.Sprintf("l%d|NULL", i))
			anti = append(anti, fmt.Sprintf("l%d", i))
		case i < 700:
			both = append(both, fmt.Sprintf("l%d|r%d", i, i))
		default:
			right = append(right, fmt.Sprintf("NULL|r%d", i))
		}
	}
	join := func(parts ...[]string) (out []string) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}
	for _, buildLeft := range []bool{false, true} {
		plantest.Test(t, hash(physical.Inner, buildLeft, l, r, 1, 3), both, false)
		plantest.Test(t, hash(physical.Left, buildLeft, l, r, 1, 3), join(both, left), false)
		plantest.Test(t, hash(physical.Right, buildLeft, l, r, 1, 3), join(both, right), false)
		plantest.Test(t, hash(physical.Full, buildLeft, l, r, 1, 3), join(both, left, right), false)
		plantest.Test(t, hash(physical.Anti, buildLeft, l, r, 1), anti, false)
	}
	full := hash(physical.Full, true, l, r, 1, 3)
	// Probes that only one thread runs, since their input is ordered, and
	// probes in a branch of a union, which all threads pass through.
	one := hash(physical.Full, true, l, sorted(r), 1, 3)
	plantest.Test(t, one, join(both, left, right), false)
	u := &physical.Union{Info: plantest.Info(), Inputs: []physical.Node{full, one}, Names: []string{"l", "r"}}
	plantest.Test(t, u, join(both, left, right, both, left, right), false)
	limited := &physical.Limit{Info: plantest.Info(), Input: full, Count: 7}
	for _, w := range plantest.Worlds {
		if got, err := plantest.Rows(t, w, limited); err != nil || len(got) != 7 {
			t.Errorf("%v: %d rows, %v", w, len(got), err)
		}
	}
}

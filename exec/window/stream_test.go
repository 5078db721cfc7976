package window_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Calls that can go through a partition part by part, which a forced spill
// makes them do, agree with the definition.
func TestPartByPart(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	in, rows := table(r, 500, 2, types.Int32Type, smallKey(r))
	v := plantest.Ref(in, colVal)
	bounds := []expr.Bound{
		bound(expr.UnboundedPreceding, 0), bound(expr.Preceding, 60), bound(expr.Preceding, 2), bound(expr.CurrentRow, 0), bound(expr.Following, 1), bound(expr.Following, 70),
	}
	for _, parts := range []bool{true, false} {
		for _, lo := range bounds {
			n := windowOf(in, []expr.SortKey{{Expr: plantest.Ref(in, colKey)}, {Expr: plantest.Ref(in, colID), Desc: true}}, parts)
			for _, hi := range bounds {
				if hi.Kind < lo.Kind || hi.Kind == expr.UnboundedPreceding {
					continue
				}
				f := expr.Frame{Unit: expr.Rows, Start: lo, End: hi}
				add(n, f, types.Int64Type, "t_count", nil, v)
				add(n, f, types.DecimalType(38, 0), "t_sum", nil, v)
				add(n, f, types.Int64Type, "t_plain", func(a *expr.Agg) { a.Filter = plantest.Ref(in, colFlag) }, v)
				add(n, f, types.StringType, "t_bag", nil, v)
				add(n, f, types.Int64Type, "first", nil, v)
				add(n, f, types.Int64Type, "last", nil, v)
				add(n, f, types.Int64Type, "nth_value", nil, v, num(3))
				add(n, f, types.Int64Type, "nth_value", nil, v, num(90))
			}
			check(t, in, rows, n, nil)
		}
		n := windowOf(in, []expr.SortKey{{Expr: plantest.Ref(in, colKey)}, {Expr: plantest.Ref(in, colID)}}, parts)
		var f expr.Frame
		for _, name := range []string{"lag", "lead"} {
			for _, by := range []int64{0, 1, 50, -3} {
				add(n, f, types.Int64Type, name, nil, v, num(by))
				add(n, f, types.Int64Type, name, nil, v, num(by), plantest.Ref(in, colID))
			}
		}
		for _, b := range []int64{1, 3, 7, 1000} {
			add(n, f, types.Int32Type, "ntile", nil, num(b))
		}
		whole := expr.Frame{Unit: expr.Rows, Start: bound(expr.UnboundedPreceding, 0), End: bound(expr.UnboundedFollowing, 0)}
		add(n, whole, types.DecimalType(38, 0), "t_sum", nil, v)
		add(n, whole, types.StringType, "t_bag", nil, v)
		ranks(n)
		check(t, in, rows, n, nil)
	}
}

func ranks(n *physical.Window) {
	var f expr.Frame
	add(n, f, types.Int32Type, "row_number", nil)
	add(n, f, types.Int32Type, "rank", nil)
	add(n, f, types.Int32Type, "dense_rank", nil)
	add(n, f, types.Float64Type, "percent_rank", nil)
	add(n, f, types.Float64Type, "cume_dist", nil)
}

// A partition much larger than memory goes through calls that look around the
// current row, and ends with an error that names one that needs all of it.
func TestLittleMemory(t *testing.T) {
	const size, limit = 60_000, 2 << 20
	in := plantest.Range(size)
	id := plantest.Ref(in, 0)
	n := windowOf(in, []expr.SortKey{{Expr: id, Desc: true}}, false)
	ranks(n)
	add(n, expr.Frame{Start: bound(expr.Preceding, 3), End: bound(expr.Following, 3)}, types.DecimalType(38, 0), "t_sum", nil, id)
	add(n, expr.Frame{Start: bound(expr.UnboundedPreceding, 0), End: bound(expr.CurrentRow, 0)}, types.Int64Type, "first", nil, id)
	add(n, expr.Frame{Start: bound(expr.UnboundedPreceding, 0), End: bound(expr.UnboundedFollowing, 0)}, types.Int64Type, "t_count", nil)
	add(n, expr.Frame{}, types.Int64Type, "lag", nil, id, num(2))
	for _, threads := range []int{1, 2} {
		env := plantest.Env(t, plantest.World{BatchSize: 2048, Threads: threads, Memory: limit})
		env.Functions = registry(t)
		got, err := plantest.RowsIn(t, env, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != size {
			t.Fatalf("%d rows", len(got))
		}
		for _, line := range got {
			var x, number int64
			cells := strings.Split(line, "|")
			fmt.Sscan(cells[0], &x)
			fmt.Sscan(cells[1], &number)
			sum := int64(0)
			for y := max(x-3, 0); y <= min(x+3, size-1); y++ {
				sum += y
			}
			lag := "NULL"
			if x+2 < size {
				lag = fmt.Sprint(x + 2)
			}
			if number != size-x || cells[6] != fmt.Sprint(sum) || cells[7] != fmt.Sprint(size-1) || cells[8] != fmt.Sprint(size) || cells[9] != lag {
				t.Fatal(line)
			}
		}
		if p := env.Account.Peak(); p > limit {
			t.Errorf("%d bytes used of %d", p, limit)
		}
	}
	for _, f := range []string{"last", "t_plain"} {
		n := windowOf(in, []expr.SortKey{{Expr: id}}, false)
		add(n, expr.Frame{Start: bound(expr.CurrentRow, 0), End: bound(expr.UnboundedFollowing, 0)}, types.Int64Type, f, nil, id)
		env := plantest.Env(t, plantest.World{BatchSize: 2048, Threads: 2, Memory: limit})
		env.Functions = registry(t)
		if _, err := plantest.RowsIn(t, env, n); !sqlerr.Is(err, sqlerr.MemoryLimit) || !strings.Contains(err.Error(), f) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// windowOfRange is a window over the numbers below size, partitioned by their remainder and ordered.
func windowOfRange(size, parts int64) *physical.Window {
	in := plantest.Range(size)
	id := plantest.Ref(in, 0)
	rest := &physical.Project{Info: plantest.Info(), Input: in, Names: []string{"p", "id"}, Exprs: []expr.Expr{
		&expr.Call{Func: "%", Args: []expr.Expr{id, lit(types.Int64Type, parts)}, T: types.Int64Type}, id,
	}}
	return &physical.Window{Info: plantest.Info(), Input: rest, Partition: []expr.Expr{plantest.Ref(rest, 0)}, Order: []expr.SortKey{{Expr: plantest.Ref(rest, 1)}}}
}

// Many partitions that do not fit together do so one by one, whatever calls want.
func TestManyPartitionsInLittleMemory(t *testing.T) {
	const size, limit = 100_000, 2 << 20
	n := windowOfRange(size, 1000)
	add(n, expr.Frame{Start: bound(expr.CurrentRow, 0), End: bound(expr.UnboundedFollowing, 0)}, types.Int64Type, "last", nil, plantest.Ref(n.Input, 1))
	add(n, expr.Frame{}, types.Int32Type, "row_number", nil)
	env := plantest.Env(t, plantest.World{BatchSize: 2048, Threads: 2, Memory: limit})
	got, err := plantest.RowsIn(t, env, n)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != size {
		t.Fatalf("%d rows", len(got))
	}
	for _, line := range got {
		var p, x, last, number int64
		fmt.Sscanf(line, "%d|%d|%d|%d", &p, &x, &last, &number)
		if last != size-1000+p || number != x/1000+1 {
			t.Fatal(line)
		}
	}
	if p := env.Account.Peak(); p > limit {
		t.Errorf("%d bytes used of %d", p, limit)
	}
}

// A partition of which all rows are gone does not go on in the next one.
func TestPartitionsEndWithParts(t *testing.T) {
	const size, rows = 40, 4000 // as many rows as are held when spilling is forced
	n := windowOfRange(rows, rows/size)
	frame := func(end expr.BoundKind) expr.Frame {
		return expr.Frame{Unit: expr.Rows, Start: bound(expr.UnboundedPreceding, 0), End: bound(end, 0)}
	}
	add(n, frame(expr.CurrentRow), types.Int64Type, "count", nil)
	add(n, frame(expr.UnboundedFollowing), types.Int64Type, "count", nil)
	env := plantest.Env(t, plantest.World{BatchSize: 1, Threads: 1, Spill: true})
	got, err := plantest.RowsIn(t, env, n)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != rows {
		t.Fatalf("%d rows", len(got))
	}
	for _, line := range got {
		var p, x, running, all int64
		fmt.Sscanf(line, "%d|%d|%d|%d", &p, &x, &running, &all)
		if running != x/(rows/size)+1 || all != size {
			t.Fatal(line)
		}
	}
}

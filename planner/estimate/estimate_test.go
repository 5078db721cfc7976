package estimate

import (
	"math"
	"testing"

	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

func rel(rows float64, cols map[expr.ColID]Column) *Relation {
	return &Relation{Rows: rows, Base: rows, Cols: cols, Domain: map[expr.ColID]float64{}}
}

func col(id expr.ColID) *expr.Column { return &expr.Column{ID: id, T: types.Int64Type} }

func cmp(op expr.CompareOp, id expr.ColID, v int64) expr.Expr {
	return &expr.Compare{Op: op, Left: col(id), Right: &expr.Literal{Value: v, T: types.Int64Type}}
}

func TestFilter(t *testing.T) {
	r := rel(1000, map[expr.ColID]Column{1: {Distinct: 100, Min: 0, Max: 99, Bounded: true}, 2: {Distinct: 10}})
	for _, c := range []struct {
		name   string
		conds  []expr.Expr
		lo, hi float64
	}{
		{"equality", []expr.Expr{cmp(expr.Eq, 1, 5)}, 10, 10},
		{"outside the range", []expr.Expr{cmp(expr.Eq, 1, 500)}, 1, 1},
		{"both bounds are one range", []expr.Expr{cmp(expr.Ge, 1, 40), cmp(expr.Le, 1, 60)}, 180, 230},
		{"two columns are not independent", []expr.Expr{cmp(expr.Eq, 1, 5), cmp(expr.Eq, 2, 5)}, 1, 2},
		{"list", []expr.Expr{&expr.In{Arg: col(2), List: make([]expr.Expr, 3)}}, 300, 300},
		{"or", []expr.Expr{&expr.Or{Args: []expr.Expr{cmp(expr.Eq, 2, 1), cmp(expr.Eq, 2, 2)}}}, 180, 200},
	} {
		if got := r.Filter(c.conds).Rows; got < c.lo-0.01 || got > c.hi+0.01 {
			t.Errorf("%s: %v rows, want %v … %v", c.name, got, c.lo, c.hi)
		}
	}
}

func TestJoin(t *testing.T) {
	// Facts of 5 years refer to a calendar of 200.
	facts := rel(1e6, map[expr.ColID]Column{1: {Distinct: 1800}})
	days := rel(73000, map[expr.ColID]Column{2: {Distinct: 73000}, 3: {Distinct: 200}})
	keys := []Key{{col(1), col(2)}}
	if got := Join(facts, days, logical.Inner, keys, nil).Rows; math.Abs(got-1e6) > 1 {
		t.Errorf("every fact has a day, got %v rows", got)
	}
	year := days.Filter([]expr.Expr{cmp(expr.Eq, 3, 7)})
	if got := Join(facts, year, logical.Inner, keys, nil).Rows; got < 1e5 || got > 4e5 {
		t.Errorf("a year is about a fifth of the facts, got %v rows", got)
	}
	if got := Join(year, facts, logical.Inner, []Key{{col(2), col(1)}}, nil).Rows; got < 1e5 || got > 4e5 {
		t.Errorf("sides swapped: got %v rows", got)
	}
	if got := Join(facts, year, logical.Left, keys, nil).Rows; got < 1e6 {
		t.Errorf("a left join lost rows: %v", got)
	}
	if got := Join(facts, year, logical.Semi, keys, nil).Rows; got > 1e6 {
		t.Errorf("a semi join made rows: %v", got)
	}
}

func TestGroupsOfOneTable(t *testing.T) {
	one := func(table int) *Relation {
		return rel(1e6, map[expr.ColID]Column{
			1: {Distinct: 1000, Table: table, TableRows: 1000}, 2: {Distinct: 500, Table: table, TableRows: 1000},
		})
	}
	keys := []expr.Expr{col(1), col(2)}
	if got := one(1).Groups(keys); got != 1000 {
		t.Errorf("columns of a table of 1000 rows have %v combinations", got)
	}
	if got := one(0).Groups(keys); got <= 1000 {
		t.Errorf("columns of nowhere have %v combinations", got)
	}
}

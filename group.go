package volley

import (
	"fmt"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// GroupedData is a DataFrame with groups, waiting for aggregates.
type GroupedData struct {
	df   *DataFrame
	kind ast.GroupKind
	keys []Column
	// pivot is the column whose values have columns of their own, if any.
	pivot  *Column
	values []any
	err    error
}

// GroupBy groups by columns, names or Columns; without any there is one group.
func (df *DataFrame) GroupBy(cols ...any) GroupedData {
	return GroupedData{df: df, kind: ast.GroupExpr, keys: namedAll(cols)}
}

// Rollup groups by the columns, by all but the last of them, and so on down to none.
func (df *DataFrame) Rollup(cols ...any) GroupedData {
	return GroupedData{df: df, kind: ast.GroupRollup, keys: namedAll(cols)}
}

// Cube groups by every choice of the columns.
func (df *DataFrame) Cube(cols ...any) GroupedData {
	return GroupedData{df: df, kind: ast.GroupCube, keys: namedAll(cols)}
}

// Agg aggregates all rows.
func (df *DataFrame) Agg(aggregates ...Column) *DataFrame { return df.GroupBy().Agg(aggregates...) }

// Agg gives a row a group: its keys, then the aggregates.
func (g GroupedData) Agg(aggregates ...Column) *DataFrame {
	sc := g.df.scope()
	if g.err != nil {
		sc.fail(g.err)
	}
	if g.pivot != nil {
		aggregates = g.pivoted(aggregates)
	}
	out, sel := g.df.edit(stageWhere)
	sel.Items = nil
	var items []ast.Grouping
	for _, k := range g.keys {
		it := k.item(sc)
		sel.Items = append(sel.Items, it)
		items = append(items, ast.Grouping{Expr: it.Expr})
	}
	for _, a := range aggregates {
		sel.Items = append(sel.Items, a.item(sc))
	}
	if len(aggregates) == 0 {
		sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "Agg needs an aggregate."))
		sel.Items = star()
	}
	if len(items) > 0 {
		if g.kind != ast.GroupExpr {
			items = []ast.Grouping{{Kind: g.kind, Items: items}}
		}
		sel.GroupBy = &ast.GroupBy{Items: items}
	}
	out.cover = ""
	return out.done(sc, stageSelect)
}

// mostPivotValues is how many columns Pivot makes of values it finds itself, as in Spark.
const mostPivotValues = 10_000

// Pivot has the aggregates that follow computed for each of the values of a
// column (a name or a Column) apart, in columns named after the values. Without values all that
// the column has are looked up now, in their order.
func (g GroupedData) Pivot(col any, values ...any) GroupedData {
	c := named(col)
	if g.pivot != nil {
		g.err = sqlerr.New(sqlerr.InvalidParameterValue, "There is one Pivot already.")
		return g
	}
	g.pivot, g.values = &c, values
	if len(values) > 0 || g.df.err != nil {
		return g
	}
	rows, err := g.df.Select(c.As("value")).Distinct().OrderBy("value").Limit(mostPivotValues + 1).Collect(g.df.s.ctx)
	switch {
	case err != nil:
		g.err = err
	case len(rows) == 0:
		g.err = sqlerr.New(sqlerr.InvalidParameterValue, "Pivot finds no values, so there are no columns.")
	case len(rows) > mostPivotValues:
		g.err = sqlerr.New(sqlerr.InvalidParameterValue, "The column of Pivot has more than %d values.", mostPivotValues).WithHint("Name those that are wanted.")
	}
	for _, r := range rows {
		g.values = append(g.values, r.values[0])
	}
	return g
}

// pivoted are the aggregates for each value.
func (g GroupedData) pivoted(aggregates []Column) []Column {
	var out []Column
	for _, v := range g.values {
		label := "null"
		if v != nil {
			label = fmt.Sprint(v)
		}
		for _, a := range aggregates {
			name := label
			if len(aggregates) > 1 {
				own := a.alias
				if own == "" {
					own = ast.SQL(a.expr(&scope{}))
				}
				name += "_" + own
			}
			out = append(out, a.FilterWhere(g.pivot.EqNullSafe(v)).As(name))
		}
	}
	return out
}

// Mean is Avg.
func (g GroupedData) Mean(cols ...string) *DataFrame { return g.Avg(cols...) }

// Count is the number of rows of each group, as column count.
func (g GroupedData) Count() *DataFrame { return g.Agg(Call("count", 1).As("count")) }

func (g GroupedData) each(f func(any) Column, cols []string) *DataFrame {
	var out []Column
	for _, c := range cols {
		out = append(out, f(c))
	}
	return g.Agg(out...)
}

// Sum is the sums of columns.
func (g GroupedData) Sum(cols ...string) *DataFrame { return g.each(Sum, cols) }

// Avg is the means of columns.
func (g GroupedData) Avg(cols ...string) *DataFrame { return g.each(Avg, cols) }

// Min is the least values of columns.
func (g GroupedData) Min(cols ...string) *DataFrame { return g.each(Min, cols) }

// Max is the greatest values of columns.
func (g GroupedData) Max(cols ...string) *DataFrame { return g.each(Max, cols) }

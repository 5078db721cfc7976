package volley

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// GroupedData is a DataFrame with groups, waiting for aggregates.
type GroupedData struct {
	df   *DataFrame
	kind ast.GroupKind
	keys []Column
}

// GroupBy groups by columns, names or Columns; without any there is one group.
func (df *DataFrame) GroupBy(cols ...any) GroupedData {
	return GroupedData{df, ast.GroupExpr, namedAll(cols)}
}

// Rollup groups by the columns, by all but the last of them, and so on down to none.
func (df *DataFrame) Rollup(cols ...any) GroupedData {
	return GroupedData{df, ast.GroupRollup, namedAll(cols)}
}

// Cube groups by every choice of the columns.
func (df *DataFrame) Cube(cols ...any) GroupedData {
	return GroupedData{df, ast.GroupCube, namedAll(cols)}
}

// Agg aggregates all rows.
func (df *DataFrame) Agg(aggregates ...Column) *DataFrame { return df.GroupBy().Agg(aggregates...) }

// Agg gives a row a group: its keys, then the aggregates.
func (g GroupedData) Agg(aggregates ...Column) *DataFrame {
	sc := g.df.scope()
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

package bind

import (
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// pipeItem checks item i of the operator a block stands for: |> AGGREGATE
// takes aggregates only after its grouping expressions, the others take none.
func (s *selection) pipeItem(i int, x expr.Expr) error {
	a := &s.sel.Items[i]
	switch s.sel.Pipe {
	case ast.NoPipe:
	case ast.PipeAggregate:
		for _, bad := range []struct {
			what string
			is   func(expr.Expr) bool
		}{
			{"window functions; please update the query to move the window functions to a subsequent |> SELECT operator instead", isWindow},
			{"GROUPING and GROUPING_ID", func(e expr.Expr) bool {
				c, ok := e.(*expr.Call)
				return ok && (c.Func == "grouping" || c.Func == "grouping_id")
			}},
		} {
			if has(x, bad.is) {
				return sqlerr.New(sqlerr.PipeAggregateCase, "The feature is not supported: The SQL pipe operator syntax with aggregation (using |> AGGREGATE) does not support %s.", bad.what).At(a.Pos())
			}
		}
		if !s.pipeKey(i) && !hasAgg(x) {
			return sqlerr.New(sqlerr.PipeAggregateNone, "Non-grouping expression %s is provided as an argument to the |> AGGREGATE pipe operator but does not contain any aggregate function; please update it to include an aggregate function and then retry the query again.", ast.ColumnName(a.Expr, s.b.textOf)).At(a.Pos())
		}
	default:
		if hasAgg(x) {
			clause := map[ast.PipeOp]string{ast.PipeSelect: "SELECT", ast.PipeExtend: "EXTEND", ast.PipeSet: "SET"}[s.sel.Pipe]
			return sqlerr.New(sqlerr.PipeContainsAggregate, "Aggregate function %s is not allowed when using the pipe operator |> %s clause; please use the pipe operator |> AGGREGATE clause instead.", ast.ColumnName(a.Expr, s.b.textOf), clause).At(a.Pos())
		}
	}
	return nil
}

// pipeKey reports whether item i is a grouping expression of |> AGGREGATE.
func (s *selection) pipeKey(i int) bool {
	return s.sel.Pipe == ast.PipeAggregate && s.sel.GroupBy != nil && i < len(s.sel.GroupBy.Items)
}

// pipeOrdinal is the input column that grouping expression i of |> AGGREGATE
// names by its place, or nil.
func (s *selection) pipeOrdinal(i int) (*field, error) {
	if !s.pipeKey(i) {
		return nil, nil
	}
	e := s.sel.Items[i].Expr
	n, ok := s.b.ordinal(e, settings.GroupByOrdinal)
	if !ok {
		return nil, nil
	}
	if n < 1 || n > len(s.scope.fields) {
		return nil, sqlerr.New(sqlerr.GroupByPosOutOfRange, "GROUP BY position %d is not in select list (valid range is [1, %d]).", n, len(s.scope.fields)).At(e.Pos())
	}
	return &s.scope.fields[n-1], nil
}

// pipeKeys groups by the first items, one for each grouping expression.
func (s *selection) pipeKeys(g *ast.GroupBy) error {
	s.group = &grouping{b: s.b}
	for i, it := range s.block.items[:len(g.Items)] {
		if hasAgg(it.expr) {
			return sqlerr.New(sqlerr.GroupByAggregate, "Aggregate functions are not allowed in GROUP BY, but found %s.", it.name).At(g.Items[i].Pos())
		}
		if _, err := s.addKey(it.expr, it.name, g.Items[i].Pos()); err != nil {
			return err
		}
	}
	for _, k := range s.group.keys {
		s.block.keys.UsedColumns(k.Expr)
	}
	return nil
}

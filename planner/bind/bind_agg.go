package bind

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// aggregate binds a call of an aggregate function without OVER.
func (b *binder) aggregate(s *site, e *ast.Func, def *function.Def, args []ast.Expr) (expr.Expr, error) {
	switch {
	case s.inAgg:
		return nil, sqlerr.New(sqlerr.NestedAggregate, "It is not allowed to use an aggregate function in the argument of another aggregate function. Please use the inner aggregate function in a sub-query.").At(e.Pos())
	case !s.agg:
		return nil, misplacedAggregate(s, e)
	}
	return b.aggCall(s, e, def, args)
}

func misplacedAggregate(s *site, e *ast.Func) error {
	text := ast.ColumnName(e, nil)
	switch s.clause {
	case "WHERE":
		return sqlerr.New(sqlerr.InvalidWhere, "The WHERE condition contains invalid expressions: %s. Rewrite the query to avoid aggregate functions in WHERE.", text).
			At(e.Pos()).WithHint("Use HAVING for conditions on groups.")
	case "GROUP BY":
		return sqlerr.New(sqlerr.GroupByAggregate, "Aggregate functions are not allowed in GROUP BY, but found %s.", text).At(e.Pos())
	case "FILTER":
		return sqlerr.New(sqlerr.InvalidAggFilterAggregate, "The FILTER expression contains an aggregate: %s.", text).At(e.Pos())
	case "VALUES":
		return sqlerr.New(sqlerr.InlineTableExpression, "Cannot evaluate the expression %s in inline table definition.", text).At(e.Pos())
	}
	return sqlerr.New(sqlerr.UnsupportedExprOperator, "The aggregate function %s is not allowed in %s.", text, s.clause).At(e.Pos())
}

// aggCall binds the arguments and modifiers of an aggregate or window
// function to an Agg.
func (b *binder) aggCall(s *site, e *ast.Func, def *function.Def, args []ast.Expr) (*expr.Agg, error) {
	inner := s.within(func(s *site) { s.inAgg = true })
	if e.Over != nil { // over a window the arguments may hold aggregates of the group
		inner = s.within(func(s *site) { s.inWindow = true })
	}
	if len(args) == 1 && def.Name == "count" {
		if st, ok := args[0].(*ast.Star); ok && len(st.Qualifier) == 0 && len(st.Except) == 0 && !e.Distinct {
			args = []ast.Expr{&ast.Literal{Kind: ast.LitInt, Text: "1"}}
		}
	}
	if def.Name == "count" && len(args) == 0 {
		if settings.AllowParameterlessCount.Get(b.set) {
			args = []ast.Expr{defaultArg} // nothing to count
		}
	}
	if def.Name == "count" && len(args) == 0 {
		return nil, sqlerr.New(sqlerr.WrongNumArgsSuggestion, "The `count` requires at least one parameter, but none was given.").
			At(e.Pos()).WithHint("Set \"spark.sql.legacy.allowParameterlessCount\" to \"true\" to count rows with count().")
	}
	if e.IgnoreNulls && !ignoresNulls[def.Name] {
		return nil, unsupportedSyntax(def.Name, "IGNORE NULLS", e.Pos())
	}
	xs, err := b.arguments(inner, args)
	if err != nil {
		return nil, err
	}
	order, err := b.withinGroup(inner, e, def, &xs)
	if err != nil {
		return nil, err
	}
	ov, err := b.overload(inner, def, strings.ToLower(e.Name.Last()), xs, args, e.Pos(), e.Distinct)
	if err != nil {
		return nil, err
	}
	if ov.Rewrite != nil && e.Over == nil {
		return nil, sqlerr.New(sqlerr.InternalError, "The aggregate %s is a rewrite.", def.Name)
	}
	if err := b.constantArgs(def, xs, e); err != nil {
		return nil, err
	}
	a := &expr.Agg{
		Func: def.Name, Args: b.convert(xs, ov.Params), Distinct: e.Distinct, Order: order, IgnoreNulls: e.IgnoreNulls,
		T: ov.Result, Null: !ov.NotNull, Pos: b.at(e.Pos()),
	}
	if e.Filter != nil {
		fs := inner.within(func(s *site) { s.agg, s.window, s.inAgg, s.clause = false, false, false, "FILTER" })
		if a.Filter, err = b.expr(fs, e.Filter); err != nil {
			return nil, err
		}
		if a.Filter.Type().Kind != types.Bool && a.Filter.Type().Kind != types.Null {
			return nil, sqlerr.New(sqlerr.InvalidAggFilterBoolean, "The FILTER expression %s is not of type BOOLEAN.", ast.ColumnName(e.Filter, nil)).At(e.Filter.Pos())
		}
		a.Filter = b.implicit(a.Filter, types.BoolType)
	}
	if e.Distinct {
		for i, x := range a.Args {
			if !comparable(x.Type(), true) {
				return nil, sqlerr.New(sqlerr.GroupExprNotOrderable, "The argument %d of the DISTINCT aggregate %s is of type %q, which cannot be compared.", i+1, def.Name, x.Type().SQL()).At(e.Pos())
			}
		}
	}
	return a, nil
}

// ignoresNulls are the functions that take IGNORE NULLS.
var ignoresNulls = map[string]bool{
	"first": true, "first_value": true, "last": true, "last_value": true, "any_value": true, "nth_value": true, "lag": true, "lead": true,
	"collect_list": true, "collect_set": true, "array_agg": true,
}

func unsupportedSyntax(name, what string, pos int) error {
	return sqlerr.New(sqlerr.InvalidSQLDistinct, "Invalid SQL syntax: The function `%s` does not support %s.", name, what).At(pos)
}

// constantArg is the argument of a function that must be the same in all rows.
var constantArg = map[string]int{"ntile": 0, "nth_value": 1, "lag": 1, "lead": 1, "mode": 1}

func (b *binder) constantArgs(def *function.Def, args []expr.Expr, e *ast.Func) error {
	switch def.Name {
	case "first", "first_value", "last", "last_value", "any_value":
		if len(args) < 2 {
			return nil
		}
		if l, ok := args[1].(*expr.Literal); !ok || l.T.Kind != types.Bool {
			return sqlerr.New(sqlerr.NotBooleanLiteral, "The second argument in %s should be a boolean literal.", def.Name).At(e.Pos())
		}
		return nil
	}
	i, ok := constantArg[def.Name]
	if !ok || i >= len(args) || len(e.WithinGroup) > 0 {
		return nil
	}
	l, literal := args[i].(*expr.Literal)
	constant := literal || b.foldable(args[i])
	switch {
	case constant && !(def.Name == "mode" && literal && l.Value == nil):
		return nil
	case constant:
		return sqlerr.New(sqlerr.UnexpectedNull, "Cannot resolve \"%s\" due to data type mismatch: The deterministic must not be null.", ast.ColumnName(e, b.textOf)).At(e.Pos())
	case def.Name == "mode":
		return sqlerr.New(sqlerr.NonFoldable, "The function `mode` requires the parameter `deterministic` to be a foldable expression of the type \"BOOLEAN\", but the actual argument is a non-foldable.").At(e.Pos())
	}
	return sqlerr.New(sqlerr.NonFoldableInput, "Cannot resolve \"%s\" due to data type mismatch: argument %d must be a constant.", ast.ColumnName(e, b.textOf), i+1).At(e.Pos())
}

// ordered are the aggregates that take WITHIN GROUP; those that are true need it.
var ordered = map[string]bool{
	"percentile_cont": true, "percentile_disc": true, "listagg": false, "string_agg": false, "mode": false,
}

// withinGroup binds WITHIN GROUP (ORDER BY …). The value that percentiles and
// mode work on is the ordering's expression and becomes their first argument.
func (b *binder) withinGroup(s *site, e *ast.Func, def *function.Def, args *[]expr.Expr) ([]expr.SortKey, error) {
	required, takes := ordered[def.Name]
	if def.Name == "mode" {
		switch {
		case e.Distinct:
			return nil, sqlerr.New(sqlerr.WithinGroupDistinct, "Cannot use DISTINCT with %s.", def.Name).At(e.Pos())
		case len(e.WithinGroup) == 0 && len(*args) == 0:
			return nil, sqlerr.New(sqlerr.WithinGroupMissing, "The function %s requires WITHIN GROUP (ORDER BY …).", def.Name).At(e.Pos())
		case len(e.WithinGroup) > 0 && len(*args) > 0:
			return nil, sqlerr.New(sqlerr.WithinGroupOrderings, "The function %s with an argument takes no ordering in WITHIN GROUP but got %d.", def.Name, len(e.WithinGroup)).At(e.Pos())
		}
	}
	switch {
	case len(e.WithinGroup) == 0 && required:
		return nil, sqlerr.New(sqlerr.WithinGroupMissing, "The function %s requires WITHIN GROUP (ORDER BY …).", def.Name).At(e.Pos())
	case len(e.WithinGroup) == 0:
		return nil, nil
	case !takes:
		return nil, sqlerr.New(sqlerr.InvalidSQLDistinct, "The function `%s` does not support WITHIN GROUP (ORDER BY ...).", def.Name).At(e.Pos())
	}
	if required && e.Distinct {
		return nil, sqlerr.New(sqlerr.WithinGroupDistinct, "Cannot use DISTINCT with WITHIN GROUP in %s.", def.Name).At(e.Pos())
	}
	if (required || def.Name == "mode") && len(e.WithinGroup) != 1 {
		return nil, sqlerr.New(sqlerr.WithinGroupOrderings, "The function %s requires 1 ordering in WITHIN GROUP but got %d.", def.Name, len(e.WithinGroup)).At(e.Pos())
	}
	keys, err := b.sortKeys(s, e.WithinGroup)
	if err != nil {
		return nil, err
	}
	if required || def.Name == "mode" {
		*args = append([]expr.Expr{keys[0].Expr}, *args...)
	}
	return keys, nil
}

// sortKeys binds ORDER BY items whose names are plain columns of the site.
func (b *binder) sortKeys(s *site, items []ast.SortItem) ([]expr.SortKey, error) {
	out := make([]expr.SortKey, len(items))
	for i, it := range items {
		x, err := b.expr(s, it.X)
		if err != nil {
			return nil, err
		}
		if out[i], err = sortKey(x, &items[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sortKey orders by x as item says. Nulls come first when ascending, last
// when descending, unless the item says otherwise.
func sortKey(x expr.Expr, item *ast.SortItem) (expr.SortKey, error) {
	if !comparable(x.Type(), false) {
		return expr.SortKey{}, sqlerr.New(sqlerr.InvalidOrderingType, "Cannot resolve the ordering due to data type mismatch: the \"sortorder\" does not support ordering on type %q.", x.Type().SQL()).At(item.Pos())
	}
	first := item.Nulls == ast.NullsFirst || item.Nulls == ast.NullsDefault && !item.Desc
	return expr.SortKey{Expr: x, Desc: item.Desc, NullsFirst: first}, nil
}

// generatorHere is the error about a generator that is not a whole item of
// the select list.
func generatorHere(s *site, e *ast.Func) error {
	if s.clause == "select list" || s.clause == "generator" {
		return sqlerr.New(sqlerr.GeneratorNested, "The generator is not supported: nested in expressions %s.", ast.ColumnName(e, nil)).At(e.Pos())
	}
	return sqlerr.New(sqlerr.GeneratorOutside, "The generator is not supported: outside the SELECT clause, found: %s.", s.clause).At(e.Pos())
}

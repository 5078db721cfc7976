package bind

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// windowCall binds function(…) OVER (…).
func (b *binder) windowCall(s *site, e *ast.Func, def *function.Def, args []ast.Expr) (expr.Expr, error) {
	text := func() string { return ast.ColumnName(e, nil) }
	switch {
	case def.Kind != function.Aggregate && def.Kind != function.Window:
		return nil, sqlerr.New(sqlerr.WindowNotAggregate, "Expression %s not supported within a window function.", text()).At(e.Pos())
	case s.clause == "FILTER":
		return nil, sqlerr.New(sqlerr.InvalidAggFilterWindow, "The FILTER expression contains a window function: %s.", text()).At(e.Pos())
	case s.clause == "WHERE" || s.clause == "HAVING":
		return nil, sqlerr.New(sqlerr.WindowInClause, "It is not allowed to use window functions inside %s clause: %s.", s.clause, text()).
			At(e.Pos()).WithHint("Use QUALIFY for conditions on window functions.")
	case s.inAgg:
		return nil, sqlerr.New(sqlerr.WindowInAggregate, "It is not allowed to use a window function inside an aggregate function. Please use the inner window function in a sub-query.").At(e.Pos())
	case !s.window:
		return nil, sqlerr.New(sqlerr.UnsupportedExprOperator, "It is not allowed to use a window function inside %s.", s.clause).At(e.Pos())
	case e.Distinct:
		return nil, sqlerr.New(sqlerr.DistinctWindow, "Distinct window functions are not supported: %s.", text()).At(e.Pos())
	case e.Filter != nil && def.Kind == function.Window:
		return nil, unsupportedSyntax(def.Name, "FILTER CLAUSE", e.Pos())
	}
	w, err := b.windowSpec(s, e.Over)
	if err != nil {
		return nil, err
	}
	inner := s.within(func(s *site) { s.inWindow = true })
	a, err := b.aggCall(s, e, def, args)
	if err != nil {
		return nil, err
	}
	c := &expr.WindowCall{Agg: a}
	if c.Partition, err = b.exprs(inner, w.PartitionBy); err != nil {
		return nil, err
	}
	if c.Order, err = b.sortKeys(inner, w.OrderBy); err != nil {
		return nil, err
	}
	for i, p := range c.Partition {
		if !comparable(p.Type(), true) {
			return nil, sqlerr.New(sqlerr.NotOrderable, "Column expression \"%s\" cannot be sorted because its type %q is not orderable.", ast.ColumnName(w.PartitionBy[i], nil), p.Type().SQL()).At(w.PartitionBy[i].Pos())
		}
	}
	switch {
	case def.Kind == function.Window && len(c.Order) == 0:
		return nil, sqlerr.New(sqlerr.WindowUnordered, "Window function %s requires the window to be ordered. You need to add an ORDER BY clause. For example: SELECT %s(value_expr) OVER (PARTITION BY window_partition ORDER BY window_ordering) from table.", def.Name, def.Name).At(e.Pos())
	case sortsItself(def, e) && (len(c.Order) > 0 || w.Frame != nil):
		return nil, sqlerr.New(sqlerr.WindowSpecOfAggregate, "Cannot specify ORDER BY or a window frame for \"%s\".", def.Name).At(e.Pos())
	}
	if s.lambda != nil && has(c, func(x expr.Expr) bool { _, ok := x.(*expr.LambdaVar); return ok }) {
		return nil, sqlerr.New(sqlerr.MissingAttributes, "A window function cannot use the parameters of a lambda function: %s.", text()).At(e.Pos())
	}
	return c, b.frame(inner, e, def, w, c)
}

// sortsItself reports whether a call looks at all rows of its partition in an order of its own.
func sortsItself(def *function.Def, e *ast.Func) bool {
	switch def.Name {
	case "percentile_cont", "percentile_disc", "median":
		return true
	case "listagg", "string_agg":
		return len(e.WithinGroup) > 0
	}
	return false
}

// windowSpec follows the names of WINDOW clauses.
func (b *binder) windowSpec(s *site, w *ast.Window) (*ast.Window, error) {
	for range 64 {
		if w.Name == "" {
			return w, nil
		}
		var next *ast.Window
		if s.block != nil && s.block.sel != nil {
			for i := range s.block.sel.Windows {
				if strings.EqualFold(s.block.sel.Windows[i].Name, w.Name) {
					next = s.block.sel.Windows[i].Window
				}
			}
		}
		if next == nil {
			return nil, sqlerr.New(sqlerr.MissingWindow, "Window specification is not defined in the WINDOW clause for %s.", w.Name).
				At(w.Pos()).WithHint("Add WINDOW %s AS (…) to the query.", w.Name)
		}
		w = next
	}
	return nil, sqlerr.New(sqlerr.InvalidWindowReference, "Invalid SQL syntax: Window reference `%s` is not a window specification.", w.Name).At(w.Pos())
}

// fixedFrame are the functions that look at the whole partition or to the
// current row whatever frame is written; they take none of their own.
var fixedFrame = map[string]bool{
	"row_number": true, "rank": true, "dense_rank": true, "percent_rank": true, "cume_dist": true, "ntile": true,
	"lag": true, "lead": true,
}

// frame fills in the frame of c: the one written, or the function's default.
func (b *binder) frame(s *site, e *ast.Func, def *function.Def, w *ast.Window, c *expr.WindowCall) error {
	if w.Frame == nil || fixedFrame[def.Name] {
		if w.Frame != nil && !sameFrame(def.Name, w.Frame) {
			if def.Name == "lag" || def.Name == "lead" {
				return sqlerr.New(sqlerr.WindowFrameOfOffset, "Cannot specify window frame for %s function.", def.Name).At(w.Frame.Pos())
			}
			return sqlerr.New(sqlerr.WindowFrameMismatch, "The window frame of %s must be ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW.", def.Name).At(w.Frame.Pos())
		}
		c.Frame = expr.Frame{Unit: expr.Rows, Start: expr.Bound{Kind: expr.UnboundedPreceding}, End: expr.Bound{Kind: expr.UnboundedFollowing}}
		switch {
		case def.Name == "lag" || def.Name == "lead":
		case fixedFrame[def.Name]:
			c.Frame.End.Kind = expr.CurrentRow
		case len(c.Order) > 0:
			c.Frame.Unit, c.Frame.End.Kind = expr.Range, expr.CurrentRow
		}
		return nil
	}
	f := w.Frame
	c.Frame.Unit = expr.Range
	if f.Rows {
		c.Frame.Unit = expr.Rows
	}
	var err error
	if c.Frame.Start, err = b.bound(s, f, &f.Start, c); err != nil {
		return err
	}
	if c.Frame.End, err = b.bound(s, f, &f.Stop, c); err != nil {
		return err
	}
	return checkBounds(f, c)
}

// checkBounds refuses frames that Spark refuses. One that ends before it
// begins is empty if one of its bounds is the current row, and refused if both have offsets.
func checkBounds(f *ast.Frame, c *expr.WindowCall) error {
	lo, hi := c.Frame.Start, c.Frame.End
	if lo.Kind == expr.UnboundedFollowing || hi.Kind == expr.UnboundedPreceding {
		return sqlerr.New(sqlerr.FrameInvalidBound, "Cannot resolve the window frame: it cannot begin with UNBOUNDED FOLLOWING or end with UNBOUNDED PRECEDING.").At(f.Pos())
	}
	if c.Frame.Unit == expr.Range && len(c.Order) == 0 && (lo.Kind != expr.UnboundedPreceding || hi.Kind != expr.UnboundedFollowing) {
		return sqlerr.New(sqlerr.RangeFrameWithoutOrder, "A range window frame cannot be used in an unordered window specification.").At(f.Pos())
	}
	if lo.Offset == nil || hi.Offset == nil {
		return nil
	}
	bad := lo.Kind > hi.Kind
	if lo.Kind == hi.Kind {
		x, okx := lo.Offset.(*expr.Literal).Value.(int64)
		y, oky := hi.Offset.(*expr.Literal).Value.(int64)
		bad = okx && oky && (lo.Kind == expr.Preceding && x < y || lo.Kind == expr.Following && x > y)
	}
	if bad {
		return sqlerr.New(sqlerr.FrameWrongComparison, "Cannot resolve the window frame: the lower bound of a window frame must be less than or equal to the upper bound.").At(f.Pos())
	}
	return nil
}

// sameFrame reports whether f says what the function does anyway.
func sameFrame(name string, f *ast.Frame) bool {
	return name != "lag" && name != "lead" && f.Rows && f.Start.Kind == ast.UnboundedPreceding && f.Stop.Kind == ast.CurrentRow
}

// bound binds one end of a frame. A negative offset turns its direction.
func (b *binder) bound(s *site, f *ast.Frame, a *ast.Bound, c *expr.WindowCall) (expr.Bound, error) {
	kind := expr.BoundKind(a.Kind)
	if a.Offset == nil {
		return expr.Bound{Kind: kind}, nil
	}
	x, err := b.expr(s, a.Offset)
	if err != nil {
		return expr.Bound{}, err
	}
	if !b.foldable(x) && !isLiteral(x) {
		return expr.Bound{}, sqlerr.New(sqlerr.InvalidFrameBound, "Invalid SQL syntax: Frame bound value must be a literal, but got %s.", ast.ColumnName(a.Offset, nil)).At(a.Pos())
	}
	if l := b.standIn(x, types.Int32Type); l != nil {
		x = l
	}
	t, err := b.offsetType(f, x.Type(), c, a.Pos())
	if err != nil {
		return expr.Bound{}, err
	}
	l, err := b.constant(b.implicit(x, t), a.Pos(), "window frame bound")
	if err != nil {
		return expr.Bound{}, err
	}
	if l.Value == nil {
		return expr.Bound{}, sqlerr.New(sqlerr.FrameUnacceptedType, "Cannot resolve the window frame: a bound is NULL.").At(a.Pos())
	}
	if negative(l.Value) {
		n, err := b.call("negative", []expr.Expr{l}, a.Pos())
		if err != nil {
			return expr.Bound{}, err
		}
		if l, err = b.constant(n, a.Pos(), "window frame bound"); err != nil {
			return expr.Bound{}, err
		}
		kind = expr.Preceding + expr.Following - kind
	}
	return expr.Bound{Kind: kind, Offset: l}, nil
}

func negative(v types.Datum) bool {
	switch v := v.(type) {
	case int64:
		return v < 0
	case float64:
		return v < 0
	case types.Int128:
		return v.Sign() < 0
	}
	return false
}

// offsetType is the type an offset is converted to: INT for ROWS, for RANGE
// one that can be added to the only ordering key.
func (b *binder) offsetType(f *ast.Frame, t types.Type, c *expr.WindowCall, pos int) (types.Type, error) {
	if f.Rows {
		if !t.Kind.IsInteger() || t.Kind == types.Int64 {
			return t, sqlerr.New(sqlerr.FrameUnacceptedType, "Cannot resolve the window frame: the data type of the bound must be \"INT\" for ROWS, not %q.", t.SQL()).At(pos)
		}
		return types.Int32Type, nil
	}
	if len(c.Order) == 0 {
		return t, sqlerr.New(sqlerr.RangeFrameWithoutOrder, "A range window frame cannot be used in an unordered window specification.").At(f.Pos())
	}
	if len(c.Order) > 1 {
		return t, sqlerr.New(sqlerr.RangeFrameMultiOrder, "A range window frame with value boundaries cannot be used in a window specification with multiple order by expressions.").At(f.Pos())
	}
	key := c.Order[0].Expr.Type()
	bad := sqlerr.New(sqlerr.RangeFrameInvalidType, "The data type %q used in the order specification does not match the data type %q which is used in the range frame.", key.SQL(), t.SQL()).At(f.Pos())
	switch {
	case !key.Kind.IsNumeric() && !key.Kind.IsDatetime() && !key.Kind.IsInterval(), t.Kind.IsDatetime():
		return t, sqlerr.New(sqlerr.FrameUnacceptedType, "The data type of the bound of a RANGE frame must be a number or an interval and its ordering one it can be added to, not %q and %q.", t.SQL(), key.SQL()).At(f.Pos())
	case key.Kind == types.Date && t.Kind == types.DayTime && t.S > types.FieldDay:
		return t, bad
	case key.Kind.IsNumeric():
		if !b.castable(t, key) {
			return t, bad
		}
		return key, nil
	case key.Kind == types.Date && t.Kind.IsInteger() && t.Kind <= types.Int32:
		return types.Int32Type, nil
	case key.Kind.IsDatetime() && (t.Kind == types.YearMonth || t.Kind == types.DayTime || t.Kind == types.Interval):
		return t, nil
	case key.Kind == t.Kind && t.Kind.IsInterval():
		return key, nil
	}
	return t, bad
}

// windows takes the window calls out of the expressions es (which it changes
// in place) into Window nodes over plan: one a partitioning and ordering, and
// calls within calls beneath those.
func (b *binder) windows(plan logical.Node, es ...*expr.Expr) logical.Node {
	x := &windowCalls{b: b, level: map[expr.ColID]int{}}
	for _, e := range es {
		*e = x.take(*e)
	}
	for level, left := 0, x.calls; len(left) > 0; {
		var group, rest []logical.Named
		var first *expr.WindowCall
		for _, c := range left {
			w := c.Expr.(*expr.WindowCall)
			switch {
			case x.level[c.Col.ID] != level:
				rest = append(rest, c)
			case first == nil || tree.Equal(w.Partition, first.Partition) && tree.Equal(w.Order, first.Order):
				first = w
				group = append(group, c)
			default:
				rest = append(rest, c)
			}
		}
		if first == nil {
			level++
			continue
		}
		plan = &logical.Window{Input: plan, Calls: group}
		left = rest
	}
	return plan
}

// windowCalls are window calls on their way out of expressions. level is how
// deep a call has other calls in it.
type windowCalls struct {
	b     *binder
	calls []logical.Named
	level map[expr.ColID]int
}

// take replaces the window calls in e by columns.
func (x *windowCalls) take(e expr.Expr) expr.Expr {
	return replace(e, func(e expr.Expr) (expr.Expr, bool) {
		w, ok := e.(*expr.WindowCall)
		if !ok {
			return nil, false
		}
		w = tree.MapChildren[expr.Expr](w, x.take).(*expr.WindowCall)
		for _, c := range x.calls {
			if tree.Equal(c.Expr, w) {
				return c.Col, true
			}
		}
		col := x.b.newColumn(w.Agg.Func, w.Type(), w.Nullable())
		level := 0
		walk(w, func(e expr.Expr) bool {
			if c, ok := e.(*expr.Column); ok {
				if within, call := x.level[c.ID]; call {
					level = max(level, within+1)
				}
			}
			return true
		})
		x.level[col.ID] = level
		x.calls = append(x.calls, logical.Named{Col: col, Expr: w})
		return col, true
	})
}

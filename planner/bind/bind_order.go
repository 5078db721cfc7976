package bind

import (
	"strconv"

	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// orderBy binds the ORDER BY of the block: over its output first, then over
// the columns of its input.
func (s *selection) orderBy() error {
	if s.order == nil {
		return nil
	}
	at := s.site("ORDER BY", outputFirst, true, true)
	if all := s.order.OrderAll; all != nil {
		if !s.names("all") {
			for _, it := range s.block.items {
				k, err := sortKey(it.reference(all.Pos()), all)
				if err != nil {
					return err
				}
				s.keys = append(s.keys, k)
			}
			return nil
		}
		return s.orderItem(at, &ast.SortItem{Span: all.Span, X: &ast.Column{Span: all.Span, Name: ast.N("all")}, Desc: all.Desc, Nulls: all.Nulls})
	}
	items := ordering(s.order)
	for i := range items {
		if err := s.orderItem(at, &items[i]); err != nil {
			return err
		}
	}
	return nil
}

// ordering is what orders the rows of q: ORDER BY, or SORT BY and CLUSTER BY,
// which promise less.
func ordering(q *ast.Query) []ast.SortItem {
	switch {
	case len(q.OrderBy) > 0:
		return q.OrderBy
	case len(q.SortBy) > 0:
		return q.SortBy
	}
	var items []ast.SortItem
	for _, e := range q.ClusterBy {
		items = append(items, ast.SortItem{Span: ast.At(e.Pos(), e.End()), X: e})
	}
	return items
}

// names reports whether a column called name, of the output or the input, can be ordered by.
func (s *selection) names(name string) bool {
	for _, it := range s.block.items {
		if s.b.same(it.name, name) {
			return true
		}
	}
	found := false
	s.b.candidates(s.scope, name, func(f *field) { found = found || !f.hidden })
	return found
}

func (s *selection) orderItem(at *site, item *ast.SortItem) error {
	var x expr.Expr
	if n, ok := s.b.ordinal(item.X, settings.OrderByOrdinal); ok {
		if n < 1 || n > len(s.block.items) {
			return sqlerr.New(sqlerr.OrderByPosOutOfRange, "ORDER BY position %d is not in select list (valid range is [1, %d]).", n, len(s.block.items)).At(item.Pos())
		}
		x = s.block.items[n-1].reference(item.Pos())
	} else {
		var err error
		if x, err = s.b.expr(at, item.X); err != nil {
			// A name of the select list's text, as in ORDER BY `(a + b)`, is looked up above;
			// anything else the input does not know is an error of the output.
			return err
		}
	}
	k, err := sortKey(x, item)
	s.keys = append(s.keys, k)
	return err
}

// ordinal reads an integer literal as a place in the select list.
func (b *binder) ordinal(e ast.Expr, on settings.Bool) (int, bool) {
	l, ok := e.(*ast.Literal)
	if !ok || l.Kind != ast.LitInt || !on.Get(b.set) {
		return 0, false
	}
	n, err := strconv.ParseInt(l.Text, 10, 32)
	return int(n), err == nil
}

// sorted puts the ORDER BY of q over a relation whose columns are all there
// is: a set operation, VALUES, a query in parentheses.
func (b *binder) sorted(rel *relation, q *ast.Query, fr *frame, ctes *cteScope) (*relation, error) {
	items := ordering(q)
	if q.OrderAll == nil && len(items) == 0 {
		return rel, nil
	}
	sc := &scope{frame: fr, fields: rel.fields, ctes: ctes}
	var keys []expr.SortKey
	add := func(x expr.Expr, item *ast.SortItem) error {
		k, err := sortKey(x, item)
		keys = append(keys, k)
		return err
	}
	if q.OrderAll != nil {
		for i := range rel.fields {
			if err := add(reference(&rel.fields[i], rel.fields[i].name, q.OrderAll.Pos()), q.OrderAll); err != nil {
				return nil, err
			}
		}
	}
	for i := range items {
		item := &items[i]
		if n, ok := b.ordinal(item.X, settings.OrderByOrdinal); ok {
			if n < 1 || n > len(rel.fields) {
				return nil, sqlerr.New(sqlerr.OrderByPosOutOfRange, "ORDER BY position %d is not in select list (valid range is [1, %d]).", n, len(rel.fields)).At(item.Pos())
			}
			if err := add(reference(&rel.fields[n-1], rel.fields[n-1].name, item.Pos()), item); err != nil {
				return nil, err
			}
			continue
		}
		x, err := b.expr(&site{sc: sc, clause: "ORDER BY"}, item.X)
		if err != nil {
			return nil, err
		}
		if err := add(x, item); err != nil {
			return nil, err
		}
	}
	return &relation{plan: &logical.Sort{Input: rel.plan, Keys: keys}, fields: rel.fields}, nil
}

// limited puts LIMIT and OFFSET over a relation.
func (b *binder) limited(rel *relation, q *ast.Query) (*relation, error) {
	if q.Limit == nil && q.Offset == nil {
		return rel, nil
	}
	l := &logical.Limit{Input: rel.plan, Count: -1}
	var err error
	if q.Limit != nil {
		if l.Count, err = b.count(q.Limit, "limit"); err != nil {
			return nil, err
		}
	}
	if q.Offset != nil {
		if l.Offset, err = b.count(q.Offset, "offset"); err != nil {
			return nil, err
		}
	}
	return &relation{plan: l, fields: rel.fields}, nil
}

// count folds the argument of LIMIT and its like to a number of rows.
func (b *binder) count(e ast.Expr, what string) (int64, error) {
	x, err := b.expr(&site{sc: &scope{frame: &frame{}}, clause: what}, e)
	if err != nil {
		if sqlerr.Is(err, sqlerr.UnresolvedColumnPlain) || sqlerr.Is(err, sqlerr.UnsupportedExprOperator) {
			return 0, unfoldable(e, what)
		}
		return 0, err
	}
	if !isLiteral(x) && !b.foldable(x) {
		return 0, unfoldable(e, what)
	}
	if l := b.standIn(x, types.Int64Type); l != nil {
		x = l
	}
	// Clients count in 64 bits, so a parameter may be BIGINT.
	_, given := e.(*ast.Param)
	if k := x.Type().Kind; !k.IsInteger() && k != types.Null || k == types.Int64 && !given {
		return 0, sqlerr.New(sqlerr.InvalidLimitType, "The limit like expression %s is invalid. The %s expression must be integer type, but got %q.", ast.ColumnName(e, nil), what, x.Type().SQL()).At(e.Pos())
	}
	l, err := b.constant(x, e.Pos(), what)
	if err != nil {
		return 0, err
	}
	if l.Value == nil {
		return 0, sqlerr.New(sqlerr.InvalidLimitNull, "The limit like expression %s is invalid. The evaluated %s expression must not be null.", ast.ColumnName(e, nil), what).At(e.Pos())
	}
	n := l.Value.(int64)
	if n < 0 {
		return 0, sqlerr.New(sqlerr.InvalidLimitNegative, "The limit like expression %s is invalid. The %s expression must be equal to or greater than 0, but got %d.", ast.ColumnName(e, nil), what, n).At(e.Pos())
	}
	return n, nil
}

func unfoldable(e ast.Expr, what string) error {
	return sqlerr.New(sqlerr.InvalidLimitUnfoldable, "The limit like expression %s is invalid. The %s expression must evaluate to a constant value.", ast.ColumnName(e, nil), what).At(e.Pos())
}

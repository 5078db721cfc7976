package mysql

import (
	"github.com/xwb1989/sqlparser"

	"github.com/volley-sql/volley/planner/ast"
)

func (t *translator) query(n sqlparser.SelectStatement) *ast.Query {
	t.enter()
	defer t.leave()
	switch n := n.(type) {
	case *sqlparser.Select:
		q := &ast.Query{Body: t.selectBody(n), OrderBy: t.orderBy(n.OrderBy)}
		t.limit(q, n.Limit)
		return q
	case *sqlparser.ParenSelect:
		return t.query(n.Select)
	case *sqlparser.Union:
		q := &ast.Query{Body: t.union(n), OrderBy: t.orderBy(n.OrderBy)}
		t.limit(q, n.Limit)
		return q
	}
	t.fail("this query")
	return nil
}

func (t *translator) union(n *sqlparser.Union) *ast.SetOp {
	return &ast.SetOp{Kind: ast.Union, All: n.Type == sqlparser.UnionAllStr, L: t.setOperand(n.Left), R: t.setOperand(n.Right)}
}

// setOperand is a query as an operand of UNION, without a level of its own where
// it has neither order nor limit.
func (t *translator) setOperand(n sqlparser.SelectStatement) ast.Body {
	q := t.query(n)
	if q.OrderBy == nil && q.Limit == nil && q.Offset == nil {
		return q.Body
	}
	return q
}

func (t *translator) limit(q *ast.Query, l *sqlparser.Limit) {
	if l == nil {
		return
	}
	q.Limit = t.expr(l.Rowcount)
	if l.Offset != nil {
		q.Offset = t.expr(l.Offset)
	}
}

func (t *translator) orderBy(o sqlparser.OrderBy) []ast.SortItem {
	var out []ast.SortItem
	for _, it := range o {
		out = append(out, ast.SortItem{X: t.expr(it.Expr), Desc: it.Direction == sqlparser.DescScr})
	}
	return out
}

func (t *translator) selectBody(n *sqlparser.Select) *ast.Select {
	s := &ast.Select{Distinct: n.Distinct != "", Items: t.items(n.SelectExprs), From: t.from(n.From)}
	if n.Where != nil {
		s.Where = t.expr(n.Where.Expr)
	}
	if n.GroupBy != nil {
		s.GroupBy = &ast.GroupBy{}
		for _, g := range n.GroupBy {
			s.GroupBy.Items = append(s.GroupBy.Items, ast.Grouping{Expr: t.expr(g)})
		}
	}
	if n.Having != nil {
		s.Having = t.expr(n.Having.Expr)
	}
	return s
}

// items translates a select list; an expression without alias is named after
// its text, as MySQL does.
func (t *translator) items(exprs sqlparser.SelectExprs) []ast.SelectItem {
	var out []ast.SelectItem
	for _, e := range exprs {
		switch e := e.(type) {
		case *sqlparser.StarExpr:
			out = append(out, ast.SelectItem{Expr: t.star(e)})
		case *sqlparser.AliasedExpr:
			it := ast.SelectItem{Expr: t.expr(e.Expr), Alias: e.As.String()}
			if _, column := it.Expr.(*ast.Column); it.Alias == "" && !column {
				it.Alias = sqlparser.String(e.Expr)
			}
			out = append(out, it)
		default:
			t.fail("NEXT VALUE")
		}
	}
	return out
}

func (t *translator) star(e *sqlparser.StarExpr) *ast.Star {
	s := &ast.Star{}
	if !e.TableName.IsEmpty() {
		s.Qualifier = t.tableName(e.TableName).Parts
	}
	return s
}

func (t *translator) tableName(n sqlparser.TableName) ast.Name {
	if q := n.Qualifier.String(); q != "" {
		return ast.N(q, n.Name.String())
	}
	return ast.N(n.Name.String())
}

// from joins the items of FROM with commas. FROM dual, which sqlparser adds
// where there is no FROM, is none.
func (t *translator) from(list sqlparser.TableExprs) ast.Relation {
	if len(list) == 1 && sqlparser.String(list[0]) == "dual" {
		return nil
	}
	var r ast.Relation
	for _, e := range list {
		next := t.relation(e)
		if r == nil {
			r = next
			continue
		}
		r = &ast.Join{Kind: ast.JoinComma, L: r, R: next}
	}
	return r
}

func (t *translator) relation(e sqlparser.TableExpr) ast.Relation {
	t.enter()
	defer t.leave()
	switch e := e.(type) {
	case *sqlparser.AliasedTableExpr:
		return t.table(e)
	case *sqlparser.ParenTableExpr:
		return &ast.Parens{Input: t.from(e.Exprs)}
	case *sqlparser.JoinTableExpr:
		return t.join(e)
	}
	t.fail("this item of FROM")
	return nil
}

func (t *translator) table(e *sqlparser.AliasedTableExpr) ast.Relation {
	if len(e.Partitions) > 0 {
		t.fail("PARTITION in FROM")
	}
	var alias *ast.Alias
	if !e.As.IsEmpty() {
		alias = &ast.Alias{Name: e.As.String()}
	}
	switch x := e.Expr.(type) {
	case sqlparser.TableName:
		return &ast.TableRef{Name: t.tableName(x), Alias: alias}
	case *sqlparser.Subquery:
		return &ast.SubqueryRef{Query: t.query(x.Select), Alias: alias}
	}
	t.fail("this item of FROM")
	return nil
}

var joinKinds = map[string]ast.JoinKind{
	sqlparser.JoinStr: ast.JoinInner, sqlparser.StraightJoinStr: ast.JoinInner, sqlparser.NaturalJoinStr: ast.JoinInner,
	sqlparser.LeftJoinStr: ast.JoinLeft, sqlparser.NaturalLeftJoinStr: ast.JoinLeft,
	sqlparser.RightJoinStr: ast.JoinRight, sqlparser.NaturalRightJoinStr: ast.JoinRight,
}

func (t *translator) join(e *sqlparser.JoinTableExpr) ast.Relation {
	j := &ast.Join{Kind: joinKinds[e.Join], L: t.relation(e.LeftExpr), R: t.relation(e.RightExpr)}
	switch e.Join {
	case sqlparser.NaturalJoinStr, sqlparser.NaturalLeftJoinStr, sqlparser.NaturalRightJoinStr:
		j.Natural = true
	}
	if e.Condition.On != nil {
		j.On = t.expr(e.Condition.On)
	}
	for _, c := range e.Condition.Using {
		j.Using = append(j.Using, c.String())
	}
	return j
}

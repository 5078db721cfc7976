package parse

import "github.com/volley-sql/volley/planner/ast"

// valuesBody parses VALUES with an optional alias.
func (p *parser) valuesBody() ast.Body {
	pos := p.tok.pos
	v := p.values()
	if a := p.alias(); a != nil {
		from := &ast.SubqueryRef{Query: &ast.Query{Span: v.Span, Body: v}, Alias: a, Span: p.from(pos)}
		return starFrom(p.from(pos), from)
	}
	return v
}

// starFrom is SELECT * FROM r.
func starFrom(span ast.Span, r ast.Relation) *ast.Select {
	return &ast.Select{Span: span, Items: []ast.SelectItem{{Span: span, Expr: &ast.Star{Span: span}}}, From: r}
}

func (p *parser) values() *ast.Values {
	pos := p.tok.pos
	p.expect("VALUES")
	v := &ast.Values{}
	for p.err == nil {
		v.Rows = append(v.Rows, p.valuesRow())
		if !p.accept(",") || p.tok.kind == tEOF || p.is(";") || p.is(")") {
			break
		}
	}
	v.Span = p.from(pos)
	return v
}

// valuesRow parses a row. What stands in parentheses is read as a list, the
// short way for long tables; if an operator follows, the list was an operand.
func (p *parser) valuesRow() []ast.Expr {
	first := p.peek()
	if !p.is("(") || queryWord(first.kw) || first.kw == "(" || p.lambdaAhead() {
		return rowValues(p.expr())
	}
	pos := p.advance().pos
	row := p.list(func(p *parser) ast.Expr { return p.namedExpr().Expr })
	p.expect(")")
	if p.tok.kind == tEOF || p.isAny(",", ")", ";", "AS", "ORDER", "LIMIT", "UNION") {
		return row
	}
	p.operandDone = row[0]
	if len(row) > 1 {
		r := &ast.Row{Span: p.from(pos)}
		for _, e := range row {
			r.Items = append(r.Items, ast.SelectItem{Span: ast.At(e.Pos(), e.End()), Expr: e})
		}
		p.operandDone = r
	}
	return rowValues(p.expr())
}

// rowValues are the columns of a row that was parsed as an expression.
func rowValues(e ast.Expr) []ast.Expr {
	r, ok := e.(*ast.Row)
	if !ok {
		return []ast.Expr{e}
	}
	out := make([]ast.Expr, len(r.Items))
	for i, it := range r.Items {
		out[i] = it.Expr
	}
	return out
}

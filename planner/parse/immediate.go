package parse

import "github.com/volley-sql/volley/planner/ast"

// executeImmediate parses EXECUTE IMMEDIATE. INTO takes no parentheses, USING may.
func (p *parser) executeImmediate() ast.Statement {
	pos := p.tok.pos
	p.expect("EXECUTE", "IMMEDIATE")
	e := &ast.ExecuteImmediate{Text: p.expr()}
	if p.accept("INTO") {
		e.Into = commas(p, p.name)
	}
	if p.accept("USING") {
		e.Using = p.usingArguments()
	}
	e.Span = p.from(pos)
	return e
}

// usingArguments parses what follows USING. A parenthesis opens the whole list
// unless it holds a query, or turns out to be the first part of an expression.
func (p *parser) usingArguments() []ast.Argument {
	query := false
	switch p.peek().kw {
	case "SELECT", "WITH", "VALUES", "FROM", "TABLE":
		query = true
	}
	if !p.is("(") || query {
		return commas(p, p.usingArgument)
	}
	list := parens(p, p.usingArgument)
	if len(list) != 1 || list[0].Name != "" || p.tok.kind == tEOF || p.is(";") {
		return list
	}
	p.operandDone = list[0].Value
	return commas(p, p.usingArgument)
}

func (p *parser) usingArgument() ast.Argument {
	pos := p.tok.pos
	a := ast.Argument{Value: p.expr()}
	if p.accept("AS") || isName(p.tok) && !p.is(";") {
		a.Name = p.ident()
	}
	a.Span = p.from(pos)
	return a
}

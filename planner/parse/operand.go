package parse

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/planner/ast"
)

// primary parses an operand and the accessors after it.
func (p *parser) primary() ast.Expr {
	h := p.reset()
	x := p.operand()
	for p.err == nil && (p.tok.kind == tOp || p.is("COLLATE")) {
		pos := x.Pos()
		switch {
		case p.accept("["):
			i := p.expr()
			p.expect("]")
			x = &ast.Subscript{Span: p.from(pos), X: x, Index: i}
		case p.is(".") && p.peek().kw != "*":
			p.advance()
			f := p.ident()
			x = &ast.FieldAccess{Span: p.from(pos), X: x, Field: f}
		case p.accept("::"):
			t := p.typeName()
			x = &ast.Cast{Span: p.from(pos), X: x, Type: t}
		case p.accept("COLLATE"):
			n := p.name()
			lit := &ast.Literal{Span: n.Span, Kind: ast.LitString, Text: strings.Join(n.Parts, ".")}
			x = &ast.Func{Span: p.from(pos), Name: ast.N("collate"), Args: []ast.Expr{x, lit}}
		default:
			p.merge(h)
			return x
		}
		p.grow()
	}
	p.merge(h)
	return x
}

// operand parses what operators stand between.
func (p *parser) operand() ast.Expr {
	if x := p.operandDone; x != nil {
		p.operandDone = nil
		return x
	}
	t := p.tok
	switch t.kind {
	case tInt, tNumber:
		return p.number("")
	case tString:
		s := p.str()
		return &ast.Literal{Span: p.from(t.pos), Kind: ast.LitString, Text: s}
	case tQuoted:
		return p.nameOrCall()
	case tOp:
		return p.operandSign()
	case tIdent:
		if e := p.keywordForm(); e != nil {
			return e
		}
		return p.nameOrCall()
	}
	p.unexpected("an expression")
	return p.badExpr()
}

// operandSign parses the operands that start with a sign.
func (p *parser) operandSign() ast.Expr {
	t := p.tok
	switch t.kw {
	case "(":
		return p.paren()
	case "-":
		if n := p.peek(); n.kind == tInt || n.kind == tNumber {
			p.advance()
			return p.number("-")
		}
	case "*":
		p.advance()
		return p.starTail(t.pos, nil)
	case "?":
		p.advance()
		p.params++
		return &ast.Param{Span: p.from(t.pos), Index: p.params - 1}
	case "$":
		if n := p.peek(); n.kind == tInt && n.pos == t.end {
			i, err := strconv.ParseInt(p.text(n), 10, 32)
			if err == nil && i >= 1 && i <= maxParams {
				p.advance()
				p.advance()
				return &ast.Param{Span: p.from(t.pos), Index: int(i) - 1, Numbered: true}
			}
		}
	case ":":
		if n := p.peek(); n.kind == tIdent && n.pos == t.end {
			p.advance()
			p.advance()
			return &ast.Param{Span: p.from(t.pos), Name: p.text(n)}
		}
	}
	p.unexpected("an expression")
	return p.badExpr()
}

// maxParams is the largest n of a marker $n.
const maxParams = 1 << 16

// starTail parses EXCEPT and REPLACE after a *.
func (p *parser) starTail(pos int, qualifier []string) ast.Expr {
	s := &ast.Star{Qualifier: qualifier}
	for p.err == nil {
		next := p.peek().kw
		switch {
		case p.isAny("EXCEPT", "EXCLUDE") && next == "(" && !p.selectAfterParens():
			p.advance()
			s.Except = append(s.Except, parens(p, p.name)...)
		case p.is("EXCLUDE") && isName(p.peek()):
			p.advance()
			s.Except = append(s.Except, p.name())
		case p.is("REPLACE") && next == "(":
			p.advance()
			s.Replace = append(s.Replace, parens(p, p.namedExpr)...)
		default:
			s.Span = p.from(pos)
			return s
		}
	}
	return s
}

// selectAfterParens tells EXCEPT (SELECT …), a set operation, from EXCEPT (a, b).
func (p *parser) selectAfterParens() bool {
	t := p.peek()
	for t.kw == "(" {
		t = p.after(t)
	}
	return queryWord(t.kw)
}

// paren parses what stands in parentheses: a lambda's parameters, a query, a
// row or an expression.
func (p *parser) paren() ast.Expr {
	pos := p.tok.pos
	if p.lambdaAhead() {
		return p.lambda()
	}
	p.expect("(")
	if p.queryAhead() {
		q := p.query()
		p.expect(")")
		return &ast.Subquery{Span: p.from(pos), Query: q}
	}
	if p.is(")") {
		p.unexpected("an expression")
		return p.badExpr()
	}
	opened := p.is("(")
	first := p.namedExpr()
	if sub, ok := first.Expr.(*ast.Subquery); ok && opened && first.Alias == "" && p.queryGoesOn() {
		q := p.queryFrom(sub.Pos(), sub.Query)
		p.expect(")")
		return &ast.Subquery{Span: p.from(pos), Query: q}
	}
	if p.accept(")") {
		if first.Alias != "" {
			return &ast.Row{Span: p.from(pos), Items: []ast.SelectItem{first}}
		}
		return first.Expr
	}
	items := []ast.SelectItem{first}
	for p.accept(",") {
		items = append(items, p.namedExpr())
	}
	p.expect(")")
	return &ast.Row{Span: p.from(pos), Items: items}
}

// lambdaAhead reports whether x -> or (x, y) -> comes next.
func (p *parser) lambdaAhead() bool {
	t := p.tok
	if isName(t) {
		return p.peek().kw == "->"
	}
	if t.kw != "(" {
		return false
	}
	for {
		if t = p.after(t); !isName(t) {
			return false
		}
		if t = p.after(t); t.kw == ")" {
			return p.after(t).kw == "->"
		}
		if t.kw != "," {
			return false
		}
	}
}

func (p *parser) lambda() ast.Expr {
	pos := p.tok.pos
	l := &ast.Lambda{}
	if p.is("(") {
		l.Params = parens(p, p.ident)
	} else {
		l.Params = []string{p.ident()}
	}
	p.expect("->")
	l.Body = p.expr()
	l.Span = p.from(pos)
	return l
}

// namedExpr parses an expression with an optional alias.
func (p *parser) namedExpr() ast.SelectItem {
	pos := p.tok.pos
	it := ast.SelectItem{Expr: p.expr()}
	switch {
	case p.accept("AS"):
		if p.is("(") {
			it.Aliases = parens(p, p.ident)
		} else {
			it.Alias = p.ident()
		}
	case p.is("(") && p.err == nil && p.lateralAliases():
		it.Aliases = parens(p, p.ident)
	case p.aliasAhead(selectStops):
		it.Alias = p.ident()
	}
	it.Span = p.from(pos)
	return it
}

// lateralAliases reports whether (a, b) after a generator without AS comes next.
func (p *parser) lateralAliases() bool {
	t := p.after(p.tok)
	return isName(t) && p.prev.kw == ")"
}

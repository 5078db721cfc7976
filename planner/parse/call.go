package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// nameOrCall parses a column, a path, t.* or a call.
func (p *parser) nameOrCall() ast.Expr {
	pos := p.tok.pos
	if p.is("IDENTIFIER") && p.peek().kw == "(" || p.peek().kw == "." {
		return p.longNameOrCall()
	}
	t := p.advance()
	n := ast.Name{Span: ast.At(t.pos, t.end)}
	if t.kind == tQuoted {
		n.Parts = []string{p.nameValue(t)}
	} else {
		n.Parts = []string{p.text(t)}
	}
	switch {
	case p.is("->"):
		return &ast.Lambda{Params: n.Parts, Body: p.lambdaBody(), Span: p.from(pos)}
	case p.is("("):
		return p.call(pos, n)
	}
	return &ast.Column{Span: n.Span, Name: n}
}

func (p *parser) lambdaBody() ast.Expr {
	p.expect("->")
	return p.expr()
}

func (p *parser) longNameOrCall() ast.Expr {
	pos := p.tok.pos
	var n ast.Name
	if p.isSeq("IDENTIFIER", "(") {
		n = p.identifierClause()
	} else {
		n.Parts = []string{p.ident()}
	}
	for p.is(".") && p.err == nil {
		p.advance()
		if p.accept("*") {
			return p.starTail(pos, n.Parts)
		}
		n.Parts = append(n.Parts, p.ident())
	}
	n.Span = p.from(pos)
	if p.is("(") {
		return p.call(pos, n)
	}
	return &ast.Column{Span: n.Span, Name: n}
}

// call parses the parenthesis after a function's name and what follows it.
func (p *parser) call(pos int, name ast.Name) ast.Expr {
	f := &ast.Func{Name: name}
	p.expect("(")
	if !p.is(")") {
		if next := p.peek().kw; p.isAny("DISTINCT", "ALL") && next != ")" && next != "," && next != "." {
			f.Distinct = p.advance().kw == "DISTINCT"
		}
		f.Args = p.list((*parser).argument)
		p.unitArgument(f)
	}
	return p.callTail(pos, f)
}

// unitArgument turns the first of three arguments of timestampadd and its like,
// a unit without quotes, from the column it looks like into a string.
func (p *parser) unitArgument(f *ast.Func) {
	if len(f.Args) != 3 || !ast.UnitArgument(f.Name.Last()) {
		return
	}
	switch unit := f.Args[0].(type) {
	case *ast.Column:
		f.Args[0] = &ast.Literal{Span: unit.Span, Kind: ast.LitString, Text: unit.Name.Last()}
	case *ast.Literal:
		if unit.Kind == ast.LitString {
			p.failAt(unit.Pos(), sqlerr.DatetimeUnit, "The value of parameter(s) `unit` in `%s` is invalid: expects one of the units without quotes YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but got the string literal %s.", strings.ToLower(f.Name.Last()), ast.QuoteString(unit.Text))
		}
	}
}

// argument parses one argument of a call.
func (p *parser) argument() ast.Expr {
	pos := p.tok.pos
	if isName(p.tok) && p.peek().kw == "=>" {
		name := p.ident()
		p.expect("=>")
		v := p.argumentValue()
		return &ast.NamedArg{Span: p.from(pos), Name: name, Value: v}
	}
	return p.argumentValue()
}

func (p *parser) argumentValue() ast.Expr {
	pos := p.tok.pos
	if p.is("TABLE") {
		switch next := p.peek(); {
		case next.kw == "(":
			p.advance()
			p.expect("(")
			q := p.tableOrQuery()
			p.expect(")")
			return &ast.TableArg{Span: p.from(pos), Query: q}
		case isName(next):
			p.advance()
			n := p.name()
			q := &ast.Query{Span: n.Span, Body: &ast.TableBody{Span: n.Span, Name: n}}
			return &ast.TableArg{Span: p.from(pos), Query: q}
		}
	}
	if queryWord(p.tok.kw) && p.queryAhead() && !p.is("FROM") {
		q := p.query()
		return &ast.Subquery{Span: q.Span, Query: q}
	}
	return p.expr()
}

// tableOrQuery parses the inside of TABLE(…): a query or a table's name.
func (p *parser) tableOrQuery() *ast.Query {
	if p.queryAhead() {
		return p.query()
	}
	n := p.name()
	return &ast.Query{Span: n.Span, Body: &ast.TableBody{Span: n.Span, Name: n}}
}

// callTail parses the end of a call from its closing parenthesis on.
func (p *parser) callTail(pos int, f *ast.Func) ast.Expr {
	p.nullTreatment(f)
	if p.accept("ORDER", "BY") { // as other engines write WITHIN GROUP
		f.WithinGroup = commas(p, p.sortItem)
	}
	p.expect(")")
	if p.accept("WITHIN", "GROUP") {
		p.expect("(", "ORDER", "BY")
		f.WithinGroup = commas(p, p.sortItem)
		p.expect(")")
	}
	if p.isSeq("FILTER", "(") {
		p.advance()
		p.expect("(", "WHERE")
		f.Filter = p.expr()
		p.expect(")")
	}
	p.nullTreatment(f)
	if p.is("OVER") && (p.peek().kw == "(" || isName(p.peek())) {
		p.advance()
		f.Over = p.window()
	}
	f.Span = p.from(pos)
	return f
}

func (p *parser) nullTreatment(f *ast.Func) {
	switch {
	case p.accept("IGNORE", "NULLS"):
		f.IgnoreNulls = true
	case p.accept("RESPECT", "NULLS"):
		f.RespectNulls = true
	}
}

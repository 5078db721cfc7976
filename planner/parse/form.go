package parse

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/planner/ast"
)

// keywordForm parses the expressions that begin with a keyword and have
// grammar of their own, or returns nil: then the word is a name.
func (p *parser) keywordForm() ast.Expr {
	t := p.tok
	next := p.peek()
	if next.kw == "->" {
		return p.lambda()
	}
	if next.kind == tString && t.kw != "INTERVAL" {
		return p.typedLiteral()
	}
	if t.kw == "" {
		return nil
	}
	switch t.kw {
	case "NULL":
		p.advance()
		return p.literal(t.pos, ast.LitNull, "")
	case "TRUE", "FALSE":
		p.advance()
		return p.literal(t.pos, ast.LitBool, strings.ToLower(t.kw))
	case "CASE":
		return p.caseExpr()
	case "INTERVAL":
		if p.intervalAhead() {
			return p.interval()
		}
	}
	if next.kw == "(" && !clauseWords[t.kw] {
		return p.keywordCall(t)
	}
	if clauseWords[t.kw] && !nameBefore(next) && !(operatorWords[t.kw] && next.kw == "(") {
		p.unexpected("an expression")
		return p.badExpr()
	}
	return nil
}

// clauseWords cannot be columns unless what follows shows that they are:
// they stand where an expression is missing.
var clauseWords = map[string]bool{
	"SELECT": true, "FROM": true, "WHERE": true, "HAVING": true, "UNION": true, "INTERSECT": true, "EXCEPT": true,
	"JOIN": true, "ON": true, "WHEN": true, "THEN": true, "ELSE": true, "AND": true, "OR": true, "BETWEEN": true,
	"IN": true, "LIKE": true, "IS": true, "AS": true, "USING": true, "BY": true,
}

// operatorWords are the clause words that name functions, too: like(a, b).
var operatorWords = map[string]bool{"AND": true, "OR": true, "BETWEEN": true, "IN": true, "LIKE": true, "IS": true}

// nameBefore reports whether a clause word before t can only be a name.
func nameBefore(t token) bool { return t.kw == "." || t.kw == "=" }

// keywordCall parses forms that look like calls, word t and a parenthesis.
func (p *parser) keywordCall(t token) ast.Expr {
	switch t.kw {
	case "CAST", "TRY_CAST":
		return p.cast()
	case "EXISTS":
		if e := p.exists(); e != nil {
			return e
		}
	case "EXTRACT":
		if first := p.after(p.peek()); p.after(first).kw != "," { // extract('year', x) is a plain call
			return p.extract()
		}
	case "TRIM":
		return p.trim()
	case "SUBSTRING", "SUBSTR":
		return p.splitArgs(t, "FROM", "FOR")
	case "POSITION":
		return p.position()
	case "OVERLAY":
		return p.splitArgs(t, "PLACING", "FROM", "FOR")
	case "CEIL", "CEILING", "FLOOR":
		return p.rounding()
	case "STRUCT":
		return p.structCall()
	}
	return nil
}

func (p *parser) caseExpr() ast.Expr {
	pos := p.tok.pos
	p.expect("CASE")
	e := &ast.Case{}
	if !p.is("WHEN") {
		e.Operand = p.expr()
	}
	for p.err == nil && (len(e.Whens) == 0 || p.is("WHEN")) {
		p.expect("WHEN")
		cond := p.expr()
		p.expect("THEN")
		e.Whens = append(e.Whens, ast.When{Cond: cond, Then: p.expr()})
	}
	if p.accept("ELSE") {
		e.Else = p.expr()
	}
	p.expect("END")
	e.Span = p.from(pos)
	return e
}

func (p *parser) cast() ast.Expr {
	t := p.advance()
	p.expect("(")
	x := p.expr()
	p.expect("AS")
	to := p.typeName()
	p.expect(")")
	return &ast.Cast{Span: p.from(t.pos), X: x, Type: to, Try: t.kw == "TRY_CAST"}
}

// exists parses EXISTS (query), or returns nil for a call of the function exists.
func (p *parser) exists() ast.Expr {
	t := p.peek()
	for t.kw == "(" {
		t = p.after(t)
	}
	if !queryWord(t.kw) {
		return nil
	}
	pos := p.advance().pos
	sub, ok := p.paren().(*ast.Subquery)
	if !ok {
		p.unexpected("a query")
		return p.badExpr()
	}
	return &ast.Exists{Span: p.from(pos), Query: sub.Query}
}

func (p *parser) extract() ast.Expr {
	pos := p.advance().pos
	p.expect("(")
	field := ""
	if p.tok.kind == tString {
		field = p.str()
	} else {
		field = p.ident()
	}
	p.expect("FROM")
	x := p.expr()
	p.expect(")")
	return &ast.Extract{Span: p.from(pos), Field: field, X: x}
}

// trim parses both TRIM(… FROM x) and the plain call.
func (p *parser) trim() ast.Expr {
	name := p.advance()
	p.expect("(")
	e := &ast.Trim{}
	sided := true
	switch next := p.peek().kw; {
	case next == ")" || next == "," || next == ".":
		sided = false
	case p.accept("BOTH"):
	case p.accept("LEADING"):
		e.Side = ast.TrimLeading
	case p.accept("TRAILING"):
		e.Side = ast.TrimTrailing
	default:
		sided = false
	}
	if sided && p.accept("FROM") {
		e.X = p.expr()
	} else {
		first := p.expr()
		if !sided && !p.is("FROM") {
			return p.callRest(name, []ast.Expr{first})
		}
		p.expect("FROM")
		e.Chars, e.X = first, p.expr()
	}
	p.expect(")")
	e.Span = p.from(name.pos)
	return e
}

// callRest parses a call whose first arguments and opening parenthesis are
// consumed already.
func (p *parser) callRest(name token, args []ast.Expr) ast.Expr {
	f := &ast.Func{Name: p.nameOf(name), Args: args}
	for p.accept(",") {
		f.Args = append(f.Args, p.argument())
	}
	return p.callTail(name.pos, f)
}

func (p *parser) nameOf(t token) ast.Name {
	return ast.Name{Span: ast.At(t.pos, t.end), Parts: []string{p.text(t)}}
}

// splitArgs parses a call whose arguments are parted by words instead of commas.
func (p *parser) splitArgs(name token, words ...string) ast.Expr {
	p.advance()
	p.expect("(")
	if p.is(")") {
		return p.callRest(name, nil)
	}
	args := []ast.Expr{p.argument()}
	if !p.is(words[0]) {
		return p.callRest(name, args)
	}
	for _, w := range words {
		if p.accept(w) {
			args = append(args, p.expr())
		}
	}
	return p.callRest(name, args)
}

// position parses POSITION(a IN b) and the call position(a, b[, start]).
func (p *parser) position() ast.Expr {
	name := p.advance()
	p.expect("(")
	if p.is(")") {
		return p.callRest(name, nil)
	}
	first := p.value(0)
	if !p.accept("IN") {
		return p.callRest(name, []ast.Expr{first})
	}
	second := p.value(0)
	f := &ast.Func{Name: ast.N("locate"), Args: []ast.Expr{first, second}}
	return p.callTail(name.pos, f)
}

// rounding parses CEIL(x TO unit), FLOOR(x TO unit) and the plain calls.
func (p *parser) rounding() ast.Expr {
	name := p.advance()
	p.expect("(")
	if p.is(")") {
		return p.callRest(name, nil)
	}
	args := []ast.Expr{p.argument()}
	if p.accept("TO") {
		unit := p.tok
		args = append(args, p.literal(unit.pos, ast.LitString, p.ident()))
	}
	return p.callRest(name, args)
}

// structCall parses struct(…). If arguments are named it comes as
// named_struct, so that later stages know one form.
func (p *parser) structCall() ast.Expr {
	name := p.advance()
	p.expect("(")
	if p.is(")") {
		return p.callRest(name, nil)
	}
	items := commas(p, func() ast.SelectItem {
		if p.is(")") {
			return ast.SelectItem{Expr: p.badExpr()}
		}
		it := p.namedExpr()
		if l, ok := it.Expr.(*ast.Lambda); ok {
			it.Expr = l
		}
		return it
	})
	named := false
	args := make([]ast.Expr, len(items))
	for i, it := range items {
		args[i] = it.Expr
		named = named || it.Alias != ""
	}
	if !named {
		return p.callRest(name, args)
	}
	f := &ast.Func{Name: ast.N("named_struct")}
	for i, it := range items {
		f.Args = append(f.Args, ast.Str(fieldName(it, i)), it.Expr)
	}
	return p.callTail(name.pos, f)
}

// fieldName is the name that field i of a struct constructor gets.
func fieldName(it ast.SelectItem, i int) string {
	if it.Alias != "" {
		return it.Alias
	}
	switch x := it.Expr.(type) {
	case *ast.Column:
		return x.Name.Last()
	case *ast.FieldAccess:
		return x.Field
	}
	return "col" + strconv.Itoa(i+1)
}

package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// expr parses any expression. The levels below it, loosest first:
//
//	OR · AND · NOT ! · predicates (IN, LIKE, BETWEEN, IS) · comparisons ·
//	| · ^ · & · << >> >>> · + - || · * / % DIV · unary - + ~ · primary
func (p *parser) expr() ast.Expr {
	if !p.enter() {
		p.leave()
		return p.badExpr()
	}
	e := p.chain(ast.OpOr, "OR", (*parser).conjunction)
	p.leave()
	return e
}

func (p *parser) conjunction() ast.Expr { return p.chain(ast.OpAnd, "AND", (*parser).negation) }

// chain parses operands with one boolean operator between them into a
// balanced tree, so that long chains stay flat.
func (p *parser) chain(op ast.BinaryOp, kw string, operand func(*parser) ast.Expr) ast.Expr {
	first := operand(p)
	if !p.is(kw) {
		return first
	}
	xs := []ast.Expr{first}
	for p.accept(kw) {
		xs = append(xs, operand(p))
	}
	return balance(op, xs)
}

func balance(op ast.BinaryOp, xs []ast.Expr) ast.Expr {
	if len(xs) == 1 {
		return xs[0]
	}
	mid := (len(xs)-1)/2 + 1
	return ast.Bin(op, balance(op, xs[:mid]), balance(op, xs[mid:]))
}

// negation parses NOT and ! before a predicate.
func (p *parser) negation() ast.Expr {
	if p.operandDone != nil || !p.isNot() {
		return p.predicate()
	}
	pos := p.advance().pos
	var more []int
	for p.isNot() {
		more = append(more, p.advance().pos)
	}
	h := p.reset()
	x := p.predicate()
	for i := len(more) - 1; i >= 0 && p.err == nil; i-- {
		x = &ast.Unary{Span: p.from(more[i]), Op: ast.OpNot, X: x}
		p.grow()
	}
	p.merge(h)
	return &ast.Unary{Span: p.from(pos), Op: ast.OpNot, X: x}
}

// isNot reports whether a negation comes next, and not a column called not.
func (p *parser) isNot() bool { return p.is("!") || p.is("NOT") }

// predicate parses a value and the predicates after it.
func (p *parser) predicate() ast.Expr {
	h := p.reset()
	x := p.value(0)
	for p.err == nil && p.tok.kw != "" {
		next := p.predicateAfter(x)
		if next == nil {
			break
		}
		x = next
		p.grow()
	}
	p.merge(h)
	return x
}

// predicateAfter parses one predicate about x, or returns nil if none comes.
func (p *parser) predicateAfter(x ast.Expr) ast.Expr {
	pos := x.Pos()
	if p.is("IS") {
		return p.isPredicate(x)
	}
	not := false
	start := p.tok
	if p.isNot() {
		switch p.peek().kw {
		case "BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP":
			not = true
			start = p.peek()
		default:
			return nil
		}
	}
	switch start.kw {
	case "BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP":
	default:
		return nil
	}
	if not {
		p.advance()
	}
	p.advance()
	var e ast.Expr
	switch start.kw {
	case "BETWEEN":
		lo := p.value(0)
		p.expect("AND")
		hi := p.value(0)
		e = &ast.Between{Span: p.from(pos), X: x, Lo: lo, Hi: hi}
	case "IN":
		e = p.inList(x)
	default:
		kind := map[string]ast.LikeKind{"LIKE": ast.Like, "ILIKE": ast.ILike, "RLIKE": ast.RLike, "REGEXP": ast.RLike}[start.kw]
		e = p.like(x, kind, not)
		if _, many := e.(*ast.LikeMany); many {
			return e
		}
	}
	if not {
		return &ast.Unary{Span: p.from(pos), Op: ast.OpNot, X: e}
	}
	return e
}

func (p *parser) isPredicate(x ast.Expr) ast.Expr {
	pos := x.Pos()
	p.expect("IS")
	not := p.acceptAny("NOT", "!")
	var e ast.Expr
	switch t := p.tok; {
	case p.accept("NULL"):
		return &ast.IsNull{Span: p.from(pos), X: x, Not: not}
	case p.accept("UNKNOWN"):
		return &ast.IsNull{Span: p.from(pos), X: x, Not: not, Unknown: true}
	case p.accept("TRUE"), p.accept("FALSE"):
		lit := &ast.Literal{Span: p.from(t.pos), Kind: ast.LitBool, Text: strings.ToLower(t.kw)}
		e = &ast.Binary{Span: p.from(pos), Op: ast.OpNullSafeEq, L: x, R: lit}
	case p.accept("DISTINCT"):
		p.expect("FROM")
		r := p.value(0)
		e = &ast.Binary{Span: p.from(pos), Op: ast.OpNullSafeEq, L: x, R: r}
		not = !not
	default:
		p.unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM")
		return x
	}
	if not {
		return &ast.Unary{Span: p.from(pos), Op: ast.OpNot, X: e}
	}
	return e
}

// inList parses what follows IN: a query or a list.
func (p *parser) inList(x ast.Expr) ast.Expr {
	pos := x.Pos()
	p.expect("(")
	if p.queryAhead() {
		q := p.query()
		p.expect(")")
		return &ast.InQuery{Span: p.from(pos), X: x, Query: q}
	}
	if p.is(")") {
		p.failAt(p.tok.pos, sqlerr.EmptyIn, "IN predicate requires at least one value. Empty IN clauses like 'IN ()' are not allowed. Consider using 'WHERE FALSE' if you need an always-false condition, or provide at least one value in the IN list.")
		return x
	}
	list := p.exprList()
	if sub, ok := list[0].(*ast.Subquery); ok && len(list) == 1 {
		q := sub.Query
		if p.queryGoesOn() {
			q = p.queryFrom(sub.Pos(), q)
		}
		p.expect(")")
		return &ast.InQuery{Span: p.from(pos), X: x, Query: q}
	}
	p.expect(")")
	return &ast.In{Span: p.from(pos), X: x, List: list}
}

// exprList parses expressions with commas between them up to a parenthesis.
func (p *parser) exprList() []ast.Expr { return p.list((*parser).expr) }

// list parses items with commas between them up to a parenthesis, before
// which one more comma may stand. Plain literals, of which there may be
// millions, take a short way.
func (p *parser) list(item func(*parser) ast.Expr) []ast.Expr {
	out := make([]ast.Expr, 0, 4) // never stays empty, even after an error
	for {
		if e := p.plainLiteral(); e != nil {
			out = append(out, e)
		} else {
			out = append(out, item(p))
		}
		if !p.accept(",") || p.is(")") {
			return out
		}
	}
}

// plainLiteral parses a number or string that is a whole list element, or returns nil.
func (p *parser) plainLiteral() ast.Expr {
	t := p.tok
	if t.kind != tInt && t.kind != tString || t.end >= len(p.src) {
		return nil
	}
	if c := p.src[t.end]; c != ',' && c != ')' {
		return nil
	}
	p.advance()
	if t.kind == tString {
		return p.literal(t.pos, ast.LitString, p.stringValue(t))
	}
	return p.integer(t.pos, p.text(t))
}

func (p *parser) like(x ast.Expr, kind ast.LikeKind, not bool) ast.Expr {
	pos := x.Pos()
	if p.isAny("ANY", "SOME", "ALL") && p.peek().kw == "(" {
		all := p.advance().kw == "ALL"
		p.expect("(")
		if p.is(")") {
			p.failAt(p.tok.pos, sqlerr.EmptyLikeList, "Expected something between '(' and ')'.")
			return x
		}
		patterns := p.exprList()
		p.expect(")")
		return &ast.LikeMany{Span: p.from(pos), Kind: kind, X: x, Not: not, All: all, Patterns: patterns}
	}
	e := &ast.LikeExpr{Kind: kind, X: x, Pattern: p.value(0)}
	if p.accept("ESCAPE") {
		at := p.tok.pos
		e.Escape = p.str()
		if len([]rune(e.Escape)) != 1 {
			p.failAt(at, sqlerr.InvalidEscape, "`EscapeChar` should be a string literal of length one, but got %s.", ast.QuoteString(e.Escape))
		}
	}
	e.Span = p.from(pos)
	return e
}

// Levels of the operators between values.
const (
	levelCompare = iota + 1
	levelOr
	levelXor
	levelAnd
	levelShift
	levelAdd
	levelMul
)

// operatorAhead returns the operator between values that comes next, its
// level (0 if none comes) and its length in tokens.
func (p *parser) operatorAhead() (op ast.BinaryOp, level, tokens int) {
	switch p.tok.kw {
	case "*":
		return ast.OpMul, levelMul, 1
	case "/":
		return ast.OpDiv, levelMul, 1
	case "%":
		return ast.OpMod, levelMul, 1
	case "DIV":
		return ast.OpIntDiv, levelMul, 1
	case "+":
		return ast.OpAdd, levelAdd, 1
	case "-":
		return ast.OpSub, levelAdd, 1
	case "||":
		return ast.OpConcat, levelAdd, 1
	case "<<":
		return ast.OpShiftLeft, levelShift, 1
	case "&":
		return ast.OpBitAnd, levelAnd, 1
	case "^":
		return ast.OpBitXor, levelXor, 1
	case "|":
		return ast.OpBitOr, levelOr, 1
	case "=", "==":
		return ast.OpEq, levelCompare, 1
	case "!=", "<>":
		return ast.OpNotEq, levelCompare, 1
	case "<":
		return ast.OpLt, levelCompare, 1
	case "<=", "!>":
		return ast.OpLtEq, levelCompare, 1
	case ">=", "!<":
		return ast.OpGtEq, levelCompare, 1
	case "<=>":
		return ast.OpNullSafeEq, levelCompare, 1
	case ">":
		// Brackets that touch are a shift: > >= and > = stay apart in the lexer, too.
		n := 1
		for n < 3 && p.at(p.tok.pos+n) == '>' {
			n++
		}
		return [...]ast.BinaryOp{ast.OpGt, ast.OpShiftRight, ast.OpShiftRightUnsigned}[n-1], [...]int{levelCompare, levelShift, levelShift}[n-1], n
	}
	return 0, 0, 0
}

// value parses operators of at least the given level between unary expressions.
func (p *parser) value(level int) ast.Expr {
	h := p.reset()
	x := p.unary()
	for p.err == nil && p.tok.kw != "" {
		op, l, tokens := p.operatorAhead()
		if l == 0 || l < level {
			break
		}
		for range tokens {
			p.advance()
		}
		r := p.value(l + 1)
		x = ast.Bin(op, x, r)
		p.grow()
	}
	p.merge(h)
	return x
}

// unary parses signs and ~ before a primary expression. A minus before a
// number is part of the number.
func (p *parser) unary() ast.Expr {
	if p.tok.kind != tOp || p.operandDone != nil {
		return p.primary()
	}
	var op ast.UnaryOp
	switch p.tok.kw {
	case "-":
		if t := p.peek(); t.kind == tInt || t.kind == tNumber {
			return p.primary()
		}
		op = ast.OpNeg
	case "+":
		op = ast.OpPos
	case "~":
		op = ast.OpBitNot
	default:
		return p.primary()
	}
	pos := p.advance().pos
	if !p.enter() {
		p.leave()
		return p.badExpr()
	}
	x := p.unary()
	p.leave()
	return &ast.Unary{Span: p.from(pos), Op: op, X: x}
}

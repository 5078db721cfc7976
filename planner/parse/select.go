package parse

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// queryWord reports whether a query can begin with the keyword.
func queryWord(kw string) bool {
	switch kw {
	case "SELECT", "WITH", "VALUES", "TABLE", "FROM":
		return true
	}
	return false
}

// queryAhead reports whether a query comes next, and no column called values
// or the like. It does not look behind parentheses.
func (p *parser) queryAhead() bool {
	if !queryWord(p.tok.kw) {
		return false
	}
	next := p.peek()
	switch p.tok.kw {
	case "SELECT", "WITH":
		return true
	case "TABLE":
		return isName(next)
	case "FROM":
		return isName(next) || next.kind == tString || next.kw == "("
	}
	return next.kind != tOp && next.kind != tEOF || next.kw == "(" || next.kw == "-"
}

// queryGoesOn reports whether what follows a query in parentheses makes it a
// part of a larger query.
func (p *parser) queryGoesOn() bool {
	return setLevel(p.tok.kw) > 0 || p.isAny("ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET", "|>")
}

// query parses a query up to its LIMIT and pipe operators.
func (p *parser) query() *ast.Query {
	pos := p.tok.pos
	q := &ast.Query{}
	if !p.enter() {
		p.leave()
		return &ast.Query{Body: &ast.Values{}}
	}
	p.with(q)
	q = p.queryAfterWith(pos, q)
	p.leave()
	return q
}

func (p *parser) with(q *ast.Query) {
	if p.accept("WITH") {
		q.Recursive = p.accept("RECURSIVE")
		q.With = commas(p, p.cte)
	}
}

func (p *parser) queryAfterWith(pos int, q *ast.Query) *ast.Query {
	h := p.reset()
	q.Body = p.setTail(p.queryPrimary(), 1)
	q = p.queryTail(pos, q)
	p.merge(h)
	return q
}

// queryFrom goes on with a query whose first operand, in parentheses, is
// parsed already.
func (p *parser) queryFrom(pos int, first *ast.Query) *ast.Query {
	h := p.reset()
	var left ast.Body = first
	if bare(first) {
		left = first.Body
	}
	q := p.queryTail(pos, &ast.Query{Body: p.setTail(left, 1)})
	p.merge(h)
	return q
}

// queryTail parses the clauses after a query's body.
func (p *parser) queryTail(pos int, q *ast.Query) *ast.Query {
	p.organize(q)
	q.Span = p.from(pos)
	if inner, ok := q.Body.(*ast.Query); ok && bare(q) {
		q = inner
	}
	if !p.is("|>") {
		return q
	}
	for p.is("|>") && p.err == nil {
		p.advance()
		q = p.pipe(pos, q)
		p.grow()
	}
	if p.queryGoesOn() && p.err == nil {
		return p.queryFrom(pos, q)
	}
	return q
}

// bare reports whether q adds nothing to its body.
func bare(q *ast.Query) bool {
	return q.With == nil && q.OrderBy == nil && q.OrderAll == nil && q.SortBy == nil && q.DistributeBy == nil && q.ClusterBy == nil &&
		q.Limit == nil && !q.LimitAll && q.Offset == nil
}

func (p *parser) cte() ast.CTE {
	pos := p.tok.pos
	c := ast.CTE{Name: p.ident()}
	if p.is("(") {
		c.Columns = parens(p, p.ident)
	}
	if p.accept("MAX", "RECURSION", "LEVEL") {
		c.MaxDepth = p.value(levelAdd)
	}
	p.accept("AS")
	p.expect("(")
	c.Query = p.query()
	p.expect(")")
	c.Span = p.from(pos)
	return c
}

// setLevel is how tight a set operation binds, 0 for other words.
func setLevel(kw string) int {
	switch kw {
	case "UNION", "EXCEPT", "MINUS", "SETMINUS":
		return 1
	case "INTERSECT":
		return 2
	}
	return 0
}

// setTail parses set operations of at least the given level after left.
func (p *parser) setTail(left ast.Body, level int) ast.Body {
	for p.err == nil {
		l := setLevel(p.tok.kw)
		if l == 0 || l < level {
			break
		}
		left = p.setOp(left, l)
		p.grow()
	}
	return left
}

func (p *parser) setOp(left ast.Body, level int) *ast.SetOp {
	op := &ast.SetOp{Kind: ast.Except, L: left}
	switch p.advance().kw {
	case "UNION":
		op.Kind = ast.Union
	case "INTERSECT":
		op.Kind = ast.Intersect
	}
	if op.All = p.accept("ALL"); !op.All {
		p.accept("DISTINCT")
	}
	op.ByName = p.accept("BY", "NAME")
	op.R = p.setTail(p.queryPrimary(), level+1)
	op.Span = p.from(left.Pos())
	return op
}

// queryPrimary parses an operand of set operations.
func (p *parser) queryPrimary() ast.Body {
	pos := p.tok.pos
	switch p.tok.kw {
	case "SELECT", "FROM":
		return p.selectBody()
	case "VALUES":
		return p.valuesBody()
	case "TABLE":
		p.advance()
		n := p.name()
		return &ast.TableBody{Span: p.from(pos), Name: n}
	case "(":
		if !p.enter() {
			break
		}
		p.advance()
		q := p.query()
		p.expect(")")
		p.leave()
		if bare(q) {
			return q.Body
		}
		return q
	}
	p.unexpected("SELECT")
	return &ast.Values{}
}

// selectBody parses SELECT …, or FROM … with or without SELECT.
func (p *parser) selectBody() ast.Body {
	pos := p.tok.pos
	s := &ast.Select{}
	if p.is("FROM") {
		p.advance()
		s.From = p.fromList()
	}
	if p.is("SELECT") {
		p.selectList(s)
		if s.From == nil && p.accept("FROM") {
			s.From = p.fromList()
		}
		for p.isSeq("LATERAL", "VIEW") {
			s.From = p.lateralView(s.From)
		}
	} else {
		s.Items = []ast.SelectItem{{Span: p.from(pos), Expr: &ast.Star{Span: p.from(pos)}}}
	}
	if p.accept("WHERE") {
		s.Where = p.expr()
	}
	if p.is("GROUP") {
		s.GroupBy = p.groupBy()
	}
	if p.accept("HAVING") {
		s.Having = p.expr()
	}
	for p.err == nil {
		switch {
		case s.Qualify == nil && p.accept("QUALIFY"):
			s.Qualify = p.expr()
			continue
		case p.windowAhead():
			s.Windows = append(s.Windows, p.windowClause()...)
			continue
		}
		break
	}
	for i, w := range s.Windows {
		for _, earlier := range s.Windows[:i] {
			if strings.EqualFold(w.Name, earlier.Name) && p.err == nil {
				p.failAt(w.Pos(), sqlerr.RepetitiveWindow, "The definition of window %s is repetitive.", ast.QuoteIdent(w.Name))
			}
		}
	}
	s.Span = p.from(pos)
	return s
}

// selectList parses from SELECT to the end of the select list.
func (p *parser) selectList(s *ast.Select) {
	p.expect("SELECT")
	s.Hints = p.hints()
	switch {
	case p.is("DISTINCT") && !p.itemEnds(p.peek()):
		p.advance()
		s.Distinct = true
	case p.is("ALL") && !p.itemEnds(p.peek()):
		p.advance()
	}
	for p.err == nil {
		s.Items = append(s.Items, p.namedExpr())
		if !p.accept(",") || p.listEnds() {
			return
		}
	}
}

// itemEnds reports whether t shows that the word before it was a whole item.
func (p *parser) itemEnds(t token) bool {
	return t.kind == tEOF || t.kw == "," || t.kw == "." || t.kw == ")" || t.kw == "FROM" || t.kw == ";"
}

// listEnds reports whether the comma before the current token was a trailing one.
func (p *parser) listEnds() bool {
	switch p.tok.kw {
	case "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "UNION", "INTERSECT", "EXCEPT", "LIMIT":
		return !nameBefore(p.peek()) && !p.itemEnds(p.peek())
	case "WINDOW":
		return p.windowAhead() && !p.itemEnds(p.peek())
	case ")", ";":
		return true
	}
	return p.tok.kind == tEOF
}

// hints parses /*+ … */ after SELECT. To the lexer hints are comments, so the
// text between two tokens is read again.
func (p *parser) hints() []ast.Hint {
	var out []ast.Hint
	for i := p.prev.end; i < p.tok.pos; {
		if p.at(i) != '/' || p.at(i+1) != '*' {
			if p.at(i) == '-' && p.at(i+1) == '-' {
				i = p.lineEnd(i + 2)
			} else {
				i++
			}
			continue
		}
		end, _ := p.comment(i)
		if p.at(i+2) == '+' {
			out = append(out, p.hintsIn(i+3, end-2)...)
		}
		i = end
	}
	return out
}

// hintsIn parses the hints between two offsets with a parser of its own, so
// that their end is an end of text.
func (p *parser) hintsIn(from, to int) []ast.Hint {
	sub := &parser{lexer: lexer{src: p.src[:max(from, to)], quotedNames: p.quotedNames}, reserved: p.reserved, nesting: p.nesting, depth: p.depth}
	sub.tok = sub.next(from)
	if sub.tok.kind == tBad {
		sub.checkToken()
	}
	var out []ast.Hint
	for sub.tok.kind != tEOF {
		out = append(out, sub.hint())
		sub.accept(",")
	}
	if sub.err != nil && p.err == nil {
		p.failAt(sub.err.Pos, sub.err.Cond, "%s", sub.err.Msg)
	}
	return out
}

func (p *parser) hint() ast.Hint {
	pos := p.tok.pos
	h := ast.Hint{Name: p.ident()}
	if p.accept("(") {
		if !p.is(")") {
			h.Args = p.exprList()
		}
		p.expect(")")
	}
	h.Span = p.from(pos)
	return h
}

// windowAhead reports whether a WINDOW clause comes next.
func (p *parser) windowAhead() bool { return p.is("WINDOW") && isName(p.peek()) }

func (p *parser) windowClause() []ast.NamedWindow {
	p.expect("WINDOW")
	out := commas(p, func() ast.NamedWindow {
		pos := p.tok.pos
		w := ast.NamedWindow{Name: p.ident()}
		p.expect("AS")
		w.Window = p.window()
		w.Span = p.from(pos)
		return w
	})
	return out
}

// organize parses ORDER BY, LIMIT and what stands beside them.
func (p *parser) organize(q *ast.Query) {
	for p.err == nil {
		pos := p.tok.pos
		switch {
		case p.isSeq("ORDER", "BY") && q.OrderBy == nil && q.OrderAll == nil:
			p.accept("ORDER", "BY")
			if q.OrderAll = p.orderAll(); q.OrderAll == nil {
				q.OrderBy = p.sortItems()
			}
		case p.isSeq("SORT", "BY") && q.SortBy == nil:
			p.accept("SORT", "BY")
			q.SortBy = p.sortItems()
		case p.isSeq("DISTRIBUTE", "BY") && q.DistributeBy == nil:
			p.accept("DISTRIBUTE", "BY")
			q.DistributeBy = commas(p, p.expr)
		case p.isSeq("CLUSTER", "BY") && q.ClusterBy == nil:
			p.accept("CLUSTER", "BY")
			q.ClusterBy = commas(p, p.expr)
		case p.windowAhead():
			ws := p.windowClause()
			if s, ok := q.Body.(*ast.Select); ok {
				s.Windows = append(s.Windows, ws...)
			}
		case p.is("LIMIT") && q.Limit == nil && !q.LimitAll:
			p.advance()
			if q.LimitAll = p.accept("ALL"); !q.LimitAll {
				q.Limit = p.expr()
			}
		case p.is("OFFSET") && q.Offset == nil:
			p.advance()
			q.Offset = p.expr()
			if !p.accept("ROWS") {
				p.accept("ROW")
			}
		default:
			return
		}
		if (q.OrderBy != nil || q.OrderAll != nil) && (q.SortBy != nil || q.DistributeBy != nil || q.ClusterBy != nil) {
			p.failAt(pos, sqlerr.CombinationQueryResultClauses, "Combination of ORDER BY/SORT BY/DISTRIBUTE BY/CLUSTER BY.")
		}
	}
}

// sortItems parses the items of an ORDER BY; a trailing comma is allowed.
func (p *parser) sortItems() []ast.SortItem {
	var out []ast.SortItem
	for p.err == nil {
		out = append(out, p.sortItem())
		if !p.accept(",") || p.tok.kind == tEOF || p.is(")") || p.is(";") {
			break
		}
	}
	return out
}

// orderAll parses the ALL of ORDER BY ALL, or returns nil.
func (p *parser) orderAll() *ast.SortItem {
	if !p.is("ALL") {
		return nil
	}
	switch next := p.peek(); {
	case next.kind == tEOF, next.kw == ")", next.kw == ";", next.kw == "ASC", next.kw == "DESC", next.kw == "NULLS",
		next.kw == "LIMIT", next.kw == "OFFSET", next.kw == "|>":
	default:
		return nil
	}
	pos := p.advance().pos
	s := &ast.SortItem{}
	p.direction(s)
	s.Span = p.from(pos)
	return s
}

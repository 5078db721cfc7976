package parse

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// stops tells for a keyword after an expression or table when it is no alias.
type stops map[string]func(p *parser) bool

func always(*parser) bool { return true }

// beforeBy holds for the first word of ORDER BY and its like.
func beforeBy(p *parser) bool { return p.peek().kw == "BY" }

// unlessLast holds for a word with something after it that an item cannot end
// on. At the end of the text the word is a clause that somebody forgot to finish.
func unlessLast(p *parser) bool { return !p.itemEnds(p.peek()) || p.peek().kind == tEOF }

func beforeParen(p *parser) bool { return p.peek().kw == "(" }

func (s stops) with(more stops) stops {
	for k, v := range more {
		s[k] = v
	}
	return s
}

// selectStops are the words that end a select item.
var selectStops = stops{
	"FROM": always, "WHERE": always, "HAVING": always, "UNION": always, "INTERSECT": always, "EXCEPT": always, "SELECT": always,
	"ON": always, "JOIN": always, "THEN": always, "WHEN": always, "ELSE": always, "AND": always, "OR": always, "AS": always,
	"IS": always, "IN": always, "BETWEEN": always, "LIKE": always, "USING": always,
	"GROUP": beforeBy, "ORDER": beforeBy, "SORT": beforeBy, "CLUSTER": beforeBy, "DISTRIBUTE": beforeBy,
	"LIMIT": unlessLast, "OFFSET": unlessLast, "WINDOW": unlessLast, "MINUS": unlessLast, "SETMINUS": unlessLast, "QUALIFY": unlessLast,
	"LATERAL": unlessLast, "FOR": unlessLast, "NOT": unlessLast, "END": unlessLast, "ASC": unlessLast, "DESC": unlessLast, "TO": unlessLast,
}

// tableStops are the words that end an item of FROM.
var tableStops = (stops{
	"INNER": always, "LEFT": always, "RIGHT": always, "FULL": always, "CROSS": always, "NATURAL": always, "SET": always,
	"VALUES": always, "SEMI": beforeJoin, "ANTI": beforeJoin, "PIVOT": beforeParen, "UNPIVOT": always, "TABLESAMPLE": beforeParen,
	"LATERAL": always, "WITH": always,
}).with(selectStops)

func beforeJoin(p *parser) bool { return p.peek().kw == "JOIN" }

// aliasAhead reports whether a name that is an alias without AS comes next.
func (p *parser) aliasAhead(s stops) bool {
	if !isName(p.tok) {
		return false
	}
	if p.tok.kw == "" {
		return true
	}
	stop := s[p.tok.kw]
	return stop == nil || !stop(p)
}

// alias parses [AS] name [(columns)], or returns nil.
func (p *parser) alias() *ast.Alias {
	pos := p.tok.pos
	a := &ast.Alias{}
	switch {
	case p.accept("AS"):
		if !p.is("(") {
			a.Name = p.ident()
		}
	case p.aliasAhead(tableStops):
		a.Name = p.ident()
	default:
		return nil
	}
	if p.is("(") {
		a.Columns = parens(p, p.ident)
	}
	if a.Name == "" && a.Columns == nil {
		return nil // AS ``
	}
	a.Span = p.from(pos)
	return a
}

// fromList parses the items of FROM.
func (p *parser) fromList() ast.Relation {
	h := p.reset()
	r := p.relation()
	for p.err == nil {
		pos := r.Pos()
		switch {
		case p.is(","):
			p.advance()
			if p.listEnds() {
				continue
			}
			right := p.relation()
			r = &ast.Join{Span: p.from(pos), Kind: ast.JoinComma, L: r, R: right}
		case p.isSeq("LATERAL", "VIEW"):
			r = p.lateralView(r)
		default:
			next := p.extension(r)
			if next == nil {
				p.merge(h)
				return r
			}
			r = next
		}
		p.grow()
	}
	return r
}

// relation parses an item of FROM with the joins after it.
func (p *parser) relation() ast.Relation {
	r := p.relationPrimary()
	for p.err == nil {
		next := p.extension(r)
		if next == nil {
			break
		}
		r = next
		p.grow()
	}
	return r
}

// extension parses one join, PIVOT or UNPIVOT after left, or returns nil.
func (p *parser) extension(left ast.Relation) ast.Relation {
	switch {
	case p.is("PIVOT") && p.peek().kw == "(":
		return p.pivot(left)
	case p.is("UNPIVOT"):
		return p.unpivot(left)
	case p.is("TABLESAMPLE"):
		return p.sample(left)
	}
	return p.join(left)
}

var joinWords = map[string]ast.JoinKind{
	"INNER": ast.JoinInner, "LEFT": ast.JoinLeft, "RIGHT": ast.JoinRight, "FULL": ast.JoinFull, "CROSS": ast.JoinCross,
	"SEMI": ast.JoinLeftSemi, "ANTI": ast.JoinLeftAnti,
}

// join parses a join with left, or returns nil.
func (p *parser) join(left ast.Relation) ast.Relation {
	if !p.isAny("JOIN", "NATURAL", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI") {
		return nil
	}
	j := &ast.Join{L: left, Natural: p.accept("NATURAL")}
	if kind, ok := joinWords[p.tok.kw]; ok {
		word := p.advance().kw
		j.Kind = kind
		switch {
		case word == "LEFT" && p.accept("SEMI"):
			j.Kind = ast.JoinLeftSemi
		case word == "LEFT" && p.accept("ANTI"):
			j.Kind = ast.JoinLeftAnti
		case word == "LEFT" || word == "RIGHT" || word == "FULL":
			p.accept("OUTER")
		}
	}
	p.expect("JOIN")
	j.R = p.relationPrimary()
	switch {
	case p.accept("ON"):
		j.On = p.expr()
	case p.is("USING"):
		p.advance()
		j.Using = parens(p, p.ident)
	}
	j.Span = p.from(left.Pos())
	return j
}

// relationPrimary parses an item of FROM without joins.
func (p *parser) relationPrimary() ast.Relation {
	pos := p.tok.pos
	lateral := p.is("LATERAL") && p.peek().kw != "VIEW"
	if lateral {
		p.advance()
	}
	switch {
	case p.is("("):
		return p.parenRelation(pos, lateral)
	case p.tok.kind == tString:
		r := &ast.FileRef{Path: p.str()}
		return p.aliased(pos, r, &r.Span, &r.Alias)
	case p.is("VALUES") && p.queryAhead():
		v := p.values()
		return p.subquery(pos, &ast.Query{Span: v.Span, Body: v}, lateral)
	case p.is("TABLE") && p.peek().kw == "(":
		p.advance()
		p.expect("(")
		r := p.relationPrimary()
		p.expect(")")
		if f, ok := r.(*ast.FuncRef); ok && f.Alias == nil {
			f.Alias = p.alias()
		}
		return r
	case isName(p.tok) && (p.tok.kw == "" || !p.relationStop()):
		return p.named(pos, lateral)
	}
	p.unexpected("a table")
	return &ast.TableRef{}
}

// relationStop reports whether the current keyword cannot be a table.
func (p *parser) relationStop() bool {
	switch p.tok.kw {
	case "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "ON", "JOIN", "UNION", "INTERSECT", "EXCEPT", "LIMIT", "USING":
		next := p.peek()
		return next.kw != "." && !p.itemEnds(next) || next.kind == tEOF
	}
	return false
}

// named parses a table or a table function.
func (p *parser) named(pos int, lateral bool) ast.Relation {
	n := p.name()
	if p.is("(") {
		e := p.call(pos, n)
		f, _ := e.(*ast.Func)
		r := &ast.FuncRef{Func: f, Lateral: lateral}
		return p.aliased(pos, r, &r.Span, &r.Alias)
	}
	r := &ast.TableRef{Name: n}
	p.asOf(r)
	if p.is("WITH") && p.peek().kw == "(" {
		p.advance()
		r.Options = p.properties()
	}
	return p.aliased(pos, r, &r.Span, &r.Alias)
}

// asOf parses [FOR] VERSION|TIMESTAMP AS OF value.
func (p *parser) asOf(r *ast.TableRef) {
	t := p.tok
	if p.is("FOR") {
		t = p.peek()
	}
	switch t.kw {
	case "VERSION", "SYSTEM_VERSION", "TIMESTAMP", "SYSTEM_TIME":
	default:
		return
	}
	if next := p.after(t); next.kw != "AS" || p.after(next).kw != "OF" {
		return
	}
	p.accept("FOR")
	p.advance()
	p.expect("AS", "OF")
	r.AsOf = p.value(0)
	r.AsOfTimestamp = t.kw == "TIMESTAMP" || t.kw == "SYSTEM_TIME"
}

// parenRelation parses a query or joins in parentheses.
func (p *parser) parenRelation(pos int, lateral bool) ast.Relation {
	if !p.enter() {
		p.leave()
		return &ast.TableRef{}
	}
	defer p.leave()
	p.expect("(")
	if p.queryAhead() {
		q := p.query()
		p.expect(")")
		return p.subquery(pos, q, lateral)
	}
	opened := p.is("(")
	inner := p.fromList()
	if sub, ok := inner.(*ast.SubqueryRef); ok && opened && !sub.Lateral && sub.Alias == nil && p.queryGoesOn() {
		q := p.queryFrom(sub.Pos(), sub.Query)
		p.expect(")")
		return p.subquery(pos, q, lateral)
	}
	p.expect(")")
	if sub, ok := inner.(*ast.SubqueryRef); ok && sub.Alias == nil {
		return p.subquery(pos, sub.Query, lateral || sub.Lateral)
	}
	r := &ast.Parens{Input: inner}
	return p.aliased(pos, r, &r.Span, &r.Alias)
}

func (p *parser) subquery(pos int, q *ast.Query, lateral bool) ast.Relation {
	r := &ast.SubqueryRef{Query: q, Lateral: lateral}
	return p.aliased(pos, r, &r.Span, &r.Alias)
}

// aliased parses the TABLESAMPLE and alias after the relation r, which began
// at pos, and fills in its span and alias.
func (p *parser) aliased(pos int, r ast.Relation, span *ast.Span, alias **ast.Alias) ast.Relation {
	*span = p.from(pos)
	out := r
	if p.is("TABLESAMPLE") && p.peek().kw == "(" {
		out = p.sample(r)
	}
	*alias = p.alias()
	*span = p.from(pos)
	return out
}

func (p *parser) lateralView(input ast.Relation) ast.Relation {
	pos := p.tok.pos
	if input != nil {
		pos = input.Pos()
	}
	p.expect("LATERAL", "VIEW")
	v := &ast.LateralView{Input: input, Outer: p.accept("OUTER")}
	at := p.tok.pos
	n := p.name()
	v.Func, _ = p.call(at, n).(*ast.Func)
	if p.aliasAhead(tableStops) && !p.is("AS") {
		v.Table = p.ident()
	}
	if p.accept("AS") || p.aliasAhead(tableStops) {
		if p.is("(") {
			v.Columns = parens(p, p.ident)
		} else {
			v.Columns = commas(p, p.ident)
		}
	}
	v.Span = p.from(pos)
	return v
}

func (p *parser) sample(input ast.Relation) ast.Relation {
	p.expect("TABLESAMPLE", "(")
	s := &ast.Sample{Input: input}
	switch {
	case p.is("BUCKET"):
		p.advance()
		s.Kind = ast.SampleBucket
		s.N = p.value(0)
		p.expect("OUT", "OF")
		s.Of = p.value(0)
		if p.accept("ON") {
			p.expr()
		}
	case p.tok.kind == tIdent && isDigit(p.src[p.tok.pos]):
		p.failAt(p.tok.pos, sqlerr.SampleByBytes, "TABLESAMPLE(byteLengthLiteral) is not supported.")
	case p.is(")"):
		p.failAt(p.tok.pos, sqlerr.SampleEmpty, "TABLESAMPLE does not accept empty inputs.")
	default:
		s.N = p.value(0)
		switch {
		case p.accept("PERCENT"):
		case p.acceptAny("ROWS"):
			s.Kind = ast.SampleRows
		case p.is(")"):
			p.failAt(s.N.Pos(), sqlerr.SampleSize, "%s is not a valid byte length literal, expected syntax: DIGIT+ ('B' | 'K' | 'M' | 'G').", clip(p.src[s.N.Pos():p.prev.end]))
		default:
			p.unexpected("PERCENT or ROWS")
		}
	}
	p.expect(")")
	if p.is("REPEATABLE") {
		p.advance()
		p.expect("(")
		s.Seed = p.expr()
		p.expect(")")
	}
	s.Span = p.from(input.Pos())
	return s
}

func (p *parser) pivot(input ast.Relation) ast.Relation {
	v := &ast.Pivot{Input: input}
	p.expect("PIVOT", "(")
	v.Aggregates = commas(p, p.namedExpr)
	p.expect("FOR")
	if p.is("(") {
		v.Columns = parens(p, p.name)
	} else {
		v.Columns = []ast.Name{p.name()}
	}
	p.expect("IN")
	v.Values = parens(p, p.namedExpr)
	p.expect(")")
	v.Alias = p.alias()
	v.Span = p.from(input.Pos())
	return v
}

func (p *parser) unpivot(input ast.Relation) ast.Relation {
	u := &ast.Unpivot{Input: input}
	p.expect("UNPIVOT")
	switch {
	case p.accept("INCLUDE", "NULLS"):
		u.IncludeNulls = true
	default:
		p.accept("EXCLUDE", "NULLS")
	}
	p.expect("(")
	if p.is("(") {
		u.Values = parens(p, p.ident)
	} else {
		u.Values = []string{p.ident()}
	}
	p.expect("FOR")
	u.NameColumn = p.ident()
	p.expect("IN")
	u.Columns = parens(p, p.unpivotSet)
	p.expect(")")
	u.Alias = p.alias()
	u.Span = p.from(input.Pos())
	return u
}

func (p *parser) unpivotSet() ast.UnpivotSet {
	pos := p.tok.pos
	var s ast.UnpivotSet
	if p.is("(") {
		s.Columns = parens(p, p.name)
	} else {
		s.Columns = []ast.Name{p.name()}
	}
	if p.accept("AS") || isName(p.tok) {
		s.Alias = p.ident()
	}
	s.Span = p.from(pos)
	return s
}

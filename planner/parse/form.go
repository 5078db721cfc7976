package parse

import (
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
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
	if next.kw == "(" {
		return p.keywordCall(t)
	}
	if clauseWords[t.kw] && !nameBefore(next) {
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
	case next == ")" || next == "," || next == "." || next == "(":
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
		switch {
		case p.isAny("DISTINCT", "ALL") && p.peek().kw != ")" && p.peek().kw != "," && p.peek().kw != ".":
			f.Distinct = p.advance().kw == "DISTINCT"
		}
		if ast.UnitArgument(name.Last()) && p.unitArgumentAhead() {
			f.Args = append(f.Args, p.unitArgument(name.Last()))
			p.accept(",")
		}
		f.Args = append(f.Args, p.list((*parser).argument)...)
	}
	return p.callTail(pos, f)
}

// unitArgumentAhead reports whether unit, a, b comes next, as in timestampadd.
func (p *parser) unitArgumentAhead() bool {
	if p.peek().kw != "," || p.tok.kind != tIdent && p.tok.kind != tString {
		return false
	}
	// Three arguments: dateadd(a, b) takes no unit.
	depth := 0
	commas := 0
	for t := p.tok; t.kind != tEOF && t.kind != tBad; t = p.after(t) {
		switch t.kw {
		case "(", "[":
			depth++
		case ")", "]":
			if depth == 0 {
				return commas == 2
			}
			depth--
		case ",":
			if depth == 0 {
				commas++
			}
		}
		if commas > 2 {
			return false
		}
	}
	return false
}

func (p *parser) unitArgument(function string) ast.Expr {
	t := p.advance()
	if t.kind == tString {
		p.failAt(t.pos, sqlerr.DatetimeUnit, "The value of parameter(s) `unit` in `%s` is invalid: expects one of the units without quotes YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but got the string literal %s.", strings.ToLower(function), p.text(t))
	}
	return p.literal(t.pos, ast.LitString, p.text(t))
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

// window parses what follows OVER.
func (p *parser) window() *ast.Window {
	pos := p.tok.pos
	w := &ast.Window{}
	if !p.is("(") {
		w.Name = p.ident()
		w.Span = p.from(pos)
		return w
	}
	p.expect("(")
	if isName(p.tok) && p.peek().kw == ")" {
		w.Name = p.ident()
	}
	switch {
	case p.accept("CLUSTER", "BY"):
		w.PartitionBy = commas(p, p.expr)
		for _, e := range w.PartitionBy {
			w.OrderBy = append(w.OrderBy, ast.SortItem{Span: ast.At(e.Pos(), e.End()), X: e})
		}
	case p.accept("PARTITION", "BY"), p.accept("DISTRIBUTE", "BY"):
		w.PartitionBy = commas(p, p.expr)
	}
	if p.accept("ORDER", "BY") || p.accept("SORT", "BY") {
		w.OrderBy = commas(p, p.sortItem)
	}
	if p.isAny("ROWS", "RANGE") {
		w.Frame = p.frame()
	}
	p.expect(")")
	w.Span = p.from(pos)
	return w
}

func (p *parser) frame() *ast.Frame {
	f := &ast.Frame{}
	pos := p.tok.pos
	f.Rows = p.advance().kw == "ROWS"
	if p.accept("BETWEEN") {
		f.Start = p.bound()
		p.expect("AND")
		f.Stop = p.bound()
	} else {
		f.Start = p.bound()
		f.Stop = ast.Bound{Kind: ast.CurrentRow}
	}
	f.Span = p.from(pos)
	return f
}

func (p *parser) bound() ast.Bound {
	pos := p.tok.pos
	var b ast.Bound
	switch {
	case p.accept("UNBOUNDED", "PRECEDING"):
		b.Kind = ast.UnboundedPreceding
	case p.accept("UNBOUNDED", "FOLLOWING"):
		b.Kind = ast.UnboundedFollowing
	case p.accept("CURRENT", "ROW"):
		b.Kind = ast.CurrentRow
	default:
		b.Offset = p.expr()
		switch {
		case p.accept("PRECEDING"):
			b.Kind = ast.Preceding
		case p.accept("FOLLOWING"):
			b.Kind = ast.Following
		default:
			p.unexpected("PRECEDING or FOLLOWING")
		}
	}
	b.Span = p.from(pos)
	return b
}

// sortItem parses an expression of an ORDER BY.
func (p *parser) sortItem() ast.SortItem {
	pos := p.tok.pos
	s := ast.SortItem{X: p.expr()}
	p.direction(&s)
	s.Span = p.from(pos)
	return s
}

func (p *parser) direction(s *ast.SortItem) {
	if !p.accept("ASC") {
		s.Desc = p.acceptAny("DESC")
	}
	switch {
	case p.accept("NULLS", "FIRST"):
		s.Nulls = ast.NullsFirst
	case p.accept("NULLS", "LAST"):
		s.Nulls = ast.NullsLast
	}
}

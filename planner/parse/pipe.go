package parse

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

// pipe parses the operator after a |> and puts it around the query in. Each
// becomes an ordinary query over an open subquery, one whose columns keep
// their qualifiers.
func (p *parser) pipe(pos int, in *ast.Query) *ast.Query {
	from := &ast.SubqueryRef{Span: in.Span, Query: in, Open: true}
	s := starFrom(in.Span, from)
	out := &ast.Query{Body: s}
	switch p.tok.kw {
	case "SELECT":
		s.Items, s.Pipe = nil, ast.PipeSelect
		p.selectList(s)
		for p.windowAhead() {
			s.Windows = append(s.Windows, p.windowClause()...)
		}
	case "EXTEND":
		p.advance()
		s.Pipe = ast.PipeExtend
		s.Items = append(s.Items, commas(p, p.namedExpr)...)
	case "SET":
		p.advance()
		s.Pipe = ast.PipeSet
		for i, it := range commas(p, p.pipeAssignment) {
			if i > 0 { // an assignment sees the ones before it
				in = &ast.Query{Span: p.from(pos), Body: s}
				s = starFrom(in.Span, &ast.SubqueryRef{Span: in.Span, Query: in, Open: true})
				s.Pipe = ast.PipeSet
			}
			s.Items[0].Expr = &ast.Star{Span: in.Span, Replace: []ast.SelectItem{it}}
		}
		out.Body = s
	case "DROP":
		p.advance()
		s.Items[0].Expr = &ast.Star{Span: in.Span, Except: commas(p, func() ast.Name {
			at := p.tok.pos
			return ast.Name{Parts: []string{p.ident()}, Span: p.from(at)}
		})}
	case "WHERE":
		p.advance()
		s.Where = p.expr()
	case "AS":
		from.Open = false
		from.Alias = p.alias()
	case "AGGREGATE":
		p.pipeAggregate(s)
	case "UNION", "INTERSECT", "EXCEPT", "MINUS", "SETMINUS":
		out.Body = p.setOp(in, setLevel("INTERSECT"))
	case "ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET":
		p.organize(out)
	case "LATERAL":
		s.From = p.lateralView(from)
	default:
		r := p.extension(from)
		if r == nil {
			p.unexpected("a pipe operator")
			return in
		}
		s.From = r
	}
	out.Span = p.from(pos)
	return out
}

// pipeAssignment parses column = expression of |> SET.
func (p *parser) pipeAssignment() ast.SelectItem {
	pos := p.tok.pos
	it := ast.SelectItem{Alias: p.ident()}
	if p.is(".") {
		p.failAt(pos, sqlerr.OperationNotAllowed, "Operation not allowed: SQL pipe syntax |> SET operator with multi-part assignment key (only single-part keys are allowed).")
	}
	p.expect("=")
	it.Expr = p.expr()
	it.Span = p.from(pos)
	return it
}

// pipeAggregate parses |> AGGREGATE aggregates GROUP BY expressions, whose
// result is the grouping expressions followed by the aggregates.
func (p *parser) pipeAggregate(s *ast.Select) {
	p.advance()
	s.Items, s.Pipe = nil, ast.PipeAggregate
	var aggregates []ast.SelectItem
	if !p.is("GROUP") && p.tok.kind != tEOF && !p.is("|>") && !p.is(")") {
		aggregates = commas(p, p.namedExpr)
	}
	if p.isSeq("GROUP", "BY") {
		pos := p.tok.pos
		p.accept("GROUP", "BY")
		s.GroupBy = &ast.GroupBy{}
		if next := p.peek(); p.is("ALL") && next.kw != "," && next.kw != "." || p.isAny("ROLLUP", "CUBE") && next.kw == "(" || p.isSeq("GROUPING", "SETS") {
			p.pipeGrouping(pos, p.tok.kw)
		}
		for _, it := range commas(p, p.namedExpr) {
			s.Items = append(s.Items, it)
			s.GroupBy.Items = append(s.GroupBy.Items, ast.Grouping{Span: it.Span, Expr: it.Expr})
		}
		s.GroupBy.Span = p.from(pos)
		if p.is("WITH") && (p.peek().kw == "ROLLUP" || p.peek().kw == "CUBE") || p.isSeq("GROUPING", "SETS") {
			p.pipeGrouping(pos, p.tok.kw)
		}
	}
	s.Items = append(s.Items, aggregates...)
	if len(s.Items) == 0 {
		p.failAt(p.tok.pos, sqlerr.OperationNotAllowed, "Operation not allowed: The AGGREGATE clause requires a list of aggregate expressions or a list of grouping expressions, or both.")
	}
}

func (p *parser) pipeGrouping(pos int, what string) {
	p.failAt(pos, sqlerr.PipeAggregateCase, "The feature is not supported: The SQL pipe operator syntax with aggregation (using |> AGGREGATE) does not support GROUP BY %s.", what)
}

package parse

import "github.com/volley-sql/volley/planner/ast"

// groupBy parses GROUP BY.
func (p *parser) groupBy() *ast.GroupBy {
	pos := p.tok.pos
	p.expect("GROUP", "BY")
	g := &ast.GroupBy{}
	if next := p.peek(); p.is("ALL") && next.kw != "," && next.kw != "." {
		p.advance()
		g.All = true
		g.Span = p.from(pos)
		return g
	}
	g.Items = commas(p, p.grouping)
	switch {
	case p.is("WITH") && (p.peek().kw == "ROLLUP" || p.peek().kw == "CUBE"):
		p.advance()
		kind := ast.GroupRollup
		if p.advance().kw == "CUBE" {
			kind = ast.GroupCube
		}
		g.Items = []ast.Grouping{{Span: p.from(pos), Kind: kind, Items: g.Items}}
	case p.isSeq("GROUPING", "SETS"):
		for _, it := range g.Items {
			g.Keys = append(g.Keys, it.Expr)
			if it.Kind != ast.GroupExpr {
				p.unexpected("an expression before GROUPING SETS")
				return g
			}
		}
		g.Items = []ast.Grouping{p.grouping()}
	}
	g.Span = p.from(pos)
	return g
}

// grouping parses an item of GROUP BY.
func (p *parser) grouping() ast.Grouping {
	pos := p.tok.pos
	g := ast.Grouping{}
	next := p.peek().kw
	switch {
	case p.is("ROLLUP") && next == "(":
		p.advance()
		g.Kind, g.Items = ast.GroupRollup, p.groupingList(p.groupingSet)
	case p.is("CUBE") && next == "(":
		p.advance()
		g.Kind, g.Items = ast.GroupCube, p.groupingList(p.groupingSet)
	case p.isSeq("GROUPING", "SETS"):
		p.accept("GROUPING", "SETS")
		g.Kind, g.Items = ast.GroupSets, p.groupingList(p.groupingElement)
	default:
		g.Expr = p.expr()
	}
	g.Span = p.from(pos)
	return g
}

func (p *parser) groupingList(item func() ast.Grouping) []ast.Grouping {
	if !p.enter() {
		p.leave()
		return nil
	}
	defer p.leave()
	return parens(p, item)
}

// groupingElement parses an element of GROUPING SETS.
func (p *parser) groupingElement() ast.Grouping {
	if p.isAny("ROLLUP", "CUBE", "GROUPING") && (p.peek().kw == "(" || p.peek().kw == "SETS") {
		return p.grouping()
	}
	return p.groupingSet()
}

// groupingSet parses (a, b), () or a single expression.
func (p *parser) groupingSet() ast.Grouping {
	pos := p.tok.pos
	if p.isSeq("(", ")") {
		p.accept("(", ")")
		return ast.Grouping{Span: p.from(pos), Kind: ast.GroupList}
	}
	e := p.expr()
	g := ast.Grouping{Span: p.from(pos), Expr: e}
	row, ok := e.(*ast.Row)
	if !ok {
		return g
	}
	g = ast.Grouping{Span: g.Span, Kind: ast.GroupList}
	for _, it := range row.Items {
		g.Items = append(g.Items, ast.Grouping{Span: it.Span, Expr: it.Expr})
	}
	return g
}

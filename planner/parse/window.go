package parse

import "github.com/volley-sql/volley/planner/ast"

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

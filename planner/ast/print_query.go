package ast

import "fmt"

func (p *printer) node(n Node) {
	switch n := n.(type) {
	case *Query:
		p.query(n)
	case Expr:
		p.expr(n)
	case Relation:
		p.relation(n)
	case Body:
		p.body(n)
	case Statement:
		p.statement(n)
	default:
		panic(fmt.Sprintf("ast: no way to print %T", n))
	}
}

func (p *printer) query(q *Query) {
	p.with(q.With, q.Recursive)
	p.body(q.Body)
	if q.OrderAll != nil {
		p.put(" ORDER BY ")
		p.sortItems([]SortItem{*q.OrderAll})
	}
	p.sorted(" ORDER BY ", q.OrderBy)
	if len(q.ClusterBy) > 0 {
		p.put(" CLUSTER BY ")
		p.exprs(q.ClusterBy)
	}
	if len(q.DistributeBy) > 0 {
		p.put(" DISTRIBUTE BY ")
		p.exprs(q.DistributeBy)
	}
	p.sorted(" SORT BY ", q.SortBy)
	if q.LimitAll {
		p.put(" LIMIT ALL")
	}
	p.clause(" LIMIT ", q.Limit)
	p.clause(" OFFSET ", q.Offset)
}

func (p *printer) with(ctes []CTE, recursive bool) {
	if len(ctes) == 0 {
		return
	}
	p.put("WITH ")
	p.flag(recursive, "RECURSIVE ")
	list(p, ctes, func(c CTE) {
		p.ident(c.Name)
		p.columns(c.Columns)
		p.clause(" MAX RECURSION LEVEL ", c.MaxDepth)
		p.put(" AS (")
		p.query(c.Query)
		p.put(")")
	})
	p.put(" ")
}

// clause writes word and x, or nothing if x is nil.
func (p *printer) clause(word string, x Expr) {
	if x != nil {
		p.put(word)
		p.expr(x)
	}
}

func (p *printer) sorted(word string, xs []SortItem) {
	if len(xs) > 0 {
		p.put(word)
		p.sortItems(xs)
	}
}

// columns writes (a, b), or nothing.
func (p *printer) columns(names []string) {
	if len(names) > 0 {
		p.put("(")
		p.idents(names)
		p.put(")")
	}
}

func (p *printer) body(b Body) {
	switch b := b.(type) {
	case *Query:
		p.put("(")
		p.query(b)
		p.put(")")
	case *Select:
		p.selectBody(b)
	case *SetOp:
		p.setOperand(b.L)
		p.put(" ", b.Kind.String())
		if b.All {
			p.put(" ALL")
		}
		if b.ByName {
			p.put(" BY NAME")
		}
		p.put(" ")
		p.setOperand(b.R)
	case *Values:
		p.put("VALUES ")
		list(p, b.Rows, func(row []Expr) {
			p.put("(")
			p.exprs(row)
			p.put(")")
		})
	case *TableBody:
		p.put("TABLE ")
		p.name(b.Name)
	default:
		panic(fmt.Sprintf("ast: no way to print %T", b))
	}
}

// setOperand writes a set operation inside another in parentheses.
func (p *printer) setOperand(b Body) {
	if _, ok := b.(*SetOp); !ok {
		p.body(b)
		return
	}
	p.put("(")
	p.body(b)
	p.put(")")
}

func (p *printer) items(items []SelectItem) {
	list(p, items, func(it SelectItem) {
		p.expr(it.Expr)
		if it.Alias != "" {
			p.put(" AS ")
			p.ident(it.Alias)
		}
		if len(it.Aliases) > 0 {
			p.put(" AS ")
			p.columns(it.Aliases)
		}
	})
}

func (p *printer) selectBody(s *Select) {
	p.put("SELECT ")
	if len(s.Hints) > 0 {
		p.put("/*+ ")
		list(p, s.Hints, func(h Hint) {
			p.ident(h.Name)
			if len(h.Args) > 0 {
				p.put("(")
				p.exprs(h.Args)
				p.put(")")
			}
		})
		p.put(" */ ")
	}
	if s.Distinct {
		p.put("DISTINCT ")
	}
	p.items(s.Items)
	if s.From != nil {
		if v, ok := s.From.(*LateralView); !ok || v.input() != nil {
			p.put(" FROM ")
		}
		p.relation(s.From)
	}
	p.clause(" WHERE ", s.Where)
	if g := s.GroupBy; g != nil {
		p.put(" GROUP BY ")
		if g.All {
			p.put("ALL")
		}
		list(p, g.Keys, p.expr)
		if len(g.Keys) > 0 {
			p.put(" ")
		}
		list(p, g.Items, p.grouping)
	}
	p.clause(" HAVING ", s.Having)
	p.clause(" QUALIFY ", s.Qualify)
	if len(s.Windows) > 0 {
		p.put(" WINDOW ")
		list(p, s.Windows, func(w NamedWindow) {
			p.ident(w.Name)
			p.put(" AS ")
			p.window(w.Window, "")
		})
	}
}

// input is what the lateral views on top of each other stand on.
func (v *LateralView) input() Relation {
	for {
		inner, ok := v.Input.(*LateralView)
		if !ok {
			return v.Input
		}
		v = inner
	}
}

func (p *printer) grouping(g Grouping) {
	if g.Kind == GroupExpr {
		p.expr(g.Expr)
		return
	}
	p.put([...]string{GroupList: "(", GroupRollup: "ROLLUP (", GroupCube: "CUBE (", GroupSets: "GROUPING SETS ("}[g.Kind])
	list(p, g.Items, p.grouping)
	p.put(")")
}

func (p *printer) alias(a *Alias) {
	if a == nil {
		return
	}
	p.put(" AS ")
	if a.Name != "" {
		p.ident(a.Name)
	}
	p.columns(a.Columns)
}

func (p *printer) relation(r Relation) {
	switch r := r.(type) {
	case *TableRef:
		p.tableRef(r)
	case *FileRef:
		p.put(QuoteString(r.Path))
		p.alias(r.Alias)
	case *SubqueryRef:
		if r.Lateral {
			p.put("LATERAL ")
		}
		p.put("(")
		p.query(r.Query)
		p.put(")")
		p.alias(r.Alias)
	case *FuncRef:
		if r.Lateral {
			p.put("LATERAL ")
		}
		p.call(r.Func)
		p.alias(r.Alias)
	case *Parens:
		p.put("(")
		p.relation(r.Input)
		p.put(")")
		p.alias(r.Alias)
	case *Join:
		p.join(r)
	case *LateralView:
		p.lateralView(r)
	case *Sample:
		p.sample(r)
	case *Pivot:
		p.pivot(r)
	case *Unpivot:
		p.unpivot(r)
	default:
		panic(fmt.Sprintf("ast: no way to print %T", r))
	}
}

func (p *printer) tableRef(r *TableRef) {
	p.name(r.Name)
	if len(r.Options) > 0 {
		p.put(" WITH ")
		p.properties(r.Options)
	}
	if r.AsOf != nil {
		if r.AsOfTimestamp {
			p.put(" TIMESTAMP")
		} else {
			p.put(" VERSION")
		}
		p.clause(" AS OF ", r.AsOf)
	}
	p.alias(r.Alias)
}

func (p *printer) join(r *Join) {
	p.relation(r.L)
	if r.Kind == JoinComma {
		p.put(", ")
		p.relation(r.R)
		return
	}
	p.put(" ")
	if r.Natural {
		p.put("NATURAL ")
	}
	p.put(r.Kind.String(), " JOIN ")
	if j, ok := r.R.(*Join); ok {
		p.put("(")
		p.relation(j)
		p.put(")")
	} else {
		p.relation(r.R)
	}
	if len(r.Using) > 0 {
		p.put(" USING ")
		p.columns(r.Using)
	}
	p.clause(" ON ", r.On)
}

func (p *printer) lateralView(r *LateralView) {
	if r.Input != nil {
		p.relation(r.Input)
	}
	p.put(" LATERAL VIEW ")
	if r.Outer {
		p.put("OUTER ")
	}
	p.call(r.Func)
	if r.Table != "" {
		p.put(" ")
		p.ident(r.Table)
	}
	if len(r.Columns) > 0 {
		p.put(" AS ")
		p.idents(r.Columns)
	}
}

func (p *printer) sample(r *Sample) {
	p.relation(r.Input)
	p.put(" TABLESAMPLE (")
	switch r.Kind {
	case SamplePercent:
		p.expr(r.N)
		p.put(" PERCENT")
	case SampleRows:
		p.expr(r.N)
		p.put(" ROWS")
	case SampleBucket:
		p.clause("BUCKET ", r.N)
		p.clause(" OUT OF ", r.Of)
	}
	p.put(")")
	if r.Seed != nil {
		p.clause(" REPEATABLE (", r.Seed)
		p.put(")")
	}
}

func (p *printer) pivot(r *Pivot) {
	p.relation(r.Input)
	p.put(" PIVOT (")
	p.items(r.Aggregates)
	p.put(" FOR (")
	p.namesOf(r.Columns)
	p.put(") IN (")
	p.items(r.Values)
	p.put("))")
	p.alias(r.Alias)
}

func (p *printer) unpivot(r *Unpivot) {
	p.relation(r.Input)
	p.put(" UNPIVOT ")
	if r.IncludeNulls {
		p.put("INCLUDE NULLS ")
	}
	p.put("(")
	if len(r.Values) == 1 {
		p.ident(r.Values[0])
	} else {
		p.columns(r.Values)
	}
	p.put(" FOR ")
	p.ident(r.NameColumn)
	p.put(" IN (")
	list(p, r.Columns, func(s UnpivotSet) {
		if len(r.Values) == 1 {
			p.namesOf(s.Columns)
		} else {
			p.put("(")
			p.namesOf(s.Columns)
			p.put(")")
		}
		if s.Alias != "" {
			p.put(" AS ")
			p.ident(s.Alias)
		}
	})
	p.put("))")
	p.alias(r.Alias)
}

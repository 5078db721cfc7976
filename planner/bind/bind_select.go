package bind

import (
	"slices"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// selection is one query block on its way: SELECT with the ORDER BY above it.
type selection struct {
	b     *binder
	sel   *ast.Select
	order *ast.Query // whose ORDER BY belongs to this block; nil for none
	block *block
	scope *scope
	plan  logical.Node

	group   *grouping // nil without aggregation
	gen     *generator
	having  expr.Expr
	qualify expr.Expr
	keys    []expr.SortKey
}

// selectBlock binds SELECT … FROM … together with the ORDER BY of q, which may be nil.
func (b *binder) selectBlock(sel *ast.Select, q *ast.Query, fr *frame, ctes *cteScope) (*relation, error) {
	in := &relation{plan: oneRow()}
	sel = b.timeWindow(sel)
	if sel.From != nil {
		b.hintJoins(sel)
		var err error
		if in, err = b.relation(sel.From, fr, ctes); err != nil {
			return nil, err
		}
	}
	if b.batchOf == sel {
		in = b.batchRows(in, sel.From != nil)
	}
	s := &selection{
		b: b, sel: sel, order: q, plan: in.plan,
		block: &block{sel: sel, refs: map[expr.ColID]*item{}},
		scope: &scope{frame: fr, fields: in.fields, ctes: ctes},
	}
	if sel.Where != nil {
		pred, err := b.condition(&site{sc: s.scope, clause: "WHERE"}, sel.Where)
		if err != nil {
			return nil, err
		}
		s.plan = &logical.Filter{Input: s.plan, Pred: pred}
	}
	for _, step := range []func() error{s.list, s.groupBy, s.havingAndQualify, s.orderBy, s.aggregate} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	rel, err := s.assemble()
	if err != nil || len(sel.Hints) == 0 || len(s.keys) > 0 { // an order takes the partitions' place
		return rel, err
	}
	return b.partitioned(rel, sel)
}

// oneRow is the input of a SELECT without FROM: a row without columns.
func oneRow() logical.Node { return &logical.Values{Rows: [][]expr.Expr{{}}} }

// site is where expressions of a clause stand, with aggregates and windows.
func (s *selection) site(clause string, order nameOrder, agg, window bool) *site {
	return &site{sc: s.scope, clause: clause, block: s.block, order: order, agg: agg, window: window}
}

// list binds the select list, stars expanded.
func (s *selection) list() error {
	for i := range s.sel.Items {
		if err := s.selectItem(i, &s.sel.Items[i]); err != nil {
			return err
		}
	}
	s.block.complete = true
	return nil
}

func (s *selection) selectItem(i int, a *ast.SelectItem) error {
	b := s.b
	at := s.site("select list", inputFirst, true, true)
	if st, ok := a.Expr.(*ast.Star); ok && !s.pipeKey(i) {
		items, err := b.star(at, st)
		for _, it := range items {
			if err := s.pipeItem(i, it.expr); err != nil {
				return err
			}
			s.block.add(it)
		}
		return err
	}
	if f, err := s.pipeOrdinal(i); f != nil || err != nil {
		if err == nil {
			it := &item{expr: f.col, pos: a.Pos(), ref: s.b.newID(), name: f.name, qual: f.qual}
			if a.Alias != "" {
				it.name, it.alias, it.qual = a.Alias, true, nil
			}
			s.block.add(it)
		}
		return err
	}
	if f, ok := a.Expr.(*ast.Func); ok {
		if def, outer := b.generatorDef(f); def != nil {
			return s.generatorItem(at, a, f, def, outer)
		}
	}
	if len(a.Aliases) > 0 {
		return sqlerr.New(sqlerr.MultiAlias, "Multi part aliasing (%s) is not supported with %s as it is not a generator function.", quotePath(a.Aliases), ast.ColumnName(a.Expr, nil)).At(a.Pos())
	}
	x, err := b.expr(at, a.Expr)
	if err == nil {
		err = s.pipeItem(i, x)
	}
	if err != nil {
		return err
	}
	it := &item{expr: x, pos: a.Pos(), ref: b.newID(), name: a.Alias, alias: a.Alias != ""}
	if !it.alias {
		it.name = b.itemName(a.Expr)
		if c, ok := a.Expr.(*ast.Column); ok {
			if _, plain := x.(*expr.Column); plain {
				it.qual = s.qualifier(x.(*expr.Column).ID)
			} else {
				it.extracted = b.texts[c] != ""
			}
		}
	}
	s.block.add(it)
	return nil
}

func (s *selection) qualifier(id expr.ColID) []string {
	for i := range s.scope.fields {
		if s.scope.fields[i].col.ID == id {
			return s.scope.fields[i].qual
		}
	}
	return nil
}

// itemName is the name of an item without an alias.
func (b *binder) itemName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Column: // also s.f: named after the field
		if t := b.texts[e]; t == "" || e.Name.Expr == nil && bare[lower(e.Name.Last())] == "" {
			return b.lastPart(e)
		}
	case *ast.FieldAccess:
		return e.Field
	case *ast.Cast: // a cast of a column has the column's name
		if c, ok := e.X.(*ast.Column); ok && !e.Try && bare[lower(c.Name.Last())] == "" {
			return b.lastPart(c)
		}
	}
	return ast.ColumnName(e, b.textOf)
}

func (b *binder) lastPart(c *ast.Column) string {
	if parts, err := b.nameParts(&c.Name); err == nil {
		return parts[len(parts)-1]
	}
	return c.Name.Last()
}

func (b *binder) textOf(e ast.Expr) (string, bool) {
	t, ok := b.texts[e]
	return t, ok
}

// havingAndQualify binds HAVING and QUALIFY. HAVING without GROUP BY makes the
// block an aggregation of one group.
func (s *selection) havingAndQualify() (err error) {
	if s.sel.Having != nil {
		if s.having, err = s.b.condition(s.site("HAVING", keyFirst, true, false), s.sel.Having); err != nil {
			return err
		}
	}
	if s.sel.Qualify != nil {
		if s.qualify, err = s.b.condition(s.site("QUALIFY", inputFirst, true, true), s.sel.Qualify); err != nil {
			return err
		}
		if !s.ranks() {
			return sqlerr.New(sqlerr.QualifyWithoutWindow, "The QUALIFY clause requires at least one window function in the current SELECT list or the QUALIFY condition.").At(s.sel.Qualify.Pos())
		}
	}
	return nil
}

// ranks reports whether the select list or QUALIFY has a window call.
func (s *selection) ranks() bool {
	for _, e := range s.exprs() {
		if has(*e, isWindow) {
			return true
		}
	}
	return false
}

// exprs lists pointers to all expressions evaluated above grouping.
func (s *selection) exprs() []*expr.Expr {
	var out []*expr.Expr
	for _, it := range s.block.items {
		out = append(out, &it.expr)
	}
	if s.gen != nil {
		for i := range s.gen.call.Args {
			out = append(out, &s.gen.call.Args[i])
		}
	}
	if s.qualify != nil {
		out = append(out, &s.qualify)
	}
	for i := range s.keys {
		out = append(out, &s.keys[i].Expr)
	}
	return out
}

// aggregate puts an Aggregate under the block if there is grouping or an
// aggregate call, and HAVING over it.
func (s *selection) aggregate() error {
	all := s.exprs()
	if s.having != nil {
		all = append(all, &s.having)
	}
	need := s.group != nil || s.having != nil
	for _, e := range all {
		need = need || hasAgg(*e)
	}
	if !need {
		return nil
	}
	if s.group == nil {
		s.group = &grouping{b: s.b}
	}
	g := s.group
	g.input = expr.ColumnIDs(s.plan.Columns())
	last := len(s.block.items)
	for i, e := range all {
		if i >= last && (e == &s.having || s.isKey(e)) {
			g.beyond = s.outputScope()
		}
		*e = g.rewrite(*e)
		if g.err != nil {
			return g.err
		}
		g.beyond = nil
	}
	if err := s.outerAggregates(); err != nil {
		return err
	}
	s.plan = g.node(s.plan)
	if s.having != nil {
		s.plan = &logical.Filter{Input: s.plan, Pred: s.having}
	}
	return nil
}

// outerAggregates refuses what would group by, or aggregate nothing but, the
// columns of an enclosing query: by the standard such aggregates are the
// enclosing query's.
func (s *selection) outerAggregates() error {
	for i, n := range slices.Concat(s.group.keys, s.group.aggs) {
		var outer *expr.Column
		own := false
		walk(n.Expr, func(x expr.Expr) bool {
			if c, ok := x.(*expr.Column); ok && s.block.refs[c.ID] == nil {
				if s.group.input.Has(c.ID) {
					own = true
				} else {
					outer = c
				}
			}
			return true
		})
		if outer != nil && (!own || i < len(s.group.keys)) {
			return sqlerr.New(sqlerr.UnsupportedCorrelated, "Unsupported subquery expression: Expressions referencing the outer query are not supported outside of WHERE/HAVING clauses: %s.", outer.Name).At(int(outer.Pos))
		}
	}
	return nil
}

// isKey reports whether e points to an ORDER BY expression.
func (s *selection) isKey(e *expr.Expr) bool {
	for i := range s.keys {
		if e == &s.keys[i].Expr {
			return true
		}
	}
	return false
}

// outputScope has the names of the select list.
func (s *selection) outputScope() *scope {
	sc := &scope{}
	for _, it := range s.block.items {
		sc.fields = append(sc.fields, field{name: it.name, qual: it.qual})
	}
	return sc
}

// assemble builds what is above grouping: windows, QUALIFY, the generator, the
// projection, DISTINCT and the order.
func (s *selection) assemble() (*relation, error) {
	b := s.b
	s.plan = b.windows(s.plan, s.exprs()...)
	if s.qualify != nil {
		s.plan = &logical.Filter{Input: s.plan, Pred: s.qualify}
	}
	if s.gen != nil {
		s.plan = s.gen.node(s.plan)
	}
	exprs := s.layers()
	out := &relation{}
	var cols []logical.Named
	taken := map[expr.ColID]bool{} // a set of bits would be as long as the highest id
	refs := map[expr.ColID]*expr.Column{}
	for i, it := range s.block.items {
		x := exprs[i]
		it.col = &expr.Column{ID: it.ref, Name: it.name, T: x.Type(), Null: x.Nullable(), Pos: b.at(it.pos)}
		if c, ok := x.(*expr.Column); ok && !taken[c.ID] && b.inside(s.plan, c.ID) {
			it.col.ID = c.ID
		}
		taken[it.col.ID] = true
		refs[it.ref] = it.col
		cols = append(cols, logical.Named{Col: it.col, Expr: x})
		out.fields = append(out.fields, field{col: it.col, name: it.name, qual: it.qual})
	}
	extra, err := s.sortKeys(cols, refs, taken)
	if err != nil {
		return nil, err
	}
	s.plan = &logical.Project{Input: s.plan, Exprs: append(cols[:len(cols):len(cols)], extra...)}
	if s.sel.Distinct {
		if s.plan, err = b.distinct(s.plan, s.sel.Pos()); err != nil {
			return nil, err
		}
	}
	if len(s.keys) > 0 {
		s.plan = &logical.Sort{Input: s.plan, Keys: s.keys}
	}
	if len(extra) > 0 {
		s.plan = passing(s.plan, out.fields)
	}
	out.plan = s.plan
	return out, nil
}

// inside reports whether plan, and not an enclosing query, has column id.
func (b *binder) inside(plan logical.Node, id expr.ColID) bool {
	for _, c := range plan.Columns() {
		if c.ID == id {
			return true
		}
	}
	return false
}

// passing is a projection that passes the columns of fields and no others.
func passing(plan logical.Node, fields []field) logical.Node {
	p := &logical.Project{Input: plan}
	for _, f := range fields {
		p.Exprs = append(p.Exprs, logical.Named{Col: named(f.col, f.name), Expr: f.col})
	}
	return p
}

// layers returns the items' expressions over columns of s.plan. Items that
// others refer to by alias are computed first, in projections of their own,
// so that a chain of aliases stays as long as it was written.
func (s *selection) layers() []expr.Expr {
	items := s.block.items
	exprs := make([]expr.Expr, len(items))
	level := make([]int, len(items))
	used := make([]bool, len(items))
	place := map[expr.ColID]int{}
	deepest := 0
	for i, it := range items {
		place[it.ref] = i
		exprs[i] = replace(it.expr, func(x expr.Expr) (expr.Expr, bool) {
			c, ok := x.(*expr.Column)
			if !ok {
				return nil, false
			}
			j, ok := place[c.ID]
			if !ok || j == i {
				return nil, false
			}
			switch exprs[j].(type) {
			case *expr.Column, *expr.Literal:
				return exprs[j], true
			}
			used[j] = true
			level[i] = max(level[i], level[j]+1)
			return nil, false
		})
		deepest = max(deepest, level[i])
	}
	for l := range deepest {
		p := &logical.Project{Input: s.plan}
		for _, c := range s.plan.Columns() {
			p.Exprs = append(p.Exprs, logical.Named{Col: c, Expr: c})
		}
		for i, it := range items {
			if used[i] && level[i] == l {
				c := &expr.Column{ID: it.ref, Name: it.name, T: exprs[i].Type(), Null: exprs[i].Nullable(), Pos: int32(it.pos)}
				p.Exprs = append(p.Exprs, logical.Named{Col: c, Expr: exprs[i]})
				exprs[i] = c
			}
		}
		s.plan = p
	}
	return exprs
}

// distinct keeps one of equal rows.
func (b *binder) distinct(plan logical.Node, pos int) (logical.Node, error) {
	a := &logical.Aggregate{Input: plan}
	for _, c := range plan.Columns() {
		if !comparable(c.T, true) {
			return nil, sqlerr.New(sqlerr.UnsupportedSetType, "The feature is not supported: DISTINCT needs to compare the column `%s` of type %q.", c.Name, c.T.SQL()).At(pos)
		}
		a.Keys = append(a.Keys, logical.Named{Col: c, Expr: c})
	}
	return a, nil
}

// sortKeys makes s.keys expressions over the projection cols, and returns the
// columns that must pass through it for that.
func (s *selection) sortKeys(cols []logical.Named, refs map[expr.ColID]*expr.Column, taken map[expr.ColID]bool) ([]logical.Named, error) {
	var extra []logical.Named
	for i := range s.keys {
		k := &s.keys[i]
		k.Expr = replace(rename(k.Expr, refs), func(x expr.Expr) (expr.Expr, bool) {
			switch x.(type) {
			case *expr.Column, *expr.Literal:
				return nil, false
			}
			for _, c := range cols {
				if tree.Equal(c.Expr, x) {
					return c.Col, true
				}
			}
			return nil, false
		})
		for _, id := range expr.Used(k.Expr).IDs() {
			if taken[id] {
				continue
			}
			for _, c := range s.plan.Columns() {
				if c.ID != id {
					continue
				}
				same := -1 // the column may be in the list under an id of its own
				for j := range cols {
					if o, ok := cols[j].Expr.(*expr.Column); ok && o.ID == id {
						same = j
					}
				}
				if same >= 0 {
					k.Expr = rename(k.Expr, map[expr.ColID]*expr.Column{id: cols[same].Col})
					break
				}
				if s.sel.Distinct {
					return nil, s.b.unresolved(s.site("", outputFirst, false, false).visible(), []string{c.Name}, s.order.OrderBy[min(i, len(s.order.OrderBy)-1)].Pos())
				}
				taken[id] = true
				extra = append(extra, logical.Named{Col: c, Expr: c})
			}
		}
	}
	return extra, nil
}

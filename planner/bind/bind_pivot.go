package bind

import (
	"strings"

	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// pivot binds PIVOT: an aggregation by the columns that the clause does not
// mention, with a filtered copy of each aggregate for each value.
func (b *binder) pivot(p *ast.Pivot, fr *frame, ctes *cteScope) (*relation, error) {
	in, err := b.relation(p.Input, fr, ctes)
	if err != nil {
		return nil, err
	}
	if _, ok := p.Input.(*ast.Unpivot); ok {
		return nil, sqlerr.New(sqlerr.UnpivotWithPivot, "Not allowed in the FROM clause: UNPIVOT clause following PIVOT.").At(p.Pos())
	}
	sc := &scope{frame: fr, fields: in.fields, ctes: ctes}
	at := &site{sc: sc, clause: "PIVOT"}
	var cols []expr.Expr
	for i := range p.Columns {
		x, err := b.column(at, &ast.Column{Span: p.Columns[i].Span, Name: p.Columns[i]})
		if err != nil {
			return nil, err
		}
		if !comparable(x.Type(), true) {
			return nil, sqlerr.New(sqlerr.IncomparablePivotColumn, "Invalid pivot column %s. Pivot columns must be comparable.", quotePath(p.Columns[i].Parts)).At(p.Columns[i].Pos())
		}
		cols = append(cols, x)
	}
	g := &grouping{b: b, input: expr.ColumnIDs(in.plan.Columns())}
	aggs := make([]expr.Expr, len(p.Aggregates))
	aggSite := &site{sc: sc, clause: "PIVOT", agg: true}
	var used expr.ColSet
	for i, a := range p.Aggregates {
		x, err := b.expr(aggSite, a.Expr)
		if err != nil {
			return nil, err
		}
		if !hasAgg(x) {
			return nil, sqlerr.New(sqlerr.NotAggregatePivot, "Aggregate expression required for pivot, but %s did not appear in any aggregate function.", ast.ColumnName(a.Expr, b.textOf)).At(a.Pos())
		}
		aggs[i] = x
		used.UsedColumns(x)
	}
	used.AddAll(expr.Used(cols...))
	// Spark finds numbers and truths in two steps, of which the second has none for groups without rows.
	simple := true
	for _, a := range aggs {
		simple = simple && (a.Type().Kind.IsNumeric() || a.Type().Kind == types.Bool)
	}
	out := &relation{}
	for _, f := range in.fields {
		if !f.hidden && !used.Has(f.col.ID) {
			g.keys = append(g.keys, logical.Named{Col: f.col, Expr: f.col})
			g.canon = append(g.canon, canonical(f.col))
			out.fields = append(out.fields, field{col: f.col, name: f.name})
		}
	}
	proj := &logical.Project{}
	for _, k := range g.keys {
		proj.Exprs = append(proj.Exprs, logical.Named{Col: k.Col, Expr: k.Col})
	}
	for i := range p.Values {
		v := &p.Values[i]
		match, text, err := b.pivotMatch(at, v, cols)
		if err != nil {
			return nil, err
		}
		if v.Alias != "" {
			text = v.Alias
		}
		for k, a := range p.Aggregates {
			name := text
			if len(p.Aggregates) > 1 {
				if a.Alias != "" {
					name += "_" + a.Alias
				} else {
					name += "_" + ast.ColumnName(a.Expr, b.textOf)
				}
			}
			x := filtered(aggs[k], match)
			if simple && !x.Nullable() { // NULL where there are no rows, not a count of 0
				x = &expr.Case{Whens: []expr.When{{Cond: anyRow(match), Then: x}}, T: x.Type()}
			}
			x = g.rewrite(x)
			if g.err != nil {
				return nil, g.err
			}
			c := b.newColumn(name, x.Type(), x.Nullable())
			proj.Exprs = append(proj.Exprs, logical.Named{Col: c, Expr: x})
			out.fields = append(out.fields, field{col: c, name: name})
		}
	}
	proj.Input = g.node(in.plan)
	out.plan = proj
	return aliased(out, p.Alias)
}

// anyRow is the condition that a group has rows for which cond is true.
func anyRow(cond expr.Expr) expr.Expr {
	count := &expr.Agg{Func: "count", Args: []expr.Expr{&expr.Literal{Value: int64(1), T: types.Int32Type}}, Filter: cond, T: types.Int64Type, Pos: sqlerr.NoPos}
	return &expr.Compare{Op: expr.Gt, Left: count, Right: &expr.Literal{Value: int64(0), T: types.Int64Type}}
}

// filtered gives every aggregate call in e one more filter.
func filtered(e, cond expr.Expr) expr.Expr {
	return replace(e, func(x expr.Expr) (expr.Expr, bool) {
		a, ok := x.(*expr.Agg)
		if !ok {
			return nil, false
		}
		c := *a
		c.Filter = expr.Conj(a.Filter, cond)
		return &c, true
	})
}

// pivotMatch is the condition that the pivot columns equal a value of the IN
// list, and the value's text.
func (b *binder) pivotMatch(at *site, v *ast.SelectItem, cols []expr.Expr) (expr.Expr, string, error) {
	vals := []ast.Expr{v.Expr}
	row, isRow := v.Expr.(*ast.Row)
	if isRow && len(cols) > 1 {
		vals = nil
		for _, it := range row.Items {
			vals = append(vals, it.Expr)
		}
	}
	if len(vals) != len(cols) {
		return nil, "", sqlerr.New(sqlerr.PivotValueType, "Invalid pivot value '%s': value data type does not match the pivot columns.", ast.ColumnName(v.Expr, nil)).At(v.Pos())
	}
	var conds []expr.Expr
	var texts []string
	for i, e := range vals {
		x, err := b.expr(at, e)
		if err != nil {
			return nil, "", err
		}
		if !isLiteral(x) && !b.foldable(x) {
			return nil, "", sqlerr.New(sqlerr.NonLiteralPivot, "Literal expressions required for pivot values, found %s.", ast.ColumnName(e, nil)).At(e.Pos())
		}
		want := cols[i].Type()
		if _, ok := coerce.Common(want, x.Type(), b.ansi); !ok && !(want.Kind == types.Struct && b.castable(x.Type(), want)) {
			return nil, "", sqlerr.New(sqlerr.PivotValueType, "Invalid pivot value '%s': value data type %q does not match pivot column data type %q.", ast.ColumnName(e, nil), x.Type().SQL(), want.SQL()).At(e.Pos())
		}
		l, err := b.constant(b.implicit(x, want), e.Pos(), "pivot value")
		if err != nil {
			return nil, "", err
		}
		text, ok := l.Value.(string)
		if !ok && l.Value == nil {
			text = "null"
		} else if !ok {
			if text, ok = b.show(l.Value, l.T); !ok {
				text = ast.ColumnName(e, b.textOf)
			}
		}
		texts = append(texts, text)
		conds = append(conds, &expr.Compare{Op: expr.NullSafeEq, Left: cols[i], Right: l})
	}
	if len(texts) == 1 {
		return conds[0], texts[0], nil
	}
	return expr.Conj(conds...), "{" + strings.Join(texts, ", ") + "}", nil
}

// unpivot binds UNPIVOT to a union: one branch a set of columns.
func (b *binder) unpivot(u *ast.Unpivot, fr *frame, ctes *cteScope) (*relation, error) {
	in, err := b.relation(u.Input, fr, ctes)
	if err != nil {
		return nil, err
	}
	at := &site{sc: &scope{frame: fr, fields: in.fields, ctes: ctes}, clause: "UNPIVOT"}
	sets := make([][]expr.Expr, len(u.Columns))
	ts := make([]types.Type, len(u.Values))
	null := make([]bool, len(u.Values))
	var used expr.ColSet
	for i, set := range u.Columns {
		if len(set.Columns) != len(u.Values) {
			return nil, sqlerr.New(sqlerr.UnpivotSize, "All unpivot value columns must have the same size as there are value column names (%d).", len(u.Values)).At(set.Pos())
		}
		for k := range set.Columns {
			x, err := b.column(at, &ast.Column{Span: set.Columns[k].Span, Name: set.Columns[k]})
			if err != nil {
				return nil, err
			}
			t, ok := coerce.Common(ts[k], x.Type(), b.ansi)
			if !ok {
				return nil, sqlerr.New(sqlerr.UnpivotTypes, "Unpivot value columns must share a least common type, some types do not: %q, %q.", ts[k].SQL(), x.Type().SQL()).At(set.Pos())
			}
			ts[k], null[k] = t, null[k] || x.Nullable()
			sets[i] = append(sets[i], x)
			used.UsedColumns(x)
		}
	}
	gen, out, err := b.unpivotRows(u, in, sets, ts, null, used)
	if err != nil {
		return nil, err
	}
	out.plan = gen
	if !u.IncludeNulls {
		var some []expr.Expr
		for _, f := range out.fields[len(out.fields)-len(u.Values):] {
			some = append(some, &expr.Not{Arg: &expr.IsNull{Arg: f.col}})
		}
		pred := some[0]
		if len(some) > 1 {
			pred = &expr.Or{Args: some}
		}
		out.plan = &logical.Filter{Input: gen, Pred: pred}
	}
	return aliased(out, u.Alias)
}

// unpivotRows makes the rows by inline(array(struct(name, values) …)).
func (b *binder) unpivotRows(u *ast.Unpivot, in *relation, sets [][]expr.Expr, ts []types.Type, null []bool, used expr.ColSet) (logical.Node, *relation, error) {
	def := b.env.Functions.Lookup("inline")
	if def == nil {
		return nil, nil, b.noRoutine([]string{"inline"}, u.Pos())
	}
	str := func(s string) expr.Expr { return &expr.Literal{Value: s, T: types.StringType} }
	var rows []expr.Expr
	for i, set := range sets {
		name := u.Columns[i].Alias
		if name == "" {
			var parts []string
			for _, c := range u.Columns[i].Columns {
				parts = append(parts, c.Last())
			}
			name = strings.Join(parts, "_")
		}
		args := []expr.Expr{str(u.NameColumn), str(name)}
		for k, x := range set {
			args = append(args, str(u.Values[k]), b.implicit(x, ts[k]))
		}
		row, err := b.call("named_struct", args, u.Pos())
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, row)
	}
	list, err := b.call("array", rows, u.Pos())
	if err != nil {
		return nil, nil, err
	}
	ov, err := b.overload(nil, def, "inline", []expr.Expr{list}, nil, u.Pos(), false)
	if err != nil {
		return nil, nil, err
	}
	g := &generator{call: &expr.Call{Func: def.Name, Args: b.convert([]expr.Expr{list}, ov.Params), T: ov.Result, Null: true, Pos: b.at(u.Pos())}}
	names := append([]string{u.NameColumn}, u.Values...)
	for i, n := range names {
		t, nl := types.StringType, false
		if i > 0 {
			t, nl = ts[i-1], null[i-1]
		}
		g.cols = append(g.cols, b.newColumn(n, t, nl))
	}
	out := &relation{}
	p := &logical.Project{Input: g.node(in.plan)}
	for _, f := range in.fields {
		if !f.hidden && !used.Has(f.col.ID) {
			out.fields = append(out.fields, field{col: f.col, name: f.name, qual: f.qual})
			p.Exprs = append(p.Exprs, logical.Named{Col: f.col, Expr: f.col})
		}
	}
	for _, c := range g.cols {
		out.fields = append(out.fields, field{col: c, name: c.Name})
		p.Exprs = append(p.Exprs, logical.Named{Col: c, Expr: c})
	}
	return p, out, nil
}

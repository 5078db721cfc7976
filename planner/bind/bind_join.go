package bind

import (
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

var joinKinds = [...]logical.JoinKind{
	ast.JoinInner: logical.Inner, ast.JoinLeft: logical.Left, ast.JoinRight: logical.Right, ast.JoinFull: logical.Full,
	ast.JoinLeftSemi: logical.Semi, ast.JoinLeftAnti: logical.Anti, ast.JoinCross: logical.Cross, ast.JoinComma: logical.Cross,
}

// join binds a join; a lateral right side sees the columns of the left.
func (b *binder) join(j *ast.Join, fr *frame, ctes *cteScope) (*relation, error) {
	l, err := b.relation(j.L, fr, ctes)
	if err != nil {
		return nil, err
	}
	if isLateral(j.R) {
		return b.lateralJoin(j, l, fr, ctes)
	}
	r, err := b.relation(j.R, fr, ctes)
	if err != nil {
		return nil, err
	}
	return b.joined(j, l, r, fr, ctes, nil)
}

// joined joins two bound relations. Columns in corr (nil for a plain join) are
// those of l that r refers to.
func (b *binder) joined(j *ast.Join, l, r *relation, fr *frame, ctes *cteScope, corr []expr.ColID) (*relation, error) {
	h := b.hints[j]
	n := &logical.Join{Left: l.plan, Right: r.plan, Kind: joinKinds[j.Kind], Hint: h.strategy, HintLeft: h.left}
	out := &relation{plan: n}
	lf, rf := sided(n, l, r)
	using := j.Using
	if j.Natural {
		using = b.commonNames(l, r)
	}
	var err error
	switch {
	case len(using) > 0:
		if out, err = b.using(j, n, using, lf, rf); err != nil {
			return nil, err
		}
	case j.On != nil:
		sc := &scope{frame: fr, fields: append(append([]field(nil), l.fields...), r.fields...), ctes: ctes}
		if n.Cond, err = b.condition(&site{sc: sc, clause: "ON"}, j.On); err != nil {
			return nil, err
		}
		out.fields = append(lf, rf...)
	default:
		out.fields = append(lf, rf...)
	}
	if n.Kind == logical.Semi || n.Kind == logical.Anti {
		out.fields = out.fields[:len(lf)]
	}
	if n.Kind == logical.Cross && n.Cond != nil {
		n.Kind = logical.Inner
	}
	if n.Kind == logical.Inner && n.Cond == nil {
		n.Kind = logical.Cross
	}
	if len(corr) > 0 {
		a := &logical.Apply{Left: n.Left, Right: n.Right, Kind: n.Kind, Cond: n.Cond}
		if p, ok := out.plan.(*logical.Project); ok {
			p.Input = a
		} else {
			out.plan = a
		}
	}
	return out, nil
}

// sided are the fields of both sides with the nullability they have above the join.
func sided(n *logical.Join, l, r *relation) (lf, rf []field) {
	above := map[expr.ColID]*expr.Column{}
	for _, c := range n.Columns() {
		above[c.ID] = c
	}
	fix := func(fs []field) []field {
		out := append([]field(nil), fs...)
		for i := range out {
			if c := above[out[i].col.ID]; c != nil {
				out[i].col = c
			}
		}
		return out
	}
	return fix(l.fields), fix(r.fields)
}

// commonNames are the visible names of both sides, in the order of the left.
func (b *binder) commonNames(l, r *relation) []string {
	var out []string
	for _, f := range l.fields {
		if f.hidden {
			continue
		}
		for _, g := range r.fields {
			if !g.hidden && b.same(f.name, g.name) {
				out = append(out, f.name)
				break
			}
		}
	}
	return out
}

// using joins by equality of columns of one name. They come first and once:
// from the left, of a right join from the right, of a full join whichever is
// not NULL. The others stay within reach by their qualifier.
func (b *binder) using(j *ast.Join, n *logical.Join, names []string, lf, rf []field) (*relation, error) {
	var conds []expr.Expr
	var keys, hidden []field
	key := map[expr.ColID]bool{}
	p := &logical.Project{Input: n}
	for _, name := range names {
		l, err := b.usingColumn(lf, name, "left", j)
		if err != nil {
			return nil, err
		}
		r, err := b.usingColumn(rf, name, "right", j)
		if err != nil {
			return nil, err
		}
		eq, err := b.compare(expr.Eq, l.col, r.col, j.Pos())
		if err != nil {
			return nil, err
		}
		conds = append(conds, eq)
		key[l.col.ID], key[r.col.ID] = true, true
		shown, other := l, r
		switch n.Kind {
		case logical.Right:
			shown, other = r, l
		case logical.Full:
			x, err := b.call("coalesce", []expr.Expr{l.col, r.col}, j.Pos())
			if err != nil {
				return nil, err
			}
			c := b.newColumn(l.name, x.Type(), x.Nullable())
			p.Exprs = append(p.Exprs, logical.Named{Col: c, Expr: x})
			h := l
			h.hidden = true
			hidden = append(hidden, h)
			shown = field{col: c, name: l.name}
		}
		other.hidden = true
		keys, hidden = append(keys, shown), append(hidden, other)
	}
	n.Cond = expr.Conj(conds...)
	out := &relation{plan: n, fields: keys}
	add := func(fs []field) {
		for _, f := range fs {
			if !key[f.col.ID] {
				out.fields = append(out.fields, f)
			}
		}
	}
	add(lf)
	if n.Kind == logical.Semi || n.Kind == logical.Anti {
		return out, nil
	}
	add(rf)
	out.fields = append(out.fields, hidden...)
	if len(p.Exprs) > 0 {
		for _, c := range n.Columns() {
			p.Exprs = append(p.Exprs, logical.Named{Col: c, Expr: c})
		}
		out.plan = p
	}
	return out, nil
}

func (b *binder) usingColumn(fs []field, name, side string, j *ast.Join) (field, error) {
	for _, f := range fs { // the first of several, as in Spark
		if !f.hidden && b.same(f.name, name) {
			return f, nil
		}
	}
	var names []string
	for _, f := range fs {
		if !f.hidden {
			names = append(names, f.name)
		}
	}
	return field{}, sqlerr.New(sqlerr.UnresolvedUsing, "USING column `%s` cannot be resolved on the %s side of the join. The %s-side columns: [%s].",
		name, side, side, strings.Join(names, ", ")).At(j.Pos())
}

// isLateral reports whether a relation may use columns of what stands before it.
func isLateral(r ast.Relation) bool {
	switch r := r.(type) {
	case *ast.SubqueryRef:
		return r.Lateral
	case *ast.FuncRef:
		return r.Lateral
	case *ast.Sample:
		return isLateral(r.Input)
	case *ast.Parens:
		return isLateral(r.Input)
	}
	return false
}

// lateralJoin joins l with a relation that may use its columns.
func (b *binder) lateralJoin(j *ast.Join, l *relation, fr *frame, ctes *cteScope) (*relation, error) {
	switch j.Kind {
	case ast.JoinInner, ast.JoinLeft, ast.JoinCross, ast.JoinComma:
	default:
		return nil, sqlerr.New(sqlerr.InvalidLateralJoin, "The %s JOIN with LATERAL correlation is not allowed because an OUTER subquery cannot correlate to its join partner.", j.Kind).
			At(j.R.Pos()).WithHint("Remove the LATERAL correlation or use an INNER JOIN, or LEFT OUTER JOIN instead.")
	}
	outer := &scope{frame: fr, fields: l.fields, ctes: ctes}
	if f, ok := j.R.(*ast.FuncRef); ok && j.On == nil && !j.Natural && len(j.Using) == 0 {
		if def, outerRows := b.generatorDef(f.Func); def != nil {
			g, err := b.generator(&site{sc: outer, clause: "generator"}, f.Func, def, outerRows || j.Kind == ast.JoinLeft)
			if err != nil {
				return nil, err
			}
			return b.generated(l, g, f.Alias, f.Pos())
		}
	}
	own := &frame{parent: outer}
	var r *relation
	var err error
	if f, ok := j.R.(*ast.FuncRef); ok {
		r, err = b.tableFunction(f, outer, own, ctes)
	} else {
		r, err = b.relation(j.R, own, ctes)
	}
	if err != nil {
		return nil, err
	}
	mine := expr.ColumnIDs(l.plan.Columns())
	var corr []expr.ColID
	for _, id := range own.outer {
		if mine.Has(id) {
			corr = append(corr, id)
		}
	}
	return b.joined(j, l, r, fr, ctes, corr)
}

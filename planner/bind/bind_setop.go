package bind

import (
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// setOp binds a set operation. A chain of one kind of UNION is one node.
func (b *binder) setOp(s *ast.SetOp, fr *frame, ctes *cteScope) (*relation, error) {
	operands := []ast.Body{s.R}
	left := s.L
	for s.Kind == ast.Union && !s.ByName {
		l, ok := left.(*ast.SetOp)
		if !ok || l.Kind != s.Kind || l.All != s.All || l.ByName {
			break
		}
		operands = append(operands, l.R)
		left = l.L
	}
	operands = append(operands, left)
	rels := make([]*relation, len(operands))
	for i := range operands {
		body := operands[len(operands)-1-i]
		if err := b.enter(body.Pos()); err != nil {
			return nil, err
		}
		rel, err := b.body(body, fr, ctes)
		b.leave()
		if err != nil {
			return nil, err
		}
		rels[i] = b.narrow(rel)
	}
	if s.ByName {
		if err := b.matchNames(s, rels); err != nil {
			return nil, err
		}
	}
	return b.combine(s, rels)
}

// combine brings the columns of the operands to common types.
func (b *binder) combine(s *ast.SetOp, rels []*relation) (*relation, error) {
	first := rels[0]
	n := &logical.SetOp{Kind: logical.SetOpKind(s.Kind), All: s.All}
	ts := make([]types.Type, len(first.fields))
	null := make([]bool, len(first.fields))
	for i, f := range first.fields {
		ts[i], null[i] = f.col.T, f.col.Null
	}
	for k, r := range rels[1:] {
		if len(r.fields) != len(first.fields) {
			return nil, sqlerr.New(sqlerr.NumColumnsMismatch, "%s can only be performed on inputs with the same number of columns, but the first input has %d columns and the %s input has %d columns.",
				s.Kind, len(first.fields), nth(k+2), len(r.fields)).At(s.Pos())
		}
		for i, f := range r.fields {
			t, ok := coerce.Common(ts[i], f.col.T, b.ansi)
			if !ok {
				return nil, sqlerr.New(sqlerr.IncompatibleColumnType, "%s can only be performed on tables with compatible column types. The %s column of the %s table is %q type which is not compatible with %q at the same column of the first table.",
					s.Kind, nth(i+1), nth(k+2), f.col.T.SQL(), ts[i].SQL()).At(s.Pos())
			}
			ts[i] = t
			if s.Kind == ast.Union {
				null[i] = null[i] || f.col.Null
			}
		}
	}
	out := &relation{}
	for i, f := range first.fields {
		if !comparable(ts[i], true) && !(s.Kind == ast.Union && s.All) {
			return nil, sqlerr.New(sqlerr.UnsupportedSetType, "The feature is not supported: Cannot have MAP type columns in DataFrame which calls set operations (INTERSECT, EXCEPT, etc.), but the type of column `%s` is %q.", f.name, ts[i].SQL()).At(s.Pos())
		}
		c := b.newColumn(f.name, ts[i], null[i])
		n.Cols = append(n.Cols, c)
		out.fields = append(out.fields, field{col: c, name: f.name})
	}
	for _, r := range rels {
		n.Inputs = append(n.Inputs, b.castColumns(r, ts))
	}
	out.plan = n
	return out, nil
}

// castColumns converts the columns of a narrow relation to ts.
func (b *binder) castColumns(r *relation, ts []types.Type) logical.Node {
	p := &logical.Project{Input: r.plan}
	changed := false
	for i, f := range r.fields {
		x := b.implicit(f.col, ts[i])
		if x == expr.Expr(f.col) {
			p.Exprs = append(p.Exprs, logical.Named{Col: f.col, Expr: x})
			continue
		}
		changed = true
		p.Exprs = append(p.Exprs, logical.Named{Col: b.newColumn(f.name, ts[i], x.Nullable()), Expr: x})
	}
	if !changed {
		return r.plan
	}
	return p
}

// matchNames brings the columns of the operands into the order of the first
// one, by name. Columns that an operand lacks are NULL with AllowMissing.
func (b *binder) matchNames(s *ast.SetOp, rels []*relation) error {
	find := func(r *relation, name string) int {
		for i := range r.fields {
			if b.same(r.fields[i].name, name) {
				return i
			}
		}
		return -1
	}
	names := append([]field(nil), rels[0].fields...)
	for _, r := range rels[1:] {
		for _, f := range r.fields {
			if find(rels[0], f.name) >= 0 {
				continue
			}
			if !s.AllowMissing {
				return b.unresolved(&scope{fields: rels[0].fields}, []string{f.name}, s.Pos())
			}
			names = append(names, f)
		}
	}
	for k, r := range rels {
		p := &logical.Project{Input: r.plan}
		out := &relation{plan: p}
		for _, f := range names {
			i := find(r, f.name)
			if i >= 0 {
				f = r.fields[i]
				p.Exprs = append(p.Exprs, logical.Named{Col: f.col, Expr: f.col})
			} else {
				if !s.AllowMissing {
					return b.unresolved(&scope{fields: r.fields}, []string{f.name}, s.Pos())
				}
				f.col = b.newColumn(f.name, f.col.T, true)
				p.Exprs = append(p.Exprs, logical.Named{Col: f.col, Expr: expr.NullOf(f.col.T)})
			}
			out.fields = append(out.fields, f)
		}
		rels[k] = out
	}
	return nil
}

// nth is a number as messages count: first, second, third, 4th.
func nth(n int) string {
	switch n {
	case 1:
		return "first"
	case 2:
		return "second"
	case 3:
		return "third"
	}
	return itoa(n) + "th"
}

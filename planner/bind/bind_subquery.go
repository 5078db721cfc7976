package bind

import (
	"strings"

	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// subquery binds the query of a subquery expression at s.
func (b *binder) subquery(s *site, q *ast.Query) (*relation, *frame, error) {
	fr := &frame{parent: s.sc}
	rel, err := b.query(q, fr, s.sc.ctes)
	if err != nil {
		return nil, nil, err
	}
	return b.narrow(rel), fr, nil
}

// note records how Spark names a subquery: with the outer columns it uses.
func (b *binder) note(e ast.Expr, word string, s *site, fr *frame) {
	if len(fr.outer) == 0 {
		return
	}
	var names []string
	for _, id := range fr.outer {
		for sc := s.sc; sc != nil; {
			for _, f := range sc.fields {
				if f.col.ID == id {
					names = append(names, f.name)
				}
			}
			if sc.frame == nil {
				break
			}
			sc = sc.frame.parent
		}
	}
	b.texts[e] = word + "(" + strings.Join(names, ", ") + ")"
}

func (b *binder) scalarSubquery(s *site, e *ast.Subquery) (expr.Expr, error) {
	rel, fr, err := b.subquery(s, e.Query)
	if err != nil {
		return nil, err
	}
	if len(rel.fields) != 1 {
		return nil, sqlerr.New(sqlerr.ScalarSubqueryColumns, "Invalid subquery: Scalar subquery must return only one column, but got %d.", len(rel.fields)).At(e.Pos())
	}
	b.note(e, "scalarsubquery", s, fr)
	return &expr.ScalarSubquery{Plan: rel.plan, Outer: fr.outer, T: rel.fields[0].col.T, Pos: b.at(e.Pos())}, nil
}

func (b *binder) exists(s *site, e *ast.Exists) (expr.Expr, error) {
	rel, fr, err := b.subquery(s, e.Query)
	if err != nil {
		return nil, err
	}
	b.note(e, "exists", s, fr)
	return &expr.Exists{Plan: rel.plan, Outer: fr.outer}, nil
}

// inQuery binds x IN (query), x being a row for several columns.
func (b *binder) inQuery(s *site, e *ast.InQuery) (expr.Expr, error) {
	rel, fr, err := b.subquery(s, e.Query)
	if err != nil {
		return nil, err
	}
	var args []expr.Expr
	if row, ok := e.X.(*ast.Row); ok && (len(rel.fields) != 1 || rel.fields[0].col.T.Kind != types.Struct) {
		for _, it := range row.Items {
			x, err := b.expr(s, it.Expr)
			if err != nil {
				return nil, err
			}
			args = append(args, x)
		}
	} else {
		x, err := b.expr(s, e.X)
		if err != nil {
			return nil, err
		}
		args = []expr.Expr{x}
	}
	if len(args) != len(rel.fields) {
		return nil, sqlerr.New(sqlerr.InSubqueryLength, "Cannot resolve IN due to data type mismatch: The number of columns in the left hand side of an IN subquery does not match the number of columns in the output of subquery. Left hand side columns (length: %d), right hand side columns (length: %d).",
			len(args), len(rel.fields)).At(e.Pos())
	}
	ts := make([]types.Type, len(args))
	for i, a := range args {
		t, ok := coerce.Common(a.Type(), rel.fields[i].col.T, b.ansi)
		if !ok || !comparable(t, true) {
			return nil, sqlerr.New(sqlerr.InSubqueryTypes, "Cannot resolve IN due to data type mismatch: The data type of one or more elements in the left hand side of an IN subquery is not compatible with the data type of the output of the subquery: %q and %q.",
				a.Type().SQL(), rel.fields[i].col.T.SQL()).At(e.Pos())
		}
		ts[i], args[i] = t, b.implicit(a, t)
	}
	return &expr.InSubquery{Args: args, Plan: b.castColumns(rel, ts), Outer: fr.outer, Pos: b.at(e.Pos())}, nil
}

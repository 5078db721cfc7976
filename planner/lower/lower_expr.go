package lower

import (
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// rewriter replaces columns by references and keeps the first error.
type rewriter struct {
	find func(id expr.ColID) *expr.Ref // nil: not there
	err  error
}

// refs rewrites e for an input shaped like p.
func (p *plan) refs(e expr.Expr) (expr.Expr, error) {
	r := rewriter{find: func(id expr.ColID) *expr.Ref {
		if i := p.find(id); i >= 0 {
			return p.ref(i)
		}
		return nil
	}}
	out := r.rewrite(e)
	return out, r.err
}

// both rewrites e for the columns of l followed by those of r.
func both(l, r *plan, e expr.Expr) (expr.Expr, error) {
	w := rewriter{find: func(id expr.ColID) *expr.Ref {
		if i := l.find(id); i >= 0 {
			return l.ref(i)
		}
		if i := r.find(id); i >= 0 {
			ref := r.ref(i)
			ref.Index += len(l.cols)
			return ref
		}
		return nil
	}}
	out := w.rewrite(e)
	return out, w.err
}

func (r *rewriter) rewrite(e expr.Expr) expr.Expr {
	if e == nil {
		return nil
	}
	return tree.Map(e, func(e expr.Expr) expr.Expr {
		switch e := e.(type) {
		case *expr.Column:
			ref := r.find(e.ID)
			if ref == nil {
				r.fail(missing(e))
				return e
			}
			return ref
		case *expr.ScalarSubquery, *expr.Exists, *expr.InSubquery:
			r.fail(sqlerr.New(sqlerr.InternalError, "a subquery expression was not rewritten before lowering"))
		}
		return e
	})
}

func (r *rewriter) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// keys rewrites sort keys for the input p.
func (p *plan) keys(ks []expr.SortKey) ([]expr.SortKey, error) {
	out := make([]expr.SortKey, len(ks))
	for i, k := range ks {
		e, err := p.refs(k.Expr)
		if err != nil {
			return nil, err
		}
		out[i] = expr.SortKey{Expr: e, Desc: k.Desc, NullsFirst: k.NullsFirst}
	}
	return out, nil
}

func useKeys(s *expr.ColSet, ks []expr.SortKey) {
	for _, k := range ks {
		s.UsedColumns(k.Expr)
	}
}

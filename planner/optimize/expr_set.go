package optimize

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// exprSet holds expressions that differ. Conditions written by programs come
// in thousands, where comparing each with all would be the longest part of planning.
type exprSet struct {
	few    []expr.Expr // while there are few: comparing is cheaper than hashing
	byHash map[uint64][]expr.Expr
}

const fewExprs = 8

func setOf(es []expr.Expr) *exprSet {
	var s exprSet
	for _, e := range es {
		s.add(e)
	}
	return &s
}

// add reports whether e was not there.
func (s *exprSet) add(e expr.Expr) bool {
	if s.byHash == nil {
		if contains(s.few, e) {
			return false
		}
		if s.few = append(s.few, e); len(s.few) > fewExprs {
			s.byHash = make(map[uint64][]expr.Expr, 2*len(s.few))
			for _, x := range s.few {
				h := tree.Hash(x)
				s.byHash[h] = append(s.byHash[h], x)
			}
		}
		return true
	}
	h := tree.Hash(e)
	if contains(s.byHash[h], e) {
		return false
	}
	s.byHash[h] = append(s.byHash[h], e)
	return true
}

func (s *exprSet) has(e expr.Expr) bool {
	if s.byHash == nil {
		return contains(s.few, e)
	}
	return contains(s.byHash[tree.Hash(e)], e)
}

func contains(es []expr.Expr, e expr.Expr) bool {
	for _, x := range es {
		if tree.Equal(x, e) {
			return true
		}
	}
	return false
}

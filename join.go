package volley

import (
	"maps"
	"slices"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/ast"
)

var joinKinds = map[string]ast.JoinKind{
	"": ast.JoinInner, "inner": ast.JoinInner, "cross": ast.JoinCross, "outer": ast.JoinFull, "full": ast.JoinFull, "fullouter": ast.JoinFull,
	"left": ast.JoinLeft, "leftouter": ast.JoinLeft, "right": ast.JoinRight, "rightouter": ast.JoinRight,
	"semi": ast.JoinLeftSemi, "leftsemi": ast.JoinLeftSemi, "anti": ast.JoinLeftAnti, "leftanti": ast.JoinLeftAnti,
}

// Join joins with another DataFrame. on is a condition (a Column), the name or
// names of columns that both have (string, []string; each is then once in the
// result), or nil for all pairs. how is inner, left, right, full, semi, anti or
// cross, or another of Spark's words for them.
func (df *DataFrame) Join(other *DataFrame, on any, how string) *DataFrame {
	kind, known := joinKinds[strings.ReplaceAll(strings.ToLower(how), "_", "")]
	j := &ast.Join{Kind: kind}
	l, r := df.side(other.quals, false), other.side(nil, true)
	if slices.ContainsFunc(l.quals, func(q string) bool {
		return slices.ContainsFunc(r.quals, func(p string) bool { return strings.EqualFold(p, q) })
	}) {
		r = other.renamed(l.quals)
	}
	j.L, j.R = l.relation, r.relation
	out := df.s.of(&ast.Query{Body: &ast.Select{Items: star(), From: j}}, stageFrom)
	out.quals, out.named = append(slices.Clone(l.quals), r.quals...), df.named || other.named
	owners, ambiguous := merged(df, other, l.owners, r.owners)
	sc := &scope{owners: owners, ambiguous: ambiguous, err: cmpErr(df, other)}
	if !known {
		sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "Unsupported join type '%s'.", how).
			WithHint("Supported join types include: 'inner', 'outer', 'full', 'left', 'right', 'semi', 'anti', 'cross'."))
	}
	switch on := on.(type) {
	case nil:
		if kind == ast.JoinInner {
			j.Kind = ast.JoinCross
		}
	case string:
		j.Using = []string{on}
	case []string:
		j.Using = on
	case Column:
		j.On = on.expr(sc)
	default:
		sc.fail(sqlerr.New(sqlerr.InvalidParameterValue, "A join is on a Column or names of columns, not a %T.", on))
	}
	if kind == ast.JoinCross && on != nil { // as in PySpark, a condition makes it an inner join
		j.Kind = ast.JoinInner
	}
	out.owners, out.ambiguous = owners, ambiguous
	if kind == ast.JoinLeftSemi || kind == ast.JoinLeftAnti {
		out.owners, out.ambiguous, out.quals = maps.Clone(l.owners), df.ambiguous, l.quals
	}
	return out.done(sc, stageFrom)
}

// CrossJoin pairs every row with every row of other.
func (df *DataFrame) CrossJoin(other *DataFrame) *DataFrame { return df.Join(other, nil, "cross") }

// joinSide is a DataFrame as one side of a join.
type joinSide struct {
	relation ast.Relation
	owners   map[int64]string
	quals    []string
}

// side is df as it is where its columns have qualifiers of their own, else
// under a new name. A side stands in parentheses on the right of a join.
func (df *DataFrame) side(taken []string, right bool) joinSide {
	qualified := df.cover != "" || df.owners[df.id] == "" && len(df.owners) > 0 && df.isJoin()
	if !qualified && !df.named {
		return df.renamed(taken)
	}
	s := joinSide{owners: maps.Clone(df.owners), quals: df.quals}
	for id, q := range s.owners {
		if q == "" {
			s.owners[id] = df.cover
		}
	}
	s.relation = &ast.SubqueryRef{Query: df.q, Open: true}
	if df.stage == stageFrom && df.err == nil {
		s.relation = df.q.Body.(*ast.Select).From
		if _, join := s.relation.(*ast.Join); join && right {
			s.relation = &ast.Parens{Input: s.relation}
		}
	}
	return s
}

// isJoin reports whether df is a join whose columns all have a qualifier of a side.
func (df *DataFrame) isJoin() bool {
	sel, ok := df.q.Body.(*ast.Select)
	if !ok || df.stage > stageWhere {
		return false
	}
	_, ok = sel.From.(*ast.Join)
	return ok
}

func (df *DataFrame) renamed(taken []string) joinSide {
	name := df.fresh(taken)
	s := joinSide{relation: &ast.SubqueryRef{Query: df.q, Alias: &ast.Alias{Name: name}}, owners: map[int64]string{}, quals: []string{name}}
	if df.stage == stageFrom && df.err == nil {
		if t, ok := df.q.Body.(*ast.Select).From.(*ast.TableRef); ok && t.Alias == nil {
			copied := *t
			copied.Alias = &ast.Alias{Name: name}
			s.relation = &copied
		}
	}
	for id := range df.owners {
		s.owners[id] = name
	}
	return s
}

// merged are the owners of both sides. A DataFrame that both sides are made
// from is the side that it is itself, else it is ambiguous.
func merged(l, r *DataFrame, lo, ro map[int64]string) (map[int64]string, map[int64]bool) {
	owners, ambiguous := maps.Clone(lo), map[int64]bool{}
	maps.Copy(ambiguous, l.ambiguous)
	maps.Copy(ambiguous, r.ambiguous)
	for id, q := range ro {
		_, both := owners[id]
		switch {
		case !both, id == r.id && id != l.id:
			owners[id] = q
		case id != l.id || id == r.id:
			ambiguous[id] = true
		}
	}
	return owners, ambiguous
}

package session

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// maxWithin is how deep EXECUTE IMMEDIATE may run itself.
const maxWithin = 32

// executeImmediate runs EXECUTE IMMEDIATE: the statement that a text holds,
// with the rights and the state of the session. INTO keeps its only row in variables.
func (s *Session) executeImmediate(ctx context.Context, st *statement, n *ast.ExecuteImmediate) (*Result, error) {
	inner, err := s.immediate(ctx, st, n)
	if err != nil {
		return nil, err
	}
	if len(n.Into) == 0 {
		r, err := s.dispatch(ctx, inner)
		if err != nil {
			return nil, placed(err, inner.text)
		}
		return r.until(func() {}, inner.text), nil
	}
	q, ok := inner.st.(*ast.Query)
	if !ok {
		return nil, sqlerr.New(sqlerr.InvalidExecuteInto, "The INTO clause of EXECUTE IMMEDIATE is only valid for queries but the given statement is not a query: %s.", inner.text).At(n.Pos())
	}
	for i := range n.Into {
		for j := range i {
			if strings.EqualFold(n.Into[i].Last(), n.Into[j].Last()) {
				return nil, sqlerr.New(sqlerr.DuplicateAssignments, "The columns or variables %s appear more than once as assignment targets.", quote(n.Into[i].Parts)).At(n.Into[i].Pos())
			}
		}
	}
	r, err := s.query(ctx, inner, q)
	if err != nil {
		return nil, placed(err, inner.text)
	}
	values, err := oneRow(r, len(n.Into), n.Pos())
	if err != nil {
		return nil, err
	}
	return empty(), s.assign(ctx, st, n.Into, values)
}

// immediate is the statement that EXECUTE IMMEDIATE runs, with its parameters.
func (s *Session) immediate(ctx context.Context, st *statement, n *ast.ExecuteImmediate) (*statement, error) {
	if st.within >= maxWithin {
		return nil, sqlerr.New(sqlerr.StatementTooComplex, "EXECUTE IMMEDIATE runs itself more than %d times.", maxWithin).At(n.Pos())
	}
	l, err := s.scalar(ctx, st, n.Text)
	switch {
	case err != nil:
		return nil, err
	case l.T.Kind != types.String && l.T.Kind != types.Null:
		return nil, sqlerr.New(sqlerr.ImmediateNotText, "Expression type must be string type but got %q.", l.T.SQL()).At(n.Text.Pos())
	case l.Value == nil:
		return nil, sqlerr.New(sqlerr.ImmediateNull, "Execute immediate requires a non-null variable as the query string, but the provided expression is null.").At(n.Text.Pos())
	}
	inner := &statement{text: l.Value.(string), snap: st.snap, now: st.now, within: st.within + 1}
	if inner.st, err = planner.Parse(inner.text, inner.snap); err != nil {
		return nil, placed(err, inner.text)
	}
	return inner, s.bindArguments(ctx, st, n, inner)
}

// bindArguments computes what USING gives the parameters of the inner statement.
func (s *Session) bindArguments(ctx context.Context, st *statement, n *ast.ExecuteImmediate, inner *statement) error {
	places, names := false, false
	for _, p := range bind.Parameters(inner.st) {
		places, names = places || p.Name == "", names || p.Name != ""
	}
	if _, nested := inner.st.(*ast.ExecuteImmediate); places && names && !nested {
		return sqlerr.New(sqlerr.MixedParameters, "Parameterized query must either use positional, or named parameters, but not both.").At(n.Pos())
	}
	inner.params.Named = map[string]*expr.Literal{}
	for i := range n.Using {
		a := &n.Using[i]
		if hasQuery(a.Value) {
			return sqlerr.New(sqlerr.ParameterNotConstant, "A query parameter contains unsupported expression. Parameters can either be variables or literals, but not %s.", ast.ColumnName(a.Value, nil)).At(a.Pos())
		}
		v, err := bind.Scalar(ctx, s.env(st), a.Value)
		if err != nil {
			return err
		}
		if !names {
			inner.params.Positional = append(inner.params.Positional, v)
			continue
		}
		name := a.Name
		if c, ok := a.Value.(*ast.Column); ok && name == "" {
			name = c.Name.Last()
		}
		if name == "" {
			return sqlerr.New(sqlerr.ParametersUnnamed, "Using named parameterized queries requires all parameters to be named. Parameters missing names: %s.", ast.ColumnName(a.Value, nil)).At(a.Pos())
		}
		if _, twice := inner.params.Named[name]; twice {
			return sqlerr.New(sqlerr.DuplicateArgumentAliases, "The USING clause of this EXECUTE IMMEDIATE command contained multiple arguments with same alias (%s), which is invalid; please update the command to specify unique aliases and then try it again.", name).At(a.Pos())
		}
		inner.params.Named[name] = v
	}
	return nil
}

// hasQuery reports whether an expression holds a subquery.
func hasQuery(e ast.Expr) bool {
	found := false
	ast.Walk(e, func(n ast.Node) {
		if _, ok := n.(*ast.Query); ok {
			found = true
		}
	})
	return found
}

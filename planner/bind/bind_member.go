package bind

import (
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
)

// member binds is_member(role): whether the role is one of the session's user.
// Executors know of no roles, so the call becomes a comparison with their names.
func (b *binder) member(s *site, e *ast.Func, name string) (expr.Expr, bool, error) {
	if name != "is_member" && name != "is_account_group_member" || len(e.Args) != 1 || b.env.Roles == nil {
		return nil, false, nil
	}
	roles, err := b.env.Roles(b.ctx)
	if err != nil {
		return nil, true, err
	}
	b.unsteady = true // roles are given and taken
	in := &ast.In{X: ast.Call("lower", e.Args[0])}
	in.Span = e.Span
	for _, r := range roles {
		in.List = append(in.List, ast.Str(r))
	}
	if len(in.List) == 0 { // nobody's role, and NULL for NULL
		in.List = append(in.List, ast.Call("concat", in.X, ast.Str(" ")))
	}
	x, err := b.expr(s, in)
	return x, true, err
}

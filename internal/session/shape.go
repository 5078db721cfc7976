package session

import (
	"context"

	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// shape is what is known of a statement before it runs.
type shape struct {
	// schema is that of its rows; rows says that it gives some.
	schema types.Schema
	rows   bool
	// origins are the table columns that those of a query are, by place.
	origins []bind.Origin
	// changes says that it changes tables, views or the session.
	changes bool
}

func showing(s types.Schema) *shape { return &shape{schema: s, rows: true} }

// shapeOf binds a statement as far as can be done without running it. What it
// does not bind is judged when the statement runs.
func (s *Session) shapeOf(ctx context.Context, st *statement) (*shape, error) {
	switch n := st.st.(type) {
	case *ast.Query:
		p, err := bind.Query(ctx, s.env(st), n)
		if err != nil {
			return nil, err
		}
		return &shape{schema: p.Schema(), rows: true, origins: p.Origins()}, nil
	case *ast.Explain:
		if _, _, err := s.explained(ctx, st, s.env(st), n.Statement); err != nil {
			return nil, err
		}
		return showing(planSchema), nil
	case *ast.Show:
		return showing(showSchema(n)), nil
	case *ast.ShowGrants:
		return showing(grantsSchema), nil
	case *ast.ShowRoles:
		return showing(rolesSchema), nil
	case *ast.Describe:
		return showing(describeColumns(n)), nil
	case *ast.SetConf:
		if n.Key == "" || n.Value == nil {
			return showing(setSchema(n)), nil
		}
	case *ast.Insert:
		_, err := s.bindInsert(ctx, st, n)
		return &shape{changes: true}, err
	case *ast.InsertDirectory:
		_, err := bind.Query(ctx, s.env(st), n.Query)
		return &shape{changes: true}, err
	case *ast.CreateTable:
		if n.Query != nil {
			_, err := bind.Query(ctx, s.env(st), n.Query)
			return &shape{changes: true}, err
		}
	case *ast.ExecuteImmediate:
		if inner, err := s.immediate(ctx, st, n); err == nil && len(n.Into) == 0 {
			sh, err := s.shapeOf(ctx, inner)
			return sh, placed(err, inner.text)
		}
	case *ast.Delete, *ast.Update, *ast.Merge:
		return nil, unsupportedChange(n)
	}
	return &shape{changes: true}, nil
}

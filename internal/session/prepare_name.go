package session

import (
	"context"
	"slices"

	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// A statement whose tables or columns have names that parameters give, as
// SELECT * FROM IDENTIFIER(?), is bound once these have values:
//
//	Prepare ──► Prepared, names open ── Named(values) ──► Prepared, which has a schema
//
// Until then nothing is known of its rows, nor of the types of its parameters.

// unnamed is what of a statement is known whose names are not; nil if it needs no
// names to be prepared, since nothing of it is bound before it runs.
func unnamed(st ast.Statement, params []bind.Parameter) *shape {
	if len(nameParams(st, params)) == 0 {
		return nil
	}
	switch n := st.(type) {
	case *ast.Query:
		return &shape{rows: true}
	case *ast.Explain:
		return showing(planSchema)
	case *ast.Insert, *ast.InsertDirectory:
		return &shape{changes: true}
	case *ast.CreateTable:
		if n.Query != nil {
			return &shape{changes: true}
		}
	}
	return nil
}

// nameParams are the numbers of the parameters that names are made of, in order.
func nameParams(st ast.Statement, params []bind.Parameter) []int {
	var out []int
	m := bind.NewMarkers(params)
	ast.Walk(st, func(n ast.Node) {
		if n, ok := n.(*ast.Name); ok && n.Expr != nil {
			ast.Walk(n.Expr, func(e ast.Node) {
				if p, ok := e.(*ast.Param); ok {
					if i := m.Index(p); i >= 0 && !slices.Contains(out, i) {
						out = append(out, i)
					}
				}
			})
		}
	})
	slices.Sort(out)
	return out
}

// Unnamed are the parameters, by number, that must have values before more is
// known of the statement; none if all that can be known is.
func (p *Prepared) Unnamed() []int {
	if p.open {
		return p.names
	}
	return nil
}

// Named is the statement for the names that values give.
func (p *Prepared) Named(ctx context.Context, values []*expr.Literal) (*Prepared, error) {
	if !p.open {
		return p, nil
	}
	if err := p.arity(len(values)); err != nil {
		return nil, err
	}
	snap := p.s.Settings.Snapshot()
	st, err := planner.Parse(p.text, snap) // anew: names are put into it
	if err != nil {
		return nil, placed(err, p.text)
	}
	of := &statement{st: st, text: p.text, snap: snap, params: p.valuesOf(values)}
	ast.Walk(st, func(n ast.Node) {
		if n, ok := n.(*ast.Name); ok && n.Expr != nil && err == nil {
			if n.Parts, err = bind.NameOf(ctx, p.s.env(of), n); err == nil {
				n.Expr = nil
			}
		}
	})
	if err != nil {
		return nil, placed(err, p.text)
	}
	q := &Prepared{s: p.s, st: st, text: p.text, params: slices.Clone(p.params), names: p.names}
	for i := range q.params {
		if !slices.Contains(p.names, i) {
			q.params[i].Type = types.NullType
		}
		if slices.Contains(p.names, i) {
			q.given = append(q.given, values[i])
		}
	}
	if err := q.infer(ctx); err != nil {
		return nil, err
	}
	ts := make([]types.Type, len(values))
	for i, v := range values {
		ts[i] = v.T
		if slices.Contains(p.names, i) {
			ts[i] = types.NullType
		}
	}
	named, err := q.With(ctx, ts)
	if err != nil {
		return nil, err
	}
	named.names, named.given, named.of = q.names, q.given, p
	return named, nil
}

// valuesOf are values as the parameters of a statement.
func (p *Prepared) valuesOf(values []*expr.Literal) Params {
	var out Params
	for i, v := range values {
		if name := p.params[i].Name; name == "" {
			out.Positional = append(out.Positional, v)
		} else {
			if out.Named == nil {
				out.Named = map[string]*expr.Literal{}
			}
			out.Named[name] = v
		}
	}
	return out
}

// forNames is the statement for the names in values: itself, unless they are
// others than those it was bound for.
func (p *Prepared) forNames(ctx context.Context, values []*expr.Literal) (*Prepared, error) {
	if p.open {
		return p.Named(ctx, values)
	}
	for i, g := range p.given {
		if v := values[p.names[i]]; v.Value != g.Value {
			if p.shape.rows && !p.shape.changes {
				return nil, sqlerr.New(sqlerr.StatementOutdated, "The names that the statement is given are not those it was bound for: %v, not %v.", v.Value, g.Value)
			}
			return p.of.Named(ctx, values)
		}
	}
	return p, nil
}

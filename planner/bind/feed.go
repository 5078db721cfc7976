package bind

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/logical"
)

// feed is a relation of rows that somebody hands to whoever runs the plan.
func (b *binder) feed(name string, slot int, cols types.Schema) *relation {
	n := &logical.Feed{Name: name, Slot: int32(slot)}
	for _, f := range cols {
		n.Cols = append(n.Cols, b.newColumn(f.Name, f.Type, f.Nullable))
	}
	return &relation{plan: n, fields: columnsOf(n)}
}

// Feed is the plan of the rows under slot 0, as they are.
func Feed(ctx context.Context, env *Env, name string, cols types.Schema) *Plan {
	b := newBinder(ctx, env)
	return b.finish(b.feed(name, 0, cols))
}

// InsertFeed is Insert of the rows under slot 0. Their columns go to those of
// their names if all of them are names of the target's, else to the target's by place.
func InsertFeed(ctx context.Context, env *Env, name string, cols types.Schema, t *Target) (*Plan, error) {
	b := newBinder(ctx, env)
	to := *t
	to.ByName = true
	seen := map[string]bool{}
	for _, f := range cols {
		k := strings.ToLower(f.Name)
		to.ByName = to.ByName && t.Schema.Index(f.Name) >= 0 && !seen[k]
		seen[k] = true
	}
	p, _, err := b.insert(b.feed(name, 0, cols), &to)
	return p, err
}

// Batch says that the markers of a statement are columns of rows that somebody
// hands over: INSERT … VALUES with them writes as many rows as there are. Each
// row of VALUES reads them once, under the slot of its number.
type Batch struct {
	Params []Parameter
	// Cols are the columns of the rows, and Place[i] is that of parameter i; nil: in order.
	Cols  types.Schema
	Place []int
	// Rows are the rows themselves, for a SELECT: its block may be computed anywhere, where nobody hands over rows.
	Rows [][]expr.Expr
}

// Index is the number of a marker's parameter.
func (m *Batch) index(e *ast.Param) int { return (&Markers{params: m.Params}).Index(e) }

// BatchRows is how often a statement reads a Batch, 0 if it cannot: it must be
// an INSERT of VALUES, with all markers among the values and outside of subqueries.
func BatchRows(st ast.Statement) int {
	n, ok := st.(*ast.Insert)
	if !ok || len(n.With)+len(n.Query.With)+len(n.Query.OrderBy) > 0 || n.Query.Limit != nil || n.Query.Offset != nil || n.Query.OrderAll != nil {
		return 0
	}
	v, ok := n.Query.Body.(*ast.Values)
	if !ok {
		return 0
	}
	all, inside := 0, 0
	ast.Walk(st, func(n ast.Node) {
		if _, ok := n.(*ast.Param); ok {
			all++
		}
	})
	flat := true
	ast.Walk(v, func(n ast.Node) {
		switch n.(type) {
		case *ast.Param:
			inside++
		case *ast.Query:
			flat = false
		}
	})
	if !flat || all == 0 || all != inside {
		return 0
	}
	return len(v.Rows)
}

// batchValues binds VALUES over a Batch: each row is computed for every row of the batch.
func (b *binder) batchValues(v *ast.Values, at *site) (*relation, error) {
	var rels []*relation
	ts := make([]types.Type, len(v.Rows[0]))
	null := make([]bool, len(ts))
	for r, row := range v.Rows {
		if len(row) != len(ts) {
			return nil, sqlerr.New(sqlerr.InlineTableColumns, "Invalid inline table: expected %d columns but found %d columns in row %d.", len(ts), len(row), r).At(row[0].Pos())
		}
		in := b.feed("parameters", r, b.env.Batch.Cols)
		b.batch = in.fields
		p := &logical.Project{Input: in.plan}
		for j, e := range row {
			x, err := b.expr(at, e)
			if err != nil {
				return nil, err
			}
			t, ok := coerce.Common(ts[j], x.Type(), b.ansi)
			if !ok {
				return nil, sqlerr.New(sqlerr.InlineTableTypes, "Invalid inline table: found incompatible types in the column `col%d`: %q and %q.", j+1, ts[j].SQL(), x.Type().SQL()).At(e.Pos())
			}
			ts[j], null[j] = t, null[j] || x.Nullable()
			p.Exprs = append(p.Exprs, logical.Named{Col: b.newColumn("col"+itoa(j+1), x.Type(), x.Nullable()), Expr: x})
		}
		b.batch = nil
		rels = append(rels, &relation{plan: p, fields: columnsOf(p)})
	}
	if len(rels) == 1 {
		return rels[0], nil
	}
	n := &logical.SetOp{Kind: logical.Union, All: true}
	for j, t := range ts {
		n.Cols = append(n.Cols, b.newColumn("col"+itoa(j+1), t, null[j]))
	}
	for _, r := range rels {
		n.Inputs = append(n.Inputs, b.castColumns(r, ts))
	}
	return &relation{plan: n, fields: columnsOf(n)}, nil
}

// batchParam is the column of the batch that a marker stands for.
func (b *binder) batchParam(e *ast.Param) (expr.Expr, error) {
	m := b.env.Batch
	i := m.index(e)
	at := i
	if i >= 0 && m.Place != nil {
		at = m.Place[i]
	}
	if i < 0 || at >= len(b.batch) {
		return nil, sqlerr.New(sqlerr.InternalError, "a marker of a batch stands outside of VALUES").At(e.Pos())
	}
	c := b.batch[at].col
	return b.implicit(&expr.Column{ID: c.ID, Name: c.Name, T: c.T, Null: true, Pos: b.at(e.Pos())}, m.Params[i].Type), nil
}

package session

import (
	"context"
	"fmt"
	"strings"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/logical"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// query plans and starts a query.
func (s *Session) query(ctx context.Context, st *statement, q *ast.Query) (*Result, error) {
	env := s.env(st)
	b, err := bind.Query(ctx, env, q)
	if err != nil {
		return nil, err
	}
	p, run, err := s.start(ctx, st, env, b, false)
	if err != nil {
		return nil, err
	}
	schema := b.Schema()
	for i, f := range p.Physical.Schema() { // what a plan knows not to be NULL it learnt while optimizing
		schema[i].Nullable = schema[i].Nullable && f.Nullable
	}
	return &Result{Schema: schema, Rows: run.Rows, Parts: run.Parts, Query: true, Progress: run.Progress}, nil
}

// start plans a bound query and starts it.
func (s *Session) start(ctx context.Context, st *statement, env *bind.Env, b *bind.Plan, meter bool) (*planner.Plan, *Running, error) {
	if s.cfg.Runner == nil {
		return nil, nil, noRunner()
	}
	p, err := planner.Bound(ctx, env, b, s.cfg.Runner.Partitions(st.snap))
	if err != nil {
		return nil, nil, b.Places.Locate(err)
	}
	run, err := s.cfg.Runner.Run(ctx, Job{Plan: p.Physical, Settings: st.snap, Context: env.Context, Text: st.text, Meter: meter, Feeds: st.feeds})
	if err != nil {
		return nil, nil, b.Places.Locate(err)
	}
	run.located(b.Places, b.Guarded)
	return p, run, nil
}

// located gives errors among the rows of a plan their places. Those that have
// none may name what a guarded plan reads, and figures may tell how much of it there is.
func (run *Running) located(places sqlerr.Places, guarded bool) {
	place := func(err error) error {
		if e := sqlerr.As(err); guarded && e != nil && e.Pos == sqlerr.NoPos {
			err = sqlerr.Conceal(err, "")
		}
		return places.Locate(err)
	}
	rows := run.Rows
	run.Rows = func(yield func(*vec.Batch, error) bool) {
		rows(func(b *vec.Batch, err error) bool { return yield(b, place(err)) })
	}
	run.Parts = run.Parts.mapped(place, func() {})
	if guarded {
		run.Progress = coarse(run.Progress)
	}
}

func noRunner() error {
	return sqlerr.New(sqlerr.InternalError, "the session has nobody to run queries")
}

// explain shows the plans of a statement.
func (s *Session) explain(ctx context.Context, st *statement, e *ast.Explain) (*Result, error) {
	text, err := s.explanation(ctx, st, e)
	if err != nil {
		return nil, err
	}
	return table(planSchema, row(strings.TrimRight(text, "\n"))), nil
}

// planSchema is what EXPLAIN gives.
var planSchema = types.Schema{{Name: "plan", Type: types.StringType}}

func (s *Session) explanation(ctx context.Context, st *statement, e *ast.Explain) (string, error) {
	env := s.env(st)
	b, what, err := s.explained(ctx, st, env, e.Statement)
	if err != nil || b == nil {
		return what, err
	}
	if e.Mode == ast.ExplainLogical && !b.Guarded {
		return logical.Format(b.Root()), nil
	}
	partitions := 1
	if s.cfg.Runner != nil {
		partitions = s.cfg.Runner.Partitions(st.snap)
	}
	p, err := planner.Bound(ctx, env, b, partitions)
	if err != nil {
		return "", b.Places.Locate(err)
	}
	if b.Guarded {
		return s.guardedPlan(ctx, st, env, e, p)
	}
	switch e.Mode {
	case ast.ExplainOptimized:
		return logical.Format(p.Optimized), nil
	case ast.ExplainExtended, ast.ExplainCost:
		return "== Logical plan ==\n" + logical.Format(b.Root()) + "\n== Optimized plan ==\n" + logical.Format(p.Optimized) +
			"\n== Physical plan ==\n" + what + physical.Format(p.Physical, nil), nil
	case ast.ExplainStages:
		job, err := stage.Cut("explain", p.Physical, stage.Options{Tasks: partitions, Settings: st.snap.Map()})
		if err != nil {
			return "", err
		}
		return what + stage.Format(job), nil
	case ast.ExplainAnalyze:
		return s.analyzed(ctx, st, env, b)
	}
	return "== Physical plan ==\n" + what + physical.Format(p.Physical, nil), nil
}

// explained binds the query inside a statement. For a command without one, b
// is nil and what describes it.
func (s *Session) explained(ctx context.Context, st *statement, env *bind.Env, in ast.Statement) (b *bind.Plan, what string, err error) {
	var q *ast.Query
	switch n := in.(type) {
	case *ast.Query:
		q = n
	case *ast.Insert:
		q, what = n.Query, "Insert into "+quote(n.Table.Parts)+"\n"
		if len(n.With) > 0 {
			q = withCTEs(n.With, q)
		}
	case *ast.InsertDirectory:
		q, what = n.Query, "Insert into directory "+n.Path+"\n"
	case *ast.CreateTable:
		q, what = n.Query, "Create table "+quote(n.Name.Parts)+"\n"
	case *ast.CreateView:
		q, what = n.Query, "Create view "+quote(n.Name.Parts)+"\n"
	case *ast.Cache:
		q, what = n.Query, "Cache table "+quote(n.Table.Parts)+"\n"
	case *ast.Explain:
		return nil, "", sqlerr.New(sqlerr.ParseSyntaxError, "EXPLAIN cannot be explained.").At(n.Pos())
	}
	if q == nil {
		return nil, "== Physical plan ==\nExecute " + strings.TrimPrefix(fmt.Sprintf("%T", in), "*ast.") + "\n", nil
	}
	b, err = bind.Query(ctx, env, q)
	return b, what, err
}

// analyzed runs a query and shows its plan with what every node did.
func (s *Session) analyzed(ctx context.Context, st *statement, env *bind.Env, b *bind.Plan) (string, error) {
	p, run, err := s.start(ctx, st, env, b, true)
	if err != nil {
		return "", err
	}
	rows, err := drain(run.Rows)
	if err != nil {
		return "", err
	}
	return "== Physical plan, as it ran ==\n" + physical.Format(p.Physical, run.Note) + fmt.Sprintf("Result: %d rows\n", rows), nil
}

// drain reads a stream to its end and counts its rows.
func drain(in vec.Stream) (int, error) {
	rows := 0
	for batch, err := range in {
		if err != nil {
			return 0, err
		}
		rows += batch.Rows()
	}
	return rows, nil
}

// withCTEs puts the WITH of INSERT over its query.
func withCTEs(with []ast.CTE, q *ast.Query) *ast.Query {
	c := *q
	c.With = append(append([]ast.CTE(nil), with...), q.With...)
	return &c
}

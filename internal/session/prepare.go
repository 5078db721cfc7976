package session

import (
	"context"
	"slices"
	"sync"

	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Prepared is a statement that was parsed and bound without values for its
// parameters. It is safe for concurrent use. What it says of itself does not
// change; names are looked up again whenever it runs.
type Prepared struct {
	s      *Session
	st     ast.Statement
	text   string
	params []bind.Parameter
	shape  *shape
	// batches says that RunBatch takes the statement.
	batches bool
	// names are the parameters that names are made of, open says that they have no
	// values yet; given are those they have, and of is the statement without them.
	names []int
	open  bool
	given []*expr.Literal
	of    *Prepared

	mu   sync.Mutex
	plan *reusable
}

// reusable is a plan with what it depends on.
type reusable struct {
	plan       physical.Node
	places     sqlerr.Places
	guarded    bool
	asked      *asked
	snap       *settings.Snapshot
	catalog    string
	database   string
	partitions int
	names      *lookups
}

// Prepare parses a statement and binds it. The types of parameters are those
// that the places they stand at ask for; STRING where nothing does.
func (s *Session) Prepare(ctx context.Context, sql string) (*Prepared, error) {
	snap := s.Settings.Snapshot()
	text := substitute(sql, snap)
	st, err := planner.Parse(text, snap)
	if err != nil {
		return nil, placed(err, text)
	}
	p := &Prepared{s: s, st: st, text: text, params: bind.Parameters(st)}
	if p.shape = unnamed(st, p.params); p.shape != nil {
		p.open, p.names = true, nameParams(st, p.params)
		for i := range p.params {
			p.params[i].Type = types.StringType
		}
		return p, nil
	}
	if err := p.infer(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// infer binds the statement and finds the types of those parameters that are VOID.
func (p *Prepared) infer(ctx context.Context) (err error) {
	m := bind.NewMarkers(p.params)
	if p.shape, err = p.bound(ctx, m); err != nil {
		return err
	}
	if len(p.params) == 0 {
		return nil
	}
	p.params = append([]bind.Parameter(nil), m.Parameters()...)
	for i := range p.params {
		if p.params[i].Type.Kind == types.Null {
			p.params[i].Type = types.StringType
		}
	}
	// The second time with types, so that what the rows are made of has types,
	// too. A NULL of no type fits where a STRING does not: then the rows stay as they are.
	if typed, err := p.bound(ctx, bind.NewMarkers(p.params)); err == nil {
		p.shape = typed
	}
	p.batches = p.takesBatches(ctx)
	return nil
}

// bound binds the statement with markers for its parameters.
func (p *Prepared) bound(ctx context.Context, m *bind.Markers) (*shape, error) {
	st := &statement{st: p.st, text: p.text, markers: m, snap: p.s.Settings.Snapshot()}
	sh, err := p.s.shapeOf(st.zoned(ctx), st)
	return sh, placed(err, p.text)
}

// With is the statement for values of other types, by place. Where it does not
// take them, values are converted to the types it wants. VOID leaves a type as it is.
func (p *Prepared) With(ctx context.Context, ts []types.Type) (*Prepared, error) {
	if err := p.arity(len(ts)); err != nil || p.open {
		return p, err
	}
	params := append([]bind.Parameter(nil), p.params...)
	same := true
	for i, t := range ts {
		if t.Kind != types.Null && !t.SameShape(params[i].Type) {
			params[i].Type, same = t, false
		}
	}
	if same {
		return p, nil
	}
	q := &Prepared{s: p.s, st: p.st, text: p.text, params: params}
	var err error
	if q.shape, err = p.bound(ctx, bind.NewMarkers(params)); err == nil {
		q.batches = q.takesBatches(ctx)
		return q, nil
	}
	if _, again := p.bound(ctx, bind.NewMarkers(p.params)); again != nil {
		return nil, err
	}
	return p, nil
}

func (p *Prepared) arity(n int) error {
	if n != len(p.params) {
		return sqlerr.New(sqlerr.UnboundParameter, "The statement has %d parameters, but %d values were given.", len(p.params), n)
	}
	return nil
}

// Params are the parameters: those by place, then those by name.
func (p *Prepared) Params() []bind.Parameter { return p.params }

// Schema describes the rows; ok is false if the statement gives none.
func (p *Prepared) Schema() (s types.Schema, ok bool) { return p.shape.schema, p.shape.rows }

// Origins tells which columns of tables those of the rows are; nil if nothing is known.
func (p *Prepared) Origins() []bind.Origin { return p.shape.origins }

// Changes reports whether running the statement changes tables, views or the session.
func (p *Prepared) Changes() bool { return p.shape.changes }

// Unordered reports whether the statement is a query that asks for no order of its rows.
func (p *Prepared) Unordered() bool {
	q, ok := p.st.(*ast.Query)
	return ok && len(q.OrderBy) == 0 && q.OrderAll == nil && len(q.SortBy) == 0 && len(q.ClusterBy) == 0
}

// Spreads reports whether the statement is a query whose work executors share,
// so that its rows may come in Parts.
func (p *Prepared) Spreads() bool {
	_, ok := p.st.(*ast.Query)
	r := p.s.cfg.Runner
	return ok && r != nil && r.Partitions(p.s.Settings.Snapshot()) > 1
}

// Text is the statement.
func (p *Prepared) Text() string { return p.text }

// Run runs the statement with a value for every parameter. The rows have the
// columns that Schema says, of types of the same shape.
func (p *Prepared) Run(ctx context.Context, values []*expr.Literal) (*Result, error) {
	ctx, leave, err := p.s.enter(ctx)
	if err != nil {
		return nil, err
	}
	r, err := p.run(ctx, values)
	if err != nil {
		leave()
		return nil, placed(err, p.text)
	}
	return r.until(leave, p.text), nil
}

func (p *Prepared) run(ctx context.Context, values []*expr.Literal) (*Result, error) {
	if err := p.arity(len(values)); err != nil {
		return nil, err
	}
	p, err := p.forNames(ctx, values)
	if err != nil {
		return nil, err
	}
	st := &statement{st: p.st, text: p.text, snap: p.s.Settings.Snapshot()}
	ctx = st.zoned(ctx)
	env := p.s.env(st)
	cast := append([]*expr.Literal(nil), values...)
	for i, v := range cast {
		if !v.T.SameShape(p.params[i].Type) {
			if cast[i], err = bind.Cast(ctx, env, v, p.params[i].Type); err != nil {
				return nil, err
			}
		}
	}
	st.params = p.valuesOf(cast)
	if q, ok := p.st.(*ast.Query); ok {
		return p.query(ctx, st, env, q)
	}
	r, err := p.s.execute(ctx, st)
	if err == nil {
		r = p.s.watch(ctx, r, st.asked)
	}
	if _, ok := p.st.(*ast.ExecuteImmediate); ok && err == nil {
		return p.same(r)
	}
	return r, err
}

// same is r if it has the columns that were promised. The text that EXECUTE
// IMMEDIATE runs may be another one by now.
func (p *Prepared) same(r *Result) (*Result, error) {
	if slices.EqualFunc(r.Schema, p.shape.schema, func(a, b types.Field) bool { return a.Name == b.Name && a.Type.SameShape(b.Type) }) {
		return r, nil
	}
	if r.Rows != nil {
		for range r.Rows {
			break
		}
	}
	return nil, outdated("they have other columns")
}

// query runs a query. Its plan is kept if nothing in it was given by
// parameters or by the moment.
func (p *Prepared) query(ctx context.Context, st *statement, env *bind.Env, q *ast.Query) (*Result, error) {
	s := p.s
	if s.cfg.Runner == nil {
		return nil, noRunner()
	}
	parts := s.cfg.Runner.Partitions(st.snap)
	cat, db := env.Context.Catalog, env.Context.Database
	env.Params = st.params
	p.mu.Lock()
	old := p.plan
	p.mu.Unlock()
	if old != nil && old.snap == st.snap && old.partitions == parts && old.catalog == cat && old.database == db && old.names.hold(ctx) {
		return p.started(ctx, st, env, old.plan, old.places, old.guarded, old.asked)
	}
	names := &lookups{}
	env.Resolver = &watched{env.Resolver, names}
	b, err := bind.Query(ctx, env, q)
	if err != nil {
		return nil, err
	}
	if err := p.check(b.Schema()); err != nil {
		return nil, err
	}
	b = b.As(p.shape.schema)
	plan, err := planner.Bound(ctx, env, b, parts)
	if err != nil {
		return nil, b.Places.Locate(err)
	}
	if len(p.params) == 0 && !b.Unsteady && !names.loose {
		p.mu.Lock()
		p.plan = &reusable{plan: plan.Physical, places: b.Places, guarded: b.Guarded, asked: st.asked, snap: st.snap, catalog: cat, database: db, partitions: parts, names: names}
		p.mu.Unlock()
	}
	return p.started(ctx, st, env, plan.Physical, b.Places, b.Guarded, st.asked)
}

func (p *Prepared) started(ctx context.Context, st *statement, env *bind.Env, plan physical.Node, places sqlerr.Places, guarded bool, a *asked) (*Result, error) {
	run, err := p.s.cfg.Runner.Run(ctx, Job{Plan: plan, Settings: st.snap, Context: env.Context, Text: st.text})
	if err != nil {
		return nil, places.Locate(err)
	}
	run.located(places, guarded)
	return p.s.watch(ctx, &Result{Schema: p.shape.schema, Rows: run.Rows, Brief: run.Brief, Parts: run.Parts, Query: true, Settings: st.snap, Progress: run.Progress}, a), nil
}

// check compares the columns a statement has now with those it had when it was
// prepared, by which a client reads its rows.
func (p *Prepared) check(now types.Schema) error {
	was := p.shape.schema
	if len(now) != len(was) {
		return outdated("it has %d columns, not %d", len(now), len(was))
	}
	for i, f := range now {
		switch {
		// Names of what is computed may tell values of parameters, or the time zone.
		case f.Name != was[i].Name && p.shape.origins[i].Table != nil:
			return outdated("column %d is `%s`, not `%s`", i+1, f.Name, was[i].Name)
		case !f.Type.SameShape(was[i].Type) && (len(p.params) == 0 || !coerce.CanUpCast(f.Type, was[i].Type)):
			return outdated("column `%s` is of type %q, not %q", was[i].Name, f.Type.SQL(), was[i].Type.SQL())
		case f.Nullable && !was[i].Nullable:
			return outdated("column `%s` may be NULL", was[i].Name)
		}
	}
	return nil
}

func outdated(format string, args ...any) error {
	return sqlerr.New(sqlerr.StatementOutdated, "The rows of the statement are not what they were when it was prepared: "+format+".", args...).
		WithHint("Prepare it again.")
}

package serve

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/exec/vec/records"
	"github.com/volley-sql/volley/flight/sql"
	engine "github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// statement is a prepared statement.
type statement struct {
	p      *engine.Prepared
	schema *arrow.Schema // nil: no rows
	cols   types.Schema
	params *arrow.Schema
	// place is the column of bound records that holds each parameter; nil: in order.
	place []int
}

var _ sql.Statement = (*statement)(nil)

// newStatement is a statement, and a sql.Batcher if it can be one.
func newStatement(p *engine.Prepared, place []int) sql.Statement {
	s := &statement{p: p, place: place, params: paramSchema(p.Params())}
	// Clients of old take a statement for an update by its having no columns, so
	// what changes something gives none.
	if cols, ok := p.Schema(); ok && !p.Changes() {
		s.cols, s.schema = cols, arrowSchema(cols, p.Origins())
	}
	switch {
	case len(p.Unnamed()) > 0:
		return &unnamed{s}
	case p.TakesBatches():
		return &batcher{s}
	}
	return s
}

// unnamed is a statement whose names are among its parameters.
type unnamed struct{ *statement }

var _ sql.Unnamed = (*unnamed)(nil)

// Name implements sql.Unnamed. Where rows have different names the statement
// stays as it is, and has them looked up row by row.
func (s *unnamed) Name(ctx context.Context, params []arrow.RecordBatch) (sql.Statement, error) {
	params = slices.DeleteFunc(slices.Clone(params), func(r arrow.RecordBatch) bool { return r.NumRows() == 0 })
	if len(params) == 0 {
		return s, nil
	}
	for _, i := range s.p.Unnamed() {
		if s.place != nil {
			i = s.place[i]
		}
		for _, rec := range params {
			for row := range int(rec.NumRows()) {
				if rec.Column(i).ValueStr(row) == params[0].Column(i).ValueStr(0) {
					continue
				}
				if s.Changes() {
					return s, nil
				}
				return nil, sqlerr.New(sqlerr.StatementOutdated, "The rows of values give different names to what the query reads, so its rows have no common columns.")
			}
		}
	}
	return s.named(ctx, params[0], 0)
}

func (s *unnamed) named(ctx context.Context, params arrow.RecordBatch, row int) (sql.Statement, error) {
	values, err := s.values(params, row)
	if err != nil {
		return nil, err
	}
	p, err := s.p.Named(ctx, values)
	if err != nil {
		return nil, err
	}
	return newStatement(p, s.place), nil
}

// Run implements sql.Statement.
func (s *unnamed) Run(ctx context.Context, params arrow.RecordBatch, row int) (*sql.Result, error) {
	named, err := s.named(ctx, params, row)
	if err != nil {
		return nil, err
	}
	res, err := named.Run(ctx, params, row)
	if err == nil {
		res.Schema = named.Schema()
	}
	return res, err
}

// batcher is an INSERT that takes many rows of parameters at once.
type batcher struct{ *statement }

var _ sql.Batcher = (*batcher)(nil)

// RunBatch implements sql.Batcher.
func (s *batcher) RunBatch(ctx context.Context, params []arrow.RecordBatch) (*sql.Result, error) {
	params = slices.DeleteFunc(slices.Clone(params), func(r arrow.RecordBatch) bool { return r.NumRows() == 0 })
	if len(params) == 0 {
		return &sql.Result{Rows: func(func(arrow.RecordBatch, error) bool) {}}, nil
	}
	r, err := s.p.RunBatch(ctx, params, s.place)
	if err != nil {
		return nil, err
	}
	return s.result(func() {}, r, time.Now()), nil
}

// paramSchema describes parameters; those without name are numbered from 1.
func paramSchema(ps []bind.Parameter) *arrow.Schema {
	s := make(types.Schema, len(ps))
	for i, p := range ps {
		s[i] = types.Field{Name: p.Name, Type: p.Type, Nullable: true}
		if p.Name == "" {
			s[i].Name = strconv.Itoa(i + 1)
		}
	}
	return arrowSchema(s, nil)
}

// Schema implements sql.Statement.
func (s *statement) Schema() *arrow.Schema { return s.schema }

// Params implements sql.Statement.
func (s *statement) Params() *arrow.Schema { return s.params }

// Changes implements sql.Statement.
func (s *statement) Changes() bool { return s.p.Changes() }

// Unordered implements sql.Unordered.
func (s *statement) Unordered() bool { return s.p.Unordered() }

// Spreads implements sql.Spread.
func (s *statement) Spreads() bool { return s.schema != nil && s.p.Spreads() }

// With implements sql.Statement.
func (s *statement) With(ctx context.Context, params *arrow.Schema) (sql.Statement, error) {
	bound, err := arrowvec.FromSchema(params)
	if err != nil {
		return nil, err
	}
	place := match(s.p.Params(), params)
	if len(bound) != len(s.p.Params()) {
		return nil, sqlerr.New(sqlerr.UnboundParameter, "The statement has %d parameters, but %d values were bound.", len(s.p.Params()), len(bound))
	}
	ts := make([]types.Type, len(bound))
	for i := range ts {
		at := i
		if place != nil {
			at = place[i]
		}
		ts[i] = bound[at].Type
	}
	p, err := s.p.With(ctx, ts)
	if err != nil {
		return nil, err
	}
	return newStatement(p, place), nil
}

// match finds the column of each parameter by its name, if all have one and all
// are there; nil says that they are in order.
func match(ps []bind.Parameter, bound *arrow.Schema) []int {
	place := make([]int, len(ps))
	for i, p := range ps {
		found := -1
		for k, f := range bound.Fields() {
			if p.Name != "" && strings.TrimPrefix(f.Name, ":") == p.Name {
				found = k
			}
		}
		if found < 0 {
			return nil
		}
		place[i] = found
	}
	return place
}

// Run implements sql.Statement.
func (s *statement) Run(ctx context.Context, params arrow.RecordBatch, row int) (*sql.Result, error) {
	values, err := s.values(params, row)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	ctx, stop := context.WithCancel(ctx)
	r, err := s.p.Run(ctx, values)
	if err != nil {
		stop()
		return nil, err
	}
	return s.result(stop, r, start), nil
}

// values are the parameters in a row of a record.
func (s *statement) values(params arrow.RecordBatch, row int) ([]*expr.Literal, error) {
	n := len(s.p.Params())
	if n == 0 {
		return nil, nil
	}
	if params == nil || int(params.NumCols()) != n {
		return nil, sqlerr.New(sqlerr.UnboundParameter, "The statement has %d parameters, which have no values.", n)
	}
	one := params.NewSlice(int64(row), int64(row)+1)
	defer one.Release()
	out := make([]*expr.Literal, n)
	for b, err := range (&arrowvec.Decoder{Cols: s.place}).Batches(one, 1) {
		if err != nil {
			return nil, err
		}
		for i, c := range b.Cols {
			out[i] = &expr.Literal{Value: types.Own(c.Get(0)), T: c.Type}
		}
	}
	return out, nil
}

// result turns what a statement gives into what clients read.
func (s *statement) result(stop func(), r *engine.Result, start time.Time) *sql.Result {
	out := &sql.Result{Affected: -1}
	switch {
	case r.Written != nil:
		out.Affected = r.Written.Rows
	case s.Changes():
		out.Affected = 0
	}
	switch {
	case s.schema == nil:
		out.Rows = drained(stop, r)
	case r.Brief:
		out.Brief, out.Rows = true, records.Few(stop, s.schema, s.cols, r.Rows)
	default:
		out.Rows = records.Of(stop, s.schema, s.cols, r.Rows)
		out.Parts = s.parts(stop, r.Parts)
	}
	out.Still = r.Still
	if tell := r.Progress; tell != nil {
		out.Progress = func() sql.Progress { return progress(tell(), time.Since(start)) }
	}
	return out
}

// parts are the partitions of a result as records.
func (s *statement) parts(stop func(), p *engine.Parts) *sql.Parts {
	if p == nil {
		return nil
	}
	out := &sql.Parts{
		N: p.N, Ordered: p.Ordered, Ready: p.Ready,
		Open: func(ctx context.Context, i int) iter.Seq2[arrow.RecordBatch, error] {
			ctx, end := context.WithCancel(ctx)
			return records.Of(end, s.schema, s.cols, p.Open(ctx, i))
		},
		Close: func() {
			p.Close()
			stop()
		},
	}
	if p.Grant != nil {
		schema := flight.SerializeSchema(s.schema, memory.DefaultAllocator)
		out.OnRead = p.OnRead
		out.Rest = func(ctx context.Context, i int, handle, ticket []byte, rows int64) iter.Seq2[arrow.RecordBatch, error] {
			ctx, end := context.WithCancel(ctx)
			return records.Of(end, s.schema, s.cols, p.Rest(ctx, i, handle, ticket, rows))
		}
		out.Grant = func(i int, g sql.Grant) (string, []byte) {
			return p.Grant(i, engine.PartGrant{User: g.User, Handle: g.Handle, Expires: g.Expires, Schema: schema, Compression: g.Compression})
		}
	}
	return out
}

// drained are the rows of a statement that is run for its effect.
func drained(stop func(), r *engine.Result) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		defer stop()
		for _, err := range r.Rows {
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

func progress(p engine.Progress, elapsed time.Duration) sql.Progress {
	out := sql.Progress{
		Fraction: -1, Stages: p.Stages, StagesDone: p.StagesDone, Tasks: p.Tasks, TasksDone: p.TasksDone,
		Rows: p.Rows, Bytes: p.Bytes, Elapsed: elapsed,
	}
	if p.TotalRows > 0 {
		out.Fraction = min(float64(p.Rows)/float64(p.TotalRows), 1)
	} else if p.Tasks > 1 {
		out.Fraction = float64(p.TasksDone) / float64(p.Tasks)
	}
	return out
}

package client

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql"
)

// Statement is a prepared statement of a server. Close it when it is not used any more.
type Statement struct {
	s       *Session
	text    string
	schema  *arrow.Schema
	params  *arrow.Schema
	changes bool

	mu sync.Mutex // values are bound to the handle, so binding and running are one step
	p  *flightsql.PreparedStatement
}

var _ sql.Batcher = (*Statement)(nil)

func newStatement(s *Session, text string, p *flightsql.PreparedStatement) *Statement {
	st := &Statement{s: s, text: text, p: p, schema: p.DatasetSchema(), params: p.ParameterSchema()}
	if st.params == nil {
		st.params = arrow.NewSchema(nil, nil)
	}
	if update, known := p.IsUpdate(); known {
		st.changes = update
	} else {
		st.changes = st.schema == nil || st.schema.NumFields() == 0
	}
	if st.schema != nil && st.schema.NumFields() == 0 {
		st.schema = nil
	}
	return st
}

// Schema implements sql.Statement.
func (st *Statement) Schema() *arrow.Schema { return st.schema }

// Params implements sql.Statement.
func (st *Statement) Params() *arrow.Schema { return st.params }

// Changes implements sql.Statement.
func (st *Statement) Changes() bool { return st.changes }

// With implements sql.Statement. The server looks at the types of values when they come.
func (st *Statement) With(context.Context, *arrow.Schema) (sql.Statement, error) { return st, nil }

// Run implements sql.Statement.
func (st *Statement) Run(ctx context.Context, params arrow.RecordBatch, row int) (*sql.Result, error) {
	if params == nil {
		return st.run(ctx, nil)
	}
	one := params.NewSlice(int64(row), int64(row)+1)
	defer one.Release()
	return st.run(ctx, one)
}

// RunBatch implements sql.Batcher.
func (st *Statement) RunBatch(ctx context.Context, params []arrow.RecordBatch) (*sql.Result, error) {
	total := &sql.Result{Rows: func(func(arrow.RecordBatch, error) bool) {}}
	for _, p := range params {
		r, err := st.run(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, err := range r.Rows {
			if err != nil {
				return nil, err
			}
		}
		total.Affected += r.Affected
	}
	return total, nil
}

func (st *Statement) run(ctx context.Context, params arrow.RecordBatch) (*sql.Result, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if params != nil {
		st.p.SetParameters(params)
	}
	if st.changes {
		st.s.use()
		n, err := st.p.ExecuteUpdate(ctx)
		if err != nil {
			return nil, Error(err)
		}
		return &sql.Result{Rows: func(func(arrow.RecordBatch, error) bool) {}, Affected: n}, nil
	}
	info, err := st.p.Execute(ctx)
	if err != nil {
		return nil, Error(err)
	}
	return st.result(ctx, info)
}

// Watch is Run for a query, of one row of parameters or nil, whose progress is
// told until its first rows are there. Servers that cannot be polled tell nothing.
func (st *Statement) Watch(ctx context.Context, params arrow.RecordBatch, tell func(sql.Progress)) (*sql.Result, error) {
	if st.changes {
		return st.run(ctx, params)
	}
	st.mu.Lock()
	if params != nil {
		st.p.SetParameters(params)
	}
	info, err := st.poll(ctx, tell)
	st.mu.Unlock()
	switch {
	case status.Code(err) == codes.Unimplemented:
		return st.run(ctx, params)
	case err != nil:
		return nil, Error(err)
	}
	return st.result(ctx, info)
}

// result reads a FlightInfo, whose schema is that of the values that were bound.
func (st *Statement) result(ctx context.Context, info *flight.FlightInfo) (*sql.Result, error) {
	out := &sql.Result{Rows: st.s.rows(ctx, info), Affected: -1}
	if st.params.NumFields() == 0 || len(info.GetSchema()) == 0 {
		return out, nil
	}
	var err error
	out.Schema, err = flight.DeserializeSchema(info.GetSchema(), memory.DefaultAllocator)
	return out, err
}

// poll asks until the result can be read. If ctx ends the query is cancelled.
func (st *Statement) poll(ctx context.Context, tell func(sql.Progress)) (*flight.FlightInfo, error) {
	var next *flight.FlightDescriptor
	for {
		p, err := st.p.ExecutePoll(ctx, next)
		if err != nil {
			if ctx.Err() != nil && next != nil {
				st.s.cancel(next)
			}
			return nil, err
		}
		if len(p.GetInfo().GetEndpoint()) > 0 || p.GetFlightDescriptor() == nil {
			return p.GetInfo(), nil
		}
		next = p.GetFlightDescriptor()
		told := sql.Progress{Fraction: -1}
		if json.Unmarshal(p.GetInfo().GetAppMetadata(), &told) != nil && p.Progress != nil {
			told.Fraction = p.GetProgress()
		}
		tell(told)
	}
}

// cancel ends a query that is being polled: what it is polled by is its ticket.
func (s *Session) cancel(polled *flight.FlightDescriptor) {
	s.abandon(&flight.FlightInfo{Endpoint: []*flight.FlightEndpoint{{Ticket: &flight.Ticket{Ticket: polled.GetCmd()}}}})
}

// abandon ends a query of which nothing was read.
func (s *Session) abandon(info *flight.FlightInfo) {
	if len(info.GetEndpoint()) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), optionTimeout)
	defer cancel()
	_, _ = s.fs.CancelFlightInfo(ctx, &flight.CancelFlightInfoRequest{Info: info})
}

// Close gives the statement back.
func (st *Statement) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), optionTimeout)
	defer cancel()
	st.mu.Lock()
	defer st.mu.Unlock()
	return Error(st.p.Close(ctx))
}

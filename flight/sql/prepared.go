package sql

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// prepared is a prepared statement with the values bound to it last.
type prepared struct {
	id   objectID
	text string
	// first is the statement as it was prepared: what clients were told of its schemas.
	first Statement

	// The fields below are guarded by the client's mutex.
	bound  Statement // first, for parameters of the types that were bound
	params []arrow.RecordBatch
	isSet  bool
	wire   *wireSchema // of bound
}

// release gives back the bound values.
func (p *prepared) release() {
	for _, r := range p.params {
		r.Release()
	}
	p.params = nil
}

// CreatePreparedStatement implements flightsql.Server.
func (s *Server) CreatePreparedStatement(ctx context.Context, req flightsql.ActionCreatePreparedStatementRequest) (out flightsql.ActionCreatePreparedStatementResult, err error) {
	c, release, err := s.in(ctx, req.GetTransactionId())
	if err != nil {
		return out, s.failed(ctx, "", err)
	}
	defer release()
	stmt, err := s.prepare(ctx, c, req.GetQuery())
	if err != nil {
		return out, s.failed(ctx, "", err)
	}
	p := &prepared{id: newObjectID(), text: req.GetQuery(), first: stmt, bound: stmt, wire: wired(stmt.Schema())}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return out, s.failed(ctx, "", errHandle)
	}
	if len(c.prepared) >= maxPrepared {
		return out, status.Errorf(codes.ResourceExhausted, "The session has %d prepared statements, its limit. Close those that are not used.", maxPrepared)
	}
	c.prepared[p.id] = p
	out.Handle = s.seal.seal(handle{kind: preparedHandle, session: c.id, object: p.id})
	out.ParameterSchema = announced(ctx, stmt.Params())
	// Clients of old take a statement without columns for an update, so queries
	// always have columns and statements that change something have none.
	changes := stmt.Changes()
	out.IsUpdate = &changes
	if !changes {
		out.DatasetSchema = stmt.Schema()
	}
	return out, nil
}

// maxPrepared bounds the prepared statements of one session.
const maxPrepared = 10_000

// statement finds a prepared statement by its handle.
func (s *Server) statement(ctx context.Context, b []byte) (*client, *prepared, func(), error) {
	h, err := s.seal.open(b, preparedHandle, time.Now())
	if err != nil {
		return nil, nil, nil, err
	}
	c, release, err := s.holder(ctx, h)
	if err != nil {
		return nil, nil, nil, err
	}
	c.mu.Lock()
	p := c.prepared[h.object]
	c.mu.Unlock()
	if p == nil {
		release()
		return nil, nil, nil, errHandle
	}
	return c, p, release, nil
}

// ClosePreparedStatement implements flightsql.Server. Closing again is no error.
func (s *Server) ClosePreparedStatement(ctx context.Context, req flightsql.ActionClosePreparedStatementRequest) error {
	c, p, release, err := s.statement(ctx, req.GetPreparedStatementHandle())
	if errors.Is(err, errHandle) {
		return nil
	}
	if err != nil {
		return s.failed(ctx, "", err)
	}
	defer release()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.prepared[p.id] == p {
		delete(c.prepared, p.id)
		p.release()
	}
	return nil
}

// DoPutPreparedStatementQuery implements flightsql.Server: it binds values.
func (s *Server) DoPutPreparedStatementQuery(ctx context.Context, cmd flightsql.PreparedStatementQuery, r flight.MessageReader, _ flight.MetadataWriter) ([]byte, error) {
	c, p, release, err := s.statement(ctx, cmd.GetPreparedStatementHandle())
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	if err := s.bind(ctx, c, p, r, true); err != nil {
		return nil, s.failed(ctx, "", err)
	}
	return cmd.GetPreparedStatementHandle(), nil
}

// bind reads values and keeps them for the next run. always says that a stream
// without columns binds, too: nothing; otherwise it leaves what was bound.
func (s *Server) bind(ctx context.Context, c *client, p *prepared, r flight.MessageReader, always bool) error {
	schema, records, err := s.receive(r)
	if err != nil {
		return err
	}
	release := func() {
		for _, rec := range records {
			rec.Release()
		}
	}
	want := p.first.Params().NumFields()
	if schema.NumFields() == 0 && (want > 0 || len(records) == 0) && !always {
		release()
		return nil
	}
	if schema.NumFields() != want {
		release()
		return status.Errorf(codes.InvalidArgument, "The statement has %d parameters, but %d values were bound.", want, schema.NumFields())
	}
	if want == 0 {
		release()
		return nil
	}
	bound, err := p.first.With(ctx, schema)
	if n, ok := bound.(Unnamed); ok && err == nil {
		bound, err = n.Name(ctx, records)
	}
	if err != nil {
		release()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.release()
	p.bound, p.params, p.isSet, p.wire = bound, records, true, wired(bound.Schema())
	return nil
}

// receive reads all records of a call, which the caller releases.
func (s *Server) receive(r flight.MessageReader) (*arrow.Schema, []arrow.RecordBatch, error) {
	var out []arrow.RecordBatch
	size := int64(0)
	fail := func(err error) (*arrow.Schema, []arrow.RecordBatch, error) {
		for _, rec := range out {
			rec.Release()
		}
		return nil, nil, err
	}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fail(received(err))
		}
		if size += bodySize(rec); size > s.o.BindLimit {
			return fail(status.Errorf(codes.ResourceExhausted, "More than %d bytes of values were bound to one statement.", s.o.BindLimit))
		}
		rec.Retain()
		out = append(out, rec)
	}
	schema := r.Schema()
	if schema == nil {
		schema = arrow.NewSchema(nil, nil)
	}
	return schema, out, nil
}

// received is the error of Arrow data that cannot be read.
func received(err error) error {
	if st, ok := status.FromError(err); ok && st.Code() != codes.Unknown {
		return err
	}
	var p runtime.Error
	if errors.As(err, &p) || strings.Contains(err.Error(), "runtime error") { // arrow-go's way out of damaged data
		err = errors.New("buffers or offsets do not fit what the metadata say")
	}
	return status.Errorf(codes.InvalidArgument, "The Arrow data of the call cannot be read: %v", err)
}

// run makes a query of a prepared statement and the values bound to it.
func (c *client) run(p *prepared) (*query, error) {
	c.mu.Lock()
	stmt, params, isSet, wire := p.bound, p.params, p.isSet, p.wire
	for _, r := range params {
		r.Retain()
	}
	c.mu.Unlock()
	defer func() {
		for _, r := range params {
			r.Release()
		}
	}()
	if n := stmt.Params().NumFields(); n > 0 && !isSet {
		return nil, status.Errorf(codes.InvalidArgument, "The statement has %d parameters, and no values are bound to them.", n)
	}
	return c.newQuery(p.text, stmt, params, wire)
}

// bound makes the query of a prepared statement with the values bound to it.
// The caller calls the second result when its call is over.
func (s *Server) bound(ctx context.Context, cmd flightsql.PreparedStatementQuery) (*query, func(), error) {
	c, p, release, err := s.statement(ctx, cmd.GetPreparedStatementHandle())
	if err != nil {
		return nil, nil, err
	}
	q, err := c.run(p)
	if err != nil {
		release()
		return nil, nil, err
	}
	return q, release, nil
}

// GetFlightInfoPreparedStatement implements flightsql.Server.
func (s *Server) GetFlightInfoPreparedStatement(ctx context.Context, cmd flightsql.PreparedStatementQuery, desc *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	q, release, err := s.bound(ctx, cmd)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	return s.inform(ctx, q, desc)
}

// GetSchemaPreparedStatement implements flightsql.Server.
func (s *Server) GetSchemaPreparedStatement(ctx context.Context, cmd flightsql.PreparedStatementQuery, _ *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	c, p, release, err := s.statement(ctx, cmd.GetPreparedStatementHandle())
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	c.mu.Lock()
	wire := p.wire
	c.mu.Unlock()
	return &flight.SchemaResult{Schema: wire.encoded()}, nil
}

// DoPutPreparedStatementUpdate implements flightsql.Server. Values may come
// with the call or may have been bound before it.
func (s *Server) DoPutPreparedStatementUpdate(ctx context.Context, cmd flightsql.PreparedStatementUpdate, r flight.MessageReader) (int64, error) {
	c, p, release, err := s.statement(ctx, cmd.GetPreparedStatementHandle())
	if err != nil {
		return -1, s.failed(ctx, "", err)
	}
	defer release()
	if err := s.bind(ctx, c, p, r, false); err != nil {
		return -1, s.failed(ctx, "", err)
	}
	q, err := c.run(p)
	if err != nil {
		return -1, s.failed(ctx, "", err)
	}
	return s.finish(ctx, q)
}

package sql

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// GetFlightInfoStatement implements flightsql.Server: it plans a query, and
// runs a statement that changes something.
func (s *Server) GetFlightInfoStatement(ctx context.Context, cmd flightsql.StatementQuery, desc *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	q, release, err := s.planned(ctx, cmd)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	return s.inform(ctx, q, desc)
}

// planned makes the query of a statement without parameters. The caller calls
// the second result when its call is over.
func (s *Server) planned(ctx context.Context, cmd flightsql.StatementQuery) (*query, func(), error) {
	c, release, err := s.in(ctx, cmd.GetTransactionId())
	if err != nil {
		return nil, nil, err
	}
	stmt, err := s.prepare(ctx, c, cmd.GetQuery())
	if err == nil {
		err = parameterless(stmt)
	}
	var q *query
	if err == nil {
		q, err = c.newQuery(cmd.GetQuery(), stmt, nil, wired(stmt.Schema()))
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return q, release, nil
}

// parameterless is the error of a statement that cannot run without values.
func parameterless(stmt Statement) error {
	if n := stmt.Params().NumFields(); n > 0 {
		return status.Errorf(codes.InvalidArgument, "The statement has %d parameters: prepare it and bind values.", n)
	}
	return nil
}

// in is the session of a call: that of its transaction, if it names one.
func (s *Server) in(ctx context.Context, txn []byte) (*client, func(), error) {
	if len(txn) == 0 {
		return s.client(ctx)
	}
	h, err := s.seal.open(txn, transactionHandle, time.Now())
	if err != nil {
		return nil, nil, err
	}
	c, release, err := s.holder(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	open := c.txn == h.object
	c.mu.Unlock()
	if !open {
		release()
		return nil, nil, errHandle
	}
	return c, release, nil
}

// prepare plans a statement, unless the server takes no more of them.
func (s *Server) prepare(ctx context.Context, c *client, text string) (Statement, error) {
	s.mu.Lock()
	draining := s.draining
	s.mu.Unlock()
	if draining {
		return nil, status.Error(codes.Unavailable, "The server is shutting down and takes no new queries.")
	}
	started := time.Now()
	stmt, err := c.session.Prepare(ctx, text)
	if err != nil {
		// It never becomes a query; what was refused is watched all the same.
		s.o.Observe(QueryEvent{ID: newObjectID().name(), User: c.user, Session: c.id, Text: text, Started: started, Took: time.Since(started), Err: err})
	}
	return stmt, err
}

// inform makes the FlightInfo of a query.
func (s *Server) inform(ctx context.Context, q *query, desc *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	if q.stmt.Changes() {
		q.start()
		if err := q.wait(ctx); err != nil {
			q.c.forget(q, errClientGone)
			return nil, s.failed(ctx, q.name(), err)
		}
	}
	if err := q.plan(ctx); err != nil {
		q.c.forget(q, errClientGone)
		return nil, s.failed(ctx, q.name(), err)
	}
	q.split()
	ends := make([]*flight.FlightEndpoint, q.endpoints())
	for i := range ends {
		var err error
		if ends[i], err = s.endpoint(q, i); err != nil {
			return nil, s.failed(ctx, q.name(), err)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	info := &flight.FlightInfo{
		Schema: q.wire.encoded(), FlightDescriptor: echo(desc), Endpoint: ends,
		TotalRecords: -1, TotalBytes: -1, Ordered: len(ends) == 1 || q.streams != nil && q.streams.Ordered,
	}
	if q.done && q.err == nil {
		info.TotalRecords, info.TotalBytes = q.rows, q.bytes
	}
	return info, nil
}

// maxEcho bounds the command that goes back with its FlightInfo, in bytes:
// clients refuse messages of more than 4 MiB.
const maxEcho = 1 << 20

// echo is the descriptor as its FlightInfo has it, if it is not too large for that.
func echo(d *flight.FlightDescriptor) *flight.FlightDescriptor {
	if len(d.GetCmd()) > maxEcho {
		return nil
	}
	return d
}

// handle is what names a query to its client. How long it is good for is
// decided by the query: it may be read for longer than it may wait.
func (s *Server) handle(q *query, part int) []byte {
	return s.seal.seal(handle{kind: queryHandle, endpoint: uint16(part), session: q.c.id, object: q.id})
}

// endpoints is how many endpoints the result has.
func (q *query) endpoints() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return max(1, len(q.parts))
}

// endpoint is where a part of the result of a query can be read: here, or at an executor.
func (s *Server) endpoint(q *query, part int) (*flight.FlightEndpoint, error) {
	h := s.handle(q, part)
	places, grant := q.location(part, h)
	t, err := flightsql.CreateStatementQueryTicket(append(h, grant...))
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return &flight.FlightEndpoint{Ticket: &flight.Ticket{Ticket: t}, Location: places, ExpirationTime: timestamppb.New(q.expires)}, nil
}

// GetSchemaStatement implements flightsql.Server.
func (s *Server) GetSchemaStatement(ctx context.Context, cmd flightsql.StatementQuery, _ *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	c, release, err := s.in(ctx, cmd.GetTransactionId())
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	stmt, err := s.prepare(ctx, c, cmd.GetQuery())
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	return &flight.SchemaResult{Schema: wired(stmt.Schema()).encoded()}, nil
}

// DoPutCommandStatementUpdate implements flightsql.Server.
func (s *Server) DoPutCommandStatementUpdate(ctx context.Context, cmd flightsql.StatementUpdate) (int64, error) {
	c, release, err := s.in(ctx, cmd.GetTransactionId())
	if err != nil {
		return -1, s.failed(ctx, "", err)
	}
	defer release()
	stmt, err := s.prepare(ctx, c, cmd.GetQuery())
	if err != nil {
		return -1, s.failed(ctx, "", err)
	}
	if err := parameterless(stmt); err != nil {
		return -1, err
	}
	return s.update(ctx, c, cmd.GetQuery(), stmt, nil)
}

// update runs a statement for its effect and returns how many rows it wrote, -1 if that is not known.
func (s *Server) update(ctx context.Context, c *client, text string, stmt Statement, params []arrow.RecordBatch) (int64, error) {
	q, err := c.newQuery(text, stmt, params, wired(stmt.Schema()))
	if err != nil {
		return -1, s.failed(ctx, "", err)
	}
	return s.finish(ctx, q)
}

// finish runs a query to its end. Rows of a SELECT that was sent as an update go nowhere.
func (s *Server) finish(ctx context.Context, q *query) (int64, error) {
	defer q.c.forget(q, errClientGone)
	for _, err := range q.read(ctx, 0) {
		if err != nil {
			return -1, s.failed(ctx, q.name(), err)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.affected, nil
}

// failed makes the status of an error and sends its trailer.
func (s *Server) failed(ctx context.Context, query string, err error) error {
	trailer, err := s.fail(ctx, query, err)
	if trailer != nil {
		_ = grpc.SetTrailer(ctx, trailer) // fails where ctx is no call's
	}
	return err
}

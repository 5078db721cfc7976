package sql

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// BeginTransaction implements flightsql.Server.
func (s *Server) BeginTransaction(ctx context.Context, _ flightsql.ActionBeginTransactionRequest) ([]byte, error) {
	c, release, err := s.client(ctx)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	c.mu.Lock()
	open := c.txn != objectID{}
	c.mu.Unlock()
	if open {
		return nil, status.Error(codes.FailedPrecondition, "The session has a transaction that is not over. A session has one at a time.")
	}
	if err := c.session.Begin(ctx); err != nil {
		return nil, s.failed(ctx, "", err)
	}
	id := newObjectID()
	c.mu.Lock()
	c.txn = id
	c.mu.Unlock()
	return s.seal.seal(handle{kind: transactionHandle, session: c.id, object: id}), nil
}

// EndTransaction implements flightsql.Server.
func (s *Server) EndTransaction(ctx context.Context, req flightsql.ActionEndTransactionRequest) error {
	c, release, err := s.in(ctx, req.GetTransactionId())
	if err != nil {
		return s.failed(ctx, "", err)
	}
	defer release()
	var end func(context.Context) error
	switch req.GetAction() {
	case flightsql.EndTransactionCommit:
		end = c.session.Commit
	case flightsql.EndTransactionRollback:
		end = c.session.Rollback
	default:
		return status.Error(codes.InvalidArgument, "A transaction ends by commit or by rollback.")
	}
	err = end(ctx)
	c.mu.Lock()
	c.txn = objectID{} // whatever came of it: a commit that failed has written nothing
	c.mu.Unlock()
	return s.failed(ctx, "", err)
}

// CancelFlightInfo implements flightsql.Server. A query that is over, or that
// was never there, cannot be cancelled.
func (s *Server) CancelFlightInfo(ctx context.Context, req *flight.CancelFlightInfoRequest) (out flight.CancelFlightInfoResult, err error) {
	out.Status = flight.CancelStatusNotCancellable
	for _, e := range req.GetInfo().GetEndpoint() {
		c, q, _, release, err := s.redeemTicket(ctx, e.GetTicket())
		if err != nil {
			continue
		}
		q.mu.Lock()
		done := q.done
		q.mu.Unlock()
		c.forget(q, errByRequest)
		release()
		if !done {
			out.Status = flight.CancelStatusCancelled
		}
	}
	return
}

// RenewFlightEndpoint implements flightsql.Server: a result stays for as long again.
func (s *Server) RenewFlightEndpoint(ctx context.Context, req *flight.RenewFlightEndpointRequest) (*flight.FlightEndpoint, error) {
	_, q, part, release, err := s.redeemTicket(ctx, req.GetEndpoint().GetTicket())
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	q.mu.Lock()
	q.expires = time.Now().Add(s.o.ResultTTL)
	q.mu.Unlock()
	return s.endpoint(q, part)
}

package sql

import (
	"context"
	"encoding/json"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/volley-sql/volley/flight/sql/auth"
)

// pollWait is how long a poll waits for news before it answers without.
const pollWait = time.Second

// PollFlightInfoStatement implements flightsql.Server: it starts a query, whose
// endpoint appears once there are rows to read or the query has ended.
func (s *Server) PollFlightInfoStatement(ctx context.Context, cmd flightsql.StatementQuery, desc *flight.FlightDescriptor) (*flight.PollInfo, error) {
	q, release, err := s.planned(ctx, cmd)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	return s.pollFirst(ctx, q, desc)
}

// PollFlightInfoPreparedStatement implements flightsql.Server.
func (s *Server) PollFlightInfoPreparedStatement(ctx context.Context, cmd flightsql.PreparedStatementQuery, desc *flight.FlightDescriptor) (*flight.PollInfo, error) {
	q, release, err := s.bound(ctx, cmd)
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	return s.pollFirst(ctx, q, desc)
}

// PollFlightInfo implements flightsql.Server: the later polls, whose descriptor is ours.
func (s *Server) PollFlightInfo(ctx context.Context, desc *flight.FlightDescriptor) (*flight.PollInfo, error) {
	cmd, err := unpack(desc.GetCmd())
	if err != nil {
		return nil, err
	}
	t, ok := cmd.(*pb.TicketStatementQuery)
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "Only queries can be polled.")
	}
	_, q, _, release, err := s.redeem(ctx, t.GetStatementHandle())
	if err != nil {
		return nil, s.failed(ctx, "", err)
	}
	defer release()
	return s.poll(ctx, q, desc)
}

// pollFirst is the poll that makes a query. If its client goes before the
// answer, nobody knows the query, which ends then.
func (s *Server) pollFirst(ctx context.Context, q *query, desc *flight.FlightDescriptor) (*flight.PollInfo, error) {
	info, err := s.poll(ctx, q, desc)
	if err != nil {
		q.c.forget(q, errClientGone)
	}
	return info, err
}

func (s *Server) poll(ctx context.Context, q *query, desc *flight.FlightDescriptor) (*flight.PollInfo, error) {
	if !q.begin() {
		q.start()
	}
	q.tie(auth.Gone(ctx))
	deadline := time.NewTimer(pollWait)
	defer deadline.Stop()
	for {
		q.mu.Lock()
		ready, err, changed := q.done || q.ready || q.rows > 0, q.err, q.changed
		q.mu.Unlock()
		if err != nil {
			q.c.forget(q, errClientGone)
			return nil, s.failed(ctx, q.name(), err)
		}
		if ready {
			info, err := s.inform(ctx, q, desc)
			if err != nil {
				return nil, err
			}
			one := 1.0
			return &flight.PollInfo{Info: info, Progress: &one}, nil
		}
		select {
		case <-changed:
		case <-deadline.C:
			return s.underway(q, desc)
		case <-ctx.Done():
			return nil, s.failed(ctx, q.name(), context.Cause(ctx))
		}
	}
}

// tie has a query end with the connection that it is polled over, unless it is
// read or polled over another by then. Between polls nothing else tells that
// its client is gone.
func (q *query) tie(gone <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.poller = gone
	if gone != nil && !q.tied && !q.done && !q.gone {
		q.tied = true
		q.c.s.wg.Go(q.follow)
	}
}

func (q *query) follow() {
	for {
		q.mu.Lock()
		poller := q.poller
		q.mu.Unlock()
		select {
		case <-q.ended:
			return
		case <-q.ctx.Done():
			return
		case <-poller:
		}
		q.mu.Lock()
		elsewhere, over := q.poller != poller, q.done || q.reading || q.ready
		q.tied = elsewhere
		q.mu.Unlock()
		switch {
		case elsewhere:
			continue
		case !over:
			q.c.forget(q, errClientGone)
		}
		return
	}
}

// underway is the answer while a query has no rows yet.
func (s *Server) underway(q *query, desc *flight.FlightDescriptor) (*flight.PollInfo, error) {
	q.mu.Lock()
	q.expires = time.Now().Add(s.o.ResultTTL)
	progress, expires := q.progress, q.expires
	q.mu.Unlock()
	out := &flight.PollInfo{
		Info: &flight.FlightInfo{
			Schema: q.wire.encoded(), FlightDescriptor: echo(desc), TotalRecords: -1, TotalBytes: -1, Ordered: true,
		},
		ExpirationTime: timestamppb.New(expires),
	}
	if progress != nil {
		p := progress()
		if f := p.Fraction; f >= 0 {
			out.Progress = &f
		}
		if b, err := json.Marshal(p); err == nil { // for clients that show more than a fraction: ours
			out.Info.AppMetadata = b
		}
	}
	var a anypb.Any
	if err := a.MarshalFrom(&pb.TicketStatementQuery{StatementHandle: s.handle(q, 0)}); err != nil {
		return nil, err
	}
	cmd, err := proto.Marshal(&a)
	if err != nil {
		return nil, err
	}
	out.FlightDescriptor = &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: cmd}
	return out, nil
}

package sql

import (
	"context"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/volley-sql/volley/flight/sql/auth"
)

// Flight is the Flight service of a Flight SQL server: arrow-go's routing, and
// around it what the routing leaves out or does not survive.
type Flight struct {
	flight.FlightServer
	gate *auth.Gate
	own  *Server // nil: rows come from the routing, too
}

// Flight returns the service to register with a gRPC server.
func (s *Server) Flight(g *auth.Gate) *Flight {
	return &Flight{flightsql.NewFlightServerWithAllocator(s, s.alloc), g, s}
}

// Wrap is Flight for any other Flight SQL server.
func Wrap(srv flightsql.Server, g *auth.Gate) *Flight {
	return &Flight{FlightServer: flightsql.NewFlightServer(srv), gate: g}
}

// Handshake implements flight.FlightServer.
func (f *Flight) Handshake(stream flight.FlightService_HandshakeServer) error {
	return f.gate.Handshake(stream)
}

// ListActions implements flight.FlightServer: the routing's list lacks those of sessions.
func (f *Flight) ListActions(_ *flight.Empty, stream flight.FlightService_ListActionsServer) error {
	for _, a := range actions {
		if err := stream.Send(a); err != nil {
			return err
		}
	}
	return nil
}

var actions = []*flight.ActionType{
	{Type: flight.CancelFlightInfoActionType, Description: "Cancel a query. Request: CancelFlightInfoRequest. Reply: CancelFlightInfoResult."},
	{Type: flight.RenewFlightEndpointActionType, Description: "Keep a result longer. Request: RenewFlightEndpointRequest. Reply: FlightEndpoint."},
	{Type: flight.SetSessionOptionsActionType, Description: "Set options of the session. Request: SetSessionOptionsRequest. Reply: SetSessionOptionsResult."},
	{Type: flight.GetSessionOptionsActionType, Description: "Read options of the session. Request: GetSessionOptionsRequest. Reply: GetSessionOptionsResult."},
	{Type: flight.CloseSessionActionType, Description: "End the session. Request: CloseSessionRequest. Reply: CloseSessionResult."},
	{Type: flightsql.CreatePreparedStatementActionType, Description: "Prepare a statement. Request: ActionCreatePreparedStatementRequest. Reply: ActionCreatePreparedStatementResult."},
	{Type: flightsql.ClosePreparedStatementActionType, Description: "Close a prepared statement. Request: ActionClosePreparedStatementRequest."},
	{Type: flightsql.BeginTransactionActionType, Description: "Begin a transaction. Request: ActionBeginTransactionRequest. Reply: ActionBeginTransactionResult."},
	{Type: flightsql.EndTransactionActionType, Description: "Commit or roll back a transaction. Request: ActionEndTransactionRequest."},
	{Type: flightsql.CancelQueryActionType, Description: "Cancel a query (deprecated). Request: ActionCancelQueryRequest. Reply: ActionCancelQueryResult."},
}

// DoGet implements flight.FlightServer.
func (f *Flight) DoGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	if f.own == nil {
		return f.FlightServer.DoGet(t, stream)
	}
	return f.own.doGet(t, stream)
}

// doGet sends the rows a ticket is for.
func (s *Server) doGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	ctx := stream.Context()
	cmd, err := unpack(t.GetTicket())
	if err != nil {
		return err
	}
	switch cmd := cmd.(type) {
	case *pb.TicketStatementQuery:
		handle, before := splitRest(cmd.GetStatementHandle())
		_, q, part, release, err := s.redeem(ctx, handle)
		if err != nil {
			return s.failed(ctx, "", err)
		}
		defer release()
		return s.sendQuery(stream, q, part, before)
	case *pb.CommandPreparedStatementQuery:
		q, release, err := s.bound(ctx, cmd)
		if err != nil {
			return s.failed(ctx, "", err)
		}
		defer release()
		return s.sendQuery(stream, q, 0, nil)
	}
	c, release, err := s.client(ctx)
	if err != nil {
		return s.failed(ctx, "", err)
	}
	defer release()
	schema, rows, err := s.metadata(ctx, c, cmd)
	if err != nil {
		return s.failed(ctx, "", err)
	}
	return s.failed(ctx, "", send(stream, wired(schema), rows))
}

func unpack(b []byte) (proto.Message, error) {
	var a anypb.Any
	if err := proto.Unmarshal(b, &a); err != nil {
		return nil, status.Error(codes.InvalidArgument, "The ticket is not a message of Flight SQL.")
	}
	cmd, err := a.UnmarshalNew()
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, "The ticket holds a message of an unknown kind.")
	}
	return cmd, nil
}

// redeemTicket finds the query of a ticket that came in a message, if at all.
func (s *Server) redeemTicket(ctx context.Context, t *flight.Ticket) (*client, *query, int, func(), error) {
	cmd, err := unpack(t.GetTicket())
	if err != nil {
		return nil, nil, 0, nil, errHandle
	}
	q, ok := cmd.(*pb.TicketStatementQuery)
	if !ok {
		return nil, nil, 0, nil, errHandle
	}
	return s.redeem(ctx, q.GetStatementHandle())
}

// redeem finds the query of a ticket's handle, and which endpoint of its result the ticket is for.
func (s *Server) redeem(ctx context.Context, b []byte) (*client, *query, int, func(), error) {
	if s.o.Direct && len(b) > handleSize {
		b = b[:handleSize] // what follows is for the executor that the client did not reach
	}
	h, err := s.seal.open(b, queryHandle, time.Now())
	if err != nil {
		return nil, nil, 0, nil, err
	}
	c, release, err := s.holder(ctx, h)
	if err != nil {
		return nil, nil, 0, nil, err
	}
	q, err := c.query(h.object)
	if err != nil {
		release()
		return nil, nil, 0, nil, err
	}
	return c, q, int(h.endpoint), release, nil
}

// sendQuery sends the rows of an endpoint, without those that the client has of it already.
func (s *Server) sendQuery(stream flight.FlightService_DoGetServer, q *query, part int, before *taken) error {
	ctx := stream.Context()
	if err := q.allowed(ctx); err != nil {
		return s.failed(ctx, q.name(), err)
	}
	rows := q.read(ctx, s.o.KeepAlive)
	switch {
	case q.divided():
		rows = q.readPart(ctx, part, s.o.KeepAlive, before)
	case before != nil:
		return s.failed(ctx, q.name(), errHandle)
	}
	return s.failed(ctx, q.name(), send(stream, q.wire, rows, compression(ctx, q.c.option(compressionOption))...))
}

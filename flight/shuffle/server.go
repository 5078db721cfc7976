// Package shuffle moves shuffle frames between executors over Arrow Flight. A
// Server gives the channels of a local store to who holds a ticket (DoGet); a
// Reader fetches them, from this process's store without a network.
//
//	Store ──► Server.DoGet ──frames of ~2 MiB──► Reader ──staged, verified──► exchange.Source
//
// Back-pressure is HTTP/2's: a stream has a window of credit, the receiver
// gives more as it reads, and a server that has none left waits. Frames carry
// their own checksum, which the reading side verifies before anything looks inside.
package shuffle

import (
	"errors"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/exec/exchange"
)

// Windows of credit in bytes: for one stream, and for all streams of a link.
const (
	streamWindow = 8 << 20
	linkWindow   = 32 << 20
)

// maxMessage is the largest message: a frame and what gRPC and Flight put around it.
const maxMessage = exchange.MaxFrame + 1<<16

// Server is a Flight service with DoGet only.
type Server struct {
	flight.BaseFlightServer
	store  exchange.Store
	secret []byte
}

// NewServer registers a shuffle service for the outputs of store on s.
func NewServer(s *grpc.Server, store exchange.Store, secret []byte) *Server {
	srv := &Server{store: store, secret: secret}
	flight.RegisterFlightServiceServer(s, srv)
	return srv
}

// ServerOptions are the gRPC options a shuffle server needs.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(64 << 10), grpc.MaxSendMsgSize(maxMessage),
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(linkWindow),
	}
}

// DoGet sends the frames of the ticket's channel. An unknown ticket and a
// forged one look alike.
func (s *Server) DoGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	k, ok := OpenTicket(s.secret, t.GetTicket())
	if !ok {
		return status.Error(codes.Unauthenticated, "the ticket is not valid")
	}
	for frame, err := range s.store.Read(stream.Context(), k) {
		if err != nil {
			var lost *exchange.Lost
			if errors.As(err, &lost) {
				return status.Error(codes.NotFound, "the output is not here")
			}
			return status.FromContextError(err).Err()
		}
		if err := stream.Send(&flight.FlightData{DataBody: frame}); err != nil {
			return err
		}
	}
	return nil
}

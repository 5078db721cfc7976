// Package shuffle moves shuffle frames between executors over Arrow Flight. A
// Server gives the channels of a local store to who holds a ticket (DoGet); a
// Reader fetches them, from this process's store without a network.
//
//	Store ──► Server.DoGet ──frames of ~2 MiB, trailer──► Reader ──► exchange.Source
//
// Back-pressure is HTTP/2's: a stream has a window of credit, the receiver
// gives more as its reader asks for frames, and a server that has none left waits
// with one frame in hand. Frames carry their own checksum and identity, which the
// reading side verifies before anything looks inside; a trailer tells a channel
// that is complete from one that was cut.
package shuffle

import (
	"errors"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/exec/exchange"
)

// Windows of credit in bytes: for one stream, and for all streams of a link.
const (
	streamWindow = 4 << 20
	linkWindow   = 32 << 20
)

// maxMessage is the largest message: a frame and what gRPC and Flight put around it.
const maxMessage = exchange.MaxFrame + 1<<16

// A peer that says nothing is asked for a sign of life after pingAfter, and
// given up when none has come for pingWait: an executor that hangs must not hang others.
const (
	pingAfter = 15 * time.Second
	pingWait  = 15 * time.Second
)

// Server is a Flight service with DoGet only.
type Server struct {
	flight.BaseFlightServer
	store    exchange.Store
	executor string
	secret   []byte
}

// NewServer registers a shuffle service for the outputs of an executor's store on s.
func NewServer(s *grpc.Server, store exchange.Store, executor string, secret []byte) *Server {
	srv := &Server{store: store, executor: executor, secret: secret}
	flight.RegisterFlightServiceServer(s, srv)
	return srv
}

// ServerOptions are the gRPC options a shuffle server needs.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(64 << 10), grpc.MaxSendMsgSize(maxMessage),
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(linkWindow),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: pingAfter, Timeout: pingWait}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingAfter / 2, PermitWithoutStream: true}),
	}
}

// DoGet sends the frames of the ticket's channel and the trailer. Tickets that
// are forged, expired or another executor's look alike.
func (s *Server) DoGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	k, part, ok := OpenTicket(s.secret, s.executor, t.GetTicket(), time.Now())
	if !ok {
		return status.Error(codes.Unauthenticated, "the ticket is not valid")
	}
	n := 0
	for frame, err := range s.store.Read(stream.Context(), k, part) {
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
		n++
	}
	return stream.Send(&flight.FlightData{AppMetadata: newTrailer(k.Identity(), n)})
}

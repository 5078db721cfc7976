package direct

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec/records"
	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// Options say what an executor gives to clients.
type Options struct {
	Listen   listen.Options
	Executor string
	Reader   exchange.Reader // of this process's store
	Account  *mem.Account
	// Key opens tickets.
	Key []byte
	// Keys reads and signs session tokens, Auth judges other credentials,
	// Anonymous lets in calls without.
	Keys      *auth.Keys
	Auth      auth.Authenticator
	Anonymous bool
	// Read is told of every output that a client has read to its end.
	Read func(k exchange.Key, rows, bytes int64)
	Log  *slog.Logger
}

// Server is a Flight service with DoGet and logins alone.
type Server struct {
	flight.BaseFlightServer
	o    Options
	gate *auth.Gate
	grpc *listen.Server
}

// Start listens and serves in the background.
func Start(o Options) (*Server, error) {
	s := &Server{o: o}
	s.gate = &auth.Gate{
		Auth: o.Auth, Keys: o.Keys, Anonymous: o.Anonymous, Secure: o.Listen.TLS != nil, Open: listen.HealthMethods, Log: o.Log,
		Refused: func(string) {},
	}
	l := o.Listen
	l.Log, l.Tag = o.Log, auth.TagConnection
	l.Unary = append(slices.Clone(l.Unary), s.gate.Unary())
	l.Stream = append(slices.Clone(l.Stream), s.gate.Stream())
	l.GRPC = append(slices.Clone(l.GRPC), sql.Codec())
	var err error
	if s.grpc, err = listen.Open(l); err != nil {
		return nil, err
	}
	flight.RegisterFlightServiceServer(s.grpc.Server, s)
	s.grpc.Serve()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() *net.TCPAddr { return s.grpc.Addr() }

// Close breaks off what is being read.
func (s *Server) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.grpc.Close(ctx, nil) // the executor is at its end
}

// Handshake implements flight.FlightServer.
func (s *Server) Handshake(stream flight.FlightService_HandshakeServer) error {
	return s.gate.Handshake(stream)
}

var (
	errTicket = status.Error(codes.NotFound, "The ticket is not known to this executor: it has expired, has been closed, or is not of this user and executor.")
	errGone   = status.Error(codes.NotFound, "The rows are not on this executor any more: the result has expired or was closed, or they were made again elsewhere after a failure. The server has them, if they are anywhere.")
)

// DoGet implements flight.FlightServer.
func (s *Server) DoGet(t *flight.Ticket, stream flight.FlightService_DoGetServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	who, ok := auth.From(ctx)
	handle, sealed, split := sql.SplitTicket(t.GetTicket())
	if !ok || !split {
		return errTicket
	}
	g, ok := Open(s.o.Key, handle, sealed, time.Now())
	if !ok || g.Executor != s.o.Executor || g.User != who.Name {
		return errTicket
	}
	schema, err := flight.DeserializeSchema(g.Schema, memory.DefaultAllocator)
	if err != nil {
		return errTicket
	}
	acct := s.o.Account.Child(fmt.Sprintf("%v for a client", g.Output.Task), 0)
	defer acct.Close()
	src := exchange.NewSource(g.Cols, s.o.Reader, []exchange.Location{{Key: g.Output, Executor: s.o.Executor}}, nil, acct)
	var rows, bytes int64
	counted := func(yield func(arrow.RecordBatch, error) bool) {
		for rec, err := range records.Of(cancel, schema, g.Cols, src.Open(ctx, 0)) {
			if err == nil {
				rows, bytes = rows+rec.NumRows(), bytes+sql.RecordSize(rec)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
	if err := sql.Send(stream, schema, iter.Seq2[arrow.RecordBatch, error](counted), g.Compression); err != nil {
		return s.failure(stream.Context(), err)
	}
	s.o.Read(g.Output, rows, bytes)
	return nil
}

// failure is what a client is told.
func (s *Server) failure(ctx context.Context, err error) error {
	var lost *exchange.Lost
	switch {
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	case errors.As(err, &lost):
		return errGone
	}
	if st, ok := status.FromError(err); ok {
		return st.Err()
	}
	s.o.Log.Error("a result could not be sent", "error", err.Error())
	return status.Error(codes.Internal, "The rows could not be sent. The executor's log says why.")
}

package control

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"sync"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// maxMessage bounds one message: a task with its plan and splits.
const maxMessage = 64 << 20

// tokenKey is the metadata key of the application's secret; "-bin" keys may hold any bytes.
const tokenKey = "volley-token-bin"

// Conn is one side of a control stream. Send is safe for concurrent use, Recv
// is for one goroutine.
type Conn struct {
	send func(*flight.FlightData) error
	recv func() (*flight.FlightData, error)
	end  func() error
	mu   sync.Mutex
}

// Send sends a message. It does not wait for the other side to read it.
func (c *Conn) Send(m Message) error {
	enc, err := codec()
	if err != nil {
		return err
	}
	b, err := enc.Encode(m)
	if err != nil {
		return err
	}
	if len(b) > maxMessage {
		return sqlerr.New(sqlerr.StatementTooComplex, "A task description takes %d bytes, more than the %d that are sent in one message.", len(b), maxMessage)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.send(&flight.FlightData{AppMetadata: b})
}

// Recv waits for the next message. At the end of the stream it returns io.EOF or the link's error.
func (c *Conn) Recv() (Message, error) {
	d, err := c.recv()
	if err != nil {
		return nil, err
	}
	enc, err := codec()
	if err != nil {
		return nil, err
	}
	return enc.Decode(d.GetAppMetadata())
}

// Close ends this side's sending.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end()
}

// Server is the driver's side: a Flight service whose DoExchange carries
// control streams and which has no other methods.
type Server struct {
	flight.BaseFlightServer
	token string
	// accept runs a connection until it returns.
	accept func(ctx context.Context, c *Conn) error
}

// NewServer registers a control service that lets in whoever knows token, on s.
func NewServer(s *grpc.Server, token string, accept func(ctx context.Context, c *Conn) error) *Server {
	srv := &Server{token: token, accept: accept}
	flight.RegisterFlightServiceServer(s, srv)
	return srv
}

// ServerOptions are the gRPC options a server of control streams needs.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.MaxRecvMsgSize(maxMessage + 1<<10), grpc.MaxSendMsgSize(maxMessage + 1<<10)}
}

// DoExchange is called by gRPC for each executor.
func (s *Server) DoExchange(stream flight.FlightService_DoExchangeServer) error {
	if !Authentic(stream.Context(), s.token) {
		return status.Error(codes.Unauthenticated, "wrong or missing token")
	}
	c := &Conn{send: stream.Send, recv: stream.Recv, end: func() error { return nil }}
	err := s.accept(stream.Context(), c)
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return status.Error(codes.Unavailable, err.Error())
}

// Authentic reports whether an incoming call carries the token. Its time does
// not depend on how much of a wrong token is right.
func Authentic(ctx context.Context, token string) bool {
	md, _ := metadata.FromIncomingContext(ctx)
	got := md.Get(tokenKey)
	return len(got) == 1 && token != "" && subtle.ConstantTimeCompare([]byte(got[0]), []byte(token)) == 1
}

// WithToken adds the token to outgoing calls.
func WithToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, tokenKey, token)
}

// Dial connects an executor to the driver at addr (host:port). The stream ends with ctx.
func Dial(ctx context.Context, addr, token string) (*Conn, func(), error) {
	cc, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage+1<<10), grpc.MaxCallSendMsgSize(maxMessage+1<<10)))
	if err != nil {
		return nil, nil, err
	}
	stream, err := flight.NewFlightServiceClient(cc).DoExchange(WithToken(ctx, token))
	if err != nil {
		cc.Close()
		return nil, nil, sqlerr.Wrap(err, sqlerr.ExecutorLost, "The driver at %s cannot be reached: %v", addr, err)
	}
	return &Conn{send: stream.Send, recv: stream.Recv, end: stream.CloseSend}, func() { cc.Close() }, nil
}

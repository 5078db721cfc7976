// Package listen runs a gRPC server that others may reach: TLS, limits,
// recovery, health, metrics and an end in good order. What it serves is
// registered by its user.
//
//	connection ─ limit ─ TLS ─► call: recover ─ count ─ gate (auth) ─► service
package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
)

// Options say how to listen. The zero value of a field is its default.
type Options struct {
	// Address is host:port; port 0 is a free one.
	Address string
	TLS     *TLS // nil: plaintext
	// Insecure allows plaintext beyond this machine.
	Insecure bool
	// MaxConnections bounds open connections: 10,000. More are closed at once.
	MaxConnections int
	// MaxMessage bounds a message from a client, in bytes: 256 MiB.
	MaxMessage int
	// MaxStreams bounds concurrent calls of one connection: 1,000.
	MaxStreams uint32
	// A client that says nothing for PingAfter, 20 seconds, is asked for a sign of
	// life, and given up when none has come for PingWait, 10 seconds more.
	PingAfter, PingWait time.Duration
	// Unary and Stream are interceptors that every call passes, after those of this package.
	Unary  []grpc.UnaryServerInterceptor
	Stream []grpc.StreamServerInterceptor
	// Tag gives a connection the address that calls see as that of their peer, so
	// that it can hold what they share; nil: the client's own.
	Tag func(net.Addr) net.Addr
	// Ended is told of a connection's end, once, with the address that Tag gave it.
	Ended func(net.Addr)
	// GRPC are more options of the gRPC server.
	GRPC    []grpc.ServerOption
	Metrics *Metrics
	Log     *slog.Logger
}

func (o *Options) fill() {
	if o.MaxConnections == 0 {
		o.MaxConnections = 10_000
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 256 << 20
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 1000
	}
	if o.PingAfter == 0 {
		o.PingAfter = 20 * time.Second
	}
	if o.PingWait == 0 {
		o.PingWait = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
}

// streamWorkers is how many calls are served by goroutines that stay. More at a time get their own.
const streamWorkers = 64

// Server is a gRPC server on a listener.
type Server struct {
	*grpc.Server
	o        Options
	listener net.Listener
	health   *health.Server
	wg       sync.WaitGroup
	err      error
}

// Open listens. Register services on the result, then call Serve.
func Open(o Options) (*Server, error) {
	o.fill()
	l, err := (&net.ListenConfig{KeepAliveConfig: keepAlive}).Listen(context.Background(), "tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("the server cannot listen at %s: %w", o.Address, err)
	}
	if o.TLS == nil && !o.Insecure && !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("%s can be reached from other machines and has no TLS: give a certificate, or say that plaintext is meant", l.Addr())
	}
	s := &Server{o: o, listener: limit(l, &o), health: health.NewServer()}
	creds := slices.Clone(o.GRPC)
	if o.TLS != nil {
		conf, err := o.TLS.config()
		if err != nil {
			l.Close()
			return nil, err
		}
		creds = append(creds, grpc.Creds(credentials.NewTLS(conf)))
	}
	s.Server = grpc.NewServer(append(creds,
		grpc.ChainUnaryInterceptor(append([]grpc.UnaryServerInterceptor{recoverUnary(o.Log), o.Metrics.unary}, o.Unary...)...),
		grpc.ChainStreamInterceptor(append([]grpc.StreamServerInterceptor{recoverStream(o.Log), o.Metrics.stream}, o.Stream...)...),
		grpc.MaxRecvMsgSize(o.MaxMessage), grpc.MaxSendMsgSize(o.MaxMessage), grpc.MaxConcurrentStreams(o.MaxStreams),
		grpc.InitialWindowSize(8<<20), grpc.InitialConnWindowSize(16<<20),
		// A connection that is idle holds no buffer to write with, but one to read with, which is small.
		grpc.WriteBufferSize(256<<10), grpc.ReadBufferSize(32<<10),
		// Goroutines that serve one call after the other keep their grown stacks: growing them was a tenth of a small query.
		grpc.NumStreamWorkers(streamWorkers),
		grpc.MaxHeaderListSize(1<<20), grpc.ConnectionTimeout(20*time.Second),
		// Clients may ask often whether we are there: some do so without a call under way.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: o.PingAfter, Timeout: o.PingWait}),
	)...)
	healthpb.RegisterHealthServer(s.Server, s.health)
	reflection.Register(s.Server)
	return s, nil
}

// HealthMethods are the methods that a load balancer calls without a login.
var HealthMethods = map[string]bool{
	healthpb.Health_Check_FullMethodName: true, healthpb.Health_Watch_FullMethodName: true, healthpb.Health_List_FullMethodName: true,
}

// Addr is where the server listens.
func (s *Server) Addr() *net.TCPAddr { return s.listener.Addr().(*net.TCPAddr) }

// Serve accepts connections in the background.
func (s *Server) Serve() {
	s.health.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	s.wg.Go(func() {
		if err := s.Server.Serve(s.listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			s.err = err
			s.o.Log.Error("the server does not accept connections any more", "error", err.Error())
		}
	})
}

// Close ends the server: load balancers are told at once, drain has its time
// to let work end, and what is left when ctx is over is broken off.
func (s *Server) Close(ctx context.Context, drain func(context.Context)) error {
	s.health.Shutdown()
	if drain != nil {
		drain(ctx)
	}
	stopped := make(chan struct{})
	go func() {
		s.Server.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		s.Server.Stop()
		<-stopped
	}
	s.wg.Wait()
	return s.err
}

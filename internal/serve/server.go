package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/flight/listen"
	fsql "github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// ServerOptions say how to serve an engine.
type ServerOptions struct {
	Listen listen.Options
	SQL    fsql.Options
	// Auth judges logins; nil: nobody is asked, which is for loopback and tests.
	Auth auth.Authenticator
	// TokenKey is the file of the key that signs session tokens and handles,
	// made if it is not there; empty: a key that ends with the process.
	TokenKey string
	TokenTTL time.Duration
	// Direct, if not empty, has clients read results from executors, where there
	// are any: it is the host at which clients reach them. TLS and logins are the server's.
	Direct string
	// Metrics is where Prometheus finds numbers, host:port; empty: nowhere.
	Metrics string
	// Queries is the log of statements; nil: none.
	Queries *slog.Logger
	Log     *slog.Logger
}

// Server is a Flight SQL server that listens.
type Server struct {
	sql     *fsql.Server
	grpc    *listen.Server
	metrics net.Listener
	http    *http.Server
	wg      sync.WaitGroup
}

// Start listens and serves in the background.
func Start(e fsql.Engine, o ServerOptions) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var key []byte
	if o.TokenKey != "" {
		if err := os.MkdirAll(filepath.Dir(o.TokenKey), 0o700); err != nil {
			return nil, err
		}
		var err error
		if key, err = auth.ReadKey(o.TokenKey); err != nil {
			return nil, err
		}
	}
	if key == nil {
		key = make([]byte, 32) // for executors too, so not left to those who would make one
		rand.Read(key)
	}
	keys, err := auth.NewKeys(key, o.TokenTTL)
	if err != nil {
		return nil, err
	}
	m := listen.NewMetrics()
	gate := &auth.Gate{
		Auth: o.Auth, Keys: keys, Secure: o.Listen.TLS != nil, Open: listen.HealthMethods, Log: o.Log,
		Refused: func(reason string) { m.Refused("login " + reason) },
	}
	if o.Auth == nil {
		gate.Auth, gate.Anonymous = auth.Everybody{}, true
	}
	o.Listen.Metrics, o.Listen.Log, o.Listen.Tag = m, o.Log, auth.TagConnection
	o.Listen.Ended = auth.EndConnection
	o.Listen.Unary = append([]grpc.UnaryServerInterceptor{gate.Unary()}, o.Listen.Unary...)
	o.Listen.Stream = append([]grpc.StreamServerInterceptor{gate.Stream()}, o.Listen.Stream...)
	o.Listen.GRPC = append(o.Listen.GRPC, fsql.Codec())
	l, err := listen.Open(o.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{grpc: l}
	if o.Metrics != "" {
		if s.metrics, err = net.Listen("tcp", o.Metrics); err != nil {
			l.Stop()
			return nil, fmt.Errorf("metrics cannot be served at %s: %w", o.Metrics, err)
		}
	}
	o.SQL.Key, o.SQL.Log = key, o.Log
	o.SQL.Again = func(ctx context.Context, who auth.Principal) (auth.Principal, error) {
		return auth.Still(ctx, gate.Auth, who)
	}
	o.SQL.Observe = observe(m, o.Queries, o.SQL.Observe)
	if o.Direct != "" {
		if o.SQL.Direct, err = direct(e, o, gate, key); err != nil {
			s.abort()
			return nil, err
		}
	}
	s.sql = fsql.New(e, o.SQL)
	watch(m, s.sql)
	flight.RegisterFlightServiceServer(l.Server, s.sql.Flight(gate))
	l.Serve()
	if s.metrics != nil {
		mux := http.NewServeMux()
		mux.Handle("/metrics", m.Handler())
		s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
		s.wg.Go(func() { s.http.Serve(s.metrics) })
	}
	return s, nil
}

// abort ends a server that did not start.
func (s *Server) abort() {
	s.grpc.Stop()
	if s.metrics != nil {
		s.metrics.Close()
	}
}

// direct has the executors of an engine give results to clients. It reports
// false if it has none.
func direct(e fsql.Engine, o ServerOptions, gate *auth.Gate, key []byte) (bool, error) {
	ours, ok := e.(*Engine)
	if !ok {
		return false, nil
	}
	there, err := ours.app.Driver().ServeResults(driver.Results{
		Host: o.Direct, TLS: o.Listen.TLS, Insecure: o.Listen.Insecure,
		TokenKey: key, TokenTTL: o.TokenTTL, Auth: gate.Auth, Anonymous: gate.Anonymous,
		PingAfter: o.Listen.PingAfter, PingWait: o.Listen.PingWait,
	})
	if err == nil && !there {
		o.Log.Warn("there are no executors to read results from: the server gives all of them itself")
	}
	return there, err
}

// Addr is where the server listens.
func (s *Server) Addr() *net.TCPAddr { return s.grpc.Addr() }

// MetricsAddr is where metrics are; nil if nowhere.
func (s *Server) MetricsAddr() net.Addr {
	if s.metrics == nil {
		return nil
	}
	return s.metrics.Addr()
}

// Stats counts what the server holds.
func (s *Server) Stats() fsql.Stats { return s.sql.Stats() }

// Close ends the server in good order: new queries are refused, those that run
// have until ctx is over, and what is left then is cancelled.
func (s *Server) Close(ctx context.Context) error {
	err := s.grpc.Close(ctx, s.sql.Drain)
	s.sql.Close()
	if s.http != nil {
		err = errors.Join(err, s.http.Close())
	}
	s.wg.Wait()
	return err
}

// observe counts and logs statements that are over.
func observe(m *listen.Metrics, log *slog.Logger, also func(fsql.QueryEvent)) func(fsql.QueryEvent) {
	queries := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "volley_query_seconds", Help: "Time of statements, without waiting for a place.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 12),
	}, []string{"outcome"})
	waited := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "volley_query_wait_seconds", Help: "How long statements waited for a place.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10),
	})
	rows := prometheus.NewCounter(prometheus.CounterOpts{Name: "volley_rows_sent_total", Help: "Rows of results."})
	bytes := prometheus.NewCounter(prometheus.CounterOpts{Name: "volley_bytes_sent_total", Help: "Bytes of results, before compression."})
	m.MustRegister(queries, waited, rows, bytes)
	return func(e fsql.QueryEvent) {
		outcome := "ok"
		if e.Err != nil {
			outcome = "error"
		}
		queries.WithLabelValues(outcome).Observe(e.Took.Seconds())
		waited.Observe(e.Waited.Seconds())
		rows.Add(float64(e.Rows))
		bytes.Add(float64(e.Bytes))
		if log != nil {
			logQuery(log, e)
		}
		if also != nil {
			also(e)
		}
	}
}

// watch adds what a server holds to its metrics.
func watch(m *listen.Metrics, s *fsql.Server) {
	for _, g := range []struct {
		name, help string
		get        func(fsql.Stats) float64
	}{
		{"volley_sessions", "Sessions.", func(s fsql.Stats) float64 { return float64(s.Sessions) }},
		{"volley_prepared_statements", "Prepared statements.", func(s fsql.Stats) float64 { return float64(s.Prepared) }},
		{"volley_results", "Results that are read or may still be.", func(s fsql.Stats) float64 { return float64(s.Queries) }},
		{"volley_queries_running", "Statements that run.", func(s fsql.Stats) float64 { return float64(s.Running) }},
		{"volley_queries_waiting", "Statements that wait for a place.", func(s fsql.Stats) float64 { return float64(s.Queued) }},
		{"volley_kept_bytes", "Bytes of results kept to be read again.", func(s fsql.Stats) float64 { return float64(s.KeptBytes) }},
	} {
		m.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, func() float64 { return g.get(s.Stats()) }))
	}
}

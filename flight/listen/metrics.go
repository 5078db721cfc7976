package listen

import (
	"context"
	"net/http"
	"path"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Metrics are the numbers of a server, for Prometheus.
type Metrics struct {
	*prometheus.Registry
	connections prometheus.Gauge
	refused     *prometheus.CounterVec
	calls       *prometheus.HistogramVec
	well        sync.Map // the prometheus.Observer of calls that went well, by full method
}

// NewMetrics makes the metrics of one server.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry:    prometheus.NewRegistry(),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{Name: "volley_connections", Help: "Open connections."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "volley_refused_total", Help: "What was refused: connections beyond the limit, logins that failed or lacked.",
		}, []string{"what"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "volley_call_seconds", Help: "Time of calls, streams to their end.", Buckets: prometheus.ExponentialBuckets(0.0005, 4, 10),
		}, []string{"method", "code"}),
	}
	m.MustRegister(m.connections, m.refused, m.calls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Refused counts a refusal.
func (m *Metrics) Refused(what string) { m.refused.WithLabelValues(what).Inc() }

// Handler serves the metrics over HTTP.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{Registry: m.Registry})
}

func (m *Metrics) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	start := time.Now()
	out, err := next(ctx, req)
	m.seen(info.FullMethod, start, err)
	return out, err
}

func (m *Metrics) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	start := time.Now()
	err := next(srv, ss)
	m.seen(info.FullMethod, start, err)
	return err
}

func (m *Metrics) seen(method string, start time.Time, err error) {
	took := time.Since(start).Seconds()
	if err != nil {
		m.calls.WithLabelValues(path.Base(method), status.Code(err).String()).Observe(took)
		return
	}
	o, ok := m.well.Load(method)
	if !ok {
		o, _ = m.well.LoadOrStore(method, m.calls.WithLabelValues(path.Base(method), codes.OK.String()))
	}
	o.(prometheus.Observer).Observe(took)
}

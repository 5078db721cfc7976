package sql

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql/auth"
)

// Options say how a server behaves. The zero value of a field is its default.
type Options struct {
	// Key signs handles; nil makes one that ends with the process.
	Key []byte
	// Version is the server's, for GetSqlInfo.
	Version string
	// SessionIdle is how long a session lives without calls: 30 minutes.
	SessionIdle time.Duration
	// ResultTTL is how long a result that nobody reads, or that may be read again, is kept: 5 minutes.
	ResultTTL time.Duration
	// QueryTimeout bounds every query; 0: none.
	QueryTimeout time.Duration
	// MaxSessions bounds sessions: 10,000.
	MaxSessions int
	// KeptResult is the largest result that may be read again, in bytes: 4 MiB. KeptResults bounds all of them: 256 MiB.
	KeptResult, KeptResults int64
	// BindLimit bounds the parameters bound to one statement, in bytes: 64 MiB.
	BindLimit int64
	Admission AdmissionLimits
	// Endpoints is in how many a result is offered, to be read at the same time, if it has no order or executors have it by ranges of its order: 1.
	Endpoints int
	// Direct has clients read results from the executors that have them, where
	// there are such: an endpoint is then a partition, whatever Endpoints says.
	Direct bool
	// DrainUnread is how long a server that is to end waits for somebody to read
	// a result that is held up by nobody doing so: 2 seconds.
	DrainUnread time.Duration
	// KeepAlive sends an empty batch when a stream has had nothing to send for
	// so long, for proxies that end idle streams; 0: never.
	KeepAlive time.Duration
	Log       *slog.Logger
	// Again judges somebody with a session anew; nil: nobody is. Sessions of those
	// it refuses end.
	Again func(ctx context.Context, who auth.Principal) (auth.Principal, error)
	// Observe is told of every statement when it is over.
	Observe func(QueryEvent)
}

func (o *Options) fill() {
	if o.SessionIdle == 0 {
		o.SessionIdle = 30 * time.Minute
	}
	if o.ResultTTL == 0 {
		o.ResultTTL = 5 * time.Minute
	}
	if o.MaxSessions == 0 {
		o.MaxSessions = 10_000
	}
	if o.KeptResult == 0 {
		o.KeptResult = 4 << 20
	}
	if o.KeptResults == 0 {
		o.KeptResults = 256 << 20
	}
	if o.BindLimit == 0 {
		o.BindLimit = 64 << 20
	}
	if o.DrainUnread == 0 {
		o.DrainUnread = 2 * time.Second
	}
	if o.Key == nil {
		o.Key = make([]byte, 32)
		rand.Read(o.Key)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(QueryEvent) {}
	}
}

// Server answers Flight SQL calls. Make it with New, register Flight() with a
// gRPC server whose interceptors are an auth.Gate's, and Close it.
type Server struct {
	flightsql.BaseServer
	o      Options
	engine Engine
	seal   sealer
	admit  *admission
	alloc  memory.Allocator
	log    *slog.Logger
	infos  map[uint32]bool // the ids of GetSqlInfo

	mu       sync.Mutex
	clients  map[string]*client
	read     []readResult // results that were read, oldest first
	kept     int64        // bytes of them
	draining bool
	closed   bool

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// New returns a server over an engine.
func New(e Engine, o Options) *Server {
	o.fill()
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{
		o: o, engine: e, seal: sealer{key: o.Key}, admit: newAdmission(o.Admission), alloc: memory.DefaultAllocator, log: o.Log,
		clients: map[string]*client{}, stop: stop,
	}
	s.Alloc = s.alloc
	s.registerSqlInfo()
	s.wg.Go(func() { s.sweep(ctx) })
	return s
}

// Drain refuses new queries and waits until those that run are over, or ctx is.
// Results that wait for a reader, such as those that were polled and left, are
// given up after DrainUnread.
func (s *Server) Drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	waits := map[*query]time.Time{} // since when
	for s.admit.running() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		s.dropUnread(waits, time.Now())
	}
}

// dropUnread ends the queries that have waited for a reader for DrainUnread. waits is the caller's to keep.
func (s *Server) dropUnread(waits map[*query]time.Time, now time.Time) {
	for _, c := range s.sessions() {
		c.mu.Lock()
		queries := slices.Collect(maps.Values(c.queries))
		c.mu.Unlock()
		for _, q := range queries {
			if !q.unread() {
				delete(waits, q)
			} else if since, ok := waits[q]; !ok {
				waits[q] = now
			} else if now.Sub(since) >= s.o.DrainUnread {
				c.forget(q, status.Error(codes.Unavailable, "The server is shutting down, and nobody read the result."))
			}
		}
	}
}

// sessions are those there are.
func (s *Server) sessions() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.clients))
}

// Close ends all sessions and their queries.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed, s.draining = true, true
	all := make([]*client, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	clear(s.clients)
	s.mu.Unlock()
	s.stop()
	for _, c := range all {
		c.end()
	}
	s.wg.Wait()
}

// sweep ends what nobody uses any more.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(min(5*time.Second, s.o.SessionIdle/2, s.o.ResultTTL/2))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		s.expireRead(now)
		for _, c := range s.sessions() {
			c.sweep(now)
			s.judge(ctx, c)
		}
	}
}

// judge ends a session whose user is not let in any more, and results that
// executors give to clients by themselves and that the user may not read any more.
func (s *Server) judge(ctx context.Context, c *client) {
	select {
	case <-c.opened:
	default:
		return // it is judged by whoever opens it
	}
	c.mu.Lock()
	who, queries := c.who, slices.Collect(maps.Values(c.queries))
	c.mu.Unlock()
	if s.o.Again != nil {
		now, err := s.o.Again(ctx, who)
		if errors.Is(err, auth.ErrRefused) {
			s.log.Info("a session ends: its user is not let in any more", "session", c.id, "user", who.Name)
			s.drop(c)
			c.end()
			return
		}
		if err == nil {
			c.login(now)
		}
	}
	for _, q := range queries {
		q.mu.Lock()
		elsewhere := q.direct()
		q.mu.Unlock()
		if elsewhere {
			_ = q.allowed(ctx)
		}
	}
}

// Stats are numbers of a server, for metrics.
type Stats struct {
	Sessions, Prepared, Queries int
	Running, Queued             int
	KeptBytes                   int64
}

// Stats counts what the server holds.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	all := make([]*client, 0, len(s.clients))
	for _, c := range s.clients {
		all = append(all, c)
	}
	out := Stats{Sessions: len(all), KeptBytes: s.kept}
	s.mu.Unlock()
	for _, c := range all {
		c.mu.Lock()
		out.Prepared += len(c.prepared)
		out.Queries += len(c.queries)
		c.mu.Unlock()
	}
	out.Running, out.Queued = s.admit.counts()
	return out
}

// maxRead bounds how many results that were read stay, to be read again or to
// say that they were read.
const maxRead = 1024

type readResult struct {
	q    *query
	size int64
}

// keep lets a result that was read stay until it expires, or until newer ones need its room.
func (s *Server) keep(q *query, size int64) {
	s.mu.Lock()
	if q.kept { // read again: it is the newest now
		s.read = slices.DeleteFunc(s.read, func(r readResult) bool {
			if r.q == q {
				s.kept -= r.size
			}
			return r.q == q
		})
	}
	q.kept = true
	s.read = append(s.read, readResult{q, size})
	s.kept += size
	var over []*query
	for len(s.read) > maxRead || s.kept > s.o.KeptResults {
		over = append(over, s.read[0].q)
		s.kept -= s.read[0].size
		s.read = s.read[1:]
	}
	s.mu.Unlock()
	s.evict(over)
}

// evict forgets results, and sessions that were there only for them.
func (s *Server) evict(qs []*query) {
	for _, q := range qs {
		q.c.forget(q, errExpired)
		q.c.retain()
		q.c.release()
	}
}

// expireRead forgets results that were read and whose time is over.
func (s *Server) expireRead(now time.Time) {
	var over []*query
	s.mu.Lock()
	s.read = slices.DeleteFunc(s.read, func(r readResult) bool {
		if !r.q.expired(now) {
			return false
		}
		over = append(over, r.q)
		s.kept -= r.size
		return true
	})
	s.mu.Unlock()
	s.evict(over)
}

var _ flightsql.Server = (*Server)(nil)

// who is the identity of a call. Calls that passed no Gate are a mistake in
// how the server was put together.
func who(ctx context.Context) auth.Identity {
	id, ok := auth.From(ctx)
	if !ok {
		panic("flight/sql: a call without identity: the server runs without auth.Gate")
	}
	return id
}

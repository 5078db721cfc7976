package sql

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql/auth"
)

// client is one session of the server, with what it holds.
type client struct {
	s    *Server
	id   string
	user string
	// session is set once opened is closed; openErr says why not.
	session Session
	opened  chan struct{}
	openErr error

	mu       sync.Mutex
	who      auth.Principal // as the last call had it
	prepared map[objectID]*prepared
	queries  map[objectID]*query
	txn      objectID // of the open transaction; zero: none
	options  map[string]string
	busy     int
	uses     uint64 // how often it was retained
	last     time.Time
	ended    bool
}

// client returns the session of a call, made if there is none. The caller
// calls the second result when its call is over.
func (s *Server) client(ctx context.Context) (*client, func(), error) {
	id := who(ctx)
	return s.acquire(ctx, id, id.Session, true)
}

// holder returns the session that a handle is of, if the call is by the same user.
func (s *Server) holder(ctx context.Context, h handle) (*client, func(), error) {
	return s.acquire(ctx, who(ctx), h.session, false)
}

func (s *Server) acquire(ctx context.Context, id auth.Identity, session string, make bool) (*client, func(), error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, nil, status.Error(codes.Unavailable, "The server is shutting down.")
	}
	c := s.clients[session]
	mine := false
	switch {
	case c != nil && c.user != id.Name: // never happens with cookies and tokens of ours: both name the user
		s.mu.Unlock()
		return nil, nil, errHandle
	case c == nil && !make:
		s.mu.Unlock()
		return nil, nil, errHandle
	case c == nil && len(s.clients) >= s.o.MaxSessions:
		s.mu.Unlock()
		return nil, nil, status.Errorf(codes.ResourceExhausted, "The server has %d sessions, its limit. Try again later, or close sessions that are not used.", s.o.MaxSessions)
	case c == nil:
		c = newClient(s, session, id.Principal)
		s.clients[session] = c
		mine = true
	}
	c.retain()
	s.mu.Unlock()
	if mine {
		// Others may wait for the session: it opens though who came first may go.
		c.session, c.openErr = s.engine.Open(context.WithoutCancel(ctx), id.Principal)
		close(c.opened)
	}
	select {
	case <-c.opened:
	case <-ctx.Done():
		c.release()
		return nil, nil, ctx.Err()
	}
	if c.openErr != nil {
		s.drop(c)
		c.release()
		return nil, nil, c.openErr
	}
	if !mine {
		c.login(id.Principal)
	}
	return c, c.release, nil
}

// login notes who a session is of, in case they have other roles than they had.
func (c *client) login(who auth.Principal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	same := slices.Equal(c.who.Roles, who.Roles)
	c.who = who
	if !same && c.session != nil {
		c.session.Login(who)
	}
}

func newClient(s *Server, id string, who auth.Principal) *client {
	return &client{
		s: s, id: id, user: who.Name, who: who, opened: make(chan struct{}), prepared: map[objectID]*prepared{}, queries: map[objectID]*query{},
		options: map[string]string{}, last: time.Now(),
	}
}

// retain keeps the session from being dropped until release.
func (c *client) retain() {
	c.mu.Lock()
	c.busy++
	c.uses++
	c.mu.Unlock()
}

// release ends a call's use of the session. A session as it was when it was
// opened is not kept: the next call under its id opens another just like it.
func (c *client) release() {
	c.mu.Lock()
	c.busy--
	c.last = time.Now()
	gone := c.busy == 0 && len(c.prepared) == 0 && len(c.queries) == 0 && c.txn == objectID{} && len(c.options) == 0
	uses := c.uses
	c.mu.Unlock()
	if gone && c.session != nil && c.session.Untouched() {
		c.s.dropIdle(c, uses)
	}
}

// dropIdle ends a session that was found idle when it had been retained so often. One that a
// call has taken up since is not idle any more, even if that call is over: it may have left something in it.
func (s *Server) dropIdle(c *client, uses uint64) {
	s.mu.Lock()
	c.mu.Lock()
	idle := c.uses == uses && s.clients[c.id] == c
	if idle {
		delete(s.clients, c.id)
	}
	c.mu.Unlock()
	s.mu.Unlock()
	if idle {
		c.end()
	}
}

// drop takes a session out of the server, whoever uses it.
func (s *Server) drop(c *client) {
	s.mu.Lock()
	if s.clients[c.id] == c {
		delete(s.clients, c.id)
	}
	s.mu.Unlock()
}

// end closes the session and all it holds. The session is in no map any more.
func (c *client) end() {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended = true
	queries, statements := c.queries, c.prepared
	c.queries, c.prepared = map[objectID]*query{}, map[objectID]*prepared{}
	c.mu.Unlock()
	for _, q := range queries {
		q.discard(errSessionOver)
	}
	for _, p := range statements {
		p.release()
	}
	select {
	case <-c.opened:
		if c.session != nil {
			if err := c.session.Close(); err != nil {
				c.s.log.Warn("session did not close", "session", c.id, "error", err.Error())
			}
		}
	default: // whoever opens it finds it ended
	}
}

// sweep ends what has not been used for long.
func (c *client) sweep(now time.Time) {
	var over []*query
	c.mu.Lock()
	for id, q := range c.queries {
		if q.expired(now) {
			over = append(over, q)
			delete(c.queries, id)
		}
	}
	idle := c.busy == 0 && len(c.queries) == 0 && now.Sub(c.last) > c.s.o.SessionIdle
	uses := c.uses
	c.mu.Unlock()
	for _, q := range over {
		q.discard(errExpired)
	}
	if idle {
		c.s.dropIdle(c, uses)
	} else if len(over) > 0 {
		c.retain()
		c.release() // it may be untouched now
	}
}

// touch notes that the session was used.
func (c *client) touch() {
	c.mu.Lock()
	c.last = time.Now()
	c.mu.Unlock()
}

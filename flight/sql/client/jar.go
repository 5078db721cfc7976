package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

const authorization = "authorization"

// tokens is the newest session token of a session, as the header that calls have.
type tokens struct {
	mu    sync.Mutex
	value string
}

func (t *tokens) get() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}

func (t *tokens) set(header string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value = header
}

// jar gives the calls of one connection the newest session token and the
// cookies of the server, and takes both up from its replies. Those are the same
// in nearly every reply, which is noticed without reading them.
type jar struct {
	token *tokens

	mu      sync.Mutex
	last    []string // the lines that were read last
	cookies map[string]*http.Cookie
	line    string    // what is sent of them
	until   time.Time // when the first of them is over; zero: never
}

// sent is the context of a call with what it is to have.
func (j *jar) sent(ctx context.Context) context.Context {
	pairs := make([]string, 0, 4)
	if line := j.cookie(time.Now()); line != "" {
		pairs = append(pairs, "cookie", line)
	}
	if token := j.token.get(); token != "" {
		if md, ok := metadata.FromOutgoingContext(ctx); !ok || len(md.Get(authorization)) == 0 { // else it is the login itself
			pairs = append(pairs, authorization, token)
		}
	}
	if len(pairs) == 0 {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...)
}

func (j *jar) cookie(now time.Time) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.until.IsZero() && !now.Before(j.until) {
		j.write(now)
	}
	return j.line
}

// received takes up what a header or trailer has.
func (j *jar) received(md metadata.MD) {
	for _, v := range md.Get(authorization) {
		if strings.HasPrefix(v, "Bearer ") {
			j.token.set(v)
		}
	}
	lines := md.Get("set-cookie")
	if len(lines) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if slices.Equal(lines, j.last) && j.until.IsZero() {
		return
	}
	now := time.Now()
	j.last = slices.Clone(lines)
	if j.cookies == nil {
		j.cookies = map[string]*http.Cookie{}
	}
	for _, c := range (&http.Response{Header: http.Header{"Set-Cookie": lines}}).Cookies() {
		switch {
		case c.MaxAge < 0:
			c.Expires = now
		case c.MaxAge > 0:
			c.Expires = now.Add(time.Duration(c.MaxAge) * time.Second)
		}
		j.cookies[c.Name+c.Path] = c
	}
	j.write(now)
}

// write makes the line of the cookies that are not over. j.mu is held.
func (j *jar) write(now time.Time) {
	var parts []string
	j.until = time.Time{}
	for id, c := range j.cookies {
		switch {
		case c.Expires.IsZero():
		case !c.Expires.After(now):
			delete(j.cookies, id)
			continue
		case j.until.IsZero() || c.Expires.Before(j.until):
			j.until = c.Expires
		}
		parts = append(parts, (&http.Cookie{Name: c.Name, Value: c.Value}).String())
	}
	slices.Sort(parts)
	j.line = strings.Join(parts, ";")
}

// unary is the interceptor of unary calls.
func (j *jar) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	var header, trailer metadata.MD
	err := invoke(j.sent(ctx), method, req, reply, cc, append(opts, grpc.Header(&header), grpc.Trailer(&trailer))...)
	j.received(header)
	j.received(trailer)
	return err
}

// stream is the interceptor of streams.
func (j *jar) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := open(j.sent(ctx), desc, cc, method, opts...)
	if err != nil {
		return nil, err
	}
	return &listened{ClientStream: s, j: j}, nil
}

// listened is a stream whose header and trailer the jar sees. The header has
// come when the first message has, so nobody waits for it.
type listened struct {
	grpc.ClientStream
	j    *jar
	seen bool
}

// RecvMsg implements grpc.ClientStream.
func (s *listened) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	over := errors.Is(err, io.EOF)
	if !s.seen && (err == nil || over) {
		s.seen = true
		if md, err := s.ClientStream.Header(); err == nil {
			s.j.received(md)
		}
	}
	if over {
		s.j.received(s.Trailer())
	}
	return err
}

// Header implements grpc.ClientStream.
func (s *listened) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	if err == nil {
		s.j.received(md)
	}
	return md, err
}

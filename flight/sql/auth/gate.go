package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Identity is who a call comes from and which session it belongs to.
type Identity struct {
	Principal
	// Session is the id of the call's session. The session itself may not be
	// there yet, or any more.
	Session string
}

type identityKey struct{}

// From returns the identity of a call that passed a Gate.
func From(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	return id, ok
}

// With returns a context that carries an identity, for calls that pass no Gate.
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// Gate is what every call passes: it judges credentials, finds the session a
// call belongs to and answers with a token and a cookie for it. A session is
// that of the cookie, else that of the session token, else a new one: never
// that of a user as such, who may have many clients.
type Gate struct {
	Auth Authenticator
	Keys *Keys
	// Anonymous lets in calls without credentials, as Anonymous.
	Anonymous bool
	// Secure sets the Secure attribute of cookies.
	Secure bool
	// Open are methods that need no credentials, by full name.
	Open map[string]bool
	Log  *slog.Logger
	// Refused is told of every refusal, for metrics.
	Refused func(reason string)

	replies recent[replyTo, metadata.MD]
}

// CookieName is the name of the cookie that holds a session token.
const CookieName = "volley_session"

const (
	authorization   = "authorization"
	legacyToken     = "auth-token-bin" // of clients that log in by the payload of Handshake
	handshakeMethod = "/arrow.flight.protocol.FlightService/Handshake"
)

// Unary is the interceptor of unary calls.
func (g *Gate) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if g.Open[info.FullMethod] {
			return next(ctx, req)
		}
		ctx, header, err := g.enter(ctx)
		if err != nil {
			return nil, err
		}
		if err := grpc.SetHeader(ctx, header); err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// Stream is the interceptor of streams.
func (g *Gate) Stream() grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if g.Open[info.FullMethod] || info.FullMethod == handshakeMethod {
			return next(srv, ss) // Handshake enters by itself: its credentials may be in a message
		}
		ctx, header, err := g.enter(ss.Context())
		if err != nil {
			return err
		}
		if err := ss.SetHeader(header); err != nil {
			return err
		}
		return next(srv, &entered{ss, ctx})
	}
}

// entered is a stream with the context that holds its identity.
type entered struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *entered) Context() context.Context { return s.ctx }

// Handshake answers a login: with a token in header and trailer, since clients
// look in one or the other, and one message, which legacy clients read it from.
func (g *Gate) Handshake(stream flight.FlightService_HandshakeServer) error {
	ctx := stream.Context()
	md, _ := metadata.FromIncomingContext(ctx)
	if len(md.Get(authorization)) == 0 {
		if req, err := stream.Recv(); err == nil && len(req.GetPayload()) > 0 {
			var basic flight.BasicAuth
			if proto.Unmarshal(req.GetPayload(), &basic) == nil && basic.Username != "" {
				md = md.Copy()
				md.Set(authorization, "Basic "+base64.StdEncoding.EncodeToString([]byte(basic.Username+":"+basic.Password)))
				ctx = metadata.NewIncomingContext(ctx, md)
			}
		}
	}
	_, header, err := g.enter(ctx)
	if err != nil {
		return err
	}
	if err := stream.SetHeader(header); err != nil {
		return err
	}
	stream.SetTrailer(metadata.Pairs(authorization, header.Get(authorization)[0]))
	token := strings.TrimPrefix(header.Get(authorization)[0], "Bearer ")
	return stream.Send(&flight.HandshakeResponse{Payload: []byte(token)})
}

// enter finds the identity of a call and the header of its reply.
func (g *Gate) enter(ctx context.Context) (context.Context, metadata.MD, error) {
	credentials := first1(metadata.ValueFromIncomingContext(ctx, authorization))
	p, claims, err := g.identify(ctx, credentials)
	if err != nil {
		return nil, nil, g.refuse(ctx, err)
	}
	now := time.Now()
	id := Identity{Principal: p}
	cookie, sent := g.cookie(ctx, p)
	switch {
	case cookie != "":
		id.Session = cookie
	case claims != nil:
		id.Session = claims.Session
	default:
		id.Session = connectionSession(ctx, g.Anonymous, p.Name)
	}
	token := ""
	if claims != nil && claims.Session == id.Session && now.Sub(claims.Issued) < g.Keys.ttl/2 {
		token = strings.TrimPrefix(credentials, "Bearer ")
	}
	if token == "" || !strings.Contains(token, ".") {
		if token, err = g.Keys.Sign(p, id.Session, now); err != nil {
			return nil, nil, status.Error(codes.Internal, "no session token could be made")
		}
	}
	return With(ctx, id), g.reply(replyTo{token, !sent}), nil
}

// replyTo is what the header of a reply depends on.
type replyTo struct {
	token  string
	cookie bool // the client is to have one
}

// reply is the header of a reply, which is only to be read.
func (g *Gate) reply(to replyTo) metadata.MD {
	if header, ok := g.replies.get(to); ok {
		return header
	}
	header := metadata.Pairs(authorization, "Bearer "+to.token)
	if to.cookie {
		// Without Max-Age and Expires: with them Java's cookies turn into another version of the format.
		c := CookieName + "=" + to.token + "; Path=/; HttpOnly"
		if g.Secure {
			c += "; Secure"
		}
		header.Append("set-cookie", c)
	}
	g.replies.put(to, header)
	return header
}

func first1(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// sessionBytes is how many random bytes name a session.
const sessionBytes = 16

// NewSessionID makes the id of a session.
func NewSessionID() string {
	b := make([]byte, sessionBytes)
	rand.Read(b)
	return sessionID(b)
}

func sessionID(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// identify judges the credentials of a call. claims is nil unless they are a session token.
func (g *Gate) identify(ctx context.Context, header string) (Principal, *Claims, error) {
	if header == "" {
		if t := first1(metadata.ValueFromIncomingContext(ctx, legacyToken)); t != "" {
			header = "Bearer " + t
		}
	}
	kind, value, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		if cert := clientCertificate(ctx); cert != nil {
			p, err := g.Auth.Certificate(ctx, cert)
			if !errors.Is(err, ErrNotMine) {
				return p, nil, err
			}
		}
		if g.Anonymous {
			return Principal{Name: Anonymous}, nil, nil
		}
		return Principal{}, nil, ErrNotMine
	case strings.EqualFold(kind, "basic"):
		user, password, ok := basic(value)
		if !ok {
			return Principal{}, nil, ErrRefused
		}
		if user == "" && g.Anonymous {
			return Principal{Name: Anonymous}, nil, nil
		}
		p, err := g.Auth.Password(ctx, user, password)
		return p, nil, err
	case strings.EqualFold(kind, "bearer"):
		claims, err := g.Keys.Read(value)
		if err == nil {
			p, err := Still(ctx, g.Auth, claims.Principal)
			return p, &claims, err
		}
		if !errors.Is(err, ErrNotMine) {
			return Principal{}, nil, err
		}
		p, err := g.Auth.Token(ctx, value)
		return p, nil, err
	}
	return Principal{}, nil, ErrRefused
}

// basic decodes user:password, with or without the padding that some clients leave out.
func basic(value string) (user, password string, ok bool) {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil {
		if b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(value, "=")); err != nil {
			return "", "", false
		}
	}
	return strings.Cut(string(b), ":")
}

// cookie is the session of the call's cookie, empty if there is none of this
// user. sent reports whether the client has a good one already.
func (g *Gate) cookie(ctx context.Context, p Principal) (session string, sent bool) {
	for _, line := range metadata.ValueFromIncomingContext(ctx, "cookie") {
		for _, part := range strings.Split(line, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if name != CookieName {
				continue
			}
			if c, err := g.Keys.Read(strings.Trim(value, `"`)); err == nil && c.Name == p.Name {
				return c.Session, time.Since(c.Issued) < g.Keys.ttl/2
			}
		}
	}
	return "", false
}

func clientCertificate(ctx context.Context) *x509.Certificate {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return nil
	}
	return verified(info.State)
}

func verified(s tls.ConnectionState) *x509.Certificate {
	if len(s.VerifiedChains) == 0 || len(s.VerifiedChains[0]) == 0 {
		return nil
	}
	return s.VerifiedChains[0][0]
}

// refuse is the status of a failed login. What exactly was wrong goes to the log alone.
func (g *Gate) refuse(ctx context.Context, err error) error {
	if e := ctx.Err(); e != nil {
		return status.FromContextError(e).Err()
	}
	reason := "refused"
	message := "The user name, password or token is not valid, or has expired."
	if errors.Is(err, ErrNotMine) {
		reason, message = "missing", "The server wants a login that the call does not have, or of another kind: see the authentication it was started with."
	}
	from := ""
	if p, ok := peer.FromContext(ctx); ok {
		from = p.Addr.String()
	}
	if g.Log != nil {
		g.Log.Warn("login refused", "peer", from, "reason", err.Error())
	}
	if g.Refused != nil {
		g.Refused(reason)
	}
	return status.Error(codes.Unauthenticated, message)
}

// connection is the address of a client with what the calls of its connection share.
type connection struct {
	net.Addr
	session string
	gone    chan struct{} // closed when it ends

	mu sync.Mutex
	as map[string]string // sessions of users of the connection
}

// TagConnection gives the connection of a client a session of its own; for listen.Options.
func TagConnection(client net.Addr) net.Addr {
	return &connection{Addr: client, session: NewSessionID(), gone: make(chan struct{})}
}

// EndConnection notes that the connection of an address that TagConnection made has ended, once.
func EndConnection(client net.Addr) {
	if c, ok := client.(*connection); ok {
		close(c.gone)
	}
}

func connectionOf(ctx context.Context) *connection {
	if p, ok := peer.FromContext(ctx); ok {
		if c, ok := p.Addr.(*connection); ok {
			return c
		}
	}
	return nil
}

// Gone is closed when the connection of a call ends; nil if that is not known.
func Gone(ctx context.Context) <-chan struct{} {
	if c := connectionOf(ctx); c != nil {
		return c.gone
	}
	return nil
}

// connectionSession is the session of a call that has neither cookie nor
// token. Where nobody is asked and the client is on this machine, it is the
// connection's, one for every name that is given over it: no proxy stands
// between that might share it among clients.
func connectionSession(ctx context.Context, anonymous bool, user string) string {
	if c := connectionOf(ctx); c != nil && anonymous {
		if a, ok := c.Addr.(*net.TCPAddr); ok && a.IP.IsLoopback() {
			return c.sessionAs(user)
		}
	}
	return NewSessionID()
}

// maxNames bounds how many names a connection remembers the sessions of.
const maxNames = 8

// sessionAs is the session of a user of the connection.
func (c *connection) sessionAs(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, ok := c.as[user]; ok {
		return id
	}
	of := sha256.Sum256([]byte(c.session + user))
	id := sessionID(of[:sessionBytes])
	if c.as == nil || len(c.as) >= maxNames {
		c.as = map[string]string{}
	}
	c.as[user] = id
	return id
}

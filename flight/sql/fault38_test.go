package sql_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/certtest"
	"github.com/volley-sql/volley/internal/serve"
)

const password = "open sesame, please"

// passwordHash is the same for every server: one that is restarted has the file it had.
var passwordHash = sync.OnceValues(func() ([]byte, error) { return bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost) })

// guarded is a server that asks who calls: ann has a password, and tokens are signed with secret.
func guarded(t *testing.T, key string) (s *served, e *fake, secret []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "users")
	quick, err := passwordHash()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("ann:"+string(quick)+"\nbob:"+string(quick)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	users, err := auth.OpenUsers(file)
	if err != nil {
		t.Fatal(err)
	}
	secret = []byte(strings.Repeat("0123456789abcdef", 2))
	tokens, err := auth.NewJWT(t.Context(), auth.JWTOptions{Secret: secret, Issuer: "us", Audience: "volley"})
	if err != nil {
		t.Fatal(err)
	}
	e = &fake{}
	return serving(t, e, serve.ServerOptions{Auth: auth.Any{users, tokens}, TokenKey: key}), e, secret
}

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func signed(t *testing.T, secret []byte, edit func(jwt.MapClaims)) string {
	t.Helper()
	c := jwt.MapClaims{"sub": "ann", "iss": "us", "aud": "volley", "exp": time.Now().Add(time.Hour).Unix()}
	if edit != nil {
		edit(c)
	}
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// login is the session token that a server answers credentials with.
func login(ctx context.Context, t *testing.T, f flight.FlightServiceClient, value string) string {
	t.Helper()
	var header metadata.MD
	st, err := f.Handshake(bearer(ctx, value))
	if err != nil {
		t.Fatal(err)
	}
	st.CloseSend()
	if _, err := st.Recv(); err != nil {
		t.Fatal(err)
	}
	if header, err = st.Header(); err != nil {
		t.Fatal(err)
	}
	return header.Get("authorization")[0]
}

// TestLogins is fault 38: who does not say who they are, or says it wrongly, is
// refused at every door, and the refusal is counted and says nothing.
func TestLogins(t *testing.T) {
	key := filepath.Join(t.TempDir(), "token.key")
	s, e, secret := guarded(t, key)
	f := s.flight()
	good := login(t.Context(), t, f, basicAuth("ann", password))
	parts := strings.Split(strings.TrimPrefix(good, "Bearer "), ".")
	flip := func(s string) string {
		b := []byte(s)
		b[len(b)/2] ^= 3
		return string(b)
	}
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "ann", "aud": "volley-session", "iss": "us", "exp": time.Now().Add(time.Hour).Unix()}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{
		"none":                             "",
		"an unknown kind":                  "Digest abc",
		"a kind alone":                     "Basic",
		"Bearer alone":                     "Bearer ",
		"a wrong password":                 basicAuth("ann", "wrong"),
		"no password":                      basicAuth("ann", ""),
		"nobody of that name":              basicAuth("mallory", password),
		"no name":                          basicAuth("", ""),
		"Basic of noise":                   "Basic ~~~!",
		"Basic without colon":              "Basic " + base64.StdEncoding.EncodeToString([]byte("ann")),
		"a token of noise":                 "Bearer noise",
		"a token whose signature is other": "Bearer " + parts[0] + "." + parts[1] + "." + flip(parts[2]),
		"a token whose claims are other":   "Bearer " + parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root","aud":"volley-session","exp":9999999999}`)) + "." + parts[2],
		"a token with alg none":            "Bearer " + none,
		"an expired token":                 "Bearer " + signed(t, secret, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Hour).Unix() }),
		"a token of another issuer":        "Bearer " + signed(t, secret, func(c jwt.MapClaims) { c["iss"] = "them" }),
		"a token of another audience":      "Bearer " + signed(t, secret, func(c jwt.MapClaims) { c["aud"] = "else" }),
		"a token of another key":           "Bearer " + signed(t, []byte(strings.Repeat("x", 32)), nil),
		"a token of 300 kB":                "Bearer " + strings.Repeat("a", 300<<10),
	}
	doors := map[string]func(ctx context.Context) error{
		"GetFlightInfo": func(ctx context.Context) error { _, err := info(ctx, f, statement("rows 1")); return err },
		"GetSchema": func(ctx context.Context) error {
			_, err := f.GetSchema(ctx, command(statement("rows 1")))
			return err
		},
		"PollFlightInfo": func(ctx context.Context) error {
			_, err := f.PollFlightInfo(ctx, command(statement("rows 1")))
			return err
		},
		"DoGet": func(ctx context.Context) error { return get(ctx, f, packed(&pb.CommandGetCatalogs{})) },
		"DoPut": func(ctx context.Context) error {
			return put(ctx, f, &flight.FlightData{FlightDescriptor: command(&pb.CommandStatementUpdate{Query: "change"})})
		},
		"DoAction": func(ctx context.Context) error {
			_, err := action(ctx, f, flight.CloseSessionActionType, nil)
			return err
		},
		"ListActions": func(ctx context.Context) error {
			l, err := f.ListActions(ctx, &flight.Empty{})
			if err == nil {
				_, err = l.Recv()
			}
			return err
		},
		"ListFlights": func(ctx context.Context) error {
			l, err := f.ListFlights(ctx, &flight.Criteria{})
			if err == nil {
				_, err = l.Recv()
			}
			return err
		},
		"DoExchange": func(ctx context.Context) error {
			x, err := f.DoExchange(ctx)
			if err == nil {
				_, err = x.Recv()
			}
			return err
		},
		"Handshake": func(ctx context.Context) error {
			h, err := f.Handshake(ctx)
			if err == nil {
				h.CloseSend()
				_, err = h.Recv()
			}
			return err
		},
	}
	conn := s.dial()
	doors["reflection"] = func(ctx context.Context) error {
		r, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
		if err == nil {
			r.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
			_, err = r.Recv()
		}
		return err
	}
	for name, value := range bad {
		for door, call := range doors {
			if strings.HasPrefix(value, "Basic ") && door != "DoGet" && door != "Handshake" {
				continue // each is a password to be hashed
			}
			t.Run(name+"/"+door, func(t *testing.T) {
				ctx := t.Context()
				if value != "" {
					ctx = bearer(ctx, value)
				}
				err := call(ctx)
				wantCode(t, err, codes.Unauthenticated)
				if strings.Contains(err.Error(), "ann") || strings.Contains(err.Error(), "expired token") {
					t.Errorf("the refusal tells why: %v", err)
				}
			})
		}
	}
	if e.opened.Load() != 0 {
		t.Errorf("%d sessions were opened for nobody", e.opened.Load())
	}
	t.Run("a known and an unknown name are not told apart", func(t *testing.T) {
		known, unknown := doors["DoGet"](bearer(t.Context(), bad["a wrong password"])), doors["DoGet"](bearer(t.Context(), bad["nobody of that name"]))
		if known.Error() != unknown.Error() {
			t.Errorf("%v, but %v", known, unknown)
		}
	})
	t.Run("refusals are counted", func(t *testing.T) {
		if metric(t, s, `volley_refused_total{what="login refused"}`) < 10 || metric(t, s, `volley_refused_total{what="login missing"}`) < 10 {
			t.Error("they are not")
		}
	})
	t.Run("no secret is logged", func(t *testing.T) {
		log := s.log.String()
		for _, secret := range []string{password, "wrong\"", parts[2], none, string(secret), strings.TrimPrefix(bad["an expired token"], "Bearer ")} {
			if strings.Contains(log, secret) {
				t.Errorf("the log has %q", secret)
			}
		}
		if !strings.Contains(log, "login refused") {
			t.Error("the log does not have the refusals")
		}
		if strings.Contains(log, strings.Repeat("a", 10<<10)) {
			t.Error("the log has a token of 300 kB")
		}
	})
	t.Run("what is good is let in", func(t *testing.T) {
		for name, value := range map[string]string{
			"a password": basicAuth("ann", password), "a password without padding": strings.TrimRight(basicAuth("ann", password), "="),
			"a session token": good, "a token of another's": "Bearer " + signed(t, secret, nil), "in small letters": "bearer " + signed(t, secret, nil),
		} {
			if err := doors["GetFlightInfo"](bearer(t.Context(), value)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("health wants no login", func(t *testing.T) {
		h, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil || h.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%v %v", h, err)
		}
	})
	t.Run("a server that was restarted takes the token, and not the ticket", func(t *testing.T) {
		ctx := bearer(t.Context(), good)
		i := planned(ctx, t, f, "rows 1")
		s2, _, _ := guarded(t, key)
		f2 := s2.flight()
		if err := get(ctx, f2, ticketOf(t, planned(ctx, t, f2, "rows 1"))); err != nil {
			t.Errorf("the token is refused: %v", err)
		}
		wantCode(t, get(ctx, f2, ticketOf(t, i)), codes.NotFound)
		s3, _, _ := guarded(t, "")
		wantCode(t, get(ctx, s3.flight(), ticketOf(t, i)), codes.Unauthenticated)
	})
}

// TestHandshakes: a login is answered in every place that clients look in.
func TestHandshakes(t *testing.T) {
	s, _, _ := guarded(t, "")
	f := s.flight()
	shake := func(ctx context.Context, payload []byte) (header, trailer metadata.MD, reply string, err error) {
		st, err := f.Handshake(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if payload != nil {
			st.Send(&flight.HandshakeRequest{Payload: payload})
		}
		st.CloseSend()
		r, err := st.Recv()
		header, _ = st.Header()
		if err == nil {
			st.Recv()
		}
		return header, st.Trailer(), string(r.GetPayload()), err
	}
	t.Run("by header", func(t *testing.T) {
		h, tr, reply, err := shake(bearer(t.Context(), basicAuth("ann", password)), nil)
		if err != nil {
			t.Fatal(err)
		}
		tok := h.Get("authorization")
		if len(tok) != 1 || len(tr.Get("authorization")) != 1 || tr.Get("authorization")[0] != tok[0] || "Bearer "+reply != tok[0] {
			t.Errorf("header %v, trailer %v, payload %q", tok, tr, reply)
		}
		if c := h.Get("set-cookie"); len(c) != 1 || !strings.HasPrefix(c[0], "volley_session=") || strings.Contains(c[0], "Max-Age") || strings.Contains(c[0], "Expires") {
			t.Errorf("%v", c)
		}
	})
	t.Run("by payload", func(t *testing.T) {
		_, _, reply, err := shake(t.Context(), basicPayload(t, "ann", password))
		if err != nil {
			t.Fatal(err)
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), "auth-token-bin", reply)
		if err := get(ctx, f, ticketOf(t, planned(ctx, t, f, "rows 1"))); err != nil {
			t.Error(err)
		}
	})
	for name, payload := range map[string][]byte{
		"a wrong password": basicPayload(t, "ann", "no"), "no name": basicPayload(t, "", ""), "noise": []byte("\xff\xff\xff"), "nothing": {},
	} {
		t.Run("by a payload of "+name, func(t *testing.T) {
			_, _, _, err := shake(t.Context(), payload)
			wantCode(t, err, codes.Unauthenticated)
		})
	}
	t.Run("with noise in another header", func(t *testing.T) {
		ctx := metadata.AppendToOutgoingContext(bearer(t.Context(), basicAuth("ann", password)), "auth-token-bin", "\xff\xfe", "cookie", "volley_session=~~; ;=;", "x-ipc-compression", "nonsense")
		if _, _, _, err := shake(ctx, nil); err != nil {
			t.Error(err)
		}
	})
}

func basicPayload(t *testing.T, user, password string) []byte {
	t.Helper()
	b, err := protoMarshal(&flight.BasicAuth{Username: user, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCookieSessions: a cookie names a session, and a broken one is as none.
func TestCookieSessions(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	cookieOf := func(ctx context.Context, f flight.FlightServiceClient) string {
		var h metadata.MD
		if _, err := f.GetFlightInfo(ctx, command(statement("SELECT 1")), grpc.Header(&h)); err != nil {
			t.Fatal(err)
		}
		c, _, _ := strings.Cut(h.Get("set-cookie")[0], ";")
		return c
	}
	with := func(c string) context.Context { return metadata.AppendToOutgoingContext(t.Context(), "cookie", c) }
	view := func(ctx context.Context, f flight.FlightServiceClient) error {
		_, err := info(ctx, f, statement("SELECT * FROM mine"))
		return err
	}
	f := s.flight()
	c := cookieOf(t.Context(), f)
	if _, err := info(with(c), f, statement("CREATE TEMP VIEW mine AS SELECT 1")); err != nil {
		t.Fatal(err)
	}
	t.Run("the session is there from another connection", func(t *testing.T) {
		if err := view(with(c), s.flight()); err != nil {
			t.Error(err)
		}
	})
	for name, cookie := range map[string]string{
		"no cookie": "", "another name": "x=y", "noise": "volley_session=%00%ff", "a forged one": c[:len(c)-3] + "abc", "half of it": c[:len(c)/2],
	} {
		t.Run(name+" is another session", func(t *testing.T) {
			ctx := t.Context()
			if cookie != "" {
				ctx = with(cookie)
			}
			wantCode(t, view(ctx, s.flight()), codes.NotFound)
		})
	}
	t.Run("another user's", func(t *testing.T) { wantCode(t, view(as(with(c), "bob"), s.flight()), codes.NotFound) })
	t.Run("of a session that is closed", func(t *testing.T) {
		if _, err := action(with(c), f, flight.CloseSessionActionType, nil); err != nil {
			t.Fatal(err)
		}
		wantCode(t, view(with(c), f), codes.NotFound)
		if _, err := info(with(c), f, statement("SELECT 1")); err != nil {
			t.Errorf("a stale cookie is an error: %v", err)
		}
	})
}

// TestHeaders: headers beyond a limit end their call, not the server.
func TestHeaders(t *testing.T) {
	s := serving(t, &fake{}, serve.ServerOptions{})
	for name, md := range map[string]metadata.MD{
		"a megabyte":         metadata.Pairs("x-large", strings.Repeat("x", 1<<20)),
		"four megabytes":     metadata.Pairs("authorization", "Bearer "+strings.Repeat("x", 4<<20)),
		"a hundred thousand": manyHeaders(100_000),
	} {
		t.Run(name, func(t *testing.T) {
			f := s.flight()
			_, err := info(metadata.NewOutgoingContext(t.Context(), md), f, statement("rows 1"))
			if err == nil || status.Code(err) == codes.Unknown {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("what clients send is let through", func(t *testing.T) {
		f := s.flight()
		if _, err := info(metadata.NewOutgoingContext(t.Context(), metadata.Pairs("x-large", strings.Repeat("x", 64<<10))), f, statement("rows 1")); err != nil {
			t.Error(err)
		}
	})
	if n, err := query(t.Context(), s.client(), "rows 2"); n != 2000 || err != nil {
		t.Errorf("%d %v", n, err)
	}
}

func manyHeaders(n int) metadata.MD {
	md := metadata.MD{}
	for range n {
		md.Append("x-many", "0123456789")
	}
	return md
}

// TestCertificateLogin: the certificate of a client is its name.
func TestCertificateLogin(t *testing.T) {
	ca, other := certtest.New(t), certtest.New(t)
	pair := ca.Pair("server", nil)
	s := serving(t, nil, serve.ServerOptions{
		Auth:   auth.Certificates{},
		Listen: listen.Options{TLS: &listen.TLS{Cert: &pair, ClientCAFile: ca.File(t.TempDir()), ClientCerts: listen.VerifyIfGiven}},
	})
	who := func(c *tls.Config) (string, error) {
		s.tls = c
		cl := s.client()
		i, err := cl.Execute(t.Context(), "SELECT current_user() AS u")
		if err != nil {
			return "", err
		}
		r, err := cl.DoGet(t.Context(), i.GetEndpoint()[0].GetTicket())
		if err != nil {
			return "", err
		}
		defer r.Release()
		for r.Next() {
			if r.RecordBatch().NumRows() > 0 {
				return r.RecordBatch().Column(0).ValueStr(0), nil
			}
		}
		return "", r.Err()
	}
	got, err := who(&tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{ca.Pair("ann", nil)}})
	if err != nil || got != "ann" {
		t.Errorf("%q %v", got, err)
	}
	_, err = who(&tls.Config{RootCAs: ca.Pool()})
	wantCode(t, err, codes.Unauthenticated)
	_, err = who(&tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{other.Pair("ann", nil)}})
	wantCode(t, err, codes.Unavailable, codes.Unauthenticated)
}

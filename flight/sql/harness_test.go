package sql_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
)

// served is a server that a test talks to over a connection.
type served struct {
	*serve.Server
	t   testing.TB
	log *lines
	tls *tls.Config // of clients; nil: plaintext
}

// lines keeps what a server logs.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serving starts a server of an engine; nil is the real one, with a catalog in memory.
func serving(t testing.TB, e sql.Engine, o serve.ServerOptions) *served {
	t.Helper()
	if e == nil {
		a, err := app.Open(app.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		e = serve.New(a)
	}
	out := &served{t: t, log: &lines{}}
	if o.Listen.Address == "" {
		o.Listen.Address = "127.0.0.1:0"
	}
	if o.TokenTTL == 0 {
		o.TokenTTL = time.Hour
	}
	if o.Metrics == "" {
		o.Metrics = "127.0.0.1:0"
	}
	if o.Listen.TLS != nil {
		out.tls = &tls.Config{InsecureSkipVerify: true}
	}
	o.Log = slog.New(slog.NewTextHandler(out.log, nil))
	if o.Queries == nil {
		o.Queries = o.Log
	}
	s, err := serve.Start(e, o)
	if err != nil {
		t.Fatal(err)
	}
	out.Server = s
	t.Cleanup(func() { out.end(time.Second) })
	return out
}

// end stops the server, once.
func (s *served) end(drain time.Duration) {
	if s.Server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	s.Server.Close(ctx)
	s.Server = nil
}

// dial opens a connection.
func (s *served) dial() *grpc.ClientConn {
	s.t.Helper()
	creds := insecure.NewCredentials()
	if s.tls != nil {
		creds = credentials.NewTLS(s.tls)
	}
	c, err := grpc.NewClient(s.Addr().String(), grpc.WithTransportCredentials(creds))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// flight is the Flight service over a connection of its own.
func (s *served) flight() flight.FlightServiceClient { return flight.NewFlightServiceClient(s.dial()) }

// client is a Flight SQL client over a connection of its own.
func (s *served) client() *flightsql.Client {
	s.t.Helper()
	creds := insecure.NewCredentials()
	if s.tls != nil {
		creds = credentials.NewTLS(s.tls)
	}
	c, err := flightsql.NewClient(s.Addr().String(), nil, nil, grpc.WithTransportCredentials(creds))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return c
}

// alive fails the test unless the server answers a query as it should.
func (s *served) alive(ctx context.Context) {
	s.t.Helper()
	c := s.client()
	rows, err := query(ctx, c, "SELECT 1 AS one")
	if err != nil || rows != 1 {
		s.t.Fatalf("the server does not answer any more: %d rows, %v", rows, err)
	}
}

// query runs a query and counts its rows.
func query(ctx context.Context, c *flightsql.Client, text string) (int64, error) {
	info, err := c.Execute(ctx, text)
	if err != nil {
		return 0, err
	}
	return fetch(ctx, c, info)
}

// fetch reads all endpoints of a result and counts rows.
func fetch(ctx context.Context, c *flightsql.Client, info *flight.FlightInfo) (n int64, err error) {
	for _, e := range info.GetEndpoint() {
		r, err := c.DoGet(ctx, e.GetTicket())
		if err != nil {
			return n, err
		}
		for r.Next() {
			n += r.RecordBatch().NumRows()
		}
		err = r.Err()
		r.Release()
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
	}
	return n, nil
}

// get reads a ticket to its end over the plain service.
func get(ctx context.Context, f flight.FlightServiceClient, ticket []byte) error {
	s, err := f.DoGet(ctx, &flight.Ticket{Ticket: ticket})
	if err != nil {
		return err
	}
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// info asks for the FlightInfo of a command.
func info(ctx context.Context, f flight.FlightServiceClient, cmd proto.Message) (*flight.FlightInfo, error) {
	return f.GetFlightInfo(ctx, command(cmd))
}

func command(m proto.Message) *flight.FlightDescriptor {
	return &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: packed(m)}
}

func packed(m proto.Message) []byte {
	var a anypb.Any
	if err := a.MarshalFrom(m); err != nil {
		panic(err)
	}
	b, err := proto.Marshal(&a)
	if err != nil {
		panic(err)
	}
	return b
}

func statement(text string) *pb.CommandStatementQuery { return &pb.CommandStatementQuery{Query: text} }

// action runs an action and returns the body of its first result.
func action(ctx context.Context, f flight.FlightServiceClient, kind string, body []byte) ([]byte, error) {
	s, err := f.DoAction(ctx, &flight.Action{Type: kind, Body: body})
	if err != nil {
		return nil, err
	}
	r, err := s.Recv()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	return r.GetBody(), err
}

// put sends messages by DoPut and returns how the call ended.
func put(ctx context.Context, f flight.FlightServiceClient, msgs ...*flight.FlightData) error {
	s, err := f.DoPut(ctx)
	if err != nil {
		return err
	}
	for _, m := range msgs {
		if err := s.Send(m); err != nil {
			break // the reason comes with Recv
		}
	}
	s.CloseSend()
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// wantCode fails the test unless err is a status of one of the codes.
func wantCode(t testing.TB, err error, want ...codes.Code) {
	t.Helper()
	got := status.Code(err)
	for _, w := range want {
		if got == w {
			wantClean(t, err)
			return
		}
	}
	t.Errorf("%v, wanted a status of %v", err, want)
}

// wantClean fails the test if the text of an error says what only a log should.
func wantClean(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, bad := range []string{"goroutine ", "runtime error", "panic", ".go:", "nil pointer"} {
		if strings.Contains(err.Error(), bad) {
			t.Errorf("the error tells what is inside: %v", err)
		}
	}
}

// bearer is a context whose calls carry a header of authorization.
func bearer(ctx context.Context, value string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", value)
}

// eventually waits until f is true, and fails the test if it does not become so.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		if f() {
			return
		}
		if time.Now().After(end) {
			t.Errorf("it did not come to this: %s", what)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// settled waits until there are no more goroutines than there were.
func settled(t testing.TB, before int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		if runtime.NumGoroutine() <= before {
			return
		}
		if time.Now().After(end) {
			buf := make([]byte, 1<<20)
			t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func listening(t *listen.TLS) listen.Options { return listen.Options{TLS: t} }

func contextWithCancel(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

type anyMessage = anypb.Any

func protoMarshal(m proto.Message) ([]byte, error) { return proto.Marshal(m) }

// packedAs is a message of any type, with any content.
func packedAs(url string, content []byte) []byte {
	b, err := proto.Marshal(&anypb.Any{TypeUrl: url, Value: content})
	if err != nil {
		panic(err)
	}
	return b
}

// published is all that a server says of itself.
func published(t testing.TB, s *served) string {
	t.Helper()
	r, err := http.Get("http://" + s.MetricsAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// metric is a number that a server publishes; line begins its line.
func metric(t testing.TB, s *served, line string) float64 {
	t.Helper()
	for l := range strings.Lines(published(t, s)) {
		if strings.HasPrefix(l, line) {
			fields := strings.Fields(l)
			v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return 0
}

// selfSigned is a certificate for tests.
func selfSigned(t testing.TB) *listen.TLS {
	t.Helper()
	c, _, err := listen.DevCert(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

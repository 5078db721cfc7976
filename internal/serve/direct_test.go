package serve_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/certtest"
	"github.com/volley-sql/volley/internal/serve"
)

// direct is a server whose executors give results to clients.
type direct struct {
	t   *testing.T
	app *app.App
	*serve.Server
	secure bool
}

func serveDirect(t *testing.T, executors string, o serve.ServerOptions, admins ...string) *direct {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{
		Master: "local-cluster[" + executors + ",1,512]", ExecutorCommand: []string{exe, executorWord},
		Conf: map[string]string{"volley.execution.rangeSort": "0"}, Admins: admins,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	// An executor that comes late leaves its tasks to the others.
	wait(t, "the executors to come", func() bool { return strconv.Itoa(len(a.Driver().Executors())) == executors })
	o.Listen.Address, o.TokenTTL = "127.0.0.1:0", time.Hour
	if o.SQL.Endpoints == 0 {
		o.Direct = "127.0.0.1"
	}
	e := serve.New(a)
	e.Rights = len(admins) > 0
	s, err := serve.Start(e, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return &direct{t: t, app: a, Server: s, secure: o.Listen.TLS != nil}
}

// dial opens a connection to the server, or to an executor by its location.
func (d *direct) dial(location string) flight.FlightServiceClient {
	d.t.Helper()
	creds := insecure.NewCredentials()
	if d.secure {
		creds = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	scheme := "grpc+tcp://"
	if d.secure {
		scheme = "grpc+tls://"
	}
	addr := d.Addr().String()
	if location != "" {
		var ok bool
		if addr, ok = strings.CutPrefix(location, scheme); !ok {
			d.t.Fatalf("location %q", location)
		}
	}
	c, err := grpc.NewClient(addr, grpc.WithTransportCredentials(creds))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Close() })
	return flight.NewFlightServiceClient(c)
}

// as adds a login to the calls of a context.
func as(ctx context.Context, user, password string) context.Context {
	if user == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", basicAuth(user, password))
}

// plan asks for the endpoints of a query.
func (d *direct) plan(ctx context.Context, text string) *flight.FlightInfo {
	d.t.Helper()
	var a anypb.Any
	if err := a.MarshalFrom(&pb.CommandStatementQuery{Query: text}); err != nil {
		d.t.Fatal(err)
	}
	cmd, err := proto.Marshal(&a)
	if err != nil {
		d.t.Fatal(err)
	}
	i, err := d.dial("").GetFlightInfo(ctx, &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: cmd})
	if err != nil {
		d.t.Fatal(err)
	}
	return i
}

// ends runs a query and returns its endpoints, all of which are on executors.
func (d *direct) ends(ctx context.Context, text string) *flight.FlightInfo {
	d.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		i := d.plan(ctx, text)
		there := true
		for _, e := range i.GetEndpoint() {
			there = there && len(e.GetLocation()) == 2 && e.GetLocation()[1].GetUri() == flight.LocationReuseConnection
		}
		if there && len(i.GetEndpoint()) > 0 {
			return i
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("endpoints %v", i.GetEndpoint())
		}
		time.Sleep(20 * time.Millisecond) // executors have registered, and do not listen yet
	}
}

// readTicket reads a ticket and returns the number of rows and the sum of the first column.
func readTicket(ctx context.Context, f flight.FlightServiceClient, t *flight.Ticket, each func(arrow.RecordBatch)) (rows, sum int64, err error) {
	st, err := f.DoGet(ctx, t, grpc.MaxCallRecvMsgSize(2<<20+64<<10))
	if err != nil {
		return 0, 0, err
	}
	r, err := flight.NewRecordReader(st)
	if err != nil {
		return 0, 0, err
	}
	defer r.Release()
	for r.Next() {
		rec := r.RecordBatch()
		rows += rec.NumRows()
		for _, v := range rec.Column(0).(*array.Int64).Int64Values() {
			sum += v
		}
		if each != nil {
			each(rec)
		}
	}
	if err := r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return rows, sum, err
	}
	return rows, sum, nil
}

func wantNotFound(t *testing.T, what string, err error) {
	t.Helper()
	if status.Code(err) != codes.NotFound {
		t.Errorf("%s: %v", what, err)
	}
}

func wait(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

const joinedRows = 200_000

const joined = `SELECT a.id, repeat('x', 40) AS s, CAST(a.id % 100 AS DECIMAL(9,2)) AS d, array(a.id) AS l, CAST(a.id % 7 AS STRING) AS k
	FROM range(200000) a JOIN range(200000) b ON a.id = b.id`

const joinedSum = int64(joinedRows) * (joinedRows - 1) / 2

// TestDirect: clients have the rows of a result from the executors, in the
// types and messages of the server, and what executors keep goes when all is read.
func TestDirect(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{})
	i := d.ends(t.Context(), joined)
	if len(i.GetEndpoint()) != 2 || i.GetOrdered() {
		t.Fatalf("%d endpoints, ordered %v", len(i.GetEndpoint()), i.GetOrdered())
	}
	told, err := flight.DeserializeSchema(i.GetSchema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var rows, sum int64
	seen := map[string]bool{}
	for _, e := range i.GetEndpoint() {
		at := e.GetLocation()[0].GetUri()
		seen[at] = true
		n, s, err := readTicket(t.Context(), d.dial(at), e.GetTicket(), func(rec arrow.RecordBatch) {
			if !rec.Schema().Equal(told) {
				t.Errorf("schema %v, told was %v", rec.Schema(), told)
			}
			for c, want := range []arrow.Type{arrow.INT64, arrow.STRING, arrow.DECIMAL128, arrow.LIST, arrow.STRING} {
				if got := rec.Column(c).DataType().ID(); got != want {
					t.Errorf("column %d is %v", c, got)
				}
			}
		})
		if err != nil || n == 0 {
			t.Fatalf("%d rows, %v", n, err)
		}
		rows, sum = rows+n, sum+s
	}
	if rows != joinedRows || sum != joinedSum || len(seen) != 2 {
		t.Errorf("%d rows, sum %d, of %d executors", rows, sum, len(seen))
	}
	wait(t, "the job to end", func() bool { return len(d.app.Jobs()) == 0 })
	e := i.GetEndpoint()[0]
	_, _, err = readTicket(t.Context(), d.dial(e.GetLocation()[0].GetUri()), e.GetTicket(), nil)
	wantNotFound(t, "a result that was read", err)
}

// TestOrderedEndpoints: the endpoints of a sorted result one after the other have
// its rows in order, from executors and through the server.
func TestOrderedEndpoints(t *testing.T) {
	const text = joined + " ORDER BY a.id DESC"
	for name, o := range map[string]sql.Options{"direct": {}, "proxy": {Endpoints: 2}} {
		t.Run(name, func(t *testing.T) {
			d := serveDirect(t, "3", serve.ServerOptions{SQL: o})
			var i *flight.FlightInfo
			want := 3
			if o.Endpoints > 0 {
				i, want = d.plan(t.Context(), text), o.Endpoints
			} else {
				i = d.ends(t.Context(), text)
			}
			if len(i.GetEndpoint()) != want || !i.GetOrdered() {
				t.Fatalf("%d endpoints, ordered %v", len(i.GetEndpoint()), i.GetOrdered())
			}
			next := int64(joinedRows)
			for _, e := range i.GetEndpoint() {
				at := ""
				if len(e.GetLocation()) > 0 {
					at = e.GetLocation()[0].GetUri()
				}
				n, _, err := readTicket(t.Context(), d.dial(at), e.GetTicket(), func(rec arrow.RecordBatch) {
					for _, v := range rec.Column(0).(*array.Int64).Int64Values() {
						if next--; v != next {
							t.Fatalf("%d where %d belongs", v, next)
						}
					}
				})
				if err != nil || n == 0 {
					t.Fatalf("%d rows, %v", n, err)
				}
			}
			if next != 0 {
				t.Errorf("%d rows are missing", next)
			}
		})
	}
}

// TestDirectFallsBack: rows of an executor that is lost after its endpoint was
// told are made again, and the server has them under the same ticket.
func TestDirectFallsBack(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{})
	i := d.ends(t.Context(), joined)
	killOne(t, d.app)
	var rows, sum int64
	lost := 0
	for _, e := range i.GetEndpoint() {
		n, s, err := readTicket(t.Context(), d.dial(e.GetLocation()[0].GetUri()), e.GetTicket(), nil)
		if err != nil {
			if status.Code(err) != codes.Unavailable {
				t.Errorf("of an executor that is gone: %v", err)
			}
			lost++
			if n, s, err = readTicket(t.Context(), d.dial(""), e.GetTicket(), nil); err != nil {
				t.Fatal(err)
			}
		}
		rows, sum = rows+n, sum+s
	}
	if rows != joinedRows || sum != joinedSum || lost != 1 {
		t.Errorf("%d rows, sum %d, %d endpoints lost", rows, sum, lost)
	}
}

// TestDirectTickets: only the ticket that was given is taken, by the executor
// it is for, until the result is closed.
func TestDirectTickets(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{})
	i := d.ends(t.Context(), joined)
	one, two := i.GetEndpoint()[0], i.GetEndpoint()[1]
	f := d.dial(one.GetLocation()[0].GetUri())
	get := func(b []byte) error {
		_, _, err := readTicket(t.Context(), f, &flight.Ticket{Ticket: b}, nil)
		return err
	}
	good := one.GetTicket().GetTicket()
	wantNotFound(t, "another executor's", get(two.GetTicket().GetTicket()))
	wantNotFound(t, "none", get(nil))
	wantNotFound(t, "rubbish", get([]byte("rubbish")))
	for at := len(good) - 1; at > 60; at -= 7 { // behind what says which message it is
		bad := bytes.Clone(good)
		bad[at] ^= 1
		wantNotFound(t, "a changed one", get(bad))
	}
	if _, err := f.DoAction(t.Context(), &flight.Action{Type: flight.CloseSessionActionType}); err != nil {
		t.Log(err)
	}
	if _, err := f.GetFlightInfo(t.Context(), &flight.FlightDescriptor{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("GetFlightInfo of an executor: %v", err)
	}
	if err := get(good); err != nil {
		t.Fatal(err)
	}
	act, err := proto.Marshal(&pb.CancelFlightInfoRequest{Info: i})
	if err != nil {
		t.Fatal(err)
	}
	st, err := d.dial("").DoAction(t.Context(), &flight.Action{Type: flight.CancelFlightInfoActionType, Body: act})
	if err == nil {
		_, err = st.Recv()
	}
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "the ticket of a cancelled query to end", func() bool { return status.Code(get(good)) == codes.NotFound })
}

// TestDirectExpires: results that nobody reads go, from executors too, and the server's place in the queue long before.
func TestDirectExpires(t *testing.T) {
	d := serveDirect(t, "2", serve.ServerOptions{SQL: sql.Options{ResultTTL: 2 * time.Second, Admission: sql.AdmissionLimits{Running: 1}}})
	i := d.ends(t.Context(), joined)
	d.ends(t.Context(), joined) // has a place at once
	wait(t, "the jobs to end", func() bool { return len(d.app.Jobs()) == 0 })
	e := i.GetEndpoint()[0]
	_, _, err := readTicket(t.Context(), d.dial(e.GetLocation()[0].GetUri()), e.GetTicket(), nil)
	wantNotFound(t, "an expired ticket", err)
	_, _, err = readTicket(t.Context(), d.dial(""), e.GetTicket(), nil)
	wantNotFound(t, "an expired ticket at the server", err)
}

// TestDirectUsers: executors know users by the server's judgement, over its TLS,
// and give rows only to the one whose statement it was.
func TestDirectUsers(t *testing.T) {
	dir := t.TempDir()
	users := filepath.Join(dir, "users")
	var lines string
	for _, u := range []string{"ana", "ben"} {
		h, err := auth.HashPassword(u + "'s")
		if err != nil {
			t.Fatal(err)
		}
		lines += u + ":" + h + "\n"
	}
	if err := os.WriteFile(users, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	judge, err := auth.OpenUsers(users)
	if err != nil {
		t.Fatal(err)
	}
	cert, key := certtest.Files(t, dir, certtest.New(t).Pair("server", nil))
	d := serveDirect(t, "2", serve.ServerOptions{Auth: judge, Listen: listen.Options{TLS: &listen.TLS{CertFile: cert, KeyFile: key}}})
	ana, ben := as(t.Context(), "ana", "ana's"), as(t.Context(), "ben", "ben's")
	i := d.ends(ana, joined)
	e := i.GetEndpoint()[0]
	f := d.dial(e.GetLocation()[0].GetUri())
	for name, ctx := range map[string]context.Context{"nobody": t.Context(), "a wrong password": as(t.Context(), "ana", "x")} {
		if _, _, err := readTicket(ctx, f, e.GetTicket(), nil); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, err = readTicket(ben, f, e.GetTicket(), nil)
	wantNotFound(t, "another user", err)
	hs, err := f.Handshake(ana)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hs.Recv(); err != nil {
		t.Fatal(err)
	}
	header, err := hs.Header()
	if err != nil || len(header.Get("authorization")) != 1 {
		t.Fatalf("header %v, %v", header, err)
	}
	token := metadata.AppendToOutgoingContext(t.Context(), "authorization", header.Get("authorization")[0])
	for name, ctx := range map[string]context.Context{"by password": ana, "by token": token} {
		if n, _, err := readTicket(ctx, f, e.GetTicket(), nil); err != nil || n == 0 {
			t.Errorf("%s: %d rows, %v", name, n, err)
		}
	}
}

// TestDirectLostRights: executors give nothing to who is not let in any more, and
// no rows that their reader has lost the right to.
func TestDirectLostRights(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	write := func(names ...string) {
		lines := strings.Repeat("#", len(names)) + "\n"
		for _, u := range names {
			h, err := auth.HashPassword(u + "'s")
			if err != nil {
				t.Fatal(err)
			}
			lines += u + ":" + h + "\n"
		}
		if err := os.WriteFile(users, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("ana", "ben", "root")
	judge, err := auth.OpenUsers(users)
	if err != nil {
		t.Fatal(err)
	}
	d := serveDirect(t, "2", serve.ServerOptions{Auth: judge, SQL: sql.Options{SessionIdle: time.Minute}}, "root")
	token := func(user string) context.Context {
		hs, err := d.dial("").Handshake(as(t.Context(), user, user+"'s"))
		if err != nil {
			t.Fatal(err)
		}
		header, err := hs.Header()
		if err != nil || len(header.Get("authorization")) != 1 {
			t.Fatalf("header %v, %v", header, err)
		}
		return metadata.AppendToOutgoingContext(t.Context(), "authorization", header.Get("authorization")[0])
	}
	root, ana, ben := token("root"), token("ana"), token("ben")
	for _, text := range []string{
		"CREATE TABLE t AS SELECT id FROM range(50000)", "GRANT USE CATALOG ON CATALOG spark_catalog TO PUBLIC", "GRANT USE SCHEMA, SELECT ON SCHEMA default TO ana, ben",
	} {
		d.plan(root, text)
	}
	const text = "SELECT a.id FROM t a JOIN t b ON a.id = b.id"
	of := func(ctx context.Context) (flight.FlightServiceClient, *flight.Ticket) {
		e := d.ends(ctx, text).GetEndpoint()[0]
		return d.dial(e.GetLocation()[0].GetUri()), e.GetTicket()
	}
	at, ticket := of(ana)
	other, others := of(ben)
	t.Run("a privilege that is taken ends the ticket at the executor", func(t *testing.T) {
		jobs := len(d.app.Jobs())
		d.plan(root, "REVOKE SELECT ON SCHEMA default FROM ben")
		wait(t, "the result to go", func() bool { return len(d.app.Jobs()) < jobs })
		for what, f := range map[string]flight.FlightServiceClient{"at the executor": other, "at the server": d.dial("")} {
			_, _, err := readTicket(ben, f, others, nil)
			wantNotFound(t, what, err)
		}
	})
	t.Run("that of another is good still", func(t *testing.T) {
		if n, _, err := readTicket(ana, at, ticket, nil); err != nil || n == 0 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
	t.Run("a user who is gone is refused by the executor", func(t *testing.T) {
		write("ben", "root")
		wait(t, "the user to go", func() bool {
			_, _, err := readTicket(ana, at, ticket, nil)
			return status.Code(err) == codes.Unauthenticated
		})
	})
}

// TestDirectRefused: what would offer clients less than the server does is no option.
func TestDirectRefused(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(app.Options{Master: "local-cluster[1,1,256]", ExecutorCommand: []string{exe, executorWord}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	cert := certtest.New(t).Pair("server", nil)
	for name, o := range map[string]serve.ServerOptions{
		"plaintext beyond this machine": {Direct: "192.0.2.1"},
		"a certificate without files":   {Direct: "localhost", Listen: listen.Options{TLS: &listen.TLS{Cert: &cert}}},
	} {
		o.Listen.Address, o.TokenTTL = "127.0.0.1:0", time.Hour
		if s, err := serve.Start(serve.New(a), o); err == nil {
			s.Close(t.Context())
			t.Errorf("%s: no error", name)
		}
	}
	local, err := app.Open(app.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { local.Close() })
	s, err := serve.Start(serve.New(local), serve.ServerOptions{Listen: listen.Options{Address: "127.0.0.1:0"}, TokenTTL: time.Hour, Direct: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	s.Close(t.Context())
}

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

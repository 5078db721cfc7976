package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	"github.com/volley-sql/volley/flight/sql/client"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/serve"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// server starts a server of the real engine.
func server(t *testing.T, o serve.ServerOptions) *serve.Server {
	t.Helper()
	a, err := app.Open(app.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if o.Listen.Address == "" {
		o.Listen.Address = "127.0.0.1:0"
	}
	o.TokenTTL = time.Hour
	s, err := serve.Start(serve.New(a), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx)
		a.Close()
	})
	return s
}

func connect(t *testing.T, c client.Config) *client.Session {
	t.Helper()
	s, err := client.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// cells runs a query and returns its rows as text.
func cells(ctx context.Context, s sql.Session, text string, params arrow.RecordBatch) (out []string, err error) {
	st, err := s.Prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	if c, ok := st.(*client.Statement); ok {
		defer c.Close()
	}
	r, err := st.Run(ctx, params, 0)
	if err != nil {
		return nil, err
	}
	for rec, err := range r.Rows {
		if err != nil {
			return out, err
		}
		for i := range int(rec.NumRows()) {
			row := make([]string, rec.NumCols())
			for c := range row {
				row[c] = rec.Column(c).ValueStr(i)
			}
			out = append(out, strings.Join(row, "|"))
		}
	}
	return out, nil
}

func TestSession(t *testing.T) {
	s := connect(t, client.Config{Address: server(t, serve.ServerOptions{}).Addr().String(), User: "ann", Options: map[string]string{"spark.sql.session.timeZone": "Asia/Tokyo"}, Compression: "zstd"})
	ctx := t.Context()
	got, err := cells(ctx, s, "SELECT current_user(), current_timezone()", nil)
	if err != nil || !slices.Equal(got, []string{"ann|Asia/Tokyo"}) {
		t.Errorf("%q %v", got, err)
	}
	if n, err := s.Exec(ctx, "CREATE TABLE t AS SELECT id FROM range(5)"); n != 5 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	schema, r, err := s.Query(ctx, "SELECT id FROM t ORDER BY id DESC")
	if err != nil || schema.NumFields() != 1 {
		t.Fatalf("%v %v", schema, err)
	}
	var ids []int64
	for rec, err := range r.Rows {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, rec.Column(0).(*array.Int64).Int64Values()...)
	}
	if !slices.Equal(ids, []int64{4, 3, 2, 1, 0}) {
		t.Errorf("%v", ids)
	}
	if s.Untouched() {
		t.Error("a session that has made a table says that it is as new")
	}
	one := arrow.NewSchema([]arrow.Field{{Name: "0", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	p, _, err := array.RecordFromJSON(memory.DefaultAllocator, one, strings.NewReader(`[{"0": 2}]`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cells(ctx, s, "SELECT count(*) FROM t WHERE id > ?", p); err != nil || !slices.Equal(got, []string{"2"}) {
		t.Errorf("%q %v", got, err)
	}
	t.Run("transactions", func(t *testing.T) {
		if err := s.Begin(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Exec(ctx, "INSERT INTO t VALUES (100)"); err != nil {
			t.Fatal(err)
		}
		if err := s.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(ctx); err == nil {
			t.Error("there is nothing to commit")
		}
		if got, err := cells(ctx, s, "SELECT count(*) FROM t", nil); err != nil || got[0] != "5" {
			t.Errorf("%q %v", got, err)
		}
	})
	t.Run("ingest", func(t *testing.T) {
		rows := func(fail error) iter.Seq2[arrow.RecordBatch, error] {
			return func(yield func(arrow.RecordBatch, error) bool) {
				if yield(p, nil) && fail != nil {
					yield(nil, fail)
				}
			}
		}
		to := sql.IngestTarget{Table: "t", Exists: sql.AppendIfExists}
		if n, err := s.Ingest(ctx, to, one, rows(nil)); n != 1 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		broken := errors.New("it broke")
		if n, err := s.Ingest(ctx, to, one, rows(broken)); n != 0 || !errors.Is(err, broken) {
			t.Errorf("%d %v", n, err)
		}
		if got, err := cells(ctx, s, "SELECT count(*) FROM t", nil); err != nil || got[0] != "6" {
			t.Errorf("%q %v", got, err)
		}
		if _, err := s.Ingest(ctx, sql.IngestTarget{Table: "none"}, one, rows(nil)); !sqlerr.Is(err, sqlerr.TableOrViewNotFound) {
			t.Error(err)
		}
	})
	t.Run("options", func(t *testing.T) {
		if cat, schema := s.Current(); cat != "spark_catalog" || schema != "default" {
			t.Errorf("%q %q", cat, schema)
		}
		if err := s.Use(ctx, "", "nowhere"); err == nil {
			t.Error("a schema that is not there")
		}
		if err := s.SetOption("no.such.option", "x"); err == nil {
			t.Error("an option that is not there")
		}
		if err := s.SetOption("spark.sql.ansi.enabled", "perhaps"); err == nil {
			t.Error("a value that does not fit")
		}
		if o := s.Options(); len(o) != 1 || o["spark.sql.session.timeZone"] != "Asia/Tokyo" {
			t.Errorf("%v", o)
		}
		if err := s.ResetOption("spark.sql.session.timeZone"); err != nil || len(s.Options()) != 0 {
			t.Errorf("%v %v", err, s.Options())
		}
	})
	t.Run("metadata", func(t *testing.T) {
		c, err := s.Catalogs(ctx)
		if err != nil || !slices.Equal(c, []string{"spark_catalog"}) {
			t.Errorf("%v %v", c, err)
		}
		sc, err := s.Schemas(ctx, "spark_catalog")
		if err != nil || len(sc) != 2 {
			t.Errorf("%v %v", sc, err)
		}
		n := 0
		for tb, err := range s.Tables(ctx, func(n sql.TableName) bool { return n.Name == "t" }, true) {
			if err != nil || tb.Columns.NumFields() != 1 || tb.Type != sql.BaseTable {
				t.Errorf("%+v %v", tb, err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d tables", n)
		}
	})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Prepare(ctx, "SELECT 1"); err == nil {
		t.Error("a session that is closed prepares")
	}
	if err := s.SetOption("spark.sql.ansi.enabled", "true"); err == nil {
		t.Error("a session that is closed takes options")
	}
}

// TestErrors: errors of a server are those that a statement would have here.
func TestErrors(t *testing.T) {
	s := connect(t, client.Config{Address: server(t, serve.ServerOptions{}).Addr().String()})
	for _, c := range []struct {
		text string
		cond *sqlerr.Condition
		pos  int
	}{
		{"SELEC 1", sqlerr.ParseSyntaxError, 0},
		{"SELECT * FROM nowhere", sqlerr.TableOrViewNotFound, 14},
		{"SELECT 1 +\n  nothing FROM range(1)", sqlerr.UnresolvedColumn, 13},
		{"SELECT 1 / (id - id) FROM range(3)", sqlerr.DivideByZero, 7},
		{"SELECT CAST('x' AS INT)", sqlerr.CastInvalidInput, 7},
	} {
		_, err := cells(t.Context(), s, c.text, nil)
		e := sqlerr.As(err)
		if e == nil || e.Cond != c.cond && !strings.HasPrefix(e.Cond.Name, c.cond.Name) || e.Pos != c.pos || e.Source != c.text {
			t.Errorf("%s: %#v", c.text, err)
			continue
		}
		if strings.Contains(e.Msg, "SQLSTATE") || strings.Contains(e.Msg, e.Cond.Name+"]") {
			t.Errorf("%s: the message has what others add: %s", c.text, e.Msg)
		}
	}
	if err := client.Error(nil); err != nil {
		t.Error(err)
	}
	for in, want := range map[error]string{
		status.Error(codes.Internal, "[X] text SQLSTATE: 00000 (line 1, column 2)"): "text",
		status.Error(codes.Unknown, "[no end"):                                      "[no end",
		errors.New("plain"):                                                         "plain",
	} {
		if got := client.Error(in); got.Error() != want {
			t.Errorf("%v became %v", in, got)
		}
	}
	for code, want := range map[codes.Code]error{codes.Canceled: context.Canceled, codes.DeadlineExceeded: context.DeadlineExceeded} {
		if got := client.Error(status.Error(code, "x")); !errors.Is(got, want) || !sqlerr.Is(got, sqlerr.Cancelled) {
			t.Errorf("%v", got)
		}
	}
}

// TestOpen: why a server cannot be reached is said in words.
func TestOpen(t *testing.T) {
	plain := server(t, serve.ServerOptions{}).Addr().String()
	dev, _, err := listen.DevCert(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secured := server(t, serve.ServerOptions{Listen: listen.Options{TLS: dev}, Auth: auth.Refusals{}}).Addr().String()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	lax := &tls.Config{InsecureSkipVerify: true}
	for _, c := range []struct {
		name string
		c    client.Config
		want string
	}{
		{"nobody there", client.Config{Address: closed.Addr().String()}, "cannot be reached"},
		{"TLS on plain", client.Config{Address: plain, TLS: lax}, "TLS"},
		{"plain on TLS", client.Config{Address: secured}, "cannot be reached"},
		{"an unknown authority", client.Config{Address: secured, TLS: &tls.Config{}}, "authority named"},
		{"no login", client.Config{Address: secured, TLS: lax}, "login"},
		{"a wrong password", client.Config{Address: secured, TLS: lax, User: "ann", Password: "x"}, "login"},
		{"a wrong token", client.Config{Address: secured, TLS: lax, Token: "x"}, "login"},
		{"a catalog that is not there", client.Config{Address: plain, Catalog: "nowhere"}, "nowhere"},
		{"a setting that is not there", client.Config{Address: plain, Options: map[string]string{"no.such": "1"}}, "no.such"},
		{"a compression that is not there", client.Config{Address: plain, Compression: "rar"}, "rar"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			s, err := client.Open(ctx, c.c)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestLeaving: breaking off and the end of a context end the server's work.
func TestLeaving(t *testing.T) {
	running := make(chan struct{}, 10)
	o := serve.ServerOptions{}
	o.SQL.Observe = func(sql.QueryEvent) { running <- struct{}{} }
	s := connect(t, client.Config{Address: server(t, o).Addr().String()})
	ended := func(what string) {
		t.Helper()
		select {
		case <-running:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the query runs on", what)
		}
	}
	before := runtime.NumGoroutine()
	_, r, err := s.Query(t.Context(), "SELECT id FROM range(9223372036854775807)")
	if err != nil {
		t.Fatal(err)
	}
	for range r.Rows {
		break
	}
	ended("broken off")
	ctx, cancel := context.WithCancel(t.Context())
	if _, r, err = s.Query(ctx, "SELECT count(*) FROM range(9223372036854775807) WHERE id % 7 = 3"); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	for _, err = range r.Rows {
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	ended("cancelled")
	// The end of a context is an error also where rows wait to be read.
	rows, stop := context.WithCancel(t.Context())
	defer stop()
	if _, r, err = s.Query(rows, "SELECT id FROM range(9223372036854775807)"); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err = range r.Rows {
		if n++; n == 3 {
			time.Sleep(100 * time.Millisecond)
			stop()
		}
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after %d records: %v", n, err)
	}
	ended("cancelled among rows")
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before+2 {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// parts is a Flight server of results in several endpoints.
type parts struct {
	flightsql.BaseServer
	ends []*flight.FlightEndpoint
}

var oneColumn = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

func (p *parts) GetFlightInfoStatement(context.Context, flightsql.StatementQuery, *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return &flight.FlightInfo{Schema: flight.SerializeSchema(oneColumn, memory.DefaultAllocator), Endpoint: p.ends, Ordered: true, TotalRecords: -1, TotalBytes: -1}, nil
}

// DoGetStatement gives ten records, those of the endpoint; the handle is its number and may ask for a fault.
func (*parts) DoGetStatement(_ context.Context, h flightsql.StatementQueryTicket) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	var n int
	var fault string
	fmt.Sscanf(string(h.GetStatementHandle()), "%d %s", &n, &fault)
	if fault == "refuse" {
		return nil, nil, status.Error(codes.NotFound, "no such part")
	}
	c := make(chan flight.StreamChunk)
	go func() {
		defer close(c)
		for i := range 10 {
			b := array.NewInt64Builder(memory.DefaultAllocator)
			b.Append(int64(n*10 + i))
			a := b.NewArray()
			if fault == "slow" {
				time.Sleep(5 * time.Millisecond)
			}
			c <- flight.StreamChunk{Data: array.NewRecordBatch(oneColumn, []arrow.Array{a}, 1)}
			if fault == "break" && i == 5 {
				c <- flight.StreamChunk{Err: status.Error(codes.Unavailable, "the executor has gone")}
				return
			}
		}
	}()
	return oneColumn, c, nil
}

func stub(t *testing.T, p *parts) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	flight.RegisterFlightServiceServer(s, flightsql.NewFlightServer(p))
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func endpoint(t *testing.T, handle string, locations ...string) *flight.FlightEndpoint {
	t.Helper()
	b, err := flightsql.CreateStatementQueryTicket([]byte(handle))
	if err != nil {
		t.Fatal(err)
	}
	e := &flight.FlightEndpoint{Ticket: &flight.Ticket{Ticket: b}}
	for _, l := range locations {
		e.Location = append(e.Location, &flight.Location{Uri: l})
	}
	return e
}

// TestEndpoints: parts are read at a time and come in order, wherever they are.
func TestEndpoints(t *testing.T) {
	elsewhere := "grpc+tcp://" + stub(t, &parts{})
	const reuse = "arrow-flight-reuse-connection://?"
	gone := "grpc+tcp://127.0.0.1:1"
	for _, c := range []struct {
		name string
		ends []*flight.FlightEndpoint
		rows int
		err  string
	}{
		{"none", nil, 0, ""},
		{"one", []*flight.FlightEndpoint{endpoint(t, "0")}, 10, ""},
		{"ten, the first slow", append([]*flight.FlightEndpoint{endpoint(t, "0 slow")}, nine(t)...), 100, ""},
		{"elsewhere", []*flight.FlightEndpoint{endpoint(t, "0", elsewhere), endpoint(t, "1", elsewhere)}, 20, ""},
		{"this connection", []*flight.FlightEndpoint{endpoint(t, "0", reuse)}, 10, ""},
		{"elsewhere, else here", []*flight.FlightEndpoint{endpoint(t, "0", gone, reuse), endpoint(t, "1", gone, elsewhere)}, 20, ""},
		{"nowhere", []*flight.FlightEndpoint{endpoint(t, "0"), endpoint(t, "1", gone)}, 10, "connection refused"},
		{"a location that is none", []*flight.FlightEndpoint{endpoint(t, "0", "nonsense")}, 0, "nonsense"},
		{"one that breaks", []*flight.FlightEndpoint{endpoint(t, "0"), endpoint(t, "1 break"), endpoint(t, "2")}, 16, "the executor has gone"},
		{"one that is refused", []*flight.FlightEndpoint{endpoint(t, "0"), endpoint(t, "1 refuse")}, 10, "no such part"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &parts{ends: c.ends}
			s, err := client.Bare(client.Config{Address: stub(t, p)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, r, err := s.Query(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			var last error
			for rec, err := range r.Rows {
				if err != nil {
					last = err
					break
				}
				got = append(got, rec.Column(0).(*array.Int64).Int64Values()...)
			}
			if (last == nil) != (c.err == "") || last != nil && !strings.Contains(last.Error(), c.err) {
				t.Errorf("%v", last)
			}
			if len(got) != c.rows || !slices.IsSorted(got) {
				t.Errorf("%v", got)
			}
		})
	}
}

func nine(t *testing.T) (out []*flight.FlightEndpoint) {
	for i := 1; i < 10; i++ {
		out = append(out, endpoint(t, fmt.Sprint(i)))
	}
	return out
}

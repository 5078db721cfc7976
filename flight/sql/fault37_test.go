package sql_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/client"
	"github.com/volley-sql/volley/internal/serve"
)

// as is a context whose calls are a user's. Servers of these tests believe names.
func as(ctx context.Context, user string) context.Context {
	return bearer(ctx, "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":")))
}

func ticketOf(t testing.TB, i *flight.FlightInfo) []byte {
	t.Helper()
	if len(i.GetEndpoint()) != 1 {
		t.Fatalf("%d endpoints", len(i.GetEndpoint()))
	}
	return i.GetEndpoint()[0].GetTicket().GetTicket()
}

// handleIn is the handle inside a ticket.
func handleIn(t testing.TB, ticket []byte) []byte {
	t.Helper()
	h, err := flightsql.GetStatementQueryTicket(&flight.Ticket{Ticket: ticket})
	if err != nil {
		t.Fatal(err)
	}
	return h.GetStatementHandle()
}

func ticketFor(handle []byte) []byte {
	return packed(&pb.TicketStatementQuery{StatementHandle: handle})
}

// result makes a FlightInfo and reads what is asked for.
func planned(ctx context.Context, t testing.TB, f flight.FlightServiceClient, text string) *flight.FlightInfo {
	t.Helper()
	i, err := info(ctx, f, statement(text))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func prepared(ctx context.Context, t testing.TB, f flight.FlightServiceClient, text string) []byte {
	t.Helper()
	b, err := action(ctx, f, flightsql.CreatePreparedStatementActionType, packed(&pb.ActionCreatePreparedStatementRequest{Query: text}))
	if err != nil {
		t.Fatal(err)
	}
	var out pb.ActionCreatePreparedStatementResult
	unpackInto(t, b, &out)
	return out.PreparedStatementHandle
}

func begun(ctx context.Context, t testing.TB, f flight.FlightServiceClient) []byte {
	t.Helper()
	b, err := action(ctx, f, flightsql.BeginTransactionActionType, packed(&pb.ActionBeginTransactionRequest{}))
	if err != nil {
		t.Fatal(err)
	}
	var out pb.ActionBeginTransactionResult
	unpackInto(t, b, &out)
	return out.TransactionId
}

func unpackInto(t testing.TB, b []byte, m proto.Message) {
	t.Helper()
	a := new(anyMessage)
	if err := proto.Unmarshal(b, a); err != nil {
		t.Fatal(err)
	}
	if err := a.UnmarshalTo(m); err != nil {
		t.Fatal(err)
	}
}

// TestTickets is fault 37 for tickets: bytes that nobody was given, or that
// were somebody else's, give nothing away.
func TestTickets(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	other := serving(t, nil, serve.ServerOptions{})
	f, foreign := s.flight(), s.flight()
	ann, bob := as(t.Context(), "ann"), as(t.Context(), "bob")
	mine := ticketOf(t, planned(ann, t, f, "SELECT 1 AS secret"))
	handle := handleIn(t, mine)
	changed := func(at int) []byte {
		h := bytes.Clone(handle)
		h[at] ^= 1
		return ticketFor(h)
	}
	elsewhere := ticketOf(t, planned(as(t.Context(), "ann"), t, other.flight(), "SELECT 1"))
	var unknown error
	for _, c := range []struct {
		name   string
		ctx    context.Context
		ticket []byte
		code   codes.Code
	}{
		{"none", ann, nil, codes.InvalidArgument},
		{"one byte", ann, []byte{1}, codes.InvalidArgument},
		{"noise", ann, bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef}, 64), codes.InvalidArgument},
		{"a message of no known kind", ann, packedAs("type.googleapis.com/no.such.Message", nil), codes.InvalidArgument},
		{"a known kind with noise in it", ann, packedAs("type.googleapis.com/arrow.flight.protocol.sql.TicketStatementQuery", []byte{0xff, 0xff}), codes.InvalidArgument},
		{"a message that is no ticket", ann, packed(&pb.CommandStatementUpdate{Query: "DROP TABLE t"}), codes.InvalidArgument},
		{"a query in place of a ticket", ann, packed(statement("SELECT 1")), codes.InvalidArgument},
		{"an empty handle", ann, ticketFor(nil), codes.NotFound},
		{"a short handle", ann, ticketFor(handle[:len(handle)-1]), codes.NotFound},
		{"a long handle", ann, ticketFor(append(bytes.Clone(handle), 0)), codes.NotFound},
		{"a handle of zeros", ann, ticketFor(make([]byte, len(handle))), codes.NotFound},
		{"a forged signature", ann, changed(len(handle) - 1), codes.NotFound},
		{"another kind", ann, changed(0), codes.NotFound},
		{"another endpoint", ann, changed(2), codes.NotFound},
		{"another session", ann, changed(5), codes.NotFound},
		{"another query", ann, changed(30), codes.NotFound},
		{"another expiry", ann, changed(45), codes.NotFound},
		{"another user's", bob, mine, codes.NotFound},
		{"another server's", ann, elsewhere, codes.NotFound},
		{"a prepared statement's handle", ann, ticketFor(prepared(ann, t, f, "SELECT 1")), codes.NotFound},
		{"a transaction's handle", ann, ticketFor(begun(ann, t, f)), codes.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := get(c.ctx, foreign, c.ticket)
			wantCode(t, err, c.code)
			if c.code == codes.NotFound { // which of the reasons it was is not told
				if unknown == nil {
					unknown = err
				}
				if err.Error() != unknown.Error() {
					t.Errorf("%v is told apart from %v", err, unknown)
				}
			}
		})
	}
	t.Run("the right one from another connection of the same user", func(t *testing.T) {
		if err := get(ann, foreign, mine); err != nil {
			t.Error(err)
		}
	})
	t.Run("replayed", func(t *testing.T) {
		for range 3 {
			if err := get(ann, f, mine); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("of a large result, replayed", func(t *testing.T) {
		big := ticketOf(t, planned(ann, t, f, "SELECT id FROM range(1000000)"))
		if err := get(ann, f, big); err != nil {
			t.Fatal(err)
		}
		wantCode(t, get(ann, f, big), codes.FailedPrecondition)
	})
	t.Run("of a query that failed, replayed", func(t *testing.T) {
		bad := ticketOf(t, planned(ann, t, f, "SELECT 1 / (id - id) FROM range(10)"))
		wantCode(t, get(ann, f, bad), codes.InvalidArgument)
		wantCode(t, get(ann, f, bad), codes.NotFound)
	})
	t.Run("read twice at once", func(t *testing.T) {
		big := ticketOf(t, planned(ann, t, f, "SELECT id FROM range(100000000)"))
		ctx, cancel := context.WithCancel(ann)
		defer cancel()
		st, err := f.DoGet(ctx, &flight.Ticket{Ticket: big})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Recv(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, get(ann, foreign, big), codes.FailedPrecondition)
	})
	t.Run("of a session that is over", func(t *testing.T) {
		c := s.client()
		cookie, err := client.Login(t.Context(), c.Client, "carl", "")
		if err != nil {
			t.Fatal(err)
		}
		i, err := c.Execute(cookie, "SELECT 1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.CloseSession(cookie, &flight.CloseSessionRequest{}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, get(cookie, f, ticketOf(t, i)), codes.NotFound)
	})
	s.alive(t.Context())
}

// TestExpiry: what nobody reads goes, and its session with it.
func TestExpiry(t *testing.T) {
	e := &fake{}
	s := serving(t, e, serve.ServerOptions{SQL: sql.Options{ResultTTL: time.Second, SessionIdle: 2 * time.Second}})
	f := s.flight()
	ann := as(t.Context(), "ann")
	t.Run("a ticket that nobody redeems", func(t *testing.T) {
		i := planned(ann, t, f, "rows 3")
		eventually(t, "the session is closed", func() bool { return e.closed.Load() == e.opened.Load() })
		wantCode(t, get(ann, f, ticketOf(t, i)), codes.NotFound)
	})
	t.Run("a result that was read", func(t *testing.T) {
		i := planned(ann, t, f, "rows 3")
		if err := get(ann, f, ticketOf(t, i)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the result is gone", func() bool { return status.Code(get(ann, f, ticketOf(t, i))) == codes.NotFound })
	})
	t.Run("a result that is being read slowly stays", func(t *testing.T) {
		st, err := f.DoGet(ann, &flight.Ticket{Ticket: ticketOf(t, planned(ann, t, f, "rows 5000"))})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := st.Recv(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond)
		}
		for err == nil {
			_, err = st.Recv()
		}
		if err.Error() != "EOF" {
			t.Error(err)
		}
	})
	t.Run("a query that was polled and left", func(t *testing.T) {
		if _, err := f.PollFlightInfo(ann, command(statement("rows 1000000"))); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the query has ended", func() bool { return e.running.Load() == 0 })
	})
	t.Run("a prepared statement of an idle session", func(t *testing.T) {
		c := s.client()
		tok, err := client.Login(t.Context(), c.Client, "dora", "")
		if err != nil {
			t.Fatal(err)
		}
		h := prepared(tok, t, f, "rows 1")
		eventually(t, "the session is closed", func() bool { return e.closed.Load() == e.opened.Load() })
		_, err = info(tok, f, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: h})
		wantCode(t, err, codes.NotFound)
	})
}

// TestRenewal: a result that is renewed stays beyond its time.
func TestRenewal(t *testing.T) {
	const ttl = 2 * time.Second
	s := serving(t, &fake{}, serve.ServerOptions{SQL: sql.Options{ResultTTL: ttl}})
	f := s.flight()
	ann := as(t.Context(), "ann")
	i := planned(ann, t, f, "rows 3")
	body, err := proto.Marshal(&flight.RenewFlightEndpointRequest{Endpoint: i.GetEndpoint()[0]})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		time.Sleep(ttl / 4)
		if _, err := action(ann, f, flight.RenewFlightEndpointActionType, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := get(ann, f, ticketOf(t, i)); err != nil {
		t.Error(err)
	}
}

// TestHandles is fault 37 for handles of prepared statements and transactions.
func TestHandles(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	f := s.flight()
	ann, bob := as(t.Context(), "ann"), as(t.Context(), "bob")
	h := prepared(ann, t, f, "SELECT 1 AS a")
	closed := prepared(ann, t, f, "SELECT 2 AS a")
	if _, err := action(ann, f, flightsql.ClosePreparedStatementActionType, packed(&pb.ActionClosePreparedStatementRequest{PreparedStatementHandle: closed})); err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(h)
	forged[10] ^= 4
	txn := begun(ann, t, f)
	ticket := handleIn(t, ticketOf(t, planned(ann, t, f, "SELECT 1")))
	values := encoded(t, fromJSON(t, `[{"0": 1}]`, int64Field("0")))
	for _, c := range []struct {
		name string
		ctx  context.Context
		h    []byte
	}{
		{"empty", ann, nil},
		{"noise", ann, []byte("noise")},
		{"forged", ann, forged},
		{"closed", ann, closed},
		{"another user's", bob, h},
		{"a transaction's", ann, txn},
		{"a ticket's", ann, ticket},
	} {
		q := &pb.CommandPreparedStatementQuery{PreparedStatementHandle: c.h}
		for name, call := range map[string]func() error{
			"GetFlightInfo":  func() error { _, err := info(c.ctx, f, q); return err },
			"GetSchema":      func() error { _, err := f.GetSchema(c.ctx, command(q)); return err },
			"PollFlightInfo": func() error { _, err := f.PollFlightInfo(c.ctx, command(q)); return err },
			"DoGet":          func() error { return get(c.ctx, f, packed(q)) },
			"bind":           func() error { return put(c.ctx, f, describing(values, q)...) },
			"update": func() error {
				return put(c.ctx, f, describing(values, &pb.CommandPreparedStatementUpdate{PreparedStatementHandle: c.h})...)
			},
		} {
			t.Run("prepared statement/"+c.name+"/"+name, func(t *testing.T) { wantCode(t, call(), codes.NotFound) })
		}
		t.Run("prepared statement/"+c.name+"/close", func(t *testing.T) {
			if _, err := action(c.ctx, f, flightsql.ClosePreparedStatementActionType, packed(&pb.ActionClosePreparedStatementRequest{PreparedStatementHandle: c.h})); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("prepared statement/still there", func(t *testing.T) {
		if _, err := info(ann, f, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: h}); err != nil {
			t.Error(err)
		}
	})
	ended := begun(as(t.Context(), "eve"), t, f)
	end := func(ctx context.Context, h []byte, a pb.ActionEndTransactionRequest_EndTransaction) error {
		_, err := action(ctx, f, flightsql.EndTransactionActionType, packed(&pb.ActionEndTransactionRequest{TransactionId: h, Action: a}))
		return err
	}
	if err := end(as(t.Context(), "eve"), ended, pb.ActionEndTransactionRequest_END_TRANSACTION_ROLLBACK); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		h    []byte
	}{
		{"noise", ann, []byte("noise")},
		{"another user's", bob, txn},
		{"over", as(t.Context(), "eve"), ended},
		{"a prepared statement's", ann, h},
	} {
		for name, call := range map[string]func() error{
			"query": func() error {
				_, err := info(c.ctx, f, &pb.CommandStatementQuery{Query: "SELECT 1", TransactionId: c.h})
				return err
			},
			"update": func() error {
				return put(c.ctx, f, &flight.FlightData{FlightDescriptor: command(&pb.CommandStatementUpdate{Query: "CREATE TABLE x (a INT)", TransactionId: c.h})})
			},
			"ingest": func() error {
				return put(c.ctx, f, describing(values, &pb.CommandStatementIngest{Table: "x", TransactionId: c.h})...)
			},
			"prepare": func() error {
				_, err := action(c.ctx, f, flightsql.CreatePreparedStatementActionType, packed(&pb.ActionCreatePreparedStatementRequest{Query: "SELECT 1", TransactionId: c.h}))
				return err
			},
			"commit": func() error { return end(c.ctx, c.h, pb.ActionEndTransactionRequest_END_TRANSACTION_COMMIT) },
		} {
			t.Run("transaction/"+c.name+"/"+name, func(t *testing.T) { wantCode(t, call(), codes.NotFound) })
		}
	}
	t.Run("transaction/neither commit nor rollback", func(t *testing.T) {
		wantCode(t, end(ann, txn, pb.ActionEndTransactionRequest_END_TRANSACTION_UNSPECIFIED), codes.InvalidArgument)
		if err := end(ann, txn, pb.ActionEndTransactionRequest_END_TRANSACTION_COMMIT); err != nil {
			t.Error(err)
		}
	})
	t.Run("transaction/none, to end", func(t *testing.T) {
		wantCode(t, end(ann, nil, pb.ActionEndTransactionRequest_END_TRANSACTION_COMMIT), codes.FailedPrecondition)
	})
	s.alive(t.Context())
}

// TestForeignQueries: somebody else's query is neither cancelled nor renewed nor polled.
func TestForeignQueries(t *testing.T) {
	e := &fake{}
	s := serving(t, e, serve.ServerOptions{})
	f := s.flight()
	ann, bob := as(t.Context(), "ann"), as(t.Context(), "bob")
	i := planned(ann, t, f, "wait")
	ctx, cancel := context.WithCancel(ann)
	defer cancel()
	st, err := f.DoGet(ctx, &flight.Ticket{Ticket: ticketOf(t, i)})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the query runs", func() bool { return e.running.Load() == 1 })
	cancelBy := func(ctx context.Context) flight.CancelStatus {
		body, _ := proto.Marshal(&flight.CancelFlightInfoRequest{Info: i})
		b, err := action(ctx, f, flight.CancelFlightInfoActionType, body)
		if err != nil {
			t.Fatal(err)
		}
		var out flight.CancelFlightInfoResult
		if err := proto.Unmarshal(b, &out); err != nil {
			t.Fatal(err)
		}
		return out.Status
	}
	t.Run("cancelled", func(t *testing.T) {
		if got := cancelBy(bob); got != flight.CancelStatusNotCancellable {
			t.Errorf("%v", got)
		}
	})
	t.Run("renewed", func(t *testing.T) {
		body, _ := proto.Marshal(&flight.RenewFlightEndpointRequest{Endpoint: i.GetEndpoint()[0]})
		_, err := action(bob, f, flight.RenewFlightEndpointActionType, body)
		wantCode(t, err, codes.NotFound)
	})
	t.Run("polled", func(t *testing.T) {
		_, err := f.PollFlightInfo(bob, &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: ticketOf(t, i)})
		wantCode(t, err, codes.NotFound)
	})
	t.Run("read", func(t *testing.T) { wantCode(t, get(bob, f, ticketOf(t, i)), codes.NotFound) })
	if e.running.Load() != 1 {
		t.Error("the query has been ended by another user")
	}
	t.Run("one's own is", func(t *testing.T) {
		if got := cancelBy(ann); got != flight.CancelStatusCancelled {
			t.Errorf("%v", got)
		}
		for err == nil {
			_, err = st.Recv()
		}
		wantCode(t, err, codes.Canceled)
		eventually(t, "the query has ended", func() bool { return e.running.Load() == 0 })
	})
	t.Run("again", func(t *testing.T) {
		if got := cancelBy(ann); got != flight.CancelStatusNotCancellable {
			t.Errorf("%v", got)
		}
	})
}

// TestDescriptors is fault 37 for descriptors.
func TestDescriptors(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{Listen: listen.Options{MaxMessage: 8 << 20}})
	f := s.flight()
	for _, c := range []struct {
		name string
		d    *flight.FlightDescriptor
		code []codes.Code
	}{
		{"empty", &flight.FlightDescriptor{}, []codes.Code{codes.InvalidArgument}},
		{"a path", &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{"..", "etc", "passwd"}}, []codes.Code{codes.InvalidArgument}},
		{"of unknown type", &flight.FlightDescriptor{Type: 77, Cmd: packed(statement("SELECT 1"))}, nil},
		{"noise", &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: []byte("\xff\xfe\x00noise")}, []codes.Code{codes.InvalidArgument}},
		{"a kind that nobody knows", &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: packedAs("type.googleapis.com/no.such.Message", []byte("x"))}, []codes.Code{codes.InvalidArgument}},
		{"a known kind with noise in it", &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: packedAs("type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery", []byte{0xff, 0xff, 0xff})}, []codes.Code{codes.InvalidArgument}},
		{"a command that is none of reading", command(&pb.CommandStatementIngest{Table: "t"}), []codes.Code{codes.InvalidArgument}},
		{"a duration", command(durationpb.New(time.Second)), []codes.Code{codes.InvalidArgument}},
		{"an empty statement", command(statement("")), []codes.Code{codes.InvalidArgument}},
		{"a statement of spaces", command(statement(" \n\t; ")), []codes.Code{codes.InvalidArgument}},
		{"two statements", command(statement("SELECT 1; SELECT 2")), []codes.Code{codes.InvalidArgument}},
		{"a statement with parameters", command(statement("SELECT ?")), []codes.Code{codes.InvalidArgument}},
		{"a statement that is not UTF-8", command(&pb.CommandStatementQuery{Query: "SELECT 1", TransactionId: []byte{0xff}}), []codes.Code{codes.NotFound}},
		{"a statement with NUL", command(statement("SELECT '\x00' AS a")), nil},
		{"a statement of 6 MB", command(statement("SELECT '" + string(bytes.Repeat([]byte("x"), 6<<20)) + "' AS a")), nil},
		{"a statement that is too large", command(statement("SELECT '" + string(bytes.Repeat([]byte("x"), 9<<20)) + "'")), []codes.Code{codes.ResourceExhausted}},
		{"parentheses without end", command(statement("SELECT " + string(bytes.Repeat([]byte("("), 1<<20)))), []codes.Code{codes.InvalidArgument, codes.ResourceExhausted}},
		{"Substrait", command(&pb.CommandStatementSubstraitPlan{}), []codes.Code{codes.Unimplemented}},
		{"a table that is not there", command(statement("SELECT * FROM nowhere")), []codes.Code{codes.NotFound}},
	} {
		t.Run("GetFlightInfo/"+c.name, func(t *testing.T) {
			_, err := f.GetFlightInfo(t.Context(), c.d)
			wantCode(t, err, orOK(c.code)...)
		})
		t.Run("GetSchema/"+c.name, func(t *testing.T) {
			_, err := f.GetSchema(t.Context(), c.d)
			if c.name == "a statement with parameters" { // it has a schema, but cannot run
				wantCode(t, err, codes.OK)
				return
			}
			wantCode(t, err, orOK(c.code)...)
		})
		t.Run("PollFlightInfo/"+c.name, func(t *testing.T) {
			_, err := f.PollFlightInfo(t.Context(), c.d)
			// The routing polls three commands and leaves the rest to PollFlightInfo.
			wantCode(t, err, append(orOK(c.code), codes.InvalidArgument)...)
		})
	}
	s.alive(t.Context())
}

func orOK(c []codes.Code) []codes.Code {
	if c == nil {
		return []codes.Code{codes.OK}
	}
	return c
}

// TestPuts is fault 37 for DoPut: the first message may be anything.
func TestPuts(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	f := s.flight()
	rows := encoded(t, fromJSON(t, `[{"n": 1}]`, int64Field("n")))
	cmd := func(d *flight.FlightDescriptor) []*flight.FlightData {
		return []*flight.FlightData{{FlightDescriptor: d}}
	}
	for _, c := range []struct {
		name string
		m    []*flight.FlightData
		code codes.Code
	}{
		{"no message", nil, codes.OK},
		{"no descriptor", rows, codes.InvalidArgument},
		{"an empty message", []*flight.FlightData{{}}, codes.InvalidArgument},
		{"an empty descriptor", cmd(&flight.FlightDescriptor{}), codes.InvalidArgument},
		{"a path", cmd(&flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: []string{"a"}}), codes.InvalidArgument},
		{"noise", cmd(&flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: []byte("\xff\xff")}), codes.InvalidArgument},
		{"a kind that nobody knows", cmd(&flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: packedAs("type.googleapis.com/x.Y", nil)}), codes.InvalidArgument},
		{"a command of reading", cmd(command(&pb.CommandGetCatalogs{})), codes.InvalidArgument},
		{"Substrait", cmd(command(&pb.CommandStatementSubstraitPlan{})), codes.Unimplemented},
		{"an update without statement", cmd(command(&pb.CommandStatementUpdate{})), codes.InvalidArgument},
		{"an update with parameters", cmd(command(&pb.CommandStatementUpdate{Query: "INSERT INTO t VALUES (?)"})), codes.NotFound},
		{"an update that is a query", cmd(command(&pb.CommandStatementUpdate{Query: "SELECT 1"})), codes.OK},
		{"an ingest without rows", cmd(command(&pb.CommandStatementIngest{Table: "t"})), codes.InvalidArgument},
		{"an ingest into a table that is not there", describing(rows, &pb.CommandStatementIngest{Table: "nowhere", TableDefinitionOptions: &pb.CommandStatementIngest_TableDefinitionOptions{
			IfNotExist: pb.CommandStatementIngest_TableDefinitionOptions_TABLE_NOT_EXIST_OPTION_FAIL,
		}}), codes.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := put(t.Context(), f, c.m...)
			if c.name == "no message" { // nothing was asked for: any end will do, as long as it is one
				wantClean(t, err)
				return
			}
			wantCode(t, err, c.code)
		})
	}
	s.alive(t.Context())
}

// TestActions is fault 37 for actions: unknown ones, and known ones with bodies of noise.
func TestActions(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	f := s.flight()
	for _, kind := range []string{"", "DropEverything", "../../x", string(bytes.Repeat([]byte("a"), 1<<20))} {
		t.Run("unknown", func(t *testing.T) {
			_, err := action(t.Context(), f, kind, []byte("x"))
			wantCode(t, err, codes.InvalidArgument, codes.Unimplemented)
		})
	}
	list, err := f.ListActions(t.Context(), &flight.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for {
		a, err := list.Recv()
		if err != nil {
			break
		}
		seen++
		for name, body := range map[string][]byte{
			"noise":           bytes.Repeat([]byte{0xff}, 100),
			"another message": packed(&pb.CommandStatementUpdate{Query: "x"}),
			"noise in Any":    packedAs("type.googleapis.com/arrow.flight.protocol.sql.ActionCreatePreparedStatementRequest", bytes.Repeat([]byte{0xff}, 9)),
		} {
			t.Run(a.GetType()+"/"+name, func(t *testing.T) {
				_, err := action(t.Context(), f, a.GetType(), body)
				if status.Code(err) == codes.Internal || status.Code(err) == codes.Unknown {
					t.Error(err)
				}
				wantClean(t, err)
			})
		}
		t.Run(a.GetType()+"/empty", func(t *testing.T) {
			_, err := action(t.Context(), f, a.GetType(), nil)
			if status.Code(err) == codes.Internal || status.Code(err) == codes.Unknown {
				t.Error(err)
			}
			wantClean(t, err)
		})
	}
	if seen < 10 {
		t.Errorf("%d actions are listed", seen)
	}
	for _, c := range []struct{ kind, name string }{{flightsql.BeginSavepointActionType, "savepoints"}, {flightsql.EndSavepointActionType, "their ends"}, {flightsql.CreatePreparedSubstraitPlanActionType, "Substrait"}} {
		t.Run(c.name, func(t *testing.T) {
			var m proto.Message = &pb.ActionBeginSavepointRequest{Name: "s"}
			switch c.kind {
			case flightsql.EndSavepointActionType:
				m = &pb.ActionEndSavepointRequest{Action: pb.ActionEndSavepointRequest_END_SAVEPOINT_RELEASE}
			case flightsql.CreatePreparedSubstraitPlanActionType:
				m = &pb.ActionCreatePreparedSubstraitPlanRequest{}
			}
			_, err := action(t.Context(), f, c.kind, packed(m))
			wantCode(t, err, codes.Unimplemented)
		})
	}
	t.Run("DoExchange", func(t *testing.T) {
		x, err := f.DoExchange(t.Context())
		if err == nil {
			x.Send(&flight.FlightData{})
			_, err = x.Recv()
		}
		wantCode(t, err, codes.Unimplemented)
	})
	t.Run("ListFlights", func(t *testing.T) {
		l, err := f.ListFlights(t.Context(), &flight.Criteria{})
		if err == nil {
			_, err = l.Recv()
		}
		wantCode(t, err, codes.Unimplemented)
	})
	s.alive(t.Context())
}

// TestLargeDescriptor: a statement of 100 MB is refused, and neither the error nor the log repeats it.
func TestLargeDescriptor(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	_, err := s.flight().GetFlightInfo(t.Context(), command(&pb.CommandStatementQuery{Query: strings.Repeat("x", 100<<20)}))
	wantCode(t, err, codes.InvalidArgument, codes.ResourceExhausted)
	wantClean(t, err)
	if n := len(err.Error()) + len(s.log.String()); n > 100<<10 {
		t.Errorf("%d bytes are said of it", n)
	}
	s.alive(t.Context())
}

// TestPanics: an engine that panics fails its call, and tells nobody but the log.
func TestPanics(t *testing.T) {
	e := &fake{}
	s := serving(t, e, serve.ServerOptions{})
	f, c := s.flight(), s.client()
	for _, text := range []string{"panic now", "panic", "panic late"} {
		t.Run(text, func(t *testing.T) {
			_, err := query(t.Context(), c, text)
			wantCode(t, err, codes.Internal)
			err = put(t.Context(), f, &flight.FlightData{FlightDescriptor: command(&pb.CommandStatementUpdate{Query: text})})
			wantCode(t, err, codes.Internal)
		})
	}
	if n, err := query(t.Context(), c, "rows 3"); n != 3000 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if log := s.log.String(); !bytes.Contains([]byte(log), []byte("behind the first record")) || !bytes.Contains([]byte(log), []byte("goroutine")) {
		t.Error("the log does not have what went wrong")
	}
	t.Run("no session to be had", func(t *testing.T) {
		e.refuse.Store(true)
		defer e.refuse.Store(false)
		_, err := query(t.Context(), s.client(), "rows 3")
		wantCode(t, err, codes.Internal)
	})
	t.Run("an error behind rows", func(t *testing.T) {
		i := planned(t.Context(), t, f, "fail")
		st, err := f.DoGet(t.Context(), &flight.Ticket{Ticket: ticketOf(t, i)})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ; err == nil; n++ {
			_, err = st.Recv()
		}
		if wantCode(t, err, codes.Internal); n < 2 {
			t.Errorf("no rows came before: %d messages", n)
		}
	})
}

var _ arrow.DataType

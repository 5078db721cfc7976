package sql_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// within is a service that is called without a network, as a user. Whatever
// panics ends the fuzzing: no interceptor recovers.
type within struct {
	*sql.Flight
	ctx context.Context
}

func directly(t testing.TB, user string) *within {
	t.Helper()
	s := sql.New(&decoding{}, sql.Options{Key: bytes.Repeat([]byte("k"), 32), BindLimit: 1 << 20, ResultTTL: 50 * time.Millisecond})
	t.Cleanup(s.Close)
	keys, err := auth.NewKeys(bytes.Repeat([]byte("k"), 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &within{s.Flight(&auth.Gate{Auth: auth.Everybody{}, Keys: keys, Anonymous: true}), identified(user)}
}

func identified(user string) context.Context {
	return auth.With(context.Background(), auth.Identity{Principal: auth.Principal{Name: user}, Session: "session-of-" + user + "-------------"[:22-len("session-of-"+user)]})
}

// decoding is a fake whose sessions read every value that comes to them.
type decoding struct{ fake }

func (d *decoding) Open(ctx context.Context, who auth.Principal) (sql.Session, error) {
	s, err := d.fake.Open(ctx, who)
	if err != nil {
		return nil, err
	}
	return &decodingSession{s.(*fakeSession)}, nil
}

type decodingSession struct{ *fakeSession }

func (s *decodingSession) Ingest(_ context.Context, _ sql.IngestTarget, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (n int64, err error) {
	if _, err := arrowvec.FromSchema(schema); err != nil {
		return 0, err
	}
	for rec, err := range rows {
		if err != nil {
			return 0, err
		}
		if n += rec.NumRows(); n > 1<<16 {
			return 0, status.Error(codes.ResourceExhausted, "enough")
		}
		for b, err := range new(arrowvec.Decoder).Batches(rec, 0) {
			if err != nil {
				return 0, err
			}
			for _, c := range b.Cols {
				for i := range b.Rows() {
					c.Get(i)
				}
			}
		}
	}
	return n, nil
}

// sink is the server's end of a stream whose messages go nowhere.
type sink struct {
	grpc.ServerStream
	ctx  context.Context
	rows int
	in   []*flight.FlightData
}

func (s *sink) Context() context.Context     { return s.ctx }
func (s *sink) SetHeader(metadata.MD) error  { return nil }
func (s *sink) SendHeader(metadata.MD) error { return nil }
func (s *sink) SetTrailer(metadata.MD)       {}

// SendMsg is what writers of Arrow data call that encode by themselves.
func (s *sink) SendMsg(any) error {
	s.rows++
	return nil
}

type dataSink struct{ sink }

func (s *dataSink) Send(d *flight.FlightData) error {
	s.rows++
	return nil
}

type putSink struct{ sink }

func (*putSink) Send(*flight.PutResult) error { return nil }
func (s *putSink) Recv() (*flight.FlightData, error) {
	if len(s.in) == 0 {
		return nil, io.EOF
	}
	d := s.in[0]
	s.in = s.in[1:]
	return d, nil
}

type resultSink struct{ sink }

func (*resultSink) Send(*flight.Result) error { return nil }

func (w *within) info(t testing.TB, text string) *flight.FlightInfo {
	t.Helper()
	i, err := w.GetFlightInfo(w.ctx, command(statement(text)))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// FuzzTicket: bytes that somebody else's ticket was made into give none of that one's rows.
func FuzzTicket(f *testing.F) {
	w := directly(f, "ann")
	mine := ticketOf(f, w.info(f, "rows 2"))
	f.Add(mine)
	f.Add(packed(&pb.CommandPreparedStatementQuery{PreparedStatementHandle: handleIn(f, mine)}))
	f.Add(packed(&pb.CommandGetTables{IncludeSchema: true}))
	f.Add(packed(&pb.CommandGetSqlInfo{Info: []uint32{0, 500, 1 << 31}}))
	f.Add(packed(&pb.CommandGetXdbcTypeInfo{}))
	f.Add(packed(statement("rows 1")))
	f.Add([]byte{})
	mallory := identified("mallory")
	f.Fuzz(func(t *testing.T, b []byte) {
		out := &dataSink{sink{ctx: mallory}}
		err := w.DoGet(&flight.Ticket{Ticket: b}, out)
		wantFuzzed(t, err)
		if h, herr := flightsql.GetStatementQueryTicket(&flight.Ticket{Ticket: b}); herr == nil && h != nil && err == nil {
			t.Errorf("mallory has read %d messages by % x", out.rows, b)
		}
	})
}

// wantFuzzed: what comes of noise is an answer or a clean refusal, no fault of ours.
func wantFuzzed(t *testing.T, err error) {
	t.Helper()
	if c := status.Code(err); c == codes.Internal || c == codes.Unknown && err != nil {
		t.Errorf("%v", err)
	}
	wantClean(t, err)
}

// FuzzDescriptor: commands of any bytes.
func FuzzDescriptor(f *testing.F) {
	w := directly(f, "ann")
	for _, m := range []proto.Message{
		statement("rows 1"), &pb.CommandStatementQuery{Query: "x", TransactionId: []byte("t")}, &pb.CommandPreparedStatementQuery{PreparedStatementHandle: []byte("h")},
		&pb.CommandGetCatalogs{}, &pb.CommandGetDbSchemas{}, &pb.CommandGetTables{}, &pb.CommandGetTableTypes{}, &pb.CommandGetSqlInfo{Info: []uint32{3}}, &pb.CommandGetPrimaryKeys{Table: "t"},
		&pb.CommandGetExportedKeys{Table: "t"}, &pb.CommandGetImportedKeys{Table: "t"}, &pb.CommandGetCrossReference{}, &pb.CommandGetXdbcTypeInfo{}, &pb.CommandStatementSubstraitPlan{}, &pb.CommandStatementIngest{Table: "t"},
		&pb.TicketStatementQuery{StatementHandle: []byte("h")},
	} {
		f.Add(packed(m))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: b}
		_, err := w.GetFlightInfo(w.ctx, d)
		wantRouted(t, err)
		_, err = w.GetSchema(w.ctx, d)
		wantRouted(t, err)
		ctx, cancel := context.WithTimeout(w.ctx, 20*time.Millisecond)
		defer cancel()
		_, err = w.PollFlightInfo(ctx, d)
		wantRouted(t, err)
	})
}

// wantRouted is wantFuzzed for what the routing of arrow-go answers itself, whose errors may have no code.
func wantRouted(t *testing.T, err error) {
	t.Helper()
	if status.Code(err) == codes.Internal {
		t.Errorf("%v", err)
	}
	wantClean(t, err)
}

var fuzzedActions = []string{
	flight.CancelFlightInfoActionType, flight.RenewFlightEndpointActionType, flight.SetSessionOptionsActionType, flight.GetSessionOptionsActionType, flight.CloseSessionActionType,
	flightsql.CreatePreparedStatementActionType, flightsql.ClosePreparedStatementActionType, flightsql.BeginTransactionActionType, flightsql.EndTransactionActionType,
	flightsql.CancelQueryActionType, flightsql.BeginSavepointActionType, flightsql.EndSavepointActionType, flightsql.CreatePreparedSubstraitPlanActionType, "nonsense",
}

// FuzzAction: bodies of actions of any bytes.
func FuzzAction(f *testing.F) {
	w := directly(f, "ann")
	i := w.info(f, "rows 1")
	raw := func(m proto.Message) []byte { b, _ := proto.Marshal(m); return b }
	bodies := [][]byte{
		raw(&flight.CancelFlightInfoRequest{Info: i}), raw(&flight.RenewFlightEndpointRequest{Endpoint: i.GetEndpoint()[0]}),
		raw(&flight.SetSessionOptionsRequest{SessionOptions: map[string]*flight.SessionOptionValue{"catalog": {}}}), nil, nil,
		packed(&pb.ActionCreatePreparedStatementRequest{Query: "rows 1"}), packed(&pb.ActionClosePreparedStatementRequest{PreparedStatementHandle: []byte("h")}),
		packed(&pb.ActionBeginTransactionRequest{}), packed(&pb.ActionEndTransactionRequest{TransactionId: []byte("t"), Action: 1}),
		nil, packed(&pb.ActionBeginSavepointRequest{}), packed(&pb.ActionEndSavepointRequest{}), packed(&pb.ActionCreatePreparedSubstraitPlanRequest{}), nil,
	}
	for n, b := range bodies {
		f.Add(uint8(n), b)
	}
	f.Fuzz(func(t *testing.T, n uint8, b []byte) {
		err := w.DoAction(&flight.Action{Type: fuzzedActions[int(n)%len(fuzzedActions)], Body: b}, &resultSink{sink{ctx: w.ctx}})
		wantRouted(t, err)
	})
}

// FuzzPut: Arrow messages of any bytes, as rows to be ingested and as values to be bound.
func FuzzPut(f *testing.F) {
	for _, m := range damage(f) {
		add(f, m)
	}
	add(f, encoded(f, fromJSON(f, `[{"n": 1, "s": "x", "l": [1], "m": {"a": "b"}, "d": "k"}]`,
		int64Field("n"), arrow.Field{Name: "s", Type: arrow.BinaryTypes.StringView}, arrow.Field{Name: "l", Type: arrow.LargeListOf(arrow.PrimitiveTypes.Int8)},
		arrow.Field{Name: "m", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.BinaryTypes.String, Nullable: true})},
		arrow.Field{Name: "d", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}})))
	w := directly(f, "ann")
	f.Fuzz(func(t *testing.T, h1, b1, h2, b2, h3, b3 []byte) {
		var m messages
		for _, p := range [][2][]byte{{h1, b1}, {h2, b2}, {h3, b3}} {
			if len(p[0]) > 0 || len(p[1]) > 0 {
				m = append(m, &flight.FlightData{DataHeader: p[0], DataBody: p[1]})
			}
		}
		if len(m) == 0 {
			return
		}
		into := &pb.CommandStatementIngest{Table: "t"}
		wantRouted(t, w.DoPut(&putSink{sink{ctx: w.ctx, in: describing(m, into)}}))
	})
}

func add(f *testing.F, m messages) {
	var parts [6][]byte
	for i := range min(len(m), 3) {
		parts[2*i], parts[2*i+1] = m[i].DataHeader, m[i].DataBody
		if len(parts[2*i+1]) > 1<<12 { // the fuzzer works on small inputs
			return
		}
	}
	f.Add(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])
}

// FuzzPutCommand: first messages of DoPut of any bytes.
func FuzzPutCommand(f *testing.F) {
	w := directly(f, "ann")
	for _, m := range []proto.Message{
		&pb.CommandStatementUpdate{Query: "change"}, &pb.CommandStatementIngest{Table: "t"}, &pb.CommandPreparedStatementUpdate{PreparedStatementHandle: []byte("h")},
		&pb.CommandPreparedStatementQuery{PreparedStatementHandle: []byte("h")}, &pb.CommandStatementSubstraitPlan{}, &pb.CommandGetCatalogs{},
	} {
		f.Add(packed(m), []byte{}, []byte{})
	}
	f.Fuzz(func(t *testing.T, cmd, header, body []byte) {
		d := &flight.FlightData{FlightDescriptor: &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: cmd}, DataHeader: header, DataBody: body}
		wantRouted(t, w.DoPut(&putSink{sink{ctx: w.ctx, in: []*flight.FlightData{d}}}))
	})
}

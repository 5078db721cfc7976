package sql_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/volley-sql/volley/flight/listen"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// The integration programs of arrow-go are a client and a server that agree,
// scenario by scenario, on what is asked and what must come back. Here its
// client talks to our listener, gate and wrapper, behind which a server passes
// everything on to its server:
//
//	arrow-go's client ─► listen, auth.Gate, sql.Wrap ─► passing on ─► arrow-go's server
//
// So everything a client of Flight SQL can say goes through our code, both ways.

// integrationProgram builds one of the two programs.
func integrationProgram(t *testing.T, name string) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("SKIP: there is no go command to build arrow-go's integration programs with")
	}
	out := filepath.Join(t.TempDir(), name)
	cmd := exec.Command(goTool, "build", "-o", out, "github.com/apache/arrow-go/v18/arrow/internal/flight_integration/cmd/"+name)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return out
}

// answering starts arrow-go's server of a scenario and connects to it.
func answering(t *testing.T, program, scenario string) *grpc.ClientConn {
	t.Helper()
	cmd := exec.Command(program, "-port", "0", "-scenario", scenario)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:])
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestIntegrationScenarios runs all scenarios that arrow-go has for servers of Flight and Flight SQL.
func TestIntegrationScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIP: builds two programs")
	}
	client, server := integrationProgram(t, "arrow-flight-integration-client"), integrationProgram(t, "arrow-flight-integration-server")
	for _, scenario := range []string{
		"flight_sql", "flight_sql:extension", "flight_sql:ingestion", "session_options",
		"auth:basic_proto", "middleware", "ordered", "expiration_time:do_get", "expiration_time:list_actions", "expiration_time:cancel_flight_info",
		"expiration_time:renew_flight_endpoint", "location:reuse_connection", "poll_flight_info", "app_metadata_flight_info_endpoint",
	} {
		t.Run(scenario, func(t *testing.T) {
			up := flight.NewFlightServiceClient(answering(t, server, scenario))
			address := passing(t, up, scenario)
			_, port, _ := net.SplitHostPort(address)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if out, err := exec.CommandContext(ctx, client, "-host", "127.0.0.1", "-port", port, "-scenario", scenario).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// passing is our side: a server that passes on to another what comes through the gate.
func passing(t *testing.T, up flight.FlightServiceClient, scenario string) string {
	t.Helper()
	keys, err := auth.NewKeys(nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	g := &auth.Gate{Auth: auth.Everybody{}, Keys: keys, Anonymous: true}
	var service flight.FlightServer = sql.Wrap(&passingSQL{up: up}, g)
	switch {
	case scenario == "auth:basic_proto":
		g.Auth, g.Anonymous = only{user: "arrow", password: "flight"}, false
		service = &passingFlight{up: up, gate: g, whoAmI: true}
	case !strings.HasPrefix(scenario, "flight_sql") && scenario != "session_options":
		service = &passingFlight{up: up, gate: g}
	}
	l, err := listen.Open(listen.Options{
		Address: "127.0.0.1:0", Tag: auth.TagConnection, Ended: auth.EndConnection,
		Unary:  []grpc.UnaryServerInterceptor{g.Unary(), passHeaders},
		Stream: []grpc.StreamServerInterceptor{g.Stream(), remember},
	})
	if err != nil {
		t.Fatal(err)
	}
	flight.RegisterFlightServiceServer(l.Server, service)
	l.Serve()
	t.Cleanup(l.Stop)
	return l.Addr().String()
}

// only is an authenticator of one user.
type only struct {
	auth.Refusals
	user, password string
}

func (o only) Password(_ context.Context, user, password string) (auth.Principal, error) {
	if user != o.user || password != o.password {
		return auth.Principal{}, auth.ErrRefused
	}
	return auth.Principal{Name: user}, nil
}

func (only) Token(context.Context, string) (auth.Principal, error) {
	return auth.Principal{}, auth.ErrRefused
}

// passHeaders is the interceptor of unary calls that takes headers along.
func passHeaders(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	return next(onward(ctx), req)
}

// onward is a context whose calls have the headers of the call that came in.
func onward(ctx context.Context) context.Context {
	md, _ := metadata.FromIncomingContext(ctx)
	for _, k := range []string{"cookie", "x-middleware"} {
		for _, v := range md.Get(k) {
			ctx = metadata.AppendToOutgoingContext(ctx, k, v)
		}
	}
	return ctx
}

// backward gives the caller the headers that came back.
func backward(ctx context.Context, md metadata.MD) {
	out := metadata.MD{}
	for _, k := range []string{"set-cookie", "x-middleware"} {
		out.Append(k, md.Get(k)...)
	}
	grpc.SetHeader(ctx, out)
}

type rawKey struct{}

// raw is what a stream's first message was, before the routing took it apart.
type raw struct {
	mu  sync.Mutex
	msg any
}

// remember keeps the first message of a stream where what passes it on finds it.
func remember(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	r := &raw{}
	return next(srv, &remembering{ss, context.WithValue(onward(ss.Context()), rawKey{}, r), r})
}

type remembering struct {
	grpc.ServerStream
	ctx context.Context
	r   *raw
}

func (s *remembering) Context() context.Context { return s.ctx }
func (s *remembering) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.r.msg == nil && err == nil {
		s.r.msg = m
	}
	return err
}

func first[T any](ctx context.Context) T {
	r := ctx.Value(rawKey{}).(*raw)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.msg.(T)
}

// passingFlight passes on calls of Flight as they are.
type passingFlight struct {
	flight.BaseFlightServer
	up     flight.FlightServiceClient
	gate   *auth.Gate
	whoAmI bool
}

func (p *passingFlight) Handshake(s flight.FlightService_HandshakeServer) error {
	return p.gate.Handshake(s)
}

func (p *passingFlight) GetFlightInfo(ctx context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	var h, tr metadata.MD
	out, err := p.up.GetFlightInfo(ctx, d, grpc.Header(&h), grpc.Trailer(&tr))
	backward(ctx, metadata.Join(h, tr))
	return out, err
}

func (p *passingFlight) PollFlightInfo(ctx context.Context, d *flight.FlightDescriptor) (*flight.PollInfo, error) {
	return p.up.PollFlightInfo(ctx, d)
}

func (p *passingFlight) ListActions(e *flight.Empty, s flight.FlightService_ListActionsServer) error {
	in, err := p.up.ListActions(s.Context(), e)
	if err != nil {
		return err
	}
	return copyStream(in.Recv, s.Send)
}

func (p *passingFlight) DoAction(a *flight.Action, s flight.FlightService_DoActionServer) error {
	if p.whoAmI {
		id, _ := auth.From(s.Context())
		return s.Send(&flight.Result{Body: []byte(id.Name)})
	}
	in, err := p.up.DoAction(s.Context(), a)
	if err != nil {
		return err
	}
	return copyStream(in.Recv, s.Send)
}

func (p *passingFlight) DoGet(t *flight.Ticket, s flight.FlightService_DoGetServer) error {
	in, err := p.up.DoGet(s.Context(), t)
	if err != nil {
		return err
	}
	return copyStream(in.Recv, s.Send)
}

func copyStream[T any](recv func() (T, error), send func(T) error) error {
	for {
		m, err := recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := send(m); err != nil {
			return err
		}
	}
}

// passingSQL passes on calls of Flight SQL that the routing took apart.
type passingSQL struct {
	flightsql.BaseServer
	up flight.FlightServiceClient
}

func (p *passingSQL) info(ctx context.Context, d *flight.FlightDescriptor) (*flight.FlightInfo, error) {
	return p.up.GetFlightInfo(ctx, d)
}

func (p *passingSQL) schema(ctx context.Context, d *flight.FlightDescriptor) (*flight.SchemaResult, error) {
	return p.up.GetSchema(ctx, d)
}

func (p *passingSQL) get(ctx context.Context) (*arrow.Schema, <-chan flight.StreamChunk, error) {
	in, err := p.up.DoGet(ctx, first[*flight.Ticket](ctx))
	if err != nil {
		return nil, nil, err
	}
	r, err := flight.NewRecordReader(in)
	if err != nil {
		return nil, nil, err
	}
	c := make(chan flight.StreamChunk)
	go func() {
		defer close(c)
		defer r.Release()
		for r.Next() {
			r.RecordBatch().Retain()
			c <- flight.StreamChunk{Data: r.RecordBatch()}
		}
		if err := r.Err(); err != nil {
			c <- flight.StreamChunk{Err: err}
		}
	}()
	return r.Schema(), c, nil
}

// action passes on the action of the call; its first result goes to out, if it is not nil.
func (p *passingSQL) action(ctx context.Context, out proto.Message, packed bool) error {
	var h, tr metadata.MD
	in, err := p.up.DoAction(ctx, first[*flight.Action](ctx), grpc.Header(&h), grpc.Trailer(&tr))
	if err != nil {
		return err
	}
	r, err := in.Recv()
	if err == nil {
		for e := error(nil); e == nil; {
			_, e = in.Recv()
		}
	}
	backward(ctx, metadata.Join(h, tr))
	switch {
	case errors.Is(err, io.EOF) && out == nil:
		return nil
	case err != nil || out == nil:
		return err
	case !packed:
		return proto.Unmarshal(r.GetBody(), out)
	}
	a := new(anyMessage)
	if err := proto.Unmarshal(r.GetBody(), a); err != nil {
		return err
	}
	return a.UnmarshalTo(out)
}

// put passes on a DoPut: its command, and its rows if there are any.
func (p *passingSQL) put(ctx context.Context, rows flight.MessageReader, out proto.Message) error {
	st, err := p.up.DoPut(ctx)
	if err != nil {
		return err
	}
	d := first[*flight.FlightData](ctx).GetFlightDescriptor()
	if rows == nil || rows.Schema() == nil {
		if err := st.Send(&flight.FlightData{FlightDescriptor: d}); err != nil {
			return err
		}
	} else {
		w := flight.NewRecordWriter(st, ipc.WithSchema(rows.Schema()))
		w.SetFlightDescriptor(d)
		for rows.Next() {
			if err := w.Write(rows.RecordBatch()); err != nil {
				return err
			}
		}
		if err := errors.Join(rows.Err(), w.Close()); err != nil {
			return err
		}
	}
	if err := st.CloseSend(); err != nil {
		return err
	}
	r, err := st.Recv()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(r.GetAppMetadata(), out); err != nil {
		return err
	}
	for err == nil {
		_, err = st.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (p *passingSQL) count(ctx context.Context, rows flight.MessageReader) (int64, error) {
	var out pb.DoPutUpdateResult
	err := p.put(ctx, rows, &out)
	return out.GetRecordCount(), err
}

type (
	ctxT  = context.Context
	descT = *flight.FlightDescriptor
	infoT = *flight.FlightInfo
	rowsT = <-chan flight.StreamChunk
)

func (p *passingSQL) GetFlightInfoStatement(c ctxT, _ flightsql.StatementQuery, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoSubstraitPlan(c ctxT, _ flightsql.StatementSubstraitPlan, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoPreparedStatement(c ctxT, _ flightsql.PreparedStatementQuery, d descT) (infoT, error) {
	return p.info(c, d)
}
func (p *passingSQL) GetFlightInfoCatalogs(c ctxT, d descT) (infoT, error) { return p.info(c, d) }
func (p *passingSQL) GetFlightInfoXdbcTypeInfo(c ctxT, _ flightsql.GetXdbcTypeInfo, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoSqlInfo(c ctxT, _ flightsql.GetSqlInfo, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoSchemas(c ctxT, _ flightsql.GetDBSchemas, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoTables(c ctxT, _ flightsql.GetTables, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoTableTypes(c ctxT, d descT) (infoT, error) { return p.info(c, d) }

func (p *passingSQL) GetFlightInfoPrimaryKeys(c ctxT, _ flightsql.TableRef, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoExportedKeys(c ctxT, _ flightsql.TableRef, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoImportedKeys(c ctxT, _ flightsql.TableRef, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetFlightInfoCrossReference(c ctxT, _ flightsql.CrossTableRef, d descT) (infoT, error) {
	return p.info(c, d)
}

func (p *passingSQL) GetSchemaStatement(c ctxT, _ flightsql.StatementQuery, d descT) (*flight.SchemaResult, error) {
	return p.schema(c, d)
}

func (p *passingSQL) GetSchemaSubstraitPlan(c ctxT, _ flightsql.StatementSubstraitPlan, d descT) (*flight.SchemaResult, error) {
	return p.schema(c, d)
}

func (p *passingSQL) GetSchemaPreparedStatement(c ctxT, _ flightsql.PreparedStatementQuery, d descT) (*flight.SchemaResult, error) {
	return p.schema(c, d)
}

func (p *passingSQL) DoGetStatement(c ctxT, _ flightsql.StatementQueryTicket) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetPreparedStatement(c ctxT, _ flightsql.PreparedStatementQuery) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}
func (p *passingSQL) DoGetCatalogs(c ctxT) (*arrow.Schema, rowsT, error) { return p.get(c) }
func (p *passingSQL) DoGetXdbcTypeInfo(c ctxT, _ flightsql.GetXdbcTypeInfo) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetSqlInfo(c ctxT, _ flightsql.GetSqlInfo) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetDBSchemas(c ctxT, _ flightsql.GetDBSchemas) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetTables(c ctxT, _ flightsql.GetTables) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetTableTypes(c ctxT) (*arrow.Schema, rowsT, error) { return p.get(c) }

func (p *passingSQL) DoGetPrimaryKeys(c ctxT, _ flightsql.TableRef) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetExportedKeys(c ctxT, _ flightsql.TableRef) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetImportedKeys(c ctxT, _ flightsql.TableRef) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoGetCrossReference(c ctxT, _ flightsql.CrossTableRef) (*arrow.Schema, rowsT, error) {
	return p.get(c)
}

func (p *passingSQL) DoPutCommandStatementUpdate(c ctxT, _ flightsql.StatementUpdate) (int64, error) {
	return p.count(c, nil)
}

func (p *passingSQL) DoPutCommandSubstraitPlan(c ctxT, _ flightsql.StatementSubstraitPlan) (int64, error) {
	return p.count(c, nil)
}

func (p *passingSQL) DoPutPreparedStatementUpdate(c ctxT, _ flightsql.PreparedStatementUpdate, r flight.MessageReader) (int64, error) {
	return p.count(c, r)
}

func (p *passingSQL) DoPutCommandStatementIngest(c ctxT, _ flightsql.StatementIngest, r flight.MessageReader) (int64, error) {
	return p.count(c, r)
}

func (p *passingSQL) DoPutPreparedStatementQuery(c ctxT, _ flightsql.PreparedStatementQuery, r flight.MessageReader, _ flight.MetadataWriter) ([]byte, error) {
	var out pb.DoPutPreparedStatementResult
	err := p.put(c, r, &out)
	return out.GetPreparedStatementHandle(), err
}

func (p *passingSQL) CreatePreparedStatement(c ctxT, _ flightsql.ActionCreatePreparedStatementRequest) (flightsql.ActionCreatePreparedStatementResult, error) {
	return p.create(c)
}

func (p *passingSQL) CreatePreparedSubstraitPlan(c ctxT, _ flightsql.ActionCreatePreparedSubstraitPlanRequest) (flightsql.ActionCreatePreparedStatementResult, error) {
	return p.create(c)
}

func (p *passingSQL) create(c ctxT) (out flightsql.ActionCreatePreparedStatementResult, err error) {
	var m pb.ActionCreatePreparedStatementResult
	if err := p.action(c, &m, true); err != nil {
		return out, err
	}
	out.Handle, out.IsUpdate = m.GetPreparedStatementHandle(), m.IsUpdate
	for b, to := range map[*[]byte]**arrow.Schema{&m.DatasetSchema: &out.DatasetSchema, &m.ParameterSchema: &out.ParameterSchema} {
		if len(*b) == 0 {
			continue
		}
		if *to, err = flight.DeserializeSchema(*b, memory.DefaultAllocator); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (p *passingSQL) ClosePreparedStatement(c ctxT, _ flightsql.ActionClosePreparedStatementRequest) error {
	return p.action(c, nil, false)
}

func (p *passingSQL) BeginTransaction(c ctxT, _ flightsql.ActionBeginTransactionRequest) ([]byte, error) {
	var m pb.ActionBeginTransactionResult
	err := p.action(c, &m, true)
	return m.GetTransactionId(), err
}

func (p *passingSQL) BeginSavepoint(c ctxT, _ flightsql.ActionBeginSavepointRequest) ([]byte, error) {
	var m pb.ActionBeginSavepointResult
	err := p.action(c, &m, true)
	return m.GetSavepointId(), err
}

func (p *passingSQL) EndSavepoint(c ctxT, _ flightsql.ActionEndSavepointRequest) error {
	return p.action(c, nil, false)
}

func (p *passingSQL) EndTransaction(c ctxT, _ flightsql.ActionEndTransactionRequest) error {
	return p.action(c, nil, false)
}

func (p *passingSQL) CancelFlightInfo(c ctxT, _ *flight.CancelFlightInfoRequest) (out flight.CancelFlightInfoResult, err error) {
	a := first[*flight.Action](c)
	if a.GetType() == flight.CancelFlightInfoActionType {
		err = p.action(c, &out, false)
		return
	}
	//lint:ignore SA1019 clients of old send it
	var m pb.ActionCancelQueryResult
	if err = p.action(c, &m, true); err == nil {
		out.Status = flight.CancelStatus(m.GetResult())
	}
	return
}

func (p *passingSQL) RenewFlightEndpoint(c ctxT, _ *flight.RenewFlightEndpointRequest) (*flight.FlightEndpoint, error) {
	out := &flight.FlightEndpoint{}
	return out, p.action(c, out, false)
}

func (p *passingSQL) SetSessionOptions(c ctxT, _ *flight.SetSessionOptionsRequest) (*flight.SetSessionOptionsResult, error) {
	out := &flight.SetSessionOptionsResult{}
	return out, p.action(c, out, false)
}

func (p *passingSQL) GetSessionOptions(c ctxT, _ *flight.GetSessionOptionsRequest) (*flight.GetSessionOptionsResult, error) {
	out := &flight.GetSessionOptionsResult{}
	return out, p.action(c, out, false)
}

func (p *passingSQL) CloseSession(c ctxT, _ *flight.CloseSessionRequest) (*flight.CloseSessionResult, error) {
	out := &flight.CloseSessionResult{}
	return out, p.action(c, out, false)
}

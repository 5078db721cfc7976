// Package client is the other side of package sql: a Session and Statements of
// a server far away, with the contract of those in this process. What is
// written over the contract works with either.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// Config says how to reach a server.
type Config struct {
	// Address is host:port.
	Address string
	TLS     *tls.Config // nil: plaintext
	// User and Password log in, or Token does; all empty: neither.
	User, Password, Token string
	// Catalog and Schema are where the session starts; empty: the server's own.
	Catalog, Schema string
	// Options are settings of the session.
	Options map[string]string
	// Compression of records: lz4, zstd or empty.
	Compression string
}

// maxMessage is the largest message taken from a server, in bytes: a row cannot be cut.
const maxMessage = 256 << 20

// Session is a session of a server. It is safe for concurrent use.
type Session struct {
	cfg   Config
	*link // the server's
	token *tokens

	mu     sync.Mutex
	txn    *flightsql.Txn
	others map[string]*link // servers that endpoints name, by location
	used   bool
	last   time.Time // when it was found as new last
	closed bool
}

// link is a connection with the client that uses it. It is closed by itself:
// a flightsql.Client that was closed does not bear being called.
type link struct {
	fs   *flightsql.Client
	conn *grpc.ClientConn
}

var _ sql.Session = (*Session)(nil)

// Login implements sql.Session. The server judges its users itself.
func (s *Session) Login(auth.Principal) {}

// Open connects and logs in.
func Open(ctx context.Context, cfg Config) (*Session, error) {
	s := newSession(cfg)
	var err error
	if s.link, err = s.dial(cfg.Address); err != nil {
		return nil, err
	}
	if err := s.login(ctx); err != nil {
		s.conn.Close()
		return nil, err
	}
	if err := s.configure(ctx); err != nil {
		s.conn.Close()
		return nil, err
	}
	return s, nil
}

func newSession(cfg Config) *Session {
	return &Session{cfg: cfg, token: &tokens{}, others: map[string]*link{}}
}

func (s *Session) dial(address string) (*link, error) {
	creds := insecure.NewCredentials()
	if s.cfg.TLS != nil {
		creds = credentials.NewTLS(s.cfg.TLS)
	}
	j := &jar{token: s.token}
	conn, err := grpc.NewClient(address,
		grpc.WithUnaryInterceptor(j.unary), grpc.WithStreamInterceptor(j.stream),
		grpc.WithTransportCredentials(creds), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage), grpc.ForceCodecV2(newCodec())),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.WithInitialWindowSize(8<<20), grpc.WithInitialConnWindowSize(16<<20), grpc.WithReadBufferSize(256<<10))
	if err != nil {
		return nil, err
	}
	return &link{&flightsql.Client{Client: flight.NewClientFromConn(conn, nil), Alloc: memory.DefaultAllocator}, conn}, nil
}

// login makes the session, or finds that the server is there.
func (s *Session) login(ctx context.Context) (err error) {
	switch {
	case s.cfg.Token != "":
		s.token.set("Bearer " + s.cfg.Token)
		_, err = s.fs.GetSessionOptions(ctx, &flight.GetSessionOptionsRequest{})
	case s.cfg.User != "":
		_, err = Login(ctx, s.fs.Client, s.cfg.User, s.cfg.Password)
	default:
		_, err = s.fs.GetSessionOptions(ctx, &flight.GetSessionOptionsRequest{})
	}
	if err != nil {
		return connectError(s.cfg.Address, err)
	}
	return nil
}

// configure brings a new session to where the configuration says.
func (s *Session) configure(ctx context.Context) error {
	if err := s.Use(ctx, s.cfg.Catalog, s.cfg.Schema); err != nil {
		return connectError(s.cfg.Address, err)
	}
	for _, k := range slices.Sorted(maps.Keys(s.cfg.Options)) {
		if err := s.set(ctx, k, s.cfg.Options[k]); err != nil {
			return connectError(s.cfg.Address, err)
		}
	}
	if s.cfg.Compression != "" {
		if err := s.set(ctx, "ipc_compression", s.cfg.Compression); err != nil {
			return connectError(s.cfg.Address, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used, s.txn, s.last = false, nil, time.Now()
	return nil
}

// fresh is how long a session that the configuration has set up is trusted to
// be there. A server that was restarted, or has ended an idle session, makes a
// new one of its own accord, which is not set up.
const fresh = 10 * time.Second

// Reset makes the session as it was when it was opened, over the same
// connection. Where nothing was done that would be lost it costs no call. anew
// says that it is another session now, without the statements prepared before.
func (s *Session) Reset(ctx context.Context) (anew bool, err error) {
	s.mu.Lock()
	used, stale := s.used || s.txn != nil, time.Since(s.last) > fresh
	s.mu.Unlock()
	if used {
		if _, err := s.fs.CloseSession(ctx, &flight.CloseSessionRequest{}); err != nil {
			return true, Error(err)
		}
		return true, s.configure(ctx)
	}
	if s.cfg.Catalog == "" && s.cfg.Schema == "" && len(s.cfg.Options) == 0 && s.cfg.Compression == "" {
		return false, nil
	}
	if stale || s.conn.GetState() != connectivity.Ready {
		return false, s.configure(ctx)
	}
	return false, nil
}

func connectError(address string, err error) error {
	st, _ := status.FromError(err)
	if st.Code() != codes.Unavailable {
		return Error(err)
	}
	hint := ""
	if strings.Contains(st.Message(), "x509:") {
		hint = " Is the file of its authority named, and is this the name in its certificate?"
	} else if strings.Contains(st.Message(), "tls:") || strings.Contains(st.Message(), "handshake") || strings.Contains(st.Message(), "EOF") || strings.Contains(st.Message(), "HTTP/1.x") {
		hint = " Does one side use TLS and the other not?"
	}
	return fmt.Errorf("the server at %s cannot be reached: %s.%s", address, st.Message(), hint)
}

// Prepare implements sql.Session.
func (s *Session) Prepare(ctx context.Context, text string) (sql.Statement, error) {
	p, err := s.fs.Prepare(ctx, text)
	if err != nil {
		return nil, Error(err)
	}
	return newStatement(s, text, p), nil
}

// Query runs a statement without preparing it, which spares round trips.
func (s *Session) Query(ctx context.Context, text string) (*arrow.Schema, *sql.Result, error) {
	info, err := s.fs.Execute(ctx, text)
	if err != nil {
		return nil, nil, Error(err)
	}
	schema, err := flight.DeserializeSchema(info.GetSchema(), memory.DefaultAllocator)
	if err != nil {
		return nil, nil, err
	}
	if schema.NumFields() == 0 { // it was no query
		s.use()
	}
	return schema, &sql.Result{Rows: s.rows(ctx, info), Affected: -1}, nil
}

// use notes that the session may not be as new any more.
func (s *Session) use() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = true
}

// Exec runs a statement for its effect and returns how many rows it wrote, -1 if that is not known.
func (s *Session) Exec(ctx context.Context, text string) (int64, error) {
	s.use()
	n, err := s.fs.ExecuteUpdate(ctx, text)
	return n, Error(err)
}

// Ingest implements sql.Session.
func (s *Session) Ingest(ctx context.Context, to sql.IngestTarget, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (int64, error) {
	opts := &flightsql.ExecuteIngestOpts{
		TableDefinitionOptions: &flightsql.TableDefinitionOptions{}, Table: to.Table, Temporary: to.Temporary, Options: to.Options,
	}
	if to.Catalog != "" {
		opts.Catalog = &to.Catalog
	}
	if to.Schema != "" {
		opts.Schema = &to.Schema
	}
	d := opts.TableDefinitionOptions
	d.IfNotExist = flightsql.TableDefinitionOptionsTableNotExistOptionFail
	if to.Create {
		d.IfNotExist = flightsql.TableDefinitionOptionsTableNotExistOptionCreate
	}
	d.IfExists = map[sql.IfExists]flightsql.TableDefinitionOptionsTableExistsOption{
		sql.FailIfExists:    flightsql.TableDefinitionOptionsTableExistsOptionFail,
		sql.AppendIfExists:  flightsql.TableDefinitionOptionsTableExistsOptionAppend,
		sql.ReplaceIfExists: flightsql.TableDefinitionOptionsTableExistsOptionReplace,
	}[to.Exists]
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of a stream that broke off, which must not look as if it had ended
	r := &reader{schema: schema, cancel: cancel}
	r.next, r.stop = iter.Pull2(rows)
	defer r.stop()
	n, err := s.fs.ExecuteIngest(ctx, r, opts)
	if r.err != nil {
		return 0, r.err
	}
	if err != nil {
		return 0, Error(err)
	}
	return n, nil
}

// reader is a sequence of records as an array.RecordReader.
type reader struct {
	array.RecordReader
	schema *arrow.Schema
	next   func() (arrow.RecordBatch, error, bool)
	stop   func()
	cancel func()
	rec    arrow.RecordBatch
	err    error
}

func (r *reader) Schema() *arrow.Schema          { return r.schema }
func (r *reader) RecordBatch() arrow.RecordBatch { return r.rec }
func (r *reader) Record() arrow.RecordBatch      { return r.rec }
func (r *reader) Err() error                     { return r.err }
func (r *reader) Retain()                        {}
func (r *reader) Release()                       {}

func (r *reader) Next() bool {
	rec, err, ok := r.next()
	if err != nil {
		r.err = err
		r.cancel()
		return false
	}
	r.rec = rec
	return ok
}

// Begin implements sql.Session.
func (s *Session) Begin(ctx context.Context) error {
	t, err := s.fs.BeginTransaction(ctx)
	if err != nil {
		return Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txn = t
	return nil
}

var errNoTransaction = errors.New("the session has no transaction")

func (s *Session) transaction() (*flightsql.Txn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.txn
	s.txn = nil
	if t == nil {
		return nil, errNoTransaction
	}
	return t, nil
}

// Commit implements sql.Session.
func (s *Session) Commit(ctx context.Context) error {
	t, err := s.transaction()
	if err != nil {
		return err
	}
	return Error(t.Commit(ctx))
}

// Rollback implements sql.Session.
func (s *Session) Rollback(ctx context.Context) error {
	t, err := s.transaction()
	if err != nil {
		return err
	}
	return Error(t.Rollback(ctx))
}

// optionTimeout bounds calls about options, whose methods have no context.
const optionTimeout = 10 * time.Second

// Current implements sql.Session.
func (s *Session) Current() (catalog, schema string) {
	o := s.options()
	return o["catalog"], o["schema"]
}

func (s *Session) options() map[string]string {
	ctx, cancel := context.WithTimeout(context.Background(), optionTimeout)
	defer cancel()
	out := map[string]string{}
	res, err := s.fs.GetSessionOptions(ctx, &flight.GetSessionOptionsRequest{})
	if err != nil {
		return out
	}
	for k, v := range res.GetSessionOptions() {
		out[k] = v.GetStringValue()
	}
	return out
}

// Options implements sql.Session.
func (s *Session) Options() map[string]string {
	o := s.options()
	maps.DeleteFunc(o, func(k, _ string) bool { return k == "catalog" || k == "schema" || k == "ipc_compression" })
	return o
}

// Use implements sql.Session.
func (s *Session) Use(ctx context.Context, catalog, schema string) error {
	if catalog != "" {
		if err := s.set(ctx, "catalog", catalog); err != nil {
			return err
		}
	}
	if schema != "" {
		return s.set(ctx, "schema", schema)
	}
	return nil
}

func (s *Session) set(ctx context.Context, key, value string) error {
	return s.setOption(ctx, key, &flight.SessionOptionValue{OptionValue: &pb.SessionOptionValue_StringValue{StringValue: value}}, value)
}

func (s *Session) setOption(ctx context.Context, key string, v *flight.SessionOptionValue, shown string) error {
	s.use()
	res, err := s.fs.SetSessionOptions(ctx, &flight.SetSessionOptionsRequest{SessionOptions: map[string]*flight.SessionOptionValue{key: v}})
	if err != nil {
		return Error(err)
	}
	switch e := res.GetErrors()[key]; {
	case e == nil:
		return nil
	case e.GetValue() == pb.SetSessionOptionsResult_INVALID_NAME:
		return fmt.Errorf("the server has no option %q", key)
	default:
		return fmt.Errorf("the server does not take %q as value of the option %q", shown, key)
	}
}

// HasOption implements sql.Session: the server says so when an option is set.
func (s *Session) HasOption(string) bool { return true }

// SetOption implements sql.Session.
func (s *Session) SetOption(key, value string) error {
	ctx, cancel := context.WithTimeout(context.Background(), optionTimeout)
	defer cancel()
	return s.set(ctx, key, value)
}

// ResetOption implements sql.Session.
func (s *Session) ResetOption(key string) error {
	ctx, cancel := context.WithTimeout(context.Background(), optionTimeout)
	defer cancel()
	return s.setOption(ctx, key, &flight.SessionOptionValue{}, "")
}

// Untouched implements sql.Session.
func (s *Session) Untouched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.used && s.txn == nil
}

// Close implements sql.Session: the server drops what the session holds.
// Closing again does nothing; other calls fail then.
func (s *Session) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), optionTimeout)
	defer cancel()
	_, err := s.fs.CloseSession(ctx, &flight.CloseSessionRequest{})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.others {
		o.conn.Close()
	}
	s.conn.Close()
	if code := status.Code(err); code == codes.Unavailable || code == codes.Unauthenticated {
		return nil // the server is gone, and the session with it
	}
	return Error(err)
}

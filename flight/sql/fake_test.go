package sql_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
)

// fake is an engine whose statements do what their text says, for tests of
// what happens around an engine. Statements are
//
//	rows N      N records of a thousand rows
//	wait        no row until its context ends
//	panic       a panic while it is run; panic late: behind its first record
//	fail        an error behind the first record
//	hang        a wait of its own in Prepare
//	change      something changes, nothing comes back
//
// and anything else is one row.
type fake struct {
	prepares, runs, ended, opened, closed atomic.Int64
	running                               atomic.Int64
	given                                 atomic.Int64           // records
	refuse                                atomic.Bool            // Open fails
	asked                                 atomic.Pointer[func()] // called when a session is next asked whether it is untouched
}

func (f *fake) Open(_ context.Context, who auth.Principal) (sql.Session, error) {
	if f.refuse.Load() {
		return nil, errors.New("no session to be had")
	}
	f.opened.Add(1)
	return &fakeSession{f: f, who: who.Name}, nil
}

func (*fake) Dialect() sql.Dialect { return sql.Dialect{} }

type fakeSession struct {
	f   *fake
	who string

	mu      sync.Mutex
	touched bool
	once    sync.Once
}

func (s *fakeSession) Prepare(ctx context.Context, text string) (sql.Statement, error) {
	s.f.prepares.Add(1)
	switch {
	case text == "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case text == "panic now":
		panic("in Prepare")
	case text == "touch":
		s.mu.Lock()
		s.touched = true
		s.mu.Unlock()
	}
	return &fakeStatement{s, text}, nil
}

func (s *fakeSession) Ingest(_ context.Context, _ sql.IngestTarget, _ *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (n int64, err error) {
	for rec, err := range rows {
		if err != nil {
			return 0, err
		}
		n += rec.NumRows()
	}
	return n, nil
}

func (*fakeSession) Login(auth.Principal)           {}
func (*fakeSession) Begin(context.Context) error    { return nil }
func (*fakeSession) Commit(context.Context) error   { return nil }
func (*fakeSession) Rollback(context.Context) error { return nil }
func (s *fakeSession) Current() (string, string)    { return "c", "s" }
func (*fakeSession) Use(context.Context, string, string) error {
	return nil
}
func (*fakeSession) Options() map[string]string                 { return nil }
func (*fakeSession) HasOption(string) bool                      { return false }
func (*fakeSession) SetOption(string, string) error             { return nil }
func (*fakeSession) ResetOption(string) error                   { return nil }
func (*fakeSession) Catalogs(context.Context) ([]string, error) { return []string{"c"}, nil }

func (*fakeSession) Schemas(context.Context, string) ([]sql.SchemaName, error) {
	return []sql.SchemaName{{Catalog: "c", Schema: "s"}}, nil
}

func (*fakeSession) Tables(context.Context, func(sql.TableName) bool, bool) iter.Seq2[sql.Table, error] {
	return func(func(sql.Table, error) bool) {}
}

func (s *fakeSession) Untouched() bool {
	s.mu.Lock()
	touched := s.touched
	s.mu.Unlock()
	if asked := s.f.asked.Swap(nil); asked != nil {
		(*asked)()
	}
	return !touched
}

func (s *fakeSession) Close() error {
	s.once.Do(func() { s.f.closed.Add(1) })
	return nil
}

type fakeStatement struct {
	s    *fakeSession
	text string
}

var fakeSchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)

func (st *fakeStatement) Schema() *arrow.Schema {
	if st.Changes() {
		return nil
	}
	return fakeSchema
}

// Unordered says that rows of "rows …" may come in any order.
func (st *fakeStatement) Unordered() bool { return strings.HasPrefix(st.text, "rows ") }

func (*fakeStatement) Params() *arrow.Schema { return arrow.NewSchema(nil, nil) }
func (st *fakeStatement) Changes() bool {
	return st.text == "change" || st.text == "touch"
}

func (st *fakeStatement) With(context.Context, *arrow.Schema) (sql.Statement, error) { return st, nil }

func (st *fakeStatement) Run(ctx context.Context, _ arrow.RecordBatch, _ int) (*sql.Result, error) {
	f := st.s.f
	f.runs.Add(1)
	if st.text == "panic" {
		panic("while it is run")
	}
	out := &sql.Result{Affected: -1}
	if st.Changes() {
		out.Affected = 3
	}
	out.Rows = func(yield func(arrow.RecordBatch, error) bool) {
		f.running.Add(1)
		defer func() { f.running.Add(-1); f.ended.Add(1) }()
		st.rows(ctx, yield)
	}
	return out, nil
}

func (st *fakeStatement) rows(ctx context.Context, yield func(arrow.RecordBatch, error) bool) {
	n := 1
	switch {
	case st.Changes():
		return
	case st.text == "wait":
		<-ctx.Done()
		yield(nil, context.Cause(ctx))
		return
	case strings.HasPrefix(st.text, "rows "):
		fmt.Sscan(st.text[5:], &n)
	}
	rec := thousand(n)
	defer rec.Release()
	for range n {
		st.s.f.given.Add(1)
		if !yield(rec, nil) {
			return
		}
		switch st.text {
		case "panic late":
			panic("behind the first record")
		case "fail":
			yield(nil, errors.New("it went wrong"))
			return
		}
	}
}

// thousand is a record of a thousand numbers, or of one if it is to be the only one.
func thousand(records int) arrow.RecordBatch {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	rows := 1000
	if records == 1 {
		rows = 1
	}
	for i := range rows {
		b.Append(int64(i))
	}
	col := b.NewArray()
	defer col.Release()
	return array.NewRecordBatch(fakeSchema, []arrow.Array{col}, int64(rows))
}

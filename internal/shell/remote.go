package shell

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/client"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/screen"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/parse"
)

// remote is a session of a server. Statements run there, files that they name
// are there; what is printed is printed here.
type remote struct {
	s       *client.Session
	address string

	mu    sync.Mutex
	state *sql.Progress      // of the statement that runs; nil: nothing was told
	snap  *settings.Snapshot // of the session at the server; nil: not known
}

// Remote is the engine of a session of a server, called address.
func Remote(s *client.Session, address string) Engine { return &remote{s: s, address: address} }

// Run implements Engine.
func (r *remote) Run(ctx context.Context, text string, params session.Params) (*session.Result, error) {
	r.begin(text)
	p, err := r.s.Prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	st := p.(*client.Statement)
	res, err := r.start(ctx, st, text, params)
	if err != nil {
		st.Close()
		return nil, err
	}
	rows := res.Rows
	res.Rows = func(yield func(*vec.Batch, error) bool) {
		defer st.Close()
		rows(yield)
	}
	return res, nil
}

// begin forgets what a statement may change.
func (r *remote) begin(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = nil
	switch firstWord(text) {
	case "SET", "RESET":
		r.snap = nil
	}
}

func firstWord(text string) string {
	for _, p := range parse.Script(text) {
		if words := strings.FieldsFunc(text[p.From:p.To], func(c rune) bool { return c <= ' ' || c == '(' }); len(words) > 0 {
			return strings.ToUpper(words[0])
		}
	}
	return ""
}

func (r *remote) start(ctx context.Context, st *client.Statement, text string, params session.Params) (*session.Result, error) {
	values, err := valuesOf(text, st.Params(), params)
	if err != nil {
		return nil, err
	}
	if values != nil {
		defer values.Release()
	}
	got, err := st.Watch(ctx, values, func(p sql.Progress) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.state = &p
	})
	if err != nil {
		return nil, err
	}
	out := &session.Result{Rows: decoded(got)}
	schema := st.Schema()
	if got.Schema != nil {
		schema = got.Schema
	}
	if schema != nil {
		if out.Schema, err = arrowvec.FromSchema(schema); err != nil {
			return nil, err
		}
	}
	word := firstWord(text)
	switch word {
	case "SELECT", "WITH", "FROM", "VALUES", "TABLE":
		out.Query = true
	}
	if got.Affected > 0 || got.Affected == 0 && word == "INSERT" {
		out.Written = &session.Written{Rows: got.Affected, Files: -1}
	}
	return out, nil
}

// decoded are the rows of a result.
func decoded(res *sql.Result) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		var d arrowvec.Decoder
		for rec, err := range res.Rows {
			if err != nil {
				yield(nil, err)
				return
			}
			for b, err := range d.Batches(rec, 0) {
				if !yield(b, err) || err != nil {
					return
				}
			}
		}
	}
}

// valuesOf makes the row of parameters that a statement wants of those that were given, by name. nil: it wants none.
func valuesOf(text string, want *arrow.Schema, params session.Params) (arrow.RecordBatch, error) {
	if want.NumFields() == 0 {
		return nil, nil
	}
	fields := make([]arrow.Field, want.NumFields())
	for i, f := range want.Fields() {
		fields[i] = arrow.Field{Name: f.Name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for i, f := range fields {
		v, ok := params.Named[f.Name]
		if !ok {
			e := sqlerr.New(sqlerr.UnboundParameter, "Found the unbound parameter: %s.", f.Name).WithHint("Give it a value: one for each ? in order, or by name for :name.")
			if at := strings.Index(text, ":"+f.Name); at >= 0 {
				e.Source, e.Pos, e.End = text, at, at+1+len(f.Name)
			}
			return nil, e
		}
		to := b.Field(i).(*array.StringBuilder)
		if text, ok := v.Value.(string); ok {
			to.Append(text)
		} else {
			to.AppendNull()
		}
	}
	return b.NewRecordBatch(), nil
}

// Tables implements Engine.
func (r *remote) Tables(ctx context.Context) ([]string, error) {
	catalog, schema := r.s.Current()
	var out []string
	here := func(n sql.TableName) bool {
		return n.Type == sql.LocalTemporary || strings.EqualFold(n.Catalog, catalog) && strings.EqualFold(n.Schema, schema)
	}
	for t, err := range r.s.Tables(ctx, here, false) {
		if err != nil {
			return nil, err
		}
		out = append(out, t.Name)
	}
	return out, nil
}

// Display implements Engine: as the session at the server would display them.
func (r *remote) Display(ctx context.Context, _ *session.Result) output.Options {
	r.mu.Lock()
	snap := r.snap
	r.mu.Unlock()
	if snap == nil {
		snap = r.settings(ctx)
		r.mu.Lock()
		r.snap = snap
		r.mu.Unlock()
	}
	return output.Options{Zone: settings.TimeZone(snap), BinaryStyle: settings.BinaryOutputStyle.Get(snap)}
}

// settings are those of the session that this binary knows, and the time zone, whose default is the server's.
func (r *remote) settings(ctx context.Context) *settings.Snapshot {
	var snap *settings.Snapshot
	set := func(k, v string) {
		if next, err := snap.With(k, v); err == nil {
			snap = next
		}
	}
	for k, v := range r.s.Options() {
		set(k, v)
	}
	if _, res, err := r.s.Query(ctx, "SELECT current_timezone()"); err == nil {
		for rec, err := range res.Rows {
			if err != nil {
				break
			}
			set(settings.SessionTimeZone.Key, rec.Column(0).ValueStr(0))
		}
	}
	return snap
}

// Progress implements Engine.
func (r *remote) Progress(took time.Duration, width int) []string {
	r.mu.Lock()
	p := r.state
	r.mu.Unlock()
	if p == nil {
		return nil
	}
	line := "running"
	if p.Fraction >= 0 {
		line = fmt.Sprintf("%s %2.0f %%", bar(min(p.Fraction, 0.99), 20), 100*min(p.Fraction, 0.99))
	}
	if p.Tasks > 0 {
		line += fmt.Sprintf("  stage %d/%d  task %d/%d  %s rows  %s", min(p.StagesDone+1, p.Stages), p.Stages, p.TasksDone, p.Tasks, short(p.Rows), bytesText(p.Bytes))
	}
	return []string{screen.Cut(fmt.Sprintf("%s  %.1f s", line, took.Seconds()), max(width-1, 1))}
}

// OnStages implements Engine: stages stay at the server.
func (*remote) OnStages(func(string)) {}

// Where implements Engine.
func (r *remote) Where() string { return "the server at " + r.address }

package serve

import (
	"context"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/flight/sql"
	"github.com/volley-sql/volley/flight/sql/auth"
	engine "github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
)

// session is one client's session.
type session struct{ *engine.Session }

var _ sql.Session = (*session)(nil)

// Prepare implements sql.Session.
func (s *session) Prepare(ctx context.Context, text string) (sql.Statement, error) {
	p, err := s.Session.Prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return newStatement(p, nil), nil
}

// Ingest implements sql.Session.
func (s *session) Ingest(ctx context.Context, to sql.IngestTarget, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (int64, error) {
	return s.Session.Ingest(ctx, engine.Ingestion{
		Catalog: to.Catalog, Database: to.Schema, Table: to.Table, Temporary: to.Temporary, Create: to.Create, Exists: existing[to.Exists], Options: to.Options,
	}, schema, rows)
}

var existing = map[sql.IfExists]engine.Existing{
	sql.FailIfExists: engine.FailIfExists, sql.AppendIfExists: engine.AppendIfExists, sql.ReplaceIfExists: engine.ReplaceIfExists,
}

// Login implements sql.Session.
func (s *session) Login(who auth.Principal) { s.Session.Login(who.Roles) }

// Options implements sql.Session.
func (s *session) Options() map[string]string {
	out := map[string]string{}
	for _, kv := range s.Settings.Snapshot().Pairs() {
		out[kv[0]] = kv[1]
	}
	return out
}

// HasOption implements sql.Session.
func (s *session) HasOption(key string) bool { return settings.Lookup(key) != nil }

// SetOption implements sql.Session.
func (s *session) SetOption(key, value string) error { return s.Settings.Set(key, value) }

// ResetOption implements sql.Session.
func (s *session) ResetOption(key string) error {
	s.Settings.Reset(key)
	return nil
}

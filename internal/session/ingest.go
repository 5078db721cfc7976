package session

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec/feed"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// Records is a stream of Arrow records, each lent until the loop body returns.
type Records = iter.Seq2[arrow.RecordBatch, error]

// Existing says what writing rows does about a table that is there.
type Existing uint8

// What to do about a table that exists.
const (
	FailIfExists Existing = iota
	AppendIfExists
	ReplaceIfExists
)

// Ingestion says where rows go that somebody hands over.
type Ingestion struct {
	// Catalog and Database are the current ones if empty.
	Catalog, Database, Table string
	// Temporary tables belong to the session and are in no catalog.
	Temporary bool
	// Create makes the table if it is not there; without it that is an error.
	Create bool
	Exists Existing
	// Options are those of the format of a table that is made; "provider" is the format.
	Options map[string]string
}

// Ingest writes records to a table and returns how many rows it wrote: all of
// them, or none where there is an error. Columns go to those of their names if
// the table has all of these, else by place, and are converted as INSERT does.
func (s *Session) Ingest(ctx context.Context, to Ingestion, schema *arrow.Schema, rows Records) (int64, error) {
	cols, err := arrowvec.FromSchema(schema)
	if err != nil {
		return 0, err
	}
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	st := &statement{st: &ast.Insert{}, text: "ingest into " + to.Table, snap: s.Settings.Snapshot()}
	src := feed.New(cols, rows, int(settings.BatchSize.Get(st.snap)))
	defer src.Close()
	st.feeds = map[int32]flow.Source{0: src}
	t, err := s.ingestTarget(to)
	if err != nil {
		return 0, err
	}
	r, err := s.ingest(st.zoned(ctx), st, to, t, cols)
	if err != nil {
		return 0, err
	}
	return r.Written.Rows, nil
}

func (s *Session) ingestTarget(to Ingestion) (*target, error) {
	if to.Table == "" {
		return nil, sqlerr.New(sqlerr.InvalidObjectName, "`` is not a valid name for tables/schemas. Valid names only contain alphabet characters, numbers and _.")
	}
	if to.Temporary {
		return s.temporaryTarget(to)
	}
	cat, db := s.Current()
	if to.Catalog != "" && !strings.EqualFold(to.Catalog, cat) {
		cat, db = to.Catalog, DefaultDatabase
	}
	if to.Database != "" {
		db = to.Database
	}
	parts := []string{cat, db, to.Table}
	c, db, name, err := s.locate(cat, db, parts)
	if err != nil {
		return nil, err
	}
	return &target{cat: c, db: db, name: name, parts: parts}, nil
}

func (s *Session) ingest(ctx context.Context, st *statement, to Ingestion, t *target, cols types.Schema) (*Result, error) {
	tb, v, err := t.lookup(ctx)
	known := err == nil
	switch {
	case err != nil && !sqlerr.Is(err, sqlerr.TableOrViewNotFound):
		return nil, err
	case v != nil:
		return nil, sqlerr.New(sqlerr.ExpectTableNotView, "'INSERT' expects a table but %s is a view.", quote(t.parts))
	case !known && !to.Create:
		return nil, tableNotFound(t.parts)
	case known && to.Exists == FailIfExists:
		return nil, tableExists(t)
	case known && to.Exists == AppendIfExists:
		return s.ingestAppend(ctx, st, t, tb, cols)
	}
	mode := catalog.CreateNew
	if known {
		mode = catalog.CreateOrReplace
	}
	return s.ingestCreate(ctx, st, to, t, cols, mode)
}

func (s *Session) ingestAppend(ctx context.Context, st *statement, t *target, tb catalog.Table, cols types.Schema) (*Result, error) {
	if err := t.writes(ctx, catalog.Append); err != nil {
		return nil, err
	}
	in := &insertion{t: t, tb: tb, env: s.env(st)}
	var err error
	if in.to, err = insertTarget(&ast.Insert{}, t, tb); err != nil {
		return nil, err
	}
	in.to.Pos = sqlerr.NoPos
	if in.plan, err = bind.InsertFeed(ctx, in.env, "records", cols, in.to); err != nil {
		return nil, err
	}
	return s.store(ctx, st, in, catalog.Append, nil)
}

// ingestCreate makes a table of the rows, or puts one in the place of another.
func (s *Session) ingestCreate(ctx context.Context, st *statement, to Ingestion, t *target, cols types.Schema, mode catalog.CreateMode) (*Result, error) {
	env := s.env(st)
	schema := make(types.Schema, len(cols))
	for i, f := range cols {
		// A column of NULLs alone has no type; tables want one.
		schema[i] = types.Field{Name: f.Name, Type: withoutVoid(f.Type), Nullable: true}
	}
	if err := unique(schema, sqlerr.NoPos); err != nil {
		return nil, err
	}
	spec := catalog.TableSpec{Name: t.full(), Schema: schema, Info: catalog.Info{
		Provider: settings.DefaultFormat.Get(st.snap), Owner: s.cfg.User, Created: st.now.UnixMicro(), Managed: true, Options: map[string]string{},
	}}
	for k, v := range to.Options {
		if k = strings.ToLower(k); k == "provider" {
			spec.Info.Provider = strings.ToLower(v)
		} else {
			spec.Info.Options[k] = v
		}
	}
	if s.cfg.HasFormat != nil && !s.cfg.HasFormat(spec.Info.Provider) {
		return nil, sqlerr.New(sqlerr.DataSourceNotFound, "Failed to find the data source: %s. Make sure the provider name is correct.", spec.Info.Provider)
	}
	if spec.Info.Options["path"] != "" {
		return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: a path for rows that are ingested. Create the table first, then append to it.")
	}
	plan := bind.Feed(ctx, env, "records", cols).As(schema)
	return s.createFrom(ctx, st, env, plan, t, spec, mode)
}

// withoutVoid is t with STRING for parts of no type.
func withoutVoid(t types.Type) types.Type {
	if t.Kind == types.Null {
		return types.StringType
	}
	if t.Fields == nil {
		return t
	}
	kids := slices.Clone(*t.Fields)
	for i := range kids {
		kids[i].Type = withoutVoid(kids[i].Type)
	}
	t.Fields = &kids
	return t
}

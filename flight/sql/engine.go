package sql

import (
	"context"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/flight/sql/auth"
)

// Engine is what the server serves. It is safe for concurrent use.
type Engine interface {
	// Open starts a session for a user whose name has been authenticated.
	Open(ctx context.Context, who auth.Principal) (Session, error)
	// Dialect tells clients what statements may be made of.
	Dialect() Dialect
}

// Dialect lists words of the engine's SQL, for clients that ask.
type Dialect struct {
	// Keywords beyond those of SQL-92; names of functions by kind.
	Keywords, Numeric, String, System, Datetime []string
	// Transactions says that sessions take Begin.
	Transactions bool
}

// Session is one client's state: current catalog and schema, settings,
// temporary views, an open transaction. It is safe for concurrent use;
// statements of one session may run at the same time.
type Session interface {
	// Prepare parses and binds a statement without running any of it.
	Prepare(ctx context.Context, text string) (Statement, error)
	// Ingest writes rows to a table and returns how many. All of them become
	// visible or none. rows is single-use; its records are lent.
	Ingest(ctx context.Context, to IngestTarget, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error]) (int64, error)

	// Login tells the session what is vouched for its user by now. Statements that
	// begin afterwards go by it.
	Login(who auth.Principal)

	// Begin starts a transaction: what statements and Ingest write from now on
	// becomes visible to others at Commit, and never after Rollback.
	Begin(ctx context.Context) error
	Commit(ctx context.Context) error
	Rollback(ctx context.Context) error

	// Current names the current catalog and schema.
	Current() (catalog, schema string)
	// Use changes them; an empty name leaves that part as it is.
	Use(ctx context.Context, catalog, schema string) error
	// Options are the settings whose values are not the defaults.
	Options() map[string]string
	// HasOption reports whether there is a setting of this name.
	HasOption(key string) bool
	// SetOption changes a setting; an error names one that does not exist, or a value that does not fit.
	SetOption(key, value string) error
	// ResetOption brings a setting back to its default.
	ResetOption(key string) error

	Metadata

	// Untouched reports whether the session is as Open made it: no setting, view,
	// variable, current schema or transaction would be lost with it.
	Untouched() bool
	// Close drops temporary views and ends an open transaction without its
	// writes. Statements that run are cancelled.
	Close() error
}

// Metadata is what a session may know of tables. What the user has no right to
// see is not there.
type Metadata interface {
	// Catalogs lists names in order.
	Catalogs(ctx context.Context) ([]string, error)
	// Schemas lists the schemas of a catalog in order; an empty name: of all.
	Schemas(ctx context.Context, catalog string) ([]SchemaName, error)
	// Tables lists tables and views in order of catalog, schema, type, name.
	// match is asked before anything of a table is read.
	Tables(ctx context.Context, match func(TableName) bool, withSchema bool) iter.Seq2[Table, error]
}

// SchemaName is a schema with its catalog.
type SchemaName struct{ Catalog, Schema string }

// TableType is a type of table, as clients know them.
type TableType string

// The types there are.
const (
	BaseTable      TableType = "TABLE"
	View           TableType = "VIEW"
	SystemTable    TableType = "SYSTEM TABLE"
	LocalTemporary TableType = "LOCAL TEMPORARY"
)

// TableName is a table with its place and type. Temporary views have neither
// catalog nor schema.
type TableName struct {
	Catalog, Schema, Name string
	Type                  TableType
}

// Table is a table with its columns, nil if they were not asked for.
type Table struct {
	TableName
	Columns *arrow.Schema
}

// Statement is a statement that was bound. It is immutable and safe for
// concurrent use.
type Statement interface {
	// Schema is the schema of the rows the statement gives, and of every record
	// of its Result, nullability included; nil if it gives none.
	Schema() *arrow.Schema
	// Params describes the parameters in order; a named one has its name.
	// A parameter whose type nothing tells is utf8.
	Params() *arrow.Schema
	// Changes reports whether running the statement changes tables, views or the session.
	Changes() bool
	// With binds the statement again for parameters of other types, which are
	// those of values to come. Names, where there are any, are matched first.
	With(ctx context.Context, params *arrow.Schema) (Statement, error)
	// Run executes the statement once, with row of params as the values of its
	// parameters; params is nil if there are none. ctx bounds the whole of it, its rows included.
	Run(ctx context.Context, params arrow.RecordBatch, row int) (*Result, error)
}

// Result is what a run of a statement gives.
type Result struct {
	// Rows is single-use and must be used, if only to be broken off, which ends
	// the work behind it. Records are lent: a consumer that keeps one retains it.
	Rows iter.Seq2[arrow.RecordBatch, error]
	// Parts are the same rows in partitions, to be used in place of Rows; nil if there are none.
	Parts *Parts
	// Schema is that of the rows where the statement could not tell it; nil: the statement's.
	Schema *arrow.Schema
	// Brief says that Rows are few, a batch of the engine's at most, and little work, which the loop over them does by itself.
	Brief bool
	// Still is the error of rights that were taken since the rows were asked for; nil: none can be.
	Still func(ctx context.Context) error
	// Affected counts rows that were written; -1 if that is not known or nothing was.
	Affected int64
	// Progress tells how far the work behind Rows is; nil if nothing is known.
	Progress func() Progress
}

// Parts are rows in partitions that may be read side by side.
type Parts struct {
	// N is how many there are, at least 1.
	N int
	// Ordered says that the partitions one after the other are the rows in their order.
	Ordered bool
	// Ready waits until the work behind all of them is done.
	Ready func(ctx context.Context) error
	// Open yields the records of one, which are lent, as often as it is asked until Close.
	Open func(ctx context.Context, i int) iter.Seq2[arrow.RecordBatch, error]
	// Grant lets a client read a partition, which is ready, where it is, if that
	// can be: location is the address, ticket what the executor wants to see
	// beside the handle. An empty location: it cannot. nil: none can.
	Grant func(i int, g Grant) (location string, ticket []byte)
	// Rest yields the records of a partition behind so many rows that a client has
	// read at an executor with a ticket of Grant for handle, or an error if they cannot be told. nil if Grant is.
	Rest func(ctx context.Context, i int, handle, ticket []byte, rows int64) iter.Seq2[arrow.RecordBatch, error]
	// OnRead has f called with every partition that a client has read to its end
	// at an executor; nil if Grant is.
	OnRead func(f func(i int, rows, bytes int64))
	// Close lets go of the rows and ends what work there still is. It is called once.
	Close func()
}

// Grant says who may read a partition without the server.
type Grant struct {
	User    string
	Handle  []byte
	Expires time.Time
	// Compression is lz4, zstd or none, if the call does not say.
	Compression string
}

// Spread is a Statement that knows whether its rows may come in Parts. Such a
// statement runs before its endpoints are known.
type Spread interface {
	Statement
	Spreads() bool
}

// Progress is how far a statement is.
type Progress struct {
	// Fraction is from 0 to 1, negative if not known.
	Fraction float64 `json:"fraction"`
	// Stages and tasks of the job, finished ones included, and what was read so far.
	Stages     int           `json:"stages"`
	StagesDone int           `json:"stagesDone"`
	Tasks      int           `json:"tasks"`
	TasksDone  int           `json:"tasksDone"`
	Rows       int64         `json:"rows"`
	Bytes      int64         `json:"bytes"`
	Elapsed    time.Duration `json:"elapsed"`
}

// IfExists says what ingesting does about a table that is there.
type IfExists uint8

// What to do about a table that exists.
const (
	FailIfExists IfExists = iota
	AppendIfExists
	ReplaceIfExists
)

// IngestTarget is where rows go.
type IngestTarget struct {
	// Catalog and Schema are those of the session if empty.
	Catalog, Schema, Table string
	// Temporary tables belong to the session.
	Temporary bool
	// Create makes the table if it is not there; without it that is an error.
	Create bool
	Exists IfExists
	// Options are passed to the format, such as compression; keys of a database have meaning to it alone.
	Options map[string]string
}

// Batcher is a Statement that can take many rows of parameters at once, as an
// INSERT of values does: all of them are written or none.
type Batcher interface {
	Statement
	RunBatch(ctx context.Context, params []arrow.RecordBatch) (*Result, error)
}

// Unnamed is a Statement some of whose parameters give names to tables or
// columns. Its Schema has no columns, and is not that of its rows.
type Unnamed interface {
	Statement
	// Name is the statement for the names in all rows of params. It may be an
	// Unnamed still, if it gives no rows.
	Name(ctx context.Context, params []arrow.RecordBatch) (Statement, error)
}

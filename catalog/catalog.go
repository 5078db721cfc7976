// Package catalog says what tables are: names, schemas, statistics, and scans
// as data. A table is one immutable version. Planning a read gives splits that
// can be sent to executors, which open them through a format (catalog/format)
// without asking the catalog again, so that local and remote reads are one path.
package catalog

import (
	"context"
	"strings"

	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Name is a resolved table name. Names compare without regard to case.
type Name struct{ Catalog, Database, Table string }

// String is the name in back quotes where needed: `spark_catalog`.`default`.`t` without the quotes.
func (n Name) String() string {
	var parts []string
	for _, p := range []string{n.Catalog, n.Database, n.Table} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ".")
}

// Table is one version of a table (not of a view, see View).
type Table interface {
	Name() Name
	Schema() types.Schema
	// PartitionColumns are places in Schema of the columns that folders hold.
	PartitionColumns() []int
	// Info describes the table for DESCRIBE and SHOW CREATE TABLE.
	Info() Info
	// Stats estimates the whole table without reading data pages.
	Stats(ctx context.Context) (*Stats, error)
	// Scan plans a read of the columns cols (places in Schema). Splits that
	// no row of can pass filters (conjuncts whose expr.Ref index cols) may be
	// left out; rows are filtered again by whoever reads. evaluate serves to
	// decide filters for which the values of all columns are known; it may be nil.
	Scan(ctx context.Context, cols []int, filters []expr.Expr, evaluate Evaluate) (*Scan, error)
}

// Evaluate returns the value of an expression without columns. ok is false if
// it has none to rely on: its evaluation fails, or would give another value the next time.
type Evaluate func(e expr.Expr) (value types.Datum, ok bool)

// Info is the descriptive part of a table.
type Info struct {
	Provider   string // parquet, csv, json, arrow; "memory", "view"
	Location   string
	Comment    string
	Owner      string
	Created    int64 // microseconds since the epoch, 0: unknown
	Managed    bool
	Options    map[string]string
	Properties map[string]string
	// ColumnComments and ColumnDefaults (SQL text) are by place in Schema; either may be nil.
	ColumnComments []string
	ColumnDefaults []string
}

// Scan is a planned read.
type Scan struct {
	// Format opens the splits on an executor; Options are its settings.
	Format  string
	Options map[string]string
	// Schema is the full table schema (partition columns included), Cols the places read.
	Schema types.Schema
	Cols   []int
	// Partition lists the places in Schema of the partition columns, whose
	// values come from Split.Partition and not from the files. They stand last.
	Partition []int
	Splits    []Split
	Stats     Stats // of what is left after skipping
	// Within are the folders that the splits are opened within; nil: anywhere.
	Within *store.Bounds `wire:"optional"`
}

// Split is a piece of a table that one thread reads at a time.
type Split struct {
	Path string
	// Start and Length are the bytes of the file this split answers for: row
	// groups, records or lines that begin there.
	Start, Length int64
	// Size and ModTime (microseconds) identify the version of the file; a
	// reader refuses a file that has changed.
	Size, ModTime int64
	// Rows is the number of rows if known, else -1.
	Rows int64
	// Partition holds the values of partition columns, by place in Schema order of the table's partition columns.
	Partition []types.Datum
	// Spec is for the format's own use: row group numbers, say.
	Spec []byte
}

// Stats describe a table or scan. Unknown numbers are negative.
type Stats struct {
	Rows, Bytes int64
	// Columns is by place in the schema described (Table.Schema for tables,
	// Cols for scans), or nil.
	Columns []ColumnStats
}

// ColumnStats describe one column. Min and Max are nil if unknown.
type ColumnStats struct {
	Min, Max types.Datum
	Nulls    int64 // negative: unknown
	Distinct int64 // estimate, negative: unknown
	Width    int64 // mean bytes a value, negative: unknown
}

// View is a stored query.
type View struct {
	Name    Name
	SQL     string
	Columns []string // names given in CREATE VIEW, or nil
	Comment string
	Schema  types.Schema
	// Database and settings current at creation, in which SQL is bound.
	Database string
	Settings map[string]string
	// Access is the first owner of a view that is created. Lookup leaves it out.
	Access *Access `json:"-"`
}

// Catalog finds and changes tables. Implementations are safe for concurrent
// use and pass catalogtest.
type Catalog interface {
	Name() string
	// Lookup returns the table or view called database.name: exactly one is not
	// nil, else the error has the condition TABLE_OR_VIEW_NOT_FOUND.
	Lookup(ctx context.Context, database, name string) (Table, *View, error)
	// Databases and List give names sorted; List has tables and views of a database.
	Databases(ctx context.Context) ([]string, error)
	List(ctx context.Context, database string) ([]Entry, error)

	CreateDatabase(ctx context.Context, d Database, ifNotExists bool) error
	DropDatabase(ctx context.Context, name string, ifExists, cascade bool) error
	DescribeDatabase(ctx context.Context, name string) (*Database, error)
	// CreateTable records a table. With data written by a job, staged is
	// published with it, at once.
	CreateTable(ctx context.Context, t TableSpec, mode CreateMode, staged *Staged) error
	DropTable(ctx context.Context, database, name string, ifExists, purge bool) error
	RenameTable(ctx context.Context, database, from, to string) error
	AlterTable(ctx context.Context, database, name string, change func(*TableSpec) error) error
	CreateView(ctx context.Context, v View, mode CreateMode) error
	DropView(ctx context.Context, database, name string, ifExists bool) error
	// Begin opens a write to a table or (for CREATE TABLE AS) to the table to
	// be; Commit or Abort of the Staged ends it.
	Begin(ctx context.Context, t TableSpec, w WriteMode) (*Staged, error)
	Commit(ctx context.Context, s *Staged, files []File) error
	Abort(ctx context.Context, s *Staged) error
}

// Fixed is a Catalog that nothing can be changed in, and that is open to everybody:
// no rights are asked for, and transactions have nothing to do with it.
type Fixed interface {
	Catalog
	Fixed()
}

// Entry is one line of SHOW TABLES.
type Entry struct {
	Database, Name string
	IsView, IsTemp bool
}

// Database describes a namespace.
type Database struct {
	Name, Comment, Location string
	Properties              map[string]string
	// Access is the first owner of a database that is created.
	Access *Access `json:",omitempty"`
	// Functions are those of the database by name, in lower case. CreateDatabase makes none.
	Functions map[string]*Function `json:",omitempty"`
}

// CreateMode says what to do if the name is taken.
type CreateMode uint8

// The create modes.
const (
	CreateNew CreateMode = iota
	CreateIfNotExists
	CreateOrReplace
)

// TableSpec is what CREATE TABLE records.
type TableSpec struct {
	Name        Name
	Schema      types.Schema
	Partitioned []string // names of partition columns, which stand last in Schema
	Info        Info
	// Access is the first owner and the rules of a table that is created; see Secured.
	Access *Access `json:"-"`
}

// WriteMode is how new files meet old ones.
type WriteMode uint8

// The write modes. OverwritePartitions replaces only partitions that the new
// files have (dynamic overwrite) or that Static names.
const (
	Append WriteMode = iota
	Overwrite
	OverwritePartitions
)

// Staged is a write in progress.
type Staged struct {
	Spec   TableSpec
	Mode   WriteMode
	Target WriteTarget
	// Static holds INSERT … PARTITION (k = v): only such partitions are replaced by Overwrite.
	Static map[string]types.Datum
	// Files are those of the finished job; set by whoever ran it before CreateTable (Commit takes them itself).
	Files []File
}

// WriteTarget tells executors where and how to write. It is data.
type WriteTarget struct {
	Format  string
	Options map[string]string
	// Location is the table's folder; files go to a folder of the job beneath
	// it that readers ignore, until they are published.
	Location string
	Job      string
	// Schema is that of the rows; Partition are the places of partition columns in it.
	Schema    types.Schema
	Partition []int
	// SingleFile makes one file out of all rows (reports), named Location itself when FileName is empty.
	SingleFile bool
	FileName   string
	// Within are the folders that files are made within; nil: anywhere.
	Within *store.Bounds `wire:"optional"`
}

// StagingName is the folder beneath a location in which jobs stage their files.
const StagingName = "_volley_staging"

// StagingDir is the folder tasks of the job write to. Its name begins with an
// underscore beneath Location (beside it, for a single file), so readers ignore it.
func (t WriteTarget) StagingDir() string {
	dir := strings.TrimRight(t.Location, "/")
	if t.SingleFile && t.FileName == "" {
		i := strings.LastIndexAny(dir, "/\\")
		dir = dir[:max(i, 0)]
		if i < 0 {
			return StagingName + "/" + t.Job
		}
	}
	return dir + "/" + StagingName + "/" + t.Job
}

// File is a file that a task wrote.
type File struct {
	Path        string // where it is staged
	Rows, Bytes int64
	Partition   string // "day=2026-11-21/store=3", empty if not partitioned
}

package ast

// Property is key = value in OPTIONS, TBLPROPERTIES and their like. Keys
// written as dotted names keep their dots. Value is nil for a bare key.
type Property struct {
	Span
	Key   string
	Value Expr
}

// ColumnDef is a column of CREATE TABLE or ALTER TABLE.
type ColumnDef struct {
	Span
	Name      Name // several parts only in ALTER TABLE: a path into a struct
	Type      TypeName
	NotNull   bool
	Comment   string
	Default   Expr
	Generated Expr      // GENERATED ALWAYS AS (…)
	Place     *ColPlace // ALTER TABLE only
	// Mask is MASK f [USING COLUMNS (columns)]; CREATE TABLE only.
	Mask *SetMask
}

// ColPlace is FIRST or AFTER column.
type ColPlace struct {
	Span
	After Name // zero: FIRST
}

// PartitionField is an item of PARTITIONED BY: a column by name, a new
// column with its type, or a transform such as years(ts).
type PartitionField struct {
	Span
	Name      string
	Column    *ColumnDef
	Transform Expr
}

// CreateTable is CREATE [OR REPLACE] TABLE, with columns, a query or both
// left out (the files then tell the schema).
type CreateTable struct {
	Span
	Name        Name
	Replace     bool // CREATE OR REPLACE, or REPLACE
	ReplaceOnly bool // REPLACE TABLE: fails if there is none
	External    bool
	Temporary   bool
	IfNotExists bool
	Columns     []ColumnDef
	Using       string // format, empty: the default
	Options     []Property
	Properties  []Property
	PartitionBy []PartitionField
	Buckets     *Buckets
	ClusterBy   []Name
	Location    string
	Comment     string
	RowFilter   *SetRowFilter // WITH ROW FILTER f ON (columns)
	Query       *Query
}

// Buckets is CLUSTERED BY (columns) [SORTED BY (…)] INTO n BUCKETS.
type Buckets struct {
	Span
	Columns []string
	SortBy  []SortItem
	N       Expr
}

// CreateTableLike is CREATE TABLE name LIKE source.
type CreateTableLike struct {
	Span
	Name, Source Name
	IfNotExists  bool
	Using        string
	Location     string
	Properties   []Property
}

// ViewColumn is a column of CREATE VIEW.
type ViewColumn struct {
	Span
	Name    string
	Comment string
}

// CreateView is CREATE [OR REPLACE] [[GLOBAL] TEMPORARY] VIEW. A view over
// files (CREATE TEMP VIEW v USING parquet OPTIONS (…)) has Using and no Query.
type CreateView struct {
	Span
	Name              Name
	Replace           bool
	Temporary, Global bool
	IfNotExists       bool
	Columns           []ViewColumn
	Comment           string
	Properties        []Property
	Query             *Query
	Using             string
	Schema            []ColumnDef // CREATE TEMP VIEW v (a INT) USING …
	Options           []Property
}

// ObjectKind is a kind of catalog object.
type ObjectKind uint8

// The kinds.
const (
	ObjTable ObjectKind = iota
	ObjView
	ObjDatabase
	ObjFunction
	ObjQuery
	ObjCatalog
	ObjVariable
	ObjFiles
)

var objectNames = [...]string{"TABLE", "VIEW", "DATABASE", "FUNCTION", "QUERY", "CATALOG", "VARIABLE", "ANY FILE"}

func (k ObjectKind) String() string { return objectNames[k] }

// Drop is DROP TABLE, VIEW, DATABASE, FUNCTION or TEMPORARY VARIABLE.
type Drop struct {
	Span
	Kind      ObjectKind
	Name      Name
	IfExists  bool
	Cascade   bool
	Purge     bool
	Temporary bool
}

// CreateDatabase is CREATE DATABASE or SCHEMA.
type CreateDatabase struct {
	Span
	Name        Name
	IfNotExists bool
	Comment     string
	Location    string
	Properties  []Property
}

// CreateFunction is CREATE FUNCTION with an SQL body.
type CreateFunction struct {
	Span
	Name         Name
	Replace      bool
	Temporary    bool
	IfNotExists  bool
	Params       []ColumnDef
	Returns      *TypeName   // nil: not declared
	ReturnTable  bool        // RETURNS TABLE
	TableColumns []ColumnDef // of RETURNS TABLE (…)
	Comment      string
	Body         Expr   // RETURN expression
	Query        *Query // RETURN query
	ClassName    string // AS 'class', which only a JVM can run
}

// Use is USE [DATABASE|CATALOG] name.
type Use struct {
	Span
	Kind ObjectKind // ObjDatabase or ObjCatalog
	Name Name
}

// Truncate is TRUNCATE TABLE t [PARTITION (…)].
type Truncate struct {
	Span
	Name      Name
	Partition []Property
}

// AlterTable is ALTER TABLE or ALTER VIEW name action.
type AlterTable struct {
	Span
	Name   Name
	View   bool
	Action AlterAction
}

// AlterAction is what an AlterTable does.
type AlterAction interface {
	Node
	alter()
}

// RenameTo is RENAME TO name.
type RenameTo struct {
	Span
	Name Name
}

// AddColumns is ADD COLUMNS (…).
type AddColumns struct {
	Span
	IfNotExists bool
	Columns     []ColumnDef
}

// ReplaceColumns is REPLACE COLUMNS (…).
type ReplaceColumns struct {
	Span
	Columns []ColumnDef
}

// DropColumns is DROP COLUMNS (…).
type DropColumns struct {
	Span
	IfExists bool
	Columns  []Name
}

// RenameColumn is RENAME COLUMN a TO b.
type RenameColumn struct {
	Span
	From Name
	To   string
}

// ChangeColumn is ALTER [COLUMN] c …: what is nil stays as it is.
type ChangeColumn struct {
	Span
	Column      Name
	Type        *TypeName
	NotNull     *bool
	Comment     *string
	Default     Expr
	DropDefault bool
	Place       *ColPlace
}

// SetProperties is SET TBLPROPERTIES (…), with Unset UNSET TBLPROPERTIES.
type SetProperties struct {
	Span
	Unset      bool
	IfExists   bool
	Properties []Property
}

// SetLocation is [PARTITION (…)] SET LOCATION 'path'.
type SetLocation struct {
	Span
	Partition []Property
	Location  string
}

// AddPartitions is ADD [IF NOT EXISTS] PARTITION (…) [LOCATION 'p'] ….
type AddPartitions struct {
	Span
	IfNotExists bool
	Partitions  []PartitionSpec
}

// PartitionSpec is PARTITION (…) with an optional location.
type PartitionSpec struct {
	Span
	Values   []Property
	Location string
}

// DropPartitions is DROP [IF EXISTS] PARTITION (…), ….
type DropPartitions struct {
	Span
	IfExists   bool
	Partitions []PartitionSpec
}

// RenamePartition is PARTITION (…) RENAME TO PARTITION (…).
type RenamePartition struct {
	Span
	From, To PartitionSpec
}

// RecoverPartitions is RECOVER PARTITIONS.
type RecoverPartitions struct{ Span }

// AsQuery is the ALTER VIEW v AS query.
type AsQuery struct {
	Span
	Query *Query
}

// AlterDatabase is ALTER DATABASE d SET PROPERTIES (…) or SET LOCATION 'p'.
type AlterDatabase struct {
	Span
	Name       Name
	Unset      bool
	Properties []Property
	Location   string
}

// CommentOn is COMMENT ON TABLE|DATABASE|COLUMN name IS 'text'; Comment is
// nil for IS NULL.
type CommentOn struct {
	Span
	Kind    ObjectKind
	Name    Name
	Comment *string
}

func (*CreateTable) statement()     {}
func (*CreateTableLike) statement() {}
func (*CreateView) statement()      {}
func (*Drop) statement()            {}
func (*CreateDatabase) statement()  {}
func (*CreateFunction) statement()  {}
func (*Use) statement()             {}
func (*Truncate) statement()        {}
func (*AlterTable) statement()      {}
func (*AlterDatabase) statement()   {}
func (*CommentOn) statement()       {}

func (*RenameTo) alter()          {}
func (*AddColumns) alter()        {}
func (*ReplaceColumns) alter()    {}
func (*DropColumns) alter()       {}
func (*RenameColumn) alter()      {}
func (*ChangeColumn) alter()      {}
func (*SetProperties) alter()     {}
func (*SetLocation) alter()       {}
func (*AddPartitions) alter()     {}
func (*DropPartitions) alter()    {}
func (*RenamePartition) alter()   {}
func (*RecoverPartitions) alter() {}
func (*AsQuery) alter()           {}

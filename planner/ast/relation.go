package ast

// Alias names a relation and possibly its columns: AS t(a, b).
type Alias struct {
	Span
	Name    string // empty for AS (a, b), which only table functions have
	Columns []string
}

// TableRef is a table or view by name. A file is named by its format:
// parquet.`dir/*.parquet`; the binder tells it from a database. A CTE is a
// TableRef, too.
type TableRef struct {
	Span
	Name  Name
	Alias *Alias
	// Options are those of WITH (key = value).
	Options []Property
	// AsOf is the version or timestamp of VERSION/TIMESTAMP AS OF.
	AsOf          Expr
	AsOfTimestamp bool
}

// FileRef is FROM 'path': a file, folder or glob whose format its name tells.
type FileRef struct {
	Span
	Path  string
	Alias *Alias
}

// SubqueryRef is (query) in FROM, inline VALUES included.
type SubqueryRef struct {
	Span
	Query   *Query
	Lateral bool
	// Open says that the query is the input of a pipe operator: its columns
	// keep their qualifiers, as if no subquery were there.
	Open  bool
	Alias *Alias
}

// FuncRef is a table function in FROM: range(10), explode(a).
type FuncRef struct {
	Span
	Func    *Func
	Lateral bool
	Alias   *Alias
}

// Parens is a join in parentheses with an alias: (a JOIN b ON …) AS t.
type Parens struct {
	Span
	Input Relation
	Alias *Alias
}

// JoinKind is the kind of a Join.
type JoinKind uint8

// The kinds. JoinComma is the comma of FROM a, b: a cross join.
const (
	JoinInner JoinKind = iota
	JoinLeft
	JoinRight
	JoinFull
	JoinLeftSemi
	JoinLeftAnti
	JoinCross
	JoinComma
)

var joinNames = [...]string{"INNER", "LEFT OUTER", "RIGHT OUTER", "FULL OUTER", "LEFT SEMI", "LEFT ANTI", "CROSS", ","}

func (k JoinKind) String() string { return joinNames[k] }

// Join joins two relations. At most one of Natural, Using and On is set;
// none: every pair. A lateral right side says so itself.
type Join struct {
	Span
	Kind    JoinKind
	L, R    Relation
	Natural bool
	Using   []string
	On      Expr
}

// LateralView is input LATERAL VIEW [OUTER] func(…) table [AS columns].
type LateralView struct {
	Span
	Input   Relation // nil for a LATERAL VIEW without FROM
	Outer   bool
	Func    *Func
	Table   string // empty if not named
	Columns []string
}

// SampleKind is how a Sample is sized.
type SampleKind uint8

// The kinds with the meaning of Sample.N (and Of).
const (
	SamplePercent SampleKind = iota // N percent
	SampleRows                      // N rows
	SampleBucket                    // bucket N out of Of
)

// Sample is input TABLESAMPLE (…) [REPEATABLE (seed)]. An alias belongs to the input.
type Sample struct {
	Span
	Input Relation
	Kind  SampleKind
	N     Expr
	Of    Expr
	Seed  Expr // nil without REPEATABLE
}

// Pivot is input PIVOT (aggregates FOR columns IN (values)). With several
// columns every value is a Row.
type Pivot struct {
	Span
	Input      Relation
	Aggregates []SelectItem
	Columns    []Name
	Values     []SelectItem
	Alias      *Alias
}

// Unpivot is input UNPIVOT [INCLUDE|EXCLUDE NULLS] (values FOR name IN (columns)).
type Unpivot struct {
	Span
	Input        Relation
	IncludeNulls bool
	Values       []string // names of the value columns
	NameColumn   string
	Columns      []UnpivotSet
	Alias        *Alias
}

// UnpivotSet is one entry of an Unpivot's IN list: as many columns as there
// are value columns, and the name they get in the name column (empty: made
// from the columns' names).
type UnpivotSet struct {
	Span
	Columns []Name
	Alias   string
}

func (*TableRef) relation()    {}
func (*FileRef) relation()     {}
func (*SubqueryRef) relation() {}
func (*FuncRef) relation()     {}
func (*Parens) relation()      {}
func (*Join) relation()        {}
func (*LateralView) relation() {}
func (*Sample) relation()      {}
func (*Pivot) relation()       {}
func (*Unpivot) relation()     {}

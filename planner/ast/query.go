package ast

// Query is a whole query: WITH, body, ordering and limits. It is a Statement,
// the content of every subquery, and as a Body a query in parentheses.
type Query struct {
	Span
	Recursive bool
	With      []CTE
	Body      Body
	OrderBy   []SortItem
	OrderAll  *SortItem // ORDER BY ALL: its direction, X is nil
	// SortBy, DistributeBy and ClusterBy are Spark's orders within partitions.
	SortBy       []SortItem
	DistributeBy []Expr
	ClusterBy    []Expr
	Limit        Expr // nil without LIMIT and for LIMIT ALL
	LimitAll     bool
	Offset       Expr
}

// CTE is name [(columns)] AS (query) of a WITH.
type CTE struct {
	Span
	Name     string
	Columns  []string
	MaxDepth Expr // MAX RECURSION LEVEL n, nil if not given
	Query    *Query
}

// Select is SELECT … FROM … WHERE … GROUP BY … HAVING … QUALIFY. A query that
// starts with FROM and has no SELECT comes with the single item *.
type Select struct {
	Span
	Hints    []Hint
	Distinct bool
	Items    []SelectItem
	From     Relation // nil without FROM; a list of items is a Join of kind JoinComma
	Where    Expr
	GroupBy  *GroupBy
	Having   Expr
	Qualify  Expr
	Windows  []NamedWindow
	// Pipe says which pipe operator the block stands for, and with it which
	// items may hold aggregates.
	Pipe PipeOp
}

// PipeOp is a pipe operator with a select list of its own.
type PipeOp uint8

// The operators. The items of |> AGGREGATE begin with those of its GROUP BY,
// one each; ordinals there count the columns of the input.
const (
	NoPipe PipeOp = iota
	PipeSelect
	PipeExtend
	PipeSet
	PipeAggregate
)

// SelectItem is an expression with an optional alias, in a select list and
// wherever else expressions may be named.
type SelectItem struct {
	Span
	Expr  Expr
	Alias string
	// Aliases names the columns of a generator: explode(m) AS (k, v).
	Aliases []string
}

// Hint is one of the hints of /*+ … */.
type Hint struct {
	Span
	Name string
	Args []Expr
}

// SetOp is a set operation of two queries.
type SetOp struct {
	Span
	Kind SetKind
	All  bool
	// ByName matches columns by name (UNION BY NAME); AllowMissing is Dataset.unionByName's option.
	ByName, AllowMissing bool
	L, R                 Body
}

// SetKind is the kind of a SetOp.
type SetKind uint8

// The kinds. MINUS is EXCEPT.
const (
	Union SetKind = iota
	Intersect
	Except
)

func (k SetKind) String() string { return [...]string{"UNION", "INTERSECT", "EXCEPT"}[k] }

// Values is VALUES (1, 2), (3, 4). A row may be a single expression.
type Values struct {
	Span
	Rows [][]Expr
}

// TableBody is TABLE t as a query.
type TableBody struct {
	Span
	Name Name
}

// GroupBy is the GROUP BY clause.
type GroupBy struct {
	Span
	All bool // GROUP BY ALL
	// Keys are the expressions before the sets of GROUP BY a, b GROUPING SETS
	// (…): a key that is in no set is NULL in every row.
	Keys  []Expr
	Items []Grouping
}

// GroupKind is the kind of a Grouping.
type GroupKind uint8

// The kinds, with what a Grouping of the kind holds.
const (
	GroupExpr   GroupKind = iota // Expr: an expression or an ordinal
	GroupList                    // Items, all GroupExpr: (a, b) inside ROLLUP, CUBE or GROUPING SETS, () included
	GroupRollup                  // Items: GroupExpr or GroupList
	GroupCube                    // Items: GroupExpr or GroupList
	GroupSets                    // Items: any kind
)

// Grouping is an item of GROUP BY. WITH ROLLUP and WITH CUBE come as
// GroupRollup and GroupCube over the whole list.
type Grouping struct {
	Span
	Kind  GroupKind
	Expr  Expr
	Items []Grouping
}

// SortItem is an expression of an ORDER BY.
type SortItem struct {
	Span
	X     Expr
	Desc  bool
	Nulls NullOrder
}

// NullOrder is where nulls sort.
type NullOrder uint8

// The orders; the default is first when ascending, last when descending.
const (
	NullsDefault NullOrder = iota
	NullsFirst
	NullsLast
)

// NamedWindow is name AS (spec) of a WINDOW clause.
type NamedWindow struct {
	Span
	Name   string
	Window *Window
}

// Window is what follows OVER: a name or a specification.
type Window struct {
	Span
	Name        string // OVER w; everything else is then empty
	PartitionBy []Expr
	OrderBy     []SortItem
	Frame       *Frame
}

// Frame is the ROWS or RANGE frame of a window.
type Frame struct {
	Span
	Rows        bool // else RANGE
	Start, Stop Bound
}

// Bound is one end of a Frame.
type Bound struct {
	Span
	Kind   BoundKind
	Offset Expr // of Preceding and Following
}

// BoundKind is the kind of a Bound, in the order in which they lie.
type BoundKind uint8

// The kinds.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

func (*Query) statement() {}
func (*Query) body()      {}
func (*Select) body()     {}
func (*SetOp) body()      {}
func (*Values) body()     {}
func (*TableBody) body()  {}

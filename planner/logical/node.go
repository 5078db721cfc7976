// Package logical holds relational plans: what is to be computed, not how.
// Nodes are bound (columns are identities, see expr.ColID), typed and
// immutable. planner/bind makes them, planner/optimize rewrites them,
// planner/lower turns them into physical plans.
//
// Walk them with package tree: tree.Children[logical.Node] gives the inputs,
// tree.In[expr.Expr] the expressions. Plans inside subquery expressions are
// reached through the expressions.
package logical

import (
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Node is a relational operator. It is sealed.
type Node interface {
	expr.Plan
	// Columns lists the output columns. Their ids are distinct.
	Columns() []*expr.Column
	sealed()
}

// Scan reads a table.
type Scan struct {
	Table catalog.Table
	// Name is the table as the user called it (alias included), for EXPLAIN and messages.
	Name string
	// Cols are the columns read, and Source[i] is the place of Cols[i] in Table.Schema().
	Cols   []*expr.Column
	Source []int
	// Filters hold for every row read (conjuncts over Cols); the optimizer
	// pushes them here, lowering decides who applies them.
	Filters []expr.Expr
}

// Values is a literal table. Rows hold one expression a column, without column references.
type Values struct {
	Cols []*expr.Column
	Rows [][]expr.Expr
}

// Range produces the integers of [Start, End) in steps of Step (never 0) in one BIGINT column.
type Range struct {
	Col              *expr.Column
	Start, End, Step int64
}

// Feed is rows that come from outside of the plan: a stream that whoever runs
// the plan holds under Slot. It can be read once.
type Feed struct {
	Name string // for EXPLAIN and messages
	Slot int32
	Cols []*expr.Column
}

// Named is an output column computed by an expression.
type Named struct {
	Col  *expr.Column
	Expr expr.Expr
}

// Project computes columns. A Named whose Expr is the Column itself passes it through.
type Project struct {
	Input Node
	Exprs []Named
}

// Filter keeps the rows for which Pred is true (not false, not null).
type Filter struct {
	Input Node
	Pred  expr.Expr
}

// Aggregate groups by Keys (none: one group, also for no rows) and computes
// Aggs, whose Expr is an *expr.Agg. With Sets the grouping is done for every
// set (indexes into Keys); keys outside a set are NULL in its rows. GroupingID,
// if not nil, is an output BIGINT with a bit for each key that is not in the set
// (Spark's grouping_id: the last key is the lowest bit).
type Aggregate struct {
	Input      Node
	Keys       []Named
	Aggs       []Named
	Sets       [][]int
	GroupingID *expr.Column
	// Mode is the part of an aggregation this node does. A Partial one has no
	// Sets and puts out States[i] in place of Aggs[i], whose Col is the first of
	// them: the columns that carry its state (see function.Accumulator). A Final one takes States from its input; the
	// arguments of its Aggs only tell types, and their FILTERs say which states count.
	Mode   AggMode
	States [][]*expr.Column
}

// AggMode is a part of an aggregation.
type AggMode uint8

// The modes. Rows of one Partial may reach the Final several times, or not at all,
// as joins between them have it.
const (
	Complete AggMode = iota
	Partial
	Final
)

func (m AggMode) String() string { return [...]string{"Complete", "Partial", "Final"}[m] }

// Window adds one column a call; Calls' Expr is an *expr.WindowCall and all of
// them share partitioning and ordering. Rows are kept, in any order.
type Window struct {
	Input Node
	Calls []Named
}

// TopK keeps, of the rows that agree in Partition, those whose rank by Func
// (row_number, rank or dense_rank) in Order is at most K, K ≥ 1. Calls are
// ranking calls over the same partitioning and order, added as columns.
type TopK struct {
	Input     Node
	Partition []expr.Expr
	Order     []expr.SortKey
	Func      string
	K         int64
	Calls     []Named
}

// JoinKind says which rows of a join come out.
type JoinKind uint8

// The join kinds. Semi and Anti keep left rows with and without a match and
// show left columns only. Mark shows left columns and a three-valued BOOLEAN
// "there is a match" (for IN and EXISTS inside expressions). Single is Left
// that raises SCALAR_SUBQUERY_TOO_MANY_ROWS on a second match.
const (
	Inner JoinKind = iota
	Left
	Right
	Full
	Semi
	Anti
	Cross
	Mark
	Single
)

var joinKinds = [...]string{"Inner", "Left", "Right", "Full", "Semi", "Anti", "Cross", "Mark", "Single"}

func (k JoinKind) String() string { return joinKinds[k] }

// Join combines rows of Left and Right for which Cond is true (nil: always).
type Join struct {
	Left, Right Node
	Kind        JoinKind
	Cond        expr.Expr
	// NullAware makes an Anti join the meaning of NOT IN: a row is dropped if
	// Cond is true or NULL for some right row.
	NullAware bool
	// MarkCol is the extra output of a Mark join.
	MarkCol *expr.Column
	// Pos is the place of the subquery that a Single join stands for; nothing in other joins.
	Pos int32
	// Hint is the strategy that a /*+ hint */ asks for, or empty; HintLeft says which side it names.
	Hint     string
	HintLeft bool
}

// Apply is a join whose right side may use columns of the left: a LATERAL
// subquery, or a subquery expression on its way to a join. Decorrelation
// leaves none.
type Apply struct {
	Left, Right Node
	Kind        JoinKind
	Cond        expr.Expr
	NullAware   bool
	MarkCol     *expr.Column
}

// Sort orders rows.
type Sort struct {
	Input Node
	Keys  []expr.SortKey
}

// Limit skips Offset rows, then passes at most Count (-1: all).
type Limit struct {
	Input         Node
	Count, Offset int64
}

// SetOpKind is a set operation.
type SetOpKind uint8

// The set operations.
const (
	Union SetOpKind = iota
	Intersect
	Except
)

// SetOp combines inputs of equal column types by position; Cols are its own
// output columns. All keeps duplicates. Union takes two or more inputs, the
// others two.
type SetOp struct {
	Kind   SetOpKind
	All    bool
	Inputs []Node
	Cols   []*expr.Column
}

// Generate joins each row with the rows a generator (explode, inline, stack
// …) makes of it; Outer keeps rows for which there are none. Output: the
// input's columns, then Cols.
type Generate struct {
	Input Node
	Call  *expr.Call
	Cols  []*expr.Column
	Outer bool
}

// Sample keeps each row with probability Fraction, decided by Seed.
type Sample struct {
	Input    Node
	Fraction float64
	Seed     int64
}

// Barrier passes its input on. Expressions from above that may fail stay above
// it: what they say of their failure would tell of rows that are filtered out
// below. Sealed says that the tables below may not be named either.
type Barrier struct {
	Input  Node
	Sealed bool
}

func (n *Scan) Columns() []*expr.Column    { return n.Cols }
func (n *Values) Columns() []*expr.Column  { return n.Cols }
func (n *Feed) Columns() []*expr.Column    { return n.Cols }
func (n *Range) Columns() []*expr.Column   { return []*expr.Column{n.Col} }
func (n *Project) Columns() []*expr.Column { return named(nil, n.Exprs) }
func (n *Filter) Columns() []*expr.Column  { return n.Input.Columns() }
func (n *Sort) Columns() []*expr.Column    { return n.Input.Columns() }
func (n *Limit) Columns() []*expr.Column   { return n.Input.Columns() }
func (n *Sample) Columns() []*expr.Column  { return n.Input.Columns() }
func (n *Barrier) Columns() []*expr.Column { return n.Input.Columns() }
func (n *SetOp) Columns() []*expr.Column   { return n.Cols }

func (n *Aggregate) Columns() []*expr.Column {
	if n.Mode == Partial {
		return append(named(nil, n.Keys), slices.Concat(n.States...)...)
	}
	out := named(named(nil, n.Keys), n.Aggs)
	if n.GroupingID != nil {
		out = append(out, n.GroupingID)
	}
	return out
}

func (n *Window) Columns() []*expr.Column {
	return named(append([]*expr.Column(nil), n.Input.Columns()...), n.Calls)
}

func (n *TopK) Columns() []*expr.Column {
	return named(append([]*expr.Column(nil), n.Input.Columns()...), n.Calls)
}

func (n *Generate) Columns() []*expr.Column {
	return append(append([]*expr.Column(nil), n.Input.Columns()...), n.Cols...)
}

func (n *Join) Columns() []*expr.Column {
	return joinColumns(n.Left, n.Right, n.Kind, n.MarkCol)
}

func (n *Apply) Columns() []*expr.Column {
	return joinColumns(n.Left, n.Right, n.Kind, n.MarkCol)
}

func named(out []*expr.Column, ns []Named) []*expr.Column {
	for _, n := range ns {
		out = append(out, n.Col)
	}
	return out
}

// joinColumns marks the columns of a side that may be filled with NULL as nullable.
func joinColumns(l, r Node, k JoinKind, mark *expr.Column) []*expr.Column {
	left := l.Columns()
	switch k {
	case Semi, Anti:
		return left
	case Mark:
		return append(append([]*expr.Column(nil), left...), mark)
	}
	out := make([]*expr.Column, 0, len(left)+len(r.Columns()))
	for _, c := range left {
		out = append(out, nullable(c, k == Right || k == Full))
	}
	for _, c := range r.Columns() {
		out = append(out, nullable(c, k == Left || k == Full || k == Single))
	}
	return out
}

func nullable(c *expr.Column, on bool) *expr.Column {
	if !on || c.Null {
		return c
	}
	d := *c
	d.Null = true
	return &d
}

// Schema describes the output of n by name and type.
func Schema(n Node) types.Schema {
	cols := n.Columns()
	s := make(types.Schema, len(cols))
	for i, c := range cols {
		s[i] = types.Field{Name: c.Name, Type: c.T, Nullable: c.Null}
	}
	return s
}

func (*Scan) sealed()      {}
func (*Values) sealed()    {}
func (*Range) sealed()     {}
func (*Feed) sealed()      {}
func (*Project) sealed()   {}
func (*Filter) sealed()    {}
func (*Aggregate) sealed() {}
func (*Window) sealed()    {}
func (*TopK) sealed()      {}
func (*Join) sealed()      {}
func (*Apply) sealed()     {}
func (*Sort) sealed()      {}
func (*Limit) sealed()     {}
func (*SetOp) sealed()     {}
func (*Generate) sealed()  {}
func (*Sample) sealed()    {}
func (*Barrier) sealed()   {}
func (*Write) sealed()     {}

func (*Scan) IsPlan()      {}
func (*Values) IsPlan()    {}
func (*Range) IsPlan()     {}
func (*Feed) IsPlan()      {}
func (*Project) IsPlan()   {}
func (*Filter) IsPlan()    {}
func (*Aggregate) IsPlan() {}
func (*Window) IsPlan()    {}
func (*TopK) IsPlan()      {}
func (*Join) IsPlan()      {}
func (*Apply) IsPlan()     {}
func (*Sort) IsPlan()      {}
func (*Limit) IsPlan()     {}
func (*SetOp) IsPlan()     {}
func (*Generate) IsPlan()  {}
func (*Sample) IsPlan()    {}
func (*Barrier) IsPlan()   {}
func (*Write) IsPlan()     {}

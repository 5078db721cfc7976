// Package physical holds plans that executors run: algorithms chosen, columns
// by position, every node self-contained data that survives the wire form.
// planner/lower makes them from logical plans; planner/stage cuts them at
// exchanges; package exec builds pipelines from what is between the cuts.
//
// Nodes are immutable and hold no runtime state. Expressions refer to columns
// of the input by expr.Ref; for joins the columns of Left come first, then
// those of Right.
package physical

import (
	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Node is a physical operator. It is sealed.
type Node interface {
	// Schema describes the output columns.
	Schema() types.Schema
	// Meta identifies the node within its plan.
	Meta() *Meta
	sealed()
}

// Meta is the field Info of every node.
type Meta struct {
	// ID numbers the nodes of a plan from 1; it joins EXPLAIN, metrics and errors.
	ID int32
	// Est is the estimated number of output rows, negative if unknown.
	Est float64
}

// Scan reads Scan.Cols of the splits a task is given. Filters (Refs over the
// output) are applied in full. Limit ≥ 0 lets a task stop early.
type Scan struct {
	Info    Meta
	Table   string // for EXPLAIN and messages
	Scan    catalog.Scan
	Filters []expr.Expr
	Limit   int64
	// Runtime filters arrive from joins of the same task while it runs.
	Runtime []RuntimeFilter
}

// RuntimeFilter ties a column of a Scan (by place in its output) to key Key of
// the HashJoin that publishes filter ID once its build side is complete.
type RuntimeFilter struct {
	ID     int32
	Column int
	Key    int
}

// Values is a literal table; Rows hold literals. The tasks of a stage share
// the rows in consecutive parts. Spread says that it is worth several tasks.
type Values struct {
	Info   Meta
	Cols   types.Schema
	Rows   [][]expr.Expr
	Spread bool
}

// Range produces the BIGINTs of [Start, End) in steps of Step. It is shared
// out as Values is.
type Range struct {
	Info             Meta
	Name             string
	Start, End, Step int64
	Spread           bool
}

// Feed reads rows from a stream that the process which runs the node holds
// under Slot. It stands in the root stage, which is the driver's.
type Feed struct {
	Info Meta
	Name string
	Slot int32
	Cols types.Schema
}

// Project computes Exprs, named by Names.
type Project struct {
	Info  Meta
	Input Node
	Exprs []expr.Expr
	Names []string
}

// Filter keeps rows for which all of Preds are true.
type Filter struct {
	Info  Meta
	Input Node
	Preds []expr.Expr
}

// AggMode is the part of an aggregation a node does.
type AggMode uint8

// The modes. Partial emits the keys and then every aggregate's state columns
// (function.Accumulator.StateTypes); Final takes that and emits keys and
// results; Complete does both.
const (
	Complete AggMode = iota
	Partial
	Final
)

// HashAggregate groups by Keys and computes Aggs. Output: keys, then
// aggregates (or states). Without keys there is exactly one group, in Partial
// mode also one a task. In Final mode Keys are Refs 0…, and States counts the
// state columns of each aggregate, which follow the keys; the Aggs' own
// arguments are then not evaluated but tell types, and a Filter says which
// states count.
type HashAggregate struct {
	Info     Meta
	Input    Node
	Mode     AggMode
	Keys     []expr.Expr
	KeyNames []string
	Aggs     []*expr.Agg
	AggNames []string
	// StateTypes are the state columns of all Aggs one after the other, set for Partial and Final.
	StateTypes []types.Type
	States     []int
}

// JoinKind is as in package logical.
type JoinKind uint8

// The join kinds; see logical.JoinKind. Cross is Inner without keys.
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

// HashJoin matches rows with equal keys. NULL keys match nothing, unless
// NullSafe for that key. Residual (Refs over Left then Right) must be true too
// for a match. The side named by BuildLeft is held in memory.
type HashJoin struct {
	Info                Meta
	Left, Right         Node
	Kind                JoinKind
	LeftKeys, RightKeys []expr.Expr
	NullSafe            []bool
	Residual            expr.Expr `wire:"optional"`
	BuildLeft           bool
	// NullAware gives NULL the meaning it has in IN. Without Residual there is
	// a single key: if nothing matches, but the row's key is NULL and the build
	// side is not empty, or a build key is NULL, an Anti join drops the row and
	// a Mark join marks it NULL. With Residual (Mark only) the mark is TRUE if
	// Residual is true for a pair with equal keys, else NULL if it is NULL for
	// one, else FALSE. Marks of joins that are not NullAware are never NULL.
	// Mark, Single and NullAware joins always build the right side.
	NullAware bool
	// Emit lists the output columns as places in Left ++ Right; for Mark joins
	// the place past the last one of Left ++ Right is the mark.
	Emit     []int
	MarkName string
	// Pos is the place in the statement that errors of a Single join have.
	Pos int32
	// Hint is the strategy a hint asked for, for EXPLAIN.
	Hint string
	// Publish lists runtime filters made from the build keys, by key number.
	Publish []RuntimeFilter
}

// LoopJoin compares every pair of rows; the right side is held in memory.
// NullAware is as for HashJoin, for the whole of Cond: an Anti row is dropped
// if Cond is true or NULL for some pair, a mark is NULL if Cond is true for
// none and NULL for some.
type LoopJoin struct {
	Info        Meta
	Left, Right Node
	Kind        JoinKind
	Cond        expr.Expr `wire:"optional"`
	NullAware   bool
	Emit        []int
	MarkName    string
	Pos         int32
	Hint        string
}

// Sort orders rows; with Limit ≥ 0 only rows Offset … Offset+Limit of the order come out.
type Sort struct {
	Info   Meta
	Input  Node
	Keys   []expr.SortKey
	Limit  int64
	Offset int64
}

// Limit skips Offset rows, then passes at most Count (-1: all). Rows keep their order if the input has one.
type Limit struct {
	Info          Meta
	Input         Node
	Count, Offset int64
}

// Window appends one column a call. All calls share Partition and Order.
type Window struct {
	Info      Meta
	Input     Node
	Partition []expr.Expr
	Order     []expr.SortKey
	Calls     []*expr.WindowCall
	Names     []string
}

// TopK keeps of each partition the rows whose Func (row_number, rank or
// dense_rank) in Order is at most K. The columns of the input at Emit come out,
// and one a call behind them; Calls are such functions over the same Partition
// and Order. A Partial one leaves out what it can and has no calls: rows that
// are too many may come out.
type TopK struct {
	Info      Meta
	Input     Node
	Partition []expr.Expr
	Order     []expr.SortKey
	Func      string
	K         int64
	Partial   bool
	Emit      []int
	Calls     []*expr.WindowCall
	Names     []string
}

// Union concatenates inputs of equal types in any order.
type Union struct {
	Info   Meta
	Inputs []Node
	Names  []string
}

// Expand emits, for every input row, one row a projection (grouping sets).
type Expand struct {
	Info        Meta
	Input       Node
	Projections [][]expr.Expr
	Cols        types.Schema
}

// Generate joins each row with what a generator makes of it.
type Generate struct {
	Info  Meta
	Input Node
	Call  *expr.Call
	Cols  types.Schema
	Outer bool
}

// Sample keeps each row with probability Fraction.
type Sample struct {
	Info     Meta
	Input    Node
	Fraction float64
	Seed     int64
}

// Write stages files; its output columns are those of logical.Write.
type Write struct {
	Info   Meta
	Input  Node
	Target catalog.WriteTarget
}

// Prefilter passes the rows of Input on. Before, it reads Build to its end and
// publishes runtime filters made from Keys (over Build's columns) for the scans of
// Input: those of a join in a later stage.
type Prefilter struct {
	Info    Meta
	Input   Node
	Build   Node
	Keys    []expr.Expr
	Publish []RuntimeFilter
}

// Shared marks a subplan that stands in the plan more than once: nodes with
// one Key are the same plan, computed once and read by each of them.
type Shared struct {
	Info  Meta
	Key   int32
	Input Node
	// Whole: where Input is an Exchange, every task reads all of its rows,
	// however they are divided among tasks.
	Whole bool
}

// Recursive is the rows of Anchor, then those Step makes of them, and so on. Its
// fields mean what those of logical.Recursive do; Cols are the columns of all
// parts. A task runs Step many times, Anchor and the Held plans in Step once.
type Recursive struct {
	Info                     Meta
	Key                      int32
	Name                     string
	Anchor, Step             Node
	Cols                     types.Schema
	Distinct                 bool
	MaxLevel, MaxRows, Limit int64
	Pos                      int32
}

// Recurrence is the rows of the level before in the Step of the Recursive with its Key.
type Recurrence struct {
	Info Meta
	Key  int32
	Cols types.Schema
}

// Held marks a part of the Step of a Recursive that does not depend on the
// level: it is computed once a task and kept.
type Held struct {
	Info  Meta
	Input Node
}

// ExchangeKind says how rows move between tasks.
type ExchangeKind uint8

// The exchanges: to one task, to all tasks, by hash of keys, evenly, or by
// ranges of an order: task i gets the rows that come before those of task i+1.
const (
	Gather ExchangeKind = iota
	Broadcast
	Hash
	RoundRobin
	Ranges
)

// Exchange moves rows from the tasks below to those above it. Partitions is
// the number of tasks above (1 for Gather). A Gather with Order merges inputs
// that are sorted by it; one that is InOrder has the rows of a task before those of
// the next. Inputs of Ranges are sorted by Order, and so are the rows of each task above.
type Exchange struct {
	Info       Meta
	Input      Node
	Kind       ExchangeKind
	Keys       []expr.Expr
	Partitions int
	Order      []expr.SortKey
	InOrder    bool
}

// StageRead stands for an Exchange after the cut: it reads the output of an
// upstream stage.
type StageRead struct {
	Info  Meta
	Stage int32
	Cols  types.Schema
	Kind  ExchangeKind
	Order []expr.SortKey
	// InOrder: the rows of a producer come before those of the next.
	InOrder bool
}

package expr

import "github.com/volley-sql/volley/internal/types"

// FrameUnit is ROWS or RANGE.
type FrameUnit uint8

// The frame units.
const (
	Rows FrameUnit = iota
	Range
)

// BoundKind is one end of a window frame.
type BoundKind uint8

// The frame bounds, in order of position.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Bound is one end of a frame. Offset is set for Preceding and Following: a
// non-negative constant, an integer for ROWS, of a type that can be added to
// the single ordering key for RANGE.
type Bound struct {
	Kind   BoundKind
	Offset Expr `wire:"optional"`
}

// Frame is the rows of its partition that a window call sees.
type Frame struct {
	Unit       FrameUnit
	Start, End Bound
}

// WindowCall is a window function or an aggregate over a window, found only
// in Window nodes and (before extraction) while binding.
type WindowCall struct {
	// Agg holds the function: an aggregate, or a window function by name
	// (row_number, rank, lag …), with its arguments.
	Agg       *Agg
	Partition []Expr
	Order     []SortKey
	Frame     Frame
}

func (e *WindowCall) Type() types.Type { return e.Agg.T }
func (e *WindowCall) Nullable() bool   { return e.Agg.Null }
func (e *WindowCall) sealed()          {}

package function

import "github.com/volley-sql/volley/internal/types"

// Fixed is implemented by Accumulators whose states lie in their slots
// altogether (Extra is always 0 and slots of two Accumulators of one call mean
// the same). Aggregations may then move states between Accumulators without
// Merge, and update the layouts they know many calls at a time.
type Fixed interface {
	Accumulator
	Layout() StateLayout
}

// StateLayout names what a slot holds.
type StateLayout uint8

// The layouts.
const (
	// Private layouts are known to the Accumulator only.
	Private StateLayout = iota
	// Count is a CountState: the rows whose arguments are all not null.
	Count
	// SumInt is a SumIntState of a first argument of storage int8 … int64 or
	// Int128 (decimals by their unscaled value). A sum that leaves 128 bits is the error
	// ARITHMETIC_OVERFLOW; narrower limits are checked by Final.
	SumInt
	// SumFloat is a SumFloatState of a first argument of storage float64.
	SumFloat
)

// CountState is the state of count.
type CountState struct{ N int64 }

// SumIntState is the state of sum and avg over integers and decimals: the sum
// and number of values that were not null.
type SumIntState struct {
	Sum types.Int128
	N   int64
}

// SumFloatState is the state of sum and avg over doubles.
type SumFloatState struct {
	Sum float64
	N   int64
}

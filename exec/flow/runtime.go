package flow

import (
	"sync"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// RuntimeFilter tells which values of a join key can find a partner. A join
// makes it when its build side is complete; scans of the same task use it to
// skip row groups, pages and rows. It never rejects a value that matches.
// NULL never passes. It is immutable and safe for concurrent use.
type RuntimeFilter interface {
	// Filter appends the rows of sel whose value in v may match to out[:0].
	// v may be flat, constant or dictionary encoded, and has the key's type. out may be sel's memory.
	Filter(v *vec.Vec, sel []uint16, out []uint16) []uint16
	// Bounds returns the smallest and largest build key; nil when unknown
	// (types without a useful order, or Empty).
	Bounds() (min, max types.Datum)
	// Empty reports that nothing matches at all.
	Empty() bool
}

// RuntimeFilters holds the filters published in a task, by their id in the
// plan. The zero value is ready; a nil *RuntimeFilters holds nothing.
type RuntimeFilters struct {
	mu   sync.RWMutex
	byID map[int32]RuntimeFilter
}

// Publish makes f known under id.
func (r *RuntimeFilters) Publish(id int32, f RuntimeFilter) {
	if r == nil || f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = map[int32]RuntimeFilter{}
	}
	r.byID[id] = f
}

// Lookup returns the filter published under id, or nil if there is none (yet).
func (r *RuntimeFilters) Lookup(id int32) RuntimeFilter {
	if r == nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

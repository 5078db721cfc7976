package sort

import (
	"bytes"

	"github.com/volley-sql/volley/exec/hold"
)

// Ordered is all rows of a sort in memory, for operators that look at them
// more than once. It belongs to the Sorter or Collector and ends with it. Any
// number of threads may read it.
type Ordered struct {
	// Rows are the numbers of the rows of Store, in order. The store's columns
	// are those of the Spec: input, extras, further ones of the sort's own.
	Rows  []uint32
	Store *hold.Store
	run   *run
}

// Ordered is the result, after Finish, of a sorter that has not Spilled. It is
// nil if there were no rows.
func (s *Sorter) Ordered() *Ordered {
	if s.all == nil || len(s.rows) == 0 {
		return nil
	}
	return &Ordered{Rows: s.rows, Store: s.all.store, run: s.all}
}

// Same reports whether rows a and b (numbers of the store) have equal values
// in the first n keys: NULL equals NULL, NaN equals NaN.
func (o *Ordered) Same(a, b uint32, n int) bool {
	l := &o.run.layout
	x, y := o.run.key(a), o.run.key(b)
	if l.exact && n == len(l.keys) {
		return bytes.Equal(x, y)
	}
	return l.compareTies(x, y, n, o.run.values, a, o.run.values, b) == 0
}

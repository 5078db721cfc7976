package window

import (
	"context"

	"github.com/volley-sql/volley/exec/sort"
)

// partition is the rows with equal PARTITION BY values, or the part of them
// that is in memory.
type partition struct {
	ctx  context.Context
	ord  *sort.Ordered
	keys int
	// base is the place of the first row in ord.Rows; all … are followed by the rest of the morsel.
	base, n int
	rows    []uint32 // ord.Rows[base : base+n]
	end     int      // of the morsel, in ord.Rows

	// Of a partition too large for memory, before rows are gone already and,
	// unless closed, others are still to come. total is how many there are, where calls ask for it.
	before, total int
	closed        bool

	peersKnown     bool
	peerLo, peerHi []int32 // for each row, the rows equal to it in ORDER BY
}

// reset makes p the partition that begins at row at.
func (p *partition) reset(e *evaluation, at, end int) {
	p.ctx, p.ord, p.keys = e.ctx, e.ord, e.w.keys
	p.base, p.end, p.peersKnown = at, end, false
	rows := p.ord.Rows
	n := 1
	if e.w.parts == 0 {
		n = end - at
	} else {
		for at+n < end && p.ord.Same(rows[at], rows[at+n], e.w.parts) {
			if n++; n&0xffff == 0 && p.ctx.Err() != nil {
				break // whoever works on the partition finds out
			}
		}
	}
	p.n, p.rows = n, rows[at:at+n]
	p.before, p.total, p.closed = 0, n, true
}

// peer reports whether row i is equal in ORDER BY to the one before it.
func (p *partition) peer(i int) bool { return p.ord.Same(p.rows[i-1], p.rows[i], p.keys) }

// peers fills in peerLo and peerHi.
func (p *partition) peers() error {
	if p.peersKnown {
		return nil
	}
	p.peersKnown = true
	p.peerLo, p.peerHi = grow(p.peerLo, p.n), grow(p.peerHi, p.n)
	for lo := 0; lo < p.n; {
		hi := lo + 1
		for hi < p.n && p.ord.Same(p.rows[lo], p.rows[hi], p.keys) {
			hi++
		}
		if hi>>16 != lo>>16 {
			if err := p.ctx.Err(); err != nil {
				return err
			}
		}
		for i := lo; i < hi; i++ {
			p.peerLo[i], p.peerHi[i] = int32(lo), int32(hi)
		}
		lo = hi
	}
	return nil
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

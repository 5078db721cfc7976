// Package mem accounts for memory, and holds what operators need to keep state
// outside the collector's view: arenas and spill files.
//
// State that grows with its input is reserved from an Account before it grows.
// Accounts form a tree (process, task, operator); a reservation must fit every
// account up to the root. A refused reservation makes the operator spill its
// own state, or is the error RESOURCE.MEMORY_LIMIT.
package mem

import (
	"sync/atomic"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Account is a node of the accounting tree. It is safe for concurrent use.
type Account struct {
	name    string
	parent  *Account
	limit   int64 // 0: only the parents limit
	elastic bool
	used    atomic.Int64
	peak    atomic.Int64
}

// NewAccount returns a root account of limit bytes (0: unlimited).
func NewAccount(name string, limit int64) *Account { return &Account{name: name, limit: limit} }

// Child returns an account below a, limited to limit bytes itself (0: only by a).
func (a *Account) Child(name string, limit int64) *Account {
	return &Account{name: name, parent: a, limit: limit, elastic: a.elastic}
}

// Elastic makes a, and what is made below it from now on, leave the last
// eighth of every limit alone, but for the little an operator needs to work at
// all: it belongs to an operator that can go on with less memory, and those that cannot
// (readers, for one) want some too. It returns a.
func (a *Account) Elastic() *Account {
	a.elastic = true
	return a
}

// Reserve takes n bytes from a and all accounts above, or none and returns RESOURCE.MEMORY_LIMIT.
func (a *Account) Reserve(n int64) error {
	for p := a; p != nil; p = p.parent {
		used, limit := p.used.Add(n), p.limit
		if a.elastic && a.used.Load() > limit/32 {
			limit -= limit / 8
		}
		if limit > 0 && used > limit {
			for q := a; ; q = q.parent {
				q.used.Add(-n)
				if q == p {
					break
				}
			}
			return sqlerr.New(sqlerr.MemoryLimit, "%s needs %d more bytes; %s has %d of %d bytes in use.", a.name, n, p.name, used-n, p.limit).
				WithHint("Raise --memory, or lower the number of threads.")
		}
		for peak := p.peak.Load(); used > peak && !p.peak.CompareAndSwap(peak, used); peak = p.peak.Load() {
		}
	}
	return nil
}

// Force takes n bytes whether they fit or not: for what must not stop half
// way. Who forces has asked for an estimate before.
func (a *Account) Force(n int64) {
	if n == 0 {
		return
	}
	for p := a; p != nil; p = p.parent {
		used := p.used.Add(n)
		for peak := p.peak.Load(); used > peak && !p.peak.CompareAndSwap(peak, used); peak = p.peak.Load() {
		}
	}
}

// Release gives n bytes back.
func (a *Account) Release(n int64) {
	for p := a; p != nil; p = p.parent {
		p.used.Add(-n)
	}
}

// Used and Peak are bytes reserved now and at most so far; Limit is the
// nearest limit on the way to the root, 0 if there is none.
func (a *Account) Used() int64 { return a.used.Load() }
func (a *Account) Peak() int64 { return a.peak.Load() }

// Limit returns the smallest limit of a and the accounts above it, 0 if there is none.
func (a *Account) Limit() int64 {
	l := a.limit
	if a.parent != nil {
		if p := a.parent.Limit(); p > 0 && (l == 0 || p < l) {
			l = p
		}
	}
	return l
}

// Close releases whatever a still holds and returns how much that was: an
// operator that gave everything back leaves 0.
func (a *Account) Close() int64 {
	left := a.used.Load()
	a.Release(left)
	return left
}

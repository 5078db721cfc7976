package mem

import (
	"math/bits"
	"sync"
	"unsafe"
)

// Block sizes. Blocks of hugeSize and more ask for huge pages.
const (
	minBlock  = 32 << 10
	maxBlock  = 4 << 20
	hugeSize  = 2 << 20
	poolLimit = 512 << 20
)

// Arena hands out memory outside the collector's view. What it hands out
// never moves and lives until Free. It must not hold Go pointers to collected
// memory. An Arena belongs to one goroutine at a time.
//
// Memory is reserved from the account a block at a time. Ensure makes sure,
// while there is still time to spill, that what follows will fit; Alloc itself never
// refuses and goes past the limit rather than leave a batch half processed.
type Arena struct {
	account *Account
	blocks  []block
	cur     unsafe.Pointer // next free byte of the last block
	left    int            // bytes left there
	credit  int64          // reserved, but not in a block yet
	bytes   int64          // in blocks
	next    int            // size of the next block
	most    int            // largest size next grows to
}

type block struct {
	mem   []byte
	dirty bool // may hold something else than zeros
}

// NewArena returns an empty arena that reserves from account (nil: unaccounted).
func NewArena(account *Account) *Arena {
	a := &Arena{account: account, next: minBlock, most: maxBlock}
	if account != nil {
		// Under a small limit, blocks are small: other arenas want some too.
		if l := account.Limit(); l > 0 {
			a.most = int(min(maxBlock, max(minBlock, l/64)))
		}
	}
	return a
}

// Bytes is the memory the arena holds.
func (a *Arena) Bytes() int64 { return a.bytes }

// Ensure reserves what is needed for allocations of n bytes more, or returns RESOURCE.MEMORY_LIMIT.
func (a *Arena) Ensure(n int) error {
	if n <= a.left {
		return nil
	}
	want := int64(roundBlock(max(n, a.next)))
	if a.credit >= want || a.account == nil {
		return nil
	}
	if err := a.account.Reserve(want - a.credit); err != nil {
		want = int64(tightBlock(n))
		if a.credit >= want {
			return nil
		}
		if err = a.account.Reserve(want - a.credit); err != nil {
			return err
		}
	}
	a.credit = want
	return nil
}

// Alloc returns n bytes of unspecified contents, aligned to 8.
func (a *Arena) Alloc(n int) unsafe.Pointer {
	n = (n + 7) &^ 7
	if n > a.left {
		a.grow(n)
	}
	p := a.cur
	a.cur = unsafe.Add(p, n)
	a.left -= n
	return p
}

// AllocZero is Alloc with zeroed contents.
func (a *Arena) AllocZero(n int) unsafe.Pointer {
	if n >= maxBlock {
		b := a.take(roundBlock(n))
		a.blocks = append(a.blocks, b)
		if b.dirty {
			clear(b.mem)
		}
		return unsafe.Pointer(unsafe.SliceData(b.mem))
	}
	p := a.Alloc(n)
	clear(unsafe.Slice((*byte)(p), n))
	return p
}

func (a *Arena) grow(n int) {
	size := roundBlock(max(a.next, n))
	if c := int(a.credit) &^ (minBlock - 1); n <= c {
		size = c // one block, so that no piece of what was ensured is left over at its end
	}
	b := a.take(size)
	a.blocks = append(a.blocks, b)
	a.cur, a.left = unsafe.Pointer(unsafe.SliceData(b.mem)), len(b.mem)
	a.next = min(2*a.next, a.most)
}

func roundBlock(n int) int {
	if n <= maxBlock {
		return max(minBlock, 1<<bits.Len(uint(n-1)))
	}
	return (n + hugeSize - 1) &^ (hugeSize - 1)
}

// tightBlock is the smallest block with room for n bytes.
func tightBlock(n int) int { return (n + minBlock - 1) &^ (minBlock - 1) }

func (a *Arena) take(size int) block {
	fresh := int64(size) - min(a.credit, int64(size))
	a.credit -= int64(size) - fresh
	if a.account != nil {
		a.account.Force(fresh)
	}
	a.bytes += int64(size)
	return takeBlock(size)
}

// Free releases everything. The arena is empty and usable afterwards.
func (a *Arena) Free() {
	for _, b := range a.blocks {
		giveBlock(b.mem)
	}
	if a.account != nil {
		a.account.Release(a.bytes + a.credit)
	}
	*a = Arena{account: a.account, next: minBlock, most: a.most}
}

// Freed blocks are kept for reuse: faulting pages in costs more than most operators.
var pool struct {
	sync.Mutex
	free  map[int][][]byte
	bytes int
}

func takeBlock(size int) block {
	pool.Lock()
	if l := pool.free[size]; len(l) > 0 {
		m := l[len(l)-1]
		pool.free[size] = l[:len(l)-1]
		pool.bytes -= size
		pool.Unlock()
		return block{m, true}
	}
	pool.Unlock()
	return block{mapBlock(size), false}
}

func giveBlock(m []byte) {
	pool.Lock()
	if pool.bytes+len(m) <= poolLimit {
		if pool.free == nil {
			pool.free = map[int][][]byte{}
		}
		pool.free[len(m)] = append(pool.free[len(m)], m)
		pool.bytes += len(m)
		pool.Unlock()
		return
	}
	pool.Unlock()
	unmapBlock(m)
}

// Trim gives pooled blocks back to the system.
func Trim() {
	pool.Lock()
	free := pool.free
	pool.free, pool.bytes = nil, 0
	pool.Unlock()
	for _, l := range free {
		for _, m := range l {
			unmapBlock(m)
		}
	}
}

// Pointer turns an address inside an arena into a pointer. Tables keep rows as
// plain addresses, which the collector need not look at.
func Pointer(addr uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// Address is the inverse of Pointer.
func Address(p unsafe.Pointer) uint64 { return uint64(uintptr(p)) }

package arrowvec

import (
	"strings"
	"sync"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

// recycler hands out the memory of columns and takes it back when the records
// made of it are released: what has just been sent is in the processor's cache,
// what is new is not, and must be cleared. It is safe for concurrent use.
type recycler struct {
	mu   sync.Mutex
	free [][]byte
	size int // bytes of free
}

// Bounds of what a recycler keeps: a few records. Small pieces are not worth it.
const (
	recycledBytes = 16 << 20
	recycledPiece = 4 << 10
)

var _ memory.Allocator = (*recycler)(nil)

// room is memory of at least size bytes, of no length. It is not cleared: every
// byte is written before it is part of a record.
func (m *recycler) room(size int) []byte {
	if size >= recycledPiece {
		m.mu.Lock()
		best := -1
		for i, b := range m.free {
			if c := cap(b); c >= size && c <= 4*size && (best < 0 || c < cap(m.free[best])) {
				best = i
			}
		}
		if best >= 0 {
			b := m.take(best)
			m.mu.Unlock()
			return b
		}
		m.mu.Unlock()
	}
	var b strings.Builder
	b.Grow(max(size, 1))
	b.WriteByte(0) // the data of an empty string may be anywhere
	return unsafe.Slice(unsafe.StringData(b.String()), b.Cap())[:0]
}

// take removes a free piece. m.mu is held.
func (m *recycler) take(i int) []byte {
	b := m.free[i]
	last := len(m.free) - 1
	m.free[i], m.free[last] = m.free[last], nil
	m.free = m.free[:last]
	m.size -= cap(b)
	return b[:0]
}

// larger is b with room for size bytes or, if b has something, for twice as much as it has.
func (m *recycler) larger(b []byte, size int) []byte {
	if len(b) > 0 {
		size = max(size, 2*cap(b))
	}
	out := m.room(size)[:len(b)]
	copy(out, b)
	m.Free(b)
	return out
}

// lend makes a buffer of b, which comes back when the buffer is released.
func (m *recycler) lend(b []byte) *memory.Buffer { return memory.NewBufferWithAllocator(b, m) }

// Free implements memory.Allocator.
func (m *recycler) Free(b []byte) {
	if cap(b) < recycledPiece || cap(b) > recycledBytes {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.size+cap(b) > recycledBytes {
		m.take(0)
	}
	m.free = append(m.free, b)
	m.size += cap(b)
}

// Allocate implements memory.Allocator.
func (m *recycler) Allocate(size int) []byte { return m.room(size)[:size] }

// Reallocate implements memory.Allocator.
func (m *recycler) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	return m.larger(b, size)[:size]
}

package row

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Heap holds the long strings of rows in an arena.
type Heap struct {
	Arena *mem.Arena
	cur   unsafe.Pointer
	left  int
}

const heapStep = 16 << 10

// put stores s in the 16 bytes at p.
func (h *Heap) put(p unsafe.Pointer, s string) {
	if len(s) <= inline {
		*(*[2]uint64)(p) = [2]uint64{}
		*(*uint32)(p) = uint32(len(s))
		copy((*[inline]byte)(unsafe.Add(p, 4))[:], s)
		return
	}
	*(*uint32)(p) = uint32(len(s))
	copy((*[4]byte)(unsafe.Add(p, 4))[:], s)
	h.keep(p, unsafe.Slice(unsafe.StringData(s), len(s)))
}

// keep copies s, which is long, and points the string at p to the copy. The
// address is stored as a number: the collector must not look at what was there.
func (h *Heap) keep(p unsafe.Pointer, s []byte) {
	if len(s) > h.left {
		n := max(heapStep, len(s))
		h.cur, h.left = h.Arena.Alloc(n), n
	}
	d := h.cur
	copy(unsafe.Slice((*byte)(d), len(s)), s)
	h.cur = unsafe.Add(d, len(s))
	h.left -= len(s)
	*(*uint64)(unsafe.Add(p, 8)) = mem.Address(d)
}

// Reset forgets the heap's memory, after its arena was freed.
func (h *Heap) Reset() { h.cur, h.left = nil, 0 }

// Need returns how many bytes of arena the selected strings of the prepared
// vectors cols take at most beside the rows.
func Need(cols []*vec.Vec, sel []uint16) int {
	n := 0
	for _, v := range cols {
		if s := v.Type.Storage(); s != types.StoreString && s != types.StoreList && s != types.StoreStruct {
			continue
		}
		data := vec.Raw[string](v)
		for _, r := range sel {
			if l := len(data[r]); l > inline && (v.Valid == nil || v.Valid.Get(int(r))) {
				n += l
			}
		}
		n += heapStep
	}
	return n
}

package mem

import "unsafe"

// heapBlock is a block of the collector's heap, aligned to 8.
func heapBlock(size int) []byte {
	w := make([]uint64, size/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), size)
}

package row

import "unsafe"

// PrefetchAt asks for the cache lines of the 8-byte entries idx of the array at
// base; PrefetchRows for the lines that off bytes into the rows with the
// addresses in the low 48 bits of entries lie in. They change nothing but
// time; where there is no such instruction they do nothing.
func PrefetchAt(base unsafe.Pointer, idx []uint32) {
	if len(idx) > 0 {
		prefetchAt(base, &idx[0], len(idx))
	}
}

// PrefetchRows is described with PrefetchAt.
func PrefetchRows(entries []uint64, off int) {
	if len(entries) > 0 {
		prefetchRows(&entries[0], len(entries), off)
	}
}

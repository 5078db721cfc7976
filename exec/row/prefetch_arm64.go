package row

import "unsafe"

//go:noescape
func prefetchAt(base unsafe.Pointer, idx *uint32, n int)

//go:noescape
func prefetchRows(entries *uint64, n, off int)

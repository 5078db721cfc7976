//go:build linux || darwin || freebsd || netbsd || openbsd

package mem

import "syscall"

// mapBlock gets zeroed pages from the system. If that fails the collector's heap serves.
func mapBlock(size int) []byte {
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return heapBlock(size)
	}
	if size >= hugeSize {
		adviseHuge(m)
	}
	return m
}

// unmapBlock ignores errors: a block of the collector's heap is not a mapping,
// and is collected.
func unmapBlock(m []byte) { _ = syscall.Munmap(m) }

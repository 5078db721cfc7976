//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package mem

func mapBlock(size int) []byte { return heapBlock(size) }

func unmapBlock([]byte) {}

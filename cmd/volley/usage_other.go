//go:build !unix

package main

import "time"

// processTime is not known on this system.
func processTime() time.Duration { return 0 }

// peakMemory is not known on this system.
func peakMemory() int64 { return 0 }

// Package sort orders rows: full sorts, top-N, and merges of sorted streams.
//
//	Drain, a thread each:  rows ──► hold.Store + normalized keys ──► sorted run (spilled when memory is refused)
//	Finish, in parallel:   runs ──merge path──► one order of row numbers
//	Source, one thread:    gather in that order (merging spilled runs on the fly)
//
// A normalized key is a row's ORDER BY values as bytes that compare like the
// values (encode.go): NULL placement and direction are folded in, NaN is the
// largest number, -0.0 equals 0.0. Strings and nested values that do not fit
// are compared in full where prefixes tie. Equal rows come out in any order.
package sort

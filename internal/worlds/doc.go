// Package worlds has no code of its own: its test runs every file of
// testdata/slt in every world the engine can find itself in. A world is a way
// to run the same statements (size of batches, threads, memory that is short,
// plans without the optimizer, plans from the wire, executors that die), and
// none may change an answer. The answers are Spark's.
package worlds

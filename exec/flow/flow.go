// Package flow is the contract between operators and the task that runs them:
// sources, operators and sinks over streams of batches, and the pipelines made
// of them. Package exec builds pipelines from physical plans; the operator
// families (exec/agg, exec/join …) provide the parts.
//
//	Source ──► Operator ──► Operator ──► Sink        one copy a thread,
//	   │                                   │         morsels shared by threads
//	 splits, partitions of            hash table, sorted runs,
//	 an earlier pipeline's sink       result, shuffle files
//
// A task decides how many threads there are; no part starts goroutines of its
// own. State shared between threads lives in sources and sinks, never in plan
// nodes. A stream is used by one goroutine, and yield is never called again
// after it returned false.
package flow

import (
	"context"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
)

// Source opens one stream a thread; threads share its morsels.
type Source interface {
	Open(ctx context.Context, thread int) vec.Stream
}

// Operator derives one stream from another. It belongs to one thread.
type Operator interface {
	Run(ctx context.Context, in vec.Stream) vec.Stream
}

// Sink ends a pipeline. Drain runs once a thread, concurrently; Finish runs
// once, after every Drain has returned nil, and may use par to spread its work.
// Close releases what the sink (and sources reading from it) hold; it runs
// once when the task is over, whatever happened, also without a Finish.
type Sink interface {
	Drain(ctx context.Context, thread int, in vec.Stream) error
	Finish(ctx context.Context, par Parallel) error
	Close()
}

// Parallel runs f for i = 0 … n-1 on the threads of the task and returns the
// first error; the context given to f ends then.
type Parallel func(ctx context.Context, n int, f func(ctx context.Context, thread, i int) error) error

// Step is one place in a pipeline, where every thread has an operator of its own.
type Step struct {
	Make func(thread int) (Operator, error)
	// Break, if not nil, is called once, when the pipelines in After are done.
	// A step that found out that it must take in all rows before it delivers any
	// returns the sink for them and the source of what it delivers, and the task runs the
	// pipeline as two. It returns nil to go on as an operator. The sink's Close is not
	// called: what the two hold belongs to the sinks of the pipelines in After.
	Break func() (Sink, Source)
}

// Pipeline runs Source → Ops → Sink once a thread, after the pipelines in After.
type Pipeline struct {
	Name   string
	Source Source
	Ops    []Step
	Sink   Sink
	After  []*Pipeline
	// Serial pipelines run on one thread: their source has an order that must be kept.
	Serial bool
}

// Env is what parts of a task share.
type Env struct {
	Functions *function.Registry
	Context   *function.Context
	// Threads is how many threads run each pipeline, at least 1.
	Threads int
	// BatchSize is the number of rows of a full batch, 1 … vec.MaxSize.
	BatchSize int
	// Account is the task's; operators take children of it.
	Account *mem.Account
	// SpillDir returns a folder for spill files of the task, made on first
	// use and removed with the task.
	SpillDir func() (string, error)
	// SpillRoot is the folder that a task makes its SpillDir in; empty: the system's for temporary files.
	SpillRoot string
	// Partition and Partitions number the task within its stage.
	Partition, Partitions int
	// Attempt numbers the tries of the task from 0; files it writes are named after it.
	Attempt int
	// Filters holds runtime filters of the task's joins; nil: none are made.
	Filters *RuntimeFilters
	// Feeds are the rows that nodes of kind Feed read, by slot; nil in all
	// processes but the one that was given them.
	Feeds map[int32]Source
	// ForceSpill makes operators that can spill do so early, for tests.
	ForceSpill bool
}

// Package exec builds pipelines from a physical plan and runs one task on N
// threads. It knows how operators fit together and nothing of how they work:
// those are the operator families below it (exec/scan, rowop, agg, join, sort,
// window, write), over the contracts of exec/flow.
//
//	physical.Node ──Build──► Task: pipelines in dependency order
//	Task.Stream ──► batches for the caller, who drives the last pipeline by pulling
//	Task.Run    ──► a sink: shuffle output, say
//
// A task starts N goroutines a pipeline, turns a panic in any of them into
// INTERNAL_ERROR that names the node, ends them all at the first error or when
// the context ends, and closes every sink when it is over. Metrics tells at any
// time what each node has done (meter.go).
package exec

// Package stage cuts a physical plan at its exchanges into a job: stages that
// tasks run side by side, joined by channels of shuffled rows.
//
//	physical.Node ── Cut ──► Job ── Task ──► Task, Task, …   one a partition and attempt
//	   Exchange                 Stage, Output, Input
//
// It knows nothing of executors and addresses: the scheduler fills those in
// when it launches a task. All nouns of this side of the engine are in this file.
package stage

import (
	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// A Job is one action of a session: the stages that compute one result.
type Job struct {
	ID string
	// Stages are in an order in which every stage follows those it reads.
	// Stages[i].ID is i. The last one delivers the result.
	Stages []*Stage
	// Schema describes the rows of the result.
	Schema types.Schema
	// Settings are the session's at the time of the action; every task gets them.
	Settings map[string]string
}

// A Stage is a part of a plan without exchanges inside. Its Tasks differ only
// in the splits and channels they read.
type Stage struct {
	ID int32
	// Plan has a physical.StageRead where an exchange was cut, and no splits in its scans.
	Plan physical.Node
	// Tasks is the number of partitions, at least 1.
	Tasks int
	// Inputs are the stages that StageRead nodes of Plan name, each once.
	Inputs []Input
	Output Output
	// Unsteady says that a task that runs again may give other rows.
	Unsteady bool
	// Splits holds, by the id of a Scan in Plan, the splits each task reads: Splits[id][partition].
	Splits map[int32][][]catalog.Split
}

// An Input is an upstream stage and how its rows come here. Twice says that
// several nodes read it.
type Input struct {
	Stage int32
	Kind  physical.ExchangeKind
	Twice bool
}

// Channels are those of the input that the task of a partition reads: its own
// where rows are divided, else all there are.
func (j *Job) Channels(in Input, partition int32) (first, n int32) {
	switch in.Kind {
	case physical.Hash, physical.RoundRobin:
		return partition, 1
	}
	return 0, j.Stages[in.Stage].Output.Channels // of Ranges a slice: which is known once it is written
}

// An Output says into which channels a task divides its rows. Every task of a
// stage has Channels channels. Channel c of a Hash or RoundRobin output is
// read by task c of the reading stages (all of them by all tasks where it is read as a
// whole); the one channel of Ranges is sorted, and cut among Tasks tasks; the one
// channel of a Broadcast is read by all their tasks, that of a Gather by their
// only task. The Result stage has one channel a task, read by the driver.
type Output struct {
	Result   bool
	Kind     physical.ExchangeKind
	Keys     []expr.Expr // of Hash: Refs over the plan's output
	Channels int32
	// Order is how each task sorts its rows, for readers that merge.
	Order []expr.SortKey
	// Tasks is how many tasks the readers of Ranges have.
	Tasks int32
}

// A Task is one attempt at one partition of a stage: all an executor needs,
// and nothing else. A retry is the same value with another Attempt (and other
// Reads if a producer ran again).
type Task struct {
	Job                       string
	Stage, Partition, Attempt int32
	// Partitions is the number of tasks of the stage.
	Partitions int32
	// Plan is Stage.Plan as physical.Encode writes it, version first.
	Plan   []byte
	Splits map[int32][]catalog.Split
	Reads  []Read
	Output Output
	// Settings are Job.Settings.
	Settings map[string]string
}

// A Read is Channels channels of one input, from Channel on, with everyone who wrote them.
type Read struct {
	Stage             int32
	Kind              physical.ExchangeKind
	Channel, Channels int32
	From              []Producer
	// Low and High bound the keys that a task reads of Ranges, as the marks of
	// outputs have them: Low and more, less than High; empty: no bound.
	Low, High []byte
}

// A Producer is a finished task attempt whose output is at Executor.
type Producer struct {
	Partition, Attempt int32
	Executor, Address  string
	// First and Frames are the part of the channel to read; no Frames: all of it.
	First, Frames int32
}

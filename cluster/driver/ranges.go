package driver

import (
	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/flight/control"
)

// marked are the marks of an attempt's output.
type marked struct {
	attempt int32
	marks   []exchange.Mark
}

// marked notes the marks of an output. j.mu is held.
func (j *job) marked(a scheduler.Attempt, ms []control.Mark) {
	m := marked{attempt: a.Attempt, marks: make([]exchange.Mark, len(ms))}
	for i, k := range ms {
		m.marks[i] = exchange.Mark(k)
	}
	j.marks[a.TaskID] = m
}

// slices are the parts of the outputs of a stage that the task of a partition
// reads, and its range. What bounds ranges is decided once a job: tasks that
// run again, and outputs that were made again, must cut at the same keys.
func (j *job) slices(stage, partition int32, outs []scheduler.Output) (low, high []byte, parts []exchange.Slice) {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([][]exchange.Mark, len(outs))
	for i, o := range outs {
		// An output of another attempt than the marks are of cannot be: the
		// scheduler learns of an attempt after its marks were noted.
		all[i] = j.marks[scheduler.TaskID{Job: j.job.ID, Stage: stage, Partition: o.Partition}].marks
	}
	bounds, ok := j.bounds[stage]
	if !ok {
		bounds = exchange.Bounds(all, int(j.job.Stages[stage].Output.Tasks))
		j.bounds[stage] = bounds
	}
	parts = make([]exchange.Slice, len(outs))
	low, high, ok = exchange.Within(bounds, int(partition))
	for i := range parts {
		if ok {
			if s, some := exchange.Overlap(all[i], low, high); some {
				parts[i] = s
			}
		}
	}
	return low, high, parts
}

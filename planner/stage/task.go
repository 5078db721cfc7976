package stage

import (
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/wire"
	"github.com/volley-sql/volley/planner/physical"
)

// Tasks makes the first attempt of every task of a stage, without Reads,
// which the scheduler knows only when the inputs have run.
func (j *Job) Tasks(s *Stage) ([]Task, error) {
	plan, err := physical.Encode(s.Plan)
	if err != nil {
		return nil, err
	}
	out := make([]Task, s.Tasks)
	for p := range out {
		out[p] = Task{
			Job: j.ID, Stage: s.ID, Partition: int32(p), Partitions: int32(s.Tasks),
			Plan: plan, Output: s.Output, Settings: j.Settings,
		}
		for id, shares := range s.Splits {
			if out[p].Splits == nil {
				out[p].Splits = map[int32][]catalog.Split{}
			}
			out[p].Splits[id] = shares[p]
		}
	}
	return out, nil
}

// Node decodes the task's plan.
func (t *Task) Node() (physical.Node, error) { return physical.Decode(t.Plan) }

var codec = sync.OnceValues(func() (*wire.Codec[Task], error) {
	return wire.New[Task](physical.Families, physical.Enums)
})

// Encode writes the task for an executor.
func (t Task) Encode() ([]byte, error) {
	c, err := codec()
	if err != nil {
		return nil, err
	}
	return c.Encode(t)
}

// DecodeTask reads what Encode wrote.
func DecodeTask(b []byte) (Task, error) {
	c, err := codec()
	if err != nil {
		return Task{}, err
	}
	t, err := c.Decode(b)
	if err == nil && (t.Partition < 0 || t.Partition >= t.Partitions) {
		err = sqlerr.New(sqlerr.InternalError, "a task has partition %d of %d", t.Partition, t.Partitions)
	}
	return t, err
}

package stage

import (
	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/physical"
)

// Options say how to cut a plan.
type Options struct {
	// Tasks is the most tasks a stage that reads tables is divided into; stages
	// that read shuffled rows have as many as the exchange has partitions.
	Tasks    int
	Settings map[string]string
	// Volatile tells which functions give other results when called again; nil: all may.
	Volatile func(function string) bool
}

// Cut makes the job that computes plan.
func Cut(id string, plan physical.Node, o Options) (*Job, error) {
	c := &cutter{
		job: &Job{ID: id, Schema: plan.Schema(), Settings: o.Settings}, tasks: max(o.Tasks, 1), volatile: o.Volatile,
		shared: map[int32]*physical.StageRead{},
	}
	if _, err := c.stage(plan, Output{Result: true, Channels: 1}); err != nil {
		return nil, err
	}
	return c.job, nil
}

type cutter struct {
	job      *Job
	tasks    int
	volatile func(string) bool
	// shared remembers the stage that an exchange below a Shared node became, by key.
	shared map[int32]*physical.StageRead
}

// stage adds the stage of a plan, after those it reads, and returns its id.
func (c *cutter) stage(plan physical.Node, out Output) (int32, error) {
	s := &Stage{Output: out, Splits: map[int32][][]catalog.Split{}}
	plan, err := c.cut(s, plan)
	if err != nil {
		return 0, err
	}
	if err := c.size(s, plan); err != nil {
		return 0, err
	}
	s.Plan = c.stripSplits(s, plan)
	s.Unsteady = unsteady(plan, out, c.volatile)
	s.ID = int32(len(c.job.Stages))
	c.job.Stages = append(c.job.Stages, s)
	return s.ID, nil
}

// cut replaces the exchanges nearest to the root by reads of new stages.
func (c *cutter) cut(s *Stage, n physical.Node) (physical.Node, error) {
	switch x := n.(type) {
	case *physical.Shared:
		ex, ok := x.Input.(*physical.Exchange)
		if !ok {
			break
		}
		read, ok := c.shared[x.Key]
		if !ok {
			var err error
			if read, err = c.exchange(ex); err != nil {
				return nil, err
			}
			c.shared[x.Key] = read
		}
		// Each place is a node of its own in metrics.
		own := *read
		own.Info = x.Info
		if x.Whole {
			own.Kind = physical.Broadcast
		}
		s.reads(&own)
		return &own, nil
	case *physical.Exchange:
		read, err := c.exchange(x)
		if err != nil {
			return nil, err
		}
		s.reads(read)
		return read, nil
	}
	var first error
	out := tree.MapChildren(n, func(child physical.Node) physical.Node {
		if first != nil {
			return child
		}
		m, err := c.cut(s, child)
		if err != nil {
			first = err
			return child
		}
		return m
	})
	return out, first
}

func (c *cutter) exchange(x *physical.Exchange) (*physical.StageRead, error) {
	out := Output{Kind: x.Kind, Keys: x.Keys, Channels: 1, Order: x.Order}
	if x.Kind == physical.Hash || x.Kind == physical.RoundRobin {
		out.Channels = int32(x.Partitions)
	}
	if x.Kind == physical.Ranges {
		out.Tasks = int32(x.Partitions)
	}
	id, err := c.stage(x.Input, out)
	if err != nil {
		return nil, err
	}
	return &physical.StageRead{Info: x.Info, Stage: id, Cols: x.Schema(), Kind: x.Kind, Order: x.Order, InOrder: x.InOrder}, nil
}

func (s *Stage) reads(r *physical.StageRead) {
	for i := range s.Inputs {
		if s.Inputs[i].Stage == r.Stage && s.Inputs[i].Kind == r.Kind {
			s.Inputs[i].Twice = true
			return
		}
	}
	s.Inputs = append(s.Inputs, Input{Stage: r.Stage, Kind: r.Kind})
}

// size sets the number of tasks: that of the channels to read, which all
// divided inputs must agree on; one if rows are gathered or made from little;
// else as many as the splits keep busy.
func (c *cutter) size(s *Stage, plan physical.Node) error {
	channels, splits, single := 0, 0, false
	var bad error
	tree.Walk(plan, func(n physical.Node) bool {
		switch n := n.(type) {
		case *physical.StageRead:
			switch n.Kind {
			case physical.Gather:
				single = true
			case physical.Hash, physical.RoundRobin, physical.Ranges:
				k := int(c.job.Stages[n.Stage].Output.Channels)
				if n.Kind == physical.Ranges {
					k = int(c.job.Stages[n.Stage].Output.Tasks)
				}
				if channels != 0 && channels != k {
					bad = sqlerr.New(sqlerr.InternalError, "a stage reads inputs of %d and %d partitions", channels, k)
				}
				channels = k
			}
		case *physical.Scan:
			splits = max(splits, len(n.Scan.Splits))
		case *physical.Values:
			if single = single || !n.Spread; n.Spread {
				splits = max(splits, c.tasks)
			}
		case *physical.Range:
			if single = single || !n.Spread; n.Spread {
				splits = max(splits, c.tasks)
			}
		case *physical.Feed:
			single = true
		}
		return true
	})
	switch {
	case bad != nil:
		return bad
	case single && channels > 1:
		return sqlerr.New(sqlerr.InternalError, "a stage of %d tasks holds rows that only one task may produce", channels)
	case single:
		s.Tasks = 1
	case channels > 0:
		s.Tasks = channels
	default:
		s.Tasks = max(1, min(c.tasks, splits))
	}
	return nil
}

// stripSplits moves the splits out of the scans, shared out among the tasks.
func (c *cutter) stripSplits(s *Stage, plan physical.Node) physical.Node {
	return tree.Map(plan, func(n physical.Node) physical.Node {
		scan, ok := n.(*physical.Scan)
		if !ok {
			return n
		}
		s.Splits[scan.Info.ID] = balance(scan.Scan.Splits, s.Tasks)
		bare := *scan
		bare.Scan.Splits = nil
		return &bare
	})
}

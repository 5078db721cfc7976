package driver

import (
	"math"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// StageProgress is how far a stage is. Rows and Bytes are what its tasks have
// read from tables and other stages.
type StageProgress struct {
	Stage                int32
	Tasks, Running, Done int
	Rows, Bytes          int64
	// Expected is an estimate of Rows at the end, negative if there is none.
	Expected float64
}

// sources are the nodes of a stage's plan that rows come from, and how many are expected.
func sources(plan physical.Node) (ids map[int32]bool, expected float64) {
	ids = map[int32]bool{}
	tree.Walk(plan, func(n physical.Node) bool {
		switch n.(type) {
		case *physical.Scan, *physical.StageRead, *physical.Range:
			ids[n.Meta().ID] = true
			if est := n.Meta().Est; est < 0 {
				expected = math.Inf(-1)
			} else {
				expected += est
			}
		}
		return true
	})
	return ids, max(expected, -1)
}

// Progress tells how far each stage is. It may be called at any time.
func (q *Job) Progress() []StageProgress {
	j := q.j
	j.mu.Lock()
	defer j.mu.Unlock()
	out := append([]StageProgress(nil), j.states...)
	for a, p := range j.running {
		out[a.Stage].Rows += p.Rows
		out[a.Stage].Bytes += p.Bytes
	}
	if j.rootTask != nil {
		root := &out[len(out)-1]
		for _, n := range j.rootTask.Metrics() {
			if j.sources[root.Stage][n.Node] {
				root.Rows += n.Rows
				root.Bytes += n.Bytes
			}
		}
	}
	return out
}

// Metrics are figures by plan node, summed over tasks, sorted by node.
func (q *Job) Metrics() []control.NodeStats {
	j := q.j
	j.mu.Lock()
	defer j.mu.Unlock()
	sum := make(map[int32]control.NodeStats, len(j.nodes))
	for id, n := range j.nodes {
		sum[id] = n
	}
	if j.rootTask != nil {
		for _, n := range executor.NodeStats(j.rootTask) {
			sum[n.Node] = plus(sum[n.Node], n)
		}
	}
	return sortedNodes(sum)
}

func plus(a, b control.NodeStats) control.NodeStats {
	return control.NodeStats{Node: b.Node, Rows: a.Rows + b.Rows, Bytes: a.Bytes + b.Bytes, Batches: a.Batches + b.Batches, Nanos: a.Nanos + b.Nanos}
}

func (j *job) started(a scheduler.Attempt) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running[a] = control.Progress{}
	j.states[a.Stage].Running = j.count(a.Stage)
}

// stopped takes an attempt that ended without output out of the figures.
func (j *job) stopped(a scheduler.Attempt) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, a)
	j.states[a.Stage].Running = j.count(a.Stage)
}

func (j *job) reported(a scheduler.Attempt, m *control.Report) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.running[a]; !ok {
		return // a late report of an attempt that was given up
	}
	delete(j.running, a)
	if j.job.Stages[a.Stage].Output.Kind == physical.Ranges {
		j.marked(a, m.Marks)
	}
	if r := j.gathered(); r != nil && r.Stage == a.Stage {
		j.digests[[2]int32{a.Partition, a.Attempt}] = m.Digest
	}
	s := &j.states[a.Stage]
	s.Running = j.count(a.Stage)
	s.Done = min(s.Done+1, s.Tasks)
	for _, n := range m.Nodes {
		j.nodes[n.Node] = plus(j.nodes[n.Node], n)
		if j.sources[a.Stage][n.Node] {
			s.Rows += n.Rows
			s.Bytes += n.Bytes
		}
	}
}

func (j *job) progress(p control.Progress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for a := range j.running {
		if wireAttempt(a) == p.Attempt {
			j.running[a] = p
		}
	}
}

// count is how many attempts of a stage run. j.mu is held.
func (j *job) count(stage int32) int {
	n := 0
	for a := range j.running {
		if a.Stage == stage {
			n++
		}
	}
	return n
}

func firstShares(s *stage.Stage) map[int32][]catalog.Split {
	out := make(map[int32][]catalog.Split, len(s.Splits))
	for id, shares := range s.Splits {
		out[id] = shares[0]
	}
	return out
}

// wireForm sends a plan through its wire form where the settings ask for it, for tests.
func wireForm(plan physical.Node, s *settings.Snapshot) (physical.Node, error) {
	if !settings.WireForm.Get(s) {
		return plan, nil
	}
	b, err := physical.Encode(plan)
	if err != nil {
		return nil, err
	}
	return physical.Decode(b)
}

package app

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/flight/direct"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/physical"
)

// runner has the driver run what sessions plan.
type runner struct{ a *App }

// Partitions implements session.Runner.
func (r *runner) Partitions(s *settings.Snapshot) int {
	p := r.a.driver.Partitions()
	if n := int(settings.ShufflePartitions.Get(s)); n > 0 && p > 1 {
		return n
	}
	return p
}

// Run implements session.Runner.
func (r *runner) Run(ctx context.Context, j session.Job) (*session.Running, error) {
	if j.Context != nil && !j.Meter && driver.Brief(j.Plan) && !r.a.watched() {
		return &session.Running{Rows: r.a.driver.Compute(ctx, j.Plan, j.Settings, j.Context), Brief: true}, nil
	}
	conf := map[string]string{}
	maps.Copy(conf, j.Settings.Map())
	if c := j.Context; c != nil {
		conf["volley.job.user"], conf["volley.job.database"], conf["volley.job.catalog"] = c.User, c.Database, c.Catalog
	}
	d := r.a.driver
	job, err := d.Run(j.Plan, conf, j.Feeds)
	if err != nil {
		return nil, err
	}
	r.a.add(job)
	rows := job.Stream(ctx)
	run := &session.Running{Rows: func(yield func(*vec.Batch, error) bool) {
		defer r.a.remove(job)
		rows(yield)
	}}
	run.Parts = parts(job, func() { r.a.remove(job) })
	total := rowsToRead(j.Plan)
	run.Progress = func() session.Progress {
		p := progress(job.Progress())
		p.TotalRows = total
		return p
	}
	if j.Meter {
		run.Note = func(n physical.Node) string { return note(job.Metrics(), n) }
	}
	return run, nil
}

// parts are the rows of a job in its partitions, nil if it has none. end is
// called once they are closed.
func parts(job *driver.Job, end func()) *session.Parts {
	n := job.Partitions()
	if n == 0 {
		return nil
	}
	p := &session.Parts{N: n, Ordered: job.Ordered(), Ready: job.Ready, Open: job.Partition, Close: sync.OnceFunc(func() {
		defer end()
		job.Finish()
	})}
	if job.Grants() {
		p.OnRead, p.Rest = job.OnRead, job.Rest
		p.Grant = func(i int, g session.PartGrant) (string, []byte) {
			return job.Grant(i, g.Handle, direct.Grant{User: g.User, Expires: g.Expires.UnixMilli(), Schema: g.Schema, Compression: g.Compression})
		}
	}
	return p
}

// rowsToRead is how many rows the scans of a plan read, 0 if not all know.
func rowsToRead(plan physical.Node) (total int64) {
	known := true
	seen := map[int32]bool{}
	tree.Walk(plan, func(n physical.Node) bool {
		switch n := n.(type) {
		case *physical.Shared:
			again := seen[n.Key]
			seen[n.Key] = true
			return !again
		case *physical.Scan:
			for _, s := range n.Scan.Splits {
				known = known && s.Rows >= 0
				total += s.Rows
			}
		}
		return true
	})
	if !known {
		return 0
	}
	return total
}

// progress sums up the stages of a job.
func progress(stages []driver.StageProgress) session.Progress {
	p := session.Progress{Stages: len(stages)}
	for _, s := range stages {
		p.Tasks += s.Tasks
		p.TasksDone += s.Done
		p.Rows += s.Rows
		p.Bytes += s.Bytes
		if s.Done == s.Tasks {
			p.StagesDone++
		}
	}
	return p
}

func (a *App) add(j *driver.Job) {
	a.mu.Lock()
	a.jobs[j.ID()] = j
	told := a.onJob
	a.mu.Unlock()
	for _, f := range told {
		f(j)
	}
}

// watched reports whether somebody wants to see jobs.
func (a *App) watched() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.onJob) > 0
}

func (a *App) remove(j *driver.Job) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.jobs, j.ID())
}

// note is what EXPLAIN ANALYZE shows of a node.
func note(all []control.NodeStats, n physical.Node) string {
	for _, s := range all {
		if s.Node == n.Meta().ID {
			var parts []string
			parts = append(parts, fmt.Sprintf("rows=%d", s.Rows), fmt.Sprintf("time=%v", time.Duration(s.Nanos).Round(10*time.Microsecond)))
			return strings.Join(parts, " ")
		}
	}
	return ""
}

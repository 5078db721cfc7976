package app

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
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
	conf := map[string]string{}
	maps.Copy(conf, j.Settings.Map())
	if c := j.Context; c != nil {
		conf["volley.job.user"], conf["volley.job.database"], conf["volley.job.catalog"] = c.User, c.Database, c.Catalog
	}
	d := r.a.driver
	job, err := d.Run(j.Plan, conf)
	if err != nil {
		return nil, err
	}
	r.a.add(job)
	rows := job.Stream(ctx)
	run := &session.Running{Rows: func(yield func(*vec.Batch, error) bool) {
		defer r.a.remove(job)
		rows(yield)
	}}
	if j.Meter {
		run.Note = func(n physical.Node) string { return note(job.Metrics(), n) }
	}
	return run, nil
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

package executor

import (
	"context"
	"errors"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// Runner is what the tasks of a process share. The driver has one for the
// root stages of jobs, an executor for all it is given.
type Runner struct {
	Threads int
	Account *mem.Account
	Reader  exchange.Reader
	Store   exchange.Store
	// SpillDir is the folder for spill files; nil: one for each task that spills.
	SpillDir func() (string, error)
	// Feeds are the rows of Feed nodes, by slot; the driver has them for a root stage.
	Feeds map[int32]flow.Source
}

// NowSetting is the setting of a job that holds its start in microseconds
// since the epoch: all tasks agree on what now is.
const NowSetting = "volley.job.now"

// Env is the environment of a task.
func (r *Runner) Env(t *stage.Task) (*flow.Env, error) {
	reg, err := all.Registry()
	if err != nil {
		return nil, err
	}
	s := settings.Of(t.Settings)
	now, err := parseNow(t.Settings[NowSetting])
	if err != nil {
		return nil, err
	}
	env := r.env(s, taskName(t))
	env.Functions = reg
	env.Context = &function.Context{
		ANSI: settings.ANSI.Get(s), TimeZone: settings.TimeZone(s), Now: now, Partition: t.Partition, Setting: s.Get,
		User: t.Settings["volley.job.user"], Database: t.Settings["volley.job.database"], Catalog: t.Settings["volley.job.catalog"],
	}
	env.Partition, env.Partitions, env.Attempt = int(t.Partition), int(t.Partitions), int(t.Attempt)
	env.Feeds = r.Feeds
	return env, nil
}

// env is what settings say of the environment of a task.
func (r *Runner) env(s *settings.Snapshot, name string) *flow.Env {
	root, spill := settings.SpillDir.Get(s), r.SpillDir
	if root != "" { // the session says where
		spill = nil
	}
	return &flow.Env{
		Threads: max(1, r.Threads), BatchSize: int(settings.BatchSize.Get(s)), Account: r.Account.Child(name, 0),
		ForceSpill: settings.ForceSpill.Get(s), SpillDir: spill, SpillRoot: root,
	}
}

// BuildAlone makes the executable form of a plan that is a task by itself, on
// one thread: it reads nothing that others made. The caller closes the account of the result.
func (r *Runner) BuildAlone(plan physical.Node, s *settings.Snapshot, c *function.Context) (*exec.Task, *flow.Env, error) {
	reg, err := all.Registry()
	if err != nil {
		return nil, nil, err
	}
	env := r.env(s, "task")
	env.Functions, env.Context, env.Threads, env.Partitions = reg, c, 1, 1
	built, err := exec.Build(env, plan, nil)
	if err != nil {
		env.Account.Close()
		return nil, nil, err
	}
	return built, env, nil
}

func parseNow(text string) (time.Time, error) {
	if text == "" {
		return time.Now(), nil
	}
	var micros int64
	for _, c := range text {
		if c < '0' || c > '9' {
			return time.Time{}, sqlerr.New(sqlerr.InternalError, "a job started at %q", text)
		}
		micros = micros*10 + int64(c-'0')
	}
	return time.UnixMicro(micros), nil
}

// Build makes the executable form of a task. relocate may be nil.
func (r *Runner) Build(t *stage.Task, plan physical.Node, relocate exchange.Relocate) (*exec.Task, *flow.Env, error) {
	env, err := r.Env(t)
	if err != nil {
		return nil, nil, err
	}
	built, err := exec.Build(env, plan, &inputs{t: t, env: env, r: r.Reader, relocate: relocate, acct: env.Account.Child("fetched rows", env.Account.Limit()/4)})
	if err != nil {
		return nil, nil, err
	}
	return built, env, nil
}

// Run runs a task whose output goes to channels and commits it.
func (r *Runner) Run(ctx context.Context, t *stage.Task, observe func(*exec.Task)) (stats exchange.Stats, err error) {
	plan, err := t.Node()
	if err != nil {
		return stats, err
	}
	built, env, err := r.Build(t, plan, nil)
	if err != nil {
		return stats, err
	}
	defer env.Account.Close()
	defer built.Close()
	if observe != nil {
		observe(built)
	}
	w, err := r.Store.Create(exchange.Task{Job: t.Job, Stage: t.Stage, Partition: t.Partition, Attempt: t.Attempt}, int(t.Output.Channels))
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	sink := exchange.NewSink(env, exchange.Division{Kind: t.Output.Kind, Keys: t.Output.Keys, Order: t.Output.Order, Channels: int(t.Output.Channels)}, w)
	defer sink.Close()
	if err := built.Run(ctx, sink); err != nil {
		return stats, err
	}
	stats, err = w.Commit(ctx)
	stats.Marks = sink.Marks()
	return stats, err
}

// inputs gives a task its splits and channels.
type inputs struct {
	t        *stage.Task
	env      *flow.Env
	r        exchange.Reader
	relocate exchange.Relocate
	acct     *mem.Account
}

// Splits implements exec.Inputs.
func (in *inputs) Splits(n *physical.Scan, _ int) []catalog.Split { return in.t.Splits[n.Info.ID] }

// Open implements exec.Inputs.
func (in *inputs) Open(n *physical.StageRead, _ int) ([]flow.Source, error) {
	for _, read := range in.t.Reads {
		if read.Stage != n.Stage || read.Kind != n.Kind {
			continue
		}
		var from []exchange.Location
		for _, p := range read.From {
			l := exchange.Location{Executor: p.Executor, Address: p.Address, Slice: exchange.Slice{First: p.First, Count: p.Frames}}
			l.Task = exchange.Task{Job: in.t.Job, Stage: read.Stage, Partition: p.Partition, Attempt: p.Attempt}
			for l.Channel = read.Channel; l.Channel < read.Channel+read.Channels; l.Channel++ {
				from = append(from, l)
			}
		}
		if len(n.Order) == 0 {
			return []flow.Source{exchange.NewSource(n.Cols, in.r, from, in.relocate, in.acct)}, nil
		}
		var out []flow.Source
		for i := range from {
			src := flow.Source(exchange.NewSource(n.Cols, in.r, from[i:i+1], in.relocate, in.acct))
			if n.Kind == physical.Ranges {
				src = exchange.Trimmed(in.env, src, n.Order, read.Low, read.High)
			}
			out = append(out, src)
		}
		if len(out) == 0 { // a range without rows
			out = append(out, exchange.NewSource(n.Cols, in.r, nil, in.relocate, in.acct))
		}
		return out, nil
	}
	return nil, sqlerr.New(sqlerr.InternalError, "task %s has no input of stage %d", taskName(in.t), n.Stage)
}

package driver

import (
	"context"
	"maps"
	"os/user"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/all"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// Job is a plan being run. Its rows come from Stream, which must be called
// once, and the job ends with it; or from Partition, until Finish.
type Job struct {
	d *Driver
	j *job
}

// job is what the driver knows of a job.
type job struct {
	job   *stage.Job
	tasks [][]stage.Task // by stage, without the root
	feeds map[int32]flow.Source

	ready    chan struct{} // closed when the inputs of the root are there
	reads    []stage.Read  // what the root reads, set before ready is closed
	over     chan struct{} // closed when the job has ended
	mu       sync.Mutex
	err      error // why it ended
	located  map[[2]int32]scheduler.Output
	moved    chan struct{} // closed and replaced when located changes
	states   []StageProgress
	sources  []map[int32]bool // by stage, the nodes that read; written once
	running  map[scheduler.Attempt]control.Progress
	nodes    map[int32]control.NodeStats
	rootTask *exec.Task
	marks    map[scheduler.TaskID]marked    // of outputs divided by ranges
	bounds   map[int32][][]byte             // between the ranges, by stage: decided when they are first read
	onRead   func(i int, rows, bytes int64) // nil: nobody wants to know
	digests  map[[2]int32]uint64            // of what the root gathers, by partition and attempt
}

// Run starts a job for a plan lowered to d.Partitions() partitions. feeds are
// the rows of its Feed nodes, by slot; nil if it has none.
func (d *Driver) Run(plan physical.Node, settings map[string]string, feeds map[int32]flow.Source) (*Job, error) {
	settings = maps.Clone(settings)
	if settings == nil {
		settings = map[string]string{}
	}
	settings[executor.NowSetting] = strconv.FormatInt(time.Now().UnixMicro(), 10)
	if settings["volley.job.user"] == "" {
		if u, err := user.Current(); err == nil {
			settings["volley.job.user"] = u.Username
		}
	}
	cut, err := stage.Cut(d.newJobID(), plan, stage.Options{Tasks: d.Partitions(), Settings: settings, Volatile: volatile})
	if err != nil {
		return nil, err
	}
	j := &job{
		job: cut, feeds: feeds, ready: make(chan struct{}), over: make(chan struct{}), moved: make(chan struct{}),
		located: map[[2]int32]scheduler.Output{}, running: map[scheduler.Attempt]control.Progress{}, nodes: map[int32]control.NodeStats{},
		marks: map[scheduler.TaskID]marked{}, bounds: map[int32][][]byte{},
		digests: map[[2]int32]uint64{},
	}
	what := scheduler.Job{ID: cut.ID}
	for i, s := range cut.Stages {
		st := scheduler.Stage{ID: s.ID, Tasks: s.Tasks, Unsteady: s.Unsteady}
		for _, in := range s.Inputs {
			again := slices.Contains(st.Inputs, in.Stage)
			if !again {
				st.Inputs = append(st.Inputs, in.Stage)
			}
			if in.Twice || again {
				st.Twice = append(st.Twice, in.Stage)
			}
		}
		what.Stages = append(what.Stages, st)
		ids, expected := sources(s.Plan)
		j.sources = append(j.sources, ids)
		j.states = append(j.states, StageProgress{Stage: s.ID, Tasks: s.Tasks, Expected: expected})
		if i < len(cut.Stages)-1 {
			tasks, err := cut.Tasks(s)
			if err != nil {
				return nil, err
			}
			j.tasks = append(j.tasks, tasks)
		}
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, sqlerr.New(sqlerr.Cancelled, "The application is closed.")
	}
	d.jobs[cut.ID] = j
	d.mu.Unlock()
	d.send(scheduler.JobSubmitted{Job: what})
	return &Job{d, j}, nil
}

// volatile reports whether a function may give another result when called again.
func volatile(name string) bool {
	reg, err := all.Registry()
	if err != nil {
		return true
	}
	def := reg.Lookup(name)
	return def == nil || def.Volatility == function.Volatile
}

func (j *job) root() *stage.Stage { return j.job.Stages[len(j.job.Stages)-1] }

func (j *job) startRoot(reads []stage.Read) {
	j.reads = reads
	close(j.ready)
}

func (j *job) finish(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case <-j.over:
	default:
		j.err = err
		close(j.over)
	}
}

func (j *job) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

func (j *job) locate(o scheduler.Output) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.located[[2]int32{o.Stage, o.Partition}] = o
	close(j.moved)
	j.moved = make(chan struct{})
}

// Schema describes the rows.
func (q *Job) Schema() types.Schema { return q.j.job.Schema }

// ID names the job.
func (q *Job) ID() string { return q.j.job.ID }

// Stages is the job as EXPLAIN STAGES prints it.
func (q *Job) Stages() *stage.Job { return q.j.job }

// Stream yields the rows. When its loop is over, by whatever way, the job is
// over: nothing of it runs any more in this process, and executors have been told.
func (q *Job) Stream(ctx context.Context) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		ended := false
		defer func() {
			if !ended {
				q.cancel(ctx)
			}
		}()
		reads, err := q.inputs(ctx)
		if err != nil {
			ended = ctx.Err() == nil
			yield(nil, err)
			return
		}
		stopped, err := q.root(ctx, reads, yield)
		if stopped {
			return
		}
		ended = true
		if err != nil {
			q.d.send(scheduler.RootFailed{Job: q.ID(), Err: err})
		} else {
			q.d.send(scheduler.RootFinished{Job: q.ID()})
		}
		select {
		case <-q.j.over:
		case <-q.d.done:
		}
		if f := q.j.failure(); f != nil {
			err = f
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Cancel ends a job whose rows nobody will ask for.
func (q *Job) Cancel() { q.cancel(context.Background()) }

func (q *Job) cancel(ctx context.Context) {
	q.d.send(scheduler.JobCancelled{ID: q.ID(), Reason: cancelled(ctx)})
	select {
	case <-q.j.over:
	case <-q.d.done:
	}
}

func cancelled(ctx context.Context) error {
	if e := sqlerr.As(context.Cause(ctx)); e != nil {
		return e
	}
	return sqlerr.Wrap(context.Cause(ctx), sqlerr.Cancelled, "The query was cancelled.")
}

// root runs the last stage here and reports whether the caller stopped it.
func (q *Job) root(ctx context.Context, reads []stage.Read, yield func(*vec.Batch, error) bool) (stopped bool, err error) {
	ctx, end := q.whileOpen(ctx)
	defer end()
	s := q.j.root()
	t := &stage.Task{
		Job: q.ID(), Stage: s.ID, Partitions: 1, Splits: nil, Reads: reads, Output: s.Output, Settings: q.j.job.Settings,
	}
	if s.Tasks != 1 {
		return false, sqlerr.New(sqlerr.InternalError, "the root stage of a job has %d tasks", s.Tasks)
	}
	t.Splits = firstShares(s)
	plan, err := wireForm(s.Plan, settings.Of(q.j.job.Settings))
	if err != nil {
		return false, err
	}
	runner := *q.d.runner
	runner.Feeds = q.j.feeds
	built, env, err := runner.Build(t, plan, q.relocate)
	if err != nil {
		return false, err
	}
	defer env.Account.Close()
	q.j.mu.Lock()
	q.j.rootTask = built
	q.j.states[s.ID].Running = 1
	q.j.mu.Unlock()
	for b, err := range built.Stream(ctx) {
		if err != nil {
			return false, err
		}
		if !yield(b, nil) {
			return true, nil
		}
	}
	q.j.mu.Lock()
	q.j.states[s.ID].Running, q.j.states[s.ID].Done = 0, 1
	q.j.mu.Unlock()
	return false, nil
}

// relocate waits until a lost input of the root has been made again.
func (q *Job) relocate(ctx context.Context, l exchange.Location, loss error) (exchange.Location, error) {
	told := false
	for {
		q.j.mu.Lock()
		moved := q.j.moved
		q.j.mu.Unlock()
		if newer, ok := q.again(l); ok {
			return newer, nil
		}
		if !told {
			told = true
			q.d.send(scheduler.RootLost{
				Job: q.ID(), Err: loss,
				Lost: []scheduler.Output{{Stage: l.Stage, Partition: l.Partition, Attempt: l.Attempt, Executor: l.Executor}},
			})
		}
		select {
		case <-moved:
		case <-q.j.over:
			return l, q.j.failure()
		case <-ctx.Done():
			return l, cancelled(ctx)
		}
	}
}

// again is where an input of the root is that was made again.
func (q *Job) again(l exchange.Location) (exchange.Location, bool) {
	q.j.mu.Lock()
	o, ok := q.j.located[[2]int32{l.Stage, l.Partition}]
	q.j.mu.Unlock()
	if !ok || o.Attempt <= l.Attempt {
		return l, false
	}
	l.Attempt, l.Executor, l.Address = o.Attempt, o.Executor, gone
	q.d.mu.Lock()
	defer q.d.mu.Unlock()
	if x := q.d.execs[o.Executor]; x != nil {
		l.Address = x.addr
	}
	return l, true
}

// sortedNodes is used by Metrics.
func sortedNodes(m map[int32]control.NodeStats) []control.NodeStats {
	return slices.SortedFunc(maps.Values(m), func(a, b control.NodeStats) int { return int(a.Node - b.Node) })
}

// Package driver is the application's head: it cuts plans into jobs, has the
// scheduler decide what runs where, tells the executors, runs the root stage of
// every job itself and gives its rows to the caller.
//
//	Run(plan) ──Cut──► job ──► loop: events ──Step──► actions ──► executors (flight/control)
//	   ▲                                                   │
//	   └──────── rows ◄── root stage in this process ◄─────┘ StartRoot
//
// A local master has no executors: plans are not divided, and the root stage is
// the whole job, on N threads of this process.
package driver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/cluster/executor"
	"github.com/volley-sql/volley/cluster/local"
	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/flight/shuffle"
	"github.com/volley-sql/volley/internal/scratch"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Options say how to run an application.
type Options struct {
	Master cluster.Master
	// Memory is the bytes that tasks in this process may reserve, 0 for no limit.
	Memory int64
	// ExecutorCommand starts an executor process when flags follow it; see local.Options.
	ExecutorCommand []string
	Limits          scheduler.Limits
	// Heartbeat is how often executors report; 0: every 2 seconds.
	Heartbeat time.Duration
	// SpillDir is the folder for files of this application; empty: the
	// system's for temporary files. LogDir is where executors' logs stay; empty: they go
	// with the application.
	SpillDir, LogDir string
	Log              *slog.Logger
}

// Driver runs jobs. It is safe for concurrent use.
type Driver struct {
	o      Options
	log    *slog.Logger
	room   *scratch.Dir // for files of this process and its executors
	token  []byte
	acct   *mem.Account
	runner *executor.Runner
	links  *shuffle.Reader
	staged *exchange.Staging
	nextID atomic.Int64

	events  chan scheduler.Event
	done    chan struct{}   // closed when the loop ends
	ctx     context.Context // until the driver is closed
	stop    context.CancelFunc
	manager cluster.Manager
	server  *grpc.Server
	wg      sync.WaitGroup

	mu      sync.Mutex
	jobs    map[string]*job
	execs   map[string]*link
	results *results // nil: executors give results to nobody
	closed  bool
}

// Open starts an application. Executors come up in the background.
func Open(o Options) (*Driver, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	d := &Driver{
		o: o, log: o.Log, acct: mem.NewAccount("this process", o.Memory), ctx: ctx, stop: stop,
		events: make(chan scheduler.Event, 256), done: make(chan struct{}), jobs: map[string]*job{}, execs: map[string]*link{},
		room: scratch.New(o.SpillDir, "volley-driver-"),
	}
	if f := o.Master.Failures; f > 0 {
		d.o.Limits.MaxTaskFailures = f
	}
	d.runner = &executor.Runner{Threads: o.Master.Cores, Account: d.acct, SpillDir: d.room.Path}
	if o.Master.Kind == cluster.LocalCluster {
		d.runner.Threads = 1
		if err := d.startCluster(); err != nil {
			stop()
			d.tearDown()
			return nil, err
		}
	}
	d.wg.Go(func() { d.loop(ctx) })
	return d, nil
}

func (d *Driver) startCluster() error {
	d.token = make([]byte, 32)
	rand.Read(d.token)
	dir, err := d.room.Path()
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.NoExecutors, "Cannot make a folder for executors: %v.", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.NoExecutors, "The driver cannot listen: %v", err)
	}
	d.links = shuffle.NewReader(nil, d.token)
	d.staged = exchange.NewStaging(d.links, d.acct.Child("staged rows", d.o.Memory/4), filepath.Join(dir, "staged"))
	d.runner.Reader = d.staged
	d.server = grpc.NewServer(control.ServerOptions()...)
	control.NewServer(d.server, string(d.token), d.accept)
	d.wg.Go(func() { d.server.Serve(l) })
	// Executors keep their temporary files in a folder of the driver's: one that
	// is killed cannot tidy up after itself.
	files := filepath.Join(dir, "executors")
	if err := os.Mkdir(files, 0o700); err != nil {
		return err
	}
	logs := d.o.LogDir
	if logs == "" {
		logs = filepath.Join(dir, "logs")
	}
	manager, err := local.New(local.Options{
		Command: d.o.ExecutorCommand, Driver: l.Addr().String(), Token: d.token, LogDir: logs, Log: d.log,
		Env: []string{"TMPDIR=" + files, "TMP=" + files, "TEMP=" + files},
	})
	if err != nil {
		return err
	}
	d.manager = manager
	d.wg.Go(d.watchManager)
	m := d.o.Master
	return d.manager.SetTarget(context.Background(), map[cluster.Profile]int{{Cores: m.Cores, Memory: int64(m.Memory) << 20}: m.Executors})
}

// Partitions is into how many tasks a stage that reads shuffled rows is best
// divided: 1 where there are no executors.
func (d *Driver) Partitions() int {
	if d.o.Master.Kind == cluster.LocalCluster {
		return d.o.Master.Executors
	}
	return 1
}

// Account is the memory account of this process.
func (d *Driver) Account() *mem.Account { return d.acct }

// Executors lists the process ids of executors by id.
func (d *Driver) Executors() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[string]int{}
	for id, x := range d.execs {
		out[id] = x.pid
	}
	return out
}

func (d *Driver) newJobID() string {
	return "job-" + strconv.FormatInt(d.nextID.Add(1), 10)
}

// send gives the loop an event. It reports false if the loop has ended.
func (d *Driver) send(ev scheduler.Event) bool {
	select {
	case d.events <- ev:
		return true
	case <-d.done:
		return false
	}
}

// loop feeds the scheduler and carries out what it decides.
func (d *Driver) loop(ctx context.Context) {
	defer close(d.done)
	state := scheduler.New(d.o.Limits)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var ev scheduler.Event
		select {
		case <-ctx.Done():
			d.abandon()
			return
		case ev = <-d.events:
		case <-tick.C:
			if d.o.Master.Kind == cluster.Local {
				continue
			}
			ev = scheduler.Tick{}
		}
		for _, a := range state.Step(time.Now(), ev) {
			d.act(a)
		}
	}
}

// abandon ends all jobs when the driver is closed.
func (d *Driver) abandon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.jobs {
		j.finish(appClosed())
	}
}

func (d *Driver) act(a scheduler.Action) {
	switch a := a.(type) {
	case scheduler.Launch:
		d.launch(a)
	case scheduler.Cancel:
		d.tell(a.Executor, &control.Cancel{Attempt: wireAttempt(a.Attempt)})
		if j := d.job(a.Job); j != nil {
			j.stopped(a.Attempt)
		}
	case scheduler.StartRoot:
		if j := d.job(a.Job); j != nil {
			j.startRoot(d.reads(j, j.root(), 0, a.Inputs))
		}
	case scheduler.Located:
		if j := d.job(a.Job); j != nil {
			j.locate(a.Output)
		}
	case scheduler.StopRoot:
		// The root ends by itself when it sees that its job is finished.
	case scheduler.Finish:
		d.finish(a)
	case scheduler.Dismiss:
		d.log.Warn("executor dismissed", "executor", a.ID, "reason", a.Reason)
		d.tell(a.ID, &control.Stop{Reason: a.Reason})
		if d.manager != nil {
			if err := d.manager.Kill(context.Background(), a.ID); err != nil {
				d.log.Warn("cannot stop an executor", "executor", a.ID, "error", err)
			}
		}
	}
}

func (d *Driver) finish(a scheduler.Finish) {
	d.mu.Lock()
	j := d.jobs[a.Job]
	delete(d.jobs, a.Job)
	links := make([]*link, 0, len(d.execs))
	for _, x := range d.execs {
		links = append(links, x)
	}
	d.mu.Unlock()
	if j == nil {
		return
	}
	j.finish(a.Err)
	if len(j.job.Stages) > 1 {
		for _, x := range links {
			x.post(&control.DropJob{Job: a.Job})
		}
	}
}

func (d *Driver) job(id string) *job {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.jobs[id]
}

func (d *Driver) tell(id string, m control.Message) {
	d.mu.Lock()
	x := d.execs[id]
	d.mu.Unlock()
	if x != nil {
		x.post(m)
	}
}

// launch sends an attempt to its executor.
func (d *Driver) launch(a scheduler.Launch) {
	j := d.job(a.Job)
	if j == nil {
		return
	}
	t := j.tasks[a.Stage][a.Partition]
	t.Attempt = a.Attempt.Attempt
	t.Reads = d.reads(j, j.job.Stages[a.Stage], a.Partition, a.Inputs)
	body, err := t.Encode()
	if err != nil {
		// Not from here: the loop must not wait for itself.
		go d.send(scheduler.TaskFailed{Attempt: a.Attempt, Err: err})
		return
	}
	j.started(a.Attempt)
	d.tell(a.Executor, &control.Launch{Attempt: wireAttempt(a.Attempt), Task: body})
}

// Close ends all jobs and executors and waits for them.
func (d *Driver) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	links := make([]*link, 0, len(d.execs))
	for _, x := range d.execs {
		links = append(links, x)
	}
	d.mu.Unlock()
	d.stop()
	<-d.done
	for _, x := range links {
		x.post(&control.Stop{Reason: "the application is over"})
	}
	return d.tearDown()
}

// tearDown ends executors and what serves them. The loop has ended or never begun.
func (d *Driver) tearDown() (err error) {
	if d.manager != nil {
		err = d.manager.Close()
	}
	if d.server != nil {
		d.server.Stop()
	}
	d.wg.Wait()
	if d.staged != nil {
		d.staged.Close()
		d.links.Close()
	}
	return errors.Join(err, d.room.Close())
}

func wireAttempt(a scheduler.Attempt) control.Attempt {
	return control.Attempt{Job: a.Job, Stage: a.Stage, Partition: a.Partition, Attempt: a.Attempt}
}

func attemptName(a scheduler.Attempt) string {
	return fmt.Sprintf("stage %d task %d attempt %d", a.Stage, a.Partition, a.Attempt)
}

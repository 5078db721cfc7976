// Package executor is the process that runs tasks: it registers with the
// driver, runs what it is told to with the threads and memory it has, keeps the
// outputs of its tasks and serves them to other executors.
package executor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/flight/shuffle"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/stage"
)

// Options say what an executor is.
type Options struct {
	ID string
	// Driver is the host:port of the control service, Token the application's secret.
	Driver string
	Token  []byte
	// Cores is how many threads run a task; one task runs at a time. Memory is
	// the bytes tasks may reserve, 0 for no limit.
	Cores  int
	Memory int64
	// Host is the address the shuffle server listens at.
	Host string
	// Advertise, if not nil, returns the host:port at which others reach the
	// shuffle server for the one it listens at.
	Advertise func(addr string) string
	// StoreMemory is how many bytes of outputs are kept in memory; 0: half of
	// Memory. What does not fit is on disk.
	StoreMemory int64
	Log         *slog.Logger
}

// heartbeat is how often an executor says that it is alive, unless the driver says.
const heartbeat = 2 * time.Second

// Run is an executor's life: it returns nil when the driver stops it, and an
// error if it never got to work or lost the driver.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "volley-"+o.ID+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	acct := mem.NewAccount(o.ID, o.Memory)
	if o.StoreMemory == 0 {
		o.StoreMemory = o.Memory / 2
	}
	store := exchange.NewLocalStore(acct.Child("shuffle store", o.StoreMemory), filepath.Join(dir, "store"))
	defer store.Close()
	reader := shuffle.NewReader(store, o.Token)
	defer reader.Close()

	l, err := net.Listen("tcp", net.JoinHostPort(o.Host, "0"))
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.ExecutorLost, "The shuffle server cannot listen: %v", err)
	}
	g := grpc.NewServer(shuffle.ServerOptions()...)
	shuffle.NewServer(g, store, o.ID, o.Token)
	var wg sync.WaitGroup
	wg.Go(func() { g.Serve(l) })
	defer wg.Wait()
	defer g.Stop()

	conn, hangUp, err := control.Dial(ctx, o.Driver, string(o.Token))
	if err != nil {
		return err
	}
	defer hangUp()
	e := &executor{
		o: o, conn: conn, store: store, local: reader, running: map[control.Attempt]*attempt{},
		runner: &Runner{Threads: o.Cores, Account: acct, Reader: &ownReader{reader, o.ID}, Store: store, SpillDir: func() (string, error) { return dir, nil }},
	}
	addr := l.Addr().String()
	if o.Advertise != nil {
		addr = o.Advertise(addr)
	}
	return e.serve(ctx, cancel, addr)
}

// ownReader reads this executor's outputs from its store instead of from its server.
type ownReader struct {
	*shuffle.Reader
	id string
}

// Read implements exchange.Reader.
func (r *ownReader) Read(ctx context.Context, l exchange.Location) iter.Seq2[[]byte, error] {
	if l.Executor == r.id {
		l.Address = ""
	}
	return r.Reader.Read(ctx, l)
}

type executor struct {
	o      Options
	conn   *control.Conn
	store  exchange.Store
	runner *Runner

	results *results // nil: it gives none to clients
	local   exchange.Reader

	mu      sync.Mutex
	running map[control.Attempt]*attempt
	wg      sync.WaitGroup
}

type attempt struct {
	cancel context.CancelCauseFunc
	task   *exec.Task
}

func (e *executor) serve(ctx context.Context, cancel context.CancelFunc, addr string) error {
	if err := e.conn.Send(&control.Register{
		Protocol: control.Protocol, ID: e.o.ID, Host: e.o.Host, Addr: addr, Slots: 1, Threads: int32(e.o.Cores), PID: int64(os.Getpid()),
	}); err != nil {
		return err
	}
	m, err := e.conn.Recv()
	if err != nil {
		return sqlerr.Wrap(err, sqlerr.ExecutorLost, "The driver did not answer: %v", err)
	}
	w, ok := m.(*control.Welcome)
	if !ok || w.Refused != "" {
		return sqlerr.New(sqlerr.ExecutorLost, "The driver refused executor %s: %+v", e.o.ID, m)
	}
	every := time.Duration(w.Heartbeat)
	if every <= 0 {
		every = heartbeat
	}
	defer e.wg.Wait()
	defer cancel()
	defer func() { e.results.close() }()
	e.wg.Go(func() { e.beat(ctx, every) })
	for {
		m, err := e.conn.Recv()
		if err != nil {
			return sqlerr.Wrap(err, sqlerr.ExecutorLost, "The link to the driver broke: %v", err)
		}
		switch m := m.(type) {
		case *control.Launch:
			e.launch(ctx, m)
		case *control.Cancel:
			e.mu.Lock()
			if a := e.running[m.Attempt]; a != nil {
				a.cancel(sqlerr.New(sqlerr.Cancelled, "The driver cancelled the task."))
			}
			e.mu.Unlock()
		case *control.ServeResults:
			e.serveResults(m)
		case *control.LoginResult:
			e.results.judged(m)
		case *control.DropJob:
			e.store.Drop(m.Job)
		case *control.Stop:
			e.o.Log.Info("stopped by the driver", "reason", m.Reason)
			return nil
		}
	}
}

// beat sends heartbeats until the context ends.
func (e *executor) beat(ctx context.Context, every time.Duration) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := e.conn.Send(e.status()); err != nil {
				return // the link is gone, which Recv sees too
			}
		}
	}
}

func (e *executor) status() *control.Heartbeat {
	h := &control.Heartbeat{Memory: e.runner.Account.Used()}
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, a := range e.running {
		if a.task != nil {
			p := control.Progress{Attempt: id}
			p.Rows, p.Bytes = scanned(a.task)
			h.Progress = append(h.Progress, p)
		}
	}
	return h
}

func (e *executor) launch(ctx context.Context, m *control.Launch) {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &attempt{cancel: cancel}
	e.mu.Lock()
	e.running[m.Attempt] = a
	e.mu.Unlock()
	e.wg.Go(func() {
		defer cancel(nil)
		report := e.run(ctx, m, a)
		e.mu.Lock()
		delete(e.running, m.Attempt)
		e.mu.Unlock()
		if err := e.conn.Send(report); err != nil {
			e.o.Log.Warn("a report did not reach the driver", "attempt", m.Attempt, "error", err)
		}
	})
}

func (e *executor) run(ctx context.Context, m *control.Launch, a *attempt) (r *control.Report) {
	r = &control.Report{Attempt: m.Attempt}
	fail := func(err error) {
		r.Failure = FailureOf(err)
		if r.Failure.Task == "" {
			r.Failure.Task = fmt.Sprintf("stage %d task %d attempt %d on %s", m.Attempt.Stage, m.Attempt.Partition, m.Attempt.Attempt, e.o.ID)
		}
	}
	defer func() {
		if p := recover(); p != nil {
			fail(sqlerr.New(sqlerr.InternalError, "A task failed because of a bug in Volley: %v", p))
		}
	}()
	t, err := stage.DecodeTask(m.Task)
	if err != nil {
		fail(err)
		return r
	}
	var built *exec.Task
	stats, err := e.runner.Run(ctx, &t, func(b *exec.Task) {
		built = b
		e.mu.Lock()
		a.task = b
		e.mu.Unlock()
	})
	if err != nil {
		fail(err)
		return r
	}
	r.Rows, r.Bytes, r.Digest = stats.Rows, stats.Bytes, stats.Digest
	for _, k := range stats.Marks {
		r.Marks = append(r.Marks, control.Mark(k))
	}
	r.Nodes = NodeStats(built)
	return r
}

// FailureOf describes an error for the driver, lost outputs included.
func FailureOf(err error) *control.Failure {
	f := control.FailureOf(err)
	var lost *exchange.Lost
	if errors.As(err, &lost) {
		for _, l := range lost.Locations {
			f.Lost = append(f.Lost, control.Output{
				Attempt: control.Attempt{Job: l.Job, Stage: l.Stage, Partition: l.Partition, Attempt: l.Attempt}, Executor: l.Executor,
			})
		}
	}
	return f
}

func taskName(t *stage.Task) string {
	return fmt.Sprintf("stage %d task %d attempt %d", t.Stage, t.Partition, t.Attempt)
}

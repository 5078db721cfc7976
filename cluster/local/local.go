// Package local runs executors as processes of this machine: the cluster
// manager behind local-cluster[E,C,M]. A process that ends is replaced, as
// long as the application wants as many and those before it did not all end at once.
package local

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Options say how to start executors.
type Options struct {
	// Command is the program and its arguments that become an executor when
	// the flags of Args follow: the binary's own "executor" subcommand.
	Command []string
	Env     []string
	// Driver is the host:port of the control service, Token the application's secret.
	Driver string
	Token  []byte
	// LogDir is where each executor's output goes, a file for each, which stay;
	// empty: a folder of the manager's that goes with it.
	LogDir string
	Log    *slog.Logger
}

// Manager is a cluster.Manager of processes.
type Manager struct {
	o      Options
	out    *outbox
	ownLog bool

	mu     sync.Mutex
	want   map[cluster.Profile]int
	next   int
	procs  map[string]*process
	ended  int // in a row, by themselves before they ran for long
	closed bool
	wg     sync.WaitGroup
}

var _ cluster.Manager = (*Manager)(nil)

// maxRestarts is how many executors may end within a few seconds of their
// start, in a row, before the manager gives up replacing them.
const maxRestarts = 10

// quick is how soon after its start an executor's end counts.
const quick = 5 * time.Second

// stopGrace is how long an executor that is told to end has to do so.
const stopGrace = time.Second

// New returns a manager without executors.
func New(o Options) (*Manager, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m := &Manager{o: o, want: map[cluster.Profile]int{}, procs: map[string]*process{}}
	var err error
	if o.LogDir == "" {
		m.ownLog = true
		m.o.LogDir, err = os.MkdirTemp("", "volley-logs-")
	} else {
		err = os.MkdirAll(o.LogDir, 0o700)
	}
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.NoExecutors, "Cannot make a folder for the logs of executors: %v.", err)
	}
	m.out = newOutbox()
	return m, nil
}

// Events implements cluster.Manager.
func (m *Manager) Events() <-chan cluster.Event { return m.out.events }

// SetTarget implements cluster.Manager.
func (m *Manager) SetTarget(_ context.Context, want map[cluster.Profile]int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return sqlerr.New(sqlerr.Cancelled, "The cluster is closed.")
	}
	m.want = map[cluster.Profile]int{}
	for p, n := range want {
		m.want[p] = max(n, 0)
	}
	return m.settle()
}

// settle starts and stops processes until there are as many as wanted. m.mu is held.
func (m *Manager) settle() error {
	if m.closed {
		return nil
	}
	have := map[cluster.Profile][]*process{}
	for _, p := range m.procs {
		if !p.leaving && !p.stopping {
			have[p.profile] = append(have[p.profile], p)
		}
	}
	for profile, ps := range have {
		slices.SortFunc(ps, func(a, b *process) int { return a.number - b.number })
		for len(ps) > m.want[profile] {
			ps[len(ps)-1].stop(m, stopGrace)
			ps = ps[:len(ps)-1]
		}
	}
	for profile, n := range m.want {
		for k := len(have[profile]); k < n && m.ended < maxRestarts; k++ {
			if err := m.start(profile); err != nil {
				return err
			}
		}
	}
	return nil
}

// start starts a process. m.mu is held.
func (m *Manager) start(profile cluster.Profile) error {
	p := &process{id: fmt.Sprintf("executor-%d", m.next), number: m.next, profile: profile, started: time.Now(), gone: make(chan struct{}), oom: oomKills()}
	m.next++
	p.log = m.logFile(p.id)
	l := cluster.Launch{ID: p.id, Driver: m.o.Driver, Profile: profile}
	p.cmd = exec.Command(m.o.Command[0], append(append([]string(nil), m.o.Command[1:]...), Args(l)...)...)
	p.cmd.Env = append(os.Environ(), m.o.Env...)
	detach(p.cmd)
	if err := p.launch(m.o.Token); err != nil {
		return sqlerr.Wrap(err, sqlerr.NoExecutors, "Cannot start an executor: %v.", err)
	}
	m.procs[p.id] = p
	m.out.put(cluster.Event{Executor: p.id, State: cluster.Starting})
	m.out.put(cluster.Event{Executor: p.id, State: cluster.Running})
	m.wg.Go(func() { m.wait(p) })
	return nil
}

// wait reports a process's end and replaces it.
func (m *Manager) wait(p *process) {
	err := p.cmd.Wait()
	p.in.Close()
	close(p.gone)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.procs, p.id)
	ev := p.end(err)
	asked := p.stopping || p.leaving
	switch {
	case asked:
	case time.Since(p.started) >= quick:
		m.ended = 0
	case ev.Fault || err == nil:
		m.ended++
	}
	m.out.put(ev)
	if m.closed {
		return
	}
	if m.ended == maxRestarts && !asked {
		m.out.put(cluster.Event{
			State: cluster.GaveUp, Fault: true,
			Reason: fmt.Sprintf("%d executors ended as soon as they were started; the last: %s", maxRestarts, ev.Reason),
		})
	}
	if err := m.settle(); err != nil {
		m.o.Log.Error("cannot replace an executor", "error", err)
	}
}

// Kill implements cluster.Manager.
func (m *Manager) Kill(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.procs[id]; p != nil {
		return p.kill()
	}
	return nil
}

// Decommission implements cluster.Manager.
func (m *Manager) Decommission(_ context.Context, id string, grace time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.procs[id]
	if p == nil || p.leaving || p.stopping {
		return nil
	}
	p.leaving = true
	m.out.put(cluster.Event{Executor: id, State: cluster.Leaving, Reason: "it is decommissioned"})
	m.wg.Go(func() {
		select {
		case <-p.gone:
		case <-time.After(grace):
			p.kill()
		}
	})
	return m.settle()
}

// Logs implements cluster.Manager.
func (m *Manager) Logs(_ context.Context, id string, tail int64) (io.ReadCloser, error) {
	f, err := os.Open(m.logFile(id))
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.NoExecutors, "There is no log of executor %s.", id)
	}
	if st, err := f.Stat(); err == nil && tail >= 0 && st.Size() > tail {
		_, _ = f.Seek(-tail, io.SeekEnd)
	}
	return f, nil
}

// PIDs lists the processes by executor, for tests that kill them.
func (m *Manager) PIDs() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for id, p := range m.procs {
		out[id] = p.cmd.Process.Pid
	}
	return out
}

// Close implements cluster.Manager.
func (m *Manager) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	for _, p := range m.procs {
		p.stop(m, stopGrace)
	}
	m.mu.Unlock()
	m.wg.Wait()
	m.out.close()
	if m.ownLog {
		return os.RemoveAll(m.o.LogDir)
	}
	return nil
}

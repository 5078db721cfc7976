// Package local runs executors as processes of this machine: the cluster
// manager behind local-cluster[E,C,M]. A process that ends is replaced, as
// long as the application wants as many.
package local

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
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
	// Cores and Memory (bytes) are of each executor.
	Cores  int
	Memory int64
	Log    *slog.Logger
}

// Manager is a cluster.Manager of processes.
type Manager struct {
	o      Options
	events chan cluster.Event

	mu     sync.Mutex
	target int
	next   int
	procs  map[string]*exec.Cmd
	ended  int // in a row, by themselves before they ran for long
	closed bool
	wg     sync.WaitGroup
}

// maxRestarts is how many executors may end within a few seconds of their
// start, in a row, before the manager gives up replacing them.
const maxRestarts = 10

// quick is how soon after its start an executor's end counts.
const quick = 5 * time.Second

// New returns a manager without executors.
func New(o Options) *Manager {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Manager{o: o, events: make(chan cluster.Event, 64), procs: map[string]*exec.Cmd{}}
}

// Args are the flags an executor process is started with. The token comes on
// standard input, since command lines can be read by everyone; the process
// must leave when its standard input ends, which it does with the driver.
func Args(l cluster.Launch) []string {
	return []string{
		"--id", l.ID, "--driver", l.Driver, "--cores", strconv.Itoa(l.Cores), "--memory", strconv.FormatInt(l.Memory, 10),
	}
}

// ReadToken reads the token an executor is given on its standard input.
func ReadToken(r io.Reader) ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("no token on standard input: %w", err)
	}
	return base64.StdEncoding.DecodeString(line[:len(line)-1])
}

// Events implements cluster.Manager.
func (m *Manager) Events() <-chan cluster.Event { return m.events }

// SetTarget implements cluster.Manager.
func (m *Manager) SetTarget(_ context.Context, n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return sqlerr.New(sqlerr.Cancelled, "The cluster is closed.")
	}
	m.target = n
	return m.fill()
}

// fill starts processes up to the target. m.mu is held.
func (m *Manager) fill() error {
	for !m.closed && len(m.procs) < m.target && m.ended < maxRestarts {
		if err := m.start(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manager) start() error {
	id := fmt.Sprintf("executor-%d", m.next)
	m.next++
	args := append(append([]string(nil), m.o.Command[1:]...), Args(cluster.Launch{ID: id, Driver: m.o.Driver, Cores: m.o.Cores, Memory: m.o.Memory})...)
	cmd := exec.Command(m.o.Command[0], args...)
	cmd.Env = append(os.Environ(), m.o.Env...)
	cmd.Stderr = os.Stderr
	detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return sqlerr.Wrap(err, sqlerr.NoExecutors, "Cannot start an executor: %v.", err)
	}
	if _, err := fmt.Fprintln(in, base64.StdEncoding.EncodeToString(m.o.Token)); err != nil {
		m.o.Log.Warn("an executor did not take its token", "executor", id, "error", err)
	}
	m.procs[id] = cmd
	m.wg.Go(func() { m.wait(id, cmd, in, time.Now()) })
	return nil
}

// wait reports a process's end and replaces it.
func (m *Manager) wait(id string, cmd *exec.Cmd, in io.Closer, started time.Time) {
	m.events <- cluster.Event{Executor: id, State: cluster.Running}
	err := cmd.Wait()
	in.Close()
	m.mu.Lock()
	delete(m.procs, id)
	closed := m.closed
	var exit *exec.ExitError
	// A kill from outside is not the application's fault, a crash is.
	fault := errors.As(err, &exit) && exit.Exited()
	switch {
	case time.Since(started) >= quick:
		m.ended = 0
	case fault || err == nil:
		m.ended++
	}
	over := m.ended >= maxRestarts
	if ferr := m.fill(); ferr != nil {
		m.o.Log.Error("cannot replace an executor", "error", ferr)
	}
	m.mu.Unlock()
	ev := cluster.Event{Executor: id, Fault: fault, State: cluster.Exited, ExitCode: cmd.ProcessState.ExitCode(), Reason: "the process ended"}
	if exit != nil {
		ev.Reason = "the process ended: " + exit.String()
	}
	if !closed {
		m.events <- ev
		if over {
			m.events <- cluster.Event{State: cluster.GaveUp, Reason: fmt.Sprintf("%d executors ended as soon as they were started; %s", maxRestarts, ev.Reason), Fault: true}
		}
	}
}

// Kill implements cluster.Manager.
func (m *Manager) Kill(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if cmd := m.procs[id]; cmd != nil {
		return cmd.Process.Kill()
	}
	return nil
}

// PIDs lists the processes by executor, for tests that kill them.
func (m *Manager) PIDs() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for id, cmd := range m.procs {
		out[id] = cmd.Process.Pid
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
	for _, cmd := range m.procs {
		cmd.Process.Kill()
	}
	m.mu.Unlock()
	// wait may be blocked on events that nobody takes any more.
	done := make(chan struct{})
	go func() { m.wg.Wait(); close(done) }()
	for {
		select {
		case <-m.events:
		case <-done:
			close(m.events)
			return nil
		}
	}
}

// Package cluster says what an application's executors are to it: where they
// come from (a Manager), how many are wanted, and what becomes of them. The
// driver is in cluster/driver, the executor in cluster/executor, one manager a
// package beside them; cluster/clustertest is the suite that all of them pass.
package cluster

import (
	"context"
	"io"
	"time"
)

// Profile is a kind of executor.
type Profile struct {
	// Cores is the number of threads, Memory the bytes tasks may reserve.
	Cores  int
	Memory int64
}

// Manager gives an application room for executors. It knows nothing of
// queries. Executors announce themselves to the driver; Events tells only
// what the platform knows. Implementations are safe for concurrent use.
type Manager interface {
	// SetTarget asks for so many executors of each profile: absolute numbers,
	// so that asking twice changes nothing; a profile that is not named is
	// wanted no more. It returns at once; executors come and go later. Those
	// that are too many are stopped, the youngest first.
	SetTarget(ctx context.Context, want map[Profile]int) error
	// Kill stops one executor at once. It does not lower the target, so another
	// will take its place. An executor that is not there is no error.
	Kill(ctx context.Context, id string) error
	// Decommission takes an executor's place away: it is told, may finish what
	// it does, and is stopped after grace. A replacement is started at once.
	Decommission(ctx context.Context, id string, grace time.Duration) error
	// Logs is the end of what an executor wrote, at most tail bytes, also after
	// its end and until Close.
	Logs(ctx context.Context, id string, tail int64) (io.ReadCloser, error)
	// Events reports what happens to executors, in order for each, until Close.
	Events() <-chan Event
	// Close stops all executors, waits for them to be gone, and closes Events.
	Close() error
}

// Event is something the platform knows of an executor.
type Event struct {
	Executor string
	State    State
	Reason   string
	ExitCode int
	// Fault is whether the application is to blame. It is false for the loss of
	// a node, preemption, decommission and the like, which do not count as task failures.
	Fault bool
	At    time.Time
}

// State is how far an executor is. It only ever grows.
type State uint8

// The states, in order.
const (
	Starting State = iota
	Running
	// Leaving: the platform takes the executor's place away soon; no task should be given to it.
	Leaving
	Exited
	// GaveUp says that no executor will be started any more, because those that
	// were ended at once; it concerns all executors.
	GaveUp
)

func (s State) String() string {
	return [...]string{"starting", "running", "leaving", "exited", "gave up"}[s]
}

// Launch is what a process needs to become an executor.
type Launch struct {
	ID      string
	Driver  string // host:port of the control service
	Profile Profile
}

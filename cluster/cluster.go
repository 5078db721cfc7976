// Package cluster says what an application's executors are to it: where they
// come from (a Manager), how many are wanted, and what becomes of them. The
// driver is in cluster/driver, the executor in cluster/executor, one manager a
// package beside them.
package cluster

import (
	"context"
	"regexp"
	"runtime"
	"strconv"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Manager gives an application room for executors. It knows nothing of
// queries. Executors announce themselves to the driver; Events tells only
// what the platform knows. Implementations are safe for concurrent use.
type Manager interface {
	// SetTarget asks for n executors, an absolute number. It returns at once;
	// executors come and go later.
	SetTarget(ctx context.Context, n int) error
	// Kill stops one executor. It does not lower the target, so another will take its place.
	Kill(ctx context.Context, id string) error
	// Events reports what happens to executors until Close.
	Events() <-chan Event
	// Close stops all executors and waits for them to be gone.
	Close() error
}

// Event is something the platform knows of an executor.
type Event struct {
	Executor string
	State    State
	Reason   string
	ExitCode int
	// Fault is whether the application is to blame. It is false for the loss of
	// a node, preemption and the like, which never count as task failures.
	Fault bool
}

// State is how far an executor's process is.
type State uint8

// The states, in order.
const (
	Starting State = iota
	Running
	Exited
	// GaveUp says that no executor will be started any more, because those that
	// were ended at once; it concerns all executors.
	GaveUp
)

// Launch is what a process needs to become an executor.
type Launch struct {
	ID     string
	Driver string // host:port of the control service
	// Cores is the number of threads, Memory the bytes tasks may reserve.
	Cores  int
	Memory int64
}

// Master is a parsed --master.
type Master struct {
	Kind MasterKind
	// Executors, Cores and Memory (MiB) are those of local-cluster; Cores is also the N of local[N].
	Executors, Cores, Memory int
}

// MasterKind is a kind of cluster.
type MasterKind uint8

// The kinds: all in this process, or executors as processes of this machine.
const (
	Local MasterKind = iota
	LocalCluster
)

var (
	localForm   = regexp.MustCompile(`^local(?:\[(\d+|\*)(?:,\s*\d+)?\])?$`)
	clusterForm = regexp.MustCompile(`^local-cluster\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]$`)
)

// ParseMaster reads a master URL: local, local[N], local[*] or local-cluster[E,C,M].
func ParseMaster(s string) (Master, error) {
	if m := localForm.FindStringSubmatch(s); m != nil {
		switch m[1] {
		case "":
			return Master{Cores: 1}, nil
		case "*":
			return Master{Cores: runtime.GOMAXPROCS(0)}, nil
		}
		n, err := strconv.Atoi(m[1])
		if err == nil && n > 0 && n <= 4096 {
			return Master{Cores: n}, nil
		}
	}
	if m := clusterForm.FindStringSubmatch(s); m != nil {
		e, _ := strconv.Atoi(m[1])
		c, _ := strconv.Atoi(m[2])
		mib, _ := strconv.Atoi(m[3])
		if e > 0 && e <= 1024 && c > 0 && c <= 4096 && mib > 0 && mib < 1<<24 {
			return Master{Kind: LocalCluster, Executors: e, Cores: c, Memory: mib}, nil
		}
	}
	return Master{}, sqlerr.New(sqlerr.InvalidParameterValue, "%q is not a master URL that is known here.", s).
		WithHint("Use local, local[N], local[*] or local-cluster[EXECUTORS,CORES,MIB].")
}

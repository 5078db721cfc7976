// Package scheduler decides which task runs where, and what happens when
// something fails. It is a pure state machine: Step takes the time and an
// event and returns actions; it has no clock, no goroutine and does no I/O. The
// driver (cluster/driver) feeds it events and carries out its actions.
//
//	executors, jobs, task reports ──► events ──► Step ──► actions ──► launch, cancel, job done
//
// A job is a graph of stages. A stage may start when every task of the stages
// it reads has an output on a living executor. Outputs are committed as a whole
// or not at all, so a task may run any number of times and one attempt's output
// counts. The last stage of a job (the root) runs in the driver, which starts it
// when StartRoot says that its inputs are there.
//
// What is retried: a task whose executor the platform took away, nearly as often
// as needed; a task that failed for a transient reason, or whose executor crashed,
// up to MaxTaskFailures times, on another executor if there is one; a stage whose
// outputs cannot be read, up to MaxStageAttempts times. Errors of the user, of
// resources and bugs end the job at once: they would happen again.
//
// A task that runs again may give other rows than before if its stage is
// Unsteady. Where that shows (by the digest of its output), whoever has read the
// old output runs again too, and so on downwards, so that rows of two
// attempts never meet. Rows that the root has passed on cannot be taken back:
// then the job ends with an error.
package scheduler

import (
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Limits are the scheduler's settings. Zero fields take the defaults of DefaultLimits.
type Limits struct {
	// MaxTaskFailures is how often one task may fail before its job does.
	MaxTaskFailures int
	// MaxStageAttempts is how often outputs that cannot be read, or are lost
	// with an executor that crashed, may send a stage back.
	MaxStageAttempts int
	// MaxLosses is how often one task, or one stage for its outputs, may lose an
	// executor that is nobody's fault. It only ends what would go on for ever.
	MaxLosses int
	// HeartbeatTimeout is how long an executor may be silent.
	HeartbeatTimeout time.Duration
	// StartTimeout is how long a job waits while there is no executor at all.
	StartTimeout time.Duration
}

// DefaultLimits are Spark's where it has them.
var DefaultLimits = Limits{MaxTaskFailures: 4, MaxStageAttempts: 4, MaxLosses: 32, HeartbeatTimeout: 120 * time.Second, StartTimeout: 60 * time.Second}

// TaskID names a task; Attempt tells its runs apart.
type TaskID struct {
	Job              string
	Stage, Partition int32
}

// Attempt is one run of a task on an executor.
type Attempt struct {
	TaskID
	Attempt  int32
	Executor string
}

// Job is a graph of stages in topological order; the last one is the root.
type Job struct {
	ID     string
	Stages []Stage
}

// Stage is Tasks tasks of one plan. Inputs are ids of stages it reads, each
// once; Twice lists those of them that its plan reads in several places.
type Stage struct {
	ID            int32
	Tasks         int
	Inputs, Twice []int32
	// Unsteady says that a task that runs again may give other rows.
	Unsteady bool
}

// Event is something that happened. The events are the types below.
type Event interface{ event() }

type (
	// ExecutorAdded says that an executor registered with so many task slots.
	ExecutorAdded struct {
		ID, Host string
		Slots    int
	}
	// ExecutorLost says that an executor is gone. Fault is whether the
	// application is to blame (it crashed), rather than the platform.
	ExecutorLost struct {
		ID, Reason string
		Fault      bool
	}
	// ExecutorLeaving says that an executor's place will be taken away: it gets
	// no more tasks, and is dismissed when nothing needs it any more.
	ExecutorLeaving struct{ ID string }
	// NoMoreExecutors says that nobody starts executors any more, and why.
	NoMoreExecutors struct{ Reason string }
	// Heartbeat says that an executor is alive.
	Heartbeat struct{ ID string }
	// JobSubmitted starts a job, JobCancelled ends one early.
	JobSubmitted struct{ Job Job }
	JobCancelled struct {
		ID     string
		Reason error
	}
	// TaskFinished says that an attempt committed its output. Outputs of equal
	// Digest are equal.
	TaskFinished struct {
		Attempt
		Digest uint64
	}
	// TaskFailed says that an attempt ended without output. Lost lists outputs
	// it could not read.
	TaskFailed struct {
		Attempt
		Err  error
		Lost []Output
	}
	// RootFinished and RootFailed report the end of the stage that runs in the
	// driver, RootLost that it waits for outputs it could not read: it goes on when
	// they are Located anew, since what it has passed on cannot be taken back.
	RootFinished struct{ Job string }
	RootFailed   struct {
		Job string
		Err error
	}
	RootLost struct {
		Job  string
		Lost []Output
		Err  error
	}
	// Tick lets time pass; the driver sends one every second or so.
	Tick struct{}
)

// Output is the committed output of one attempt.
type Output struct {
	Stage, Partition, Attempt int32
	Executor                  string
}

// Action is something the driver must do. The actions are the types below.
type Action interface{ action() }

type (
	// Launch runs an attempt; Inputs holds, by upstream stage, where each of
	// its tasks' outputs is.
	Launch struct {
		Attempt
		Inputs map[int32][]Output
	}
	// Cancel stops an attempt; reports of it are ignored from now on.
	Cancel struct{ Attempt }
	// StartRoot runs the last stage in the driver, once a job.
	StartRoot struct {
		Job    string
		Inputs map[int32][]Output
	}
	// Located tells the running root that an output it reads was made again.
	Located struct {
		Job string
		Output
	}
	// StopRoot stops the last stage in the driver.
	StopRoot struct{ Job string }
	// Finish says that a job is over: Err is nil if it succeeded. Its outputs may be dropped.
	Finish struct {
		Job string
		Err error
	}
	// Dismiss says that an executor is no longer trusted and must be stopped.
	Dismiss struct{ ID, Reason string }
)

func (ExecutorAdded) event() {}
func (ExecutorLost) event()  {}
func (Heartbeat) event()     {}

func (ExecutorLeaving) event() {}
func (NoMoreExecutors) event() {}
func (JobSubmitted) event()    {}
func (JobCancelled) event()    {}
func (TaskFinished) event()    {}
func (TaskFailed) event()      {}
func (RootFinished) event()    {}
func (RootFailed) event()      {}
func (RootLost) event()        {}
func (Tick) event()            {}

func (Launch) action()    {}
func (Cancel) action()    {}
func (StartRoot) action() {}
func (Located) action()   {}
func (StopRoot) action()  {}
func (Finish) action()    {}
func (Dismiss) action()   {}

// State is all the scheduler knows. Use New; it is not safe for concurrent use.
type State struct {
	limits    Limits
	executors map[string]*executor
	order     []string // executors by time of registration: choices must not depend on map order
	jobs      map[string]*job
	queue     []*job // in order of submission
	actions   []Action
	now       time.Time
	// without is since when there has been no executor.
	without time.Time
	leaving bool // some executor is
	// hopeless is why no executor will come any more.
	hopeless string
}

// New returns the state of a cluster without executors and jobs.
func New(l Limits) *State {
	d := DefaultLimits
	if l.MaxTaskFailures > 0 {
		d.MaxTaskFailures = l.MaxTaskFailures
	}
	if l.MaxStageAttempts > 0 {
		d.MaxStageAttempts = l.MaxStageAttempts
	}
	if l.MaxLosses > 0 {
		d.MaxLosses = l.MaxLosses
	}
	if l.HeartbeatTimeout > 0 {
		d.HeartbeatTimeout = l.HeartbeatTimeout
	}
	if l.StartTimeout > 0 {
		d.StartTimeout = l.StartTimeout
	}
	return &State{limits: d, executors: map[string]*executor{}, jobs: map[string]*job{}}
}

// Step applies one event and returns what is to be done, in order.
func (s *State) Step(now time.Time, ev Event) []Action {
	s.now, s.actions = now, nil
	if s.without.IsZero() && len(s.executors) == 0 {
		s.without = now
	}
	switch e := ev.(type) {
	case ExecutorAdded:
		s.addExecutor(e)
	case ExecutorLost:
		s.loseExecutor(e.ID, e.Reason, e.Fault)
	case ExecutorLeaving:
		if x := s.executors[e.ID]; x != nil {
			x.leaving = true
			s.leaving = true
		}
	case NoMoreExecutors:
		s.hopeless = e.Reason
	case Heartbeat:
		if x := s.executors[e.ID]; x != nil {
			x.seen = now
		}
	case JobSubmitted:
		s.submit(e.Job)
	case JobCancelled:
		if j := s.jobs[e.ID]; j != nil {
			s.end(j, e.Reason)
		}
	case TaskFinished:
		s.taskFinished(e)
	case TaskFailed:
		s.taskFailed(e)
	case RootFinished:
		if j := s.jobs[e.Job]; j != nil {
			j.rootRunning = false
			s.end(j, nil)
		}
	case RootFailed:
		if j := s.jobs[e.Job]; j != nil {
			j.rootRunning = false
			s.end(j, e.Err)
		}
	case RootLost:
		if j := s.jobs[e.Job]; j != nil {
			s.lostOutputs(j, e.Lost, e.Err)
		}
	case Tick:
		s.tick()
	}
	s.despair()
	s.schedule()
	s.letGo()
	return s.actions
}

// despair ends the jobs that need an executor when there is none and none will come.
func (s *State) despair() {
	if s.hopeless == "" || len(s.executors) > 0 {
		return
	}
	for _, j := range append([]*job(nil), s.queue...) {
		if j.waiting() {
			s.end(j, sqlerr.New(sqlerr.NoExecutors, "No executor can be started: %s.", s.hopeless).
				WithHint("See the executors' logs for why they ended."))
		}
	}
}

func (s *State) do(a Action) { s.actions = append(s.actions, a) }

// tick drops executors that have been silent and jobs that wait for the first one in vain.
func (s *State) tick() {
	for _, id := range append([]string(nil), s.order...) {
		if x := s.executors[id]; s.now.Sub(x.seen) > s.limits.HeartbeatTimeout {
			s.do(Dismiss{ID: id, Reason: "no heartbeat for " + s.limits.HeartbeatTimeout.String()})
			s.loseExecutor(id, "no heartbeat", false)
		}
	}
	if len(s.executors) > 0 || s.now.Sub(s.without) < s.limits.StartTimeout {
		return
	}
	for _, j := range append([]*job(nil), s.queue...) {
		if j.waiting() {
			s.end(j, sqlerr.New(sqlerr.NoExecutors, "No executor has been available for %s.", s.limits.StartTimeout).
				WithHint("See the executors' logs for why they ended."))
		}
	}
}

package scheduler

import (
	"slices"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

type executor struct {
	id, host    string
	slots, used int
	seen        time.Time
}

func (s *State) addExecutor(e ExecutorAdded) {
	if s.executors[e.ID] != nil {
		s.do(Dismiss{ID: e.ID, Reason: "an executor of this id is registered already"})
		return
	}
	s.executors[e.ID] = &executor{id: e.ID, host: e.Host, slots: max(1, e.Slots), seen: s.now}
	s.order = append(s.order, e.ID)
	s.without, s.hopeless = time.Time{}, ""
}

func (s *State) free(id string) {
	if x := s.executors[id]; x != nil {
		x.used--
	}
}

// loseExecutor takes an executor out: attempts on it run again elsewhere, and
// so do tasks whose outputs were on it and are still needed.
func (s *State) loseExecutor(id, reason string, fault bool) {
	if s.executors[id] == nil {
		return
	}
	delete(s.executors, id)
	s.order = slices.DeleteFunc(s.order, func(x string) bool { return x == id })
	if len(s.executors) == 0 {
		s.without = s.now
	}
	cause := sqlerr.New(sqlerr.ExecutorLost, "Executor %s is lost: %s.", id, reason)
	for _, j := range append([]*job(nil), s.queue...) {
		s.loseFor(j, id, fault, cause)
	}
}

func (s *State) loseFor(j *job, id string, fault bool, cause *sqlerr.Error) {
	again := map[int32]bool{}
	// Readers before what they read: an output is needed if a reader has lost its own.
	for i := len(j.Stages) - 1; i >= 0; i-- {
		st := j.stages[j.Stages[i].ID]
		needed := j.needed(st)
		for p := range st.tasks {
			t := &st.tasks[p]
			if t.executor != id {
				continue
			}
			switch t.status {
			case running:
				t.status, t.avoid = pending, id
				st.pending++
				if fault {
					if t.failures++; t.failures >= s.limits.MaxTaskFailures {
						s.end(j, sqlerr.Wrap(cause, sqlerr.TaskFailures, "Task %d of stage %d was running on %d executors when they crashed; the last: %v", p, st.ID, t.failures, cause))
						return
					}
				}
			case done:
				if needed {
					t.status, t.avoid = pending, id
					st.done--
					st.pending++
					again[st.ID] = true
				}
			}
		}
	}
	s.restart(j, again, cause)
}

// schedule starts what can start, jobs in order of submission, stages in
// order, tasks spread over the executors with most free slots.
func (s *State) schedule() {
	for _, j := range append([]*job(nil), s.queue...) {
		for i := range j.Stages {
			st := j.stages[j.Stages[i].ID]
			if st.root {
				if !j.rootRunning && j.ready(st) {
					j.rootRunning = true
					s.do(StartRoot{Job: j.ID, Inputs: j.inputs(st)})
				}
				continue
			}
			if st.pending == 0 || !j.ready(st) {
				continue
			}
			// A stage all of whose readers are complete has nothing to do.
			if !j.needed(st) {
				continue
			}
			s.launch(j, st)
		}
	}
}

func (s *State) launch(j *job, st *stage) {
	var inputs map[int32][]Output
	for p := range st.tasks {
		t := &st.tasks[p]
		if t.status != pending {
			continue
		}
		x := s.choose(t.avoid)
		if x == nil {
			return
		}
		if inputs == nil {
			inputs = j.inputs(st)
		}
		x.used++
		t.status, t.executor = running, x.id
		t.attempt++
		st.pending--
		s.do(Launch{Attempt: j.attempt(st, p), Inputs: inputs})
	}
}

// choose returns the executor with most free slots, one other than avoid if
// any has room, nil if none has.
func (s *State) choose(avoid string) *executor {
	var best *executor
	for _, id := range s.order {
		x := s.executors[id]
		if x.used >= x.slots {
			continue
		}
		if best == nil || best.id == avoid || id != avoid && x.slots-x.used > best.slots-best.used {
			best = x
		}
	}
	return best
}

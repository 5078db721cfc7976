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
	leaving     bool // gets no more tasks
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
				if final := s.lostRunning(t, fault, cause, p, st.ID); final != nil {
					s.end(j, final)
					return
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
	s.restart(j, again, fault, cause)
}

// lostRunning counts the loss of an executor for a task that ran there, and
// returns the error that ends the job if that was once too often.
func (s *State) lostRunning(t *task, fault bool, cause *sqlerr.Error, p int, stage int32) error {
	if fault {
		t.failures++
	} else {
		t.losses++
	}
	if t.failures < s.limits.MaxTaskFailures && t.losses < s.limits.MaxLosses {
		return nil
	}
	return sqlerr.Wrap(cause, sqlerr.TaskFailures, "Task %d of stage %d was running on %d executors when they were lost; the last: %v", p, stage, t.failures+t.losses, cause).
		WithHint("If executors are killed for want of memory, give them more of it or fewer cores.")
}

// schedule starts what can start, jobs in order of submission, stages in
// order, tasks spread over the executors with most free slots.
func (s *State) schedule() {
	for _, j := range append([]*job(nil), s.queue...) {
		s.recall(j)
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
		if x.used >= x.slots || x.leaving {
			continue
		}
		if best == nil || best.id == avoid || id != avoid && x.slots-x.used > best.slots-best.used {
			best = x
		}
	}
	return best
}

// letGo dismisses executors that leave, once they run nothing and hold no
// output that is still read.
func (s *State) letGo() {
	if !s.leaving {
		return
	}
	s.leaving = false
	for _, id := range append([]string(nil), s.order...) {
		x := s.executors[id]
		switch {
		case !x.leaving:
		case x.used > 0 || s.holds(id):
			s.leaving = true
		default:
			s.do(Dismiss{ID: id, Reason: "it is leaving and not needed any more"})
			s.loseExecutor(id, "it left", false)
		}
	}
}

// holds reports whether an executor has an output that is still read.
func (s *State) holds(id string) bool {
	for _, j := range s.queue {
		for i := range j.Stages {
			st := j.stages[j.Stages[i].ID]
			if st.done == 0 || !j.needed(st) {
				continue
			}
			for p := range st.tasks {
				if t := &st.tasks[p]; t.status == done && t.executor == id {
					return true
				}
			}
		}
	}
	return false
}

package scheduler

import (
	"slices"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// job is a job on its way.
type job struct {
	Job
	stages      map[int32]*stage
	rootRunning bool
	// sentBack says that tasks were sent back to run again, which may need
	// outputs that were let go when nobody seemed to read them any more.
	sentBack bool
}

// stage is a stage on its way. The root stage has no tasks here.
type stage struct {
	Stage
	root     bool
	tasks    []task
	pending  int // tasks neither done nor running
	done     int // tasks with an output
	restarts int // how often outputs that could not be read sent it back
	losses   int // how often the platform did
	readers  []int32
}

// task is one partition.
type task struct {
	status   status
	attempt  int32 // of the latest run
	executor string
	failures int
	losses   int // executors that the platform took away while it ran there
	// digest is of the output committed last, if committed.
	digest    uint64
	committed bool
	// avoid is the executor on which it failed last.
	avoid string
}

type status uint8

const (
	pending status = iota
	running
	done
)

func (s *State) submit(j Job) {
	if s.jobs[j.ID] != nil || len(j.Stages) == 0 {
		s.do(Finish{Job: j.ID, Err: sqlerr.New(sqlerr.InternalError, "Job %s is known already or has no stages.", j.ID)})
		return
	}
	n := &job{Job: j, stages: map[int32]*stage{}}
	for i, st := range j.Stages {
		x := &stage{Stage: st, root: i == len(j.Stages)-1}
		if !x.root {
			x.tasks = make([]task, st.Tasks)
			x.pending = st.Tasks
			for p := range x.tasks {
				x.tasks[p].attempt = -1
			}
		}
		n.stages[st.ID] = x
		for _, in := range st.Inputs {
			n.stages[in].readers = append(n.stages[in].readers, st.ID)
		}
	}
	s.jobs[j.ID] = n
	s.queue = append(s.queue, n)
}

// ready reports whether all inputs of st are there.
func (j *job) ready(st *stage) bool {
	for _, in := range st.Inputs {
		if up := j.stages[in]; up.done < len(up.tasks) {
			return false
		}
	}
	return true
}

// waiting reports whether the job has tasks that need an executor.
func (j *job) waiting() bool {
	for _, st := range j.stages {
		if st.pending > 0 {
			return true
		}
	}
	return false
}

// recall sends tasks back whose outputs went with their executors unnoticed,
// since all readers were complete, and are read again after all.
func (s *State) recall(j *job) {
	if !j.sentBack {
		return
	}
	j.sentBack = false
	for i := len(j.Stages) - 1; i >= 0; i-- {
		st := j.stages[j.Stages[i].ID]
		if st.done == 0 || !j.needed(st) {
			continue
		}
		for p := range st.tasks {
			if t := &st.tasks[p]; t.status == done && s.executors[t.executor] == nil {
				t.status = pending
				st.done--
				st.pending++
			}
		}
	}
}

// needed reports whether outputs of st will still be read: a stage that reads
// it (or must run again for one that does) is not complete.
func (j *job) needed(st *stage) bool {
	for _, r := range st.readers {
		reader := j.stages[r]
		if reader.root || reader.done < len(reader.tasks) {
			return true
		}
	}
	return false
}

func (j *job) inputs(st *stage) map[int32][]Output {
	if len(st.Inputs) == 0 {
		return nil
	}
	out := make(map[int32][]Output, len(st.Inputs))
	for _, in := range st.Inputs {
		up := j.stages[in]
		for p := range up.tasks {
			t := &up.tasks[p]
			out[in] = append(out[in], Output{Stage: in, Partition: int32(p), Attempt: t.attempt, Executor: t.executor})
		}
	}
	return out
}

// end finishes a job: attempts that run are cancelled, and it is forgotten.
func (s *State) end(j *job, err error) {
	for i := range j.Stages {
		st := j.stages[j.Stages[i].ID]
		for p := range st.tasks {
			if st.tasks[p].status == running {
				a := j.attempt(st, p)
				s.free(a.Executor)
				s.do(Cancel{a})
			}
		}
	}
	if j.rootRunning {
		s.do(StopRoot{Job: j.ID})
	}
	delete(s.jobs, j.ID)
	s.queue = slices.DeleteFunc(s.queue, func(q *job) bool { return q == j })
	s.do(Finish{Job: j.ID, Err: err})
}

func (j *job) attempt(st *stage, p int) Attempt {
	t := &st.tasks[p]
	return Attempt{TaskID: TaskID{Job: j.ID, Stage: st.ID, Partition: int32(p)}, Attempt: t.attempt, Executor: t.executor}
}

// current returns the job, stage and task of an attempt if it is the one that
// is running now; reports of others are late and mean nothing.
func (s *State) current(a Attempt) (*job, *stage, *task) {
	j := s.jobs[a.Job]
	if j == nil {
		return nil, nil, nil
	}
	st := j.stages[a.Stage]
	if st == nil || int(a.Partition) >= len(st.tasks) || a.Partition < 0 {
		return nil, nil, nil
	}
	t := &st.tasks[a.Partition]
	if t.status != running || t.attempt != a.Attempt || t.executor != a.Executor {
		return nil, nil, nil
	}
	return j, st, t
}

func (s *State) taskFinished(e TaskFinished) {
	a := e.Attempt
	j, st, t := s.current(a)
	if t == nil {
		return
	}
	s.free(a.Executor)
	t.status = done
	st.done++
	changed := t.committed && t.digest != e.Digest
	t.committed, t.digest = true, e.Digest
	if changed && st.Unsteady && !s.outdate(j, st) {
		return
	}
	if root := j.stages[j.Stages[len(j.Stages)-1].ID]; j.rootRunning && slices.Contains(root.Inputs, st.ID) {
		s.do(Located{Job: j.ID, Output: Output{Stage: st.ID, Partition: a.Partition, Attempt: a.Attempt, Executor: a.Executor}})
	}
}

// outdate sends back whoever has read outputs of a stage of which one is not
// what it was. It reports false if that ended the job.
func (s *State) outdate(j *job, st *stage) bool {
	for _, id := range st.readers {
		r := j.stages[id]
		if r.root {
			// The root has read each output whole or not at all, and once: it
			// matters only where it read one output in two places, or where others read it.
			if j.rootRunning && (len(st.readers) > 1 || slices.Contains(r.Twice, st.ID)) {
				return s.mixed(j, st)
			}
			continue
		}
		if !s.rerun(j, r) {
			return false
		}
	}
	return true
}

// rerun sends all tasks of a stage back whose input has changed, and its readers.
func (s *State) rerun(j *job, st *stage) bool {
	outdated := false
	j.sentBack = true
	for p := range st.tasks {
		t := &st.tasks[p]
		switch t.status {
		case running:
			a := j.attempt(st, p)
			s.free(a.Executor)
			s.do(Cancel{a})
		case done:
			st.done--
		default:
			outdated = outdated || t.committed
			continue
		}
		outdated = outdated || t.committed
		t.status = pending
		st.pending++
	}
	if !outdated {
		return true
	}
	for _, id := range st.readers {
		r := j.stages[id]
		if r.root {
			if j.rootRunning {
				return s.mixed(j, st)
			}
			continue
		}
		if !s.rerun(j, r) {
			return false
		}
	}
	return true
}

// mixed ends a job whose root may have passed on rows that are outdated.
func (s *State) mixed(j *job, st *stage) bool {
	s.end(j, sqlerr.New(sqlerr.ShuffleLost, "Stage %d ran again after an executor was lost and gave other rows than before, of which some have been returned.", st.ID).
		WithHint("Run the statement again. Its rows depend on chance or on an order that is not given: rand(), LIMIT or a window without a complete ORDER BY, and the like."))
	return false
}

func (s *State) taskFailed(e TaskFailed) {
	j, st, t := s.current(e.Attempt)
	if t == nil {
		return
	}
	s.free(e.Executor)
	t.status = pending
	st.pending++
	if len(e.Lost) > 0 {
		s.lostOutputs(j, e.Lost, e.Err)
		return
	}
	t.failures++
	t.avoid = e.Executor
	if final := s.verdict(e.Err, t.failures); final != nil {
		s.end(j, final)
	}
}

// verdict returns the error that ends the job, or nil if the task may run again.
func (s *State) verdict(err error, failures int) error {
	e := sqlerr.As(err)
	if e == nil || e.Cond.Blame != sqlerr.Transient {
		return err
	}
	if failures < s.limits.MaxTaskFailures {
		return nil
	}
	return sqlerr.Wrap(err, sqlerr.TaskFailures, "A task failed %d times; the last time: %v", failures, err)
}

// lostOutputs sends the tasks whose outputs are gone back to run again.
func (s *State) lostOutputs(j *job, lost []Output, cause error) {
	again := map[int32]bool{}
	for _, o := range lost {
		st := j.stages[o.Stage]
		if st == nil || int(o.Partition) >= len(st.tasks) || o.Partition < 0 {
			continue
		}
		t := &st.tasks[o.Partition]
		if t.status != done || t.attempt != o.Attempt || t.executor != o.Executor {
			continue // run again already
		}
		t.status, t.avoid = pending, o.Executor
		st.done--
		st.pending++
		again[o.Stage] = true
	}
	s.restart(j, again, true, cause)
}

// restart counts stages that were sent back, and ends the job that does not
// get on. What the platform did counts less.
func (s *State) restart(j *job, stages map[int32]bool, fault bool, cause error) {
	j.sentBack = j.sentBack || len(stages) > 0
	for i := range j.Stages {
		st := j.stages[j.Stages[i].ID]
		if !stages[st.ID] {
			continue
		}
		if fault {
			st.restarts++
		} else {
			st.losses++
		}
		if st.restarts >= s.limits.MaxStageAttempts || st.losses >= s.limits.MaxLosses {
			s.end(j, sqlerr.Wrap(cause, sqlerr.TaskFailures, "Stage %d lost outputs %d times; the last time: %v", st.ID, st.restarts+st.losses, cause))
			return
		}
	}
}

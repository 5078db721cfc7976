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
}

// stage is a stage on its way. The root stage has no tasks here.
type stage struct {
	Stage
	root     bool
	tasks    []task
	pending  int // tasks neither done nor running
	done     int // tasks with an output
	restarts int // how often lost outputs sent it back
	readers  []int32
}

// task is one partition.
type task struct {
	status   status
	attempt  int32 // of the latest run
	executor string
	failures int
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

func (s *State) taskFinished(a Attempt) {
	j, st, t := s.current(a)
	if t == nil {
		return
	}
	s.free(a.Executor)
	t.status = done
	st.done++
	if root := j.stages[j.Stages[len(j.Stages)-1].ID]; j.rootRunning && slices.Contains(root.Inputs, st.ID) {
		s.do(Located{Job: j.ID, Output: Output{Stage: st.ID, Partition: a.Partition, Attempt: a.Attempt, Executor: a.Executor}})
	}
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
	s.restart(j, again, cause)
}

// restart counts stages that were sent back, and ends the job that does not get on.
func (s *State) restart(j *job, stages map[int32]bool, cause error) {
	for i := range j.Stages {
		st := j.stages[j.Stages[i].ID]
		if !stages[st.ID] {
			continue
		}
		if st.restarts++; st.restarts >= s.limits.MaxStageAttempts {
			s.end(j, sqlerr.Wrap(cause, sqlerr.TaskFailures, "Stage %d lost outputs %d times; the last time: %v", st.ID, st.restarts, cause))
			return
		}
	}
}

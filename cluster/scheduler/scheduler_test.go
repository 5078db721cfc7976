package scheduler

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

var t0 = time.Unix(1000, 0)

// twoStages is a job whose stage 1 has n tasks and is read by the root.
func twoStages(n int) Job {
	return Job{ID: "j", Stages: []Stage{{ID: 1, Tasks: n}, {ID: 2, Tasks: 1, Inputs: []int32{1}}}}
}

// chain is a job of an unsteady task, whose output two tasks read.
func chain() Job {
	return Job{ID: "j", Stages: []Stage{{ID: 1, Tasks: 1, Unsteady: true}, {ID: 2, Tasks: 2, Inputs: []int32{1}}, {ID: 3, Tasks: 1, Inputs: []int32{2}}}}
}

// script runs events and renders the actions, one string an action.
func script(s *State, evs ...Event) []string {
	var out []string
	for _, ev := range evs {
		for _, a := range s.Step(t0, ev) {
			out = append(out, render(a))
		}
	}
	return out
}

func render(a Action) string {
	switch a := a.(type) {
	case Launch:
		return fmt.Sprintf("launch %d.%d#%d on %s", a.Stage, a.Partition, a.Attempt.Attempt, a.Executor)
	case Cancel:
		return fmt.Sprintf("cancel %d.%d#%d", a.Stage, a.Partition, a.Attempt.Attempt)
	case StartRoot:
		return "root"
	case Located:
		return fmt.Sprintf("located %d.%d#%d on %s", a.Stage, a.Partition, a.Attempt, a.Executor)
	case StopRoot:
		return "stop root"
	case Finish:
		if e := sqlerr.As(a.Err); e != nil {
			return "finish " + e.Cond.Name
		}
		return fmt.Sprintf("finish %v", a.Err)
	case Dismiss:
		return "dismiss " + a.ID
	}
	return "?"
}

func at(stage, part, attempt int32, ex string) Attempt {
	return Attempt{TaskID{"j", stage, part}, attempt, ex}
}

var transient = sqlerr.New(sqlerr.ShuffleLost, "gone")

func TestSteps(t *testing.T) {
	cases := []struct {
		name   string
		events []Event
		want   string
	}{
		{"two tasks, two executors, root", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			ExecutorAdded{ID: "b", Slots: 1},
			JobSubmitted{twoStages(2)},
			TaskFinished{Attempt: at(1, 1, 0, "b")},
			TaskFinished{Attempt: at(1, 0, 0, "a")},
			RootFinished{"j"},
		}, "launch 1.0#0 on a; launch 1.1#0 on b; root; finish <nil>"},
		{"a job waits for executors", []Event{
			JobSubmitted{twoStages(1)}, ExecutorAdded{ID: "a", Slots: 1}, TaskFinished{Attempt: at(1, 0, 0, "a")},
		}, "launch 1.0#0 on a; root"},
		{"a transient failure runs again elsewhere", []Event{
			ExecutorAdded{ID: "a", Slots: 2},
			ExecutorAdded{ID: "b", Slots: 1},
			JobSubmitted{twoStages(1)},
			TaskFailed{Attempt: at(1, 0, 0, "a"), Err: transient},
		}, "launch 1.0#0 on a; launch 1.0#1 on b"},
		{"the user's error ends the job", []Event{
			ExecutorAdded{ID: "a", Slots: 2},
			JobSubmitted{twoStages(2)},
			TaskFailed{Attempt: at(1, 0, 0, "a"), Err: sqlerr.New(sqlerr.DivideByZero, "x")},
		}, "launch 1.0#0 on a; launch 1.1#0 on a; cancel 1.1#0; finish DIVIDE_BY_ZERO"},
		{"four transient failures are enough", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			JobSubmitted{twoStages(1)},
			TaskFailed{Attempt: at(1, 0, 0, "a"), Err: transient},
			TaskFailed{Attempt: at(1, 0, 1, "a"), Err: transient},
			TaskFailed{Attempt: at(1, 0, 2, "a"), Err: transient},
			TaskFailed{Attempt: at(1, 0, 3, "a"), Err: transient},
		}, "launch 1.0#0 on a; launch 1.0#1 on a; launch 1.0#2 on a; launch 1.0#3 on a; finish TASK_FAILED_TOO_OFTEN"},
		{"a late report of an old attempt means nothing", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			ExecutorAdded{ID: "b", Slots: 1},
			JobSubmitted{twoStages(1)},
			ExecutorLost{ID: "a", Reason: "gone"},
			TaskFinished{Attempt: at(1, 0, 0, "a")},
			TaskFinished{Attempt: at(1, 0, 1, "b")},
			RootFinished{"j"},
		}, "launch 1.0#0 on a; launch 1.0#1 on b; root; finish <nil>"},
		{"outputs lost under the root are made again and located", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			ExecutorAdded{ID: "b", Slots: 1},
			JobSubmitted{twoStages(2)},
			TaskFinished{Attempt: at(1, 0, 0, "a")},
			TaskFinished{Attempt: at(1, 1, 0, "b")},
			ExecutorLost{ID: "b", Reason: "killed"},
			RootLost{Job: "j", Lost: []Output{{1, 1, 0, "b"}}, Err: transient},
			TaskFinished{Attempt: at(1, 1, 1, "a")},
		}, "launch 1.0#0 on a; launch 1.1#0 on b; root; launch 1.1#1 on a; located 1.1#1 on a"},
		{"a job without tasks of its own starts at the root", []Event{
			JobSubmitted{Job{ID: "j", Stages: []Stage{{ID: 1, Tasks: 1}}}}, RootFailed{Job: "j", Err: sqlerr.New(sqlerr.DivideByZero, "x")},
		}, "root; finish DIVIDE_BY_ZERO"},
		{"cancelling stops what runs", []Event{
			ExecutorAdded{ID: "a", Slots: 1}, JobSubmitted{twoStages(1)}, JobCancelled{ID: "j", Reason: sqlerr.New(sqlerr.Cancelled, "x")},
		}, "launch 1.0#0 on a; cancel 1.0#0; finish OPERATION_CANCELED"},
		{"losses of executors that are nobody's fault do not count as failures", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			JobSubmitted{twoStages(1)},
			ExecutorLost{ID: "a"},
			ExecutorAdded{ID: "b", Slots: 1},
			ExecutorLost{ID: "b"},
			ExecutorAdded{ID: "c", Slots: 1},
			ExecutorLost{ID: "c"},
			ExecutorAdded{ID: "d", Slots: 1},
			ExecutorLost{ID: "d"},
			ExecutorAdded{ID: "e", Slots: 1},
			TaskFinished{Attempt: at(1, 0, 4, "e")},
		}, "launch 1.0#0 on a; launch 1.0#1 on b; launch 1.0#2 on c; launch 1.0#3 on d; launch 1.0#4 on e; root"},
		{"crashes do", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			JobSubmitted{twoStages(1)},
			ExecutorLost{ID: "a", Fault: true},
			ExecutorAdded{ID: "b", Slots: 1},
			ExecutorLost{ID: "b", Fault: true},
			ExecutorAdded{ID: "c", Slots: 1},
			ExecutorLost{ID: "c", Fault: true},
			ExecutorAdded{ID: "d", Slots: 1},
			ExecutorLost{ID: "d", Fault: true},
		}, "launch 1.0#0 on a; launch 1.0#1 on b; launch 1.0#2 on c; launch 1.0#3 on d; finish TASK_FAILED_TOO_OFTEN"},
		{"an unsteady task that gives other rows sends its readers back", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			ExecutorAdded{ID: "b", Slots: 2},
			JobSubmitted{chain()},
			TaskFinished{at(1, 0, 0, "b"), 1},
			TaskFinished{at(2, 0, 0, "b"), 2},
			TaskFailed{Attempt: at(2, 1, 0, "a"), Err: transient, Lost: []Output{{1, 0, 0, "b"}}},
			TaskFinished{at(1, 0, 1, "a"), 3},
		}, "launch 1.0#0 on b; launch 2.0#0 on b; launch 2.1#0 on a; launch 1.0#1 on a; launch 2.0#1 on b; launch 2.1#1 on a"},
		{"and one that gives the same rows does not", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			ExecutorAdded{ID: "b", Slots: 2},
			JobSubmitted{chain()},
			TaskFinished{at(1, 0, 0, "b"), 1},
			TaskFinished{at(2, 0, 0, "b"), 2},
			TaskFailed{Attempt: at(2, 1, 0, "a"), Err: transient, Lost: []Output{{1, 0, 0, "b"}}},
			TaskFinished{at(1, 0, 1, "a"), 1},
		}, "launch 1.0#0 on b; launch 2.0#0 on b; launch 2.1#0 on a; launch 1.0#1 on a; launch 2.1#1 on b"},
		{"an executor that leaves finishes its task and is kept for its output", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			JobSubmitted{twoStages(2)},
			ExecutorLeaving{"a"},
			ExecutorAdded{ID: "b", Slots: 1},
			TaskFinished{Attempt: at(1, 0, 0, "a")},
			TaskFinished{Attempt: at(1, 1, 0, "b")},
			RootFinished{"j"},
		}, "launch 1.0#0 on a; launch 1.1#0 on b; root; finish <nil>; dismiss a"},
		{"one without work leaves at once", []Event{
			ExecutorAdded{ID: "a", Slots: 1}, ExecutorLeaving{"a"},
		}, "dismiss a"},
		{"a second executor of one id is refused", []Event{
			ExecutorAdded{ID: "a", Slots: 1}, ExecutorAdded{ID: "a", Slots: 9},
		}, "dismiss a"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(script(New(Limits{}), c.events...), "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	s := New(Limits{HeartbeatTimeout: 10 * time.Second, StartTimeout: 30 * time.Second})
	s.Step(t0, ExecutorAdded{ID: "a", Slots: 1})
	s.Step(t0, JobSubmitted{twoStages(1)})
	s.Step(t0.Add(9*time.Second), Heartbeat{"a"})
	if acts := s.Step(t0.Add(19*time.Second), Tick{}); len(acts) != 0 {
		t.Fatalf("dismissed too early: %v", acts)
	}
	acts := s.Step(t0.Add(20*time.Second), Tick{})
	if len(acts) != 1 || render(acts[0]) != "dismiss a" {
		t.Fatalf("no heartbeat: %v", acts)
	}
	acts = s.Step(t0.Add(50*time.Second), Tick{})
	if len(acts) != 1 || render(acts[0]) != "finish NO_EXECUTORS" {
		t.Fatalf("no executor: %v", acts)
	}
}

// TestSimulation lets random things happen to random jobs and holds the
// promises: inputs are complete and on executors not known to be lost, slots
// are never exceeded, every job ends, it succeeds if nothing but executors
// was lost, and the rows it has returned come from one attempt of every task.
func TestSimulation(t *testing.T) {
	mixed := 0
	for seed := range uint64(1500) {
		mixed += simulate(t, seed)
	}
	if mixed == 0 || mixed > 500 {
		t.Errorf("%d jobs ended since their root had passed on outdated rows", mixed)
	}
}

type sim struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	s       *State
	now     time.Time
	alive   map[string]bool
	running map[Attempt]map[int32][]Output // with what they read
	outputs map[string]map[Output]*content // committed and not lost, by job
	roots   map[string]map[int32][]Output
	read    map[string]map[int32]map[int32]*content // by job, stage and task: what the root has passed on
	jobs    map[string]Job
	ended   map[string]error
	next    int
}

// content is what an output holds: what it was made from, and a draw if its stage is unsteady.
type content struct {
	stage, partition int32
	digest           uint64
	from             []*content
}

// one reports whether all that went into c is one content for every task.
func (c *content) one(seen map[[2]int32]*content) bool {
	at := [2]int32{c.stage, c.partition}
	if x := seen[at]; x != nil {
		return x.digest == c.digest
	}
	seen[at] = c
	for _, in := range c.from {
		if !in.one(seen) {
			return false
		}
	}
	return true
}

func simulate(t *testing.T, seed uint64) (mixed int) {
	m := &sim{
		t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 7)), s: New(Limits{MaxStageAttempts: 1000, MaxLosses: 1000}), now: t0,
		alive: map[string]bool{}, running: map[Attempt]map[int32][]Output{}, outputs: map[string]map[Output]*content{},
		roots: map[string]map[int32][]Output{}, read: map[string]map[int32]map[int32]*content{}, jobs: map[string]Job{}, ended: map[string]error{},
	}
	m.add()
	jobs := 1 + m.r.IntN(3)
	for i := range jobs {
		j := Job{ID: fmt.Sprint("j", i)}
		n := 1 + m.r.IntN(5)
		for st := range n {
			stage := Stage{ID: int32(st + 1), Tasks: 1 + m.r.IntN(4), Unsteady: m.r.IntN(3) == 0}
			for in := range st {
				if m.r.IntN(2) == 0 || in == st-1 {
					stage.Inputs = append(stage.Inputs, int32(in+1))
				}
			}
			j.Stages = append(j.Stages, stage)
		}
		m.jobs[j.ID] = j
		m.outputs[j.ID] = map[Output]*content{}
		m.read[j.ID] = map[int32]map[int32]*content{}
		m.step(JobSubmitted{j})
	}
	for range 8000 {
		if len(m.ended) == jobs {
			break
		}
		m.event()
	}
	if len(m.ended) != jobs {
		t.Fatalf("seed %d: %d of %d jobs ended", seed, len(m.ended), jobs)
	}
	for id, err := range m.ended {
		seen := map[[2]int32]*content{}
		for _, parts := range m.read[id] {
			for _, c := range parts {
				if err == nil && !c.one(seen) {
					t.Fatalf("seed %d: job %s returned rows of several attempts", seed, id)
				}
			}
		}
		switch {
		case err == nil:
		case sqlerr.Is(err, sqlerr.ShuffleLost):
			mixed++
		default:
			t.Fatalf("seed %d: job %s failed: %v", seed, id, err)
		}
	}
	for a := range m.running {
		t.Fatalf("seed %d: %v still runs", seed, a)
	}
	return mixed
}

func (m *sim) add() {
	m.next++
	id := fmt.Sprint("x", m.next)
	m.alive[id] = true
	m.step(ExecutorAdded{ID: id, Slots: 1 + m.r.IntN(3)})
}

// pick returns a random key, chosen in a stable order.
func pick[K comparable, V any](r *rand.Rand, m map[K]V) (K, bool) {
	var best K
	found := false
	var bestName string
	salt := r.Uint64()
	for k := range m {
		h := fmt.Sprintf("%x", hash(fmt.Sprint(k), salt))
		if !found || h < bestName {
			best, bestName, found = k, h, true
		}
	}
	return best, found
}

func hash(s string, salt uint64) uint64 {
	h := salt ^ 14695981039346656037
	for _, c := range []byte(s) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

func (m *sim) event() {
	m.now = m.now.Add(time.Second)
	switch n := m.r.IntN(20); {
	case n == 0 || len(m.alive) == 0:
		m.add()
	case n == 1 && len(m.alive) > 1:
		id, _ := pick(m.r, m.alive)
		if m.r.IntN(4) == 0 {
			m.step(ExecutorLeaving{id})
			break
		}
		m.kill(id)
	case n < 4:
		for id := range m.alive {
			m.s.Step(m.now, Heartbeat{id})
		}
		m.step(Tick{})
	case n < 8:
		if j, ok := pick(m.r, m.roots); ok {
			m.root(j)
		}
	default:
		if a, ok := pick(m.r, m.running); ok {
			m.finish(a)
		}
	}
	for id := range m.alive {
		m.s.Step(m.now, Heartbeat{id})
	}
}

func (m *sim) kill(id string) {
	delete(m.alive, id)
	for a := range m.running {
		if a.Executor == id {
			delete(m.running, a)
		}
	}
	for _, outs := range m.outputs {
		for o := range outs {
			if o.Executor == id {
				delete(outs, o)
			}
		}
	}
	m.step(ExecutorLost{ID: id, Reason: "killed"})
}

// finish ends an attempt: it commits, or cannot read what it needs.
func (m *sim) finish(a Attempt) {
	inputs := m.running[a]
	delete(m.running, a)
	st := m.jobs[a.Job].Stages[a.Stage-1]
	c := &content{stage: a.Stage, partition: a.Partition, digest: uint64(a.Stage)<<32 | uint64(a.Partition)}
	var lost []Output
	for _, in := range st.Inputs {
		for _, o := range inputs[in] {
			x := m.outputs[a.Job][o]
			if x == nil {
				lost = append(lost, o)
				continue
			}
			c.from = append(c.from, x)
			c.digest = (c.digest ^ x.digest) * 1099511628211
		}
	}
	if len(lost) > 0 {
		m.step(TaskFailed{Attempt: a, Err: transient, Lost: lost})
		return
	}
	if st.Unsteady {
		c.digest += m.r.Uint64N(3)
	}
	m.outputs[a.Job][Output{a.Stage, a.Partition, a.Attempt, a.Executor}] = c
	m.step(TaskFinished{Attempt: a, Digest: c.digest})
}

// root reads some outputs, and finishes when it has read all.
func (m *sim) root(j string) {
	var lost []Output
	missing := false
	for st, outs := range m.roots[j] {
		if m.read[j][st] == nil {
			m.read[j][st] = map[int32]*content{}
		}
		for _, o := range outs {
			if m.read[j][st][o.Partition] != nil {
				continue
			}
			if x := m.outputs[j][o]; x == nil {
				lost = append(lost, o)
			} else if m.r.IntN(2) == 0 {
				m.read[j][st][o.Partition] = x
			} else {
				missing = true
			}
		}
	}
	switch {
	case len(lost) > 0:
		m.step(RootLost{Job: j, Lost: lost, Err: errors.New("lost")})
	case !missing:
		delete(m.roots, j)
		m.step(RootFinished{j})
	}
}

func (m *sim) step(ev Event) {
	for _, a := range m.s.Step(m.now, ev) {
		switch a := a.(type) {
		case Launch:
			if !m.alive[a.Executor] {
				m.t.Fatalf("seed %d: launched on a lost executor: %+v", m.seed, a)
			}
			m.check(a.Inputs)
			m.running[a.Attempt] = a.Inputs
		case Cancel:
			delete(m.running, a.Attempt)
		case StartRoot:
			m.check(a.Inputs)
			if a.Inputs == nil {
				a.Inputs = map[int32][]Output{}
			}
			m.roots[a.Job] = a.Inputs
		case Located:
			m.roots[a.Job][a.Stage][a.Partition] = a.Output
		case Dismiss:
			for r := range m.running {
				if r.Executor == a.ID {
					m.t.Fatalf("seed %d: %s is let go while it runs %v", m.seed, a.ID, r)
				}
			}
			delete(m.alive, a.ID)
			for _, outs := range m.outputs {
				for o := range outs {
					if o.Executor == a.ID {
						delete(outs, o)
					}
				}
			}
		case Finish:
			m.ended[a.Job] = a.Err
			delete(m.roots, a.Job)
		}
	}
	for _, x := range m.s.executors {
		n := 0
		for a := range m.running {
			if a.Executor == x.id {
				n++
			}
		}
		if n != x.used || n > x.slots {
			m.t.Fatalf("seed %d: executor %s runs %d, counted %d of %d slots", m.seed, x.id, n, x.used, x.slots)
		}
	}
}

func (m *sim) check(inputs map[int32][]Output) {
	for _, outs := range inputs {
		for _, o := range outs {
			if !m.alive[o.Executor] {
				m.t.Fatalf("seed %d: input on a lost executor: %+v", m.seed, o)
			}
		}
	}
}

func TestNoMoreExecutors(t *testing.T) {
	no := NoMoreExecutors{Reason: "they crash"}
	fails := func(acts []Action) bool {
		for _, a := range acts {
			if f, ok := a.(Finish); ok {
				return sqlerr.Is(f.Err, sqlerr.NoExecutors)
			}
		}
		return false
	}
	s := New(Limits{})
	s.Step(t0, JobSubmitted{Job: twoStages(1)})
	if !fails(s.Step(t0, no)) {
		t.Error("a waiting job goes on waiting")
	}
	if !fails(s.Step(t0, JobSubmitted{Job: twoStages(1)})) {
		t.Error("a new job waits")
	}
	s = New(Limits{})
	s.Step(t0, ExecutorAdded{ID: "a", Slots: 1})
	s.Step(t0, JobSubmitted{Job: twoStages(1)})
	if fails(s.Step(t0, no)) {
		t.Error("a job fails although it has an executor")
	}
	if !fails(s.Step(t0, ExecutorLost{ID: "a"})) {
		t.Error("a job waits though its last executor is gone")
	}
	s.Step(t0, ExecutorAdded{ID: "b", Slots: 1})
	if fails(s.Step(t0, JobSubmitted{Job: twoStages(1)})) {
		t.Error("an executor came after all, and is not used")
	}
}

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
			TaskFinished{at(1, 1, 0, "b")},
			TaskFinished{at(1, 0, 0, "a")},
			RootFinished{"j"},
		}, "launch 1.0#0 on a; launch 1.1#0 on b; root; finish <nil>"},
		{"a job waits for executors", []Event{
			JobSubmitted{twoStages(1)}, ExecutorAdded{ID: "a", Slots: 1}, TaskFinished{at(1, 0, 0, "a")},
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
			TaskFinished{at(1, 0, 0, "a")},
			TaskFinished{at(1, 0, 1, "b")},
			RootFinished{"j"},
		}, "launch 1.0#0 on a; launch 1.0#1 on b; root; finish <nil>"},
		{"outputs lost under the root are made again and located", []Event{
			ExecutorAdded{ID: "a", Slots: 1},
			ExecutorAdded{ID: "b", Slots: 1},
			JobSubmitted{twoStages(2)},
			TaskFinished{at(1, 0, 0, "a")},
			TaskFinished{at(1, 1, 0, "b")},
			ExecutorLost{ID: "b", Reason: "killed"},
			RootLost{Job: "j", Lost: []Output{{1, 1, 0, "b"}}, Err: transient},
			TaskFinished{at(1, 1, 1, "a")},
		}, "launch 1.0#0 on a; launch 1.1#0 on b; root; launch 1.1#1 on a; located 1.1#1 on a"},
		{"a job without tasks of its own starts at the root", []Event{
			JobSubmitted{Job{ID: "j", Stages: []Stage{{ID: 1, Tasks: 1}}}}, RootFailed{Job: "j", Err: sqlerr.New(sqlerr.DivideByZero, "x")},
		}, "root; finish DIVIDE_BY_ZERO"},
		{"cancelling stops what runs", []Event{
			ExecutorAdded{ID: "a", Slots: 1}, JobSubmitted{twoStages(1)}, JobCancelled{ID: "j", Reason: sqlerr.New(sqlerr.Cancelled, "x")},
		}, "launch 1.0#0 on a; cancel 1.0#0; finish OPERATION_CANCELED"},
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
// are never exceeded, every job ends, and it succeeds if nothing but executors
// was lost.
func TestSimulation(t *testing.T) {
	for seed := range uint64(400) {
		simulate(t, seed)
	}
}

type sim struct {
	t       *testing.T
	seed    uint64
	r       *rand.Rand
	s       *State
	now     time.Time
	alive   map[string]bool
	running map[Attempt]bool
	outputs map[Output]bool // committed and not lost
	roots   map[string]map[int32][]Output
	ended   map[string]error
	next    int
}

func simulate(t *testing.T, seed uint64) {
	m := &sim{
		t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 7)), s: New(Limits{MaxStageAttempts: 1000}), now: t0,
		alive: map[string]bool{}, running: map[Attempt]bool{}, outputs: map[Output]bool{}, roots: map[string]map[int32][]Output{}, ended: map[string]error{},
	}
	m.add()
	jobs := 1 + m.r.IntN(3)
	for i := range jobs {
		j := Job{ID: fmt.Sprint("j", i)}
		n := 1 + m.r.IntN(5)
		for st := range n {
			stage := Stage{ID: int32(st + 1), Tasks: 1 + m.r.IntN(4)}
			for in := range st {
				if m.r.IntN(2) == 0 || in == st-1 {
					stage.Inputs = append(stage.Inputs, int32(in+1))
				}
			}
			j.Stages = append(j.Stages, stage)
		}
		m.step(JobSubmitted{j})
	}
	for range 5000 {
		if len(m.ended) == jobs {
			break
		}
		m.event()
	}
	if len(m.ended) != jobs {
		t.Fatalf("seed %d: %d of %d jobs ended", seed, len(m.ended), jobs)
	}
	for id, err := range m.ended {
		if err != nil {
			t.Fatalf("seed %d: job %s failed: %v", seed, id, err)
		}
	}
	for a := range m.running {
		t.Fatalf("seed %d: %v still runs", seed, a)
	}
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
	for o := range m.outputs {
		if o.Executor == id {
			delete(m.outputs, o)
		}
	}
	m.step(ExecutorLost{ID: id, Reason: "killed"})
}

func (m *sim) finish(a Attempt) {
	delete(m.running, a)
	m.outputs[Output{a.Stage, a.Partition, a.Attempt, a.Executor}] = true
	m.step(TaskFinished{a})
}

func (m *sim) root(j string) {
	var lost []Output
	for _, outs := range m.roots[j] {
		for _, o := range outs {
			if !m.alive[o.Executor] {
				lost = append(lost, o)
			}
		}
	}
	if len(lost) > 0 {
		m.step(RootLost{Job: j, Lost: lost, Err: errors.New("lost")})
		return
	}
	delete(m.roots, j)
	m.step(RootFinished{j})
}

func (m *sim) step(ev Event) {
	for _, a := range m.s.Step(m.now, ev) {
		switch a := a.(type) {
		case Launch:
			if !m.alive[a.Executor] {
				m.t.Fatalf("seed %d: launched on a lost executor: %+v", m.seed, a)
			}
			m.check(a.Inputs)
			m.running[a.Attempt] = true
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
		case Finish:
			m.ended[a.Job] = a.Err
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

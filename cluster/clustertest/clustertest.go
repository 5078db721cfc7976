// Package clustertest is the suite that every cluster manager passes: the
// number of executors that is wanted is reached and kept, ends are told from
// crashes and taken places, logs can be read, and nothing outlives Close.
//
// The executors are real ones to the manager: whatever its platform runs calls
// Executor, which talks to the suite instead of a driver.
package clustertest

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Setup is what a manager needs to start executors.
type Setup struct {
	// Driver is the host:port they call, Token what they must show, Env what their environment has besides.
	Driver string
	Token  []byte
	Env    []string
}

// patience is how long the suite waits for a platform.
const patience = 30 * time.Second

// Run runs the suite. open makes a manager whose executors run Executor.
func Run(t *testing.T, open func(*testing.T, Setup) cluster.Manager) {
	small, large := cluster.Profile{Cores: 1, Memory: 64 << 20}, cluster.Profile{Cores: 2, Memory: 128 << 20}
	tests := []struct {
		name string
		run  func(*suite)
	}{
		{"target", func(s *suite) {
			for _, n := range []int{2, 2, 5, 1, 0, 3} {
				s.target(map[cluster.Profile]int{small: n})
				s.settles(map[cluster.Profile]int{small: n})
			}
		}},
		{"profiles", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 2, large: 1})
			s.settles(map[cluster.Profile]int{small: 2, large: 1})
			s.target(map[cluster.Profile]int{large: 2})
			s.settles(map[cluster.Profile]int{large: 2})
		}},
		{"the oldest stay", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 1})
			s.settles(map[cluster.Profile]int{small: 1})
			first := s.any()
			s.target(map[cluster.Profile]int{small: 3})
			s.settles(map[cluster.Profile]int{small: 3})
			s.target(map[cluster.Profile]int{small: 1})
			s.settles(map[cluster.Profile]int{small: 1})
			if now := s.any(); now.id != first.id {
				t.Errorf("%s is left, not %s", now.id, first.id)
			}
		}},
		{"kill", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 2})
			s.settles(map[cluster.Profile]int{small: 2})
			w := s.any()
			s.check(s.m.Kill(s.t.Context(), w.id))
			s.ended(w, false)
			s.settles(map[cluster.Profile]int{small: 2})
			s.check(s.m.Kill(s.t.Context(), "nobody"))
		}},
		{"crash", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 1})
			s.settles(map[cluster.Profile]int{small: 1})
			w := s.any()
			s.check(w.tell("log something went wrong"))
			fmt.Fprintln(w.conn, "exit 9")
			ev := s.ended(w, true)
			if ev.ExitCode != 9 || !strings.Contains(ev.Reason, "something went wrong") {
				s.t.Errorf("a crash is reported as %+v", ev)
			}
			s.settles(map[cluster.Profile]int{small: 1})
		}},
		{"decommission", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 2})
			s.settles(map[cluster.Profile]int{small: 2})
			w := s.any()
			s.check(s.m.Decommission(s.t.Context(), w.id, time.Second))
			s.settles(map[cluster.Profile]int{small: 3}) // its replacement comes before it goes
			s.ended(w, false)
			s.settles(map[cluster.Profile]int{small: 2})
			s.saw(w.id, cluster.Starting, cluster.Running, cluster.Leaving, cluster.Exited)
		}},
		{"logs", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 1})
			s.settles(map[cluster.Profile]int{small: 1})
			w := s.any()
			s.check(w.tell("log the first line"))
			s.check(w.tell("log the second line"))
			s.log(w.id, -1, "the first line\nthe second line\n")
			s.log(w.id, 12, "second line\n")
			s.target(nil)
			s.ended(w, false)
			s.log(w.id, 12, "second line\n")
			if _, err := s.m.Logs(s.t.Context(), "nobody", 10); err == nil {
				s.t.Error("there is a log of nobody")
			}
		}},
		{"close", func(s *suite) {
			s.target(map[cluster.Profile]int{small: 2, large: 1})
			s.settles(map[cluster.Profile]int{small: 2, large: 1})
			s.check(s.m.Close())
			if n := len(s.alive()); n > 0 {
				s.wait("no executor after Close", func() bool { return len(s.alive()) == 0 })
			}
			if err := s.m.SetTarget(s.t.Context(), map[cluster.Profile]int{small: 1}); !sqlerr.Is(err, sqlerr.Cancelled) {
				s.t.Errorf("a target after Close: error %v", err)
			}
			select {
			case <-s.eventsOver:
			case <-time.After(patience):
				s.t.Error("the events go on")
			}
			s.check(s.m.Close())
		}},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) { x.run(newSuite(t, open)) })
	}
	t.Run("executors that end at once", func(t *testing.T) {
		s := newSuite(t, open, refuse+"=1")
		s.target(map[cluster.Profile]int{small: 2})
		var last cluster.Event
		s.wait("the manager gives up", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			last = s.events[""]
			return last.State == cluster.GaveUp
		})
		if !last.Fault || !strings.Contains(last.Reason, "does not want to work") {
			t.Errorf("it is reported as %+v", last)
		}
	})
}

// suite is one manager under test and the executors that called.
type suite struct {
	t          *testing.T
	m          cluster.Manager
	l          net.Listener
	eventsOver chan struct{}

	mu      sync.Mutex
	workers map[string]*worker
	events  map[string]cluster.Event // the last of each executor
	states  map[string][]cluster.State
}

const token = "secret"

func newSuite(t *testing.T, open func(*testing.T, Setup) cluster.Manager, env ...string) *suite {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{
		t: t, l: l, eventsOver: make(chan struct{}), workers: map[string]*worker{}, events: map[string]cluster.Event{}, states: map[string][]cluster.State{},
	}
	go s.accept()
	s.m = open(t, Setup{Driver: l.Addr().String(), Token: []byte(token), Env: env})
	go s.watch()
	t.Cleanup(func() {
		s.m.Close()
		l.Close()
	})
	return s
}

func (s *suite) accept() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		w := &worker{conn: c, in: bufio.NewScanner(c)}
		if !w.in.Scan() {
			continue
		}
		var shown string
		fmt.Sscan(w.in.Text(), &shown, &w.id, &w.pid, &w.profile.Cores, &w.profile.Memory)
		if shown != token {
			s.t.Errorf("executor %s shows the token %q", w.id, shown)
		}
		s.mu.Lock()
		s.workers[w.id] = w
		s.mu.Unlock()
	}
}

func (s *suite) watch() {
	defer close(s.eventsOver)
	for ev := range s.m.Events() {
		s.mu.Lock()
		if ev.At.IsZero() || ev.State < s.events[ev.Executor].State {
			s.t.Errorf("event %+v after %+v", ev, s.events[ev.Executor])
		}
		s.events[ev.Executor] = ev
		s.states[ev.Executor] = append(s.states[ev.Executor], ev.State)
		s.mu.Unlock()
	}
}

func (s *suite) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) wait(what string, f func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func (s *suite) target(want map[cluster.Profile]int) {
	s.t.Helper()
	s.check(s.m.SetTarget(s.t.Context(), want))
}

// alive are the executors that called and have not been reported ended.
func (s *suite) alive() []*worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*worker
	for id, w := range s.workers {
		if s.events[id].State < cluster.Exited {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b *worker) int { return strings.Compare(a.id, b.id) })
	return out
}

func (s *suite) any() *worker {
	s.t.Helper()
	all := s.alive()
	if len(all) == 0 {
		s.t.Fatal("there is no executor")
	}
	return all[0]
}

// settles waits until there are so many executors of each profile.
func (s *suite) settles(want map[cluster.Profile]int) {
	s.t.Helper()
	want = maps.Clone(want)
	maps.DeleteFunc(want, func(_ cluster.Profile, n int) bool { return n == 0 })
	s.wait(fmt.Sprintf("executors are %v", want), func() bool {
		have := map[cluster.Profile]int{}
		for _, w := range s.alive() {
			have[w.profile]++
		}
		return maps.Equal(have, want)
	})
}

// ended waits for the end of an executor and checks whose fault it was.
func (s *suite) ended(w *worker, fault bool) cluster.Event {
	s.t.Helper()
	var ev cluster.Event
	s.wait("executor "+w.id+" ends", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		ev = s.events[w.id]
		return ev.State == cluster.Exited
	})
	if ev.Fault != fault || ev.Reason == "" {
		s.t.Errorf("the end of %s is reported as %+v", w.id, ev)
	}
	return ev
}

func (s *suite) saw(id string, want ...cluster.State) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.states[id], want) {
		s.t.Errorf("%s went through %v, want %v", id, s.states[id], want)
	}
}

func (s *suite) log(id string, tail int64, want string) {
	s.t.Helper()
	r, err := s.m.Logs(s.t.Context(), id, tail)
	s.check(err)
	defer r.Close()
	b, err := io.ReadAll(r)
	s.check(err)
	if string(b) != want {
		s.t.Errorf("the log of %s is %q, want %q", id, b, want)
	}
}

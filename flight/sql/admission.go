package sql

import (
	"container/list"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// AdmissionLimits bound how many queries run at a time. The zero value of a field is its default.
type AdmissionLimits struct {
	// Running queries of everybody: 64; PerUser of one user: as many as Running.
	Running, PerUser int
	// Queued queries wait for a place: 256; each for at most QueueTimeout: 1 minute.
	Queued       int
	QueueTimeout time.Duration
}

func (l *AdmissionLimits) fill() {
	if l.Running <= 0 {
		l.Running = 64
	}
	if l.PerUser <= 0 {
		l.PerUser = l.Running
	}
	if l.Queued <= 0 {
		l.Queued = 256
	}
	if l.QueueTimeout <= 0 {
		l.QueueTimeout = time.Minute
	}
}

// admission hands out places to run a query, first come, first served; a user
// who has all of theirs does not hold up others.
type admission struct {
	l AdmissionLimits

	mu    sync.Mutex
	total int
	users map[string]int
	queue list.List // of *waiter
}

type waiter struct {
	user  string
	ready chan struct{}
}

func newAdmission(l AdmissionLimits) *admission {
	l.fill()
	return &admission{l: l, users: map[string]int{}}
}

// enter waits for a place. The caller calls the result when its query is over.
func (a *admission) enter(ctx context.Context, user string) (leave func(), err error) {
	a.mu.Lock()
	if a.free(user) {
		a.take(user)
		a.mu.Unlock()
		return a.leaver(user), nil
	}
	if a.queue.Len() >= a.l.Queued {
		a.mu.Unlock()
		return nil, status.Errorf(codes.Unavailable, "The server runs %d queries and %d wait, which is as many as it takes. Try again later.", a.l.Running, a.l.Queued)
	}
	w := &waiter{user, make(chan struct{})}
	e := a.queue.PushBack(w)
	a.mu.Unlock()
	timeout := time.NewTimer(a.l.QueueTimeout)
	defer timeout.Stop()
	select {
	case <-w.ready:
		return a.leaver(user), nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timeout.C:
		err = status.Errorf(codes.ResourceExhausted, "The query waited %s for others to end: the server runs %d at a time, %d of one user.", a.l.QueueTimeout, a.l.Running, a.l.PerUser)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-w.ready: // the place came at the same moment
		a.give(user)
	default:
		a.queue.Remove(e)
	}
	return nil, err
}

func (a *admission) free(user string) bool {
	return a.total < a.l.Running && a.users[user] < a.l.PerUser
}

func (a *admission) take(user string) {
	a.total++
	a.users[user]++
}

// give returns a place and passes it on. a.mu is held.
func (a *admission) give(user string) {
	a.total--
	if a.users[user]--; a.users[user] == 0 {
		delete(a.users, user)
	}
	for e := a.queue.Front(); e != nil && a.total < a.l.Running; {
		next := e.Next()
		if w := e.Value.(*waiter); a.free(w.user) {
			a.take(w.user)
			a.queue.Remove(e)
			close(w.ready)
		}
		e = next
	}
}

func (a *admission) leaver(user string) func() {
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.give(user)
	})
}

func (a *admission) counts() (running, queued int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total, a.queue.Len()
}

func (a *admission) running() int {
	n, _ := a.counts()
	return n
}

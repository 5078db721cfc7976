package exec

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
)

// chain is a pipeline under construction: a source and the operators on it.
type chain struct {
	source flow.Source
	ops    []flow.Step
	after  []*flow.Pipeline
	// serial: one thread only, since the source's rows have an order or cannot be shared.
	serial bool
	// onSerial is for operators that count the threads of their chain.
	onSerial []func()
}

// makeSerial leaves the chain to one thread.
func (c *chain) makeSerial() {
	c.serial = true
	for _, f := range c.onSerial {
		f()
	}
}

// fold makes the chain so far a single source.
func (c *chain) fold() flow.Source {
	if len(c.ops) == 0 {
		return c.source
	}
	return &composed{source: c.source, ops: c.ops, serial: c.serial}
}

// composed is a source with operators on it.
type composed struct {
	source flow.Source
	ops    []flow.Step
	serial bool
}

// Open implements flow.Source.
func (c *composed) Open(ctx context.Context, thread int) vec.Stream {
	s, err := open(ctx, c.source, c.ops, thread)
	if err != nil {
		return failed(err)
	}
	return s
}

// open instantiates the operators for a thread. Nothing runs yet.
func open(ctx context.Context, src flow.Source, ops []flow.Step, thread int) (vec.Stream, error) {
	made := make([]flow.Operator, len(ops))
	for i, op := range ops {
		o, err := op.Make(thread)
		if err != nil {
			return nil, err
		}
		made[i] = o
	}
	s := src.Open(ctx, thread)
	for _, o := range made {
		s = o.Run(ctx, s)
	}
	return s, nil
}

func failed(err error) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) { yield(nil, err) }
}

// stoppable is a source that ends quietly, on all threads, once stop was
// called: what is below a limit that has its rows.
type stoppable struct {
	source  flow.Source
	stopped atomic.Bool
	mu      sync.Mutex
	cancels []context.CancelFunc
}

func (s *stoppable) stop() {
	if s.stopped.Swap(true) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cancels {
		c()
	}
}

// Open implements flow.Source.
func (s *stoppable) Open(ctx context.Context, thread int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		s.mu.Lock()
		s.cancels = append(s.cancels, cancel)
		s.mu.Unlock()
		if s.stopped.Load() {
			return
		}
		for b, err := range s.source.Open(inner, thread) {
			if s.stopped.Load() && ctx.Err() == nil {
				// Whatever came is not needed, an error of the cancelled part least of all.
				return
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// union is the source of several chains. Threads start at different branches
// and go round, so that all branches are worked on and all threads are busy;
// a serial branch is taken by the first thread that comes by.
type union struct {
	branches []branch
}

type branch struct {
	source flow.Source
	serial bool
	taken  atomic.Bool
}

// Open implements flow.Source.
func (u *union) Open(ctx context.Context, thread int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for i := range u.branches {
			b := &u.branches[(thread+i)%len(u.branches)]
			if b.serial && b.taken.Swap(true) {
				continue
			}
			for batch, err := range b.source.Open(ctx, thread) {
				if !yield(batch, err) || err != nil {
					return
				}
			}
		}
	}
}

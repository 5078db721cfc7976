package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// Task is a built plan, to be run once by Stream or Run.
type Task struct {
	env       *flow.Env
	schema    types.Schema
	last      *chain // the pipeline without sink that gives the result
	pipelines []*flow.Pipeline
	sinkNodes map[*flow.Pipeline]*nodeMeter
	meters    *meters
	accounts  []*mem.Account
	tap       func(physical.Meta, int, vec.Stream) vec.Stream
	// levels and held are what the task of a recursion's step reads.
	levels map[int32]*hold.Store
	held   map[int32]*sharedInput

	started atomic.Bool
	stop    atomic.Bool // for functions, which have no context
	closed  sync.Once
	leaked  int64
	spill   spillDir
}

// Schema describes the result.
func (t *Task) Schema() types.Schema { return t.schema }

// Stream runs the task and yields its result. The batches are lent. The caller
// drives the last pipeline by pulling and may stop early; when the loop is over,
// every goroutine of the task has ended and all it held is released.
func (t *Task) Stream(ctx context.Context) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		if t.started.Swap(true) {
			yield(nil, sqlerr.New(sqlerr.InternalError, "a task runs once"))
			return
		}
		defer t.Close()
		inner, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(inner, func() { t.stop.Store(true) })()
		err := t.runAll(inner)
		if err == nil {
			t.last.source, t.last.ops, err = t.settle(inner, t.last.source, t.last.ops, t.last.serial)
		}
		if err == nil {
			var stopped bool
			if stopped, err = t.result(inner, cancel, yield); stopped {
				return
			}
		}
		if err != nil {
			yield(nil, t.explain(ctx, err))
		}
	}
}

// Run runs the task into sink, which is finished but not closed: it belongs to the caller.
func (t *Task) Run(ctx context.Context, sink flow.Sink) error {
	if t.started.Swap(true) {
		return sqlerr.New(sqlerr.InternalError, "a task runs once")
	}
	defer t.Close()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(inner, func() { t.stop.Store(true) })()
	err := t.runAll(inner)
	if err == nil {
		p := &flow.Pipeline{Name: "output", Source: t.last.source, Ops: t.last.ops, Sink: sink, Serial: t.last.serial}
		err = t.runPipeline(inner, p)
	}
	return t.explain(ctx, err)
}

// Close releases what the task holds. Stream and Run call it; a task that was
// built and never run needs it. It may be called more than once.
func (t *Task) Close() {
	t.closed.Do(func() {
		for i := len(t.pipelines) - 1; i >= 0; i-- {
			t.pipelines[i].Sink.Close()
		}
		for _, a := range t.accounts {
			t.leaked += a.Close()
		}
		t.spill.remove()
	})
}

// Leaked is, after Close, the memory in bytes that operators had reserved and not released: a bug if it is not 0.
func (t *Task) Leaked() int64 { return t.leaked }

// explain turns the end of the caller's context into the condition for it.
func (t *Task) explain(ctx context.Context, err error) error {
	if err == nil || sqlerr.As(err) != nil || ctx.Err() == nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if c := sqlerr.As(context.Cause(ctx)); c != nil {
			return c
		}
		return sqlerr.Wrap(context.Cause(ctx), sqlerr.Cancelled, "The query was cancelled.")
	}
	return err
}

func (t *Task) runAll(ctx context.Context) error {
	for _, p := range t.pipelines {
		if err := t.runPipeline(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (t *Task) threads(serial bool) int {
	if serial {
		return 1
	}
	return t.env.Threads
}

// runPipeline runs p, as several pipelines if steps of it break, and finishes its sink.
func (t *Task) runPipeline(ctx context.Context, p *flow.Pipeline) error {
	var err error
	if p.Source, p.Ops, err = t.settle(ctx, p.Source, p.Ops, p.Serial); err != nil {
		return err
	}
	return t.drain(ctx, p)
}

// drain runs p on its threads and finishes its sink.
func (t *Task) drain(ctx context.Context, p *flow.Pipeline) error {
	node := t.sinkNodes[p]
	if s, ok := p.Sink.(*meteredSink); ok {
		node = s.node
	}
	if node == nil {
		node = t.meters.nodes[0]
	}
	n := t.threads(p.Serial)
	err := t.each(ctx, n, node, func(ctx context.Context, thread int) error {
		s, err := open(ctx, p.Source, p.Ops, thread)
		if err != nil {
			return err
		}
		return p.Sink.Drain(ctx, thread, s)
	})
	if err != nil {
		return err
	}
	par := func(ctx context.Context, n int, f func(context.Context, int, int) error) error {
		return t.spread(ctx, t.env.Threads, n, node, f)
	}
	return t.guard(0, node, func() error { return p.Sink.Finish(ctx, par) })
}

// spread runs f for i = 0 … n-1 on up to the given number of threads.
func (t *Task) spread(ctx context.Context, threads, n int, node *nodeMeter, f func(ctx context.Context, thread, i int) error) error {
	var next atomic.Int64
	return t.each(ctx, min(threads, n), node, func(ctx context.Context, thread int) error {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := f(ctx, thread, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// each runs f once on every one of n threads, the calling goroutine being the
// first, and returns the first error, which ends the context of the others.
func (t *Task) each(ctx context.Context, n int, node *nodeMeter, f func(ctx context.Context, thread int) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if n <= 1 {
		return t.guard(0, node, func() error { return f(ctx, 0) })
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var first error
	var once sync.Once
	work := func(thread int) {
		if err := t.guard(thread, node, func() error { return f(inner, thread) }); err != nil {
			once.Do(func() { first = err })
			cancel(err)
		}
	}
	var wg sync.WaitGroup
	for thread := 1; thread < n; thread++ {
		wg.Go(func() { work(thread) })
	}
	work(0)
	wg.Wait()
	return first
}

// guard runs f on a thread, its time counted for node until f hands over, and
// turns a panic into INTERNAL_ERROR naming the node that was at work.
func (t *Task) guard(thread int, node *nodeMeter, f func() error) (err error) {
	prev := t.meters.to(thread, &node.cells[thread])
	defer func() {
		at := t.meters.to(thread, prev)
		if r := recover(); r != nil {
			err = panicked(at, r, debug.Stack())
		}
	}()
	// A bad address in memory outside the Go heap panics like any other bug instead of ending the process.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return f()
}

func panicked(at *cell, r any, stack []byte) error {
	where := "a task"
	if at != nil && at.node.id != 0 {
		where = fmt.Sprintf("%s (node %d)", at.node.name, at.node.id)
	}
	cause := fmt.Errorf("panic: %v\n%s", r, stack)
	if e, ok := r.(error); ok {
		cause = fmt.Errorf("panic: %w\n%s", e, stack)
	}
	return sqlerr.Wrap(cause, sqlerr.InternalError, "%s failed because of a bug in Volley.", where)
}

// spillDir makes the task's spill folder on first use.
type spillDir struct {
	root string // made in; empty: the system's folder for temporary files
	mu   sync.Mutex
	path string
}

func (s *spillDir) get() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path == "" {
		p, err := os.MkdirTemp(s.root, "volley-spill-")
		if err != nil {
			return "", err // NewSpill says what is wrong
		}
		s.path = p
	}
	return s.path, nil
}

func (s *spillDir) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.path != "" {
		os.RemoveAll(s.path)
		s.path = ""
	}
}

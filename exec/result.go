package exec

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
)

// result runs the last pipeline into yield and reports whether the consumer stopped it.
func (t *Task) result(ctx context.Context, cancel context.CancelCauseFunc, yield func(*vec.Batch, error) bool) (stopped bool, err error) {
	if t.threads(t.last.serial) == 1 {
		return t.inline(ctx, yield)
	}
	h := &handover{items: make(chan lent), quit: make(chan struct{})}
	done := make(chan error, 1)
	finished := false
	go func() {
		p := &flow.Pipeline{Name: "result", Source: t.last.source, Ops: t.last.ops, Sink: h}
		done <- t.runPipeline(ctx, p)
	}()
	defer func() {
		// Also when the consumer panics: no goroutine outlives the loop.
		cancel(errStopped)
		close(h.quit)
		if !finished {
			<-done
		}
	}()
	for {
		select {
		case it := <-h.items:
			if !yield(it.b, nil) {
				return true, nil
			}
			it.back <- struct{}{}
		case err := <-done:
			finished = true
			return false, err
		}
	}
}

// inline runs the last pipeline on the consumer's own goroutine.
func (t *Task) inline(ctx context.Context, yield func(*vec.Batch, error) bool) (stopped bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, context.Cause(ctx)
	}
	consumer := &t.meters.nodes[0].cells[0]
	inYield := false
	var consumerPanic any
	err = t.guard(0, t.meters.nodes[0], func() error {
		s, err := open(ctx, t.last.source, t.last.ops, 0)
		if err != nil {
			return err
		}
		for b, err := range s {
			if err != nil {
				return err
			}
			t.meters.to(0, consumer)
			inYield = true
			more := func() bool {
				defer func() {
					if inYield { // the consumer's panic is the consumer's
						consumerPanic = recover()
					}
				}()
				ok := yield(b, nil)
				inYield = false
				return ok
			}()
			if consumerPanic != nil || !more {
				stopped = true
				return nil
			}
		}
		return nil
	})
	if consumerPanic != nil {
		panic(consumerPanic)
	}
	return stopped, err
}

type stopError struct{}

func (stopError) Error() string { return "the consumer stopped" }

var errStopped = stopError{}

// handover is the sink whose batches cross to the consumer's goroutine. A
// batch stays lent while the consumer looks at it: the producing thread waits.
type handover struct {
	items chan lent
	quit  chan struct{} // closed when the consumer is gone
}

type lent struct {
	b    *vec.Batch
	back chan struct{}
}

// Drain implements flow.Sink.
func (h *handover) Drain(ctx context.Context, _ int, in vec.Stream) error {
	back := make(chan struct{}, 1)
	for b, err := range in {
		if err != nil {
			return err
		}
		select {
		case h.items <- lent{b, back}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		// The consumer may be reading: wait for it whatever happens to the context.
		select {
		case <-back:
		case <-h.quit:
			return context.Canceled
		}
	}
	return nil
}

// Finish implements flow.Sink.
func (h *handover) Finish(context.Context, flow.Parallel) error { return nil }

// Close implements flow.Sink.
func (h *handover) Close() {}

package topk

import (
	"context"
	"errors"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
)

// partialBytes is about how much a Partial operator holds before it passes rows on.
const partialBytes = 16 << 20

// Operator leaves out rows of one thread's stream that others of the same
// stream rule out, as far as it can see.
func (t *TopK) Operator(int) (flow.Operator, error) { return partial{t}, nil }

type partial struct{ t *TopK }

// errStopped says that the consumer wants no more.
var errStopped = errors.New("stopped")

// Run implements flow.Operator.
func (p partial) Run(ctx context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		th, err := p.t.newThread(ctx)
		if err == nil {
			defer th.close()
			err = th.partial(in, yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

func (th *thread) partial(in vec.Stream, yield func(*vec.Batch, error) bool) error {
	out := newOutput(th.t, yield)
	th.relieve = func() error { return th.pass(out) }
	most := max(partialBytes/th.t.layout.Size, vec.DefaultSize)
	seen, passed := 0, 0
	for b, err := range in {
		if err != nil {
			return err
		}
		if err := th.ctx.Err(); err != nil {
			return err
		}
		if seen > most && 10*passed > 9*seen {
			// Hardly any row is left out: the others go on as they are.
			if !yield(b, nil) {
				return errStopped
			}
			continue
		}
		seen += b.Rows()
		if err := th.add(b); err != nil {
			return err
		}
		if th.bag.alive < most {
			continue
		}
		if err := th.reduceAll(); err != nil {
			return err
		}
		if 2*th.bag.alive > most {
			passed += th.bag.alive
			if err := th.pass(out); err != nil {
				return err
			}
		}
	}
	return th.pass(out)
}

// pass hands on all rows and empties the bag.
func (th *thread) pass(out *output) error {
	if err := th.reduceAll(); err != nil {
		return err
	}
	g := th.bag
	for i := range uint32(g.n) {
		if *g.mark(i) != 0 {
			continue
		}
		out.rows = append(out.rows, g.row(i))
		if len(out.rows) == vec.DefaultSize {
			if more, err := out.flush(false); err != nil || !more {
				return stopped(err)
			}
		}
	}
	if more, err := out.flush(true); err != nil || !more {
		return stopped(err)
	}
	th.bag.free()
	return nil
}

func stopped(err error) error {
	if err == nil {
		return errStopped
	}
	return err
}

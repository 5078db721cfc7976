package exec

import (
	"context"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// sharedInput is a subplan's result held in memory for all its readers. It is
// a sink with one store a thread; reading starts after Finish.
type sharedInput struct {
	pipeline *flow.Pipeline
	stores   []*hold.Store
}

// share computes a Shared node once a task. A key that stands in the plan once is not held.
func (b *builder) share(n *physical.Shared) (*chain, error) {
	if b.uses[n.Key] < 2 {
		return b.build(n.Input)
	}
	s := b.shared[n.Key]
	if s == nil {
		c, err := b.build(n.Input)
		if err != nil {
			return nil, err
		}
		env := b.nodeEnv(n)
		s = &sharedInput{stores: make([]*hold.Store, env.Threads)}
		ts := columnTypes(n.Schema())
		for i := range s.stores {
			s.stores[i] = hold.NewStore(ts, env.Account)
		}
		s.pipeline = b.sink(c, n, s)
		b.shared[n.Key] = s
	}
	return b.start(n, &sharedReader{in: s}, false, s.pipeline), nil
}

func columnTypes(s types.Schema) []types.Type {
	ts := make([]types.Type, len(s))
	for i, f := range s {
		ts[i] = f.Type
	}
	return ts
}

// Drain implements flow.Sink.
func (s *sharedInput) Drain(_ context.Context, thread int, in vec.Stream) error {
	for b, err := range in {
		if err != nil {
			return err
		}
		if err := s.stores[thread].AppendBatch(b); err != nil {
			return err
		}
	}
	return nil
}

// Finish implements flow.Sink.
func (s *sharedInput) Finish(context.Context, flow.Parallel) error {
	for _, o := range s.stores[1:] {
		s.stores[0].Adopt(o)
	}
	s.stores[0].Seal()
	return nil
}

// Close implements flow.Sink.
func (s *sharedInput) Close() {
	for _, o := range s.stores {
		o.Release()
	}
}

// sharedReader is one reader's source: its threads share the chunks.
type sharedReader struct {
	in   *sharedInput
	next atomic.Int64
}

// Open implements flow.Source.
func (r *sharedReader) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		store := r.in.stores[0]
		var b vec.Batch
		for {
			c := int(r.next.Add(1)) - 1
			if c >= store.Chunks() {
				return
			}
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(store.Chunk(c, &b), nil) {
				return
			}
		}
	}
}

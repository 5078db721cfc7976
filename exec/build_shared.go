package exec

import (
	"context"
	"slices"
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

// sharedInput is a subplan's result held for all its readers: in memory, and
// what finds no room there in files. It is a sink with one store a thread; reading starts after Finish.
type sharedInput struct {
	env    *flow.Env
	types  []types.Type
	stores []*hold.Store

	pipeline *flow.Pipeline
	mu       sync.Mutex
	files    []*mem.Spill
	frames   []storedFrame
}

// storedFrame is where a frame lies.
type storedFrame struct {
	file     *mem.Spill
	from, to int64
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
		s = b.keep(c, n)
		b.shared[n.Key] = s
	}
	return b.start(n, &sharedReader{in: s}, false, s.pipeline), nil
}

// keep ends a chain in a sharedInput, accounted to n.
func (b *builder) keep(c *chain, n physical.Node) *sharedInput {
	env := b.nodeEnv(n)
	s := &sharedInput{env: env, types: columnTypes(n.Schema()), stores: make([]*hold.Store, env.Threads)}
	for i := range s.stores {
		s.stores[i] = hold.NewStore(s.types, env.Account)
	}
	s.pipeline = b.sink(c, n, s)
	return s
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
	store := s.stores[thread]
	var w sharedWriter
	n := 0
	for b, err := range in {
		if err != nil {
			return err
		}
		err := store.AppendBatch(b)
		if n++; s.env.ForceSpill && n%3 == 0 && err == nil {
			err = w.store(s, store)
		} else if sqlerr.Is(err, sqlerr.MemoryLimit) {
			if err = w.store(s, store); err == nil {
				err = w.write(s, b.Compact(&w.batch))
			}
		}
		if err != nil {
			return err
		}
	}
	return w.finish(s)
}

// sharedWriter writes the rows of one thread that found no room.
type sharedWriter struct {
	file   *mem.Spill
	frames []storedFrame
	chunk  vec.Batch
	batch  vec.Batch
	buf    []byte
}

// store moves all rows of a store to the thread's file.
func (w *sharedWriter) store(s *sharedInput, store *hold.Store) error {
	for c := range store.Chunks() {
		if err := w.write(s, store.Chunk(c, &w.chunk)); err != nil {
			return err
		}
	}
	store.Release()
	return nil
}

// write writes a dense batch.
func (w *sharedWriter) write(s *sharedInput, b *vec.Batch) error {
	if w.file == nil {
		f, err := mem.NewSpill(s.env.SpillDir)
		if err != nil {
			return err
		}
		w.file = f
		s.mu.Lock()
		s.files = append(s.files, f)
		s.mu.Unlock()
	}
	w.buf = mem.AppendBatch(w.buf[:0], b.Cols, b.N)
	from := w.file.Size()
	to, err := w.file.Write(w.buf)
	w.frames = append(w.frames, storedFrame{w.file, from, to})
	return err
}

func (w *sharedWriter) finish(s *sharedInput) error {
	if w.file == nil {
		return nil
	}
	s.mu.Lock()
	s.frames = append(s.frames, w.frames...)
	s.mu.Unlock()
	return w.file.Flush()
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
	for _, f := range s.files {
		f.Close()
	}
	s.files = nil
}

// sharedReader is one reader's source: its threads share the chunks, then the frames.
type sharedReader struct {
	in   *sharedInput
	next atomic.Int64
}

// Open implements flow.Source.
func (r *sharedReader) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		store := r.in.stores[0]
		var b, stored vec.Batch
		for {
			c := int(r.next.Add(1)) - 1
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if c < store.Chunks() {
				if !yield(store.Chunk(c, &b), nil) {
					return
				}
				continue
			}
			if c -= store.Chunks(); c >= len(r.in.frames) {
				return
			}
			if err := r.in.read(c, &stored); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&stored, nil) {
				return
			}
		}
	}
}

// read makes b the batch of frame i.
func (s *sharedInput) read(i int, b *vec.Batch) error {
	f := s.frames[i]
	frame, err := f.file.Frames(f.from, f.to).Next()
	if err != nil {
		return err
	}
	if len(b.Cols) == 0 {
		b.Cols = slices.Grow(b.Cols, len(s.types))
		for range s.types {
			b.Cols = append(b.Cols, &vec.Vec{})
		}
	}
	b.N, err = mem.ReadBatch(frame, s.types, b.Cols)
	return err
}

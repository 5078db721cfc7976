package sort

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// Sink collects rows and, after Finish, gives them back in order: Source opens
// one stream, read by one thread.
type Sink interface {
	flow.Sink
	Source() flow.Source
}

// maxTopN is the largest limit for which a bounded selection is kept instead of sorting everything.
const maxTopN = 1 << 20

// New returns the sink for n.
func New(env *flow.Env, n *physical.Sort) (Sink, error) {
	schema := n.Input.Schema()
	ts := make([]types.Type, len(schema))
	for i, f := range schema {
		ts[i] = f.Type
	}
	spec := NewSpec(env, ts, n.Keys, nil)
	if n.Limit >= 0 && n.Limit+n.Offset <= maxTopN {
		return newTopN(spec, n.Limit, n.Offset)
	}
	return sorterOf(spec, n.Limit, n.Offset), nil
}

// sorterOf is a Sorter of whose rows only some come out.
func sorterOf(spec *Spec, limit, offset int64) *Sorter {
	s := NewSorter(spec)
	s.offset, s.limit = offset, limit
	return s
}

// Sorter sorts all its input.
type Sorter struct {
	spec          *Spec
	offset, limit int64 // of the Source; limit < 0: all
	runs          []*run
	ents          [][]ent
	all           *run // every row in memory, after Finish
	rows          []uint32
	rowBytes      int64
	ends          [Buckets + 1]int // of the buckets in rows, if others are on disk and the sort is partitioned
	spilled       spills

	mu      sync.Mutex
	started atomic.Int64 // threads that have rows, or had some
	ordered []bool       // by thread: its rows wait in order
}

// NewSorter returns a sink for rows as spec says.
func NewSorter(spec *Spec) *Sorter {
	n := spec.env.Threads
	return &Sorter{spec: spec, limit: -1, runs: make([]*run, n), ents: make([][]ent, n), ordered: make([]bool, n)}
}

// Drain implements flow.Sink.
func (s *Sorter) Drain(ctx context.Context, thread int, in vec.Stream) error {
	r := s.runs[thread]
	if r == nil {
		var err error
		if r, err = newRun(s.spec); err != nil {
			return err
		}
	}
	s.begin(thread, r)
	for b, err := range in {
		if err == nil {
			err = r.evaluate(b)
		}
		if err == nil {
			err = s.add(ctx, r, b)
		}
		if err != nil {
			return err
		}
	}
	return s.order(ctx, thread)
}

// begin makes r the run of a thread that is to add rows.
func (s *Sorter) begin(thread int, r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs[thread] == nil {
		s.runs[thread] = r
		s.started.Add(1)
	}
	s.ordered[thread] = false
}

// order sorts what a thread has in memory.
func (s *Sorter) order(ctx context.Context, thread int) error {
	r := s.runs[thread]
	r.seal()
	ents, err := r.order(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ents[thread], s.ordered[thread] = ents, err == nil
	return err
}

// add keeps the rows of b, spilling what is there when memory is refused.
func (s *Sorter) add(ctx context.Context, r *run, b *vec.Batch) error {
	return s.keep(ctx, r, b, b.Selection(), r.coded)
}

// most is how many rows of the order can come out, negative: all.
func (s *Sorter) most() int64 {
	if s.limit < 0 {
		return -1
	}
	return s.limit + s.offset
}

// keep is add for rows sel of b, whose keys are given.
func (s *Sorter) keep(ctx context.Context, r *run, b *vec.Batch, sel []uint16, coded []byte) error {
	err := r.keep(b, sel, coded)
	if err == nil && !s.full(r) || err != nil && !sqlerr.Is(err, sqlerr.MemoryLimit) {
		return err
	}
	if r.store.Len() > 0 {
		if err := s.spilled.write(ctx, r, s.most()); err != nil {
			return err
		}
	} else if spilled, spillErr := s.spillOther(ctx); spillErr != nil {
		return spillErr
	} else if !spilled {
		return err
	}
	if err == nil {
		return nil
	}
	return r.keep(b, sel, coded)
}

// full reports whether a thread has as many rows as it should: its share of
// the limit, less some room for the first rows of others.
func (s *Sorter) full(r *run) bool {
	env := s.spec.env
	if env.ForceSpill && r.store.Len() >= forcedRun {
		return true
	}
	limit := env.Account.Limit()
	return limit > 0 && r.store.Bytes()+r.bytes > limit*7/10/s.started.Load()
}

// spillOther moves the rows of a thread that has all of its own to disk, for
// one that finds no room for its first rows.
func (s *Sorter) spillOther(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, ordered := range s.ordered {
		if ordered && s.runs[i].store.Len() > 0 {
			ents := s.ents[i]
			if most := s.most(); most >= 0 {
				ents = ents[:min(int64(len(ents)), most)]
			}
			s.ents[i] = nil
			return true, s.spilled.writeRows(ctx, s.runs[i], ents)
		}
	}
	return false, nil
}

// Finish implements flow.Sink.
func (s *Sorter) Finish(ctx context.Context, par flow.Parallel) error {
	rows := 0
	for _, r := range s.runs {
		if r != nil {
			rows += r.store.Len()
		}
	}
	s.rowBytes = int64(4 * rows)
	if err := s.spec.env.Account.Reserve(s.rowBytes); err != nil {
		s.rowBytes = 0
		return s.spillAll(ctx, par)
	}
	for i, r := range s.runs {
		switch {
		case r == nil:
		case s.all == nil:
			s.all = r
		default:
			s.all.adopt(r, s.ents[i])
		}
	}
	if s.all == nil {
		return nil
	}
	s.all.seal()
	merged, err := s.all.merge(ctx, par, s.ents)
	s.rows, s.ents = merged, nil
	if err == nil && s.spec.parts > 0 && s.spilled.some() {
		s.rows, s.ends = s.all.cut(len(merged), func(i int) uint32 { return merged[i] })
	}
	return err
}

// spillAll moves the sorted runs to disk: there is no memory left to merge them in.
func (s *Sorter) spillAll(ctx context.Context, par flow.Parallel) error {
	return par(ctx, len(s.runs), func(ctx context.Context, _, i int) error {
		r := s.runs[i]
		if r == nil || r.store.Len() == 0 {
			return nil
		}
		ents := s.ents[i]
		s.ents[i] = nil
		return s.spilled.writeRows(ctx, r, ents)
	})
}

// Close implements flow.Sink.
func (s *Sorter) Close() {
	for _, r := range s.runs {
		if r != nil {
			r.release()
		}
	}
	s.spec.env.Account.Release(s.rowBytes)
	s.rowBytes, s.rows, s.ents, s.runs, s.all = 0, nil, nil, nil, nil
	s.spilled.close()
}

// Source returns the rows in order, input columns only.
func (s *Sorter) Source() flow.Source { return sorted{s} }

type sorted struct{ s *Sorter }

// Open implements flow.Source.
func (o sorted) Open(ctx context.Context, _ int) vec.Stream {
	s := o.s
	if s.spilled.some() {
		return cutRows(s.spilled.merged(ctx, s), s.offset, s.limit)
	}
	return func(yield func(*vec.Batch, error) bool) {
		if s.all == nil {
			return
		}
		rows := s.rows[min(int64(len(s.rows)), s.offset):]
		if s.limit >= 0 {
			rows = rows[:min(int64(len(rows)), s.limit)]
		}
		gatherRows(ctx, s.all.store, rows, s.spec.input, s.spec.env.BatchSize, yield)
	}
}

// gatherRows yields rows of a store in the given order, the first cols columns of them.
func gatherRows(ctx context.Context, store *hold.Store, rows []uint32, cols, size int, yield func(*vec.Batch, error) bool) bool {
	b := &vec.Batch{Cols: make([]*vec.Vec, cols)}
	for i := range b.Cols {
		b.Cols[i] = &vec.Vec{}
	}
	for len(rows) > 0 {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		k := min(size, len(rows))
		for i := range b.Cols {
			store.Gather(b.Cols[i], i, rows[:k])
		}
		b.N, b.Sel = k, nil
		rows = rows[k:]
		if !yield(b, nil) {
			return false
		}
	}
	return true
}

// cutRows passes rows offset … offset+limit of dense batches (limit < 0: all).
func cutRows(in vec.Stream, offset, limit int64) vec.Stream {
	if offset == 0 && limit < 0 {
		return in
	}
	return func(yield func(*vec.Batch, error) bool) {
		if limit == 0 {
			return
		}
		var out vec.Batch
		pos := int64(0)
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			n := int64(b.Rows())
			from, to := max(offset-pos, 0), n
			if limit >= 0 {
				to = min(n, offset+limit-pos)
			}
			pos += n
			if from < to {
				out.Cols, out.N, out.Sel = b.Cols, b.N, b.Selection()[from:to]
				if !yield(&out, nil) {
					return
				}
			}
			if limit >= 0 && pos >= offset+limit {
				return
			}
		}
	}
}

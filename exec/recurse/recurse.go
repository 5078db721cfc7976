// Package recurse computes recursive queries level by level: the rows of the
// anchor are level 0, and every further level is what a step makes of the level
// before, until a level has no rows.
//
//	anchor pipeline ─► Sink ─► level 0 ─┬─► Source ─► … downstream
//	                            │       │
//	                            └─step──► level 1 ─► …     made when level 0 is read
//
// A level is made only when the one before has been read to its end, so a
// consumer that stops early stops the recursion. Only the level that is read and the one
// that is being made are in memory, besides the rows that UNION must remember
// to keep each once. What a step is and how it runs is left to package exec.
package recurse

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

// Step runs the step of a recursion over the rows of a level and gives its rows to sink.
type Step func(ctx context.Context, rows *hold.Store, sink flow.Sink) error

// Recursion is the state of one physical.Recursive in a task: the sink of its
// anchor, and the source of its rows. Close of the sink ends it all.
type Recursion struct {
	env  *flow.Env
	node *physical.Recursive
	ts   []types.Type
	step Step

	mu    sync.Mutex
	seen  *rowSet // nil for UNION ALL
	total int64   // rows so far
	cur   *level
	live  []*level
}

// level is the rows of one level. Threads share its chunks.
type level struct {
	number  int64
	rows    *hold.Store
	next    atomic.Int64 // chunk to read next
	readers int
	after   *level // once it is made
	last    bool   // no level comes after it
}

// New prepares the recursion n.
func New(env *flow.Env, n *physical.Recursive, step Step) *Recursion {
	r := &Recursion{env: env, node: n, step: step}
	for _, f := range n.Cols {
		r.ts = append(r.ts, f.Type)
	}
	if n.Distinct {
		r.seen = newRowSet(r.ts, env.Account)
	}
	return r
}

// Sink takes the rows of the anchor.
func (r *Recursion) Sink() flow.Sink { return &anchorSink{collector: r.collector(), r: r} }

// Source gives the rows of all levels.
func (r *Recursion) Source() flow.Source { return source{r} }

func (r *Recursion) collector() *collector {
	c := &collector{r: r, stores: make([]*hold.Store, max(r.env.Threads, 1))}
	for i := range c.stores {
		c.stores[i] = hold.NewStore(r.ts, r.env.Account)
	}
	return c
}

// collector is the sink of a level: a store a thread, which become one.
type collector struct {
	r      *Recursion
	stores []*hold.Store
}

// Drain implements flow.Sink.
func (c *collector) Drain(ctx context.Context, thread int, in vec.Stream) error {
	for b, err := range in {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		sel := b.Selection()
		if c.r.seen != nil {
			if sel, err = c.r.seen.add(b); err != nil {
				return err
			}
		}
		if err := c.stores[thread].Append(b.Cols, sel); err != nil {
			return err
		}
	}
	return nil
}

// Finish implements flow.Sink.
func (c *collector) Finish(context.Context, flow.Parallel) error {
	for _, o := range c.stores[1:] {
		c.stores[0].Adopt(o)
	}
	c.stores[0].Seal()
	return nil
}

// Close implements flow.Sink.
func (c *collector) Close() {
	for _, s := range c.stores {
		s.Release()
	}
}

// anchorSink makes level 0, and lives as long as the recursion.
type anchorSink struct {
	*collector
	r *Recursion
}

// Finish implements flow.Sink.
func (a *anchorSink) Finish(ctx context.Context, par flow.Parallel) error {
	if err := a.collector.Finish(ctx, par); err != nil {
		return err
	}
	a.r.cur = a.r.level(0, a.stores[0])
	return nil
}

// Close implements flow.Sink.
func (a *anchorSink) Close() {
	a.collector.Close()
	a.r.mu.Lock()
	defer a.r.mu.Unlock()
	for _, l := range a.r.live {
		l.rows.Release()
	}
	a.r.live, a.r.cur = nil, nil
	if a.r.seen != nil {
		a.r.seen.close()
	}
}

func (r *Recursion) level(number int64, rows *hold.Store) *level {
	l := &level{number: number, rows: rows}
	r.total += int64(rows.Len())
	r.live = append(r.live, l)
	return l
}

type source struct{ r *Recursion }

// Open implements flow.Source.
func (s source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		r := s.r
		l := r.enter()
		defer func() { r.leave(l) }()
		var b vec.Batch
		for l != nil {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if c := int(l.next.Add(1)) - 1; c < l.rows.Chunks() {
				if !yield(l.rows.Chunk(c, &b), nil) {
					return
				}
				continue
			}
			next, err := r.advance(ctx, l)
			if err != nil {
				yield(nil, err)
				return
			}
			r.leave(l)
			l = next
		}
	}
}

// enter begins to read at the latest level: all chunks of those before it are taken.
func (r *Recursion) enter() *level {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cur != nil {
		r.cur.readers++
	}
	return r.cur
}

// leave ends reading of a level, and frees it if no one needs it any more.
func (r *Recursion) leave(l *level) {
	if l == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.readers--; l.readers > 0 || l.after == nil && !l.last {
		return
	}
	l.rows.Release()
	for i, x := range r.live {
		if x == l {
			r.live = append(r.live[:i], r.live[i+1:]...)
			break
		}
	}
	if r.cur == l {
		r.cur = nil
	}
}

// advance returns the level after l, nil if there is none, with the caller as
// one of its readers. One thread makes it while the others wait.
func (r *Recursion) advance(ctx context.Context, l *level) (*level, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.after == nil && !l.last {
		if err := r.grow(ctx, l); err != nil {
			return nil, err
		}
	}
	if l.after != nil {
		l.after.readers++
	}
	return l.after, nil
}

// grow makes the level after l.
func (r *Recursion) grow(ctx context.Context, l *level) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	n := r.node
	switch {
	case l.rows.Len() == 0, n.Limit >= 0 && r.total >= n.Limit:
		l.last = true
		return nil
	case n.MaxLevel >= 0 && l.number >= n.MaxLevel:
		return sqlerr.New(sqlerr.RecursionLevelLimit, "Recursion level limit %d reached but query has not exhausted, try increasing it like 'WITH RECURSIVE t(col) MAX RECURSION LEVEL 200'.", n.MaxLevel).At(int(n.Pos))
	case n.Limit < 0 && n.MaxRows >= 0 && r.total >= n.MaxRows:
		return sqlerr.New(sqlerr.RecursionRowLimit, "Recursion row limit %d reached but query has not exhausted, try setting a larger LIMIT value when querying the CTE relation.", n.MaxRows).At(int(n.Pos))
	}
	c := r.collector()
	if err := r.step(ctx, l.rows, c); err != nil {
		c.Close()
		return err
	}
	l.after = r.level(l.number+1, c.stores[0])
	r.cur = l.after
	return nil
}

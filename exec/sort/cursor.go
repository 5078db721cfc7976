package sort

import (
	"bytes"
	"context"
	"iter"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// cursor walks a sorted run batch by batch. next gives a dense batch of the
// store's columns with its normalized keys, valid until the next call, and nil
// at the end. close is called once.
type cursor interface {
	next(ctx context.Context) (*vec.Batch, []byte, error)
	close()
}

// head is a cursor and the place in its current batch.
type head struct {
	cur  cursor
	b    *vec.Batch
	keys []byte
	i    int
	at   []int32  // rows of the output that come from here …
	rows []uint16 // … and their places in b
}

func (h *head) advance(ctx context.Context) (more bool, err error) {
	h.b, h.keys, err = h.cur.next(ctx)
	for err == nil && h.b != nil && h.b.N == 0 {
		h.b, h.keys, err = h.cur.next(ctx)
	}
	h.i = 0
	return h.b != nil, err
}

// merger merges cursors into batches.
type merger struct {
	spec   *Spec
	layout *layout
	heads  []*head
	out    vec.Batch
	n      int
	yield  func(b *vec.Batch, keys []byte, err error) bool
	// wantKeys: batches go with their keys.
	wantKeys bool
	keys     []byte
}

// mergeCursors merges cursors into batches of the input columns.
func mergeCursors(ctx context.Context, spec *Spec, cursors []cursor) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		m := &merger{spec: spec, layout: spec.layout, yield: func(b *vec.Batch, _ []byte, err error) bool { return yield(b, err) }}
		m.stream(ctx, cursors, spec.types[:spec.input])
	}
}

// stream yields the first columns, of types ts, of what cursors have.
func (m *merger) stream(ctx context.Context, cursors []cursor, ts []types.Type) {
	defer func() {
		for _, c := range cursors {
			c.close()
		}
	}()
	for _, c := range cursors {
		h := &head{cur: c}
		more, err := h.advance(ctx)
		if err != nil {
			m.yield(nil, nil, err)
			return
		}
		if more {
			m.heads = append(m.heads, h)
		}
	}
	if len(m.heads) == 0 {
		return
	}
	for _, t := range ts {
		m.out.Cols = append(m.out.Cols, vec.New(t, 0))
	}
	if err := m.run(ctx); err != nil {
		m.yield(nil, nil, err)
	}
}

func (m *merger) run(ctx context.Context) error {
	t := newTree(len(m.heads), func(a, b int) bool { return m.compare(m.heads[a], m.heads[b]) < 0 })
	for !t.empty() {
		h := m.heads[t.winner()]
		h.at, h.rows = append(h.at, int32(m.n)), append(h.rows, uint16(h.i))
		if m.wantKeys {
			m.keys = append(m.keys, h.keys[h.i*m.layout.stride:][:m.layout.stride]...)
		}
		m.n++
		h.i++
		more := true
		if h.i == h.b.N {
			if m.n > 0 && !m.flush() {
				return nil
			}
			var err error
			if more, err = h.advance(ctx); err != nil {
				return err
			}
		} else if m.n == m.spec.env.BatchSize && !m.flush() {
			return nil
		}
		t.next(more)
	}
	return nil
}

func (m *merger) compare(a, b *head) int {
	l := m.layout
	x, y := a.keys[a.i*l.stride:][:l.stride], b.keys[b.i*l.stride:][:l.stride]
	if l.exact {
		return bytes.Compare(x, y)
	}
	return l.compareTies(x, y, len(l.keys), a.value, 0, b.value, 0)
}

// value is the current row's value of a tie key.
func (h *head) value(col int, _ uint32) (*vec.Vec, int) {
	v := h.b.Cols[col]
	if v.Null(h.i) {
		return v, h.i
	}
	return v.Base(), v.Index(h.i)
}

// flush yields the rows chosen so far.
func (m *merger) flush() bool {
	for i, col := range m.out.Cols {
		col.Resize(m.n)
		for _, h := range m.heads {
			if len(h.rows) > 0 {
				hold.Scatter(col, h.at, h.b.Cols[i], h.rows)
			}
		}
	}
	m.out.N, m.out.Sel = m.n, nil
	m.n = 0
	for _, h := range m.heads {
		h.at, h.rows = h.at[:0], h.rows[:0]
	}
	keys := m.keys
	m.keys = m.keys[:0]
	return m.yield(&m.out, keys, nil)
}

// NewMerge returns a source, to be opened by one thread, that merges sources
// sorted by order into one sorted stream.
func NewMerge(env *flow.Env, input []types.Type, order []expr.SortKey, sources []flow.Source) flow.Source {
	return &mergeSource{NewSpec(env, input, order, nil), sources}
}

type mergeSource struct {
	spec    *Spec
	sources []flow.Source
}

// Open implements flow.Source.
func (m *mergeSource) Open(ctx context.Context, thread int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		var cursors []cursor
		for _, s := range m.sources {
			r, err := newRun(m.spec)
			if err != nil {
				yield(nil, err)
				return
			}
			next, stop := iter.Pull2(s.Open(ctx, thread))
			cursors = append(cursors, &streamCursor{run: r, pull: next, stop: stop})
		}
		mergeCursors(ctx, m.spec, cursors)(yield)
	}
}

// streamCursor reads a sorted stream.
type streamCursor struct {
	run   *run
	pull  func() (*vec.Batch, error, bool)
	stop  func()
	dense vec.Batch
	b     vec.Batch
}

func (c *streamCursor) next(context.Context) (*vec.Batch, []byte, error) {
	in, err, ok := c.pull()
	if err != nil || !ok {
		return nil, nil, err
	}
	in = in.Compact(&c.dense)
	if err := c.run.evaluate(in); err != nil {
		return nil, nil, err
	}
	c.b.Cols = append(c.b.Cols[:0], in.Cols...)
	for _, p := range c.run.extra {
		v, err := p.Eval(in.Cols, in.N, nil)
		if err != nil {
			return nil, nil, err
		}
		c.b.Cols = append(c.b.Cols, v)
	}
	c.b.N = in.N
	return &c.b, c.run.coded, nil
}

func (c *streamCursor) close() { c.stop() }

package window

import (
	stdsort "sort"

	"github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// buckets is how many parts threads share when rows are on disk.
func (w *Window) buckets() int {
	if w.parts == 0 {
		return 1
	}
	return sort.Buckets
}

// stream evaluates a bucket that is read from disk. Rows are collected until
// there are some whole partitions.
type stream struct {
	*evaluation
	bucket int
	rows   *sort.Collector
	gone   int  // rows of the bucket before those collected
	open   bool // the first partition is gone through part by part …
	done   int  // … up to this row of the part at hand
	most   int64
	more   bool
}

// forcedPart is how many rows of a partition are held when spilling is forced, for tests.
const forcedPart = 40

func (e *evaluation) bucket(b int) (more bool, err error) {
	c := e.w.sorter.NewCollector()
	s := &stream{evaluation: e, bucket: b, rows: c, more: true}
	// Rows are copied when some of them are dropped, and others want memory too.
	s.most = e.w.env.Account.Limit() / int64(max(e.w.env.Threads, 1)) / 5
	defer c.Close()
	e.w.sorter.ReadBucket(e.ctx, b)(func(b *vec.Batch, keys []byte, fail error) bool {
		if err = fail; err == nil {
			err = s.take(b, keys)
		}
		return err == nil && s.more
	})
	if err == nil && s.more && c.Len() > 0 {
		err = s.advance(true)
	}
	return s.more, err
}

// take collects a batch.
func (s *stream) take(b *vec.Batch, keys []byte) error {
	sel := vec.Identity[:b.N]
	err := s.rows.Add(b, sel, keys)
	if sqlerr.Is(err, sqlerr.MemoryLimit) && s.rows.Len() > 0 {
		if err := s.relieve(true); err != nil || !s.more {
			return err
		}
		return s.rows.Add(b, sel, keys)
	}
	switch {
	case err != nil:
		return err
	case s.short():
		return s.relieve(false)
	case s.rows.Len() >= morselRows+s.done:
		return s.advance(false)
	}
	return nil
}

// short reports whether as many rows are held as should be.
func (s *stream) short() bool {
	if s.w.env.ForceSpill && s.rows.Len() >= forcedPart && s.partly() == "" {
		return true
	}
	return s.most > 0 && s.holds() > s.most
}

// holds is about what the collected rows and the calls that look at them take.
func (s *stream) holds() int64 {
	return s.rows.Bytes() + int64(s.rows.Len()*callBytes*len(s.calls))
}

// relieve gives up rows because memory is short, or refused.
func (s *stream) relieve(refused bool) error {
	before := s.rows.Len()
	if err := s.advance(false); err != nil || !s.more || s.rows.Len() < before {
		return err
	}
	if s.open {
		if !refused && (s.holds() <= 2*s.most || s.w.env.ForceSpill) {
			return nil // rows to come complete frames
		}
		return sqlerr.New(sqlerr.MemoryLimit, "A window frame does not fit in memory.").
			WithHint("Raise --memory, or lower the number of threads.")
	}
	if name := s.partly(); name != "" {
		if !refused && s.holds() <= 3*s.most {
			return nil
		}
		return sqlerr.New(sqlerr.MemoryLimit, "A partition of a window does not fit in memory, and %s needs all of it.", name).
			WithHint("Raise --memory, or lower the number of threads.")
	}
	return s.begin()
}

// partly is the name of a call that cannot go through a partition part by part, empty if there is none.
func (s *stream) partly() string {
	for i, c := range s.calls {
		if p, ok := c.(partly); !ok || p.reach() == wholePartition {
			return s.w.node.Calls[i].Agg.Func
		}
	}
	return ""
}

// advance evaluates what is complete and drops it. With last no rows follow.
func (s *stream) advance(last bool) error {
	for s.rows.Len() > 0 && s.more {
		s.ord = s.rows.Ordered()
		n := len(s.ord.Rows)
		if s.open {
			end := s.end(0)
			if err := s.part(end, last || end < n); err != nil || s.open {
				return err
			}
			continue
		}
		whole := n // rows of partitions that are there to their end
		if !last {
			whole = s.start(n - 1)
		}
		if whole == 0 {
			return nil
		}
		var err error
		if s.more, err = s.morsel(0, whole); err != nil || !s.more {
			return err
		}
		if err := s.drop(whole); err != nil || !last {
			return err
		}
	}
	return nil
}

// start and end bound the partition of row i.
func (s *stream) start(i int) int {
	if s.w.parts == 0 {
		return 0
	}
	rows := s.ord.Rows
	return stdsort.Search(i, func(j int) bool { return s.ord.Same(rows[j], rows[i], s.w.parts) })
}

func (s *stream) end(i int) int {
	rows := s.ord.Rows
	if s.w.parts == 0 {
		return len(rows)
	}
	return i + 1 + stdsort.Search(len(rows)-i-1, func(j int) bool { return !s.ord.Same(rows[i+1+j], rows[i], s.w.parts) })
}

func (s *stream) drop(n int) error {
	s.gone += n
	return s.rows.Drop(n)
}

// begin opens the partition that the collected rows are the first ones of.
func (s *stream) begin() error {
	s.ord = s.rows.Ordered()
	s.view(len(s.ord.Rows), false)
	s.open, s.done = true, 0
	s.p.before, s.p.total = 0, 0
	totals := false
	for _, c := range s.calls {
		if err := c.begin(&s.p); err != nil {
			return err
		}
		totals = totals || c.(partly).reach() == afterTotals
	}
	if totals {
		if err := s.totals(); err != nil {
			return err
		}
	}
	return s.advance(false)
}

// view makes the partition the first n rows collected.
func (s *stream) view(n int, closed bool) {
	p := &s.p
	p.ctx, p.ord, p.keys = s.ctx, s.ord, s.w.keys
	p.base, p.n, p.end, p.rows = 0, n, n, s.ord.Rows[:n]
	p.closed, p.peersKnown = closed, false
}

// part evaluates the rows of the open partition that are ready, of which the
// first n rows collected are left, and drops those that are not needed any more.
func (s *stream) part(n int, closed bool) error {
	s.view(n, closed)
	for _, c := range s.calls {
		if err := c.(partly).resume(&s.p, 0); err != nil {
			return err
		}
	}
	ready := n
	if !closed {
		ready = s.done + stdsort.Search(n-s.done, func(i int) bool { return !s.ready(s.done + i) })
	}
	for s.done < ready {
		k := min(ready-s.done, s.w.env.BatchSize)
		for _, c := range s.calls {
			if err := c.add(&s.p, s.done, s.done+k); err != nil {
				return err
			}
		}
		var err error
		if s.more, err = s.flush(s.done, s.done+k); err != nil || !s.more {
			return err
		}
		s.done += k
	}
	if closed {
		s.open, s.done = false, 0
		return s.drop(n)
	}
	keep := min(s.done, n-1) // one to tell rows of the next partition by
	for _, c := range s.calls {
		keep = min(keep, c.(partly).keep(&s.p, s.done))
	}
	// Dropping copies the rest, so it must be worth it.
	if 2*keep < n && !s.w.env.ForceSpill || keep == 0 {
		return nil
	}
	if err := s.drop(keep); err != nil {
		return err
	}
	s.done -= keep
	s.ord = s.rows.Ordered()
	s.view(n-keep, false)
	s.p.before += keep
	for _, c := range s.calls {
		if err := c.(partly).resume(&s.p, keep); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) ready(i int) bool {
	for _, c := range s.calls {
		if !c.(partly).ready(&s.p, i) {
			return false
		}
	}
	return true
}

// totals shows the calls that ask for it all rows of the open partition, which
// is read from disk once more.
func (s *stream) totals() (err error) {
	c := s.w.sorter.NewCollector()
	defer c.Close()
	skip, seen := s.gone, 0
	p := partition{ctx: s.ctx, keys: s.w.keys}
	s.w.sorter.ReadBucket(s.ctx, s.bucket)(func(b *vec.Batch, keys []byte, fail error) bool {
		if err = fail; err != nil {
			return false
		}
		sel := vec.Identity[:b.N]
		k := min(skip, len(sel))
		if skip -= k; k == len(sel) {
			return true
		}
		from := c.Len() // a row of the batch before, if any, to compare with
		if err = c.Add(b, sel[k:], keys); err != nil {
			return false
		}
		p.ord = c.Ordered()
		n := len(p.ord.Rows)
		end := n
		if s.w.parts > 0 {
			end = stdsort.Search(n, func(i int) bool { return !p.ord.Same(p.ord.Rows[i], p.ord.Rows[0], s.w.parts) })
		}
		p.rows, p.n, p.end = p.ord.Rows[:end], end, end
		for _, x := range s.calls {
			if x := x.(partly); x.reach() == afterTotals {
				if err = x.total(&p, from, end); err != nil {
					return false
				}
			}
		}
		seen += end - from
		if end < n {
			return false
		}
		err = c.Drop(n - 1)
		return err == nil
	})
	s.p.total = seen
	return err
}

package driver

import (
	"context"
	"time"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/flight/direct"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// Rest yields the rows of a partition behind so many that a client has read at
// an executor, with a ticket that Grant made for handle. They are the rest if
// they come from the same output, or from one made in its place that is equal
// to it to the last byte; else there is the error RESULT_CHANGED.
func (q *Job) Rest(ctx context.Context, i int, handle, ticket []byte, rows int64) vec.Stream {
	q.d.mu.Lock()
	r := q.d.results
	q.d.mu.Unlock()
	fail := func(err error) vec.Stream {
		return func(yield func(*vec.Batch, error) bool) { yield(nil, err) }
	}
	if r == nil || q.gathered() == nil {
		return fail(changed(i))
	}
	g, ok := direct.Open(r.key, handle, ticket, time.Now())
	if was := g.Output.Task; !ok || rows < 0 || was.Job != q.ID() || was.Stage != q.gathered().Stage || was.Partition != int32(i) {
		return fail(changed(i))
	}
	if rows == 0 {
		return q.Partition(ctx, i)
	}
	return behind(rows, i, q.partition(ctx, i, func(l exchange.Location) error {
		q.j.mu.Lock()
		defer q.j.mu.Unlock()
		was, known := q.j.digests[[2]int32{l.Partition, g.Output.Attempt}]
		if now, ok := q.j.digests[[2]int32{l.Partition, l.Attempt}]; l.Attempt != g.Output.Attempt && (!known || !ok || now != was) {
			return changed(i)
		}
		return nil
	}))
}

// changed is the error for rows that would not go on where a client stands.
func changed(i int) error {
	return sqlerr.New(sqlerr.ResultChanged, "The executor that had partition %d of the result was lost after some rows of it had been read, and what was made in its place differs.", i).
		WithHint("Run the query again. An ORDER BY over all columns makes the rows come in the same order every time.")
}

// behind leaves the first rows of a partition out, of which there are as many or more.
func behind(rows int64, i int, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		left := rows
		for b, err := range in {
			if err == nil && left > 0 {
				n := int64(b.Rows())
				if n <= left {
					left -= n
					continue
				}
				out := *b
				out.Sel = b.Selection()[left:]
				left, b = 0, &out
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
		if left > 0 {
			yield(nil, changed(i))
		}
	}
}

package sql

import (
	"context"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Unordered is a Statement that knows whether the order of its rows means something.
type Unordered interface {
	Statement
	// Unordered reports whether rows may come in any order.
	Unordered() bool
}

// part is one of several endpoints of a result. Its reader takes the next
// record that no other has taken: readers at the same time share the work of
// encoding and sending, and one after the other the first gets all. What one
// has taken is gone, so each is read once, and all of them are needed.
type part struct{ reading, over bool }

// split offers a result whose rows have no order in as many parts as the server
// is to. A result that is there already and small stays one.
func (q *query) split() {
	n := q.c.s.o.Endpoints
	u, ok := q.stmt.(Unordered)
	if n <= 1 || !ok || q.stmt.Changes() || !u.Unordered() {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.streams == nil && q.parts == nil && !q.reading && q.dropped == 0 && !q.over && !(q.done && q.replayable()) {
		q.parts = make([]part, n)
	}
}

// readPart yields records as read does, those of one part of a split result.
// Leaving the loop before the end ends the query.
func (q *query) readPart(ctx context.Context, n int, idle time.Duration, before *taken) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		if err := q.claimPart(n); err != nil {
			yield(nil, err)
			return
		}
		whole, why := false, error(errClientGone)
		defer func() { q.unclaimPart(n, whole, why) }()
		if q.streams != nil {
			whole = q.readPartitions(ctx, n, idle, before, func(rec arrow.RecordBatch, err error) bool {
				if err != nil && ctx.Err() == nil { // readers of other endpoints are told the same
					why = err
				}
				return yield(rec, err)
			})
			return
		}
		if before != nil {
			yield(nil, errHandle)
			return
		}
		q.start()
		for {
			rec, changed, err := q.take()
			switch {
			case err != nil:
				yield(nil, err)
				return
			case rec != nil:
				ok := yield(rec, nil)
				rec.Release()
				if !ok {
					return
				}
				continue
			case changed == nil:
				whole = true
				return
			}
			var quiet <-chan time.Time
			if idle > 0 {
				quiet = time.After(idle)
			}
			select {
			case <-changed:
			case <-quiet:
				if !yield(nil, nil) {
					return
				}
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}

// take is the next record, which is the caller's, or what to wait for; neither at the end.
func (q *query) take() (arrow.RecordBatch, <-chan struct{}, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.batches) > 0:
		rec := q.batches[0]
		q.batches = q.batches[1:]
		q.size -= RecordSize(rec)
		q.dropped++
		q.signal()
		return rec, nil, nil
	case q.done:
		return nil, nil, q.err
	case q.gone: // another reader has left: what it took is missing
		return nil, nil, context.Cause(q.ctx)
	}
	return nil, q.changed, nil
}

func (q *query) claimPart(n int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.gone || n >= len(q.parts):
		return errHandle
	case q.parts[n].over:
		return status.Errorf(codes.FailedPrecondition, "Endpoint %d of query %s has been read. Results in several endpoints are read once.", n, q.name())
	case q.parts[n].reading:
		return status.Errorf(codes.FailedPrecondition, "Endpoint %d of query %s is being read by another call.", n, q.name())
	}
	q.parts[n].reading, q.reading = true, true
	return nil
}

// unclaimPart ends the reader of a part, whole if it came to the end of the
// rows. Until all parts are read the query stays, for those that are not. why it
// was not read to the end is what ends the query.
func (q *query) unclaimPart(n int, whole bool, why error) {
	q.mu.Lock()
	q.parts[n].reading = false
	q.parts[n].over = whole
	q.reading = false
	all := true
	for _, p := range q.parts {
		q.reading = q.reading || p.reading
		all = all && p.over
	}
	q.mu.Unlock()
	switch {
	case !whole:
		q.c.forget(q, why)
	case all:
		q.c.s.keep(q, 0)
		q.mu.Lock()
		q.signal() // for who waits to let go of partitions
		q.mu.Unlock()
	}
}

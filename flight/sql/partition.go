package sql

import (
	"context"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
)

// maySeparate reports whether the result may be offered in the partitions its
// statement makes.
func (q *query) maySeparate() bool {
	sp, ok := q.stmt.(Spread)
	return ok && (q.c.s.o.Endpoints > 1 || q.c.s.o.Direct) && !q.stmt.Changes() && sp.Spreads() && (q.stmt.Params().NumFields() == 0 || q.rowsOfParams() == 1)
}

// plan starts a query whose result may come in partitions, and waits until it is
// known whether it does, and where clients read them from executors, until they have them.
func (q *query) plan(ctx context.Context) error {
	if !q.begin() {
		return nil
	}
	return q.await(ctx, func() bool { return q.running && (q.ready || !q.direct()) })
}

// direct reports whether clients may read the partitions from executors. q.mu is held.
func (q *query) direct() bool { return q.streams != nil && q.streams.Grant != nil && q.c.s.o.Direct }

// divided reports whether the result has been offered in parts, be it one.
func (q *query) divided() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.parts != nil
}

// begin starts a query so that its result comes in partitions, if it may. It
// reports whether it may.
func (q *query) begin() bool {
	q.mu.Lock()
	may := q.apart || !q.started && q.maySeparate()
	q.apart = may
	q.mu.Unlock()
	if may {
		q.start()
	}
	return may
}

// separate takes up the partitions of a result, in as many endpoints as the
// server is to offer. Each is a run of partitions, so that the endpoints in their
// order have the partitions in theirs. It reports false if there is no use in it.
func (q *query) separate(p *Parts) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.signal()
	q.running = true
	if p == nil || !q.apart || q.gone {
		return false
	}
	if u, ok := q.stmt.(Unordered); ok && !p.Ordered && !u.Unordered() {
		return false
	}
	ends := min(q.c.s.o.Endpoints, p.N)
	if q.c.s.o.Direct && p.Grant != nil && p.N <= maxDirect {
		ends = p.N
		p.OnRead(q.readElsewhere)
	} else if ends < 2 {
		return false
	}
	q.streams, q.parts = p, make([]part, ends)
	return true
}

// maxDirect bounds the endpoints of a result: they come in one message.
const maxDirect = 1024

// readElsewhere notes that a client has had a partition from its executor.
func (q *query) readElsewhere(i int, rows, bytes int64) {
	q.mu.Lock()
	if i >= len(q.parts) || q.parts[i].over {
		q.mu.Unlock()
		return
	}
	q.parts[i].over = true
	q.rows, q.bytes = q.rows+rows, q.bytes+bytes
	all := q.allRead()
	q.signal()
	q.mu.Unlock()
	q.c.touch()
	if all {
		q.c.s.keep(q, 0)
	}
}

// location is where a client that has the handle of an endpoint finds its rows,
// the best place first, and what its ticket says beside the handle.
func (q *query) location(n int, handle []byte) ([]*flight.Location, []byte) {
	q.mu.Lock()
	direct, at, expires := q.direct() && len(q.parts) == q.streams.N, q.streams, q.expires
	q.mu.Unlock()
	if !direct {
		return nil, nil
	}
	place, ticket := at.Grant(n, Grant{User: q.c.user, Handle: handle, Expires: expires, Compression: q.c.option(compressionOption)})
	if place == "" {
		return nil, nil
	}
	return []*flight.Location{{Uri: place}, {Uri: flight.LocationReuseConnection}}, ticket
}

// offer lets readers have the partitions, until all are read or the query ends.
func (q *query) offer(ctx context.Context, p *Parts, leave func()) error {
	defer p.Close()
	if err := p.Ready(ctx); err != nil {
		return err
	}
	leave()
	q.mu.Lock()
	q.ready, q.expires = true, time.Now().Add(q.c.s.o.ResultTTL)
	q.signal()
	q.mu.Unlock()
	return q.until(ctx, q.allRead)
}

// allRead reports whether every endpoint was read to its end. q.mu is held.
func (q *query) allRead() bool {
	for _, p := range q.parts {
		if !p.over {
			return false
		}
	}
	return true
}

// readPartitions yields the records of the partitions of endpoint n, one after
// the other, and reports whether it came to their end.
func (q *query) readPartitions(ctx context.Context, n int, idle time.Duration, before *taken, yield func(arrow.RecordBatch, error) bool) bool {
	if more, err := q.awaitReady(ctx, idle, func() bool { return yield(nil, nil) }); err != nil {
		yield(nil, err)
		return false
	} else if !more {
		return false
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(q.ctx, func() { end(context.Cause(q.ctx)) })()
	p := q.streams
	open := p.Open
	if before != nil {
		if p.Rest == nil || len(q.parts) != p.N {
			yield(nil, errHandle)
			return false
		}
		open = func(ctx context.Context, i int) iter.Seq2[arrow.RecordBatch, error] {
			return p.Rest(ctx, i, before.handle, before.grant, before.rows)
		}
	}
	for i := n * p.N / len(q.parts); i < (n+1)*p.N/len(q.parts); i++ {
		for rec, err := range open(ctx, i) {
			switch {
			case err == nil:
				q.count(rec)
			case q.ctx.Err() != nil: // the rows are closed then, and why is known here alone
				err = context.Cause(q.ctx)
			}
			if !yield(rec, err) || err != nil {
				return false
			}
		}
	}
	return true
}

// count adds a record to the figures of the query.
func (q *query) count(rec arrow.RecordBatch) {
	n := RecordSize(rec)
	q.mu.Lock()
	q.rows += rec.NumRows()
	q.bytes += n
	q.mu.Unlock()
}

// awaitReady waits until partitions can be read. quiet is called when idle has
// passed, unless that is 0, and reports whether to go on.
func (q *query) awaitReady(ctx context.Context, idle time.Duration, quiet func() bool) (more bool, err error) {
	for {
		wait := ctx
		stop := func() {}
		if idle > 0 {
			wait, stop = context.WithTimeout(ctx, idle)
		}
		ready := false
		err := q.until(wait, func() bool {
			ready = q.ready
			return ready
		})
		stop()
		switch {
		case ctx.Err() != nil:
			return false, context.Cause(ctx)
		case wait.Err() != nil && !ready:
			if !quiet() {
				return false, nil
			}
			continue
		case err == nil && !ready: // it ended without: its result was given up
			return false, errHandle
		}
		return err == nil, err
	}
}

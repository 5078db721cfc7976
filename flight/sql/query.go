package sql

import (
	"context"
	"iter"
	"runtime/debug"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// QueryEvent is a statement that is over, or one that was refused when it was planned.
type QueryEvent struct {
	ID, User, Session, Text string
	Started                 time.Time
	// Waited is how long it stood in the queue, Took how long it ran.
	Waited, Took time.Duration
	Rows, Bytes  int64
	Err          error
}

// query is one statement that a client asked to run, from its FlightInfo to
// the end of its result.
//
//	waiting ──start──► producing ──► buffer ──► reader ──► client
//
// The producer stops when the buffer holds more than a window that no reader
// has taken. As long as all of a result fits into that window it is kept whole
// and can be read again; beyond it what was read is dropped.
type query struct {
	c      *client
	id     objectID
	text   string
	stmt   Statement
	params []arrow.RecordBatch // retained
	wire   *wireSchema         // of its rows

	ctx    context.Context
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when anything below changes
	started  bool
	reading  bool
	gone     bool // nobody will read it any more
	over     bool // it was read to the end and is too large to be kept
	done     bool
	err      error
	batches  []arrow.RecordBatch // those not dropped
	dropped  int                 // how many were before them
	size     int64               // bytes of batches
	rows     int64
	bytes    int64
	affected int64
	still    func(context.Context) error // of the first row of parameters; nil: rights are not asked for
	progress func() Progress
	expires  time.Time
	ended    chan struct{} // closed when the query that was started has ended
	// poller is the end of the connection it was polled over last.
	poller  <-chan struct{}
	tied    bool
	parts   []part // of a result in several endpoints; nil: it has one
	waiting int    // calls that wait for its end or for its partitions
	// apart says that the statement is asked for partitions if it has some: set
	// before it starts. streams are the partitions, ready once they are all there.
	apart   bool
	streams *Parts
	ready   bool
	kept    bool // the server has it among those that were read; guarded by its mutex
	running bool // the statement runs, and it is known whether there are streams
}

// newQuery registers a query whose rows have the schema wire. params are retained.
func (c *client) newQuery(text string, stmt Statement, params []arrow.RecordBatch, wire *wireSchema) (*query, error) {
	for _, p := range params {
		p.Retain()
	}
	q := &query{
		c: c, id: newObjectID(), text: text, stmt: stmt, params: params, wire: wire, changed: make(chan struct{}), ended: make(chan struct{}),
		affected: -1, expires: time.Now().Add(c.s.o.ResultTTL),
	}
	q.ctx, q.cancel = context.WithCancelCause(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		q.free()
		return nil, errHandle
	}
	c.queries[q.id] = q
	return q, nil
}

// query returns a query by id.
func (c *client) query(id objectID) (*query, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.queries[id]
	if q == nil {
		return nil, errHandle
	}
	return q, nil
}

// name is what logs and messages call the query: it does not let anybody reach it.
func (q *query) name() string { return q.id.name() }

// signal wakes those who wait for a change. q.mu is held.
func (q *query) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// start runs the query in the background, once.
func (q *query) start() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.started || q.gone {
		return
	}
	q.started = true
	q.c.s.wg.Go(q.produce)
}

// execution is a run of the query, from its place among those that run to its end.
type execution struct {
	q    *query
	ev   QueryEvent
	ctx  context.Context
	stop context.CancelFunc
	// leave gives up the place.
	leave func()
	// here says that the reader's goroutine is the producer, too, which must not wait for itself.
	here bool
}

// execute waits for a place to run the query. The caller ends the result, whatever err is.
func (q *query) execute() (*execution, error) {
	s := q.c.s
	x := &execution{
		q: q, ctx: q.ctx, stop: func() {}, leave: func() {},
		ev: QueryEvent{ID: q.name(), User: q.c.user, Session: q.c.id, Text: q.text, Started: time.Now()},
	}
	if s.o.QueryTimeout > 0 {
		x.ctx, x.stop = context.WithTimeout(x.ctx, s.o.QueryTimeout)
	}
	leave, err := s.admit.enter(x.ctx, q.c.user)
	x.ev.Waited = time.Since(x.ev.Started)
	if err == nil {
		x.leave = leave
	}
	return x, err
}

// end notes that the query is over.
func (x *execution) end(err error) {
	q, s := x.q, x.q.c.s
	x.leave()
	if err == nil && x.ctx.Err() != nil {
		err = context.Cause(x.ctx)
	}
	x.stop()
	x.ev.Took, x.ev.Err = time.Since(x.ev.Started)-x.ev.Waited, err
	q.mu.Lock()
	q.done, q.err = true, err
	q.expires = time.Now().Add(s.o.ResultTTL)
	x.ev.Rows, x.ev.Bytes = q.rows, q.bytes
	q.free()
	if q.gone {
		q.empty()
	}
	q.signal()
	q.mu.Unlock()
	close(q.ended)
	q.c.touch()
	s.o.Observe(x.ev)
}

// produce runs the statement for every row of parameters.
func (q *query) produce() {
	x, err := q.execute()
	if err == nil {
		err = q.guarded(x.run)
	}
	x.end(err)
}

// guarded is f with a panic as an error: it must not end the process, which others use.
func (q *query) guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			q.c.s.log.Error("panic in a query", "query", q.name(), "panic", r, "stack", string(debug.Stack()))
			err = sqlerr.New(sqlerr.InternalError, "panic: %v", r)
		}
	}()
	return f()
}

// run executes the statement.
func (x *execution) run() error {
	return x.q.each(x.ctx, func(p arrow.RecordBatch, row int) error {
		res, err := x.q.stmt.Run(x.ctx, p, row)
		if err != nil {
			return err
		}
		return x.take(res)
	})
}

// take takes the rows of a run of the statement. The place is given up where
// there is nothing to do any more but to wait for readers.
func (x *execution) take(res *Result) error {
	q := x.q
	q.mu.Lock()
	q.progress = res.Progress
	if q.still == nil {
		q.still = res.Still
	}
	q.mu.Unlock()
	if q.separate(res.Parts) {
		return q.offer(x.ctx, res.Parts, x.leave)
	}
	for rec, err := range res.Rows {
		if err != nil {
			return err
		}
		if err := x.push(rec); err != nil {
			return err
		}
	}
	if res.Affected >= 0 {
		q.mu.Lock()
		q.affected = max(q.affected, 0) + res.Affected
		q.mu.Unlock()
	}
	return nil
}

// each calls f for every row of the parameters; once, without any, if the statement has none.
func (q *query) each(ctx context.Context, f func(p arrow.RecordBatch, row int) error) error {
	if q.stmt.Params().NumFields() == 0 {
		return f(nil, 0)
	}
	if b, ok := q.stmt.(Batcher); ok && q.rowsOfParams() > 1 {
		res, err := b.RunBatch(ctx, q.params)
		if err != nil {
			return err
		}
		for _, err := range res.Rows {
			if err != nil {
				return err
			}
		}
		q.mu.Lock()
		q.affected = res.Affected
		q.mu.Unlock()
		return nil
	}
	for _, p := range q.params {
		for row := range int(p.NumRows()) {
			if err := f(p, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *query) rowsOfParams() (n int64) {
	for _, p := range q.params {
		n += p.NumRows()
	}
	return n
}

// push hands a record to the reader and waits while the buffer is full.
func (x *execution) push(rec arrow.RecordBatch) error {
	q, ctx := x.q, x.ctx
	if rec.NumRows() == 0 {
		return nil
	}
	n := RecordSize(rec)
	rec.Retain()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gone {
		rec.Release()
		return context.Cause(q.ctx)
	}
	q.batches = append(q.batches, rec)
	q.size += n
	q.rows += rec.NumRows()
	q.bytes += n
	q.signal()
	for q.size > q.c.s.o.KeptResult && !q.gone && !x.here {
		changed := q.changed
		q.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			q.mu.Lock()
			return context.Cause(ctx)
		}
		q.mu.Lock()
	}
	return nil
}

// unread reports whether the query is held up because nobody reads its rows.
func (q *query) unread() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.started && !q.done && !q.reading && q.size > q.c.s.o.KeptResult
}

// replayable reports whether all of the result is still there. q.mu is held.
func (q *query) replayable() bool { return q.dropped == 0 && q.bytes <= q.c.s.o.KeptResult }

// read yields the records of the result. Records are the reader's until the
// loop body returns. Leaving the loop before the end ends the query, unless the
// result is kept whole. ctx is the client's call.
func (q *query) read(ctx context.Context, idle time.Duration) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		if err := q.claim(); err != nil {
			yield(nil, err)
			return
		}
		defer q.unclaim()
		if idle > 0 || !q.startHere(ctx) {
			q.start()
		}
		var timer *time.Timer
		var tick <-chan time.Time
		if idle > 0 {
			timer = time.NewTimer(idle)
			defer timer.Stop()
			tick = timer.C
		}
		for at := 0; ; {
			q.mu.Lock()
			switch {
			case at-q.dropped < len(q.batches):
				rec := q.batches[at-q.dropped]
				rec.Retain()
				at++
				q.drop(at)
				q.mu.Unlock()
				ok := yield(rec, nil)
				rec.Release()
				if !ok {
					return
				}
				if timer != nil {
					timer.Reset(idle)
				}
				continue
			case q.done:
				err := q.err
				q.mu.Unlock()
				if err != nil {
					yield(nil, err)
				}
				return
			}
			changed := q.changed
			q.mu.Unlock()
			select {
			case <-changed:
			case <-tick:
				if !yield(nil, nil) {
					return
				}
				timer.Reset(idle)
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}

// allowed is the error of rows that the user may not read any more, which are
// then let go of. Rows that are not there yet are asked for when they are made.
func (q *query) allowed(ctx context.Context) error {
	q.mu.Lock()
	still := q.still
	q.mu.Unlock()
	if still == nil {
		return nil
	}
	err := still(ctx)
	if err != nil && ctx.Err() == nil {
		q.c.forget(q, err)
	}
	return err
}

// claim makes the caller the reader.
func (q *query) claim() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.gone:
		return errHandle
	case q.over, q.dropped > 0:
		return status.Errorf(codes.FailedPrecondition, "The result of query %s has been read. Results of more than %d bytes are read once.", q.name(), q.c.s.o.KeptResult)
	case q.reading && !(q.done && q.replayable()):
		return status.Errorf(codes.FailedPrecondition, "The result of query %s is being read by another call.", q.name())
	}
	q.reading = true
	return nil
}

// unclaim ends a reader. What it did not take to the end is cancelled, unless
// all of it is there; what it did take is kept for another, if it is small.
func (q *query) unclaim() {
	q.mu.Lock()
	q.reading = false
	complete := q.done && q.err == nil && (q.replayable() || len(q.batches) == 0)
	if complete && !q.replayable() {
		q.over = true
	}
	size := q.size
	q.mu.Unlock()
	if complete {
		q.c.s.keep(q, size)
		return
	}
	q.c.forget(q, errClientGone)
}

// forget takes a query from its session and ends it. why is its error if it has none yet.
func (c *client) forget(q *query, why error) {
	c.mu.Lock()
	delete(c.queries, q.id)
	c.mu.Unlock()
	q.discard(why)
}

// drop lets go of records before at once the result is too large to be kept. q.mu is held.
func (q *query) drop(at int) {
	if q.bytes <= q.c.s.o.KeptResult {
		return
	}
	for q.dropped < at {
		rec := q.batches[0]
		q.batches = q.batches[1:]
		q.size -= RecordSize(rec)
		rec.Release()
		q.dropped++
	}
	q.signal()
}

// discard ends the query and releases what it holds; it is in no map any more.
func (q *query) discard(why error) {
	q.cancel(why)
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.started {
		q.started, q.done, q.err = true, true, why
		q.free()
	}
	q.gone = true
	q.empty()
	q.signal()
}

// empty releases the records. q.mu is held.
func (q *query) empty() {
	for _, rec := range q.batches {
		rec.Release()
	}
	q.dropped += len(q.batches)
	q.batches, q.size = nil, 0
}

// free releases the parameters, once.
func (q *query) free() {
	for _, p := range q.params {
		p.Release()
	}
	q.params = nil
}

// wait blocks a call until the query has ended.
func (q *query) wait(ctx context.Context) error {
	return q.await(ctx, func() bool { return false })
}

// await is until for a call, which keeps the query from expiring.
func (q *query) await(ctx context.Context, enough func() bool) error {
	q.mu.Lock()
	q.waiting++
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		q.waiting--
		q.mu.Unlock()
	}()
	return q.until(ctx, enough)
}

// until blocks until enough, which is called with q.mu held, or the query has ended, whose error it returns.
func (q *query) until(ctx context.Context, enough func() bool) error {
	for {
		q.mu.Lock()
		done, err, changed := q.done, q.err, q.changed
		done = done || enough()
		q.mu.Unlock()
		if done {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// expired reports whether nobody will read the query any more.
func (q *query) expired(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.reading && q.waiting == 0 && now.After(q.expires)
}

// Package records gathers batches of rows into the records that clients read
// best: as near to 2 MiB as can be had without going over it.
//
//	vec.Batch: 2,048 rows ── Of ──► arrow.RecordBatch: 64k rows or 2 MiB
//
// What becomes of the records, and in which pieces they are sent, is left to flight/sql.
package records

import (
	"iter"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/types"
)

// Limits of a record. Clients refuse messages of more than 4 MiB, and pay for
// every message, so records are as near to 2 MiB as can be had without going
// over it: then they would be sent as two. How long the next rows are is a guess, for which there is some room.
const (
	recordBytes = 2<<20 - 64<<10
	recordRows  = 64 << 10
	// flushAfter is how long rows wait for more of them. The first rows do not wait.
	flushAfter = 50 * time.Millisecond
)

// Of makes records of batches; schema is that of cols as clients see it. The work behind them goes on in a goroutine
// of its own while a record is being sent; it has ended when the loop is over.
// stop ends the work where it yields nothing.
func Of(stop func(), schema *arrow.Schema, cols types.Schema, rows vec.Stream) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		p := &pump{a: arrowvec.NewAppender(schema, cols), full: make(chan arrow.RecordBatch, 1), quit: make(chan struct{}), due: true}
		var wg sync.WaitGroup
		wg.Go(func() { p.produce(rows) })
		defer func() {
			close(p.quit)
			stop()
			wg.Wait()
			for rec := range p.full {
				rec.Release()
			}
		}()
		p.consume(yield)
	}
}

// Few is Of for rows that the loop over them makes by itself: nothing goes on beside it.
func Few(stop func(), schema *arrow.Schema, cols types.Schema, rows vec.Stream) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		defer stop()
		p := &pump{a: arrowvec.NewAppender(schema, cols), due: true}
		hand := func(rec arrow.RecordBatch) bool {
			defer rec.Release()
			return yield(rec, nil)
		}
		if err := p.gather(rows, hand); err != nil {
			yield(nil, err)
		}
	}
}

// pump gathers rows on one side and hands out records on the other.
type pump struct {
	full chan arrow.RecordBatch // closed when there is no more
	quit chan struct{}          // closed when nobody wants more
	err  error                  // set before full is closed

	mu  sync.Mutex
	a   *arrowvec.Appender
	due bool // rows must not wait for others
}

// produce gathers the rows for the other side.
func (p *pump) produce(rows vec.Stream) {
	defer close(p.full)
	p.err = p.gather(rows, p.send)
}

// gather appends the rows and hands over records that are full, and at the end
// what is left. It ends when hand reports that nobody wants more.
func (p *pump) gather(rows vec.Stream, hand func(arrow.RecordBatch) bool) error {
	for b, err := range rows {
		if err != nil {
			return err
		}
		for from, n := 0, b.Rows(); from < n; {
			k, rec, err := p.add(b, from)
			if err != nil {
				return err
			}
			from += k
			if rec != nil && !hand(rec) {
				return nil
			}
		}
	}
	p.mu.Lock()
	var last arrow.RecordBatch
	if p.a.Rows() > 0 {
		last = p.a.Record()
	}
	p.mu.Unlock()
	if last != nil {
		hand(last)
	}
	return nil
}

// add appends rows of a batch. The record it returns, if any, is of rows before
// those it does not take.
func (p *pump) add(b *vec.Batch, from int) (n int, rec arrow.RecordBatch, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rows := p.a.Rows(); rows > 0 {
		if size := p.a.Bytes(); size*(rows+b.Rows()-from)/rows > recordBytes {
			return 0, p.a.Record(), nil
		}
	}
	if n, err = p.a.Append(b, from); err != nil {
		return 0, nil, err
	}
	if p.due || n == 0 || p.a.Rows() >= recordRows || p.a.Bytes() >= recordBytes {
		p.due = false
		return n, p.a.Record(), nil
	}
	return n, nil, nil
}

func (p *pump) send(rec arrow.RecordBatch) bool {
	select {
	case p.full <- rec:
		return true
	case <-p.quit:
		rec.Release()
		return false
	}
}

// consume yields records as they come, and what has been gathered when nothing
// came for a while.
func (p *pump) consume(yield func(arrow.RecordBatch, error) bool) {
	timer := time.NewTimer(flushAfter)
	defer timer.Stop()
	for {
		var rec arrow.RecordBatch
		more := true
		select {
		case rec, more = <-p.full:
		case <-timer.C:
			rec, more = p.waiting()
		}
		if !more {
			if p.err != nil {
				yield(nil, p.err)
			}
			return
		}
		if rec != nil {
			ok := yield(rec, nil)
			rec.Release()
			if !ok {
				return
			}
		}
		timer.Reset(flushAfter)
	}
}

// waiting is the next record after the time for rows to wait is over: one that
// is full, or of what is there, or nil. Then the next rows go out at once.
func (p *pump) waiting() (rec arrow.RecordBatch, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case rec, more = <-p.full: // it is of rows before those in the appender
		return rec, more
	default:
	}
	if p.a.Rows() == 0 {
		p.due = true
		return nil, true
	}
	return p.a.Record(), true
}

package sql

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
)

// startHere runs a query that nobody has started on the goroutine of its reader,
// whose call ctx is: to its end where the result is brief, else until its rows
// can be had, which another goroutine takes then. It reports whether the query is started.
//
// For a small query handing rows from goroutine to goroutine, each with a stack
// that has to grow, is more work than the query.
func (q *query) startHere(ctx context.Context) bool {
	params, ok := q.onlyParams()
	q.mu.Lock()
	if !ok || q.started || q.gone {
		started := q.started
		q.mu.Unlock()
		return started
	}
	q.started = true
	q.mu.Unlock()
	wg := &q.c.s.wg
	wg.Add(1)
	defer wg.Done()
	defer context.AfterFunc(ctx, func() { q.cancel(errClientGone) })()
	x, err := q.execute()
	x.here = true
	var res *Result
	if err == nil {
		err = q.guarded(func() (err error) {
			res, err = q.stmt.Run(x.ctx, params, 0)
			return err
		})
	}
	rest := func() error { return x.take(res) }
	switch {
	case err != nil:
		x.end(err)
	case res.Brief:
		x.end(q.guarded(rest))
	default:
		x.here = false
		wg.Go(func() { x.end(q.guarded(rest)) })
	}
	return true
}

// onlyParams is the record whose first row is all there is of parameters, nil if
// the statement has none. ok is false if there are more rows or none.
func (q *query) onlyParams() (params arrow.RecordBatch, ok bool) {
	if q.stmt.Params().NumFields() == 0 {
		return nil, true
	}
	if q.rowsOfParams() != 1 {
		return nil, false
	}
	for _, p := range q.params {
		if p.NumRows() == 1 {
			return p, true
		}
	}
	return nil, false
}

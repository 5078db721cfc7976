package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql"
)

const (
	// parallel is how many endpoints are read at a time.
	parallel = 4
	// ahead is how many records of an endpoint are fetched before they are asked for.
	ahead = 4
)

// rows yields the records of a result in the order of its endpoints, which are
// read several at a time. Leaving the loop, or the end of ctx, ends the calls
// behind it, and with them the work of the server.
func (s *Session) rows(ctx context.Context, info *flight.FlightInfo) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		if ctx.Err() != nil { // no call of it would reach the server, which keeps the query for those to come
			s.abandon(info)
			yield(nil, Error(context.Cause(ctx)))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		ends := info.GetEndpoint()
		if len(ends) == 1 {
			s.single(ctx, ends[0], &wg, cancel, yield)
			return
		}
		parts := make([]*part, len(ends))
		failed := &failure{}
		opened := 0
		open := func() {
			if opened < len(ends) {
				p := &part{records: make(chan arrow.RecordBatch, ahead), failed: failed}
				parts[opened] = p
				e := ends[opened]
				opened++
				wg.Go(func() { s.fetch(ctx, e, p) })
			}
		}
		for range min(parallel, len(ends)) {
			open()
		}
		for i := range ends {
			for rec := range parts[i].records {
				ok := yield(rec, nil)
				rec.Release()
				if !ok {
					drain(cancel, parts[i:opened])
					return
				}
			}
			if parts[i].err != nil {
				err := failed.first() // of all endpoints: it ended this one, too
				drain(cancel, parts[i+1:opened])
				yield(nil, err)
				return
			}
			open()
		}
	}
}

// small is the size in bytes up to which records are read when they are asked
// for: passing them from a goroutine that reads ahead would be more work than reading them.
const small = 64 << 10

// single reads a result that has one endpoint. From the first record that is
// not small on others are fetched ahead.
func (s *Session) single(ctx context.Context, e *flight.FlightEndpoint, wg *sync.WaitGroup, cancel func(), yield func(arrow.RecordBatch, error) bool) {
	r, err := s.get(ctx, e)
	if err != nil {
		yield(nil, Error(err))
		return
	}
	defer func() { r.Release() }()
	for {
		rec, err := r.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				yield(nil, Error(err))
			}
			return
		}
		if rec.NumRows() == 0 {
			continue
		}
		if sql.RecordSize(rec) > small {
			p := &part{records: make(chan arrow.RecordBatch, ahead)}
			rec.Retain() // for the loop over the rows: the reader goes on beside it
			p.records <- rec
			beside := r
			r = &endpoint{} // that one is released by who reads it
			wg.Go(func() { p.fetch(ctx, beside) })
			p.handOut(cancel, yield)
			return
		}
		if !yield(rec, nil) {
			return
		}
	}
}

// handOut yields the records of a part and then its error, and drains it when nobody wants more.
func (p *part) handOut(cancel func(), yield func(arrow.RecordBatch, error) bool) {
	for rec := range p.records {
		ok := yield(rec, nil)
		rec.Release()
		if !ok {
			drain(cancel, []*part{p})
			return
		}
	}
	if p.err != nil {
		yield(nil, p.err)
	}
}

// part is an endpoint that is being read. err, set before records is closed,
// is why it is not whole: rows that came before are not lost, and it is not lost behind them.
type part struct {
	records chan arrow.RecordBatch
	err     error
	failed  *failure // of the result; nil: this is all of it
}

// fail notes why a part is not whole.
func (p *part) fail(err error) {
	p.err = Error(err)
	if p.failed != nil {
		p.failed.note(p.err)
	}
}

// failure is the first error of the endpoints of a result. The server ends the
// others with the query, and may not know why any more when they are asked for.
type failure struct {
	mu  sync.Mutex
	err error
}

func (f *failure) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *failure) first() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// drain releases what was fetched and nobody will take.
func drain(cancel func(), parts []*part) {
	cancel()
	for _, p := range parts {
		for rec := range p.records {
			rec.Release()
		}
	}
}

// fetch reads an endpoint.
func (s *Session) fetch(ctx context.Context, e *flight.FlightEndpoint, p *part) {
	r, err := s.get(ctx, e)
	if err != nil {
		p.fail(err)
		close(p.records)
		return
	}
	p.fetch(ctx, r)
}

// fetch hands over the records of a reader, which it releases.
func (p *part) fetch(ctx context.Context, r *endpoint) {
	defer close(p.records)
	defer r.Release()
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.fail(err)
			return
		}
		if rec.NumRows() == 0 {
			continue
		}
		rec.Retain()
		select {
		case p.records <- rec:
		case <-ctx.Done():
			rec.Release()
			p.fail(context.Cause(ctx))
			return
		}
	}
}

// at is a client of the server at a location: this one's own, if it says to use that.
func (s *Session) at(uri string) (*flightsql.Client, error) {
	if own(uri) {
		return s.fs, nil
	}
	_, address, ok := strings.Cut(uri, "://")
	if !ok {
		return nil, status.Errorf(codes.Unavailable, "the location %q is not understood", uri)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.others[uri]; l != nil {
		return l.fs, nil
	}
	if s.closed {
		return nil, status.Error(codes.Canceled, "the session is closed")
	}
	l, err := s.dial(strings.TrimSuffix(address, "/"))
	if err != nil {
		return nil, err
	}
	s.others[uri] = l
	return l.fs, nil
}

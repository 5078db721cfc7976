// Package feed is the source of rows that a process was handed as Arrow
// records: by a client that writes into a table, or as parameters of a
// statement. It is what physical.Feed nodes read.
//
//	iter.Seq2[arrow.RecordBatch, error] ── one thread at a time pulls ──► batches of the threads
//
// Records come from anybody, so they are checked before anything is read from them.
package feed

import (
	"context"
	"iter"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Source reads a stream of records. Threads take turns to pull one and each
// works on what it pulled; so rows keep no order. It is read once.
type Source struct {
	schema types.Schema
	size   int

	mu     sync.Mutex
	next   func() (arrow.RecordBatch, error, bool)
	stop   func()
	closed bool
	done   bool
	rows   int64
}

var _ flow.Source = (*Source)(nil)

// New returns a source of records whose columns are those of schema
// (arrowvec.FromSchema of theirs), in batches of at most size rows. Records are
// lent by rows, one at a time. Close it when the task that reads it is over.
func New(schema types.Schema, rows iter.Seq2[arrow.RecordBatch, error], size int) *Source {
	s := &Source{schema: schema, size: size}
	s.next, s.stop = iter.Pull2(rows)
	return s
}

// Rows is how many rows were read.
func (s *Source) Rows() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

// Close ends the stream of records. No thread may be reading.
func (s *Source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.stop()
	}
}

// pull takes the next record, which the caller releases; nil at the end.
func (s *Source) pull(ctx context.Context) (arrow.RecordBatch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if s.done || s.closed {
		return nil, nil
	}
	rec, err, ok := s.next()
	if !ok || err != nil {
		s.done = true
		return nil, err
	}
	if err := s.fits(rec); err != nil {
		s.done = true
		return nil, err
	}
	s.rows += rec.NumRows()
	rec.Retain()
	return rec, nil
}

// fits holds a record against the columns that were announced.
func (s *Source) fits(rec arrow.RecordBatch) error {
	if int(rec.NumCols()) != len(s.schema) {
		return sqlerr.New(sqlerr.InvalidArrowData, "An Arrow batch has %d columns, but %d were announced.", rec.NumCols(), len(s.schema))
	}
	for i, f := range s.schema {
		t, err := arrowvec.FromDataType(rec.Column(i).DataType())
		if err != nil {
			return err
		}
		if !t.SameShape(f.Type) {
			return sqlerr.New(sqlerr.InvalidArrowData, "Column `%s` of an Arrow batch is of type %q, but %q was announced.", f.Name, t.SQL(), f.Type.SQL())
		}
	}
	return nil
}

// Open implements flow.Source.
func (s *Source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		d := &arrowvec.Decoder{}
		for {
			rec, err := s.pull(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if rec == nil {
				return
			}
			more := s.batches(ctx, d, rec, yield)
			rec.Release()
			if !more {
				return
			}
		}
	}
}

func (s *Source) batches(ctx context.Context, d *arrowvec.Decoder, rec arrow.RecordBatch, yield func(*vec.Batch, error) bool) bool {
	for b, err := range d.Batches(rec, s.size) {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		if !yield(b, nil) {
			return false
		}
	}
	return true
}

package exchange

import (
	"context"
	"encoding/binary"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Relocate is asked when an output is lost: it waits until the output has been
// made again and tells where, or returns why not. A nil Relocate makes the
// loss the reader's error.
type Relocate func(ctx context.Context, l Location, loss error) (Location, error)

// Source reads channels as batches. Threads take one output at a time.
type Source struct {
	types    []types.Type
	r        Reader
	from     []Location
	relocate Relocate
	next     atomic.Int64
}

// NewSource returns the source of all rows in the channels at from.
func NewSource(schema types.Schema, r Reader, from []Location, relocate Relocate) *Source {
	s := &Source{r: r, from: from, relocate: relocate}
	for _, f := range schema {
		s.types = append(s.types, f.Type)
	}
	return s
}

var _ flow.Source = (*Source)(nil)

// Open implements flow.Source.
func (s *Source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		b := &vec.Batch{Cols: make([]*vec.Vec, len(s.types))}
		for i := range b.Cols {
			b.Cols[i] = &vec.Vec{}
		}
		for i := int(s.next.Add(1)) - 1; i < len(s.from); i = int(s.next.Add(1)) - 1 {
			if !s.read(ctx, s.from[i], b, yield) {
				return
			}
		}
	}
}

// read yields the batches of one channel and reports whether to go on.
func (s *Source) read(ctx context.Context, l Location, b *vec.Batch, yield func(*vec.Batch, error) bool) bool {
	for {
		passed := false // whether rows of this channel have been passed on
		var failure error
		for frame, err := range s.r.Read(ctx, l) {
			if err != nil {
				failure = err
				break
			}
			body, err := Verify(frame)
			if err != nil {
				failure = LostError(l, err)
				break
			}
			passed = true
			if more, err := s.batches(body, b, yield); err != nil {
				failure = err
				break
			} else if !more {
				return false
			}
		}
		if failure == nil {
			return true
		}
		if passed || s.relocate == nil || !sqlerr.Is(failure, sqlerr.ShuffleLost) {
			yield(nil, failure)
			return false
		}
		var err error
		if l, err = s.relocate(ctx, l, failure); err != nil {
			yield(nil, err)
			return false
		}
	}
}

func (s *Source) batches(body []byte, b *vec.Batch, yield func(*vec.Batch, error) bool) (more bool, err error) {
	for len(body) > 0 {
		if len(body) < 4 {
			return false, damaged()
		}
		n := int(binary.LittleEndian.Uint32(body))
		if body = body[4:]; n > len(body) {
			return false, damaged()
		}
		rows, err := mem.ReadBatch(body[:n], s.types, b.Cols)
		if err != nil {
			return false, err
		}
		body = body[n:]
		b.N, b.Sel = rows, nil
		if !yield(b, nil) {
			return false, nil
		}
	}
	return true, nil
}

func damaged() error {
	return sqlerr.New(sqlerr.InternalError, "a shuffle frame with a valid checksum has wrong lengths")
}

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

// Source reads channels as batches. Threads take one channel at a time, in
// order; channels that come over the network are under way ahead of that. Of an
// output that is lost while it is read, and made again, the rows follow that
// have not been passed on; see resume.
type Source struct {
	types    []types.Type
	r        Reader
	from     []Location
	relocate Relocate
	next     atomic.Int64
	acct     *mem.Account
	fetch    *fetcher // nil: nothing is fetched ahead
}

// NewSource returns the source of all rows in the channels at from. acct pays
// for what is fetched ahead.
func NewSource(schema types.Schema, r Reader, from []Location, relocate Relocate, acct *mem.Account) *Source {
	s := &Source{r: r, from: from, relocate: relocate, acct: acct}
	for _, f := range schema {
		s.types = append(s.types, f.Type)
	}
	if len(from) > 1 {
		s.FetchAhead()
	}
	return s
}

// FetchAhead has channels fetched before they are asked for even if there is
// only one: a slow consumer then depends for less time on who has it. To be called before Open.
func (s *Source) FetchAhead() { s.fetch = newFetcher(s.r, s.from, s.acct) }

var _ flow.Source = (*Source)(nil)

// Open implements flow.Source.
func (s *Source) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		if s.fetch != nil {
			s.fetch.open(ctx)
			defer s.fetch.close()
		}
		b := &vec.Batch{Cols: make([]*vec.Vec, len(s.types))}
		for i := range b.Cols {
			b.Cols[i] = &vec.Vec{}
		}
		for i := int(s.next.Add(1)) - 1; i < len(s.from); i = int(s.next.Add(1)) - 1 {
			if !s.read(ctx, i, b, yield) {
				return
			}
		}
	}
}

// read yields the batches of channel i and reports whether to go on.
func (s *Source) read(ctx context.Context, i int, b *vec.Batch, yield func(*vec.Batch, error) bool) bool {
	l := s.from[i]
	frames := s.frames(ctx, i)
	var passed []frameSum // of the frames whose rows have been passed on, if they may have to be told again
	for {
		var failure error
		for frame, err := range frames {
			if err != nil {
				failure = err
				break
			}
			if s.relocate != nil {
				passed = append(passed, sumOf(frame))
			}
			if more, err := s.batches(frame[headerSize:], b, yield); err != nil {
				failure = err
				break
			} else if !more {
				return false
			}
		}
		if failure == nil {
			return true
		}
		if s.relocate == nil || !sqlerr.Is(failure, sqlerr.ShuffleLost) {
			yield(nil, failure)
			return false
		}
		var err error
		if l, err = s.relocate(ctx, l, failure); err != nil {
			yield(nil, err)
			return false
		}
		frames = resume(checked(ctx, s.r, l), l, passed)
	}
}

func (s *Source) frames(ctx context.Context, i int) frameStream {
	if s.fetch != nil {
		return s.fetch.read(ctx, i)
	}
	return checked(ctx, s.r, s.from[i])
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

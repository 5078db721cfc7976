package rowop

import (
	"context"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
)

// LimitState is what the threads of a limit share: the rows seen so far.
type LimitState struct {
	count, offset int64 // count < 0: all
	seen          atomic.Int64
	// Full is called, perhaps more than once, when no further row will pass.
	Full func()
}

// NewLimitState makes the shared part of a limit that skips offset rows and passes count.
func NewLimitState(count, offset int64) *LimitState {
	return &LimitState{count: count, offset: offset, Full: func() {}}
}

// Limit passes rows offset … offset+count of those its threads see together.
type Limit struct {
	state *LimitState
	out   vec.Batch
}

// NewLimit returns the operator of one thread.
func NewLimit(s *LimitState) *Limit { return &Limit{state: s} }

var _ flow.Operator = (*Limit)(nil)

// Run implements flow.Operator.
func (l *Limit) Run(_ context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		s := l.state
		end := s.offset + s.count
		if s.count == 0 || s.count > 0 && s.seen.Load() >= end {
			s.Full()
			return
		}
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			n := int64(b.Rows())
			hi := s.seen.Add(n)
			lo := hi - n
			last := s.count >= 0 && hi >= end
			if last {
				// Stop the other threads before handing over the last rows.
				s.Full()
			}
			from, to := max(s.offset-lo, 0), n
			if s.count >= 0 {
				to = min(to, end-lo)
			}
			if from < to && !yield(l.cut(b, int(from), int(to)), nil) || last {
				return
			}
		}
	}
}

// cut narrows b to its alive rows from … to.
func (l *Limit) cut(b *vec.Batch, from, to int) *vec.Batch {
	if from == 0 && to == b.Rows() {
		return b
	}
	l.out.Cols, l.out.N = b.Cols, b.N
	l.out.Sel = b.Selection()[from:to]
	return &l.out
}

package rowop

import (
	"context"
	"math/rand/v2"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
)

// Sample keeps each row with a probability.
type Sample struct {
	fraction float64
	rng      *rand.Rand
	sel      []uint16
	out      vec.Batch
}

// NewSample returns the operator of one thread. With one thread and one
// partition the rows kept depend on seed and input order alone.
func NewSample(env *flow.Env, fraction float64, seed int64, thread int) *Sample {
	stream := uint64(env.Partition)<<16 | uint64(thread)
	return &Sample{fraction: fraction, rng: rand.New(rand.NewPCG(uint64(seed), stream))}
}

var _ flow.Operator = (*Sample)(nil)

// Run implements flow.Operator.
func (s *Sample) Run(_ context.Context, in vec.Stream) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		for b, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			s.sel = s.sel[:0]
			for _, r := range b.Selection() {
				if s.rng.Float64() < s.fraction {
					s.sel = append(s.sel, r)
				}
			}
			s.out.Cols, s.out.N, s.out.Sel = b.Cols, b.N, s.sel
			if len(s.sel) > 0 && !yield(&s.out, nil) {
				return
			}
		}
	}
}

package window

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// rank computes the functions that number rows and peers.
type rank struct {
	name   string
	dense  int32 // groups of peers begun in this partition
	ints   []int32
	floats []float64
}

func newRank(name string) call { return &rank{name: name} }

func (r *rank) full() bool { return false }

func (r *rank) begin(p *partition) error {
	r.dense = 0
	if r.name != "row_number" {
		return p.peers()
	}
	return nil
}

func (r *rank) add(p *partition, lo, hi int) error {
	switch r.name {
	case "row_number":
		for i := lo; i < hi; i++ {
			r.ints = append(r.ints, int32(i)+1)
		}
	case "rank":
		for i := lo; i < hi; i++ {
			r.ints = append(r.ints, p.peerLo[i]+1)
		}
	case "dense_rank":
		for i := lo; i < hi; i++ {
			if int(p.peerLo[i]) == i {
				r.dense++
			}
			r.ints = append(r.ints, r.dense)
		}
	case "percent_rank":
		for i := lo; i < hi; i++ {
			f := 0.0
			if p.n > 1 {
				f = float64(p.peerLo[i]) / float64(p.n-1)
			}
			r.floats = append(r.floats, f)
		}
	case "cume_dist":
		for i := lo; i < hi; i++ {
			r.floats = append(r.floats, float64(p.peerHi[i])/float64(p.n))
		}
	}
	return nil
}

func (r *rank) finish(out *vec.Vec, _ int) (int64, error) {
	if r.name == "percent_rank" || r.name == "cume_dist" {
		copy(vec.Data[float64](out), r.floats)
	} else {
		copy(vec.Data[int32](out), r.ints)
	}
	r.ints, r.floats = r.ints[:0], r.floats[:0]
	return 0, nil
}

// ntile deals the rows of a partition out to buckets whose sizes differ by at most one.
type ntile struct {
	buckets int64
	out     []int32
}

func newNtile(buckets int64) (call, error) {
	if buckets <= 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "The number of buckets of ntile must be positive, not %d.", buckets)
	}
	return &ntile{buckets: buckets}, nil
}

func (t *ntile) full() bool             { return false }
func (t *ntile) begin(*partition) error { return nil }

func (t *ntile) add(p *partition, lo, hi int) error {
	size, larger := int64(p.n)/t.buckets, int64(p.n)%t.buckets
	for i := int64(lo); i < int64(hi); i++ {
		b := i
		if head := larger * (size + 1); i < head {
			b = i / (size + 1)
		} else if size > 0 {
			b = larger + (i-head)/size
		}
		t.out = append(t.out, int32(b)+1)
	}
	return nil
}

func (t *ntile) finish(out *vec.Vec, _ int) (int64, error) {
	copy(vec.Data[int32](out), t.out)
	t.out = t.out[:0]
	return 0, nil
}

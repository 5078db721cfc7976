package window

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// rank computes the functions that number rows and peers.
type rank struct {
	onlyNearby
	name   string
	row    int32 // the number of the row before, its rank and its dense rank
	rank   int32
	dense  int32
	ints   []int32
	floats []float64
}

func newRank(name string) call { return &rank{name: name} }

func (r *rank) reach() reach {
	if r.name == "percent_rank" || r.name == "cume_dist" {
		return afterTotals
	}
	return nearby
}

func (r *rank) full() bool { return false }

func (r *rank) begin(p *partition) error {
	r.row, r.rank, r.dense = 0, 0, 0
	return r.resume(p, 0)
}

func (r *rank) resume(p *partition, _ int) error {
	if r.name == "cume_dist" {
		return p.peers()
	}
	return nil
}

func (r *rank) ready(p *partition, i int) bool {
	return r.name != "cume_dist" || p.closed || int(p.peerHi[i]) < p.n
}

// keep leaves the row before, which the next one is compared with.
func (r *rank) keep(_ *partition, i int) int { return max(i-1, 0) }

// count goes on to row i, which it compares with the one before.
func (r *rank) count(p *partition, i int) {
	if r.row++; r.row == 1 || !p.peer(i) {
		r.rank = r.row
		r.dense++
	}
}

func (r *rank) add(p *partition, lo, hi int) error {
	switch r.name {
	case "row_number":
		for range hi - lo {
			r.row++
			r.ints = append(r.ints, r.row)
		}
	case "rank":
		for i := lo; i < hi; i++ {
			r.count(p, i)
			r.ints = append(r.ints, r.rank)
		}
	case "dense_rank":
		for i := lo; i < hi; i++ {
			r.count(p, i)
			r.ints = append(r.ints, r.dense)
		}
	case "percent_rank":
		for i := lo; i < hi; i++ {
			r.count(p, i)
			f := 0.0
			if p.total > 1 {
				f = float64(r.rank-1) / float64(p.total-1)
			}
			r.floats = append(r.floats, f)
		}
	case "cume_dist":
		for i := lo; i < hi; i++ {
			r.floats = append(r.floats, float64(p.before+int(p.peerHi[i]))/float64(p.total))
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
	onlyNearby
	buckets int64
	out     []int32
}

func newNtile(buckets int64) (call, error) {
	if buckets <= 0 {
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "The number of buckets of ntile must be positive, not %d.", buckets)
	}
	return &ntile{buckets: buckets}, nil
}

func (t *ntile) reach() reach           { return afterTotals }
func (t *ntile) full() bool             { return false }
func (t *ntile) begin(*partition) error { return nil }

func (t *ntile) add(p *partition, lo, hi int) error {
	size, larger := int64(p.total)/t.buckets, int64(p.total)%t.buckets
	for i := int64(p.before + lo); i < int64(p.before+hi); i++ {
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

package sort

import (
	"bytes"
	"unsafe"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Spec says what is sorted and how: rows of input columns, followed in the
// store by extra columns computed from them.
type Spec struct {
	env    *flow.Env
	input  int // number of input columns
	types  []types.Type
	order  []expr.SortKey
	extras []expr.Expr
	layout *layout
	parts  int // leading keys that spilled rows are cut by, see NewPartitioned
}

// NewSpec describes a sort of rows with the given column types by order.
// Extras (over the input) are computed and kept as further columns; Extra(i)
// is the place of the i-th.
func NewSpec(env *flow.Env, input []types.Type, order []expr.SortKey, extras []expr.Expr) *Spec {
	s := &Spec{env: env, input: len(input), order: order, layout: newLayout(order)}
	s.types = append(s.types, input...)
	for _, e := range extras {
		s.extra(e)
	}
	for i := range s.layout.keys {
		if k := &s.layout.keys[i]; k.tie {
			if r, ok := order[i].Expr.(*expr.Ref); ok {
				k.col = r.Index
			} else {
				k.col = s.extra(order[i].Expr)
			}
		}
	}
	return s
}

// NewPartitioned is NewSpec for rows that are to be read partition by
// partition, parts being how many of the first keys they are partitioned by:
// what is spilled is cut into Buckets.
func NewPartitioned(env *flow.Env, input []types.Type, order []expr.SortKey, parts int, extras []expr.Expr) *Spec {
	s := NewSpec(env, input, order, extras)
	s.parts = parts
	return s
}

func (s *Spec) extra(e expr.Expr) int {
	s.extras = append(s.extras, e)
	s.types = append(s.types, e.Type())
	return len(s.types) - 1
}

// Extra is the store column of the i-th extra given to NewSpec.
func (s *Spec) Extra(i int) int { return s.input + i }

// ent is a row to be ordered: the first eight bytes of its normalized key, as
// far as they are sure, and its number.
type ent struct {
	k   uint64
	row uint32
}

const entBytes = 16

// run holds the rows of one thread (or, after adoption, of all). Normalized
// keys are the heads of the store's rows.
type run struct {
	spec  *Spec
	acct  *mem.Account
	store *hold.Store
	// Ordering needs two entries a row, and cutting into buckets a number: reserved
	// with the rows, taken from room, which is not accounted itself, when it is time.
	bytes  int64
	room   *mem.Arena
	keyEx  []*eval.Program
	extra  []*eval.Program
	cols   []*vec.Vec
	vals   []*vec.Vec
	coded  []byte
	layout layout // with scratch of this thread
	values values
}

// orderBytes is what ordering takes for a row.
func (s *Spec) orderBytes() int {
	if s.parts > 0 {
		return 2*entBytes + 4
	}
	return 2 * entBytes
}

// bareRun is a run for rows whose keys are known.
func bareRun(s *Spec) *run {
	return &run{
		spec: s, acct: s.env.Account, store: hold.NewHeadStore(s.types, s.layout.stride, s.env.Account), layout: *s.layout,
		room: mem.NewArena(nil),
	}
}

func newRun(s *Spec) (*run, error) {
	r := bareRun(s)
	for _, k := range s.order {
		p, err := eval.Compile(s.env.Functions, s.env.Context, k.Expr)
		if err != nil {
			return nil, err
		}
		r.keyEx = append(r.keyEx, p)
	}
	for _, e := range s.extras {
		p, err := eval.Compile(s.env.Functions, s.env.Context, e)
		if err != nil {
			return nil, err
		}
		r.extra = append(r.extra, p)
	}
	return r, nil
}

// evaluate computes the sort keys of rows sel of b and encodes them into r.coded.
func (r *run) evaluate(b *vec.Batch) error {
	r.vals = r.vals[:0]
	for _, p := range r.keyEx {
		v, err := p.Eval(b.Cols, b.N, b.Sel)
		if err != nil {
			return err
		}
		r.vals = append(r.vals, v)
	}
	sel := b.Selection()
	if need := len(sel) * r.layout.stride; cap(r.coded) < need {
		r.coded = make([]byte, need)
	}
	r.coded = r.coded[:len(sel)*r.layout.stride]
	r.layout.encode(r.coded, r.vals, sel)
	return nil
}

// keep keeps rows sel of b, whose encoded keys are given. A refused
// reservation leaves the run as it was.
func (r *run) keep(b *vec.Batch, sel []uint16, coded []byte) error {
	r.cols = append(r.cols[:0], b.Cols[:r.spec.input]...)
	for _, p := range r.extra {
		v, err := p.Eval(b.Cols, b.N, sel)
		if err != nil {
			return err
		}
		r.cols = append(r.cols, v)
	}
	return r.append(r.cols, sel, coded)
}

// append keeps rows of all the store's columns and their encoded keys.
func (r *run) append(cols []*vec.Vec, sel []uint16, coded []byte) error {
	n := int64(len(sel) * r.spec.orderBytes())
	if err := r.acct.Reserve(n); err != nil {
		return err
	}
	if err := r.store.AppendHead(cols, sel, coded); err != nil {
		r.acct.Release(n)
		return err
	}
	r.bytes += n
	return nil
}

// entries takes memory for n entries, as reserved by append.
func (r *run) entries(n int) []ent {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*ent)(r.room.Alloc(n*entBytes)), n)
}

// numbers takes memory for n row numbers, which the caller has reserved.
func (r *run) numbers(n int) []uint32 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*uint32)(r.room.Alloc(4*n)), n)
}

// release empties the run.
func (r *run) release() {
	r.store.Release()
	r.room.Free()
	r.acct.Release(r.bytes)
	r.bytes = 0
}

func (r *run) key(row uint32) []byte { return r.store.Head(row) }

// adopt moves o's rows into r and renumbers its entries.
func (r *run) adopt(o *run, ents []ent) {
	base := r.store.Adopt(o.store)
	r.bytes += o.bytes
	o.bytes = 0
	for i := range ents {
		ents[i].row += base
	}
}

// seal prepares for comparing and gathering.
func (r *run) seal() {
	r.store.Seal()
	r.values = storeValues(r.store)
}

// compare orders two rows of a sealed run.
func (r *run) compare(a, b ent) int {
	if a.k != b.k {
		if a.k < b.k {
			return -1
		}
		return 1
	}
	return r.compareRest(a.row, b.row)
}

// compareRows orders two rows by their whole keys.
func (r *run) compareRows(a, b uint32) int {
	if l := &r.layout; !l.exact {
		return l.compareTies(r.key(a), r.key(b), len(l.keys), r.values, a, r.values, b)
	}
	return bytes.Compare(r.key(a), r.key(b))
}

// compareRest orders two rows whose first eight key bytes are equal.
func (r *run) compareRest(a, b uint32) int {
	l := &r.layout
	if l.exact {
		if l.stride == 8 {
			return 0
		}
		return bytes.Compare(r.key(a)[8:], r.key(b)[8:])
	}
	return l.compareTies(r.key(a), r.key(b), len(l.keys), r.values, a, r.values, b)
}

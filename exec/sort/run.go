package sort

import (
	"bytes"

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

// run holds the rows of one thread (or, after adoption, of all).
type run struct {
	spec   *Spec
	acct   *mem.Account
	store  *hold.Store
	keys   [][]byte // one a chunk of the store
	bytes  int64    // reserved for keys and order
	keyEx  []*eval.Program
	extra  []*eval.Program
	cols   []*vec.Vec
	vals   []*vec.Vec
	coded  []byte
	layout layout // with scratch of this thread
	values values
}

func newRun(s *Spec) (*run, error) {
	r := &run{spec: s, acct: s.env.Account, store: hold.NewStore(s.types, s.env.Account), layout: *s.layout}
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

// add keeps the rows of b whose keys evaluate has encoded. A refused
// reservation leaves the run as it was.
func (r *run) add(b *vec.Batch) error { return r.keep(b, b.Selection(), r.coded) }

// keep keeps rows sel of b, whose encoded keys are given.
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
	n := int64(len(sel))
	if err := r.reserve(n * int64(r.layout.stride+2*entBytes)); err != nil {
		return err
	}
	before := r.store.Len()
	if err := r.store.Append(cols, sel); err != nil {
		r.store.Truncate(before)
		r.unreserve(n * int64(r.layout.stride+2*entBytes))
		return err
	}
	stride := r.layout.stride
	for row := before; len(coded) > 0; {
		c := row >> hold.ChunkShift
		if c == len(r.keys) {
			r.keys = append(r.keys, nil)
		}
		k := min(len(coded), (hold.ChunkRows-row&hold.ChunkMask)*stride)
		r.keys[c] = append(r.keys[c], coded[:k]...)
		coded = coded[k:]
		row += k / stride
	}
	return nil
}

func (r *run) reserve(n int64) error {
	if err := r.acct.Reserve(n); err != nil {
		return err
	}
	r.bytes += n
	return nil
}

func (r *run) unreserve(n int64) {
	r.acct.Release(n)
	r.bytes -= n
}

// release empties the run.
func (r *run) release() {
	r.store.Release()
	r.keys = nil
	r.unreserve(r.bytes)
}

func (r *run) key(row uint32) []byte {
	s := r.layout.stride
	return r.keys[row>>hold.ChunkShift][int(row&hold.ChunkMask)*s:][:s]
}

// adopt moves o's rows into r and renumbers its entries.
func (r *run) adopt(o *run, ents []ent) {
	base := r.store.Adopt(o.store)
	r.keys = append(r.keys, o.keys...)
	r.bytes += o.bytes
	o.bytes, o.keys = 0, nil
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

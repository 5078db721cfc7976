package agg

import (
	"slices"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// store keeps rows of values of its own, strings included.
type store struct {
	cols  []*vec.Vec
	block []byte
	bytes int64
}

func newStore(ts ...types.Type) *store {
	s := &store{cols: make([]*vec.Vec, len(ts))}
	for i, t := range ts {
		s.cols[i] = vec.New(t, 0)
	}
	return s
}

// keep copies a string into the store's blocks.
func (s *store) keep(x string) string {
	if len(x) == 0 {
		return ""
	}
	if len(s.block)+len(x) > cap(s.block) {
		n := max(len(x), min(1<<16, 2*cap(s.block)+64))
		s.block = make([]byte, 0, n)
		s.bytes += int64(n)
	}
	lo := len(s.block)
	s.block = append(s.block, x...)
	return unsafe.String(&s.block[lo], len(x))
}

// add appends row j of vs (as many as columns) and returns its number.
func (s *store) add(vs []*vec.Vec, j int) int {
	var row int
	for k, c := range s.cols {
		row = c.Extend(1)
		s.set(k, row, vs[k], j)
	}
	s.bytes += int64(len(s.cols)) * 16
	return row
}

func (s *store) set(k, row int, v *vec.Vec, j int) {
	kernel.KeepRow(s.cols[k], row, v, j, s.keep)
}

// oneState is a slot that names a row of the store: 0 for none, else the row's
// number and one.
type oneState struct{ row int64 }

// oneAcc keeps one row of values for each group; replace decides whether a
// new row takes the place of the kept one.
type oneAcc struct {
	s *store
	// replace reports whether row j of vs should replace the kept row (has: there is one).
	bind func(s *store, vs []*vec.Vec) func(has bool, row, j int) bool
	// out is the column that is the result.
	out int
}

func (a *oneAcc) Size() int    { return 8 }
func (a *oneAcc) Extra() int64 { return a.s.bytes }

func (a *oneAcc) StateTypes() []types.Type {
	ts := []types.Type{types.BoolType}
	for _, c := range a.s.cols {
		ts = append(ts, c.Type)
	}
	return ts
}

func (a *oneAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	args = args[:len(a.s.cols)]
	f := a.bind(a.s, args)
	for i, r := range sel {
		if a.take((*oneState)(slots[i]), f, args, int(r)) {
			f = a.bind(a.s, args)
		}
	}
	return nil
}

// take offers a row to a state. It reports whether the store grew, which
// moves its data under functions bound to it.
func (a *oneAcc) take(st *oneState, f func(has bool, row, j int) bool, args []*vec.Vec, j int) bool {
	if !f(st.row > 0, int(st.row-1), j) {
		return false
	}
	if st.row == 0 {
		st.row = int64(a.s.add(args, j)) + 1
		return true
	}
	for k := range a.s.cols {
		a.s.set(k, int(st.row-1), args[k], j)
	}
	return true
}

func (a *oneAcc) UpdateOne(c *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	args = args[:len(a.s.cols)]
	f := a.bind(a.s, args)
	for _, r := range sel {
		if a.take((*oneState)(s), f, args, int(r)) {
			f = a.bind(a.s, args)
		}
	}
	return nil
}

func (a *oneAcc) Merge(_ *function.Context, dst []slot, from function.Accumulator, src []slot) error {
	args := from.(*oneAcc).s.cols
	f := a.bind(a.s, args)
	for i := range dst {
		if r := (*oneState)(src[i]).row; r > 0 && a.take((*oneState)(dst[i]), f, args, int(r-1)) {
			f = a.bind(a.s, args)
		}
	}
	return nil
}

func (a *oneAcc) Save(slots []slot, outs []*vec.Vec) error {
	for i, s := range slots {
		row := (*oneState)(s).row
		vec.Data[bool](outs[0])[i] = row > 0
		for k, c := range a.s.cols {
			if row > 0 {
				kernel.CopyRow(outs[k+1], i, c, int(row-1))
			} else {
				outs[k+1].Put(i, nil)
			}
		}
	}
	return nil
}

func (a *oneAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	has, args := ins[0], ins[1:]
	f := a.bind(a.s, args)
	for i, r := range sel {
		if vec.Data[bool](has.Base())[has.Index(int(r))] && a.take((*oneState)(slots[i]), f, args, int(r)) {
			f = a.bind(a.s, args)
		}
	}
	return nil
}

func (a *oneAcc) Final(_ *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		row := (*oneState)(s).row
		if row == 0 {
			out.Put(i, nil)
			continue
		}
		kernel.CopyRow(out, i, a.s.cols[a.out], int(row-1))
	}
	return nil
}

// manyState is a slot that names a chain of rows of the store.
type manyState struct {
	first, last int32 // numbers and one; 0: none
	n           int64
}

// manyAcc keeps all rows of each group. The result is computed of them by
// final, which gets the rows in order.
type manyAcc struct {
	s    *store
	next []int32
	// skip leaves out rows whose first column is NULL.
	skip bool
	// sorted, if set, orders a group's rows before final.
	sorted func(s *store, rows []int32)
	final  func(c *function.Context, s *store, rows []int32, out *vec.Vec, i int) error
	rows   []int32
	// keep, if set, is called with a group's rows in order whenever there are
	// most of them, and returns, in order, the ones, fewer, that still matter.
	// The places of the others are used again.
	keep func(s *store, rows []int32) []int32
	most int64
	free []int32
}

func (a *manyAcc) Size() int    { return int(unsafe.Sizeof(manyState{})) }
func (a *manyAcc) Extra() int64 { return a.s.bytes + int64(cap(a.next)+cap(a.free))*4 }

func (a *manyAcc) push(st *manyState, args []*vec.Vec, j int) {
	var row int32
	if n := len(a.free); n > 0 {
		row = a.free[n-1] + 1
		a.free = a.free[:n-1]
		a.next[row-1] = 0
		for k := range a.s.cols {
			a.s.set(k, int(row-1), args[k], j)
		}
	} else {
		row = int32(a.s.add(args, j)) + 1
		a.next = append(a.next, 0)
	}
	if st.first == 0 {
		st.first = row
	} else {
		a.next[st.last-1] = row
	}
	st.last = row
	st.n++
	if a.keep != nil && st.n >= a.most {
		a.prune(st)
	}
}

// chain lists a group's rows in a.rows.
func (a *manyAcc) chain(st *manyState) []int32 {
	a.rows = a.rows[:0]
	for r := st.first; r > 0; r = a.next[r-1] {
		a.rows = append(a.rows, r-1)
	}
	return a.rows
}

// prune leaves of a group's rows the ones that still matter.
func (a *manyAcc) prune(st *manyState) {
	rows := slices.Clone(a.chain(st))
	kept := a.keep(a.s, a.rows)
	for _, r := range rows {
		a.next[r] = -1
	}
	*st = manyState{n: int64(len(kept))}
	for k, r := range kept {
		if a.next[r] = 0; k == 0 {
			st.first = r + 1
		} else {
			a.next[st.last-1] = r + 1
		}
		st.last = r + 1
	}
	for _, r := range rows {
		if a.next[r] < 0 {
			a.free = append(a.free, r)
		}
	}
}

// columns pads the arguments to the store's: ordering keys that are not
// given are the first argument.
func (a *manyAcc) columns(args []*vec.Vec) []*vec.Vec {
	for len(args) < len(a.s.cols) {
		args = append(args[:len(args):len(args)], args[0])
	}
	return args[:len(a.s.cols)]
}

func (a *manyAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	args = a.columns(args)
	for i, r := range sel {
		if !a.skip || !args[0].Null(int(r)) {
			a.push((*manyState)(slots[i]), args, int(r))
		}
	}
	return nil
}

func (a *manyAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	args = a.columns(args)
	for _, r := range sel {
		if !a.skip || !args[0].Null(int(r)) {
			a.push((*manyState)(s), args, int(r))
		}
	}
	return nil
}

func (a *manyAcc) Merge(_ *function.Context, dst []slot, from function.Accumulator, src []slot) error {
	b := from.(*manyAcc)
	for i := range dst {
		for r := (*manyState)(src[i]).first; r > 0; r = b.next[r-1] {
			a.push((*manyState)(dst[i]), b.s.cols, int(r-1))
		}
	}
	return nil
}

func (a *manyAcc) StateTypes() []types.Type {
	ts := make([]types.Type, len(a.s.cols))
	for i, c := range a.s.cols {
		ts[i] = types.ArrayType(c.Type, true)
	}
	return ts
}

func (a *manyAcc) Save(slots []slot, outs []*vec.Vec) error {
	for i, s := range slots {
		st := (*manyState)(s)
		for k, c := range a.s.cols {
			kid := outs[k].Kids[0]
			off := kid.Extend(int(st.n))
			at := off
			for r := st.first; r > 0; r = a.next[r-1] {
				kernel.CopyRow(kid, at, c, int(r-1))
				at++
			}
			vec.Data[vec.List](outs[k])[i] = vec.List{Off: int32(off), Len: int32(st.n)}
		}
	}
	return nil
}

func (a *manyAcc) Load(_ *function.Context, slots []slot, ins []*vec.Vec, sel []uint16) error {
	kids := make([]*vec.Vec, len(ins))
	for k, in := range ins {
		kids[k] = in.Base().Kids[0]
	}
	for i, r := range sel {
		l := vec.Data[vec.List](ins[0].Base())[ins[0].Index(int(r))]
		off := int(l.Off)
		offs := make([]int, len(ins))
		for k, in := range ins {
			offs[k] = int(vec.Data[vec.List](in.Base())[in.Index(int(r))].Off) - off
		}
		for e := range int(l.Len) {
			a.pushAt((*manyState)(slots[i]), kids, off+e, offs)
		}
	}
	return nil
}

// pushAt is push of a row whose columns lie at different offsets.
func (a *manyAcc) pushAt(st *manyState, kids []*vec.Vec, j int, offs []int) {
	same := true
	for _, o := range offs {
		same = same && o == 0
	}
	if same {
		a.push(st, kids, j)
		return
	}
	shifted := make([]*vec.Vec, len(kids))
	for k, v := range kids {
		one := vec.New(v.Type, 0)
		kernel.Append(one, v, j+offs[k], 1)
		shifted[k] = one
	}
	a.push(st, shifted, 0)
}

func (a *manyAcc) Final(c *function.Context, slots []slot, out *vec.Vec) error {
	for i, s := range slots {
		a.chain((*manyState)(s))
		if a.sorted != nil {
			a.sorted(a.s, a.rows)
		}
		if err := a.final(c, a.s, a.rows, out, i); err != nil {
			return err
		}
	}
	return nil
}

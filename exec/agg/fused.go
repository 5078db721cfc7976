package agg

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// fused keeps the states of calls with a known layout in cells: for each group
// the number of its rows, and for each argument column a 128-bit sum (or the bits of a
// double) and the number of NULLs. Calls over one column share it: sum(x),
// avg(x) and count(x) are one sum. The loops update several columns of a row at once.
type fused struct {
	thread *thread
	takes  []bool // by call: it lives in cells
	rest   bool   // some call does not
	column []int  // by call: in cols, -1: count(*)
	cols   []fusedColumn
	cells  []uint64
	stride int // words of a group: rows, then three a column
	ints   []int
	wide   []int
}

type fusedColumn struct {
	input int // in Agg.inputs
	kind  columnKind
	prep  row.Prep
	v     *vec.Vec
}

type columnKind uint8

const (
	sumInt   columnKind = iota // int64
	sumSmall                   // int8 … int32
	sumWide                    // Int128
	sumFloat
	nullsOnly // only count(x) wants it
)

func (f *fused) init(t *thread) {
	a := t.agg
	f.thread = t
	f.takes, f.column = make([]bool, len(a.main.calls)), make([]int, len(a.main.calls))
	for i, c := range a.main.calls {
		f.column[i] = -1
		f.takes[i] = c.set < 0 && c.where == nil && a.node.Mode != physical.Final && f.take(i, c)
		f.rest = f.rest || !f.takes[i] && c.set < 0
	}
	f.stride = 1 + 3*len(f.cols)
	for i, c := range f.cols {
		switch c.kind {
		case sumInt:
			f.ints = append(f.ints, i)
		case sumWide:
			f.wide = append(f.wide, i)
		}
	}
}

// take finds the column of call i.
func (f *fused) take(i int, c *call) bool {
	kind := nullsOnly
	switch {
	case c.layout == function.Count && len(c.args) <= 1:
		if len(c.args) == 0 {
			return true
		}
	case len(c.args) != 1:
		return false
	case c.layout == function.SumInt:
		switch f.thread.agg.inputs[c.args[0]].e.Type().Storage() {
		case types.StoreInt64:
			kind = sumInt
		case types.StoreInt8, types.StoreInt16, types.StoreInt32:
			kind = sumSmall
		case types.StoreInt128:
			kind = sumWide
		default:
			return false
		}
	case c.layout == function.SumFloat && f.thread.agg.inputs[c.args[0]].e.Type().Storage() == types.StoreFloat64:
		kind = sumFloat
	default:
		return false
	}
	for k := range f.cols {
		if o := &f.cols[k]; o.input == c.args[0] {
			if kind == nullsOnly || o.kind == nullsOnly || o.kind == kind {
				if o.kind == nullsOnly {
					o.kind = kind
				}
				f.column[i] = k
				return true
			}
		}
	}
	f.cols = append(f.cols, fusedColumn{input: c.args[0], kind: kind})
	f.column[i] = len(f.cols) - 1
	return true
}

func (f *fused) resize(groups int) { f.cells = make([]uint64, groups*f.stride) }

// add updates the cells of the groups ids with rows sel.
func (f *fused) add(ids, sel []uint16) error {
	for k := range f.cols {
		c := &f.cols[k]
		c.v = c.prep.Payload(f.thread.cols[c.input], sel)
	}
	f.sumInts(ids, sel)
	var over uint64
	at := func(k int) (int, []types.Int128) { return 1 + 3*k, vec.Data[types.Int128](f.cols[k].v) }
	for k := 0; k < len(f.wide); k += 2 {
		a, x := at(f.wide[k])
		if k+1 == len(f.wide) {
			over |= addWide(f.cells, f.stride, a, ids, sel, x)
			continue
		}
		b, y := at(f.wide[k+1])
		over |= addWides(f.cells, f.stride, [2]int{a, b}, ids, sel, x, y)
	}
	if over>>63 != 0 {
		return sqlerr.New(sqlerr.ArithmeticOverflow, "A sum overflows 128 bits.")
	}
	for k := range f.cols {
		c := &f.cols[k]
		at := 1 + 3*k
		switch {
		case c.kind == sumFloat:
			addFloat(f.cells, f.stride, at, ids, sel, vec.Data[float64](c.v))
		case c.kind != sumSmall:
		case c.v.Type.Storage() == types.StoreInt8:
			addSmall(f.cells, f.stride, at, ids, sel, vec.Data[int8](c.v))
		case c.v.Type.Storage() == types.StoreInt16:
			addSmall(f.cells, f.stride, at, ids, sel, vec.Data[int16](c.v))
		default:
			addSmall(f.cells, f.stride, at, ids, sel, vec.Data[int32](c.v))
		}
		if c.v.Valid != nil || c.v.Type.Kind == types.Null {
			for i, r := range sel {
				if c.v.Null(int(r)) {
					f.cells[int(ids[i])*f.stride+at+2]++
				}
			}
		}
	}
	return nil
}

// sumInts counts rows and adds the int64 columns, up to four in one loop.
func (f *fused) sumInts(ids, sel []uint16) {
	data := func(i int) (int, []int64) { return 1 + 3*f.ints[i], vec.Data[int64](f.cols[f.ints[i]].v) }
	n := len(f.ints)
	count := true
	at := 0
	for n-at >= 4 {
		a, x := data(at)
		b, y := data(at + 1)
		c, z := data(at + 2)
		d, w := data(at + 3)
		addInts(f.cells, f.stride, [2]int{a, b}, ids, sel, x, y, count)
		addInts(f.cells, f.stride, [2]int{c, d}, ids, sel, z, w, false)
		at, count = at+4, false
	}
	switch n - at {
	case 3:
		a, x := data(at)
		b, y := data(at + 1)
		c, z := data(at + 2)
		addThree(f.cells, f.stride, [3]int{a, b, c}, ids, sel, x, y, z, count)
	case 2:
		a, x := data(at)
		b, y := data(at + 1)
		addInts(f.cells, f.stride, [2]int{a, b}, ids, sel, x, y, count)
	case 1:
		a, x := data(at)
		addOne(f.cells, f.stride, a, ids, sel, x, count)
	case 0:
		if count {
			for _, id := range ids {
				f.cells[int(id)*f.stride]++
			}
		}
	}
}

func b2u(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// cell points at word at of group id.
func cell(base unsafe.Pointer, id uint16, stride uintptr) unsafe.Pointer {
	return unsafe.Add(base, uintptr(id)*stride)
}

// add128 adds x to the 128-bit sum at p.
func add128(p unsafe.Pointer, x int64) {
	w := (*[2]uint64)(p)
	lo, c := bits.Add64(w[0], uint64(x), 0)
	w[0] = lo
	w[1] += uint64(x>>63) + c
}

func addOne(cells []uint64, stride, at int, ids, sel []uint16, x []int64, count bool) {
	base, step, one := unsafe.Pointer(unsafe.SliceData(cells)), uintptr(stride)*8, b2u(count)
	a := at * 8
	ids = ids[:len(sel)]
	for i, r := range sel {
		p := cell(base, ids[i], step)
		*(*uint64)(p) += one
		add128(unsafe.Add(p, a), x[r])
	}
}

func addInts(cells []uint64, stride int, at [2]int, ids, sel []uint16, x, y []int64, count bool) {
	base, step, one := unsafe.Pointer(unsafe.SliceData(cells)), uintptr(stride)*8, b2u(count)
	a, b := at[0]*8, at[1]*8
	ids, y = ids[:len(sel)], y[:len(x)]
	for i, r := range sel {
		p := cell(base, ids[i], step)
		*(*uint64)(p) += one
		add128(unsafe.Add(p, a), x[r])
		add128(unsafe.Add(p, b), y[r])
	}
}

func addThree(cells []uint64, stride int, at [3]int, ids, sel []uint16, x, y, z []int64, count bool) {
	base, step, one := unsafe.Pointer(unsafe.SliceData(cells)), uintptr(stride)*8, b2u(count)
	a, b, c := at[0]*8, at[1]*8, at[2]*8
	ids, y, z = ids[:len(sel)], y[:len(x)], z[:len(x)]
	for i, r := range sel {
		p := cell(base, ids[i], step)
		*(*uint64)(p) += one
		add128(unsafe.Add(p, a), x[r])
		add128(unsafe.Add(p, b), y[r])
		add128(unsafe.Add(p, c), z[r])
	}
}

func addSmall[T int8 | int16 | int32](cells []uint64, stride, at int, ids, sel []uint16, x []T) {
	base, step := unsafe.Pointer(unsafe.SliceData(cells)), uintptr(stride)*8
	for i, r := range sel {
		add128(unsafe.Add(cell(base, ids[i], step), at*8), int64(x[r]))
	}
}

// addWide adds Int128 values. The top bit of the result is set if a sum overflowed.
func addWide(cells []uint64, stride, at int, ids, sel []uint16, x []types.Int128) (over uint64) {
	base, step := unsafe.Pointer(unsafe.SliceData(cells)), uintptr(stride)*8
	ids = ids[:len(sel)]
	for i, r := range sel {
		w := (*[2]uint64)(unsafe.Add(cell(base, ids[i], step), at*8))
		v := x[r]
		lo, c := bits.Add64(w[0], v.Lo, 0)
		hi, _ := bits.Add64(w[1], uint64(v.Hi), c)
		over |= (hi ^ w[1]) & (hi ^ uint64(v.Hi))
		w[0], w[1] = lo, hi
	}
	return over
}

// addWides is addWide for two columns.
func addWides(cells []uint64, stride int, at [2]int, ids, sel []uint16, x, y []types.Int128) (over uint64) {
	base, step := unsafe.Pointer(unsafe.SliceData(cells)), uintptr(stride)*8
	a, b := at[0]*8, at[1]*8
	ids, y = ids[:len(sel)], y[:len(x)]
	for i, r := range sel {
		p := cell(base, ids[i], step)
		w, v := (*[2]uint64)(unsafe.Add(p, a)), x[r]
		lo, c := bits.Add64(w[0], v.Lo, 0)
		hi, _ := bits.Add64(w[1], uint64(v.Hi), c)
		over |= (hi ^ w[1]) & (hi ^ uint64(v.Hi))
		w[0], w[1] = lo, hi
		w, v = (*[2]uint64)(unsafe.Add(p, b)), y[r]
		lo, c = bits.Add64(w[0], v.Lo, 0)
		hi, _ = bits.Add64(w[1], uint64(v.Hi), c)
		over |= (hi ^ w[1]) & (hi ^ uint64(v.Hi))
		w[0], w[1] = lo, hi
	}
	return over
}

func addFloat(cells []uint64, stride, at int, ids, sel []uint16, x []float64) {
	for i, r := range sel {
		w := &cells[int(ids[i])*stride+at]
		*w = math.Float64bits(math.Float64frombits(*w) + x[r])
	}
}

// fold adds the cells of group id to the states of its row and empties them.
func (f *fused) fold(id int, p rowPtr) error {
	w := f.cells[id*f.stride : (id+1)*f.stride]
	rows := int64(w[0])
	if rows == 0 {
		return nil
	}
	for i, c := range f.thread.agg.main.calls {
		if !f.takes[i] {
			continue
		}
		n, at := rows, 0
		if k := f.column[i]; k >= 0 {
			at = 1 + 3*k
			n -= int64(w[at+2])
		}
		state := rowAt(p, c.off)
		switch c.layout {
		case function.Count:
			(*function.CountState)(state).N += n
		case function.SumInt:
			s := (*function.SumIntState)(state)
			sum, ok := s.Sum.Add(types.Int128{Lo: w[at], Hi: int64(w[at+1])})
			if !ok {
				return c.at(sqlerr.New(sqlerr.ArithmeticOverflow, "A sum overflows 128 bits."))
			}
			s.Sum, s.N = sum, s.N+n
		case function.SumFloat:
			s := (*function.SumFloatState)(state)
			s.Sum, s.N = s.Sum+math.Float64frombits(w[at]), s.N+n
		}
	}
	clear(w)
	return nil
}

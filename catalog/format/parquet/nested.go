package parquet

import (
	"errors"
	"math"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

var errTooMany = errors.New("a batch holds more than 2^31 list elements")

// levels are the levels of some records of a leaf with their present values, dense.
type levels struct {
	def, rep []uint8
	dense    vec.Vec
	count    int
}

// levelWindow is how many levels are decoded at a time.
const levelWindow = 4096

// records passes over the next n records. With out set their levels and
// present values are appended to it. It returns the number of levels.
func (c *column) records(n int, out *levels) (int, error) {
	total := 0
	// A record ends where the next begins: at a repetition level of 0, or the chunk's end.
	for started := false; ; {
		if c.lvl == len(c.def) {
			more, err := c.fillLevels()
			if err != nil {
				return total, err
			}
			if !more {
				if n > 0 && !(n == 1 && started) {
					return total, errChunkShort
				}
				return total, nil
			}
		}
		lo, hi := c.lvl, c.lvl
		done := false
		if c.leaf.maxRep == 0 {
			k := min(n, len(c.def)-lo)
			hi, n = lo+k, n-k
			done = n == 0
		} else {
			for ; hi < len(c.rep); hi++ {
				if c.rep[hi] != 0 {
					if !started {
						return total, errLevels
					}
					continue
				}
				if started {
					n--
				}
				if started = n > 0; !started {
					done = true
					break
				}
			}
		}
		if err := c.takeLevels(lo, hi, out); err != nil {
			return total, err
		}
		total += hi - lo
		if done {
			return total, nil
		}
	}
}

// fillLevels decodes more levels, of the next page if need be; false at the end of the chunk.
func (c *column) fillLevels() (bool, error) {
	if c.lvlLeft == 0 {
		if c.left <= 0 {
			return false, nil
		}
		if err := c.next(); err != nil {
			return false, err
		}
		if err := c.openPage(); err != nil {
			return false, err
		}
	}
	n := min(levelWindow, c.lvlLeft)
	if cap(c.def) < n {
		c.def, c.rep, c.wide = make([]uint8, levelWindow), make([]uint8, levelWindow), make([]uint32, levelWindow)
	}
	c.def, c.rep, c.lvl = c.def[:n], c.rep[:n], 0
	if err := c.decodeLevels(c.def, &c.defs, &c.msbDef, c.leaf.maxDef); err != nil {
		return false, err
	}
	if err := c.decodeLevels(c.rep, &c.reps, &c.msbRep, c.leaf.maxRep); err != nil {
		return false, err
	}
	c.lvlLeft -= n
	return true, nil
}

func (c *column) decodeLevels(dst []uint8, h *hybrid, msb *[]uint8, most int) error {
	switch {
	case most == 0:
		clear(dst)
		return nil
	case *msb != nil:
		copy(dst, *msb)
		*msb = (*msb)[len(dst):]
	default:
		wide := c.wide[:len(dst)]
		if err := h.read(wide); err != nil {
			return err
		}
		for i, x := range wide {
			dst[i] = uint8(x)
			if x > uint32(most) {
				return errLevels
			}
		}
		return nil
	}
	for _, x := range dst {
		if int(x) > most {
			return errLevels
		}
	}
	return nil
}

// takeLevels consumes the levels lo…hi of the window, with their values.
func (c *column) takeLevels(lo, hi int, out *levels) error {
	c.lvl = hi
	there, most := 0, uint8(c.leaf.maxDef)
	for _, d := range c.def[lo:hi] {
		if d == most {
			there++
		}
	}
	if out == nil {
		return c.vals.skip(there)
	}
	out.def = append(out.def, c.def[lo:hi]...)
	out.rep = append(out.rep, c.rep[lo:hi]...)
	if len(out.def) > math.MaxInt32 {
		return errTooMany
	}
	if there == 0 {
		return nil
	}
	piece := &vec.Vec{Type: c.leaf.typ}
	c.vals.begin(piece, there)
	if err := c.vals.read(0, there, nil); err != nil {
		return err
	}
	c.vals.finish(piece)
	appendRows(&out.dense, piece)
	out.count += there
	return nil
}

// appendRows adds the rows of a flat vector without nulls to dst.
func appendRows(dst, src *vec.Vec) {
	at := dst.Extend(src.Len())
	switch src.Type.Storage() {
	case types.StoreBool:
		copy(vec.Data[bool](dst)[at:], vec.Data[bool](src))
	case types.StoreInt8:
		copy(vec.Data[int8](dst)[at:], vec.Data[int8](src))
	case types.StoreInt16:
		copy(vec.Data[int16](dst)[at:], vec.Data[int16](src))
	case types.StoreInt32:
		copy(vec.Data[int32](dst)[at:], vec.Data[int32](src))
	case types.StoreInt64:
		copy(vec.Data[int64](dst)[at:], vec.Data[int64](src))
	case types.StoreFloat32:
		copy(vec.Data[float32](dst)[at:], vec.Data[float32](src))
	case types.StoreFloat64:
		copy(vec.Data[float64](dst)[at:], vec.Data[float64](src))
	case types.StoreInt128:
		copy(vec.Data[types.Int128](dst)[at:], vec.Data[types.Int128](src))
	case types.StoreInterval:
		copy(vec.Data[types.CalendarInterval](dst)[at:], vec.Data[types.CalendarInterval](src))
	case types.StoreString:
		copy(vec.Data[string](dst)[at:], vec.Data[string](src))
	}
}

// place copies dense values to the rows that have one.
func place(dst, dense *vec.Vec, rows []int32) {
	switch dst.Type.Storage() {
	case types.StoreBool:
		placeAs[bool](dst, dense, rows)
	case types.StoreInt8:
		placeAs[int8](dst, dense, rows)
	case types.StoreInt16:
		placeAs[int16](dst, dense, rows)
	case types.StoreInt32:
		placeAs[int32](dst, dense, rows)
	case types.StoreInt64:
		placeAs[int64](dst, dense, rows)
	case types.StoreFloat32:
		placeAs[float32](dst, dense, rows)
	case types.StoreFloat64:
		placeAs[float64](dst, dense, rows)
	case types.StoreInt128:
		placeAs[types.Int128](dst, dense, rows)
	case types.StoreInterval:
		placeAs[types.CalendarInterval](dst, dense, rows)
	case types.StoreString:
		placeAs[string](dst, dense, rows)
	}
}

func placeAs[T vec.Elem](dst, dense *vec.Vec, rows []int32) {
	d, s := vec.Data[T](dst), vec.Data[T](dense)
	for i, r := range rows {
		d[r] = s[i]
	}
}

// shape is a nested column as the table wants it over the nodes the file has.
type shape struct {
	node *node // nil: the file lacks it, all rows are null
	typ  types.Type
	kids []*shape
	col  *column // of a leaf
	lv   levels
	// probe is a leaf read only for its levels, for a struct none of whose fields is read.
	probe *shape
	// rows are the places of the present values of a leaf, reused.
	rows []int32
	tmp  vec.Vec
}

// leaves calls f for the leaf shapes below s.
func (s *shape) leaves(f func(*shape)) {
	if s.node == nil {
		return
	}
	if s.col != nil {
		f(s)
	}
	for _, k := range s.kids {
		k.leaves(f)
	}
	if s.probe != nil {
		f(s.probe)
	}
}

// first returns a leaf below s to learn from where values and items begin.
func (s *shape) first() *shape {
	var out *shape
	s.leaves(func(l *shape) {
		if out == nil {
			out = l
		}
	})
	return out
}

// read makes v the next n rows.
func (s *shape) read(v *vec.Vec, n int) error {
	var err error
	s.leaves(func(l *shape) {
		if err != nil {
			return
		}
		l.col.recycle()
		if l.col.pending > 0 {
			if err = l.col.settle(); err != nil {
				return
			}
		}
		l.lv.def, l.lv.rep, l.lv.count = l.lv.def[:0], l.lv.rep[:0], 0
		l.lv.dense.Reset(l.col.leaf.typ)
		l.lv.dense.Resize(0)
		_, err = l.col.records(n, &l.lv)
	})
	if err != nil {
		return err
	}
	rows, err := s.assemble(v, 0, 0)
	if err == nil && rows != n {
		err = errLevels
	}
	return err
}

// assemble makes v the values of s within the lists of repetition level rep,
// whose items exist from definition level item on, and returns their number.
func (s *shape) assemble(v *vec.Vec, rep, item int) (int, error) {
	l := s.first()
	if l == nil {
		return 0, errLevels
	}
	v.Reset(s.typ)
	switch s.typ.Kind {
	case types.Struct:
		return s.assembleStruct(v, l, rep, item)
	case types.Array, types.Map:
		return s.assembleList(v, l, rep, item)
	}
	n, there := 0, 0
	s.rows = s.rows[:0]
	most := uint8(s.col.leaf.maxDef)
	for i, d := range l.lv.def {
		if int(d) < item || int(l.lv.rep[i]) > rep {
			continue
		}
		if d == most {
			s.rows = append(s.rows, int32(n))
			there++
		}
		n++
	}
	if there != l.lv.count {
		return 0, errLevels
	}
	out := v
	if !s.typ.SameShape(s.node.typ) {
		out = &s.tmp
		out.Reset(s.node.typ)
	}
	out.Resize(n)
	place(out, &l.lv.dense, s.rows)
	if there < n {
		if out.Type.Storage() == types.StoreString {
			clearNulls(out, s.rows)
		}
		valid := out.MakeValid()
		valid.ClearAll(n)
		for _, r := range s.rows {
			valid.Set(int(r))
		}
	}
	if out != v {
		return n, widen(v, s.typ, out)
	}
	return n, nil
}

// clearNulls empties the strings of null rows, which are left over from earlier batches.
func clearNulls(v *vec.Vec, rows []int32) {
	d, next := vec.Data[string](v), 0
	for _, r := range rows {
		clear(d[next:r])
		next = int(r) + 1
	}
	clear(d[next:])
}

func (s *shape) assembleStruct(v *vec.Vec, l *shape, rep, item int) (int, error) {
	n := 0
	valid, nulls := vec.Bitmap(nil), false
	for i, d := range l.lv.def {
		if int(d) < item || int(l.lv.rep[i]) > rep {
			continue
		}
		if n&63 == 0 {
			valid = append(valid, 0)
		}
		if int(d) >= s.node.def {
			valid.Set(n)
		} else {
			nulls = true
		}
		n++
	}
	v.Resize(n)
	for i, k := range s.kids {
		if k.node == nil {
			nullRows(v.Kids[i], k.typ, n)
			continue
		}
		got, err := k.assemble(v.Kids[i], rep, item)
		if err != nil {
			return 0, err
		}
		if got != n {
			return 0, errLevels
		}
	}
	if nulls {
		v.Valid = valid
	}
	return n, nil
}

// nullRows makes v n nulls.
func nullRows(v *vec.Vec, t types.Type, n int) {
	v.Reset(t)
	v.Resize(n)
	if t.Kind != types.Null {
		v.MakeValid().ClearAll(n)
	}
	if t.Kind == types.Struct {
		for i, f := range t.Children() {
			nullRows(v.Kids[i], f.Type, n)
		}
	}
	if t.Storage() == types.StoreList {
		clear(vec.Data[vec.List](v))
	}
}

func (s *shape) assembleList(v *vec.Vec, l *shape, rep, item int) (int, error) {
	var lists []vec.List
	var valid vec.Bitmap
	nulls, items := false, int32(0)
	for i, d := range l.lv.def {
		r := int(l.lv.rep[i])
		if int(d) < item || r > s.node.rep {
			continue
		}
		n := len(lists)
		if r == s.node.rep {
			if n == 0 || int(d) < s.node.itemDef {
				return 0, errLevels
			}
			lists[n-1].Len++
			items++
			continue
		}
		if n&63 == 0 {
			valid = append(valid, 0)
		}
		at := vec.List{Off: items}
		if int(d) >= s.node.def {
			valid.Set(n)
		} else {
			nulls = true
		}
		if int(d) >= s.node.itemDef {
			at.Len = 1
			items++
		}
		lists = append(lists, at)
	}
	v.Resize(len(lists))
	copy(vec.Data[vec.List](v), lists)
	for i, k := range s.kids {
		if k.node == nil {
			nullRows(v.Kids[i], k.typ, int(items))
			continue
		}
		got, err := k.assemble(v.Kids[i], s.node.rep, s.node.itemDef)
		if err != nil {
			return 0, err
		}
		if got != int(items) {
			return 0, errLevels
		}
	}
	if nulls {
		v.Valid = valid
	}
	return len(lists), nil
}

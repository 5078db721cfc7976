package agg

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// maxDirect is the most combinations of keys that are numbered.
const maxDirect = 4096

// direct finds the groups of keys that have few values without hashing: each
// key column numbers its values, and the numbers together index an array of
// rows. It is only a cache of the thread's table: a combination seen for the
// first time is looked up there, and when the keys turn out to have too many
// values nothing is lost. States of known layout are kept in cells (fused.go)
// and added to the rows by flush.
type direct struct {
	thread *thread
	off    bool // the keys have too many values
	keys   []numbering
	rows   []rowPtr // by number, nil: not looked up yet
	ids    []uint16 // by place in the selection
	miss   []uint16
	fused  fused
}

// numbering numbers the values of one key column from 1; NULL is 0.
type numbering struct {
	size int // numbers in use at most, NULL included
	// Integers: number = value - base + 1.
	ints bool
	base int64
	// Strings: numbers in order of appearance, and those of the dictionary seen last.
	known map[string]uint16
	dict  *vec.Dictionary
	codes []uint16
	bytes [257]uint16 // strings of one byte at 1+byte, the empty one at 0
}

func newDirect(t *thread) *direct {
	d := &direct{thread: t, off: len(t.keys) == 0 || len(t.keys) > 6}
	for _, k := range t.agg.main.keys {
		switch k.Storage() {
		case types.StoreBool, types.StoreInt8, types.StoreInt16, types.StoreInt32, types.StoreInt64:
			d.keys = append(d.keys, numbering{ints: true})
		case types.StoreString:
			d.keys = append(d.keys, numbering{known: map[string]uint16{}})
		default:
			d.off = true
		}
	}
	d.fused.init(t)
	return d
}

// number sets ids to the combination of each row of sel, or reports that the
// keys do not suit.
func (d *direct) number(sel []uint16) (bool, error) {
	t := d.thread
	if len(sel) > len(d.ids) {
		d.ids = make([]uint16, max(len(sel), vec.DefaultSize))
	}
	for {
		ok := true
		for i := range d.keys {
			k, col := &d.keys[i], t.cols[i]
			if col.Enc == vec.Const || k.ints && col.Enc != vec.Flat {
				t.prepare(sel)
			}
			if t.prepared && col.Enc != vec.Dict || k.ints && col.Enc != vec.Flat {
				col = t.keys[i]
			}
			if ok = k.number(col, sel, d.ids[:len(sel)], i == 0); !ok {
				break
			}
		}
		if ok {
			return true, nil
		}
		if err := d.flush(); err != nil {
			return false, err
		}
		t.prepare(sel)
		if !d.resize(t.cols, t.keys, sel) {
			d.off = true
			d.rows = nil
			return false, nil
		}
	}
}

// resize makes room for the values of a batch and forgets the cached rows.
func (d *direct) resize(cols, keys []*vec.Vec, sel []uint16) bool {
	total := 1
	for i := range d.keys {
		if !d.keys[i].widen(cols[i], keys[i], sel) {
			return false
		}
		total *= d.keys[i].size
		if total > maxDirect {
			return false
		}
	}
	d.rows = make([]rowPtr, total)
	d.fused.resize(total)
	return true
}

// number adds this key's part to ids: that of col, flat or a dictionary of
// strings. It fails if a value is out of range.
func (k *numbering) number(col *vec.Vec, sel, ids []uint16, first bool) bool {
	if k.size == 0 {
		return false
	}
	if !k.ints {
		return k.strings(col, sel, ids, first)
	}
	switch col.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		return numberInts(k, vec.Raw[int8](col), col.Valid, sel, ids, first)
	case types.StoreInt16:
		return numberInts(k, vec.Raw[int16](col), col.Valid, sel, ids, first)
	case types.StoreInt32:
		return numberInts(k, vec.Raw[int32](col), col.Valid, sel, ids, first)
	}
	return numberInts(k, vec.Raw[int64](col), col.Valid, sel, ids, first)
}

func numberInts[T int8 | int16 | int32 | int64](k *numbering, data []T, valid vec.Bitmap, sel, ids []uint16, first bool) bool {
	size, low := uint64(k.size), k.base-1
	mul := uint16(k.size)
	if first {
		mul = 0
	}
	bad := false
	for i, r := range sel {
		n := uint64(int64(data[r]) - low)
		if valid != nil && !valid.Get(int(r)) {
			n = 0
		} else if n-1 >= size-1 {
			bad = true
			n = 0
		}
		ids[i] = ids[i]*mul + uint16(n)
	}
	return !bad
}

func (k *numbering) strings(col *vec.Vec, sel, ids []uint16, first bool) bool {
	mul := uint16(k.size)
	if first {
		mul = 0
	}
	valid := col.Valid
	if col.Enc == vec.Dict {
		if valid != nil {
			return k.nullable(col, sel, ids, mul)
		}
		k.meet(col.Dict)
		for {
			codes, numbers, unknown := col.Codes(), k.codes, false
			if mul == 0 {
				for i, r := range sel {
					n := numbers[codes[r]]
					unknown = unknown || n == 0
					ids[i] = n
				}
			} else if !k.numbered(codes, sel) {
				unknown = true
			} else {
				for i, r := range sel {
					ids[i] = ids[i]*mul + numbers[codes[r]]
				}
			}
			if !unknown {
				return true
			}
			if !k.learn(col, sel) {
				return false
			}
		}
	}
	data := vec.Data[string](col)
	for i, r := range sel {
		s := data[r]
		var n uint16
		switch {
		case valid != nil && !valid.Get(int(r)):
		case len(s) <= 1:
			at := 0
			if len(s) == 1 {
				at = 1 + int(s[0])
			}
			if n = k.bytes[at]; n == 0 {
				if n = k.of(s); n == 0 {
					return false
				}
				k.bytes[at] = n
			}
		default:
			if n = k.of(s); n == 0 {
				return false
			}
		}
		ids[i] = ids[i]*mul + n
	}
	return true
}

// numbered reports whether all codes of rows sel have numbers.
func (k *numbering) numbered(codes []int32, sel []uint16) bool {
	zero := false
	for _, r := range sel {
		zero = zero || k.codes[codes[r]] == 0
	}
	return !zero
}

// nullable is strings for dictionary columns with NULLs.
func (k *numbering) nullable(col *vec.Vec, sel, ids []uint16, mul uint16) bool {
	k.meet(col.Dict)
	if !k.learn(col, sel) {
		return false
	}
	codes := col.Codes()
	for i, r := range sel {
		n := uint16(0)
		if col.Valid.Get(int(r)) {
			n = k.codes[codes[r]]
		}
		ids[i] = ids[i]*mul + n
	}
	return true
}

// of returns the number of s, giving it one if there is room, else 0.
func (k *numbering) of(s string) uint16 {
	n, ok := k.known[s]
	if !ok {
		if len(k.known)+1 >= k.size {
			return 0
		}
		n = uint16(len(k.known) + 1)
		k.known[string([]byte(s))] = n
	}
	return n
}

// meet makes d the dictionary that k.codes is about.
func (k *numbering) meet(d *vec.Dictionary) {
	n := d.Values.Len()
	if k.dict == nil || k.dict != d && (k.dict.ID == 0 || k.dict.ID != d.ID) || n < len(k.codes) {
		k.codes = k.codes[:0]
	}
	k.dict = d
	for len(k.codes) < max(n, 1) {
		k.codes = append(k.codes, 0)
	}
}

// learn numbers the dictionary entries that selected rows use.
func (k *numbering) learn(col *vec.Vec, sel []uint16) bool {
	codes, vals := col.Codes(), vec.Data[string](col.Dict.Values)
	for _, r := range sel {
		c := codes[r]
		if k.codes[c] == 0 && !col.Null(int(r)) {
			if k.codes[c] = k.of(vals[c]); k.codes[c] == 0 {
				return false
			}
		}
	}
	return true
}

// widen makes room for the values of a batch, with some to spare.
func (k *numbering) widen(col, key *vec.Vec, sel []uint16) bool {
	if !k.ints {
		if col.Enc != vec.Dict && k.size > 64 {
			return false // hashing strings here to avoid hashing them there gains nothing
		}
		k.codes, k.bytes = k.codes[:0], [257]uint16{}
		return k.widenStrings(col, key, sel)
	}
	lo, hi := int64(0), int64(0)
	some := false
	if k.size > 1 {
		lo, hi, some = k.base, k.base+int64(k.size)-2, true
	}
	for _, r := range sel {
		if key.Valid != nil && !key.Valid.Get(int(r)) {
			continue
		}
		x := intAt(key, int(r))
		if !some {
			lo, hi, some = x, x, true
		}
		lo, hi = min(lo, x), max(hi, x)
	}
	span := uint64(hi) - uint64(lo)
	if span >= maxDirect {
		return false
	}
	if spare := int64(span / 4); k.size > 0 && span+uint64(2*spare) < maxDirect && key.Type.Kind != types.Bool {
		lo, hi = lo-spare, hi+spare
		if lo > hi { // wrapped
			return false
		}
	}
	k.base, k.size = lo, int(hi-lo)+2
	return true
}

// widenStrings counts the values of a batch that are not known yet.
func (k *numbering) widenStrings(col, key *vec.Vec, sel []uint16) bool {
	data := vec.Data[string](key)
	k.size = maxDirect
	for _, r := range sel {
		if (key.Valid == nil || key.Valid.Get(int(r))) && k.of(data[r]) == 0 {
			return false
		}
	}
	n := len(k.known) + 2
	k.size = 4
	for k.size < n {
		k.size *= 2
	}
	return true
}

func intAt(v *vec.Vec, r int) int64 {
	switch v.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		return int64(vec.Raw[int8](v)[r])
	case types.StoreInt16:
		return int64(vec.Raw[int16](v)[r])
	case types.StoreInt32:
		return int64(vec.Raw[int32](v)[r])
	}
	return vec.Raw[int64](v)[r]
}

// group adds the rows of sel to their groups, if direct can. Filtered calls
// and states of private layout are updated through the rows.
func (d *direct) group(sel []uint16) (bool, error) {
	t := d.thread
	if d.off {
		return false, nil
	}
	if ok, err := d.number(sel); err != nil || !ok {
		return false, err
	}
	ids := d.ids[:len(sel)]
	d.miss = d.miss[:0]
	for i, id := range ids {
		if d.rows[id] == nil {
			d.miss = append(d.miss, sel[i])
		}
	}
	if len(d.miss) > 0 {
		t.prepare(sel)
		if err := t.locate(t.table, t.keys, d.miss); err != nil {
			return false, err
		}
		at := 0
		for i, id := range ids {
			if at < len(d.miss) && sel[i] == d.miss[at] {
				d.rows[id] = t.work.ptrs[sel[i]]
				at++
			}
		}
	}
	if err := d.fused.add(ids, sel); err != nil {
		return false, err
	}
	if d.fused.rest {
		for i, id := range ids {
			t.work.ptrs[sel[i]] = d.rows[id]
		}
		for i, c := range t.agg.main.calls {
			if c.set >= 0 || d.fused.takes[i] {
				continue
			}
			if err := t.update(i, c, t.rows(t.calls[i].filter, sel)); err != nil {
				return false, err
			}
		}
		return true, t.table.extraMemory()
	}
	return true, nil
}

// flush adds the cells to the states in the rows. It comes before anything
// that reads or moves the rows.
func (d *direct) flush() error {
	for id, p := range d.rows {
		if p == nil {
			continue
		}
		if err := d.fused.fold(id, p); err != nil {
			return err
		}
	}
	return nil
}

// forget flushes and drops the cached rows, which are about to go.
func (d *direct) forget() error {
	err := d.flush()
	clear(d.rows)
	return err
}

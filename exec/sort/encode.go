package sort

import (
	"encoding/binary"
	"math"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// key is one ORDER BY item and its place in the normalized key.
type key struct {
	typ        types.Type
	nullable   bool
	desc       bool
	nullsFirst bool
	off, width int // of the value, after the null byte if nullable
	tie        bool
	col        int // place in the store of the value of a tie key
}

// layout is the form of normalized keys: stride bytes, a multiple of 8.
type layout struct {
	keys   []key
	stride int
	exact  bool // equal bytes mean equal keys
	// sure is the number of leading bytes that order rows by themselves: those
	// behind the first tie key count only where its values are equal. mask keeps
	// the sure ones of the first eight.
	sure int
	mask uint64
	idx  []int32
}

// stringBytes is the room for a string's prefix, null byte and length byte.
const stringBytes = 16

func newLayout(order []expr.SortKey) *layout {
	l := &layout{exact: true}
	for _, k := range order {
		t := k.Expr.Type()
		x := key{typ: t, nullable: k.Expr.Nullable(), desc: k.Desc, nullsFirst: k.NullsFirst, off: l.stride, col: -1}
		if t.Kind == types.Null {
			x.nullable = true
		}
		if x.nullable {
			x.off++
		}
		switch s := t.Storage(); s {
		case types.StoreString:
			x.width, x.tie = l.stride+stringBytes-x.off, true
		case types.StoreList, types.StoreStruct, types.StoreInterval:
			x.tie = true
		default:
			x.width = s.Width()
		}
		l.exact = l.exact && !x.tie
		l.stride = x.off + x.width
		l.keys = append(l.keys, x)
		if x.tie && l.sure == 0 {
			l.sure = l.stride
		}
	}
	l.stride = max(8, (l.stride+7)&^7)
	if l.exact {
		l.sure = l.stride
	}
	l.mask = ^uint64(0)
	if l.sure < 8 {
		l.mask = ^(l.mask >> (8 * l.sure))
	}
	return l
}

// encode writes the normalized keys of rows sel of vals, one vector a key, to dst.
func (l *layout) encode(dst []byte, vals []*vec.Vec, sel []uint16) {
	clear(dst)
	for i := range l.keys {
		k, v := &l.keys[i], vals[i]
		if k.nullable {
			l.encodeNulls(dst, k, v, sel)
		}
		if v.Enc == vec.Flat {
			encodeKey(dst, l.stride, k, v, sel, sel)
			continue
		}
		l.idx = l.idx[:0]
		for _, r := range sel {
			j := 0
			if !v.Null(int(r)) {
				j = v.Index(int(r))
			}
			l.idx = append(l.idx, int32(j))
		}
		if base := v.Base(); base.Len() > 0 {
			encodeKey(dst, l.stride, k, base, l.idx, sel)
		}
	}
	for i := range l.keys {
		if k := &l.keys[i]; k.nullable && k.width > 0 {
			l.clearNulls(dst, k, vals[i], sel)
		}
	}
}

// encodeNulls writes the byte before the value.
func (l *layout) encodeNulls(dst []byte, k *key, v *vec.Vec, sel []uint16) {
	null, some := byte(1), byte(0)
	if k.nullsFirst {
		null, some = 0, 1
	}
	for i, r := range sel {
		if v.Null(int(r)) {
			dst[i*l.stride+k.off-1] = null
		} else {
			dst[i*l.stride+k.off-1] = some
		}
	}
}

// clearNulls makes the value bytes of NULLs equal: what was encoded there is arbitrary.
func (l *layout) clearNulls(dst []byte, k *key, v *vec.Vec, sel []uint16) {
	if v.Valid == nil && v.Type.Kind != types.Null {
		return
	}
	for i, r := range sel {
		if v.Null(int(r)) {
			clear(dst[i*l.stride+k.off:][:k.width])
		}
	}
}

// encodeKey writes value rows[i] of v for every i; sel only tells how many there are.
func encodeKey[I vec.Index](dst []byte, stride int, k *key, v *vec.Vec, rows []I, _ []uint16) {
	dst = dst[k.off:]
	flip := uint64(0)
	if k.desc {
		flip = ^uint64(0)
	}
	switch v.Type.Storage() {
	case types.StoreBool:
		in := vec.Data[bool](v)
		for i, r := range rows {
			x := byte(0)
			if in[r] {
				x = 1
			}
			dst[i*stride] = x ^ byte(flip)
		}
	case types.StoreInt8:
		in := vec.Data[int8](v)
		for i, r := range rows {
			dst[i*stride] = byte(in[r]) ^ 1<<7 ^ byte(flip)
		}
	case types.StoreInt16:
		in := vec.Data[int16](v)
		for i, r := range rows {
			binary.BigEndian.PutUint16(dst[i*stride:], uint16(in[r])^1<<15^uint16(flip))
		}
	case types.StoreInt32:
		in := vec.Data[int32](v)
		for i, r := range rows {
			binary.BigEndian.PutUint32(dst[i*stride:], uint32(in[r])^1<<31^uint32(flip))
		}
	case types.StoreInt64:
		in := vec.Data[int64](v)
		for i, r := range rows {
			binary.BigEndian.PutUint64(dst[i*stride:], uint64(in[r])^1<<63^flip)
		}
	case types.StoreInt128:
		in := vec.Data[types.Int128](v)
		for i, r := range rows {
			binary.BigEndian.PutUint64(dst[i*stride:], uint64(in[r].Hi)^1<<63^flip)
			binary.BigEndian.PutUint64(dst[i*stride+8:], in[r].Lo^flip)
		}
	case types.StoreFloat32:
		in := vec.Data[float32](v)
		for i, r := range rows {
			binary.BigEndian.PutUint32(dst[i*stride:], float32Key(in[r])^uint32(flip))
		}
	case types.StoreFloat64:
		in := vec.Data[float64](v)
		for i, r := range rows {
			binary.BigEndian.PutUint64(dst[i*stride:], float64Key(in[r])^flip)
		}
	case types.StoreString:
		in := vec.Data[string](v)
		for i, r := range rows {
			stringKey(dst[i*stride:][:k.width], in[r], byte(flip))
		}
	}
}

func float32Key(f float32) uint32 {
	if f == 0 {
		f = 0 // -0.0
	}
	b := math.Float32bits(f)
	if f != f {
		b = 0x7FC00000
	}
	if b>>31 != 0 {
		return ^b
	}
	return b | 1<<31
}

func float64Key(f float64) uint64 {
	if f == 0 {
		f = 0 // -0.0
	}
	b := math.Float64bits(f)
	if f != f {
		b = 0x7FF8000000000000
	}
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// stringKey writes a prefix of s, zero-filled, and a byte that tells strings
// apart which end within the prefix; longer ones tie there.
func stringKey(dst []byte, s string, flip byte) {
	p := len(dst) - 1
	n := copy(dst[:p], s)
	dst[p] = byte(min(len(s), p+1))
	if flip != 0 {
		for i := range dst[:n] {
			dst[i] ^= flip
		}
		for i := n; i < p; i++ {
			dst[i] = flip
		}
		dst[p] ^= flip
	}
}

// cut reports whether the string behind the encoded value did not fit.
func (k *key) cut(value []byte) bool {
	last := value[k.width-1]
	if k.desc {
		last = ^last
	}
	return int(last) == k.width
}

package row

import (
	"math/bits"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Multipliers: 2^64 divided by the golden ratio, and a prime of wyhash's kind.
const (
	k1 = 0x9E3779B97F4A7C15
	k2 = 0xA0761D6478BD642F
)

// Hash sets out[r] to the hash of row r of the prepared keys, for r in sel.
// It is the one hash of SQL values: equal keys of one type hash alike in every
// process, so its bits choose the slot in a hash table, the partition of a spill file and
// the channel of a shuffle. The high bits are the good ones; hashes of whole numbers
// in a row are spread evenly, not at random (see Uniform).
func Hash(keys []*vec.Vec, sel []uint16, out []uint64) {
	if len(keys) == 0 {
		for _, r := range sel {
			out[r] = 0
		}
		return
	}
	for i, v := range keys {
		hashColumn(v, sel, out, i > 0)
	}
}

func hashColumn(v *vec.Vec, sel []uint16, out []uint64, more bool) {
	switch s := v.Type.Storage(); {
	case s == types.StoreNone:
		if !more {
			for _, r := range sel {
				out[r] = 0
			}
		}
	case s == types.StoreString || s == types.StoreList || s == types.StoreStruct:
		hashStrings(vec.Raw[string](v), sel, out, more)
	case s.Width() == 1:
		hashInts(vec.Raw[uint8](v), sel, out, more)
	case s.Width() == 2:
		hashInts(vec.Raw[uint16](v), sel, out, more)
	case s.Width() == 4:
		hashInts(vec.Raw[uint32](v), sel, out, more)
	case s.Width() == 8:
		hashInts(vec.Raw[uint64](v), sel, out, more)
	default:
		data := vec.Raw[[2]uint64](v)
		for _, r := range sel {
			h := mix(data[r][0]^k2, data[r][1]^k1)
			if more {
				h = combine(out[r], h)
			}
			out[r] = h
		}
	}
}

func hashInts[T uint8 | uint16 | uint32 | uint64](data []T, sel []uint16, out []uint64, more bool) {
	if more {
		for _, r := range sel {
			out[r] = combine(out[r], Word(uint64(data[r])))
		}
		return
	}
	for _, r := range sel {
		out[r] = Word(uint64(data[r]))
	}
}

// Word is the hash of a single key of one integer.
func Word(x uint64) uint64 {
	x *= k1
	return x ^ x>>32
}

// Uniform makes a hash look random in every bit, which counting by hashes
// needs and placing by them does not. Different hashes stay different.
func Uniform(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func combine(h, x uint64) uint64 {
	h = (bits.RotateLeft64(h, 23) ^ x) * k1
	return h ^ h>>32
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func hashStrings(data []string, sel []uint16, out []uint64, more bool) {
	for _, r := range sel {
		h := hashString(data[r])
		if more {
			h = combine(out[r], h)
		}
		out[r] = h
	}
}

// Text and Bytes are the hash of a single string.
func Text(s string) uint64  { return hashString(s) }
func Bytes(b []byte) uint64 { return hashString(unsafeString(b)) }

func hashString(s string) uint64 {
	p, n := unsafe.Pointer(unsafe.StringData(s)), len(s)
	seed := uint64(n) * k1
	var a, b uint64
	switch {
	case n > 16:
		for ; n > 16; n -= 16 {
			seed = mix(load64(p)^k2, load64(unsafe.Add(p, 8))^seed)
			p = unsafe.Add(p, 16)
		}
		a, b = load64(unsafe.Add(p, n-16)), load64(unsafe.Add(p, n-8))
	case n >= 8:
		a, b = load64(p), load64(unsafe.Add(p, n-8))
	case n >= 4:
		a, b = load32(p), load32(unsafe.Add(p, n-4))
	case n > 0:
		a = uint64(*(*byte)(p))<<16 | uint64(*(*byte)(unsafe.Add(p, n>>1)))<<8 | uint64(*(*byte)(unsafe.Add(p, n-1)))
	}
	return mix(a^k2, b^seed^k1)
}

func load64(p unsafe.Pointer) uint64 { return *(*uint64)(p) }
func load32(p unsafe.Pointer) uint64 { return uint64(*(*uint32)(p)) }

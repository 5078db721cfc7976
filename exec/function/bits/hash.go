package bits

import (
	"encoding/binary"
	"math"
	mathbits "math/bits"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// hasher is a hash function with a seed: the hash so far.
type hasher interface {
	word(x uint32, seed uint64) uint64
	long(x uint64, seed uint64) uint64
	bytes(b string, seed uint64) uint64
}

// hashing resolves hash and xxhash64; both start with the seed 42.
func hashing(result types.Type, h hasher) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if err := build.Arity(c, 1, -1); err != nil {
			return nil, err
		}
		for _, a := range c.Args {
			if holdsMap(a.Type()) {
				return nil, sqlerr.New(sqlerr.HashMapType, "Cannot resolve \"%s\" due to data type mismatch: Input to the function `%s` cannot contain elements of the \"MAP\" type. In Spark, same maps may have different hashcode, thus hash expressions are prohibited on \"MAP\" elements. To restore previous behavior set \"spark.sql.legacy.allowHashOnMapType\" to \"true\".",
					function.CallText(c.Name, c.Args), c.Name)
			}
		}
		return &function.Overload{Params: c.Types(), Result: result, Nulls: function.NullOwn, NotNull: true, Kernel: func(*expr.Call) (function.Kernel, error) {
			return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				seed := uint64(42)
				for _, a := range args {
					seed = value(h, a, row, seed)
				}
				if result.Kind == types.Int32 {
					vec.Data[int32](out)[row] = int32(uint32(seed))
				} else {
					vec.Data[int64](out)[row] = int64(seed)
				}
				return nil
			}), nil
		}}, nil
	}
}

func holdsMap(t types.Type) bool {
	if t.Kind == types.Map {
		return true
	}
	for _, f := range t.Children() {
		if holdsMap(f.Type) {
			return true
		}
	}
	return false
}

// value hashes row i of v; NULL leaves the seed as it is.
func value(h hasher, v *vec.Vec, i int, seed uint64) uint64 {
	if v.Null(i) {
		return seed
	}
	i = v.Index(i)
	v = v.Base()
	switch v.Type.Storage() {
	case types.StoreBool:
		if vec.Data[bool](v)[i] {
			return h.word(1, seed)
		}
		return h.word(0, seed)
	case types.StoreInt8, types.StoreInt16, types.StoreInt32:
		return h.word(uint32(int32(intAt(v, i))), seed)
	case types.StoreInt64:
		return h.long(uint64(vec.Data[int64](v)[i]), seed)
	case types.StoreFloat32:
		f := vec.Data[float32](v)[i]
		switch {
		case f == 0:
			f = 0
		case f != f:
			return h.word(0x7fc00000, seed)
		}
		return h.word(math.Float32bits(f), seed)
	case types.StoreFloat64:
		f := vec.Data[float64](v)[i]
		switch {
		case f == 0:
			f = 0
		case f != f:
			return h.long(0x7ff8000000000000, seed)
		}
		return h.long(math.Float64bits(f), seed)
	case types.StoreInt128:
		return h.bytes(twosComplement(vec.Data[types.Int128](v)[i]), seed)
	case types.StoreString:
		return h.bytes(vec.Data[string](v)[i], seed)
	case types.StoreInterval:
		x := vec.Data[types.CalendarInterval](v)[i]
		return h.word(uint32(x.Months), h.word(uint32(x.Days), h.long(uint64(x.Micros), seed)))
	case types.StoreStruct:
		for _, k := range v.Kids {
			seed = value(h, k, i, seed)
		}
	case types.StoreList:
		lo, hi := build.Elements(v, i)
		for e := lo; e < hi; e++ {
			for _, k := range v.Kids {
				seed = value(h, k, e, seed)
			}
		}
	}
	return seed
}

// twosComplement is the shortest big-endian form, as Java's BigInteger.toByteArray.
func twosComplement(x types.Int128) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(x.Hi))
	binary.BigEndian.PutUint64(b[8:], x.Lo)
	k := 0
	for k < 15 && (b[k] == 0 && b[k+1] < 0x80 || b[k] == 0xff && b[k+1] >= 0x80) {
		k++
	}
	return string(b[k:])
}

// murmur is Murmur3_x86_32 as Spark has it: the bytes of a tail are mixed one by one, as signed numbers.
type murmur struct{}

func mixK(k uint32) uint32 { return mathbits.RotateLeft32(k*0xcc9e2d51, 15) * 0x1b873593 }

func mixH(h, k uint32) uint32 { return mathbits.RotateLeft32(h^mixK(k), 13)*5 + 0xe6546b64 }

func finish(h uint32, n int) uint64 {
	h ^= uint32(n)
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return uint64(h)
}

func (murmur) word(x uint32, seed uint64) uint64 { return finish(mixH(uint32(seed), x), 4) }

func (murmur) long(x uint64, seed uint64) uint64 {
	return finish(mixH(mixH(uint32(seed), uint32(x)), uint32(x>>32)), 8)
}

func (murmur) bytes(s string, seed uint64) uint64 {
	h, n := uint32(seed), len(s)
	for len(s) >= 4 {
		h = mixH(h, uint32(s[0])|uint32(s[1])<<8|uint32(s[2])<<16|uint32(s[3])<<24)
		s = s[4:]
	}
	for k := range len(s) {
		h = mixH(h, uint32(int32(int8(s[k]))))
	}
	return finish(h, n)
}

// xx is xxHash64.
type xx struct{}

const (
	p1 uint64 = 0x9E3779B185EBCA87
	p2 uint64 = 0xC2B2AE3D27D4EB4F
	p3 uint64 = 0x165667B19E3779F9
	p4 uint64 = 0x85EBCA77C2B2AE63
	p5 uint64 = 0x27D4EB2F165667C5
)

func avalanche(h uint64) uint64 {
	h ^= h >> 33
	h *= p2
	h ^= h >> 29
	h *= p3
	return h ^ h>>32
}

func round(acc, x uint64) uint64 { return mathbits.RotateLeft64(acc+x*p2, 31) * p1 }

func mixWord(h uint64, x uint32) uint64 { return mathbits.RotateLeft64(h^uint64(x)*p1, 23)*p2 + p3 }

func mixLong(h, x uint64) uint64 { return mathbits.RotateLeft64(h^round(0, x), 27)*p1 + p4 }

func (xx) word(x uint32, seed uint64) uint64 { return avalanche(mixWord(seed+p5+4, x)) }

func (xx) long(x uint64, seed uint64) uint64 { return avalanche(mixLong(seed+p5+8, x)) }

func (xx) bytes(text string, seed uint64) uint64 {
	b := []byte(text)
	n := uint64(len(b))
	le := binary.LittleEndian
	var h uint64
	if n >= 32 {
		v := [4]uint64{seed + p1 + p2, seed + p2, seed, seed - p1}
		for len(b) >= 32 {
			for k := range v {
				v[k] = round(v[k], le.Uint64(b[8*k:]))
			}
			b = b[32:]
		}
		h = mathbits.RotateLeft64(v[0], 1) + mathbits.RotateLeft64(v[1], 7) + mathbits.RotateLeft64(v[2], 12) + mathbits.RotateLeft64(v[3], 18)
		for _, x := range v {
			h = (h^round(0, x))*p1 + p4
		}
	} else {
		h = seed + p5
	}
	h += n
	for ; len(b) >= 8; b = b[8:] {
		h = mixLong(h, le.Uint64(b))
	}
	if len(b) >= 4 {
		h = mixWord(h, le.Uint32(b))
		b = b[4:]
	}
	for _, c := range b {
		h = mathbits.RotateLeft64(h^uint64(c)*p5, 11) * p1
	}
	return avalanche(h)
}

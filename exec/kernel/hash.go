package kernel

import (
	"math/bits"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Odd constants with well mixed bits.
const (
	mix1 = 0x9e3779b97f4a7c15
	mix2 = 0xd6e8feb86659fd93
	mix3 = 0xa0761d6478bd642f
	// nullHash stands for NULL.
	nullHash = 0x8ebc6af09c88c6e3
)

// mum multiplies to 128 bits and folds the halves.
func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func hash64(x uint64) uint64 { return mum(x^mix1, mix2) ^ x>>32 }

// Hash writes a 64-bit hash of each row of sel to out, at the row's place;
// with combine it mixes them into what is there, for keys of several columns.
// Equal SQL values of one type hash alike in every process: -0.0 as 0.0, all
// NaNs as one, NULLs too, and a wide decimal as a narrow one. High bits are the
// best. Dictionary entries are hashed once if that is fewer.
func Hash(v *vec.Vec, sel []uint16, out []uint64, combine bool) {
	if v.Enc == vec.Dict && v.Dict.Values.Len() <= len(sel) {
		d := v.Dict.Values
		hs := make([]uint64, d.Len())
		Hash(d, vec.Identity[:d.Len()], hs, false)
		codes := v.Codes()
		each(v, sel, out, combine, func(i int) uint64 { return hs[codes[i]] })
		return
	}
	hashColumn(v, sel, out, combine)
}

func each(v *vec.Vec, sel []uint16, out []uint64, combine bool, f func(i int) uint64) {
	for _, i := range sel {
		h := uint64(nullHash)
		if !v.Null(int(i)) {
			h = f(int(i))
		}
		if combine {
			h = mum(out[i]^h, mix3)
		}
		out[i] = h
	}
}

func hashColumn(v *vec.Vec, sel []uint16, out []uint64, combine bool) {
	if v.Enc == vec.Flat && v.Valid == nil && !combine {
		switch v.Type.Storage() {
		case types.StoreInt32:
			hashInts(vec.Data[int32](v), sel, out)
			return
		case types.StoreInt64:
			hashInts(vec.Data[int64](v), sel, out)
			return
		}
	}
	f := rowHash(v.Base())
	each(v, sel, out, combine, func(i int) uint64 { return f(v.Index(i)) })
}

func hashInts[T Integer](d []T, sel []uint16, out []uint64) {
	if len(sel) == len(d) {
		out = out[:len(d)]
		for i, x := range d {
			out[i] = hash64(uint64(int64(x)))
		}
		return
	}
	for _, i := range sel {
		out[i] = hash64(uint64(int64(d[i])))
	}
}

// rowHash returns the hash of the values of a flat or constant vector.
func rowHash(v *vec.Vec) func(i int) uint64 {
	switch v.Type.Storage() {
	case types.StoreString:
		d := vec.Data[string](v)
		return func(i int) uint64 { return HashString(d[i]) }
	case types.StoreInt128:
		d := vec.Data[types.Int128](v)
		return func(i int) uint64 {
			if d[i].IsInt64() {
				return hash64(d[i].Lo)
			}
			return mum(hash64(d[i].Lo)^uint64(d[i].Hi), mix3)
		}
	case types.StoreInterval:
		d := vec.Data[types.CalendarInterval](v)
		return func(i int) uint64 {
			return mum(hash64(uint64(d[i].Micros))^uint64(uint32(d[i].Months))^uint64(d[i].Days)<<32, mix3)
		}
	case types.StoreStruct:
		kids := make([]func(i int) uint64, len(v.Kids))
		for k, kid := range v.Kids {
			kids[k] = nullable(kid)
		}
		return func(i int) uint64 {
			h := uint64(mix2)
			for _, f := range kids {
				h = mum(h^f(i), mix3)
			}
			return h
		}
	case types.StoreList:
		d := vec.Data[vec.List](v)
		kids := make([]func(i int) uint64, len(v.Kids))
		for k, kid := range v.Kids {
			kids[k] = nullable(kid)
		}
		return func(i int) uint64 {
			h := hash64(uint64(d[i].Len))
			for e := range int(d[i].Len) {
				for _, f := range kids {
					h = mum(h^f(int(d[i].Off)+e), mix3)
				}
			}
			return h
		}
	case types.StoreNone:
		return func(int) uint64 { return nullHash }
	}
	return func(i int) uint64 { return hash64(uint64(intKey(v, i))) }
}

func nullable(v *vec.Vec) func(i int) uint64 {
	f := rowHash(v.Base())
	return func(i int) uint64 {
		if v.Null(i) {
			return nullHash
		}
		return f(v.Index(i))
	}
}

// HashString hashes the bytes of s, sixteen at a time.
func HashString(s string) uint64 {
	n := len(s)
	p := unsafe.Pointer(unsafe.StringData(s))
	h := uint64(n) * mix1
	word := func(off int) uint64 { return *(*uint64)(unsafe.Add(p, off)) }
	switch {
	case n >= 16:
		i := 0
		for ; i+16 <= n; i += 16 {
			h = mum(word(i)^mix2, word(i+8)^h)
		}
		return mum(mum(word(n-16)^mix3, word(n-8)^h), mix1)
	case n >= 8:
		return mum(word(0)^mix2^h, word(n-8)^mix3)
	case n >= 4:
		a, b := uint64(*(*uint32)(p)), uint64(*(*uint32)(unsafe.Add(p, n-4)))
		return mum(a<<32|b^mix2, h^mix3)
	case n > 0:
		a := uint64(s[0])<<16 | uint64(s[n/2])<<8 | uint64(s[n-1])
		return mum(a^mix2, h^mix3)
	}
	return mum(mix2, mix3)
}

package row

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Values of nested types are strings of bytes in rows: fixed-width values as
// they lie in memory, strings and lists with their length before them, and a byte
// before each element and field that says whether it is NULL (0). As keys,
// floats are normalized and maps sorted, so that equal values have equal bytes.

func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// encode appends the value at row i of the flat vector v, which is not null.
func encode(b []byte, v *vec.Vec, i int, key bool) []byte {
	le := binary.LittleEndian
	switch s := v.Type.Storage(); s {
	case types.StoreBool, types.StoreInt8:
		return append(b, vec.Raw[byte](v)[i])
	case types.StoreInt16:
		return le.AppendUint16(b, vec.Raw[uint16](v)[i])
	case types.StoreFloat32:
		f := vec.Data[float32](v)[i]
		if key {
			f = float32Key(f)
		}
		return le.AppendUint32(b, math.Float32bits(f))
	case types.StoreInt32:
		return le.AppendUint32(b, vec.Raw[uint32](v)[i])
	case types.StoreFloat64:
		f := vec.Data[float64](v)[i]
		if key {
			f = float64Key(f)
		}
		return le.AppendUint64(b, math.Float64bits(f))
	case types.StoreInt64:
		return le.AppendUint64(b, vec.Raw[uint64](v)[i])
	case types.StoreInt128, types.StoreInterval:
		x := vec.Raw[[2]uint64](v)[i]
		return le.AppendUint64(le.AppendUint64(b, x[0]), x[1])
	case types.StoreString:
		x := vec.Data[string](v)[i]
		return append(le.AppendUint32(b, uint32(len(x))), x...)
	case types.StoreStruct:
		for _, k := range v.Kids {
			b = encodeNullable(b, k, i, key)
		}
		return b
	case types.StoreList:
		return encodeList(b, v, vec.Data[vec.List](v)[i], key)
	}
	return b
}

func encodeNullable(b []byte, v *vec.Vec, i int, key bool) []byte {
	if v.Null(i) {
		return append(b, 0)
	}
	return encode(append(b, 1), v.Base(), v.Index(i), key)
}

func encodeList(b []byte, v *vec.Vec, l vec.List, key bool) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(l.Len))
	if key && v.Type.Kind == types.Map {
		entries := make([]string, l.Len)
		for j := range entries {
			e := encodeNullable(nil, v.Kids[0], int(l.Off)+j, key)
			entries[j] = string(encodeNullable(e, v.Kids[1], int(l.Off)+j, key))
		}
		slices.Sort(entries)
		for _, e := range entries {
			b = append(b, e...)
		}
		return b
	}
	for j := range int(l.Len) {
		for _, k := range v.Kids {
			b = encodeNullable(b, k, int(l.Off)+j, key)
		}
	}
	return b
}

// Decode stores the encoded value s in row i of the flat vector out. Strings
// share memory with s; list elements are appended to out's children.
func Decode(out *vec.Vec, i int, s string) { decode(out, i, s) }

func decode(v *vec.Vec, i int, s string) string {
	switch v.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		vec.Raw[byte](v)[i] = s[0]
		return s[1:]
	case types.StoreInt16:
		vec.Raw[uint16](v)[i] = uint16(s[0]) | uint16(s[1])<<8
		return s[2:]
	case types.StoreInt32, types.StoreFloat32:
		vec.Raw[uint32](v)[i] = le32(s)
		return s[4:]
	case types.StoreInt64, types.StoreFloat64:
		vec.Raw[uint64](v)[i] = le64(s)
		return s[8:]
	case types.StoreInt128, types.StoreInterval:
		vec.Raw[[2]uint64](v)[i] = [2]uint64{le64(s), le64(s[8:])}
		return s[16:]
	case types.StoreString:
		n := le32(s)
		vec.Data[string](v)[i] = s[4 : 4+n]
		return s[4+n:]
	case types.StoreStruct:
		for _, k := range v.Kids {
			s = decodeNullable(k, i, s)
		}
	case types.StoreList:
		n := int(le32(s))
		s = s[4:]
		off := v.Kids[0].Len()
		for _, k := range v.Kids {
			k.Extend(n)
		}
		for j := range n {
			for _, k := range v.Kids {
				s = decodeNullable(k, off+j, s)
			}
		}
		vec.Data[vec.List](v)[i] = vec.List{Off: int32(off), Len: int32(n)}
	}
	return s
}

func decodeNullable(v *vec.Vec, i int, s string) string {
	if s[0] == 0 {
		if v.Type.Kind != types.Null {
			v.SetNull(i)
		}
		return s[1:]
	}
	return decode(v, i, s[1:])
}

func le32(s string) uint32 {
	return binary.LittleEndian.Uint32(unsafe.Slice(unsafe.StringData(s), len(s)))
}

func le64(s string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), len(s)))
}

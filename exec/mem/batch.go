package mem

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// A batch in a frame is its number of rows, then its columns: whether there
// are NULLs, validity words if so, then values. Fixed-width values lie as in
// memory; strings and lists are lengths and what they hold; structs are their fields.

// AppendBatch appends all rows of the columns to b. It is for the machine that wrote it only.
func AppendBatch(b []byte, cols []*vec.Vec, n int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	for _, v := range cols {
		b = appendColumn(b, v, n)
	}
	return b
}

func appendColumn(b []byte, v *vec.Vec, n int) []byte {
	if v.Enc != vec.Flat {
		flat := &vec.Vec{}
		vec.Flatten(flat, v)
		v = flat
	}
	if v.Valid.All(n) {
		b = append(b, 0)
	} else {
		b = append(b, 1)
		b = appendRaw(b, v.Valid[:vec.Words(n)])
	}
	switch s := v.Type.Storage(); s {
	case types.StoreNone:
	case types.StoreString:
		return appendStrings(b, v, n)
	case types.StoreStruct:
		for _, k := range v.Kids {
			b = appendColumn(b, k, n)
		}
	case types.StoreList:
		return appendLists(b, v, n)
	default:
		b = append(b, bytesOf(v, n*s.Width())...)
	}
	return b
}

func appendRaw(b []byte, words []uint64) []byte {
	return append(b, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)...)
}

// bytesOf is the first n bytes of the data of a flat vector.
func bytesOf(v *vec.Vec, n int) []byte {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(unsafe.SliceData(vec.Raw[byte](v)), n)
}

func appendStrings(b []byte, v *vec.Vec, n int) []byte {
	data := vec.Data[string](v)
	for i, s := range data[:n] {
		l := uint32(len(s))
		if v.Valid != nil && !v.Valid.Get(i) {
			l = 0
		}
		b = binary.LittleEndian.AppendUint32(b, l)
	}
	for i, s := range data[:n] {
		if v.Valid == nil || v.Valid.Get(i) {
			b = append(b, s...)
		}
	}
	return b
}

func appendLists(b []byte, v *vec.Vec, n int) []byte {
	var rows []int32
	for i, l := range vec.Data[vec.List](v)[:n] {
		if v.Valid != nil && !v.Valid.Get(i) {
			l.Len = 0
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(l.Len))
		for j := range l.Len {
			rows = append(rows, l.Off+j)
		}
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(rows)))
	for _, k := range v.Kids {
		kid := &vec.Vec{}
		vec.Gather(kid, k, rows)
		b = appendColumn(b, kid, len(rows))
	}
	return b
}

// ReadBatch makes the columns of cols, whose types are set by ts, what
// AppendBatch wrote, and returns the number of rows. Strings share memory with the frame.
func ReadBatch(frame []byte, ts []types.Type, cols []*vec.Vec) (int, error) {
	if len(frame) < 4 {
		return 0, corrupt()
	}
	n := int(binary.LittleEndian.Uint32(frame))
	if n > vec.MaxSize {
		return 0, corrupt()
	}
	frame = frame[4:]
	for i, t := range ts {
		cols[i].Reset(t)
		if frame = readColumn(frame, cols[i], n); frame == nil {
			return 0, corrupt()
		}
	}
	return n, nil
}

// readColumn returns the rest of b, nil if b is too short.
func readColumn(b []byte, v *vec.Vec, n int) []byte {
	if len(b) == 0 {
		return nil
	}
	nulls := b[0] == 1
	b = b[1:]
	if len(b) < leastSize(v.Type, n) {
		return nil // before anything of that size is allocated
	}
	v.Resize(n)
	if nulls {
		w := vec.Words(n)
		if len(b) < 8*w {
			return nil
		}
		valid := v.MakeValid()
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(valid))), 8*w), b)
		b = b[8*w:]
	}
	switch s := v.Type.Storage(); s {
	case types.StoreNone:
	case types.StoreString:
		return readStrings(b, v, n)
	case types.StoreStruct:
		for _, k := range v.Kids {
			if b = readColumn(b, k, n); b == nil {
				return nil
			}
		}
	case types.StoreList:
		return readLists(b, v, n)
	default:
		w := n * s.Width()
		if len(b) < w {
			return nil
		}
		copy(bytesOf(v, w), b)
		b = b[w:]
	}
	return alive(b)
}

// leastSize is how many bytes n values take at least.
func leastSize(t types.Type, n int) int {
	switch s := t.Storage(); s {
	case types.StoreString, types.StoreList:
		return 4 * n
	case types.StoreStruct:
		size := 0
		for _, f := range t.Children() {
			size += leastSize(f.Type, n)
		}
		return size
	default:
		return s.Width() * n
	}
}

// alive is b, not nil even when empty.
func alive(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func readStrings(b []byte, v *vec.Vec, n int) []byte {
	if len(b) < 4*n {
		return nil
	}
	data, rest := vec.Data[string](v), b[4*n:]
	all := unsafe.String(unsafe.SliceData(rest), len(rest))
	at := 0
	for i := range data {
		l := int(binary.LittleEndian.Uint32(b[4*i:]))
		if at+l > len(all) {
			return nil
		}
		data[i] = all[at : at+l]
		at += l
	}
	return alive(rest[at:])
}

func readLists(b []byte, v *vec.Vec, n int) []byte {
	if len(b) < 4*n+4 {
		return nil
	}
	off := 0
	for i := range vec.Data[vec.List](v) {
		l := int(binary.LittleEndian.Uint32(b[4*i:]))
		if off+l > math.MaxInt32 {
			return nil
		}
		vec.Data[vec.List](v)[i] = vec.List{Off: int32(off), Len: int32(l)}
		off += l
	}
	total := int(binary.LittleEndian.Uint32(b[4*n:]))
	if total != off {
		return nil
	}
	b = b[4*n+4:]
	for _, k := range v.Kids {
		if b = readColumn(b, k, total); b == nil {
			return nil
		}
	}
	return alive(b)
}

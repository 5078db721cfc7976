package hold

import (
	"encoding/binary"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// The spill format of a batch: the row count, then every column: a byte that
// tells whether there are NULLs, the validity words if so, and the values as
// they lie in memory (little-endian machines only meet their own files).
// Strings are lengths, then bytes; lists are lengths, then the children dense.
// It is for files a process writes for itself, never for others.

// AppendBatch encodes the alive rows of b to dst.
func AppendBatch(dst []byte, b *vec.Batch) []byte {
	var dense vec.Batch
	b = b.Compact(&dense)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(b.N))
	for _, c := range b.Cols {
		dst = appendVec(dst, c, b.N)
	}
	return dst
}

func appendVec(dst []byte, v *vec.Vec, n int) []byte {
	if v.Enc != vec.Flat {
		var flat vec.Vec
		vec.Flatten(&flat, v)
		v = &flat
	}
	if v.Valid == nil {
		dst = append(dst, 0)
	} else {
		dst = append(dst, 1)
		for _, w := range v.Valid[:vec.Words(n)] {
			dst = binary.LittleEndian.AppendUint64(dst, w)
		}
	}
	switch v.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		return appendData[int8](dst, v, n)
	case types.StoreInt16:
		return appendData[int16](dst, v, n)
	case types.StoreInt32, types.StoreFloat32:
		return appendData[int32](dst, v, n)
	case types.StoreInt64, types.StoreFloat64:
		return appendData[int64](dst, v, n)
	case types.StoreInt128, types.StoreInterval:
		return appendData[types.Int128](dst, v, n)
	case types.StoreString:
		ss := vec.Data[string](v)[:n]
		for i, s := range ss {
			if v.Valid != nil && !v.Valid.Get(i) {
				s = ""
			}
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
		}
		for i, s := range ss {
			if v.Valid == nil || v.Valid.Get(i) {
				dst = append(dst, s...)
			}
		}
	case types.StoreStruct:
		for _, k := range v.Kids {
			dst = appendVec(dst, k, n)
		}
	case types.StoreList:
		return appendLists(dst, v, n)
	}
	return dst
}

func appendData[T vec.Elem](dst []byte, v *vec.Vec, n int) []byte {
	if n == 0 {
		return dst
	}
	d := vec.Data[T](v)
	return append(dst, unsafe.Slice((*byte)(unsafe.Pointer(&d[0])), n*int(unsafe.Sizeof(d[0])))...)
}

func appendLists(dst []byte, v *vec.Vec, n int) []byte {
	ls := vec.Data[vec.List](v)[:n]
	var rows []int32
	for i, l := range ls {
		if v.Valid != nil && !v.Valid.Get(i) {
			l = vec.List{}
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(l.Len))
		for j := range l.Len {
			rows = append(rows, l.Off+j)
		}
	}
	for _, k := range v.Kids {
		var part vec.Vec
		vec.Gather(&part, k, rows)
		dst = appendVec(dst, &part, len(rows))
	}
	return dst
}

// DecodeBatch reads what AppendBatch wrote for columns of the given types into
// b. Strings of b share bytes with data.
func DecodeBatch(data []byte, ts []types.Type, b *vec.Batch) error {
	d := &decoder{data: data}
	n := int(d.u32())
	if len(b.Cols) != len(ts) {
		b.Cols = make([]*vec.Vec, len(ts))
		for i := range b.Cols {
			b.Cols[i] = &vec.Vec{}
		}
	}
	for i, t := range ts {
		b.Cols[i].Reset(t)
		d.vec(b.Cols[i], n)
	}
	b.N, b.Sel = n, nil
	if d.bad || len(d.data) != 0 {
		return sqlerr.New(sqlerr.InternalError, "a spill file is damaged")
	}
	return nil
}

type decoder struct {
	data []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n < 0 || n > len(d.data) {
		d.bad = true
		return nil
	}
	out := d.data[:n]
	d.data = d.data[n:]
	return out
}

func (d *decoder) u32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) vec(v *vec.Vec, n int) {
	flag := d.take(1)
	var words []byte
	if flag != nil && flag[0] != 0 {
		words = d.take(8 * vec.Words(n))
	}
	if d.bad || n > 16*len(d.data)+vec.MaxSize { // never allocate for a count that cannot be
		d.bad = true
		return
	}
	v.Resize(n)
	if words != nil {
		valid := v.MakeValid()
		for i := range vec.Words(n) {
			valid[i] = binary.LittleEndian.Uint64(words[8*i:])
		}
	}
	switch v.Type.Storage() {
	case types.StoreBool, types.StoreInt8:
		decodeData[int8](d, v, n)
	case types.StoreInt16:
		decodeData[int16](d, v, n)
	case types.StoreInt32, types.StoreFloat32:
		decodeData[int32](d, v, n)
	case types.StoreInt64, types.StoreFloat64:
		decodeData[int64](d, v, n)
	case types.StoreInt128, types.StoreInterval:
		decodeData[types.Int128](d, v, n)
	case types.StoreString:
		lens := d.take(4 * n)
		if d.bad {
			return
		}
		out := vec.Data[string](v)
		for i := range out {
			s := d.take(int(binary.LittleEndian.Uint32(lens[4*i:])))
			out[i] = unsafe.String(unsafe.SliceData(s), len(s))
		}
	case types.StoreStruct:
		for _, k := range v.Kids {
			d.vec(k, n)
		}
	case types.StoreList:
		out, total := vec.Data[vec.List](v), int32(0)
		lens := d.take(4 * n)
		if d.bad {
			return
		}
		for i := range out {
			l := int32(binary.LittleEndian.Uint32(lens[4*i:]))
			out[i] = vec.List{Off: total, Len: l}
			total += l
		}
		for _, k := range v.Kids {
			d.vec(k, int(total))
		}
	}
}

func decodeData[T vec.Elem](d *decoder, v *vec.Vec, n int) {
	var x T
	raw := d.take(n * int(unsafe.Sizeof(x)))
	if d.bad || n == 0 {
		return
	}
	out := vec.Data[T](v)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&out[0])), len(raw)), raw)
}

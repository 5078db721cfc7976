package vec

import (
	"unsafe"

	"github.com/volley-sql/volley/internal/types"
)

// Get returns the value of row i as a Datum: the slow, general door for
// printing, literals and tests.
func (v *Vec) Get(i int) types.Datum {
	if v.Null(i) {
		return nil
	}
	b, i := v.Base(), v.Index(i)
	switch b.Type.Storage() {
	case types.StoreBool:
		return Data[bool](b)[i]
	case types.StoreInt8:
		return int64(Data[int8](b)[i])
	case types.StoreInt16:
		return int64(Data[int16](b)[i])
	case types.StoreInt32:
		return int64(Data[int32](b)[i])
	case types.StoreInt64:
		if b.Type.Kind == types.Decimal {
			return types.Int128From(Data[int64](b)[i])
		}
		return Data[int64](b)[i]
	case types.StoreInt128:
		return Data[types.Int128](b)[i]
	case types.StoreFloat32:
		return float64(Data[float32](b)[i])
	case types.StoreFloat64:
		return Data[float64](b)[i]
	case types.StoreString:
		return Data[string](b)[i]
	case types.StoreInterval:
		return Data[types.CalendarInterval](b)[i]
	case types.StoreStruct:
		out := make([]types.Datum, len(b.Kids))
		for f, k := range b.Kids {
			out[f] = k.Get(i)
		}
		return out
	case types.StoreList:
		l := Data[List](b)[i]
		if b.Type.Kind == types.Array {
			return b.Kids[0].span(l)
		}
		return types.MapDatum{Keys: b.Kids[0].span(l), Values: b.Kids[1].span(l)}
	}
	return nil
}

func (v *Vec) span(l List) []types.Datum {
	out := make([]types.Datum, l.Len)
	for j := range out {
		out[j] = v.Get(int(l.Off) + j)
	}
	return out
}

// Put stores d in row i of the flat vector v (row 0 of a Const one).
// Elements of lists are appended to the child vectors.
func (v *Vec) Put(i int, d types.Datum) {
	if d == nil {
		if v.Type.Kind != types.Null {
			v.SetNull(i)
		}
		return
	}
	if v.Valid != nil {
		v.Valid.Set(i)
	}
	switch v.Type.Storage() {
	case types.StoreBool:
		Data[bool](v)[i] = d.(bool)
	case types.StoreInt8:
		Data[int8](v)[i] = int8(d.(int64))
	case types.StoreInt16:
		Data[int16](v)[i] = int16(d.(int64))
	case types.StoreInt32:
		Data[int32](v)[i] = int32(d.(int64))
	case types.StoreInt64:
		if x, ok := d.(types.Int128); ok {
			Data[int64](v)[i] = x.Int64()
		} else {
			Data[int64](v)[i] = d.(int64)
		}
	case types.StoreInt128:
		Data[types.Int128](v)[i] = d.(types.Int128)
	case types.StoreFloat32:
		Data[float32](v)[i] = float32(d.(float64))
	case types.StoreFloat64:
		Data[float64](v)[i] = d.(float64)
	case types.StoreString:
		Data[string](v)[i] = d.(string)
	case types.StoreInterval:
		Data[types.CalendarInterval](v)[i] = d.(types.CalendarInterval)
	case types.StoreStruct:
		for f, x := range d.([]types.Datum) {
			v.Kids[f].Put(i, x)
		}
	case types.StoreList:
		if m, ok := d.(types.MapDatum); ok {
			off := v.Kids[0].AppendDatums(m.Keys)
			v.Kids[1].AppendDatums(m.Values)
			Data[List](v)[i] = List{int32(off), int32(len(m.Keys))}
			return
		}
		items := d.([]types.Datum)
		Data[List](v)[i] = List{int32(v.Kids[0].AppendDatums(items)), int32(len(items))}
	}
}

// AppendDatums adds rows to the end of a flat vector and returns the index of
// the first one.
func (v *Vec) AppendDatums(ds []types.Datum) int {
	off := v.Extend(len(ds))
	for j, d := range ds {
		v.Put(off+j, d)
	}
	return off
}

// Extend adds n rows (valid, contents unspecified) to the end of a flat
// vector, keeping what it holds, and returns the index of the first new row.
func (v *Vec) Extend(n int) int {
	old := v.n
	s := v.Type.Storage()
	if s == types.StoreStruct {
		v.kids(len(v.Type.Children()))
		for _, k := range v.Kids {
			k.Extend(n)
		}
	} else {
		if s == types.StoreList {
			v.kids(len(v.Type.Children()))
		}
		v.extendData(old+n, s)
	}
	v.n = old + n
	if v.Valid != nil {
		bits := v.Valid
		if need := Words(v.n); need > cap(bits) || unsafe.SliceData(bits) != unsafe.SliceData(v.own.valid) {
			bits = make(Bitmap, Words(max(v.n, 2*old)))
			copy(bits, v.Valid[:Words(old)])
		}
		bits = bits[:cap(bits)]
		v.own.valid = bits
		v.Valid = bits
		for i := old; i < v.n; i++ {
			bits.Set(i)
		}
	}
	return old
}

func (v *Vec) extendData(n int, s types.Storage) {
	prev := *v
	if s == types.StoreString {
		if n > cap(v.own.strs) {
			v.own.strs = make([]string, max(n, 2*v.n, 8))
		}
	} else if w := (n*s.Width()+7)/8 + 1; w > cap(v.own.fixed) {
		v.own.fixed = make([]uint64, max(w, 2*cap(v.own.fixed), 8))
	}
	if v.grow(n, s); v.data != prev.data {
		copyData(v, &prev, s)
	}
}

func copyData(dst, src *Vec, s types.Storage) {
	if src.n == 0 {
		return
	}
	n := src.n
	dst.n = n
	switch s {
	case types.StoreBool, types.StoreInt8:
		copy(Data[int8](dst), Data[int8](src))
	case types.StoreInt16:
		copy(Data[int16](dst), Data[int16](src))
	case types.StoreInt32, types.StoreFloat32:
		copy(Data[int32](dst), Data[int32](src))
	case types.StoreInt64, types.StoreFloat64:
		copy(Data[int64](dst), Data[int64](src))
	case types.StoreInt128, types.StoreInterval:
		copy(Data[types.Int128](dst), Data[types.Int128](src))
	case types.StoreString:
		copy(Data[string](dst), Data[string](src))
	case types.StoreList:
		copy(Data[List](dst), Data[List](src))
	}
}

// FromDatums returns a flat vector of the given values.
func FromDatums(t types.Type, ds ...types.Datum) *Vec {
	v := New(t, 0)
	v.AppendDatums(ds)
	return v
}

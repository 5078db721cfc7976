// Package vec holds columns and batches: the data every operator passes on.
//
// A [Vec] is one column of up to a batch of rows. Fixed-width values lie as in
// Arrow; strings are Go string headers (16 bytes, see docs/adr/0002); lists are
// (offset, length) pairs into a child vector. A Vec is flat, constant (one
// value standing for all rows) or dictionary encoded (codes into a shared
// dictionary). A [Batch] is some columns of one length plus a selection: the
// rows that are alive.
//
// Batches are lent. Whoever yields a batch owns its memory and may reuse it as
// soon as the consumer's loop body returns; a consumer that keeps data copies
// it. String bytes follow the same rule.
package vec

import (
	"iter"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/internal/types"
)

// DefaultSize is the number of rows in a full batch. Selections are uint16,
// so no batch is longer than MaxSize.
const (
	DefaultSize = 2048
	MaxSize     = 1 << 15
)

// Stream is a single-use sequence of batches. Each batch is lent: it is valid
// until the loop body returns. A non-nil error is the last element. Breaking
// out of the loop stops the producer and runs its deferred cleanup.
type Stream = iter.Seq2[*Batch, error]

// Encoding is how a Vec's rows map to stored values.
type Encoding uint8

// The encodings.
const (
	Flat  Encoding = iota // row i is value i
	Const                 // every row is value 0
	Dict                  // row i is Dict.Values at Codes()[i]
)

// List is one row of an Array or Map vector: elements Off .. Off+Len of the
// child vectors.
type List struct{ Off, Len int32 }

// Dictionary is shared by dictionary-encoded vectors. Vectors with equal ID
// agree on the meaning of every code both know: a dictionary only grows. Values
// is flat, holds distinct values in order of first appearance, and has no
// nulls (rows are null by the vector's own validity).
type Dictionary struct {
	ID     uint64
	Values *Vec
}

var lastDictionary atomic.Uint64

// NewDictionary returns a dictionary over values with an ID no other one of
// this process has.
func NewDictionary(values *Vec) *Dictionary {
	return &Dictionary{ID: lastDictionary.Add(1), Values: values}
}

// Vec is one column. The zero value is an empty NULL-typed column. A Vec is
// not safe for concurrent use, but read-only sharing is fine.
type Vec struct {
	Type types.Type
	Enc  Encoding
	// Valid has a bit a row, set where the value is not null; nil means that
	// no row is null. Rows outside a batch's selection may hold anything. For a
	// Const vector only bit 0 counts.
	Valid Bitmap
	// Dict is set for Enc == Dict.
	Dict *Dictionary
	// Kids are the children of nested types: [element] of an Array, [key,
	// value] of a Map, one a field of a Struct (with as many rows as the parent).
	Kids []*Vec

	n    int
	data unsafe.Pointer // n values (1 for Const, codes int32 for Dict) of Type.Storage()

	// Memory the vector owns and reuses, whatever data points to now.
	own struct {
		fixed []uint64
		strs  []string
		valid Bitmap
	}
}

// Elem lists the Go types of vector elements.
type Elem interface {
	bool | int8 | int16 | int32 | int64 | float32 | float64 | string | types.Int128 | types.CalendarInterval | List
}

// New returns a flat vector of n rows with zeroed data and no nulls.
func New(t types.Type, n int) *Vec {
	v := &Vec{Type: t}
	v.Resize(n)
	return v
}

// Len is the number of rows.
func (v *Vec) Len() int { return v.n }

// Resize makes v flat with n rows and no nulls, reusing its memory. Data of
// rows that were there before is kept where no growth was needed, and
// unspecified else. Struct children are resized with it; list children are emptied.
func (v *Vec) Resize(n int) {
	v.Enc, v.Dict, v.Valid = Flat, nil, nil
	v.resize(n, v.Type.Storage())
}

func (v *Vec) resize(n int, s types.Storage) {
	switch s {
	case types.StoreStruct:
		v.kids(len(v.Type.Children()))
		for _, k := range v.Kids {
			k.Resize(n)
		}
	case types.StoreList:
		v.kids(len(v.Type.Children()))
		for _, k := range v.Kids {
			k.Resize(0)
		}
		fallthrough
	default:
		v.grow(n, s)
	}
	v.n = n
}

func (v *Vec) kids(n int) {
	if len(v.Kids) == n {
		return
	}
	v.Kids = make([]*Vec, n)
	for i, f := range v.Type.Children() {
		v.Kids[i] = &Vec{Type: f.Type}
	}
}

// grow points data at owned memory for n values of storage s. What data held
// is kept if it was owned memory of that class and large enough.
func (v *Vec) grow(n int, s types.Storage) {
	switch s {
	case types.StoreNone, types.StoreStruct:
	case types.StoreString:
		if n > cap(v.own.strs) {
			v.own.strs = make([]string, n)
		}
		v.data = unsafe.Pointer(unsafe.SliceData(v.own.strs))
	default:
		// One spare word: wide loads may read past the end.
		if w := (n*s.Width()+7)/8 + 1; w > cap(v.own.fixed) {
			v.own.fixed = make([]uint64, w)
		}
		v.data = unsafe.Pointer(unsafe.SliceData(v.own.fixed))
	}
}

// Data returns the stored values of v: one a row if flat, a single one if
// Const. T must be the Go type of v.Type.Storage() (see types.Storage). It
// must not be called on dictionary vectors.
func Data[T Elem](v *Vec) []T {
	n := v.n
	if n == 0 {
		return nil // data may point past the end of its memory
	}
	if v.Enc == Const {
		n = 1
	}
	return unsafe.Slice((*T)(v.data), n)
}

// Raw is Data by the width of values rather than their type: hash tables move
// and compare bits. T must be as wide as v.Type.Storage(); for nested types it
// may be string, in a vector whose values were set by SetRaw.
func Raw[T any](v *Vec) []T {
	n := v.n
	if n == 0 {
		return nil // data may point past the end of its memory
	}
	if v.Enc == Const {
		n = 1
	}
	return unsafe.Slice((*T)(v.data), n)
}

// SetRaw makes v flat over the caller's slice without a look at its type.
func SetRaw[T any](v *Vec, vals []T) {
	v.Enc, v.Dict, v.Valid = Flat, nil, nil
	v.n, v.data = len(vals), unsafe.Pointer(unsafe.SliceData(vals))
}

// Codes returns the dictionary code of each row. Codes of null rows are
// within the dictionary or 0.
func (v *Vec) Codes() []int32 {
	if v.n == 0 {
		return nil
	}
	return unsafe.Slice((*int32)(v.data), v.n)
}

// SetData makes v flat over the caller's slice, which v then borrows.
func SetData[T Elem](v *Vec, vals []T) {
	v.Enc, v.Dict, v.Valid = Flat, nil, nil
	v.n, v.data = len(vals), unsafe.Pointer(unsafe.SliceData(vals))
}

// SetDict makes v dictionary encoded with the caller's codes, borrowed.
func (v *Vec) SetDict(d *Dictionary, codes []int32) {
	v.Enc, v.Dict, v.Valid = Dict, d, nil
	v.n, v.data = len(codes), unsafe.Pointer(unsafe.SliceData(codes))
}

// SetConst makes v a constant of n rows and returns v; the value itself is
// stored by the caller at Data[T](v)[0], or made null with SetNull(0).
func (v *Vec) SetConst(n int) *Vec {
	v.Resize(1)
	v.Enc, v.n = Const, n
	return v
}

// SetLen changes the number of rows without touching data: shorter for any
// vector, any length for a Const one.
func (v *Vec) SetLen(n int) { v.n = n }

// MakeValid returns v's validity for writing, with all rows valid at first if
// there was none.
func (v *Vec) MakeValid() Bitmap {
	if v.Valid == nil {
		n := max(v.n, 1)
		v.own.valid = v.own.valid.Resize(n)
		v.own.valid.SetAll(n)
		v.Valid = v.own.valid
	}
	return v.Valid
}

// SetNull makes row i null (row 0 for a Const vector).
func (v *Vec) SetNull(i int) { v.MakeValid().Clear(i) }

// Null reports whether row i is null, for any encoding.
func (v *Vec) Null(i int) bool {
	if v.Valid == nil {
		return v.Type.Kind == types.Null
	}
	if v.Enc == Const {
		i = 0
	}
	return !v.Valid.Get(i)
}

// Share makes v a shallow view of w: same type, values and validity. v must
// not be written to while it shares; Reset ends that.
func (v *Vec) Share(w *Vec) {
	own := v.own
	*v = *w
	v.own = own
}

// Slice makes v a view of rows lo..hi of w (flat or dict: pointer moves;
// const: length changes). lo must be a multiple of 64 if w has nulls.
func (v *Vec) Slice(w *Vec, lo, hi int) {
	v.Share(w)
	v.n = hi - lo
	if w.Enc == Const {
		return
	}
	width := w.Type.Storage().Width()
	if w.Enc == Dict {
		width = 4
	}
	if width > 0 && lo > 0 {
		v.data = unsafe.Add(w.data, lo*width)
	}
	if w.Valid != nil {
		v.Valid = w.Valid[lo/64:]
	}
	if w.Type.Kind == types.Struct {
		v.Kids = make([]*Vec, len(w.Kids))
		for i, k := range w.Kids {
			v.Kids[i] = &Vec{}
			v.Kids[i].Slice(k, lo, hi)
		}
	}
}

// Reset makes v an empty flat vector of type t that keeps its own memory and
// drops what it borrowed.
func (v *Vec) Reset(t types.Type) {
	own := v.own
	*v = Vec{Type: t}
	v.own = own
}

// Index maps a row to the place of its value in flat data: the row itself, 0
// for Const, the code for Dict.
func (v *Vec) Index(row int) int {
	switch v.Enc {
	case Const:
		return 0
	case Dict:
		return int(v.Codes()[row])
	}
	return row
}

// Base returns the vector that holds v's values: v itself, or the values of its dictionary.
func (v *Vec) Base() *Vec {
	if v.Enc == Dict {
		return v.Dict.Values
	}
	return v
}

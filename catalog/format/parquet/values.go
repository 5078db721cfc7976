package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
)

var (
	errShort   = errors.New("a page holds fewer values than its header says")
	errDictIdx = errors.New("a dictionary index is out of range")
	errNoDict  = errors.New("a page refers to a dictionary, and there is none")
)

// values decodes the present values of a leaf to one kind of vector. One
// batch's output is begun by begin, filled by read and spread, handed over by
// finish.
type values interface {
	// chunk forgets the dictionary; page begins a page of at most n values.
	chunk()
	setDict(data []byte, n int) error
	page(enc int, data []byte, n int) error
	begin(v *vec.Vec, n int)
	// read decodes n values to places at…; a sel that is not nil lists the only
	// places, counted from at, that will be looked at.
	read(at, n int, sel []uint16) error
	skip(n int) error
	// spread moves the first present of the k places at… to where valid has bits.
	spread(valid vec.Bitmap, at, k, present int)
	finish(v *vec.Vec)
}

// cast views bytes as values of T; b holds whole values in the machine's
// (little endian) order.
func cast[T any](b []byte) []T {
	var z T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(z)))
}

func asBytes[T any](s []T) []byte {
	var z T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(z)))
}

// text views bytes as a string.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// spread moves dense values to their places, from the back; places without a
// value get one of the others, or the zero value if there is none at all.
func spread[T any](dst []T, valid vec.Bitmap, at, k, present int) {
	if present == k {
		return
	}
	if present == 0 {
		clear(dst[at : at+k])
		return
	}
	j := at + present - 1
	for i := at + k - 1; i > j && j >= at; i-- {
		dst[i] = dst[j]
		j -= int(valid[i>>6] >> (uint(i) & 63) & 1)
	}
}

// fixed decodes values of a fixed physical width to vectors of T.
type fixed[T vec.Elem] struct {
	width int
	// conv makes values of plainly encoded ones; nil if they look the same.
	conv func(dst []T, src []byte) error
	dst  []T
	dict []T
	enc  int
	data []byte // rest of a PLAIN page
	pos  int    // of BYTE_STREAM_SPLIT
	hy   hybrid
	ints deltaInts
	strs *deltaStrings
	idx  []uint32
	tmp  []byte
	wide []int64
	has  bool
	// lend has batches of a PLAIN page be a view of it rather than a copy. The
	// page's buffer lives as long as the batch, as it does for texts.
	lend bool
	v    *vec.Vec
}

// lender is what can hand out views of pages.
type lender interface{ lendPages() }

func (f *fixed[T]) lendPages() { f.lend = f.conv == nil }

func (f *fixed[T]) chunk() { f.has, f.dict = false, f.dict[:0] }

func (f *fixed[T]) setDict(data []byte, n int) error {
	if n*f.width > len(data) {
		return errShort
	}
	if cap(f.dict) < n {
		f.dict = make([]T, n)
	}
	f.dict, f.has = f.dict[:n], true
	return f.plain(f.dict, data)
}

func (f *fixed[T]) plain(dst []T, src []byte) error {
	if f.conv == nil {
		copy(asBytes(dst), src)
		return nil
	}
	return f.conv(dst, src[:len(dst)*f.width])
}

func (f *fixed[T]) page(enc int, data []byte, n int) error {
	f.enc, f.data = enc, data
	switch enc {
	case encPlain:
		return nil
	case encPlainDict, encRLEDict:
		f.enc = encRLEDict
		return initDict(&f.hy, data, n, f.has)
	case encDelta:
		if f.width != 4 && f.width != 8 {
			break
		}
		return f.ints.init(data, n)
	case encDeltaBytes, encDeltaLength:
		if f.strs == nil {
			f.strs = &deltaStrings{}
		}
		return f.strs.init(data, n, enc == encDeltaBytes)
	case encByteStreamSplit:
		f.pos = 0
		if len(data)%f.width != 0 {
			return errShort
		}
		return nil
	}
	return fmt.Errorf("encoding %d is not defined for the column's type", enc)
}

// initDict begins a page of dictionary indexes: a byte of bit width, then runs.
func initDict(h *hybrid, data []byte, n int, has bool) error {
	if len(data) == 0 {
		// A page without a present value may be empty.
		return h.init(data, 1)
	}
	if !has {
		return errNoDict
	}
	return h.init(data[1:], uint(data[0]))
}

func (f *fixed[T]) begin(v *vec.Vec, n int) {
	v.Resize(n)
	f.v, f.dst = v, vec.Data[T](v)
}

func (f *fixed[T]) read(at, n int, sel []uint16) error {
	if n == 0 {
		return nil
	}
	dst := f.dst[at : at+n]
	switch f.enc {
	case encPlain:
		if n*f.width > len(f.data) {
			return errShort
		}
		src := f.data
		f.data = f.data[n*f.width:]
		if f.lend && n == len(f.dst) {
			f.dst = cast[T](src[:n*f.width])
			vec.SetData(f.v, f.dst)
			return nil
		}
		return f.plain(dst, src)
	case encRLEDict:
		return f.gather(dst, sel)
	case encDelta:
		return f.delta(dst)
	case encByteStreamSplit:
		total := len(f.data) / f.width
		if n > total-f.pos {
			return errShort
		}
		tmp := f.room(n)
		for b := range f.width {
			stream := f.data[b*total+f.pos:]
			for i := range n {
				tmp[i*f.width+b] = stream[i]
			}
		}
		f.pos += n
		return f.plain(dst, tmp)
	}
	return f.strings(dst)
}

// strings decodes what is encoded as texts are: each is as long as a value.
func (f *fixed[T]) strings(dst []T) error {
	texts := make([]string, len(dst))
	var err error
	if f.strs.prefixed {
		_, err = f.strs.joined(texts, nil)
	} else {
		err = f.strs.views(texts)
	}
	if err != nil {
		return err
	}
	tmp := f.room(len(dst))
	for i, s := range texts {
		if len(s) != f.width {
			return errDelta
		}
		copy(tmp[i*f.width:], s)
	}
	return f.plain(dst, tmp)
}

func (f *fixed[T]) room(n int) []byte {
	if cap(f.tmp) < n*f.width {
		f.tmp = make([]byte, n*f.width+padding)
	}
	return f.tmp[:n*f.width]
}

// gather decodes indexes and looks them up.
func (f *fixed[T]) gather(dst []T, sel []uint16) error {
	if cap(f.idx) < len(dst) {
		f.idx = make([]uint32, max(len(dst), vec.DefaultSize))
	}
	idx := f.idx[:len(dst)]
	if err := f.hy.read(idx); err != nil {
		return err
	}
	dict := f.dict
	if sel != nil && len(sel) < len(dst)/2 {
		for _, i := range sel {
			x := idx[i]
			if x >= uint32(len(dict)) {
				return errDictIdx
			}
			dst[i] = dict[x]
		}
		return nil
	}
	for i, x := range idx {
		if x >= uint32(len(dict)) {
			return errDictIdx
		}
		dst[i] = dict[x]
	}
	return nil
}

func (f *fixed[T]) delta(dst []T) error {
	if f.width == 8 && f.conv == nil {
		return f.ints.read(cast[int64](asBytes(dst)))
	}
	if cap(f.wide) < len(dst) {
		f.wide = make([]int64, max(len(dst), vec.DefaultSize))
	}
	wide := f.wide[:len(dst)]
	if err := f.ints.read(wide); err != nil {
		return err
	}
	if f.width == 8 {
		return f.plain(dst, asBytes(wide))
	}
	if f.conv == nil {
		out := cast[int32](asBytes(dst))
		for i, x := range wide {
			out[i] = int32(x)
		}
		return nil
	}
	tmp := f.room(len(dst))
	for i, x := range wide {
		binary.LittleEndian.PutUint32(tmp[i*4:], uint32(x))
	}
	return f.plain(dst, tmp)
}

func (f *fixed[T]) skip(n int) error {
	if n == 0 {
		return nil
	}
	switch f.enc {
	case encPlain:
		if n*f.width > len(f.data) {
			return errShort
		}
		f.data = f.data[n*f.width:]
		return nil
	case encRLEDict:
		return f.hy.skip(n)
	case encDelta:
		return f.ints.skip(n)
	case encByteStreamSplit:
		f.pos += n
		return nil
	}
	return f.strs.skip(n)
}

func (f *fixed[T]) spread(valid vec.Bitmap, at, k, present int) {
	spread(f.dst, valid, at, k, present)
}
func (f *fixed[T]) finish(*vec.Vec) {}

// bools decodes BOOLEAN: bits in PLAIN pages, the hybrid with a length in RLE ones.
type bools struct {
	dst  []bool
	rle  bool
	hy   hybrid
	data []byte
	pos  int
	idx  []uint32
}

func (f *bools) chunk()                    {}
func (f *bools) setDict([]byte, int) error { return errors.New("a BOOLEAN column has a dictionary") }
func (f *bools) finish(*vec.Vec)           {}
func (f *bools) begin(v *vec.Vec, n int) {
	v.Resize(n)
	f.dst = vec.Data[bool](v)
}

func (f *bools) page(enc int, data []byte, n int) error {
	f.data, f.pos, f.rle = data, 0, enc == encRLE
	switch enc {
	case encPlain:
		return nil
	case encRLE:
		if len(data) == 0 {
			return f.hy.init(data, 1)
		}
		if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
			return errShort
		}
		return f.hy.init(data[4:4+binary.LittleEndian.Uint32(data)], 1)
	}
	return fmt.Errorf("encoding %d is not defined for BOOLEAN", enc)
}

func (f *bools) read(at, n int, _ []uint16) error {
	dst := f.dst[at : at+n]
	if f.rle {
		if cap(f.idx) < n {
			f.idx = make([]uint32, max(n, vec.DefaultSize))
		}
		idx := f.idx[:n]
		if err := f.hy.read(idx); err != nil {
			return err
		}
		for i, x := range idx {
			dst[i] = x != 0
		}
		return nil
	}
	if f.pos+n > len(f.data)*8 {
		return errShort
	}
	for i := range dst {
		p := f.pos + i
		dst[i] = f.data[p>>3]>>(uint(p)&7)&1 != 0
	}
	f.pos += n
	return nil
}

func (f *bools) skip(n int) error {
	if f.rle {
		return f.hy.skip(n)
	}
	f.pos += n
	return nil
}

func (f *bools) spread(valid vec.Bitmap, at, k, present int) {
	spread(f.dst, valid, at, k, present)
}

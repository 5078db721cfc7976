package parquet

import (
	"encoding/binary"
	"errors"
	"math"
)

// Thrift's compact protocol, as far as Parquet uses it. The reader works on a
// slice, never allocates by a count it has only been told, and turns every
// malformed input into err; after an error it gives zeros.

// Types of the compact protocol.
const (
	tTrue   = 1
	tFalse  = 2
	tByte   = 3
	tI16    = 4
	tI32    = 5
	tI64    = 6
	tDouble = 7
	tBinary = 8
	tList   = 9
	tSet    = 10
	tMap    = 11
	tStruct = 12
	tUUID   = 13
)

// maxThriftDepth bounds nested structs; Parquet's own reach seven.
const maxThriftDepth = 32

var (
	errThriftShort = errors.New("metadata ends too early")
	errThriftForm  = errors.New("metadata is malformed")
	errThriftDepth = errors.New("metadata is nested too deeply")
)

type thriftReader struct {
	b     []byte
	p     int
	depth int
	err   error
}

func (t *thriftReader) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.p = len(t.b)
}

func (t *thriftReader) byte() byte {
	if t.p >= len(t.b) {
		t.fail(errThriftShort)
		return 0
	}
	c := t.b[t.p]
	t.p++
	return c
}

func (t *thriftReader) uvarint() uint64 {
	if t.p < len(t.b) && t.b[t.p] < 0x80 {
		t.p++
		return uint64(t.b[t.p-1])
	}
	x, n := binary.Uvarint(t.b[min(t.p, len(t.b)):])
	if n <= 0 {
		t.fail(errThriftShort)
		return 0
	}
	t.p += n
	return x
}

func (t *thriftReader) i64() int64 {
	u := t.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (t *thriftReader) i32() int32 {
	x := t.i64()
	if x != int64(int32(x)) {
		t.fail(errThriftForm)
		return 0
	}
	return int32(x)
}

// bytes returns a view of the input.
func (t *thriftReader) bytes() []byte {
	n := t.uvarint()
	if n > uint64(len(t.b)-t.p) {
		t.fail(errThriftShort)
		return nil
	}
	t.p += int(n)
	return t.b[t.p-int(n) : t.p : t.p]
}

func (t *thriftReader) string() string { return string(t.bytes()) }

// list calls f for each element. Elements take at least a byte each, so a
// count above what is left is malformed.
func (t *thriftReader) list(elem byte, f func(n, i int)) {
	h := t.byte()
	n := uint64(h >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	if n > uint64(len(t.b)-t.p) {
		t.fail(errThriftShort)
		return
	}
	got := h & 15
	if got != elem && !(elem == tTrue && got == tFalse) {
		if n > 0 {
			t.fail(errThriftForm)
		}
		return
	}
	for i := 0; i < int(n) && t.err == nil; i++ {
		f(int(n), i)
	}
}

// structure calls f for each field; f reads the value and returns true, or
// returns false to have it skipped. Booleans carry their value in the type.
func (t *thriftReader) structure(f func(id int16, typ byte) bool) {
	if t.depth++; t.depth > maxThriftDepth {
		t.fail(errThriftDepth)
	}
	var id int16
	for t.err == nil {
		h := t.byte()
		if h == 0 {
			break
		}
		if d := h >> 4; d != 0 {
			id += int16(d)
		} else {
			id = int16(t.i64())
		}
		if !f(id, h&15) {
			t.skip(h & 15)
		}
	}
	t.depth--
}

func (t *thriftReader) skip(typ byte) {
	switch typ {
	case tTrue, tFalse:
	case tByte:
		t.byte()
	case tI16, tI32, tI64:
		t.uvarint()
	case tDouble:
		t.advance(8)
	case tUUID:
		t.advance(16)
	case tBinary:
		t.bytes()
	case tList, tSet:
		h := t.byte()
		n := uint64(h >> 4)
		if n == 15 {
			n = t.uvarint()
		}
		t.skipMany(n, h&15, 0)
	case tMap:
		n := t.uvarint()
		if n > 0 {
			h := t.byte()
			t.skipMany(n, h>>4, h&15)
		}
	case tStruct:
		t.structure(func(int16, byte) bool { return false })
	default:
		t.fail(errThriftForm)
	}
}

// skipMany skips n elements, or pairs if b is not 0.
func (t *thriftReader) skipMany(n uint64, a, b byte) {
	if n > uint64(len(t.b)-t.p) {
		t.fail(errThriftShort)
		return
	}
	if t.depth++; t.depth > maxThriftDepth {
		t.fail(errThriftDepth)
	}
	for ; n > 0 && t.err == nil; n-- {
		for _, typ := range [2]byte{a, b} {
			switch typ {
			case 0:
			case tTrue, tFalse: // within a container a boolean is a byte
				t.byte()
			default:
				t.skip(typ)
			}
		}
	}
	t.depth--
}

func (t *thriftReader) advance(n int) {
	if n > len(t.b)-t.p {
		t.fail(errThriftShort)
		return
	}
	t.p += n
}

// thriftWriter appends the compact protocol to b. Fields of a struct are
// written in ascending order of their ids.
type thriftWriter struct {
	b    []byte
	last int16
	up   []int16
}

func (w *thriftWriter) field(id int16, typ byte) {
	if d := id - w.last; d > 0 && d <= 15 {
		w.b = append(w.b, byte(d)<<4|typ)
	} else {
		w.b = append(w.b, typ)
		w.varint(int64(id))
	}
	w.last = id
}

func (w *thriftWriter) varint(x int64) { w.b = binary.AppendUvarint(w.b, uint64(x)<<1^uint64(x>>63)) }

func (w *thriftWriter) i32(id int16, x int32) {
	w.field(id, tI32)
	w.varint(int64(x))
}

func (w *thriftWriter) i64(id int16, x int64) {
	w.field(id, tI64)
	w.varint(x)
}

func (w *thriftWriter) bool(id int16, x bool) {
	if x {
		w.field(id, tTrue)
	} else {
		w.field(id, tFalse)
	}
}

func (w *thriftWriter) binary(id int16, x []byte) {
	w.field(id, tBinary)
	w.rawBinary(x)
}

func (w *thriftWriter) rawBinary(x []byte) {
	w.b = binary.AppendUvarint(w.b, uint64(len(x)))
	w.b = append(w.b, x...)
}

func (w *thriftWriter) string(id int16, x string) {
	w.field(id, tBinary)
	w.b = binary.AppendUvarint(w.b, uint64(len(x)))
	w.b = append(w.b, x...)
}

// list begins a list of n elements, whose values the caller writes next.
func (w *thriftWriter) list(id int16, elem byte, n int) {
	w.field(id, tList)
	if n < 15 {
		w.b = append(w.b, byte(n)<<4|elem)
		return
	}
	w.b = append(w.b, 0xf0|elem)
	w.b = binary.AppendUvarint(w.b, uint64(n))
}

// begin opens a struct field (open one within a list), end closes it.
func (w *thriftWriter) begin(id int16) {
	w.field(id, tStruct)
	w.open()
}

func (w *thriftWriter) open() { w.up, w.last = append(w.up, w.last), 0 }

func (w *thriftWriter) end() {
	w.b = append(w.b, 0)
	if n := len(w.up); n > 0 {
		w.last, w.up = w.up[n-1], w.up[:n-1]
	}
}

func le64(x float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)) }

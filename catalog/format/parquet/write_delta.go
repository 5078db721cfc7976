package parquet

import (
	"unsafe"

	"github.com/parquet-go/parquet-go/encoding/delta"
)

// appendValues adds the page's values, which no dictionary has, in the encoding
// that suits them: differences for whole numbers that take less room so,
// prefixes in common for texts in order, lengths apart from bytes for other
// texts. These pages are smaller than PLAIN ones before they are compressed, so
// that much less is left to compress and, for each reader, to decompress, which
// costs it far more than adding differences up. Where nothing is compressed
// pages stay PLAIN: readers use those as they lie.
func (l *leafWriter) appendValues(b []byte) ([]byte, int) {
	if !l.f.delta || len(l.nums)+len(l.strs) == 0 {
		return l.appendPlain(b), encPlain
	}
	switch l.elem.phys {
	case physInt32, physInt64:
		return l.appendNumbers(b)
	case physBytes:
		return l.appendTexts(b)
	}
	return l.appendPlain(b), encPlain
}

func (l *leafWriter) appendPlain(b []byte) []byte {
	return appendPlain(b, l.elem.phys, l.elem.typeLen, l.nums, l.strs)
}

// appendNumbers adds differences where they save a quarter.
func (l *leafWriter) appendNumbers(b []byte) ([]byte, int) {
	plain := 8 * len(l.nums)
	if l.elem.phys == physInt64 {
		l.packed = packWide(l.packed, cast[int64](asBytes(l.nums)))
	} else {
		plain /= 2
		narrow := l.narrow[:0]
		for _, x := range l.nums {
			narrow = append(narrow, int32(x))
		}
		l.narrow = narrow
		l.packed = packNarrow(l.packed, narrow)
	}
	if len(l.packed) > plain/4*3 {
		return l.appendPlain(b), encPlain
	}
	return append(b, l.packed...), encDelta
}

// appendTexts leaves out what a text has in common with the one before if that
// is half of the bytes or more.
func (l *leafWriter) appendTexts(b []byte) ([]byte, int) {
	prefixes, common := l.narrow[:0], 0
	last := ""
	for _, s := range l.strs {
		n := commonPrefix(last, s)
		prefixes = append(prefixes, int32(n))
		common += n
		last = s
	}
	l.narrow = prefixes
	if common > 0 && common >= l.strBytes/2 {
		l.packed = packNarrow(l.packed, prefixes)
		b = append(b, l.packed...)
		for i, s := range l.strs {
			prefixes[i] = int32(len(s)) - prefixes[i]
		}
		l.packed = packNarrow(l.packed, prefixes)
		b = append(b, l.packed...)
		for i, s := range l.strs {
			b = append(b, s[len(s)-int(prefixes[i]):]...)
		}
		return b, encDeltaBytes
	}
	lengths := prefixes[:0]
	for _, s := range l.strs {
		lengths = append(lengths, int32(len(s)))
	}
	l.packed = packNarrow(l.packed, lengths)
	b = append(b, l.packed...)
	for _, s := range l.strs {
		b = append(b, s...)
	}
	return b, encDeltaLength
}

// commonPrefix is how many bytes a and b begin with in common.
func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n && load64(a, i) == load64(b, i); i += 8 {
	}
	for ; i < n && a[i] == b[i]; i++ {
	}
	return i
}

func load64(s string, at int) uint64 {
	return *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), at))
}

var packer delta.BinaryPackedEncoding

// packWide is DELTA_BINARY_PACKED of INT64, in the memory of b.
func packWide(b []byte, vals []int64) []byte {
	b, _ = packer.EncodeInt64(b, vals) // it has no error to return
	return b
}

func packNarrow(b []byte, vals []int32) []byte {
	b, _ = packer.EncodeInt32(b, vals)
	return b
}

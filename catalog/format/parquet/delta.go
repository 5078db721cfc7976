package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"github.com/parquet-go/bitpack"
)

var (
	errDelta     = errors.New("a delta encoded section ends too early or is malformed")
	errDeltaRoom = fmt.Errorf("a page holds values of more than %d bytes together", maxPage)
)

// deltaInts decodes DELTA_BINARY_PACKED, resumable at any value. Arithmetic
// wraps, as the format demands; INT32 columns take the low half.
type deltaInts struct {
	b    []byte
	p    int
	left int // values not decoded yet
	per  int // values of a miniblock
	mini int // miniblocks of a block
	// widths of the current block's miniblocks not begun yet
	widths []byte
	min    int64
	last   int64
	first  bool
	buf    []int64 // decoded values of the current miniblock from pos on
	pos    int
}

// init parses the header; n is how many values the page may hold at most.
func (d *deltaInts) init(b []byte, n int) error {
	t := thriftReader{b: b}
	block, mini, total, first := t.uvarint(), t.uvarint(), t.uvarint(), t.i64()
	if t.err != nil || mini == 0 || block == 0 || block > 1<<20 || mini > block || block%mini != 0 || block/mini%32 != 0 || total > uint64(n) {
		return errDelta
	}
	*d = deltaInts{
		b: b, p: t.p, left: int(total), per: int(block / mini), mini: int(mini),
		last: first, first: true, buf: d.buf[:0],
	}
	return nil
}

// read decodes len(dst) values: whole miniblocks where they go, what the caller
// wants of one through the buffer.
func (d *deltaInts) read(dst []int64) error {
	for len(dst) > 0 {
		if d.pos < len(d.buf) {
			k := copy(dst, d.buf[d.pos:])
			d.pos += k
			dst = dst[k:]
			continue
		}
		if n := d.next(); n > 0 && n <= len(dst) {
			if err := d.fill(dst[:n]); err != nil {
				return err
			}
			dst = dst[n:]
			continue
		}
		if err := d.refill(); err != nil {
			return err
		}
	}
	return nil
}

func (d *deltaInts) skip(n int) error {
	for n > 0 {
		if d.pos == len(d.buf) {
			if err := d.refill(); err != nil {
				return err
			}
		}
		k := min(n, len(d.buf)-d.pos)
		d.pos += k
		n -= k
	}
	return nil
}

// next is how many values fill decodes: the first one of the page, then a miniblock's.
func (d *deltaInts) next() int {
	if d.first {
		return min(d.left, 1)
	}
	return min(d.left, d.per)
}

// refill decodes to the buffer.
func (d *deltaInts) refill() error {
	n := d.next()
	if cap(d.buf) < n {
		d.buf = make([]int64, d.per)
	}
	d.buf, d.pos = d.buf[:n], 0
	return d.fill(d.buf)
}

// fill decodes the next values, len(dst) of them, as next says.
func (d *deltaInts) fill(dst []int64) error {
	if d.left == 0 {
		return errDelta
	}
	if d.first {
		d.first, dst[0] = false, d.last
		d.left--
		return nil
	}
	if len(d.widths) == 0 {
		t := thriftReader{b: d.b, p: d.p}
		d.min = t.i64()
		if t.err != nil || d.mini > len(d.b)-t.p {
			return errDelta
		}
		d.widths = d.b[t.p : t.p+d.mini]
		d.p = t.p + d.mini
	}
	w := uint(d.widths[0])
	d.widths = d.widths[1:]
	size := d.per / 8 * int(w)
	if w > 64 || d.p > len(d.b) {
		return errDelta
	}
	if need := (len(dst)*int(w) + 7) / 8; need > len(d.b)-d.p {
		return errDelta
	}
	last, low := d.last, d.min
	if w == 0 {
		for i := range dst {
			last += low
			dst[i] = last
		}
	} else {
		unpack64(dst, d.b[d.p:], w)
		for i, x := range dst {
			last += low + x
			dst[i] = last
		}
	}
	d.last = last
	d.left -= len(dst)
	if d.p += size; d.left == 0 {
		// The last block's trailing miniblocks may be absent or present with any width.
		d.p = min(d.p, len(d.b))
	}
	return nil
}

func unpack64(dst []int64, b []byte, w uint) {
	if n := len(dst) &^ 7; w <= 32 && n > 0 {
		bitpack.Unpack(dst[:n], b, w)
		dst, b = dst[n:], b[n/8*int(w):]
	}
	b = b[:min(cap(b), len(b)+padding)]
	mask := ^uint64(0) >> (64 - w)
	bit := uint(0)
	for i := range dst {
		o := bit >> 3
		x := binary.LittleEndian.Uint64(b[o:]) >> (bit & 7)
		if bit&7+w > 64 {
			x |= uint64(b[o+8]) << (64 - bit&7)
		}
		dst[i] = int64(x & mask)
		bit += w
	}
}

// deltaStrings decodes DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY.
type deltaStrings struct {
	lengths  deltaInts
	prefixes deltaInts
	prefixed bool
	data     []byte
	ls, ps   [256]int64

	// Of values with prefixes: the one before, its bytes if the caller may use
	// their memory again, and how many bytes values of the page may still take. A
	// page of a few bytes can claim prefixes without end.
	last string
	keep []byte
	room int
	// skipped and spare are scratch.
	skipped []string
	spare   []byte
}

// init finds the sections: [prefix lengths] lengths bytes.
func (d *deltaStrings) init(b []byte, n int, prefixed bool) error {
	d.prefixed, d.last, d.room = prefixed, "", maxPage
	if prefixed {
		if d.skipped == nil {
			d.skipped = make([]string, len(d.ls))
		}
		end, err := sectionEnd(b, n)
		if err != nil {
			return err
		}
		if err := d.prefixes.init(b[:end], n); err != nil {
			return err
		}
		b = b[end:]
	}
	end, err := sectionEnd(b, n)
	if err != nil {
		return err
	}
	if err := d.lengths.init(b[:end], n); err != nil {
		return err
	}
	if prefixed && d.prefixes.left != d.lengths.left {
		return errDelta
	}
	d.data = b[end:]
	return nil
}

// sectionEnd walks the blocks of a DELTA_BINARY_PACKED section without decoding them.
func sectionEnd(b []byte, n int) (int, error) {
	var d deltaInts
	if err := d.init(b, n); err != nil {
		return 0, err
	}
	left := d.left - 1
	for left > 0 {
		t := thriftReader{b: b, p: d.p}
		t.i64()
		if t.err != nil || d.mini > len(b)-t.p {
			return 0, errDelta
		}
		widths := b[t.p : t.p+d.mini]
		d.p = t.p + d.mini
		for _, w := range widths {
			if left <= 0 {
				break
			}
			d.p += d.per / 8 * int(w)
			left -= d.per
		}
		if d.p > len(b) {
			if left > 0 || d.p-len(b) > d.per/8*64 {
				return 0, errDelta
			}
			d.p = len(b)
		}
	}
	return d.p, nil
}

// lengthsOf decodes the lengths of up to n values, and those of their prefixes.
func (d *deltaStrings) lengthsOf(n int) (ls, ps []int64, err error) {
	n = min(n, len(d.ls))
	ls = d.ls[:n]
	if err := d.lengths.read(ls); err != nil || !d.prefixed {
		return ls, nil, err
	}
	ps = d.ps[:n]
	return ls, ps, d.prefixes.read(ps)
}

// views makes dst the next values of DELTA_LENGTH_BYTE_ARRAY, which lie in the page.
func (d *deltaStrings) views(dst []string) error {
	for len(dst) > 0 {
		ls, _, err := d.lengthsOf(len(dst))
		if err != nil {
			return err
		}
		data := d.data
		for i, l := range ls {
			if uint64(l) > uint64(len(data)) {
				return errDelta
			}
			dst[i], data = text(data[:l]), data[l:]
		}
		d.data, dst = data, dst[len(ls):]
	}
	return nil
}

// joined makes dst the next values of DELTA_BYTE_ARRAY, whose bytes it puts
// together, one value behind the other, in the arena it is given, and returns
// that or a larger one. What is in the arena already may be of values that are in use.
func (d *deltaStrings) joined(dst []string, arena []byte) ([]byte, error) {
	for len(dst) > 0 {
		ls, ps, err := d.lengthsOf(len(dst))
		if err != nil {
			return arena, err
		}
		total, most := 0, len(d.last)
		for i, l := range ls {
			p := ps[i]
			if uint64(l) > uint64(len(d.data)) || uint64(p) > uint64(most) {
				return arena, errDelta
			}
			most = int(p + l)
			if total += most; total > d.room {
				return arena, errDeltaRoom
			}
		}
		d.room -= total
		if total+copySlack > cap(arena)-len(arena) {
			// The values so far keep the old block alive.
			arena = make([]byte, 0, max(2*cap(arena), total+copySlack, 16<<10))
		}
		if err := d.join(dst[:len(ls)], arena[len(arena):cap(arena)]); err != nil {
			return arena, err
		}
		arena = arena[:len(arena)+total]
		// The caller may use the arena again for the next batch.
		d.keep = append(append(d.keep[:0], dst[len(ls)-1]...), slack[:]...)
		d.last = text(d.keep[:len(d.keep)-copySlack])
		dst = dst[len(ls):]
	}
	return arena, nil
}

// copySlack is how many bytes a short copy may read or write behind its end.
// Pages have them (padding), the arena and the value before are made with them.
const copySlack = 16

var slack [copySlack]byte

// join puts values together from d.ps, d.ls and d.data in the memory of arena,
// which has room for them and copySlack bytes more. Lengths of single values are checked.
func (d *deltaStrings) join(dst []string, arena []byte) error {
	data := d.data[: len(d.data) : len(d.data)+copySlack]
	out, last := unsafe.Pointer(unsafe.SliceData(arena)), unsafe.Pointer(unsafe.StringData(d.last))
	for i := range dst {
		p, l := int(d.ps[i]), int(d.ls[i])
		if l > len(data) {
			return errDelta
		}
		shortCopy(out, last, p)
		shortCopy(unsafe.Add(out, p), unsafe.Pointer(unsafe.SliceData(data)), l)
		data = data[l:]
		dst[i] = unsafe.String((*byte)(out), p+l)
		last, out = out, unsafe.Add(out, p+l)
	}
	d.data = data
	return nil
}

// shortCopy copies n bytes, and perhaps up to copySlack beyond.
func shortCopy(dst, src unsafe.Pointer, n int) {
	if n > copySlack {
		copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
		return
	}
	if n > 0 {
		*(*[copySlack]byte)(dst) = *(*[copySlack]byte)(src)
	}
}

// skip passes over n values.
func (d *deltaStrings) skip(n int) error {
	for n > 0 {
		if d.prefixed {
			k := min(n, len(d.skipped))
			var err error
			if d.spare, err = d.joined(d.skipped[:k], d.spare[:0]); err != nil {
				return err
			}
			n -= k
			continue
		}
		ls, _, err := d.lengthsOf(n)
		if err != nil {
			return err
		}
		for _, l := range ls {
			if uint64(l) > uint64(len(d.data)) {
				return errDelta
			}
			d.data = d.data[l:]
		}
		n -= len(ls)
	}
	return nil
}

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
		if d.next() > len(dst) {
			if err := d.refill(); err != nil {
				return err
			}
			continue
		}
		n, err := d.fill(dst)
		if err != nil {
			return err
		}
		dst = dst[n:]
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

// refill decodes what comes next to the buffer.
func (d *deltaInts) refill() error {
	n := d.next()
	if cap(d.buf) < n {
		d.buf = make([]int64, d.per)
	}
	d.buf, d.pos = d.buf[:n], 0
	_, err := d.fill(d.buf)
	return err
}

// fill decodes to dst as often what next says as there is room for, once at
// least, and returns how many values that are.
func (d *deltaInts) fill(dst []int64) (done int, err error) {
	if d.left == 0 {
		return 0, errDelta
	}
	if d.first {
		d.first, dst[0] = false, d.last
		d.left--
		done = 1
	}
	last, left, p := d.last, d.left, d.p
	for left > 0 {
		n := min(left, d.per)
		if n > len(dst)-done {
			break
		}
		if len(d.widths) == 0 {
			t := thriftReader{b: d.b, p: p}
			d.min = t.i64()
			if t.err != nil || d.mini > len(d.b)-t.p {
				return 0, errDelta
			}
			p = t.p + d.mini
			d.widths = d.b[t.p:p]
		}
		w := uint(d.widths[0])
		d.widths = d.widths[1:]
		if w > 64 || p > len(d.b) || (n*int(w)+7)/8 > len(d.b)-p {
			return 0, errDelta
		}
		out, low := dst[done:done+n], d.min
		if w == 0 {
			for i := range out {
				last += low
				out[i] = last
			}
		} else {
			unpack64(out, d.b[p:], w)
			for i, x := range out {
				last += low + x
				out[i] = last
			}
		}
		p += d.per / 8 * int(w)
		done += n
		left -= n
	}
	if left == 0 {
		// The last block's trailing miniblocks may be absent or present with any width.
		p = min(p, len(d.b))
	}
	d.last, d.left, d.p = last, left, p
	return done, nil
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
		for len(ls) > 0 {
			n, bytes, err := d.join(dst[:len(ls)], ls, ps, arena[len(arena):cap(arena)])
			if err != nil {
				return arena, err
			}
			arena = arena[:len(arena)+bytes]
			ls, ps, dst = ls[n:], ps[n:], dst[n:]
			if len(ls) > 0 {
				// The values so far keep the old block alive.
				need := int(ps[0]+ls[0]) + copySlack
				arena = make([]byte, 0, max(2*cap(arena), need, 16<<10))
			}
		}
		// The caller may use the arena again for the next batch.
		d.keep = append(append(d.keep[:0], d.last...), slack[:]...)
		d.last = text(d.keep[:len(d.keep)-copySlack])
	}
	return arena, nil
}

// copySlack is how many bytes may be read behind a value that is put together
// from, and written behind one that is put together.
// Pages have them (padding), the arena and the value before are made with them.
const copySlack = 16

var slack [copySlack]byte

// join puts values of the given lengths, and lengths of what they share with the
// one before, together in the memory of arena, of which copySlack bytes are not
// used. It ends where a value has no room, and returns how many there are and the
// bytes they take.
func (d *deltaStrings) join(dst []string, ls, ps []int64, arena []byte) (done, bytes int, err error) {
	data, last, room := d.data[:len(d.data):len(d.data)+copySlack], d.last, len(arena)-copySlack
	if d.room < room {
		room = d.room
	}
	out := unsafe.Pointer(unsafe.SliceData(arena))
	// Of a value of at most 16 bytes these are the bytes, behind which anything may
	// be. To load them from where they have just been stored would wait for that.
	var lo, hi uint64
	if n := len(last); n > 0 {
		lo, hi = *(*uint64)(unsafe.Pointer(unsafe.StringData(last))), *(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.StringData(last)), 8))
	}
	ls, ps = ls[:len(dst)], ps[:len(dst)]
	for i := range dst {
		if uint64(ls[i]) > uint64(len(data)) || uint64(ps[i]) > uint64(len(last)) {
			return 0, 0, errDelta
		}
		p, l := int(ps[i]), int(ls[i])
		src, n := unsafe.Pointer(unsafe.SliceData(data)), p+l
		if n > room-bytes {
			if bytes+n > d.room {
				return 0, 0, errDeltaRoom
			}
			break
		}
		switch {
		case n > copySlack:
			copy(unsafe.Slice((*byte)(out), p), last[:p])
			copy(unsafe.Slice((*byte)(unsafe.Add(out, p)), l), data)
			lo, hi = *(*uint64)(out), *(*uint64)(unsafe.Add(out, 8)) // a shorter one may begin as this one does
		case n > 0:
			a, b := *(*uint64)(src), *(*uint64)(unsafe.Add(src, 8))
			if at := uint(8 * p); at < 64 {
				keep := uint64(1)<<at - 1
				lo, hi = lo&keep|a<<at, b<<at|a>>(64-at)
			} else {
				at -= 64
				hi = hi&(uint64(1)<<at-1) | a<<at
			}
			*(*uint64)(out), *(*uint64)(unsafe.Add(out, 8)) = lo, hi
		}
		data = data[l:]
		last = unsafe.String((*byte)(out), n)
		dst[i] = last
		out = unsafe.Add(out, n)
		bytes += n
		done++
	}
	d.data, d.last, d.room = data, last, d.room-bytes
	return done, bytes, nil
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

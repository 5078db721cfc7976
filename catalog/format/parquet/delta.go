package parquet

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/bitpack"
)

var errDelta = errors.New("a delta encoded section ends too early or is malformed")

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

// read decodes len(dst) values.
func (d *deltaInts) read(dst []int64) error {
	for len(dst) > 0 {
		if d.pos < len(d.buf) {
			k := copy(dst, d.buf[d.pos:])
			d.pos += k
			dst = dst[k:]
			continue
		}
		if err := d.fill(); err != nil {
			return err
		}
	}
	return nil
}

func (d *deltaInts) skip(n int) error {
	for n > 0 {
		if d.pos == len(d.buf) {
			if err := d.fill(); err != nil {
				return err
			}
		}
		k := min(n, len(d.buf)-d.pos)
		d.pos += k
		n -= k
	}
	return nil
}

// fill decodes the first value or the next miniblock.
func (d *deltaInts) fill() error {
	if d.left == 0 {
		return errDelta
	}
	if cap(d.buf) < d.per {
		d.buf = make([]int64, d.per)
	}
	d.pos = 0
	if d.first {
		d.first, d.buf = false, append(d.buf[:0], d.last)
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
	n := min(d.left, d.per)
	if need := (n*int(w) + 7) / 8; need > len(d.b)-d.p {
		return errDelta
	}
	d.buf = d.buf[:n]
	switch {
	case w == 0:
		for i := range d.buf {
			d.last += d.min
			d.buf[i] = d.last
		}
	default:
		unpack64(d.buf, d.b[d.p:], w)
		last, low := d.last, d.min
		for i, x := range d.buf {
			last += low + x
			d.buf[i] = last
		}
		d.last = last
	}
	d.left -= n
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
	last     []byte
	ls, ps   [256]int64
}

// init finds the sections: [prefix lengths] lengths bytes.
func (d *deltaStrings) init(b []byte, n int, prefixed bool) error {
	d.prefixed, d.last = prefixed, d.last[:0]
	if prefixed {
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

// read calls put for each of the next n values, whose bytes are valid as long
// as the page (DELTA_LENGTH) or must be copied (DELTA_BYTE_ARRAY).
func (d *deltaStrings) read(n int, put func(b []byte)) error {
	for n > 0 {
		k := min(n, len(d.ls))
		ls := d.ls[:k]
		if err := d.lengths.read(ls); err != nil {
			return err
		}
		if d.prefixed {
			if err := d.prefixes.read(d.ps[:k]); err != nil {
				return err
			}
		}
		for i, l := range ls {
			if l < 0 || l > int64(len(d.data)) {
				return errDelta
			}
			v := d.data[:l:l]
			d.data = d.data[l:]
			if d.prefixed {
				p := d.ps[i]
				if p < 0 || p > int64(len(d.last)) {
					return errDelta
				}
				d.last = append(d.last[:p], v...)
				v = d.last
			}
			put(v)
		}
		n -= k
	}
	return nil
}

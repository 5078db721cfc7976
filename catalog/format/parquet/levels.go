package parquet

import (
	"encoding/binary"
	"math/bits"

	"github.com/volley-sql/volley/exec/vec"
)

// presence reads the definition levels of a column with one optional level: a
// bit a row, straight into a validity bitmap.
type presence struct{ hybrid }

// ones reports whether the next n rows are known at a glance to be all present, and takes them if so.
func (p *presence) ones(n int) bool {
	if p.left == 0 && p.ready() != nil {
		return false // read gives the error
	}
	if p.rle && p.val == 1 && p.left >= n {
		p.left -= n
		return true
	}
	return false
}

// read puts the next n rows' presence into dst from bit at on and returns how many are present.
func (p *presence) read(dst vec.Bitmap, at, n int) (int, error) {
	present := 0
	for n > 0 {
		if err := p.ready(); err != nil {
			return 0, err
		}
		k := min(p.left, n)
		if p.rle {
			fillBits(dst, at, k, p.val == 1)
			if p.val == 1 {
				present += k
			}
		} else {
			// Bit-packed with width 1 is a bitmap already; ahead counts bits of
			// the group before at.
			off := p.at*8 - p.ahead
			present += copyBits(dst, at, p.b, off, k)
			off += k
			p.at, p.ahead = (off+7)/8, (8-off&7)&7
		}
		p.left -= k
		at += k
		n -= k
	}
	return present, nil
}

// skip passes over n rows and returns how many were present.
func (p *presence) skip(n int) (int, error) {
	present := 0
	var buf [16]uint64
	for n > 0 {
		k := min(n, 64*len(buf))
		if !p.ones(k) {
			c, err := p.read(buf[:], 0, k)
			if err != nil {
				return 0, err
			}
			present += c
		} else {
			present += k
		}
		n -= k
	}
	return present, nil
}

// fillBits sets or clears n bits of dst from bit at on.
func fillBits(dst vec.Bitmap, at, n int, set bool) {
	for n > 0 {
		w, o := at>>6, uint(at&63)
		k := min(64-int(o), n)
		mask := ^uint64(0) >> uint(64-k) << o
		if set {
			dst[w] |= mask
		} else {
			dst[w] &^= mask
		}
		at, n = at+k, n-k
	}
}

// copyBits copies n bits of src from bit off on to dst from bit at on and returns how many are set.
// src has padding behind it.
func copyBits(dst vec.Bitmap, at int, src []byte, off, n int) int {
	set := 0
	for n > 0 {
		w, o := at>>6, uint(at&63)
		k := min(64-int(o), n, 56)
		word := binary.LittleEndian.Uint64(src[off>>3:off>>3+8]) >> uint(off&7)
		mask := ^uint64(0) >> uint(64-k)
		word &= mask
		set += bits.OnesCount64(word)
		dst[w] = dst[w]&^(mask<<o) | word<<o
		at, off, n = at+k, off+k, n-k
	}
	return set
}

// unpackMSB decodes the deprecated BIT_PACKED levels, most significant bit first.
func unpackMSB(dst []uint8, b []byte, w uint) error {
	if (len(dst)*int(w)+7)/8 > len(b) {
		return errRuns
	}
	bit := 0
	for i := range dst {
		var v uint8
		for range w {
			v = v<<1 | b[bit>>3]>>(7-uint(bit&7))&1
			bit++
		}
		dst[i] = v
	}
	return nil
}

// width is the number of bits of values up to most.
func width(most int) uint { return uint(bits.Len(uint(most))) }

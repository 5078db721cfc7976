package parquet

import (
	"encoding/binary"
	"unsafe"
)

// Numbers that lie side by side in 8 bytes each (PLAIN INT64, DOUBLE) and are
// near to each other make one shape of Snappy's output, again and again: a
// literal of the k bytes that differ from the number before, and a copy of the
// other 8-k from 8 bytes back. Texts of equal length do the same with another
// period. A decoder that takes one element after the other waits for the
// length of each to know where the next one is; where an element is what the
// last one was, the place of the next is known and the processor goes ahead.

// Bounds of a period: the literal and the copy together make as many bytes as the copy goes back.
const (
	mostLiteral = 4
	pairRoom    = 16 // bytes that a pair writes, of which fewer may count
)

// snappyPairs is worth while where runs of pairs make worthBytes and more, on
// average. Where that is not so a complete decoder is faster. It begins again,
// so that is asked every probeBytes until a probedShare-th of the page is done:
// pages may begin with another shape than they go on with, as those of texts do with lengths.
const (
	probeBytes  = 4 << 10
	worthBytes  = 32
	probedShare = 4
)

// snappyPairs decodes a Snappy block without its header to dst, which has the
// length that the header says. It reports false where it is not the right
// decoder: dst then has anything in it. That may be for the shape of the page
// or because src is malformed, which is for a complete decoder to say.
func snappyPairs(dst, src []byte) bool {
	d, s := 0, 0
	runs, probe := 0, probeBytes
	for s < len(src) {
		runs++
		if d >= probe {
			if d < runs*worthBytes {
				return false
			}
			probe = d + probeBytes
			if d > len(dst)/probedShare {
				probe = len(dst)
			}
		}
		if s+8 <= len(src) && d+pairRoom <= len(dst) {
			if d, s = pairs(dst, src, d, s); s >= len(src) {
				break
			}
		}
		var ok bool
		if d, s, ok = element(dst, src, d, s); !ok {
			return false
		}
	}
	return d == len(dst)
}

// pairs decodes a literal and a copy, and those behind it as long as they have
// the same lengths. There are 8 bytes at src[s:] and pairRoom at dst[d:]. It
// returns where it stopped; if there is no such pair, where it began.
func pairs(dst, src []byte, d, s int) (int, int) {
	w := binary.LittleEndian.Uint64(src[s:])
	k := int(w>>2&63) + 1
	if w&3 != 0 || k > mostLiteral {
		return d, s
	}
	tag := uint(w >> (8 * (k + 1)))
	period := int(tag>>2&7) + 4 + k
	if tag&3 != 1 || int(tag>>5&7<<8|tag>>8&0xff) != period || period > d {
		return d, s
	}
	literal := uint64(1)<<(8*k) - 1
	// Of w, the two tags and how far the copy goes back.
	same := uint64(0xff) | uint64(0xffff)<<(8*(k+1))
	out, in := unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Pointer(unsafe.SliceData(src))
	lo := *(*uint64)(unsafe.Add(out, d-period))
	hi := *(*uint64)(unsafe.Add(out, d-period+8)) // all that counts of it, the bytes before d, never changes
	step, first := k+3, w
	for lastD, lastS := len(dst)-pairRoom, len(src)-8; ; {
		lo = lo&^literal | w>>8&literal
		*(*uint64)(unsafe.Add(out, d)) = lo
		*(*uint64)(unsafe.Add(out, d+8)) = hi
		d, s = d+period, s+step
		if d > lastD || s > lastS {
			return d, s
		}
		if w = *(*uint64)(unsafe.Add(in, s)); (w^first)&same != 0 {
			return d, s
		}
	}
}

// element decodes a literal or a copy.
func element(dst, src []byte, d, s int) (_, _ int, ok bool) {
	tag := int(src[s])
	s++
	n := tag >> 2
	if tag&3 == 0 {
		if n >= 60 {
			size := n - 59
			if s+size > len(src) {
				return d, s, false
			}
			n = 0
			for i := range size {
				n |= int(src[s+i]) << (8 * i)
			}
			s += size
		}
		if n++; n > len(src)-s || n > len(dst)-d {
			return d, s, false
		}
		copy(dst[d:d+n], src[s:])
		return d + n, s + n, true
	}
	back := 0
	switch {
	case tag&3 == 1 && s < len(src):
		back = tag>>5<<8 | int(src[s])
		n = n&7 + 4
		s++
	case tag&3 == 2 && s+2 <= len(src):
		back = int(binary.LittleEndian.Uint16(src[s:]))
		n++
		s += 2
	case tag&3 == 3 && s+4 <= len(src):
		back = int(binary.LittleEndian.Uint32(src[s:]))
		n++
		s += 4
	}
	if back <= 0 || back > d || n > len(dst)-d {
		return d, s, false
	}
	// What is copied may be what this copy writes: then as much is there again each time.
	for from, end := d-back, d+n; d < end; {
		d += copy(dst[d:end], dst[from:d])
	}
	return d, s, true
}

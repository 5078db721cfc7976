package parquet

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/bitpack"
)

var (
	errRuns  = errors.New("a run-length encoded section ends too early or is malformed")
	errWidth = errors.New("a bit width is out of range")
)

// hybrid decodes the RLE/bit-packed hybrid of dictionary indexes and levels,
// resumable at any value. Its input must have padding behind it.
type hybrid struct {
	b    []byte
	p    int
	w    uint
	left int // values left in the current run
	rle  bool
	val  uint32
	// at is where the next group of 8 bit-packed values begins. Values of a
	// group that were unpacked but not yet asked for are tail[8-ahead:].
	at    int
	ahead int
	tail  [8]uint32
}

func (h *hybrid) init(b []byte, w uint) error {
	if w > 32 {
		return errWidth
	}
	h.b, h.p, h.w, h.left, h.ahead = b, 0, w, 0, 0
	return nil
}

// run takes the header of the next run.
func (h *hybrid) run() error {
	x, n := binary.Uvarint(h.b[h.p:])
	if n <= 0 || x>>1 == 0 || x>>1 > 1<<31 {
		if n > 0 && x>>1 == 0 && h.p+n < len(h.b) {
			// A run of nothing is legal, if odd; it takes its bytes all the same.
			h.p += n
			if x&1 == 0 {
				h.p += int(h.w+7) / 8
			}
			if h.p > len(h.b) {
				return errRuns
			}
			return nil
		}
		return errRuns
	}
	h.p += n
	bytes := int(h.w+7) / 8
	if h.rle = x&1 == 0; h.rle {
		if h.p+bytes > len(h.b) {
			return errRuns
		}
		var v uint32
		for i := range bytes {
			v |= uint32(h.b[h.p+i]) << (8 * i)
		}
		if h.w < 32 && v>>h.w != 0 {
			return errRuns
		}
		h.val, h.left = v, int(x>>1)
		h.p += bytes
		return nil
	}
	groups := int(x >> 1)
	h.at, h.ahead = h.p, 0
	if h.w > 0 {
		// Some writers cut the last group short.
		have := (len(h.b) - h.p + int(h.w) - 1) / int(h.w)
		if have == 0 {
			return errRuns
		}
		groups = min(groups, have)
	}
	h.left = groups * 8
	h.p = min(h.p+groups*int(h.w), len(h.b))
	return nil
}

// ready makes sure the current run has a value.
func (h *hybrid) ready() error {
	for h.left == 0 {
		if h.w == 0 && h.p >= len(h.b) {
			// Width 0 needs no data: all values are 0.
			h.rle, h.val, h.left = true, 0, 1<<30
			return nil
		}
		if h.p >= len(h.b) {
			return errRuns
		}
		if err := h.run(); err != nil {
			return err
		}
	}
	return nil
}

// read decodes len(dst) values.
func (h *hybrid) read(dst []uint32) error {
	for len(dst) > 0 {
		if err := h.ready(); err != nil {
			return err
		}
		n := min(h.left, len(dst))
		d := dst[:n]
		if h.rle {
			v := h.val
			for i := range d {
				d[i] = v
			}
		} else {
			h.unpack(d)
		}
		h.left -= n
		dst = dst[n:]
	}
	return nil
}

// unpack decodes the next len(dst) values of a bit-packed run.
func (h *hybrid) unpack(dst []uint32) {
	if h.w == 0 {
		clear(dst)
		return
	}
	if h.ahead > 0 {
		k := copy(dst, h.tail[8-h.ahead:])
		h.ahead -= k
		dst = dst[k:]
	}
	if n := len(dst) &^ 7; n > 0 {
		bitpack.Unpack(dst[:n], h.b[h.at:], h.w)
		h.at += n / 8 * int(h.w)
		dst = dst[n:]
	}
	if len(dst) > 0 {
		bitpack.Unpack(h.tail[:], h.b[h.at:], h.w)
		h.at += int(h.w)
		h.ahead = 8 - copy(dst, h.tail[:])
	}
}

// skip passes over n values.
func (h *hybrid) skip(n int) error {
	for n > 0 {
		if err := h.ready(); err != nil {
			return err
		}
		k := min(h.left, n)
		if !h.rle && h.w > 0 {
			h.skipPacked(k)
		}
		h.left -= k
		n -= k
	}
	return nil
}

func (h *hybrid) skipPacked(k int) {
	a := min(k, h.ahead)
	h.ahead -= a
	k -= a
	h.at += k / 8 * int(h.w)
	if k &= 7; k > 0 {
		bitpack.Unpack(h.tail[:], h.b[h.at:], h.w)
		h.at += int(h.w)
		h.ahead = 8 - k
	}
}

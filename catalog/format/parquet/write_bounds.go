package parquet

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/volley-sql/volley/internal/types"
)

// How minima and maxima compare.
const (
	boundInt = iota
	boundFloat32
	boundFloat64
	boundString
	boundDecimal // big-endian two's complement
)

func boundKind(t types.Type) int {
	switch t.Storage() {
	case types.StoreFloat32:
		return boundFloat32
	case types.StoreFloat64:
		return boundFloat64
	case types.StoreString:
		return boundString
	case types.StoreInt128:
		return boundDecimal
	}
	return boundInt
}

// bounder gathers the smallest and largest value of a page or chunk. NaN counts for neither.
type bounder struct {
	kind     int
	any      bool
	lo, hi   uint64
	los, his string
}

func (b *bounder) reset() { *b = bounder{kind: b.kind} }

func (b *bounder) nums(xs []uint64) {
	if b.kind != boundInt || len(xs) == 0 {
		for _, x := range xs {
			b.num(x)
		}
		return
	}
	lo, hi := int64(xs[0]), int64(xs[0])
	for _, x := range xs {
		lo, hi = min(lo, int64(x)), max(hi, int64(x))
	}
	b.num(uint64(lo))
	b.num(uint64(hi))
}

func (b *bounder) num(x uint64) {
	if b.kind == boundFloat32 || b.kind == boundFloat64 {
		f := b.float(x)
		if math.IsNaN(f) {
			return
		}
		if !b.any || f < b.float(b.lo) {
			b.lo = x
		}
		if !b.any || f > b.float(b.hi) {
			b.hi = x
		}
		b.any = true
		return
	}
	if !b.any || int64(x) < int64(b.lo) {
		b.lo = x
	}
	if !b.any || int64(x) > int64(b.hi) {
		b.hi = x
	}
	b.any = true
}

func (b *bounder) float(x uint64) float64 {
	if b.kind == boundFloat32 {
		return float64(math.Float32frombits(uint32(x)))
	}
	return math.Float64frombits(x)
}

func (b *bounder) str(s string) {
	if !b.any {
		b.los, b.his, b.any = s, s, true
		return
	}
	if b.less(s, b.los) {
		b.los = s
	}
	if b.less(b.his, s) {
		b.his = s
	}
}

func (b *bounder) less(x, y string) bool {
	if b.kind == boundDecimal && x != "" && (x[0]^y[0])&0x80 != 0 {
		return x[0]&0x80 != 0
	}
	return x < y
}

// join widens b by what o has seen. Strings are copied: o's live no longer than its page.
func (b *bounder) join(o *bounder) {
	switch {
	case !o.any:
	case b.kind == boundString || b.kind == boundDecimal:
		for _, s := range [2]string{o.los, o.his} {
			if !b.any || b.less(s, b.los) || b.less(b.his, s) {
				b.str(string([]byte(s)))
			}
		}
	default:
		b.num(o.lo)
		b.num(o.hi)
	}
}

// bounds are a minimum and maximum as statistics hold them.
type bounds struct {
	known              bool
	min, max           []byte
	minExact, maxExact bool
}

func (b *bounder) bounds(e schemaElement, t types.Type) bounds {
	if !b.any {
		return bounds{}
	}
	out := bounds{known: true, minExact: true, maxExact: true}
	switch {
	case b.kind == boundDecimal:
		out.min, out.max = []byte(b.los), []byte(b.his)
	case b.kind == boundString:
		out.min, out.max = []byte(b.los), []byte(b.his)
		if len(out.min) > statBytes {
			out.min, out.minExact = cut(out.min, t.Kind == types.String), false
		}
		if len(out.max) > statBytes {
			if up := above(cut(out.max, t.Kind == types.String), t.Kind == types.String); up != nil {
				out.max, out.maxExact = up, false
			}
		}
	case e.phys == physBool:
		out.min, out.max = []byte{byte(b.lo)}, []byte{byte(b.hi)}
	case e.phys == physInt32:
		out.min, out.max = binary.LittleEndian.AppendUint32(nil, uint32(b.lo)), binary.LittleEndian.AppendUint32(nil, uint32(b.hi))
	case e.phys == physFloat:
		// Zeros of both signs are equal: the bounds take the outer one.
		lo, hi := math.Float32frombits(uint32(b.lo)), math.Float32frombits(uint32(b.hi))
		if lo == 0 {
			lo = float32(math.Copysign(0, -1))
		}
		if hi == 0 {
			hi = 0
		}
		out.min, out.max = binary.LittleEndian.AppendUint32(nil, math.Float32bits(lo)), binary.LittleEndian.AppendUint32(nil, math.Float32bits(hi))
	case e.phys == physDouble:
		lo, hi := math.Float64frombits(b.lo), math.Float64frombits(b.hi)
		if lo == 0 {
			lo = math.Copysign(0, -1)
		}
		if hi == 0 {
			hi = 0
		}
		out.min, out.max = le64(lo), le64(hi)
	default:
		out.min, out.max = binary.LittleEndian.AppendUint64(nil, b.lo), binary.LittleEndian.AppendUint64(nil, b.hi)
	}
	return out
}

// cut shortens to statBytes, for text at a character's boundary.
func cut(b []byte, utf bool) []byte {
	n := statBytes
	for utf && n > statBytes-utf8.UTFMax && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n:n]
}

// above is the least string of that length or shorter that is above everything
// beginning with b, nil if there is none.
func above(b []byte, utf bool) []byte {
	b = append([]byte(nil), b...)
	for len(b) > 0 {
		if !utf {
			if b[len(b)-1]++; b[len(b)-1] != 0 {
				return b
			}
			b = b[:len(b)-1]
			continue
		}
		r, n := utf8.DecodeLastRune(b)
		b = b[:len(b)-n]
		if r == utf8.RuneError && n <= 1 {
			return nil
		}
		if r++; r == 0xD800 {
			r = 0xE000
		}
		if r <= utf8.MaxRune {
			return utf8.AppendRune(b, r)
		}
	}
	return nil
}

// boundaryOrder says whether the pages' bounds ascend, descend or neither.
func (c *writtenChunk) boundaryOrder() int {
	asc, desc := true, true
	kind := boundKind(c.leaf.typ)
	var last *bounds
	for i := range c.pages {
		b := &c.pages[i].bounds
		if !b.known {
			continue
		}
		if last != nil {
			asc = asc && compareBounds(kind, c.leaf.elem.phys, last.min, b.min) <= 0 && compareBounds(kind, c.leaf.elem.phys, last.max, b.max) <= 0
			desc = desc && compareBounds(kind, c.leaf.elem.phys, last.min, b.min) >= 0 && compareBounds(kind, c.leaf.elem.phys, last.max, b.max) >= 0
		}
		last = b
	}
	switch {
	case asc:
		return 1
	case desc:
		return 2
	}
	return 0
}

func compareBounds(kind, phys int, a, b []byte) int {
	o := bounder{kind: kind}
	if kind == boundString || kind == boundDecimal {
		x, y := string(a), string(b)
		switch {
		case x == y:
			return 0
		case o.less(x, y):
			return -1
		}
		return 1
	}
	x, y := boundWord(phys, a), boundWord(phys, b)
	if kind == boundInt {
		return order(int64(x), int64(y))
	}
	return order(o.float(x), o.float(y))
}

func boundWord(phys int, b []byte) uint64 {
	switch phys {
	case physBool:
		return uint64(b[0])
	case physInt32:
		return uint64(int64(int32(binary.LittleEndian.Uint32(b))))
	case physFloat:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

package row

import (
	"math"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Prep makes vectors ready for rows: flat, with zero values where they are
// NULL, nested values encoded as strings. It owns scratch for one column and
// belongs to one thread; what it returns is valid until its next call, and only at
// the selected rows.
type Prep struct {
	out   vec.Vec
	words []uint64
	strs  []string
	buf   []byte
	ends  []int
	valid vec.Bitmap
}

// Key prepares a key column: besides, -0.0 becomes 0.0 and all NaNs become one,
// so that equal keys have equal bits.
func (p *Prep) Key(v *vec.Vec, sel []uint16) *vec.Vec { return p.prepare(v, sel, true) }

// Payload prepares a column that is stored as it is.
func (p *Prep) Payload(v *vec.Vec, sel []uint16) *vec.Vec { return p.prepare(v, sel, false) }

func (p *Prep) prepare(v *vec.Vec, sel []uint16, key bool) *vec.Vec {
	s := v.Type.Storage()
	n := v.Len()
	out := &p.out
	out.Reset(v.Type)
	switch s {
	case types.StoreNone:
		out.Resize(n)
		return out
	case types.StoreList, types.StoreStruct:
		p.nest(v, sel, key)
	default:
		float := key && (s == types.StoreFloat32 || s == types.StoreFloat64)
		if v.Enc == vec.Flat && v.Valid == nil && !float {
			out.Share(v)
			return out
		}
		switch s.Width() {
		case 1:
			fill(fixed[uint8](p, out, n), v, sel)
		case 2:
			fill(fixed[uint16](p, out, n), v, sel)
		case 4:
			fill(fixed[uint32](p, out, n), v, sel)
		case 8:
			fill(fixed[uint64](p, out, n), v, sel)
		default:
			if s == types.StoreString {
				fill(p.strings(out, n), v, sel)
			} else {
				fill(fixed[[2]uint64](p, out, n), v, sel)
			}
		}
		if float {
			normalize(out, s, sel)
		}
	}
	p.nulls(v, sel, n)
	return out
}

// fixed points out at owned memory for n values of T.
func fixed[T any](p *Prep, out *vec.Vec, n int) []T {
	if need := (n*out.Type.Storage().Width() + 7) / 8; need > len(p.words) {
		p.words = make([]uint64, max(need, 2048))
	}
	vec.SetRaw(out, p.words)
	out.SetLen(n)
	return vec.Raw[T](out)
}

func (p *Prep) strings(out *vec.Vec, n int) []string {
	if n > len(p.strs) {
		p.strs = make([]string, max(n, 2048))
	}
	vec.SetRaw(out, p.strs[:n])
	return p.strs[:n]
}

// fill copies the selected values of v, of any encoding, with zero for NULL.
func fill[T any](dst []T, v *vec.Vec, sel []uint16) {
	var zero T
	switch {
	case v.Enc == vec.Const:
		x := zero
		if !v.Null(0) {
			x = vec.Raw[T](v)[0]
		}
		for _, r := range sel {
			dst[r] = x
		}
	case v.Enc == vec.Dict:
		codes, vals := v.Codes(), vec.Raw[T](v.Dict.Values)
		for _, r := range sel {
			if v.Valid == nil || v.Valid.Get(int(r)) {
				dst[r] = vals[codes[r]]
			} else {
				dst[r] = zero
			}
		}
	case v.Valid == nil:
		data := vec.Raw[T](v)
		for _, r := range sel {
			dst[r] = data[r]
		}
	default:
		data := vec.Raw[T](v)
		for _, r := range sel {
			if v.Valid.Get(int(r)) {
				dst[r] = data[r]
			} else {
				dst[r] = zero
			}
		}
	}
}

// nulls gives the output the validity of v, and none if no selected row is NULL.
func (p *Prep) nulls(v *vec.Vec, sel []uint16, n int) {
	if v.Valid == nil {
		return
	}
	if v.Enc != vec.Const {
		for _, r := range sel {
			if !v.Valid.Get(int(r)) {
				p.out.Valid = v.Valid
				return
			}
		}
		return
	}
	if v.Null(0) {
		p.valid = p.valid.Resize(max(n, 1))
		p.valid.ClearAll(n)
		p.out.Valid = p.valid
	}
}

func normalize(out *vec.Vec, s types.Storage, sel []uint16) {
	if s == types.StoreFloat32 {
		d := vec.Data[float32](out)
		for _, r := range sel {
			d[r] = float32Key(d[r])
		}
		return
	}
	d := vec.Data[float64](out)
	for _, r := range sel {
		d[r] = float64Key(d[r])
	}
}

func float32Key(f float32) float32 {
	if f != f {
		return math.Float32frombits(0x7fc00000)
	}
	return f + 0
}

func float64Key(f float64) float64 {
	if f != f {
		return math.Float64frombits(0x7ff8000000000000)
	}
	return f + 0
}

// nest encodes the selected rows one behind the other and points strings at them.
func (p *Prep) nest(v *vec.Vec, sel []uint16, key bool) {
	strs := p.strings(&p.out, v.Len())
	base := v.Base()
	p.buf, p.ends = p.buf[:0], p.ends[:0]
	for _, r := range sel {
		if !v.Null(int(r)) {
			p.buf = encode(p.buf, base, v.Index(int(r)), key)
		}
		p.ends = append(p.ends, len(p.buf))
	}
	all, from := unsafeString(p.buf), 0
	for i, r := range sel {
		strs[r] = all[from:p.ends[i]]
		from = p.ends[i]
	}
}

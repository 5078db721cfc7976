package row

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Scatter writes rows sel of the flat vector v to column c of rows[sel[i]],
// which Clear has been called on. Nested columns come as encoded strings.
func (l *Layout) Scatter(c int, v *vec.Vec, sel []uint16, rows []unsafe.Pointer, h *Heap) {
	k := &l.cols[c]
	switch k.kind {
	case none:
		return
	case w1:
		scatter(vec.Raw[uint8](v), sel, rows, k.off)
	case w2:
		scatter(vec.Raw[uint16](v), sel, rows, k.off)
	case w4:
		scatter(vec.Raw[uint32](v), sel, rows, k.off)
	case w8:
		scatter(vec.Raw[uint64](v), sel, rows, k.off)
	case w16:
		scatter(vec.Raw[[2]uint64](v), sel, rows, k.off)
	case str, nested:
		data := vec.Raw[string](v)
		for _, r := range sel {
			if v.Valid == nil || v.Valid.Get(int(r)) {
				h.put(unsafe.Add(rows[r], k.off), data[r])
			}
		}
	}
	if v.Valid != nil {
		w := widths[k.kind]
		for _, r := range sel {
			if !v.Valid.Get(int(r)) {
				*(*byte)(unsafe.Add(rows[r], k.null)) |= k.bit
				clear(unsafe.Slice((*byte)(unsafe.Add(rows[r], k.off)), w))
			}
		}
	}
}

func scatter[T any](data []T, sel []uint16, rows []unsafe.Pointer, off int) {
	for _, r := range sel {
		*(*T)(unsafe.Add(rows[r], off)) = data[r]
	}
}

// Gather makes out the values of column c of rows, in order. Strings share
// memory with the arena. Nested values are decoded into out's memory.
func (l *Layout) Gather(c int, rows []unsafe.Pointer, out *vec.Vec) {
	out.Reset(l.Types[c])
	out.Resize(len(rows))
	k := &l.cols[c]
	switch k.kind {
	case none:
		return
	case w1:
		gather(vec.Raw[uint8](out), rows, k.off)
	case w2:
		gather(vec.Raw[uint16](out), rows, k.off)
	case w4:
		gather(vec.Raw[uint32](out), rows, k.off)
	case w8:
		gather(vec.Raw[uint64](out), rows, k.off)
	case w16:
		gather(vec.Raw[[2]uint64](out), rows, k.off)
	case str:
		data := vec.Data[string](out)
		for i, r := range rows {
			data[i] = stringAt(unsafe.Add(r, k.off))
		}
	case nested:
		if out.Type.Kind != types.Struct {
			clear(vec.Data[vec.List](out))
		}
		for i, r := range rows {
			if !l.IsNull(c, r) {
				Decode(out, i, stringAt(unsafe.Add(r, k.off)))
			}
		}
	}
	l.gatherNulls(k, rows, out)
}

// GatherRaw is Gather that leaves columns prepared: nested values stay encoded.
func (l *Layout) GatherRaw(c int, rows []unsafe.Pointer, out *vec.Vec) {
	k := &l.cols[c]
	if k.kind != nested {
		l.Gather(c, rows, out)
		return
	}
	out.Reset(l.Types[c])
	data := make([]string, len(rows))
	for i, r := range rows {
		data[i] = stringAt(unsafe.Add(r, k.off))
	}
	vec.SetRaw(out, data)
	l.gatherNulls(k, rows, out)
}

func gather[T any](data []T, rows []unsafe.Pointer, off int) {
	data = data[:len(rows)]
	for i, r := range rows {
		data[i] = *(*T)(unsafe.Add(r, off))
	}
}

func (l *Layout) gatherNulls(k *column, rows []unsafe.Pointer, out *vec.Vec) {
	for i, r := range rows {
		if *(*byte)(unsafe.Add(r, k.null))&k.bit != 0 {
			out.SetNull(i)
		}
	}
}

// GatherAt is Gather into rows sel of a vector of n rows, from rows[sel[i]].
// Other rows of out are unspecified.
func (l *Layout) GatherAt(c int, sel []uint16, rows []unsafe.Pointer, n int, out *vec.Vec) {
	out.Reset(l.Types[c])
	out.Resize(n)
	k := &l.cols[c]
	switch k.kind {
	case none:
		return
	case w1:
		gatherAt(vec.Raw[uint8](out), sel, rows, k.off)
	case w2:
		gatherAt(vec.Raw[uint16](out), sel, rows, k.off)
	case w4:
		gatherAt(vec.Raw[uint32](out), sel, rows, k.off)
	case w8:
		gatherAt(vec.Raw[uint64](out), sel, rows, k.off)
	case w16:
		gatherAt(vec.Raw[[2]uint64](out), sel, rows, k.off)
	case str:
		data := vec.Data[string](out)
		for _, r := range sel {
			data[r] = stringAt(unsafe.Add(rows[r], k.off))
		}
	case nested:
		if out.Type.Kind != types.Struct {
			clear(vec.Data[vec.List](out))
		}
		for _, r := range sel {
			if !l.IsNull(c, rows[r]) {
				Decode(out, int(r), stringAt(unsafe.Add(rows[r], k.off)))
			}
		}
	}
	for _, r := range sel {
		if *(*byte)(unsafe.Add(rows[r], k.null))&k.bit != 0 {
			out.SetNull(int(r))
		}
	}
}

func gatherAt[T any](data []T, sel []uint16, rows []unsafe.Pointer, off int) {
	for _, r := range sel {
		data[r] = *(*T)(unsafe.Add(rows[r], off))
	}
}

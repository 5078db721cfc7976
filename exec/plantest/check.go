package plantest

import (
	"testing"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/physical"
)

// Check returns a tap that enforces the contract of streams. The consumer gets
// copies of all batches, which are overwritten when it has had its turn.
func Check(t testing.TB) func(physical.Meta, int, vec.Stream) vec.Stream {
	return func(meta physical.Meta, _ int, in vec.Stream) vec.Stream {
		return func(yield func(*vec.Batch, error) bool) {
			over := ""
			for b, err := range in {
				if over != "" {
					t.Errorf("node %d yields %s", meta.ID, over)
				}
				if err != nil {
					over = "after an error"
					yield(nil, err)
					continue
				}
				wellFormed(t, meta, b)
				lent := duplicate(b)
				more := yield(lent, nil)
				for _, c := range lent.Cols {
					poison(c)
				}
				if !more {
					return
				}
			}
		}
	}
}

func wellFormed(t testing.TB, meta physical.Meta, b *vec.Batch) {
	last := -1
	for _, r := range b.Sel {
		if int(r) <= last || int(r) >= b.N {
			t.Errorf("node %d: selection %v of %d rows is not ascending", meta.ID, b.Sel, b.N)
			break
		}
		last = int(r)
	}
	for i, c := range b.Cols {
		if c.Len() != b.N {
			t.Errorf("node %d: column %d has %d rows, the batch %d", meta.ID, i, c.Len(), b.N)
		}
	}
}

// duplicate copies b with its encodings; dictionaries are shared, as they live with the task.
func duplicate(b *vec.Batch) *vec.Batch {
	out := &vec.Batch{N: b.N, Sel: append([]uint16(nil), b.Sel...)}
	if b.Sel == nil {
		out.Sel = nil
	} else if out.Sel == nil {
		out.Sel = []uint16{}
	}
	for _, c := range b.Cols {
		out.Cols = append(out.Cols, duplicateVec(c, b))
	}
	return out
}

func duplicateVec(c *vec.Vec, b *vec.Batch) *vec.Vec {
	d := &vec.Vec{}
	if c.Enc == vec.Dict {
		vec.Gather(d, c, vec.Identity[:c.Len()])
		return d
	}
	if c.Enc == vec.Const {
		d.Type = c.Type
		d.SetConst(c.Len())
		d.Put(0, c.Get(0))
		return d
	}
	// Only alive rows hold values.
	d = vec.New(c.Type, c.Len())
	for _, r := range b.Selection() {
		d.Put(int(r), c.Get(int(r)))
	}
	if c.Type.Storage() == types.StoreString {
		for i, s := range vec.Data[string](d) {
			if len(s) > 0 { // not string(…): short ones would share read-only memory
				vec.Data[string](d)[i] = unsafe.String(&append([]byte(nil), s...)[0], len(s))
			}
		}
	}
	return d
}

// poison overwrites what v owns, bytes of strings included.
func poison(v *vec.Vec) {
	switch v.Type.Storage() {
	case types.StoreBool:
		fill(vec.Data[bool](v), true)
	case types.StoreInt8:
		fill(vec.Data[int8](v), -91)
	case types.StoreInt16:
		fill(vec.Data[int16](v), -9111)
	case types.StoreInt32, types.StoreFloat32:
		if v.Enc == vec.Dict {
			clear(v.Codes())
			return
		}
		fill(vec.Data[int32](v), -91111111)
	case types.StoreInt64, types.StoreFloat64:
		if v.Enc == vec.Dict {
			clear(v.Codes())
			return
		}
		fill(vec.Data[int64](v), -911111111111)
	case types.StoreInt128, types.StoreInterval:
		if v.Enc != vec.Dict {
			fill(vec.Data[types.Int128](v), types.Int128{Lo: 91, Hi: -91})
		}
	case types.StoreString:
		if v.Enc == vec.Dict {
			clear(v.Codes())
			return
		}
		for i, s := range vec.Data[string](v) {
			bytes := unsafe.Slice(unsafe.StringData(s), len(s))
			if v.Enc == vec.Flat && len(s) > 0 {
				for j := range bytes {
					bytes[j] = '?'
				}
			}
			vec.Data[string](v)[i] = "poison"
		}
	}
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

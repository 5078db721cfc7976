package build

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// MaxBytes is the most memory that one call may take for the elements of the
// arrays and maps of a batch; their places are int32 besides.
const MaxBytes = 1 << 31

// Width is the bytes that a row of type t takes in a vector: what its texts
// and lists point at is not counted.
func Width(t types.Type) int64 {
	if t.Storage() != types.StoreStruct {
		return int64(max(t.Storage().Width(), 1))
	}
	w := int64(1)
	for _, f := range t.Children() {
		w += Width(f.Type)
	}
	return w
}

// Hold checks that n rows of a type can be the elements of a call's lists in
// one batch. Calls with many constant arguments, or texts of many parts,
// multiply them by the rows of the batch.
func Hold(c *Context, t types.Type, n int64) error {
	most := c.Most(MaxBytes)
	if all := n * Width(t); n > MaxBytes || all > most {
		return sqlerr.New(sqlerr.MemoryLimit, "The arrays and maps made by one function would take %d bytes in one batch; the most is %d.", all, most)
	}
	return nil
}

// lists reports whether values of type t have lists in them.
func lists(t types.Type) bool {
	if s := t.Storage(); s != types.StoreStruct {
		return s == types.StoreList
	}
	for _, f := range t.Children() {
		if lists(f.Type) {
			return true
		}
	}
	return false
}

// Held is Hold for all the lists of v.
func Held(c *Context, v *vec.Vec) error {
	s := v.Type.Storage()
	if s != types.StoreStruct && s != types.StoreList {
		return nil
	}
	for _, k := range v.Kids {
		if s == types.StoreList {
			if err := Hold(c, k.Type, int64(k.Len())); err != nil {
				return err
			}
		}
		if err := Held(c, k); err != nil {
			return err
		}
	}
	return nil
}

package write

import (
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// required reports whether a column that may or may not be NULL itself must
// have no NULL somewhere: in itself, in a field or in an element.
func required(f types.Field) bool {
	if !f.Nullable {
		return true
	}
	for _, c := range f.Type.Children() {
		if required(c) {
			return true
		}
	}
	return false
}

// notNull is the error of a row of sel whose value f does not allow to be
// NULL, at any depth: NOT NULL columns and fields, elements and map values that
// are declared without NULLs. path leads to f.
func notNull(v *vec.Vec, f types.Field, sel []uint16, path string) error {
	some := v.Valid != nil || v.Type.Kind == types.Null
	if some && !f.Nullable {
		for _, i := range sel {
			if v.Null(int(i)) {
				return sqlerr.New(sqlerr.NotNullViolation, "NULL value appeared in non-nullable field: %s.", path).
					WithHint("Declare the column without NOT NULL, or give it a value, as coalesce does.")
			}
		}
	}
	kids := f.Type.Children()
	if len(kids) == 0 || v.Type.Kind == types.Null {
		return nil
	}
	if some {
		alive := make([]uint16, 0, len(sel))
		for _, i := range sel {
			if !v.Null(int(i)) {
				alive = append(alive, i)
			}
		}
		sel = alive
	}
	for k, c := range kids {
		if !required(c) {
			continue
		}
		var err error
		if f.Type.Kind == types.Struct {
			err = notNullField(v, k, c, sel, path)
		} else {
			err = notNullElements(v, k, c, sel, path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func notNullField(v *vec.Vec, k int, c types.Field, sel []uint16, path string) error {
	if v.Enc == vec.Const && len(sel) > 0 {
		sel = sel[:1]
	}
	rows := make([]uint16, len(sel))
	for j, i := range sel {
		rows[j] = uint16(v.Index(int(i)))
	}
	return notNull(v.Base().Kids[k], c, rows, path+".`"+c.Name+"`")
}

// notNullElements checks the elements of lists and maps, a window of rows at a
// time: a child vector may be longer than selections reach.
func notNullElements(v *vec.Vec, k int, c types.Field, sel []uint16, path string) error {
	path += "." + c.Name
	child, lists := v.Base().Kids[k], vec.Data[vec.List](v.Base())
	if child.Valid == nil && len(c.Type.Children()) == 0 && child.Type.Kind != types.Null {
		return nil
	}
	rows := make([]uint16, 0, 64)
	for _, i := range sel {
		l := lists[v.Index(int(i))]
		for lo := int(l.Off) &^ 63; lo < int(l.Off+l.Len); lo += vec.MaxSize {
			var window vec.Vec
			hi := min(lo+vec.MaxSize, child.Len())
			window.Slice(child, lo, hi)
			rows = rows[:0]
			for e := max(lo, int(l.Off)); e < min(hi, int(l.Off+l.Len)); e++ {
				rows = append(rows, uint16(e-lo))
			}
			if err := notNull(&window, c, rows, path); err != nil {
				return err
			}
		}
	}
	return nil
}

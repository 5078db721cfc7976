package cast

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func copyValue(out *vec.Vec, i int, src *vec.Vec, j int) { kernel.CopyRow(out, i, src, j) }

func (c conv) toBinary() build.Maker {
	big := func(n int) func(*build.Context, int64) (string, error) {
		return func(_ *build.Context, x int64) (string, error) {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(x >> (8 * (n - 1 - i)))
			}
			return string(b), nil
		}
	}
	return fromAny[string]{ints: big(c.from.Storage().Width())}.maker(c.from)
}

// toNested converts element by element; a row's children are converted when
// the row is.
func (c conv) toNested() build.Maker {
	return func(*expr.Call) (function.Kernel, error) {
		kids := make([]*element, len(c.to.Children()))
		for i, f := range c.to.Children() {
			from := c.from.Children()[i].Type
			k, err := Kernel(from, f.Type, c.mode)
			if err != nil {
				return nil, err
			}
			kids[i] = &element{kernel: k, in: vec.New(from, 1), out: vec.New(f.Type, 1)}
		}
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			if c.to.Kind == types.Struct {
				src, j := args[0].Base(), args[0].Index(row)
				for f, e := range kids {
					if err := e.convert(x, src.Kids[f], j, out.Kids[f], row); err != nil {
						return err
					}
				}
				return nil
			}
			lo, hi := build.Elements(args[0], row)
			off := 0
			for f, e := range kids {
				off = out.Kids[f].Extend(hi - lo)
				for i := lo; i < hi; i++ {
					if err := e.convert(x, args[0].Base().Kids[f], i, out.Kids[f], off+i-lo); err != nil {
						return err
					}
				}
			}
			vec.Data[vec.List](out)[row] = vec.List{Off: int32(off), Len: int32(hi - lo)}
			return nil
		}), nil
	}
}

// element converts one value at a time through vectors of one row.
type element struct {
	kernel  function.Kernel
	in, out *vec.Vec
}

var first = []uint16{0}

func (e *element) convert(x *build.Context, src *vec.Vec, j int, dst *vec.Vec, i int) error {
	if src.Null(j) {
		if dst.Type.Kind != types.Null {
			kernel.CopyRow(dst, i, vecNull(dst.Type), 0)
		}
		return nil
	}
	e.in.Resize(1)
	e.out.Resize(1)
	kernel.CopyRow(e.in, 0, src, j)
	if err := e.kernel(x, []*vec.Vec{e.in}, first, e.out); err != nil {
		return err
	}
	kernel.CopyRow(dst, i, e.out, 0)
	return nil
}

// vecNull is a vector of one NULL.
func vecNull(t types.Type) *vec.Vec {
	v := (&vec.Vec{Type: t}).SetConst(1)
	v.SetNull(0)
	return v
}

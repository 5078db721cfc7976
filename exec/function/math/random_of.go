package math

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// constant is the error of argument i, called what, not being a constant. Where
// nothing can be folded (see function.Call) the binder has asked before.
func constant(c *function.Call, i int, what, kind string) error {
	if l, err := c.Constant(i); l != nil || err != nil || c.Fold == nil {
		return err
	}
	return build.NonFoldable(c, i, what, kind)
}

// uniform draws doubles; for bounds of other types they are cast to the bounds' common type.
func uniform(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 2, 3); err != nil {
		return nil, err
	}
	for i, what := range []string{"min", "max", "seed"}[:len(c.Args)] {
		k, want := c.Args[i].Type().Kind, `"NUMERIC"`
		ok := k.IsNumeric() || k == types.Null
		if i == 2 {
			ok, want = k.IsInteger() || k == types.Null, `("INT" or "BIGINT")`
		}
		if !ok {
			return nil, build.WrongType(c, i, want)
		}
		if err := constant(c, i, what, want); err != nil {
			return nil, err
		}
	}
	a, b := c.Args[0].Type(), c.Args[1].Type()
	params := []types.Type{f64, f64, i64}[:len(c.Args)]
	if a.Kind == types.Float64 && b.Kind == types.Float64 {
		return &function.Overload{Params: params, Result: f64, Kernel: uniformKernel}, nil
	}
	t, ok := coerce.Common(a, b, c.ANSI)
	switch {
	case !ok:
		return nil, build.DiffTypes(c)
	case a.Kind == types.Decimal && b.Kind.IsInteger(): // the integer is a constant: it counts as what it holds
		t = a
	case b.Kind == types.Decimal && a.Kind.IsInteger():
		t = b
	}
	return &function.Overload{Params: params, Result: t, Rewrite: func(args []expr.Expr) (expr.Expr, error) {
		call := &expr.Call{Func: "uniform", Args: args, T: f64, Null: a.Kind == types.Null || b.Kind == types.Null, Pos: sqlerr.NoPos}
		return &expr.Cast{Arg: call, To: t, Pos: sqlerr.NoPos}, nil
	}}, nil
}

// generator is the generator of a kernel, made when it meets its first row.
type generator struct{ g *xorShift }

func (g *generator) of(c *build.Context, seeds []*vec.Vec, row int) *xorShift {
	if g.g == nil {
		g.g = newXorShift(seed(seeds, row) + int64(c.Partition))
	}
	return g.g
}

func uniformKernel(*expr.Call) (function.Kernel, error) {
	var g generator
	return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
		lo, hi, o := build.ViewOf[float64](args[0]), build.ViewOf[float64](args[1]), vec.Data[float64](out)
		for _, i := range sel {
			a := lo.At(int(i))
			o[i] = a + (hi.At(int(i))-a)*g.of(c, args[2:], int(i)).nextDouble()
		}
		return nil
	}, nil
}

func randomText(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	for i, what := range []string{"length", "seed"}[:len(c.Args)] {
		if k := c.Args[i].Type().Kind; !k.IsInteger() && k != types.Null {
			return nil, build.WrongType(c, i, `("INT" or "SMALLINT")`)
		}
		if err := constant(c, i, what, `"INT" or "SMALLINT"`); err != nil {
			return nil, err
		}
	}
	l, err := c.Constant(0)
	if err != nil {
		return nil, err
	}
	if l == nil {
		l = expr.NullOf(i32)
	}
	if n, ok := l.Value.(int64); ok && (n < 0 || n > math.MaxInt32) {
		return nil, sqlerr.New(sqlerr.ValueOutOfRange, "Cannot resolve \"%s\" due to data type mismatch: The `length` must be between [0, 2147483647] (current value = %d).", function.CallText(c.Name, c.Args), n)
	}
	return &function.Overload{Params: []types.Type{i32, i64}[:len(c.Args)], Result: str, Kernel: func(*expr.Call) (function.Kernel, error) {
		const pool = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		var g generator
		return func(c *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			o := vec.Data[string](out)
			for _, i := range sel {
				size := build.At[int32](args[0], int(i))
				if err := c.Make("randstr", int64(size)); err != nil {
					return err
				}
				b := make([]byte, size)
				for k := range b {
					if k%(1<<16) == 0 {
						if err := c.Stopped(); err != nil {
							return err
						}
					}
					n := g.of(c, args[1:], int(i)).next(32) % int32(len(pool))
					b[k] = pool[max(n, -n)]
				}
				o[i] = string(b)
			}
			return nil
		}, nil
	}}, nil
}

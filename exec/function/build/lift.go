package build

import (
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Context is function.Context, spelled short for the functions of Defs.
type Context = function.Context

// Nullary lifts a function without arguments; it is called for every row.
func Nullary[R vec.Elem](f func(c *Context) (R, error)) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		if err := check(call, storage[R]()); err != nil {
			return nil, err
		}
		return func(c *Context, _ []*vec.Vec, sel []uint16, out *vec.Vec) error {
			o := vec.Data[R](out)
			for _, i := range sel {
				r, err := f(c)
				if err != nil {
					if err = fail(err, out, i); err != nil {
						return err
					}
					continue
				}
				o[i] = r
			}
			return nil
		}, nil
	}
}

// Unary lifts a function that can neither fail nor make NULLs.
func Unary[A, R vec.Elem](f func(a A) R) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		if err := check(call, storage[R](), storage[A]()); err != nil {
			return nil, err
		}
		return func(_ *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			a, o := ViewOf[A](args[0]), vec.Data[R](out)
			for _, i := range sel {
				o[i] = f(a.At(int(i)))
			}
			return nil
		}, nil
	}
}

// UnaryE lifts a function that may return an error, or Null.
func UnaryE[A, R vec.Elem](f func(c *Context, a A) (R, error)) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		if err := check(call, storage[R](), storage[A]()); err != nil {
			return nil, err
		}
		return func(c *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			a, o := ViewOf[A](args[0]), vec.Data[R](out)
			for _, i := range sel {
				if err := c.Stopped(); err != nil {
					return err
				}
				r, err := f(c, a.At(int(i)))
				if err != nil {
					if err = fail(err, out, i); err != nil {
						return err
					}
					continue
				}
				o[i] = r
			}
			return nil
		}, nil
	}
}

// Binary is Unary for two arguments.
func Binary[A, B, R vec.Elem](f func(a A, b B) R) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		if err := check(call, storage[R](), storage[A](), storage[B]()); err != nil {
			return nil, err
		}
		return func(_ *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			a, b, o := ViewOf[A](args[0]), ViewOf[B](args[1]), vec.Data[R](out)
			for _, i := range sel {
				o[i] = f(a.At(int(i)), b.At(int(i)))
			}
			return nil
		}, nil
	}
}

// BinaryE is UnaryE for two arguments.
func BinaryE[A, B, R vec.Elem](f func(c *Context, a A, b B) (R, error)) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		if err := check(call, storage[R](), storage[A](), storage[B]()); err != nil {
			return nil, err
		}
		return func(c *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			a, b, o := ViewOf[A](args[0]), ViewOf[B](args[1]), vec.Data[R](out)
			for _, i := range sel {
				if err := c.Stopped(); err != nil {
					return err
				}
				r, err := f(c, a.At(int(i)), b.At(int(i)))
				if err != nil {
					if err = fail(err, out, i); err != nil {
						return err
					}
					continue
				}
				o[i] = r
			}
			return nil
		}, nil
	}
}

// Ternary is Unary for three arguments.
func Ternary[A, B, C, R vec.Elem](f func(a A, b B, c C) R) Maker {
	return TernaryE(func(_ *Context, a A, b B, c C) (R, error) { return f(a, b, c), nil })
}

// TernaryE is UnaryE for three arguments.
func TernaryE[A, B, C, R vec.Elem](f func(ctx *Context, a A, b B, c C) (R, error)) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		if err := check(call, storage[R](), storage[A](), storage[B](), storage[C]()); err != nil {
			return nil, err
		}
		return func(ctx *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			a, b, c, o := ViewOf[A](args[0]), ViewOf[B](args[1]), ViewOf[C](args[2]), vec.Data[R](out)
			for _, i := range sel {
				if err := ctx.Stopped(); err != nil {
					return err
				}
				r, err := f(ctx, a.At(int(i)), b.At(int(i)), c.At(int(i)))
				if err != nil {
					if err = fail(err, out, i); err != nil {
						return err
					}
					continue
				}
				o[i] = r
			}
			return nil
		}, nil
	}
}

// Variadic lifts a function of any number of arguments of one Go type. The
// slice is reused; f must not keep it.
func Variadic[A, R vec.Elem](f func(c *Context, args []A) (R, error)) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		want := make([]types.Storage, len(call.Args))
		for i := range want {
			want[i] = storage[A]()
		}
		if err := check(call, storage[R](), want...); err != nil {
			return nil, err
		}
		views, vals := make([]View[A], len(call.Args)), make([]A, len(call.Args))
		return func(c *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			for k := range views {
				views[k] = ViewOf[A](args[k])
			}
			o := vec.Data[R](out)
			for _, i := range sel {
				for k := range vals {
					vals[k] = views[k].At(int(i))
				}
				if err := c.Stopped(); err != nil {
					return err
				}
				r, err := f(c, vals)
				if err != nil {
					if err = fail(err, out, i); err != nil {
						return err
					}
					continue
				}
				o[i] = r
			}
			return nil
		}, nil
	}
}

// Rows lifts a function that reads and writes vectors itself, a row at a
// time: args[k].Null(row), ViewOf, Elements; out is flat. Returning Null makes
// the row NULL. For functions on nested types and odd signatures. A batch whose
// lists take more than MaxBytes is refused at the row that is too much: f only has to
// ask Hold first if one row can be much larger than its arguments.
func Rows(f func(c *Context, args []*vec.Vec, row int, out *vec.Vec) error) Maker {
	return func(*expr.Call) (function.Kernel, error) {
		return func(c *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			grows := lists(out.Type)
			for _, i := range sel {
				if err := c.Stopped(); err != nil {
					return err
				}
				if err := f(c, args, int(i), out); err != nil {
					if err = fail(err, out, i); err != nil {
						return err
					}
				}
				if grows {
					if err := Held(c, out); err != nil {
						return err
					}
				}
			}
			return nil
		}, nil
	}
}

// Datums lifts a function of boxed values (see types.Datum): the slow door,
// for rare functions on any types. A nil result is NULL.
func Datums(f func(c *Context, args []types.Datum) (types.Datum, error)) Maker {
	return func(call *expr.Call) (function.Kernel, error) {
		vals := make([]types.Datum, len(call.Args))
		return Loop(func(c *Context, args []*vec.Vec, row int, out *vec.Vec) error {
			for k, a := range args {
				vals[k] = a.Get(row)
			}
			r, err := f(c, vals)
			if err != nil {
				return err
			}
			out.Put(row, r)
			return nil
		}), nil
	}
}

// Loop is Rows for makers that look at the call first: it makes the kernel at once.
func Loop(f func(c *Context, args []*vec.Vec, row int, out *vec.Vec) error) function.Kernel {
	k, _ := Rows(f)(nil)
	return k
}

// fail turns Null into a NULL row and passes other errors on.
func fail(err error, out *vec.Vec, row uint16) error {
	if err == Null {
		out.SetNull(int(row))
		return nil
	}
	return err
}

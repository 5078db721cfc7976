package nested

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// floats reads an array of FLOAT; ok is false if it holds NULLs.
func floats(v *vec.Vec, row int) (xs []float32, ok bool) {
	l := listAt(v, row)
	for k := l.lo; k < l.hi; k++ {
		if l.elem().Null(k) {
			return nil, false
		}
		xs = append(xs, vec.Data[float32](l.elem().Base())[l.elem().Index(k)])
	}
	return xs, true
}

func floatArray(c *function.Call, i int) error {
	if t := c.Args[i].Type(); t.Kind != types.Array || t.Elem().Kind != types.Float32 {
		return build.WrongType(c, i, `"ARRAY<FLOAT>"`)
	}
	return nil
}

// vectors are the functions on vectors of FLOAT. Sums run in single precision, as the result is.
func vectors() []function.Def {
	f32 := types.Float32Type
	pair := func(f func(a, b []float32) (float32, bool)) build.Resolver {
		return arity(2, 2, func(c *function.Call) (*function.Overload, error) {
			for i := range c.Args {
				if err := floatArray(c, i); err != nil {
					return nil, err
				}
			}
			name := c.Name
			return over(f32, build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				a, ok := floats(args[0], row)
				b, ok2 := floats(args[1], row)
				if na, nb := listAt(args[0], row).len(), listAt(args[1], row).len(); na != nb {
					return sqlerr.New(sqlerr.VectorDimension, "Vectors passed to `%s` must have the same dimension, but got %d and %d.", name, na, nb)
				}
				if !ok || !ok2 {
					return build.Null
				}
				r, ok := f(a, b)
				if !ok {
					return build.Null
				}
				vec.Data[float32](out)[row] = r
				return nil
			}), c.Args[0].Type(), c.Args[1].Type()), nil
		})
	}
	return []function.Def{
		def("vector_inner_product", "array1, array2", "Returns the inner product of two vectors of FLOAT.", pair(func(a, b []float32) (float32, bool) { return dot(a, b), true }),
			ex("SELECT vector_inner_product(array(1.0F, 2.0F, 3.0F), array(4.0F, 5.0F, 6.0F))", "32.0")),
		def("vector_l2_distance", "array1, array2", "Returns the Euclidean distance of two vectors of FLOAT.", pair(func(a, b []float32) (float32, bool) {
			sum := float32(0)
			for i := range a {
				d := a[i] - b[i]
				sum += d * d
			}
			return float32(math.Sqrt(float64(sum))), true
		}), ex("SELECT vector_l2_distance(array(1.0F, 2.0F, 3.0F), array(4.0F, 5.0F, 6.0F))", "5.196152")),
		def("vector_cosine_similarity", "array1, array2", "Returns the cosine of the angle of two vectors of FLOAT; NULL if one has no length.", pair(func(a, b []float32) (float32, bool) {
			d := float32(math.Sqrt(float64(dot(a, a)) * float64(dot(b, b))))
			if d == 0 {
				return 0, false
			}
			return dot(a, b) / d, true
		}), ex("SELECT vector_cosine_similarity(array(1.0F, 0.0F), array(1.0F, 0.0F))", "1.0")),
		def("vector_norm", "array[, degree]", "Returns the norm of a vector of FLOAT, of degree 1.0, 2.0 (the default) or infinity.", normed(f32, func(out *vec.Vec, row int, _ []float32, n float32) error {
			vec.Data[float32](out)[row] = n
			return nil
		}), ex("SELECT vector_norm(array(3.0F, 4.0F))", "5.0"), ex("SELECT vector_norm(array(3.0F, 4.0F), float('inf'))", "4.0")),
		def("vector_normalize", "array[, degree]", "Returns a vector of FLOAT divided by its norm; NULL if that is zero.", normed(types.ArrayType(f32, true), func(out *vec.Vec, row int, xs []float32, n float32) error {
			if n == 0 && len(xs) > 0 {
				return build.Null
			}
			kid := out.Kids[0]
			off := kid.Extend(len(xs))
			for i, x := range xs {
				vec.Data[float32](kid)[off+i] = x / n
			}
			vec.Data[vec.List](out)[row] = vec.List{Off: int32(off), Len: int32(len(xs))}
			return nil
		}), ex("SELECT vector_normalize(array(3.0F, 4.0F))", "[0.6,0.8]")),
	}
}

// normed resolves functions of a vector and its norm.
func normed(result types.Type, put func(out *vec.Vec, row int, xs []float32, norm float32) error) build.Resolver {
	return arity(1, 2, func(c *function.Call) (*function.Overload, error) {
		if err := floatArray(c, 0); err != nil {
			return nil, err
		}
		params := []types.Type{c.Args[0].Type()}
		if len(c.Args) > 1 {
			if _, ok := build.Param(c.Args[1].Type(), types.Float32Type, c.ANSI); !ok {
				return nil, build.WrongType(c, 1, `"FLOAT"`)
			}
			params = append(params, types.Float32Type)
		}
		name := c.Name
		return over(result, build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			degree := float32(2)
			if len(args) > 1 {
				degree = build.At[float32](args[1], row)
			}
			xs, ok := floats(args[0], row)
			n := float64(0)
			switch {
			case degree == 2:
				n = math.Sqrt(float64(dot(xs, xs)))
			case degree == 1:
				sum := float32(0)
				for _, x := range xs {
					sum += float32(math.Abs(float64(x)))
				}
				n = float64(sum)
			case math.IsInf(float64(degree), 1):
				for _, x := range xs {
					n = max(n, math.Abs(float64(x)))
				}
			default:
				return sqlerr.New(sqlerr.VectorNormDegree, "For the `%s` function, degree must be 1.0, 2.0, or float('inf'), but got %v.", name, degree)
			}
			if !ok {
				return build.Null
			}
			return put(out, row, xs, float32(n))
		}), params...), nil
	})
}

func dot(a, b []float32) float32 {
	sum := float32(0)
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

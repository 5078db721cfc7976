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
	}
}

func dot(a, b []float32) float32 {
	sum := float32(0)
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

package nested

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/function/coerce"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// setOf resolves a function of n arrays of one type to an array; f appends to
// kid the elements of the result.
func setOf(n int, f func(s *seen, args []*vec.Vec, row int, kid *vec.Vec)) build.Resolver {
	return arity(n, n, func(c *function.Call) (*function.Overload, error) {
		t, err := commonArray(c)
		if err != nil {
			return nil, err
		}
		params := slices.Repeat([]types.Type{t}, n)
		return over(t, func(*expr.Call) (function.Kernel, error) {
			s := newSeen()
			return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				off := out.Kids[0].Len()
				s.reset()
				f(s, args, row, out.Kids[0])
				setList(out, row, off)
				return nil
			}), nil
		}, params...), nil
	})
}

// commonArray is the array type all arguments are cast to.
func commonArray(c *function.Call) (types.Type, error) {
	t, err := arrayArg(c, 0)
	if err != nil {
		if len(c.Args) > 1 {
			return t, diffArrays(c)
		}
		return t, err
	}
	for i := 1; i < len(c.Args); i++ {
		u, err := arrayArg(c, i)
		if err != nil {
			return t, diffArrays(c)
		}
		e, ok := coerce.Common(t.Elem(), u.Elem(), c.ANSI)
		a, b := t.Elem().Kind, u.Elem().Kind
		if !ok || a != b && a != types.Null && b != types.Null && (a == types.String || b == types.String) { // no text is read as another type
			return t, diffArrays(c)
		}
		t = types.ArrayType(e, nullable(t) || nullable(u))
	}
	return t, nil
}

func diffArrays(c *function.Call) error {
	return sqlerr.New(sqlerr.BinaryArrayDiffTypes, "Cannot resolve \"%s\" due to data type mismatch: Input to function `%s` should have been two \"ARRAY\" with same element type, but it's [\"%s\", \"%s\"].",
		function.CallText(c.Name, c.Args), c.Name, c.Args[0].Type().SQL(), c.Args[1].Type().SQL())
}

// addNew appends the elements of a row of v that s has not seen.
func addNew(s *seen, v *vec.Vec, row int, kid *vec.Vec, keep func(e *vec.Vec, k int) bool) {
	l := listAt(v, row)
	for k := l.lo; k < l.hi; k++ {
		if keep != nil && !keep(l.elem(), k) {
			continue
		}
		if _, fresh := s.add(l.elem(), k, 1); fresh {
			kernel.CopyRow(kid, kid.Extend(1), l.elem(), k)
		}
	}
}

func sets() []function.Def {
	intersect := func(s *seen, args []*vec.Vec, row int, kid *vec.Vec) {
		other := newSeen()
		l := listAt(args[1], row)
		for k := l.lo; k < l.hi; k++ {
			other.add(l.elem(), k, 0)
		}
		addNew(s, args[0], row, kid, func(e *vec.Vec, k int) bool { _, ok := other.find(e, k); return ok })
	}
	except := func(s *seen, args []*vec.Vec, row int, kid *vec.Vec) {
		l := listAt(args[1], row)
		for k := l.lo; k < l.hi; k++ {
			s.add(l.elem(), k, 0)
		}
		addNew(s, args[0], row, kid, nil)
	}
	return []function.Def{
		def("array_distinct", "array", "Returns the elements without those that came before.", setOf(1, func(s *seen, args []*vec.Vec, row int, kid *vec.Vec) { addNew(s, args[0], row, kid, nil) }),
			ex("SELECT array_distinct(array(1, 2, 3, NULL, 3))", "[1,2,3,null]")),
		def("array_union", "array1, array2", "Returns the elements of either array, each once.", setOf(2, func(s *seen, args []*vec.Vec, row int, kid *vec.Vec) {
			addNew(s, args[0], row, kid, nil)
			addNew(s, args[1], row, kid, nil)
		}), ex("SELECT array_union(array(1, 2, 3), array(1, 3, 5))", "[1,2,3,5]")),
		def("array_intersect", "array1, array2", "Returns the elements that both arrays have, each once.", setOf(2, intersect), ex("SELECT array_intersect(array(1, 2, 3), array(1, 3, 5))", "[1,3]")),
		def("array_except", "array1, array2", "Returns the elements of array1 that array2 has not, each once.", setOf(2, except), ex("SELECT array_except(array(1, 2, 3), array(1, 3, 5))", "[2]")),
		def("arrays_overlap", "a1, a2", "Returns whether the arrays have an element in common; NULL if they have not but one has NULLs.", arity(2, 2, overlap),
			ex("SELECT arrays_overlap(array(1, 2, 3), array(3, 4, 5))", "true")),
	}
}

func overlap(c *function.Call) (*function.Overload, error) {
	t, err := commonArray(c)
	if err != nil {
		return nil, err
	}
	return over(flag, func(*expr.Call) (function.Kernel, error) {
		s := newSeen()
		return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			s.reset()
			a, b := listAt(args[0], row), listAt(args[1], row)
			null := false
			for k := a.lo; k < a.hi; k++ {
				null = null || a.elem().Null(k)
				if !a.elem().Null(k) {
					s.add(a.elem(), k, 0)
				}
			}
			vec.Data[bool](out)[row] = false
			for k := b.lo; k < b.hi; k++ {
				if b.elem().Null(k) {
					null = true
				} else if _, ok := s.find(b.elem(), k); ok {
					vec.Data[bool](out)[row] = true
					return nil
				}
			}
			if null && a.len() > 0 && b.len() > 0 {
				return build.Null
			}
			return nil
		}), nil
	}, t, t), nil
}

func orderable(c *function.Call, t types.Type) error {
	if hasMap(t) {
		return sqlerr.New(sqlerr.InvalidOrderingType, "Cannot resolve \"%s\" due to data type mismatch: The `%s` does not support ordering on type \"%s\".", function.CallText(c.Name, c.Args), c.Name, t.SQL())
	}
	return nil
}

func orders() []function.Def {
	extreme := func(sign int) build.Resolver {
		return arity(1, 1, func(c *function.Call) (*function.Overload, error) {
			t, err := arrayArg(c, 0)
			if err != nil {
				return nil, err
			}
			if err := orderable(c, t.Elem()); err != nil {
				return nil, err
			}
			return over(t.Elem(), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
				l, best := listAt(args[0], row), -1
				order := kernel.Orders(l.elem(), l.elem())
				for k := l.lo; k < l.hi; k++ {
					if !l.elem().Null(k) && (best < 0 || order(k, best)*sign > 0) {
						best = k
					}
				}
				if best < 0 {
					return build.Null
				}
				kernel.CopyRow(out, row, l.elem(), best)
				return nil
			}), t), nil
		})
	}
	return []function.Def{
		def("array_max", "array", "Returns the greatest element, NULLs left out.", extreme(1), ex("SELECT array_max(array(1, 20, NULL, 3))", "20")),
		def("array_min", "array", "Returns the least element, NULLs left out.", extreme(-1), ex("SELECT array_min(array(1, 20, NULL, 3))", "1")),
		def("sort_array", "array[, ascendingOrder]", "Returns the elements in order, NULLs first, or last if ascendingOrder is false.", sortArray,
			ex("SELECT sort_array(array('b', 'd', NULL, 'c', 'a'), true)", `[null,"a","b","c","d"]`)),
	}
}

// sorted appends a row's elements in order; nulls is -1 for NULLs first and 1 for last.
func sorted(c *build.Context, args []*vec.Vec, row int, out *vec.Vec, sign, nulls int, idx []int) ([]int, error) {
	l, kid := listAt(args[0], row), out.Kids[0]
	order := kernel.Orders(l.elem(), l.elem())
	idx = idx[:0]
	for k := l.lo; k < l.hi; k++ {
		idx = append(idx, k)
	}
	compared := 0
	var stopped error
	slices.SortStableFunc(idx, func(i, j int) int {
		if compared++; compared%stopEvery == 0 && stopped == nil {
			stopped = c.Stopped()
		}
		if stopped != nil {
			return 0 // the order does not matter any more
		}
		in, jn := l.elem().Null(i), l.elem().Null(j)
		if in || jn {
			if in && jn {
				return 0
			}
			if in {
				return nulls
			}
			return -nulls
		}
		return order(i, j) * sign
	})
	if stopped != nil {
		return idx, stopped
	}
	off := kid.Extend(len(idx))
	for k, i := range idx {
		kernel.CopyRow(kid, off+k, l.elem(), i)
	}
	setList(out, row, off)
	return idx, nil
}

func sortArray(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	if err := orderable(c, t.Elem()); err != nil {
		return nil, err
	}
	params := []types.Type{t}
	if len(c.Args) == 2 {
		if k := c.Args[1].Type().Kind; k != types.Bool && k != types.Null {
			return nil, build.WrongType(c, 1, `"BOOLEAN"`)
		}
		params = append(params, flag)
	}
	return over(t, func(*expr.Call) (function.Kernel, error) {
		var idx []int
		return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) (err error) {
			sign := 1
			if len(args) == 2 && !boolAt(args[1], row) {
				sign = -1
			}
			idx, err = sorted(c, args, row, out, sign, -sign, idx)
			return err
		}), nil
	}, params...), nil
}

package nested

import (
	"slices"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/kernel"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func sorts() []function.Def {
	return []function.Def{
		def("array_sort", "expr[, func]", "Returns the elements in order, NULLs last, or ordered by func(left, right), which is negative, 0 or positive as left comes before, with or after right.", lifting(arraySort, 1),
			ex("SELECT array_sort(array('b', 'd', NULL, 'c', 'a'))", `["a","b","c","d",null]`),
			ex("SELECT array_sort(array(5, 6, 1), (left, right) -> CASE WHEN left < right THEN -1 WHEN left > right THEN 1 ELSE 0 END)", "[1,5,6]")),
	}
}

func arraySort(c *function.Call) (*function.Overload, error) {
	if err := build.Arity(c, 1, 2); err != nil {
		return nil, err
	}
	t, err := arrayArg(c, 0)
	if err != nil {
		return nil, err
	}
	if len(c.Args) == 1 {
		if err := orderable(c, t.Elem()); err != nil {
			return nil, err
		}
		return over(t, func(*expr.Call) (function.Kernel, error) {
			var idx []int
			return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) (err error) {
				idx, err = sorted(c, args, row, out, 1, 1, idx)
				return err
			}), nil
		}, t), nil
	}
	l, err := lambdaAt(c, 1)
	if err != nil {
		return nil, err
	}
	if n := len(l.Params); n == 1 {
		return nil, sqlerr.New(sqlerr.InvalidLambdaArgs, "A higher order function expects 2 arguments, but got %d.", n)
	}
	if r := l.Type(); r.Kind != types.Int32 && !(r.Kind == types.Null && len(l.Params) > 0) {
		return nil, sqlerr.New(sqlerr.UnexpectedReturnType, "Cannot resolve \"%s\" due to data type mismatch: The `lambdafunction` requires return \"INT\" type, but the actual is \"%s\" type.",
			function.CallText(c.Name, c.Args), r.SQL())
	}
	return higher(c, t, []types.Type{t, {}}, func(int) []types.Field {
		return []types.Field{field("left", t.Elem(), nullable(t)), field("right", t.Elem(), nullable(t))}
	}, func(_ *expr.Call, ls []function.Lambda) (function.Kernel, error) {
		s := &comparer{lambda: ls[1], l: &vec.Vec{Type: t.Elem()}, r: &vec.Vec{Type: t.Elem()}, rows: make([]uint16, 1)}
		return build.Loop(s.sort), nil
	}), nil
}

// comparer sorts by a lambda, which runs for a pair of elements at a time.
type comparer struct {
	lambda function.Lambda
	l, r   *vec.Vec
	rows   []uint16
	err    error
}

func (s *comparer) sort(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
	l, kid := listAt(args[0], row), out.Kids[0]
	idx := make([]int, l.len())
	for k := range idx {
		idx[k] = l.lo + k
	}
	s.err = nil
	s.rows[0] = uint16(row)
	slices.SortStableFunc(idx, func(i, j int) int { return s.compare(c, l.elem(), i, j) })
	if s.err != nil {
		return s.err
	}
	off := kid.Extend(len(idx))
	for k, i := range idx {
		kernel.CopyRow(kid, off+k, l.elem(), i)
	}
	setList(out, row, off)
	return nil
}

func (s *comparer) compare(c *build.Context, v *vec.Vec, i, j int) int {
	if s.err == nil {
		s.err = c.Stopped()
	}
	if s.err != nil {
		return 0
	}
	s.l.Resize(0)
	s.r.Resize(0)
	kernel.Append(s.l, v, i, 1)
	kernel.Append(s.r, v, j, 1)
	r, err := s.lambda.Eval([]*vec.Vec{s.l, s.r}, s.rows)
	switch {
	case err != nil:
		s.err = err
	case r.Null(0):
		s.err = sqlerr.New(sqlerr.ComparatorNull, "The comparator has returned a NULL for a comparison between %s and %s. It should return a positive integer for \"greater than\", 0 for \"equal\" and a negative integer for \"less than\".", showOrNull(v, i), showOrNull(v, j)).
			WithHint("To revert to deprecated behavior where NULL is treated as 0 (equal), you must set \"spark.sql.legacy.allowNullComparisonResultInArraySort\" to \"true\".")
	default:
		return int(intAt(r, 0))
	}
	return 0
}

func showOrNull(v *vec.Vec, i int) string {
	if v.Null(i) {
		return "null"
	}
	return show(v, i)
}

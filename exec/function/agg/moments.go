package agg

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// moments are the count, mean and central moments of a column, updated value
// by value and merged by the formulas of Chan et al., in the order of
// operations that Spark uses, so that the last digits agree.
type moments struct{ n, avg, m2, m3, m4 float64 }

func (s *moments) add(x float64, order int) {
	n := s.n + 1
	delta := x - s.avg
	deltaN := delta / n
	m2 := s.m2 + delta*(delta-deltaN)
	if order > 2 {
		delta2, deltaN2 := delta*delta, deltaN*deltaN
		m3 := s.m3 - 3*deltaN*m2 + delta*(delta2-deltaN2)
		if order > 3 {
			s.m4 = s.m4 - 4*deltaN*m3 - 6*deltaN2*m2 + delta*(delta*delta2-deltaN*deltaN2)
		}
		s.m3 = m3
	}
	s.n, s.avg, s.m2 = n, s.avg+deltaN, m2
}

func (s *moments) merge(t *moments) {
	if t.n == 0 {
		return
	}
	n1, n2 := s.n, t.n
	n := n1 + n2
	delta := t.avg - s.avg
	deltaN := delta / n
	m2 := s.m2 + t.m2 + delta*deltaN*n1*n2
	m3 := s.m3 + t.m3 + deltaN*deltaN*delta*n1*n2*(n1-n2) + 3*deltaN*(n1*t.m2-n2*s.m2)
	m4 := s.m4 + t.m4 + deltaN*deltaN*deltaN*delta*n1*n2*(n1*n1-n1*n2+n2*n2) +
		6*deltaN*deltaN*(n1*n1*t.m2+n2*n2*s.m2) + 4*deltaN*(n1*t.m3-n2*s.m3)
	s.avg += deltaN * n2
	s.n, s.m2, s.m3, s.m4 = n, m2, m3, m4
}

func momentDefs() []function.Def {
	def := func(name string, aliases []string, doc, example, want string, order int, f func(s *moments) (float64, bool)) function.Def {
		return function.Def{Name: name, Aliases: aliases, Args: "expr", Doc: doc, Examples: ex(example, want), Resolve: momentOf(order, f)}
	}
	samp := func(s *moments) (float64, bool) { return s.m2 / (s.n - 1), s.n > 1 }
	pop := func(s *moments) (float64, bool) { return s.m2 / s.n, true }
	root := func(f func(s *moments) (float64, bool)) func(s *moments) (float64, bool) {
		return func(s *moments) (float64, bool) { v, ok := f(s); return math.Sqrt(v), ok }
	}
	const (
		rows = " FROM VALUES (1), (2), (3) AS t(a)"
		in   = "(a)" + rows
	)
	return []function.Def{
		def("var_samp", []string{"variance"}, "Returns the sample variance; NULL for less than two values.", "SELECT var_samp"+in, "1.0", 2, samp),
		def("var_pop", nil, "Returns the population variance.", "SELECT round(var_pop(a), 6)"+rows, "0.666667", 2, pop),
		def("stddev_samp", []string{"stddev", "std"}, "Returns the sample standard deviation; NULL for less than two values.", "SELECT stddev_samp"+in, "1.0", 2, root(samp)),
		def("stddev_pop", nil, "Returns the population standard deviation.", "SELECT round(stddev_pop(a), 6)"+rows, "0.816497", 2, root(pop)),
		def("skewness", nil, "Returns the skewness; NULL where all values are equal.", "SELECT round(skewness(a), 6) FROM VALUES (-10), (-20), (100), (1000) AS t(a)", "1.113566", 3, func(s *moments) (float64, bool) {
			return math.Sqrt(s.n) * s.m3 / math.Sqrt(s.m2*s.m2*s.m2), s.m2 != 0
		}),
		def("kurtosis", nil, "Returns the excess kurtosis; NULL where all values are equal.", "SELECT round(kurtosis(a), 6) FROM VALUES (-10), (-20), (100), (1000) AS t(a)", "-0.701437", 4, func(s *moments) (float64, bool) {
			return s.n*s.m4/(s.m2*s.m2) - 3, s.m2 != 0
		}),
	}
}

func momentOf(order int, f func(s *moments) (float64, bool)) build.Resolver {
	return of(build.Fixed(types.Float64Type, types.Float64Type), false, func([]types.Type, types.Type) maker {
		return func(*expr.Agg) (function.Accumulator, error) {
			return &slotAcc[moments]{
				bind: func(args []*vec.Vec) func(s *moments, row int) {
					v := build.ViewOf[float64](args[0])
					return func(s *moments, row int) { s.add(v.At(row), order) }
				},
				merge: func(dst, src *moments) { dst.merge(src) },
				final: func(_ *function.Context, s *moments, out *vec.Vec, i int) error {
					putFloat(out, i, s.n > 0, func() (float64, bool) { return f(s) })
					return nil
				},
			}, nil
		}
	})
}

// putFloat stores f's value, or NULL if there are no rows or f has none.
func putFloat(out *vec.Vec, i int, rows bool, f func() (float64, bool)) {
	if rows {
		if v, ok := f(); ok {
			vec.Data[float64](out)[i] = v
			return
		}
	}
	out.SetNull(i)
}

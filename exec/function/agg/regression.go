package agg

import (
	"math"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// pairs are the moments of two columns over the rows where both have values.
// The sum of products is kept in three forms that differ in their rounding
// only, as Spark's covariance, covariance of the swapped columns (regr_slope) and
// correlation do.
type pairs struct{ n, x, y, xy, yx, cxy, xx, yy float64 }

func (s *pairs) add(x, y float64) {
	n := s.n + 1
	dx, dy := x-s.x, y-s.y
	dxN, dyN := dx/n, dy/n
	newX, newY := s.x+dxN, s.y+dyN
	s.xy += dx * (y - newY)
	s.yx += dy * (x - newX)
	s.cxy += dx * (dy - dyN)
	s.xx += dx * (dx - dxN)
	s.yy += dy * (dy - dyN)
	s.n, s.x, s.y = n, newX, newY
}

func (s *pairs) merge(t *pairs) {
	if t.n == 0 {
		return
	}
	n := s.n + t.n
	dx, dy := t.x-s.x, t.y-s.y
	dxN, dyN := dx/n, dy/n
	s.xy += t.xy + dx*dyN*s.n*t.n
	s.yx += t.yx + dy*dxN*s.n*t.n
	s.cxy += t.cxy + dx*dyN*s.n*t.n
	s.xx += t.xx + dx*dxN*s.n*t.n
	s.yy += t.yy + dy*dyN*s.n*t.n
	s.x += dxN * t.n
	s.y += dyN * t.n
	s.n = n
}

func regressionDefs() []function.Def {
	def := func(name, args, doc, example, want string, result types.Type, f func(s *pairs) (float64, bool)) function.Def {
		return function.Def{Name: name, Args: args, Doc: doc, Examples: ex(example, want), Resolve: pairOf(result, f)}
	}
	const t = " FROM VALUES (1, 2), (2, 2), (2, 3), (2, 4) AS t(y, x)"
	d := types.Float64Type
	return []function.Def{
		def("covar_pop", "expr1, expr2", "Returns the population covariance.", "SELECT round(covar_pop(a, b), 6) FROM VALUES (1, 1), (2, 2), (3, 3) AS t(a, b)", "0.666667", d,
			func(s *pairs) (float64, bool) { return s.xy / s.n, true }),
		def("covar_samp", "expr1, expr2", "Returns the sample covariance; NULL for less than two rows.", "SELECT covar_samp(a, b) FROM VALUES (1, 1), (2, 2), (3, 3) AS t(a, b)", "1.0", d,
			func(s *pairs) (float64, bool) { return s.xy / (s.n - 1), s.n > 1 }),
		def("corr", "expr1, expr2", "Returns Pearson's correlation coefficient.", "SELECT round(corr(a, b), 6) FROM VALUES (3, 2), (3, 3), (6, 4) AS t(a, b)", "0.866025", d,
			func(s *pairs) (float64, bool) { return s.cxy / math.Sqrt(s.xx*s.yy), s.n > 1 }),
		def("regr_count", "y, x", "Returns the number of rows in which both are not NULL.", "SELECT regr_count(y, x)"+t, "4", types.Int64Type,
			func(s *pairs) (float64, bool) { return s.n, true }),
		def("regr_avgx", "y, x", "Returns the mean of x over the rows in which both are not NULL.", "SELECT round(regr_avgx(y, x), 6)"+t, "2.75", d,
			func(s *pairs) (float64, bool) { return s.y, true }),
		def("regr_avgy", "y, x", "Returns the mean of y over the rows in which both are not NULL.", "SELECT round(regr_avgy(y, x), 6)"+t, "1.75", d,
			func(s *pairs) (float64, bool) { return s.x, true }),
		def("regr_sxx", "y, x", "Returns the sum of squared deviations of x.", "SELECT round(regr_sxx(y, x), 6)"+t, "2.75", d,
			func(s *pairs) (float64, bool) { return s.yy, true }),
		def("regr_syy", "y, x", "Returns the sum of squared deviations of y.", "SELECT round(regr_syy(y, x), 6)"+t, "0.75", d,
			func(s *pairs) (float64, bool) { return s.xx, true }),
		def("regr_sxy", "y, x", "Returns the sum of products of the deviations.", "SELECT round(regr_sxy(y, x), 6)"+t, "0.75", d,
			func(s *pairs) (float64, bool) { return s.xy, true }),
		def("regr_slope", "y, x", "Returns the slope of the regression line.", "SELECT round(regr_slope(y, x), 6)"+t, "0.272727", d,
			func(s *pairs) (float64, bool) { return s.yx / s.yy, s.yy != 0 }),
		def("regr_intercept", "y, x", "Returns the intercept of the regression line.", "SELECT round(regr_intercept(y, x), 6)"+t, "1.0", d,
			func(s *pairs) (float64, bool) { return s.x - s.yx/s.yy*s.y, s.yy != 0 }),
		def("regr_r2", "y, x", "Returns the coefficient of determination.", "SELECT round(regr_r2(y, x), 6)"+t, "0.272727", d, func(s *pairs) (float64, bool) {
			if s.xx == 0 {
				return 1, s.yy != 0
			}
			r := s.cxy / math.Sqrt(s.xx*s.yy)
			return r * r, s.yy != 0
		}),
	}
}

// pairOf is an aggregate of two doubles; the first is y in regressions and x here.
func pairOf(result types.Type, f func(s *pairs) (float64, bool)) build.Resolver {
	count := result.Kind == types.Int64
	return of(build.Fixed(result, types.Float64Type, types.Float64Type), count, func([]types.Type, types.Type) maker {
		return func(*expr.Agg) (function.Accumulator, error) {
			return &slotAcc[pairs]{
				bind: func(args []*vec.Vec) func(s *pairs, row int) {
					a, b := build.ViewOf[float64](args[0]), build.ViewOf[float64](args[1])
					return func(s *pairs, row int) { s.add(a.At(row), b.At(row)) }
				},
				merge: func(dst, src *pairs) { dst.merge(src) },
				final: func(_ *function.Context, s *pairs, out *vec.Vec, i int) error {
					if count {
						vec.Data[int64](out)[i] = int64(s.n)
						return nil
					}
					putFloat(out, i, s.n > 0, func() (float64, bool) { return f(s) })
					return nil
				},
			}, nil
		}
	})
}

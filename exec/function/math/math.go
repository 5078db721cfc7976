// Package math defines the functions on numbers: rounding, powers and
// logarithms, trigonometry, random numbers, number systems. Arithmetic operators
// are in package arith, bit and hash functions in package bits.
package math

import (
	"math"
	"math/big"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

var (
	i32 = types.Int32Type
	i64 = types.Int64Type
	f64 = types.Float64Type
	str = types.StringType
)

// Defs lists the family.
func Defs() []function.Def {
	var out []function.Def
	for _, part := range [][]function.Def{rounding(), floats(), constants(), numbers(), random()} {
		out = append(out, part...)
	}
	return out
}

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "math", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func also(d function.Def, aliases ...string) function.Def {
	d.Aliases = aliases
	return d
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

func one(f func(float64) float64) build.Resolver {
	return build.Func(build.Fixed(f64, f64), build.Unary(f))
}

// logOf is NULL outside the domain, as in Spark.
func logOf(f func(float64) float64, least float64) build.Resolver {
	return build.Func(build.Fixed(f64, f64), build.UnaryE(func(_ *build.Context, x float64) (float64, error) {
		if x <= least {
			return 0, build.Null
		}
		return f(x), nil
	}), build.NullOut)
}

func two(f func(a, b float64) float64) build.Resolver {
	return build.Func(build.Fixed(f64, f64, f64), build.Binary(f))
}

func floats() []function.Def {
	return []function.Def{
		def("sqrt", "expr", "Returns the square root, NaN for negative numbers.", one(math.Sqrt), ex("SELECT sqrt(4)", "2.0")),
		def("cbrt", "expr", "Returns the cube root.", one(math.Cbrt), ex("SELECT cbrt(27.0)", "3.0")),
		def("exp", "expr", "Returns e to the power of expr.", one(math.Exp), ex("SELECT exp(0)", "1.0")),
		def("expm1", "expr", "Returns exp(expr) - 1, precise for small numbers.", one(math.Expm1), ex("SELECT expm1(0)", "0.0")),
		def("ln", "expr", "Returns the natural logarithm, NULL for numbers that are not positive.", logOf(math.Log, 0), ex("SELECT ln(1)", "0.0")),
		def("log", "[base, ]expr", "Returns the logarithm to a base (e), NULL for numbers that are not positive.", logBase, ex("SELECT log(10, 100)", "2.0")),
		def("log10", "expr", "Returns the logarithm to base 10, NULL for numbers that are not positive.", logOf(math.Log10, 0), ex("SELECT log10(10)", "1.0")),
		def("log2", "expr", "Returns the logarithm to base 2, NULL for numbers that are not positive.", logOf(math.Log2, 0), ex("SELECT log2(2)", "1.0")),
		def("log1p", "expr", "Returns ln(1 + expr), NULL if expr is not over -1.", logOf(math.Log1p, -1), ex("SELECT log1p(0)", "0.0")),
		also(def("pow", "base, exp", "Returns base to the power of exp.", two(math.Pow), ex("SELECT pow(2, 3)", "8.0")), "power"),
		def("hypot", "a, b", "Returns the square root of a² + b².", two(math.Hypot), ex("SELECT hypot(3, 4)", "5.0")),
		def("sin", "expr", "Returns the sine of an angle in radians.", one(math.Sin), ex("SELECT sin(0)", "0.0")),
		def("cos", "expr", "Returns the cosine of an angle in radians.", one(math.Cos), ex("SELECT cos(0)", "1.0")),
		def("tan", "expr", "Returns the tangent of an angle in radians.", one(math.Tan), ex("SELECT tan(0)", "0.0")),
		def("cot", "expr", "Returns the cotangent of an angle in radians.", one(func(x float64) float64 { return 1 / math.Tan(x) }), ex("SELECT round(cot(1), 6)", "0.642093")),
		def("sec", "expr", "Returns the secant of an angle in radians.", one(func(x float64) float64 { return 1 / math.Cos(x) }), ex("SELECT sec(0)", "1.0")),
		def("csc", "expr", "Returns the cosecant of an angle in radians.", one(func(x float64) float64 { return 1 / math.Sin(x) }), ex("SELECT round(csc(1), 6)", "1.188395")),
		def("asin", "expr", "Returns the arc sine, NaN outside [-1, 1].", one(math.Asin), ex("SELECT asin(0)", "0.0")),
		def("acos", "expr", "Returns the arc cosine, NaN outside [-1, 1].", one(math.Acos), ex("SELECT acos(1)", "0.0")),
		def("atan", "expr", "Returns the arc tangent.", one(math.Atan), ex("SELECT atan(0)", "0.0")),
		def("atan2", "y, x", "Returns the angle in radians between the positive x axis and the point (x, y).", two(func(y, x float64) float64 { return math.Atan2(y+0.0, x+0.0) }), ex("SELECT atan2(0, 1)", "0.0")),
		def("sinh", "expr", "Returns the hyperbolic sine.", one(math.Sinh), ex("SELECT sinh(0)", "0.0")),
		def("cosh", "expr", "Returns the hyperbolic cosine.", one(math.Cosh), ex("SELECT cosh(0)", "1.0")),
		def("tanh", "expr", "Returns the hyperbolic tangent.", one(math.Tanh), ex("SELECT tanh(0)", "0.0")),
		def("asinh", "expr", "Returns the inverse hyperbolic sine.", one(math.Asinh), ex("SELECT asinh(0)", "0.0")),
		def("acosh", "expr", "Returns the inverse hyperbolic cosine, NaN below 1.", one(math.Acosh), ex("SELECT acosh(1)", "0.0")),
		def("atanh", "expr", "Returns the inverse hyperbolic tangent.", one(math.Atanh), ex("SELECT atanh(0)", "0.0")),
		def("degrees", "expr", "Converts radians to degrees.", one(func(x float64) float64 { return x * (180 / math.Pi) }), ex("SELECT degrees(3.141592653589793)", "180.0")),
		def("radians", "expr", "Converts degrees to radians.", one(func(x float64) float64 { return x / 180 * math.Pi }), ex("SELECT radians(180)", "3.141592653589793")),
		def("rint", "expr", "Returns the nearest integer as a double, halves to the even one.", one(math.RoundToEven), ex("SELECT rint(12.3456)", "12.0")),
		also(def("sign", "expr", "Returns -1.0, 0.0 or 1.0 as a number or interval is negative, zero or positive.", signOf, ex("SELECT sign(40)", "1.0")), "signum"),
	}
}

func signum(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // zeros and NaN as they are
}

// signOf takes numbers and intervals of fixed units.
func signOf(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 1 {
		switch t := c.Args[0].Type(); t.Kind {
		case types.YearMonth:
			return build.Func(build.Fixed(f64, t), build.Unary(func(x int32) float64 { return signum(float64(x)) }))(c)
		case types.DayTime:
			return build.Func(build.Fixed(f64, t), build.Unary(func(x int64) float64 { return signum(float64(x)) }))(c)
		}
	}
	return one(signum)(c)
}

func logBase(c *function.Call) (*function.Overload, error) {
	if len(c.Args) == 1 {
		return logOf(math.Log, 0)(c)
	}
	return build.Func(build.Fixed(f64, f64, f64), build.BinaryE(func(_ *build.Context, b, x float64) (float64, error) {
		if b <= 0 || x <= 0 {
			return 0, build.Null
		}
		return math.Log(x) / math.Log(b), nil
	}), build.NullOut)(c)
}

func constants() []function.Def {
	constant := func(x float64) build.Resolver {
		return build.Func(build.Fixed(f64), build.Nullary(func(*build.Context) (float64, error) { return x, nil }))
	}
	return []function.Def{
		def("pi", "", "Returns π.", constant(math.Pi), ex("SELECT pi()", "3.141592653589793")),
		def("e", "", "Returns Euler's number.", constant(math.E), ex("SELECT e()", "2.718281828459045")),
	}
}

func numbers() []function.Def {
	return []function.Def{
		def("factorial", "n", "Returns the factorial of n, NULL outside 0 … 20.", build.Func(build.Fixed(i64, i32), build.UnaryE(func(_ *build.Context, n int32) (int64, error) {
			if n < 0 || n > 20 {
				return 0, build.Null
			}
			f := int64(1)
			for k := int64(2); k <= int64(n); k++ {
				f *= k
			}
			return f, nil
		}), build.NullOut), ex("SELECT factorial(5)", "120")),
		def("bin", "n", "Returns n in binary digits, two's complement if negative.", build.Func(build.Fixed(str, i64), build.Unary(func(n int64) string {
			return new(big.Int).SetUint64(uint64(n)).Text(2)
		})), ex("SELECT bin(13)", "1101")),
		def("conv", "num, from_base, to_base", "Writes a number of one base (2 … 36) in another. A negative to_base makes a signed number.",
			build.Func(build.Fixed(str, str, i32, i32), build.TernaryE(conv), build.NullOut), ex("SELECT conv('100', 2, 10)", "4"), ex("SELECT conv(-10, 16, -10)", "-16")),
		def("width_bucket", "value, min, max, n", "Returns the bucket (1 … n) of value among n of equal width between min and max; 0 and n+1 are outside.",
			widthBucketOf, ex("SELECT width_bucket(5.3, 0.2, 10.6, 5)", "3")),
	}
}

func overflow(what string) error {
	return sqlerr.New(sqlerr.ArithmeticOverflow, "Overflow in function %s.", what)
}

package str

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
)

func trims() []function.Def {
	one := func(f func(v, chars string) string) build.Resolver {
		return build.Func(build.Fixed(s, s), build.Unary(func(v string) string { return f(v, " ") }))
	}
	// Spark's trim(chars, str) and ltrim(chars, str) name the characters first.
	before := func(f func(v, chars string) string) build.Resolver {
		return build.Func(build.Fixed(s, s, s), build.Binary(func(chars, v string) string { return f(v, chars) }))
	}
	after := func(f func(v, chars string) string) build.Resolver {
		return build.Func(build.Fixed(s, s, s), build.Binary(f))
	}
	byCount := func(one, two build.Resolver) build.Resolver {
		return func(c *function.Call) (*function.Overload, error) {
			if len(c.Args) == 2 {
				return two(c)
			}
			return one(c)
		}
	}
	return []function.Def{
		def("trim", "str", "Removes spaces, or the given characters (TRIM(BOTH chars FROM str)), from both ends of str.",
			byCount(one(strings.Trim), before(strings.Trim)), ex("SELECT trim('    SparkSQL   ')", "SparkSQL")),
		def("btrim", "str[, chars]", "Removes spaces, or the given characters, from both ends of str.",
			byCount(one(strings.Trim), after(strings.Trim)), ex("SELECT btrim('SSparkSQLS', 'SL')", "parkSQ")),
		def("ltrim", "[chars, ]str", "Removes spaces, or the given characters, from the start of str.",
			byCount(one(strings.TrimLeft), before(strings.TrimLeft)), ex("SELECT ltrim('    SparkSQL')", "SparkSQL")),
		def("rtrim", "[chars, ]str", "Removes spaces, or the given characters, from the end of str.",
			byCount(one(strings.TrimRight), before(strings.TrimRight)), ex("SELECT rtrim('SparkSQL   ')", "SparkSQL")),
	}
}

package str

import (
	"math"
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
)

func slices() []function.Def {
	b := types.BinaryType
	two := func(t types.Type, f func(v string, pos, n int32) string) build.Resolver {
		return build.Func(build.Fixed(t, t, i), build.Binary(func(v string, pos int32) string { return f(v, pos, math.MaxInt32) }))
	}
	three := func(t types.Type, f func(v string, pos, n int32) string) build.Resolver {
		return build.Func(build.Fixed(t, t, i, i), build.Ternary(f))
	}
	substring := func(c *function.Call) (*function.Overload, error) {
		t, f := s, substr
		if len(c.Args) > 0 && c.Args[0].Type().Kind == types.Binary {
			t, f = b, subbytes
		}
		if len(c.Args) == 2 {
			return two(t, f)(c)
		}
		return three(t, f)(c)
	}
	pad := func(left bool) build.Resolver {
		return func(c *function.Call) (*function.Overload, error) {
			t, fill, width := s, " ", chars
			if len(c.Args) > 0 && c.Args[0].Type().Kind == types.Binary {
				t, fill, width = b, "\x00", func(v string) int { return len(v) }
			}
			if len(c.Args) == 2 {
				return build.Func(build.Fixed(t, t, i), build.BinaryE(func(x *build.Context, v string, n int32) (string, error) {
					return padded(x, v, int(n), fill, left, width)
				}))(c)
			}
			return build.Func(build.Fixed(t, t, i, t), build.TernaryE(func(x *build.Context, v string, n int32, p string) (string, error) {
				return padded(x, v, int(n), p, left, width)
			}))(c)
		}
	}
	return []function.Def{
		also(def("substring", "str, pos[, len]", "Returns the part of str from position pos (from 1; negative: from the end), at most len characters.",
			substring, ex("SELECT substring('Spark SQL', 5, 1)", "k"), ex("SELECT substring('Spark SQL', -3)", "SQL")), "substr"),
		def("left", "str, len", "Returns the first len characters of str.",
			build.Func(build.Fixed(s, s, i), build.Binary(func(v string, n int32) string { return v[:offset(v, int(n))] })), ex("SELECT left('Spark SQL', 3)", "Spa")),
		def("right", "str, len", "Returns the last len characters of str.",
			build.Func(build.Fixed(s, s, i), build.Binary(func(v string, n int32) string {
				if n <= 0 {
					return ""
				}
				return v[offset(v, chars(v)-int(n)):]
			})), ex("SELECT right('Spark SQL', 3)", "SQL")),
		def("lpad", "str, len[, pad]", "Returns str filled on the left with pad (a space) to len characters, or cut to them.", pad(true), ex("SELECT lpad('hi', 5, '??')", "???hi")),
		def("rpad", "str, len[, pad]", "Returns str filled on the right with pad (a space) to len characters, or cut to them.", pad(false), ex("SELECT rpad('hi', 5, '??')", "hi???")),
		def("overlay", "input, replace, pos[, len]", "Replaces len characters of input (as many as replace has) from position pos by replace.",
			overlay(), ex("SELECT overlay('Spark SQL' PLACING '_' FROM 6)", "Spark_SQL")),
		def("substring_index", "str, delim, count", "Returns str up to the count-th occurrence of delim; a negative count counts from the end and returns what follows.",
			build.Func(build.Fixed(s, s, s, i), build.Ternary(substringIndex)), ex("SELECT substring_index('www.apache.org', '.', 2)", "www.apache")),
		def("split_part", "str, delim, n", "Splits str at delim and returns part n (from 1; negative: from the end), the empty string if there is none.",
			build.Func(build.Fixed(s, s, s, i), build.TernaryE(splitPart)), ex("SELECT split_part('11.12.13', '.', 3)", "13")),
	}
}

// span turns Spark's position and length into a range of n places.
func span(n int, pos, length int32) (lo, hi int) {
	start := int64(pos)
	switch {
	case start > 0:
		start--
	case start < 0:
		start += int64(n)
	}
	end := start + int64(length)
	if length < 0 {
		end = start
	}
	clamp := func(x int64) int { return int(min(max(x, 0), int64(n))) }
	return clamp(start), max(clamp(start), clamp(end))
}

func substr(v string, pos, n int32) string {
	if ascii(v) {
		lo, hi := span(len(v), pos, n)
		return v[lo:hi]
	}
	lo, hi := span(chars(v), pos, n)
	a := offset(v, lo)
	return v[a : a+offset(v[a:], hi-lo)]
}

func subbytes(v string, pos, n int32) string {
	lo, hi := span(len(v), pos, n)
	return v[lo:hi]
}

func padded(c *build.Context, v string, n int, fill string, left bool, width func(string) int) (string, error) {
	if n <= 0 {
		return "", nil
	}
	have := width(v)
	if have >= n {
		if have == len(v) {
			return v[:n], nil
		}
		return v[:offset(v, n)], nil
	}
	if fill == "" {
		return v, nil
	}
	need, unit := n-have, width(fill)
	name := "rpad"
	if left {
		name = "lpad"
	}
	if err := c.Make(name, int64(len(v))+int64(need/unit+1)*int64(len(fill))); err != nil {
		return "", err
	}
	p := strings.Repeat(fill, need/unit)
	if rest := need % unit; rest > 0 {
		if unit == len(fill) {
			p += fill[:rest]
		} else {
			p += fill[:offset(fill, rest)]
		}
	}
	if left {
		return p + v, nil
	}
	return v + p, nil
}

func overlay() build.Resolver {
	cut := func(c *build.Context, v, r string, pos, n int32, width func(string) int, at func(string, int) int) (string, error) {
		if err := c.Make("overlay", int64(len(v)+len(r))); err != nil {
			return "", err
		}
		if n < 0 {
			n = int32(width(r))
		}
		head := v[:at(v, int(pos)-1)]
		return head + r + v[at(v, int(pos)-1+int(n)):], nil
	}
	return func(c *function.Call) (*function.Overload, error) {
		t, width, at := s, chars, offset
		if len(c.Args) > 0 && c.Args[0].Type().Kind == types.Binary {
			t, width, at = types.BinaryType, func(v string) int { return len(v) }, func(v string, n int) int { return min(max(n, 0), len(v)) }
		}
		if len(c.Args) == 3 {
			return build.Func(build.Fixed(t, t, t, i), build.TernaryE(func(c *build.Context, v, r string, pos int32) (string, error) {
				return cut(c, v, r, pos, -1, width, at)
			}))(c)
		}
		return build.Func(build.Fixed(t, t, t, i, i), build.Rows(func(c *build.Context, args []*vecVec, row int, out *vecVec) error {
			v, err := cut(c, textAt(args[0], row), textAt(args[1], row), intAt(args[2], row), intAt(args[3], row), width, at)
			setString(out, row, v)
			return err
		}))(c)
	}
}

func substringIndex(v, delim string, n int32) string {
	if delim == "" || n == 0 {
		return ""
	}
	if n > 0 {
		at := 0
		for ; n > 0; n-- {
			k := strings.Index(v[at:], delim)
			if k < 0 {
				return v
			}
			if n == 1 {
				return v[:at+k]
			}
			at += k + len(delim)
		}
	}
	end := len(v)
	for ; n < 0; n++ {
		k := strings.LastIndex(v[:end], delim)
		if k < 0 {
			return v
		}
		if n == -1 {
			return v[k+len(delim):]
		}
		end = k
	}
	return v
}

func splitPart(_ *build.Context, v, delim string, n int32) (string, error) {
	if n == 0 {
		return "", zeroIndex()
	}
	if delim == "" {
		if n == 1 || n == -1 {
			return v, nil
		}
		return "", nil
	}
	if n < 0 {
		n += int32(strings.Count(v, delim)) + 2
	}
	for ; n > 1; n-- {
		_, rest, ok := strings.Cut(v, delim)
		if !ok {
			return "", nil
		}
		v = rest
	}
	if n < 1 {
		return "", nil
	}
	part, _, _ := strings.Cut(v, delim)
	return part, nil
}

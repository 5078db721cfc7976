package str

import (
	"strings"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

type vecVec = vec.Vec

func setString(out *vec.Vec, row int, v string) { vec.Data[string](out)[row] = v }

func zeroIndex() error {
	return sqlerr.New(sqlerr.InvalidIndexOfZero, "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).")
}

func searches() []function.Def {
	b := types.BoolType
	test := func(f func(v, w string) bool) build.Resolver {
		return func(c *function.Call) (*function.Overload, error) {
			t := s
			if len(c.Args) == 2 && c.Args[0].Type().Kind == types.Binary && c.Args[1].Type().Kind == types.Binary {
				t = types.BinaryType
			}
			return build.Func(build.Fixed(b, t, t), build.Binary(f))(c)
		}
	}
	locate := func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 2 {
			return build.Func(build.Fixed(i, s, s), build.Binary(func(w, v string) int32 { return position(v, w, 1) }))(c)
		}
		return build.Func(build.Fixed(i, s, s, i), build.Ternary(func(w, v string, from int32) int32 { return position(v, w, from) }))(c)
	}
	return []function.Def{
		def("instr", "str, substr", "Returns the position (from 1) of the first substr in str, 0 if there is none.",
			build.Func(build.Fixed(i, s, s), build.Binary(func(v, w string) int32 { return position(v, w, 1) })), ex("SELECT instr('SparkSQL', 'SQL')", "6")),
		also(def("locate", "substr, str[, pos]", "Returns the position (from 1) of the first substr in str at or after pos, 0 if there is none.", locate,
			ex("SELECT locate('bar', 'foobarbar', 5)", "7")), "position", "charindex"),
		def("contains", "str, substr", "Returns whether substr stands in str.", test(strings.Contains), ex("SELECT contains('Spark SQL', 'Spark')", "true")),
		def("startswith", "str, prefix", "Returns whether str starts with prefix.", test(strings.HasPrefix), ex("SELECT startswith('Spark SQL', 'Spark')", "true")),
		def("endswith", "str, suffix", "Returns whether str ends with suffix.", test(strings.HasSuffix), ex("SELECT endswith('Spark SQL', 'SQL')", "true")),
		def("find_in_set", "str, list", "Returns the place (from 1) of str in a comma-separated list, 0 if it is not there or holds a comma.",
			build.Func(build.Fixed(i, s, s), build.Binary(findInSet)), ex("SELECT find_in_set('ab','abc,b,ab,c,def')", "3")),
		def("replace", "str, search[, replace]", "Replaces all search in str by replace (the empty string).", replaceAll(), ex("SELECT replace('ABCabc', 'abc', 'DEF')", "ABCDEF")),
		def("translate", "str, from, to", "Replaces each character of str that is in from by the one at its place in to, or drops it if to is shorter.",
			build.Func(build.Fixed(s, s, s, s), build.TernaryE(translate)), ex("SELECT translate('AaBbCc', 'abc', '123')", "A1B2C3")),
		def("levenshtein", "str1, str2[, threshold]", "Returns the edit distance of two strings, -1 if it is over the threshold.", levenshtein(), ex("SELECT levenshtein('kitten', 'sitting')", "3")),
	}
}

// position is the place of w in v from character from (1: the first) on, 0 if there is none.
func position(v, w string, from int32) int32 {
	if from < 1 {
		return 0
	}
	at := offset(v, int(from)-1)
	if int(from)-1 > chars(v) {
		return 0
	}
	k := strings.Index(v[at:], w)
	if k < 0 {
		return 0
	}
	return from + int32(chars(v[at:at+k]))
}

func findInSet(v, list string) int32 {
	if strings.Contains(v, ",") {
		return 0
	}
	n := int32(1)
	for part := range strings.SplitSeq(list, ",") {
		if part == v {
			return n
		}
		n++
	}
	return 0
}

func replaceAll() build.Resolver {
	with := func(c *build.Context, v, old, by string) (string, error) {
		if old == "" {
			return v, nil
		}
		if n := strings.Count(v, old); n > 0 {
			if err := c.Make("replace", int64(len(v))+int64(n)*int64(len(by)-len(old))); err != nil {
				return "", err
			}
		}
		return strings.ReplaceAll(v, old, by), nil
	}
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 2 {
			return build.Func(build.Fixed(s, s, s), build.BinaryE(func(x *build.Context, v, old string) (string, error) { return with(x, v, old, "") }))(c)
		}
		return build.Func(build.Fixed(s, s, s, s), build.TernaryE(func(x *build.Context, v, old, by string) (string, error) { return with(x, v, old, by) }))(c)
	}
}

func translate(c *build.Context, v, from, to string) (string, error) {
	t := []rune(to)
	by := make(map[rune]rune, len(from))
	k := 0
	for _, r := range from {
		if _, ok := by[r]; !ok { // the first of equal ones counts
			by[r] = -1
			if k < len(t) {
				by[r] = t[k]
			}
		}
		k++
	}
	out := strings.Map(func(r rune) rune {
		if x, ok := by[r]; ok {
			return x
		}
		return r
	}, v)
	return out, c.Make("translate", int64(len(out)))
}

func levenshtein() build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 2 {
			return build.Func(build.Fixed(i, s, s), build.BinaryE(distance))(c)
		}
		return build.Func(build.Fixed(i, s, s, i), build.TernaryE(func(c *build.Context, a, b string, most int32) (int32, error) {
			d, err := distance(c, a, b)
			if d > most {
				d = -1
			}
			return d, err
		}))(c)
	}
}

func distance(c *build.Context, a, b string) (int32, error) {
	x, y := []rune(a), []rune(b)
	row := make([]int32, len(y)+1)
	for j := range row {
		row[j] = int32(j)
	}
	for k, r := range x {
		if err := c.Stopped(); err != nil {
			return 0, err
		}
		diag := row[0]
		row[0] = int32(k + 1)
		for j, q := range y {
			cost := diag
			if r != q {
				cost = 1 + min(diag, row[j], row[j+1])
			}
			diag, row[j+1] = row[j+1], cost
		}
	}
	return row[len(y)], nil
}

func outOfRange(n int32, size int) error {
	return sqlerr.New(sqlerr.InvalidArrayIndex, "The index %d is out of bounds. The array has %d elements.", n, size).
		WithHint("Use the SQL function get() to tolerate accessing elements at invalid indexes and return NULL instead.")
}

// Package str defines the functions on strings: length, case, trimming,
// slices, searching, patterns, encoding. Positions and lengths of strings count
// characters (code points), those of binary values bytes, as in Spark.
package str

import (
	"strings"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/internal/types"
)

// Defs lists the family.
func Defs() []function.Def {
	var out []function.Def
	for _, part := range [][]function.Def{lengths(), cases(), trims(), slices(), searches(), joins(), patterns(), regexps(), encodings(), forms(), toChars(), sentenceDefs(), base32s(), similarities()} {
		out = append(out, part...)
	}
	return out
}

func def(name, args, doc string, resolve build.Resolver, examples ...function.Example) function.Def {
	return function.Def{Name: name, Family: "string", Args: args, Doc: doc, Examples: examples, Since: "0.1", Resolve: resolve}
}

func also(d function.Def, aliases ...string) function.Def {
	d.Aliases = aliases
	return d
}

func ex(sql, want string) function.Example { return function.Example{SQL: sql, Want: want} }

var (
	s = types.StringType
	i = types.Int32Type
)

// ascii reports whether every byte of s is below 0x80, so that characters are bytes.
func ascii(s string) bool {
	for len(s) >= 8 {
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&0x80 != 0 {
			return false
		}
		s = s[8:]
	}
	for k := range len(s) {
		if s[k] >= 0x80 {
			return false
		}
	}
	return true
}

// chars counts characters; bytes that are no UTF-8 count one each.
func chars(s string) int {
	if ascii(s) {
		return len(s)
	}
	return utf8.RuneCountInString(s)
}

// offset is the byte at which character n (from 0) of s starts, len(s) if there are fewer.
func offset(s string, n int) int {
	if n <= 0 {
		return 0
	}
	if n >= len(s) {
		return len(s)
	}
	if ascii(s) {
		return n
	}
	for at := range s {
		if n == 0 {
			return at
		}
		n--
	}
	return len(s)
}

func lengths() []function.Def {
	bytesOf := func(k int) build.Maker { return build.Unary(func(v string) int32 { return int32(len(v) * k) }) }
	length := func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 1 && c.Args[0].Type().Kind == types.Binary {
			return build.Func(build.Fixed(i, types.BinaryType), bytesOf(1))(c)
		}
		return build.Func(build.Fixed(i, s), build.Unary(func(v string) int32 { return int32(chars(v)) }))(c)
	}
	return []function.Def{
		also(def("length", "str", "Returns the number of characters of a string, or of bytes of a binary value.", length,
			ex("SELECT length('Spark SQL ')", "10")), "char_length", "character_length", "len"),
		def("octet_length", "str", "Returns the number of bytes of a string or binary value.",
			build.Func(build.Fixed(i, build.AnyText), bytesOf(1)), ex("SELECT octet_length('é')", "2")),
		def("bit_length", "str", "Returns the number of bits of a string or binary value.",
			build.Func(build.Fixed(i, build.AnyText), bytesOf(8)), ex("SELECT bit_length('Spark SQL')", "72")),
		def("ascii", "str", "Returns the code point of the first character, 0 for the empty string.",
			build.Func(build.Fixed(i, s), build.Unary(func(v string) int32 {
				if v == "" {
					return 0
				}
				r, _ := utf8.DecodeRuneInString(v)
				return r
			})), ex("SELECT ascii('222')", "50")),
		also(def("chr", "n", "Returns the character of code n modulo 256, the empty string for negative n.",
			build.Func(build.Fixed(s, types.Int64Type), build.Unary(func(n int64) string {
				if n < 0 {
					return ""
				}
				return string(rune(n & 0xff))
			})), ex("SELECT chr(65)", "A")), "char"),
		def("space", "n", "Returns n spaces.", build.Func(build.Fixed(s, i), build.UnaryE(func(c *build.Context, n int32) (string, error) {
			return repeat(c, "space", " ", n)
		})), ex("SELECT concat(space(2), '1')", "  1")),
		def("repeat", "str, n", "Returns str n times in a row, the empty string if n is not positive.",
			build.Func(build.Fixed(s, s, i), build.BinaryE(func(c *build.Context, v string, n int32) (string, error) {
				return repeat(c, "repeat", v, n)
			})), ex("SELECT repeat('123', 2)", "123123")),
	}
}

func repeat(c *build.Context, name, v string, n int32) (string, error) {
	if n <= 0 || v == "" {
		return "", nil
	}
	if err := c.Make(name, int64(len(v))*int64(n)); err != nil {
		return "", err
	}
	return strings.Repeat(v, int(n)), nil
}

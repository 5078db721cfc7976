package str

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
)

func cases() []function.Def {
	return []function.Def{
		also(def("upper", "str", "Returns str in upper case.", build.Func(build.Fixed(s, s), build.Unary(upper)), ex("SELECT upper('SparkSql')", "SPARKSQL")), "ucase"),
		also(def("lower", "str", "Returns str in lower case.", build.Func(build.Fixed(s, s), build.Unary(lower)), ex("SELECT lower('SparkSql')", "sparksql")), "lcase"),
		def("initcap", "str", "Returns str with the first letter of each word in upper case and all others in lower case. Words are parted by spaces.",
			build.Func(build.Fixed(s, s), build.Unary(initcap)), ex("SELECT initcap('sPark sql')", "Spark Sql")),
		def("reverse", "str", "Returns the characters of str, or the elements of an array, in reverse order.",
			build.First(reverseArray, build.Func(build.Fixed(s, s), build.Unary(reverse))), ex("SELECT reverse('Spark SQL')", "LQS krapS")),
		def("soundex", "str", "Returns the Soundex code of str.", build.Func(build.Fixed(s, s), build.Unary(soundex)), ex("SELECT soundex('Miller')", "M460")),
		def("quote", "str", "Returns str in single quotes, with quotes and backslashes in it escaped.",
			build.Func(build.Fixed(s, s), build.Unary(func(v string) string {
				return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
			})), ex("SELECT quote('Don\\'t')", `'Don\'t'`)),
	}
}

// upper is strings.ToUpper with Java's special cases (ß becomes SS).
func upper(v string) string {
	if ascii(v) {
		return strings.ToUpper(v)
	}
	return strings.ToUpper(strings.NewReplacer("ß", "SS", "ŉ", "ʼN", "ﬁ", "FI", "ﬂ", "FL", "ﬀ", "FF").Replace(v))
}

func lower(v string) string {
	if ascii(v) {
		return strings.ToLower(v)
	}
	return strings.ToLower(strings.ReplaceAll(v, "İ", "i̇"))
}

func initcap(v string) string {
	var b strings.Builder
	b.Grow(len(v))
	start := true
	for _, r := range v {
		if start {
			b.WriteRune(unicode.ToTitle(r))
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
		start = r == ' '
	}
	return b.String()
}

func reverse(v string) string {
	b := make([]byte, len(v))
	at := len(v)
	for k := 0; k < len(v); {
		_, n := utf8.DecodeRuneInString(v[k:])
		at -= n
		copy(b[at:], v[k:k+n])
		k += n
	}
	return string(b)
}

// soundexCodes are the digits of A to Z; H and W (7) do not part equal codes, vowels (0) do.
const soundexCodes = "01230127022455012623017202"

func soundex(v string) string {
	if v == "" {
		return v
	}
	up := func(c byte) byte {
		if c >= 'a' && c <= 'z' {
			return c - 32
		}
		return c
	}
	first := up(v[0])
	if first < 'A' || first > 'Z' {
		return v
	}
	out := []byte{first, '0', '0', '0'}
	n, last := 1, soundexCodes[first-'A']
	for k := 1; k < len(v) && n < 4; k++ {
		c := up(v[k])
		if c < 'A' || c > 'Z' {
			last = '0'
			continue
		}
		switch code := soundexCodes[c-'A']; code {
		case '7':
		case '0':
			last = '0'
		default:
			if code != last {
				out[n] = code
				n++
			}
			last = code
		}
	}
	return string(out)
}

// reverseArray is reverse for arrays.
func reverseArray(c *function.Call) (*function.Overload, error) {
	return build.Func(build.Result(build.Arg(0), 1, build.AnyArray), build.Rows(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		base := args[0].Base()
		l := vec.Data[vec.List](base)[args[0].Index(row)]
		at := out.Kids[0].Extend(int(l.Len))
		for k := range int(l.Len) {
			out.Kids[0].Put(at+k, base.Kids[0].Get(int(l.Off+l.Len)-1-k))
		}
		vec.Data[vec.List](out)[row] = vec.List{Off: int32(at), Len: l.Len}
		return nil
	}))(c)
}

package str

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// charsets is what settings allow of encode and decode: more character sets
// (those of one byte that Java has beside Spark's), and characters replaced
// where a set has none.
type charsets struct{ java, replace bool }

func charsetsOf(c *build.Context) charsets {
	if c.Setting == nil {
		return charsets{}
	}
	on := func(key string) bool { return strings.EqualFold(c.Setting(key), "true") }
	return charsets{on("spark.sql.legacy.javaCharsets"), on("spark.sql.legacy.codingErrorAction")}
}

// coding makes the loop of encode or decode, which reads the settings once.
func coding(name string, f func(cs charsets, v, set string) (string, error)) build.Maker {
	return func(*expr.Call) (function.Kernel, error) {
		var cs charsets
		known := false
		return build.Loop(func(x *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			if !known {
				cs, known = charsetsOf(x), true
			}
			r, err := f(cs, textAt(args[0], row), textAt(args[1], row))
			if err == nil {
				err = x.Make(name, int64(len(r)))
			}
			vec.Data[string](out)[row] = r
			return err
		}), nil
	}
}

func (cs charsets) encode(v, set string) (string, error) {
	m := cs.single(set)
	if m == nil && !cs.replace {
		return encode(v, set)
	}
	if m == nil {
		limit := map[string]rune{"US-ASCII": 0x7f, "ISO-8859-1": 0xff}[strings.ToUpper(set)]
		if limit > 0 {
			v = strings.Map(func(r rune) rune {
				if r > limit {
					return '?'
				}
				return r
			}, v)
		}
		return encode(v, set)
	}
	b := make([]byte, 0, len(v))
	for _, r := range v {
		c, ok := m.EncodeRune(r)
		if !ok && !cs.replace {
			return "", badCoding("encode", set)
		}
		if !ok {
			c = '?'
		}
		b = append(b, c)
	}
	return string(b), nil
}

func (cs charsets) decode(v, set string) (string, error) {
	m := cs.single(set)
	up := strings.ToUpper(set)
	switch {
	case m == nil && cs.replace && up == "UTF-8":
		return strings.ToValidUTF8(v, string(utf8.RuneError)), nil
	case m == nil && cs.replace && up == "US-ASCII":
		out := make([]rune, len(v))
		for k := range len(v) {
			if out[k] = rune(v[k]); v[k] >= utf8.RuneSelf {
				out[k] = utf8.RuneError
			}
		}
		return string(out), nil
	case m == nil:
		return decode(v, set)
	}
	out := make([]rune, len(v))
	for k := range len(v) {
		if out[k] = m.DecodeByte(v[k]); out[k] == utf8.RuneError && !cs.replace {
			return "", badCoding("decode", set)
		}
	}
	return string(out), nil
}

// single is the table of a one-byte character set that only the setting allows, nil for others.
func (cs charsets) single(set string) *charmap.Charmap {
	if !cs.java {
		return nil
	}
	return singleByte[strings.ToUpper(set)]
}

var singleByte = map[string]*charmap.Charmap{
	"WINDOWS-1250": charmap.Windows1250, "WINDOWS-1251": charmap.Windows1251, "WINDOWS-1252": charmap.Windows1252, "WINDOWS-1253": charmap.Windows1253,
	"WINDOWS-1254": charmap.Windows1254, "WINDOWS-1255": charmap.Windows1255, "WINDOWS-1256": charmap.Windows1256, "WINDOWS-1257": charmap.Windows1257,
	"WINDOWS-1258": charmap.Windows1258, "ISO-8859-2": charmap.ISO8859_2, "ISO-8859-3": charmap.ISO8859_3, "ISO-8859-4": charmap.ISO8859_4,
	"ISO-8859-5": charmap.ISO8859_5, "ISO-8859-6": charmap.ISO8859_6, "ISO-8859-7": charmap.ISO8859_7, "ISO-8859-8": charmap.ISO8859_8,
	"ISO-8859-9": charmap.ISO8859_9, "ISO-8859-13": charmap.ISO8859_13, "ISO-8859-15": charmap.ISO8859_15,
	"KOI8-R": charmap.KOI8R, "KOI8-U": charmap.KOI8U, "IBM437": charmap.CodePage437, "IBM850": charmap.CodePage850, "IBM852": charmap.CodePage852,
	"IBM855": charmap.CodePage855, "IBM858": charmap.CodePage858, "IBM862": charmap.CodePage862, "IBM866": charmap.CodePage866,
}

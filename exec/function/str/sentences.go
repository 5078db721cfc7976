package str

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func sentenceDefs() []function.Def {
	words := types.ArrayType(types.ArrayType(s, false), false)
	return []function.Def{
		def("sentences", "str[, lang[, country]]", "Splits a text into sentences, and these into words. Sentences end as in Java's text boundaries, which are the same for all languages here.",
			build.Func(build.Optional(words, 1, s, s, s), sentences, build.NullOwn), ex("SELECT sentences('Hi there! Good morning.')", `[["Hi","there"],["Good","morning"]]`)),
	}
}

func sentences(*expr.Call) (function.Kernel, error) {
	return build.Loop(func(_ *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
		if args[0].Null(row) {
			return build.Null
		}
		all := []types.Datum{}
		for text := build.At[string](args[0], row); text != ""; {
			n := sentence(text)
			all = append(all, wordsOf(text[:n]))
			text = text[n:]
		}
		out.Put(row, all)
		return nil
	}), nil
}

// sentence is the length of the first sentence of a text, blanks after it included.
func sentence(text string) int {
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRuneInString(text[i:])
		i += n
		sure := strings.ContainsRune("!?。！？\u2029", c)
		if !sure && c != '.' && c != '．' {
			continue
		}
		end := i + skip(text[i:], func(c rune) bool { return strings.ContainsRune(".．!?。！？", c) })
		end += skip(text[end:], func(c rune) bool {
			return c == '"' || c == '\'' || unicode.In(c, unicode.Pe, unicode.Pf)
		})
		next := end + skip(text[end:], unicode.IsSpace)
		if sure || strings.ContainsAny(text[i:end], "!?") {
			return next
		}
		// A point ends a sentence before blanks that no small letter follows, quotes apart.
		if next == len(text) {
			return next
		}
		start := next + skip(text[next:], func(c rune) bool {
			return c == '"' || c == '\'' || unicode.In(c, unicode.Ps, unicode.Pi)
		})
		if c, _ := utf8.DecodeRuneInString(text[start:]); next > end && !unicode.IsLower(c) {
			return next
		}
		i = end
	}
	return len(text)
}

// skip is the length of the characters at the start of text for which is holds.
func skip(text string, is func(rune) bool) int {
	for i, c := range text {
		if !is(c) {
			return i
		}
	}
	return len(text)
}

// wordsOf lists the words of a sentence: letters, digits and what joins them.
func wordsOf(text string) []types.Datum {
	words := []types.Datum{}
	for text != "" {
		n := word(text)
		if c, _ := utf8.DecodeRuneInString(text); unicode.IsLetter(c) || unicode.IsDigit(c) {
			words = append(words, strings.Clone(text[:n]))
		}
		text = text[n:]
	}
	return words
}

// word is the length of the unit at the start of text: a word, a number with
// its signs, characters of one East Asian script, or one character.
func word(text string) int {
	c, n := utf8.DecodeRuneInString(text)
	for _, script := range [...]*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana} {
		if unicode.Is(script, c) {
			return skip(text, func(c rune) bool { return unicode.Is(script, c) })
		}
	}
	letter := func(c rune) bool {
		return unicode.IsMark(c) || unicode.IsLetter(c) && !unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana)
	}
	at := 0
	if c == '#' || c == '.' || c == '^' || unicode.Is(unicode.Sc, c) { // before numbers
		if at = n; skip(text[at:], unicode.IsNumber) == 0 {
			return n
		}
	}
	for {
		from := at
		at += joined(text[at:], letter, func(c rune) bool {
			return strings.ContainsRune("\u00ad\u2027\"'.", c) || unicode.In(c, unicode.Pd, unicode.Pc)
		})
		digits := joined(text[at:], unicode.IsNumber, func(c rune) bool { return strings.ContainsRune("\"',\u066b.", c) })
		at += digits
		if digits > 0 {
			at += skip1(text[at:], "¢%&\u066a\u2030\u2031")
		}
		if at == from {
			return max(at, n)
		}
	}
}

// joined is the length of runs of characters that single other ones join.
func joined(text string, is, between func(rune) bool) int {
	at := skip(text, is)
	for at > 0 {
		c, n := utf8.DecodeRuneInString(text[at:])
		more := 0
		if n > 0 && between(c) {
			more = skip(text[at+n:], is)
		}
		if more == 0 {
			break
		}
		at += n + more
	}
	return at
}

// skip1 is the length of the first character of text if it is one of set.
func skip1(text, set string) int {
	if c, n := utf8.DecodeRuneInString(text); n > 0 && strings.ContainsRune(set, c) {
		return n
	}
	return 0
}

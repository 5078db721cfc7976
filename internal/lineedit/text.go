package lineedit

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/volley-sql/volley/internal/screen"
)

// text is what is being edited, and where the cursor is: a byte offset between
// two characters.
type text struct {
	s      string
	cursor int
}

func (t *text) insert(s string) {
	t.s = t.s[:t.cursor] + s + t.s[t.cursor:]
	t.cursor += len(s)
}

// cut takes [from, to) out and returns it.
func (t *text) cut(from, to int) string {
	out := t.s[from:to]
	t.s = t.s[:from] + t.s[to:]
	switch {
	case t.cursor >= to:
		t.cursor -= to - from
	case t.cursor > from:
		t.cursor = from
	}
	return out
}

// after is the end of the character at i.
func (t *text) after(i int) int {
	if i >= len(t.s) {
		return len(t.s)
	}
	c, _ := screen.Next(t.s[i:])
	return i + len(c)
}

// before is the beginning of the character that ends at i.
func (t *text) before(i int) int {
	if i == 0 {
		return 0
	}
	at := t.lineStart(i)
	if at == i {
		return i - 1 // a line's end
	}
	for {
		next := t.after(at)
		if next >= i {
			return at
		}
		at = next
	}
}

func (t *text) lineStart(i int) int { return strings.LastIndexByte(t.s[:i], '\n') + 1 }

func (t *text) lineEnd(i int) int {
	if n := strings.IndexByte(t.s[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(t.s)
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

func isSpace(r rune) bool { return unicode.IsSpace(r) }

func notSpace(r rune) bool { return !unicode.IsSpace(r) }

// skip goes from i over the characters that f accepts.
func (t *text) skip(i int, f func(rune) bool) int {
	for i < len(t.s) {
		r, n := utf8.DecodeRuneInString(t.s[i:])
		if !f(r) {
			break
		}
		i += n
	}
	return i
}

// back goes from i to the left over the characters that f accepts.
func (t *text) back(i int, f func(rune) bool) int {
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(t.s[:i])
		if !f(r) {
			break
		}
		i -= n
	}
	return i
}

func notWord(r rune) bool { return !isWord(r) }

// wordEnd is the end of the word at or after the cursor, wordStart the beginning of the one at or before it.
func (t *text) wordEnd() int { return t.skip(t.skip(t.cursor, notWord), isWord) }

func (t *text) wordStart() int { return t.back(t.back(t.cursor, notWord), isWord) }

// change replaces the word at or after the cursor by what f makes of it.
func (t *text) change(f func(string) string) {
	end := t.wordEnd()
	t.insert(f(t.cut(t.cursor, end)))
}

// transpose swaps the characters around the cursor, or the last two of a line.
func (t *text) transpose() {
	end := t.cursor
	if end == t.lineEnd(end) {
		end = t.before(end)
	}
	from := t.before(end)
	if from < t.lineStart(t.cursor) || from == end || t.s[from] == '\n' {
		return
	}
	to := t.after(end)
	t.s = t.s[:from] + t.s[end:to] + t.s[from:end] + t.s[to:]
	t.cursor = to
}

func capital(s string) string {
	i := strings.IndexFunc(s, isWord)
	if i < 0 {
		return s
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return s[:i] + string(unicode.ToUpper(r)) + strings.ToLower(s[i+n:])
}

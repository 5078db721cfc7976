package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	tEOF    kind = iota
	tIdent       // a word; kw is set if it is a keyword
	tQuoted      // `name`
	tInt         // 12
	tNumber      // any other number: 1.5, 1e3, 1L, 1.5BD
	tString      // '…', "…", r'…'
	tOp          // an operator or punctuation; kw is its text
	tBad         // something no token starts with, or an unclosed quote or comment
)

// token is a piece of the text. Its value is decoded only when asked for.
type token struct {
	kind     kind
	pos, end int
	// kw is the keyword in upper case, or the operator.
	kw string
}

// lexer cuts text into tokens. It keeps no state between tokens, so that the
// parser can look ahead or go back by offset alone.
type lexer struct {
	src string
	// quotedNames makes text in double quotes a name.
	quotedNames bool
}

const eofChar = 0

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return eofChar
}

// space returns the offset of the first byte from i on that is neither white
// space nor comment, and whether a comment before it is not closed.
func (l *lexer) space(i int) (next int, open bool) {
	for i < len(l.src) {
		switch c := l.src[i]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			i++
		case c == '-' && l.at(i+1) == '-':
			i = l.lineEnd(i + 2)
		case c == '/' && l.at(i+1) == '*':
			end, closed := l.comment(i)
			if !closed {
				return i, true
			}
			i = end
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(l.src[i:])
			if !unicode.IsSpace(r) && r != '\ufeff' {
				return i, false
			}
			i += n
		default:
			return i, false
		}
	}
	return i, false
}

// lineEnd returns the offset after the end of a -- comment. A backslash before
// the line break continues it.
func (l *lexer) lineEnd(i int) int {
	for i < len(l.src) {
		n := strings.IndexByte(l.src[i:], '\n')
		if n < 0 {
			return len(l.src)
		}
		i += n + 1
		if n == 0 || l.src[i-2] != '\\' {
			return i
		}
	}
	return i
}

// comment returns the end of the bracketed comment that starts at i; comments nest.
func (l *lexer) comment(i int) (end int, closed bool) {
	depth := 0
	for i+1 < len(l.src) {
		switch {
		case l.src[i] == '/' && l.src[i+1] == '*':
			depth++
			i += 2
		case l.src[i] == '*' && l.src[i+1] == '/':
			depth--
			i += 2
			if depth == 0 {
				return i, true
			}
		default:
			i++
		}
	}
	return len(l.src), false
}

// next returns the token at or after offset i.
func (l *lexer) next(i int) token {
	i, open := l.space(i)
	switch {
	case open:
		return token{kind: tBad, pos: i, end: len(l.src), kw: "/*"}
	case i >= len(l.src):
		return token{kind: tEOF, pos: len(l.src), end: len(l.src)}
	}
	c := l.src[i]
	switch {
	case isDigit(c) || c == '.' && isDigit(l.at(i+1)):
		return l.number(i)
	case (c == 'r' || c == 'R') && (l.at(i+1) == '\'' || l.at(i+1) == '"'):
		return l.raw(i)
	case isWord(c):
		return l.word(i)
	case c == '\'' || c == '"' && !l.quotedNames:
		return l.quoted(i, c, tString)
	case c == '`' || c == '"':
		return l.quoted(i, c, tQuoted)
	case c >= utf8.RuneSelf:
		if r, _ := utf8.DecodeRuneInString(l.src[i:]); unicode.IsLetter(r) {
			return l.word(i)
		}
		_, n := utf8.DecodeRuneInString(l.src[i:])
		return token{kind: tBad, pos: i, end: i + n}
	}
	return l.operator(i)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c)
}

// wordEnd returns the end of the run of letters, digits and underscores at i.
func (l *lexer) wordEnd(i int) int {
	for i < len(l.src) {
		c := l.src[i]
		if isWord(c) {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRuneInString(l.src[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		i += n
	}
	return i
}

func (l *lexer) word(i int) token {
	end := l.wordEnd(i)
	t := token{kind: tIdent, pos: i, end: end}
	if n := end - i; n <= maxKeyword {
		var up [maxKeyword]byte
		for k := range n {
			c := l.src[i+k]
			if c >= 'a' && c <= 'z' {
				c -= 'a' - 'A'
			}
			up[k] = c
		}
		t.kw = keywords()[string(up[:n])]
	}
	return t
}

// number reads a number. A run such as 1m or 2e is a name, as in Spark, and
// in t.1m the dot belongs to the path.
func (l *lexer) number(i int) token {
	j := l.digits(i)
	dotted := l.at(j) == '.'
	if dotted {
		j = l.digits(j + 1)
	}
	k, exp := l.exponent(j)
	suffix := l.suffix(k, dotted, exp)
	if suffix >= 0 && !l.wordAt(k+suffix) {
		t := token{kind: tNumber, pos: i, end: k + suffix}
		if !dotted && !exp && suffix == 0 {
			t.kind = tInt
		}
		return t
	}
	switch {
	case !dotted:
		return l.word(i)
	case l.src[i] == '.':
		return token{kind: tOp, pos: i, end: i + 1, kw: "."}
	}
	// 1.a: an integer and a path.
	return token{kind: tInt, pos: i, end: l.digits(i)}
}

func (l *lexer) digits(i int) int {
	for isDigit(l.at(i)) {
		i++
	}
	return i
}

func (l *lexer) exponent(i int) (end int, ok bool) {
	if l.at(i)|0x20 != 'e' {
		return i, false
	}
	j := i + 1
	if l.at(j) == '+' || l.at(j) == '-' {
		j++
	}
	if end = l.digits(j); end > j {
		return end, true
	}
	return i, false
}

// suffix returns the length of the type suffix at i, or -1 if the letters
// there are none.
func (l *lexer) suffix(i int, dotted, exp bool) int {
	if !l.wordAt(i) {
		return 0
	}
	switch c := l.at(i) | 0x20; {
	case c == 'b' && l.at(i+1)|0x20 == 'd':
		return 2
	case c == 'f' || c == 'd':
		return 1
	case (c == 'l' || c == 's' || c == 'y') && !dotted && !exp:
		return 1
	}
	return -1
}

// wordAt reports whether a word could go on at i.
func (l *lexer) wordAt(i int) bool { return l.wordEnd(i) > i }

func (l *lexer) raw(i int) token {
	q := l.src[i+1]
	n := strings.IndexByte(l.src[i+2:], q)
	if n < 0 {
		return token{kind: tBad, pos: i, end: len(l.src), kw: string(q)}
	}
	return token{kind: tString, pos: i, end: i + 2 + n + 1}
}

// quoted reads a string or a name in backquotes. A doubled quote stands for
// itself; in strings a backslash escapes.
func (l *lexer) quoted(i int, q byte, k kind) token {
	for j := i + 1; j < len(l.src); j++ {
		switch c := l.src[j]; {
		case c == '\\' && k == tString:
			j++
		case c == q && l.at(j+1) == q:
			j++
		case c == q:
			return token{kind: k, pos: i, end: j + 1}
		}
	}
	return token{kind: tBad, pos: i, end: len(l.src), kw: string(q)}
}

// operators by first byte, longest first. > stands alone: in types >> closes
// two brackets, so the parser puts shifts together.
var operators = [128][]string{
	'<': {"<=>", "<=", "<>", "<<", "<"},
	'>': {">=", ">"},
	'=': {"==", "=>", "="},
	'!': {"!=", "!>", "!<", "!"},
	'|': {"||", "|>", "|"},
	'-': {"->", "-"},
	':': {"::", ":"},
	'+': {"+"}, '*': {"*"}, '/': {"/"}, '%': {"%"}, '&': {"&"}, '^': {"^"}, '~': {"~"},
	'(': {"("}, ')': {")"}, '[': {"["}, ']': {"]"}, ',': {","}, '.': {"."}, ';': {";"}, '?': {"?"},
	'{': {"{"}, '}': {"}"}, '@': {"@"}, '$': {"$"},
}

func (l *lexer) operator(i int) token {
	for _, op := range operators[l.src[i]] {
		if strings.HasPrefix(l.src[i:], op) {
			return token{kind: tOp, pos: i, end: i + len(op), kw: op}
		}
	}
	return token{kind: tBad, pos: i, end: i + 1}
}

// stringValue decodes a tString.
func (l *lexer) stringValue(t token) string {
	s := l.src[t.pos:t.end]
	if s[0] == 'r' || s[0] == 'R' {
		return s[2 : len(s)-1]
	}
	q := s[0]
	s = s[1 : len(s)-1]
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, q) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case q: // doubled
			b.WriteByte(q)
			i++
		case '\\':
			i += unescape(&b, s[i:]) - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescape writes what the escape at the start of s stands for and returns
// its length. \% and \_ keep their backslash for LIKE.
func unescape(b *strings.Builder, s string) int {
	if len(s) < 2 {
		b.WriteByte('\\')
		return 1
	}
	hexDigits := map[byte]int{'u': 4, 'U': 8}[s[1]]
	if hexDigits > 0 && len(s) >= 2+hexDigits {
		if n, ok := parseHex(s[2 : 2+hexDigits]); ok {
			return 2 + hexDigits + writeRune(b, n, s[2+hexDigits:])
		}
	}
	if len(s) >= 4 && (s[1] == '0' || s[1] == '1') && isOctal(s[2]) && isOctal(s[3]) {
		b.WriteRune(rune(s[1]-'0')<<6 | rune(s[2]-'0')<<3 | rune(s[3]-'0'))
		return 4
	}
	switch s[1] {
	case '0':
		b.WriteByte(0)
	case 'b':
		b.WriteByte('\b')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'Z':
		b.WriteByte(0x1a)
	case '%', '_':
		b.WriteString(s[:2])
	default:
		_, n := utf8.DecodeRuneInString(s[1:])
		b.WriteString(s[1 : 1+n])
		return 1 + n
	}
	return 2
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

func parseHex(s string) (uint32, bool) {
	var n uint32
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint32(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// writeRune writes the code point n. If it is the first half of a UTF-16 pair
// whose second half follows as \uXXXX in rest, it writes the pair and returns
// the bytes of rest it used.
func writeRune(b *strings.Builder, n uint32, rest string) int {
	if n >= 0xd800 && n < 0xdc00 && len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
		if lo, ok := parseHex(rest[2:6]); ok && lo >= 0xdc00 && lo < 0xe000 {
			b.WriteRune(rune(0x10000 + (n-0xd800)<<10 + (lo - 0xdc00)))
			return 6
		}
	}
	b.WriteRune(rune(n))
	return 0
}

// nameValue decodes a tQuoted.
func (l *lexer) nameValue(t token) string {
	q := l.src[t.pos : t.pos+1]
	return strings.ReplaceAll(l.src[t.pos+1:t.end-1], q+q, q)
}

package json

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/volley-sql/volley/catalog/format/textfile"
)

// maxDepth bounds how deep values nest, as in Spark's reader.
const maxDepth = 1000

var (
	errSyntax = errors.New("invalid JSON")
	errDeep   = errors.New("JSON nests too deep")
)

// scanner reads JSON from b at i. Strings it returns borrow b, or scratch where
// escapes had to be resolved.
type scanner struct {
	b       []byte
	i       int
	o       *options
	scratch []byte
}

// space skips blanks (and comments, if they are allowed).
func (s *scanner) space() {
	if s.i < len(s.b) && s.b[s.i] > ' ' && s.b[s.i] != '/' {
		return
	}
	s.blanks()
}

func (s *scanner) blanks() {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.i++
		case c == '/' && s.o.comments && s.i+1 < len(s.b) && (s.b[s.i+1] == '*' || s.b[s.i+1] == '/'):
			if !s.comment() {
				return
			}
		default:
			return
		}
	}
}

func (s *scanner) comment() bool {
	end := "\n"
	if s.b[s.i+1] == '*' {
		end = "*/"
	}
	for j := s.i + 2; j+len(end) <= len(s.b); j++ {
		if string(s.b[j:j+len(end)]) == end {
			s.i = j + len(end)
			return true
		}
	}
	if end == "\n" {
		s.i = len(s.b)
		return true
	}
	return false
}

// peek is the next byte that is no blank, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// kind of a value by how it begins.
type kind uint8

const (
	bad kind = iota
	object
	array
	str
	number
	boolean
	null
)

// next tells what kind of value follows, without reading it.
func (s *scanner) next() kind {
	switch c := s.peek(); {
	case c == '{':
		return object
	case c == '[':
		return array
	case c == '"' || c == '\'' && s.o.singleQuotes:
		return str
	case c == '-' || c >= '0' && c <= '9' || s.o.nonNumbers && (c == 'N' || c == 'I' || c == '+'):
		return number
	case c == 't' || c == 'f':
		return boolean
	case c == 'n':
		return null
	}
	return bad
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	if j := s.i + len(w); j < len(s.b) && wordByte(s.b[j]) {
		return false
	}
	s.i += len(w)
	return true
}

func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= utf8.RuneSelf
}

func (s *scanner) boolean() (v bool, err error) {
	switch {
	case s.word("true"):
		return true, nil
	case s.word("false"):
		return false, nil
	}
	return false, errSyntax
}

func (s *scanner) null() error {
	if !s.word("null") {
		return errSyntax
	}
	return nil
}

// numberText is a number as written. special says that it is NaN or infinite, whole that it has neither point nor exponent.
func (s *scanner) number() (text string, whole, special bool, err error) {
	start := s.i
	if s.o.nonNumbers {
		for _, w := range [...]string{"NaN", "Infinity", "-Infinity", "+Infinity", "-INF", "+INF"} {
			if s.b[s.i] == w[0] && s.word(w) {
				return w, false, true, nil
			}
		}
	}
	i, b := s.i, s.b
	if b[i] == '-' {
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == first || b[first] == '0' && i > first+1 && !s.o.leadingZeros {
		return "", false, false, errSyntax
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		whole = false
		i++
		frac := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == frac {
			return "", false, false, errSyntax
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exp := i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		if i == exp {
			return "", false, false, errSyntax
		}
	}
	if i < len(b) && (wordByte(b[i]) || b[i] == '.' || b[i] == '-' || b[i] == '+') {
		return "", false, false, errSyntax
	}
	s.i = i
	return textfile.Text(b[start:i]), whole, false, nil
}

// string reads a quoted string.
func (s *scanner) string() (string, error) {
	b, q := s.b, s.b[s.i]
	start := s.i + 1
	for i := start; i < len(b); i++ {
		for i+8 <= len(b) && plain8(binary.LittleEndian.Uint64(b[i:]), q) {
			i += 8
		}
		if i == len(b) {
			break
		}
		switch c := b[i]; {
		case c == q:
			s.i = i + 1
			return textfile.Text(b[start:i]), nil
		case c == '\\':
			return s.escaped(start, i, q)
		case c < 0x20 && !s.o.controls:
			return "", errSyntax
		}
	}
	return "", errSyntax
}

// plain8 reports whether none of eight bytes is the quote, a backslash or a
// control character. The subtractions borrow into a byte's top bit where it is
// too small; bytes above 127 are left out by &^, and a borrow from a lower byte only makes the answer false.
func plain8(w uint64, q byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^ones*uint64(q), w^ones*'\\'
	return ((w-ones*0x20)&^w|(quote-ones)&^quote|(slash-ones)&^slash)&tops == 0
}

// escaped goes on with a string that began at start and has an escape at i.
func (s *scanner) escaped(start, i int, q byte) (string, error) {
	b := s.b
	mark := len(s.scratch)
	s.scratch = append(s.scratch, b[start:i]...)
	for i < len(b) {
		switch c := b[i]; {
		case c == q:
			s.i = i + 1
			return textfile.Text(s.scratch[mark:len(s.scratch):len(s.scratch)]), nil
		case c == '\\':
			n, ok := s.escape(i + 1)
			if !ok {
				return "", errSyntax
			}
			i = n
		case c < 0x20 && !s.o.controls:
			return "", errSyntax
		default:
			s.scratch = append(s.scratch, c)
			i++
		}
	}
	return "", errSyntax
}

// escape resolves the escape after a backslash at i and returns the place behind it.
func (s *scanner) escape(i int) (int, bool) {
	if i >= len(s.b) {
		return 0, false
	}
	c := s.b[i]
	switch c {
	case '"', '\\', '/':
	case '\'':
		if !s.o.singleQuotes && !s.o.anyEscape {
			return 0, false
		}
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode(i + 1)
	default:
		if !s.o.anyEscape {
			return 0, false
		}
	}
	s.scratch = append(s.scratch, c)
	return i + 1, true
}

// unicode reads the digits of \uXXXX at i, and of a second one where two make one character.
func (s *scanner) unicode(i int) (int, bool) {
	r, ok := hex4(s.b, i)
	if !ok {
		return 0, false
	}
	i += 4
	if utf16.IsSurrogate(r) {
		low, ok := rune(0), false
		if i+2 <= len(s.b) && s.b[i] == '\\' && s.b[i+1] == 'u' {
			low, ok = hex4(s.b, i+2)
		}
		if c := utf16.DecodeRune(r, low); ok && c != utf8.RuneError {
			r, i = c, i+6
		} else {
			r = '?' // half a character: what Java writes for it
		}
	}
	s.scratch = utf8.AppendRune(s.scratch, r)
	return i, true
}

func hex4(b []byte, i int) (r rune, ok bool) {
	if i+4 > len(b) {
		return 0, false
	}
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// plainName reports whether a name is written as it is.
func plainName(n string) bool {
	return !strings.ContainsFunc(n, func(c rune) bool { return c < 0x20 || c == '"' || c == '\\' })
}

// name reads a member's name.
func (s *scanner) name() (string, error) {
	c := s.peek()
	if c == '"' || c == '\'' && s.o.singleQuotes {
		return s.string()
	}
	if !s.o.bareNames || !nameByte(c) {
		return "", errSyntax
	}
	start := s.i
	for s.i < len(s.b) && nameByte(s.b[s.i]) {
		s.i++
	}
	return textfile.Text(s.b[start:s.i]), nil
}

// nameByte reports whether names without quotes may have c, as in Jackson.
func nameByte(c byte) bool { return wordByte(c) || strings.IndexByte("@#*-+", c) >= 0 }

// expected reads a member's name if it is want, quoted and written without
// escapes; else it reads nothing.
func (s *scanner) expected(want string) bool {
	end := s.i + len(want) + 1
	if end >= len(s.b) || s.b[s.i] != '"' || s.b[end] != '"' || string(s.b[s.i+1:end]) != want {
		return false
	}
	s.i = end + 1
	return true
}

// members calls f for each member of the object at hand, with the scanner at
// its value, which f reads. next is asked which name comes next, most likely: a name of
// letters that need no escape, or "". It may be nil.
func (s *scanner) members(next func() string, f func(name string) error) error {
	s.i++ // {
	if s.peek() == '}' {
		s.i++
		return nil
	}
	for {
		n := ""
		if next != nil {
			n = next()
		}
		if s.space(); n == "" || !s.expected(n) {
			var err error
			if n, err = s.name(); err != nil {
				return err
			}
		}
		if s.peek() != ':' {
			return errSyntax
		}
		s.i++
		if err := f(n); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return errSyntax
		}
	}
}

// elements calls f for each element of the array at hand.
func (s *scanner) elements(f func() error) error {
	s.i++ // [
	if s.peek() == ']' {
		s.i++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.i++
		case ']':
			s.i++
			return nil
		default:
			return errSyntax
		}
	}
}

// skip reads a value and checks its syntax.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	switch s.next() {
	case object:
		return s.members(nil, func(string) error { return s.skip(depth + 1) })
	case array:
		return s.elements(func() error { return s.skip(depth + 1) })
	case str:
		mark := len(s.scratch)
		_, err := s.string()
		s.scratch = s.scratch[:mark]
		return err
	case number:
		_, _, _, err := s.number()
		return err
	case boolean:
		_, err := s.boolean()
		return err
	case null:
		return s.null()
	}
	return errSyntax
}

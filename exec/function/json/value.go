package json

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// value is a parsed JSON value. Numbers keep their text.
type value struct {
	kind byte // 'n'ull, 'b'oolean, '0' number, 's'tring, 'a'rray, 'o'bject
	text string
	list []*value // elements, or values of keys
	keys []string
}

// maxDepth bounds nesting, so that hostile texts cannot exhaust the stack.
const maxDepth = 1000

type scanner struct {
	s     string
	at    int
	depth int
}

// parseText reads one JSON value from the start of s. Strings may stand in single
// quotes. Text after the value is reported by rest.
func parseText(s string) (v *value, rest string, ok bool) {
	p := &scanner{s: s}
	v, ok = p.value()
	if !ok {
		return nil, "", false
	}
	p.blank()
	return v, p.s[p.at:], true
}

func (p *scanner) blank() {
	for p.at < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

func (p *scanner) peek() byte {
	p.blank()
	if p.at >= len(p.s) {
		return 0
	}
	return p.s[p.at]
}

func (p *scanner) value() (*value, bool) {
	if p.depth++; p.depth > maxDepth {
		return nil, false
	}
	defer func() { p.depth-- }()
	switch c := p.peek(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"', c == '\'':
		s, ok := p.str(c)
		return &value{kind: 's', text: s}, ok
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, k := range map[string]byte{"null": 'n', "true": 'b', "false": 'b'} {
		if strings.HasPrefix(p.s[p.at:], word) {
			p.at += len(word)
			return &value{kind: k, text: word}, p.at == len(p.s) || strings.IndexByte(" \t\r\n,]}", p.s[p.at]) >= 0
		}
	}
	return nil, false
}

func (p *scanner) object() (*value, bool) {
	v := &value{kind: 'o'}
	p.at++
	if p.peek() == '}' {
		p.at++
		return v, true
	}
	for {
		q := p.peek()
		if q != '"' && q != '\'' {
			return nil, false
		}
		k, ok := p.str(q)
		if !ok || p.peek() != ':' {
			return nil, false
		}
		p.at++
		x, ok := p.value()
		if !ok {
			return nil, false
		}
		v.keys, v.list = append(v.keys, k), append(v.list, x)
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			return v, true
		default:
			return nil, false
		}
	}
}

func (p *scanner) array() (*value, bool) {
	v := &value{kind: 'a'}
	p.at++
	if p.peek() == ']' {
		p.at++
		return v, true
	}
	for {
		x, ok := p.value()
		if !ok {
			return nil, false
		}
		v.list = append(v.list, x)
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return v, true
		default:
			return nil, false
		}
	}
}

func (p *scanner) number() (*value, bool) {
	start := p.at
	digits := func() int {
		n := 0
		for p.at < len(p.s) && p.s[p.at] >= '0' && p.s[p.at] <= '9' {
			p.at++
			n++
		}
		return n
	}
	if p.s[p.at] == '-' {
		p.at++
	}
	first := p.at
	if n := digits(); n == 0 || n > 1 && p.s[first] == '0' {
		return nil, false
	}
	if p.at < len(p.s) && p.s[p.at] == '.' {
		p.at++
		if digits() == 0 {
			return nil, false
		}
	}
	if p.at < len(p.s) && p.s[p.at]|0x20 == 'e' {
		p.at++
		if p.at < len(p.s) && (p.s[p.at] == '+' || p.s[p.at] == '-') {
			p.at++
		}
		if digits() == 0 {
			return nil, false
		}
	}
	return &value{kind: '0', text: p.s[start:p.at]}, true
}

func (p *scanner) str(quote byte) (string, bool) {
	p.at++
	start := p.at
	for p.at < len(p.s) && p.s[p.at] != quote && p.s[p.at] != '\\' {
		if p.s[p.at] < ' ' {
			return "", false
		}
		p.at++
	}
	if p.at < len(p.s) && p.s[p.at] == quote {
		p.at++
		return p.s[start : p.at-1], true
	}
	b := []byte(p.s[start:p.at])
	for p.at < len(p.s) {
		c := p.s[p.at]
		p.at++
		switch {
		case c == quote:
			return string(b), true
		case c < ' ':
			return "", false
		case c != '\\':
			b = append(b, c)
		default:
			var ok bool
			if b, ok = p.escape(b); !ok {
				return "", false
			}
		}
	}
	return "", false
}

func (p *scanner) escape(b []byte) ([]byte, bool) {
	if p.at >= len(p.s) {
		return b, false
	}
	c := p.s[p.at]
	p.at++
	switch c {
	case '"', '\\', '/', '\'':
		return append(b, c), true
	case 'b':
		return append(b, '\b'), true
	case 'f':
		return append(b, '\f'), true
	case 'n':
		return append(b, '\n'), true
	case 'r':
		return append(b, '\r'), true
	case 't':
		return append(b, '\t'), true
	case 'u':
		r, ok := p.hex4()
		if !ok {
			return b, false
		}
		if utf16.IsSurrogate(r) && strings.HasPrefix(p.s[p.at:], `\u`) {
			p.at += 2
			low, ok := p.hex4()
			if !ok {
				return b, false
			}
			r = utf16.DecodeRune(r, low)
		}
		return utf8.AppendRune(b, r), true
	}
	return b, false
}

func (p *scanner) hex4() (rune, bool) {
	if p.at+4 > len(p.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.s[p.at:p.at+4], 16, 32)
	p.at += 4
	return rune(n), err == nil
}

// get returns the last value of a key, or nil.
func (v *value) get(key string) *value {
	for i := len(v.keys) - 1; i >= 0; i-- {
		if v.keys[i] == key {
			return v.list[i]
		}
	}
	return nil
}

// append writes v as compact JSON.
func (v *value) append(b []byte) []byte {
	switch v.kind {
	case 's':
		return appendString(b, v.text)
	case 'a':
		b = append(b, '[')
		for i, x := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = x.append(b)
		}
		return append(b, ']')
	case 'o':
		b = append(b, '{')
		for i, x := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, v.keys[i]), ':')
			b = x.append(b)
		}
		return append(b, '}')
	}
	return append(b, v.text...)
}

// plain is a value as text: strings without quotes, others as JSON.
func (v *value) plain() string {
	if v.kind == 's' {
		return v.text
	}
	return string(v.append(nil))
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for k := range len(s) {
		switch c := s[k]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		default:
			if c < ' ' {
				const digits = "0123456789ABCDEF"
				b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}

package lineedit

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// event is one thing a person did: a key, typed text or a paste.
type event struct {
	// key is the name of a key that is no text: "enter", "ctrl-a", "alt-left".
	// It is empty for text, and "none" for what terminals send and nobody typed.
	key string
	// text is what was typed or, if paste is true, pasted.
	text  string
	paste bool
}

const (
	pasteBegin = "\x1b[200~"
	pasteEnd   = "\x1b[201~"
)

// decode takes the first event off the bytes that a terminal sent. n is how
// many bytes it was, 0 if more are needed to tell. final says that no more come
// soon: what is there is then taken for what it is, except for a paste,
// which goes on until its end.
//
// Terminals may cut sequences and characters anywhere between two reads.
func decode(b []byte, final bool) (ev event, n int) {
	switch c := b[0]; {
	case c == 0x1b:
		return decodeEscape(b, final)
	case c < 0x20 || c == 0x7f:
		return event{key: controlKey(c)}, 1
	}
	for n < len(b) && b[n] >= 0x20 && b[n] != 0x7f {
		if b[n] < utf8.RuneSelf {
			n++
			continue
		}
		if !utf8.FullRune(b[n:]) && !final {
			break
		}
		_, size := utf8.DecodeRune(b[n:])
		n += size
	}
	return event{text: string(b[:n])}, n
}

func controlKey(c byte) string {
	switch c {
	case '\r', '\n':
		return "enter"
	case '\t':
		return "tab"
	case 0x08, 0x7f:
		return "backspace"
	case 0:
		return "ctrl-space"
	case 0x1f:
		return "ctrl-_"
	case 0x1c, 0x1d, 0x1e:
		return "none"
	}
	return "ctrl-" + string(c+'a'-1)
}

func decodeEscape(b []byte, final bool) (event, int) {
	if bytes.HasPrefix(b, []byte(pasteBegin)) {
		body := b[len(pasteBegin):]
		end := bytes.Index(body, []byte(pasteEnd))
		if end < 0 {
			return event{}, 0
		}
		return event{text: pasted(string(body[:end])), paste: true}, len(pasteBegin) + end + len(pasteEnd)
	}
	if len(b) == 1 {
		if !final {
			return event{}, 0
		}
		return event{key: "esc"}, 1
	}
	switch b[1] {
	case '[':
		return decodeCSI(b, final)
	case 'O':
		if len(b) == 2 {
			if !final {
				return event{}, 0
			}
			return event{key: "alt-O"}, 2
		}
		return event{key: named(finals[b[2]], 0)}, 3
	case 0x1b:
		ev, n := decodeEscape(b[1:], final)
		if n == 0 {
			return event{}, 0
		}
		if ev.key == "esc" { // Escape twice
			return ev, 1
		}
		if ev.key != "" && ev.key != "none" {
			ev.key = "alt-" + strings.TrimPrefix(ev.key, "alt-")
		}
		return ev, n + 1
	}
	if b[1] < 0x20 || b[1] == 0x7f {
		return event{key: "alt-" + controlKey(b[1])}, 2
	}
	if !utf8.FullRune(b[1:]) && !final {
		return event{}, 0
	}
	_, size := utf8.DecodeRune(b[1:])
	return event{key: "alt-" + string(b[1:1+size])}, 1 + size
}

// pasted brings the ends of lines of a paste, where terminals send CR, into the form of texts.
func pasted(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// finals are keys by the byte that ends their sequence.
var finals = map[byte]string{
	'A': "up", 'B': "down", 'C': "right", 'D': "left", 'F': "end", 'H': "home", 'Z': "shift-tab", 'M': "enter",
	'a': "ctrl-up", 'b': "ctrl-down", 'c': "ctrl-right", 'd': "ctrl-left",
}

// tildes are keys by the number before the ~ that ends their sequence.
var tildes = map[int]string{1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pgup", 6: "pgdn", 7: "home", 8: "end"}

// decodeCSI reads ESC [ parameters intermediates final (ECMA-48). Replies of
// terminals, such as where the cursor is, have the same form.
func decodeCSI(b []byte, final bool) (event, int) {
	i := 2
	if i < len(b) && b[i] == '[' { // function keys of the Linux console: ESC [ [ A
		i++
	} else {
		for i < len(b) && b[i] >= 0x20 && b[i] <= 0x3f {
			i++
		}
	}
	if i == len(b) {
		if !final {
			return event{}, 0
		}
		return event{key: "none"}, i
	}
	end := b[i]
	if end < 0x40 || end > 0x7e { // broken off by another key
		return event{key: "none"}, i
	}
	n := i + 1
	if b[2] == '[' && i == 3 {
		return event{key: "none"}, n
	}
	first, mod := parameters(string(b[2:i]))
	switch end {
	case '~':
		if first == 27 { // modifyOtherKeys: 27 ; modifier ; code
			parts := strings.Split(string(b[2:i]), ";")
			if len(parts) == 3 {
				code, _ := strconv.Atoi(parts[2])
				return event{key: coded(code, mod)}, n
			}
		}
		return event{key: named(tildes[first], mod)}, n
	case 'u':
		return event{key: coded(first, mod)}, n
	case 'R', 'M', 'm', 'c', 'n', 'I', 't', 'y': // replies, the mouse, focus
		return event{key: "none"}, n
	}
	return event{key: named(finals[end], mod)}, n
}

// parameters reads the first two numbers of a sequence.
func parameters(s string) (first, mod int) {
	a, rest, _ := strings.Cut(s, ";")
	b, _, _ := strings.Cut(rest, ";")
	b, _, _ = strings.Cut(b, ":")
	first, _ = strconv.Atoi(a)
	mod, _ = strconv.Atoi(b)
	return first, mod
}

// named puts the modifiers that xterm sends (1 and a bit each for shift, alt and control) before a key's name.
func named(key string, mod int) string {
	if key == "" {
		return "none"
	}
	if mod < 2 {
		return key
	}
	switch bits := mod - 1; {
	case bits&4 != 0:
		return "ctrl-" + key
	case bits&2 != 0:
		return "alt-" + key
	}
	return key
}

// coded names a key that is sent as the number of its character.
func coded(code, mod int) string {
	key := ""
	switch {
	case code == 13:
		key = "enter"
	case code == 9 && mod == 2:
		return "shift-tab"
	case code == 9:
		key = "tab"
	case code == 27:
		return "esc"
	case code == 127 || code == 8:
		key = "backspace"
	case code == 32:
		key = "space"
	case code > 32 && code < 0xd800:
		key = strings.ToLower(string(rune(code)))
	default:
		return "none"
	}
	if mod == 2 && key == "enter" {
		return "alt-enter"
	}
	return named(key, mod)
}

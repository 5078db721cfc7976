// Package screen knows what a text looks like on a terminal: how many columns
// it takes, where it may be cut, and how characters are shown that would move
// the cursor, hide text or turn its direction.
package screen

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Ellipsis stands for what was cut off; it is one column wide.
const Ellipsis = "…"

// Width is the number of columns of a text without control characters: East
// Asian wide characters and emoji take two, combining marks none.
func Width(s string) int {
	if ascii(s) {
		return len(s)
	}
	return uniseg.StringWidth(s)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Next is the first character as people see it (a grapheme cluster) of a text
// that is not empty, and its width.
func Next(s string) (cluster string, width int) {
	if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) && s[0] != '\r' {
		return s[:1], 1
	}
	cluster, _, width, _ = uniseg.FirstGraphemeClusterInString(s, -1)
	return cluster, width
}

// Cut shortens a text to n columns; an ellipsis at its end says so.
func Cut(s string, n int) string {
	if len(s) <= n || Width(s) <= n {
		return s
	}
	if n < 1 {
		return ""
	}
	at, room := 0, n-1
	for at < len(s) {
		c, w := Next(s[at:])
		if w > room {
			break
		}
		at, room = at+len(c), room-w
	}
	return s[:at] + Ellipsis
}

// Pad fills a text up to n columns with spaces at its end.
func Pad(s string, n int) string {
	if w := Width(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}

// Control reports characters that must not reach a terminal as they are:
// controls, marks that hide or reorder text, and bytes that are no UTF-8.
func Control(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0x200b:
		return r == 0xad || r == 0x61c || r == 0x180e
	}
	return r <= 0x200f && r != 0x200d || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f ||
		r == 0xfeff || r >= 0xfff9 && r <= 0xfffb || r >= 0xe0000 && r <= 0xe007f
}

// Visible shows control characters as escapes (\n, \t, \u001b), and bytes that
// are no UTF-8 as \xff, so that data cannot move the cursor.
func Visible(s string) string {
	if !needsEscape(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r > 0xffff && Control(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case Control(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func needsEscape(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7f {
				return true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || Control(r) {
			return true
		}
		i += n
	}
	return false
}

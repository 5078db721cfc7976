package csv

import (
	"strings"

	"github.com/volley-sql/volley/catalog/format/textfile"
)

// tokenizer cuts records into fields. Fields are strings that borrow the text
// they were cut from, or scratch where quotes had to be resolved.
type tokenizer struct {
	o       *options
	sep     byte   // the separator if it is one byte
	long    string // the separator if it is several
	multi   bool   // records may span lines
	fields  []string
	scratch []byte
}

func newTokenizer(o *options) *tokenizer {
	t := &tokenizer{o: o, multi: o.layout.Whole}
	if len(o.sep) == 1 {
		t.sep = o.sep[0]
	} else {
		t.long = o.sep
	}
	return t
}

// record cuts the record at the front of b into t.fields and returns how many
// bytes it took, terminator included. Unless multi, all of b is one record.
// whole is false if the record may go on behind b; with final nothing follows b.
func (t *tokenizer) record(b []byte, final bool) (n int, whole bool) {
	t.fields = t.fields[:0]
	i := 0
	for {
		var end int // where the field's separator or terminator stands
		if t.o.ltrim {
			for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
				i++
			}
		}
		if i < len(b) && b[i] == t.o.quote && t.o.quote != 0 {
			s, e, ok := t.quoted(b, i+1, final)
			if !ok {
				return 0, false
			}
			t.fields = append(t.fields, s)
			end = e
		} else {
			end = t.plainEnd(b, i)
			t.fields = append(t.fields, t.plain(b[i:end]))
		}
		if end >= len(b) {
			if t.multi && !final {
				return 0, false
			}
			return len(b), true
		}
		if t.multi && (b[end] == '\n' || b[end] == '\r') && !t.isSep(b, end) {
			return t.terminator(b, end, final)
		}
		i = end + len(t.o.sep)
		if len(t.fields) > t.o.maxColumns {
			return len(b), true // the caller reports it
		}
	}
}

// terminator returns the place after the end of line at b[end].
func (t *tokenizer) terminator(b []byte, end int, final bool) (int, bool) {
	if b[end] == '\r' {
		if end+1 == len(b) && !final {
			return 0, false // an LF may follow
		}
		if end+1 < len(b) && b[end+1] == '\n' {
			return end + 2, true
		}
	}
	return end + 1, true
}

func (t *tokenizer) isSep(b []byte, i int) bool {
	if t.long == "" {
		return b[i] == t.sep
	}
	return len(b)-i >= len(t.long) && textfile.Text(b[i:i+len(t.long)]) == t.long
}

// plainEnd finds where an unquoted field that begins at i ends.
func (t *tokenizer) plainEnd(b []byte, i int) int {
	switch {
	case t.long != "":
		for ; i < len(b); i++ {
			if t.isSep(b, i) || t.multi && (b[i] == '\n' || b[i] == '\r') {
				return i
			}
		}
	case t.multi:
		for sep := t.sep; i < len(b); i++ {
			if c := b[i]; c == sep || c == '\n' || c == '\r' {
				return i
			}
		}
	default:
		for sep := t.sep; i < len(b); i++ {
			if b[i] == sep {
				return i
			}
		}
	}
	return len(b)
}

func (t *tokenizer) plain(b []byte) string {
	if t.o.rtrim {
		for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
			b = b[:len(b)-1]
		}
	}
	if len(b) == 0 {
		return t.o.null
	}
	return textfile.Text(b)
}

// quoted reads a field after its opening quote at b[i-1]. A quote that does not
// end the field makes all of it plain text, quotes included, up to the next
// separator. An open quote at the end of the text ends there.
func (t *tokenizer) quoted(b []byte, i int, final bool) (s string, end int, ok bool) {
	q, esc := t.o.quote, t.o.escape
	start := len(t.scratch)
	from := i // text from here on is not in scratch yet
	copied := false
	flush := func(to int) {
		t.scratch = append(t.scratch, b[from:to]...)
		copied = true
	}
	value := func(to int) string {
		if !copied {
			if to == from {
				return t.o.empty
			}
			return textfile.Text(b[from:to])
		}
		flush(to)
		return textfile.Text(t.scratch[start:])
	}
	for i < len(b) {
		c := b[i]
		switch {
		case c == q && esc == q && i+1 < len(b) && b[i+1] == q:
			flush(i + 1)
			i += 2
			from = i
		case c == q:
			if i+1 == len(b) && !final && t.multi {
				return t.more(start)
			}
			after := i + 1
			for after < len(b) && b[after] <= ' ' && b[after] != '\n' && b[after] != '\r' && !t.isSep(b, after) {
				after++
			}
			if after == len(b) && !final && t.multi {
				return t.more(start)
			}
			if after == len(b) || t.isSep(b, after) || t.multi && (b[after] == '\n' || b[after] == '\r') {
				return value(i), after, true
			}
			if esc != q && after == i+1 && b[after] == q {
				// Two quotes where quotes are not escaped so: one is text, the other may close.
				flush(i + 1)
				i++
				from = i + 1
				copied = true
				if v, e, done, wait := t.afterDouble(b, i, start, final); wait {
					return t.more(start)
				} else if done {
					return v, e, true
				}
				continue
			}
			return t.unescaped(b, i, from, start, final)
		case c == esc && esc != 0 && i+1 < len(b) && (b[i+1] == q || b[i+1] == esc && t.o.escapeEscape == esc):
			flush(i)
			t.scratch = append(t.scratch, b[i+1])
			i += 2
			from = i
		case c == '\r' && t.multi && i+1 < len(b) && b[i+1] == '\n':
			flush(i)
			i++
			from = i
		default:
			i++
		}
	}
	if t.multi && !final {
		return t.more(start)
	}
	return value(len(b)), len(b), true
}

// more gives up a field that goes on behind the text at hand.
func (t *tokenizer) more(start int) (string, int, bool) {
	t.scratch = t.scratch[:start]
	return "", 0, false
}

// afterDouble looks behind the second of two quotes, at b[i]: it may close the
// field (done), be followed by more quotes, or show that the quotes are text.
func (t *tokenizer) afterDouble(b []byte, i, start int, final bool) (s string, end int, done, wait bool) {
	for {
		if i+1 == len(b) {
			return textfile.Text(t.scratch[start:]), len(b), true, t.multi && !final
		}
		next := b[i+1]
		if t.isSep(b, i+1) || t.multi && (next == '\n' || next == '\r') {
			return textfile.Text(t.scratch[start:]), i + 1, true, false
		}
		if next != t.o.quote {
			v, e, ok := t.unescaped(b, i, i, start, final)
			return v, e, ok, !ok
		}
		t.scratch = append(t.scratch, t.o.quote)
		i++
	}
}

// unescaped ends a field in which the quote at b[i] stood where none may be:
// its value is the opening quote, what was read, and the text up to the next separator.
func (t *tokenizer) unescaped(b []byte, i, from, start int, final bool) (string, int, bool) {
	end := t.plainEnd(b, i+1)
	if end == len(b) && t.multi && !final {
		return t.more(start)
	}
	var all strings.Builder
	all.WriteByte(t.o.quote)
	all.Write(t.scratch[start:])
	all.Write(b[from:end])
	return all.String(), end, true
}

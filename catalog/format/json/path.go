package json

import (
	"strconv"
	"strings"
	"unsafe"
)

// Path is a parsed path such as $.a.b[0] or $[*].a.
type Path []step

type step struct {
	kind  stepKind
	name  string
	index int
}

type stepKind uint8

const (
	key     stepKind = iota // member of an object
	index                   // element of an array
	each                    // all elements of an array
	nowhere                 // all members of an object, which Spark accepts and never finds
)

// ParsePath reads a path; false if it is none.
func ParsePath(text string) (Path, bool) {
	if !strings.HasPrefix(text, "$") {
		return nil, false
	}
	out := Path{}
	for text = text[1:]; text != ""; {
		var s step
		var ok bool
		if s, text, ok = parseStep(text); !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// blankChars may stand before names, numbers and quoted names: not before points and bare brackets.
const blankChars = " \t\n\v\f\r"

func parseStep(text string) (s step, rest string, ok bool) {
	if quoted := strings.TrimLeft(text, blankChars); strings.HasPrefix(quoted, "['") {
		text = quoted
	}
	switch {
	case strings.HasPrefix(text, ".*"):
		return step{kind: nowhere}, text[2:], true
	case strings.HasPrefix(text, "['*']"):
		return step{kind: nowhere}, text[5:], true
	case strings.HasPrefix(text, "."):
		text = strings.TrimLeft(text[1:], blankChars)
		end := strings.IndexAny(text, ".[")
		if end < 0 {
			end = len(text)
		}
		return step{kind: key, name: text[:end]}, text[end:], end > 0
	case strings.HasPrefix(text, "['"):
		text = strings.TrimLeft(text[2:], blankChars)
		end := strings.IndexByte(text, '\'')
		if end <= 0 || !strings.HasPrefix(text[end:], "']") {
			return s, "", false
		}
		return step{kind: key, name: text[:end]}, text[end+2:], true
	case strings.HasPrefix(text, "["):
		in, rest, ok := strings.Cut(text[1:], "]")
		if in == "*" {
			return step{kind: each}, rest, ok
		}
		n, err := strconv.ParseUint(strings.TrimLeft(in, blankChars), 10, 62)
		return step{kind: index, index: int(n)}, rest, ok && err == nil
	}
	return s, "", false
}

// Finder looks things up in JSON texts. Text after the first value is not
// read; what stands before it must be right. A Finder belongs to one thread.
type Finder struct {
	s     scanner
	out   []byte
	first bool // nothing was written yet into the array that out is in
}

// NewFinder returns a Finder whose texts may have strings in single quotes and
// control characters, as Hive's functions allow.
func NewFinder() *Finder {
	return &Finder{s: scanner{o: &options{singleQuotes: true, controls: true}}}
}

// open makes text the one to read and tells what it holds.
func (f *Finder) open(text string) kind {
	f.s.b, f.s.i, f.s.scratch = unsafe.Slice(unsafe.StringData(text), len(text)), 0, f.s.scratch[:0]
	f.out, f.first = f.out[:0], true
	return f.s.next()
}

// Path returns what a path leads to: strings as they are, other values as
// compact JSON. Several values are an array. The result is valid until the next call.
func (f *Finder) Path(text string, p Path) (found []byte, ok bool) {
	f.open(text)
	ok, err := f.eval(p, asIs, 1)
	return f.out, ok && err == nil
}

// style is how values are written that a path ends at.
type style uint8

const (
	asIs   style = iota // strings without quotes
	quoted              // as JSON
	spread              // as JSON, the elements of arrays in place of the arrays
)

// comma goes before a value of the array at hand.
func (f *Finder) comma() {
	if !f.first {
		f.out = append(f.out, ',')
	}
	f.first = false
}

// eval reads the value at hand, writes the parts of it that p leads to and
// reports whether there are any.
func (f *Finder) eval(p Path, how style, depth int) (found bool, err error) {
	k := f.s.next()
	switch {
	case len(p) == 0:
		return f.write(k, how, depth)
	case p[0].kind == key && k == object:
		err = f.s.members(nil, func(name string) error {
			if found || name != p[0].name || f.s.next() == null {
				return f.s.skip(depth + 1)
			}
			found, err = f.eval(p[1:], how, depth+1)
			return err
		})
		return found, err
	case p[0].kind == index && k == array:
		if len(p) > 1 && p[1].kind == each {
			how = quoted
		}
		n := 0
		err = f.s.elements(func() (err error) {
			if n++; n-1 != p[0].index {
				return f.s.skip(depth + 1)
			}
			found, err = f.eval(p[1:], how, depth+1)
			return err
		})
		return found, err
	case p[0].kind == each && k == array:
		return f.each(p[1:], how, depth)
	}
	return false, f.s.skip(depth)
}

// write writes the value a path ends at.
func (f *Finder) write(k kind, how style, depth int) (found bool, err error) {
	switch {
	case k == str && how == asIs:
		text, err := f.s.string()
		f.out = append(f.out, text...)
		return true, err
	case k == array && how == spread:
		err = f.s.elements(func() error {
			ok, err := f.eval(nil, how, depth+1)
			found = found || ok
			return err
		})
		return found, err
	}
	f.comma()
	f.out, err = f.s.compact(f.out, depth)
	return true, err
}

// each follows the rest of a path from every element of the array at hand.
func (f *Finder) each(rest Path, how style, depth int) (bool, error) {
	start, first := len(f.out), f.first
	f.comma()
	open := len(f.out)
	f.out = append(f.out, '[')
	f.first = true
	keep := how == quoted // the brackets, however many are found
	switch {
	case len(rest) > 0 && rest[0].kind == each:
		rest, how, keep = rest[1:], spread, true
	case how == asIs:
		how = quoted
	}
	count := 0
	err := f.s.elements(func() error {
		ok, err := f.eval(rest, how, depth+1)
		if ok {
			count++
		}
		return err
	})
	f.first = false
	switch {
	case keep || count > 1:
		f.out = append(f.out, ']')
	case count == 1:
		f.out = append(f.out[:open], f.out[open+1:]...)
	default:
		f.out, f.first = f.out[:start], first
	}
	return count > 0, err
}

// Length is the number of elements of an array.
func (f *Finder) Length(text string) (n int, ok bool) {
	if f.open(text) != array {
		return 0, false
	}
	err := f.s.elements(func() error {
		n++
		return f.s.skip(2)
	})
	return n, err == nil
}

// Keys calls add with the names of an object's members, and reports whether
// text is an object. Names are valid until the next call.
func (f *Finder) Keys(text string, add func(name string)) bool {
	return f.open(text) == object && f.s.members(nil, func(name string) error {
		add(name)
		return f.s.skip(2)
	}) == nil
}

// Members calls add with the members of an object whose value is not null, and
// that wanted asks for: strings as they are, other values as compact JSON. The
// value is valid until add returns. It reports whether text is an object; if
// not, what add was called with does not count.
func (f *Finder) Members(text string, wanted func(name string) bool, add func(name string, value []byte)) bool {
	return f.open(text) == object && f.s.members(nil, func(name string) error {
		if !wanted(name) || f.s.next() == null {
			return f.s.skip(2)
		}
		f.out, f.first = f.out[:0], true
		_, err := f.eval(nil, asIs, 2)
		if err == nil {
			add(name, f.out)
		}
		return err
	}) == nil
}

package json

import (
	"math"
	"slices"

	"github.com/volley-sql/volley/catalog/format/textvalue"
)

// compact writes the value at hand anew: without blanks, names and strings in
// double quotes, numbers with a fraction as a DOUBLE is written.
func (s *scanner) compact(b []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return b, errDeep
	}
	first := true
	comma := func() {
		if !first {
			b = append(b, ',')
		}
		first = false
	}
	switch s.next() {
	case object:
		b = append(b, '{')
		err := s.members(nil, func(name string) error {
			comma()
			b = append(appendString(b, name), ':')
			var err error
			b, err = s.compact(b, depth+1)
			return err
		})
		return append(b, '}'), err
	case array:
		b = append(b, '[')
		err := s.elements(func() error {
			comma()
			var err error
			b, err = s.compact(b, depth+1)
			return err
		})
		return append(b, ']'), err
	case str:
		text, err := s.string()
		if err != nil {
			return b, err
		}
		return appendString(b, text), nil
	case number:
		text, whole, special, err := s.number()
		if err != nil {
			return b, err
		}
		if f, ok := textvalue.ParseFloat(text, 64); ok && !whole && !special {
			if math.IsInf(f, 0) {
				return append(textvalue.AppendFloat(append(b, `"`...), f, 64), `"`...), nil
			}
			return textvalue.AppendFloat(b, f, 64), nil
		}
		if special {
			return appendString(b, text), nil
		}
		return append(b, text...), nil
	}
	start := s.i
	err := s.skip(depth)
	return append(b, s.b[start:s.i]...), err
}

// rewritten reads a value that is no string as text.
func (s *scanner) rewritten(depth int) (string, error) {
	b, err := s.compact(nil, depth)
	if n := len(b); n > 1 && b[0] == '"' { // NaN and its like
		b = b[1 : n-1]
	}
	return string(slices.Clip(b)), err
}

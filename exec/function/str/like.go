package str

import (
	"strings"
	"unicode/utf8"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

func patterns() []function.Def {
	return []function.Def{
		def("like", "str, pattern[, escape]", "Returns whether str matches pattern, in which _ stands for one character and % for any number of them. A backslash, or the character given by ESCAPE, takes these their meaning.",
			like(false), ex("SELECT 'Spark' LIKE '_park'", "true"), ex("SELECT '100%' LIKE '100|%' ESCAPE '|'", "true")),
		def("ilike", "str, pattern[, escape]", "Is like without regard to case.", like(true), ex("SELECT 'Spark' ILIKE '_PARK'", "true")),
	}
}

func like(fold bool) build.Resolver {
	maker := func(*expr.Call) (function.Kernel, error) {
		var last, lastEscape string
		var m *matcher
		return func(_ *build.Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error {
			v, p, o := build.ViewOf[string](args[0]), build.ViewOf[string](args[1]), vec.Data[bool](out)
			escape := func(int) string { return `\` }
			if len(args) == 3 {
				e := build.ViewOf[string](args[2])
				escape = func(row int) string { return e.At(row) }
			}
			for _, row := range sel {
				pattern, esc := p.At(int(row)), escape(int(row))
				if m == nil || pattern != last || esc != lastEscape {
					n, err := compile(pattern, esc, fold)
					if err != nil {
						return err
					}
					m, last, lastEscape = n, strings.Clone(pattern), strings.Clone(esc)
				}
				text := v.At(int(row))
				if fold {
					text = lower(text)
				}
				o[row] = m.match(text)
			}
			return nil
		}, nil
	}
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == 3 {
			return build.Func(build.Fixed(types.BoolType, s, s, s), maker)(c)
		}
		return build.Func(build.Fixed(types.BoolType, s, s), maker)(c)
	}
}

// matcher is a compiled LIKE pattern: pieces parted by %. Each piece is literal
// text, or has _ in it, kept as characters with -1 for _.
type matcher struct {
	pieces []piece
	// first and last are whether the pattern starts and ends with % .
	first, last bool
}

type piece struct {
	text  string
	runes []rune // not nil if the piece has _
}

func compile(pattern, escape string, fold bool) (*matcher, error) {
	if utf8.RuneCountInString(escape) != 1 {
		return nil, sqlerr.New(sqlerr.InvalidEscape, "`EscapeChar` should be a string literal of length one, but got %q.", escape)
	}
	esc, _ := utf8.DecodeRuneInString(escape)
	if fold {
		pattern = lower(pattern)
	}
	m := &matcher{first: true}
	var cur []rune
	wild, open := false, false
	end := func() {
		if !open {
			return
		}
		p := piece{text: string(cur)}
		if wild {
			p.runes = cur
		}
		m.pieces = append(m.pieces, p)
		cur, wild, open = nil, false, false
	}
	seen := false
	for k := 0; k < len(pattern); {
		r, n := utf8.DecodeRuneInString(pattern[k:])
		k += n
		m.last = false
		switch {
		case r == esc:
			if k == len(pattern) {
				return nil, sqlerr.New(sqlerr.InvalidFormatEscEnd, "The format is invalid: %q. The escape character is not allowed to end with.", pattern)
			}
			q, w := utf8.DecodeRuneInString(pattern[k:])
			if q != '_' && q != '%' && q != esc {
				return nil, sqlerr.New(sqlerr.InvalidFormatEscMiddle, "The format is invalid: %q. The escape character is not allowed to precede %q.", pattern, q)
			}
			k += w
			if !seen {
				m.first = false
			}
			cur, open = append(cur, q), true
		case r == '%':
			end()
			m.last = true
		case r == '_':
			if !seen {
				m.first = false
			}
			cur, wild, open = append(cur, -1), true, true
		default:
			if !seen {
				m.first = false
			}
			cur, open = append(cur, r), true
		}
		seen = true
	}
	end()
	if !seen {
		m.first, m.last = false, false
	}
	return m, nil
}

// at is the length in bytes of p at the start of v, -1 if it does not stand there.
func (p *piece) at(v string) int {
	if p.runes == nil {
		if strings.HasPrefix(v, p.text) {
			return len(p.text)
		}
		return -1
	}
	n := 0
	for _, want := range p.runes {
		if n >= len(v) {
			return -1
		}
		r, w := utf8.DecodeRuneInString(v[n:])
		if want >= 0 && r != want {
			return -1
		}
		n += w
	}
	return n
}

// find is the first place in v where p stands, and its length there.
func (p *piece) find(v string) (at, n int) {
	if p.runes == nil {
		return strings.Index(v, p.text), len(p.text)
	}
	for k := 0; k <= len(v); {
		if n := p.at(v[k:]); n >= 0 {
			return k, n
		}
		if k == len(v) {
			break
		}
		_, w := utf8.DecodeRuneInString(v[k:])
		k += w
	}
	return -1, 0
}

// suffix reports whether v ends with p.
func (p *piece) suffix(v string) bool {
	if p.runes == nil {
		return strings.HasSuffix(v, p.text)
	}
	at := len(v)
	for range p.runes {
		if at == 0 {
			return false
		}
		_, w := utf8.DecodeLastRuneInString(v[:at])
		at -= w
	}
	return p.at(v[at:]) == len(v)-at
}

func (m *matcher) match(v string) bool {
	ps := m.pieces
	if len(ps) == 0 {
		return m.last || v == ""
	}
	if !m.first {
		n := ps[0].at(v)
		if n < 0 {
			return false
		}
		if len(ps) == 1 && !m.last {
			return n == len(v)
		}
		v, ps = v[n:], ps[1:]
	}
	var tail *piece
	if !m.last && len(ps) > 0 {
		tail, ps = &ps[len(ps)-1], ps[:len(ps)-1]
	}
	for k := range ps {
		at, n := ps[k].find(v)
		if at < 0 {
			return false
		}
		v = v[at+n:]
	}
	return tail == nil || tail.suffix(v)
}

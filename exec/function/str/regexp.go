package str

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// matchTimeout bounds one match of a pattern that needs backtracking.
const matchTimeout = 2 * time.Second

// pattern is a compiled Java regular expression. Patterns that Go's regexp reads
// the same way run on it, in linear time; those with look-around, back
// references, possessive or atomic groups run on regexp2, with a time limit.
type pattern struct {
	std  *regexp.Regexp
	back *regexp2.Regexp
}

// spans of a match: start and end byte of the whole and of each group, -1 if it took no part.
type spans []int

func compileRegexp(function, p string) (*pattern, error) {
	if q, ok := goSyntax(p); ok {
		if re, err := regexp.Compile(q); err == nil {
			return &pattern{std: re}, nil
		}
	}
	re, err := regexp2.Compile(p, regexp2.None)
	if err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.InvalidRegexp, "The value of parameter(s) `regexp` in `%s` is invalid: %q is not a regular expression: %v.", function, p, err)
	}
	re.MatchTimeout = matchTimeout
	return &pattern{back: re}, nil
}

// goSyntax reports whether Go's regexp gives p Java's meaning, perhaps in
// another spelling. What it does not know it refuses to compile; what is left
// are spellings it reads differently.
func goSyntax(p string) (string, bool) {
	for _, odd := range []string{"&&", "++", "*+", "?+", "}+", `\Z`, `\G`, `\R`, `\h`, `\H`, `\X`, `\k`, `\v`, `(?x`, `[[`, `(?>`, `(?=`, `(?!`, `(?<=`, `(?<!`, `\p{Is`, `\p{In`, `\p{java`} {
		if strings.Contains(p, odd) {
			return "", false
		}
	}
	if _, err := syntax.Parse(p, syntax.Perl); err != nil {
		return "", false
	}
	return p, true
}

// find returns the spans of the first match in v at or after byte from, nil if there is none.
func (p *pattern) find(v string, from int) (spans, error) {
	if p.std != nil {
		if from == 0 {
			return p.std.FindStringSubmatchIndex(v), nil
		}
		all := p.std.FindAllStringSubmatchIndex(v, -1)
		for _, m := range all {
			if m[0] >= from {
				return m, nil
			}
		}
		return nil, nil
	}
	m, err := p.back.FindStringMatchStartingAt(v, from)
	if err != nil || m == nil {
		return nil, timedOut(err)
	}
	return groups(m), nil
}

// all returns the spans of all matches, at most limit if that is positive.
func (p *pattern) all(v string, limit int) ([]spans, error) {
	if limit <= 0 {
		limit = -1
	}
	var out []spans
	if p.std != nil {
		for _, m := range p.std.FindAllStringSubmatchIndex(v, limit) {
			out = append(out, m)
		}
		return out, nil
	}
	m, err := p.back.FindStringMatch(v)
	for ; err == nil && m != nil && len(out) != limit; m, err = p.back.FindNextMatch(m) {
		out = append(out, groups(m))
	}
	return out, timedOut(err)
}

func (p *pattern) matches(v string) (bool, error) {
	if p.std != nil {
		return p.std.MatchString(v), nil
	}
	ok, err := p.back.MatchString(v)
	return ok, timedOut(err)
}

func timedOut(err error) error {
	if err == nil {
		return nil
	}
	return sqlerr.Wrap(err, sqlerr.InvalidRegexp, "Matching a regular expression took more than %v.", matchTimeout).
		WithHint("Write the pattern without nested repetitions such as (a+)+.")
}

// groups are the spans of a match of regexp2.
func groups(m *regexp2.Match) spans {
	var out spans
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			out = append(out, -1, -1)
			continue
		}
		at, n := g.ByteRange()
		out = append(out, at, at+n)
	}
	return out
}

func (m spans) group(v string, g int32) string {
	if m[2*g] < 0 {
		return ""
	}
	return v[m[2*g]:m[2*g+1]]
}

func (m spans) count() int { return len(m)/2 - 1 }

// regexpMaker makes kernels whose argument number 1 is a pattern, compiled once as long as it stays the same.
func regexpMaker(name string, f func(c *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error) build.Maker {
	return func(*expr.Call) (function.Kernel, error) {
		var last string
		var p *pattern
		return build.Loop(func(c *build.Context, args []*vec.Vec, row int, out *vec.Vec) error {
			text := textAt(args[1], row)
			if p == nil || text != last {
				q, err := compileRegexp(name, text)
				if err != nil {
					return err
				}
				p, last = q, strings.Clone(text)
			}
			return f(c, p, args, row, out)
		}), nil
	}
}

func textAt(v *vec.Vec, row int) string {
	w := build.ViewOf[string](v)
	return w.At(row)
}

func intAt(v *vec.Vec, row int) int32 {
	w := build.ViewOf[int32](v)
	return w.At(row)
}

func regexps() []function.Def {
	b, list := types.BoolType, types.ArrayType(s, true)
	rlike := regexpMaker("rlike", func(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) (err error) {
		vec.Data[bool](out)[row], err = p.matches(textAt(args[0], row))
		return err
	})
	return []function.Def{
		also(def("rlike", "str, regexp", "Returns whether a part of str matches the regular expression (Java's syntax).", build.Func(build.Fixed(b, s, s), rlike),
			ex("SELECT rlike('Spark SQL', 'S.*k')", "true")), "regexp", "regexp_like"),
		def("regexp_extract", "str, regexp[, group]", "Returns the text of group (1; 0 is all) in the first match, the empty string if there is none.",
			byArity(2, build.Func(build.Fixed(s, s, s), regexpMaker("regexp_extract", extract)), build.Func(build.Fixed(s, s, s, i), regexpMaker("regexp_extract", extract))),
			ex(`SELECT regexp_extract('100-200', '(\\d+)-(\\d+)', 1)`, "100")),
		def("regexp_extract_all", "str, regexp[, group]", "Returns the texts of group (1; 0 is all) in all matches.",
			byArity(2, build.Func(build.Fixed(list, s, s), regexpMaker("regexp_extract_all", extractAll)), build.Func(build.Fixed(list, s, s, i), regexpMaker("regexp_extract_all", extractAll))),
			ex(`SELECT regexp_extract_all('100-200, 300-400', '(\\d+)-(\\d+)', 1)`, `["100","300"]`)),
		def("regexp_replace", "str, regexp, replace[, pos]", "Replaces all matches in str from character pos (1) on; $1 in replace is the text of group 1.",
			byArity(3, build.Func(build.Fixed(s, s, s, s), regexpMaker("regexp_replace", replaceMatches)), build.Func(build.Fixed(s, s, s, s, i), regexpMaker("regexp_replace", replaceMatches))),
			ex(`SELECT regexp_replace('100-200', '(\\d+)', 'num')`, "num-num")),
		def("regexp_count", "str, regexp", "Returns the number of matches in str.", build.Func(build.Fixed(i, s, s), regexpMaker("regexp_count", func(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
			ms, err := p.all(textAt(args[0], row), 0)
			vec.Data[int32](out)[row] = int32(len(ms))
			return err
		})), ex("SELECT regexp_count('Steven Jones and Stephen Smith', 'Ste(v|ph)en')", "2")),
		def("regexp_instr", "str, regexp[, group]", "Returns the position (from 1) of the first match, 0 if there is none.",
			byArity(2, build.Func(build.Fixed(i, s, s), regexpMaker("regexp_instr", instr)), build.Func(build.Fixed(i, s, s, i), regexpMaker("regexp_instr", instr))),
			ex(`SELECT regexp_instr('user@spark.apache.org', '@[^.]*')`, "5")),
		def("regexp_substr", "str, regexp", "Returns the first part of str that matches, NULL if there is none.",
			build.Func(build.Fixed(s, s, s), regexpMaker("regexp_substr", func(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
				v := textAt(args[0], row)
				m, err := p.find(v, 0)
				if err != nil {
					return err
				}
				if m == nil {
					return build.Null
				}
				setString(out, row, m.group(v, 0))
				return nil
			}), build.NullOut), ex("SELECT regexp_substr('Steven Jones and Stephen Smith', 'Ste(v|ph)en')", "Steven")),
		def("split", "str, regexp[, limit]", "Splits str around matches; a positive limit is the most parts there are.",
			byArity(2, build.Func(build.Fixed(types.ArrayType(s, false), s, s), regexpMaker("split", split)), build.Func(build.Fixed(types.ArrayType(s, false), s, s, i), regexpMaker("split", split))),
			ex("SELECT split('oneAtwoBthreeC', '[ABC]')", `["one","two","three",""]`)),
	}
}

// byArity resolves calls of n arguments by few, others by many.
func byArity(n int, few, many build.Resolver) build.Resolver {
	return func(c *function.Call) (*function.Overload, error) {
		if len(c.Args) == n {
			return few(c)
		}
		return many(c)
	}
}

func groupArg(name string, m spans, args []*vec.Vec, row int) (int32, error) {
	g := int32(1)
	if len(args) > 2 {
		g = intAt(args[2], row)
	} else if m.count() == 0 {
		g = 0
		return g, sqlerr.New(sqlerr.InvalidRegexpGroup, "The value of parameter(s) `idx` in `%s` is invalid: Expects group index between 0 and 0, but got 1.", name)
	}
	if g < 0 || int(g) > m.count() {
		return 0, sqlerr.New(sqlerr.InvalidRegexpGroup, "The value of parameter(s) `idx` in `%s` is invalid: Expects group index between 0 and %d, but got %d.", name, m.count(), g)
	}
	return g, nil
}

func extract(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
	v := textAt(args[0], row)
	m, err := p.find(v, 0)
	if err != nil {
		return err
	}
	if m == nil {
		setString(out, row, "")
		return nil
	}
	g, err := groupArg("regexp_extract", m, args, row)
	if err != nil {
		return err
	}
	setString(out, row, m.group(v, g))
	return nil
}

func extractAll(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
	v := textAt(args[0], row)
	ms, err := p.all(v, 0)
	if err != nil {
		return err
	}
	parts := make([]string, len(ms))
	for k, m := range ms {
		g, err := groupArg("regexp_extract_all", m, args, row)
		if err != nil {
			return err
		}
		parts[k] = m.group(v, g)
	}
	putStrings(out, row, parts)
	return nil
}

// putStrings stores a list of strings in a row.
func putStrings(out *vec.Vec, row int, parts []string) {
	at := out.Kids[0].Extend(len(parts))
	copy(vec.Data[string](out.Kids[0])[at:], parts)
	vec.Data[vec.List](out)[row] = vec.List{Off: int32(at), Len: int32(len(parts))}
}

func instr(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
	v := textAt(args[0], row)
	m, err := p.find(v, 0)
	n := int32(0)
	if m != nil {
		n = int32(chars(v[:m[0]])) + 1
	}
	vec.Data[int32](out)[row] = n
	return err
}

func split(_ *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
	v, limit := textAt(args[0], row), int32(-1)
	if len(args) > 2 {
		limit = intAt(args[2], row)
	}
	ms, err := p.all(v, 0)
	if err != nil {
		return err
	}
	var parts []string
	at := 0
	for _, m := range ms {
		if m[1] == 0 || m[0] == m[1] && m[0] >= len(v) {
			continue // Java: no empty part before a match of no width at the start, none after one at the end
		}
		if limit > 0 && len(parts) == int(limit)-1 {
			break
		}
		parts = append(parts, v[at:m[0]])
		at = m[1]
	}
	putStrings(out, row, append(parts, v[at:]))
	return nil
}

func replaceMatches(c *build.Context, p *pattern, args []*vec.Vec, row int, out *vec.Vec) error {
	v, by := textAt(args[0], row), textAt(args[2], row)
	from := 0
	if len(args) > 3 {
		n := intAt(args[3], row)
		if n < 1 {
			return sqlerr.New(sqlerr.ValueOutOfRange, "The position of `regexp_replace` must be at least 1, not %d.", n)
		}
		from = offset(v, int(n)-1)
	}
	ms, err := p.all(v[from:], 0)
	if err != nil {
		return err
	}
	if len(ms) == 0 {
		setString(out, row, v)
		return nil
	}
	var b strings.Builder
	plain := !strings.ContainsAny(by, `\$`)
	if plain { // the size is known before anything is copied
		size := len(v)
		for _, m := range ms {
			size += len(by) - (m[1] - m[0])
		}
		if err := c.Make("regexp_replace", int64(size)); err != nil {
			return err
		}
		b.Grow(size)
	}
	b.WriteString(v[:from])
	at := 0
	for _, m := range ms {
		had := b.Len()
		b.WriteString(v[from+at : from+m[0]])
		if err := expand(&b, by, v[from:], m); err != nil {
			return err
		}
		at = m[1]
		if plain {
			continue
		}
		if err := c.Make("regexp_replace", int64(b.Len()-had)); err != nil {
			return err
		}
	}
	b.WriteString(v[from+at:])
	setString(out, row, b.String())
	return nil
}

// expand writes a replacement: $n is group n (as many digits as name a group), a backslash takes the next character as it is.
func expand(b *strings.Builder, by, v string, m spans) error {
	for k := 0; k < len(by); k++ {
		plain := strings.IndexAny(by[k:], `\\$`)
		if plain < 0 {
			plain = len(by) - k
		}
		if b.WriteString(by[k : k+plain]); k+plain == len(by) {
			break
		}
		k += plain
		switch c := by[k]; {
		case c == '\\' && k+1 < len(by):
			k++
			b.WriteByte(by[k])
		case c == '$' && k+1 < len(by) && by[k+1] >= '0' && by[k+1] <= '9':
			k++
			g := int(by[k] - '0')
			for k+1 < len(by) && by[k+1] >= '0' && by[k+1] <= '9' && g*10+int(by[k+1]-'0') <= m.count() {
				k++
				g = g*10 + int(by[k]-'0')
			}
			if g > m.count() {
				return sqlerr.New(sqlerr.InvalidRegexpGroup, "The replacement %q names group %d; the pattern has %d.", by, g, m.count())
			}
			b.WriteString(m.group(v, int32(g)))
		default:
			b.WriteByte(c)
		}
	}
	return nil
}

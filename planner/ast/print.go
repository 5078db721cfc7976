package ast

import (
	"strconv"
	"strings"
	"sync"

	"github.com/volley-sql/volley/internal/types"
)

// SQL is a statement, query, relation or expression as text that parses back
// to the same tree, but for open subqueries (see SubqueryRef). Everything that could bind differently is in parentheses.
func SQL(n Node) string {
	p := printer{}
	p.node(n)
	return p.String()
}

// ColumnName is the name Spark gives a select item without an alias: strings
// without quotes, operators in parentheses, function names in lower case.
//
// What the tree alone cannot tell comes from hook, which is asked first for
// every expression and may be nil: whether a.b is a column b of a table a (the
// default) or a field, what a parameter or default argument is, how a date
// literal prints.
func ColumnName(e Expr, hook func(Expr) (string, bool)) string {
	p := printer{names: true, hook: hook}
	switch e := e.(type) {
	case *Cast: // Spark names the cast of a column after the column
		if c, ok := e.X.(*Column); ok && !e.Try {
			p.expr(c)
			return p.String()
		}
	}
	p.expr(e)
	return p.String()
}

// printer writes nodes in one of two manners: as SQL that parses back, or
// (names) as Spark's column names.
type printer struct {
	strings.Builder
	names bool
	hook  func(Expr) (string, bool)
}

func (p *printer) put(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// list writes xs with ", " between them.
func list[T any](p *printer, xs []T, f func(T)) {
	for i, x := range xs {
		if i > 0 {
			p.put(", ")
		}
		f(x)
	}
}

func (p *printer) exprs(xs []Expr) { list(p, xs, p.expr) }

func (p *printer) ident(s string) { p.put(QuoteIdent(s)) }

func (p *printer) idents(names []string) { list(p, names, p.ident) }

func (p *printer) name(n Name) {
	if n.Expr != nil {
		p.put("IDENTIFIER(")
		p.expr(n.Expr)
		p.put(")")
	}
	for i, s := range n.Parts {
		if i > 0 || n.Expr != nil {
			p.put(".")
		}
		p.ident(s)
	}
}

func (p *printer) namesOf(ns []Name) { list(p, ns, p.name) }

// QuoteIdent puts s in backquotes unless it can stand as a name everywhere
// without.
func QuoteIdent(s string) string {
	plain := s != "" && !reserved()[strings.ToLower(s)]
	for i := 0; i < len(s) && plain; i++ {
		c := s[i]
		plain = c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9'
	}
	if plain {
		return s
	}
	return "`" + strings.ReplaceAll(s, "`", "``") + "`"
}

// QuoteString is s as a string literal in single quotes.
func QuoteString(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\'', '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case 0:
			b.WriteString(`\000`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// reserved are the words QuoteIdent quotes: those that begin or end a clause,
// so that a bare one may be read as something else than a name.
var reserved = wordSet(`all and anti any array as asc at between both by case cast cluster create cross cube
current database date day default delete desc describe distinct distribute div drop else end escape except exclude exists
explain extract false fetch filter first following for from full function group grouping having hour identifier ilike in
inner insert intersect interval into is join last lateral leading left like limit map merge minus minute month named natural
not null nulls of offset on only or order outer over overlaps overlay partition pivot position preceding qualify range
recursive regexp replace right rlike rollup rows schema second select semi set show some sort struct substring substr table
tablesample then time timestamp timestamp_ltz timestamp_ntz to trailing trim true truncate try_cast unbounded union
unknown unpivot update use using values view when where window with within year`)

// wordSet returns a function that makes the set of words when first called.
func wordSet(words string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		m := map[string]bool{}
		for w := range strings.FieldsSeq(words) {
			m[w] = true
		}
		return m
	})
}

func (p *printer) typeName(t TypeName) {
	switch t.Char {
	case CharType:
		p.put("CHAR(", strconv.Itoa(t.Len), ")")
	case VarcharType:
		p.put("VARCHAR(", strconv.Itoa(t.Len), ")")
	default:
		p.typ(t.Type)
	}
}

// typ is types.Type.SQL with the names of struct fields quoted where needed.
func (p *printer) typ(t types.Type) {
	switch t.Kind {
	case types.Array:
		p.put("ARRAY<")
		p.typ(t.Elem())
		p.put(">")
	case types.Map:
		p.put("MAP<")
		p.typ(t.Key())
		p.put(", ")
		p.typ(t.Value())
		p.put(">")
	case types.Struct:
		p.put("STRUCT<")
		list(p, t.Children(), func(f types.Field) {
			if p.names {
				p.put(f.Name, ": ")
			} else {
				p.ident(f.Name)
				p.put(": ")
			}
			p.typ(f.Type)
			if !f.Nullable {
				p.put(" NOT NULL")
			}
		})
		p.put(">")
	default:
		p.put(t.SQL())
	}
}

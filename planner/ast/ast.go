// Package ast is the surface syntax tree of a statement: what was written,
// with positions, before any name or type is looked up. The parser builds it
// from SQL text and the DataFrame API from method calls; planner/bind is its
// only reader.
//
//	SQL text ── parse ──► ast ── bind ──► logical
//	DataFrame call ─────► ast
//
// Where Spark's own parser rewrites a form into a simpler one, the tree holds
// the simple one: NOT IN is Unary{OpNot, In}, IS DISTINCT FROM is the negation
// of <=>, SUBSTRING(x FROM a) is a call. What the tree does not do: resolve
// names, fold constants, check types.
//
// Nodes are pointers to structs. The tree is read-only once built and may be
// shared; a rewriter copies what it changes. The children of a node are found
// by reflection over its fields (Walk, Inspect), so a new node needs no
// visitor.
package ast

// Node is anything in the tree that has a place in the statement's text.
type Node interface {
	// Pos is the byte offset of the node's first byte, or -1 (sqlerr.NoPos)
	// for a node that was not parsed from text.
	Pos() int
	// End is the byte offset after the node's last byte, or -1.
	End() int
}

// Statement is one SQL statement. *Query is one too.
type Statement interface {
	Node
	statement()
}

// Expr is a scalar expression, or one of the forms that stand where
// expressions stand (Star, Lambda, NamedArg, Row).
type Expr interface {
	Node
	expr()
}

// Relation is an item of FROM.
type Relation interface {
	Node
	relation()
}

// Body is the part of a query under its ORDER BY and LIMIT.
type Body interface {
	Node
	body()
}

// Span is the place of a node in the statement's text. The zero Span says
// that there is none.
type Span struct{ from, to int32 } // byte offsets plus one

// At makes the Span of the bytes [from, to).
func At(from, to int) Span { return Span{int32(from) + 1, int32(to) + 1} }

// Pos implements Node.
func (s Span) Pos() int { return int(s.from) - 1 }

// End implements Node.
func (s Span) End() int { return int(s.to) - 1 }

// Name is a possibly qualified name, e.g. of a table: catalog.database.table.
type Name struct {
	Span
	Parts []string
	// Expr is the argument of IDENTIFIER(expr) where that is not a plain
	// string literal; Parts then holds what followed it, if anything.
	Expr Expr
}

// N makes a Name without a place from its parts.
func N(parts ...string) Name { return Name{Parts: parts} }

// Last is the innermost part: the table of catalog.database.table.
func (n Name) Last() string {
	if len(n.Parts) == 0 {
		return ""
	}
	return n.Parts[len(n.Parts)-1]
}

// IsZero reports whether there is no name at all.
func (n Name) IsZero() bool { return len(n.Parts) == 0 && n.Expr == nil }

package ast

import "github.com/volley-sql/volley/internal/types"

// LitKind says how a literal was written, which decides its type.
type LitKind uint8

// The kinds of literal with the content of Literal.Text.
const (
	LitNull         LitKind = iota // empty
	LitBool                        // "true" or "false"
	LitInt                         // digits without suffix: INT, BIGINT or DECIMAL by size
	LitTinyint                     // digits of 1Y
	LitSmallint                    // digits of 1S
	LitBigint                      // digits of 1L
	LitFloat                       // number of 1.5F
	LitDouble                      // number of 1.5D or 1e3
	LitDecimal                     // number of 1.5 or 1BD
	LitString                      // the string's value, escapes done
	LitBinary                      // the bytes of X'1F', decoded
	LitDate                        // text of DATE '…'
	LitTimestamp                   // text of TIMESTAMP '…' (zone decides LTZ or NTZ by the session's default)
	LitTimestampNTZ                // text of TIMESTAMP_NTZ '…'
	LitTimestampLTZ                // text of TIMESTAMP_LTZ '…'
	LitTime                        // text of TIME '…'
)

// Literal is a constant as written. Numbers keep their text, so that nothing
// is lost before the type is known; a minus sign is part of the text only
// where the parser folded it (-128Y, -9223372036854775808).
type Literal struct {
	Span
	Kind LitKind
	Text string
}

// IntervalUnit is a field of an interval.
type IntervalUnit uint8

// The units; weeks to microseconds occur only in multi-unit intervals.
const (
	UnitNone IntervalUnit = iota
	UnitYear
	UnitMonth
	UnitWeek
	UnitDay
	UnitHour
	UnitMinute
	UnitSecond
	UnitMillisecond
	UnitMicrosecond
)

var unitNames = [...]string{"", "YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"}

func (u IntervalUnit) String() string { return unitNames[u] }

// IntervalPart is one value of an Interval, sign included in Value.
type IntervalPart struct {
	Value string // e.g. "3", "-1.5", "1-2" (unit-to-unit form)
	Unit  IntervalUnit
}

// Interval is an INTERVAL literal in one of three forms:
//
//	INTERVAL 3 DAYS 2 HOURS          Parts {"3",Day} {"2",Hour}
//	INTERVAL '1-2' YEAR TO MONTH     Parts {"1-2",Year}, To Month
//	INTERVAL '3 days -2 hours'       Text "3 days -2 hours", no Parts
type Interval struct {
	Span
	Parts []IntervalPart
	To    IntervalUnit
	Text  string
}

// Column is a reference by name: a column, a qualified column or a path into
// a struct (the binder finds out how many parts qualify). Names of functions
// that need no parentheses (current_date, current_user …) come as Column too.
type Column struct {
	Span
	Name Name
}

// Star is * or t.*, possibly with EXCEPT (EXCLUDE) and REPLACE.
type Star struct {
	Span
	Qualifier []string
	Except    []Name
	Replace   []SelectItem
}

// Param is a parameter marker: ?, $1 or :name.
type Param struct {
	Span
	Name  string // empty for ? and $1
	Index int    // place of the value, from 0: the number of the ? in the statement, or one less than that of $1
	// Numbered says that the marker was written $1, not ?.
	Numbered bool
}

// UnaryOp is an operator with one operand.
type UnaryOp uint8

// The unary operators.
const (
	OpNot UnaryOp = iota
	OpNeg
	OpPos
	OpBitNot
)

// Unary is NOT x, -x, +x or ~x.
type Unary struct {
	Span
	Op UnaryOp
	X  Expr
}

// BinaryOp is an operator with two operands.
type BinaryOp uint8

// The binary operators. OpIntDiv is DIV, OpConcat is ||.
const (
	OpAdd BinaryOp = iota
	OpSub
	OpMul
	OpDiv
	OpIntDiv
	OpMod
	OpConcat
	OpBitAnd
	OpBitOr
	OpBitXor
	OpShiftLeft
	OpShiftRight
	OpShiftRightUnsigned
	OpEq
	OpNotEq
	OpLt
	OpLtEq
	OpGt
	OpGtEq
	OpNullSafeEq
	OpAnd
	OpOr
)

var binaryOps = [...]string{"+", "-", "*", "/", "div", "%", "||", "&", "|", "^", "<<", ">>", ">>>", "=", "!=", "<", "<=", ">", ">=", "<=>", "AND", "OR"}

func (op BinaryOp) String() string { return binaryOps[op] }

// IsComparison reports whether op is one of = != < <= > >= <=>.
func (op BinaryOp) IsComparison() bool { return op >= OpEq && op <= OpNullSafeEq }

// Binary is l op r. Chains of one AND or OR come as balanced trees, other
// chains lean left; the parser bounds their height.
type Binary struct {
	Span
	Op   BinaryOp
	L, R Expr
}

// IsNull is x IS [NOT] NULL, or with Unknown IS [NOT] UNKNOWN, which wants a
// boolean. (IS TRUE and IS FALSE come as x <=> true and x <=> false.)
type IsNull struct {
	Span
	X       Expr
	Not     bool
	Unknown bool
}

// Between is x BETWEEN lo AND hi.
type Between struct {
	Span
	X, Lo, Hi Expr
}

// In is x IN (list).
type In struct {
	Span
	X    Expr
	List []Expr
}

// InQuery is x IN (SELECT …). For several columns X is a Row.
type InQuery struct {
	Span
	X     Expr
	Query *Query
}

// LikeKind is the pattern language of a Like.
type LikeKind uint8

// The kinds. RLIKE and REGEXP are one.
const (
	Like LikeKind = iota
	ILike
	RLike
)

func (k LikeKind) String() string { return [...]string{"LIKE", "ILIKE", "RLIKE"}[k] }

// LikeExpr is x LIKE pattern, x ILIKE pattern or x RLIKE pattern.
type LikeExpr struct {
	Span
	Kind       LikeKind
	X, Pattern Expr
	// Escape is the escape character of ESCAPE '…' as a string, empty for the default backslash.
	Escape string
}

// LikeMany is x [NOT] LIKE ANY|SOME|ALL (patterns). Not belongs to each of
// the comparisons: NOT LIKE ANY is true if any pattern does not match.
type LikeMany struct {
	Span
	Kind     LikeKind
	X        Expr
	Not, All bool
	Patterns []Expr
}

// When is one branch of a Case.
type When struct{ Cond, Then Expr }

// Case is CASE [operand] WHEN … THEN … [ELSE …] END.
type Case struct {
	Span
	Operand Expr // nil for CASE WHEN cond
	Whens   []When
	Else    Expr // nil without ELSE
}

// Cast is CAST(x AS type), TRY_CAST(x AS type) or x::type.
type Cast struct {
	Span
	X    Expr
	Type TypeName
	Try  bool
}

// TypeName is a type as written. CHAR(n) and VARCHAR(n) have the Type STRING
// and say in Char what they were; inside nested types they are plain STRING.
type TypeName struct {
	Span
	Type types.Type
	Char CharKind
	Len  int // of CHAR and VARCHAR
}

// CharKind tells STRING, CHAR(n) and VARCHAR(n) apart.
type CharKind uint8

// The kinds.
const (
	NotChar CharKind = iota
	CharType
	VarcharType
)

// T makes a TypeName without a place.
func T(t types.Type) TypeName { return TypeName{Type: t} }

// Func is a call: scalar, aggregate, window or table function. Forms with
// grammar of their own that mean a call (SUBSTRING FROM, POSITION IN,
// OVERLAY PLACING, CEIL TO, FIRST IGNORE NULLS …) come as one, too; Trim and
// Extract do not, because Spark names their columns differently.
type Func struct {
	Span
	Name Name
	// Args holds the arguments, count(*) a bare *Star. Named arguments are
	// *NamedArg, lambdas *Lambda, table arguments *TableArg.
	Args     []Expr
	Distinct bool
	// IgnoreNulls is true for IGNORE NULLS, RespectNulls for RESPECT NULLS.
	IgnoreNulls, RespectNulls bool
	WithinGroup               []SortItem
	Filter                    Expr
	Over                      *Window
}

// Call makes a call without a place.
func Call(name string, args ...Expr) *Func { return &Func{Name: N(name), Args: args} }

// NamedArg is name => value in the arguments of a call.
type NamedArg struct {
	Span
	Name  string
	Value Expr
}

// TableArg is a table in the arguments of a table function: TABLE t or TABLE (query).
type TableArg struct {
	Span
	Query *Query
}

// Lambda is x -> body or (x, y) -> body.
type Lambda struct {
	Span
	Params []string
	Body   Expr
}

// Extract is EXTRACT(field FROM x). Field is as written.
type Extract struct {
	Span
	Field string
	X     Expr
}

// TrimSide is the side a Trim works on.
type TrimSide uint8

// The sides.
const (
	TrimBoth TrimSide = iota
	TrimLeading
	TrimTrailing
)

func (s TrimSide) String() string { return [...]string{"BOTH", "LEADING", "TRAILING"}[s] }

// Trim is TRIM([BOTH|LEADING|TRAILING] [chars] FROM x). The call form
// trim(x) is a Func.
type Trim struct {
	Span
	Side  TrimSide
	Chars Expr // nil: spaces
	X     Expr
}

// Subscript is x[index] of an array or map.
type Subscript struct {
	Span
	X, Index Expr
}

// FieldAccess is x.field where x is no plain name: f(a).b, a[0].b, (s).b.
type FieldAccess struct {
	Span
	X     Expr
	Field string
}

// Row is (a, b, …) of two or more expressions: a struct value, or the left
// side of a multi-column IN. An item's alias names the field.
type Row struct {
	Span
	Items []SelectItem
}

// Subquery is (SELECT …) as a scalar.
type Subquery struct {
	Span
	Query *Query
}

// Exists is EXISTS (SELECT …).
type Exists struct {
	Span
	Query *Query
}

func (*Literal) expr()     {}
func (*Interval) expr()    {}
func (*Column) expr()      {}
func (*Star) expr()        {}
func (*Param) expr()       {}
func (*Unary) expr()       {}
func (*Binary) expr()      {}
func (*IsNull) expr()      {}
func (*Between) expr()     {}
func (*In) expr()          {}
func (*InQuery) expr()     {}
func (*LikeExpr) expr()    {}
func (*LikeMany) expr()    {}
func (*Case) expr()        {}
func (*Cast) expr()        {}
func (*Func) expr()        {}
func (*NamedArg) expr()    {}
func (*TableArg) expr()    {}
func (*Lambda) expr()      {}
func (*Extract) expr()     {}
func (*Trim) expr()        {}
func (*Subscript) expr()   {}
func (*FieldAccess) expr() {}
func (*Row) expr()         {}
func (*Subquery) expr()    {}
func (*Exists) expr()      {}

// Not negates x.
func Not(x Expr) *Unary { return &Unary{Span: spanOf(x), Op: OpNot, X: x} }

// Bin makes l op r with the span of both.
func Bin(op BinaryOp, l, r Expr) *Binary { return &Binary{Span: join(l, r), Op: op, L: l, R: r} }

// Col makes a column reference without a place.
func Col(parts ...string) *Column { return &Column{Name: N(parts...)} }

// Str makes a string literal without a place.
func Str(s string) *Literal { return &Literal{Kind: LitString, Text: s} }

// Bool makes a boolean literal without a place.
func Bool(v bool) *Literal {
	if v {
		return &Literal{Kind: LitBool, Text: "true"}
	}
	return &Literal{Kind: LitBool, Text: "false"}
}

func spanOf(n Node) Span {
	if n.Pos() < 0 {
		return Span{}
	}
	return At(n.Pos(), n.End())
}

func join(l, r Node) Span {
	if l.Pos() < 0 || r.Pos() < 0 {
		return Span{}
	}
	return At(l.Pos(), r.End())
}

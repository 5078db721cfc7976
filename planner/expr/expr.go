// Package expr holds typed scalar expressions, as the optimizer rewrites them
// and executors run them. Nothing here is unresolved: every column is an
// identity (logical plans) or an ordinal (physical plans), every call has a
// type, every implicit cast is written out.
//
// Expressions are immutable values. Walk them with package tree, whose
// Children, With and Map derive from the structs; compare with Equal.
//
// planner/ast holds names and text; planner/bind makes one from the other.
package expr

import "github.com/volley-sql/volley/internal/types"

// Expr is a typed expression. It is sealed: the nodes are those of this package.
type Expr interface {
	// Type is the type of the result.
	Type() types.Type
	// Nullable reports whether the result can be NULL.
	Nullable() bool
	sealed()
}

// ColID identifies a column within one query: the output of the node that
// made it, whatever projections it passes through. Two columns of one name
// (a self join) have two ids. Ids are unique in a query and start at 1.
type ColID int32

// Column is a reference to a column of the logical plan.
type Column struct {
	ID   ColID
	Name string
	T    types.Type
	Null bool
	Pos  int32 // place in the statement: an offset, or a number of sqlerr.Places; -1 if unknown
}

// Ref is a reference to an input column by position, in physical plans.
type Ref struct {
	Index int
	Name  string
	T     types.Type
	Null  bool
}

// Literal is a constant. Value is nil for NULL.
type Literal struct {
	Value types.Datum
	T     types.Type
}

// Param is a parameter marker that is bound at execution.
type Param struct {
	Name string // without colon; "1", "2" … for ?
	T    types.Type
	Pos  int32
}

// CompareOp is a comparison.
type CompareOp uint8

// The comparisons. NullSafeEq is `<=>`: never NULL, NULL equal to NULL.
const (
	Eq CompareOp = iota
	Ne
	Lt
	Le
	Gt
	Ge
	NullSafeEq
)

var compareOps = [...]string{"=", "!=", "<", "<=", ">", ">=", "<=>"}

func (o CompareOp) String() string { return compareOps[o] }

// Flip is the operator for swapped operands.
func (o CompareOp) Flip() CompareOp { return [...]CompareOp{Eq, Ne, Gt, Ge, Lt, Le, NullSafeEq}[o] }

// Negate is the operator of the complement, which for operands that are not
// null is NOT o. NullSafeEq has none.
func (o CompareOp) Negate() (CompareOp, bool) {
	return [...]CompareOp{Ne, Eq, Ge, Gt, Le, Lt, NullSafeEq}[o], o != NullSafeEq
}

// Compare compares two operands of one type. NaN equals NaN and is larger
// than any other number; -0.0 equals 0.0; strings compare by bytes.
type Compare struct {
	Op          CompareOp
	Left, Right Expr
}

// And and Or are three-valued and have two or more operands. Operands are
// evaluated left to right, each only where the ones before did not decide.
type (
	And struct{ Args []Expr }
	Or  struct{ Args []Expr }
)

// Not is three-valued negation.
type Not struct{ Arg Expr }

// IsNull tests for NULL (IS NOT NULL is Not of it).
type IsNull struct{ Arg Expr }

// In tests whether Arg equals an item of List, three-valued. Items have the
// type of Arg and are literals after binding (others become Or of Compare).
type In struct {
	Arg  Expr
	List []Expr
}

// CastMode says what a cast does with a value that does not fit.
type CastMode uint8

// The cast modes.
const (
	CastANSI   CastMode = iota // an error
	CastTry                    // NULL: TRY_CAST
	CastLegacy                 // NULL or wrapping, as Spark without ANSI mode
)

// Cast converts Arg to To.
type Cast struct {
	Arg  Expr
	To   types.Type
	Mode CastMode
	Pos  int32
	// Implicit marks casts the binder put in.
	Implicit bool
}

// When is one arm of a Case.
type When struct{ Cond, Then Expr }

// Case is the first Then whose Cond is true, else Else (nil: NULL). Arms are
// evaluated only for rows that reach them. Then and Else have type T.
type Case struct {
	Whens []When
	Else  Expr `wire:"optional"`
	T     types.Type
}

// Call applies a scalar function of the registry (exec/function), operators
// like "+" and "||" included. Args have the exact types its overload takes.
type Call struct {
	Func string // canonical lower-case name
	Args []Expr
	T    types.Type
	Null bool
	Pos  int32
}

// Lambda is a function argument such as x -> x + 1. Its body refers to
// parameters by LambdaVar and to the row by the usual nodes.
type Lambda struct {
	Params []LambdaVar
	Body   Expr
}

// LambdaVar is a lambda parameter, identified within its query.
type LambdaVar struct {
	ID   int32
	Name string
	T    types.Type
	Null bool
}

// Agg is a call of an aggregate function, found only in Aggregate nodes, as a
// window call's function, and (before extraction) while binding.
type Agg struct {
	Func     string
	Args     []Expr
	Distinct bool
	Filter   Expr      `wire:"optional"` // nil: all rows
	Order    []SortKey // WITHIN GROUP or order-sensitive aggregates
	// IgnoreNulls is IGNORE NULLS of first, last, any_value.
	IgnoreNulls bool
	T           types.Type
	Null        bool
	Pos         int32
}

// SortKey is one ORDER BY item.
type SortKey struct {
	Expr       Expr
	Desc       bool
	NullsFirst bool
}

// Subquery expressions stand only in logical plans before decorrelation. Plan
// is a logical.Node; Outer lists the columns of the enclosing query it uses.
type (
	// ScalarSubquery is the single value of a one-column plan, NULL if it has no row.
	ScalarSubquery struct {
		Plan  Plan
		Outer []ColID
		T     types.Type
		Pos   int32
	}
	// Exists is whether Plan has a row.
	Exists struct {
		Plan  Plan
		Outer []ColID
	}
	// InSubquery is whether Args equal, column by column, a row of Plan, three-valued.
	InSubquery struct {
		Args  []Expr
		Plan  Plan
		Outer []ColID
		Pos   int32
	}
)

// Plan is implemented by logical.Node; it stands here so that subquery
// expressions can hold plans without an import cycle.
type Plan interface{ IsPlan() }

func (e *Column) Type() types.Type         { return e.T }
func (e *Ref) Type() types.Type            { return e.T }
func (e *Literal) Type() types.Type        { return e.T }
func (e *Param) Type() types.Type          { return e.T }
func (e *Compare) Type() types.Type        { return types.BoolType }
func (e *And) Type() types.Type            { return types.BoolType }
func (e *Or) Type() types.Type             { return types.BoolType }
func (e *Not) Type() types.Type            { return types.BoolType }
func (e *IsNull) Type() types.Type         { return types.BoolType }
func (e *In) Type() types.Type             { return types.BoolType }
func (e *Cast) Type() types.Type           { return e.To }
func (e *Case) Type() types.Type           { return e.T }
func (e *Call) Type() types.Type           { return e.T }
func (e *Lambda) Type() types.Type         { return e.Body.Type() }
func (e *LambdaVar) Type() types.Type      { return e.T }
func (e *Agg) Type() types.Type            { return e.T }
func (e *ScalarSubquery) Type() types.Type { return e.T }
func (e *Exists) Type() types.Type         { return types.BoolType }
func (e *InSubquery) Type() types.Type     { return types.BoolType }

func (e *Column) Nullable() bool  { return e.Null }
func (e *Ref) Nullable() bool     { return e.Null }
func (e *Literal) Nullable() bool { return e.Value == nil }
func (e *Param) Nullable() bool   { return true }
func (e *Compare) Nullable() bool {
	return e.Op != NullSafeEq && (e.Left.Nullable() || e.Right.Nullable())
}
func (e *And) Nullable() bool            { return anyNullable(e.Args) }
func (e *Or) Nullable() bool             { return anyNullable(e.Args) }
func (e *Not) Nullable() bool            { return e.Arg.Nullable() }
func (e *IsNull) Nullable() bool         { return false }
func (e *In) Nullable() bool             { return e.Arg.Nullable() || anyNullable(e.List) }
func (e *Cast) Nullable() bool           { return e.Mode != CastANSI || e.Arg.Nullable() }
func (e *Call) Nullable() bool           { return e.Null }
func (e *Lambda) Nullable() bool         { return e.Body.Nullable() }
func (e *LambdaVar) Nullable() bool      { return e.Null }
func (e *Agg) Nullable() bool            { return e.Null }
func (e *ScalarSubquery) Nullable() bool { return true }
func (e *Exists) Nullable() bool         { return false }
func (e *InSubquery) Nullable() bool     { return true }

func (e *Case) Nullable() bool {
	if e.Else == nil || e.Else.Nullable() {
		return true
	}
	for _, w := range e.Whens {
		if w.Then.Nullable() {
			return true
		}
	}
	return false
}

func anyNullable(es []Expr) bool {
	for _, e := range es {
		if e.Nullable() {
			return true
		}
	}
	return false
}

func (*Column) sealed()         {}
func (*Ref) sealed()            {}
func (*Literal) sealed()        {}
func (*Param) sealed()          {}
func (*Compare) sealed()        {}
func (*And) sealed()            {}
func (*Or) sealed()             {}
func (*Not) sealed()            {}
func (*IsNull) sealed()         {}
func (*In) sealed()             {}
func (*Cast) sealed()           {}
func (*Case) sealed()           {}
func (*Call) sealed()           {}
func (*Lambda) sealed()         {}
func (*LambdaVar) sealed()      {}
func (*Agg) sealed()            {}
func (*ScalarSubquery) sealed() {}
func (*Exists) sealed()         {}
func (*InSubquery) sealed()     {}

// Nodes lists one zero value of every node type, for the wire form and for
// tests that must cover all of them.
var Nodes = []Expr{
	&Column{}, &Ref{}, &Literal{}, &Param{}, &Compare{}, &And{}, &Or{}, &Not{}, &IsNull{}, &In{}, &Cast{}, &Case{},
	&Call{}, &Lambda{}, &LambdaVar{}, &Agg{}, &ScalarSubquery{}, &Exists{}, &InSubquery{}, &WindowCall{},
}

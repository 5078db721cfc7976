package expr

import "github.com/volley-sql/volley/internal/types"

// True, False and NullBool are the boolean constants.
var (
	True     = &Literal{Value: true, T: types.BoolType}
	False    = &Literal{Value: false, T: types.BoolType}
	NullBool = &Literal{T: types.BoolType}
)

// NullOf returns the NULL literal of type t.
func NullOf(t types.Type) *Literal { return &Literal{T: t} }

// Conj joins conditions by AND, flattening nested ones: nil for none, the
// condition itself for one.
func Conj(es ...Expr) Expr {
	var out []Expr
	for _, e := range es {
		out = append(out, Conjuncts(e)...)
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return &And{Args: out}
}

// Conjuncts splits a condition at its top-level ANDs. It returns nil for nil
// and for the literal TRUE.
func Conjuncts(e Expr) []Expr {
	switch e := e.(type) {
	case nil:
		return nil
	case *And:
		var out []Expr
		for _, a := range e.Args {
			out = append(out, Conjuncts(a)...)
		}
		return out
	case *Literal:
		if e.Value == true {
			return nil
		}
	}
	return []Expr{e}
}

// IsTrue reports whether e is nil or the literal TRUE.
func IsTrue(e Expr) bool {
	if e == nil {
		return true
	}
	l, ok := e.(*Literal)
	return ok && l.Value == true
}

package sqlerr

import "slices"

// Text is a text that places are in, when that is not the statement itself:
// the definition of a view or a function.
type Text struct {
	// Object says what the text defines: "VIEW spark_catalog.default.v".
	Object string
	Source string
	// Base is where Source begins in the text that offsets count from.
	Base int
	// Secret says that whoever sees the error may not know the text, nor what
	// it computes from rows that are hidden.
	Secret bool
}

// Place is a part of a text: the bytes from From to To (0: the end is not known).
type Place struct {
	Text     *Text // nil: the statement
	From, To int
	// Overflow is the message of CAST_OVERFLOW_IN_TABLE_INSERT, which an
	// overflow is where a value is converted to be stored. Empty elsewhere.
	Overflow string
}

// Places lists the places of a plan. Expressions refer to them by number, so
// that what runs them need not know of texts: place i goes by Number(i) where
// an offset is expected, and whoever has the list turns it back by Locate.
type Places []Place

// Number is what stands for place i: a number below NoPos.
func Number(i int) int { return NoPos - 1 - i }

// Locate gives an error in err's chain that has the number of a place the
// place itself, and returns err.
func (ps Places) Locate(err error) error {
	e := As(err)
	if e == nil || e.Pos >= NoPos {
		return err
	}
	i := NoPos - 1 - e.Pos
	if i >= len(ps) {
		e.Pos = NoPos
		return err
	}
	p := ps[i]
	e.Pos, e.End = p.From, p.To
	e.within(p.Text)
	if p.Overflow != "" && slices.Contains(overflows, e.Cond) {
		e.Cond, e.Msg = CastOverflowInInsert, p.Overflow
		e.Hint = "Use `try_cast` on the input value to tolerate overflow and return NULL instead."
	}
	return err
}

var overflows = []*Condition{CastOverflow, NumericOutOfRange, NumericOutOfRangeStrict, NumericOutOfRangeSuggest, ArithmeticOverflow}

// Within says that a position in err's chain that is an offset counts in t,
// unless another text is known.
func Within(err error, t *Text) error {
	if e := As(err); e != nil && e.Pos >= NoPos && e.Source == "" {
		e.within(t)
	}
	return err
}

func (e *Error) within(t *Text) {
	switch {
	case t == nil:
	case t.Secret:
		e.conceal(t.Object)
	case t.Source == "" || e.Pos < t.Base:
		e.Pos, e.End = NoPos, 0
	default:
		e.Object, e.Source = t.Object, t.Source
		e.Pos -= t.Base
		e.End = max(0, e.End-t.Base)
	}
}

// Over fills in the place of an *Error in err's chain: from and to if it has
// no position, to alone if its position is from and it has no end.
func Over(err error, from, to int) error {
	if e := As(err); e != nil && from >= 0 {
		if e.Pos == NoPos {
			e.Pos = from
		}
		if e.Pos == from && e.End == 0 && e.Source == "" {
			e.End = to
		}
	}
	return err
}

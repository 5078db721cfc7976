package sqlerr

// conceal leaves of an error what may be known of something hidden: its condition.
func (e *Error) conceal(object string) {
	what := "a definition"
	if object != "" {
		what = "the definition of " + object
	}
	e.Msg = "The statement failed in " + what + ", which is not shown to you."
	e.Hint, e.Source, e.Object, e.Pos, e.End, e.Cause = "", "", "", NoPos, 0, nil
}

// Conceal leaves of an *Error in err's chain its condition alone, for a reader
// who may not know what object, which it arose in, is made of. It returns what
// to show. Cancellation and limits are no secrets.
func Conceal(err error, object string) error {
	e := As(err)
	if e == nil || e.Cond.Blame != User || e.Cond == Cancelled || e.Cond == SessionClosed {
		return err
	}
	c := *e
	c.conceal(object)
	return &c
}

package control

import "github.com/volley-sql/volley/internal/sqlerr"

// FailureOf describes err for the wire.
func FailureOf(err error) *Failure {
	e := sqlerr.As(err)
	if e == nil {
		return &Failure{Condition: sqlerr.InternalError.Name, Message: err.Error(), Pos: sqlerr.NoPos}
	}
	return &Failure{Condition: e.Cond.Name, Message: e.Msg, Hint: e.Hint, Pos: int64(e.Pos), Task: e.Task}
}

// Err is the error that f describes.
func (f *Failure) Err() error {
	c := sqlerr.Lookup(f.Condition)
	if c == nil {
		c = sqlerr.InternalError
	}
	e := sqlerr.New(c, "%s", f.Message)
	e.Hint, e.Pos, e.Task = f.Hint, int(f.Pos), f.Task
	return e
}

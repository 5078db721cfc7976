package volley

import (
	"errors"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Error is a failure of a statement or an engine, found with errors.As in what
// the package's functions return.
type Error struct {
	// Condition is Spark's name of what went wrong, such as "DIVIDE_BY_ZERO".
	Condition string
	// SQLState is the SQLSTATE of the condition, five characters.
	SQLState string
	Message  string
	// Hint says what to do; may be empty.
	Hint string
	// Line and Column are the place in the SQL text, from 1; 0 if unknown.
	Line, Column int
	// Object names the view or function whose text Line and Column are in;
	// empty for the statement.
	Object string
	inner  *sqlerr.Error
	cause  error
}

// Error is condition, message, SQLSTATE and place on one line.
func (e *Error) Error() string { return e.inner.Error() }

// Unwrap gives errors.Is and errors.As the causes, such as context.Canceled.
func (e *Error) Unwrap() error { return e.cause }

// Detail is the error for people: several lines with the line of the
// statement, a caret under the place, and the hint.
func (e *Error) Detail() string { return e.inner.Detail() }

// AsError finds the Error of a failure, also one that came by another door, such
// as a driver of database/sql; nil if there is none.
func AsError(err error) *Error {
	var e *Error
	if errors.As(public(err), &e) {
		return e
	}
	return nil
}

// public makes an error of the engine one of this package.
func public(err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) {
		return err
	}
	in := sqlerr.As(err)
	if in == nil {
		return err
	}
	e := &Error{Condition: in.Cond.Name, SQLState: in.Cond.State, Message: in.Msg, Hint: in.Hint, inner: in, cause: err}
	if line, col, ok := in.Place(); ok {
		e.Line, e.Column, e.Object = line, col, in.Object
	}
	return e
}

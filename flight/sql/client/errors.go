package client

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Error makes of a server's status the error that the statement would have had
// in this process, condition and all; of a status of another server's a plain one.
func Error(err error) error {
	if err == nil || sqlerr.As(err) != nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	st, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch st.Code() {
	case codes.Canceled:
		return sqlerr.Wrap(context.Canceled, sqlerr.Cancelled, "%s", plain(st.Message()))
	case codes.DeadlineExceeded:
		return sqlerr.Wrap(context.DeadlineExceeded, sqlerr.Cancelled, "%s", plain(st.Message()))
	}
	for _, d := range st.Details() {
		info, ok := d.(*errdetails.ErrorInfo)
		if !ok || info.GetDomain() != "volley" {
			continue
		}
		c := sqlerr.Lookup(info.GetMetadata()["condition"])
		if c == nil {
			c = &sqlerr.Condition{Name: info.GetMetadata()["condition"], State: info.GetMetadata()["sqlstate"]}
		}
		e := sqlerr.Wrap(err, c, "%s", strings.TrimSpace(strings.TrimSuffix(plain(st.Message()), info.GetMetadata()["hint"])))
		e.Hint = info.GetMetadata()["hint"]
		e.Source = info.GetMetadata()["statement"]
		if n, err := strconv.Atoi(info.GetMetadata()["offset"]); err == nil {
			e.Pos = n
		}
		if n, err := strconv.Atoi(info.GetMetadata()["end"]); err == nil {
			e.End = n
		}
		e.Object = info.GetMetadata()["object"]
		return e
	}
	return &statusError{plain(st.Message()), err}
}

// statusError is a status of which its message is shown.
type statusError struct {
	message string
	status  error
}

func (e *statusError) Error() string { return e.message }
func (e *statusError) Unwrap() error { return e.status }

// Unsent reports whether a call failed before its server did anything for it:
// there was no connection, or the login was not taken. It may be made again.
func Unsent(err error) bool {
	st, ok := status.FromError(err)
	return ok && (st.Code() == codes.Unauthenticated || st.Code() == codes.Unavailable && strings.HasPrefix(st.Message(), "connection error:"))
}

// plain is a message without what our server puts round it for clients that show nothing else.
func plain(m string) string {
	if strings.HasPrefix(m, "[") {
		if _, rest, ok := strings.Cut(m, "] "); ok {
			m = rest
		}
	}
	if i := strings.LastIndex(m, " SQLSTATE: "); i >= 0 {
		m = m[:i]
	}
	return m
}

// Forgotten reports whether a call failed because the server does not know the
// statement it is about, or not any more. Nothing was done for it.
func Forgotten(err error) bool {
	return status.Code(err) == codes.NotFound && sqlerr.As(err) == nil
}

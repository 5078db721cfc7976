package sql

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/sqlerr"
)

var (
	errExpired     = sqlerr.New(sqlerr.Cancelled, "The result was not read in time and has been dropped.")
	errSessionOver = sqlerr.New(sqlerr.Cancelled, "The session is over.")
	errClientGone  = sqlerr.New(sqlerr.Cancelled, "The client has gone.")
	errOtherSchema = sqlerr.New(sqlerr.InternalError, "a record has another schema than its result")
	errByRequest   = sqlerr.New(sqlerr.Cancelled, "The query was cancelled.")
)

// trailerState is the trailer that carries the SQLSTATE, which has no place of its own in gRPC.
const trailerState = "x-sqlstate"

// maxShown bounds the text of a statement that goes back with its error, in
// bytes: headers of HTTP have limits.
const maxShown = 2 << 10

// codeOf says which gRPC code clients see for a condition. ADBC makes its own
// status of it, and some clients try again on UNAVAILABLE.
func codeOf(e *sqlerr.Error) codes.Code {
	name := e.Cond.Name
	switch {
	case e.Cond == sqlerr.Cancelled, e.Cond == sqlerr.SessionClosed:
		return codes.Canceled
	case e.Cond == sqlerr.TransactionConflict:
		return codes.Aborted
	case e.Cond == sqlerr.InvalidTransactionState, e.Cond == sqlerr.StatementOutdated:
		return codes.FailedPrecondition
	case e.Cond.Blame == sqlerr.Resource:
		return codes.ResourceExhausted
	case e.Cond.Blame == sqlerr.Transient:
		return codes.Unavailable
	case e.Cond.Blame == sqlerr.Bug:
		return codes.Internal
	case strings.HasPrefix(name, "UNSUPPORTED"):
		return codes.Unimplemented
	case strings.HasPrefix(name, "INSUFFICIENT_PERMISSIONS"):
		return codes.PermissionDenied
	case strings.Contains(name, "ALREADY_EXISTS"):
		return codes.AlreadyExists
	case strings.HasSuffix(name, "_NOT_FOUND"), strings.HasPrefix(name, "UNRESOLVED_COLUMN"), strings.HasPrefix(name, "UNRESOLVED_ROUTINE"), strings.HasPrefix(name, "UNRESOLVABLE_TABLE"):
		return codes.NotFound
	}
	return codes.InvalidArgument
}

// fail makes the status of an error that a client sees. query names the
// statement in the log; of a bug the client learns no more than that name.
func (s *Server) fail(ctx context.Context, query string, err error) (metadata.MD, error) {
	if err == nil {
		return nil, nil
	}
	if errors.Is(err, errHandle) {
		return nil, status.Error(codes.NotFound, "The ticket or handle is unknown: it has expired, has been closed, or is not of this user and server.")
	}
	if st, ok := status.FromError(err); ok {
		return nil, st.Err()
	}
	e := sqlerr.As(err)
	if e == nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, status.Error(codes.DeadlineExceeded, "The query took longer than its time limit.")
		}
		if errors.Is(err, context.Canceled) {
			return nil, status.Error(codes.Canceled, "The query was cancelled.")
		}
		e = sqlerr.Wrap(err, sqlerr.InternalError, "%v", err)
	}
	code := codeOf(e)
	if code == codes.Canceled && (errors.Is(err, context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.DeadlineExceeded)) {
		code = codes.DeadlineExceeded
	}
	trailer := metadata.Pairs(trailerState, e.Cond.State)
	if code == codes.Internal {
		s.log.LogAttrs(ctx, slog.LevelError, "internal error", slog.String("query", query), slog.String("error", e.Detail()))
		return trailer, status.Errorf(code, "[%s] An internal error, which the server's log has under query %s. SQLSTATE: %s", e.Cond.Name, query, e.Cond.State)
	}
	info := &errdetails.ErrorInfo{Reason: strings.ReplaceAll(e.Cond.Name, ".", "_"), Domain: "volley", Metadata: map[string]string{
		"condition": e.Cond.Name, "sqlstate": e.Cond.State,
	}}
	if e.Hint != "" {
		info.Metadata["hint"] = e.Hint
	}
	if e.Source != "" && e.Pos >= 0 && len(e.Source) <= maxShown { // our own client draws the place in the text
		info.Metadata["statement"], info.Metadata["offset"] = e.Source, strconv.Itoa(e.Pos)
		if e.End > e.Pos {
			info.Metadata["end"] = strconv.Itoa(e.End)
		}
		if e.Object != "" {
			info.Metadata["object"] = e.Object
		}
	}
	place := ""
	if line, col, ok := e.Place(); ok {
		place = fmt.Sprintf(" (line %d, column %d)", line, col)
		info.Metadata["line"], info.Metadata["column"] = strconv.Itoa(line), strconv.Itoa(col)
	}
	text := e.Msg
	if e.Hint != "" {
		text += " " + e.Hint
	}
	st := status.Newf(code, "[%s] %s SQLSTATE: %s%s", e.Cond.Name, text, e.Cond.State, place)
	if with, err := st.WithDetails(info); err == nil {
		st = with
	}
	return trailer, st.Err()
}

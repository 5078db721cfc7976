package client

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/flight/sql"
)

// endpoint is an endpoint that is being read: at an executor as long as that
// goes well, and then at the server, behind the rows that came before.
type endpoint struct {
	*flight.Reader
	s      *Session
	ctx    context.Context
	ticket *flight.Ticket
	away   bool // it is not the server that is read from
	backed bool // the server is a location, too
	rows   int64
}

// get opens an endpoint at the first of its locations that can be reached and has its rows.
func (s *Session) get(ctx context.Context, e *flight.FlightEndpoint) (*endpoint, error) {
	out := &endpoint{s: s, ctx: ctx, ticket: e.GetTicket()}
	for _, l := range e.GetLocation() {
		out.backed = out.backed || own(l.GetUri())
	}
	var last error
	for _, l := range e.GetLocation() {
		fs, err := s.at(l.GetUri())
		if err == nil {
			if out.Reader, err = fs.DoGet(ctx, e.GetTicket()); err == nil {
				out.away = !own(l.GetUri())
				return out, nil
			}
		}
		if last = err; !elsewhere(err) {
			return nil, err
		}
	}
	if len(e.GetLocation()) > 0 {
		return nil, last
	}
	var err error
	if out.Reader, err = s.fs.DoGet(ctx, e.GetTicket()); err != nil {
		return nil, err
	}
	return out, nil
}

// own reports whether a location is the server that named it.
func own(uri string) bool { return strings.HasPrefix(uri, "arrow-flight-reuse-connection:") }

// elsewhere reports whether rows that cannot be read at one location may be had at another.
func elsewhere(err error) bool {
	c := status.Code(err)
	return c == codes.Unavailable || c == codes.NotFound
}

// Read is the next record, valid until the next call, or io.EOF.
func (e *endpoint) Read() (arrow.RecordBatch, error) {
	for {
		rec, err := e.Reader.Read()
		if err == nil {
			e.rows += rec.NumRows()
			return rec, nil
		}
		if errors.Is(err, io.EOF) {
			return nil, err
		}
		if err := e.goOn(err); err != nil {
			return nil, err
		}
	}
}

// goOn has the server tell the rows behind those that an executor has given
// before it failed. It returns why that cannot be.
func (e *endpoint) goOn(failure error) error {
	if !e.away || !e.backed || e.ctx.Err() != nil || !elsewhere(failure) && status.Code(failure) != codes.Internal {
		return failure
	}
	e.away = false
	rest, ok := sql.RestTicket(e.ticket.GetTicket(), e.rows)
	if !ok {
		return failure
	}
	r, err := e.s.fs.DoGet(e.ctx, &flight.Ticket{Ticket: rest})
	switch {
	case status.Code(err) == codes.NotFound: // the server does not know such tickets, or the result any more
		return failure
	case err != nil:
		return err
	}
	e.Reader.Release()
	e.Reader = r
	return nil
}

// Release ends the reading.
func (e *endpoint) Release() {
	if e.Reader != nil {
		e.Reader.Release()
		e.Reader = nil
	}
}

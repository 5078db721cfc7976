package sql

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
)

// A stream from an executor may break off. Who has counted the rows that came
// asks the server for those behind them, with a ticket that is made of the one
// it has:
//
//	restMark 1 · rows 8 · handle · grant
//
// A server that knows of no such tickets takes it for a forged one.
const (
	restMark = 0xf0 // no handleKind
	restSize = 1 + 8
)

// RestTicket is the ticket for the rows behind so many that were read at an
// executor with a ticket of the server; ok is false if it is for no executor.
func RestTicket(ticket []byte, rows int64) (rest []byte, ok bool) {
	handle, grant, ok := SplitTicket(ticket)
	if !ok || handle[0] == restMark {
		return nil, false
	}
	b := make([]byte, 0, restSize+len(handle)+len(grant))
	b = binary.BigEndian.AppendUint64(append(b, restMark), uint64(rows))
	b = append(append(b, handle...), grant...)
	rest, err := flightsql.CreateStatementQueryTicket(b)
	return rest, err == nil
}

// taken is what a client has of an endpoint already: rows that it has read at
// an executor with a handle and what Grant added to it.
type taken struct {
	rows          int64
	handle, grant []byte
}

// splitRest takes the handle of a ticket from what was put in front of it; nil: nothing was.
func splitRest(b []byte) ([]byte, *taken) {
	if len(b) <= restSize+handleSize || b[0] != restMark {
		return b, nil
	}
	t := &taken{rows: int64(binary.BigEndian.Uint64(b[1:]))}
	b = b[restSize:]
	t.handle, t.grant = b[:handleSize], b[handleSize:]
	return b, t
}

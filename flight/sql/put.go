package sql

import (
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/internal/arrowmsg"
)

// DoPut implements flight.FlightServer. The routing does not survive a first
// message without descriptor, nor does its reader survive what messages may claim.
func (f *Flight) DoPut(stream flight.FlightService_DoPutServer) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return status.Error(codes.InvalidArgument, "The stream of DoPut ended before its first message, which says what it is for. Some drivers send nothing at all where there are no rows.")
	}
	if err != nil {
		return err
	}
	if first.GetFlightDescriptor().GetCmd() == nil {
		return status.Error(codes.InvalidArgument, "The first message of DoPut has no descriptor with a command.")
	}
	put := &checkedPut{FlightService_DoPutServer: stream, first: first}
	if err := put.check(first); err != nil {
		return err
	}
	return f.FlightServer.DoPut(put)
}

// checkedPut is a stream whose first message is read again and whose Arrow
// messages are checked before a reader gets them.
type checkedPut struct {
	flight.FlightService_DoPutServer
	first *flight.FlightData
}

// Recv implements the stream.
func (p *checkedPut) Recv() (*flight.FlightData, error) {
	if d := p.first; d != nil {
		p.first = nil
		return d, nil
	}
	for {
		d, err := p.FlightService_DoPutServer.Recv()
		if err != nil {
			return nil, err
		}
		if len(d.GetDataHeader()) == 0 { // metadata of the application alone
			continue
		}
		return d, p.check(d)
	}
}

func (p *checkedPut) check(d *flight.FlightData) error {
	if len(d.GetDataHeader()) == 0 {
		return nil
	}
	if err := arrowmsg.Check(d.GetDataHeader(), d.GetDataBody()); err != nil {
		return status.Errorf(codes.InvalidArgument, "The Arrow data of the call cannot be read: %v", err)
	}
	return nil
}

// bodySize is how many bytes the buffers of a record have. Unlike RecordSize it
// looks at no value, so it can be asked of a record that nobody has checked.
func bodySize(rec arrow.RecordBatch) (n int64) {
	for _, c := range rec.Columns() {
		n += dataSize(c.Data(), 0)
	}
	return n
}

func dataSize(d arrow.ArrayData, depth int) (n int64) {
	for _, b := range d.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	if depth > maxNesting {
		return n
	}
	for _, c := range d.Children() {
		n += dataSize(c, depth+1)
	}
	return n
}

// maxNesting is how deep columns are looked into for their size; deeper ones are refused when they are read.
const maxNesting = 64

package client

import (
	"encoding/binary"
	"strings"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that ours adds to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// codec reads the messages of records with one copy, from the pieces that the
// network brought to where the columns lie. All others, and those that are not
// of the usual form, are the usual codec's.
type codec struct{ encoding.CodecV2 }

// newCodec returns the codec of a connection.
func newCodec() encoding.CodecV2 { return codec{encoding.GetCodecV2("proto")} }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if d, ok := v.(*flight.FlightData); ok && readData(data, d) {
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

// readData reads a FlightData of the fields that records have, and reports
// whether there was nothing else. Numbers of fields are those of Flight.proto.
func readData(data mem.BufferSlice, d *flight.FlightData) bool {
	r := data.Reader()
	defer r.Close()
	var header, metadata, body []byte
	for r.Remaining() > 0 {
		tag, err := binary.ReadUvarint(r)
		if err != nil || tag > 1<<31 {
			return false
		}
		num, kind := protowire.DecodeTag(tag)
		if kind != protowire.BytesType {
			return false
		}
		n, err := binary.ReadUvarint(r)
		if err != nil || n > uint64(r.Remaining()) {
			return false
		}
		var to *[]byte
		switch num {
		case 2:
			to = &header
		case 3:
			to = &metadata
		case 1000:
			to = &body
		default:
			return false
		}
		if *to, err = take(r, int(n)); err != nil {
			return false
		}
	}
	proto.Reset(d)
	d.DataHeader, d.AppMetadata, d.DataBody = header, metadata, body
	return true
}

// take copies n bytes to memory that is not cleared first: a builder of text has such.
func take(r *mem.Reader, n int) ([]byte, error) {
	if n == 0 {
		return []byte{}, nil
	}
	pieces, err := r.Peek(n, nil)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.Grow(n)
	for _, p := range pieces {
		b.Write(p)
	}
	_, err = r.Discard(n)
	s := b.String()
	return unsafe.Slice(unsafe.StringData(s), len(s)), err
}

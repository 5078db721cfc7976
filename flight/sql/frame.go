package sql

import (
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // the codec that ours adds to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// frame is a FlightData on its way out whose body lies where the columns of a
// record lie. A connection with Codec writes it from there; any other sees a
// FlightData with the body copied into one piece.
type frame struct {
	*flight.FlightData
	body [][]byte
	size int // bytes of body
	rec  arrow.RecordBatch
}

// ProtoReflect implements proto.Message, for other codecs than ours.
func (f *frame) ProtoReflect() protoreflect.Message {
	if f.DataBody == nil {
		f.DataBody = make([]byte, 0, f.size)
		for _, p := range f.body {
			f.DataBody = append(f.DataBody, p...)
		}
	}
	return f.FlightData.ProtoReflect()
}

// Codec returns the option by which a gRPC server sends records without a copy.
func Codec() grpc.ServerOption {
	return grpc.ForceServerCodecV2(codec{encoding.GetCodecV2("proto")})
}

type codec struct{ encoding.CodecV2 }

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return f.marshal(), nil
	}
	return c.CodecV2.Marshal(v)
}

// Numbers of the fields of FlightData in Flight.proto.
const (
	fieldHeader   protowire.Number = 2
	fieldMetadata protowire.Number = 3
	fieldBody     protowire.Number = 1000
)

// pieceSize is the size of a piece of a body from which on it is sent from
// where it lies. Smaller ones are copied: gRPC does not tell when it is done with them.
const pieceSize = 2 << 10

// marshal makes the message: pieces of memory that are sent one after the
// other. The record is kept until gRPC is done with all of them.
func (f *frame) marshal() mem.BufferSlice {
	var small []byte // what comes before the next large piece
	if len(f.DataHeader) > 0 {
		small = protowire.AppendBytes(protowire.AppendTag(small, fieldHeader, protowire.BytesType), f.DataHeader)
	}
	if len(f.AppMetadata) > 0 {
		small = protowire.AppendBytes(protowire.AppendTag(small, fieldMetadata, protowire.BytesType), f.AppMetadata)
	}
	if f.size > 0 {
		small = protowire.AppendVarint(protowire.AppendTag(small, fieldBody, protowire.BytesType), uint64(f.size))
	}
	var out mem.BufferSlice
	h := &hold{rec: f.rec}
	h.n.Store(1)
	h.rec.Retain()
	defer h.release()
	for _, p := range f.body {
		if len(p) < pieceSize {
			small = append(small, p...)
			continue
		}
		if len(small) > 0 {
			out = append(out, mem.SliceBuffer(small))
			small = nil
		}
		h.n.Add(1)
		out = append(out, mem.NewBuffer(&p, h))
	}
	if len(small) > 0 {
		out = append(out, mem.SliceBuffer(small))
	}
	return out
}

// hold keeps a record while pieces of it are being sent. To gRPC it is the pool
// that the pieces go back to.
type hold struct {
	rec arrow.RecordBatch
	n   atomic.Int64
}

func (h *hold) release() {
	if h.n.Add(-1) == 0 {
		h.rec.Release()
	}
}

// Get implements mem.BufferPool; nobody gets anything from here.
func (*hold) Get(n int) *[]byte {
	b := make([]byte, n)
	return &b
}

// Put implements mem.BufferPool.
func (h *hold) Put(*[]byte) { h.release() }

// frames is where an ipc.Writer leaves what it has encoded, as frames.
type frames struct {
	stream grpc.ServerStream
	rec    arrow.RecordBatch // of which the next payloads are; nil before the first
}

var _ ipc.PayloadWriter = (*frames)(nil)

// Start implements ipc.PayloadWriter.
func (*frames) Start() error { return nil }

// Close implements ipc.PayloadWriter.
func (*frames) Close() error { return nil }

// WritePayload implements ipc.PayloadWriter. What the payload has memory of its
// own for, such as offsets that were moved or compressed columns, is ordinary
// memory of Go and outlives it.
func (w *frames) WritePayload(p ipc.Payload) error {
	meta := p.Meta()
	defer meta.Release()
	f := &frame{FlightData: &flight.FlightData{DataHeader: meta.Bytes()}, rec: w.rec}
	if f.rec == nil { // the schema, which has no body
		return w.stream.SendMsg(f.FlightData)
	}
	if err := p.SerializeBody(f); err != nil {
		return err
	}
	return w.stream.SendMsg(f)
}

// Write takes a piece of a body, which it keeps without copying it.
func (f *frame) Write(p []byte) (int, error) {
	if len(p) > 0 {
		f.body = append(f.body, p)
		f.size += len(p)
	}
	return len(p), nil
}

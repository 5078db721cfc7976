package sql

import (
	"context"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// messageSize is the size in bytes that messages with rows stay below where a
// row is not larger: clients refuse more than 4 MiB, and 2 MiB were fastest.
const messageSize = 2 << 20

// compressionHeader is the header by which a client asks for compressed
// records: lz4 or zstd. The session option of the name without x- does the same.
const (
	compressionHeader = "x-ipc-compression"
	compressionOption = "ipc_compression"
)

// compression is how the records of a call are compressed: as its header says, else as preset.
func compression(ctx context.Context, preset string) []ipc.Option {
	asked := preset
	if v := metadata.ValueFromIncomingContext(ctx, compressionHeader); len(v) > 0 {
		asked = v[0]
	}
	switch asked {
	case "lz4", "lz4_frame":
		return []ipc.Option{ipc.WithLZ4()}
	case "zstd":
		return []ipc.Option{ipc.WithZstd()}
	}
	return nil
}

// Send writes records to a client as the server does: in messages of 2 MiB or
// less where rows allow it, compressed as the call asks, else as preset (none, lz4 or zstd).
func Send(stream grpc.ServerStream, schema *arrow.Schema, rows iter.Seq2[arrow.RecordBatch, error], preset string) error {
	return send(stream, wired(schema), rows, compression(stream.Context(), preset)...)
}

// send writes records to a client. A nil record is sent as an empty one. Errors
// that rows yield come back as they are.
func send(stream grpc.ServerStream, schema *wireSchema, rows iter.Seq2[arrow.RecordBatch, error], opts ...ipc.Option) error {
	out := newWriter(&frames{stream: stream}, schema, opts)
	began := false
	for rec, err := range rows {
		if err != nil {
			return err // the status ends the stream; a regular end of it must not be seen before
		}
		began = true
		if rec == nil {
			if err := sendEmpty(out, schema.schema); err != nil {
				return err
			}
			continue
		}
		for part := range parts(rec) {
			if err := out.write(part); err != nil {
				return err
			}
		}
	}
	if !began { // the JDBC driver miscounts the columns of a stream without a record
		if err := sendEmpty(out, schema.schema); err != nil {
			return err
		}
	}
	return out.close()
}

func sendEmpty(out *writer, schema *arrow.Schema) error {
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	rec := b.NewRecordBatch()
	defer rec.Release()
	return out.write(rec)
}

// parts cuts a record into pieces of messageSize or less, where rows allow it. Pieces are lent.
func parts(rec arrow.RecordBatch) iter.Seq[arrow.RecordBatch] {
	return func(yield func(arrow.RecordBatch) bool) { halve(rec, yield) }
}

func halve(rec arrow.RecordBatch, yield func(arrow.RecordBatch) bool) bool {
	rows := rec.NumRows()
	if rows <= 1 || RecordSize(rec) <= messageSize {
		return yield(rec)
	}
	for _, r := range [][2]int64{{0, rows / 2}, {rows / 2, rows}} {
		part := rec.NewSlice(r[0], r[1])
		ok := halve(part, yield)
		part.Release()
		if !ok {
			return false
		}
	}
	return true
}

// RecordSize is about how many bytes the rows of a record take on the wire. Of
// a slice it counts the slice alone.
func RecordSize(rec arrow.RecordBatch) (n int64) {
	for _, c := range rec.Columns() {
		n += arraySize(c)
	}
	return n
}

func arraySize(a arrow.Array) int64 {
	n := int64(a.Len())
	if n == 0 {
		return 0
	}
	size := int64(0)
	if a.NullN() > 0 { // bits that are all 1 are not sent
		size = n / 8
	}
	offset := int64(4) // bytes of one
	if t, ok := a.DataType().(arrow.OffsetsDataType); ok {
		offset = int64(t.OffsetTypeTraits().BytesRequired(1))
	}
	switch a := a.(type) {
	case array.BinaryLike:
		return size + offset*n + a.ValueOffset64(int(n)-1) + int64(a.ValueLen(int(n)-1)) - a.ValueOffset64(0)
	case array.ListLike: // maps too
		from, _ := a.ValueOffsets(0)
		_, to := a.ValueOffsets(int(n) - 1)
		values := array.NewSlice(a.ListValues(), from, to)
		defer values.Release()
		return size + offset*n + arraySize(values)
	case *array.Struct:
		for i := range a.NumField() {
			field := a.Field(i) // of the slice alone, as StructOf's are
			size += arraySize(field)
		}
		return size
	}
	if t, ok := a.DataType().(arrow.FixedWidthDataType); ok {
		return size + n*int64(t.BitWidth())/8
	}
	return size
}

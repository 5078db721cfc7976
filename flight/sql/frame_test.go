package sql

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// wire is a stream that holds on to what is sent, as gRPC's queue does.
type wire struct {
	grpc.ServerStream
	sent []mem.BufferSlice
	want [][]byte // what a plain codec makes of the same
}

func (w *wire) SendMsg(m any) error {
	data, err := codec{encoding.GetCodecV2("proto")}.Marshal(m)
	if err != nil {
		return err
	}
	w.sent = append(w.sent, data)
	plain, err := proto.Marshal(m.(proto.Message))
	w.want = append(w.want, plain)
	return err
}

func TestFrames(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "b", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
	for _, c := range []struct {
		name string
		rows int
		from int64
		opts []ipc.Option
	}{
		{"large", 5000, 0, nil},
		{"slice", 5000, 13, nil},
		{"small", 3, 1, nil},
		{"empty", 0, 0, nil},
		{"compressed", 5000, 0, []ipc.Option{ipc.WithZstd()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			alloc := memory.NewCheckedAllocator(memory.DefaultAllocator)
			defer alloc.AssertSize(t, 0)
			b := array.NewRecordBuilder(alloc, schema)
			for i := range c.rows {
				if i%7 == 3 {
					b.Field(0).AppendNull()
				} else {
					b.Field(0).(*array.Int64Builder).Append(int64(i))
				}
				b.Field(1).(*array.StringBuilder).Append(strings.Repeat("x", i%11))
			}
			whole := b.NewRecordBatch()
			b.Release()
			rec := whole.NewSlice(c.from, int64(c.rows))
			whole.Release()
			rows := func(yield func(arrow.RecordBatch, error) bool) { yield(rec, nil) }
			w := &wire{}
			if err := send(w, wired(schema), rows, c.opts...); err != nil {
				t.Fatal(err)
			}
			if len(w.sent) != 2 {
				t.Fatalf("%d messages for a schema and a record", len(w.sent))
			}
			var messages replay
			for i, s := range w.sent {
				got := s.Materialize()
				if !bytes.Equal(got, w.want[i]) {
					t.Errorf("message %d has %d bytes, a plain codec makes other %d", i, len(got), len(w.want[i]))
				}
				var d flight.FlightData
				if err := proto.Unmarshal(got, &d); err != nil {
					t.Fatal(err)
				}
				messages = append(messages, &d)
			}
			r, err := flight.NewRecordReader(&messages)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Release()
			back, err := r.Read()
			if err != nil {
				t.Fatal(err)
			}
			if !array.RecordEqual(rec, back) {
				t.Errorf("%v came back as %v", rec, back)
			}
			rec.Release()
			if large := c.rows > 1000; large == (alloc.CurrentAlloc() == 0) {
				t.Errorf("%d bytes are held while gRPC has pieces of the record: %v", alloc.CurrentAlloc(), large)
			}
			for _, s := range w.sent {
				s.Free()
			}
		})
	}
}

// replay is a stream of messages that are there.
type replay []*flight.FlightData

func (r *replay) Recv() (*flight.FlightData, error) {
	if len(*r) == 0 {
		return nil, io.EOF
	}
	d := (*r)[0]
	*r = (*r)[1:]
	return d, nil
}

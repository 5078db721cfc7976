package sql

import (
	"bytes"
	"errors"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/protobuf/proto"
)

// TestWireSchema: what is sent of records is what arrow-go's own writer makes
// of them, with a schema that is encoded once.
func TestWireSchema(t *testing.T) {
	meta := arrow.NewMetadata([]string{"ARROW:FLIGHT:SQL:TYPE_NAME"}, []string{"INT"})
	list := arrow.ListOf(arrow.StructOf(arrow.Field{Name: "d", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, Nullable: true}))
	for _, c := range []struct {
		name   string
		fields []arrow.Field
		text   string
	}{
		{"plain", []arrow.Field{{Name: "1", Type: arrow.PrimitiveTypes.Int32, Metadata: meta}}, `[{"1": 1}, {"1": 2}]`},
		{"nested", []arrow.Field{{Name: "l", Type: arrow.ListOf(arrow.StructOf(arrow.Field{Name: "x", Type: arrow.BinaryTypes.String, Nullable: true})), Nullable: true}}, `[{"l": [{"x": "a"}, {"x": null}]}, {"l": null}]`},
		{"dictionaries", []arrow.Field{{Name: "l", Type: list, Nullable: true}}, `[{"l": [{"d": "a"}, {"d": "b"}, {"d": "a"}]}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema := arrow.NewSchema(c.fields, nil)
			rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, bytes.NewReader([]byte(c.text)))
			if err != nil {
				t.Fatal(err)
			}
			rows := func(yield func(arrow.RecordBatch, error) bool) {
				for more, i := true, 0; more && i < 2; i++ {
					more = yield(rec, nil)
				}
			}
			var theirs, ours wire
			w := ipc.NewWriterWithPayloadWriter(&frames{stream: &theirs, rec: rec}, ipc.WithSchema(schema))
			for range 2 {
				if err := w.Write(rec); err != nil {
					t.Fatal(err)
				}
			}
			form := wired(schema)
			for range 2 { // the second time with what is kept
				ours = wire{}
				if err := send(&ours, form, rows); err != nil {
					t.Fatal(err)
				}
				if len(ours.sent) != len(theirs.sent) {
					t.Fatalf("%d messages, arrow-go makes %d", len(ours.sent), len(theirs.sent))
				}
			}
			for i, s := range ours.sent {
				var got, want flight.FlightData
				if err := errors.Join(proto.Unmarshal(s.Materialize(), &got), proto.Unmarshal(theirs.sent[i].Materialize(), &want)); err != nil {
					t.Fatal(err)
				}
				// A stream of Arrow pads its messages to eight bytes.
				padded := append(want.DataHeader, make([]byte, max(0, len(got.DataHeader)-len(want.DataHeader)))...)
				if len(padded)-len(want.DataHeader) > 7 || !bytes.Equal(got.DataHeader, padded) || !bytes.Equal(got.DataBody, want.DataBody) {
					t.Errorf("message %d: %x %x, arrow-go makes %x %x", i, got.DataHeader, got.DataBody, want.DataHeader, want.DataBody)
				}
			}
			other := wired(arrow.NewSchema([]arrow.Field{{Name: "other", Type: arrow.PrimitiveTypes.Int32}}, nil))
			if err := send(&wire{}, other, rows); err == nil {
				t.Error("a record of another schema was sent")
			}
		})
	}
}

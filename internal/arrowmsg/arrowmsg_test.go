package arrowmsg

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// stream is an IPC stream of two columns as messages: metadata, body, metadata, body, …
func stream(t testing.TB, opts ...ipc.Option) [][2][]byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "s", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, row := range []string{`{"n": 1, "s": ["a", "b"]}`, `{"n": null, "s": null}`, `{"n": 3, "s": ["c"]}`} {
		if err := b.UnmarshalJSON([]byte(row)); err != nil {
			t.Fatal(err)
		}
	}
	var out collector
	w := flight.NewRecordWriter(&out, append(opts, ipc.WithSchema(schema))...)
	if err := w.Write(b.NewRecordBatch()); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return out
}

// collector keeps the messages that a flight.Writer sends.
type collector [][2][]byte

func (c *collector) Send(d *flight.FlightData) error {
	*c = append(*c, [2][]byte{bytes.Clone(d.DataHeader), bytes.Clone(d.DataBody)})
	return nil
}

func TestCheck(t *testing.T) {
	for _, opts := range [][]ipc.Option{nil, {ipc.WithLZ4()}, {ipc.WithZstd()}} {
		m := stream(t, opts...)
		if len(m) != 2 {
			t.Fatalf("%d messages", len(m))
		}
		for _, p := range m {
			if err := Check(p[0], p[1]); err != nil {
				t.Error(err)
			}
			if n, err := BodyLength(p[0]); err != nil || n != int64(len(p[1])) {
				t.Errorf("%d, %v: the body has %d", n, err, len(p[1]))
			}
			for cut := range len(p[0]) { // neither panics nor takes memory
				Check(p[0][:cut], p[1])
				BodyLength(p[0][:cut])
			}
		}
		for cut := range len(m[1][1]) / 2 {
			if err := Check(m[1][0], m[1][1][:cut]); err == nil {
				t.Errorf("a body of %d bytes of %d is taken", cut, len(m[1][1]))
			}
		}
	}
	if Check(nil, nil) == nil || Check(make([]byte, MaxMetadata+1), nil) == nil {
		t.Error("metadata of no size or too large are taken")
	}
}

func FuzzCheck(f *testing.F) {
	for _, opts := range [][]ipc.Option{nil, {ipc.WithLZ4()}, {ipc.WithZstd()}} {
		for _, p := range stream(f, opts...) {
			f.Add(p[0], p[1])
		}
	}
	f.Fuzz(func(t *testing.T, meta, body []byte) {
		Check(meta, body)
		if len(meta) >= 8 {
			BodyLength(meta)
		}
	})
}

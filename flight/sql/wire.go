package sql

import (
	"encoding/binary"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// wireSchema is a schema with its form on the wire, which is made when it is
// first asked for and kept: for a small result it is most of the work.
type wireSchema struct {
	schema *arrow.Schema
	make   sync.Once
	form   []byte
}

// wired is the schema to send; nil: no columns.
func wired(s *arrow.Schema) *wireSchema {
	if s == nil {
		s = arrow.NewSchema(nil, nil)
	}
	return &wireSchema{schema: s}
}

// encoded is the schema as FlightInfos and answers to GetSchema have it: a
// stream of Arrow without records.
func (w *wireSchema) encoded() []byte {
	w.make.Do(func() { w.form = flight.SerializeSchema(w.schema, memory.DefaultAllocator) })
	return w.form
}

// message is the schema as the header of a FlightData: the first message of the
// stream, without the mark and the length before it.
func (w *wireSchema) message() []byte {
	const mark, before = 4, 8 // bytes
	b := w.encoded()
	return b[before : before+binary.LittleEndian.Uint32(b[mark:])]
}

// writer writes records to a client as frames.
type writer struct {
	to    *frames
	wire  *wireSchema
	began bool
	// ipc does so where records are compressed or have dictionaries, which need
	// messages of their own; it keeps what it compresses with. nil: neither.
	ipc *ipc.Writer
}

func newWriter(to *frames, wire *wireSchema, opts []ipc.Option) *writer {
	w := &writer{to: to, wire: wire}
	if len(opts) > 0 || dictionaries(wire.schema.Fields()) {
		w.ipc = ipc.NewWriterWithPayloadWriter(to, append(opts, ipc.WithSchema(wire.schema), ipc.WithAllocator(memory.DefaultAllocator))...)
	}
	return w
}

func (w *writer) write(rec arrow.RecordBatch) error {
	w.to.rec = rec
	if w.ipc != nil {
		return w.ipc.Write(rec)
	}
	if s := rec.Schema(); s != w.wire.schema && !s.Equal(w.wire.schema) {
		return errOtherSchema
	}
	if !w.began {
		w.began = true
		if err := w.to.stream.SendMsg(&flight.FlightData{DataHeader: w.wire.message()}); err != nil {
			return err
		}
	}
	p, err := ipc.GetRecordBatchPayload(rec, ipc.WithAllocator(memory.DefaultAllocator))
	if err != nil {
		return err
	}
	defer p.Release()
	return w.to.WritePayload(p)
}

func (w *writer) close() error {
	if w.ipc != nil {
		return w.ipc.Close()
	}
	return nil
}

// dictionaries reports whether there are any in columns of the fields.
func dictionaries(fields []arrow.Field) bool {
	for _, f := range fields {
		if f.Type.ID() == arrow.DICTIONARY {
			return true
		}
		if n, ok := f.Type.(arrow.NestedType); ok && dictionaries(n.Fields()) {
			return true
		}
	}
	return false
}

package sql_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/volley-sql/volley/internal/serve"
)

// messages collects what a flight.Writer sends.
type messages []*flight.FlightData

func (m *messages) Send(d *flight.FlightData) error {
	*m = append(*m, proto.Clone(d).(*flight.FlightData))
	return nil
}

// encoded are the messages of a record, schema first.
func encoded(t testing.TB, rec arrow.RecordBatch, opts ...ipc.Option) messages {
	t.Helper()
	var m messages
	w := flight.NewRecordWriter(&m, append(opts, ipc.WithSchema(rec.Schema()))...)
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return m
}

func fromJSON(t testing.TB, rows string, fields ...arrow.Field) arrow.RecordBatch {
	t.Helper()
	for i := range fields {
		fields[i].Nullable = true
	}
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(fields, nil), strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// replaced is a copy of b with old, which must be there, replaced once.
func replaced(t testing.TB, b, old, new []byte) []byte {
	t.Helper()
	if !bytes.Contains(b, old) {
		t.Fatalf("% x is not in the message", old)
	}
	return bytes.Replace(b, old, new, 1)
}

func le[T any](values ...T) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, values)
	return b.Bytes()
}

func int64Field(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64}
}

// damage are streams of Arrow messages that are not what they should be.
func damage(t testing.TB) map[string]messages {
	text := func() messages {
		return encoded(t, fromJSON(t, `[{"s": "alpha"}, {"s": "beta"}, {"s": "gamma"}]`, arrow.Field{Name: "s", Type: arrow.BinaryTypes.String}))
	}
	many := make([]string, 4660)
	for i := range many {
		many[i] = fmt.Sprintf(`{"n": %d}`, i)
	}
	numbers := func(opts ...ipc.Option) messages {
		return encoded(t, fromJSON(t, "["+strings.Join(many, ",")+"]", int64Field("n")), opts...)
	}
	dict := func() messages {
		return encoded(t, fromJSON(t, `[{"d": "x"}, {"d": "y"}]`, arrow.Field{Name: "d", Type: &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}}))
	}
	list := func() messages {
		return encoded(t, fromJSON(t, `[{"l": [1, 2]}, {"l": [3]}]`, arrow.Field{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64)}))
	}
	out := map[string]messages{}
	edit := func(name string, m messages, at int, f func(d *flight.FlightData)) {
		f(m[at])
		out[name] = m
	}
	offsets := le[int32](0, 5, 9, 14)
	edit("offsets beyond the data", text(), 1, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, offsets, le[int32](0, 5, 9, 14000)) })
	edit("offsets that go back", text(), 1, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, offsets, le[int32](0, 9, 5, 14)) })
	edit("negative offsets", text(), 1, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, offsets, le[int32](-8, 5, 9, 14)) })
	edit("text that is not UTF-8", text(), 1, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, []byte("beta"), []byte("b\xff\xfea")) })
	edit("a character cut in two", text(), 1, func(d *flight.FlightData) {
		d.DataBody = replaced(t, replaced(t, d.DataBody, []byte("alphabeta"), []byte("alphéeta")), offsets, le[int32](0, 5, 9, 14))
	})
	edit("lists beyond their elements", list(), 1, func(d *flight.FlightData) {
		d.DataBody = replaced(t, d.DataBody, le[int32](0, 2, 3), le[int32](0, 2, 300))
	})
	edit("a negative number of rows", numbers(), 1, func(d *flight.FlightData) {
		d.DataHeader = replaced(t, d.DataHeader, le[int64](4660), le[int64](-4660))
	})
	edit("columns of a negative length", numbers(), 1, func(d *flight.FlightData) {
		d.DataHeader = bytes.ReplaceAll(d.DataHeader, le[int64](4660), le[int64](math.MinInt64))
	})
	edit("more rows than there are", numbers(), 1, func(d *flight.FlightData) {
		d.DataHeader = bytes.ReplaceAll(d.DataHeader, le[int64](4660), le[int64](1<<30))
	})
	edit("rows beyond any number", numbers(), 1, func(d *flight.FlightData) {
		d.DataHeader = bytes.ReplaceAll(d.DataHeader, le[int64](4660), le[int64](1<<60))
	})
	edit("a body cut short", numbers(), 1, func(d *flight.FlightData) { d.DataBody = d.DataBody[:100] })
	edit("no body", numbers(), 1, func(d *flight.FlightData) { d.DataBody = nil })
	edit("metadata cut short", numbers(), 1, func(d *flight.FlightData) { d.DataHeader = d.DataHeader[:20] })
	edit("metadata of noise", numbers(), 1, func(d *flight.FlightData) { d.DataHeader = bytes.Repeat([]byte{0xfe}, 200) })
	edit("a schema of noise", numbers(), 0, func(d *flight.FlightData) { d.DataHeader = bytes.Repeat([]byte{0xfe}, 200) })
	edit("a schema cut short", numbers(), 0, func(d *flight.FlightData) { d.DataHeader = d.DataHeader[:16] })
	for _, c := range []struct {
		name string
		opt  ipc.Option
	}{{"lz4", ipc.WithLZ4()}, {"zstd", ipc.WithZstd()}} {
		for _, claim := range []int64{1 << 38, math.MaxInt64, -7} {
			edit(fmt.Sprintf("%s that claims %d bytes", c.name, claim), numbers(c.opt), 1, func(d *flight.FlightData) {
				d.DataBody = replaced(t, d.DataBody, le[int64](4660*8), le(claim))
			})
		}
		edit(c.name+" that is none", numbers(c.opt), 1, func(d *flight.FlightData) {
			for i := 8; i < len(d.DataBody); i++ {
				d.DataBody[i] = 0xa5
			}
		})
	}
	d := dict()
	out["a dictionary that is never sent"] = messages{d[0], d[len(d)-1]}
	edit("indices outside the dictionary", dict(), 2, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, le[int32](0, 1), le[int32](0, 77)) })
	edit("negative indices", dict(), 2, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, le[int32](0, 1), le[int32](0, -1)) })
	n := numbers()
	out["rows before the schema"] = messages{n[1], n[0]}
	out["two schemas"] = messages{n[0], n[0], n[1]}
	out["rows of another schema"] = messages{n[0], text()[1]}
	out["unions"] = unions(t, func(*flight.FlightData) {})
	out["unions of no such type"] = unions(t, func(d *flight.FlightData) { d.DataBody = replaced(t, d.DataBody, []byte{0, 1, 0}, []byte{0, 99, 0}) })
	deep := arrow.DataType(arrow.PrimitiveTypes.Int64)
	for range 200 {
		deep = arrow.ListOf(deep)
	}
	var m messages
	if err := flight.NewRecordWriter(&m, ipc.WithSchema(arrow.NewSchema([]arrow.Field{{Name: "deep", Type: deep, Nullable: true}}, nil))).Close(); err != nil {
		t.Fatal(err)
	}
	out["types two hundred levels deep"] = append(m, numbers()[1])
	return out
}

func unions(t testing.TB, f func(*flight.FlightData)) messages {
	dt := arrow.DenseUnionOf([]arrow.Field{int64Field("a"), {Name: "b", Type: arrow.BinaryTypes.String}}, []arrow.UnionTypeCode{0, 1})
	b := array.NewDenseUnionBuilder(memory.DefaultAllocator, dt)
	defer b.Release()
	b.Append(0)
	b.Child(0).(*array.Int64Builder).Append(1)
	b.Append(1)
	b.Child(1).(*array.StringBuilder).Append("x")
	b.Append(0)
	b.Child(0).(*array.Int64Builder).Append(2)
	m := encoded(t, array.NewRecordBatch(arrow.NewSchema([]arrow.Field{{Name: "u", Type: dt}}, nil), []arrow.Array{b.NewArray()}, 3))
	f(m[1])
	return m
}

// describing gives the first message the descriptor of a command.
func describing(m messages, cmd proto.Message) messages {
	first := proto.Clone(m[0]).(*flight.FlightData)
	first.FlightDescriptor = command(cmd)
	return append(messages{first}, m[1:]...)
}

// TestDamagedArrow is fault 10: Arrow data that are not what they should be end
// their call and nothing else, and nothing of them is kept.
func TestDamagedArrow(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	f, c := s.flight(), s.client()
	ctx := t.Context()
	into := &pb.CommandStatementIngest{
		TableDefinitionOptions: &pb.CommandStatementIngest_TableDefinitionOptions{
			IfNotExist: pb.CommandStatementIngest_TableDefinitionOptions_TABLE_NOT_EXIST_OPTION_CREATE,
			IfExists:   pb.CommandStatementIngest_TableDefinitionOptions_TABLE_EXISTS_OPTION_APPEND,
		},
		Table: "damaged",
	}
	for name, m := range damage(t) {
		t.Run("ingest/"+name, func(t *testing.T) {
			wantCode(t, put(ctx, f, describing(m, into)...), codes.InvalidArgument, codes.Unimplemented)
			_, err := query(ctx, c, "SELECT * FROM damaged")
			wantCode(t, err, codes.NotFound)
		})
		t.Run("bind/"+name, func(t *testing.T) {
			p, err := c.Prepare(ctx, "SELECT ?")
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close(ctx)
			cmd := &pb.CommandPreparedStatementQuery{PreparedStatementHandle: p.Handle()}
			err = put(ctx, f, describing(m, cmd)...)
			if err == nil { // what is damaged may come out only when values are read
				var i *flight.FlightInfo
				if i, err = info(ctx, f, cmd); err == nil {
					_, err = fetch(ctx, c, i)
				}
			}
			wantCode(t, err, codes.InvalidArgument, codes.Unimplemented)
		})
	}
	s.alive(ctx)
	if strings.Contains(s.log.String(), "panic") {
		t.Errorf("there was a panic: %s", s.log)
	}
}

// TestIngestBreaks: a stream of rows that does not end as it should leaves nothing.
func TestIngestBreaks(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	f, c := s.flight(), s.client()
	ctx := t.Context()
	if _, err := c.ExecuteUpdate(ctx, "CREATE TABLE t (n BIGINT)"); err != nil {
		t.Fatal(err)
	}
	into := &pb.CommandStatementIngest{
		TableDefinitionOptions: &pb.CommandStatementIngest_TableDefinitionOptions{
			IfNotExist: pb.CommandStatementIngest_TableDefinitionOptions_TABLE_NOT_EXIST_OPTION_FAIL,
			IfExists:   pb.CommandStatementIngest_TableDefinitionOptions_TABLE_EXISTS_OPTION_APPEND,
		},
		Table: "t",
	}
	good := encoded(t, fromJSON(t, `[{"n": 1}, {"n": 2}]`, int64Field("n")))
	bad := proto.Clone(good[1]).(*flight.FlightData)
	bad.DataBody = nil
	t.Run("after good rows", func(t *testing.T) {
		wantCode(t, put(ctx, f, describing(messages{good[0], good[1], good[1], bad}, into)...), codes.InvalidArgument)
	})
	t.Run("by its client", func(t *testing.T) {
		for range 20 {
			ctx, cancel := contextWithCancel(t)
			st, err := f.DoPut(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range describing(good, into) {
				st.Send(m)
			}
			cancel()
			_, err = st.Recv()
			wantCode(t, err, codes.Canceled)
		}
	})
	t.Run("by a value that does not fit", func(t *testing.T) {
		wrong := encoded(t, fromJSON(t, `[{"n": "x"}]`, arrow.Field{Name: "n", Type: arrow.BinaryTypes.String}))
		wantCode(t, put(ctx, f, describing(wrong, into)...), codes.InvalidArgument)
	})
	t.Run("without a table", func(t *testing.T) {
		nowhere := proto.Clone(into).(*pb.CommandStatementIngest)
		nowhere.Table = ""
		wantCode(t, put(ctx, f, describing(good, nowhere)...), codes.InvalidArgument)
	})
	t.Run("without columns", func(t *testing.T) {
		none := encoded(t, array.NewRecordBatch(arrow.NewSchema(nil, nil), nil, 0))
		wantCode(t, put(ctx, f, describing(none, into)...), codes.InvalidArgument)
	})
	t.Run("with metadata of the application between", func(t *testing.T) {
		m := describing(messages{good[0], {AppMetadata: []byte("hello")}, good[1]}, into)
		if err := put(ctx, f, m...); err != nil {
			t.Fatal(err)
		}
		if n, err := query(ctx, c, "SELECT * FROM t"); n != 2 || err != nil {
			t.Errorf("%d rows, %v", n, err)
		}
	})
	n, err := query(ctx, c, "SELECT * FROM t")
	if n != 2 || err != nil {
		t.Errorf("%d rows are there, %v", n, err)
	}
	s.alive(ctx)
}

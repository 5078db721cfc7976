package client

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// pieces cuts a message as the network may.
func pieces(b []byte, cut int) mem.BufferSlice {
	var out mem.BufferSlice
	for len(b) > 0 {
		n := min(cut, len(b))
		out = append(out, mem.SliceBuffer(b[:n]))
		b = b[n:]
	}
	return out
}

// same holds the codec against the usual one.
func same(t *testing.T, message []byte, cut int) {
	t.Helper()
	var want, got flight.FlightData
	wantErr := proto.Unmarshal(message, &want)
	gotErr := newCodec().Unmarshal(pieces(message, cut), &got)
	if (wantErr == nil) != (gotErr == nil) {
		t.Fatalf("%x in pieces of %d: %v, not %v", message, cut, gotErr, wantErr)
	}
	if wantErr == nil && !proto.Equal(&want, &got) {
		t.Fatalf("%x in pieces of %d: %v, not %v", message, cut, &got, &want)
	}
}

func TestCodec(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	for range 300 {
		d := &flight.FlightData{DataHeader: random(r.IntN(300)), DataBody: random(r.IntN(5000))}
		if r.IntN(3) == 0 {
			d.AppMetadata = random(r.IntN(20))
		}
		if r.IntN(5) == 0 {
			d.FlightDescriptor = &flight.FlightDescriptor{Cmd: random(5)}
		}
		message, err := proto.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		same(t, message, 1+r.IntN(2000))
		if len(message) > 3 { // broken off, and with a field twice
			same(t, message[:r.IntN(len(message))], 7)
			same(t, append(bytes.Clone(message), message...), 100)
		}
	}
}

func FuzzCodec(f *testing.F) {
	for _, d := range []*flight.FlightData{{}, {DataHeader: []byte("h"), DataBody: []byte("body")}, {FlightDescriptor: &flight.FlightDescriptor{Path: []string{"p"}}, AppMetadata: []byte("m")}} {
		b, err := proto.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint8(3))
	}
	f.Fuzz(func(t *testing.T, message []byte, cut uint8) { same(t, message, max(1, int(cut))) })
}

// BenchmarkCodec reads a message of a record of 2 MiB in frames of 16 KiB.
func BenchmarkCodec(b *testing.B) {
	message, err := proto.Marshal(&flight.FlightData{DataHeader: make([]byte, 500), DataBody: make([]byte, 2<<20)})
	if err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]encoding.CodecV2{"usual": encoding.GetCodecV2("proto"), "ours": newCodec()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				var d flight.FlightData
				if err := c.Unmarshal(pieces(message, 16<<10), &d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
)

// snappyPages are pages by what they hold.
func snappyPages(n int) map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	of := func(value func(i int) []byte) (out []byte) {
		for i := range n {
			out = append(out, value(i)...)
		}
		return out
	}
	num := func(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }
	text := func(s string) []byte { return append(binary.LittleEndian.AppendUint32(nil, uint32(len(s))), s...) }
	return map[string][]byte{
		"sequence":  of(func(i int) []byte { return num(uint64(i + 700_000)) }),
		"halves":    of(func(i int) []byte { return num(math.Float64bits(float64(i+700_000) * .5)) }),
		"times":     of(func(i int) []byte { return num(uint64(i+700_000) * 1_000_003) }),
		"million":   of(func(int) []byte { return num(r.Uint64N(1_000_000)) }),
		"negative":  of(func(int) []byte { return num(-r.Uint64N(60_000)) }),
		"mixed":     of(func(int) []byte { return num(r.Uint64() >> (8 * r.IntN(8))) }),
		"any":       of(func(int) []byte { return num(r.Uint64()) }),
		"equal":     of(func(int) []byte { return num(42) }),
		"ints":      of(func(i int) []byte { return num(uint64(i))[:4] }),
		"texts":     of(func(i int) []byte { return text(fmt.Sprint(i + 700_000)) }),
		"sentences": of(func(i int) []byte { return text(fmt.Sprint("row ", i, " has ", r.IntN(90), " of them")) }),
		"codes":     of(func(i int) []byte { return text(fmt.Sprintf("%c%c", 'a'+r.IntN(26), 'a'+i%7)) }),
		"zeros":     make([]byte, 8*n),
		"lengths and sentences": append(of(func(i int) []byte { return num(uint64(i))[:2] }),
			of(func(i int) []byte { return []byte(fmt.Sprint("row ", i, " has ", r.IntN(90), " of them")) })...),
		"late": append(of(func(i int) []byte { return num(uint64(i)) }), of(func(int) []byte { return []byte{byte(r.Uint32())} })...),
	}
}

func TestSnappyPairs(t *testing.T) {
	paired := map[string]bool{}
	for _, n := range []int{1, 2, 3, 7, 100, 1000, 20_000} {
		for name, page := range snappyPages(n) {
			for kind, packed := range map[string][]byte{"better": snappy.Encode(nil, page), "fast": s2.EncodeSnappy(nil, page), "best": s2.EncodeSnappyBest(nil, page)} {
				_, k := binary.Uvarint(packed)
				got := make([]byte, len(page))
				if ok := snappyPairs(got, packed[k:]); ok {
					if n == 20_000 {
						paired[name] = true
					}
					if !bytes.Equal(got, page) {
						t.Errorf("%d %s, %s: wrong bytes", n, name, kind)
					}
				}
				clear(got)
				var c decompressor
				if err := c.decompress(codecSnappy, got, packed); err != nil || !bytes.Equal(got, page) {
					t.Errorf("%d %s, %s: %v", n, name, kind, err)
				}
			}
		}
	}
	for _, name := range []string{"sequence", "halves", "times"} {
		if !paired[name] {
			t.Errorf("%s is not decoded by pairs", name)
		}
	}
	for _, name := range []string{"sentences", "lengths and sentences"} {
		if paired[name] {
			t.Errorf("%s are decoded by pairs", name)
		}
	}
}

// FuzzSnappyPairs holds the decoder against a complete one.
func FuzzSnappyPairs(f *testing.F) {
	for _, page := range snappyPages(300) {
		f.Add(snappy.Encode(nil, page))
		f.Add(s2.EncodeSnappyBest(nil, page))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		n, err := s2.DecodedLen(packed)
		if err != nil || n > 1<<20 {
			return
		}
		_, k := binary.Uvarint(packed)
		got := make([]byte, n, n+1)
		got[:n+1][n] = 77
		ok := snappyPairs(got, packed[k:])
		if got[:n+1][n] != 77 {
			t.Fatal("written beyond the end")
		}
		if !ok {
			return
		}
		want, err := s2.Decode(nil, packed)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("decoded what is %v", err)
		}
	})
}

func BenchmarkSnappy(b *testing.B) {
	pages := snappyPages(128 << 10)
	for _, name := range []string{"sequence", "halves", "times", "million", "mixed", "texts", "sentences"} {
		packed := snappy.Encode(nil, pages[name])
		dst := make([]byte, len(pages[name]))
		for kind, decode := range map[string]func(){
			"s2":  func() { s2.Decode(dst, packed) },
			"own": func() { new(decompressor).decompress(codecSnappy, dst, packed) },
		} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(dst)))
				for b.Loop() {
					decode()
				}
			})
		}
	}
}

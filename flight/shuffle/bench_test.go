package shuffle

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/volley-sql/volley/exec/exchange"
)

// BenchmarkFetch brings 256 MiB in frames of 2 MiB from another store over loopback.
func BenchmarkFetch(b *testing.B) {
	const frames, size = 128, 2 << 20
	store := newStore(b, 0)
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(rand.Uint32())
	}
	task := exchange.Task{Job: "j", Stage: 3}
	w, _ := store.Create(task, 1)
	for range frames {
		w.Write(b.Context(), 0, exchange.Seal(bytes.Clone(body)), 1)
	}
	w.Commit(b.Context())
	addr := serve(b, store)
	r := newReader(b, secret)
	b.SetBytes(frames * size)
	for b.Loop() {
		n := 0
		for f, err := range r.Read(b.Context(), exchange.Location{Key: exchange.Key{Task: task}, Executor: "x", Address: addr}) {
			if err != nil {
				b.Fatal(err)
			}
			n += len(f)
		}
	}
}

package shuffle

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/sqlerr"
)

var secret = []byte("test secret")

func serve(t *testing.T, store exchange.Store) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(ServerOptions()...)
	NewServer(g, store, secret)
	go g.Serve(l)
	t.Cleanup(g.Stop)
	return l.Addr().String()
}

func newStore(t *testing.T, limit int64) (*exchange.LocalStore, *mem.Account) {
	acct := mem.NewAccount("test", limit)
	s := exchange.NewLocalStore(acct, filepath.Join(t.TempDir(), "s"))
	t.Cleanup(func() { s.Close() })
	return s, acct
}

func fill(t *testing.T, s exchange.Store, task exchange.Task, frames int, size int) {
	t.Helper()
	w, err := s.Create(task, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		if err := w.Write(t.Context(), 0, exchange.Seal(bytes.Repeat([]byte{byte(i)}, size)), 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Close()
}

func TestFetch(t *testing.T) {
	store, _ := newStore(t, 5<<20) // part of the output is on disk
	task := exchange.Task{Job: "j", Stage: 3, Partition: 1}
	fill(t, store, task, 9, 1<<20)
	addr := serve(t, store)
	acct := mem.NewAccount("reader", 3<<20) // part of what is fetched too
	r := NewReader(nil, secret, acct, filepath.Join(t.TempDir(), "r"))
	n := 0
	for f, err := range r.Read(t.Context(), exchange.Location{Key: exchange.Key{Task: task}, Executor: "x", Address: addr}) {
		if err != nil {
			t.Fatal(err)
		}
		body, err := exchange.Verify(f)
		if err != nil || len(body) != 1<<20 || body[5] != byte(n) {
			t.Fatalf("frame %d: %d bytes, %v", n, len(body), err)
		}
		n++
	}
	if n != 9 {
		t.Fatalf("%d frames", n)
	}
	if acct.Used() != 0 {
		t.Errorf("%d bytes are still staged", acct.Used())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestLostOutputsNameTheirTask(t *testing.T) {
	store, _ := newStore(t, 0)
	addr := serve(t, store)
	task := exchange.Task{Job: "j", Stage: 3, Partition: 1, Attempt: 2}
	for name, l := range map[string]exchange.Location{
		"no such output": {Key: exchange.Key{Task: task}, Executor: "x", Address: addr},
		"nobody there":   {Key: exchange.Key{Task: task}, Executor: "x", Address: "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(nil, secret, mem.NewAccount("r", 0), filepath.Join(t.TempDir(), "r"))
			defer r.Close()
			for _, err := range r.Read(t.Context(), l) {
				var lost *exchange.Lost
				if !errors.As(err, &lost) || lost.Locations[0].Task != task || !sqlerr.Is(err, sqlerr.ShuffleLost) {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

func TestTickets(t *testing.T) {
	k := exchange.Key{Task: exchange.Task{Job: "j", Stage: 1, Partition: 2, Attempt: 3}, Channel: 4}
	good := NewTicket(secret, k)
	if got, ok := OpenTicket(secret, good); !ok || got != k {
		t.Fatalf("%+v %v", got, ok)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if _, ok := OpenTicket(secret, bad); ok {
			t.Errorf("a ticket with byte %d changed was taken", i)
		}
	}
	for n := range good {
		if _, ok := OpenTicket(secret, good[:n]); ok {
			t.Errorf("a ticket cut to %d bytes was taken", n)
		}
	}
	if _, ok := OpenTicket([]byte("other"), good); ok {
		t.Error("a ticket of another application was taken")
	}
	// A forged ticket is refused by the server, without saying why.
	store, _ := newStore(t, 0)
	fill(t, store, k.Task, 1, 10)
	r := NewReader(nil, []byte("other"), mem.NewAccount("r", 0), filepath.Join(t.TempDir(), "r"))
	defer r.Close()
	k.Channel = 0
	for f, err := range r.Read(t.Context(), exchange.Location{Key: k, Address: serve(t, store)}) {
		if err == nil {
			t.Fatal(fmt.Sprint("got a frame of ", len(f), " bytes"))
		}
	}
}

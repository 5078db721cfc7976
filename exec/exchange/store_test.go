package exchange

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/sqlerr"
)

func frameOf(body string) []byte { return Seal([]byte(body)) }

func read(t *testing.T, s Store, k Key) (bodies []string, err error) {
	t.Helper()
	for f, err := range s.Read(t.Context(), k, Slice{}) {
		if err != nil {
			return bodies, err
		}
		b, err := Verify(f, k.Identity(), len(bodies))
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(b))
	}
	return bodies, nil
}

func TestStoreCommitsWholeOutputsOrNone(t *testing.T) {
	acct := mem.NewAccount("store", 50) // one frame fits, the rest goes to disk
	dir := filepath.Join(t.TempDir(), "shuffle")
	s := NewLocalStore(acct, dir)
	task := Task{Job: "j", Stage: 1}
	w, err := s.Create(task, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range []string{"first frame", "second frame", "third"} {
		if err := w.Write(t.Context(), i%2, frameOf(body), 10); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := read(t, s, Key{task, 0}); !sqlerr.Is(err, sqlerr.ShuffleLost) {
		t.Fatalf("an output can be read before it is committed: %v", err)
	}
	stats, err := w.Commit(t.Context())
	if err != nil || stats.Rows[0] != 20 || stats.Rows[1] != 10 {
		t.Fatalf("stats %+v, error %v", stats, err)
	}
	w.Close()
	got, err := read(t, s, Key{task, 0})
	if err != nil || len(got) != 2 || got[0] != "first frame" || got[1] != "third" {
		t.Fatalf("channel 0: %q, %v", got, err)
	}
	if got, err := read(t, s, Key{task, 1}); err != nil || len(got) != 1 || got[0] != "second frame" {
		t.Fatalf("channel 1: %q, %v", got, err)
	}
	var lost *Lost
	if _, err := read(t, s, Key{task, 2}); !errors.As(err, &lost) || lost.Locations[0].Channel != 2 {
		t.Fatalf("a missing channel: %v", err)
	}

	w2, _ := s.Create(Task{Job: "j", Stage: 1, Partition: 1}, 1)
	w2.Write(t.Context(), 0, frameOf("dropped"), 1)
	w2.Close()
	for range s.Read(t.Context(), Key{task, 0}, Slice{}) {
		s.Drop("j") // while somebody reads
		break
	}
	if acct.Used() != 0 {
		t.Errorf("%d bytes are still reserved", acct.Used())
	}
	w3, _ := s.Create(task, 1)
	if _, err := w3.Commit(t.Context()); !sqlerr.Is(err, sqlerr.Cancelled) {
		t.Errorf("a commit after the drop: %v", err)
	}
	w3.Close()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("the folder is left")
	}
}

// stamped is the first frame of a channel as a reader gets it.
func stamped(body string, k Key) []byte {
	f := frameOf(body)
	stamp(f, k.Identity(), 0)
	return f
}

func TestVerify(t *testing.T) {
	k := Key{Task{Job: "j", Stage: 1}, 0}
	f := stamped("some rows", k)
	if b, err := Verify(f, k.Identity(), 0); err != nil || string(b) != "some rows" {
		t.Fatalf("%q %v", b, err)
	}
	for i := range f {
		bad := bytes.Clone(f)
		bad[i] ^= 0x40
		if _, err := Verify(bad, k.Identity(), 0); !sqlerr.Is(err, sqlerr.ShuffleLost) {
			t.Errorf("a flipped bit in byte %d went unseen", i)
		}
	}
	for n := range f {
		if _, err := Verify(f[:n], k.Identity(), 0); err == nil {
			t.Errorf("a frame cut to %d bytes went unseen", n)
		}
	}
	if _, err := Verify(f, k.Identity(), 1); err == nil {
		t.Error("a frame out of order went unseen")
	}
	for name, other := range map[string]Key{
		"job": {Task{Job: "i", Stage: 1}, 0}, "stage": {Task{Job: "j", Stage: 2}, 0}, "channel": {Task{Job: "j", Stage: 1}, 1},
		"partition": {Task{Job: "j", Stage: 1, Partition: 1}, 0}, "attempt": {Task{Job: "j", Stage: 1, Attempt: 1}, 0},
	} {
		if _, err := Verify(f, other.Identity(), 0); err == nil {
			t.Errorf("a frame of another %s went unseen", name)
		}
	}
}

// FuzzVerify: no bytes but the frame that was sealed are taken for it.
func FuzzVerify(f *testing.F) {
	k := Key{Task{Job: "j", Stage: 1}, 0}
	good := stamped("some rows", k)
	f.Add(good)
	f.Add([]byte("VLY2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := Verify(b, k.Identity(), 0)
		if err == nil && !bytes.Equal(b, good) && len(body) == len(good)-headerSize {
			t.Errorf("%x passes for a frame", b)
		}
	})
}

package exchange

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// network is a Reader whose channels hold frames of a size; it counts what was asked for.
type network struct {
	frames, size int
	delay        time.Duration // of every channel's first frame
	fail         map[int32]int // by partition: the frame at which it fails
	mu           sync.Mutex
	sent         map[int32]int // frames taken, by partition
	under, most  int           // channels under way
}

func (n *network) Read(ctx context.Context, l Location) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		n.count(1)
		defer n.count(-1)
		time.Sleep(n.delay)
		for i := range n.frames {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if k, ok := n.fail[l.Partition]; ok && k == i {
				yield(nil, LostError(l, errors.New("cut")))
				return
			}
			n.mu.Lock()
			n.sent[l.Partition]++
			n.mu.Unlock()
			if !yield(n.frame(l.Key, i), nil) {
				return
			}
		}
	}
}

func (n *network) count(d int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.under += d
	n.most = max(n.most, n.under)
}

func (n *network) total() (sent int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range n.sent {
		sent += k
	}
	return sent
}

// frame i of a channel holds the row partition·1000+i, and ballast.
func (n *network) frame(k Key, i int) []byte {
	num, text := vec.New(types.Int64Type, 1), vec.New(types.StringType, 1)
	vec.Data[int64](num)[0] = int64(k.Partition)*1000 + int64(i)
	vec.Data[string](text)[0] = string(make([]byte, n.size))
	b := &vec.Batch{Cols: []*vec.Vec{num, text}, N: 1}
	e := newEncoder(b.Cols, 2)
	if err := e.add(b, vec.Identity[:1], n.size+1, nil); err != nil {
		panic(err)
	}
	f, _ := e.take()
	stamp(f, k.Identity(), i)
	return f
}

func locations(n int) []Location {
	out := make([]Location, n)
	for i := range out {
		out[i] = Location{Key: Key{Task: Task{Job: "j", Partition: int32(i)}}, Executor: fmt.Sprint("x", i), Address: "far"}
	}
	return out
}

var schema = types.Schema{{Name: "n", Type: types.Int64Type}, {Name: "t", Type: types.StringType}}

// TestFetchInParallel: channels come side by side, rows in the order of channels.
func TestFetchInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{frames: 5, size: 10, delay: time.Second, sent: map[int32]int{}}
		s := NewSource(schema, n, locations(5*fetchChannels), nil, mem.NewAccount("a", 0))
		start := time.Now()
		var got []int64
		for b, err := range s.Open(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, vec.Data[int64](b.Cols[0])[0])
		}
		if len(got) != 25*fetchChannels || !slices.IsSorted(got) {
			t.Errorf("%v", got)
		}
		if took := time.Since(start); took != 5*time.Second || n.most != fetchChannels {
			t.Errorf("it took %v, with up to %d channels at a time", took, n.most)
		}
	})
}

// TestFetchByThreads: all rows come once, whatever threads share the source.
func TestFetchByThreads(t *testing.T) {
	n := &network{frames: 7, size: 10, sent: map[int32]int{}}
	s := NewSource(schema, n, locations(40), nil, mem.NewAccount("a", 0))
	var wg sync.WaitGroup
	var rows atomic.Int64
	for thread := range 4 {
		wg.Go(func() {
			for _, err := range s.Open(t.Context(), thread) {
				if err != nil {
					t.Error(err)
				}
				rows.Add(1)
			}
		})
	}
	wg.Wait()
	if rows.Load() != 280 || n.total() != 280 {
		t.Errorf("%d rows of %d frames", rows.Load(), n.total())
	}
}

// TestSlowReaderMakesSendersWait: what has come and was not asked for stays
// within the limit however much there is to send, and the account pays for it.
func TestSlowReaderMakesSendersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		n := &network{frames: 1000, size: size, sent: map[int32]int{}}
		acct := mem.NewAccount("a", 0)
		s := NewSource(schema, n, locations(50), nil, acct)
		next, stop := iter.Pull2(s.Open(t.Context(), 0))
		for i := range 5 {
			if _, err, ok := next(); !ok || err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // everything under way has come to rest
			// In the queues, one in the hand of each fetch, and those that were read.
			if got, most := n.total(), fetchBytes/size+fetchChannels+i+1; got > most {
				t.Fatalf("%d frames were sent for %d read, want at most %d", got, i+1, most)
			}
			if acct.Used() > fetchBytes+2*size {
				t.Fatalf("%d bytes are held", acct.Used())
			}
		}
		stop()
		if acct.Used() != 0 {
			t.Errorf("%d bytes are still held", acct.Used())
		}
	})
}

// TestFetchWithoutMemory: an account that grants nothing slows the fetches down, no more.
func TestFetchWithoutMemory(t *testing.T) {
	n := &network{frames: 20, size: 1000, sent: map[int32]int{}}
	acct := mem.NewAccount("a", 1)
	s := NewSource(schema, n, locations(10), nil, acct)
	rows := 0
	for _, err := range s.Open(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		rows++
	}
	if rows != 200 || acct.Used() != 0 {
		t.Errorf("%d rows, %d bytes held", rows, acct.Used())
	}
}

// TestFetchFails: a lost channel is an error that names it, after the rows
// before it; nothing goes on. (The bubble ends only when all goroutines have.)
func TestFetchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{frames: 5, size: 10, sent: map[int32]int{}, fail: map[int32]int{3: 2}}
		rows, err := drain(t, n, 8)
		var lost *Lost
		if rows != 17 || !errors.As(err, &lost) || lost.Locations[0].Partition != 3 || !sqlerr.Is(err, sqlerr.ShuffleLost) {
			t.Errorf("%d rows, error %v", rows, err)
		}
	})
}

// drain reads n channels to the end or the first error.
func drain(t *testing.T, r Reader, n int) (rows int, err error) {
	acct := mem.NewAccount("a", 0)
	for _, err = range NewSource(schema, r, locations(n), nil, acct).Open(t.Context(), 0) {
		if err == nil {
			rows++
		}
	}
	if acct.Used() != 0 {
		t.Errorf("%d bytes are still held", acct.Used())
	}
	return rows, err
}

// TestFetchCancelled: the end of the context ends a reader that waits.
func TestFetchCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		s := NewSource(schema, silent{}, locations(3), nil, mem.NewAccount("a", 0))
		ended := make(chan error, 1)
		go func() {
			for _, err := range s.Open(ctx, 0) {
				ended <- err
			}
		}()
		synctest.Wait()
		cancel(why)
		if err := <-ended; !errors.Is(err, why) {
			t.Errorf("error %v", err)
		}
	})
}

// silent is a Reader of peers that hang.
type silent struct{}

func (silent) Read(ctx context.Context, _ Location) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		<-ctx.Done()
		yield(nil, context.Cause(ctx))
	}
}

// damaging changes frame 3 of partition 1, as often as times says.
type damaging struct {
	*network
	change func([]byte) []byte
	times  *atomic.Int32
}

func (d damaging) Read(ctx context.Context, l Location) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		i := 0
		for f, err := range d.network.Read(ctx, l) {
			if i == 3 && l.Partition == 1 && d.times.Add(-1) >= 0 {
				f = d.change(f)
			}
			i++
			if !yield(f, err) {
				return
			}
		}
	}
}

// TestDamagedFrames: rows of a damaged or swapped frame never come out, and
// through Staging none of its channel do. What comes right at another try is
// no error.
func TestDamagedFrames(t *testing.T) {
	n := &network{frames: 5, size: 10, sent: map[int32]int{}}
	for name, change := range map[string]func([]byte) []byte{
		"flipped": func(f []byte) []byte { f[len(f)/2] ^= 1; return f },
		"cut":     func(f []byte) []byte { return f[:len(f)-1] },
		"swapped": func([]byte) []byte { return n.frame(Key{Task: Task{Job: "j", Partition: 2}}, 3) },
		"twice":   func([]byte) []byte { return n.frame(Key{Task: Task{Job: "j", Partition: 1}}, 2) },
		"empty":   func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for times, want := range map[int32]struct{ rows, staged int }{1: {15, 15}, 2: {15, 15}, 1000: {8, 5}} {
					for _, staged := range []bool{false, true} {
						d := damaging{n, change, &atomic.Int32{}}
						d.times.Store(times)
						var r Reader = d
						expect := want.rows
						if staged {
							r, expect = NewStaging(d, mem.NewAccount("s", 0), t.TempDir()), want.staged
						}
						rows, err := drain(t, r, 3)
						var lost *Lost
						if rows != expect || (err != nil) != (times > 2) || err != nil && (!errors.As(err, &lost) || lost.Locations[0].Partition != 1) {
							t.Errorf("damaged %d times, staged %v: %d rows, error %v", times, staged, rows, err)
						}
					}
				}
			})
		})
	}
}

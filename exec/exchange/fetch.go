package exchange

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/volley-sql/volley/exec/mem"
)

type frameStream = iter.Seq2[[]byte, error]

// Limits of what one Source has under way: channels at a time, and bytes that
// have come and are not yet asked for.
const (
	fetchChannels = 6
	fetchBytes    = 24 << 20
)

// fetcher has the channels of a Source that lie in other processes on their
// way before they are asked for: while a task works on the rows of one, the
// connections of the next ones do not idle. Channels are fetched in the order
// in which they are read, each into a queue of its own. A queue may always take
// the frame its reader waits for; beyond that all queues share a number of
// bytes, which the account must grant, and a fetch that finds none left waits.
//
// It starts goroutines, as nothing else in a task does, because they wait for
// the network; they end with the last open stream.
type fetcher struct {
	r    Reader
	from []Location
	acct *mem.Account

	mu     sync.Mutex
	opened int // streams
	cancel context.CancelFunc
	wg     sync.WaitGroup
	next   int // the channel to fetch next
	taken  int // the channels before this one have, or had, a reader
	queues []*queue
	room   int64         // bytes that may still come
	freed  chan struct{} // closed and replaced when room or a reader's wish appears
}

// queue is one channel under way.
type queue struct {
	frames  [][]byte
	waiting bool // its reader has nothing to do until the next frame
	left    bool // its reader has gone
	over    bool // no frame will follow
	err     error
	came    chan struct{} // has an element when frames or over changed
}

func newFetcher(r Reader, from []Location, acct *mem.Account) *fetcher {
	f := &fetcher{r: r, from: from, acct: acct, queues: make([]*queue, len(from)), room: fetchBytes, freed: make(chan struct{})}
	for i := range f.queues {
		f.queues[i] = newQueue()
	}
	return f
}

func newQueue() *queue { return &queue{came: make(chan struct{}, 1)} }

// open counts a stream and has fetches begin.
func (f *fetcher) open(ctx context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opened++; f.opened > 1 {
		return
	}
	// Streams end one by one, and the context of the first may end with it.
	ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for range min(fetchChannels, len(f.from)-f.next) {
		f.wg.Go(func() { f.work(ctx) })
	}
}

// close ends a stream, and with the last one all that is under way. What no
// reader has seen of it is fetched again should another stream be opened.
func (f *fetcher) close() {
	f.mu.Lock()
	f.opened--
	last := f.opened == 0
	if last {
		f.cancel()
	}
	f.mu.Unlock()
	if !last {
		return
	}
	f.wg.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.queues[:f.next] {
		f.clear(f.queues[i])
		if i >= f.taken {
			f.queues[i] = newQueue()
		}
	}
	f.next = f.taken
}

// clear drops the frames of a queue. f.mu is held.
func (f *fetcher) clear(q *queue) {
	for _, frame := range q.frames {
		f.pay(-int64(len(frame)))
	}
	q.frames = nil
}

// work fetches one channel after the other.
func (f *fetcher) work(ctx context.Context) {
	for {
		f.mu.Lock()
		for f.next < len(f.from) && f.from[f.next].Address == "" {
			f.next++ // of this process: read when asked for
		}
		i := f.next
		if i >= len(f.from) || ctx.Err() != nil {
			f.mu.Unlock()
			return
		}
		f.next++
		f.mu.Unlock()
		var failure error
		for frame, err := range checked(ctx, f.r, f.from[i]) {
			if err == nil {
				err = f.put(ctx, f.queues[i], frame)
			}
			if err != nil {
				failure = err
				break
			}
		}
		f.mu.Lock()
		f.queues[i].over, f.queues[i].err = true, failure
		f.mu.Unlock()
		f.queues[i].wake()
	}
}

func (q *queue) wake() {
	select {
	case q.came <- struct{}{}:
	default:
	}
}

// pay takes n bytes of the room, without regard to what is left. f.mu is held.
func (f *fetcher) pay(n int64) {
	f.room -= n
	f.acct.Force(n)
}

var errLeft = errors.New("the reader of the channel has gone")

// put queues a frame once there is room for it or its reader waits for it.
func (f *fetcher) put(ctx context.Context, q *queue, frame []byte) error {
	n := int64(len(frame))
	for {
		f.mu.Lock()
		switch {
		case q.left:
			f.mu.Unlock()
			return errLeft
		case q.waiting && len(q.frames) == 0:
			f.pay(n)
		case f.room >= n && f.acct.Reserve(n) == nil:
			f.room -= n
		default:
			freed := f.freed
			f.mu.Unlock()
			select {
			case <-freed:
				continue
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		q.frames = append(q.frames, frame)
		f.mu.Unlock()
		q.wake()
		return nil
	}
}

// read yields the frames of channel i, checked. A channel of this process is read here.
func (f *fetcher) read(ctx context.Context, i int) frameStream {
	if f.from[i].Address == "" {
		return checked(ctx, f.r, f.from[i])
	}
	return func(yield func([]byte, error) bool) {
		f.mu.Lock()
		q := f.queues[i]
		f.taken = max(f.taken, i+1)
		f.mu.Unlock()
		defer func() {
			f.mu.Lock()
			q.left = true
			f.clear(q)
			f.free()
			f.mu.Unlock()
		}()
		for {
			frame, over, err := f.take(ctx, q)
			switch {
			case err != nil:
				yield(nil, err)
				return
			case over:
				return
			}
			more := yield(frame, nil)
			f.mu.Lock()
			f.pay(-int64(len(frame)))
			f.free()
			f.mu.Unlock()
			if !more {
				return
			}
		}
	}
}

// free tells the fetches that wait that there is room, or somebody waiting. f.mu is held.
func (f *fetcher) free() {
	close(f.freed)
	f.freed = make(chan struct{})
}

// take waits for the next frame of a queue, whose bytes stay paid for.
func (f *fetcher) take(ctx context.Context, q *queue) (frame []byte, over bool, err error) {
	for {
		f.mu.Lock()
		if len(q.frames) > 0 {
			frame = q.frames[0]
			q.frames = q.frames[1:]
			q.waiting = false
			f.mu.Unlock()
			return frame, false, nil
		}
		if q.over {
			err = q.err
			f.mu.Unlock()
			return nil, true, err
		}
		if !q.waiting {
			q.waiting = true
			f.free()
		}
		f.mu.Unlock()
		select {
		case <-q.came:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

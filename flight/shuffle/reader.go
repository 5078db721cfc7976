package shuffle

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/mem"
)

// Reader fetches channels from other processes' stores, and from local for
// locations without an address. It is safe for concurrent use.
type Reader struct {
	local  exchange.Store
	secret []byte
	// staging holds frames that have come until all of a channel are there.
	staging *exchange.LocalStore
	next    atomic.Int32

	mu    sync.Mutex
	links map[string]*grpc.ClientConn
}

// NewReader returns a reader that stages what it fetches in memory of acct,
// and in files below dir beyond that. local may be nil.
func NewReader(local exchange.Store, secret []byte, acct *mem.Account, dir string) *Reader {
	return &Reader{local: local, secret: secret, staging: exchange.NewLocalStore(acct, dir), links: map[string]*grpc.ClientConn{}}
}

// Read implements exchange.Reader.
func (r *Reader) Read(ctx context.Context, l exchange.Location) iter.Seq2[[]byte, error] {
	if l.Address == "" && r.local != nil {
		return r.local.Read(ctx, l.Key)
	}
	return func(yield func([]byte, error) bool) {
		k, err := r.fetch(ctx, l)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.staging.Drop(k.Job)
		for frame, err := range r.staging.Read(ctx, k) {
			if !yield(frame, err) {
				return
			}
		}
	}
}

// fetch brings a whole channel here and returns its key in the staging store.
func (r *Reader) fetch(ctx context.Context, l exchange.Location) (exchange.Key, error) {
	// A job of its own for every fetch, so that it can be dropped alone.
	at := exchange.Key{Task: l.Task}
	at.Attempt = r.next.Add(1)
	at.Job = stagingJob(l.Task, at.Attempt)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	link, err := r.link(l.Address)
	if err != nil {
		return at, exchange.LostError(l, err)
	}
	stream, err := flight.NewFlightServiceClient(link).DoGet(ctx, &flight.Ticket{Ticket: NewTicket(r.secret, l.Key)})
	if err != nil {
		return at, exchange.LostError(l, err)
	}
	w, err := r.staging.Create(at.Task, 1)
	if err != nil {
		return at, err
	}
	defer w.Close()
	for {
		d, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			_, err := w.Commit(ctx)
			return at, err
		}
		if err != nil {
			if ctx.Err() != nil {
				return at, context.Cause(ctx)
			}
			return at, exchange.LostError(l, err)
		}
		if _, err := exchange.Verify(d.DataBody); err != nil {
			return at, exchange.LostError(l, err)
		}
		if err := w.Write(ctx, 0, d.DataBody, 0); err != nil {
			return at, err
		}
	}
}

func stagingJob(t exchange.Task, n int32) string {
	t.Attempt = n
	return "staging " + t.String()
}

func (r *Reader) link(addr string) (*grpc.ClientConn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.links[addr]; c != nil {
		return c, nil
	}
	c, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(streamWindow), grpc.WithInitialConnWindowSize(linkWindow),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err == nil {
		r.links[addr] = c
	}
	return c, err
}

// Close ends all links and drops what is staged.
func (r *Reader) Close() error {
	r.mu.Lock()
	for a, c := range r.links {
		c.Close()
		delete(r.links, a)
	}
	r.mu.Unlock()
	return r.staging.Close()
}

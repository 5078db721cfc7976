package shuffle

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/volley-sql/volley/exec/exchange"
)

// Reader fetches channels from other processes' stores, and from local for
// locations without an address. It is safe for concurrent use.
type Reader struct {
	local  exchange.Store
	secret []byte

	mu    sync.Mutex
	links map[string]*grpc.ClientConn
}

// NewReader returns a reader that makes its tickets with secret. local may be nil.
func NewReader(local exchange.Store, secret []byte) *Reader {
	return &Reader{local: local, secret: secret, links: map[string]*grpc.ClientConn{}}
}

var errCut = errors.New("the connection ended before the output did")

// Read implements exchange.Reader. Whatever goes wrong on the way is the loss
// of the output, unless ctx is over.
func (r *Reader) Read(ctx context.Context, l exchange.Location) iter.Seq2[[]byte, error] {
	if l.Address == "" && r.local != nil {
		return r.local.Read(ctx, l.Key, l.Slice)
	}
	return func(yield func([]byte, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the stream if the caller leaves
		defer cancel()
		lost := func(err error) {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			if status.Code(err) == codes.NotFound {
				yield(nil, exchange.GoneError(l))
				return
			}
			yield(nil, exchange.LostError(l, err))
		}
		link, err := r.link(l.Address)
		if err != nil {
			lost(err)
			return
		}
		ticket := NewTicket(r.secret, l.Executor, l.Key, l.Slice, time.Now())
		stream, err := flight.NewFlightServiceClient(link).DoGet(ctx, &flight.Ticket{Ticket: ticket})
		if err != nil {
			lost(err)
			return
		}
		complete := false
		for n := 0; ; n++ {
			d, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF) && complete:
				return
			case errors.Is(err, io.EOF) || err == nil && complete:
				lost(errCut)
				return
			case err != nil:
				lost(err)
				return
			case len(d.GetAppMetadata()) > 0:
				if !ends(d.GetAppMetadata(), l.Identity(), n) {
					lost(errCut)
					return
				}
				complete = true
				continue
			}
			if !yield(d.GetDataBody(), nil) {
				return
			}
		}
	}
}

func (r *Reader) link(addr string) (*grpc.ClientConn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.links[addr]; c != nil {
		return c, nil
	}
	c, err := grpc.NewClient("passthrough:///"+addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(streamWindow), grpc.WithInitialConnWindowSize(linkWindow),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingWait}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err == nil {
		r.links[addr] = c
	}
	return c, err
}

// Close ends all links.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a, c := range r.links {
		c.Close()
		delete(r.links, a)
	}
	return nil
}

package exchange

import (
	"context"
	"errors"
	"time"
)

// pauses are how long a read waits before it tries a channel again whose
// frames came damaged or not at all: what a connection did to them it may not do
// twice. An executor that is gone is given up after little more than a second.
var pauses = [...]time.Duration{100 * time.Millisecond, time.Second}

// checked yields the frames of a channel, verified. What goes wrong on the way
// from another process is tried again from the frame at which it happened: an
// output never changes.
func checked(ctx context.Context, r Reader, l Location) frameStream {
	return func(yield func([]byte, error) bool) {
		first := int(l.First)
		id, passed := l.Identity(), first
		for try := 0; ; try++ {
			var failure error
			n := first
			for frame, err := range r.Read(ctx, l) {
				if err == nil && n >= passed { // those before were checked the first time
					if _, err = Verify(frame, id, n); err != nil {
						err = LostError(l, err)
					}
				}
				if err != nil {
					failure = err
					break
				}
				if n++; n <= passed {
					continue
				}
				passed++
				if !yield(frame, nil) {
					return
				}
			}
			if failure == nil {
				return
			}
			if l.Address == "" || try == len(pauses) || !mayReturn(failure) {
				yield(nil, failure)
				return
			}
			select {
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			case <-time.After(pauses[try]):
			}
		}
	}
}

// mayReturn reports whether another try may find the output.
func mayReturn(err error) bool {
	var lost *Lost
	return errors.As(err, &lost) && !lost.Gone
}

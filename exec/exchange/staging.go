package exchange

import (
	"context"
	"iter"

	"github.com/volley-sql/volley/exec/mem"
)

// Staging is a Reader for who cannot take rows back: it yields nothing of a
// channel before it has all of it, verified. Frames wait in memory as long as
// the account grants it, then in a file.
type Staging struct {
	from  Reader
	store *LocalStore
}

// NewStaging stages what comes from a reader in memory of acct and files below dir.
func NewStaging(from Reader, acct *mem.Account, dir string) *Staging {
	return &Staging{from, NewLocalStore(acct, dir)}
}

// Read implements Reader.
func (s *Staging) Read(ctx context.Context, l Location) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		o := newOutput(s.store, l.Task, 1)
		defer o.Close()
		for frame, err := range checked(ctx, s.from, l) {
			if err == nil {
				err = o.add(0, frame)
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
		o.frames(ctx, 0, Slice{})(yield)
	}
}

// Close drops what is staged.
func (s *Staging) Close() error { return s.store.Close() }

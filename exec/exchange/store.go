package exchange

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// LocalStore keeps frames in memory as long as its account grants it, then in
// files, one an output.
type LocalStore struct {
	acct *mem.Account
	dir  string

	mu      sync.Mutex
	jobs    map[string]map[Task]*output
	dropped map[string]bool
	oldest  []string // keys of dropped, in order, so that it stays small
	closed  bool
	files   int
}

// NewLocalStore returns a store that reserves memory from acct and writes what
// does not fit to files below dir, which it makes when needed and removes when closed.
func NewLocalStore(acct *mem.Account, dir string) *LocalStore {
	return &LocalStore{acct: acct, dir: dir, jobs: map[string]map[Task]*output{}, dropped: map[string]bool{}}
}

// rememberJobs is how many jobs a store knows to be over, to refuse their late writers.
const rememberJobs = 1024

// Create implements Store.
func (s *LocalStore) Create(t Task, channels int) (Writer, error) {
	if channels < 1 {
		return nil, sqlerr.New(sqlerr.InternalError, "an output of %d channels", channels)
	}
	return newOutput(s, t, channels), nil
}

func (s *LocalStore) newFile() (*os.File, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.files++
	n := s.files
	s.mu.Unlock()
	return os.OpenFile(filepath.Join(s.dir, fmt.Sprintf("output-%d", n)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// Read implements Store.
func (s *LocalStore) Read(ctx context.Context, k Key, part Slice) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s.mu.Lock()
		o := s.jobs[k.Job][k.Task]
		s.mu.Unlock()
		if o == nil || k.Channel < 0 || !o.hold(int(k.Channel)) {
			yield(nil, GoneError(Location{Key: k}))
			return
		}
		defer o.unhold()
		o.frames(ctx, int(k.Channel), part)(yield)
	}
}

// Drop implements Store.
func (s *LocalStore) Drop(job string) {
	s.mu.Lock()
	outs := s.jobs[job]
	delete(s.jobs, job)
	if !s.dropped[job] {
		s.dropped[job] = true
		if s.oldest = append(s.oldest, job); len(s.oldest) > rememberJobs {
			delete(s.dropped, s.oldest[0])
			s.oldest = s.oldest[1:]
		}
	}
	s.mu.Unlock()
	for _, o := range outs {
		o.mu.Lock()
		o.release()
		o.mu.Unlock()
	}
}

// Close implements Store.
func (s *LocalStore) Close() error {
	s.mu.Lock()
	s.closed = true
	var jobs []string
	for j := range s.jobs {
		jobs = append(jobs, j)
	}
	s.mu.Unlock()
	for _, j := range jobs {
		s.Drop(j)
	}
	return os.RemoveAll(s.dir)
}

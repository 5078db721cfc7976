package exchange

import (
	"context"
	"fmt"
	"io"
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

// output is what one task wrote.
type output struct {
	store *LocalStore
	task  Task

	mu        sync.Mutex
	channels  [][]block
	stats     Stats
	held      int64
	file      *os.File
	fileEnd   int64
	committed bool
	dropped   bool
	readers   int
}

// block is a frame in memory, or its place in the output's file.
type block struct {
	frame []byte
	off   int64
	size  int
}

// Create implements Store.
func (s *LocalStore) Create(t Task, channels int) (Writer, error) {
	if channels < 1 {
		return nil, sqlerr.New(sqlerr.InternalError, "an output of %d channels", channels)
	}
	o := &output{store: s, task: t, channels: make([][]block, channels)}
	o.stats = Stats{Rows: make([]int64, channels), Bytes: make([]int64, channels)}
	return o, nil
}

// Write implements Writer.
func (o *output) Write(ctx context.Context, channel int, frame []byte, rows int) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.committed || o.dropped {
		return sqlerr.New(sqlerr.InternalError, "a write to an output that is closed")
	}
	b := block{frame: frame, size: len(frame)}
	if o.store.acct.Reserve(int64(len(frame))) == nil {
		o.held += int64(len(frame))
	} else {
		if err := o.spill(&b); err != nil {
			return err
		}
	}
	o.channels[channel] = append(o.channels[channel], b)
	o.stats.Rows[channel] += int64(rows)
	o.stats.Bytes[channel] += int64(len(frame))
	return nil
}

// spill moves the frame of b to the output's file.
func (o *output) spill(b *block) error {
	if o.file == nil {
		f, err := o.store.newFile()
		if err != nil {
			return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot make a shuffle file: %v.", err)
		}
		o.file = f
	}
	if _, err := o.file.WriteAt(b.frame, o.fileEnd); err != nil {
		return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot write a shuffle file: %v.", err)
	}
	b.off, b.frame = o.fileEnd, nil
	o.fileEnd += int64(b.size)
	return nil
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

// Commit implements Writer.
func (o *output) Commit(ctx context.Context) (Stats, error) {
	if err := ctx.Err(); err != nil {
		return Stats{}, context.Cause(ctx)
	}
	s := o.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.dropped[o.task.Job] {
		return Stats{}, sqlerr.New(sqlerr.Cancelled, "Job %s is over.", o.task.Job)
	}
	if s.jobs[o.task.Job] == nil {
		s.jobs[o.task.Job] = map[Task]*output{}
	}
	if s.jobs[o.task.Job][o.task] != nil {
		return Stats{}, sqlerr.New(sqlerr.InternalError, "%v was committed before", o.task)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.committed = true
	s.jobs[o.task.Job][o.task] = o
	return o.stats, nil
}

// Close implements Writer.
func (o *output) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.committed {
		o.release()
	}
	return nil
}

// release gives back what the output holds, once nobody reads it. o.mu is held.
func (o *output) release() {
	o.dropped = true
	if o.readers > 0 {
		return
	}
	o.store.acct.Release(o.held)
	o.held, o.channels = 0, nil
	if o.file != nil {
		o.file.Close()
		os.Remove(o.file.Name())
		o.file = nil
	}
}

// Read implements Store.
func (s *LocalStore) Read(ctx context.Context, k Key) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s.mu.Lock()
		o := s.jobs[k.Job][k.Task]
		s.mu.Unlock()
		if o == nil || k.Channel < 0 || !o.hold(int(k.Channel)) {
			yield(nil, LostError(Location{Key: k}, nil))
			return
		}
		defer o.unhold()
		for _, b := range o.channels[k.Channel] {
			if err := ctx.Err(); err != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			frame := b.frame
			if frame == nil {
				frame = make([]byte, b.size)
				if _, err := io.ReadFull(io.NewSectionReader(o.file, b.off, int64(b.size)), frame); err != nil {
					yield(nil, LostError(Location{Key: k}, err))
					return
				}
			}
			if !yield(frame, nil) {
				return
			}
		}
	}
}

// hold keeps the output's memory and file while a reader is at it.
func (o *output) hold(channel int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped || channel >= len(o.channels) {
		return false
	}
	o.readers++
	return true
}

func (o *output) unhold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.readers--
	if o.dropped {
		o.release()
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

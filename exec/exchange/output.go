package exchange

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"sync"
	"syscall"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// output is what one task wrote: frames in memory, and in a file what found no
// room there. The file has no name where the system allows that, so it goes with
// the process whatever happens.
type output struct {
	store *LocalStore
	task  Task
	ids   []uint64 // identities of the channels
	// digests are of the bodies of a channel's frames, in order.
	digests []uint64

	mu        sync.Mutex
	channels  [][]block
	stats     Stats
	held      int64
	file      *os.File
	named     bool
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

func newOutput(s *LocalStore, t Task, channels int) *output {
	o := &output{store: s, task: t, ids: make([]uint64, channels), digests: make([]uint64, channels), channels: make([][]block, channels)}
	o.stats = Stats{Rows: make([]int64, channels), Bytes: make([]int64, channels)}
	for c := range o.ids {
		o.ids[c] = Key{t, int32(c)}.Identity()
	}
	return o
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
	stamp(frame, o.ids[channel], len(o.channels[channel]))
	if err := o.add(channel, frame); err != nil {
		return err
	}
	o.stats.Rows[channel] += int64(rows)
	o.stats.Bytes[channel] += int64(len(frame))
	o.digests[channel] = digest(o.digests[channel], bodySum(frame))
	return nil
}

// digest adds x to a digest.
func digest(d, x uint64) uint64 { return (d^x)*0x9E3779B97F4A7C15 ^ d>>29 }

// add keeps a stamped frame. o.mu is held, or nobody else knows o.
func (o *output) add(channel int, frame []byte) error {
	b := block{frame: frame, size: len(frame)}
	if o.store.acct.Reserve(int64(len(frame))) == nil {
		o.held += int64(len(frame))
	} else if err := o.spill(&b); err != nil {
		return err
	}
	o.channels[channel] = append(o.channels[channel], b)
	return nil
}

// spill moves the frame of b to the output's file.
func (o *output) spill(b *block) error {
	if o.file == nil {
		f, err := o.store.newFile()
		if err != nil {
			return fileError("make", err)
		}
		o.file, o.named = f, os.Remove(f.Name()) != nil
	}
	if _, err := o.file.WriteAt(b.frame, o.fileEnd); err != nil {
		return fileError("write", err)
	}
	b.off, b.frame = o.fileEnd, nil
	o.fileEnd += int64(b.size)
	return nil
}

func fileError(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return sqlerr.Wrap(err, sqlerr.DiskFull, "The disk is full: cannot %s a shuffle file: %v.", what, err).
			WithHint("Free space in the folder for temporary files, or give executors more memory.")
	}
	return sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot %s a shuffle file: %v.", what, err)
}

// frames yields the frames of a channel; o is held or nobody else knows it.
func (o *output) frames(ctx context.Context, channel int, part Slice) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, b := range part.cut(o.channels[channel]) {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			frame := b.frame
			if frame == nil {
				frame = make([]byte, b.size)
				if _, err := io.ReadFull(io.NewSectionReader(o.file, b.off, int64(b.size)), frame); err != nil {
					yield(nil, LostError(Location{Key: Key{o.task, int32(channel)}}, err))
					return
				}
			}
			if !yield(frame, nil) {
				return
			}
		}
	}
}

// Commit implements Writer.
func (o *output) Commit(ctx context.Context) (Stats, error) {
	if ctx.Err() != nil {
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
	for _, d := range o.digests {
		o.stats.Digest = digest(o.stats.Digest, d)
	}
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
		if o.named {
			os.Remove(o.file.Name())
		}
		o.file = nil
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

// Package exchange is how rows get from one stage's tasks to the next one's: a
// Sink divides a task's rows into channels and writes them as frames, a Store
// keeps the frames of committed outputs, a Source reads one channel of many
// outputs back as batches.
//
//	task ──Sink──► Writer ──Commit──► Store ──Reader──► Source ──► task
//	       divide, encode,           memory, then        verify,
//	       checksum                  disk                decode
//
// Rows travel and rest as frames of about TargetFrame bytes: some batches with a
// checksum and the frame's identity in front, verified before anything looks
// inside (docs/adr/0004). Where a store is and how frames cross the network is for
// others (flight/shuffle); both ends of a local exchange use the same frames.
//
// A Source has several channels under way at a time and a bounded number of
// bytes: a reader that is slow makes the connections wait, not memory grow. The
// root stage cannot take rows back, so its Source reads through Staging, which
// yields nothing of a channel before it has all of it.
package exchange

import (
	"context"
	"fmt"
	"iter"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Task names one attempt at a task, the writer of an output.
type Task struct {
	Job                       string
	Stage, Partition, Attempt int32
}

func (t Task) String() string {
	return fmt.Sprintf("stage %d task %d attempt %d of job %s", t.Stage, t.Partition, t.Attempt, t.Job)
}

// Key names one channel of one output.
type Key struct {
	Task
	Channel int32
}

// Slice is a part of a channel: Count frames from First on; no Count: all of it.
type Slice struct{ First, Count int32 }

// cut applies a slice to the frames of a channel.
func (s Slice) cut(frames []block) []block {
	if s.Count == 0 {
		return frames
	}
	from := min(max(int(s.First), 0), len(frames))
	return frames[from:min(from+max(int(s.Count), 0), len(frames))]
}

// Mark says between which keys (sort.Keys.Whole, up to MarkBytes) the rows of a
// frame lie, both included.
type Mark struct{ Low, High []byte }

// Location is a channel, or a slice of one, and the executor that has it.
type Location struct {
	Key
	Slice
	Executor string
	// Address is the host:port of its shuffle server, empty for a store of this process.
	Address string
}

// Stats are rows and bytes by channel of a committed output. Digest tells
// outputs with other frames apart.
type Stats struct {
	Rows, Bytes []int64
	Digest      uint64
	// Marks are those of the frames of a Ranges output, in their order.
	Marks []Mark
}

// Writer takes one task's output. Readers see all of it after Commit, or
// none. Close without Commit drops it; Close is safe to call twice. Write may be called
// by several goroutines at once.
type Writer interface {
	// Write adds a sealed frame of so many rows to a channel and stamps it with
	// its identity. The writer keeps frame.
	Write(ctx context.Context, channel int, frame []byte, rows int) error
	Commit(ctx context.Context) (Stats, error)
	Close() error
}

// Store keeps outputs until their job is dropped. It is safe for concurrent use.
type Store interface {
	// Create starts the output of a task. A committed output of another
	// attempt at it stays until the job is dropped.
	Create(t Task, channels int) (Writer, error)
	// Read yields frames of a channel in the order they were written. A
	// channel that is not there is the error SHUFFLE_LOST with a Lost cause.
	Read(ctx context.Context, k Key, part Slice) iter.Seq2[[]byte, error]
	// Drop forgets a job: outputs are removed, writers that come late refused.
	Drop(job string)
	// Close drops everything.
	Close() error
}

// Reader gets at outputs wherever they are.
type Reader interface {
	// Read yields the frames of a channel in order, unverified, as they come,
	// each for the caller to keep; an end without an error means that all have
	// come. An error may follow any number of frames. A frame that is not asked for
	// makes its sender wait, so that a slow caller costs the memory of a few frames.
	Read(ctx context.Context, l Location) iter.Seq2[[]byte, error]
}

// Lost is the cause in errors about outputs that cannot be read; the driver
// has the tasks that wrote them run again. Gone says that the executor answered
// that it does not have the output, so there is no use in asking again.
type Lost struct {
	Locations []Location
	Gone      bool
}

func (l *Lost) Error() string {
	return fmt.Sprintf("the output of %v on executor %s cannot be read", l.Locations[0].Task, l.Locations[0].Executor)
}

// LostError makes the error for an output that cannot be read because of cause (may be nil).
func LostError(l Location, cause error) error {
	why := ""
	if cause != nil {
		why = ": " + cause.Error()
	}
	return sqlerr.Wrap(&Lost{Locations: []Location{l}}, sqlerr.ShuffleLost, "The output of %v on executor %s cannot be read%s.", l.Task, l.Executor, why)
}

// GoneError makes the error for an output that its executor does not have.
func GoneError(l Location) error {
	return sqlerr.Wrap(&Lost{Locations: []Location{l}, Gone: true}, sqlerr.ShuffleLost, "Executor %s does not have the output of %v.", l.Executor, l.Task)
}

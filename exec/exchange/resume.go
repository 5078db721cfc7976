package exchange

import (
	"encoding/binary"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// frameSum is what tells a frame from another one in the same place of the
// channel: checksum and length of its body, and its rows.
type frameSum struct {
	body uint64
	rows uint32
}

func sumOf(frame []byte) frameSum {
	return frameSum{bodySum(frame), binary.LittleEndian.Uint32(frame[28:])}
}

// resume yields what follows the frames of passed in a channel that was made
// again after they had been read from a copy that was lost. Whether it begins
// with the same frames is seen by reading them once more: a task whose threads
// or inputs race, or that asks for the time or for random numbers, writes others, and what
// follows those is not the rest of what was passed on.
func resume(frames frameStream, l Location, passed []frameSum) frameStream {
	if len(passed) == 0 {
		return frames
	}
	passed = passed[:len(passed):len(passed)] // the caller goes on adding to them
	return func(yield func([]byte, error) bool) {
		n := 0
		for frame, err := range frames {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case n < len(passed):
				if sumOf(frame) != passed[n] {
					yield(nil, differs(l, n))
					return
				}
				n++
				continue
			}
			if !yield(frame, nil) {
				return
			}
		}
		if n < len(passed) {
			yield(nil, differs(l, n))
		}
	}
}

// differs is the error for rows that cannot be taken back. It is no loss that making them again would mend.
func differs(l Location, frame int) error {
	return sqlerr.New(sqlerr.ResultChanged, "The output of stage %d task %d of job %s was lost while its rows were being read, and what was made in its place differs from frame %d on, "+
		"of which rows have been passed on already.", l.Stage, l.Partition, l.Job, frame).
		WithHint("Run the query again. An ORDER BY over all columns makes the rows come in the same order every time.")
}

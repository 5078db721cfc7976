package exchange

import (
	"bytes"
	"context"
	"slices"
	"sort"

	"github.com/volley-sql/volley/exec/flow"
	order "github.com/volley-sql/volley/exec/sort"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
)

// Rows that are sorted in every task are brought into one order over several
// tasks without looking at them twice: producers write what they have sorted and
// mark for every frame between which keys it lies; from the marks of all of them
// come bounds, and reader i takes from each output the frames that reach into its
// range, leaves out what is beyond, and merges.
//
//	producer: sort ─► frames + marks     marks ── Bounds ──► low, high of each reader
//	reader:   Overlap(marks) ─► frames ─► Trimmed ─► merge

// MarkBytes is how much of a key marks have: rows whose keys, with their strings
// whole, agree in so many bytes are all in one range.
const MarkBytes = 256

// marker makes the marks of frames of one thread's sorted rows.
type marker struct {
	keys      *order.Keys
	low, high []byte // of the rows of the frame under way
	first     []byte // the lowest key of the batch under way
}

func newMarker(env *flow.Env, by []expr.SortKey) (*marker, error) {
	k, err := order.NewKeys(env, by)
	return &marker{keys: k}, err
}

// see notes the keys of a batch that is written next.
func (m *marker) see(b *vec.Batch) error {
	sel := b.Selection()
	var err error
	if m.first, err = m.keys.Whole(nil, b, sel[0], MarkBytes); err != nil {
		return err
	}
	if m.low == nil {
		m.low = m.first
	}
	m.high, err = m.keys.Whole(nil, b, sel[len(sel)-1], MarkBytes)
	return err
}

// mark is the mark of a frame that is complete. The next may begin in the same batch.
func (m *marker) mark() Mark {
	out := Mark{m.low, m.high}
	m.low = m.first
	return out
}

// Bounds cuts the keys of outputs into n ranges of about as many frames each: n-1
// keys in ascending order, each of which begins a range. There are fewer where
// there are fewer frames, or many rows have one key: then the last ranges are empty.
func Bounds(outputs [][]Mark, n int) [][]byte {
	var lows [][]byte
	for _, marks := range outputs {
		for _, m := range marks {
			lows = append(lows, m.Low)
		}
	}
	slices.SortFunc(lows, bytes.Compare)
	var out [][]byte
	for i := 1; i < n; i++ {
		if at := i * len(lows) / n; at > 0 && (len(out) == 0 || !bytes.Equal(out[len(out)-1], lows[at])) {
			out = append(out, lows[at])
		}
	}
	return out
}

// Within is the range of reader i by the bounds: keys from low on that are below
// high; empty: no bound. ok is false if it is empty.
func Within(bounds [][]byte, i int) (low, high []byte, ok bool) {
	if i > len(bounds) {
		return nil, nil, false
	}
	if i > 0 {
		low = bounds[i-1]
	}
	if i < len(bounds) {
		high = bounds[i]
	}
	return low, high, true
}

// Overlap is the part of an output that reaches into a range; ok is false if none does.
func Overlap(marks []Mark, low, high []byte) (part Slice, ok bool) {
	from := 0
	if len(low) > 0 {
		from = sort.Search(len(marks), func(i int) bool { return bytes.Compare(marks[i].High, low) >= 0 })
	}
	to := len(marks)
	if len(high) > 0 {
		to = sort.Search(len(marks), func(i int) bool { return bytes.Compare(marks[i].Low, high) >= 0 })
	}
	return Slice{int32(from), int32(to - from)}, from < to
}

// trimmed leaves the rows outside of a range out of a source of sorted rows.
type trimmed struct {
	flow.Source
	env       *flow.Env
	by        []expr.SortKey
	low, high []byte
}

// Trimmed is a source without the rows beyond a range.
func Trimmed(env *flow.Env, src flow.Source, by []expr.SortKey, low, high []byte) flow.Source {
	return &trimmed{src, env, by, low, high}
}

// Open implements flow.Source.
func (t *trimmed) Open(ctx context.Context, thread int) vec.Stream {
	in := t.Source.Open(ctx, thread)
	return func(yield func(*vec.Batch, error) bool) {
		keys, err := order.NewKeys(t.env, t.by)
		if err != nil {
			yield(nil, err)
			return
		}
		var out vec.Batch
		for b, err := range in {
			if err == nil && b.Rows() > 0 {
				var sel []uint16
				if sel, err = t.inside(keys, b); err == nil {
					if len(sel) == 0 {
						continue
					}
					out = *b
					out.Sel = sel
					b = &out
				}
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// inside are the rows of b in the range: what lies between two places, as they are sorted.
func (t *trimmed) inside(keys *order.Keys, b *vec.Batch) ([]uint16, error) {
	sel := b.Selection()
	var failure error
	var key []byte
	at := func(i int) []byte {
		var err error
		if key, err = keys.Whole(key[:0], b, sel[i], MarkBytes); err != nil {
			failure = err
		}
		return key
	}
	below := func(i int) bool { return failure == nil && bytes.Compare(at(i), t.low) < 0 }
	beyond := func(i int) bool { return failure != nil || bytes.Compare(at(i), t.high) >= 0 }
	from, to := 0, len(sel)
	if len(t.low) > 0 && below(0) { // most batches lie within the range
		from = sort.Search(len(sel), func(i int) bool { return !below(i) })
	}
	if len(t.high) > 0 && failure == nil && beyond(len(sel)-1) {
		to = sort.Search(len(sel), beyond)
	}
	if failure != nil || from >= to {
		return nil, failure
	}
	return sel[from:to], nil
}

package exchange

import (
	"context"
	"encoding/binary"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Division says how a task's rows are divided into channels.
type Division struct {
	Kind     physical.ExchangeKind
	Keys     []expr.Expr // of Hash
	Channels int
}

// bufferBudget bounds the frames under way in one sink, in bytes.
const bufferBudget = 64 << 20

// Sink divides rows into the channels of a Writer, which stays the caller's:
// Finish flushes, the caller commits.
type Sink struct {
	env    *flow.Env
	d      Division
	w      Writer
	target int
}

// NewSink returns the sink of a task's output.
func NewSink(env *flow.Env, d Division, w Writer) *Sink {
	target := bufferBudget / max(1, d.Channels*env.Threads)
	return &Sink{env: env, d: d, w: w, target: min(TargetFrame, max(64<<10, target))}
}

// divider is what one thread needs.
type divider struct {
	*Sink
	keys   []*eval.Program
	preps  []row.Prep
	vals   []*vec.Vec
	hashes []uint64
	rows   [][]uint16 // by channel
	turn   int        // of RoundRobin
	frames [][]byte
	counts []int
	dense  vec.Batch
}

// Drain implements flow.Sink.
func (s *Sink) Drain(ctx context.Context, thread int, in vec.Stream) error {
	d := &divider{Sink: s, turn: thread, rows: make([][]uint16, s.d.Channels), frames: make([][]byte, s.d.Channels), counts: make([]int, s.d.Channels)}
	if s.d.Kind == physical.Hash {
		for _, k := range s.d.Keys {
			p, err := eval.Compile(s.env.Functions, s.env.Context, k)
			if err != nil {
				return err
			}
			d.keys = append(d.keys, p)
		}
		d.preps, d.vals = make([]row.Prep, len(d.keys)), make([]*vec.Vec, len(d.keys))
	}
	for b, err := range in {
		if err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		if err := d.divide(b); err != nil {
			return err
		}
		for c, rows := range d.rows {
			if len(rows) == 0 {
				continue
			}
			part := vec.Batch{Cols: b.Cols, N: b.N, Sel: rows}
			if err := d.add(ctx, c, part.Compact(&d.dense)); err != nil {
				return err
			}
		}
	}
	for c := range d.frames {
		if err := d.flush(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// divide lists the alive rows of b by channel.
func (d *divider) divide(b *vec.Batch) error {
	for c := range d.rows {
		d.rows[c] = d.rows[c][:0]
	}
	sel := b.Selection()
	switch {
	case d.d.Channels == 1:
		d.rows[0] = append(d.rows[0], sel...)
	case d.d.Kind == physical.RoundRobin:
		d.turn = (d.turn + 1) % d.d.Channels
		for i, r := range sel {
			c := (d.turn + i) % d.d.Channels
			d.rows[c] = append(d.rows[c], r)
		}
	default:
		if cap(d.hashes) < b.N {
			d.hashes = make([]uint64, max(b.N, d.env.BatchSize))
		}
		h := d.hashes[:b.N]
		for i, k := range d.keys {
			v, err := k.Eval(b.Cols, b.N, b.Sel)
			if err != nil {
				return err
			}
			d.vals[i] = d.preps[i].Key(v, sel)
		}
		row.Hash(d.vals, sel, h)
		for _, r := range sel {
			c := Channel(h[r], d.d.Channels)
			d.rows[c] = append(d.rows[c], r)
		}
	}
	return nil
}

// Channel is the channel of a row whose keys hash to h. It uses the low half
// of the hash: hash tables place rows by the high one, and would be lopsided
// if all rows of a task agreed in it.
func Channel(h uint64, channels int) int {
	return int(uint64(uint32(h)) * uint64(channels) >> 32)
}

// add appends a dense batch to the frame of a channel. A frame's body is
// batches in the form of mem.AppendBatch, each after its length.
func (d *divider) add(ctx context.Context, c int, b *vec.Batch) error {
	f := d.frames[c]
	if f == nil {
		f = make([]byte, headerSize, d.target+d.target/4)
	}
	at := len(f)
	f = append(f, 0, 0, 0, 0)
	f = mem.AppendBatch(f, b.Cols, b.N)
	binary.LittleEndian.PutUint32(f[at:], uint32(len(f)-at-4))
	d.frames[c] = f
	d.counts[c] += b.N
	if len(f) >= d.target {
		return d.flush(ctx, c)
	}
	return nil
}

func (d *divider) flush(ctx context.Context, c int) error {
	f := d.frames[c]
	if f == nil {
		return nil
	}
	if cap(f) > len(f)+len(f)/2 {
		f = append(make([]byte, 0, len(f)), f...) // small outputs should not hold large buffers
	}
	seal(f)
	n := d.counts[c]
	d.frames[c], d.counts[c] = nil, 0
	return d.w.Write(ctx, c, f, n)
}

// Finish implements flow.Sink.
func (s *Sink) Finish(context.Context, flow.Parallel) error { return nil }

// Close implements flow.Sink.
func (s *Sink) Close() {}

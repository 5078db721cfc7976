package exchange

import (
	"context"

	"github.com/volley-sql/volley/exec/eval"
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// Division says how a task's rows are divided into channels.
type Division struct {
	Kind physical.ExchangeKind
	Keys []expr.Expr // of Hash
	// Order is that of the rows of Ranges, which come from one thread.
	Order    []expr.SortKey
	Channels int
}

// bufferBudget bounds the frames under way in one sink, in bytes; so does a
// sixteenth of the memory there is.
const bufferBudget = 64 << 20

// Sink divides rows into the channels of a Writer, which stays the caller's:
// Finish flushes, the caller commits.
type Sink struct {
	env    *flow.Env
	d      Division
	w      Writer
	target int
	marks  []Mark
}

// NewSink returns the sink of a task's output.
func NewSink(env *flow.Env, d Division, w Writer) *Sink {
	budget := int64(bufferBudget)
	if l := env.Account.Limit(); l > 0 {
		budget = min(budget, l/16)
	}
	target := int(budget) / max(1, d.Channels*env.Threads)
	most := TargetFrame
	if d.Kind == physical.Ranges {
		most = rangeFrame
	}
	return &Sink{env: env, d: d, w: w, target: min(most, max(64<<10, target))}
}

// Frames of Ranges are small, as readers take whole ones and ranges are made of
// them: a share of what was written before them, between these bytes.
const (
	rangeFrameLeast = 16 << 10
	rangeFrame      = 256 << 10
	rangeFrameShare = 32
)

// Marks are those of the frames written, in order, if the rows are divided by Ranges.
func (s *Sink) Marks() []Mark { return s.marks }

// divider is what one thread needs.
type divider struct {
	*Sink
	keys   []*eval.Program
	preps  []row.Prep
	vals   []*vec.Vec
	hashes []uint64
	rows   [][]uint16 // by channel
	turn   int        // of RoundRobin
	out    []*encoder // by channel, made at its first row
	held   int64      // bytes reserved for frames under way
	marker *marker    // of Ranges
	wrote  int        // bytes of Ranges
}

// Drain implements flow.Sink.
func (s *Sink) Drain(ctx context.Context, thread int, in vec.Stream) error {
	d := &divider{Sink: s, turn: thread, rows: make([][]uint16, s.d.Channels), out: make([]*encoder, s.d.Channels)}
	defer func() { s.env.Account.Release(d.held) }()
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
	if s.d.Kind == physical.Ranges {
		if thread > 0 {
			return sqlerr.New(sqlerr.InternalError, "rows to be divided by ranges come from several threads")
		}
		var err error
		if d.marker, err = newMarker(s.env, s.d.Order); err != nil {
			return err
		}
	}
	for b, err := range in {
		if err != nil {
			return err
		}
		if b.Rows() == 0 {
			continue
		}
		if d.marker != nil {
			if err := d.marker.see(b); err != nil {
				return err
			}
		}
		if err := d.divide(b); err != nil {
			return err
		}
		for c, rows := range d.rows {
			if len(rows) == 0 {
				continue
			}
			if err := d.add(ctx, c, b, rows); err != nil {
				return err
			}
		}
	}
	return d.flushAll(ctx)
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

// add takes up rows of a channel.
func (d *divider) add(ctx context.Context, c int, b *vec.Batch, rows []uint16) error {
	e := d.out[c]
	if e == nil {
		if err := d.reserve(ctx); err != nil {
			return err
		}
		e = newEncoder(b.Cols, d.batchRows())
		d.out[c] = e
	}
	target := d.target
	if d.marker != nil {
		target = min(target, max(rangeFrameLeast, d.wrote/rangeFrameShare))
	}
	return e.add(b, rows, target, func() error { return d.flush(ctx, e, c) })
}

// batchRows is how many rows a batch gets: fewer where they would wait in many channels.
func (d *divider) batchRows() int {
	const enough = 64
	if n := d.d.Channels; n > enough {
		return max(min(d.env.BatchSize, enough), d.env.BatchSize*enough/n)
	}
	return d.env.BatchSize
}

// reserve takes the memory for a channel's frame. Where there is none, what is
// under way is written first, which leaves it to the store to find room.
func (d *divider) reserve(ctx context.Context) error {
	n := int64(d.target + d.target/4)
	if d.env.Account.Reserve(n) != nil {
		if err := d.flushAll(ctx); err != nil {
			return err
		}
		d.env.Account.Force(n)
	}
	d.held += n
	return nil
}

// flushAll writes all frames and gives the memory for them back.
func (d *divider) flushAll(ctx context.Context) error {
	for c, e := range d.out {
		if e == nil {
			continue
		}
		if err := d.flush(ctx, e, c); err != nil {
			return err
		}
		d.out[c] = nil
	}
	d.env.Account.Release(d.held)
	d.held = 0
	return nil
}

func (d *divider) flush(ctx context.Context, e *encoder, c int) error {
	frame, rows := e.take()
	if frame == nil {
		return nil
	}
	if d.marker != nil {
		d.marks = append(d.marks, d.marker.mark())
		d.wrote += len(frame)
	}
	return d.w.Write(ctx, c, frame, rows)
}

// Finish implements flow.Sink.
func (s *Sink) Finish(context.Context, flow.Parallel) error { return nil }

// Close implements flow.Sink.
func (s *Sink) Close() {}

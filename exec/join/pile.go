package join

import (
	"sync"

	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// A side that does not fit in memory is divided by levelBits bits of the hash,
// the highest first, and each part again by the next ones where it must.
const (
	levelBits = 5
	fanout    = 1 << levelBits
	maxLevel  = 6
)

// pile is rows of one side in spill files, in parts. Part fanout holds build
// rows with a NULL key. It is filled by divisions, one a thread, then read.
type pile struct {
	types []types.Type
	mu    sync.Mutex
	runs  []*pileRun
}

// pileRun is what one division wrote.
type pileRun struct {
	file  *mem.Spill
	spans [fanout + 1][]span
	rows  [fanout + 1]int
}

// span is a range of frames in a file.
type span struct{ from, to int64 }

func (p *pile) rows(part int) int {
	n := 0
	for _, r := range p.runs {
		n += r.rows[part]
	}
	return n
}

func (p *pile) close() {
	if p == nil {
		return
	}
	for _, r := range p.runs {
		r.file.Close()
	}
	p.runs = nil
}

// reader reads the batches of some parts, in that order.
func (p *pile) reader(parts ...int) *pileReader {
	r := &pileReader{pile: p, parts: parts}
	for range p.types {
		r.cols = append(r.cols, &vec.Vec{})
	}
	return r
}

// pileReader belongs to one thread.
type pileReader struct {
	pile   *pile
	parts  []int
	run    int
	span   int
	frames *mem.SpillReader
	cols   []*vec.Vec
	n      int
	again  bool
}

// next decodes the next batch into cols and reports whether there is one. It
// is valid until the following call. part is where it comes from.
func (r *pileReader) next() (part int, ok bool, err error) {
	if r.again {
		r.again = false
		return r.parts[0], true, nil
	}
	for len(r.parts) > 0 {
		part = r.parts[0]
		if r.frames == nil {
			if r.run == len(r.pile.runs) {
				r.parts, r.run, r.span = r.parts[1:], 0, 0
				continue
			}
			run := r.pile.runs[r.run]
			if r.span == len(run.spans[part]) {
				r.run, r.span = r.run+1, 0
				continue
			}
			s := run.spans[part][r.span]
			r.frames = run.file.Frames(s.from, s.to)
			r.span++
		}
		frame, err := r.frames.Next()
		if err != nil {
			return 0, false, err
		}
		if frame == nil {
			r.frames = nil
			continue
		}
		r.n, err = mem.ReadBatch(frame, r.pile.types, r.cols)
		return part, err == nil, err
	}
	return 0, false, nil
}

// back makes the next call of next return the same batch again.
func (r *pileReader) back() { r.again = true }

// division divides the rows of one thread into the parts of a pile. Rows are
// collected until they are worth writing.
type division struct {
	pile    *pile
	account *mem.Account
	dir     func() (string, error)
	frame   int // rows of a frame
	budget  int64
	run     *pileRun
	store   *hold.Store
	part    []uint8 // of each row in store
	to      []uint8 // by row of the batch at hand: its part, set by the caller
	order   []uint32
	batch   vec.Batch
	buf     []byte
}

// Bytes a division collects before it writes: what a limit allows, within bounds.
const (
	leastDivision = 128 << 10
	mostDivision  = 4 << 20
)

// divide starts a division of the pile by a thread of j.
func (j *Join) divide(p *pile) *division {
	d := &division{pile: p, account: j.account, dir: j.env.SpillDir, frame: min(max(j.env.BatchSize, 1), vec.DefaultSize), budget: mostDivision}
	if l := j.account.Limit(); l > 0 {
		d.budget = min(max(l/64, leastDivision), mostDivision)
	}
	// Spilling must be able to go on when memory is at its end.
	d.account.Force(d.budget)
	d.store = hold.NewStore(p.types, mem.NewAccount("division", 0))
	return d
}

// room returns the slice of parts for a batch of n rows.
func (d *division) room(n int) []uint8 {
	if n > len(d.to) {
		d.to = make([]uint8, max(n, vec.DefaultSize))
	}
	return d.to
}

// add takes rows sel of cols, whose parts are set in room.
func (d *division) add(cols []*vec.Vec, sel []uint16) error {
	for _, r := range sel {
		d.part = append(d.part, d.to[r])
	}
	if err := d.store.Append(cols, sel); err != nil {
		return err
	}
	if d.store.Bytes() < d.budget {
		return nil
	}
	return d.flush()
}

// flush writes what was collected, part by part.
func (d *division) flush() error {
	n := d.store.Len()
	if n == 0 {
		return nil
	}
	if d.run == nil {
		f, err := mem.NewSpill(d.dir)
		if err != nil {
			return err
		}
		d.run = &pileRun{file: f}
		d.pile.mu.Lock()
		d.pile.runs = append(d.pile.runs, d.run)
		d.pile.mu.Unlock()
	}
	var ends [fanout + 2]int
	for _, p := range d.part {
		ends[p+1]++
	}
	for p := range fanout + 1 {
		ends[p+1] += ends[p]
	}
	if n > len(d.order) {
		d.order = make([]uint32, n)
	}
	at := ends
	for i, p := range d.part {
		d.order[at[p]] = uint32(i)
		at[p]++
	}
	d.store.Seal()
	for p := range fanout + 1 {
		if err := d.write(p, d.order[ends[p]:ends[p+1]]); err != nil {
			return err
		}
	}
	d.part = d.part[:0]
	d.store.Release()
	return nil
}

func (d *division) write(part int, rows []uint32) error {
	if len(rows) == 0 {
		return nil
	}
	r := d.run
	from := r.file.Size()
	r.rows[part] += len(rows)
	for len(rows) > 0 {
		n := min(len(rows), d.frame)
		b := d.store.GatherRows(&d.batch, rows[:n])
		d.buf = mem.AppendBatch(d.buf[:0], b.Cols, b.N)
		if _, err := r.file.Write(d.buf); err != nil {
			return err
		}
		rows = rows[n:]
	}
	r.spans[part] = append(r.spans[part], span{from, r.file.Size()})
	return nil
}

// finish writes the rest. The division is over then.
func (d *division) finish() error {
	err := d.flush()
	if err == nil && d.run != nil {
		err = d.run.file.Flush()
	}
	d.close()
	return err
}

// close gives memory back. It may be called more than once.
func (d *division) close() {
	d.account.Release(d.budget)
	d.budget = 0
	d.store.Release()
	d.part, d.order, d.buf = nil, nil, nil
}

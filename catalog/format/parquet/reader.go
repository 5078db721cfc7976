package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
)

// coalesceGap is how many unwanted bytes between two chunks are read along
// rather than seeking over them.
const coalesceGap = 64 << 10

// reader reads the row groups of one split.
type reader struct {
	ctx  context.Context
	req  *format.ReadRequest
	file *file
	h    store.Reader
	s    *scratch
	outs []*output
	// uses are the outputs each filter looks at.
	uses [][]int

	groups []int // still to be read
	group  int
	// spans are the rows of the current group that may pass; row is where reading stands.
	spans []span
	row   int64
	bufs  [][]byte // chunk bytes of the current group

	batch vec.Batch
}

// span is a range of rows within a row group.
type span struct{ lo, hi int64 }

func (Format) Open(ctx context.Context, r format.ReadRequest) (vec.Stream, error) {
	rd, err := newReader(ctx, &r)
	if err != nil {
		return nil, err
	}
	return func(yield func(*vec.Batch, error) bool) {
		defer rd.close()
		for {
			b, err := rd.next()
			if err != nil {
				yield(nil, err)
				return
			}
			if b == nil || !yield(b, nil) {
				return
			}
		}
	}, nil
}

func newReader(ctx context.Context, req *format.ReadRequest) (_ *reader, err error) {
	path := req.Split.Path
	rd := &reader{ctx: ctx, req: req}
	if rd.h, err = req.Store.Open(ctx, path); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fault(path, fmt.Errorf("malformed file: %v", p))
		}
		if err != nil {
			rd.close()
		}
	}()
	if err := rd.openFooter(); err != nil {
		return nil, err
	}
	rd.s = &scratch{}
	if d := req.Dictionaries; d != nil {
		if s, ok := d.Scratch.(*scratch); ok {
			rd.s = s
		} else {
			d.Scratch = rd.s
		}
	}
	if rd.groups, err = rd.splitGroups(); err != nil {
		return nil, fault(path, err)
	}
	return rd, rd.plan()
}

// openFooter finds the footer of the version of the file that was planned for.
func (rd *reader) openFooter() error {
	sp := &rd.req.Split
	k := footerKey{store.Identity(rd.req.Store), sp.Path, sp.Size, sp.ModTime, parseSettings(rd.req.Options)}
	if k.size <= 0 || k.modTime == 0 {
		f, _, err := rd.req.Store.Stat(rd.ctx, sp.Path)
		if err != nil {
			return err
		}
		k.size, k.modTime = f.Size, f.ModTime
	}
	if rd.h.Size() != k.size {
		return sqlerr.New(sqlerr.FileReadNoHint, "Encountered error while reading file %s: it has changed since the query was planned.", sp.Path)
	}
	var err error
	if rd.file = footers.get(k); rd.file == nil {
		rd.file, err = readFooter(rd.h, k)
	}
	return err
}

// splitGroups lists the row groups of the split: those in Spec or, without
// one, those that begin within its bytes.
func (rd *reader) splitGroups() ([]int, error) {
	sp := &rd.req.Split
	n := len(rd.file.meta.groups)
	var out []int
	if len(sp.Spec) > 0 {
		for b := sp.Spec; len(b) > 0; {
			g, k := binary.Uvarint(b)
			if k <= 0 || g >= uint64(n) {
				return nil, errors.New("the split names a row group the file does not have")
			}
			out, b = append(out, int(g)), b[k:]
		}
		return out, nil
	}
	for g := range n {
		if at := rd.file.groupStart(g); sp.Length <= 0 || at >= sp.Start && at < sp.Start+sp.Length {
			out = append(out, g)
		}
	}
	return out, nil
}

// plan makes the outputs.
func (rd *reader) plan() error {
	r := rd.req
	have := rd.file.tree.fields()
	for _, col := range r.Cols {
		f := r.Schema[col]
		o := rd.s.take(col)
		*o = output{want: f.Type, place: col, flat: o.flat, v: o.v, tmp: o.tmp}
		kept := o.flat
		o.flat = nil
		rd.outs = append(rd.outs, o)
		rd.batch.Cols = append(rd.batch.Cols, &o.v)
		o.v.Reset(f.Type)
		j := match(have, f.Name, rank(r.Schema, col))
		if j < 0 {
			continue
		}
		n := rd.file.tree.root[j]
		var err error
		if n.leaf != nil && n.leaf.maxRep == 0 {
			if n.bad != "" || !widens(n.typ, f.Type) {
				return mismatch(r.Split.Path, f.Name, f.Type, n)
			}
			o.conv = !n.typ.SameShape(f.Type)
			if kept != nil && kept.leaf.alike(n.leaf) {
				kept.leaf, o.flat = n.leaf, kept
			} else {
				o.flat, err = rd.newColumn(n.leaf, rd.interned(col), false)
			}
		} else {
			o.shape, err = newShape(r.Split.Path, f.Name, n, f.Type, func(l *leaf) (*column, error) { return rd.newColumn(l, nil, true) })
		}
		if err != nil {
			return fault(r.Split.Path, err)
		}
	}
	if r.Select == nil {
		return nil
	}
	for _, f := range r.Filters {
		var cols []int
		tree.Walk(f, func(x expr.Expr) bool {
			if ref, ok := x.(*expr.Ref); ok && !slices.Contains(cols, ref.Index) {
				cols = append(cols, ref.Index)
				rd.outs[ref.Index].filter = true
			}
			return true
		})
		rd.uses = append(rd.uses, cols)
	}
	return nil
}

// interned is the thread's dictionary of a table column.
func (rd *reader) interned(col int) *internedColumn {
	d := rd.req.Dictionaries
	if d == nil {
		return &internedColumn{}
	}
	if c, ok := d.ByCol[col].(*internedColumn); ok {
		return c
	}
	if d.ByCol == nil {
		d.ByCol = map[int]any{}
	}
	c := &internedColumn{}
	d.ByCol[col] = c
	return c
}

func (rd *reader) newColumn(l *leaf, in *internedColumn, nested bool) (*column, error) {
	v, err := newValues(l, in)
	if err != nil {
		return nil, err
	}
	if k, ok := v.(keeper); ok && nested {
		k.keepBytes()
	}
	if k, ok := v.(lender); ok && !nested {
		k.lendPages()
	}
	return &column{leaf: l, vals: v, s: rd.s, acc: rd.req.Account, nested: nested}, nil
}

func (rd *reader) close() {
	for _, o := range rd.outs {
		o.columns((*column).close)
		rd.s.keep(o)
	}
	rd.outs = nil
	rd.free()
	if rd.h != nil {
		rd.h.Close()
		rd.h = nil
	}
}

// free gives the chunk buffers of the row group back.
func (rd *reader) free() {
	for _, b := range rd.bufs {
		rd.s.release(b, rd.req.Account)
	}
	rd.bufs = rd.bufs[:0]
}

// next returns the next batch, nil at the end. Whatever a malformed file makes
// the decoders do, it ends as an error that names the file.
func (rd *reader) next() (b *vec.Batch, err error) {
	defer func() {
		if p := recover(); p != nil {
			b, err = nil, fault(rd.file.path, fmt.Errorf("malformed data: %v", p))
		}
	}()
	for {
		if err := rd.ctx.Err(); err != nil {
			return nil, err
		}
		for len(rd.spans) == 0 {
			if len(rd.groups) == 0 {
				return nil, nil
			}
			rd.group, rd.groups = rd.groups[0], rd.groups[1:]
			if err := rd.begin(); err != nil {
				return nil, fault(rd.file.path, err)
			}
		}
		sp := &rd.spans[0]
		if gap := sp.lo - rd.row; gap > 0 {
			for _, o := range rd.outs {
				o.skip(int(gap))
			}
			rd.row = sp.lo
		}
		n := int(min(int64(rd.req.BatchSize), sp.hi-rd.row))
		sel, err := rd.fill(n)
		if err != nil {
			return nil, fault(rd.file.path, err)
		}
		rd.row += int64(n)
		if sp.lo = rd.row; sp.lo >= sp.hi {
			rd.spans = rd.spans[1:]
		}
		if sel == nil || len(sel) > 0 {
			rd.batch.N, rd.batch.Sel = n, sel
			return &rd.batch, nil
		}
	}
}

// fill reads the next n rows: the columns filters look at first, the others
// only where rows survive. The selection is nil if all do.
func (rd *reader) fill(n int) (sel []uint16, err error) {
	for _, o := range rd.outs {
		o.have = false
	}
	for i, cols := range rd.uses {
		for _, c := range cols {
			if err := rd.read(rd.outs[c], n, sel); err != nil {
				return nil, err
			}
		}
		if sel, err = rd.req.Select(rd.batch.Cols, n, i, sel); err != nil {
			return nil, err
		}
		if sel != nil && len(sel) == n {
			sel = nil
		}
		if sel != nil && len(sel) == 0 {
			for _, o := range rd.outs {
				if !o.have {
					o.skip(n)
				}
			}
			return sel, nil
		}
	}
	for _, o := range rd.outs {
		if err := rd.read(o, n, sel); err != nil {
			return nil, err
		}
	}
	return sel, nil
}

func (rd *reader) read(o *output, n int, sel []uint16) error {
	if o.have {
		return nil
	}
	if !o.loaded {
		if err := rd.load(o.filter); err != nil {
			return err
		}
	}
	return o.read(n, sel)
}

// begin moves to row group rd.group and finds the rows of it that may pass.
func (rd *reader) begin() error {
	rd.row = 0
	for _, o := range rd.outs {
		o.loaded = o.flat == nil && o.shape == nil
		o.columns(func(c *column) { c.pending = 0 })
	}
	rd.spans = rd.surviving(rd.group)
	return nil
}

// want is a column chunk to be read.
type want struct {
	c          *column
	m          *columnMeta
	start, end int64
}

// load reads the chunks of the outputs that filters look at, or of all the
// others, neighbours with one read.
func (rd *reader) load(filter bool) error {
	var wants []want
	rows := rd.file.meta.groups[rd.group].rows
	var err error
	fresh := true
	for _, o := range rd.outs {
		fresh = fresh && (!o.loaded || o.flat == nil && o.shape == nil)
	}
	for _, o := range rd.outs {
		if o.loaded || o.filter != filter {
			continue
		}
		o.loaded = true
		o.columns(func(c *column) {
			m, start, end, e := rd.file.chunk(rd.group, c.leaf)
			if e == nil && (m.values < rows || c.leaf.maxRep == 0 && m.values != rows) {
				e = fmt.Errorf("column %s has %d values for %d rows", c.leaf, m.values, rows)
			}
			if e != nil && err == nil {
				err = e
			}
			wants = append(wants, want{c, m, start, end})
		})
	}
	if err != nil {
		return err
	}
	if fresh {
		rd.retireChunks()
	}
	slices.SortStableFunc(wants, func(a, b want) int { return int(min(max(a.start-b.start, -1), 1)) })
	for i := 0; i < len(wants); {
		start, end := wants[i].start, wants[i].end
		j := i + 1
		for j < len(wants) && wants[j].start <= end+coalesceGap && wants[j].end-start <= maxPooled/2 {
			end = max(end, wants[j].end)
			j++
		}
		b, err := rd.s.buffer(int(end-start), rd.req.Account)
		if err != nil {
			return err
		}
		rd.bufs = append(rd.bufs, b)
		if _, err := rd.h.ReadAt(b, start); err != nil && err != io.EOF {
			return err
		}
		for ; i < j; i++ {
			w := wants[i]
			w.c.chunk(w.m, b[w.start-start:w.end-start])
		}
	}
	return nil
}

// retireChunks frees the chunks of the row group before. No batch of it is in use any more.
func (rd *reader) retireChunks() {
	for _, o := range rd.outs {
		o.columns(func(c *column) { c.raw, c.body, c.dictBody = nil, nil, nil })
	}
	rd.free()
}

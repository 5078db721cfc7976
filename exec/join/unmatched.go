package join

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

func rowAt(p rowPtr, off int) rowPtr { return unsafe.Add(p, off) }

// Unmatched yields what is known only after probing: rows of the build side
// that found no partner (or did, for Semi joins that build left). It is nil if the join has none.
func (j *Join) Unmatched() flow.Source {
	if !j.flags {
		return nil
	}
	return &unmatched{join: j}
}

// unmatched shares the segments of all builders, loose rows included, among threads.
type unmatched struct {
	join *Join
	next atomic.Int64
}

func (u *unmatched) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		e := newRest(u.join)
		for k := u.take(); ; k = u.take() {
			s, loose, ok := u.join.table.segment(k)
			if !ok {
				break
			}
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !e.segment(s, loose, yield) {
				return
			}
		}
		e.flush(yield)
	}
}

func (u *unmatched) take() int { return int(u.next.Add(1)) - 1 }

// segment returns the k-th segment of all, and whether its rows are loose.
func (t *table) segment(k int) (s segment, loose, ok bool) {
	for _, b := range t.builders {
		if k < len(b.kept.segs) {
			return b.kept.segs[k], false, true
		}
		if k -= len(b.kept.segs); k < len(b.loose.segs) {
			return b.loose.segs[k], true, true
		}
		k -= len(b.loose.segs)
	}
	return s, false, false
}

// rest collects build rows into batches.
type rest struct {
	join *Join
	rows []rowPtr
	null []bool // the row's key is NULL
	out  vec.Batch
	own  []vec.Vec
}

func newRest(j *Join) *rest {
	e := &rest{join: j, own: make([]vec.Vec, len(j.out))}
	e.out.Cols = make([]*vec.Vec, len(j.out))
	for i := range e.own {
		e.out.Cols[i] = &e.own[i]
	}
	return e
}

func (e *rest) segment(s segment, loose bool, yield func(*vec.Batch, error) bool) bool {
	for i := range s.n {
		q := rowAt(s.base, i*e.join.layout.Size)
		if !e.wanted(q, loose) {
			continue
		}
		e.rows, e.null = append(e.rows, q), append(e.null, loose)
		if len(e.rows) >= max(e.join.env.BatchSize, 1) && !e.flush(yield) {
			return false
		}
	}
	return true
}

func (j *Join) matched(q rowPtr) bool { return *(*uint32)(unsafe.Add(q, j.flagAt)) != 0 }

func (e *rest) wanted(q rowPtr, loose bool) bool {
	j := e.join
	switch {
	case j.mark:
		return true
	case j.semi:
		return j.matched(q)
	case j.matched(q):
		return false
	case j.anti && j.node.NullAware && j.facts.probed.Load():
		return !loose && !j.facts.probedNull.Load()
	}
	return true
}

func (e *rest) flush(yield func(*vec.Batch, error) bool) bool {
	n := len(e.rows)
	if n == 0 {
		return true
	}
	j := e.join
	for i, o := range j.out {
		v := &e.own[i]
		switch o.kind {
		case fromBuild:
			j.layout.Gather(o.at, e.rows, v)
		case fromProbe:
			v.Reset(o.typ)
			v.SetConst(n)
			if o.typ.Kind != types.Null {
				v.SetNull(0)
			}
		case theMark:
			v.Reset(types.BoolType)
			v.Resize(n)
			for k, q := range e.rows {
				hit := j.matched(q)
				vec.Data[bool](v)[k] = hit
				if !hit && j.node.NullAware && j.facts.probed.Load() && (e.null[k] || j.facts.probedNull.Load()) {
					v.SetNull(k)
				}
			}
		}
	}
	e.out.N, e.out.Sel = n, nil
	e.rows, e.null = e.rows[:0], e.null[:0]
	return yield(&e.out, nil)
}

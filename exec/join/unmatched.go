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

// unmatched shares the partitions of all builders, loose rows included, among threads.
type unmatched struct {
	join *Join
	next atomic.Int64
}

func (u *unmatched) Open(ctx context.Context, _ int) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		e := newRest(u.join)
		builders := u.join.table.builders
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			k := int(u.next.Add(1)) - 1
			if k >= len(builders)*(parts+1) {
				break
			}
			b, i := builders[k/(parts+1)], k%(parts+1)
			x := &b.loose
			if i < parts {
				x = &b.parts[i]
			}
			for _, s := range x.segs {
				if !e.segment(s, i == parts, yield) {
					return
				}
			}
		}
		e.flush(yield)
	}
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

func matched(q rowPtr) bool { return *(*uint32)(unsafe.Add(q, flagAt)) != 0 }

func (e *rest) wanted(q rowPtr, loose bool) bool {
	j := e.join
	switch {
	case j.mark:
		return true
	case j.semi:
		return matched(q)
	case matched(q):
		return false
	case j.anti && j.node.NullAware && j.probed.Load():
		return !loose && !j.probedNull.Load()
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
				hit := matched(q)
				vec.Data[bool](v)[k] = hit
				if !hit && j.node.NullAware && j.probed.Load() && (e.null[k] || j.probedNull.Load()) {
					v.SetNull(k)
				}
			}
		}
	}
	e.out.N, e.out.Sel = n, nil
	e.rows, e.null = e.rows[:0], e.null[:0]
	return yield(&e.out, nil)
}

package topk

import (
	"context"

	"github.com/volley-sql/volley/exec/flow"
)

// number makes room for the numbers that calls give to rows. It may be refused.
func (t *TopK) number() error {
	for _, th := range t.threads {
		if th == nil {
			continue
		}
		b := th.bag
		for range t.calls {
			if err := t.account.Reserve(int64(4 * b.n)); err != nil {
				return err
			}
			b.nums = append(b.nums, make([]int32, b.n))
		}
	}
	return nil
}

// settle decides which rows of all bags stay, a part of all of them at a time.
func (t *TopK) settle(ctx context.Context, par flow.Parallel) error {
	var bags []*bag
	for _, th := range t.threads {
		if th != nil && th.bag.alive > 0 {
			bags = append(bags, th.bag)
		}
	}
	reducers := make([]*reducer, len(t.threads))
	defer func() {
		for _, r := range reducers {
			if r != nil {
				r.close()
			}
		}
	}()
	err := par(ctx, parts, func(ctx context.Context, thread, p int) (err error) {
		r := reducers[thread]
		if r == nil {
			if r, err = newReducer(t); err != nil {
				return err
			}
			reducers[thread] = r
		}
		r.collect()
		for _, b := range bags {
			r.add(b, p)
		}
		if err := r.run(ctx, 0, len(t.calls) > 0); err != nil {
			return err
		}
		for i, dead := range r.dead {
			if dead {
				*r.bags[r.rows[i].bag].mark(r.rows[i].row) = 1
			}
		}
		for c, nums := range r.nums {
			for i, n := range nums {
				x := &r.rows[r.kept[i]]
				r.bags[x.bag].nums[c][x.row] = n
			}
		}
		return nil
	})
	for _, b := range bags {
		b.forget()
	}
	return err
}

// handBlocks is how many blocks of rows a thread takes at a time.
const handBlocks = 32

// handOut hands out the rows that stay, those that a thread took in first.
func (t *TopK) handOut(ctx context.Context, thread int, out *output) error {
	for i := range t.threads {
		th := t.threads[(thread+i)%len(t.threads)]
		if th == nil {
			continue
		}
		b := th.bag
		step := handBlocks << b.shift
		for {
			hi := int(b.handed.Add(int64(step)))
			lo := hi - step
			if lo >= b.n {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			for r := uint32(lo); r < uint32(min(hi, b.n)); r++ {
				if *b.mark(r) != 0 {
					continue
				}
				out.rows = append(out.rows, b.row(r))
				for c := range out.nums {
					out.nums[c] = append(out.nums[c], b.nums[c][r])
				}
			}
			if more, err := out.flush(false); err != nil || !more {
				return err
			}
		}
	}
	_, err := out.flush(true)
	return err
}

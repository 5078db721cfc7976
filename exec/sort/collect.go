package sort

import (
	"github.com/volley-sql/volley/exec/hold"
	"github.com/volley-sql/volley/exec/vec"
)

// Collector makes an Ordered of sorted rows that come batch by batch. It belongs to one thread.
type Collector struct {
	spec *Spec
	ord  Ordered
	b    vec.Batch
	head []byte
}

// NewCollector returns an empty collector of rows of s.
func (s *Sorter) NewCollector() *Collector {
	c := &Collector{spec: s.spec}
	c.reset()
	return c
}

func (c *Collector) reset() {
	r := bareRun(c.spec)
	c.ord.run, c.ord.Store, c.ord.Rows = r, r.store, c.ord.Rows[:0]
}

// Add appends rows sel of b, with the keys of all of b's rows. It fails if
// memory is short, and has done nothing then.
func (c *Collector) Add(b *vec.Batch, sel []uint16, keys []byte) error {
	stride := c.spec.layout.stride
	c.head = c.head[:0]
	for _, r := range sel {
		c.head = append(c.head, keys[int(r)*stride:][:stride]...)
	}
	return c.add(b.Cols, sel)
}

// add appends rows whose keys are in head, and reserves for their numbers.
func (c *Collector) add(cols []*vec.Vec, sel []uint16) error {
	r, n := c.ord.run, int64(4*len(sel))
	if err := r.acct.Reserve(n); err != nil {
		return err
	}
	if err := c.ord.Store.AppendHead(cols, sel, c.head); err != nil {
		r.acct.Release(n)
		return err
	}
	r.bytes += n
	return nil
}

// Len is the number of rows, Bytes what they take.
func (c *Collector) Len() int     { return c.ord.Store.Len() }
func (c *Collector) Bytes() int64 { return c.ord.Store.Bytes() }

// Ordered is what was collected. It is valid until the next Add, Drop or Close.
func (c *Collector) Ordered() *Ordered {
	for n := len(c.ord.Rows); n < c.Len(); n++ {
		c.ord.Rows = append(c.ord.Rows, uint32(n))
	}
	c.ord.run.seal()
	return &c.ord
}

// Drop forgets the first n rows. It holds two copies of the others for a moment.
func (c *Collector) Drop(n int) error {
	o := *c.Ordered()
	rest := o.Rows[n:]
	c.ord.Rows = nil // rest is in the old one
	c.reset()
	for len(rest) > 0 {
		part := rest[:min(len(rest), hold.ChunkRows)]
		rest = rest[len(part):]
		c.head = c.head[:0]
		for _, r := range part {
			c.head = append(c.head, o.run.key(r)...)
		}
		if err := c.add(o.Store.GatherRows(&c.b, part).Cols, vec.Identity[:len(part)]); err != nil {
			o.run.release()
			return err
		}
	}
	o.run.release()
	return nil
}

// Close gives the memory back.
func (c *Collector) Close() { c.ord.run.release() }

package parquet

import (
	"math/bits"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
)

// scratch is what a thread keeps from split to split: decoders and buffers.
// It is reached through format.Dictionaries.
type scratch struct {
	decompressor
	pool [32][][]byte // by capacity, powers of two
	// outs are the outputs of the split before, by place in the table's schema.
	outs map[int]*output
}

// take returns the output the thread used for a column of the split before, or a new one.
func (s *scratch) take(col int) *output {
	o := s.outs[col]
	if o == nil {
		return &output{}
	}
	delete(s.outs, col)
	return o
}

// keep saves an output for the next split.
func (s *scratch) keep(o *output) {
	if s.outs == nil {
		s.outs = map[int]*output{}
	}
	s.outs[o.place] = o
}

// buffer returns n bytes, contents unspecified, with padding behind them. It
// counts against the account until release.
func (s *scratch) buffer(n int, acc *mem.Account) ([]byte, error) {
	class := bits.Len(uint(max(n+padding, 4<<10) - 1))
	// Exactly what is asked for when large: a page of 600 MB should not take a GB.
	size := 1 << class
	if size > maxPooled {
		size = n + padding
	}
	if acc != nil {
		if err := acc.Reserve(int64(size)); err != nil {
			return nil, err
		}
	}
	if size <= maxPooled {
		if list := s.pool[class]; len(list) > 0 {
			b := list[len(list)-1]
			s.pool[class] = list[:len(list)-1]
			return b[:n], nil
		}
	}
	return make([]byte, size)[:n], nil
}

// maxPooled is the largest buffer that is kept for reuse.
const maxPooled = 64 << 20

// release takes a buffer back.
func (s *scratch) release(b []byte, acc *mem.Account) {
	c := cap(b)
	if acc != nil {
		acc.Release(int64(c))
	}
	if c <= maxPooled && c > 0 {
		class := bits.Len(uint(c) - 1)
		s.pool[class] = append(s.pool[class], b[:0])
	}
}

// internedColumn is the growing dictionary of one string column of one thread.
// Growth makes a new vec.Dictionary of the same ID, so that whoever holds an
// older one reads memory that no longer changes.
type internedColumn struct {
	dict   *vec.Dictionary
	codes  map[string]int32
	bytes  []byte // room of the current arena block
	values []string
	held   int  // bytes of all values
	full   bool // grew beyond what dictionaries are good for
}

package vec

import "github.com/volley-sql/volley/internal/types"

// Batch is some columns of one length and the rows of them that are alive.
type Batch struct {
	Cols []*Vec
	// N is the length of every column.
	N int
	// Sel lists the rows that are alive, ascending; nil means all N.
	Sel []uint16
}

// Rows is the number of rows that are alive.
func (b *Batch) Rows() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// NewBatch returns a batch of flat columns of the given types with n rows.
func NewBatch(ts []types.Type, n int) *Batch {
	b := &Batch{Cols: make([]*Vec, len(ts)), N: n}
	for i, t := range ts {
		b.Cols[i] = New(t, n)
	}
	return b
}

// Identity is the selection 0, 1, 2 …; Identity[:n] selects n rows one by one.
// It must not be written to.
var Identity = func() (s [MaxSize]uint16) {
	for i := range s {
		s[i] = uint16(i)
	}
	return s
}()

// Selection returns the alive rows as an explicit list. It must not be written to.
func (b *Batch) Selection() []uint16 {
	if b.Sel != nil {
		return b.Sel
	}
	return Identity[:b.N]
}

// Compact gathers the alive rows to the front of columns owned by into, which
// then holds a dense batch (Sel nil), and returns it. Const and dictionary
// columns stay so encoded. If b is dense already, b itself is returned.
func (b *Batch) Compact(into *Batch) *Batch {
	if b.Sel == nil {
		return b
	}
	if len(into.Cols) != len(b.Cols) {
		into.Cols = make([]*Vec, len(b.Cols))
		for i := range into.Cols {
			into.Cols[i] = &Vec{}
		}
	}
	for i, c := range b.Cols {
		Gather(into.Cols[i], c, b.Sel)
	}
	into.N, into.Sel = len(b.Sel), nil
	return into
}

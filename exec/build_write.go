package exec

import (
	"github.com/volley-sql/volley/exec/write"
	"github.com/volley-sql/volley/planner/physical"
)

// write stages files; the rows are then the files written.
func (b *builder) write(n *physical.Write) (*chain, error) {
	c, err := b.build(n.Input)
	if err != nil {
		return nil, err
	}
	w, err := write.New(b.nodeEnv(n), n)
	if err != nil {
		return nil, err
	}
	if w.Serial() {
		c.makeSerial()
	}
	return b.start(n, w, true, b.sink(c, n, w)), nil
}

package join

import "github.com/volley-sql/volley/exec/vec"

// carry is what is known of the probe rows of a part whose build rows are met
// in several rounds, since they do not fit in memory at once: whether a row has matched,
// and whether it is in doubt. A nil carry belongs to a join of one round.
type carry struct {
	matched, unknown vec.Bitmap
	base             int  // number of the first row of the batch at hand
	last             bool // it is the last round
}

// start sets what is known of rows sel.
func (c *carry) start(p *probe, sel []uint16) {
	for _, r := range sel {
		p.matched[r], p.unknown[r] = false, false
	}
	if c == nil {
		return
	}
	for _, r := range sel {
		p.matched[r], p.unknown[r] = c.matched.Get(c.base+int(r)), c.unknown.Get(c.base+int(r))
	}
}

// later keeps what is known of rows sel for the next round, if there is one.
func (c *carry) later(p *probe, sel []uint16) bool {
	if c == nil || c.last {
		return false
	}
	for _, r := range sel {
		if p.matched[r] {
			c.matched.Set(c.base + int(r))
		}
		if p.unknown[r] {
			c.unknown.Set(c.base + int(r))
		}
	}
	return true
}

package scan

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/planner/physical"
)

// judgeAfter is the number of rows after which a join's filter that passes
// nearly all of them is no longer run; its bounds go on skipping data.
const judgeAfter = 32 << 10

// runtimeFilter is a join's filter as one thread uses it.
type runtimeFilter struct {
	physical.RuntimeFilter
	filter       flow.RuntimeFilter // nil: not published yet
	seen, passed int
	pointless    bool
}

// look fetches the filter if it has been published meanwhile.
func (f *runtimeFilter) look(fs *flow.RuntimeFilters) {
	if f.filter == nil {
		f.filter = fs.Lookup(f.ID)
	}
}

func (f *runtimeFilter) idle() bool { return f.pointless }

func (f *runtimeFilter) run(v *vec.Vec, sel, out []uint16) []uint16 {
	got := f.filter.Filter(v, sel, out)
	f.seen += len(sel)
	if f.passed += len(got); f.seen > judgeAfter {
		f.pointless = f.passed > f.seen/10*9
		f.seen, f.passed = 0, 0
	}
	return got
}

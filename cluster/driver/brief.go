package driver

import (
	"context"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/physical"
)

// briefRows is how many rows a plan may begin with to be brief.
const briefRows = 256

// Brief reports whether a plan reads nothing, has a few rows from the start and
// makes no more of them, so that a job would be most of the work.
func Brief(plan physical.Node) bool {
	for n := plan; ; {
		switch p := n.(type) {
		case *physical.Project:
			n = p.Input
		case *physical.Filter:
			n = p.Input
		case *physical.Limit:
			n = p.Input
		case *physical.Values:
			return len(p.Rows) <= briefRows
		default:
			return false
		}
	}
}

// Compute yields the rows of a brief plan. There is no job of it: the loop over
// the rows does the work. It ends with the driver, too.
func (d *Driver) Compute(ctx context.Context, plan physical.Node, s *settings.Snapshot, c *function.Context) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		if d.ctx.Err() != nil {
			yield(nil, appClosed())
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(d.ctx, func() { cancel(appClosed()) })()
		plan, err := wireForm(plan, s)
		if err != nil {
			yield(nil, err)
			return
		}
		built, env, err := d.runner.BuildAlone(plan, s, c)
		if err != nil {
			yield(nil, err)
			return
		}
		defer env.Account.Close()
		built.Stream(ctx)(yield)
	}
}

func appClosed() error { return sqlerr.New(sqlerr.Cancelled, "The application was closed.") }

package agg

import (
	"github.com/volley-sql/volley/exec/flow"
	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// call is one aggregate function call of the node.
type call struct {
	agg      *expr.Agg
	overload *function.Overload
	args     []int     // in Agg.inputs: arguments, then ordering keys; in Final mode the state columns
	where    expr.Expr // FILTER, nil for DISTINCT calls, whose set applies it
	filter   int       // in thread.filters, -1: none
	set      int       // in Agg.sets, -1: not DISTINCT
	off      int       // of the state in a row's tail
	size     int       // of the state
	states   []types.Type
	fixed    bool                 // implements function.Fixed
	layout   function.StateLayout // of a fixed one
}

// resolve finds the overload and what the states are like.
func (c *call) resolve(env *flow.Env) error {
	g := c.agg
	def := env.Functions.Lookup(g.Func)
	if def == nil || def.Kind != function.Aggregate {
		return sqlerr.New(sqlerr.UnresolvedRoutine, "The aggregate function %s is not known.", g.Func)
	}
	fc := &function.Call{Name: g.Func, Args: g.Args, Distinct: g.Distinct}
	if x := env.Context; x != nil {
		fc.ANSI, fc.TimeZone, fc.Setting = x.ANSI, x.TimeZone, x.Setting
	}
	var err error
	if c.overload, err = def.Resolve(fc); err != nil {
		return err
	}
	if c.overload.Accumulator == nil {
		return sqlerr.New(sqlerr.InternalError, "%s has no accumulator", g.Func)
	}
	acc, err := c.overload.Accumulator(g)
	if err != nil {
		return err
	}
	c.size, c.states = acc.Size(), acc.StateTypes()
	if f, ok := acc.(function.Fixed); ok {
		c.fixed, c.layout = true, f.Layout()
	}
	return nil
}

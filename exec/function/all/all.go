// Package all puts the families of functions together into one registry.
// Every family is a package with a function Defs; adding one is a line here.
package all

import (
	"sync"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/agg"
	"github.com/volley-sql/volley/exec/function/arith"
	"github.com/volley-sql/volley/exec/function/bits"
	"github.com/volley-sql/volley/exec/function/cast"
	"github.com/volley-sql/volley/exec/function/cond"
	"github.com/volley-sql/volley/exec/function/csv"
	"github.com/volley-sql/volley/exec/function/datetime"
	"github.com/volley-sql/volley/exec/function/json"
	"github.com/volley-sql/volley/exec/function/math"
	"github.com/volley-sql/volley/exec/function/nested"
	"github.com/volley-sql/volley/exec/function/session"
	"github.com/volley-sql/volley/exec/function/str"
	"github.com/volley-sql/volley/exec/function/window"
	"github.com/volley-sql/volley/exec/function/xml"
)

// families lists what each family defines. They are functions, so that
// nothing is built before the registry is first asked for.
var families = []func() []function.Def{
	agg.Defs,
	arith.Defs,
	cast.Defs,
	bits.Defs,
	cond.Defs,
	csv.Defs,
	datetime.Defs,
	json.Defs,
	xml.Defs,
	math.Defs,
	nested.Defs,
	session.Defs,
	str.Defs,
	window.Defs,
}

// Registry returns the registry of all functions, built on first use.
var Registry = sync.OnceValues(func() (*function.Registry, error) {
	all := make([][]function.Def, len(families))
	for i, f := range families {
		all[i] = f()
	}
	return function.New(all...)
})

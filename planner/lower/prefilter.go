package lower

import (
	"github.com/volley-sql/volley/internal/tree"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// A join's runtime filters reach scans of other stages through a Prefilter: the
// stage of the scan reads the build side too, which another exchange has made
// ready for the join already, and makes the filters for itself.
//
//	join ── Exchange ── build side            join ── Shared ── Exchange ── build side
//	  └──── Exchange ── … Scan          ──►     └──── Exchange ── Prefilter ── … Scan
//	                                                                  └──── Shared (the same)
//
// The scan's stage then waits for the build side, and each of its tasks reads
// all of that; it pays where far more rows would be moved and thrown away.

// Bounds of what is worth that.
const (
	farBuildRows = 2e6 // most rows of the build side
	farShrink    = 4   // how many times larger the input of the exchange must be
	farInput     = 2e5 // and its least rows
)

// farther makes Prefilters for one join. It makes the build side's exchange
// shared the first time.
type farther struct {
	l     *lowerer
	build *physical.Node // of the join
	keys  []expr.Expr    // over it
	rows  float64
	share *physical.Shared // nil as long as nobody needed it
}

// farther returns nil if the join's build side is in no exchange, or too large.
func (l *lowerer) farther(node *physical.HashJoin) *farther {
	f := &farther{l: l, build: &node.Right, keys: node.RightKeys}
	if node.BuildLeft {
		f.build, f.keys = &node.Left, node.LeftKeys
	}
	f.rows = (*f.build).Meta().Est
	if f.rows < 0 || f.rows > farBuildRows {
		return nil
	}
	switch x := (*f.build).(type) {
	case *physical.Shared:
		if _, ok := x.Input.(*physical.Exchange); !ok {
			return nil
		}
		f.share = x
	case *physical.Exchange:
		if x.Kind == physical.RoundRobin {
			return nil
		}
	default:
		return nil
	}
	return f
}

// cross takes the filter across an exchange, if that is worth it.
func (a *attacher) cross(x *physical.Exchange, i int) (physical.Node, bool) {
	if a.far == nil {
		return x, false
	}
	above := a.hit
	a.hit = false
	in, ok := a.attach(x.Input, i)
	here := a.hit
	a.hit = above
	if !ok || here && !a.far.worth(in) {
		return x, false
	}
	if here {
		in = a.far.wrap(in, a.f.ID, a.key)
	}
	c := *x
	c.Input = in
	return &c, true
}

// worth reports whether rows enough come from the scans below n, up to the next exchange.
func (f *farther) worth(n physical.Node) bool {
	rows := scanned(n)
	return rows >= farInput && rows >= farShrink*f.rows
}

// scanned is the estimate for the largest scan with a runtime filter in a stage.
func scanned(n physical.Node) float64 {
	switch x := n.(type) {
	case *physical.Scan:
		if len(x.Runtime) > 0 {
			return x.Info.Est
		}
		return 0
	case *physical.Exchange, *physical.Shared:
		return 0
	}
	most := 0.0
	for _, c := range tree.Children(n) {
		most = max(most, scanned(c))
	}
	return most
}

// wrap puts the filter before the plan of a stage.
func (f *farther) wrap(in physical.Node, id int32, key int) physical.Node {
	if f.share == nil {
		f.l.nextShared--
		f.share = &physical.Shared{Info: f.l.info(), Key: f.l.nextShared, Input: *f.build}
		f.share.Info.Est = f.rows
		*f.build = f.share
	}
	if p, ok := in.(*physical.Prefilter); ok {
		if s, ok := p.Build.(*physical.Shared); ok && s.Key == f.share.Key {
			c := *p
			c.Keys = append(p.Keys[:len(p.Keys):len(p.Keys)], f.keys[key])
			c.Publish = append(p.Publish[:len(p.Publish):len(p.Publish)], physical.RuntimeFilter{ID: id, Key: len(p.Keys)})
			return &c
		}
	}
	all := *f.share
	all.Info = f.l.info()
	all.Info.Est = f.rows
	all.Whole = true
	node := &physical.Prefilter{
		Info: f.l.info(), Input: in, Build: &all, Keys: []expr.Expr{f.keys[key]}, Publish: []physical.RuntimeFilter{{ID: id}},
	}
	node.Info.Est = in.Meta().Est
	return node
}

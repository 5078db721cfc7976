package session

import (
	"context"
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/bind"
	"github.com/volley-sql/volley/planner/expr"
)

// lookups remembers what the binder found under which names, so that a plan can
// be used again as long as they mean the same.
type lookups struct {
	found []lookup
	// loose says that something was found that cannot be compared: files, whose
	// table is made anew by every look at them.
	loose bool
}

// lookup is one name with what it meant. Tables compare by identity: a catalog
// gives out the same one as long as nothing has changed.
type lookup struct {
	from     bind.Resolver
	name     []string
	kind     lookupKind
	table    catalog.Table
	view     *bind.View
	variable *expr.Literal
	function *bind.Function
}

type lookupKind uint8

const (
	relationLookup lookupKind = iota
	variableLookup
	functionLookup
)

// watched is a resolver whose answers are remembered.
type watched struct {
	bind.Resolver
	log *lookups
}

// Relation implements bind.Resolver.
func (w *watched) Relation(ctx context.Context, name []string) (catalog.Table, *bind.View, error) {
	t, v, err := w.Resolver.Relation(ctx, name)
	if err != nil {
		return t, v, err
	}
	w.log.found = append(w.log.found, lookup{from: w.Resolver, name: name, table: t, view: v})
	if v != nil && v.Resolver != nil {
		c := *v
		c.Resolver = &watched{v.Resolver, w.log}
		v = &c
	}
	return t, v, nil
}

// File implements bind.Resolver.
func (w *watched) File(ctx context.Context, format, path string, options map[string]string) (catalog.Table, error) {
	w.log.loose = true
	return w.Resolver.File(ctx, format, path, options)
}

// Variable implements bind.Resolver.
func (w *watched) Variable(name []string) *expr.Literal {
	l := w.Resolver.Variable(name)
	w.log.found = append(w.log.found, lookup{from: w.Resolver, name: name, kind: variableLookup, variable: l})
	return l
}

// Function implements bind.Resolver.
func (w *watched) Function(ctx context.Context, name []string) (*bind.Function, error) {
	f, err := w.Resolver.Function(ctx, name)
	if err != nil {
		return nil, err
	}
	if f != nil && f.Resolver != nil {
		w.log.loose = true // what its body names is looked up elsewhere
	}
	w.log.found = append(w.log.found, lookup{from: w.Resolver, name: name, kind: functionLookup, function: f})
	return f, nil
}

// hold reports whether all names still mean what they meant.
func (l *lookups) hold(ctx context.Context) bool {
	if l.loose {
		return false
	}
	for _, f := range l.found {
		same := false
		switch f.kind {
		case variableLookup:
			same = f.from.Variable(f.name) == f.variable
		case functionLookup:
			got, err := f.from.Function(ctx, f.name)
			same = err == nil && got == f.function
		case relationLookup:
			t, v, err := f.from.Relation(ctx, f.name)
			same = err == nil && t == f.table && sameView(v, f.view)
		}
		if !same {
			return false
		}
	}
	return true
}

// sameView reports whether two views have one definition.
func sameView(a, b *bind.View) bool {
	if a == b || a == nil || b == nil {
		return a == b
	}
	return a.Query == b.Query && a.SQL == b.SQL && a.Owner == b.Owner && a.Guarded == b.Guarded && slices.Equal(a.Name, b.Name) && slices.Equal(a.Columns, b.Columns) &&
		slices.EqualFunc(a.Schema, b.Schema, func(x, y types.Field) bool {
			return x.Name == y.Name && x.Nullable == y.Nullable && x.Type.Equal(y.Type)
		}) && a.Settings.Equal(b.Settings)
}

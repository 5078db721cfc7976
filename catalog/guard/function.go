package guard

import (
	"context"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

var _ catalog.Functions = Guard{}

func (g Guard) noFunction(db, name string) error {
	return sqlerr.New(sqlerr.RoutineNotFound, "The routine %s cannot be found.", quoted(g.c.Name(), db, name))
}

// function reads the rights on a function. One in a database that may not be
// used is not there.
func (g Guard) function(ctx context.Context, on catalog.Securable) (*level, error) {
	if g.v.Everything() { // whether it is there is asked for by rights
		if _, err := g.access(ctx, on); err != nil {
			return nil, err
		}
	}
	l, err := g.at(ctx, on)
	if sqlerr.Is(err, sqlerr.SchemaNotFound) || err == nil && !l.use(2) {
		err = g.noFunction(on.Database, on.Name)
	}
	return l, err
}

// calls reports whether the viewer may know that the function is there.
func (l *level) calls() bool {
	return l.owns() || l.grants(l.path, func(g catalog.Grant) bool {
		return contains(g.Privilege, catalog.Execute) || g.Privilege == catalog.Manage
	})
}

func (g Guard) functions() (catalog.Functions, error) {
	f, ok := g.c.(catalog.Functions)
	if !ok {
		return nil, sqlerr.New(sqlerr.Unsupported, "The feature is not supported: functions in the catalog `%s`.", g.c.Name())
	}
	return f, nil
}

// Function implements catalog.Functions: a function that the viewer may call.
func (g Guard) Function(ctx context.Context, db, name string) (*catalog.Function, error) {
	all, err := g.functions()
	if err != nil {
		return nil, err
	}
	on := catalog.Securable{Database: db, Name: name, Function: true}
	l, err := g.function(ctx, on)
	if err != nil {
		return nil, err
	}
	if !l.may(catalog.Execute) {
		return nil, g.deniedOn(on, catalog.Execute)
	}
	return all.Function(ctx, db, name)
}

// Defines reports whether the viewer may know and change the definition of a function.
func (g Guard) Defines(ctx context.Context, db, name string) bool {
	l, err := g.function(ctx, catalog.Securable{Database: db, Name: name, Function: true})
	return err == nil && l.may(catalog.Manage)
}

// Caller is with whose rights the body of a function reads.
func (g Guard) Caller(f *catalog.Function) *Viewer {
	if f.Access == nil {
		return g.v.p.System()
	}
	if g.v.Is(f.Access.Owner) {
		return g.v
	}
	return g.v.p.Owner(f.Access.Owner)
}

// ListFunctions implements catalog.Functions: those that the viewer may know.
func (g Guard) ListFunctions(ctx context.Context, db string) ([]string, error) {
	all, err := g.functions()
	if err != nil {
		return nil, err
	}
	l, err := g.database(ctx, db)
	if err != nil {
		return nil, err
	}
	names, err := all.ListFunctions(ctx, db)
	if err != nil || l.owns() {
		return names, err
	}
	var out []string
	for _, n := range names {
		l, err := g.function(ctx, catalog.Securable{Database: db, Name: n, Function: true})
		if err == nil && l.calls() {
			out = append(out, n)
		}
	}
	return out, nil
}

// CreateFunction implements catalog.Functions.
func (g Guard) CreateFunction(ctx context.Context, f catalog.Function, mode catalog.CreateMode) error {
	all, err := g.functions()
	if err != nil {
		return err
	}
	if err := g.demandIn(ctx, f.Name.Database, catalog.CreateFunction); err != nil {
		return err
	}
	if mode == catalog.CreateOrReplace {
		err := g.demandFunction(ctx, f.Name.Database, f.Name.Table)
		if err != nil && !sqlerr.Is(err, sqlerr.RoutineNotFound) {
			return err
		}
	}
	f.Access = g.owner()
	return all.CreateFunction(ctx, f, mode)
}

// DropFunction implements catalog.Functions.
func (g Guard) DropFunction(ctx context.Context, db, name string, ifExists bool) error {
	all, err := g.functions()
	if err != nil {
		return err
	}
	if err := g.demandFunction(ctx, db, name); err != nil {
		if ifExists && sqlerr.Is(err, sqlerr.RoutineNotFound) {
			return nil
		}
		return err
	}
	return all.DropFunction(ctx, db, name, ifExists)
}

// demandFunction asks for the right to change a function.
func (g Guard) demandFunction(ctx context.Context, db, name string) error {
	on := catalog.Securable{Database: db, Name: name, Function: true}
	l, err := g.function(ctx, on)
	if err == nil && !l.may(catalog.Manage) {
		err = g.deniedOn(on, catalog.Manage)
	}
	return err
}

// Knows is the error of a function that the viewer may not know.
func (g Guard) Knows(ctx context.Context, db, name string) error {
	on := catalog.Securable{Database: db, Name: name, Function: true}
	l, err := g.function(ctx, on)
	if err == nil && !l.calls() {
		err = g.deniedOn(on, catalog.Execute)
	}
	return err
}

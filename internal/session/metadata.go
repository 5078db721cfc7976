package session

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
	"github.com/volley-sql/volley/planner/bind"
)

// Catalogs lists the names of the catalogs, sorted.
func (s *Session) Catalogs() []string {
	var out []string
	for _, c := range s.cfg.Catalogs {
		out = append(out, c.Name())
	}
	slices.Sort(out)
	return out
}

// Databases lists the databases of a catalog, sorted, information_schema among them.
func (s *Session) Databases(ctx context.Context, catalogName string) ([]string, error) {
	c := s.catalogNamed(catalogName)
	if c == nil {
		return nil, sqlerr.New(sqlerr.CatalogNotFound, "The catalog `%s` not found.", catalogName)
	}
	names, err := c.Databases(ctx)
	if err != nil {
		return nil, err
	}
	out := append(slices.Clone(names), catalog.InformationSchema)
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Relations lists the tables and views of a database, sorted; what is temporary
// is in none. Nothing of them is read.
func (s *Session) Relations(ctx context.Context, catalogName, database string) ([]catalog.Entry, error) {
	c := holding(s.catalogNamed(catalogName), database)
	if c == nil {
		return nil, sqlerr.New(sqlerr.CatalogNotFound, "The catalog `%s` not found.", catalogName)
	}
	return c.List(ctx, database)
}

// TemporaryRelations lists what is named without a database, sorted.
func (s *Session) TemporaryRelations() []string {
	var out []string
	for _, e := range s.temporaryTables() {
		out = append(out, e.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		out = append(out, v.name)
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return out
}

// Columns describes the columns of a table or view as SELECT * gives them, and
// where they come from.
func (s *Session) Columns(ctx context.Context, name ...string) (types.Schema, []bind.Origin, error) {
	st := &statement{snap: s.Settings.Snapshot()}
	p, err := bind.Query(ctx, s.env(st), &ast.Query{Body: &ast.TableBody{Name: ast.N(name...)}})
	if err != nil {
		return nil, nil, err
	}
	return p.Schema(), p.Origins(), nil
}

package guard

import (
	"context"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Lookup implements catalog.Catalog. It is for describing: of a table of which
// the viewer may read some columns alone there are only those, and of a view
// that is somebody else's there is no text.
func (g Guard) Lookup(ctx context.Context, db, name string) (catalog.Table, *catalog.View, error) {
	on := catalog.Securable{Database: db, Name: name}
	t, v, l, err := g.find(ctx, on, func(l *level, _ bool) error {
		if !l.sees() {
			return g.deniedOn(on, catalog.Select)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, nil, err
	case v != nil:
		if !l.may(catalog.Manage) {
			w := *v
			w.SQL = ""
			v = &w
		}
		return nil, v, nil
	}
	if cols := l.columns(t.Schema()); cols != nil && !l.may(catalog.Insert) && !l.may(catalog.Manage) {
		return narrowed{t, cols}, nil, nil
	}
	return t, nil, nil
}

// columns are the places of the columns the viewer may read; nil: all. What
// only others may read is empty.
func (l *level) columns(s types.Schema) []int {
	if l.may(catalog.Select) {
		return nil
	}
	names := map[string]bool{}
	l.grants(l.path, func(g catalog.Grant) bool {
		if g.Privilege == catalog.Select {
			for _, c := range g.Columns {
				if i := s.Index(c); i >= 0 {
					names[s[i].Name] = true
				}
			}
		}
		return false
	})
	out := []int{}
	for i, f := range s {
		if names[f.Name] {
			out = append(out, i)
		}
	}
	return out
}

// narrowed is a table of which some columns are known. It is never read.
type narrowed struct {
	catalog.Table
	cols []int
}

func (t narrowed) Schema() types.Schema {
	all := t.Table.Schema()
	var out types.Schema
	for _, i := range t.cols {
		out = append(out, all[i])
	}
	return out
}

func (t narrowed) PartitionColumns() []int {
	var out []int
	for _, p := range t.Table.PartitionColumns() {
		if i := slices.Index(t.cols, p); i >= 0 {
			out = append(out, i)
		}
	}
	return out
}

func (t narrowed) Info() catalog.Info {
	info := t.Table.Info()
	pick := func(all []string) []string {
		var out []string
		for _, i := range t.cols {
			if i < len(all) {
				out = append(out, all[i])
			} else {
				out = append(out, "")
			}
		}
		return out
	}
	info.ColumnComments, info.ColumnDefaults = pick(info.ColumnComments), pick(info.ColumnDefaults)
	return info
}

// Databases implements catalog.Catalog.
func (g Guard) Databases(ctx context.Context) ([]string, error) {
	names, err := g.c.Databases(ctx)
	if err != nil || g.v.Everything() {
		return names, err
	}
	var out []string
	for _, n := range names {
		l, err := g.at(ctx, catalog.Securable{Database: n})
		if sqlerr.Is(err, sqlerr.SchemaNotFound) {
			continue // dropped meanwhile
		}
		if err != nil {
			return nil, err
		}
		if l.use(2) {
			out = append(out, n)
		}
	}
	return out, nil
}

// List implements catalog.Catalog.
func (g Guard) List(ctx context.Context, db string) ([]catalog.Entry, error) {
	l, err := g.database(ctx, db)
	if err != nil {
		return nil, err
	}
	all, err := g.c.List(ctx, db)
	if err != nil || l.all || l.owns() {
		return all, err
	}
	out := []catalog.Entry{}
	for _, e := range all {
		a, err := g.access(ctx, catalog.Securable{Database: db, Name: e.Name})
		if sqlerr.Is(err, sqlerr.TableOrViewNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		one := &level{who: l.who, path: append(slices.Clone(l.path), a)}
		if one.sees() {
			out = append(out, e)
		}
	}
	return out, nil
}

// DescribeDatabase implements catalog.Catalog.
func (g Guard) DescribeDatabase(ctx context.Context, name string) (*catalog.Database, error) {
	if _, err := g.database(ctx, name); err != nil {
		return nil, err
	}
	return g.c.DescribeDatabase(ctx, name)
}

// owner is the first owner of what the viewer makes.
func (g Guard) owner() *catalog.Access {
	if g.v.who.Name == "" {
		return nil
	}
	return &catalog.Access{Owner: g.v.who}
}

// first are the first rights on a table that the viewer makes: its rules are
// those of the statement, its owner is the viewer.
func (g Guard) first(rules *catalog.Access) *catalog.Access {
	a := g.owner()
	if rules == nil {
		return a
	}
	if a == nil {
		a = &catalog.Access{}
	}
	a.RowFilter, a.Masks = rules.RowFilter, rules.Masks
	return a
}

// CreateDatabase implements catalog.Catalog.
func (g Guard) CreateDatabase(ctx context.Context, d catalog.Database, ifNotExists bool) error {
	l, err := g.at(ctx, catalog.Securable{})
	if err != nil {
		return err
	}
	if !l.use(1) || !l.may(catalog.CreateSchema) {
		return g.deniedOn(catalog.Securable{}, catalog.CreateSchema)
	}
	if d.Location != "" {
		if err := g.v.Files(ctx, catalog.Modify); err != nil {
			return err
		}
	}
	d.Access = g.owner()
	return g.c.CreateDatabase(ctx, d, ifNotExists)
}

// DropDatabase implements catalog.Catalog.
func (g Guard) DropDatabase(ctx context.Context, name string, ifExists, cascade bool) error {
	l, err := g.database(ctx, name)
	if ifExists && sqlerr.Is(err, sqlerr.SchemaNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !l.may(catalog.Manage) {
		return g.deniedOn(catalog.Securable{Database: name}, catalog.Manage)
	}
	return g.c.DropDatabase(ctx, name, ifExists, cascade)
}

// making asks whether a table or view may be made, or put in the place of one.
func (g Guard) making(ctx context.Context, n catalog.Name, mode catalog.CreateMode) error {
	on := catalog.Securable{Database: n.Database, Name: n.Table}
	l, err := g.database(ctx, n.Database)
	if err != nil {
		return err
	}
	if !l.may(catalog.CreateTables) {
		return g.deniedOn(catalog.Securable{Database: n.Database}, catalog.CreateTables)
	}
	if mode != catalog.CreateOrReplace {
		return nil
	}
	switch l, err := g.at(ctx, on); {
	case sqlerr.Is(err, sqlerr.TableOrViewNotFound):
		return nil
	case err != nil:
		return err
	case !l.may(catalog.Manage):
		return g.deniedOn(on, catalog.Manage)
	}
	return nil
}

// elsewhere asks for rights on files if a table does not lie where the catalog says.
func (g Guard) elsewhere(ctx context.Context, info catalog.Info) error {
	outside := info.Location != ""
	for k, v := range info.Options {
		outside = outside || strings.EqualFold(k, "path") && v != ""
	}
	if !outside {
		return nil
	}
	if err := g.v.Files(ctx, catalog.Select); err != nil {
		return err
	}
	return g.v.Files(ctx, catalog.Modify)
}

// CreateTable implements catalog.Catalog.
func (g Guard) CreateTable(ctx context.Context, t catalog.TableSpec, mode catalog.CreateMode, staged *catalog.Staged) error {
	if err := g.making(ctx, t.Name, mode); err != nil {
		return err
	}
	if err := g.elsewhere(ctx, t.Info); err != nil {
		return err
	}
	t.Access = g.first(t.Access)
	return g.c.CreateTable(ctx, t, mode, staged)
}

// missing is what there is to say of something to be dropped: that it is not
// there is no error if the statement says so.
func missing(err error, ifExists bool) error {
	if ifExists && sqlerr.Is(err, sqlerr.TableOrViewNotFound) {
		return nil
	}
	return err
}

// DropTable implements catalog.Catalog.
func (g Guard) DropTable(ctx context.Context, db, name string, ifExists, purge bool) error {
	if err := g.demand(ctx, db, name, catalog.Manage); err != nil {
		return missing(err, ifExists)
	}
	return g.c.DropTable(ctx, db, name, ifExists, purge)
}

// RenameTable implements catalog.Catalog.
func (g Guard) RenameTable(ctx context.Context, db, from, to string) error {
	if err := g.demand(ctx, db, from, catalog.Manage); err != nil {
		return err
	}
	if err := g.demandIn(ctx, db, catalog.CreateTables); err != nil {
		return err
	}
	return g.c.RenameTable(ctx, db, from, to)
}

// AlterTable implements catalog.Catalog.
func (g Guard) AlterTable(ctx context.Context, db, name string, change func(*catalog.TableSpec) error) error {
	if err := g.demand(ctx, db, name, catalog.Manage); err != nil {
		return err
	}
	return g.c.AlterTable(ctx, db, name, func(t *catalog.TableSpec) error {
		was := t.Info
		if err := change(t); err != nil {
			return err
		}
		if t.Info.Location == was.Location && t.Info.Options["path"] == was.Options["path"] {
			return nil
		}
		return g.elsewhere(ctx, t.Info)
	})
}

// CreateView implements catalog.Catalog.
func (g Guard) CreateView(ctx context.Context, v catalog.View, mode catalog.CreateMode) error {
	if err := g.making(ctx, v.Name, mode); err != nil {
		return err
	}
	v.Access = g.owner()
	return g.c.CreateView(ctx, v, mode)
}

// DropView implements catalog.Catalog.
func (g Guard) DropView(ctx context.Context, db, name string, ifExists bool) error {
	if err := g.demand(ctx, db, name, catalog.Manage); err != nil {
		return missing(err, ifExists)
	}
	return g.c.DropView(ctx, db, name, ifExists)
}

// Begin implements catalog.Catalog.
func (g Guard) Begin(ctx context.Context, t catalog.TableSpec, w catalog.WriteMode) (*catalog.Staged, error) {
	if len(t.Schema) > 0 { // CREATE TABLE AS
		if err := g.making(ctx, t.Name, catalog.CreateNew); err != nil {
			return nil, err
		}
		if err := g.elsewhere(ctx, t.Info); err != nil {
			return nil, err
		}
		return g.c.Begin(ctx, t, w)
	}
	if err := g.Writes(ctx, t.Name.Database, t.Name.Table, w); err != nil {
		return nil, err
	}
	return g.c.Begin(ctx, t, w)
}

// Commit implements catalog.Catalog: whoever began a write may end it.
func (g Guard) Commit(ctx context.Context, s *catalog.Staged, files []catalog.File) error {
	return g.c.Commit(ctx, s, files)
}

// Abort implements catalog.Catalog.
func (g Guard) Abort(ctx context.Context, s *catalog.Staged) error { return g.c.Abort(ctx, s) }

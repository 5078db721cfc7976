package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// GlobalTemp is the database of global temporary views, InformationSchema that
// of the tables about tables; neither is in any catalog's own list.
const (
	GlobalTemp        = "global_temp"
	InformationSchema = "information_schema"
)

// GlobalViews are the global temporary views of a process: all its sessions
// share them. The zero value is ready to use.
type GlobalViews struct {
	mu    sync.RWMutex
	views map[string]*View
}

// Resolver finds what the table names of one session mean: it knows the
// catalogs, which of them and which database is current, and the temporary
// views. A name has one to three parts, [[catalog.]database.]table; one part
// is a temporary view if there is one of that name. It is safe for concurrent use.
type Resolver struct {
	// Information makes the catalog of information_schema over another one; nil: there is none.
	Information func(Catalog) Catalog

	mu       sync.RWMutex
	catalogs map[string]Catalog
	catalog  string // current, lower case
	database string
	temp     map[string]*View
	global   *GlobalViews
}

// NewResolver starts in database default of the catalog first. global may be nil.
func NewResolver(first Catalog, global *GlobalViews) *Resolver {
	if global == nil {
		global = &GlobalViews{}
	}
	n := strings.ToLower(first.Name())
	return &Resolver{catalogs: map[string]Catalog{n: first}, catalog: n, database: "default", temp: map[string]*View{}, global: global}
}

// Add makes another catalog known.
func (r *Resolver) Add(c Catalog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catalogs[strings.ToLower(c.Name())] = c
}

// Catalogs lists the names of the catalogs, sorted.
func (r *Resolver) Catalogs() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.catalogs))
}

// Catalog returns the catalog called name, the current one for "".
func (r *Resolver) Catalog(name string) (Catalog, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if name == "" {
		name = r.catalog
	}
	if c := r.catalogs[strings.ToLower(name)]; c != nil {
		return c, nil
	}
	return nil, sqlerr.New(sqlerr.CatalogNotFound, "The catalog `%s` not found. Consider to set the SQL config \"spark.sql.catalog.%s\" to a catalog plugin.", name, name)
}

// Current is the current catalog and database.
func (r *Resolver) Current() (catalog, database string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.catalog, r.database
}

// Use makes a database current: [catalog.]database. A single part that is a
// catalog and no database of the current one selects the catalog's default.
func (r *Resolver) Use(ctx context.Context, parts []string) error {
	cat, db := "", ""
	switch len(parts) {
	case 1:
		db = parts[0]
	case 2:
		cat, db = parts[0], parts[1]
	default:
		return tooManyParts(parts)
	}
	c, err := r.Catalog(cat)
	if err != nil {
		return err
	}
	_, err = r.describe(ctx, c, db)
	if err != nil && cat == "" && sqlerr.Is(err, sqlerr.SchemaNotFound) {
		if other, cerr := r.Catalog(db); cerr == nil {
			c, db, err = other, "default", nil
		}
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.catalog, r.database = strings.ToLower(c.Name()), strings.ToLower(db)
	return nil
}

func (r *Resolver) describe(ctx context.Context, c Catalog, db string) (*Database, error) {
	if strings.EqualFold(db, InformationSchema) && r.Information != nil {
		return &Database{Name: InformationSchema}, nil
	}
	return c.DescribeDatabase(ctx, db)
}

func tooManyParts(parts []string) error {
	return sqlerr.New(sqlerr.TooManyNameParts, "%s is not a valid identifier as it has more than 3 name parts.", Quote(parts...))
}

// Quote is a name of several parts as messages have it.
func Quote(parts ...string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = "`" + strings.ReplaceAll(p, "`", "``") + "`"
	}
	return strings.Join(out, ".")
}

// Qualify completes the name of a table or view that a catalog holds or is to
// hold: temporary views do not come into it.
func (r *Resolver) Qualify(parts []string) (Catalog, Name, error) {
	curCat, curDB := r.Current()
	n := Name{Catalog: curCat, Database: curDB}
	switch len(parts) {
	case 1:
		n.Table = parts[0]
	case 2:
		n.Database, n.Table = parts[0], parts[1]
	case 3:
		n.Catalog, n.Database, n.Table = parts[0], parts[1], parts[2]
	default:
		return nil, n, tooManyParts(parts)
	}
	c, err := r.Catalog(n.Catalog)
	if err != nil {
		return nil, n, err
	}
	n.Catalog = c.Name()
	if strings.EqualFold(n.Database, InformationSchema) && r.Information != nil {
		c = r.Information(c)
	}
	return c, n, nil
}

// Lookup returns the table or view of a name as written. Exactly one is not
// nil, else the error has the condition TABLE_OR_VIEW_NOT_FOUND and, in its
// hint, names that look alike.
func (r *Resolver) Lookup(ctx context.Context, parts []string) (Table, *View, error) {
	if v := r.TempView(parts); v != nil {
		return nil, v, nil
	}
	if len(parts) == 2 && strings.EqualFold(parts[0], GlobalTemp) {
		return nil, nil, r.notFound(ctx, nil, Name{}, parts)
	}
	c, n, err := r.Qualify(parts)
	if err != nil {
		if sqlerr.Is(err, sqlerr.CatalogNotFound) {
			return nil, nil, r.notFound(ctx, nil, n, parts)
		}
		return nil, nil, err
	}
	t, v, err := c.Lookup(ctx, n.Database, n.Table)
	if sqlerr.Is(err, sqlerr.TableOrViewNotFound) || sqlerr.Is(err, sqlerr.SchemaNotFound) {
		return nil, nil, r.notFound(ctx, c, n, parts)
	}
	return t, v, err
}

// notFound says so, and what was perhaps meant.
func (r *Resolver) notFound(ctx context.Context, c Catalog, n Name, parts []string) error {
	err := sqlerr.New(sqlerr.TableOrViewNotFound, "The table or view %s cannot be found. Verify the spelling and correctness of the schema and catalog.\n"+
		"If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with the correct schema and catalog.\n"+
		"To tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.", Quote(parts...))
	var names []string
	prefix := Quote(parts[:len(parts)-1]...)
	if prefix != "" {
		prefix += "."
	}
	if len(parts) == 1 {
		r.mu.RLock()
		names = slices.Sorted(maps.Keys(r.temp))
		r.mu.RUnlock()
	}
	if c != nil {
		if l, lerr := c.List(ctx, n.Database); lerr == nil {
			for _, e := range l {
				names = append(names, e.Name)
			}
		}
	}
	wanted := parts[len(parts)-1]
	var near []string
	for _, m := range sqlerr.Nearest(wanted, names, 3) {
		if alike(wanted, m) {
			near = append(near, prefix+Quote(m))
		}
	}
	if len(near) > 0 {
		return err.WithHint("Did you mean %s?", strings.Join(near, " or "))
	}
	return err
}

// alike keeps suggestions to names a typing error could have led from.
func alike(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return true
	}
	common := 0
	rest := []byte(b)
	for i := range len(a) {
		if j := slices.Index(rest, a[i]); j >= 0 {
			rest = slices.Delete(rest, j, j+1)
			common++
		}
	}
	return 3*common >= 2*max(len(a), len(b))
}

// TempView returns the temporary view of a name as written, local or
// global_temp.name, nil if there is none.
func (r *Resolver) TempView(parts []string) *View {
	switch {
	case len(parts) == 1:
		r.mu.RLock()
		defer r.mu.RUnlock()
		return r.temp[strings.ToLower(parts[0])]
	case len(parts) == 2 && strings.EqualFold(parts[0], GlobalTemp):
		r.global.mu.RLock()
		defer r.global.mu.RUnlock()
		return r.global.views[strings.ToLower(parts[1])]
	}
	return nil
}

// views is the map a temporary view lives in with the lock held until the function returned runs.
func (r *Resolver) views(global bool) (map[string]*View, func()) {
	if global {
		r.global.mu.Lock()
		if r.global.views == nil {
			r.global.views = map[string]*View{}
		}
		return r.global.views, r.global.mu.Unlock
	}
	r.mu.Lock()
	return r.temp, r.mu.Unlock
}

// CreateTempView keeps v, called v.Name.Table, as a temporary view.
func (r *Resolver) CreateTempView(v View, global bool, mode CreateMode) error {
	views, unlock := r.views(global)
	defer unlock()
	k := strings.ToLower(v.Name.Table)
	if views[k] != nil {
		switch mode {
		case CreateNew:
			return sqlerr.New(sqlerr.TempViewAlreadyExists, "Cannot create the temporary view `%s` because it already exists. Choose a different name, drop or replace the existing view, or add the IF NOT EXISTS clause to tolerate pre-existing views.", v.Name.Table)
		case CreateIfNotExists:
			return nil
		}
	}
	v.Name = Name{Table: v.Name.Table}
	if global {
		v.Name.Database = GlobalTemp
	}
	views[k] = &v
	return nil
}

// DropTempView removes a temporary view by its name as written and reports whether there was one.
func (r *Resolver) DropTempView(parts []string) bool {
	if r.TempView(parts) == nil {
		return false
	}
	views, unlock := r.views(len(parts) == 2)
	defer unlock()
	delete(views, strings.ToLower(parts[len(parts)-1]))
	return true
}

// List names tables and views as SHOW TABLES does: those of a database
// ([catalog.]database, the current one if empty), then temporary views.
func (r *Resolver) List(ctx context.Context, parts []string) ([]Entry, error) {
	var out []Entry
	if len(parts) != 1 || !strings.EqualFold(parts[0], GlobalTemp) {
		c, n, err := r.Qualify(append(slices.Clone(parts), ""))
		if err != nil {
			return nil, err
		}
		if out, err = c.List(ctx, n.Database); err != nil {
			return nil, err
		}
	} else {
		r.global.mu.RLock()
		for _, k := range slices.Sorted(maps.Keys(r.global.views)) {
			out = append(out, Entry{Database: GlobalTemp, Name: k, IsView: true, IsTemp: true})
		}
		r.global.mu.RUnlock()
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, k := range slices.Sorted(maps.Keys(r.temp)) {
		out = append(out, Entry{Name: k, IsView: true, IsTemp: true})
	}
	return out, nil
}

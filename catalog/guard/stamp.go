package guard

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// stamp sums up what the viewer may read of a thing, and by which rules and whose
// rights. While it is the same, rows that were read may be shown.
func (l *level) stamp(a *catalog.Access) string {
	owner := a.Owner.String() + a.Owner.ID
	if l.may(catalog.Select) && a.RowFilter == nil && len(a.Masks) == 0 {
		return owner
	}
	s := struct {
		Columns []string `json:",omitempty"`
		Filter  *catalog.Rule
		Masks   map[string]*catalog.Rule
	}{Filter: a.RowFilter, Masks: a.Masks}
	if !l.may(catalog.Select) {
		l.grants(l.path, func(g catalog.Grant) bool {
			if g.Privilege == catalog.Select {
				for _, c := range g.Columns {
					s.Columns = append(s.Columns, strings.ToLower(c))
				}
			}
			return false
		})
		slices.Sort(s.Columns)
		s.Columns = slices.Compact(s.Columns)
	}
	b, _ := json.Marshal(s) // of strings: it does not fail
	return owner + string(b)
}

// Stamp is the Reading.Stamp of a table or view as it would be read now. The
// error is that of one that may not be.
func (g Guard) Stamp(ctx context.Context, db, name string) (string, error) {
	on := catalog.Securable{Database: db, Name: name}
	l, err := g.object(ctx, on)
	if err != nil {
		return "", err
	}
	a, err := g.access(ctx, on)
	if err != nil {
		return "", err
	}
	if !l.reads() {
		return "", g.deniedOn(on, catalog.Select)
	}
	return l.stamp(a), nil
}

// There reports whether there is a table or view of a name, whoever may know it.
func (g Guard) There(ctx context.Context, db, name string) (bool, error) {
	_, err := g.access(ctx, catalog.Securable{Database: db, Name: name})
	if sqlerr.Is(err, sqlerr.TableOrViewNotFound) || sqlerr.Is(err, sqlerr.SchemaNotFound) {
		return false, nil
	}
	return err == nil, err
}

package session

import (
	"strings"

	"github.com/volley-sql/volley/internal/types"
)

// owned copies the strings of d, which a vector only lent.
func owned(d types.Datum) types.Datum {
	switch d := d.(type) {
	case string:
		return strings.Clone(d)
	case []types.Datum:
		for i := range d {
			d[i] = owned(d[i])
		}
	case types.MapDatum:
		owned(d.Keys)
		owned(d.Values)
	}
	return d
}

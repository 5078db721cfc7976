// Package all links every file format into one table. What reads or writes
// files by the name of their format looks the format up here; the formats
// themselves know nothing of each other.
package all

import (
	"slices"
	"strings"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/arrowipc"
	"github.com/volley-sql/volley/catalog/format/csv"
	"github.com/volley-sql/volley/catalog/format/json"
	"github.com/volley-sql/volley/catalog/format/parquet"
	"github.com/volley-sql/volley/catalog/format/text"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// formats is the table: one line a format. Names are lower case.
var formats = map[string]func() format.Format{
	"parquet": parquet.New,
	"arrow":   arrowipc.New,
	"csv":     csv.New,
	"json":    json.New,
	"text":    text.New,
}

// aliases are other names people give the formats in USING and before a path.
var aliases = map[string]string{"ipc": "arrow", "feather": "arrow", "jsonl": "json", "ndjson": "json"}

// Lookup returns the format called name (any case), else the error
// DATA_SOURCE_NOT_FOUND with the names there are.
func Lookup(name string) (format.Format, error) {
	n := strings.ToLower(name)
	if a, ok := aliases[n]; ok {
		n = a
	}
	if f, ok := formats[n]; ok {
		return f(), nil
	}
	return nil, sqlerr.New(sqlerr.DataSourceNotFound, "Failed to find the data source: %s. Make sure the provider name is correct.", name).
		WithHint("Formats are %s.", strings.Join(Names(), ", "))
}

// Names lists the formats, sorted.
func Names() []string {
	var out []string
	for n := range formats {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

package files

import (
	"strings"
	"time"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/partition"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// partitionColumns decides the partition columns of a listing: the declared
// ones, or those of the folder names with types inferred from all values.
func partitionColumns(l *listing, cfg Config) (types.Schema, error) {
	if len(cfg.Partitioned) > 0 {
		return declaredPartitions(cfg)
	}
	var names []string
	for i, ls := range l.levels {
		if i == 0 {
			for _, lv := range ls {
				names = append(names, lv.column)
			}
		}
		if err := sameLevels(names, ls, l, i); err != nil {
			return nil, err
		}
	}
	parts := make(types.Schema, len(names))
	for c, name := range names {
		parts[c] = types.Field{Name: name, Nullable: true}
		if d := cfg.Declared.Index(name); d >= 0 {
			parts[c] = cfg.Declared[d]
			continue
		}
		parts[c].Type = inferColumn(l, c, cfg.Options)
	}
	return parts, nil
}

func declaredPartitions(cfg Config) (types.Schema, error) {
	var parts types.Schema
	for _, name := range cfg.Partitioned {
		i := cfg.Declared.Index(name)
		if i < 0 {
			return nil, sqlerr.New(sqlerr.UnresolvedColumn, "The partition column `%s` is not among the columns of %s.", name, where(cfg))
		}
		parts = append(parts, cfg.Declared[i])
	}
	return parts, nil
}

func sameLevels(names []string, ls []level, l *listing, i int) error {
	ok := len(names) == len(ls)
	for c := 0; ok && c < len(ls); c++ {
		ok = strings.EqualFold(names[c], ls[c].column)
	}
	if ok {
		return nil
	}
	if len(names) == 0 || len(ls) == 0 {
		return sqlerr.New(sqlerr.ConflictingDirectories, "Conflicting directory structures detected. Suspicious paths: %s, %s.", l.files[0].Path, l.files[i].Path).
			WithHint("Files of one table lie all in partition folders or none does.")
	}
	return sqlerr.New(sqlerr.ConflictingPartitionNames, "Conflicting partition column names detected: %s (%s) and %s (%s).",
		strings.Join(names, ", "), l.files[0].Path, columnsOf(ls), l.files[i].Path)
}

func columnsOf(ls []level) string {
	var names []string
	for _, lv := range ls {
		names = append(names, lv.column)
	}
	return strings.Join(names, ", ")
}

// inferColumn finds the narrowest type that holds all values of partition column c.
func inferColumn(l *listing, c int, opts format.Options) types.Type {
	if opts["partitioncolumntypeinference"] == "false" {
		return types.StringType
	}
	seen, t := map[string]bool{}, types.NullType
	for _, ls := range l.levels {
		if v := ls[c].value; !seen[v] {
			seen[v] = true
			t = widen(t, inferValue(v))
		}
	}
	if t.Kind == types.Null {
		return types.StringType
	}
	return t
}

// inferValue is the type of one folder value, by the order Spark tries them.
func inferValue(s string) types.Type {
	if s == partition.Null {
		return types.NullType
	}
	if _, ok := textvalue.ParseInt(s, 32); ok {
		return types.Int32Type
	}
	if _, ok := textvalue.ParseInt(s, 64); ok {
		return types.Int64Type
	}
	if p, scale, ok := textvalue.DecimalShape(s); ok && scale <= 0 && p-scale <= types.MaxPrecision {
		return types.DecimalType(p-scale, 0)
	}
	if _, ok := textvalue.ParseFloat(s, 64); ok {
		return types.Float64Type
	}
	if len(s) > 10 && s[4] == '-' {
		if _, _, ok := textvalue.ParseTimestamp(s, time.UTC); ok {
			return types.TimestampType
		}
	}
	if len(s) == 10 && s[4] == '-' {
		if _, ok := textvalue.ParseDate(s); ok {
			return types.DateType
		}
	}
	return types.StringType
}

// widen is the type that holds values of both a and b; text if there is no better one.
func widen(a, b types.Type) types.Type {
	switch {
	case a.Kind == types.Null || a.Equal(b):
		return b
	case b.Kind == types.Null:
		return a
	}
	if a.Kind > b.Kind {
		a, b = b, a
	}
	switch {
	case a.Kind == types.Int32 && b.Kind == types.Int64, a.Kind == types.Int32 && b.Kind == types.Float64:
		return b
	case b.Kind == types.Decimal && a.Kind == types.Decimal:
		return types.DecimalType(int(max(a.P, b.P)), 0)
	case b.Kind == types.Decimal && a.Kind.IsInteger():
		return types.DecimalType(max(int(b.P), 20), 0)
	case a.Kind == types.Date && b.Kind == types.Timestamp:
		return b
	}
	return types.StringType
}

// withValues gives every file its partition values as datums of the columns' types.
func withValues(l *listing, parts types.Schema, cfg Config) ([]member, error) {
	out := make([]member, len(l.files))
	loc := zoneOf(cfg.Options)
	memo := make([]map[string]types.Datum, len(parts))
	for i := range memo {
		memo[i] = map[string]types.Datum{}
	}
	for i, f := range l.files {
		out[i].File = f.File
		if len(parts) == 0 {
			continue
		}
		out[i].values = make([]types.Datum, len(parts))
		for c, p := range parts {
			raw, ok := valueOf(l.levels[i], p.Name)
			if !ok {
				return nil, sqlerr.New(sqlerr.ConflictingPartitionNames, "The file %s lies in no folder of the partition column `%s`.", f.Path, p.Name)
			}
			d, known := memo[c][raw]
			if !known {
				if d, ok = partition.Parse(raw, p.Type, loc); !ok {
					return nil, sqlerr.New(sqlerr.InvalidPartitionValue, "Failed to cast value %q to data type %s for partition column `%s`.", raw, p.Type.SQL(), p.Name).
						WithHint("The value is part of the path %s.", f.Path)
				}
				memo[c][raw] = d
			}
			out[i].values[c] = d
		}
	}
	return out, nil
}

func valueOf(ls []level, name string) (string, bool) {
	for _, lv := range ls {
		if strings.EqualFold(lv.column, name) {
			return lv.value, true
		}
	}
	return "", false
}

// zoneOf is the time zone of timestamps in folder names. A zone that is not known is the format's to report.
func zoneOf(opts format.Options) *time.Location {
	loc, err := textvalue.ZoneOf(opts)
	if err != nil {
		return time.UTC
	}
	return loc
}

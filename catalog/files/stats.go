package files

import (
	"context"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/internal/types"
)

// maxStatFiles bounds how many files' metadata an estimate reads; of more
// files an evenly spread sample stands for all.
const maxStatFiles = 512

// Stats estimates the table from the metadata of its files. The answer is
// kept: a Table is one version. Unknown row counts are estimated from bytes.
func (t *Table) Stats(ctx context.Context) (*catalog.Stats, error) {
	t.statsOnce.Do(func() { t.stats, t.statsErr = t.readStats(ctx) })
	return t.stats, t.statsErr
}

func (t *Table) readStats(ctx context.Context) (*catalog.Stats, error) {
	sample := t.files
	if len(sample) > maxStatFiles {
		sample = nil
		for i := range maxStatFiles {
			sample = append(sample, t.files[i*len(t.files)/maxStatFiles])
		}
	}
	each := make([]*catalog.Stats, len(sample))
	err := inParallel(ctx, len(sample), func(ctx context.Context, i int) error {
		s, err := t.format.Stats(ctx, t.cfg.Store, sample[i].File, t.schema[:t.data], t.opts)
		each[i] = s
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &catalog.Stats{}
	for _, f := range t.files {
		out.Bytes += f.Size
	}
	known, bytes := true, int64(0)
	for i, s := range each {
		if s == nil || s.Rows < 0 {
			known = false
			break
		}
		out.Rows += s.Rows
		bytes += sample[i].Size
	}
	if !known {
		out.Rows = -1
	} else if len(sample) < len(t.files) && bytes > 0 {
		out.Rows = int64(float64(out.Rows) * float64(out.Bytes) / float64(bytes))
	}
	out.Columns = t.columnStats(each, out.Rows)
	return out, nil
}

func (t *Table) columnStats(each []*catalog.Stats, rows int64) []catalog.ColumnStats {
	cols := make([]catalog.ColumnStats, len(t.schema))
	for c := range cols[:t.data] {
		first := true
		for _, s := range each {
			if s == nil || s.Columns == nil {
				cols[c] = unknownColumn
				break
			}
			if s.Rows == 0 {
				continue
			}
			if first {
				cols[c] = s.Columns[c]
				first = false
			} else {
				cols[c] = mergeColumn(cols[c], s.Columns[c])
			}
		}
		if len(each) == 0 || first && cols[c].Min == nil && rows != 0 {
			cols[c] = unknownColumn
		}
	}
	for p := t.data; p < len(t.schema); p++ {
		cols[p] = t.partitionStats(p-t.data, rows)
	}
	return cols
}

var unknownColumn = catalog.ColumnStats{Nulls: -1, Distinct: -1, Width: -1}

// mergeColumn adds up the statistics of two sets of files. Distinct counts add
// where the ranges are apart, and the larger one stands where they overlap.
func mergeColumn(a, b catalog.ColumnStats) catalog.ColumnStats {
	out := unknownColumn
	if a.Nulls >= 0 && b.Nulls >= 0 {
		out.Nulls = a.Nulls + b.Nulls
	}
	if a.Width >= 0 && b.Width >= 0 {
		out.Width = (a.Width + b.Width) / 2
	}
	apart := false
	if a.Min != nil && b.Min != nil && a.Max != nil && b.Max != nil {
		out.Min, out.Max = a.Min, a.Max
		if c, ok := Compare(b.Min, out.Min); ok && c < 0 {
			out.Min = b.Min
		}
		if c, ok := Compare(b.Max, out.Max); ok && c > 0 {
			out.Max = b.Max
		}
		c1, ok1 := Compare(a.Max, b.Min)
		c2, ok2 := Compare(b.Max, a.Min)
		apart = ok1 && c1 < 0 || ok2 && c2 < 0
	}
	if a.Distinct >= 0 && b.Distinct >= 0 {
		out.Distinct = max(a.Distinct, b.Distinct)
		if apart {
			out.Distinct = a.Distinct + b.Distinct
		}
	}
	return out
}

// partitionStats are exact but for the number of nulls, which takes rows as spread evenly over files.
func (t *Table) partitionStats(p int, rows int64) catalog.ColumnStats {
	out := catalog.ColumnStats{Width: 8}
	seen := map[types.Datum]bool{}
	nullFiles := int64(0)
	for _, f := range t.files {
		v := f.values[p]
		if v == nil {
			nullFiles++
			continue
		}
		seen[v] = true
		if c, ok := Compare(v, out.Min); out.Min == nil || ok && c < 0 {
			out.Min = v
		}
		if c, ok := Compare(v, out.Max); out.Max == nil || ok && c > 0 {
			out.Max = v
		}
	}
	out.Distinct = int64(len(seen))
	if rows >= 0 && nullFiles > 0 {
		out.Nulls = rows * nullFiles / int64(len(t.files))
	}
	return out
}

package parquet

import (
	"context"
	"math"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/types"
)

// Stats describes a file from its footer. Min and Max are bounds: long strings
// may have been cut. Distinct counts are estimates, see distinct.
func (Format) Stats(ctx context.Context, st store.Store, sf store.File, schema types.Schema, opts format.Options) (*catalog.Stats, error) {
	f, err := openFile(ctx, st, sf, parseSettings(opts))
	if err != nil {
		return nil, err
	}
	out := &catalog.Stats{Rows: f.meta.rows, Bytes: sf.Size, Columns: make([]catalog.ColumnStats, len(schema))}
	have := f.tree.fields()
	for i, field := range schema {
		c := &out.Columns[i]
		*c = catalog.ColumnStats{Nulls: -1, Distinct: -1, Width: -1}
		j := match(have, field.Name, rank(schema, i))
		switch {
		case j < 0:
			c.Nulls, c.Distinct = f.meta.rows, 0
		case f.tree.root[j].leaf != nil && f.tree.root[j].leaf.maxRep == 0 && f.tree.root[j].bad == "":
			f.describe(f.tree.root[j].leaf, field.Type, c)
		}
	}
	return out, nil
}

// describe fills in the statistics of one column.
func (f *file) describe(l *leaf, t types.Type, c *catalog.ColumnStats) {
	var bytes, values, nulls int64
	known, bounded := true, true
	parts := make([]part, 0, len(f.meta.groups))
	for g := range f.meta.groups {
		m := &f.meta.groups[g].columns[l.ordinal]
		if m.values <= 0 {
			continue
		}
		values += m.values
		bytes += m.uncompressed
		n := m.values
		switch {
		case l.maxDef == 0:
		case m.stats.nulls >= 0:
			nulls += m.stats.nulls
			n -= m.stats.nulls
		default:
			known = false
		}
		lo, hi := m.stats.bounds(l)
		p := part{n: max(n, 0), min: statDatum(l, lo, t), max: statDatum(l, hi, t)}
		p.distinct = m.distinct(l, p)
		parts = append(parts, p)
		if p.n == 0 {
			continue
		}
		if p.min == nil || p.max == nil {
			bounded = false
			continue
		}
		if cmp, ok := compareDatums(p.min, c.Min); !ok || cmp < 0 {
			c.Min = p.min
		}
		if cmp, ok := compareDatums(p.max, c.Max); !ok || cmp > 0 {
			c.Max = p.max
		}
	}
	if !bounded {
		c.Min, c.Max = nil, nil
	}
	if known {
		c.Nulls = nulls
	}
	if values > 0 {
		c.Width = width64(l, bytes, values)
		c.Distinct = combine(parts, c.Min, c.Max)
	}
}

func width64(l *leaf, bytes, values int64) int64 {
	if w := l.typ.Storage().Width(); w > 0 && l.typ.Storage() != types.StoreString {
		return int64(w)
	}
	return max(1, bytes/values)
}

// part is what is known of a column in one row group.
type part struct {
	n        int64 // values that are not null
	min, max types.Datum
	distinct float64
}

// distinct estimates how many values a chunk has: what the writer says, else
// for a chunk that is all dictionary encoded the dictionary's size (its
// compressed bytes scaled by the chunk's ratio) over the width of an entry.
// Writers give dictionaries up for columns of many values, so the others are
// taken to have as many as rows.
func (m *columnMeta) distinct(l *leaf, p part) float64 {
	n := float64(p.n)
	if m.stats.distinct > 0 {
		return min(n, float64(m.stats.distinct))
	}
	est := n
	if m.dictOff > 0 && m.dictOff < m.dataOff && m.compressed > 0 {
		const header = 20
		size := max(1, float64(m.dataOff-m.dictOff-header)) * max(1, float64(m.uncompressed)/float64(m.compressed))
		entry := 4.0
		switch l.phys {
		case physInt64, physDouble:
			entry = 8
		case physInt96:
			entry = 12
		case physFixed:
			entry = float64(l.typeLen)
		case physBytes:
			lo, _ := p.min.(string)
			hi, _ := p.max.(string)
			entry = 4 + max(1, float64(len(lo)+len(hi))/2)
		}
		if d := max(1, size/entry); m.otherPages == 0 || m.otherPages < 0 && d < n/4 {
			est = min(n, d)
		}
	}
	return min(est, spread64(p.min, p.max))
}

// spread64 is how many values there can be between two bounds, or infinity.
func spread64(lo, hi types.Datum) float64 {
	switch lo := lo.(type) {
	case int64:
		if hi, ok := hi.(int64); ok {
			return float64(hi) - float64(lo) + 1
		}
	case types.Int128:
		if hi, ok := hi.(types.Int128); ok {
			return hi.Float64() - lo.Float64() + 1
		}
	case bool:
		return 2
	}
	return math.Inf(1)
}

// combine estimates the distinct values of all row groups from those of each.
// Where the groups' ranges hardly overlap (a column in order) they add up.
// Else values are taken as drawn at random from a domain whose size each group
// betrays: d = D(1-exp(-n/D)).
func combine(parts []part, lo, hi types.Datum) int64 {
	var sum, rows, widths, domain float64
	for _, p := range parts {
		sum += p.distinct
		rows += float64(p.n)
		widths += spread64(p.min, p.max)
		domain = max(domain, domainOf(p.distinct, float64(p.n)))
	}
	if rows == 0 {
		return 0
	}
	whole := spread64(lo, hi)
	est := domain * -math.Expm1(-rows/domain)
	if math.IsInf(domain, 1) {
		est = rows
	}
	if !math.IsInf(whole, 1) && widths < 1.5*whole {
		est = sum
	}
	return int64(math.Round(max(1, min(est, whole, sum, rows))))
}

// domainOf solves d = D(1-exp(-n/D)) for D.
func domainOf(d, n float64) float64 {
	if d <= 0 || n <= 0 {
		return 1
	}
	if d > 0.98*n {
		return math.Inf(1)
	}
	lo, hi := d, d*200
	for range 60 {
		mid := (lo + hi) / 2
		if mid*-math.Expm1(-n/mid) < d {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

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
	f.dictOnce.Do(func() { f.dictSizes = f.readDictSizes(ctx, st) })
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
			*c = f.described(f.tree.root[j].leaf, field.Type)
		}
	}
	return out, nil
}

// columnStats are statistics of a column as values of a type.
type columnStats struct {
	t types.Type
	catalog.ColumnStats
}

// described are the statistics of one column. They are kept: every plan asks
// for them, and a file may have thousands of row groups.
func (f *file) described(l *leaf, t types.Type) catalog.ColumnStats {
	f.statsMu.Lock()
	kept, ok := f.stats[l]
	f.statsMu.Unlock()
	if ok && kept.t.Equal(t) {
		return kept.ColumnStats
	}
	c := catalog.ColumnStats{Nulls: -1, Distinct: -1, Width: -1}
	f.describe(l, t, &c)
	f.statsMu.Lock()
	defer f.statsMu.Unlock()
	if f.stats == nil {
		f.stats = map[*leaf]columnStats{}
	}
	f.stats[l] = columnStats{t, c}
	return c
}

// describe fills in the statistics of one column.
func (f *file) describe(l *leaf, t types.Type, c *catalog.ColumnStats) {
	var bytes, values, nulls int64
	known, bounded := true, true
	parts := make([]part, 0, len(f.meta.groups))
	bound := &boundDecoder{l: l, to: t}
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
		p := part{n: max(n, 0), min: bound.datum(lo), max: bound.datum(hi)}
		p.distinct = m.distinct(p, f.dictSizes[g][l])
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

// sampleGroups is how many row groups' dictionaries are counted, sampleReads
// bounds the reads that takes.
const (
	sampleGroups = 8
	sampleReads  = 1000
)

// dictSize is what the header of a dictionary page says; bytes are uncompressed.
type dictSize struct{ entries, bytes int64 }

// readDictSizes takes the number of entries from the headers of dictionary
// pages, in some row groups spread evenly over the file: by group, then leaf.
// What cannot be read is left out; an estimate is no place to fail.
func (f *file) readDictSizes(ctx context.Context, st store.Store) map[int]map[*leaf]dictSize {
	out := map[int]map[*leaf]dictSize{}
	h, err := st.Open(ctx, f.path)
	if err != nil {
		return out
	}
	defer h.Close()
	n := min(len(f.meta.groups), max(1, min(sampleGroups, sampleReads/max(1, len(f.tree.leaves)))))
	var buf [64]byte
	for i := range n {
		g := i * len(f.meta.groups) / n
		out[g] = map[*leaf]dictSize{}
		for _, l := range f.tree.leaves {
			m := &f.meta.groups[g].columns[l.ordinal]
			if m.dictOff <= 0 || m.dictOff >= f.size {
				continue
			}
			k, _ := h.ReadAt(buf[:], m.dictOff)
			if ph, _, err := readPageHeader(buf[:k]); err == nil && ph.typ == pageDict && ph.values >= 0 {
				out[g][l] = dictSize{entries: int64(ph.values), bytes: int64(ph.size)}
			}
		}
	}
	return out
}

// distinct estimates how many values a chunk has: what its writer says, else
// the entries of its dictionary (0: unknown). Writers give dictionaries up for
// columns of many values: a chunk that has none is taken to have as many values
// as rows. NaN if nothing can be said.
func (m *columnMeta) distinct(p part, d dictSize) float64 {
	n := float64(p.n)
	est := n
	switch {
	case m.stats.distinct > 0:
		est = float64(m.stats.distinct)
	case m.dictOff <= 0:
	case d.entries == 0:
		return math.NaN() // not sampled
	case m.otherPages == 0 || m.otherPages < 0 && m.onlyIndexes(d):
		est = float64(d.entries)
	case m.dictPages > 0 && m.otherPages > 0:
		// The dictionary was filled by the values of the first pages.
		first := n * float64(m.dictPages) / float64(m.dictPages+m.otherPages)
		if e := float64(d.entries); e < 0.8*first {
			domain := domainOf(e, first)
			est = domain * -math.Expm1(-n/domain)
		}
	}
	return min(est, n, spread64(p.min, p.max))
}

// onlyIndexes reports whether the chunk is no larger than its dictionary and
// an index a value: that no page fell back to another encoding.
func (m *columnMeta) onlyIndexes(d dictSize) bool {
	indexes := float64(m.values) * float64(width(int(d.entries))) / 8
	return float64(m.uncompressed-d.bytes) < 1.2*indexes+float64(m.values)/8+4096
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

// combine estimates the distinct values of all row groups from those that are
// known; the others count like these. Three pictures of a column are tried:
//
//   - in order: row groups cover small parts of the range, which add up;
//   - in clumps: an integer that repeats now and then (the customer of an
//     order's lines) is drawn from its whole range, a few times fewer than there are rows;
//   - at random: a value a row from a domain whose size each row group
//     betrays, d = D(1-exp(-n/D)).
func combine(parts []part, lo, hi types.Datum) int64 {
	var sum, rows, known, widths, domain, groups float64
	for _, p := range parts {
		rows += float64(p.n)
		if !math.IsNaN(p.distinct) && p.n > 0 {
			groups++
			known += float64(p.n)
			sum += p.distinct
			widths += spread64(p.min, p.max)
			domain = max(domain, domainOf(p.distinct, float64(p.n)))
		}
	}
	if rows == 0 {
		return 0
	}
	if known == 0 {
		return -1
	}
	density, repeat, mean := sum/widths, known/sum, sum/groups
	sum *= rows / known
	whole := spread64(lo, hi)
	est := domain * -math.Expm1(-rows/domain)
	switch {
	case math.IsInf(domain, 1):
		est = rows
	case math.IsInf(whole, 1):
	case widths/groups < whole/2:
		est = whole * density
	case repeat >= 3 && repeat <= 64 && whole > 2*domain && whole/mean <= 256:
		draws := -whole * math.Log1p(-mean/whole) * rows / (known / groups)
		est = whole * -math.Expm1(-draws/whole)
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

// Package parquet reads and writes Parquet files.
//
//	footer ──► row groups ──► column chunks ──► pages ──► vectors
//	 cached     skipped by     one read for     decompressed   decoded a batch
//	            statistics,    neighbours       when a row     at a time
//	            bloom filters  that are wanted  is wanted
//
// A split is some row groups. Reading one goes column by column and batch by
// batch: the columns that filters look at are decoded first, the others only
// for batches in which a row survives; whole pages in between are never
// decompressed. String columns with small dictionaries come out dictionary
// encoded, with codes that stay the same over all splits a thread reads.
//
// Files are not trusted. Counts and sizes are checked before anything is
// allocated by them; every failure names the file.
//
// Columns are found by name, exactly or else in another case. A column the file
// lacks is NULL, a narrower type is widened, anything else is an error that
// names file and column.
package parquet

import (
	"context"
	"encoding/binary"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Format is the Parquet format.
type Format struct{}

// New returns the Parquet format.
func New() format.Format { return Format{} }

// Name is the name after USING.
func (Format) Name() string { return "parquet" }

// groupStart is the first byte of a row group, by which byte ranges own groups.
func (f *file) groupStart(g int) int64 {
	cols := f.meta.groups[g].columns
	if len(cols) == 0 {
		return 0
	}
	start := cols[0].dataOff
	if d := cols[0].dictOff; d > 0 && d < start {
		start = d
	}
	return start
}

// splitRows is how many rows a split has at least, unless its file has fewer:
// enough to be worth a thread's while.
const splitRows = 100_000

// Splits makes one split a row group, with small neighbours put together. Row
// groups that statistics show to hold no row for filters are left out.
func (Format) Splits(ctx context.Context, st store.Store, sf store.File, schema types.Schema, filters []expr.Expr, opts format.Options) ([]catalog.Split, error) {
	f, err := openFile(ctx, st, sf, parseSettings(opts))
	if err != nil {
		return nil, err
	}
	// Opening checks the types again; here it tells of a clash while planning.
	var out []catalog.Split
	var cur *catalog.Split
	prune := newPruner(f, schema, nil, filters)
	for g := range f.meta.groups {
		rg := &f.meta.groups[g]
		if rg.rows == 0 || !prune.group(g) {
			cur = nil
			continue
		}
		var bytes int64
		for i := range rg.columns {
			bytes += rg.columns[i].compressed
		}
		if cur == nil || cur.Rows+rg.rows > splitRows+splitRows/2 {
			out = append(out, catalog.Split{Path: sf.Path, Start: f.groupStart(g), Size: sf.Size, ModTime: sf.ModTime})
			cur = &out[len(out)-1]
		}
		cur.Rows += rg.rows
		cur.Length += bytes
		cur.Spec = binary.AppendUvarint(cur.Spec, uint64(g))
	}
	return out, nil
}

// Infer merges the schemas of the files by column name, in the order of the
// files; a column some file lacks is nullable. With the option mergeSchema =
// false the first file's schema is taken as it is.
func (Format) Infer(ctx context.Context, st store.Store, files []store.File, opts format.Options) (types.Schema, error) {
	if opts["mergeschema"] == "false" {
		files = files[:1]
	}
	var out []types.Field
	for i, sf := range files {
		f, err := openFile(ctx, st, sf, parseSettings(opts))
		if err != nil {
			return nil, err
		}
		for _, n := range f.tree.root {
			if n.bad != "" {
				return nil, sqlerr.New(sqlerr.FileReadParquetType, "Column %s of file %s has the Parquet type %s, which is not supported.", n.name, sf.Path, n.bad)
			}
		}
		have := f.tree.fields()
		if i == 0 {
			out = have
			continue
		}
		merged, clash, ok := mergeFields(out, have)
		if !ok {
			j := types.Schema(out).Index(clash)
			k := types.Schema(have).Index(clash)
			return nil, sqlerr.New(sqlerr.MergeSchemas, "Failed merging schemas: column %s is %s in other files, but %s in file %s.", clash, out[j].Type, have[k].Type, sf.Path)
		}
		out = merged
	}
	return out, nil
}

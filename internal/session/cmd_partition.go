package session

import (
	"context"
	"maps"
	"slices"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/partition"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/ast"
)

// partitions names the partitions that hold files and have the values only, each once and sorted.
func partitions(ctx context.Context, st *statement, tb catalog.Table, only map[string]types.Datum) ([]string, error) {
	places := tb.PartitionColumns()
	scan, err := tb.Scan(ctx, places, nil, nil)
	if err != nil {
		return nil, err
	}
	cols := make(types.Schema, len(places))
	for i, p := range places {
		cols[i] = tb.Schema()[p]
	}
	seen := map[string]bool{}
	for _, sp := range scan.Splits {
		match := len(sp.Partition) == len(cols)
		for i := 0; match && i < len(cols); i++ {
			v, ok := only[cols[i].Name]
			match = !ok || v == sp.Partition[i]
		}
		if !match {
			continue
		}
		folder, err := partition.Folder(cols, sp.Partition, settings.TimeZone(st.snap))
		if err != nil {
			return nil, err
		}
		seen[folder] = true
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// dropPartitions runs ALTER TABLE … DROP PARTITION: all partitions that have
// the values given go, with their files.
func (s *Session) dropPartitions(ctx context.Context, st *statement, n *ast.AlterTable, a *ast.DropPartitions, t *target, tb catalog.Table) error {
	if !tb.Info().Managed {
		return unsupportedAlter(n, "DROP PARTITION, as its files are not the table's own")
	}
	if len(tb.PartitionColumns()) == 0 {
		return sqlerr.New(sqlerr.PartitionSchemaEmpty, "Operation not allowed: ALTER TABLE DROP PARTITION. Table %s is not a partitioned table: the partition schema is empty.", quote(t.parts)).At(n.Name.Pos())
	}
	var gone []map[string]types.Datum
	for i := range a.Partitions {
		spec := &a.Partitions[i]
		only, err := s.partition(ctx, st, tb, spec.Values, t)
		if err != nil {
			return err
		}
		found, err := partitions(ctx, st, tb, only)
		switch {
		case err != nil:
			return err
		case len(found) > 0 && len(only) > 0:
			gone = append(gone, only)
		case !a.IfExists:
			return sqlerr.New(sqlerr.CannotUpdatePartition, "The partition(s) cannot be found in table %s. Verify the partition specification and table name.", quote(t.parts)).At(spec.Pos())
		}
	}
	for _, only := range gone {
		if err := s.clear(ctx, t, only); err != nil {
			return sqlerr.At(err, n.Name.Pos())
		}
	}
	return nil
}

// clear takes the rows out of a table, or out of its partitions with the given values.
func (s *Session) clear(ctx context.Context, t *target, only map[string]types.Datum) error {
	staged, err := t.cat.Begin(ctx, catalog.TableSpec{Name: t.full()}, catalog.Overwrite)
	if err != nil {
		return err
	}
	staged.Static = only
	if err := t.cat.Commit(ctx, staged, nil); err != nil {
		s.abort(t.cat, staged)
		return err
	}
	return nil
}

package sort

import (
	"context"

	"github.com/volley-sql/volley/exec/row"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Buckets is into how many parts a partitioned sort cuts what it spills, each
// of which can be read by itself. Rows that agree in what they are partitioned by are in one.
const (
	bucketBits = 6
	Buckets    = 1 << bucketBits
)

// bucket is that of a row of a sealed run. It is a hash of the normalized key,
// and so has nothing to do with the hash that sent the row to this task.
// Arrays and structs count for nothing: rows partitioned by them alone are in one bucket.
func (r *run) bucket(n uint32) int {
	l, key := &r.layout, r.key(n)
	last := &l.keys[r.spec.parts-1]
	h := row.Bytes(key[:last.off+last.width])
	for i := range l.keys[:r.spec.parts] {
		k := &l.keys[i]
		if !k.tie || k.typ.Storage() != types.StoreString || !k.cut(key[k.off:k.off+k.width]) {
			continue
		}
		if v, j := r.values(k.col, n); !v.Null(j) {
			h = h*31 + row.Text(vec.Data[string](v)[j])
		}
	}
	return int(row.Uniform(h) >> (64 - bucketBits))
}

// cut puts rows of a sealed run into buckets, in each of which their order
// stays: bucket b is rows ends[b] … ends[b+1] of what it returns. The memory
// was reserved with the rows.
func (r *run) cut(n int, row func(i int) uint32) (rows []uint32, ends [Buckets + 1]int) {
	var next [Buckets]int
	for i := range n {
		next[r.bucket(row(i))]++
	}
	for b, k := range next {
		next[b] = ends[b]
		ends[b+1] = ends[b] + k
	}
	rows = r.numbers(n)
	for i := range n {
		x := row(i)
		b := r.bucket(x)
		rows[next[b]] = x
		next[b]++
	}
	return rows, ends
}

// Spilled reports, after Finish, that rows are on disk: they are then read by ReadBucket.
func (s *Sorter) Spilled() bool { return s.spilled.some() }

// Spill moves all rows to disk, after Finish.
func (s *Sorter) Spill(ctx context.Context) error {
	if s.all == nil || len(s.rows) == 0 {
		return nil
	}
	err := s.spilled.writeNumbers(ctx, s.all, s.rows)
	s.rows = nil
	return err
}

// Keyed is a stream of sorted rows with all columns of the store, and their keys, one behind the other.
type Keyed func(yield func(b *vec.Batch, keys []byte, err error) bool)

// ReadBucket merges the rows of a bucket of a sort that has Spilled. A sort
// that is not partitioned has them all in bucket 0. Any number of threads may
// read, each a stream of its own.
func (s *Sorter) ReadBucket(ctx context.Context, bucket int) Keyed {
	return func(yield func(*vec.Batch, []byte, error) bool) {
		var cursors []cursor
		for _, f := range s.spilled.files {
			from, to := int64(0), f.file.Size()
			if s.spec.parts > 0 {
				from, to = f.ends[bucket], f.ends[bucket+1]
			}
			if from < to {
				cursors = append(cursors, newFileCursor(f.file, from, to, s.spec))
			}
		}
		rows := s.rows
		if s.spec.parts > 0 {
			rows = rows[s.ends[bucket]:s.ends[bucket+1]]
		}
		if len(rows) > 0 {
			cursors = append(cursors, &memoryCursor{run: s.all, rows: rows})
		}
		m := &merger{spec: s.spec, layout: s.spec.layout, yield: yield, wantKeys: true}
		m.stream(ctx, cursors, s.spec.types)
	}
}

package write

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/partition"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// threadWriter is the state of one thread.
type threadWriter struct {
	w      *Write
	thread int
	count  int // files made so far
	clock  int64
	// open has the files being written by partition key ("" if not partitioned).
	open map[string]*openFile
	key  []byte
	hit  []*openFile // partitions of the current batch
	out  vec.Batch
}

type openFile struct {
	catalog.File
	out  store.Writer
	enc  format.Writer
	used int64
	sel  []uint16 // rows of the current batch
	held int64    // reserved for what enc gathers
}

// write stores one batch.
func (t *threadWriter) write(ctx context.Context, b *vec.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	for _, c := range t.w.strict {
		f := t.w.target.Schema[c]
		if err := notNull(b.Cols[c], f, b.Selection(), "`"+f.Name+"`"); err != nil {
			return err
		}
	}
	t.out.Cols = t.out.Cols[:0]
	for _, c := range t.w.data {
		t.out.Cols = append(t.out.Cols, b.Cols[c])
	}
	t.out.N = b.N
	if len(t.w.parts) == 0 {
		f, err := t.file(ctx, nil, nil)
		if err != nil {
			return err
		}
		return t.put(f, b.Sel, b.Rows())
	}
	t.hit = t.hit[:0]
	for _, i := range b.Selection() {
		t.key = t.key[:0]
		for _, p := range t.w.parts {
			t.key = appendKey(t.key, b.Cols[p], int(i))
		}
		f := t.open[string(t.key)]
		if f == nil {
			// Files that have rows of this batch waiting must stay open.
			if len(t.open) >= maxOpen {
				if err := t.flush(); err != nil {
					return err
				}
			}
			values := make([]types.Datum, len(t.w.parts))
			for j, p := range t.w.parts {
				values[j] = b.Cols[p].Get(int(i))
			}
			var err error
			if f, err = t.file(ctx, t.key, values); err != nil {
				return err
			}
		}
		if len(f.sel) == 0 {
			t.hit = append(t.hit, f)
		}
		f.sel = append(f.sel, i)
	}
	return t.flush()
}

// flush writes the rows that wait in selections.
func (t *threadWriter) flush() error {
	for _, f := range t.hit {
		if err := t.put(f, f.sel, len(f.sel)); err != nil {
			return err
		}
		f.sel = f.sel[:0]
	}
	t.hit = t.hit[:0]
	return nil
}

// put writes rows of the current batch to a file and ends the file if it is full.
func (t *threadWriter) put(f *openFile, sel []uint16, n int) error {
	for limit := t.w.maxRows; limit > 0 && !t.w.target.SingleFile && f.Rows+int64(n) > limit; {
		// The file is full in the middle of the batch.
		if sel == nil {
			sel = vec.Identity[:t.out.N]
		}
		k := int(limit - f.Rows)
		if err := t.encode(f, sel[:k], k); err != nil {
			return err
		}
		sel, n = sel[k:], n-k
		if err := t.rotate(f); err != nil {
			return err
		}
	}
	if err := t.encode(f, sel, n); err != nil {
		return err
	}
	if !t.w.target.SingleFile && (f.enc.Bytes() >= t.w.maxBytes || t.w.maxRows > 0 && f.Rows >= t.w.maxRows) {
		return t.end(f)
	}
	return nil
}

func (t *threadWriter) encode(f *openFile, sel []uint16, n int) error {
	t.out.Sel = sel
	t.clock++
	f.used = t.clock
	f.Rows += int64(n)
	if err := f.enc.Write(&t.out); err != nil {
		return err
	}
	return t.account(f)
}

// account reserves what the encoder of f gathered. If it does not fit, encoders
// pass on what they have, those that hold most first.
func (t *threadWriter) account(f *openFile) error {
	err := t.reserve(f)
	if err == nil {
		return nil
	}
	files := slices.SortedFunc(maps.Values(t.open), func(a, b *openFile) int { return cmp.Compare(b.holds(), a.holds()) })
	for _, o := range files {
		if enc, ok := o.enc.(format.Buffering); ok {
			if err := enc.Flush(); err != nil {
				return err
			}
			if o != f {
				if err := t.reserve(o); err != nil {
					return err
				}
			}
		}
		if err = t.reserve(f); err == nil {
			return nil
		}
	}
	return err
}

// holds is the memory of the encoder, 0 if it gathers nothing.
func (f *openFile) holds() int64 {
	if enc, ok := f.enc.(format.Buffering); ok {
		return enc.Held()
	}
	return 0
}

// reserve makes what is reserved for f what its encoder holds.
func (t *threadWriter) reserve(f *openFile) error {
	if t.w.account == nil {
		return nil
	}
	now := f.holds()
	if now > f.held {
		if err := t.w.account.Reserve(now - f.held); err != nil {
			return err
		}
	} else {
		t.w.account.Release(f.held - now)
	}
	f.held = now
	return nil
}

// forget gives back what was reserved for f.
func (t *threadWriter) forget(f *openFile) {
	if t.w.account != nil {
		t.w.account.Release(f.held)
	}
	f.held = 0
}

// appendKey adds the value of a row to a key that is equal for equal partition folders.
func appendKey(k []byte, v *vec.Vec, i int) []byte {
	if v.Null(i) {
		return append(k, 0)
	}
	b, j := v.Base(), v.Index(i)
	k = append(k, 1)
	switch b.Type.Storage() {
	case types.StoreString:
		s := vec.Data[string](b)[j]
		k = append(k, byte(len(s)), byte(len(s)>>8), byte(len(s)>>16), byte(len(s)>>24))
		return append(k, s...)
	case types.StoreInt32:
		x := uint32(vec.Data[int32](b)[j])
		return append(k, byte(x), byte(x>>8), byte(x>>16), byte(x>>24))
	case types.StoreInt64:
		x := uint64(vec.Data[int64](b)[j])
		return append(k, byte(x), byte(x>>8), byte(x>>16), byte(x>>24), byte(x>>32), byte(x>>40), byte(x>>48), byte(x>>56))
	}
	// The folder's own text; errors show when the file is made.
	text, _ := partition.Format(v.Get(i), b.Type, time.UTC)
	return append(append(k, text...), 0)
}

// file makes the file of a partition; key is nil if there are none.
func (t *threadWriter) file(ctx context.Context, key []byte, values []types.Datum) (*openFile, error) {
	if f := t.open[string(key)]; f != nil {
		return f, nil
	}
	if len(t.open) >= maxOpen {
		if err := t.end(t.oldest()); err != nil {
			return nil, err
		}
	}
	f := &openFile{}
	if len(t.w.parts) > 0 {
		cols := make(types.Schema, len(t.w.parts))
		for i, p := range t.w.parts {
			cols[i] = t.w.target.Schema[p]
		}
		var err error
		if f.Partition, err = partition.Folder(cols, values, t.w.zone); err != nil {
			return nil, err
		}
	}
	if err := t.create(ctx, f); err != nil {
		return nil, err
	}
	t.open[string(key)] = f
	return f, nil
}

// create starts a new file for f.
func (t *threadWriter) create(ctx context.Context, f *openFile) error {
	f.Path = t.w.name(t.thread, t.count, f.Partition)
	t.count++
	out, err := t.w.store.Create(ctx, f.Path)
	if err != nil {
		return err
	}
	f.out, f.Rows, f.Bytes = out, 0, 0
	f.enc, err = t.w.format.Create(ctx, out, t.w.files, t.w.opts)
	if err != nil {
		_ = out.Abort()
		f.out = nil
	}
	return err
}

func (t *threadWriter) oldest() *openFile {
	var old *openFile
	for _, f := range t.open {
		if old == nil || f.used < old.used {
			old = f
		}
	}
	return old
}

// complete ends the encoding and the file and lists it.
func (t *threadWriter) complete(f *openFile) error {
	if err := f.enc.Close(); err != nil {
		return err
	}
	t.forget(f)
	f.Bytes = f.enc.Bytes()
	if err := f.out.Close(); err != nil {
		return err
	}
	f.out = nil
	t.w.mu.Lock()
	t.w.written = append(t.w.written, f.File)
	t.w.mu.Unlock()
	return nil
}

// rotate ends a full file and starts the next one of its partition.
func (t *threadWriter) rotate(f *openFile) error {
	if err := t.complete(f); err != nil {
		return err
	}
	return t.create(context.Background(), f)
}

// end ends a file; the next row of its partition starts another.
func (t *threadWriter) end(f *openFile) error {
	for k, o := range t.open {
		if o == f {
			delete(t.open, k)
		}
	}
	if err := t.complete(f); err != nil {
		t.forget(f)
		if f.out != nil {
			_ = f.out.Abort()
		}
		return err
	}
	return nil
}

// finish ends all files.
func (t *threadWriter) finish() error {
	for _, f := range t.open {
		if err := t.end(f); err != nil {
			return err
		}
	}
	return nil
}

// abort removes what was not ended.
func (t *threadWriter) abort() {
	for _, f := range t.open {
		t.forget(f)
		if f.out != nil {
			_ = f.out.Abort()
		}
	}
}

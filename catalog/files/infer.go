package files

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Schemas found before are kept by the identity of the files (path, size, time
// of change), since a session asks again at every statement.
var (
	inferMu   sync.Mutex
	inferred  = map[uint64]types.Schema{}
	inferSeed = maphash.MakeSeed()
)

const maxInferred = 1024

// infer finds the schema of the data columns. Columns are nullable: files say little about what comes next.
func (t *Table) infer(ctx context.Context, files []Listed) (types.Schema, error) {
	key := t.inferKey(files)
	inferMu.Lock()
	s, ok := inferred[key]
	inferMu.Unlock()
	if ok {
		return s, nil
	}
	plain := make([]store.File, len(files))
	for i, f := range files {
		plain[i] = f.File
	}
	s, err := t.format.Infer(ctx, t.cfg.Store, plain, t.opts)
	if err != nil {
		return nil, err
	}
	if len(s) == 0 {
		return nil, sqlerr.New(sqlerr.UnableToInferSchema, "Unable to infer schema for %s at %s. It must be specified manually.", t.label(), where(t.cfg))
	}
	s = slices.Clone(s)
	for i := range s {
		s[i].Nullable = true
	}
	inferMu.Lock()
	defer inferMu.Unlock()
	if len(inferred) >= maxInferred {
		clear(inferred)
	}
	inferred[key] = s
	return s, nil
}

func (t *Table) inferKey(files []Listed) uint64 {
	var h maphash.Hash
	h.SetSeed(inferSeed)
	h.WriteString(t.format.Name())
	keys := make([]string, 0, len(t.opts))
	for k, v := range t.opts {
		if k != textvalue.SessionZone { // says nothing about types
			keys = append(keys, k+"="+v)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		h.WriteString(k)
		h.WriteByte(0)
	}
	for _, f := range files {
		fmt.Fprintf(&h, "%s\x00%d %d\n", f.Path, f.Size, f.ModTime)
	}
	return h.Sum64()
}

package parquet

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textvalue"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/internal/sqlerr"
)

// file is a parsed footer. It is shared, and immutable but for what is found out once.
type file struct {
	path string
	size int64
	meta *fileMeta
	tree *schemaTree

	dictOnce  sync.Once
	dictSizes map[int]map[*leaf]dictSize

	statsMu sync.Mutex
	stats   map[*leaf]columnStats // those that were asked for
}

// settings are the options a reader understands.
type settings struct {
	binaryAsString bool
	zone           string // the session's, for files that say so little about their times
}

func parseSettings(o format.Options) settings {
	zone := o["timezone"]
	if zone == "" {
		zone = o[textvalue.SessionZone]
	}
	return settings{binaryAsString: strings.EqualFold(o["binaryasstring"], "true"), zone: zone}
}

const (
	footerTail = 64 << 10  // read first; most footers are smaller
	maxFooter  = 256 << 20 // larger ones are refused
)

// fault names the file in an error of reading it.
func fault(path string, err error) error {
	if err == nil || sqlerr.As(err) != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return sqlerr.Wrap(err, sqlerr.FileReadNoHint, "Encountered error while reading file %s: %v.", path, err)
}

func footerFault(path string, err error) error {
	if err == nil || sqlerr.As(err) != nil {
		return err
	}
	return sqlerr.Wrap(err, sqlerr.FileReadFooter, "Encountered error while reading file %s: %v. Could not read the footer of a Parquet file.", path, err)
}

// footers keeps parsed footers by the version of their file, bounded by about the
// memory they take.
var footers = footerCache{limit: 256 << 20}

// parsedSize is about how many bytes of memory a footer of n bytes takes once it
// is parsed: 3.2 times as many where there are many row groups, and what an empty one takes.
func parsedSize(n int) int { return 2<<10 + 4*n }

type footerKey struct {
	store         any // store.Identity
	path          string
	size, modTime int64
	opts          settings
}

type footerEntry struct {
	key  footerKey
	f    *file
	cost int
}

type footerCache struct {
	mu    sync.Mutex
	order list.List
	byKey map[footerKey]*list.Element
	used  int
	limit int
}

func (c *footerCache) get(k footerKey) *file {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byKey[k]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*footerEntry).f
}

func (c *footerCache) put(k footerKey, f *file, cost int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[footerKey]*list.Element{}
	}
	if c.byKey[k] != nil || cost > c.limit/4 {
		return
	}
	c.byKey[k] = c.order.PushFront(&footerEntry{k, f, cost})
	for c.used += cost; c.used > c.limit; {
		last := c.order.Back()
		e := c.order.Remove(last).(*footerEntry)
		delete(c.byKey, e.key)
		c.used -= e.cost
	}
}

// openFile returns the footer of f, from the cache if it is there.
func openFile(ctx context.Context, st store.Store, f store.File, opts settings) (*file, error) {
	k := footerKey{store.Identity(st), f.Path, f.Size, f.ModTime, opts}
	if got := footers.get(k); got != nil {
		return got, nil
	}
	r, err := st.Open(ctx, f.Path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readFooter(r, k)
}

// readFooter parses the footer of an open file and puts it into the cache.
func readFooter(r store.Reader, k footerKey) (out *file, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, footerFault(k.path, fmt.Errorf("malformed metadata: %v", p))
		}
	}()
	size := r.Size()
	if size < 12 {
		return nil, footerFault(k.path, fmt.Errorf("a file of %d bytes is not a Parquet file", size))
	}
	tail := make([]byte, min(size, footerTail))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil {
		return nil, footerFault(k.path, err)
	}
	switch string(tail[len(tail)-4:]) {
	case "PAR1":
	case "PARE":
		return nil, sqlerr.New(sqlerr.FileReadFooter, "Encountered error while reading file %s: encrypted Parquet files are not supported.", k.path)
	default:
		return nil, footerFault(k.path, errors.New("it is not a Parquet file, its last bytes are not PAR1"))
	}
	n := int64(binary.LittleEndian.Uint32(tail[len(tail)-8:]))
	switch {
	case n > size-12 || n == 0:
		return nil, footerFault(k.path, fmt.Errorf("the footer is said to have %d bytes, the file has %d", n, size))
	case n > maxFooter:
		return nil, footerFault(k.path, fmt.Errorf("the footer has %d bytes, more than the limit of %d", n, maxFooter))
	}
	b := tail[:len(tail)-8]
	if n <= int64(len(b)) {
		b = b[int64(len(b))-n:]
	} else {
		b = make([]byte, n)
		if _, err := r.ReadAt(b, size-8-n); err != nil {
			return nil, footerFault(k.path, err)
		}
	}
	f := &file{path: k.path, size: size}
	if f.meta, err = readFileMeta(b); err == nil {
		if f.meta.encrypted {
			err = errors.New("encrypted Parquet files are not supported")
		} else if f.tree, err = parseSchema(f.meta, k.opts); err == nil {
			err = f.check()
		}
	}
	if err != nil {
		return nil, footerFault(k.path, err)
	}
	footers.put(k, f, parsedSize(len(b)))
	return f, nil
}

// check holds the row groups against the schema, so that readers may index one by the other.
func (f *file) check() error {
	var rows int64
	for i := range f.meta.groups {
		g := &f.meta.groups[i]
		if g.rows < 0 || g.rows > 1<<31 {
			return fmt.Errorf("row group %d has %d rows", i, g.rows)
		}
		rows += g.rows
		if len(g.columns) != len(f.tree.leaves) {
			return fmt.Errorf("row group %d has %d columns, the schema %d", i, len(g.columns), len(f.tree.leaves))
		}
	}
	f.meta.rows = rows
	return nil
}

// chunk returns the byte range of a column chunk.
func (f *file) chunk(group int, l *leaf) (m *columnMeta, start, end int64, err error) {
	m = &f.meta.groups[group].columns[l.ordinal]
	fail := func(format string, args ...any) (*columnMeta, int64, int64, error) {
		return nil, 0, 0, fmt.Errorf("row group %d, column %s: %s", group, l, fmt.Sprintf(format, args...))
	}
	switch {
	case m.encrypted && m.phys < 0:
		return fail("the column is encrypted, which is not supported")
	case m.filePath != "":
		return fail("its data is in another file, %s, which is not supported", m.filePath)
	case m.phys != l.phys:
		return fail("its physical type differs from the schema's")
	case m.values < 0 || m.compressed < 0:
		return fail("negative counts")
	}
	start = m.dataOff
	if m.dictOff > 0 && m.dictOff < start {
		start = m.dictOff
	}
	// Old writers left the dictionary's header out of the size: read a little
	// more, pages end the chunk anyway.
	end = min(start+m.compressed+128, f.size)
	if start < 0 || start > f.size || m.compressed > f.size-start {
		return fail("its bytes %d to %d are not in the file of %d bytes", start, start+m.compressed, f.size)
	}
	return m, start, end, nil
}

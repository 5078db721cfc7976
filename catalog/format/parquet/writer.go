package parquet

import (
	"context"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// What is written where nobody asks for anything else: row groups that are a
// thread's morsel and fit a reader's memory, two pages or more a chunk so that
// page indexes have something to skip, dictionaries while they are small.
const (
	groupRows   = 122_880
	groupBytes  = 128 << 20 // of encoded pages
	pageValues  = 61_440
	pageBytes   = 1 << 20 // of PLAIN values
	dictBytes   = 1 << 20
	dictEntries = 64 << 10
	statBytes   = 64 // longer minima and maxima are cut
)

// Extension names the compression before the suffix, as Spark does.
func (Format) Extension(opts format.Options) string {
	codec, name, err := compression(opts)
	if err != nil || codec == codecNone {
		return ".parquet"
	}
	return "." + name + ".parquet"
}

var codecs = map[string]struct {
	codec  int
	suffix string
}{
	"":             {codecSnappy, "snappy"},
	"snappy":       {codecSnappy, "snappy"},
	"none":         {codecNone, ""},
	"uncompressed": {codecNone, ""},
	"gzip":         {codecGzip, "gz"},
	"zstd":         {codecZstd, "zstd"},
	"brotli":       {codecBrotli, "br"},
	"lz4":          {codecLZ4Raw, "lz4raw"},
	"lz4raw":       {codecLZ4Raw, "lz4raw"},
	"lz4_raw":      {codecLZ4Raw, "lz4raw"},
}

func compression(opts format.Options) (codec int, suffix string, err error) {
	name := opts["compression"]
	if name == "" {
		name = opts["parquet.compression"]
	}
	c, ok := codecs[strings.ToLower(name)]
	if !ok {
		return 0, "", sqlerr.New(sqlerr.InvalidParameterValue, "Codec %s is not available for Parquet. Available codecs are brotli, gzip, lz4, none, snappy, zstd.", name)
	}
	return c.codec, c.suffix, nil
}

// Create starts a file. Equal input gives equal bytes. All columns are
// written as optional. Pages without a dictionary have the delta encodings,
// unless the option parquet.writer.version is v1. A row group ends at so many rows (option row_group_size)
// or so many bytes (option parquet.block.size), whatever comes first.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	codec, _, err := compression(opts)
	if err != nil {
		return nil, err
	}
	f := &fileWriter{w: w, codec: codec}
	if f.groupRows, err = positive(opts, "row_group_size", groupRows); err != nil {
		return nil, err
	}
	if f.groupBytes, err = positive(opts, "parquet.block.size", groupBytes); err != nil {
		return nil, err
	}
	if f.delta, err = deltas(opts, codec); err != nil {
		return nil, err
	}
	f.note = schemaNote(schema)
	f.schema = append(f.schema, schemaElement{name: "schema", children: len(schema), phys: -1, converted: convNone, repetition: -1})
	for _, c := range schema {
		n, err := f.node(c.Name, c.Type, repOptional, 0, 0, nil)
		if err != nil {
			return nil, err
		}
		f.columns = append(f.columns, n)
	}
	return f, f.emit([]byte("PAR1"))
}

// deltas is whether pages may have the delta encodings: unless the option
// parquet.writer.version is v1, which asks for what readers before 2022 know,
// PLAIN and dictionaries, and unless nothing is compressed.
func deltas(opts format.Options, codec int) (bool, error) {
	switch v := opts["parquet.writer.version"]; strings.ToLower(v) {
	case "", "v2", "parquet_2_0":
		return codec != codecNone, nil
	case "v1", "parquet_1_0":
		return false, nil
	default:
		return false, sqlerr.New(sqlerr.InvalidParameterValue, "The option parquet.writer.version must be v1 or v2, found %s.", v)
	}
}

// positive reads an option that is a number above 0.
func positive(opts format.Options, name string, otherwise int) (int, error) {
	s := opts[name]
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 || n > 1<<30 {
		return 0, sqlerr.New(sqlerr.InvalidParameterValue, "The option %s must be a number from 1 to %d, found %s.", name, 1<<30, s)
	}
	return n, nil
}

// fileWriter collects a row group, column by column, in compressed pages.
type fileWriter struct {
	w       io.Writer
	codec   int
	delta   bool // may pages have the delta encodings?
	c       compressor
	schema  []schemaElement
	note    string // the schema as Spark has it, for what Parquet has no types for
	columns []*writeNode
	leaves  []*leafWriter
	rows    int // of the row group so far
	at      int64
	groups  []writtenGroup
	failed  error
	// Limits of a row group.
	groupRows, groupBytes int
	lengths               []int // scratch of portion
}

type writtenGroup struct {
	chunks []writtenChunk
	rows   int64
	start  int64
	bytes  int64 // uncompressed
	packed int64
}

func (f *fileWriter) emit(b []byte) error {
	n, err := f.w.Write(b)
	f.at += int64(n)
	if err != nil {
		f.failed = err
	}
	return err
}

// Bytes counts what has been passed on, whole row groups.
func (f *fileWriter) Bytes() int64 { return f.at }

// Write adds the alive rows of a batch.
func (f *fileWriter) Write(b *vec.Batch) error {
	if f.failed != nil {
		return f.failed
	}
	for sel := b.Selection(); len(sel) > 0; {
		n := f.portion(b.Cols, sel[:min(len(sel), f.groupRows-f.rows)])
		for i, c := range f.columns {
			if err := c.add(b.Cols[i], sel[:n]); err != nil {
				return err
			}
		}
		sel = sel[n:]
		f.rows += n
		bytes := 0
		for _, l := range f.leaves {
			l.rows = int64(f.rows)
			if l.values >= pageValues || l.plainBytes() >= pageBytes {
				if err := l.flush(); err != nil {
					return err
				}
			}
			bytes += len(l.out)
		}
		if f.rows >= f.groupRows || bytes >= f.groupBytes {
			if err := f.flushGroup(); err != nil {
				return err
			}
		}
	}
	return nil
}

// portion is how many of the rows sel go to pages before these are looked at
// again: a batch of long values or long lists would make a page beyond what
// readers take. It is at least one.
func (f *fileWriter) portion(cols []*vec.Vec, sel []uint16) int {
	f.lengths = append(f.lengths[:0], make([]int, len(sel))...)
	for i, c := range f.columns {
		if c.long {
			addLengths(f.lengths, cols[i], sel)
		}
	}
	total := 0
	for i, l := range f.lengths {
		if total += l; total > pageBytes && i > 0 {
			return i
		}
	}
	return len(sel)
}

// addLengths adds the bytes of each row's value, about as they are written.
func addLengths(to []int, v *vec.Vec, sel []uint16) {
	b := v.Base()
	for k, r := range sel {
		if !v.Null(int(r)) {
			to[k] += length(b, v.Index(int(r)))
		}
	}
}

// length is the bytes of value i of a flat vector.
func length(v *vec.Vec, i int) int {
	n := 8
	switch v.Type.Storage() {
	case types.StoreString:
		n += len(vec.Data[string](v)[i])
	case types.StoreStruct:
		for _, k := range v.Kids {
			n += within(k, i)
		}
	case types.StoreList:
		l := vec.Data[vec.List](v)[i]
		for _, k := range v.Kids {
			if w := k.Type.Storage().Width(); w > 0 && k.Type.Storage() != types.StoreString && !k.Type.Kind.IsNested() {
				n += 8 * int(l.Len)
				continue
			}
			for j := l.Off; j < l.Off+l.Len; j++ {
				n += within(k, int(j))
			}
		}
	}
	return n
}

func within(v *vec.Vec, i int) int {
	if v.Null(i) {
		return 1
	}
	return length(v.Base(), v.Index(i))
}

// Held is the memory that pages not passed on take, and what serves to make them.
func (f *fileWriter) Held() int64 {
	var n int64
	for _, l := range f.leaves {
		n += l.held()
	}
	return n + int64(cap(f.c.out))
}

// Flush passes on what is held as a row group, however small.
func (f *fileWriter) Flush() error {
	if f.failed != nil {
		return f.failed
	}
	if err := f.flushGroup(); err != nil {
		return err
	}
	for _, l := range f.leaves {
		l.shrink()
	}
	f.c.out = nil
	return nil
}

// flushGroup passes the row group on.
func (f *fileWriter) flushGroup() error {
	if f.rows == 0 {
		return nil
	}
	g := writtenGroup{rows: int64(f.rows), start: f.at}
	for _, l := range f.leaves {
		chunk, err := l.finish(f.at)
		if err != nil {
			return err
		}
		if len(l.dictPage) > 0 {
			if err := f.emit(l.dictPage); err != nil {
				return err
			}
		}
		if err := f.emit(l.out); err != nil {
			return err
		}
		g.bytes += chunk.uncompressed
		g.packed += chunk.compressed
		g.chunks = append(g.chunks, chunk)
		l.reset()
	}
	f.groups = append(f.groups, g)
	f.rows = 0
	return nil
}

// Close ends the file with its page indexes and footer.
func (f *fileWriter) Close() error {
	if f.failed != nil {
		return f.failed
	}
	if err := f.flushGroup(); err != nil {
		return err
	}
	for g := range f.groups {
		for c := range f.groups[g].chunks {
			if err := f.emitColumnIndex(&f.groups[g].chunks[c]); err != nil {
				return err
			}
		}
	}
	for g := range f.groups {
		for c := range f.groups[g].chunks {
			if err := f.emitOffsetIndex(&f.groups[g].chunks[c]); err != nil {
				return err
			}
		}
	}
	foot := f.footer()
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(foot)))
	return f.emit(append(foot, "PAR1"...))
}

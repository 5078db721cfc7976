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
// thread's morsel, two pages or more a chunk so that page indexes have
// something to skip, dictionaries while they are small.
const (
	groupRows   = 122_880
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
// written as optional; the option row_group_size is the rows of a row group.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	codec, _, err := compression(opts)
	if err != nil {
		return nil, err
	}
	f := &fileWriter{w: w, codec: codec, groupRows: groupRows}
	if s := opts["row_group_size"]; s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n <= 0 || n > 1<<30 {
			return nil, sqlerr.New(sqlerr.InvalidParameterValue, "The option row_group_size must be a number of rows, found %s.", s)
		}
		f.groupRows = n
	}
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

// fileWriter collects a row group, column by column, in compressed pages.
type fileWriter struct {
	w         io.Writer
	codec     int
	c         compressor
	groupRows int
	schema    []schemaElement
	columns   []*writeNode
	leaves    []*leafWriter
	rows      int // of the row group so far
	at        int64
	groups    []writtenGroup
	failed    error
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
		n := min(len(sel), f.groupRows-f.rows)
		for i, c := range f.columns {
			if err := c.add(b.Cols[i], sel[:n]); err != nil {
				return err
			}
		}
		sel = sel[n:]
		f.rows += n
		for _, l := range f.leaves {
			l.rows = int64(f.rows)
			if l.values >= pageValues || l.plainBytes() >= pageBytes {
				if err := l.flush(); err != nil {
					return err
				}
			}
		}
		if f.rows == f.groupRows {
			if err := f.flushGroup(); err != nil {
				return err
			}
		}
	}
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

// Package arrowipc is the format of Arrow IPC files and streams (.arrow,
// .arrows, Feather 2). Reading trusts nothing: frames and metadata are checked
// before arrow-go sees them, values before anything else does.
//
//	bytes ─► guarded (frames, claims) ─► arrow-go ipc ─► arrowvec (values) ─► batch
//
// A file is read as the stream it holds, in one split. Writing makes files
// with record batches of about 64 k rows.
package arrowipc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/exec/vec/arrowvec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Format is the Arrow IPC format. Options: compression (none, lz4, zstd).
type Format struct{}

// New returns the format.
func New() format.Format { return Format{} }

// Name is "arrow".
func (Format) Name() string { return "arrow" }

// Extension is .arrow.
func (Format) Extension(format.Options) string { return ".arrow" }

// magic begins and ends a file; streams begin with a message.
const magic = "ARROW1"

// input is an open file or, for splits that carry their data, memory.
type input struct {
	path string
	r    *ipc.Reader
	g    *guarded
	c    io.Closer
}

func (in *input) close() {
	if in.r != nil {
		func() {
			defer func() { _ = recover() }() // releasing what was damaged
			in.r.Release()
		}()
	}
	in.g.close()
	if in.c != nil {
		in.c.Close()
	}
}

func damaged(path string, err error) error {
	if e := sqlerr.As(err); e != nil && e.Cond != sqlerr.InvalidArrowData {
		return err
	}
	return sqlerr.Wrap(err, sqlerr.FileReadFailed, "Encountered error while reading file %s: %v.", path, err)
}

func open(ctx context.Context, st store.Store, path string, want int64, spec []byte, acct *mem.Account) (*input, error) {
	if path == "" {
		return start(&input{path: "inline data"}, bytes.NewReader(spec), int64(len(spec)), acct)
	}
	f, err := st.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if want > 0 && f.Size() != want {
		f.Close()
		return nil, sqlerr.New(sqlerr.FileReadFailed, "The file %s has changed since the query was planned.", path).WithHint("Run the statement again.")
	}
	in := &input{path: path, c: f}
	return start(in, f, f.Size(), acct)
}

// start finds the stream in r: all of it, or what lies between the magic and
// the footer of a file.
func start(in *input, r io.ReaderAt, size int64, acct *mem.Account) (*input, error) {
	lo, hi := int64(0), size
	var head [8]byte
	if n, _ := r.ReadAt(head[:], 0); n == 8 && string(head[:6]) == magic {
		var tail [10]byte
		if size < 18 {
			in.g = &guarded{}
			in.close()
			return nil, damaged(in.path, fmt.Errorf("%d bytes are too few for an Arrow file", size))
		}
		n, err := r.ReadAt(tail[:], size-10)
		footer := int64(int32(binary.LittleEndian.Uint32(tail[:])))
		if n < 10 || string(tail[4:]) != magic || footer <= 0 || footer > size-18 {
			in.g = &guarded{}
			in.close()
			return nil, damaged(in.path, fmt.Errorf("the file has no footer: it may be cut short (%v)", err))
		}
		lo, hi = 8, size-10-footer
	}
	in.g = &guarded{src: io.NewSectionReader(r, lo, hi-lo), left: hi - lo, acct: acct}
	var err error
	if in.r, err = ipc.NewReaderFromMessageReader(in.g); err != nil {
		in.close()
		return nil, damaged(in.path, err)
	}
	return in, nil
}

// next returns the next record, nil at the end.
func (in *input) next() (rec arrow.RecordBatch, err error) {
	defer func() {
		if p := recover(); p != nil {
			rec, err = nil, damaged(in.path, fmt.Errorf("%v", p))
		}
	}()
	if in.r.Next() {
		return in.r.RecordBatch(), nil
	}
	if err := in.r.Err(); err != nil && !errors.Is(err, io.EOF) {
		return nil, damaged(in.path, err)
	}
	return nil, nil
}

func (in *input) schema() (s types.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, damaged(in.path, fmt.Errorf("%v", p))
		}
	}()
	s, err = arrowvec.FromSchema(in.r.Schema())
	if e := sqlerr.As(err); e != nil {
		e.Msg = strings.TrimSuffix(e.Msg, ".") + ", in file " + in.path + "."
	}
	return s, err
}

// Infer merges the schemas of files by column name.
func (Format) Infer(ctx context.Context, st store.Store, files []store.File, _ format.Options) (types.Schema, error) {
	var out types.Schema
	for _, f := range files {
		in, err := open(ctx, st, f.Path, 0, nil, nil)
		if err != nil {
			return nil, err
		}
		s, err := in.schema()
		in.close()
		if err != nil {
			return nil, err
		}
		for _, c := range s {
			i := out.Index(c.Name)
			if i < 0 {
				out = append(out, c)
				continue
			}
			switch old := out[i].Type; {
			case old.SameShape(c.Type) || wider(c.Type, old):
			case wider(old, c.Type):
				out[i].Type = c.Type
			default:
				return nil, sqlerr.New(sqlerr.MergeSchemas, "Failed merging schemas: column `%s` is %s in %s and %s in a file before.", c.Name, c.Type.SQL(), f.Path, old.SQL())
			}
		}
	}
	return out, nil
}

// wider reports whether every value of from is one of to.
func wider(from, to types.Type) bool {
	switch {
	case from.Kind == types.Null:
		return true
	case from.Kind.IsInteger() && to.Kind.IsInteger():
		return from.Kind < to.Kind
	case from.Kind == types.Float32 && to.Kind == types.Float64:
		return true
	case from.Kind == types.Int8 || from.Kind == types.Int16 || from.Kind == types.Int32:
		return to.Kind == types.Float64
	}
	return false
}

// Splits is the whole file.
func (Format) Splits(_ context.Context, _ store.Store, f store.File, _ types.Schema, _ []expr.Expr, _ format.Options) ([]catalog.Split, error) {
	return []catalog.Split{{Path: f.Path, Length: f.Size, Size: f.Size, ModTime: f.ModTime, Rows: -1}}, nil
}

// Stats are unknown.
func (Format) Stats(context.Context, store.Store, store.File, types.Schema, format.Options) (*catalog.Stats, error) {
	return nil, nil
}

// Open reads a file, or the stream in Split.Spec if the split names no file.
func (Format) Open(ctx context.Context, req format.ReadRequest) (vec.Stream, error) {
	return func(yield func(*vec.Batch, error) bool) {
		in, err := open(ctx, req.Store, req.Split.Path, req.Split.Size, req.Split.Spec, req.Account)
		if err != nil {
			yield(nil, err)
			return
		}
		defer in.close()
		r := reader{req: req, in: in, dec: arrowvec.Decoder{KeepDictionaries: true, Cols: []int{}}}
		if err := r.plan(); err != nil {
			yield(nil, err)
			return
		}
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			rec, err := in.next()
			if err != nil {
				yield(nil, err)
				return
			}
			if rec == nil || !r.deliver(rec, yield) {
				return
			}
		}
	}, nil
}

// reader maps the columns of one file to those asked for.
type reader struct {
	req  format.ReadRequest
	in   *input
	dec  arrowvec.Decoder
	from []int // column delivered → column of the decoder, -1: the file has none
	typ  []types.Type
	out  vec.Batch
	kept []vec.Vec
}

func (r *reader) plan() error {
	have, err := r.in.schema()
	if err != nil {
		return err
	}
	r.kept = make([]vec.Vec, len(r.req.Cols))
	for _, c := range r.req.Cols {
		want := r.req.Schema[c]
		i := have.Index(want.Name)
		if i < 0 {
			r.from = append(r.from, -1)
			r.typ = append(r.typ, want.Type)
			continue
		}
		if !have[i].Type.SameShape(want.Type) && !wider(have[i].Type, want.Type) {
			return sqlerr.New(sqlerr.FileReadFailed, "Column `%s` of file %s has the type %s where %s is expected.", want.Name, r.in.path, have[i].Type.SQL(), want.Type.SQL())
		}
		r.from = append(r.from, len(r.dec.Cols))
		r.dec.Cols = append(r.dec.Cols, i)
		r.typ = append(r.typ, want.Type)
	}
	return nil
}

// deliver yields the rows of a record and reports whether to go on.
func (r *reader) deliver(rec arrow.RecordBatch, yield func(*vec.Batch, error) bool) bool {
	for b, err := range r.dec.Batches(rec, r.req.BatchSize) {
		if err != nil {
			yield(nil, damaged(r.in.path, err))
			return false
		}
		r.out.N, r.out.Sel, r.out.Cols = b.N, nil, r.out.Cols[:0]
		for i, f := range r.from {
			v := &r.kept[i]
			switch {
			case f < 0:
				v.Reset(r.typ[i])
				v.SetConst(b.N)
				if r.typ[i].Kind != types.Null {
					v.SetNull(0)
				}
			case b.Cols[f].Type.SameShape(r.typ[i]):
				v = b.Cols[f]
			default:
				widen(v, b.Cols[f], r.typ[i])
			}
			r.out.Cols = append(r.out.Cols, v)
		}
		if !yield(&r.out, nil) {
			return false
		}
	}
	return true
}

// widen converts as wider allows; a value at a time, since it is rare.
func widen(dst, src *vec.Vec, t types.Type) {
	dst.Reset(t)
	dst.Resize(src.Len())
	for i := range src.Len() {
		d := src.Get(i)
		if n, ok := d.(int64); ok && t.Kind == types.Float64 {
			d = float64(n)
		}
		dst.Put(i, d)
	}
}

// Inline is a split that carries rows itself: tables that are no files.
func Inline(s types.Schema, batches ...*vec.Batch) ([]byte, error) {
	var buf bytes.Buffer
	e := arrowvec.NewEncoder(s)
	w := ipc.NewWriter(&buf, ipc.WithSchema(e.Schema()))
	for _, b := range batches {
		rec, err := e.Record(b)
		if err != nil {
			return nil, err
		}
		err = w.Write(rec)
		rec.Release()
		if err != nil {
			return nil, sqlerr.Wrap(err, sqlerr.InternalError, "inline rows: %v", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.InternalError, "inline rows: %v", err)
	}
	return buf.Bytes(), nil
}

// rowsPerRecord is how many rows gather before a record batch is written.
const rowsPerRecord = 64 << 10

// Create starts a file.
func (Format) Create(_ context.Context, w io.Writer, schema types.Schema, opts format.Options) (format.Writer, error) {
	e := arrowvec.NewEncoder(schema)
	a := &writer{enc: e, count: countWriter{w: w}}
	o := []ipc.Option{ipc.WithSchema(e.Schema())}
	switch c := strings.ToLower(opts["compression"]); c {
	case "", "none", "uncompressed":
	case "lz4":
		o = append(o, ipc.WithLZ4())
	case "zstd":
		o = append(o, ipc.WithZstd())
	default:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "The codec %s is not available for Arrow files; available are none, lz4, zstd.", c)
	}
	var err error
	if a.out, err = ipc.NewFileWriter(&a.count, o...); err != nil {
		return nil, sqlerr.Wrap(err, sqlerr.WriteFailed, "Cannot start an Arrow file: %v.", err)
	}
	return a, nil
}

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

type writer struct {
	enc   *arrowvec.Encoder
	out   *ipc.FileWriter
	count countWriter
	recs  []arrow.RecordBatch
	rows  int64
}

func (w *writer) Write(b *vec.Batch) error {
	if b.Rows() == 0 {
		return nil
	}
	rec, err := w.enc.Record(b)
	if err != nil {
		return err
	}
	w.recs = append(w.recs, rec)
	if w.rows += rec.NumRows(); w.rows >= rowsPerRecord {
		return w.flush()
	}
	return nil
}

// flush writes the rows that gathered as one record batch.
func (w *writer) flush() error {
	if len(w.recs) == 0 {
		return nil
	}
	defer func() {
		for _, r := range w.recs {
			r.Release()
		}
		w.recs, w.rows = w.recs[:0], 0
	}()
	if len(w.recs) == 1 {
		return w.out.Write(w.recs[0])
	}
	cols := make([]arrow.Array, w.recs[0].NumCols())
	for c := range cols {
		parts := make([]arrow.Array, len(w.recs))
		for i, r := range w.recs {
			parts[i] = r.Column(c)
		}
		a, err := array.Concatenate(parts, memory.DefaultAllocator)
		if err != nil {
			return sqlerr.Wrap(err, sqlerr.InternalError, "Arrow file: %v", err)
		}
		defer a.Release()
		cols[c] = a
	}
	rec := array.NewRecordBatch(w.enc.Schema(), cols, w.rows)
	defer rec.Release()
	return w.out.Write(rec)
}

// Close writes what waits and the footer.
func (w *writer) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.out.Close()
}

// Bytes is what was written; rows that wait are not counted.
func (w *writer) Bytes() int64 { return w.count.n }

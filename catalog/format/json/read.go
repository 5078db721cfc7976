package json

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Format is the JSON format.
type Format struct{}

// New returns the format.
func New() format.Format { return Format{} }

// Name is "json".
func (Format) Name() string { return "json" }

// Splits cuts by size.
func (Format) Splits(_ context.Context, _ store.Store, f store.File, _ types.Schema, _ []expr.Expr, opts format.Options) ([]catalog.Split, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	return o.layout.Splits(f), nil
}

// Stats estimates the number of records from the first lines.
func (Format) Stats(ctx context.Context, st store.Store, f store.File, _ types.Schema, opts format.Options) (*catalog.Stats, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	rows, err := o.layout.EstimateLines(ctx, st, f)
	if err != nil || rows < 0 {
		return nil, err
	}
	return &catalog.Stats{Rows: rows, Bytes: f.Size}, nil
}

// errStopped ends reading when the consumer wants no more.
var errStopped = errors.New("stopped")

// Open reads a split.
func (Format) Open(ctx context.Context, req format.ReadRequest) (vec.Stream, error) {
	o, err := parseOptions(req.Options, reading)
	if err != nil {
		return nil, err
	}
	for _, f := range req.Schema {
		if f.Type.Kind.IsInterval() {
			return nil, sqlerr.New(sqlerr.UnsupportedFormatType, "The JSON datasource doesn't support the column `%s` of the type %s.", f.Name, f.Type.SQL())
		}
		if err := o.times.Err(f.Type); err != nil {
			return nil, err
		}
	}
	return func(yield func(*vec.Batch, error) bool) {
		r := newReader(o, req, yield)
		if err := eachRecord(ctx, req.Store, req.Split, o, req.Account, r.record, r.flush); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}, nil
}

// eachRecord calls f with the text of every record's line (or the whole file)
// and done whenever that text is about to go.
func eachRecord(ctx context.Context, st store.Store, sp catalog.Split, o *options, acct *mem.Account, f func(path string, text []byte) error, done func() error) error {
	in, err := textfile.Open(ctx, st, sp, o.layout, acct)
	if err != nil {
		return err
	}
	defer in.Close()
	if o.multi {
		text, err := whole(ctx, in)
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(text)) > 0 {
			if err := f(sp.Path, text); err != nil {
				return err
			}
		}
		return done()
	}
	for {
		block, err := in.Next(0)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		for len(block) > 0 {
			var line []byte
			line, block = o.layout.CutLine(block)
			if blank(line) {
				continue
			}
			if err := f(sp.Path, line); err != nil {
				return err
			}
		}
		if err := done(); err != nil {
			return err
		}
	}
}

func blank(line []byte) bool {
	for _, c := range line {
		if c > ' ' {
			return false
		}
	}
	return true
}

// whole reads a file to its end.
func whole(ctx context.Context, in *textfile.Reader) ([]byte, error) {
	for unread := 0; ; {
		b, err := in.Next(unread)
		if errors.Is(err, io.EOF) {
			return in.Tail(), nil
		}
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		unread = len(b)
	}
}

// reader turns records into batches.
type reader struct {
	o     *options
	req   format.ReadRequest
	yield func(*vec.Batch, error) bool
	// root has a field for every column read from the data.
	root *builder
	scan scanner
	size int

	bad    []bool
	texts  []string // of records that do not fit, by row; only if asked for
	anyBad bool
	order  []int // column delivered → field of root, -1: the corrupt record
	keep   bool
	batch  vec.Batch
	extra  vec.Vec
}

func newReader(o *options, req format.ReadRequest, yield func(*vec.Batch, error) bool) *reader {
	r := &reader{o: o, req: req, yield: yield, size: max(min(req.BatchSize, vec.MaxSize), 1)}
	var fields []types.Field
	for _, c := range req.Cols {
		f := req.Schema[c]
		if strings.EqualFold(f.Name, o.corrupt) && f.Type.Kind == types.String {
			r.order, r.keep = append(r.order, -1), true
			continue
		}
		r.order = append(r.order, len(fields))
		fields = append(fields, f)
	}
	r.keep = r.keep || o.mode == failFast
	r.root = newBuilder(types.StructType(fields...))
	r.scan.o = o
	return r
}

// record reads the value of a line: an object, or an array of objects.
func (r *reader) record(path string, text []byte) error {
	s := &r.scan
	s.b, s.i = text, 0
	var err error
	switch s.next() {
	case object:
		return r.add(path, text, r.root.n, r.root.object(s, 1))
	case array:
		// Only a complete array is a record each; a damaged one is one bad record.
		check := *s
		mark := len(check.scratch)
		objects := true
		err = check.elements(func() error {
			objects = objects && check.next() == object
			return check.skip(1)
		})
		s.scratch = check.scratch[:mark]
		if err == nil && objects {
			return s.elements(func() error {
				s.space()
				return r.add(path, text, r.root.n, r.root.object(s, 1))
			})
		}
	}
	return r.add(path, text, r.root.n, errSyntax)
}

// add counts the record that was read into row base with the result err. One
// that is no JSON is all NULL.
func (r *reader) add(path string, text []byte, base int, err error) error {
	fits := err == nil
	if !fits && !errors.Is(err, errMismatch) {
		for _, k := range r.root.kids {
			k.truncate(base)
		}
		r.root.truncate(base)
		r.root.finish(base)
	}
	if r.bad = append(r.bad, !fits); !fits {
		r.anyBad = true
		if r.o.mode == failFast {
			return malformed(err, path, text)
		}
	}
	if r.keep {
		r.texts = append(r.texts, textfile.Text(text))
	}
	if r.root.n == r.size {
		return r.flush()
	}
	return nil
}

func malformed(err error, path string, text []byte) error {
	return sqlerr.Wrap(err, sqlerr.MalformedRecord, "Malformed records are detected in record parsing: [%s]. Parse Mode: FAILFAST.%s", shorten(text), inFile(path)).
		WithHint("To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.")
}

// inFile names the file of a record, if it is of one.
func inFile(path string) string {
	if path == "" {
		return ""
	}
	return " The file is " + path + "."
}

func shorten(line []byte) string {
	if len(line) > 200 {
		return string(bytes.ToValidUTF8(line[:200], nil)) + "…"
	}
	return string(line)
}

// flush yields the records that gathered.
func (r *reader) flush() error {
	n := r.root.n
	if n == 0 {
		return nil
	}
	r.batch.N, r.batch.Sel, r.batch.Cols = n, nil, r.batch.Cols[:0]
	for _, f := range r.order {
		if f < 0 {
			r.batch.Cols = append(r.batch.Cols, r.corrupt(n))
		} else {
			r.batch.Cols = append(r.batch.Cols, r.root.kids[f].vector())
		}
	}
	if r.anyBad && r.o.mode == dropMalformed {
		sel := make([]uint16, 0, n)
		for i, b := range r.bad {
			if !b {
				sel = append(sel, uint16(i))
			}
		}
		r.batch.Sel = sel
	}
	ok := r.batch.Rows() == 0 || r.yield(&r.batch, nil)
	r.root.reset()
	r.bad, r.texts, r.anyBad = r.bad[:0], r.texts[:0], false
	if !r.o.multi {
		r.scan.scratch = r.scan.scratch[:0]
	}
	if !ok {
		return errStopped
	}
	return nil
}

func (r *reader) corrupt(n int) *vec.Vec {
	v := &r.extra
	v.Reset(types.StringType)
	v.Resize(n)
	out := vec.Data[string](v)
	for i := range n {
		if out[i] = ""; r.bad[i] {
			out[i] = r.texts[i]
		} else {
			v.SetNull(i)
		}
	}
	return v
}

package csv

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
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/calendar"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// reading is what patterns of options are compiled for.
var reading = calendar.Use{Reading: true}

// Format is the CSV format.
type Format struct{}

// New returns the format.
func New() format.Format { return Format{} }

// Name is "csv".
func (Format) Name() string { return "csv" }

// Splits cuts by size, where records span lines between two of them.
func (Format) Splits(ctx context.Context, st store.Store, f store.File, _ types.Schema, _ []expr.Expr, opts format.Options) ([]catalog.Split, error) {
	o, err := parseOptions(opts, reading)
	if err != nil {
		return nil, err
	}
	return o.splits(ctx, st, f, textfile.SplitSize)
}

// Open reads a split.
func (Format) Open(ctx context.Context, req format.ReadRequest) (vec.Stream, error) {
	o, err := parseOptions(req.Options, reading)
	if err != nil {
		return nil, err
	}
	if err := supported(req.Schema, o); err != nil {
		return nil, err
	}
	return func(yield func(*vec.Batch, error) bool) {
		r := &reader{o: o, req: req, yield: yield, tok: newTokenizer(o)}
		err := r.run(ctx)
		if err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}, nil
}

// supported refuses types that a text without structure cannot hold, and
// those whose pattern is wrong.
func supported(s types.Schema, o *options) error {
	for _, f := range s {
		if f.Type.Kind.IsNested() || f.Type.Kind.IsInterval() {
			return sqlerr.New(sqlerr.UnsupportedFormatType, "The CSV datasource doesn't support the column `%s` of the type %s.", f.Name, f.Type.SQL())
		}
		if err := o.times.Err(f.Type); err != nil {
			return err
		}
	}
	return nil
}

// errStopped ends reading when the consumer wants no more.
var errStopped = errors.New("stopped")

// reader reads one split.
type reader struct {
	o     *options
	req   format.ReadRequest
	yield func(*vec.Batch, error) bool
	tok   *tokenizer
	in    *textfile.Reader

	cols []column
	// want maps the place of a field in a record to the column that takes it, -1 for none.
	want []int
	// width is how many fields a record must have, -1 if that is not checked.
	width   int
	size    int
	rows    int
	bad     []bool
	anyBad  bool
	lines   [][]byte // text of the records of the batch, if anybody asks for it
	keep    bool
	started bool
	batch   vec.Batch
	sel     []uint16
}

// column is one column delivered.
type column struct {
	field   types.Field
	raw     []string
	v       vec.Vec
	missing bool // the file has no such field
	corrupt bool // holds the text of records that do not fit
}

func (r *reader) run(ctx context.Context) error {
	in, err := textfile.Open(ctx, r.req.Store, r.req.Split, r.o.layout, r.req.Account)
	if err != nil {
		return err
	}
	r.in = in
	defer in.Close()
	var names []string
	if r.o.header && (r.o.byName || !r.o.enforce) {
		if names, err = header(ctx, r.req.Store, r.req.Split, r.o); err != nil {
			return err
		}
	}
	if err := r.layout(names); err != nil {
		return err
	}
	unread := 0
	for {
		block, err := in.Next(unread)
		if errors.Is(err, io.EOF) {
			return r.rest()
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if r.tok.multi {
			unread, err = r.records(block, false)
		} else {
			err = r.linesOf(block)
		}
		if err == nil {
			err = r.flush()
		}
		if err != nil {
			return err
		}
	}
}

// layout decides which field of a record goes to which column.
func (r *reader) layout(names []string) error {
	r.size = max(min(r.req.BatchSize, vec.MaxSize), 1)
	r.cols = make([]column, len(r.req.Cols))
	place := map[int]int{} // place in the schema to column
	for i, c := range r.req.Cols {
		f := r.req.Schema[c]
		r.cols[i] = column{field: f, raw: make([]string, r.size), missing: true}
		r.cols[i].corrupt = strings.EqualFold(f.Name, r.o.corrupt) && f.Type.Kind == types.String
		r.keep = r.keep || r.cols[i].corrupt
		place[c] = i
	}
	r.keep = r.keep || r.o.mode == failFast
	r.bad = make([]bool, r.size)
	var fields []int // by place in the record: place in the schema, -1 for none
	if names != nil && r.o.byName {
		for _, n := range names {
			fields = append(fields, r.req.Schema.Index(n))
		}
	} else {
		for c, f := range r.req.Schema {
			if !strings.EqualFold(f.Name, r.o.corrupt) {
				fields = append(fields, c)
			}
		}
		if names != nil {
			if err := r.checkHeader(names, fields); err != nil {
				return err
			}
		}
	}
	wanted := 0
	for _, c := range fields {
		i, ok := place[c]
		if c < 0 || !ok || r.cols[i].corrupt {
			r.want = append(r.want, -1)
			continue
		}
		r.want = append(r.want, i)
		r.cols[i].missing = false
		wanted++
	}
	// As in Spark, records are held against the schema only where all of it is read.
	r.width = -1
	if wanted == len(fields) {
		r.width = len(fields)
	}
	return nil
}

func (r *reader) checkHeader(names []string, fields []int) error {
	ok := len(names) == len(fields)
	for i := 0; ok && i < len(names); i++ {
		ok = strings.EqualFold(names[i], r.req.Schema[fields[i]].Name)
	}
	if ok {
		return nil
	}
	var want []string
	for _, c := range fields {
		want = append(want, r.req.Schema[c].Name)
	}
	return sqlerr.New(sqlerr.FileReadFailed, "The header of %s does not conform to the schema: it has %s, the schema %s.", r.in.Path(), strings.Join(names, ", "), strings.Join(want, ", "))
}

// skip reports whether a line is none of the data: blank, comment or header.
func (r *reader) skip(line []byte) bool {
	if blank(line) || r.o.comment != 0 && line[0] == r.o.comment {
		return true
	}
	if !r.started {
		r.started = true
		return r.o.header && r.req.Split.Start == 0
	}
	return false
}

func blank(line []byte) bool {
	for _, c := range line {
		if c > ' ' {
			return false
		}
	}
	return true
}

func (r *reader) linesOf(block []byte) error {
	for len(block) > 0 {
		var line []byte
		line, block = r.o.layout.CutLine(block)
		if r.skip(line) {
			continue
		}
		r.tok.record(line, true)
		if err := r.take(line); err != nil {
			return err
		}
	}
	return nil
}

// records reads records that may span lines and returns how much of the block was left.
func (r *reader) records(block []byte, final bool) (unread int, err error) {
	for len(block) > 0 {
		// Empty lines are no records.
		if block[0] == '\n' || block[0] == '\r' {
			block = block[1:]
			continue
		}
		if r.o.comment != 0 && block[0] == r.o.comment {
			i := bytes.IndexAny(block, "\r\n")
			if i < 0 {
				if final {
					return 0, nil
				}
				return len(block), nil
			}
			block = block[i:]
			continue
		}
		mark := len(r.tok.scratch)
		n, whole := r.tok.record(block, final)
		if !whole {
			r.tok.scratch = r.tok.scratch[:mark]
			return len(block), nil
		}
		rec := block[:n]
		block = block[n:]
		if !r.started {
			r.started = true
			if r.o.header && r.req.Split.Start == 0 {
				continue
			}
		}
		if err := r.take(bytes.TrimRight(rec, "\r\n")); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// rest reads what no terminator ended.
func (r *reader) rest() error {
	if tail := r.in.Tail(); r.tok.multi && len(tail) > 0 {
		if _, err := r.records(tail, true); err != nil {
			return err
		}
	}
	return r.flush()
}

// take stores the fields of the record just cut.
func (r *reader) take(line []byte) error {
	fields := r.tok.fields
	if len(fields) > r.o.maxColumns {
		return sqlerr.New(sqlerr.MalformedCSVRecord, "A record of %s has more than %d columns.", r.in.Path(), r.o.maxColumns).
			WithHint("The option maxColumns raises the limit.")
	}
	row := r.rows
	for k, i := range r.want {
		if i < 0 {
			continue
		}
		if k < len(fields) {
			r.cols[i].raw[row] = fields[k]
		} else {
			r.cols[i].raw[row] = r.o.null
		}
	}
	if bad := r.width >= 0 && len(fields) != r.width; bad {
		r.bad[row], r.anyBad = true, true
	}
	if r.keep {
		r.lines = append(r.lines, line)
	}
	r.rows++
	if r.rows == r.size {
		return r.flush()
	}
	return nil
}

// flush converts and yields the rows that gathered.
func (r *reader) flush() error {
	n := r.rows
	if n == 0 {
		return nil
	}
	r.batch.N, r.batch.Sel, r.batch.Cols = n, nil, r.batch.Cols[:0]
	for i := range r.cols {
		if c := &r.cols[i]; !c.corrupt {
			r.convert(c, n)
		}
	}
	if r.anyBad {
		if err := r.handleBad(n); err != nil {
			return err
		}
	}
	for i := range r.cols {
		if c := &r.cols[i]; c.corrupt {
			r.corruptColumn(c, n)
		}
		r.batch.Cols = append(r.batch.Cols, &r.cols[i].v)
	}
	ok := true
	if r.batch.Rows() > 0 {
		ok = r.yield(&r.batch, nil)
	}
	r.rows, r.lines, r.tok.scratch = 0, r.lines[:0], r.tok.scratch[:0]
	if r.anyBad {
		clear(r.bad)
		r.anyBad = false
	}
	if !ok {
		return errStopped
	}
	return nil
}

// handleBad deals with records that do not fit, by mode.
func (r *reader) handleBad(n int) error {
	switch r.o.mode {
	case failFast:
		for i, bad := range r.bad[:n] {
			if bad {
				return sqlerr.New(sqlerr.MalformedRecord, "Malformed records are detected in record parsing: [%s]. Parse Mode: FAILFAST. The file is %s.", shorten(r.lines[i]), r.in.Path()).
					WithHint("To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.")
			}
		}
	case dropMalformed:
		r.sel = r.sel[:0]
		for i, bad := range r.bad[:n] {
			if !bad {
				r.sel = append(r.sel, uint16(i))
			}
		}
		if r.sel == nil {
			r.sel = []uint16{}
		}
		r.batch.Sel = r.sel
	}
	return nil
}

func shorten(line []byte) string {
	if len(line) > 200 {
		return string(bytes.ToValidUTF8(line[:200], nil)) + "…"
	}
	return string(line)
}

func (r *reader) corruptColumn(c *column, n int) {
	c.v.Reset(types.StringType)
	c.v.Resize(n)
	out := vec.Data[string](&c.v)
	for i := range n {
		if r.bad[i] {
			out[i] = textfile.Text(r.lines[i])
		} else {
			out[i] = ""
			c.v.SetNull(i)
		}
	}
}

// header returns the fields of the first line of a file that is neither blank nor a comment.
func header(ctx context.Context, st store.Store, s catalog.Split, o *options) ([]string, error) {
	l := o.layout
	first := s
	first.Start, first.Length = 0, s.Size
	in, err := textfile.Open(ctx, st, first, l, nil)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	t := newTokenizer(o)
	unread := 0
	for {
		b, err := in.Next(unread)
		final := errors.Is(err, io.EOF)
		if final {
			b = in.Tail()
		} else if err != nil {
			return nil, err
		}
		for len(b) > 0 {
			line, rest := l.CutLine(b)
			if blank(line) || o.comment != 0 && line[0] == o.comment {
				b = rest
				continue
			}
			if t.multi {
				if _, ok := t.record(b, final); !ok {
					break
				}
			} else {
				t.record(line, true)
			}
			out := make([]string, len(t.fields))
			for i, f := range t.fields {
				out[i] = strings.Clone(f)
			}
			return columnNames(out, o), nil
		}
		if final {
			return nil, nil
		}
		unread = 0
		if t.multi {
			unread = len(b)
		}
	}
}

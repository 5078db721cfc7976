package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/textfile"
	"github.com/volley-sql/volley/catalog/store"
)

// Where records may span lines (option multiLine), where one begins cannot be
// told from the middle of a file: a line break may stand within quotes. So the
// file is looked through once, from the start, for places to cut it. Lines
// without a quote are passed over as fast as bytes are found; others are cut
// into fields by the tokenizer that reads them later, so both agree.

// walker goes through the records of a file.
type walker struct {
	o     *options
	tok   *tokenizer
	lines bool // stop at a record that spans lines
	// started is set behind the first record, which may be a header and belongs to the first split.
	started bool
}

// take passes over the records at the front of b that are whole and returns
// their length, or that of the first ones if there is more than want bytes of
// them. spans is set once a record has a line break within quotes.
func (w *walker) take(b []byte, want int, final bool) (n int, spans bool) {
	for n < len(b) && n < want && !spans {
		rest := b[n:]
		end := bytes.IndexByte(rest, '\n') + 1
		if q := w.o.quote; end > 0 && w.started && (q == 0 || bytes.IndexByte(rest[:end], q) < 0) {
			n += end // any records in here have no quotes
			continue
		}
		if rest[0] == '\n' || rest[0] == '\r' {
			n++
			continue
		}
		if w.o.comment != 0 && rest[0] == w.o.comment {
			k := bytes.IndexAny(rest, "\r\n")
			if k < 0 {
				break
			}
			n += k
			continue
		}
		w.tok.scratch = w.tok.scratch[:0]
		k, whole := w.tok.record(rest, final)
		if !whole {
			break
		}
		n, w.started = n+k, true
		spans = w.lines && bytes.ContainsAny(bytes.TrimRight(rest[:k], "\r\n"), "\r\n")
	}
	return n, spans
}

// cuts are the offsets at which splits of about size bytes begin, the first 0.
func (o *options) cuts(ctx context.Context, st store.Store, f store.File, size int64) ([]int64, error) {
	out := []int64{0}
	err := o.walk(ctx, st, f, false, func(at int64) (want int64) {
		if next := out[len(out)-1] + size; at < next {
			return next - at
		}
		if at >= f.Size || f.Size-at < size/2 {
			return f.Size // the rest goes with the last one
		}
		out = append(out, at)
		return size
	})
	return out, err
}

// walk calls f at the start of records: the first one at least as many bytes on as f wanted.
// With lines it stops at the first record that spans lines, with errSpans.
func (o *options) walk(ctx context.Context, st store.Store, f store.File, lines bool, at func(int64) (want int64)) error {
	layout := o.layout
	layout.Whole = true
	in, err := textfile.Open(ctx, st, catalog.Split{Path: f.Path, Length: f.Size, Size: f.Size}, layout, nil)
	if err != nil {
		return err
	}
	defer in.Close()
	w := &walker{o: o, tok: newTokenizer(o), lines: lines}
	w.tok.multi = true
	unread, want := 0, at(0)
	for {
		block, err := in.Next(unread)
		if errors.Is(err, io.EOF) {
			// A record that nothing ends: one more line break does, unless a quote is open.
			if _, spans := w.take(append(bytes.Clone(in.Tail()), '\n'), len(in.Tail())+1, false); spans {
				return errSpans
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		pos := in.Offset()
		for len(block) > 0 {
			n, spans := w.take(block, int(min(want, int64(len(block)))), false)
			if n == 0 {
				break
			}
			if spans {
				return errSpans
			}
			block, pos, want = block[n:], pos+int64(n), want-int64(n)
			if want <= 0 {
				if want = 1; w.started {
					want = at(pos)
				}
			}
		}
		unread = len(block)
	}
}

// errSpans ends a walk that was to find out whether a record spans lines.
var errSpans = errors.New("a record spans lines")

// SpansLines reports whether a record of the file has a line break within
// quotes: whether it takes the option multiLine to read it. What cannot be
// read, a quote left open for instance, does not count.
func SpansLines(ctx context.Context, st store.Store, f store.File, opts format.Options) bool {
	o, err := parseOptions(opts, reading)
	if err != nil || o.quote == 0 || strings.ContainsAny(o.sep, "\r\n") {
		return false
	}
	key := o.cutKey(f, "lines")
	if got, ok := cutCache.get(key); ok {
		return got != nil
	}
	err = o.walk(ctx, st, f, true, func(int64) int64 { return f.Size + 1 })
	if ctx.Err() != nil {
		return false
	}
	var found []int64
	if errors.Is(err, errSpans) {
		found = []int64{1}
	}
	cutCache.put(key, found)
	return found != nil
}

// splits cuts a file; those of records that span lines are found by looking it through, once.
func (o *options) splits(ctx context.Context, st store.Store, f store.File, size int64) ([]catalog.Split, error) {
	if !o.layout.Whole || !o.layout.Raw(f.Path) || f.Size <= size*3/2 || strings.ContainsAny(o.sep, "\r\n") {
		return o.layout.Splits(f), nil
	}
	key := o.cutKey(f, fmt.Sprint(size))
	starts, ok := cutCache.get(key)
	if !ok {
		var err error
		if starts, err = o.cuts(ctx, st, f, size); err != nil {
			return nil, err
		}
		cutCache.put(key, starts)
	}
	out := make([]catalog.Split, len(starts))
	for i, at := range starts {
		end := f.Size
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		out[i] = catalog.Split{Path: f.Path, Start: at, Length: end - at, Size: f.Size, ModTime: f.ModTime, Rows: -1}
	}
	return out, nil
}

// cutKey identifies a version of a file and what of the options decides where records end.
func (o *options) cutKey(f store.File, what string) string {
	return fmt.Sprintf("%s\x00%d %d %s %q %q %d %d %d %d %t %d", f.Path, f.Size, f.ModTime, what, o.sep, o.layout.Sep, o.quote, o.escape, o.escapeEscape, o.comment, o.ltrim, o.maxColumns)
}

// cutCache keeps the places for the next statements of a session.
var cutCache cutsByFile

const maxCutFiles = 4096

type cutsByFile struct {
	mu    sync.Mutex
	found map[string][]int64
}

func (c *cutsByFile) get(key string) ([]int64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	got, ok := c.found[key]
	return got, ok
}

func (c *cutsByFile) put(key string, cuts []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil || len(c.found) >= maxCutFiles {
		c.found = map[string][]int64{}
	}
	c.found[key] = cuts
}

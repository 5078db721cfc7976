// Package textfile reads files of text in pieces: by byte range where lines
// can be found from the middle of a file, decompressed and decoded to UTF-8
// where need be. It knows lines and nothing of what is in them; csv, json and
// text build on it.
//
//	file ─► (decompress) ─► (decode) ─► blocks of whole lines ─► format
//
// A split answers for the lines that begin in it. A line begins at offset 0
// and after every terminator (LF, CR, CRLF, or the option lineSep).
package textfile

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/volley-sql/volley/catalog"
	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/store"
	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/internal/sqlerr"
)

const (
	// SplitSize is the length of splits; the last one may be up to half as long again.
	SplitSize = 8 << 20
	// blockSize is how much is read at a time.
	blockSize = 1 << 20
	// maxRecord bounds a line, or a record where records span lines: an
	// unclosed quote must not swallow memory without end.
	maxRecord = 192 << 20
)

// Layout says how a file's bytes are cut; made by ParseLayout from options.
type Layout struct {
	// Sep is the line separator, nil for any of LF, CR and CRLF.
	Sep []byte
	// Whole is set if a file is one split: records may span lines.
	Whole    bool
	encoding decoder
	codec    string // option compression, empty: by extension
}

// ParseLayout reads the options lineSep, encoding (or charset), multiLine and compression.
func ParseLayout(opts format.Options) (Layout, error) {
	codec, ok := opts["compression"]
	if !ok {
		codec = opts["codec"]
	}
	l := Layout{codec: strings.ToLower(codec)}
	if err := knownCodec(l.codec); err != nil {
		return l, err
	}
	if s, ok := opts["linesep"]; ok {
		if s == "" {
			return l, sqlerr.New(sqlerr.LineSepEmpty, "Invalid value for 'lineSep': Empty value is not supported.")
		}
		l.Sep = []byte(s)
	}
	var err error
	if l.Whole, err = Bool(opts, "multiline", false); err != nil {
		return l, err
	}
	enc, ok := opts["encoding"]
	if !ok {
		enc = opts["charset"]
	}
	l.encoding, err = findDecoder(enc)
	return l, err
}

// Bool reads a boolean option.
func Bool(opts format.Options, key string, def bool) (bool, error) {
	s, ok := opts[key]
	switch {
	case !ok:
		return def, nil
	case strings.EqualFold(s, "true"):
		return true, nil
	case strings.EqualFold(s, "false"):
		return false, nil
	}
	return def, sqlerr.New(sqlerr.InvalidParameterValue, "For input string: %q: the option %s must be true or false.", s, key)
}

// Int reads an integer option.
func Int(opts format.Options, key string, def int) (int, error) {
	s, ok := opts[key]
	if !ok {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return def, sqlerr.New(sqlerr.InvalidParameterValue, "For input string: %q: the option %s must be an integer.", s, key)
	}
	return n, nil
}

// Raw reports whether offsets in the text are offsets in the file.
func (l Layout) Raw(path string) bool {
	return (l.encoding == nil || l.encoding.ascii()) && l.codecOf(path) == ""
}

// splittable reports whether lines can be found from the middle of the file.
func (l Layout) splittable(path string) bool { return !l.Whole && l.Raw(path) }

// Splits cuts a file by size alone.
func (l Layout) Splits(f store.File) []catalog.Split {
	one := catalog.Split{Path: f.Path, Size: f.Size, ModTime: f.ModTime, Rows: -1}
	if !l.splittable(f.Path) || f.Size <= SplitSize*3/2 {
		one.Length = f.Size
		return []catalog.Split{one}
	}
	var out []catalog.Split
	for at := int64(0); at < f.Size; {
		s := one
		s.Start, s.Length = at, SplitSize
		if f.Size-at <= SplitSize*3/2 {
			s.Length = f.Size - at
		}
		out = append(out, s)
		at += s.Length
	}
	return out
}

// Reader gives the text of one split in blocks. It belongs to one thread.
type Reader struct {
	layout Layout
	path   string
	src    io.Reader
	close  func() error
	acct   *mem.Account
	held   int64

	buf  []byte // block being built or lent; buf[:have] is text
	have int
	lent int // how much of buf was given out by the last Next
	// at is the offset in the file of buf[0], end the first offset of lines
	// that are another split's (-1: none).
	at, end int64
	eof     bool
	first   int    // length of buf at first
	clean   []byte // a copy of a block with invalid UTF-8 replaced
}

// Open starts to read a split. Close must be called.
func Open(ctx context.Context, st store.Store, s catalog.Split, l Layout, acct *mem.Account) (*Reader, error) {
	f, err := st.Open(ctx, s.Path)
	if err != nil {
		return nil, err
	}
	if s.Size > 0 && f.Size() != s.Size {
		f.Close()
		return nil, sqlerr.New(sqlerr.FileReadFailed, "The file %s has changed since the query was planned: it had %d bytes and now has %d.", s.Path, s.Size, f.Size()).
			WithHint("Run the statement again.")
	}
	r := &Reader{layout: l, path: s.Path, acct: acct, end: -1, close: f.Close, first: blockSize + 64}
	if !l.splittable(s.Path) {
		// Part of a file, where records span lines, is what whoever cut it says.
		from, n := int64(0), f.Size()
		if l.Raw(s.Path) && (s.Start > 0 || s.Length > 0) {
			from, n = s.Start, min(s.Length, f.Size()-s.Start)
		}
		if l.Raw(s.Path) {
			r.first = int(min(blockSize, n)) + 64
		}
		if err := r.openWhole(io.NewSectionReader(f, from, n)); err != nil {
			f.Close()
			return nil, err
		}
		if r.at = from; from > 0 {
			return r, nil
		}
		return r, r.skipMark()
	}
	r.at = s.Start
	if s.Start+s.Length < f.Size() {
		r.end = s.Start + s.Length
	}
	if s.Start > 0 {
		r.at = s.Start - int64(max(len(l.Sep), 1))
	}
	r.src = io.NewSectionReader(f, r.at, f.Size()-r.at)
	r.first = int(min(blockSize, f.Size()-r.at, s.Length+4096)) + 64
	if s.Start == 0 {
		return r, r.skipMark()
	}
	return r, r.skipLine(s.Start)
}

func (r *Reader) openWhole(f io.Reader) error {
	src, closeCodec, err := decompress(r.layout.codecOf(r.path), f)
	if err != nil {
		return r.fail(err)
	}
	closeFile := r.close
	r.close = func() error {
		if closeCodec != nil {
			closeCodec()
		}
		return closeFile()
	}
	r.src = src
	if r.layout.encoding != nil {
		r.src = r.layout.encoding.reader(src)
	}
	return nil
}

func (r *Reader) fail(err error) error {
	if sqlerr.As(err) != nil {
		return err
	}
	return sqlerr.Wrap(err, sqlerr.FileReadFailed, "Cannot read %s: %v.", r.path, err)
}

// fill reads more text behind buf[:have], making room first.
func (r *Reader) fill() error {
	if r.have == len(r.buf) {
		size := max(r.first, 2*len(r.buf))
		if len(r.buf) >= maxRecord {
			return sqlerr.New(sqlerr.FileReadFailed, "A record of %s at offset %d is longer than %d bytes.", r.path, r.at, maxRecord).
				WithHint("A quote may be left open, or the separator of lines may be another one (option lineSep).")
		}
		size = min(size, maxRecord+64)
		if r.acct != nil {
			if err := r.acct.Reserve(int64(size - len(r.buf))); err != nil {
				return err
			}
			r.held += int64(size - len(r.buf))
		}
		buf := make([]byte, size)
		copy(buf, r.buf[:r.have])
		r.buf = buf
	}
	// A record longer than a block is looked through again each time more of it
	// is there, so what is there doubles.
	want := r.buf[r.have:min(len(r.buf), r.have+max(blockSize, r.have))]
	for len(want) > 0 {
		n, err := r.src.Read(want)
		r.have += n
		want = want[n:]
		// Only io.EOF is the end: compressed files cut short say io.ErrUnexpectedEOF.
		if err == io.EOF {
			r.eof = true
			return nil
		}
		if err != nil {
			return r.fail(err)
		}
	}
	return nil
}

// skipMark drops a byte order mark.
func (r *Reader) skipMark() error {
	if err := r.fill(); err != nil {
		return err
	}
	if bytes.HasPrefix(r.buf[:r.have], []byte("\xef\xbb\xbf")) {
		r.drop(3)
	}
	return nil
}

// drop removes the first n bytes of the buffer.
func (r *Reader) drop(n int) {
	copy(r.buf, r.buf[n:r.have])
	r.have -= n
	r.at += int64(n)
}

// skipLine drops text up to the first line that begins at or after start.
func (r *Reader) skipLine(start int64) error {
	for {
		if err := r.fill(); err != nil {
			return err
		}
		if i := r.lineStart(int(start-r.at), r.have); i >= 0 {
			r.drop(i)
			return nil
		}
		if r.eof {
			r.drop(r.have)
			return nil
		}
		// Keep what may be the start of a terminator.
		if keep := max(len(r.layout.Sep), 2); r.have > keep {
			r.drop(r.have - keep)
			start = max(start, r.at)
		}
	}
}

// lineStart finds the first place ≥ from in buf[:n] where a line begins after
// a terminator, or -1. A CR at the very end counts only at the end of the file,
// for an LF may follow.
func (r *Reader) lineStart(from, n int) int {
	if sep := r.layout.Sep; sep != nil {
		lo := max(from-len(sep), 0)
		if i := bytes.Index(r.buf[lo:n], sep); i >= 0 {
			return lo + i + len(sep)
		}
		return -1
	}
	for i := max(from-1, 0); i < n; i++ {
		switch r.buf[i] {
		case '\n':
			return i + 1
		case '\r':
			if i+1 < n {
				if r.buf[i+1] == '\n' {
					return i + 2
				}
				return i + 1
			}
			if r.eof {
				return n
			}
			return -1
		}
	}
	return -1
}

// Next returns the next block: whole lines, the last of the file perhaps
// without terminator. It is lent until the next call. With Whole layouts a
// block is any text that follows; unread says how many bytes at the end of the
// last block the caller did not use, which then come first again, with more
// behind them (or io.EOF, if there is no more). Other layouts pass 0.
func (r *Reader) Next(unread int) ([]byte, error) {
	r.drop(r.lent - unread)
	r.lent = 0
	if r.end >= 0 && r.at >= r.end {
		return nil, io.EOF
	}
	for {
		if r.eof && (r.have == 0 || unread > 0 && r.have <= unread) {
			return nil, io.EOF
		}
		if !r.eof && (r.have < blockSize || r.have <= unread) {
			if err := r.fill(); err != nil {
				return nil, err
			}
			if r.have == 0 {
				return nil, io.EOF
			}
		}
		n := r.have
		if !r.layout.Whole {
			if n = r.wholeLines(); n == 0 {
				if err := r.fill(); err != nil {
					return nil, err
				}
				continue
			}
		}
		r.lent = n
		return r.valid(r.buf[:n])
	}
}

// wholeLines is the length of the complete lines at the front of buf that are this split's.
func (r *Reader) wholeLines() int {
	n := r.have
	if r.end >= 0 && r.at+int64(n) >= r.end {
		if i := r.lineStart(int(r.end-r.at), n); i >= 0 {
			return i
		}
		if r.eof {
			return n
		}
		return 0 // the last line goes on
	}
	if r.eof {
		return n
	}
	if sep := r.layout.Sep; sep != nil {
		if i := bytes.LastIndex(r.buf[:n], sep); i >= 0 {
			return i + len(sep)
		}
		return 0
	}
	if i := bytes.LastIndexByte(r.buf[:n], '\n'); i >= 0 {
		return i + 1
	}
	if n > 1 {
		return bytes.LastIndexByte(r.buf[:n-1], '\r') + 1
	}
	return 0
}

// valid replaces invalid UTF-8, so that strings in vectors always are UTF-8.
// Whole layouts may end inside a character; that end is left for later.
func (r *Reader) valid(b []byte) ([]byte, error) {
	if utf8.Valid(b) {
		return b, nil
	}
	if r.layout.Whole && !r.eof {
		cut := len(b)
		for i := 1; i <= 3 && i <= len(b); i++ {
			if c := b[len(b)-i]; utf8.RuneStart(c) {
				if !utf8.FullRune(b[len(b)-i:]) {
					cut = len(b) - i
				}
				break
			}
		}
		if cut < len(b) && cut > 0 {
			r.lent = cut
			if b = b[:cut]; utf8.Valid(b) {
				return b, nil
			}
		}
	}
	if r.layout.Whole {
		// Lengths must stay as they are for unread to mean something: a
		// question mark for each bad byte.
		for i := 0; i < len(b); {
			_, w := utf8.DecodeRune(b[i:])
			if w == 1 && b[i] >= utf8.RuneSelf {
				b[i] = '?'
			}
			i += w
		}
		return b, nil
	}
	r.clean = r.clean[:0]
	for i := 0; i < len(b); {
		c, w := utf8.DecodeRune(b[i:])
		if w == 1 && c == utf8.RuneError {
			w = broken(b[i:])
		}
		r.clean = utf8.AppendRune(r.clean, c)
		i += w
	}
	return r.clean, nil
}

// broken is the length of the broken character at the front of b, for which one
// replacement stands: a character cut short counts as one, as in Java.
func broken(b []byte) int {
	need, lo, hi := 0, byte(0x80), byte(0xbf)
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		need = 1
	case c >= 0xe0 && c <= 0xef:
		need = 2
		if c == 0xe0 {
			lo = 0xa0
		} else if c == 0xed {
			hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		need = 3
		if c == 0xf0 {
			lo = 0x90
		} else if c == 0xf4 {
			hi = 0x8f
		}
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= lo && b[n] <= hi {
		lo, hi = 0x80, 0xbf
		n++
	}
	return n
}

// Tail is what Next left unread once it has returned io.EOF: text that no
// terminator ended. It is lent until Close.
func (r *Reader) Tail() []byte { return r.buf[:r.have] }

// Path is the file being read.
func (r *Reader) Path() string { return r.path }

// Offset is the place of the block of the last Next in the text.
func (r *Reader) Offset() int64 { return r.at }

// AtStart reports whether the block of the last Next is the start of the file.
func (r *Reader) AtStart() bool { return r.at <= 3 && r.at >= 0 }

// Close ends reading and gives memory back. It may be called twice.
func (r *Reader) Close() error {
	if r.acct != nil && r.held > 0 {
		r.acct.Release(r.held)
		r.held = 0
	}
	r.buf, r.have, r.lent, r.eof = nil, 0, 0, true
	if r.close == nil {
		return nil
	}
	c := r.close
	r.close = nil
	return c()
}

// CutLine splits b after its first line: the line without terminator, and the
// rest. b must hold whole lines.
func (l Layout) CutLine(b []byte) (line, rest []byte) {
	if l.Sep != nil {
		line, rest, _ = bytes.Cut(b, l.Sep)
		return line, rest
	}
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		line = b
	} else {
		line, rest = b[:i], b[i+1:]
	}
	if j := bytes.IndexByte(line, '\r'); j >= 0 {
		if j == len(line)-1 {
			return line[:j], rest
		}
		return line[:j], b[j+1:]
	}
	return line, rest
}

// EstimateLines guesses how many lines a file has from the first ones; -1 if it cannot.
func (l Layout) EstimateLines(ctx context.Context, st store.Store, f store.File) (int64, error) {
	if f.Size == 0 {
		return 0, nil
	}
	r, err := Open(ctx, st, catalog.Split{Path: f.Path, Length: f.Size, Size: f.Size}, l, nil)
	if err != nil {
		return -1, err
	}
	defer r.Close()
	b, err := r.Next(0)
	if err != nil || len(b) == 0 {
		return -1, nil
	}
	b = b[:min(len(b), 64<<10)]
	lines := int64(bytes.Count(b, []byte{'\n'}))
	if l.Sep != nil {
		lines = int64(bytes.Count(b, l.Sep))
	}
	scale := float64(f.Size) / float64(len(b))
	if l.codecOf(f.Path) != "" {
		scale *= 4 // text shrinks about that much
	}
	return max(int64(float64(lines)*scale), 1), nil
}

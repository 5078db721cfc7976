package textfile

import (
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// codecOf is the compression of a file: by its extension, for Spark's option compression is of writers only.
func (Layout) codecOf(p string) string { return codecs[strings.ToLower(path.Ext(p))] }

var codecs = map[string]string{
	".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".deflate": "deflate", ".zz": "deflate",
}

// maxWindow bounds what a zstd frame may ask for.
const maxWindow = 128 << 20

func decompress(codec string, r io.Reader) (out io.Reader, closer func(), err error) {
	switch codec {
	case "gzip":
		z, err := gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
		if err == io.EOF {
			return strings.NewReader(""), nil, nil
		}
		return z, nil, err
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	case "bzip2":
		return bzip2.NewReader(bufio.NewReaderSize(r, 64<<10)), nil, nil
	case "deflate":
		z, err := zlib.NewReader(bufio.NewReaderSize(r, 64<<10))
		return z, nil, err
	}
	return r, nil, nil
}

// compress wraps a writer by the option compression, nil for none.
func compress(codec string, w io.Writer) (io.WriteCloser, error) {
	switch strings.ToLower(codec) {
	case "", "none", "uncompressed":
		return nil, nil
	case "gzip":
		return gzip.NewWriter(w), nil
	case "deflate":
		return zlib.NewWriter(w), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return nil, noCodec(codec)
}

func noCodec(codec string) error {
	return sqlerr.New(sqlerr.CodecNotAvailable, "The codec %s is not available for text files.", codec).WithHint("Available codecs are none, gzip, deflate, zstd.")
}

// knownCodec is the error of a codec that files can neither be read nor written by.
func knownCodec(codec string) error {
	switch codec {
	case "", "none", "uncompressed", "gzip", "deflate", "zstd", "bzip2":
		return nil
	}
	return noCodec(codec)
}

// decoder turns bytes of an encoding into UTF-8.
type decoder interface {
	// ascii says that line terminators are the single bytes they are in ASCII,
	// wherever they stand, so that lines are found from the middle of a file.
	ascii() bool
	reader(r io.Reader) io.Reader
}

func findDecoder(name string) (decoder, error) {
	switch strings.ToUpper(strings.ReplaceAll(name, "_", "-")) {
	case "", "UTF-8", "UTF8", "US-ASCII", "ASCII":
		return nil, nil
	case "ISO-8859-1", "LATIN1", "ISO8859-1":
		return runeDecoder{next: latin1}, nil
	case "WINDOWS-1252", "CP1252":
		return runeDecoder{next: windows1252}, nil
	case "UTF-16":
		return runeDecoder{next: utf16(binary.BigEndian), mark: true, wide: 2}, nil
	case "UTF-16LE":
		return runeDecoder{next: utf16(binary.LittleEndian), wide: 2}, nil
	case "UTF-16BE":
		return runeDecoder{next: utf16(binary.BigEndian), wide: 2}, nil
	case "UTF-32":
		return runeDecoder{next: utf32(binary.BigEndian), mark: true, wide: 4}, nil
	case "UTF-32LE":
		return runeDecoder{next: utf32(binary.LittleEndian), wide: 4}, nil
	case "UTF-32BE":
		return runeDecoder{next: utf32(binary.BigEndian), wide: 4}, nil
	}
	return nil, sqlerr.New(sqlerr.Charset, "The value of parameter(s) `charset` is invalid: the encoding %s is not supported; supported are UTF-8, US-ASCII, ISO-8859-1, windows-1252, UTF-16 and UTF-32 (also LE and BE).", name)
}

// runeDecoder decodes a character at a time.
type runeDecoder struct {
	next func(*bufio.Reader) (rune, error)
	mark bool // a byte order mark may choose little-endian
	wide int
}

// ascii is false for all of them: even Latin-1 must be transcoded from the start to keep offsets simple.
func (runeDecoder) ascii() bool { return false }

func (d runeDecoder) reader(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 64<<10)
	if d.mark {
		head, _ := b.Peek(d.wide)
		switch {
		case d.wide == 2 && len(head) == 2 && head[0] == 0xff && head[1] == 0xfe:
			d.next = utf16(binary.LittleEndian)
		case d.wide == 4 && len(head) == 4 && head[0] == 0xff && head[1] == 0xfe && head[2] == 0 && head[3] == 0:
			d.next = utf32(binary.LittleEndian)
		}
	}
	return &runeReader{src: b, next: d.next}
}

type runeReader struct {
	src  *bufio.Reader
	next func(*bufio.Reader) (rune, error)
	// rest is the end of a character that did not fit the last Read.
	rest []byte
	one  [utf8.UTFMax]byte
}

func (r *runeReader) Read(p []byte) (int, error) {
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	for n < len(p) {
		c, err := r.next(r.src)
		if err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		if n+utf8.UTFMax <= len(p) {
			n += utf8.EncodeRune(p[n:], c)
			continue
		}
		w := utf8.EncodeRune(r.one[:], c)
		k := copy(p[n:], r.one[:w])
		n += k
		r.rest = r.one[k:w]
	}
	return n, nil
}

func latin1(b *bufio.Reader) (rune, error) {
	c, err := b.ReadByte()
	return rune(c), err
}

// high1252 are the characters of windows-1252 from 0x80 to 0x9f.
var high1252 = []rune("€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ")

func windows1252(b *bufio.Reader) (rune, error) {
	c, err := b.ReadByte()
	if c >= 0x80 && c <= 0x9f {
		return high1252[c-0x80], err
	}
	return rune(c), err
}

func utf16(o binary.ByteOrder) func(*bufio.Reader) (rune, error) {
	unit := func(b *bufio.Reader) (rune, error) {
		var u [2]byte
		if _, err := io.ReadFull(b, u[:]); err != nil {
			return 0, endOf(err)
		}
		return rune(o.Uint16(u[:])), nil
	}
	return func(b *bufio.Reader) (rune, error) {
		c, err := unit(b)
		if err != nil || c < 0xd800 || c > 0xdfff {
			return c, err
		}
		next, perr := b.Peek(2)
		if perr == nil && c < 0xdc00 {
			if d := rune(o.Uint16(next)); d >= 0xdc00 && d <= 0xdfff {
				_, err = b.Discard(2)
				return ((c-0xd800)<<10 | (d - 0xdc00)) + 0x10000, err
			}
		}
		return utf8.RuneError, nil
	}
}

func utf32(o binary.ByteOrder) func(*bufio.Reader) (rune, error) {
	return func(b *bufio.Reader) (rune, error) {
		var u [4]byte
		if _, err := io.ReadFull(b, u[:]); err != nil {
			return 0, endOf(err)
		}
		if c := o.Uint32(u[:]); c <= utf8.MaxRune {
			return rune(c), nil
		}
		return utf8.RuneError, nil
	}
}

// endOf takes a character cut short at the end of a file for the end.
func endOf(err error) error {
	if err == io.ErrUnexpectedEOF {
		return io.EOF
	}
	return err
}

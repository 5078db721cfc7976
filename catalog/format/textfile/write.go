package textfile

import (
	"io"
	"strings"
	"unsafe"

	"github.com/volley-sql/volley/catalog/format"
)

// Text returns b as a string without copying; the string lives as long as b is left alone.
func Text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Writer collects text and passes it on in large pieces, compressed by the
// option compression. Callers append to Buf and call Spill now and then.
type Writer struct {
	Buf   []byte
	w     io.Writer
	codec io.WriteCloser
	count countWriter
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

// NewWriter starts a file.
func NewWriter(w io.Writer, opts format.Options) (*Writer, error) {
	t := &Writer{count: countWriter{w: w}}
	codec, err := compress(opts["compression"], &t.count)
	if err != nil {
		return nil, err
	}
	t.codec, t.w = codec, &t.count
	if codec != nil {
		t.w = codec
	}
	return t, nil
}

// Extension is what the option compression adds to file names.
func Extension(opts format.Options) string {
	return map[string]string{"gzip": ".gz", "deflate": ".deflate", "zstd": ".zst"}[strings.ToLower(opts["compression"])]
}

// Spill writes Buf out once it is large.
func (t *Writer) Spill() error {
	if len(t.Buf) < 64<<10 {
		return nil
	}
	return t.flush()
}

func (t *Writer) flush() error {
	_, err := t.w.Write(t.Buf)
	t.Buf = t.Buf[:0]
	return err
}

// Close writes the rest and ends the compression; the file itself stays open.
func (t *Writer) Close() error {
	if err := t.flush(); err != nil {
		return err
	}
	if t.codec != nil {
		return t.codec.Close()
	}
	return nil
}

// Bytes is how much was written, what waits in Buf included.
func (t *Writer) Bytes() int64 { return t.count.n + int64(len(t.Buf)) }

package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Compression codecs.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecLZO    = 3
	codecBrotli = 4
	codecLZ4    = 5 // LZ4 in Hadoop's frames, or a bare block
	codecZstd   = 6
	codecLZ4Raw = 7
)

// maxPage is the largest page that is read: page sizes are int32 in the format,
// and a page has to fit memory whole.
const maxPage = 1 << 30

// padding is room past the end of every buffer: unpacking and wide loads read
// beyond the last value.
const padding = 64

// decompressor holds the decoders of one thread.
type decompressor struct {
	zstd   *zstd.Decoder
	gzip   *gzip.Reader
	brotli *brotli.Reader
	src    bytes.Reader
}

// decompress fills dst, which has exactly the length the page header promises.
func (d *decompressor) decompress(codec int, dst, src []byte) error {
	var n int
	var err error
	switch codec {
	case codecSnappy:
		if n, err = s2.DecodedLen(src); err == nil && n == len(dst) {
			if _, k := binary.Uvarint(src); snappyPairs(dst, src[k:]) {
				break
			}
			var out []byte
			if out, err = s2.Decode(dst, src); err == nil && n > 0 && &out[0] != &dst[0] {
				copy(dst, out)
			}
		}
	case codecZstd:
		if d.zstd == nil {
			d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(maxPage))
			if err != nil {
				return err
			}
		}
		var out []byte
		out, err = d.zstd.DecodeAll(src, dst[:0:len(dst)])
		n = len(out)
	case codecGzip:
		d.src.Reset(src)
		if d.gzip == nil {
			d.gzip, err = gzip.NewReader(&d.src)
		} else {
			err = d.gzip.Reset(&d.src)
		}
		if err == nil {
			n, err = readAll(d.gzip, dst)
		}
	case codecBrotli:
		d.src.Reset(src)
		if d.brotli == nil {
			d.brotli = brotli.NewReader(&d.src)
		} else if err = d.brotli.Reset(&d.src); err != nil {
			return err
		}
		n, err = readAll(d.brotli, dst)
	case codecLZ4Raw:
		n, err = lz4.UncompressBlock(src, dst)
	case codecLZ4:
		if n, err = hadoopLZ4(dst, src); err != nil || n != len(dst) {
			n, err = lz4.UncompressBlock(src, dst)
		}
	case codecLZO:
		return fmt.Errorf("LZO compression is not supported")
	default:
		return fmt.Errorf("unknown compression codec %d", codec)
	}
	if err != nil {
		return fmt.Errorf("a page does not decompress: %w", err)
	}
	if n != len(dst) {
		return fmt.Errorf("a page decompresses to %d bytes, its header says %d", n, len(dst))
	}
	return nil
}

// readAll fills dst from r and makes sure that nothing follows.
func readAll(r io.Reader, dst []byte) (int, error) {
	n, err := io.ReadFull(r, dst)
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	var more [1]byte
	if k, err := r.Read(more[:]); k > 0 {
		return n + k, nil
	} else if err != nil && err != io.EOF {
		return n, err
	}
	return n, nil
}

// hadoopLZ4 reads blocks of {uncompressed length, compressed length, data}, lengths big endian.
func hadoopLZ4(dst, src []byte) (int, error) {
	n := 0
	for len(src) > 0 {
		if len(src) < 8 {
			return n, io.ErrUnexpectedEOF
		}
		raw, packed := binary.BigEndian.Uint32(src), binary.BigEndian.Uint32(src[4:])
		src = src[8:]
		if uint64(packed) > uint64(len(src)) || uint64(raw) > uint64(len(dst)-n) {
			return n, io.ErrUnexpectedEOF
		}
		k, err := lz4.UncompressBlock(src[:packed], dst[n:n+int(raw)])
		if err != nil {
			return n, err
		}
		if k != int(raw) {
			return n, io.ErrUnexpectedEOF
		}
		n, src = n+k, src[packed:]
	}
	return n, nil
}

// plausible refuses sizes that no input of that length can decompress to, so
// that a few bytes cannot make a reader allocate a page of the maximal size.
// The bounds are those of the codecs; zstd, brotli and gzip have high ones.
func plausible(codec, size, packed int) bool {
	ratio := 0
	switch codec {
	case codecNone:
		return size == packed
	case codecSnappy:
		ratio = 64
	case codecLZ4, codecLZ4Raw:
		ratio = 256
	case codecGzip:
		ratio = 1040
	default:
		ratio = 1 << 16
	}
	return size <= packed*ratio+1024
}

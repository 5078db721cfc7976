package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// appendLevels adds levels with their length in front.
func appendLevels(b []byte, levels []uint8, most int) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = appendHybrid(b, levels, width(most))
	binary.LittleEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b
}

// appendHybrid adds values as runs of equal ones, where there are 8 or more,
// and bit-packed groups of 8 elsewhere.
func appendHybrid[T uint8 | uint32](b []byte, vals []T, w uint) []byte {
	lit := 0 // vals[lit:i] are waiting to be bit-packed
	for i := 0; i < len(vals); {
		j := i + 1
		for j < len(vals) && vals[j] == vals[i] {
			j++
		}
		// A literal section is whole groups: it takes what it lacks from the run.
		from := i + (8-(i-lit)%8)%8
		if j-from < 8 {
			i = j
			continue
		}
		b = appendPacked(b, vals[lit:from], w)
		b = binary.AppendUvarint(b, uint64(j-from)<<1)
		for k := uint(0); k < w; k += 8 {
			b = append(b, byte(uint32(vals[i])>>k))
		}
		i, lit = j, j
	}
	return appendPacked(b, vals[lit:], w)
}

// appendPacked adds one bit-packed run, the last group filled up with zeros.
func appendPacked[T uint8 | uint32](b []byte, vals []T, w uint) []byte {
	if len(vals) == 0 {
		return b
	}
	groups := (len(vals) + 7) / 8
	b = binary.AppendUvarint(b, uint64(groups)<<1|1)
	var acc uint64
	var have uint
	for i := range groups * 8 {
		if i < len(vals) {
			acc |= uint64(vals[i]) << have
		}
		for have += w; have >= 8; have -= 8 {
			b = append(b, byte(acc))
			acc >>= 8
		}
	}
	return b
}

// appendPlain adds values in PLAIN encoding.
func appendPlain(b []byte, phys, fixed int, nums []uint64, strs []string) []byte {
	switch phys {
	case physBool:
		for i := 0; i < len(nums); i += 8 {
			var x byte
			for j, v := range nums[i:min(i+8, len(nums))] {
				x |= byte(v) << j
			}
			b = append(b, x)
		}
	case physInt32, physFloat:
		for _, v := range nums {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	case physInt64, physDouble:
		for _, v := range nums {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
	case physBytes:
		for _, s := range strs {
			b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
			b = append(b, s...)
		}
	case physFixed:
		for _, s := range strs {
			b = append(b, s...)
		}
	}
	return b
}

// compressor holds the encoders of one file. Its results are valid until the next call.
type compressor struct {
	out    []byte
	zstd   *zstd.Encoder
	gzip   *gzip.Writer
	brotli *brotli.Writer
	lz4    lz4.Compressor
}

func (c *compressor) compress(codec int, src []byte) ([]byte, error) {
	switch codec {
	case codecNone:
		return src, nil
	case codecSnappy:
		if n := snappy.MaxEncodedLen(len(src)); n > cap(c.out) {
			c.out = make([]byte, n)
		}
		return snappy.Encode(c.out[:cap(c.out)], src), nil
	case codecZstd:
		if c.zstd == nil {
			var err error
			if c.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)); err != nil {
				return nil, err
			}
		}
		c.out = c.zstd.EncodeAll(src, c.out[:0])
		return c.out, nil
	case codecGzip:
		buf := bytes.NewBuffer(c.out[:0])
		if c.gzip == nil {
			c.gzip = gzip.NewWriter(buf)
		} else {
			c.gzip.Reset(buf)
		}
		if _, err := c.gzip.Write(src); err != nil {
			return nil, err
		}
		err := c.gzip.Close()
		c.out = buf.Bytes()
		return c.out, err
	case codecBrotli:
		buf := bytes.NewBuffer(c.out[:0])
		if c.brotli == nil {
			c.brotli = brotli.NewWriterLevel(buf, 4)
		} else {
			c.brotli.Reset(buf)
		}
		if _, err := c.brotli.Write(src); err != nil {
			return nil, err
		}
		err := c.brotli.Close()
		c.out = buf.Bytes()
		return c.out, err
	case codecLZ4Raw:
		if n := lz4.CompressBlockBound(len(src)); n > cap(c.out) {
			c.out = make([]byte, n)
		}
		n, err := c.lz4.CompressBlock(src, c.out[:cap(c.out)])
		if err != nil || n > 0 {
			return c.out[:n], err
		}
		return appendLiterals(c.out[:0], src), nil
	}
	return nil, fmt.Errorf("unknown compression codec %d", codec)
}

// appendLiterals is an LZ4 block of one literal sequence, for what the encoder
// finds incompressible.
func appendLiterals(b, src []byte) []byte {
	n := len(src)
	if n < 15 {
		b = append(b, byte(n)<<4)
	} else {
		b = append(b, 0xf0)
		for n -= 15; n >= 255; n -= 255 {
			b = append(b, 255)
		}
		b = append(b, byte(n))
	}
	return append(b, src...)
}

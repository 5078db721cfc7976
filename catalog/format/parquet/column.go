package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"

	"github.com/volley-sql/volley/exec/mem"
	"github.com/volley-sql/volley/exec/vec"
)

var (
	errChunkShort = errors.New("a column chunk holds fewer values than its row group has rows")
	errPageBounds = errors.New("a page reaches beyond its column chunk")
	errChecksum   = errors.New("a page's checksum is wrong")
	errLevels     = errors.New("a page's levels are malformed")
)

// column reads one leaf of one row group at a time, page by page, each page
// decompressed only when a value of it is wanted.
type column struct {
	leaf   *leaf
	vals   values
	s      *scratch
	acc    *mem.Account
	nested bool // levels are kept, see levels

	meta *columnMeta
	raw  []byte // the chunk, with padding behind it
	pos  int
	left int64 // values of pages not begun

	hdr      pageHeader
	body     []byte
	pageLeft int
	open     bool
	pending  int // rows to skip before the next read

	dictHdr  pageHeader
	dictBody []byte
	dictDone bool

	// Buffers of the current page and dictionary, and those that strings of
	// the current batch may still point into.
	page, dict []byte
	retired    [][]byte

	optional bool
	present  presence
	bits     vec.Bitmap

	// Levels of a nested leaf, decoded some at a time: def[lvl:] are next.
	defs, reps hybrid
	msbDef     []uint8
	msbRep     []uint8
	lvlLeft    int // levels of the page not decoded yet
	def, rep   []uint8
	lvl        int
	wide       []uint32
}

// chunk begins a column chunk whose bytes are raw.
func (c *column) chunk(m *columnMeta, raw []byte) {
	c.meta, c.raw, c.pos, c.left = m, raw, 0, m.values
	c.pageLeft, c.open, c.dictDone, c.dictBody = 0, false, false, nil
	c.def, c.rep, c.lvl, c.lvlLeft = c.def[:0], c.rep[:0], 0, 0
	c.optional = c.leaf.maxDef > 0
	c.vals.chunk()
	c.retire(&c.page)
	c.retire(&c.dict)
}

// retire keeps a buffer until the next batch.
func (c *column) retire(b *[]byte) {
	if *b != nil {
		c.retired = append(c.retired, *b)
		*b = nil
	}
}

// recycle gives buffers of the last batch back.
func (c *column) recycle() {
	for i, b := range c.retired {
		c.s.release(b, c.acc)
		c.retired[i] = nil
	}
	c.retired = c.retired[:0]
}

// close gives all buffers back.
func (c *column) close() {
	c.retire(&c.page)
	c.retire(&c.dict)
	c.recycle()
	c.meta, c.raw, c.body, c.dictBody, c.pending = nil, nil, nil, nil, 0
}

// next moves to the next data page with values, without decompressing it.
func (c *column) next() error {
	for {
		if c.left <= 0 || c.pos >= len(c.raw) {
			return errChunkShort
		}
		h, n, err := readPageHeader(c.raw[c.pos:])
		if err != nil {
			return err
		}
		c.pos += n
		if h.compressed > len(c.raw)-c.pos {
			return errPageBounds
		}
		body := c.raw[c.pos : c.pos+h.compressed]
		c.pos += h.compressed
		if h.hasCRC && (h.typ == pageData || h.typ == pageDataV2 || h.typ == pageDict) && crc32.ChecksumIEEE(body) != h.crc {
			return errChecksum
		}
		switch h.typ {
		case pageDict:
			if c.dictBody != nil || c.dictDone {
				return errors.New("a column chunk has two dictionaries")
			}
			c.dictHdr, c.dictBody = h, body
		case pageData, pageDataV2:
			if h.values < 0 || int64(h.values) > c.left {
				return fmt.Errorf("a page says it has %d values where %d are left", h.values, c.left)
			}
			if h.values == 0 {
				continue
			}
			c.left -= int64(h.values)
			c.hdr, c.body, c.pageLeft, c.open = h, body, h.values, false
			return nil
		}
	}
}

// inflate decompresses into a buffer of the pool. Uncompressed data is left where it is.
func (c *column) inflate(into *[]byte, codec, size int, body []byte) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	if codec == codecNone {
		if size > len(body) {
			return nil, errShort
		}
		return body[:size], nil
	}
	if size > maxPage || !plausible(codec, size, len(body)) {
		return nil, fmt.Errorf("a page of %d bytes claims to hold %d bytes", len(body), size)
	}
	c.retire(into)
	b, err := c.s.buffer(size, c.acc)
	if err != nil {
		return nil, err
	}
	*into = b
	return b, c.s.decompress(codec, b, body)
}

func (c *column) loadDict() error {
	if c.dictDone || c.dictBody == nil {
		return nil
	}
	h := c.dictHdr
	if h.encoding != encPlain && h.encoding != encPlainDict {
		return fmt.Errorf("a dictionary has encoding %d", h.encoding)
	}
	if h.values < 0 {
		return errThriftForm
	}
	data, err := c.inflate(&c.dict, c.meta.codec, h.size, c.dictBody)
	if err != nil {
		return err
	}
	c.dictDone, c.dictBody = true, nil
	return c.vals.setDict(data, h.values)
}

// openPage decompresses the current page and begins its levels and values.
func (c *column) openPage() error {
	h := c.hdr
	var rep, def, data []byte
	var err error
	if h.typ == pageDataV2 {
		levels := h.repSize + h.defBytes
		if levels > len(c.body) || levels > h.size {
			return errLevels
		}
		rep, def = c.body[:h.repSize], c.body[h.repSize:levels]
		codec := c.meta.codec
		if !h.isCompressed {
			codec = codecNone
		}
		if data, err = c.inflate(&c.page, codec, h.size-levels, c.body[levels:]); err != nil {
			return err
		}
		h.repEnc, h.defEnc = encRLE, encRLE
	} else {
		if data, err = c.inflate(&c.page, c.meta.codec, h.size, c.body); err != nil {
			return err
		}
		if c.leaf.maxRep > 0 {
			if rep, data, err = levelSection(data, h.repEnc, h.values, c.leaf.maxRep); err != nil {
				return err
			}
		}
		if c.leaf.maxDef > 0 {
			if def, data, err = levelSection(data, h.defEnc, h.values, c.leaf.maxDef); err != nil {
				return err
			}
		}
	}
	if err := c.beginLevels(rep, def, h); err != nil {
		return err
	}
	if h.encoding == encPlainDict || h.encoding == encRLEDict {
		if err := c.loadDict(); err != nil {
			return err
		}
	}
	c.open = true
	return c.vals.page(h.encoding, data, h.values)
}

// levelSection cuts the levels of a v1 page off data.
func levelSection(data []byte, enc, n, most int) (levels, rest []byte, err error) {
	switch enc {
	case encRLE:
		if len(data) < 4 {
			return nil, nil, errLevels
		}
		l := binary.LittleEndian.Uint32(data)
		if uint64(l) > uint64(len(data)-4) {
			return nil, nil, errLevels
		}
		return data[4 : 4+l], data[4+l:], nil
	case encBitPacked:
		l := (int64(n)*int64(width(most)) + 7) / 8
		if l > int64(len(data)) {
			return nil, nil, errLevels
		}
		return data[:l], data[l:], nil
	}
	return nil, nil, fmt.Errorf("levels have encoding %d", enc)
}

func (c *column) beginLevels(rep, def []byte, h pageHeader) error {
	if !c.nested {
		if !c.optional {
			return nil
		}
		if h.defEnc == encBitPacked {
			def = reverseBits(def)
		}
		return c.present.init(def, 1)
	}
	c.lvlLeft, c.lvl, c.def, c.rep = h.values, 0, c.def[:0], c.rep[:0]
	c.msbDef, c.msbRep = nil, nil
	if c.leaf.maxDef > 0 {
		if h.defEnc == encBitPacked {
			c.msbDef = make([]uint8, h.values)
			if err := unpackMSB(c.msbDef, def, width(c.leaf.maxDef)); err != nil {
				return err
			}
		} else if err := c.defs.init(def, width(c.leaf.maxDef)); err != nil {
			return err
		}
	}
	if c.leaf.maxRep > 0 {
		if h.repEnc == encBitPacked {
			c.msbRep = make([]uint8, h.values)
			if err := unpackMSB(c.msbRep, rep, width(c.leaf.maxRep)); err != nil {
				return err
			}
		} else if err := c.reps.init(rep, width(c.leaf.maxRep)); err != nil {
			return err
		}
	}
	return nil
}

// reverseBits turns bits packed from the top into one bit-packed run.
func reverseBits(b []byte) []byte {
	out := binary.AppendUvarint(make([]byte, 0, len(b)+10+padding), uint64(len(b))<<1|1)
	for _, x := range b {
		out = append(out, bits.Reverse8(x))
	}
	return out
}

// skip notes n rows to be passed over; pages that fall within are never decompressed.
func (c *column) skip(n int) { c.pending += n }

// settle does the skipping noted before.
func (c *column) settle() error {
	n := c.pending
	c.pending = 0
	if c.nested {
		_, err := c.records(n, nil)
		return err
	}
	for n > 0 {
		if c.pageLeft == 0 {
			if err := c.next(); err != nil {
				return err
			}
		}
		k := min(n, c.pageLeft)
		n -= k
		if k == c.pageLeft {
			c.pageLeft = 0 // the rest of the page, perhaps all of it
			continue
		}
		if !c.open {
			if err := c.openPage(); err != nil {
				return err
			}
		}
		c.pageLeft -= k
		if c.optional {
			var err error
			if k, err = c.present.skip(k); err != nil {
				return err
			}
		}
		if err := c.vals.skip(k); err != nil {
			return err
		}
	}
	return nil
}

// read makes v the next n rows of a column without repetition. Of these only
// the rows in sel (nil: all) will be looked at.
func (c *column) read(v *vec.Vec, n int, sel []uint16) error {
	c.recycle()
	if c.pending > 0 {
		if err := c.settle(); err != nil {
			return err
		}
	}
	v.Reset(c.leaf.typ)
	c.vals.begin(v, n)
	total, nulls := 0, false
	for at := 0; at < n; {
		if c.pageLeft == 0 {
			if err := c.next(); err != nil {
				return err
			}
		}
		if !c.open {
			if err := c.openPage(); err != nil {
				return err
			}
		}
		k := min(n-at, c.pageLeft)
		there := k
		if c.optional && !c.present.ones(k) {
			if !nulls {
				c.bits = c.bits.Resize(n)
				c.bits.SetAll(n)
				nulls = true
			}
			var err error
			if there, err = c.present.read(c.bits, at, k); err != nil {
				return err
			}
		}
		want := sel
		if at > 0 || k < n || there < k {
			want = nil
		}
		if err := c.vals.read(at, there, want); err != nil {
			return err
		}
		if there < k {
			c.vals.spread(c.bits, at, k, there)
		}
		total += there
		at += k
		c.pageLeft -= k
	}
	c.vals.finish(v)
	if total < n {
		v.Valid = c.bits
	}
	return nil
}

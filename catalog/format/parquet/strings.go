package parquet

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// Dictionaries beyond these sizes are not worth interning: a chunk's own, and
// the one of the thread, in entries and in bytes.
const (
	maxChunkDict = 8 << 10
	maxDict      = 64 << 10
	maxDictBytes = 4 << 20
)

var dictIDs atomic.Uint64

// texts decodes BYTE_ARRAY and FIXED_LEN_BYTE_ARRAY to string vectors. While
// pages are dictionary encoded and the dictionary is small the output is a
// dictionary vector; otherwise flat strings over the page's bytes.
type texts struct {
	width int // of FIXED_LEN_BYTE_ARRAY, else 0
	typ   types.Type
	// interned is where codes are kept stable; nil forbids dictionary output.
	interned *internedColumn

	local []string // the chunk's dictionary
	remap []int32  // local index → interned code; nil: flat output
	has   bool

	enc  int
	data []byte
	hy   hybrid
	strs *deltaStrings
	idx  []uint32

	v     *vec.Vec
	n     int
	flat  []string // set once this batch is flat
	codes []int32
	coded bool // this batch has codes so far
	arena []byte
	keep  bool // several outputs make up a batch: keep their bytes apart
}

func (f *texts) chunk() { f.has, f.remap, f.local = false, nil, f.local[:0] }

func (f *texts) setDict(data []byte, n int) error {
	if (f.width == 0 && n > len(data)/4) || n*f.width > len(data) {
		return errShort
	}
	if cap(f.local) < n {
		f.local = make([]string, n)
	}
	f.local, f.has, f.remap = f.local[:n], true, nil
	for i := range f.local {
		b, err := f.next(&data)
		if err != nil {
			return err
		}
		f.local[i] = text(b)
	}
	if f.interned != nil && n <= maxChunkDict && !f.interned.full {
		f.remap = f.interned.intern(f.typ, f.local)
	}
	return nil
}

// next takes one PLAIN value off data.
func (f *texts) next(data *[]byte) ([]byte, error) {
	d := *data
	n := f.width
	if n == 0 {
		if len(d) < 4 {
			return nil, errShort
		}
		l := binary.LittleEndian.Uint32(d)
		if uint64(l) > uint64(len(d)-4) {
			return nil, errShort
		}
		n, d = int(l), d[4:]
	} else if n > len(d) {
		return nil, errShort
	}
	*data = d[n:]
	return d[:n], nil
}

// intern maps strings to codes of the growing dictionary, or returns nil if it would become too large.
func (c *internedColumn) intern(t types.Type, local []string) []int32 {
	if c.codes == nil {
		c.codes = map[string]int32{}
	}
	remap := make([]int32, len(local))
	before := len(c.values)
	for i, s := range local {
		code, ok := c.codes[s]
		if !ok {
			if c.held += len(s); len(c.values) >= maxDict || c.held > maxDictBytes {
				c.full = true
				return nil
			}
			code = int32(len(c.values))
			s = c.copy(s)
			c.codes[s] = code
			c.values = append(c.values, s)
		}
		remap[i] = code
	}
	if c.dict == nil || len(c.values) > before {
		var id uint64
		if c.dict != nil {
			id = c.dict.ID
		} else {
			id = dictIDs.Add(1)
		}
		v := &vec.Vec{Type: t}
		vec.SetData(v, c.values)
		c.dict = &vec.Dictionary{ID: id, Values: v}
	}
	return remap
}

// copy moves a string to memory that lives as long as the dictionary.
func (c *internedColumn) copy(s string) string {
	if len(s) > cap(c.bytes)-len(c.bytes) {
		c.bytes = make([]byte, 0, max(len(s), 16<<10))
	}
	o := len(c.bytes)
	c.bytes = append(c.bytes, s...)
	return text(c.bytes[o:])
}

func (f *texts) page(enc int, data []byte, n int) error {
	f.enc, f.data = enc, data
	switch enc {
	case encPlain:
		return nil
	case encPlainDict, encRLEDict:
		f.enc = encRLEDict
		return initDict(&f.hy, data, n, f.has)
	case encDeltaLength, encDeltaBytes:
		if f.strs == nil {
			f.strs = &deltaStrings{}
		}
		return f.strs.init(data, n, enc == encDeltaBytes)
	case encByteStreamSplit:
		if f.width > 0 && len(data)%f.width == 0 {
			return f.unsplit()
		}
	}
	return fmt.Errorf("encoding %d is not defined for the column's type", enc)
}

// unsplit turns a BYTE_STREAM_SPLIT page into a PLAIN one.
func (f *texts) unsplit() error {
	n := len(f.data) / f.width
	out := make([]byte, len(f.data), len(f.data)+padding)
	for b := range f.width {
		for i, x := range f.data[b*n : (b+1)*n] {
			out[i*f.width+b] = x
		}
	}
	f.enc, f.data = encPlain, out
	return nil
}

func (f *texts) begin(v *vec.Vec, n int) {
	f.v, f.n, f.flat, f.coded = v, n, nil, false
	if f.keep {
		f.arena = nil
	}
	f.arena = f.arena[:0]
}

// toFlat makes the batch flat, looking up the codes of rows before at.
func (f *texts) toFlat(at int) {
	if f.flat != nil {
		return
	}
	f.v.Resize(f.n)
	f.flat = vec.Data[string](f.v)
	if f.n == 0 {
		f.flat = []string{}
	}
	if f.coded {
		vals := f.interned.values
		for i, c := range f.codes[:at] {
			f.flat[i] = vals[c]
		}
		f.coded = false
	}
}

func (f *texts) read(at, n int, sel []uint16) error {
	if n == 0 {
		return nil
	}
	if f.enc == encRLEDict {
		return f.readDict(at, n, sel)
	}
	f.toFlat(at)
	dst := f.flat[at : at+n]
	switch {
	case f.enc == encPlain && f.width > 0:
		if n*f.width > len(f.data) {
			return errShort
		}
		for i := range dst {
			dst[i] = text(f.data[i*f.width : (i+1)*f.width])
		}
		f.data = f.data[n*f.width:]
		return nil
	case f.enc == encPlain:
		return f.readPlain(dst)
	case f.enc == encDeltaLength:
		return f.strs.views(dst)
	}
	var err error
	f.arena, err = f.strs.joined(dst, f.arena)
	return err
}

func (f *texts) readPlain(dst []string) error {
	d := f.data
	o := 0
	for i := range dst {
		if len(d)-o < 4 {
			return errShort
		}
		l := int(binary.LittleEndian.Uint32(d[o:]))
		o += 4
		if l > len(d)-o {
			return errShort
		}
		dst[i] = text(d[o : o+l])
		o += l
	}
	f.data = d[o:]
	return nil
}

func (f *texts) readDict(at, n int, sel []uint16) error {
	if cap(f.idx) < n {
		f.idx = make([]uint32, max(n, vec.DefaultSize))
	}
	idx := f.idx[:n]
	if err := f.hy.read(idx); err != nil {
		return err
	}
	if f.remap == nil || f.flat != nil {
		f.toFlat(at)
		dst, dict := f.flat[at:at+n], f.local
		for i, x := range idx {
			if x >= uint32(len(dict)) {
				return errDictIdx
			}
			dst[i] = dict[x]
		}
		return nil
	}
	f.coded = true
	if cap(f.codes) < f.n {
		f.codes = make([]int32, max(f.n, vec.DefaultSize))
	}
	f.codes = f.codes[:f.n]
	dst, remap := f.codes[at:at+n], f.remap
	for i, x := range idx {
		if x >= uint32(len(remap)) {
			return errDictIdx
		}
		dst[i] = remap[x]
	}
	return nil
}

func (f *texts) skip(n int) error {
	if n == 0 {
		return nil
	}
	switch {
	case f.enc == encRLEDict:
		return f.hy.skip(n)
	case f.enc == encPlain && f.width > 0:
		if n*f.width > len(f.data) {
			return errShort
		}
		f.data = f.data[n*f.width:]
		return nil
	case f.enc == encPlain:
		for range n {
			if _, err := f.next(&f.data); err != nil {
				return err
			}
		}
		return nil
	}
	return f.strs.skip(n)
}

func (f *texts) spread(valid vec.Bitmap, at, k, present int) {
	if present == 0 && !f.coded && f.flat == nil {
		// Nothing but nulls so far: start codes if there is a dictionary, else flat.
		if len(f.remap) == 0 {
			f.toFlat(at)
		} else {
			f.coded = true
			if cap(f.codes) < f.n {
				f.codes = make([]int32, max(f.n, vec.DefaultSize))
			}
			f.codes = f.codes[:f.n]
		}
	}
	if f.coded {
		spread(f.codes, valid, at, k, present)
	} else {
		spread(f.flat, valid, at, k, present)
	}
}

func (f *texts) finish(v *vec.Vec) {
	if f.coded {
		v.SetDict(f.interned.dict, f.codes)
		return
	}
	f.toFlat(f.n)
}

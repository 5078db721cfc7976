package parquet

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// leafWriter collects the pages of a column chunk. Values are kept as 64-bit
// words (numbers) or strings until their page is encoded, or as indexes of
// the dictionary while there is one.
type leafWriter struct {
	f              *fileWriter
	elem           schemaElement
	typ            types.Type
	path           []string
	maxDef, maxRep int

	rows int64 // of the row group, set between batches

	// The page being filled.
	values   int
	firstRow int64
	def, rep []uint8
	nums     []uint64
	strs     []string
	strBytes int    // of strs together
	arena    []byte // the block that the bytes of the next one go to
	idx      []uint32
	order    bounder
	nulls    int64

	dict   *dictBuilder // nil: given up
	keep   dictBuilder
	codes  []int32 // of the dictionary of the input vectors, 1 + own index
	codeID uint64

	// The chunk so far.
	out      []byte
	pages    []writtenPage
	plain    []byte
	packed   []byte  // scratch of appendValues
	narrow   []int32 // scratch of appendValues
	raw      int64
	total    int64
	missing  int64
	all      bounder
	dictPage []byte
}

// writtenPage is what the page index wants to know.
type writtenPage struct {
	offset   int64 // from the chunk's first data page
	size     int
	firstRow int64
	values   int64
	nulls    int64
	bounds   bounds
	enc      int
}

// writtenChunk is what the footer wants to know.
type writtenChunk struct {
	leaf                 *leafWriter
	values, nulls        int64
	distinct             int64
	uncompressed         int64
	compressed           int64
	dataOff, dictOff     int64
	bounds               bounds
	pages                []writtenPage
	offIdxOff, colIdxOff int64
	offIdxLen, colIdxLen int
}

func newLeafWriter(f *fileWriter, e schemaElement, t types.Type, maxDef, maxRep int, path []string) *leafWriter {
	l := &leafWriter{f: f, elem: e, typ: t, path: path, maxDef: maxDef, maxRep: maxRep}
	l.order.kind, l.all.kind = boundKind(t), boundKind(t)
	l.reset()
	return l
}

// reset begins the next row group.
func (l *leafWriter) reset() {
	l.beginPage()
	l.out, l.pages, l.raw, l.total, l.missing, l.dictPage = l.out[:0], nil, 0, 0, 0, l.dictPage[:0]
	l.firstRow, l.rows = 0, 0
	l.all.reset()
	l.dict, l.codes, l.codeID = nil, l.codes[:0], 0
	if l.elem.phys != physBool {
		l.keep.reset()
		l.dict = &l.keep
	}
}

func (l *leafWriter) beginPage() {
	l.values, l.nulls = 0, 0
	l.def, l.rep, l.nums, l.idx = l.def[:0], l.rep[:0], l.nums[:0], l.idx[:0]
	clear(l.strs)
	l.strs, l.strBytes, l.arena = l.strs[:0], 0, nil
	l.order.reset()
}

// level notes a value, or the absence of one, of a nested column.
func (l *leafWriter) level(def, rep int) {
	l.values++
	l.def = append(l.def, uint8(def))
	if l.maxRep > 0 {
		l.rep = append(l.rep, uint8(rep))
	}
	if def < l.maxDef {
		l.nulls++
	}
}

// held is the memory the leaf takes.
func (l *leafWriter) held() int64 {
	n := cap(l.out) + cap(l.plain) + cap(l.dictPage) + l.strBytes + cap(l.arena) - len(l.arena) + cap(l.def) + cap(l.rep)
	n += 8*cap(l.nums) + 16*cap(l.strs) + 4*cap(l.idx) + 4*cap(l.codes) + cap(l.packed) + 4*cap(l.narrow)
	return int64(n) + l.keep.held()
}

// shrink gives memory back between two row groups.
func (l *leafWriter) shrink() {
	l.keep = dictBuilder{}
	l.out, l.plain, l.dictPage, l.def, l.rep, l.nums, l.strs, l.idx, l.codes = nil, nil, nil, nil, nil, nil, nil, nil, nil
	l.packed, l.narrow = nil, nil
	l.reset()
}

func (l *leafWriter) plainBytes() int {
	if l.elem.phys == physBytes || l.elem.phys == physFixed {
		return l.strBytes + 4*len(l.strs)
	}
	return 8 * len(l.nums)
}

// addRows appends rows of a flat column.
func (l *leafWriter) addRows(v *vec.Vec, sel []uint16) error {
	l.values += len(sel)
	if v.Valid == nil {
		at := len(l.def)
		l.def = append(l.def, make([]uint8, len(sel))...)
		for i := range l.def[at:] {
			l.def[at+i] = 1
		}
		return l.addPresent(v, sel)
	}
	var there [vec.MaxSize]uint16
	k := 0
	for _, r := range sel {
		if v.Null(int(r)) {
			l.def = append(l.def, 0)
			continue
		}
		l.def = append(l.def, 1)
		there[k] = r
		k++
	}
	l.nulls += int64(len(sel) - k)
	return l.addPresent(v, there[:k])
}

// addPresent appends values that are not null.
func (l *leafWriter) addPresent(v *vec.Vec, rows []uint16) error {
	if len(rows) == 0 {
		return nil
	}
	if v.Enc == vec.Dict && l.dict != nil {
		return l.addCodes(v, rows)
	}
	base := v.Base()
	if v.Enc == vec.Flat && l.typ.Storage() != types.StoreString && l.typ.Storage() != types.StoreInt128 {
		return l.addFlat(base, rows)
	}
	for _, r := range rows {
		if err := l.addValue(base, v.Index(int(r))); err != nil {
			return err
		}
	}
	return nil
}

// addCodes translates the codes of a dictionary vector by a table instead of
// looking every value up.
func (l *leafWriter) addCodes(v *vec.Vec, rows []uint16) error {
	if v.Dict.ID == 0 || v.Dict.ID != l.codeID {
		l.codes, l.codeID = l.codes[:0], v.Dict.ID
	}
	if n := v.Dict.Values.Len(); n > len(l.codes) {
		l.codes = append(l.codes, make([]int32, n-len(l.codes))...)
	}
	codes := v.Codes()
	for k, r := range rows {
		c := codes[r]
		if l.codes[c] == 0 {
			if err := l.addValue(v.Dict.Values, int(c)); err != nil {
				return err
			}
			if l.dict == nil { // given up just now
				for _, r := range rows[k+1:] {
					if err := l.addValue(v.Dict.Values, int(codes[r])); err != nil {
						return err
					}
				}
				return nil
			}
			l.codes[c] = int32(l.idx[len(l.idx)-1]) + 1
			continue
		}
		l.idx = append(l.idx, uint32(l.codes[c]-1))
	}
	return nil
}

// addFlat appends numbers.
func (l *leafWriter) addFlat(v *vec.Vec, rows []uint16) error {
	at := len(l.nums)
	switch l.typ.Storage() {
	case types.StoreBool:
		d := vec.Data[bool](v)
		for _, r := range rows {
			x := uint64(0)
			if d[r] {
				x = 1
			}
			l.nums = append(l.nums, x)
		}
	case types.StoreInt8:
		l.nums = appendInts(l.nums, vec.Data[int8](v), rows)
	case types.StoreInt16:
		l.nums = appendInts(l.nums, vec.Data[int16](v), rows)
	case types.StoreInt32:
		l.nums = appendInts(l.nums, vec.Data[int32](v), rows)
	case types.StoreInt64:
		l.nums = appendInts(l.nums, vec.Data[int64](v), rows)
	case types.StoreFloat32:
		d := vec.Data[float32](v)
		for _, r := range rows {
			l.nums = append(l.nums, uint64(math.Float32bits(d[r])))
		}
	case types.StoreFloat64:
		d := vec.Data[float64](v)
		for _, r := range rows {
			l.nums = append(l.nums, math.Float64bits(d[r]))
		}
	}
	added := l.nums[at:]
	if l.typ.Kind == types.Time {
		for i := range added {
			added[i] /= nanosPerMicro
		}
	}
	if l.dict == nil {
		l.order.nums(added)
		return nil
	}
	// While there is a dictionary nums holds nothing but what is passed here.
	l.nums = l.nums[:at]
	for i, x := range added {
		code, fresh := l.dict.num(x)
		if fresh {
			l.order.num(x)
		}
		l.idx = append(l.idx, code)
		if fresh && l.hopeless() {
			rest := append([]uint64(nil), added[i+1:]...)
			l.abandon()
			l.nums = append(l.nums, rest...)
			l.order.nums(rest)
			return nil
		}
	}
	return nil
}

func appendInts[T int8 | int16 | int32 | int64](dst []uint64, src []T, rows []uint16) []uint64 {
	for _, r := range rows {
		dst = append(dst, uint64(int64(src[r])))
	}
	return dst
}

// addValue appends value i of a flat vector.
func (l *leafWriter) addValue(v *vec.Vec, i int) error {
	switch l.typ.Storage() {
	case types.StoreString:
		l.addString(vec.Data[string](v)[i])
		return nil
	case types.StoreInt128:
		x := vec.Data[types.Int128](v)[i]
		var b [16]byte
		binary.BigEndian.PutUint64(b[:], uint64(x.Hi))
		binary.BigEndian.PutUint64(b[8:], x.Lo)
		l.addString(string(b[16-l.elem.typeLen:]))
		return nil
	}
	if l.typ.Storage() == types.StoreBool {
		x := uint64(0)
		if vec.Data[bool](v)[i] {
			x = 1
		}
		l.nums = append(l.nums, x)
		l.order.num(x)
		return nil
	}
	x := word(v, i)
	if l.typ.Kind == types.Time {
		x /= nanosPerMicro
	}
	return l.addWord(x)
}

// nanosPerMicro: files have TIME in microseconds, vectors in nanoseconds.
const nanosPerMicro = 1000

// word is a number as its 64 bits.
func word(v *vec.Vec, i int) uint64 {
	switch v.Type.Storage() {
	case types.StoreInt8:
		return uint64(int64(vec.Data[int8](v)[i]))
	case types.StoreInt16:
		return uint64(int64(vec.Data[int16](v)[i]))
	case types.StoreInt32:
		return uint64(int64(vec.Data[int32](v)[i]))
	case types.StoreFloat32:
		return uint64(math.Float32bits(vec.Data[float32](v)[i]))
	case types.StoreFloat64:
		return math.Float64bits(vec.Data[float64](v)[i])
	}
	return uint64(vec.Data[int64](v)[i])
}

func (l *leafWriter) addWord(x uint64) error {
	if l.dict == nil {
		l.nums = append(l.nums, x)
		l.order.num(x)
		return nil
	}
	code, fresh := l.dict.num(x)
	l.idx = append(l.idx, code)
	if fresh {
		l.order.num(x)
		if l.hopeless() {
			l.abandon()
		}
	}
	return nil
}

func (l *leafWriter) addString(s string) {
	if l.dict == nil {
		l.strs = append(l.strs, l.own(s))
		l.order.str(s)
		return
	}
	code, fresh := l.dict.str(s)
	l.idx = append(l.idx, code)
	if fresh && l.hopeless() {
		l.abandon()
	}
}

// own copies the bytes of a string, which are only lent, to the page's arena.
func (l *leafWriter) own(s string) string {
	if len(s) > cap(l.arena)-len(l.arena) {
		// Strings so far keep the old block.
		l.arena = make([]byte, 0, max(min(2*cap(l.arena), pageBytes), len(s), 64<<10))
	}
	l.strBytes += len(s)
	at := len(l.arena)
	l.arena = append(l.arena, s...)
	return text(l.arena[at:])
}

// hopeless judges a dictionary that has just grown: too large, or nearly as
// many entries as values.
func (l *leafWriter) hopeless() bool {
	n := l.dict.len()
	if n > dictEntries || l.dict.bytes > dictBytes {
		return true
	}
	const trial = 8 << 10
	return n == trial && n > (int(l.total-l.missing)+len(l.idx))/4*3
}

// abandon goes on without the dictionary. The open page becomes plain; pages
// before it keep theirs.
func (l *leafWriter) abandon() {
	d := l.dict
	l.dict = nil
	l.order.reset()
	for _, c := range l.idx {
		if d.strs != nil {
			l.strs = append(l.strs, l.own(d.strs[c]))
			l.order.str(d.strs[c])
		} else {
			l.nums = append(l.nums, d.nums[c])
			l.order.num(d.nums[c])
		}
	}
	l.idx = l.idx[:0]
}

// flush encodes and compresses the page.
func (l *leafWriter) flush() error {
	if l.values == 0 {
		return nil
	}
	body := l.plain[:0]
	if l.maxRep > 0 {
		body = appendLevels(body, l.rep, l.maxRep)
	}
	if l.maxDef > 0 {
		body = appendLevels(body, l.def, l.maxDef)
	}
	enc := encPlain
	if l.dict != nil {
		enc = encRLEDict
		w := width(max(l.dict.len()-1, 0))
		body = append(body, byte(w))
		body = appendHybrid(body, l.idx, w)
		l.dictBounds()
	} else {
		body, enc = l.appendValues(body)
	}
	l.plain = body
	if len(body) > maxPage {
		return sqlerr.New(sqlerr.WriteFailed, "A value of the column `%s` has more than %d bytes, which no page of a Parquet file can hold.", l.path[0], maxPage)
	}
	packed, err := l.f.c.compress(l.f.codec, body)
	if err != nil {
		return err
	}
	w := thriftWriter{b: l.out}
	at := len(l.out)
	w.i32(1, pageData)
	w.i32(2, int32(len(body)))
	w.i32(3, int32(len(packed)))
	w.i32(4, int32(crc32.ChecksumIEEE(packed)))
	w.begin(5)
	w.i32(1, int32(l.values))
	w.i32(2, int32(enc))
	w.i32(3, encRLE)
	w.i32(4, encRLE)
	w.end()
	w.end()
	head := len(w.b) - at
	l.out = append(w.b, packed...)
	l.raw += int64(head + len(body))
	b := l.order.bounds(l.elem, l.typ)
	l.all.join(&l.order)
	l.pages = append(l.pages, writtenPage{
		offset: int64(at), size: head + len(packed), firstRow: l.firstRow, values: int64(l.values), nulls: l.nulls, bounds: b, enc: enc,
	})
	l.total += int64(l.values)
	l.missing += l.nulls
	l.firstRow = l.rows
	l.beginPage()
	return nil
}

// dictBounds finds the page's minimum and maximum from the entries it uses.
func (l *leafWriter) dictBounds() {
	l.order.reset()
	used := make([]bool, l.dict.len())
	for _, c := range l.idx {
		used[c] = true
	}
	for c, u := range used {
		switch {
		case !u:
		case l.dict.strs != nil:
			l.order.str(l.dict.strs[c])
		default:
			l.order.num(l.dict.nums[c])
		}
	}
}

// finish ends the chunk, which will begin at off in the file.
func (l *leafWriter) finish(off int64) (writtenChunk, error) {
	if err := l.flush(); err != nil {
		return writtenChunk{}, err
	}
	c := writtenChunk{leaf: l, values: l.total, nulls: l.missing, distinct: -1, pages: l.pages, dataOff: off, uncompressed: l.raw}
	c.bounds = l.all.bounds(l.elem, l.typ)
	withDict := false
	for i := range l.pages {
		withDict = withDict || l.pages[i].enc == encRLEDict
	}
	if l.dict != nil {
		c.distinct = int64(l.dict.len())
	}
	if withDict {
		body := appendPlain(l.plain[:0], l.elem.phys, l.elem.typeLen, l.keep.nums, l.keep.strs)
		l.plain = body
		packed, err := l.f.c.compress(l.f.codec, body)
		if err != nil {
			return c, err
		}
		w := thriftWriter{b: l.dictPage[:0]}
		w.i32(1, pageDict)
		w.i32(2, int32(len(body)))
		w.i32(3, int32(len(packed)))
		w.i32(4, int32(crc32.ChecksumIEEE(packed)))
		w.begin(7)
		w.i32(1, int32(l.keep.len()))
		w.i32(2, encPlain)
		w.end()
		w.end()
		c.uncompressed += int64(len(w.b) + len(body))
		l.dictPage = append(w.b, packed...)
		c.dictOff = off
		c.dataOff = off + int64(len(l.dictPage))
	}
	c.compressed = int64(len(l.dictPage) + len(l.out))
	return c, nil
}

// encodings are those of the chunk's pages and levels, in order of their numbers.
func (c *writtenChunk) encodings() []int {
	out := []int{encRLE}
	if c.dictOff > 0 {
		out = append(out, encPlain)
	}
	for i := range c.pages {
		if !slices.Contains(out, c.pages[i].enc) {
			out = append(out, c.pages[i].enc)
		}
	}
	slices.Sort(out)
	return out
}

type pageStat struct{ page, enc, count int }

func (c *writtenChunk) pageStats() []pageStat {
	var out []pageStat
	if c.dictOff > 0 {
		out = append(out, pageStat{pageDict, encPlain, 1})
	}
	for i := range c.pages {
		enc := c.pages[i].enc
		at := slices.IndexFunc(out, func(s pageStat) bool { return s.page == pageData && s.enc == enc })
		if at < 0 {
			at, out = len(out), append(out, pageStat{pageData, enc, 0})
		}
		out[at].count++
	}
	return out
}

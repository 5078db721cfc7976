package arrowvec

import (
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
)

// Appender gathers the rows of many batches into records whose memory is their
// own until they are released; then the appender uses it again. What clients want is larger than what operators pass on. Every value is
// copied once, from the vector it is in to the buffer that is sent. What a
// vector holds in the place of a NULL is not: it may be of another row.
//
//	batch, batch, batch … ── Append ──► column buffers ── Record ──► arrow.RecordBatch
//
// It is not safe for concurrent use.
type Appender struct {
	schema *arrow.Schema
	cols   []*appendColumn
	rows   int
	// hint is how many rows the last record had, for which room is made at once.
	hint int
	// limit bounds the bytes of text in a column.
	limit int
}

// NewAppender returns an appender for batches of columns s. Records have the
// schema given, whose types must be those of s; with nil they have Schema(s).
func NewAppender(schema *arrow.Schema, s types.Schema) *Appender {
	if schema == nil {
		schema = Schema(s)
	}
	a := &Appender{schema: schema, limit: maxColumnBytes}
	m := &recycler{}
	for i, f := range s {
		a.cols = append(a.cols, newAppendColumn(m, f.Type, schema.Field(i).Type))
	}
	return a
}

// Schema is that of the records.
func (a *Appender) Schema() *arrow.Schema { return a.schema }

// Rows is how many rows were appended since the last Record.
func (a *Appender) Rows() int { return a.rows }

// Bytes is about how many bytes these rows take.
func (a *Appender) Bytes() int {
	n := 0
	for _, c := range a.cols {
		n += c.size()
	}
	return n
}

// maxColumnBytes bounds the text in one column of a record. Arrow's offsets
// have 31 bits; half of it leaves room for one more row of any length.
const maxColumnBytes = math.MaxInt32 / 2

// Append adds the alive rows of b from number from on, as many as fit into a
// record, and returns how many did. If it is none, Record makes room. It fails if a
// row alone is too large, or holds a value that Arrow has no form for.
func (a *Appender) Append(b *vec.Batch, from int) (int, error) {
	sel := b.Selection()[from:]
	if len(sel) == 0 {
		return 0, nil
	}
	n := a.fitting(b, sel)
	if n == 0 {
		if a.rows > 0 {
			return 0, nil
		}
		n = 1
	}
	all := b.Sel == nil && from == 0 && n == b.N
	for i, c := range a.cols {
		c.reserve(n, a.rows, a.hint)
		var err error
		if v := b.Cols[i]; all {
			err = c.appendAll(v)
		} else {
			err = appendRows(c, v, sel[:n])
		}
		if err != nil {
			return 0, err
		}
	}
	a.rows += n
	return n, nil
}

// fitting is how many of the rows keep all columns of text within bounds. It
// notes in the columns how many bytes are coming at most.
func (a *Appender) fitting(b *vec.Batch, sel []uint16) int {
	n := len(sel)
	for i, c := range a.cols {
		if c.storage != types.StoreString {
			continue
		}
		v, room := b.Cols[i], a.limit-len(c.bytes)
		if v.Enc == vec.Dict && n*wordSize <= room && c.words.of(v.Dict) != nil {
			continue
		}
		if c.coming = textIn(v, sel[:n]); c.coming > room {
			n = textsWithin(v, sel[:n], room)
		}
	}
	return n
}

// Record makes a record of the rows appended since the last one. The caller releases it.
func (a *Appender) Record() arrow.RecordBatch {
	cols := make([]arrow.Array, len(a.cols))
	for i, c := range a.cols {
		d := c.finish()
		cols[i] = array.MakeFromData(d)
		d.Release()
	}
	r := array.NewRecordBatch(a.schema, cols, int64(a.rows))
	for _, c := range cols {
		c.Release()
	}
	a.hint, a.rows = a.rows, 0
	return r
}

// appendColumn is a column under construction.
type appendColumn struct {
	memory  *recycler
	t       types.Type
	dt      arrow.DataType
	storage types.Storage
	width   int // of a value in data, in bytes; 0 for bits and nested types
	n       int
	data    []byte // values, or offsets
	bytes   []byte // text
	valid   []byte // a bit a row, once there was a NULL
	nulls   int
	kids    []*appendColumn
	flat    vec.Vec // scratch: an encoded vector, expanded
	total   int     // of elements, for lists
	// last is how large bytes were in the last record.
	last int
	// coming is how many bytes of text a batch has, words are those of its dictionary.
	coming int
	words  words
}

func newAppendColumn(m *recycler, t types.Type, dt arrow.DataType) *appendColumn {
	c := &appendColumn{memory: m, t: t, dt: dt, storage: t.Storage()}
	switch c.storage {
	case types.StoreInt8:
		c.width = 1
	case types.StoreInt16:
		c.width = 2
	case types.StoreInt32, types.StoreFloat32, types.StoreString, types.StoreList:
		c.width = 4
	case types.StoreInt64, types.StoreFloat64:
		c.width = 8
		if t.Kind == types.Decimal {
			c.width = 16
		}
	case types.StoreInt128, types.StoreInterval:
		c.width = 16
	}
	switch dt := dt.(type) {
	case *arrow.StructType:
		for i, f := range t.Children() {
			c.kids = append(c.kids, newAppendColumn(m, f.Type, dt.Field(i).Type))
		}
	case *arrow.MapType:
		c.kids = []*appendColumn{newAppendColumn(m, t.Key(), dt.KeyType()), newAppendColumn(m, t.Value(), dt.ItemType())}
	case arrow.ListLikeType:
		c.kids = []*appendColumn{newAppendColumn(m, t.Elem(), dt.Elem())}
	}
	return c
}

func (c *appendColumn) size() int {
	n := len(c.data) + len(c.bytes) + len(c.valid)
	for _, k := range c.kids {
		n += k.size()
	}
	return n
}

// reserve makes room for n more rows: exactly for those of a first batch,
// which may be the only one, and for a whole record after that.
func (c *appendColumn) reserve(n, rows, hint int) {
	if c.storage == types.StoreStruct {
		for _, k := range c.kids {
			k.reserve(n, rows, hint)
		}
	}
	if c.width == 0 {
		return
	}
	if need := (c.n + n + 1) * c.width; need > cap(c.data) {
		c.data = c.memory.larger(c.data, max(need, (hint+n)*c.width))
	}
	if c.storage == types.StoreString && c.bytes == nil && c.last > 0 && hint > 0 {
		c.bytes = c.memory.room(c.last + c.last/8)
	}
}

// extend adds n values to the data of c and returns them, for writing. Room is there.
func extend[T any](c *appendColumn, n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	at := len(c.data)
	if need := at + n*size; need > cap(c.data) {
		c.data = c.memory.larger(c.data, need)
	}
	c.data = c.data[:at+n*size]
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&c.data[at])), n)
}

// appendAll adds all rows of a vector.
func (c *appendColumn) appendAll(v *vec.Vec) error {
	n := v.Len()
	if v.Enc == vec.Flat {
		done := true
		switch c.storage {
		case types.StoreInt8:
			copy(extend[int8](c, n), vec.Data[int8](v))
		case types.StoreInt16:
			copy(extend[int16](c, n), vec.Data[int16](v))
		case types.StoreInt32:
			copy(extend[int32](c, n), vec.Data[int32](v))
		case types.StoreFloat32:
			copy(extend[float32](c, n), vec.Data[float32](v))
		case types.StoreFloat64:
			copy(extend[float64](c, n), vec.Data[float64](v))
		case types.StoreInt128:
			copy(extend[types.Int128](c, n), vec.Data[types.Int128](v))
		case types.StoreInt64:
			if done = c.width == 8; done {
				copy(extend[int64](c, n), vec.Data[int64](v))
			}
		case types.StoreString:
			if done = v.Valid == nil; done {
				appendTexts(c, vec.Data[string](v), c.coming)
			}
		default:
			done = false
		}
		if done {
			appendValid(c, v, vec.Identity[:n])
			c.n += n
			return nil
		}
	}
	return appendRows(c, v, vec.Identity[:n])
}

// appendRows adds some rows of a vector of any encoding.
func appendRows[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) error {
	n := len(rows)
	if n == 0 {
		return nil
	}
	switch c.storage {
	case types.StoreStruct, types.StoreList:
		if v.Enc != vec.Flat {
			vec.Flatten(&c.flat, v)
			v = &c.flat
		}
	}
	var err error
	switch c.storage {
	case types.StoreNone:
	case types.StoreBool:
		appendBools(c, v, rows)
	case types.StoreInt8:
		pick(extend[int8](c, n), v, rows)
	case types.StoreInt16:
		pick(extend[int16](c, n), v, rows)
	case types.StoreInt32:
		pick(extend[int32](c, n), v, rows)
	case types.StoreFloat32:
		pick(extend[float32](c, n), v, rows)
	case types.StoreFloat64:
		pick(extend[float64](c, n), v, rows)
	case types.StoreInt128:
		pick(extend[types.Int128](c, n), v, rows)
	case types.StoreInt64:
		if c.width == 16 {
			appendDecimals(c, v, rows)
		} else {
			pick(extend[int64](c, n), v, rows)
		}
	case types.StoreInterval:
		err = appendIntervals(c, v, rows)
	case types.StoreString:
		appendText(c, v, rows)
	case types.StoreStruct:
		err = appendFields(c, v, rows)
	case types.StoreList:
		err = appendLists(c, v, rows)
	}
	if err != nil {
		return err
	}
	appendValid(c, v, rows)
	c.n += n
	return nil
}

// pick copies the values of rows to out.
func pick[T vec.Elem, I vec.Index](out []T, v *vec.Vec, rows []I) {
	switch v.Enc {
	case vec.Flat:
		in := vec.Data[T](v)
		for i, r := range rows {
			out[i] = in[r]
		}
	case vec.Const:
		x := vec.Data[T](v)[0]
		for i := range out {
			out[i] = x
		}
	case vec.Dict:
		in, codes := vec.Data[T](v.Dict.Values), v.Codes()
		if len(in) == 0 { // all rows are NULL
			clear(out)
			return
		}
		for i, r := range rows {
			out[i] = in[codes[r]]
		}
	}
}

func appendDecimals[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) {
	out := extend[types.Int128](c, len(rows))
	base := v.Base()
	in := vec.Data[int64](base)
	switch {
	case v.Enc == vec.Flat:
		for i, r := range rows {
			out[i] = types.Int128From(in[r])
		}
	case len(in) == 0:
		clear(out)
	default:
		for i, r := range rows {
			out[i] = types.Int128From(in[v.Index(int(r))])
		}
	}
}

func appendBools[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) {
	for need := (c.n + len(rows) + 7) / 8; len(c.data) < need; {
		c.data = append(c.data, 0)
	}
	in := vec.Data[bool](v.Base())
	if len(in) == 0 {
		return
	}
	for i, r := range rows {
		if in[v.Index(int(r))] {
			c.data[(c.n+i)>>3] |= 1 << ((c.n + i) & 7)
		}
	}
}

func appendIntervals[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) error {
	out := extend[arrow.MonthDayNanoInterval](c, len(rows))
	in := vec.Data[types.CalendarInterval](v.Base())
	for i, r := range rows {
		if v.Null(int(r)) {
			out[i] = arrow.MonthDayNanoInterval{}
			continue
		}
		x := in[v.Index(int(r))]
		if x.Micros > math.MaxInt64/1000 || x.Micros < math.MinInt64/1000 {
			return longInterval(x.Micros)
		}
		out[i] = arrow.MonthDayNanoInterval{Months: x.Months, Days: x.Days, Nanoseconds: x.Micros * 1000}
	}
	return nil
}

func longInterval(micros int64) error {
	return sqlerr.New(sqlerr.IntervalOverflow, "The interval of %d microseconds is too long for an Arrow interval, which counts nanoseconds.", micros)
}

// appendFields adds the fields of rows. Those of a NULL are NULL.
func appendFields[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) error {
	for i, k := range c.kids {
		kid := v.Kids[i]
		if v.Valid != nil {
			var field vec.Vec
			if kid.Enc == vec.Const {
				vec.Flatten(&field, kid)
			} else {
				field.Share(kid)
			}
			n := v.Len()
			valid := vec.Bitmap(nil).Resize(n)
			vec.And(valid, v.Valid, field.Valid, n)
			field.Valid = valid
			kid = &field
		}
		if err := appendRows(k, kid, rows); err != nil {
			return err
		}
	}
	return nil
}

// appendLists adds the elements of rows, which lie anywhere in the child, and
// the offsets where each list ends.
func appendLists[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) error {
	if len(c.data) == 0 {
		extend[int32](c, 1)[0] = 0
	}
	ends := extend[int32](c, len(rows))
	in := vec.Data[vec.List](v)
	var elems []int32
	for i, r := range rows {
		if l := in[r]; !v.Null(int(r)) {
			for j := l.Off; j < l.Off+l.Len; j++ {
				elems = append(elems, j)
			}
		}
		if c.total+len(elems) > math.MaxInt32 {
			return sqlerr.New(sqlerr.MemoryLimit, "A batch holds more than %d elements in one column.", math.MaxInt32)
		}
		ends[i] = int32(c.total + len(elems))
	}
	c.total += len(elems)
	for i, k := range c.kids {
		if len(elems) == 0 {
			break
		}
		if k.storage == types.StoreString && len(k.bytes)+textIn(v.Kids[i], elems) > math.MaxInt32 {
			return sqlerr.New(sqlerr.MemoryLimit, "A batch holds more than 2 GiB of text in one column.")
		}
		if err := appendRows(k, v.Kids[i], elems); err != nil {
			return err
		}
	}
	return nil
}

// appendValid notes which of the rows added are NULL. c.n is the number before them.
func appendValid[I vec.Index](c *appendColumn, v *vec.Vec, rows []I) {
	if c.storage == types.StoreNone || v.Valid == nil && c.valid == nil {
		return
	}
	need := (c.n + len(rows) + 7) / 8
	if v.Valid == nil {
		c.valid = ones(c.valid, c.n, c.n+len(rows))
		return
	}
	if v.Enc == vec.Const {
		if v.Valid.Get(0) {
			if c.valid != nil {
				c.valid = ones(c.valid, c.n, c.n+len(rows))
			}
			return
		}
	}
	if c.valid == nil {
		c.valid = ones(make([]byte, 0, max(need, cap(c.data)/max(8*c.width, 1))), 0, c.n)
	}
	for len(c.valid) < need {
		c.valid = append(c.valid, 0)
	}
	if v.Enc == vec.Const {
		c.nulls += len(rows)
		c.blank(0, len(rows))
		return
	}
	out, at := c.valid, c.n
	nulls := 0
	for _, r := range rows {
		bit := byte(v.Valid[int(r)>>6] >> (uint(r) & 63) & 1)
		out[at>>3] |= bit << (at & 7)
		nulls += int(1 - bit)
		at++
	}
	c.nulls += nulls
	if nulls > 0 {
		for i, r := range rows {
			if v.Valid[int(r)>>6]>>(uint(r)&63)&1 == 0 {
				c.blank(i, i+1)
			}
		}
	}
}

// blank clears the values lo … hi of those being added.
func (c *appendColumn) blank(lo, hi int) {
	switch c.storage {
	case types.StoreString, types.StoreList, types.StoreStruct, types.StoreNone:
	case types.StoreBool:
		for i := c.n + lo; i < c.n+hi; i++ {
			c.data[i>>3] &^= 1 << (i & 7)
		}
	default:
		clear(c.data[(c.n+lo)*c.width : (c.n+hi)*c.width])
	}
}

// ones makes bits lo … hi of b 1; b ends at bit lo.
func ones(b []byte, lo, hi int) []byte {
	for ; lo < hi && lo&7 != 0; lo++ {
		b[lo>>3] |= 1 << (lo & 7)
	}
	for ; lo+8 <= hi; lo += 8 {
		b = append(b, 0xff)
	}
	if lo < hi {
		b = append(b, byte(1)<<(hi-lo)-1)
	}
	return b
}

// finish makes Arrow data of the column and empties it.
func (c *appendColumn) finish() arrow.ArrayData {
	n := c.n
	var valid *memory.Buffer
	if c.nulls > 0 {
		valid = memory.NewBufferBytes(c.valid)
	}
	var d *array.Data
	switch c.storage {
	case types.StoreNone:
		d = newData(arrow.Null, n, []*memory.Buffer{nil}, nil, n)
	case types.StoreString:
		d = newData(c.dt, n, []*memory.Buffer{valid, c.offsets(), c.memory.lend(c.bytes)}, nil, c.nulls)
	case types.StoreStruct, types.StoreList:
		d = c.nested(n, valid)
	default:
		d = newData(c.dt, n, []*memory.Buffer{valid, c.memory.lend(c.data)}, nil, c.nulls)
	}
	c.last = len(c.bytes)
	c.n, c.data, c.bytes, c.valid, c.nulls, c.total = 0, nil, nil, nil, 0, 0
	return d
}

// offsets are those of text and lists: at least the first.
func (c *appendColumn) offsets() *memory.Buffer {
	if len(c.data) == 0 {
		return memory.NewBufferBytes(make([]byte, 4))
	}
	return c.memory.lend(c.data)
}

func (c *appendColumn) nested(n int, valid *memory.Buffer) *array.Data {
	bufs := []*memory.Buffer{valid}
	if c.storage == types.StoreList {
		bufs = append(bufs, c.offsets())
	}
	var kids []arrow.ArrayData
	for _, k := range c.kids {
		kids = append(kids, k.finish())
	}
	defer func() { release(kids) }()
	if m, ok := c.dt.(*arrow.MapType); ok {
		entries := newData(m.Elem(), c.total, []*memory.Buffer{nil}, kids, 0)
		release(kids)
		kids = []arrow.ArrayData{entries}
	}
	return newData(c.dt, n, bufs, kids, c.nulls)
}

// newData is array.NewData, and gives up the buffers to it.
func newData(t arrow.DataType, n int, bufs []*memory.Buffer, kids []arrow.ArrayData, nulls int) *array.Data {
	d := array.NewData(t, n, bufs, kids, nulls, 0)
	for _, b := range bufs {
		if b != nil {
			b.Release()
		}
	}
	return d
}

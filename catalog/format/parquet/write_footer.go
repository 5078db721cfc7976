package parquet

// createdBy names the writer, whose bugs readers work around, with the version
// of what it writes. parquet-java, which is Spark's reader, takes a name it
// cannot parse for a writer with every bug: it refuses to read
// DELTA_BYTE_ARRAY and does not look at the minimum and maximum of texts.
const createdBy = "volley version 1.1.0"

func (f *fileWriter) footer() []byte {
	w := &thriftWriter{}
	var rows int64
	for i := range f.groups {
		rows += f.groups[i].rows
	}
	w.i32(1, 2)
	w.list(2, tStruct, len(f.schema))
	for i := range f.schema {
		w.schemaElement(&f.schema[i])
	}
	w.i64(3, rows)
	w.list(4, tStruct, len(f.groups))
	for i := range f.groups {
		w.rowGroup(&f.groups[i], f.codec, i)
	}
	if f.note != "" {
		w.list(5, tStruct, 1)
		w.open()
		w.string(1, sparkSchema)
		w.string(2, f.note)
		w.end()
	}
	w.string(6, createdBy)
	w.list(7, tStruct, len(f.leaves))
	for range f.leaves {
		w.open()
		w.begin(1)
		w.end()
		w.end()
	}
	w.end()
	return w.b
}

func (w *thriftWriter) schemaElement(e *schemaElement) {
	w.open()
	if e.phys >= 0 {
		w.i32(1, int32(e.phys))
	}
	if e.typeLen > 0 {
		w.i32(2, int32(e.typeLen))
	}
	if e.repetition >= 0 {
		w.i32(3, int32(e.repetition))
	}
	w.string(4, e.name)
	if e.children >= 0 {
		w.i32(5, int32(e.children))
	}
	if e.converted != convNone {
		w.i32(6, int32(e.converted))
	}
	if e.logical == logDecimal {
		w.i32(7, int32(e.scale))
		w.i32(8, int32(e.prec))
	}
	if e.logical != 0 {
		w.begin(10)
		w.begin(int16(e.logical))
		switch e.logical {
		case logDecimal:
			w.i32(1, int32(e.scale))
			w.i32(2, int32(e.prec))
		case logTime, logTimestamp:
			w.bool(1, e.utc)
			w.begin(2)
			w.begin(int16(e.unit))
			w.end()
			w.end()
		case logInt:
			w.field(1, tByte)
			w.b = append(w.b, byte(e.bits))
			w.bool(2, e.signed)
		}
		w.end()
		w.end()
	}
	w.end()
}

func (w *thriftWriter) rowGroup(g *writtenGroup, codec, ordinal int) {
	w.open()
	w.list(1, tStruct, len(g.chunks))
	for i := range g.chunks {
		w.columnChunk(&g.chunks[i], codec)
	}
	w.i64(2, g.bytes)
	w.i64(3, g.rows)
	w.i64(5, g.start)
	w.i64(6, g.packed)
	if ordinal < 1<<15 {
		w.field(7, tI16)
		w.varint(int64(ordinal))
	}
	w.end()
}

func (w *thriftWriter) columnChunk(c *writtenChunk, codec int) {
	w.open()
	w.i64(2, 0)
	w.begin(3)
	w.i32(1, int32(c.leaf.elem.phys))
	encs := c.encodings()
	w.list(2, tI32, len(encs))
	for _, e := range encs {
		w.varint(int64(e))
	}
	w.list(3, tBinary, len(c.leaf.path))
	for _, p := range c.leaf.path {
		w.rawBinary([]byte(p))
	}
	w.i32(4, int32(codec))
	w.i64(5, c.values)
	w.i64(6, c.uncompressed)
	w.i64(7, c.compressed)
	w.i64(9, c.dataOff)
	if c.dictOff > 0 {
		w.i64(11, c.dictOff)
	}
	w.begin(12)
	w.bounds(&c.bounds, c.nulls, c.distinct)
	w.end()
	w.list(13, tStruct, len(c.pageStats()))
	for _, s := range c.pageStats() {
		w.open()
		w.i32(1, int32(s.page))
		w.i32(2, int32(s.enc))
		w.i32(3, int32(s.count))
		w.end()
	}
	w.end()
	w.i64(4, c.offIdxOff)
	w.i32(5, int32(c.offIdxLen))
	if c.colIdxLen > 0 {
		w.i64(6, c.colIdxOff)
		w.i32(7, int32(c.colIdxLen))
	}
	w.end()
}

// bounds writes the fields of a Statistics struct.
func (w *thriftWriter) bounds(b *bounds, nulls, distinct int64) {
	w.i64(3, nulls)
	if distinct >= 0 {
		w.i64(4, distinct)
	}
	if b.known {
		w.binary(5, b.max)
		w.binary(6, b.min)
		w.bool(7, b.maxExact)
		w.bool(8, b.minExact)
	}
}

func (f *fileWriter) emitColumnIndex(c *writtenChunk) error {
	for i := range c.pages {
		if p := &c.pages[i]; !p.bounds.known && p.nulls < p.values {
			return nil // a page of values without an order: NaN alone
		}
	}
	w := &thriftWriter{}
	n := len(c.pages)
	w.list(1, tTrue, n)
	for i := range c.pages {
		if c.pages[i].nulls == c.pages[i].values {
			w.b = append(w.b, tTrue)
		} else {
			w.b = append(w.b, tFalse)
		}
	}
	w.list(2, tBinary, n)
	for i := range c.pages {
		w.rawBinary(c.pages[i].bounds.min)
	}
	w.list(3, tBinary, n)
	for i := range c.pages {
		w.rawBinary(c.pages[i].bounds.max)
	}
	w.i32(4, int32(c.boundaryOrder()))
	w.list(5, tI64, n)
	for i := range c.pages {
		w.varint(c.pages[i].nulls)
	}
	w.end()
	c.colIdxOff, c.colIdxLen = f.at, len(w.b)
	return f.emit(w.b)
}

func (f *fileWriter) emitOffsetIndex(c *writtenChunk) error {
	w := &thriftWriter{}
	w.list(1, tStruct, len(c.pages))
	for i := range c.pages {
		p := &c.pages[i]
		w.open()
		w.i64(1, c.dataOff+p.offset)
		w.i32(2, int32(p.size))
		w.i64(3, p.firstRow)
		w.end()
	}
	w.end()
	c.offIdxOff, c.offIdxLen = f.at, len(w.b)
	return f.emit(w.b)
}
